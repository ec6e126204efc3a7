"""TLS settings: private CAs to trust, and our client certificate for mutual TLS.

Promise: anything wrong with these files is a :class:`ConfigurationError` that names the setting and the file, before
anything is sent; no message contains file contents. Files are PEM.
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.small_files import read_small

_CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_SYSTEMS = "SSL_CERT_FILE"
"""The variable with which OpenSSL, curl and others replace the system's CAs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The CAs besides the system's (``ca``, PEM), and the files of our client certificate.

    ``ca_file`` is the file of ``ca``; ``system`` is a file of CAs that replaces the system's.
    """

    ca: bytes = b""
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    system: Path | None = None

    @property
    def told(self) -> str:
        """A description for messages: paths only."""
        parts = ["the system's CAs", f"those in {self.ca_file}" if self.ca_file else ""]
        parts.append(f"our own certificate {self.certificate}" if self.certificate else "")
        return ", ".join(part for part in parts if part)

    def context(self) -> ssl.SSLContext:
        """A TLS context with these settings."""
        context = ssl.create_default_context(cafile=self.system)
        # The same on every Python; 3.13 changed both flags. Private CAs often violate the strict checks, and a CA that
        # the user names is trusted even if it is not a root.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.set_alpn_protocols(["http/1.1"])
        if self.ca:
            context.load_verify_locations(cadata=self.ca.decode("ascii", "ignore"))
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


NO_TRUST = Trust()


def load_trust(
    *,
    ca_file: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    is_plain: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Trust:
    """Load and validate these files; ``is_plain``: calls travel without TLS.

    Raises :class:`ConfigurationError` that names the setting of a file that is unusable.
    """
    if certificate:
        _identity(certificate, key)
    return Trust(
        ca=_certificates("api.ca_file", ca_file) if ca_file else b"",
        ca_file=ca_file,
        certificate=certificate,
        key=key,
        system=None if is_plain else _system(environ, has_own=ca_file is not None),
    )


def _system(environ: Mapping[str, str], *, has_own: bool) -> Path | None:
    """The file of CAs with which the environment replaces the system's; ``has_own``: others are named."""
    if environ.get(_SYSTEMS):
        _some_certificate(_SYSTEMS, Path(environ[_SYSTEMS]))
        return Path(environ[_SYSTEMS])
    if not has_own and not _has_cas():
        hint = f"install them, name a file of them in {_SYSTEMS}, or the bank's CA in api.ca_file"
        raise ConfigurationError("this machine has no CA certificates, and so no bank could be trusted", hint=hint)
    return None


def _has_cas() -> bool:
    """Whether OpenSSL finds any CAs of the system."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(os.scandir(paths.capath))))


def _identity(certificate: Path, key: Path | None) -> None:
    """Validate our certificate with its key, which may be in the same file."""
    chain = _some_certificate("api.client_certificate", certificate)
    of_key, where = ("api.client_key", key) if key else ("api.client_certificate", certificate)
    key_pem = _read(of_key, where) if key else chain
    if not _KEY.search(key_pem):
        hint = "name the file of its private key in api.client_key"
        raise _unusable(of_key, where, "holds no private key in PEM", hint=hint)
    _match(certificate, of_key, where)


def _match(certificate: Path, of_key: str, where: Path) -> None:
    """Check that the key is readable and belongs to the certificate."""

    def encrypted() -> str:
        hint = "give the key without a passphrase, readable for the job's user only (openssl pkey -in KEY -out NEW)"
        raise _unusable(of_key, where, "holds an encrypted key, and nobody is there to be asked for it", hint=hint)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, where, password=encrypted)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _unusable(of_key, where, f"holds a key that is not that of the certificate {certificate}") from None
        message = f"cannot be read together with {certificate} as a certificate and its key"
        raise _unusable(of_key, where, message) from None
    except OSError as error:
        raise _unreadable(of_key, where, error) from None


def _certificates(setting: str, path: Path) -> bytes:
    """The CAs in a file; each must be parseable."""
    content = _some_certificate(setting, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii", "ignore"))
    except ssl.SSLError:
        raise _unusable(setting, path, "holds a certificate that cannot be read") from None
    return content


def _some_certificate(setting: str, path: Path) -> bytes:
    content = _read(setting, path)
    if not _CERTIFICATE.search(content):
        raise _unusable(setting, path, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
    return content


def _read(setting: str, path: Path) -> bytes:
    try:
        return read_small(path)
    except OSError as error:
        raise _unreadable(setting, path, error) from None


def _unreadable(setting: str, path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{setting}: {path} cannot be read: {error.strerror}", hint="check its path and who may read it"
    )


def _unusable(setting: str, path: Path, message: str, *, hint: str = "") -> ConfigurationError:
    return ConfigurationError(f"{setting}: {path} {message}", hint=hint or "name another file, in PEM")
