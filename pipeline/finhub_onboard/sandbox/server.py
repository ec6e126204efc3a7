"""Running the sandbox: a socket, uvicorn, and an end that does not depend on good manners.

Promises to say where it listens once it does, to answer nothing it has not kept, and with ``until_stdin_closes`` to
end as soon as its parent is gone, however the parent died. Bad scenarios, ports and state files are
``ConfigurationError``. Does not know the command line.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import uvicorn

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.app import Sandbox, build
from finhub_onboard.sandbox.delivery import SandboxProtocol
from finhub_onboard.sandbox.scenario import load
from finhub_onboard.sandbox.shapes import SHAPES
from finhub_onboard.sandbox.store import Store
from finhub_onboard.sandbox.tls import Tls

_BACKLOG: Final = 2048
_LAST_PORT: Final = 65_535
_KEEP_ALIVE_S: Final = 3600
"""Long: a connection that the bank closes while a call is under way would be a fault that no scenario asked for."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    scenario: Path | None = None,
    shapes: str | None = None,
    state: Path | None = None,
    until_stdin_closes: bool = False,
    tls: Tls | None = None,
    announce: Callable[[str], None],
) -> None:
    """Serve until told to end; ``announce`` gets the base URL as soon as calls are taken.

    ``shapes`` outweighs the scenario's. With ``until_stdin_closes`` the process ends with its standard input, and
    signals that a terminal or a service manager sends to the whole group are left to the parent.
    """
    if shapes is not None and shapes not in SHAPES:
        raise ConfigurationError(f'unknown shapes "{shapes}"', hint=f"known: {', '.join(SHAPES)}")
    wanted = load(scenario)
    listener = _listen(host, port)
    try:
        store = Store(state) if state else None
        sandbox = Sandbox(wanted, shapes=shapes, store=store)
        config = configure(sandbox, tls=tls)
        _run(config, listener, announce, until_stdin_closes=until_stdin_closes)
        if store:
            store.close()
    finally:
        listener.close()


def _run(
    config: uvicorn.Config, listener: socket.socket, announce: Callable[[str], None], *, until_stdin_closes: bool
) -> None:
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    address = _address(listener, tls=config.is_ssl)
    server = _Server(config, lambda: announce(address), keep_signals=until_stdin_closes)
    if until_stdin_closes:
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    # What exists now stays: the collector need not look at it again, and pauses would distort the record of rates.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 1000)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


@contextlib.asynccontextmanager
async def running(sandbox: Sandbox) -> AsyncIterator[str]:
    """Serve the contract from the caller's own event loop, on a free port of this machine; yields the base URL.

    There is no control plane: the caller has the sandbox itself, and nobody else shall read its record.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    listener = _listen("127.0.0.1", 0)
    listening = asyncio.Event()
    server = _Server(configure(sandbox, control=False), listening.set, keep_signals=True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await listening.wait()
        yield _address(listener)
    finally:
        server.should_exit = True
        await serving
        listener.close()


def configure(sandbox: Sandbox, *, control: bool = True, tls: Tls | None = None) -> uvicorn.Config:
    """Set uvicorn up for a sandbox: quick, silent, able to drop a connection; ``control``: with the control plane."""
    options = tls.options() if tls else {}
    return uvicorn.Config(
        build(sandbox) if control else sandbox,
        http=SandboxProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        loop="asyncio",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        **options,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )


class _Server(uvicorn.Server):
    """uvicorn's server that says when it listens and may leave signals alone."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None], *, keep_signals: bool) -> None:
        super().__init__(config)
        self._listening = listening
        self._keep_signals = keep_signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End without a word about the calls that a scenario keeps hanging."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals as uvicorn does, unless the parent decides when to end."""
        if self._keep_signals:
            yield
            return
        with super().capture_signals():
            yield


def _listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; the kernel chooses a free port for 0."""
    if not 0 <= port <= _LAST_PORT:
        raise ConfigurationError(f"cannot listen on {host}:{port}: no such port", hint=f"give 0 to {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error}", hint="give another host or port") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}",
            hint="choose another port, or 0 for a free one",
        ) from None
    return listener


def _address(listener: socket.socket, *, tls: bool = False) -> str:
    host, port = listener.getsockname()[:2]
    address = f"[{host}]:{port}" if listener.family == socket.AF_INET6 else f"{host}:{port}"
    return f"{'https' if tls else 'http'}://{address}{demo.BASE_PATH}"


def _end_with_stdin() -> None:
    """Wait for the end of standard input and end the process at once: what was answered is in the file already."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    os._exit(0)
