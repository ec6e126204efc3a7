"""The proxy of the environment, if any: only this module reads these variables, no library does."""

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from finhub_onboard.errors import ConfigurationError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy, and the variable that names it; ``user`` and ``password`` are in no message."""

    variable: str
    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """The name of the proxy in messages."""
        return f"the proxy {self.host}:{self.port} ({self.variable})"

    @property
    def authorization(self) -> str:
        """The header line with the credentials; empty without any."""
        credentials = b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return f"Proxy-Authorization: Basic {credentials}\r\n" if self.user else ""

    @property
    def address(self) -> str:
        """Its URL without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def proxy_of(scheme: str, host: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy for calls with this scheme to this host; ``None``: direct.

    Raises :class:`ConfigurationError` for an unusable one.
    """
    names = (name for upper in (f"{scheme.upper()}_PROXY", "ALL_PROXY") for name in (upper, upper.lower()))
    variable = next((name for name in names if environ.get(name)), "")
    if not variable or _is_passed_by(host, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    value = environ[variable]
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in _PORTS:
        raise ConfigurationError(
            f"{variable} names no proxy for HTTP",
            hint=f"write {variable}=http://HOST:PORT (SOCKS is not spoken), or name the bank in NO_PROXY",
        )
    return Proxy(
        variable=variable,
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _is_passed_by(host: str, listed: str) -> bool:
    for entry in filter(None, (part.strip().lower() for part in listed.split(","))):
        try:
            if ip_address(host) in ip_network(entry, strict=False):
                return True
        except ValueError:  # a name on either side
            name = entry.lstrip(".")
            if host == name or host.endswith(f".{name}") or (name == "*" and not host[-1:].isdigit()):
                return True
    return False
