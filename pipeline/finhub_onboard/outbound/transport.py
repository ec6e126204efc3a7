"""The httpx transport: pyreqwest below httpx's request and response.

httpx's own pool collapses under concurrency (DESIGN, section 6), and pyreqwest's compatibility layer reports a
connection that broke after the request left as ``ConnectError``. For a bank without idempotency keys that
difference is everything, so this transport decides it itself: ``httpx.ConnectError`` means that no byte of the
request left; every other error means that it may have been carried out. No redirects, no proxies from nowhere, no
retries below us.

A request may carry its whole address as the extension ``target`` (absolute form, RFC 9112, section 3.2.2): httpx's own
parsing of addresses costs more than the rest of a call. The extension ``fresh`` opens a connection for this request
alone: a kept one may have died in silence, and what is sent on it is never read.
"""

import asyncio
import errno
import os
from datetime import timedelta

import httpx
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError, RequestTimeoutError
from pyreqwest.response import Response

from finhub_onboard.outbound.causes import NEVER_SENT, Cause, Line, Unclear, cause_of, line_to, of_this_machine
from finhub_onboard.outbound.diagnosis import look
from finhub_onboard.outbound.tls import NO_TRUST, Trust

MAX_BODY_BYTES = 8 * 1024 * 1024
_CHUNK = 64 * 1024
_IDLE_S = 4
"""Shorter than servers keep an idle connection by default, so that we are the ones who close it."""


class Unsent(httpx.ConnectError):
    """Nothing of the request left; ``cause`` tells why."""

    def __init__(self, cause: Cause, request: httpx.Request) -> None:
        super().__init__(cause.text, request=request)
        self.cause = cause


class Broken(httpx.ReadError):
    """The request left and no answer came; ``cause`` tells why."""

    def __init__(self, cause: Cause, request: httpx.Request) -> None:
        super().__init__(cause.text, request=request)
        self.cause = cause


class Transport(httpx.AsyncBaseTransport):
    """Sends requests over pooled connections; bodies are read whole, up to ``MAX_BODY_BYTES``.

    ``direct`` passes by the proxies that the environment names: what is on this machine needs none. ``trust``: whom we
    trust besides the system's CAs, and our own certificate.
    """

    def __init__(self, *, timeout_s: float, max_connections: int, direct: bool, trust: Trust = NO_TRUST) -> None:
        self._trust = trust
        self._direct = direct
        self._pooled = _client(timeout_s, trust, max_idle=max_connections, direct=direct)
        self._fresh = _client(timeout_s, trust, max_idle=0, direct=direct)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``. Raises ``httpx.ConnectError`` if nothing left, else another ``httpx.TransportError``."""
        target = request.extensions.get("target")
        client = self._fresh if request.extensions.get("fresh") else self._pooled
        builder = client.request(request.method, target.decode("ascii") if target else str(request.url))
        builder = builder.headers(request.headers.multi_items())
        if body := request.read():
            builder = builder.body_bytes(body)
        try:
            async with builder.build_streamed() as response:
                content = await _body(response, request)
                # As a stream: what httpx derives from content (lengths, defaults) nobody needs, and it costs much.
                return httpx.Response(response.status, headers=_headers(response), stream=httpx.ByteStream(content))
        except PyreqwestError as error:
            raise self._translated(error, request) from error

    async def look(self, url: str, cause: Cause) -> str:
        """What a look at the line to ``url`` tells of a cause that is not clear; empty: nothing more."""
        if cause.unclear is Unclear.NOTHING:
            return ""
        return await asyncio.to_thread(look, self._line(url), cause, self._trust)

    def _line(self, url: str) -> Line:
        return line_to(url, direct=self._direct, shows=bool(self._trust.identity))

    def _translated(self, error: PyreqwestError, request: httpx.Request) -> httpx.TransportError:
        causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) and error.details else None
        said = [cause["message"] for cause in causes or ()]
        if isinstance(error, RequestTimeoutError) and NEVER_SENT not in said:
            return httpx.ReadTimeout("no answer in time", request=request)
        cause = cause_of(self._line(str(request.url)), said)
        if not cause.sent and (number := _no_files_left()):  # a name that could not be looked up does not tell
            cause = of_this_machine(number)
        return (Broken if cause.sent else Unsent)(cause, request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pooled.close()
        await self._fresh.close()


def _client(timeout_s: float, trust: Trust, *, max_idle: int, direct: bool) -> Client:
    """A client that keeps up to ``max_idle`` connections per host; with 0 each request opens one of its own."""
    builder = ClientBuilder().no_proxy() if direct else ClientBuilder()
    return (
        trust.applied(builder)
        .follow_redirects(enable=False)
        .referer(enable=False)
        .timeout(timedelta(seconds=timeout_s))
        .connect_timeout(timedelta(seconds=min(timeout_s * 0.9, 10.0)))
        .pool_max_idle_per_host(max_idle)
        .pool_idle_timeout(timedelta(seconds=_IDLE_S))
        .tcp_nodelay(enabled=True)
        .build()
    )


async def _body(response: Response, request: httpx.Request) -> bytes:
    """The whole body, in one go where its length is told and bearable."""
    try:
        told = int(response.get_header("content-length") or MAX_BODY_BYTES + 1)
    except ValueError:
        told = MAX_BODY_BYTES + 1
    if told <= MAX_BODY_BYTES:
        return bytes(await response.bytes())
    chunks: list[bytes] = []
    size = 0
    while (chunk := await response.body_reader.read(_CHUNK)) is not None:
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise httpx.ReadError("the answer is larger than any answer of this bank", request=request)
        chunks.append(bytes(chunk))
    return b"".join(chunks)


def _no_files_left() -> int:
    """Return the system's error if this process may open no file now, else 0."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno if error.errno in (errno.EMFILE, errno.ENFILE) else 0
    return 0


def _headers(response: Response) -> list[tuple[str, str]] | None:
    """The headers that are used; if one is not text they are as good as absent."""
    try:
        return [(name, value) for name in ("retry-after", "date") for value in response.get_header_all(name)] or None
    except ValueError:
        return None
