"""Certificates for the line to the bank: private CAs to trust, and our own certificate for mutual TLS.

Promise: whatever is wrong with these files is a :class:`ConfigurationError` that names the setting and the file, before
anything is sent; no message holds anything of what a file contains. Files are PEM.
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from finhub_onboard.config.settings import Api
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.small_files import read_small

_CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_SYSTEMS = "SSL_CERT_FILE"
"""The variable that OpenSSL, curl and the library below us read the system's CAs by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom we trust besides the system's CAs, and what we show who asks for our certificate; PEM, empty: nothing.

    ``ca_file``, ``certificate`` and ``key`` are where they lie.
    """

    ca: bytes = b""
    ca_file: Path | None = None
    identity: bytes = field(default=b"", repr=False)
    certificate: Path | None = None
    key: Path | None = None

    @property
    def told(self) -> str:
        """In words for a person: paths only."""
        said = ["the system's CAs", f"those in {self.ca_file}" if self.ca_file else ""]
        said.append(f"our own certificate {self.certificate}" if self.certificate else "")
        return ", ".join(part for part in said if part)

    def applied(self, builder: ClientBuilder) -> ClientBuilder:
        """The client's builder, told of it."""
        if self.ca:
            builder = builder.add_root_certificate_pem(self.ca)
        return builder.identity_pem(self.identity) if self.identity else builder

    def context(self) -> ssl.SSLContext:
        """The same for Python's own TLS."""
        context = ssl.create_default_context()
        if self.ca:
            context.load_verify_locations(cadata=self.ca.decode("ascii", "ignore"))
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


NO_TRUST = Trust()


def load_trust(api: Api, environ: Mapping[str, str] = os.environ) -> Trust:
    """Read and try what the settings name. Raises :class:`ConfigurationError` if any of it cannot be used."""
    if not api.is_plain and (system := environ.get(_SYSTEMS)):
        _some_certificate(_SYSTEMS, Path(system))
    ca = _certificates("api.ca_file", api.ca_file) if api.ca_file else b""
    if api.client_certificate is None:
        return Trust(ca=ca, ca_file=api.ca_file)
    return Trust(
        ca=ca,
        ca_file=api.ca_file,
        identity=_identity(api.client_certificate, api.client_key),
        certificate=api.client_certificate,
        key=api.client_key,
    )


def _identity(certificate: Path, key: Path | None) -> bytes:
    """Our certificate with its key, which may stand in the same file."""
    chain = _some_certificate("api.client_certificate", certificate)
    of_key, where = ("api.client_key", key) if key else ("api.client_certificate", certificate)
    found = _read(of_key, where) if key else chain
    if not _KEY.search(found):
        hint = "name the file of its private key in api.client_key"
        raise _unusable(of_key, where, "holds no private key in PEM", hint=hint)
    _match(certificate, of_key, where)
    identity = chain + b"\n" + found if key else chain
    try:
        ClientBuilder().no_proxy().identity_pem(identity).build()
    except (PyreqwestError, ValueError):
        hint = "use an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key"
        raise _unusable(of_key, where, "holds a key of a kind that cannot be used", hint=hint) from None
    return identity


def _match(certificate: Path, of_key: str, where: Path) -> None:
    """Make sure that the key can be read as it is, and is that of the certificate."""

    def encrypted() -> str:
        hint = "give the key without a passphrase, readable for the job's user only (openssl pkey -in KEY -out NEW)"
        raise _unusable(of_key, where, "holds an encrypted key, and nobody is there to be asked for it", hint=hint)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, where, password=encrypted)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _unusable(of_key, where, f"holds a key that is not that of the certificate {certificate}") from None
        said = f"cannot be read together with {certificate} as a certificate and its key"
        raise _unusable(of_key, where, said) from None
    except OSError as error:
        raise _unreadable(of_key, where, error) from None


def _certificates(setting: str, path: Path) -> bytes:
    """The CAs in a file, each of which can be read."""
    content = _some_certificate(setting, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii", "ignore"))
        ClientBuilder().no_proxy().add_root_certificate_pem(content).build()
    except (ssl.SSLError, PyreqwestError, ValueError):
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


def _unusable(setting: str, path: Path, said: str, *, hint: str = "") -> ConfigurationError:
    return ConfigurationError(f"{setting}: {path} {said}", hint=hint or "name another file, in PEM")
