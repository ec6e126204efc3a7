"""Our client certificate and its key for mutual TLS, in PEM or PKCS#12, and the days that it has left.

Promises: whatever is wrong with them is a :class:`ConfigurationError` before anything is sent; a key that a passphrase
protects never lies on a disk without one. PKCS#12 and dates need the library cryptography (the extra ``tls``); without
it PEM works all the same.
"""

import ssl
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.outbound.pem_files import KEY, read, some_certificate, unreadable, unusable

_CERTIFICATE, _KEY = "api.client_certificate", "api.client_key"
_PASSPHRASE = "ONBOARD_CREDENTIALS__CLIENT_CERTIFICATE_PASSWORD"  # noqa: S105 - the name of a variable
_INSTALL = "pip install 'cryptography>=42'"
_VERSION_3 = b"\x02\x01\x03"
"""What a PKCS#12 file holds within its first bytes (RFC 7292)."""
_SOON_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """A certificate and its key, in the files ``path`` and ``key`` or in ``pem``; ``days``: how long it is still good.

    ``pem`` is what was in a PKCS#12 file, its key encrypted by ``passphrase``.
    """

    path: Path
    key: Path | None = None
    passphrase: str = field(default="", repr=False)
    pem: bytes = field(default=b"", repr=False)
    ends: datetime | None = None
    days: int = 0

    @property
    def told(self) -> str:
        """A description for messages."""
        if self.ends is None:
            return f"our own certificate {self.path}; how long it is good is known with cryptography ({_INSTALL})"
        soon = ", a WARNING: have it renewed" if self.ends_soon else ""
        return f"our own certificate {self.path}, good for {self.days} more days (until {self.ends:%Y-%m-%d}{soon})"

    @property
    def ends_soon(self) -> bool:
        """Whether it is time to have it renewed."""
        return self.ends is not None and self.days < _SOON_DAYS

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let a TLS context show it. Raises what OpenSSL raises."""
        if not self.pem:
            context.load_cert_chain(self.path, self.key, password=self.passphrase)
            return
        with NamedTemporaryFile(prefix="finhub-onboard-", suffix=".pem") as file:  # OpenSSL reads from files only
            file.write(self.pem)
            file.flush()
            context.load_cert_chain(file.name, password=self.passphrase)


def load_own(path: Path, key: Path | None, passphrase: str, *, now: datetime) -> OwnCertificate:
    """Read and try our certificate and its key. Raises :class:`ConfigurationError` if the bank could not accept it."""
    content = read(_CERTIFICATE, path)
    if _VERSION_3 in content[:16]:
        if key:
            raise unusable(
                _KEY, key, f"is of no use: {path} is PKCS#12 and holds its key", hint="remove api.client_key"
            )
        own, pem = _from_pkcs12(path, content, passphrase)
    elif path.suffix.lower() in (".p12", ".pfx") and not KEY.search(content):
        raise unusable(_CERTIFICATE, path, "is no PKCS#12 file", hint="name another file, in PKCS#12 or PEM")
    else:
        own, pem = _from_pem(path, key, passphrase)
    return _dated(own, pem, now)


def _from_pem(path: Path, key: Path | None, passphrase: str) -> tuple[OwnCertificate, bytes]:
    chain = some_certificate(_CERTIFICATE, path)
    of_key, where = (_KEY, key) if key else (_CERTIFICATE, path)
    if not KEY.search(read(of_key, where) if key else chain):
        hint = "name the file of its private key in api.client_key"
        raise unusable(of_key, where, "holds no private key in PEM", hint=hint)
    own = OwnCertificate(path=path, key=key, passphrase=passphrase)
    _match(own, of_key, where)
    return own, chain


def _match(own: OwnCertificate, of_key: str, where: Path) -> None:
    """Check that the key is readable and belongs to the certificate."""
    asked: list[bool] = []

    def passphrase() -> str:
        asked.append(True)
        return own.passphrase

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(own.path, where, password=passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise unusable(of_key, where, f"holds a key that is not that of the certificate {own.path}") from None
        if asked:
            raise _locked(of_key, where, "holds an encrypted key", own.passphrase) from None
        message = f"cannot be read together with {own.path} as a certificate and its key"
        raise unusable(of_key, where, message) from None
    except OSError as error:
        raise unreadable(of_key, where, error) from None


def _locked(setting: str, path: Path, what: str, passphrase: str) -> ConfigurationError:
    wrong = f"the passphrase in {_PASSPHRASE} is wrong" if passphrase else f"{_PASSPHRASE} is not set"
    return unusable(setting, path, f"{what}, and {wrong}", hint=f"set {_PASSPHRASE}, or its …_FILE")


def _from_pkcs12(path: Path, content: bytes, passphrase: str) -> tuple[OwnCertificate, bytes]:
    """Unpack a PKCS#12 file; its key is encrypted anew, for it passes through a file on its way to OpenSSL."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415
    except ImportError:
        hint = f"{_INSTALL}, or name certificate and key in PEM (openssl pkcs12 -in FILE -out NEW)"
        raise unusable(_CERTIFICATE, path, "is PKCS#12, and what reads it is not installed", hint=hint) from None
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, passphrase.encode() or None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _locked(_CERTIFICATE, path, "is damaged, or holds an encrypted key", passphrase) from None
    if key is None or certificate is None:
        raise unusable(_CERTIFICATE, path, "holds no certificate with its private key", hint="name another file")
    own_passphrase = token_hex(32)
    chain = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (certificate, *others))
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(own_passphrase.encode()),
    )
    own = OwnCertificate(path=path, passphrase=own_passphrase, pem=key_pem + chain)
    try:
        own.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    except ssl.SSLError:
        raise unusable(_CERTIFICATE, path, "holds a key that is not that of its certificate") from None
    return own, chain


def _dated(own: OwnCertificate, chain: bytes, now: datetime) -> OwnCertificate:
    """The same with its end, if that can be known. Raises :class:`ConfigurationError` if it is not good now."""
    try:
        from cryptography import x509  # noqa: PLC0415 - an extra
    except ImportError:
        return own
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:  # OpenSSL takes it, and it is up to the bank
        return own
    begins, ends = first.not_valid_before_utc, first.not_valid_after_utc
    if now > ends:
        since = f"has expired on {ends:%Y-%m-%d}, {(now - ends).days} days ago"
        raise unusable(_CERTIFICATE, own.path, since, hint="have it renewed, and name the new one")
    if now < begins:
        hint = "name another one until then, or set this machine's clock (NTP)"
        raise unusable(_CERTIFICATE, own.path, f"is not valid before {begins:%Y-%m-%d %H:%M} UTC", hint=hint)
    return replace(own, ends=ends, days=(ends - now) // timedelta(days=1))
