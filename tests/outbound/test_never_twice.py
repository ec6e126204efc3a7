"""The table of the rule "never twice": for each way in which a call can fail, whether the bank may have carried it out.

Each transport against real servers of this machine. "Unsent" is a promise, and only made where no byte of the request
can have been read; whatever is not certain is in doubt. Nothing is ever sent a second time.
"""

import asyncio
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from finhub_onboard.engine.connection import TRANSPORTS
from finhub_onboard.outbound.tls import load_trust
from finhub_onboard.outbound.transport import Unsent
from tests.outbound.lines import Server, Talk, Tunnel, context_of, days, head_of, pem, saying, server
from tests.outbound.support import exchange
from tests.outbound.test_transport import full_port, refused_port

CA, OTHER = trustme.CA(), trustme.CA()
GOOD = CA.issue_cert("127.0.0.1")
BODY = b'{"email":"ana.sample@example.com"}'
LARGE = b" " * (16 * 1024 * 1024)
"""More than the system takes on its own while the other side reads nothing."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where a call goes, and by what proxy; ``heads``: what of it a server read."""

    url: str
    proxy: str = ""
    body: bytes = BODY
    heads: list[bytes] = field(default_factory=list)


Place = AbstractContextManager[Scene]


@contextmanager
def at_port(port: AbstractContextManager[int], *, scheme: str = "http") -> Iterator[Scene]:
    """Go to a port that takes nothing."""
    with port as number:
        yield Scene(url=f"{scheme}://127.0.0.1:{number}")


@contextmanager
def nowhere() -> Iterator[Scene]:
    """Go to a name that leads nowhere."""
    yield Scene(url="http://bank.invalid")


@contextmanager
def at(talk: Talk, context: ssl.SSLContext | None = None, *, scheme: str = "", body: bytes = BODY) -> Iterator[Scene]:
    """Go to a server; ``scheme``: as if it spoke that."""
    heads: list[bytes] = []

    def noting(connection: Any) -> None:
        talk(_Noting(connection, heads))

    with server(noting, context=context) as bank:
        scheme = scheme or ("https" if context else "http")
        yield Scene(url=f"{scheme}://127.0.0.1:{bank.port}", body=body, heads=heads)


class _Noting:
    """A connection whose requests are noted as they are read."""

    def __init__(self, connection: Any, heads: list[bytes]) -> None:
        self._connection = connection
        self._heads = heads

    def recv(self, size: int) -> bytes:
        """Read, and note what begins a request."""
        data: bytes = self._connection.recv(size)
        if data.startswith(b"POST "):
            self._heads.append(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@contextmanager
def behind(talk: Talk | None) -> Iterator[Scene]:
    """Go through a proxy that does this; ``None``: it is not there."""
    if talk is None:
        with refused_port() as port:
            yield Scene(url="https://bank.example.com", proxy=f"http://127.0.0.1:{port}")
        return
    with server(talk) as proxy:
        yield Scene(url="https://bank.example.com", proxy=f"http://127.0.0.1:{proxy.port}")


def tls(
    certificate: trustme.LeafCert = GOOD,
    *,
    asks: bool = False,
    latest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> ssl.SSLContext:
    """Make the server's side of TLS; ``asks``: for a certificate of ours."""
    context = context_of(certificate)
    context.maximum_version = latest
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        OTHER.configure_trust(context)
    return context


def reset(connection: Any) -> None:
    """End a connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang(connection: Any) -> None:
    """Read what comes and say nothing."""
    while connection.recv(65536):
        pass


def deaf(connection: Any) -> None:
    """Read some and no more, for longer than the other side waits."""
    connection.recv(64)
    time.sleep(2 * TIMEOUT_S)


def whole(connection: Any) -> bytes:
    """Read a request to the end of its body."""
    head, _, body = head_of(connection).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while len(body) < int(length[1] if length else 0):
        body += connection.recv(65536)
    return head


def at_first(then: Talk) -> Talk:
    """Read some of a request, then do that."""

    def talk(connection: Any) -> None:
        connection.recv(5)
        then(connection)

    return talk


def after_all(then: Talk) -> Talk:
    """Read a request, then do that."""

    def talk(connection: Any) -> None:
        whole(connection)
        then(connection)

    return talk


def leave(connection: Any) -> None:
    """Do nothing more: the connection is closed."""


def half_and_reset(connection: Any) -> None:
    """Break off in the middle of an answer."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    reset(connection)


def drip(connection: Any) -> None:
    """Answer without end, a byte at a time."""
    whole(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def answering_then(then: Talk) -> Talk:
    """Answer the first request on a connection, and do that with the second."""

    def talk(connection: Any) -> None:
        whole(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        then(connection)

    return talk


TIMEOUT_S = 2.0
"""A busy machine connects and shakes hands within it; the servers that keep silent do so for longer."""
UNSENT: dict[str, Callable[[], Place]] = {
    "refused": lambda: at_port(refused_port()),
    "no such name": nowhere,
    "not taken in time": lambda: at_port(full_port()),
    "TLS: refused": lambda: at_port(refused_port(), scheme="https"),
    "TLS: not taken in time": lambda: at_port(full_port(), scheme="https"),
    "TLS: unknown CA": lambda: at(saying(b""), tls(OTHER.issue_cert("127.0.0.1"))),
    "TLS: another name": lambda: at(saying(b""), tls(CA.issue_cert("other.example.com"))),
    "TLS: expired": lambda: at(saying(b""), tls(CA.issue_cert("127.0.0.1", not_before=days(-9), not_after=days(-2)))),
    "TLS: not yet valid": lambda: at(saying(b""), tls(CA.issue_cert("127.0.0.1", not_before=days(2)))),
    "TLS: asks for a certificate (1.2)": lambda: at(saying(b""), tls(asks=True, latest=ssl.TLSVersion.TLSv1_2)),
    "TLS: none there": lambda: at(lambda peer: peer.sendall(b"220 hello\r\n"), scheme="https"),
    "TLS: closed in the handshake": lambda: at(leave, scheme="https"),
    "TLS: reset in the handshake": lambda: at(at_first(reset), scheme="https"),
    "TLS: handshake not finished in time": lambda: at(hang, scheme="https"),
    "proxy: not there": lambda: behind(None),
    "proxy: 407": lambda: behind(Tunnel(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")),
    "proxy: 403": lambda: behind(Tunnel(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")),
    "proxy: 502": lambda: behind(Tunnel(b"HTTP/1.1 502 Gone\r\nContent-Length: 0\r\n\r\n")),
    "proxy: closes": lambda: behind(after_all(leave)),
    "proxy: resets": lambda: behind(after_all(reset)),
    "proxy: talks no HTTP": lambda: behind(saying(b"220 hello\r\n\r\n")),
    "proxy: silent": lambda: behind(hang),
}
IN_DOUBT: dict[str, Callable[[], Place]] = {
    "closed before the request is read": lambda: at(at_first(leave)),
    "closed after the request is read": lambda: at(after_all(leave)),
    "reset while the request is read": lambda: at(at_first(reset)),
    "reset while a large request is sent": lambda: at(at_first(reset), body=LARGE),
    "reset after the request is read": lambda: at(after_all(reset)),
    "reset in the answer": lambda: at(after_all(half_and_reset)),
    "half an answer": lambda: at(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")),
    "half a head": lambda: at(saying(b"HTTP/1.1 200 OK\r\nContent-Le")),
    "no HTTP": lambda: at(saying(b"220 hello\r\n\r\n")),
    "not read in time": lambda: at(deaf, body=LARGE),
    "no answer in time": lambda: at(hang),
    "an answer that never ends": lambda: at(drip),
    "TLS: closed after the request is read": lambda: at(after_all(leave), tls()),
    "TLS: reset after the request is read": lambda: at(after_all(reset), tls()),
    "TLS: no answer in time": lambda: at(hang, tls()),
}
"""Where the server's word about our certificate crosses the request (TLS 1.3) either is true: see ``test_causes``."""


@pytest.fixture(params=TRANSPORTS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each transport."""
    return str(request.param)


def failing(kind: str, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch, *, calls: int = 1) -> Exception:
    """What the last of so many calls to this place ends with; those before it are answered."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if scene.proxy:
        monkeypatch.setenv("HTTPS_PROXY", scene.proxy)
    trust = load_trust(ca_file=pem(CA, folder), environ={})

    async def main() -> Exception:
        transport = TRANSPORTS[kind](scene.url, timeout_s=TIMEOUT_S, direct=not scene.proxy, trust=trust)
        try:
            for _ in range(calls - 1):
                await exchange(transport, httpx.Request("POST", scene.url, content=BODY))
            with pytest.raises(httpx.TransportError) as caught:
                await exchange(transport, httpx.Request("POST", scene.url, content=scene.body))
        finally:
            await transport.aclose()
        return caught.value

    return asyncio.run(main())


# A connect of anyio that is cancelled as it succeeds may leave its socket to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", UNSENT)
def test_what_cannot_have_left_is_told_as_unsent(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection, or no TLS on it, came about: the call may be made again, for no server has read a byte of it."""
    with UNSENT[name]() as scene:
        assert isinstance(failing(kind, scene, tmp_path, monkeypatch), Unsent)
        assert scene.heads == []


@pytest.mark.parametrize("name", IN_DOUBT)
def test_what_may_have_left_is_told_as_in_doubt(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks once there is a connection: never unsent, and at most one server ever reads the request."""
    with IN_DOUBT[name]() as scene:
        assert not isinstance(failing(kind, scene, tmp_path, monkeypatch), httpx.ConnectError)
        assert len(scene.heads) <= 1


@pytest.mark.parametrize("context", [None, tls()], ids=["plain", "tls"])
@pytest.mark.parametrize("end", ["closes", "resets"])
def test_a_kept_connection_that_ends_as_the_next_call_is_sent(
    kind: str, end: str, context: ssl.SSLContext | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers one call and drops the connection on the first byte of the next: in doubt."""

    def then(connection: Any) -> None:
        connection.recv(1)
        if end == "resets":
            reset(connection)

    with at(answering_then(then), context) as scene:
        assert not isinstance(failing(kind, scene, tmp_path, monkeypatch, calls=2), httpx.ConnectError)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_not_even_a_call_that_could_be_repeated_is_repeated(kind: str, method: str) -> None:
    """A read that breaks on a kept connection is not sent again below us: each sending has a permit."""
    seen: list[bytes] = []

    def talk(connection: Any) -> None:
        seen.append(head_of(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        seen.append(head_of(connection))

    async def main(bank: Server) -> None:
        url = f"http://127.0.0.1:{bank.port}"
        transport = TRANSPORTS[kind](url, timeout_s=2, direct=True)
        assert (await exchange(transport, httpx.Request(method, url))).status_code == 200
        with pytest.raises(httpx.ReadError):
            await exchange(transport, httpx.Request(method, url))
        await transport.aclose()

    with server(talk) as bank:
        asyncio.run(main(bank))
        assert (len(seen), bank.taken) == (2, 1)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_kept_connection_that_the_server_has_closed_is_not_sent_on(kind: str, method: str) -> None:
    """Closed before the next call, and the loop has not looked yet: a new connection carries it."""
    closed = threading.Event()

    def talk(connection: Any) -> None:
        whole(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.close()
        closed.set()

    async def main(bank: Server) -> None:
        url = f"http://127.0.0.1:{bank.port}"
        transport = TRANSPORTS[kind](url, timeout_s=2, direct=True)
        for _ in range(3):
            closed.clear()
            response = await exchange(transport, httpx.Request(method, url, content=BODY))
            assert response.status_code == 200
            closed.wait(5)  # the loop stands still: what the server did meanwhile it has not heard
        await transport.aclose()

    with server(talk) as bank:
        asyncio.run(main(bank))
        assert bank.taken == 3


def test_no_cookie_is_kept(kind: str) -> None:
    """What a gateway sets for one customer's call does not travel with the next."""
    heads: list[bytes] = []

    def talk(connection: Any) -> None:
        heads.append(head_of(connection))
        answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: who=1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        connection.sendall(answer)

    async def main(bank: Server) -> None:
        url = f"http://localhost:{bank.port}"
        transport = TRANSPORTS[kind](url, timeout_s=2, direct=True)
        for _ in range(2):
            await exchange(transport, httpx.Request("GET", url))
        await transport.aclose()

    with server(talk) as bank:
        asyncio.run(main(bank))
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_a_body_of_any_size_arrives_whole(kind: str, size: int) -> None:
    """Small bodies leave with their head, large ones in pieces: what arrives is what was given, with its length."""
    read = bytearray()

    def talk(connection: Any) -> None:
        head, _, body = head_of(connection).partition(b"\r\n\r\n")
        assert b"\r\ncontent-length: %d\r\n" % size in head.lower() + b"\r\n"
        read.extend(body)
        while len(read) < size:
            read.extend(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def main(bank: Server) -> None:
        url = f"http://127.0.0.1:{bank.port}"
        transport = TRANSPORTS[kind](url, timeout_s=10, direct=True)
        await exchange(transport, httpx.Request("POST", url, content=b"x" * size))
        await transport.aclose()

    with server(talk) as bank:
        asyncio.run(main(bank))
    assert bytes(read) == b"x" * size


def test_a_name_server_that_is_silent_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call ends in its own time, as unsent, and the loop ends at once though the question is still open."""
    asked, enough = threading.Event(), threading.Event()

    def lookup(*_: object, **__: object) -> list[Any]:
        asked.set()
        enough.wait(30)
        return []

    async def main() -> None:
        transport = TRANSPORTS["aiohttp"]("http://bank.invalid", timeout_s=0.3, direct=True)
        try:
            with pytest.raises(Unsent, match="takes no connection in time"):
                await exchange(transport, httpx.Request("POST", "http://bank.invalid", content=BODY))
        finally:
            await transport.aclose()

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    started = time.monotonic()
    try:
        asyncio.run(main())
        assert asked.is_set()
        assert time.monotonic() - started < 15
    finally:
        enough.set()


def test_a_loop_that_stood_still_past_all_limits_tells_how_far_a_call_had_come() -> None:
    """The time to connect and the time for the whole are over at once: still without a connection, so unsent."""

    async def main(port: int) -> None:
        transport = TRANSPORTS["aiohttp"](f"http://127.0.0.1:{port}", timeout_s=0.2, direct=True)
        call = exchange(transport, httpx.Request("POST", f"http://127.0.0.1:{port}", content=BODY))
        task = asyncio.create_task(call)
        await asyncio.sleep(0.05)
        time.sleep(0.4)  # noqa: ASYNC251 - that is the point
        try:
            with pytest.raises(Unsent):
                await task
        finally:
            await transport.aclose()

    with full_port() as port:
        asyncio.run(main(port))


def test_a_token_that_would_forge_a_header_never_leaves() -> None:
    """What a bank once answered with is no way to write lines of our own into a request."""
    url = "http://127.0.0.1:9"

    async def main() -> None:
        transport = TRANSPORTS["aiohttp"](url, timeout_s=2, direct=True)
        with pytest.raises(Unsent):
            await exchange(
                transport, httpx.Request("GET", url, headers=[(b"Authorization", b"Bearer x\r\nX-Forged: 1")])
            )
        await transport.aclose()

    asyncio.run(main())


def test_a_proxy_for_plain_http_is_told_the_whole_address_and_who_asks(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without TLS there is no tunnel: the request itself goes to the proxy, with user and password."""
    heads: list[bytes] = []

    def talk(connection: Any) -> None:
        heads.append(whole(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def main() -> int:
        url = "http://bank.example.com/api"
        transport = TRANSPORTS[kind](url, timeout_s=2, direct=False)
        request = httpx.Request("POST", url, content=BODY, extensions={"target": b"/api/a%2Fb?x=1"})
        status = (await exchange(transport, request)).status_code
        await transport.aclose()
        return status

    with server(talk) as proxy:
        for name in ("http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert asyncio.run(main()) == 200
    assert heads[0].startswith(b"POST http://bank.example.com/api/a%2Fb?x=1 HTTP/1.1\r\n")
    assert heads[0].lower().count(b"\r\nproxy-authorization: basic dxnlcjpwqhnz") == 1
