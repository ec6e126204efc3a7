"""Our own certificate in each form that a bank hands out, and what keeps it from being accepted."""

import asyncio
import datetime as dt
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from finhub_onboard.engine.connection import TRANSPORTS
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.outbound.own_certificate import OwnCertificate, load_own
from finhub_onboard.outbound.tls import load_trust
from tests.outbound.lines import context_of, days, identity, pem, server
from tests.outbound.support import exchange

NOW = dt.datetime.now(dt.UTC)
PASSPHRASE = "canary-phrase"
VARIABLE = "ONBOARD_CREDENTIALS__CLIENT_CERTIFICATE_PASSWORD"
CA = trustme.CA()


def lock(passphrase: str) -> Any:
    """How a key is protected."""
    if not passphrase:
        return serialization.NoEncryption()
    return serialization.BestAvailableEncryption(passphrase.encode())


def key_of(leaf: trustme.LeafCert) -> ec.EllipticCurvePrivateKey:
    """The key of a certificate."""
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def pkcs12_of(leaf: trustme.LeafCert, passphrase: str) -> bytes:
    """A certificate and its key in PKCS#12."""
    chain = [x509.load_pem_x509_certificate(part.bytes()) for part in leaf.cert_chain_pems]
    return pkcs12.serialize_key_and_certificates(b"job", key_of(leaf), chain[0], [*chain[1:]], lock(passphrase))


def written(folder: Path, name: str, content: bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content)
    return path


def encrypted_pem(leaf: trustme.LeafCert, folder: Path) -> tuple[Path, Path]:
    """A certificate, and its key behind the passphrase, as two files."""
    certificate, key = identity(leaf, folder)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    key.write_bytes(key_of(leaf).private_bytes(*form, lock(PASSPHRASE)))
    return certificate, key


def refused(path: Path, key: Path | None = None, passphrase: str = "") -> str:
    """The message and the hint for a certificate that cannot be used."""
    with pytest.raises(ConfigurationError) as caught:
        load_own(path, key, passphrase, now=NOW)
    message = f"{caught.value}; {caught.value.hint}"
    assert "canary" not in message
    return message


@pytest.mark.parametrize("kind", TRANSPORTS)
@pytest.mark.parametrize("form", ["pkcs12", "pkcs12 without passphrase", "pkcs12 by another name", "encrypted pem"])
def test_each_form_is_shown_to_a_bank_that_asks(kind: str, form: str, tmp_path: Path) -> None:
    """Mutual TLS works with it, also through a context that is made anew, and nothing of it stays behind on disk."""
    leaf, key, passphrase = CA.issue_cert("job.example.com"), None, PASSPHRASE
    if form == "encrypted pem":
        path, key = encrypted_pem(leaf, tmp_path)
    else:
        passphrase = "" if "without" in form else PASSPHRASE
        name = "client.bin" if "another" in form else "client.p12"
        path = written(tmp_path, name, pkcs12_of(leaf, passphrase))
    context = context_of(CA.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    CA.configure_trust(context)
    before = set(Path(tempfile.gettempdir()).glob("finhub-onboard-*.pem"))
    trust = load_trust(ca_file=pem(CA, tmp_path), certificate=path, key=key, passphrase=passphrase, environ={})

    async def main(port: int) -> int:
        url = f"https://127.0.0.1:{port}/"
        transport = TRANSPORTS[kind](url, timeout_s=5, direct=True, trust=trust)
        try:
            return (await exchange(transport, httpx.Request("GET", url))).status_code
        finally:
            await transport.aclose()

    with server(context=context) as bank:
        assert asyncio.run(main(bank.port)) == 200
    assert set(Path(tempfile.gettempdir()).glob("finhub-onboard-*.pem")) <= before
    assert "canary" not in repr(trust)


def test_a_key_out_of_pkcs12_is_never_without_a_passphrase(tmp_path: Path) -> None:
    """It passes through a file on its way to OpenSSL, under a passphrase that is made for it."""
    path = written(tmp_path, "client.p12", pkcs12_of(CA.issue_cert("job.example.com"), ""))
    own = load_own(path, None, "", now=NOW)
    assert b"ENCRYPTED PRIVATE KEY" in own.pem
    assert len(own.passphrase) == 64
    assert own.passphrase not in repr(own)


@pytest.mark.parametrize("form", ["pkcs12", "pem"])
@pytest.mark.parametrize(("given", "said"), [("", f"{VARIABLE} is not set"), ("wrong", f"{VARIABLE} is wrong")])
def test_a_passphrase_that_does_not_fit_is_named_by_its_variable(
    form: str, given: str, said: str, tmp_path: Path
) -> None:
    """Missing or wrong: nobody is asked for it, and the message says which."""
    leaf, key = CA.issue_cert("job.example.com"), None
    if form == "pkcs12":
        path = written(tmp_path, "client.p12", pkcs12_of(leaf, PASSPHRASE))
    else:
        path, key = encrypted_pem(leaf, tmp_path)
    message = refused(path, key, given)
    assert said in message
    assert "encrypted key" in message


def test_pkcs12_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """No PKCS#12 at all, cut off, without a key, or with a key beside it."""
    leaf = CA.issue_cert("job.example.com")
    good = pkcs12_of(leaf, "")
    assert "is no PKCS#12 file" in refused(written(tmp_path, "text.p12", b"canary text"))
    assert "is no PKCS#12 file" in refused(written(tmp_path, "empty.pfx", b""))
    assert f"{tmp_path}/cut.p12 is damaged" in refused(written(tmp_path, "cut.p12", good[:99]))
    chain = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    bare = pkcs12.serialize_key_and_certificates(b"job", None, chain, None, serialization.NoEncryption())
    assert "no certificate with its private key" in refused(written(tmp_path, "bare.p12", bare))
    _, key = identity(leaf, tmp_path)
    assert "api.client_key" in refused(written(tmp_path, "good.p12", good), key)


def test_the_key_of_another_certificate_in_pkcs12_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No good tool makes such a file, so it is the reader that gives them together here."""
    leaf, other = CA.issue_cert("job.example.com"), CA.issue_cert("x.example.com")
    path = written(tmp_path, "swapped.p12", pkcs12_of(leaf, ""))
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    monkeypatch.setattr(pkcs12, "load_key_and_certificates", lambda *_: (key_of(other), certificate, []))
    assert "is not that of its certificate" in refused(path)


@pytest.mark.parametrize("form", ["pem", "pkcs12"])
@pytest.mark.parametrize(("left", "soon"), [(300, False), (31, False), (30, False), (29, True), (0, True)])
def test_the_days_that_it_has_left_are_told(form: str, left: int, soon: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """With a warning below 30."""
    ends = days(left) + dt.timedelta(hours=12)
    leaf = CA.issue_cert("job.example.com", not_after=ends)
    own = owned(leaf, form, tmp_path)
    assert (own.days, own.ends_soon) == (left, soon)
    assert f"good for {left} more days (until {ends:%Y-%m-%d}" in own.told
    assert ("WARNING" in own.told) is soon


def owned(leaf: trustme.LeafCert, form: str, folder: Path) -> OwnCertificate:
    """Load a certificate in one of the two forms."""
    if form == "pkcs12":
        return load_own(written(folder, "client.p12", pkcs12_of(leaf, "")), None, "", now=NOW)
    return load_own(*identity(leaf, folder), "", now=NOW)


@pytest.mark.parametrize("form", ["pem", "pkcs12"])
@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [(-9, -2, "has expired on "), (2, 9, "is not valid before ")],
)
def test_one_that_is_not_good_now_is_an_error(form: str, begins: int, ends: int, said: str, tmp_path: Path) -> None:
    """The bank would refuse it: the message says since when, or until when."""
    leaf = CA.issue_cert("job.example.com", not_before=days(begins), not_after=days(ends))
    with pytest.raises(ConfigurationError, match=said) as caught:
        owned(leaf, form, tmp_path)
    assert f"{days(ends if ends < 0 else begins):%Y-%m-%d}" in str(caught.value)


def test_without_the_library_pem_works_and_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra ``tls`` is needed for PKCS#12 and for dates only, and the message says how to install it."""
    leaf = CA.issue_cert("job.example.com")
    certificate, key = identity(leaf, tmp_path)
    packed = written(tmp_path, "client.p12", pkcs12_of(leaf, ""))
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    own = load_own(certificate, key, "", now=NOW)
    own.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    assert own.ends is None
    assert "pip install 'cryptography" in own.told
    assert not own.ends_soon
    assert "pip install 'cryptography" in refused(packed)
