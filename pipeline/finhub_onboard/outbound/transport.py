"""What every transport of this job keeps to: httpx's interface, and the truth about what left.

For a bank without idempotency keys the difference between "no byte left" and "may have been carried out" is
everything. So a transport knows at which stage it is: until it has a connection, and TLS on it, nothing of the request
can have left and it raises :class:`Unsent`; from then on :class:`Broken` or a time-out, in doubt always. It follows no
redirect, keeps no cookie, repeats nothing and takes no proxy but those that it is told.

A request may carry the path that it asks for as httpx's extension ``target``: to parse addresses costs more than the
rest of a call. The extension ``fresh`` opens a connection for this request alone: a kept one may have died in silence,
and what is sent on it is never read.
"""

import asyncio
import errno
import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Iterable

import httpx

from finhub_onboard.outbound.causes import Cause, Unclear, cause_of, line_to, of_this_machine
from finhub_onboard.outbound.diagnosis import look
from finhub_onboard.outbound.tls import NO_TRUST, Trust

MAX_BODY_BYTES = 8 * 1024 * 1024
IDLE_S = 4
"""Shorter than servers keep an idle connection by default, so that we are the ones who close it."""
_CONNECT_S = 10.0
_HEADERS = ("retry-after", "date")
"""The headers of an answer that are read."""


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


class TooLargeError(Exception):
    """An answer goes on beyond ``MAX_BODY_BYTES``."""


class Transport(httpx.AsyncBaseTransport, ABC):
    """Sends requests to the bank at ``base_url`` on kept connections; reads bodies whole, up to ``MAX_BODY_BYTES``.

    ``direct`` passes by the proxies that the environment names: what is on this machine needs none. ``trust``: whom we
    trust besides the system's CAs, and our own certificate.
    """

    def __init__(self, base_url: str, *, timeout_s: float, direct: bool, trust: Trust = NO_TRUST) -> None:
        self._line = line_to(base_url, direct=direct, shows=trust.certificate is not None)
        self._trust = trust
        self._timeout_s = timeout_s
        self._connect_s = min(timeout_s * 0.9, _CONNECT_S)  # less than the whole, so that it is told apart

    @abstractmethod
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` once. Raises :class:`Unsent` if nothing left, else another ``httpx.TransportError``."""

    async def look(self, cause: Cause) -> str:
        """What a look at the line tells of a cause that is not clear; empty: nothing more."""
        if cause.unclear is Unclear.NOTHING:
            return ""
        return await asyncio.to_thread(look, self._line, cause, self._trust)

    def _context(self) -> ssl.SSLContext:
        """TLS as this line needs it."""
        return self._trust.context() if self._line.tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def _failure(self, error: Exception, request: httpx.Request, *, sent: bool) -> httpx.TransportError:
        """What to raise for ``error``; ``sent``: there was a connection to send on."""
        if isinstance(error, TooLargeError):
            cause = Cause(text=f"{self._line} answers with more than any answer of this bank", sent=True)
            return Broken(cause, request)
        if sent and isinstance(error, TimeoutError | httpx.TimeoutException):
            return httpx.ReadTimeout("no answer in time", request=request)
        cause = cause_of(self._line, error, sent=sent)
        if not cause.sent and (number := _no_files_left()):  # a name that could not be looked up does not tell
            cause = of_this_machine(number)
        return (Broken if cause.sent else Unsent)(cause, request)


async def bounded(chunks: AsyncIterable[bytes]) -> bytes:
    """All of a body that comes in pieces. Raises :class:`TooLargeError` if it is more than any answer of the bank."""
    read: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise TooLargeError
        read.append(chunk)
    return b"".join(read)


def answer(status: int, content: bytes, header: Callable[[str], Iterable[str]]) -> httpx.Response:
    """The answer as the client reads it; a header that is not text is as good as absent."""
    headers = [(name, value) for name in _HEADERS for value in header(name) if value.isascii()]
    # As a stream: what httpx derives from content (lengths, defaults) nobody needs, and it costs much.
    return httpx.Response(status, headers=headers or None, stream=httpx.ByteStream(content))


def _no_files_left() -> int:
    """Return the system's error if this process may open no file now, else 0."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno if error.errno in (errno.EMFILE, errno.ENFILE) else 0
    return 0
