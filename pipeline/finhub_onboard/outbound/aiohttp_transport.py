"""The transport on aiohttp: the one that a run uses unless ``api.transport`` says otherwise.

What aiohttp would do by itself and must not is taken from it here: to repeat a GET on a connection that broke, to send
on a kept connection that the server has closed already, to follow redirects, keep cookies and choose proxies.
"""

import asyncio
import io
import select
import socket
import threading
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.tracing import Trace
from yarl import URL

from finhub_onboard.outbound.causes import NotHttpError, ProxyRefusedError, behind
from finhub_onboard.outbound.proxies import Proxy
from finhub_onboard.outbound.tls import NO_TRUST, Trust
from finhub_onboard.outbound.transport import IDLE_S, MAX_BODY_BYTES, Transport, answer, bounded

_LONGEST_HEADER = 64 * 1024
_AT_ONCE = 32 * 1024
"""A body up to this size is written together with its head, in one piece."""


class _UnconnectedError(Exception):
    """There is no connection, so that nothing of the request left; raised from what is wrong."""


class _LostError(Exception):
    """An exchange failed on its connection; raised from what is wrong. aiohttp repeats no call that ends with it."""


class _Resolver(AbstractResolver):
    """Asks the system for addresses in a thread of its own, and nobody waits for that thread.

    Where no name server answers, to ask takes half a minute. asyncio's own threads are waited for when the loop ends,
    and neither a stop nor the end of the command shall wait for a name.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises what the system raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def settle(found: list[Any] | Exception) -> None:
            if answer.done():  # nobody waits any more
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def ask() -> None:
            found: list[Any] | Exception
            try:
                found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            except (OSError, UnicodeError) as error:
                found = error
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, found)

        threading.Thread(target=ask, name="resolver", daemon=True).start()
        return [
            ResolveResult(
                hostname=host, host=address[0], port=address[1], family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in await answer
        ]

    async def close(self) -> None:
        """Nothing is held."""


class _Connector(aiohttp.TCPConnector):
    """Hands out connections; whatever it raises, nothing of the request has left."""

    def __init__(self, **options: Any) -> None:
        super().__init__(limit=0, resolver=_Resolver(), **options)
        self._handed_out: WeakSet[asyncio.Transport] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - theirs
    ) -> Connection:
        """A connection for a request: a new one, or a kept one on which the server has not said or ended anything."""
        try:
            while True:
                connection = await super().connect(req, traces, timeout)
                transport = connection.transport
                assert transport is not None
                if transport not in self._handed_out:
                    self._handed_out.add(transport)
                    return connection
                if not _has_come_to_an_end(transport):
                    return connection
                connection.close()
        except asyncio.CancelledError as error:
            # It may be that the time for the whole call is up, too: then this tells how far it had come.
            raise asyncio.CancelledError(*error.args) from _UnconnectedError()
        except Exception as error:
            raise _UnconnectedError from error

    def abort(self) -> None:
        """End what is still open, such as a TLS connection that waits for the other side's good-bye."""
        for transport in self._handed_out:
            transport.abort()


class AiohttpTransport(Transport):
    """Sends by aiohttp. To be made in a running loop."""

    def __init__(self, base_url: str, *, timeout_s: float, direct: bool, trust: Trust = NO_TRUST) -> None:
        super().__init__(base_url, timeout_s=timeout_s, direct=direct, trust=trust)
        self._origin = str(URL(base_url).origin())
        self._proxy = _address(self._line.proxy) if self._line.proxy else None
        context = self._context()
        connectors = (
            _Connector(ssl=context, keepalive_timeout=IDLE_S),
            _Connector(ssl=context, force_close=True),
        )
        self._sessions = [(self._session(connector), connector) for connector in connectors]
        (self._kept, _), (self._fresh, _) = self._sessions

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` once. Raises :class:`Unsent` if nothing left, else another ``httpx.TransportError``."""
        target = request.extensions.get("target")
        address = self._origin + target.decode("ascii") if target else str(request.url)
        body = request.read()
        try:
            response = await (self._fresh if request.extensions.get("fresh") else self._kept).request(
                request.method,
                URL(address, encoded=True),
                headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in request.headers.raw],
                data=body if len(body) <= _AT_ONCE else io.BytesIO(body),
                skip_auto_headers=None if body else ("Content-Type",),
                proxy=self._proxy,
                allow_redirects=False,
            )
            content = await _content(response)
        except Exception as error:
            unsent = _comes_from(error, _UnconnectedError)
            if len(body) <= _AT_ONCE:
                # So aiohttp says that it found the connection closed before it wrote, and at no other time.
                unsent = unsent or _comes_from(error, aiohttp.ClientConnectionResetError)
            raise self._failure(_told(error), request, sent=not unsent) from error
        return answer(response.status, content, lambda name: response.headers.getall(name, ()))

    async def aclose(self) -> None:
        """Close all connections."""
        for session, connector in self._sessions:
            await session.close()
            connector.abort()
        await asyncio.sleep(0)  # that is when the sockets close

    def _session(self, connector: _Connector) -> aiohttp.ClientSession:
        whole, connecting = self._timeout_s, self._connect_s
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Not rounded up to whole seconds: the time to connect must stay less than the whole.
            timeout=aiohttp.ClientTimeout(total=whole, connect=connecting, ceil_threshold=float("inf")),
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            middlewares=(_once,),
        )


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from trying again what broke, as it would with a GET: each call has a permit of its own."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        raise _LostError from error


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, in one go where its length is told and bearable."""
    told = response.content_length
    if told is not None and told <= MAX_BODY_BYTES and "Content-Encoding" not in response.headers:
        return await response.read()
    try:
        return await bounded(response.content.iter_any())
    except BaseException:
        response.close()
        raise


def _has_come_to_an_end(transport: asyncio.Transport) -> bool:
    """Whether a connection on which nobody waits for an answer has something to read: most likely its end."""
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _comes_from(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(found, kind) for found in behind(error))


def _told(error: Exception) -> Exception:
    """What is wrong, behind the words of aiohttp and this module."""
    cause = error.__cause__ if isinstance(error, _UnconnectedError | _LostError) else error
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return ProxyRefusedError(cause.status)
    if isinstance(cause, aiohttp.ClientResponseError) and isinstance(cause.__cause__, HttpProcessingError):
        return NotHttpError()
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return ConnectionResetError()
    return cause if isinstance(cause, Exception) else error


def _address(proxy: Proxy) -> URL:
    return URL.build(
        scheme=proxy.scheme, user=proxy.user or None, password=proxy.password or None, host=proxy.host, port=proxy.port
    )
