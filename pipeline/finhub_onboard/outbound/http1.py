"""A connection to the bank in HTTP/1.1 (RFC 9112): writes a request and reads its answer, one at a time.

httptools parses, the parser of Node.js, as tolerant as aiohttp lets it be. Promises: a request is written once; of an
answer no more is held than any answer of the bank may have; a connection is used again only if both sides agree, the
whole request was sent and nothing came that nobody asked for. Knows no pool and no time-out.
"""

import asyncio
import select
import zlib
from typing import TYPE_CHECKING

import httptools

from finhub_onboard.outbound.causes import NotHttpError
from finhub_onboard.outbound.transport import MAX_BODY_BYTES, Answer, TooLargeError, joined

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_AT_ONCE = _LARGEST_HEAD = 64 * 1024
_CODED = (b"gzip", b"deflate")
_GZIP = b"\x1f\x8b"  # so it begins
_GZIP_OR_ZLIB, _BARE_DEFLATE = 47, -15  # of zlib; some servers send deflate without its frame


class Http1(asyncio.Protocol):
    """Takes over a ``connection`` that aiohttp has made, and closes it."""

    def __init__(self, connection: "Connection") -> None:
        transport, maker = connection.transport, connection.protocol
        assert transport is not None
        assert maker is not None
        self._connection, self._maker = connection, maker
        self._transport: asyncio.Transport = transport
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._watch = select.poll()
        self._watch.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._answer: asyncio.Future[Answer] | None = None
        self._keeps = True
        self._is_lost = False
        self._forget()
        transport.set_protocol(self)

    def _forget(self) -> None:
        self._head_bytes = self._bytes = 0
        self._body = bytearray()
        self._retry_after: list[bytes] = []
        self._date: list[bytes] = []
        self._coding = b""
        self._has_end = self._is_in_body = False

    @property
    def is_idle(self) -> bool:
        """Whether it can take a request; what has something to read most likely ends."""
        return self._keeps and not self._transport.is_closing() and not self._watch.poll(0)

    @property
    def is_reusable(self) -> bool:
        """Whether it may take another request after this one."""
        return self._keeps and not self._transport.is_closing() and not self._transport.get_write_buffer_size()

    def send(self, head: bytes, body: bytes) -> "asyncio.Future[Answer]":
        """Write a request; the answer, or the error that came instead of it."""
        self._forget()
        self._answer = asyncio.get_running_loop().create_future()
        if len(body) <= _AT_ONCE:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return self._answer

    def close(self) -> None:
        """Close it; what of a request is not sent yet never will be, so that no silent server keeps it open."""
        if self._transport.get_write_buffer_size():
            self.abort()
        elif not self._transport.is_closing():
            # asyncio forgets a TLS connection that is closed twice, and leaves it open
            self._transport.close()

    def abort(self) -> None:
        """Close it without waiting for the other side."""
        if not self._is_lost:  # asyncio fails to abort what was closed with something to send
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse a part of an answer."""
        self._bytes += len(data)
        if self._bytes > MAX_BODY_BYTES + _LARGEST_HEAD:  # also of what is no body, such as trailers
            self._end(TooLargeError())
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._keeps = False
        except httptools.HttpParserError:
            self._end(NotHttpError())
        if not self._is_in_body:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD:
                self._end(NotHttpError())

    def eof_received(self) -> None:
        """The other side has said all: that is the end of an answer of unknown length."""
        if self._is_in_body and not self._has_end:
            self._complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits, and aiohttp."""
        self._is_lost = True
        self._end(exc or ConnectionResetError())
        self._maker.connection_lost(exc)
        self._connection.close()

    def on_message_begin(self) -> None:
        """An answer begins; one that nobody asked for makes the connection useless."""
        self._keeps = self._keeps and self._is_asked

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the headers that are used; what follows the body, in trailers, says nothing of it."""
        if self._is_in_body:
            return
        match name.lower():
            case b"retry-after":
                self._retry_after.append(value)
            case b"date":
                self._date.append(value)
            case b"content-encoding":
                self._coding = value.strip().lower()
            case b"content-length" | b"transfer-encoding":
                self._has_end = True

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._is_in_body = True

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        if len(self._body) + len(body) > MAX_BODY_BYTES:
            self._end(TooLargeError())
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """The answer is there, unless it is an informational one (1xx)."""
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:  # noqa: PLR2004 - RFC 9110
            self._forget()
        elif self._is_asked:
            self._keeps = self._keeps and self._parser.should_keep_alive()
            self._complete()

    @property
    def _is_asked(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def _complete(self) -> None:
        if self._answer is None or self._answer.done():
            return
        try:
            content = _decoded(self._coding, bytes(self._body))
        except (NotHttpError, TooLargeError) as error:
            self._end(error)
            return
        answer = Answer(
            status=self._parser.get_status_code(),
            content=content,
            retry_after=_joined(self._retry_after),
            date=_joined(self._date),
        )
        self._answer.set_result(answer)
        self._answer = None
        self._body = bytearray()  # an idle connection holds no answer

    def _end(self, error: Exception) -> None:
        """The connection is of no more use; whoever waits for an answer gets ``error``."""
        self._keeps = False
        self.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _joined(values: list[bytes]) -> str | None:
    return joined([value.decode("latin-1") for value in values]) if values else None


def _decoded(coding: bytes, content: bytes) -> bytes:
    """The body without its content coding; of one that nobody asked for as it is."""
    if coding not in _CODED or not content:
        return content
    for bits in (_GZIP_OR_ZLIB, _BARE_DEFLATE):
        decoder = zlib.decompressobj(bits)
        try:
            plain = decoder.decompress(content, MAX_BODY_BYTES + 1)
        except zlib.error:
            continue
        if len(plain) > MAX_BODY_BYTES:
            raise TooLargeError
        if decoder.eof and not decoder.unused_data.startswith(_GZIP):  # a second part: this is not all
            return plain
    raise NotHttpError
