"""What every transport must guarantee: bytes out, bytes in, and the truth about what was sent.

For a bank without idempotency keys the difference between "no byte was sent" and "may have been carried out" is
essential. So a transport tracks its stage: until it has a connection, and TLS on it, nothing of the request can have
been sent and it raises :class:`Unsent`; from then on :class:`Broken` or a time-out, always in doubt. It follows no
redirect, keeps no cookie, repeats nothing and uses only the proxies that it is given.

Failures are httpx's exceptions; requests and answers are plain values, because httpx's cost as much as sending them.
"""

import asyncio
import errno
import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import httpx
import msgspec

from finhub_onboard.outbound.causes import Cause, Unclear, cause_of, line_to, of_this_machine
from finhub_onboard.outbound.diagnosis import look
from finhub_onboard.outbound.tls import NO_TRUST, Trust

MAX_BODY_BYTES = 8 * 1024 * 1024
IDLE_S = 4
"""Shorter than the usual keep-alive of servers, so that we close idle connections first."""
_CONNECT_S = 10.0
Headers = tuple[tuple[bytes, bytes], ...]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it leaves; ``headers`` are all but the length, ``target`` is the path with all before it.

    ``fresh`` opens a connection for this request alone: a kept one may be dead without notice. ``written`` is called as
    soon as the request was given to the system: before that a transport may wait for long.
    """

    method: str
    target: bytes
    headers: Headers
    body: bytes = b""
    fresh: bool = False
    written: Callable[[], None] = lambda: None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: its body, and of its headers those that are used, where they are text."""

    status: int
    content: bytes
    retry_after: str | None = None
    date: str | None = None


class Exchange(Protocol):
    """What the client needs of a transport."""

    async def send(self, request: Request) -> Answer:
        """Send ``request`` once. Raises :class:`Unsent` if nothing left, else another ``httpx.TransportError``."""

    async def aclose(self) -> None:
        """Close all connections."""


class Unsent(httpx.ConnectError):
    """Nothing of the request was sent; ``cause`` says why."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.text)
        self.cause = cause


class Broken(httpx.ReadError):
    """The request was sent and no answer came; ``cause`` says why."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.text)
        self.cause = cause


class TooLargeError(Exception):
    """An answer is larger than ``MAX_BODY_BYTES``."""


class Transport(ABC):
    """Sends requests to the bank at ``base_url`` on kept connections; reads whole bodies.

    Up to ``MAX_BODY_BYTES``. ``direct`` ignores the proxies of the environment, for a bank on this machine. ``trust``:
    the CAs besides the system's, and our client certificate.
    """

    def __init__(self, base_url: str, *, timeout_s: float, direct: bool, trust: Trust = NO_TRUST) -> None:
        self._line = line_to(base_url, direct=direct, shows=trust.own is not None)
        self._trust = trust
        self._timeout_s = timeout_s
        self._connect_s = min(timeout_s * 0.9, _CONNECT_S)  # shorter than the total, to distinguish the two

    @abstractmethod
    async def send(self, request: Request) -> Answer:
        """Send ``request`` once. Raises :class:`Unsent` if nothing left, else another ``httpx.TransportError``."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close all connections."""

    async def look(self, cause: Cause) -> str:
        """The diagnosis of an unclear cause; empty: nothing new."""
        if cause.unclear is Unclear.NOTHING:
            return ""
        return await asyncio.to_thread(look, self._line, cause, self._trust)

    def _context(self) -> ssl.SSLContext:
        """The TLS context of this endpoint."""
        return self._trust.context() if self._line.tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def _failure(self, error: Exception, *, sent: bool) -> httpx.TransportError:
        """The exception to raise for ``error``; ``sent``: there was a connection to send on."""
        if isinstance(error, TooLargeError):
            cause = Cause(text=f"{self._line} answers with more than any answer of this bank", sent=True)
            return Broken(cause)
        if sent and isinstance(error, TimeoutError | httpx.TimeoutException):
            return httpx.ReadTimeout("no answer in time")
        cause = cause_of(self._line, error, sent=sent)
        if not cause.sent and (number := _no_files_left()):  # a failed look-up does not show it
            cause = of_this_machine(number)
        return (Broken if cause.sent else Unsent)(cause)


def joined(values: Sequence[str]) -> str | None:
    """The value of a header that may be repeated; what is not text is ignored."""
    return ", ".join(value for value in values if value.isascii()) or None if values else None


def _no_files_left() -> int:
    """Return the system's error if this process can open no more files, else 0."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno if error.errno in (errno.EMFILE, errno.ENFILE) else 0
    return 0
