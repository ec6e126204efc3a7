"""Why a connection failed, with real servers on loopback: the true cause, where, what to do, and nothing sent."""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from finhub_onboard.engine.connection import TRANSPORTS
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.finhub.calls import CallName, Kind, Reply
from finhub_onboard.finhub.requests import Outgoing
from finhub_onboard.outbound.causes import Cause, Line, Unclear, cause_of
from finhub_onboard.outbound.client import Caller, Client
from finhub_onboard.outbound.diagnosis import look
from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.proxies import Proxy, proxy_of
from finhub_onboard.outbound.tls import load_trust
from tests.outbound.lines import OK, Server, Talk, Tunnel, context_of, days, identity, pem, saying, server
from tests.outbound.test_transport import full_port, refused_port


@pytest.fixture(params=TRANSPORTS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each transport."""
    return str(request.param)


CA, OTHER = trustme.CA(), trustme.CA()
GOOD = CA.issue_cert("127.0.0.1", "localhost")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have proxies."""
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def told(
    kind: str,
    url: str,
    folder: Path,
    *,
    urgent: bool = True,
    direct: bool = True,
    timeout_s: float = 5,
    ours: tuple[Path, Path] | None = None,
) -> Reply:
    """Send one log-in that the bank at this address gets, or not."""
    caller = Caller(base_url=url, tenant_id="", forwarded_for="127.0.0.1", device_id="")
    trust = load_trust(ca_file=pem(CA, folder), environ={}, certificate=ours and ours[0], key=ours and ours[1])

    async def main() -> Reply:
        transport = TRANSPORTS[kind](url, timeout_s=timeout_s, direct=direct, trust=trust)
        client = Client(
            caller,
            transport=transport,
            budget=Pacer(calls_per_second=1000, max_in_flight=4),
            look=transport.look,
        )
        request = Outgoing(method="POST", path="/login", body=b"{}")
        try:
            return (await client.send(CallName.LOGIN, request, urgent=urgent))[0]
        finally:
            await client.aclose()

    return asyncio.run(main())


def tls(certificate: trustme.LeafCert = GOOD, **changes: Any) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = context_of(certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name, value in changes.items():
            setattr(context, name, value)
    return context


def old() -> ssl.SSLContext:
    """A server of 2010."""
    context = tls(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def few_ciphers() -> ssl.SSLContext:
    """A server that knows only what this job does not."""
    context = tls(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES256-SHA256")
    return context


def asks_for_ours(**changes: Any) -> ssl.SSLContext:
    """A server that wants a certificate of a CA of its own."""
    context = tls(verify_mode=ssl.CERT_REQUIRED, **changes)
    OTHER.configure_trust(context)
    return context


def self_signed(folder: Path, *, is_ca: bool) -> ssl.SSLContext:
    """A server whose certificate is its own issuer's: it is in no CA's hands."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = folder / "own.pem"
    path.write_bytes(ca.private_key_pem.bytes() + ca.cert_pem.bytes() if is_ca else alone())
    context.load_cert_chain(path)
    return context


def alone() -> bytes:
    """A self-signed certificate that is no CA, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, days(-1), days(9))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = builder.add_extension(names, critical=True).sign(key, hashes.SHA256())
    pem_of, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem_of, form, serialization.NoEncryption()) + made.public_bytes(pem_of)


def alert(number: int) -> Talk:
    """Refuse the handshake with this alert."""

    def talk(connection: Any) -> None:
        connection.recv(5)
        connection.sendall(bytes([21, 3, 3, 0, 2, 2, number]))

    return talk


def at_once(data: bytes) -> Talk:
    """Say something as soon as the first bytes come."""

    def talk(connection: Any) -> None:
        connection.recv(65_536)  # what is left unread at the end would be a reset
        connection.sendall(data)

    return talk


def silent(connection: Any) -> None:
    """Wait for a request that never comes."""
    while connection.recv(65536):
        pass


def settings_frame(connection: Any) -> None:
    """Speak HTTP/2 whatever comes."""
    connection.recv(5)
    connection.sendall(bytes([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]))


Case = tuple[Callable[[Path], AbstractContextManager[Server]], str, str]
TLS_CASES: dict[str, Case] = {
    "unknown issuer": (
        lambda _: server(context=tls(OTHER.issue_cert("127.0.0.1"))),
        "unknown issuer",
        "api.ca_file",
    ),
    "expired": (
        lambda _: server(context=tls(CA.issue_cert("127.0.0.1", not_before=days(-9), not_after=days(-2)))),
        "has expired",
        "the bank must renew it",
    ),
    "not yet valid": (
        lambda _: server(context=tls(CA.issue_cert("127.0.0.1", not_before=days(2), not_after=days(9)))),
        "not yet valid",
        "clock",
    ),
    "wrong name": (
        lambda _: server(context=tls(CA.issue_cert("other.example.com"))),
        "for another name",
        "api.base_url",
    ),
    "self-signed": (lambda folder: server(context=self_signed(folder, is_ca=False)), "self-signed", "api.ca_file"),
    "self-signed CA": (lambda folder: server(context=self_signed(folder, is_ca=True)), "self-signed", "api.ca_file"),
    "certificate of ours": (
        lambda _: server(context=asks_for_ours()),
        "asks for a certificate of ours",
        "api.client_certificate",
    ),
    "certificate of ours, TLS 1.2": (
        lambda _: server(context=asks_for_ours(maximum_version=ssl.TLSVersion.TLSv1_2)),
        "asks for a certificate of ours",
        "api.client_certificate",
    ),
    "old TLS": (lambda _: server(context=old()), "no TLS version", "TLS 1.2"),
    "no common cipher": (lambda _: server(context=few_ciphers()), "no TLS cipher in common", ""),
    "plain http": (
        lambda _: server(at_once(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        "does not speak TLS|plain HTTP",
        "api.base_url",
    ),
    "plain http that waits": (lambda _: server(saying(OK)), "plain HTTP", "api.base_url"),
    "HTTP/2 only by ALPN": (lambda _: server(alert(120)), "HTTP/2 only", "HTTP/1.1"),
    "HTTP/2 only": (lambda _: server(settings_frame, context=tls()), "HTTP/2 only", "HTTP/1.1"),
    "another name by SNI": (lambda _: server(alert(112)), "does not know this host name", "api.base_url"),
    "closes": (lambda _: server(at_once(b"")), "before it was secure", "api.base_url"),
    "silent": (lambda _: server(silent), "TLS handshake in time", "firewall"),
}


@pytest.mark.parametrize("name", TLS_CASES)
def test_why_there_is_no_secure_connection(kind: str, name: str, tmp_path: Path) -> None:
    """The cause, host and port and what to do; nothing counts as sent, but for what another protocol made of it."""
    serve, why, todo = TLS_CASES[name]
    with serve(tmp_path) as bank:
        found = told(kind, f"https://127.0.0.1:{bank.port}/api", tmp_path, timeout_s=2)
    assert found.status is None
    assert any(words in found.cause for words in why.split("|")), found.cause
    assert todo in found.cause
    assert f"127.0.0.1:{bank.port} " in found.cause
    # Below httpx the server's word about our certificate may be lost: then it is in doubt.
    lost = (kind, name) == ("httpx", "certificate of ours")
    assert found.sent is (name == "HTTP/2 only") or lost


@pytest.mark.parametrize("kind", ["aiohttp"])  # below httpx the server's word is lost: in doubt, as it must be then
@pytest.mark.parametrize("urgent", [True, False])
def test_a_certificate_of_ours_that_is_refused(kind: str, tmp_path: Path, *, urgent: bool) -> None:
    """One of a CA that the bank does not know: said so, and nothing was sent by the bank's own word."""
    certificate, key = identity(CA.issue_cert("job.example.com"), tmp_path)
    with server(context=asks_for_ours()) as bank:
        url = f"https://127.0.0.1:{bank.port}"
        found = told(kind, url, tmp_path, urgent=urgent, ours=(certificate, key))
    assert "refuses our certificate: it does not know its issuer" in found.cause
    assert "api.client_certificate" in found.cause
    assert not found.sent


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_says_nothing_when_it_misses_our_certificate(
    kind: str, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    """Some end the connection without a word of TLS, such as those of asyncio: the message names what it may be."""
    context = asks_for_ours(minimum_version=version, maximum_version=version)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.close()

    listening = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = listening.sockets[0].getsockname()[1]
    try:
        found = told(kind, f"https://127.0.0.1:{port}", tmp_path)
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert found.cause.startswith(f"127.0.0.1:{port} ")
    assert "asks for a certificate of ours" in found.cause
    assert "api.client_certificate" in found.cause


def test_a_look_hears_what_a_call_may_miss(tmp_path: Path) -> None:
    """That our certificate is missed is told behind the handshake, and lost where a request crosses it."""
    with server(context=asks_for_ours()) as bank:
        line = Line(host="127.0.0.1", port=bank.port, tls=True)
        trust = load_trust(ca_file=pem(CA, tmp_path), environ={})
        found = look(line, Cause(text="x", sent=True, unclear=Unclear.PROTOCOL), trust)
    assert found.startswith(f"127.0.0.1:{bank.port} asks for a certificate of ours")


def test_refused(kind: str, tmp_path: Path) -> None:
    """Nobody listens there."""
    with refused_port() as port:
        found = told(kind, f"https://127.0.0.1:{port}", tmp_path)
    assert found.cause == f"127.0.0.1:{port} refuses connections; check host and port in api.base_url"
    assert not found.sent


def test_no_such_name(kind: str, tmp_path: Path) -> None:
    """The name leads nowhere."""
    found = told(kind, "https://bank.invalid", tmp_path)
    assert found.cause.startswith("bank.invalid:443 has a name that cannot be resolved (DNS); check host")
    assert not found.sent


def test_not_taken_in_time(kind: str, tmp_path: Path) -> None:
    """A connection that is neither taken nor refused, such as behind a firewall."""
    with full_port() as port:
        found = told(kind, f"http://127.0.0.1:{port}", tmp_path, timeout_s=0.4)
    assert "takes no connection in time" in found.cause
    assert not found.sent


def test_no_route(kind: str, tmp_path: Path) -> None:
    """A network that this machine has no way to; the broadcast address is one without any packet."""
    found = told(kind, "https://255.255.255.255", tmp_path)
    assert "255.255.255.255:443 cannot be reached" in found.cause
    assert "network" in found.cause
    assert not found.sent


@pytest.mark.parametrize("address", ["[::1]", "127.0.0.1"])
def test_host_and_port_of_every_family_are_named(kind: str, address: str, tmp_path: Path) -> None:
    """An address of IPv6 stands in brackets."""
    with refused_port() as port:
        assert told(kind, f"http://{address}:{port}", tmp_path).cause.startswith(f"{address}:{port} ")


def test_tls_where_http_was_written(kind: str, tmp_path: Path) -> None:
    """The bank's port speaks TLS and the address says http: the message says to write https."""
    with server(context=tls()) as bank:
        found = told(kind, f"http://127.0.0.1:{bank.port}", tmp_path)
    assert found.cause == f"127.0.0.1:{bank.port} speaks TLS; write https:// in api.base_url"


def test_http2_where_http_was_written(kind: str, tmp_path: Path) -> None:
    """HTTP/2 without TLS is told, too."""
    with server(settings_frame) as bank:
        assert "speaks HTTP/2 only" in told(kind, f"http://127.0.0.1:{bank.port}", tmp_path).cause


def test_another_protocol(kind: str, tmp_path: Path) -> None:
    """What is neither HTTP/1.1 nor anything that is known is said to be no HTTP/1.1."""
    with server(saying(b"220 mail.example.com ESMTP\r\n\r\n")) as bank:
        found = told(kind, f"http://127.0.0.1:{bank.port}", tmp_path)
    assert f"127.0.0.1:{bank.port} answers in no HTTP/1.1" in found.cause


@contextmanager
def proxied(monkeypatch: pytest.MonkeyPatch, talk: Talk) -> Iterator[Server]:
    """Put a proxy before the bank, by the environment."""
    with server(talk) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://someone:canary-secret@127.0.0.1:{proxy.port}")
        yield proxy


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("407 Proxy Authentication Required", "asks for credentials (407); put user and password into HTTPS_PROXY"),
        ("502 Bad Gateway", "cannot reach bank.example.com:443 (it answers 502); ask who runs the proxy"),
        ("503 Service Unavailable", "cannot reach bank.example.com:443 (it answers 503)"),
        ("403 Forbidden", "does not lead to bank.example.com:443 (it answers 403)"),
    ],
)
def test_a_proxy_that_refuses(
    kind: str, status: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the proxy says to CONNECT; its credentials stand in no message, and nothing counts as sent."""
    refusal = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    with proxied(monkeypatch, Tunnel(refusal)) as proxy:
        found = told(kind, "https://bank.example.com", tmp_path, direct=False)
    assert found.cause.startswith(f"the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY) {why}")
    assert "canary" not in found.cause
    assert not found.sent
    assert (found.kind is Kind.PROXY) is status.startswith("407")


def test_a_proxy_that_is_not_there(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy that refuses connections, not the bank."""
    with refused_port() as port:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
        found = told(kind, "https://bank.example.com", tmp_path, direct=False)
    expected = "refuses connections; check ALL_PROXY, or name the bank in NO_PROXY"
    assert found.cause == f"the proxy 127.0.0.1:{port} (ALL_PROXY) {expected}"


def test_a_certificate_behind_a_proxy(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a tunnel, the cause is the bank's certificate all the same."""
    tunnel = Tunnel()
    with ExitStack() as stack:
        bank = stack.enter_context(server(context=self_signed(tmp_path, is_ca=False)))
        stack.enter_context(proxied(monkeypatch, tunnel))
        found = told(kind, f"https://127.0.0.1:{bank.port}", tmp_path, direct=False)
    assert found.cause.startswith(f"127.0.0.1:{bank.port} shows a self-signed certificate")
    assert len(tunnel.asked) == bank.taken == 1


def test_a_look_sends_nothing_of_the_job(kind: str, tmp_path: Path) -> None:
    """What the looks say is not the request: a bank that speaks another protocol sees it once."""
    seen: list[bytes] = []

    def talk(connection: Any) -> None:
        seen.append(connection.recv(65536))
        connection.sendall(b"what?\r\n\r\n")

    with server(talk) as bank:
        told(kind, f"http://127.0.0.1:{bank.port}", tmp_path)
    assert len([data for data in seen if data.startswith(b"POST ")]) == 1
    assert len(seen) > 1


def test_only_probes_look_closer(kind: str, tmp_path: Path) -> None:
    """A customer's call is not followed by connections of its own."""
    with server(context=tls(OTHER.issue_cert("127.0.0.1"))) as bank:
        assert "unknown issuer" in told(kind, f"https://127.0.0.1:{bank.port}", tmp_path, urgent=False).cause
        assert bank.taken == 1


def test_what_nobody_foresaw_is_told_in_the_systems_words() -> None:
    """An unknown error of the operating system is told in its own words, and not the library's."""
    line = Line(host="bank.example.com", port=443, tls=True)
    error = ConnectionRefusedError("x")
    error.__cause__ = PermissionError(13, "canary")
    assert cause_of(line, PermissionError(13, "canary"), sent=False).text == (
        "no connection to bank.example.com:443: Permission denied; check the network and api.base_url"
    )
    assert "canary" not in cause_of(line, RuntimeError("canary"), sent=False).text
    assert cause_of(line, PermissionError(13, "canary"), sent=True).sent


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://u:p@p.example.com:3128"}, "the proxy p.example.com:3128 (HTTPS_PROXY)"),
        ({"https_proxy": "p.example.com"}, "the proxy p.example.com:80 (https_proxy)"),
        ({"HTTP_PROXY": "http://p.example.com"}, ""),
        ({"ALL_PROXY": "https://p.example.com"}, "the proxy p.example.com:443 (ALL_PROXY)"),
        ({"HTTPS_PROXY": "http://p.example.com", "NO_PROXY": "example.com"}, ""),
        ({"HTTPS_PROXY": "http://p.example.com", "NO_PROXY": "x.org, .example.com"}, ""),
        ({"HTTPS_PROXY": "http://p.example.com", "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": "http://p.example.com:1", "NO_PROXY": "ample.com"}, "the proxy p.example.com:1 (HTTPS_PROXY)"),
    ],
)
def test_which_proxy_the_environment_names(environ: dict[str, str], found: str) -> None:
    """By the variables that the client goes by; never with what stands before the ``@``."""
    proxy: Proxy | None = proxy_of("https", "bank.example.com", environ)
    assert str(proxy or "") == found
    assert "u:p" not in repr(proxy)


@pytest.mark.parametrize("value", ["socks5://canary:canary@p.example.com", "http://[bad", "http://p.example.com:port"])
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(value: str) -> None:
    """SOCKS or no address at all: nothing is sent past it, and what stands in the variable in no message."""
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY names no proxy for HTTP") as caught:
        proxy_of("https", "bank.example.com", {"HTTPS_PROXY": value})
    assert "canary" not in f"{caught.value} {caught.value.hint}"
