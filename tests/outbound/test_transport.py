"""The transport against a real server of raw bytes: what is known, and above all what is not, when a call breaks."""

import asyncio
import gzip
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from finhub_onboard.engine.connection import TRANSPORTS
from finhub_onboard.outbound.transport import MAX_BODY_BYTES, Transport
from tests.outbound.support import RawBank, Wire, exchange, raw_bank

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
KEPT = 4
BODY = b'{"email":"ana.sample@example.com"}'


@pytest.fixture(params=TRANSPORTS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each transport."""
    return str(request.param)


def made(kind: str, port: int, *, timeout_s: float = 2, direct: bool = True, scheme: str = "http") -> Transport:
    """Make a transport to a port of this machine."""
    return TRANSPORTS[kind](f"{scheme}://127.0.0.1:{port}", timeout_s=timeout_s, direct=direct)


def post(port: int, path: str = "/register", *, scheme: str = "http") -> httpx.Request:
    """Make a registration."""
    return httpx.Request("POST", f"{scheme}://127.0.0.1:{port}{path}", content=BODY)


async def sent(kind: str, bank: RawBank, *, timeout_s: float = 5.0) -> httpx.Response:
    """Send one request to ``bank``."""
    transport = made(kind, bank.port, timeout_s=timeout_s)
    try:
        return await exchange(transport, post(bank.port))
    finally:
        await transport.aclose()


async def fin(wire: Wire, _: int) -> bool:
    """Close without a word."""
    del wire
    return False


async def rst(wire: Wire, _: int) -> bool:
    """Reset without a word."""
    wire.reset()
    return False


def saying(data: bytes, *, then_reset: bool = False) -> Callable[[Wire, int], Awaitable[bool]]:
    """Write ``data`` and close or reset."""

    async def answer(wire: Wire, _: int) -> bool:
        await wire.send(data)
        if then_reset:
            wire.reset()
        return False

    return answer


BREAKS = {
    "fin": fin,
    "rst": rst,
    "half a status line": saying(b"HTTP/1.1 20"),
    "half the headers": saying(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "body cut": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"),
    "body cut by a reset": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", then_reset=True),
    "chunks cut": saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "chunk of no size": saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "garbage": saying(b"\x00\xff\xfegarbage\r\n\r\n"),
    "another protocol": saying(b"220 smtp.example.com ESMTP\r\n"),
    "two lengths": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "gzip that is none": saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
}


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize("read_body", [True, False], ids=["after the body", "before the body"])
def test_a_break_after_the_request_arrived_is_never_a_connect_error(kind: str, name: str, *, read_body: bool) -> None:
    """Whatever breaks once the bank has the request leaves its outcome unknown, and nothing is sent again."""

    async def main() -> None:
        async with raw_bank(BREAKS[name], read_body=read_body) as bank:
            with pytest.raises(httpx.TransportError) as caught:
                await sent(kind, bank)
            assert not isinstance(caught.value, httpx.ConnectError | httpx.TimeoutException)
            assert len(bank.requests) == bank.connections == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"],
    ids=["nothing", "body", "headers"],
)
def test_silence_is_a_read_timeout(kind: str, start: bytes) -> None:
    """A bank that goes silent, at any point of its answer, ends as a timeout after the request was sent."""

    async def silent(wire: Wire, _: int) -> bool:
        await wire.send(start)
        await wire.reader.read()
        return False

    async def main() -> None:
        async with raw_bank(silent) as bank:
            started = time.monotonic()
            with pytest.raises(httpx.ReadTimeout):
                await sent(kind, bank, timeout_s=0.2)
            assert time.monotonic() - started < 1.5
            assert len(bank.requests) == 1

    asyncio.run(main())


def test_a_slow_body_is_bounded_in_all(kind: str) -> None:
    """A body that drips without end is a timeout: the limit holds for the whole answer, not for each piece."""

    async def drip(wire: Wire, _: int) -> bool:
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not wire.reader.at_eof():
            await wire.send(b" ")
            await asyncio.sleep(0.02)
        return False

    async def main() -> None:
        async with raw_bank(drip) as bank:
            with pytest.raises(httpx.ReadTimeout):
                await sent(kind, bank, timeout_s=0.3)
            assert len(bank.requests) == 1

    asyncio.run(main())


@contextmanager
def refused_port() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue is full: a connection is neither taken nor refused."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)  # noqa: FBT003 - the socket's own signature
            filler.connect_ex(holder.getsockname())
        try:
            yield holder.getsockname()[1]
        finally:
            for filler in fillers:
                filler.close()


def test_an_unresolvable_host_is_a_connect_error(kind: str) -> None:
    """A name that does not exist: nothing left."""

    async def main() -> None:
        transport = TRANSPORTS[kind]("http://bank.invalid", timeout_s=5, direct=True)
        with pytest.raises(httpx.ConnectError):
            await exchange(transport, httpx.Request("POST", "http://bank.invalid/x", content=BODY))
        await transport.aclose()

    asyncio.run(main())


def test_a_connection_that_is_not_taken_in_time_is_a_connect_error(kind: str) -> None:
    """A time-out while connecting is told from a time-out while waiting for the answer."""

    async def main() -> None:
        with full_port() as port:
            transport = made(kind, port, timeout_s=0.4)
            with pytest.raises(httpx.ConnectError):
                await exchange(transport, post(port))
            await transport.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("hello", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["plain", "closed"])
def test_a_failed_tls_handshake_is_a_connect_error(kind: str, hello: bytes) -> None:
    """Without TLS no byte of the request leaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(hello)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = made(kind, port, scheme="https")
        with pytest.raises(httpx.ConnectError):
            await exchange(transport, post(port, scheme="https"))
        await transport.aclose()
        server.close()

    asyncio.run(main())


@pytest.mark.parametrize("value", [b"caf\xe9", "\u0667".encode(), "30ü".encode(), b"\x80"])
def test_a_header_that_is_not_text_does_not_cost_the_answer(kind: str, value: bytes) -> None:
    """A header in a strange encoding is as good as absent; status and body still arrive."""

    async def answer(wire: Wire, _: int) -> bool:
        head = (
            b"HTTP/1.1 429 X\r\nRetry-After: " + value + b"\r\nX-Other: " + value + b"\r\nContent-Length: 2\r\n\r\n{}"
        )
        await wire.send(head)
        return True

    async def main() -> None:
        async with raw_bank(answer) as bank:
            response = await sent(kind, bank)
            assert (response.status_code, await response.aread()) == (429, b"{}")
            assert "retry-after" not in response.headers

    asyncio.run(main())


def test_the_headers_that_count_arrive(kind: str) -> None:
    """Retry-After comes through as it stood, twice if it stood twice, and so does Date."""
    twice = b"HTTP/1.1 429 X\r\nRetry-After: 7\r\nRETRY-AFTER: 30\r\nDate: now\r\nContent-Length: 2\r\n\r\n{}"

    async def main() -> None:
        async with raw_bank(saying(twice)) as bank:
            headers = (await sent(kind, bank)).headers
            assert (headers["retry-after"], headers["date"]) == ("7, 30", "now")

    asyncio.run(main())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(kind: str, status: int) -> None:
    """A redirect is an answer like another: the request is not sent elsewhere."""
    answer = f"HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode()

    async def main() -> None:
        async with raw_bank(saying(answer)) as bank:
            assert (await sent(kind, bank)).status_code == status
            assert len(bank.requests) == 1

    asyncio.run(main())


def test_a_huge_body_is_bounded(kind: str) -> None:
    """An answer beyond the bound is broken off; one of exactly the bound is read."""

    async def main(size: int) -> int:
        async def answer(wire: Wire, _: int) -> bool:
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b" " * size)
            return False

        async with raw_bank(answer) as bank:
            return len(await (await sent(kind, bank)).aread())

    assert asyncio.run(main(MAX_BODY_BYTES)) == MAX_BODY_BYTES
    with pytest.raises(httpx.ReadError):
        asyncio.run(main(MAX_BODY_BYTES + 1))


def test_a_body_that_only_unpacks_to_be_huge_is_bounded(kind: str) -> None:
    """A small compressed answer cannot fill the memory."""
    packed = gzip.compress(b" " * (4 * MAX_BODY_BYTES), 1)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async def main() -> None:
        async with raw_bank(saying(head + packed)) as bank:
            with pytest.raises(httpx.ReadError):
                await sent(kind, bank)

    asyncio.run(main())


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
def test_a_kept_connection_that_dies_with_the_request_is_not_tried_again(kind: str, *, reset: bool) -> None:
    """The second request on a connection gets no answer: it is in doubt, and the server saw it exactly once."""

    async def answer(wire: Wire, number: int) -> bool:
        if number == 1:
            await wire.send(OK)
            return True
        if reset:
            wire.reset()
        return False

    async def main() -> None:
        async with raw_bank(answer) as bank:
            transport = made(kind, bank.port)
            assert (await exchange(transport, post(bank.port))).status_code == 200
            with pytest.raises(httpx.ReadError):
                await exchange(transport, post(bank.port))
            await transport.aclose()
            assert (len(bank.requests), bank.connections) == (2, 1)

    asyncio.run(main())


def test_a_connection_closed_while_idle_costs_no_second_sending(kind: str) -> None:
    """Each of many requests, on connections that the bank closes when it likes, arrives at most once."""

    async def answer(wire: Wire, number: int) -> bool:
        await wire.send(OK)
        await asyncio.sleep(0.002 * (number % 3))
        return number % 4 != 0

    async def main() -> None:
        async with raw_bank(answer) as bank:
            transport = made(kind, bank.port)
            seen = {"answered": 0, "unsent": 0, "in doubt": 0}
            for number in range(60):
                try:
                    await exchange(transport, post(bank.port, f"/register/{number}"))
                    seen["answered"] += 1
                except httpx.ConnectError:
                    seen["unsent"] += 1
                except httpx.TransportError:
                    seen["in doubt"] += 1
                await asyncio.sleep(0.003 if number % 2 else 0)
            await transport.aclose()
            paths = [request.split(b" ", 2)[1] for request in bank.requests]
            assert len(paths) == len(set(paths))
            assert seen["answered"] <= len(paths) <= seen["answered"] + seen["in doubt"]
            assert seen["answered"] >= 40

    asyncio.run(main())


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
def test_a_repeat_does_not_meet_a_connection_that_died_in_silence(kind: str, *, reset: bool) -> None:
    """A bank drops its kept connections without reading on: what asks for a fresh one is read, and nothing is kept."""

    async def answer(wire: Wire, number: int) -> bool:
        if number == KEPT:
            all_there.set()
        await all_there.wait()
        await wire.send(OK)
        if number > KEPT:
            return True
        await wire.reader.read(1)  # the first byte of what comes next is all that is taken
        if reset:
            wire.reset()
        return False

    async def main() -> None:
        async with raw_bank(answer) as bank:
            transport = made(kind, bank.port)
            first = [exchange(transport, post(bank.port, f"/{number}")) for number in range(KEPT)]
            assert {answered.status_code for answered in await asyncio.gather(*first)} == {200}
            with pytest.raises(httpx.ReadError):
                await exchange(transport, post(bank.port, "/register"))
            for _ in range(2):
                repeat = post(bank.port, "/register")
                repeat.extensions["fresh"] = True
                assert (await exchange(transport, repeat)).status_code == 200
            await transport.aclose()
            read = [request.split(b" ", 2)[1] for request in bank.requests]
            assert (read.count(b"/register"), bank.connections) == (2, KEPT + 2)

    all_there = asyncio.Event()
    asyncio.run(main())


def test_what_is_sent_is_what_was_asked_for(kind: str) -> None:
    """Method, path with its quoting, headers and body leave as they are, Host once and Content-Length right."""

    async def main() -> None:
        async with raw_bank(saying(OK)) as bank:
            transport = made(kind, bank.port)
            request = post(bank.port, "/customer/a%2Fb%3Fx%23y%252e/activation?page=0&size=100")
            request.headers["X-Tenant-ID"] = "tenant-1"
            await exchange(transport, request)
            await transport.aclose()
            head, _, body = bank.requests[0].partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            assert lines[0] == b"POST /customer/a%2Fb%3Fx%23y%252e/activation?page=0&size=100 HTTP/1.1"
            names = [line.split(b":")[0].lower() for line in lines[1:]]
            assert names.count(b"host") == names.count(b"content-length") == 1
            assert b"x-tenant-id: tenant-1" in [line.lower() for line in lines]
            assert body == BODY

    asyncio.run(main())


def test_who_asks_is_told_once_that_a_request_was_written(kind: str) -> None:
    """After there is a connection and before there is an answer; not at all where nothing was sent."""

    async def answer(wire: Wire, _: int) -> bool:
        assert await asyncio.wait_for(told.get(), 5) == bank.connections == 1
        await wire.send(OK)
        return True

    told: asyncio.Queue[int] = asyncio.Queue()
    bank = RawBank(answer, read_body=True)

    async def main() -> None:
        nonlocal bank
        async with raw_bank(answer) as bank:
            transport = made(kind, bank.port)
            for _ in range(2):
                sending = exchange(transport, post(bank.port), written=lambda: told.put_nowait(bank.connections))
                assert (await sending).status_code == 200
            await transport.aclose()
        closed = made(kind, bank.port)
        with pytest.raises(httpx.ConnectError):
            await exchange(closed, post(bank.port), written=lambda: told.put_nowait(0))
        await closed.aclose()
        assert told.empty()

    asyncio.run(main())


def test_one_request_per_send_under_concurrency(kind: str) -> None:
    """Fifty requests at once over four kept connections arrive fifty times, each once."""

    async def answer(wire: Wire, _: int) -> bool:
        await wire.send(OK)
        return True

    async def main() -> None:
        async with raw_bank(answer) as bank:
            transport = made(kind, bank.port, timeout_s=5)
            requests = [post(bank.port, f"/{number}") for number in range(50)]
            answers = await asyncio.gather(*(exchange(transport, request) for request in requests))
            await transport.aclose()
            assert [answer.status_code for answer in answers] == [200] * 50
            assert len({request.split(b" ", 2)[1] for request in bank.requests}) == len(bank.requests) == 50

    asyncio.run(main())


def test_direct_passes_by_the_environments_proxies(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``direct`` reaches this machine although the environment names a proxy; without it the proxy is asked."""

    async def main(bank: RawBank, *, direct: bool) -> None:
        transport = made(kind, bank.port, direct=direct)
        try:
            await exchange(transport, post(bank.port))
        finally:
            await transport.aclose()

    async def both() -> None:
        with refused_port() as port:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.delenv(name, raising=False)
            async with raw_bank(saying(OK)) as bank:
                await main(bank, direct=True)
                with pytest.raises(httpx.ConnectError):
                    await main(bank, direct=False)
                assert len(bank.requests) == 1

    asyncio.run(both())
