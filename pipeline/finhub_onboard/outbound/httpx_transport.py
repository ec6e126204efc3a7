"""The transport on httpx's own connections (httpcore), for installations without aiohttp.

Its pool degrades under concurrency: from about 16 concurrent calls on it gets slower with every further one. httpcore's
trace shows the stage of a call: until it begins to write the request, nothing was sent.
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any

import httpx

from finhub_onboard.outbound.causes import NotHttpError, ProxyRefusedError, behind
from finhub_onboard.outbound.tls import NO_TRUST, Trust
from finhub_onboard.outbound.transport import IDLE_S, MAX_BODY_BYTES, Answer, Request, TooLargeError, Transport, joined


class _Stage:
    """The stage of a call by httpcore's events; ``refused``: the status of a proxy that refused to connect."""

    def __init__(self, written: Callable[[], None]) -> None:
        self._written = written
        self.sent = False
        self.refused = 0
        self._is_answered = False
        self._to_proxy = False

    async def note(self, name: str, info: Mapping[str, Any]) -> None:
        """Handle an event of httpcore's extension ``trace``."""
        if name == "http11.send_request_headers.started":
            self._to_proxy = info["request"].method == b"CONNECT"
            self.sent = not self._to_proxy
        elif name == "http11.send_request_headers.complete" and self.sent:
            self._written()
        elif name == "http11.receive_response_headers.complete":
            self._is_answered = self.sent
            self.refused = info["return_value"][1] if self._to_proxy else 0

    def told(self, error: Exception) -> Exception:
        """The original error behind an exception of httpx."""
        if isinstance(error, httpx.ProxyError) and self.refused:
            return ProxyRefusedError(self.refused)
        # The error is h11's for an invalid answer, and httpcore's own for a connection that ends without one.
        if isinstance(error, httpx.RemoteProtocolError) and not self._is_answered:
            of_httpx_and_httpcore = 2
            return NotHttpError() if len(tuple(behind(error))) > of_httpx_and_httpcore else ConnectionResetError()
        return error


class HttpxTransport(Transport):
    """Sends with httpx."""

    def __init__(self, base_url: str, *, timeout_s: float, direct: bool, trust: Trust = NO_TRUST) -> None:
        super().__init__(base_url, timeout_s=timeout_s, direct=direct, trust=trust)
        self._url = httpx.URL(base_url)
        proxy = self._line.proxy
        options: dict[str, Any] = {
            "verify": self._context(),
            "trust_env": False,
            "proxy": httpx.Proxy(proxy.address, auth=(proxy.user, proxy.password) if proxy.user else None)
            if proxy
            else None,
        }
        kept = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=IDLE_S)
        fresh = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._kept = httpx.AsyncHTTPTransport(limits=kept, **options)
        self._fresh = httpx.AsyncHTTPTransport(limits=fresh, **options)

    async def send(self, request: Request) -> Answer:
        """Send ``request`` once. Raises :class:`Unsent` if nothing was sent, else another ``httpx.TransportError``."""
        stage = _Stage(request.written)
        whole, connecting = self._timeout_s, self._connect_s
        limits = {"connect": connecting, "read": whole, "write": whole, "pool": connecting}
        ready = httpx.Request(
            request.method,
            # Not as the extension of this name: httpcore would put it into the CONNECT to a proxy, too.
            self._url.copy_with(raw_path=request.target),
            headers=request.headers,
            content=request.body,
            extensions={"trace": stage.note, "timeout": limits},
        )
        try:
            async with asyncio.timeout(whole):
                transport = self._fresh if request.fresh else self._kept
                response = await transport.handle_async_request(ready)
                try:
                    content = await _bounded(response.aiter_bytes())
                finally:
                    await response.aclose()
        except Exception as error:
            raise self._failure(stage.told(error), sent=stage.sent) from error
        given = response.headers.get_list
        return Answer(
            status=response.status_code,
            content=content,
            retry_after=joined(given("Retry-After")),
            date=joined(given("Date")),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._kept.aclose()
        await self._fresh.aclose()


async def _bounded(chunks: AsyncIterable[bytes]) -> bytes:
    """Read a chunked body. Raises :class:`TooLargeError` if it is larger than any answer of the bank."""
    read: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise TooLargeError
        read.append(chunk)
    return b"".join(read)
