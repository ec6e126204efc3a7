"""TLS settings: private CAs to trust, and our client certificate for mutual TLS.

Promise: anything wrong with these files is a :class:`ConfigurationError` that names the setting and the file, before
anything is sent; no message contains file contents. CAs are in PEM.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.outbound.own_certificate import OwnCertificate, load_own
from finhub_onboard.outbound.pem_files import some_certificate, unusable

_SYSTEMS = "SSL_CERT_FILE"
"""The variable with which OpenSSL, curl and others replace the system's CAs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The CAs besides the system's (``ca``, PEM), and our client certificate.

    ``ca_file`` is the file of ``ca``; ``system`` is a file of CAs that replaces the system's.
    """

    ca: bytes = b""
    ca_file: Path | None = None
    own: OwnCertificate | None = None
    system: Path | None = None

    @property
    def told(self) -> str:
        """A description for messages: paths and dates only."""
        parts = ["the system's CAs", f"those in {self.ca_file}" if self.ca_file else ""]
        parts.append(self.own.told if self.own else "")
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
        if self.own:
            self.own.load_into(context)
        return context


NO_TRUST = Trust()


def load_trust(
    *,
    ca_file: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    passphrase: str = "",
    is_plain: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Trust:
    """Load and validate these files; ``passphrase`` is the key's, ``is_plain``: calls travel without TLS.

    Raises :class:`ConfigurationError` that names the setting of a file that is unusable.
    """
    return Trust(
        ca=_certificates("api.ca_file", ca_file) if ca_file else b"",
        ca_file=ca_file,
        own=load_own(certificate, key, passphrase, now=datetime.now(UTC)) if certificate else None,
        system=None if is_plain else _system(environ, has_own=ca_file is not None),
    )


def _system(environ: Mapping[str, str], *, has_own: bool) -> Path | None:
    """The file of CAs with which the environment replaces the system's; ``has_own``: others are named."""
    if environ.get(_SYSTEMS):
        some_certificate(_SYSTEMS, Path(environ[_SYSTEMS]))
        return Path(environ[_SYSTEMS])
    if not has_own and not _has_cas():
        hint = f"install them, name a file of them in {_SYSTEMS}, or the bank's CA in api.ca_file"
        raise ConfigurationError("this machine has no CA certificates, and so no bank could be trusted", hint=hint)
    return None


def _has_cas() -> bool:
    """Whether OpenSSL finds any CAs of the system."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(os.scandir(paths.capath))))


def _certificates(setting: str, path: Path) -> bytes:
    """The CAs in a file; each must be parseable."""
    content = some_certificate(setting, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii", "ignore"))
    except ssl.SSLError:
        raise unusable(setting, path, "holds a certificate that cannot be read") from None
    return content
