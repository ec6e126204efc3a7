"""A connection in HTTP/1.1: what counts as an answer, what of it is read, and when the connection is used again."""

import asyncio
import contextlib
import gc
import gzip
import tracemalloc
import zlib

import httpx
import pytest

from finhub_onboard.outbound.aiohttp_transport import AiohttpTransport
from finhub_onboard.outbound.transport import MAX_BODY_BYTES, Answer, Broken, Request
from tests.outbound.support import RawBank, Wire, raw_bank

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
DEFLATE = zlib.compressobj(wbits=-15)
BARE = DEFLATE.compress(b"{}") + DEFLATE.flush()


def head(*lines: bytes) -> bytes:
    """The head of an answer with these headers."""
    return b"".join(line + b"\r\n" for line in (b"HTTP/1.1 200 OK", *lines, b""))


def coded(coding: bytes, content: bytes) -> bytes:
    """An answer with a body in a content coding."""
    return head(b"Content-Encoding: " + coding, b"Content-Length: %d" % len(content)) + content


async def two_calls(answer: bytes, *, ends: bool = False) -> tuple[Answer, RawBank]:
    """The first of two answers of a bank that gives this one twice, and the bank; ``ends``: it closes after each."""

    async def say(wire: Wire, _: int) -> bool:
        await wire.send(answer)
        return not ends

    async with raw_bank(say) as bank:
        transport = AiohttpTransport(f"http://127.0.0.1:{bank.port}", timeout_s=5, direct=True)
        try:
            request = Request(method="POST", target=b"/x", headers=((b"Host", b"bank.example.com"),), body=b"{}")
            first = await transport.send(request)
            await asyncio.sleep(0.01)  # what comes after the answer must be there
            await transport.send(request)
        finally:
            await transport.aclose()
        return first, bank


def connections(answer: bytes) -> int:
    """How many connections two calls take."""
    return asyncio.run(two_calls(answer))[1].connections


def content(answer: bytes, *, ends: bool = False) -> bytes:
    """The body as it is read."""
    return asyncio.run(two_calls(answer, ends=ends))[0].content


def test_a_connection_is_used_again() -> None:
    """As long as both sides agree."""
    assert connections(OK) == 1


@pytest.mark.parametrize(
    "answer",
    [
        head(b"Connection: close", b"Content-Length: 2") + b"{}",
        OK.replace(b"1.1", b"1.0"),
        OK + b"more",
        OK + OK,
        head(b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n" + OK,
    ],
    ids=["asked to close", "HTTP/1.0", "rubbish after it", "two answers", "two after chunks"],
)
def test_a_connection_that_is_in_doubt_is_not_used_again(answer: bytes) -> None:
    """The answer is read all the same; the next one must not be taken from what was left over."""
    assert content(answer) == b"{}"
    assert connections(answer) == 2


def test_what_nobody_asked_for_ends_an_idle_connection() -> None:
    """Such as a bank that says after an answer that it waited too long."""

    async def say(wire: Wire, number: int) -> bool:
        await wire.send(OK)
        if number == 1:
            said.set()
            await wire.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        return True

    said = asyncio.Event()

    async def main() -> list[int]:
        async with raw_bank(say) as bank:
            transport = AiohttpTransport(f"http://127.0.0.1:{bank.port}", timeout_s=5, direct=True)
            request = Request(method="GET", target=b"/x", headers=())
            first = await transport.send(request)
            await said.wait()
            await asyncio.sleep(0.05)
            statuses = [first.status, (await transport.send(request)).status]
            await transport.aclose()
            return [*statuses, bank.connections]

    assert asyncio.run(main()) == [200, 200, 2]


def test_informational_answers_are_passed_over() -> None:
    """However many; the headers of theirs are not those of the answer."""
    early = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\nDate: then\r\n\r\n" * 3
    answer, bank = asyncio.run(two_calls(early + OK))
    assert (answer.status, answer.content, answer.retry_after, answer.date) == (200, b"{}", None, None)
    assert bank.connections == 1


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_may_have_no_body(status: int) -> None:
    """These have none, whatever their length says; the connection is kept."""
    answer, bank = asyncio.run(two_calls(b"HTTP/1.1 %d X\r\n\r\n" % status))
    assert (answer.status, answer.content, bank.connections) == (status, b"", 1)


def test_without_a_length_the_end_of_the_connection_is_the_end_of_the_answer() -> None:
    """As HTTP/1.0 did it."""
    assert content(head(b"Connection: close") + b'{"a": 1}', ends=True) == b'{"a": 1}'


@pytest.mark.parametrize(
    "answer",
    [
        head(b"Content-Length: 9") + b"{}",
        head(b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n",
        head()[:-2],
        b"",
    ],
    ids=["length", "chunks", "head", "nothing"],
)
def test_an_answer_that_is_cut_off_is_none(answer: bytes) -> None:
    """The call is in doubt."""
    with pytest.raises(Broken):
        content(answer, ends=True)


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(b"{}")),
        (b" GZIP ", gzip.compress(b"{}")),
        (b"deflate", zlib.compress(b"{}")),
        (b"deflate", BARE),
        (b"identity", b"{}"),
    ],
    ids=["gzip", "gzip in capitals", "deflate", "deflate without its frame", "none"],
)
def test_a_body_is_unpacked(coding: bytes, packed: bytes) -> None:
    """From the codings that the client accepts."""
    assert content(coded(coding, packed)) == b"{}"


@pytest.mark.parametrize(
    "packed",
    [b"{}", gzip.compress(b"{}" * 99)[:-9], gzip.compress(b"{") + gzip.compress(b"}")],
    ids=["not packed", "cut off", "in two parts"],
)
def test_a_body_that_cannot_be_unpacked_is_none(packed: bytes) -> None:
    """Half a body must not pass as one."""
    with pytest.raises(Broken, match=r"no HTTP/1\.1"):
        content(coded(b"gzip", packed))


def test_a_head_without_end_is_no_answer() -> None:
    """It cannot fill the memory."""
    with pytest.raises(Broken, match=r"no HTTP/1\.1"):
        content(b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 9999)
    with pytest.raises(Broken, match=r"no HTTP/1\.1"):
        content(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000)


@pytest.mark.parametrize("length", [b"", b"Content-Length: %d" % (MAX_BODY_BYTES + 1)])
def test_a_body_without_end_is_broken_off(length: bytes) -> None:
    """With and without a length."""
    lines = [length] if length else []
    with pytest.raises(httpx.ReadError, match="more than any answer"):
        content(head(*lines) + b" " * (MAX_BODY_BYTES + 1))


def test_an_answer_that_comes_before_all_was_sent_ends_the_connection() -> None:
    """What is left of the request must not be taken for the next one."""

    async def say(wire: Wire, number: int) -> bool:
        await wire.send(OK)
        if number == 1:
            await asked_again.wait()  # and read nothing
        asked_again.set()
        return False

    asked_again = asyncio.Event()

    async def main() -> int:
        async with raw_bank(say, read_body=False) as bank:
            transport = AiohttpTransport(f"http://127.0.0.1:{bank.port}", timeout_s=5, direct=True)
            await transport.send(Request(method="POST", target=b"/x", headers=(), body=b"x" * 32 * 1024 * 1024))
            await transport.send(Request(method="GET", target=b"/x", headers=()))
            await transport.aclose()
            return bank.connections

    assert asyncio.run(main()) == 2


@pytest.mark.parametrize("ends", ["at its time-out", "by a stop"])
def test_a_call_that_ends_during_its_upload_leaves_nothing_behind(ends: str) -> None:
    """A bank that reads nothing gets no more of it, and keeps no connection and no body of ours."""
    size = 32 * 1024 * 1024

    async def read_late(wire: Wire, _: int) -> bool:
        await call_ended.wait()
        with contextlib.suppress(ConnectionError):
            while more := await wire.reader.read(1024 * 1024):
                arrived.append(len(more))
        closed.set()
        return False

    call_ended, closed = asyncio.Event(), asyncio.Event()
    arrived: list[int] = []

    async def main() -> int:
        async with raw_bank(read_late, read_body=False) as bank:
            transport = AiohttpTransport(f"http://127.0.0.1:{bank.port}", timeout_s=0.2, direct=True)
            call = asyncio.create_task(
                transport.send(Request(method="POST", target=b"/", headers=(), body=b"x" * size))
            )
            await bank.changed.wait()
            if ends == "by a stop":
                call.cancel()
            with pytest.raises((httpx.ReadTimeout, asyncio.CancelledError)):
                await call
            call_ended.set()
            await asyncio.wait_for(closed.wait(), 10)
            await transport.aclose()
            return sum(arrived)

    assert asyncio.run(main()) < size // 2


def test_a_bank_that_answers_and_ends_during_an_upload_does_not_trouble_the_end() -> None:
    """What is left of the request is sent meanwhile; there is nothing more to close."""

    async def say(wire: Wire, _: int) -> bool:
        await wire.send(b"HTTP/1.1 413 Too Large\r\n\r\n{}")
        wire.end()
        await answered.wait()
        with contextlib.suppress(ConnectionError):
            while await wire.reader.read(1024 * 1024):
                pass
        read.set()
        return False

    answered, read = asyncio.Event(), asyncio.Event()

    async def main() -> int:
        async with raw_bank(say, read_body=False) as bank:
            transport = AiohttpTransport(f"http://127.0.0.1:{bank.port}", timeout_s=5, direct=True)
            body = b"x" * 32 * 1024 * 1024
            status = (await transport.send(Request(method="POST", target=b"/", headers=(), body=body))).status
            answered.set()
            await read.wait()
            await asyncio.sleep(0.05)
            await transport.aclose()
            return status

    assert asyncio.run(main()) == 413


def test_trailers_are_not_headers() -> None:
    """They come too late to say how the body is packed or how long to wait."""
    chunks = b"2\r\n{}\r\n0\r\nRetry-After: 7\r\nContent-Encoding: gzip\r\n\r\n"
    answer, bank = asyncio.run(two_calls(head(b"Transfer-Encoding: chunked") + chunks))
    assert (answer.content, answer.retry_after, bank.connections) == (b"{}", None, 1)


def test_trailers_without_end_are_broken_off() -> None:
    """They cannot fill the memory either."""
    with pytest.raises(Broken, match="more than any answer"):
        content(head(b"Transfer-Encoding: chunked") + b"0\r\nX-Long: " + b"x" * (2 * MAX_BODY_BYTES))


def test_a_body_in_many_small_chunks_takes_no_more_memory_than_another() -> None:
    """A chunk of two bytes is kept as two bytes."""

    async def main() -> int:
        tracemalloc.start()
        try:
            answer, _ = await two_calls(head(b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n" * 200_000 + b"0\r\n\r\n")
            assert len(answer.content) == 400_000
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert asyncio.run(main()) < 10_000_000


def test_an_idle_connection_holds_no_answer() -> None:
    """Large ones of all connections would add up."""

    async def say(wire: Wire, _: int) -> bool:
        await wire.send(head(b"Content-Length: 5000000") + b"x" * 5_000_000)
        return True

    async def main() -> int:
        async with raw_bank(say) as bank:
            transport = AiohttpTransport(f"http://127.0.0.1:{bank.port}", timeout_s=5, direct=True)
            await transport.send(Request(method="GET", target=b"/x", headers=()))
            gc.collect()
            held = tracemalloc.get_traced_memory()[0]
            await transport.aclose()
            return held

    tracemalloc.start()
    try:
        assert asyncio.run(main()) < 7_000_000  # the bank of the test holds one
    finally:
        tracemalloc.stop()
