"""TLS of the practice bank, mutual if it is to ask for certificates of its callers.

Promises that files which cannot be used are a ``ConfigurationError``. Does not know uvicorn but for its options.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finhub_onboard.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files in PEM: the bank's certificate and key, and the CAs whose certificates it asks its callers for."""

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None

    def options(self) -> dict[str, Any]:
        """The options of uvicorn for it. Raises ``ConfigurationError`` for a file that cannot be used."""
        options: dict[str, Any] = {"ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key, password="")
            if self.client_ca:
                context.load_verify_locations(self.client_ca)
                options |= {"ssl_ca_certs": str(self.client_ca), "ssl_cert_reqs": ssl.CERT_REQUIRED}
        except OSError as error:  # of TLS, too
            named = ", ".join(str(path) for path in (self.certificate, self.key, self.client_ca) if path)
            message = f"cannot serve TLS with {named}: {error.strerror or error}"
            raise ConfigurationError(message, hint="give certificates and a key without a passphrase, in PEM") from None
        return options


def tls_of(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    """What the options of a command ask for; ``None``: plain HTTP."""
    if certificate:
        return Tls(certificate=certificate, key=key, client_ca=client_ca)
    if key or client_ca:
        raise ConfigurationError("--tls-key and --client-ca need --tls-cert", hint="name the bank's certificate, too")
    return None
