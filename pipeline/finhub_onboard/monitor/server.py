"""Serves the monitor on this machine's loopback address until it is told to end.

Promises: no other machine can connect; a port that is taken is a :class:`ConfigurationError`.
"""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import uvicorn

from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.ledger import connect
from finhub_onboard.monitor.app import build
from finhub_onboard.monitor.view import look

_HOST = "127.0.0.1"
_TOKEN_BYTES = 32


def monitor(settings: Settings, *, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``announce`` gets the page's address, with its token, once it can be opened.

    Raises :class:`ConfigurationError` if the ledger is there and belongs to others, or the port cannot be had.
    """
    if connect.exists(settings.ledger.url):
        with connect.look_into(settings.ledger.url, tenant_id=settings.api.tenant_id, seed=""):
            pass
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with _listen(port) as listener:
        address = f"http://{_HOST}:{listener.getsockname()[1]}/{token}/"
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server = _Server(lambda: announce(address))
        server.config.app = build(partial(look, settings), token, is_ending=lambda: server.should_exit)
        with suppress(KeyboardInterrupt):
            asyncio.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """uvicorn's server that says when it listens."""

    def __init__(self, listening: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                "",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._listening()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        hint = "choose another --port, or leave it out for a free one"
        raise ConfigurationError(f"cannot listen on {_HOST}:{port}: {error.strerror}", hint=hint) from None
    return listener
