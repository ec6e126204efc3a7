"""Why a call got no answer: from exception classes and codes to a message that helps a person. Pure.

Promises: every message names host and port, and what to do; none contains a path, a secret or anything that the other
side said. ``sent`` is false only where no byte of a request can have been read: no connection, or no TLS, was
established.
"""

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from finhub_onboard.finhub.calls import Kind
from finhub_onboard.outbound.proxies import Proxy, proxy_of

BROKE = "the connection broke"


class Unclear(Enum):
    """What a diagnosis may find out (``outbound.diagnosis``)."""

    NOTHING = auto()
    HANDSHAKE = auto()
    """Whether the server speaks TLS at all."""
    PROTOCOL = auto()
    """Whether the server speaks another protocol."""


class NotHttpError(Exception):
    """The answer is not HTTP/1.1."""


class ProxyRefusedError(Exception):
    """A proxy answered CONNECT with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The endpoint of calls: the bank's host, and a proxy. ``shows``: whether we have a client certificate."""

    host: str
    port: int
    tls: bool
    proxy: Proxy | None = None
    shows: bool = False

    def __str__(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why there is no answer; ``kind`` is set where it is neither the bank nor the network."""

    text: str
    sent: bool = False
    unclear: Unclear = Unclear.NOTHING
    kind: Kind = Kind.NONE


def line_to(url: str, *, direct: bool, shows: bool) -> Line:
    """The endpoint for this address."""
    parts = urlsplit(url)
    tls, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if tls else 80)
    return Line(host=host, port=port, tls=tls, shows=shows, proxy=None if direct else proxy_of(parts.scheme, host))


def cause_of(line: Line, error: BaseException, *, sent: bool) -> Cause:
    """The cause by ``error`` and the exceptions behind it; ``sent``: part of the request may have been sent."""
    chain = tuple(behind(error))
    if reason := next((reason for inner in chain if (reason := _reason(inner)) in _ABOUT_OUR_CERTIFICATE), ""):
        # The server aborts its handshake: it has not read what we sent after ours.
        return Cause(text=_our_certificate(line, reason))
    if sent:
        no_http = any(isinstance(inner, NotHttpError) for inner in chain)
        broke = f"{line} answers in no HTTP/1.1; {_ADDRESS}" if no_http else f"the connection to {line} broke"
        return Cause(text=broke, sent=True, unclear=Unclear.PROTOCOL)
    for inner in reversed(chain):  # the innermost is the most specific
        if (cause := _unconnected(line, inner)) is not None:
            return cause
    code = next((inner.errno for inner in reversed(chain) if isinstance(inner, OSError) and inner.errno), 0)
    if line.tls and code <= 0:
        return _broken_off(line)
    words = f": {os.strerror(code)}" if code > 0 else ""
    return Cause(text=f"no connection to {line.proxy or line}{words}; check the network and api.base_url")


def of_this_machine(error: int) -> Cause:
    """The cause for a connection that this machine lacks resources for, by errno."""
    return Cause(text=f"{_MACHINE} ({os.strerror(error)}); {_OPEN_FILES}", kind=Kind.MACHINE)


def behind(error: BaseException) -> Iterator[BaseException]:
    """``error`` and its causes, outermost first; of an exception group only the first member."""
    current: BaseException | None = error
    while current is not None:
        yield current
        first = current.exceptions if isinstance(current, BaseExceptionGroup) else current.args
        # httpcore hands the cause over as the first argument, without chaining.
        inner = first[0] if first and isinstance(first[0], BaseException) else None
        current = current.__cause__ or inner


def _reason(error: BaseException) -> str:
    """OpenSSL's name of a TLS error, if ``error`` is one."""
    if not isinstance(error, ssl.SSLError):
        return ""
    reason = getattr(error, "reason", None) or ""
    # Python 3.11 has no name for this code.
    return _NO_PROTOCOL if not reason and "no application protocol" in str(error) else reason


def _unconnected(line: Line, error: BaseException) -> Cause | None:
    """The cause of a failed connection, as far as this single exception shows it."""
    match error:
        case ProxyRefusedError():
            return _refused_by_proxy(line, error.status)
        case NotHttpError():
            return Cause(text=f"{line.proxy or line} does not answer as a proxy; check it")
        case ssl.SSLCertVerificationError():
            what, advice = _CERTIFICATES.get(error.verify_code, (f"{_UNFIT} ({error.verify_message})", _RENEW))
            return Cause(text=f"{line} {what}; {advice}")
        case ssl.SSLError() if (reason := _reason(error)) in _HANDSHAKES:
            what, advice, unclear = _HANDSHAKES[reason]
            return Cause(text=f"{line} {what}; {advice}", unclear=unclear)
        case socket.gaierror() | UnicodeError():
            return _at_the_near_end(line, "has a name that cannot be resolved (DNS)", _ADDRESS)
        case TimeoutError():
            return _late(line)
        case OSError(errno=errno.EMFILE | errno.ENFILE as code):
            return of_this_machine(code)
        case OSError(errno=code) if code in _NO_WAY:
            return _at_the_near_end(line, *_NO_WAY[code])
        case ssl.SSLError() | ConnectionError() if line.tls:
            return _broken_off(line)
    return None


def _at_the_near_end(line: Line, what: str, advice: str) -> Cause:
    """A cause at the host that we connect to: the proxy if there is one."""
    if line.proxy:
        advice = _AT_PROXY.format(line.proxy.variable) if advice == _ADDRESS else advice
    return Cause(text=f"{line.proxy or line} {what}; {advice}")


def _broken_off(line: Line) -> Cause:
    peer = f"{line.proxy} or {line} behind it" if line.proxy else line
    return Cause(text=f"{peer} {_BROKEN_OFF}", unclear=Unclear.HANDSHAKE)


def _late(line: Line) -> Cause:
    if not line.tls:
        return _at_the_near_end(line, "takes no connection in time", _SLOW)
    if line.proxy:
        return Cause(text=f"{line.proxy} makes no secure connection to {line} in time; {_WHO}")
    what = "takes no connection or finishes no TLS handshake in time"
    return Cause(text=f"{line} {what}; {_SLOW}", unclear=Unclear.HANDSHAKE)


def _refused_by_proxy(line: Line, status: int) -> Cause:
    proxy = line.proxy
    variable = proxy.variable if proxy else "HTTPS_PROXY"
    if status == 407:  # noqa: PLR2004 - proxy authentication required
        todo = f"put user and password into {variable}, or name the bank in NO_PROXY"
        return Cause(text=f"{proxy or 'a proxy'} asks for credentials (407); {todo}", kind=Kind.PROXY)
    what = "cannot reach" if status in _BAD_GATEWAYS else "does not lead to"
    return Cause(text=f"{proxy or 'a proxy'} {what} {line} (it answers {status}); {_WHO}")


def _our_certificate(line: Line, reason: str) -> str:
    if not line.shows or reason == _WANTED:
        return f"{line} asks for a certificate of ours (mutual TLS); {_OWN}"
    why = {_EXPIRED: ": it has expired", _UNKNOWN: ": it does not know its issuer"}.get(reason, "")
    return f"{line} refuses our certificate{why}; check api.client_certificate, or ask the bank"


_MACHINE = "this machine can open no file more, and so no connection"
_OPEN_FILES = "see what has them open, raise the limit (ulimit -n, LimitNOFILE=), or lower limits.max_in_flight"
_ADDRESS = "check host and port in api.base_url"
_AT_PROXY = "check {}, or name the bank in NO_PROXY"
_WHO = "ask who runs the proxy, or name the bank in NO_PROXY"
_NETWORK = "check network, VPN and firewall"
_CA = "if it is the bank's, name its CA in api.ca_file"
_RENEW = "the bank must renew it; nothing can be set here"
_SLOW = "check api.base_url, network and firewall, and whether a proxy is needed (HTTPS_PROXY)"
_OWN = "set api.client_certificate and api.client_key"
_UNFIT = "shows a certificate that cannot be accepted"
_BROKEN_OFF = (
    f"broke the connection off before it was secure (TLS handshake); {_ADDRESS}, and whether it asks for a certificate"
    " of ours (api.client_certificate)"
)
_BAD_GATEWAYS = (502, 503, 504)

_UNKNOWN_ISSUER = ("shows a certificate of an unknown issuer", _CA)
_ANOTHER_NAME = ("shows a certificate for another name", "write the name of the certificate in api.base_url")
_CERTIFICATES: dict[int, tuple[str, str]] = {
    2: _UNKNOWN_ISSUER,
    9: ("shows a certificate that is not yet valid", "check the clock of this machine"),
    10: ("shows a certificate that has expired", _RENEW),
    18: ("shows a self-signed certificate", "if it is the bank's, name it in api.ca_file"),
    19: ("shows a certificate of an unknown issuer, a private CA", "name it in api.ca_file"),
    20: _UNKNOWN_ISSUER,
    21: _UNKNOWN_ISSUER,
    23: ("shows a certificate that was revoked", _RENEW),
    62: _ANOTHER_NAME,
    64: _ANOTHER_NAME,
}
"""OpenSSL's ``X509_V_ERR_*`` -> the error, and what to do."""

_VERSION = (
    "has no TLS version or cipher in common with this job (TLS 1.2 or newer)",
    "the bank must offer one; check the port in api.base_url",
    Unclear.NOTHING,
)
_NO_NAME = ("does not know this host name (TLS)", _ADDRESS, Unclear.NOTHING)
_NO_PROTOCOL = "TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
_NO_TLS = ("does not speak TLS there", _ADDRESS, Unclear.HANDSHAKE)
_HANDSHAKES: dict[str, tuple[str, str, Unclear]] = {
    "TLSV1_ALERT_PROTOCOL_VERSION": _VERSION,
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": _VERSION,
    "UNSUPPORTED_PROTOCOL": _VERSION,
    _NO_PROTOCOL: (
        "takes no HTTP/1.1, perhaps HTTP/2 only",
        "the job speaks HTTP/1.1: ask the bank for an address that does",
        Unclear.NOTHING,
    ),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "ends the TLS handshake: it asks for a certificate of ours, or has no TLS cipher in common with this job",
        _OWN,
        Unclear.NOTHING,
    ),
    "TLSV1_UNRECOGNIZED_NAME": _NO_NAME,
    "TLSV1_ALERT_UNRECOGNIZED_NAME": _NO_NAME,
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "PACKET_LENGTH_TOO_LONG": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
}
"""OpenSSL's reason -> the error, what to do, and what a diagnosis may find out."""

_WANTED, _EXPIRED, _UNKNOWN = (
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "TLSV1_ALERT_UNKNOWN_CA",
)
_ABOUT_OUR_CERTIFICATE = frozenset(
    {
        _WANTED,
        _EXPIRED,
        _UNKNOWN,
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "TLSV1_ALERT_ACCESS_DENIED",
    }
)
"""A server's alerts about a client certificate, which always abort a handshake."""

_NO_ROUTE = ("cannot be reached: there is no route to it (network is unreachable)", _NETWORK)
_NO_WAY: dict[int, tuple[str, str]] = {
    errno.ECONNREFUSED: ("refuses connections", _ADDRESS),
    errno.ENETUNREACH: _NO_ROUTE,
    errno.EHOSTUNREACH: _NO_ROUTE,
    errno.ENETDOWN: _NO_ROUTE,
    errno.EHOSTDOWN: _NO_ROUTE,
}
"""errno -> why there is no connection."""
