"""The transport on aiohttp, the default of ``api.transport``.

aiohttp makes the connections (DNS, TLS, proxies); what is said on them is ``http1``. Its session is not used: it
repeats a GET on a broken connection, follows redirects, keeps cookies, reads proxies from the environment for each
request, and costs more than the rest of a call. So there is one place that writes a request, and it writes it once.
"""

import asyncio
import re
import socket
import threading
from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from finhub_onboard.outbound.causes import NotHttpError, ProxyRefusedError
from finhub_onboard.outbound.http1 import Http1
from finhub_onboard.outbound.proxies import Proxy
from finhub_onboard.outbound.tls import NO_TRUST, Trust
from finhub_onboard.outbound.transport import (
    IDLE_S,
    Answer,
    Headers,
    Request,
    Transport,
)

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class _Resolver(AbstractResolver):
    """Resolves names in a thread of its own, which nobody waits for.

    Without a reachable name server a look-up takes half a minute. asyncio's own threads are joined when the loop ends,
    but neither a stop nor the end of the command may wait for a look-up.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises the system's error."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def settle(outcome: list[Any] | Exception) -> None:
            if answer.done():  # nobody is waiting
                return
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        def ask() -> None:
            outcome: list[Any] | Exception
            try:
                outcome = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            except (OSError, UnicodeError) as error:
                outcome = error
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, outcome)

        threading.Thread(target=ask, name="resolver", daemon=True).start()
        return [
            ResolveResult(
                hostname=host, host=address[0], port=address[1], family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in await answer
        ]

    async def close(self) -> None:
        """There is nothing to close."""


class AiohttpTransport(Transport):
    """Sends on connections that aiohttp makes. Must be created in a running loop."""

    def __init__(self, base_url: str, *, timeout_s: float, direct: bool, trust: Trust = NO_TRUST) -> None:
        super().__init__(base_url, timeout_s=timeout_s, direct=direct, trust=trust)
        origin, proxy, context = URL(base_url).origin(), self._line.proxy, self._context()
        self._clock = asyncio.get_running_loop().time
        self._place = aiohttp.ClientRequest(
            "GET", origin, proxy=_address(proxy) if proxy else None, loop=asyncio.get_running_loop()
        )
        # A proxy for plain http gets the full URL and the credentials; for TLS aiohttp sends a CONNECT.
        self._before_target = str(origin).encode("ascii") if proxy and not self._line.tls else b""
        self._for_proxy = proxy.authorization.encode("ascii") if proxy and not self._line.tls else b""
        self._limit = aiohttp.ClientTimeout(connect=self._connect_s, ceil_threshold=float("inf"))
        self._connector = aiohttp.TCPConnector(limit=0, resolver=_Resolver(), ssl=context, force_close=True)
        self._open: WeakSet[Http1] = WeakSet()
        self._idle: deque[tuple[float, Http1]] = deque()  # since when, by the loop's clock

    async def send(self, request: Request) -> Answer:
        """Send ``request`` once. Raises :class:`Unsent` if nothing was sent, else another ``httpx.TransportError``."""
        connection, sent = None, False
        try:
            async with asyncio.timeout(self._timeout_s):
                head = self._head(request)
                connection = (None if request.fresh else self._kept()) or await self._connect()
                sent = True
                answered = connection.send(head, request.body)
                request.written()
                answer = await answered
        except Exception as error:
            raise self._failure(_told(error), sent=sent) from error
        else:
            if connection.is_reusable and not request.fresh:
                self._idle.append((self._clock(), connection))
                connection = None
            return answer
        finally:
            if connection is not None:
                connection.close()

    async def aclose(self) -> None:
        """Close all connections, including those that wait for the other side's close."""
        for connection in self._open:
            connection.abort()
        await asyncio.sleep(0)  # the sockets close in the next iteration of the loop
        await self._connector.close()

    def _kept(self) -> Http1 | None:
        """The connection that was used last, if one is still good; what was not used for long is closed."""
        now = self._clock()
        while self._idle and self._idle[0][0] <= now - IDLE_S:
            self._idle.popleft()[1].close()
        while self._idle:
            _, connection = self._idle.pop()
            if connection.is_idle:
                return connection
            connection.close()
        return None

    async def _connect(self) -> Http1:
        connection = Http1(await self._connector.connect(self._place, traces=[], timeout=self._limit))
        self._open.add(connection)
        return connection

    def _head(self, request: Request) -> bytes:
        """The head of a request; the client gives all headers except the length."""
        first = b"%s %s%s HTTP/1.1\r\n" % (request.method.encode("ascii"), self._before_target, request.target)
        lines = _lines(request.headers)
        size = len(request.body)
        length = b"Content-Length: %d\r\n" % size if size or request.method != "GET" else b""
        return b"".join((first, lines, self._for_proxy, length, b"\r\n"))


@lru_cache(maxsize=4096)
def _lines(headers: Headers) -> bytes:
    """Format headers. Raises ``ValueError``: a token may contain anything."""
    lines = [b"%s: %s" % header for header in headers]
    if any(_CONTROL.search(line) for line in lines):
        raise ValueError("a header holds a control character")
    return b"".join(line + b"\r\n" for line in lines)


def _told(error: Exception) -> Exception:
    """The original error behind an exception of aiohttp."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ProxyRefusedError(error.status)
    if isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        return NotHttpError()
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return ConnectionResetError()
    return error


def _address(proxy: Proxy) -> URL:
    return URL.build(
        scheme=proxy.scheme, user=proxy.user or None, password=proxy.password or None, host=proxy.host, port=proxy.port
    )
