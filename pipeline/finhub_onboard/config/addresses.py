"""Where an address leads: whether a bank's base URL is sound, and what stays on this machine. Pure; asks nobody."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import urlsplit

SANDBOX_URL = "sandbox:"


def base_url(value: str) -> str:
    """The address without what does not matter. Raises ``ValueError`` if it is none, or holds a secret."""
    value = value.strip().rstrip("/")
    return value if value == SANDBOX_URL else http_url(value, or_else=f' or "{SANDBOX_URL}"')


def http_url(value: str, *, or_else: str = "") -> str:
    """An http(s) address without spaces around it. Raises ``ValueError`` for any other, or if it holds a secret.

    A backslash is refused: clients disagree on where the host ends then.
    """
    value = value.strip()
    try:
        parts = urlsplit(value)
        port_is_real = parts.port is None or parts.port > 0
    except ValueError:
        port_is_real = False
    is_http = port_is_real and parts.scheme in ("http", "https") and parts.hostname and "\\" not in value
    if not is_http or not is_visible(value):
        raise ValueError(f"must be an http(s) address{or_else}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must hold no user, password, ? or #")
    return value


def is_plain(url: str) -> bool:
    """Whether calls to it travel without TLS."""
    return urlsplit(url).scheme == "http"


def is_loopback(url: str) -> bool:
    """Whether a connection to it stays on this machine, however the host is written.

    Of names only ``localhost`` itself: any other may lead elsewhere.
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        # As the client reads it: decimal, hexadecimal, octal and short forms of an address are that address.
        address: IPv4Address | IPv6Address = IPv4Address(inet_aton(host.removesuffix(".")))
    except OSError:
        try:
            address = ip_address(host)
        except ValueError:
            return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback and "%" not in host


def is_visible(value: str) -> bool:
    """Whether it can travel in a header or a path: visible ASCII without spaces."""
    return value.isascii() and value.isprintable() and " " not in value
