"""The transport on aiohttp, the default of ``api.transport``.

It uses aiohttp's connections (DNS, TLS, proxies, keep-alive) and its parser, but not its session, which repeats a GET
on a broken connection, follows redirects, keeps cookies, reads proxies from the environment for each request, and costs
more than the rest of a call. So there is one place that writes a request, and it writes it once.
"""

import asyncio
import re
import select
import socket
import threading
from contextlib import suppress
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

from finhub_onboard.outbound.causes import NotHttpError, ProxyRefusedError
from finhub_onboard.outbound.proxies import Proxy
from finhub_onboard.outbound.tls import NO_TRUST, Trust
from finhub_onboard.outbound.transport import (
    IDLE_S,
    MAX_BODY_BYTES,
    Answer,
    Headers,
    Request,
    Transport,
    bounded,
    joined,
)

_LONGEST_HEADER = _AT_ONCE = _CHUNK = 64 * 1024
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


class _Connector(aiohttp.TCPConnector):
    """Opens and keeps connections to one host."""

    def __init__(self, **options: Any) -> None:
        super().__init__(limit=0, resolver=_Resolver(), **options)
        self._watches: WeakKeyDictionary[asyncio.Transport, select.poll] = WeakKeyDictionary()

    async def connection(self, request: aiohttp.ClientRequest, limit: aiohttp.ClientTimeout) -> Connection:
        """A connection to send on: a new one, or a kept one that the server has neither closed nor written to."""
        while True:
            connection = await self.connect(request, traces=[], timeout=limit)
            transport = connection.transport
            assert transport is not None
            watch = self._watches.get(transport)
            if watch is None:
                self._watches[transport] = _watch(transport)
                return connection
            if not watch.poll(0):
                return connection
            connection.close()  # there is something to read, which is most likely its end

    async def end(self) -> None:
        """Close all connections, including those that wait for the other side's close."""
        await self.close()
        for transport in self._watches:
            transport.abort()
        await asyncio.sleep(0)  # the sockets close in the next iteration of the loop


class AiohttpTransport(Transport):
    """Sends on aiohttp's connections and reads with its parser. Must be created in a running loop."""

    def __init__(self, base_url: str, *, timeout_s: float, direct: bool, trust: Trust = NO_TRUST) -> None:
        super().__init__(base_url, timeout_s=timeout_s, direct=direct, trust=trust)
        origin, proxy, context = URL(base_url).origin(), self._line.proxy, self._context()
        self._place = aiohttp.ClientRequest(
            "GET", origin, proxy=_address(proxy) if proxy else None, loop=asyncio.get_running_loop()
        )
        # A proxy for plain http gets the full URL and the credentials; for TLS aiohttp sends a CONNECT.
        self._before_target = str(origin).encode("ascii") if proxy and not self._line.tls else b""
        self._for_proxy = proxy.authorization.encode("ascii") if proxy and not self._line.tls else b""
        self._limit = aiohttp.ClientTimeout(connect=self._connect_s, ceil_threshold=float("inf"))
        self._kept = _Connector(ssl=context, keepalive_timeout=IDLE_S)
        self._fresh = _Connector(ssl=context, force_close=True)

    async def send(self, request: Request) -> Answer:
        """Send ``request`` once. Raises :class:`Unsent` if nothing was sent, else another ``httpx.TransportError``."""
        connector = self._fresh if request.fresh else self._kept
        connection, sent = None, False
        try:
            async with asyncio.timeout(self._timeout_s):
                head = self._head(request)
                connection = await connector.connection(self._place, self._limit)
                protocol = _listening(connection)
                sent = True
                _write(connection, head, request.body)
                request.written()
                message, payload = await _answered(protocol)
                content = await _content(message, payload)
        except Exception as error:
            raise self._failure(_told(error), sent=sent) from error
        else:
            _leave(connection)
            connection = None
        finally:
            if connection is not None:
                connection.close()
        given = message.headers.getall
        return Answer(
            status=message.code,
            content=content,
            retry_after=joined(given("Retry-After", ())),
            date=joined(given("Date", ())),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._kept.end()
        await self._fresh.end()

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


def _listening(connection: Connection) -> ResponseHandler:
    """The connection's protocol, prepared to parse an answer."""
    protocol = connection.protocol
    assert protocol is not None
    protocol.set_response_params(
        read_until_eof=True, max_line_size=_LONGEST_HEADER, max_field_size=_LONGEST_HEADER, read_bufsize=_CHUNK
    )
    return protocol


def _write(connection: Connection, head: bytes, body: bytes) -> None:
    transport = connection.transport
    assert transport is not None
    if len(body) <= _AT_ONCE:
        transport.write(head + body)
    else:
        transport.write(head)
        transport.write(body)


def _leave(connection: Connection) -> None:
    """Keep a connection for the next call, unless the answer came before the whole request was sent."""
    if connection.transport is not None and connection.transport.get_write_buffer_size():
        connection.close()
    else:
        connection.release()


async def _answered(protocol: ResponseHandler) -> tuple[RawResponseMessage, StreamReader]:
    """The head of the answer, and the stream of its body; informational answers (1xx) are skipped."""
    while True:
        message, payload = await protocol.read()
        if not 100 <= message.code < 200 or message.code == 101:  # noqa: PLR2004 - RFC 9110, informational
            return message, payload


async def _content(message: RawResponseMessage, payload: StreamReader) -> bytes:
    """The whole body, read at once if its length is stated and acceptable."""
    length = message.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) <= MAX_BODY_BYTES and not message.compression:
        return await payload.read()
    return await bounded(payload.iter_any())


def _watch(transport: asyncio.Transport) -> select.poll:
    """Tells whether a connection has something to read."""
    watch = select.poll()
    watch.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return watch


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
