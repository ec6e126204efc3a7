"""Private CAs and mutual TLS with real servers, and what is wrong with the files that name them."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from finhub_onboard.engine.connection import TRANSPORTS
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.outbound.tls import Trust, load_trust
from tests.outbound.lines import Tunnel, context_of, identity, pem, server
from tests.outbound.support import exchange

NOBODY: Mapping[str, str] = {}


@pytest.fixture(params=TRANSPORTS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each transport."""
    return str(request.param)


def asked(kind: str, port: int, trust: Trust, *, direct: bool = True) -> int:
    """Send one request over TLS."""

    async def main() -> int:
        url = f"https://127.0.0.1:{port}/"
        transport = TRANSPORTS[kind](url, timeout_s=5, direct=direct, trust=trust)
        try:
            return (await exchange(transport, httpx.Request("GET", url))).status_code
        finally:
            await transport.aclose()

    return asyncio.run(main())


def test_a_private_ca_is_trusted_when_it_is_named(kind: str, tmp_path: Path) -> None:
    """``api.ca_file``: a bank with a certificate of a private CA is reached with it, and not without it."""
    ca = trustme.CA()
    with server(context=context_of(ca.issue_cert("127.0.0.1"))) as bank:
        assert asked(kind, bank.port, load_trust(ca_file=pem(ca, tmp_path), environ=NOBODY)) == 200
        with pytest.raises(httpx.ConnectError):
            asked(kind, bank.port, load_trust(environ=NOBODY))


@pytest.mark.parametrize("together", [False, True])
def test_our_certificate_is_shown_to_a_bank_that_asks(kind: str, tmp_path: Path, *, together: bool) -> None:
    """``api.client_certificate`` and ``api.client_key``, also in one file: mutual TLS with the right one works."""
    ca, theirs = trustme.CA(), trustme.CA()
    context = context_of(ca.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    theirs.configure_trust(context)
    certificate, key = identity(theirs.issue_cert("job.example.com"), tmp_path)
    if together:
        certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    trust = load_trust(
        ca_file=pem(ca, tmp_path), certificate=certificate, key=None if together else key, environ=NOBODY
    )
    with server(context=context) as bank:
        assert asked(kind, bank.port, trust) == 200
        with pytest.raises(httpx.TransportError):
            asked(kind, bank.port, load_trust(ca_file=pem(ca, tmp_path), environ=NOBODY))


def test_the_systems_file_of_cas_is_honoured(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``SSL_CERT_FILE`` makes a private CA known, as the README says."""
    ca = trustme.CA()
    monkeypatch.setenv("SSL_CERT_FILE", str(pem(ca, tmp_path)))
    with server(context=context_of(ca.issue_cert("127.0.0.1"))) as bank:
        assert asked(kind, bank.port, load_trust()) == 200


def test_the_environments_proxy_is_honoured(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``HTTPS_PROXY`` is asked to lead to the bank, with its user and password; ``NO_PROXY`` passes it by."""
    ca, tunnel = trustme.CA(), Tunnel()
    for name in ("https_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    trust = load_trust(ca_file=pem(ca, tmp_path), environ=NOBODY)
    with server(context=context_of(ca.issue_cert("127.0.0.1"))) as bank, server(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
        assert asked(kind, bank.port, trust, direct=False) == 200
        assert tunnel.asked[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % bank.port)
        assert b"proxy-authorization: basic dxnlcjpwqhnz" in tunnel.asked[0].lower()
        for listed in ("127.0.0.1", "127.0.0.0/8", "x.example.com, 127.0.0.1"):
            monkeypatch.setenv("NO_PROXY", listed)
            assert asked(kind, bank.port, trust, direct=False) == 200
        assert len(tunnel.asked) == 1


def encrypted(leaf: trustme.LeafCert) -> bytes:
    """The key of a certificate behind a passphrase."""
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    lock = serialization.BestAvailableEncryption(b"canary-phrase")
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


BROKEN = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("setting", "content", "said"),
    [
        ("ca_file", None, "cannot be read"),
        ("ca_file", b"", "no certificate in PEM"),
        ("ca_file", b"canary text", "no certificate in PEM"),
        ("ca_file", b"\x30\x82\x01\xff", "no certificate in PEM"),
        ("ca_file", BROKEN, "cannot be read"),
        ("client_certificate", None, "cannot be read"),
        ("client_certificate", b"canary text", "no certificate in PEM"),
        ("client_certificate", BROKEN, "cannot be read"),
        ("client_key", None, "cannot be read"),
        ("client_key", b"canary text", "no private key in PEM"),
        ("client_key", b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "cannot be read"),
        ("client_key", "another", "is not that of the certificate"),
        ("client_key", "encrypted", "encrypted key"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_setting(
    tmp_path: Path, setting: str, content: bytes | str | None, said: str
) -> None:
    """Missing, empty, of another kind, damaged, of another certificate, encrypted: one message, no content."""
    ca = trustme.CA()
    leaf = ca.issue_cert("job.example.com")
    certificate, key = identity(leaf, tmp_path)
    paths = {"ca_file": pem(ca, tmp_path), "client_certificate": certificate, "client_key": key}
    wrong = paths[setting]
    made = {"another": ca.issue_cert("x.example.com").private_key_pem.bytes(), "encrypted": encrypted(leaf)}
    if content is None:
        wrong.unlink()
    else:
        wrong.write_bytes(made[content] if isinstance(content, str) else content)
    with pytest.raises(ConfigurationError) as caught:
        load_trust(
            ca_file=paths.get("ca_file"),
            certificate=paths.get("client_certificate"),
            key=paths.get("client_key"),
            environ=NOBODY,
        )
    message = f"{caught.value}; {caught.value.hint}"
    # A damaged certificate shows together with its key.
    assert f"api.{setting}: {wrong}" in message or (content == BROKEN and str(wrong) in message)
    assert said in message
    assert "canary" not in message


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    """A folder cannot be read as a certificate."""
    with pytest.raises(ConfigurationError, match=r"api\.ca_file: .*cannot be read"):
        load_trust(ca_file=tmp_path, environ=NOBODY)


def test_a_systems_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """``SSL_CERT_FILE`` that leads nowhere would look like a bank of an unknown issuer; plain http needs none."""
    environ = {"SSL_CERT_FILE": str(tmp_path / "nowhere.pem")}
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE: .*nowhere"):
        load_trust(environ=environ)
    assert load_trust(is_plain=True, environ=environ) == Trust()


def test_a_certificate_without_its_key_is_named(tmp_path: Path) -> None:
    """A certificate's file without a key, and no ``api.client_key``: the message says what is missing."""
    certificate, _ = identity(trustme.CA().issue_cert("job.example.com"), tmp_path)
    with pytest.raises(ConfigurationError, match=r"api\.client_certificate: .*no private key") as caught:
        load_trust(certificate=certificate, environ=NOBODY)
    assert "api.client_key" in caught.value.hint
