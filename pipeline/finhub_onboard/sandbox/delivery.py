"""How an answer leaves: whole, late, in pieces, or not at all.

Promises to carry out on the socket what a fault says. Does not know why. Dropping needs the connection itself, which
ASGI hides: ``SandboxProtocol`` puts a callable that closes it into the scope.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CLOSE = "sandbox.close"
DEAFEN = "sandbox.deafen"
ARRIVED = "sandbox.arrived"
JSON = b"application/json"
HTML = b"text/html; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
_PIECES = 8

Headers = tuple[tuple[bytes, bytes], ...]


class _OneWrite:
    """A transport that sends an answer's head together with its body: a system call less, which is a third of all."""

    __slots__ = ("_head", "_transport", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Hold a head back until the body follows."""
        if not self._head and data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            return
        head, self._head = self._head, b""
        self._transport.write(head + data)

    def flush(self) -> None:
        """Send what is held back: an answer may have no body."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what is held back and close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class SandboxProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with ways to close the connection from the application, at once or at the next request."""

    _deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(cast("asyncio.Transport", _OneWrite(transport)))

    def data_received(self, data: bytes) -> None:
        """Take bytes; a deafened connection is reset instead, and what came is never read as a request."""
        if self._deaf:
            self.transport.abort()
            return
        super().data_received(data)

    def _deafen(self) -> None:
        self._deaf = True

    def on_message_begin(self) -> None:
        """Add to every request's scope when it came and how to close its connection."""
        super().on_message_begin()
        extensions = {CLOSE: self.transport.close, DEAFEN: self._deafen, ARRIVED: time.monotonic()}
        cast("MutableMapping[str, Any]", self.scope)["extensions"] = extensions

    def on_response_complete(self) -> None:
        """Leave nothing of an answer behind."""
        cast("_OneWrite", self.transport).flush()
        super().on_response_complete()


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Read a request's body; ``None`` when it is longer than ``limit`` (it is read to its end all the same)."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    pieces, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        size += len(message.get("body", b""))
        if size <= limit:
            pieces.append(message.get("body", b""))
    return b"".join(pieces) if size <= limit else None


async def whole(send: Send, status: int, body: bytes, kind: bytes = JSON, headers: Headers = ()) -> None:
    """Send an answer as it should be."""
    await _start(send, status, len(body), kind, headers)
    await send({"type": "http.response.body", "body": body})


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the connection without a byte of answer."""
    _close(scope)
    await hang(receive)


async def last(scope: Scope, send: Send, status: int, body: bytes) -> None:
    """Send a good answer that promises to keep the connection, and reset it when the next request comes."""
    deafen: Callable[[], None] | None = scope.get("extensions", {}).get(DEAFEN)
    if deafen is None:
        raise ConnectionAbortedError("this server cannot close a connection silently")
    deafen()
    await whole(send, status, body)


async def hang(receive: Receive) -> None:
    """Answer nothing until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def truncated(scope: Scope, receive: Receive, send: Send, status: int, body: bytes) -> None:
    """Announce the whole body, send half of it and close."""
    await _start(send, status, len(body), JSON, ())
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await drop(scope, receive)


async def dripping(send: Send, status: int, body: bytes, over_s: float) -> None:
    """Send the body in pieces over ``over_s`` seconds."""
    await _start(send, status, len(body), JSON, ())
    step = max(len(body) // _PIECES, 1)
    for at in range(0, len(body), step):
        await asyncio.sleep(over_s / _PIECES)
        await send({"type": "http.response.body", "body": body[at : at + step], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _close(scope: Scope) -> None:
    close: Callable[[], None] | None = scope.get("extensions", {}).get(CLOSE)
    if close is None:
        raise ConnectionAbortedError("this server cannot drop a connection")
    close()


def _start(send: Send, status: int, length: int, kind: bytes, headers: Headers) -> Awaitable[None]:
    return send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", kind), (b"content-length", str(length).encode()), *headers],
        }
    )
