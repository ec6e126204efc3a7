"""Why a call got no answer, in words: from the client's own causes to what a person can put right. Pure.

Promises: every cause names host and port, and what to do; none holds a path, a secret or anything that the other side
said. ``sent`` is false only where no byte of a request can have been read: no connection, or no TLS, came about.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from finhub_onboard.finhub.calls import Kind
from finhub_onboard.outbound.proxies import Proxy, proxy_of

NEVER_SENT = "client error (Connect)"  # hyper-util's words; a test pins them
_TUNNEL = "tunnel error"
_NOT_HTTP = "invalid http version parsed"
BROKE = "the connection broke"


class Unclear(Enum):
    """What a closer look may tell better (``outbound.diagnosis``)."""

    NOTHING = auto()
    ISSUER = auto()
    """Whether the certificate is self-signed."""
    TUNNEL = auto()
    """What the proxy answered."""
    HANDSHAKE = auto()
    """Whether it speaks TLS at all."""
    PROTOCOL = auto()
    """Whether it speaks another protocol than ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where calls go: the bank's end, and the proxy before it. ``shows``: whether we have a certificate of our own."""

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
    """Why there is no answer; ``kind`` tells where that is neither the bank's doing nor the network's."""

    text: str
    sent: bool = False
    unclear: Unclear = Unclear.NOTHING
    kind: Kind = Kind.NONE


def line_to(url: str, *, direct: bool, shows: bool) -> Line:
    """The line to the bank at this address."""
    parts = urlsplit(url)
    tls, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if tls else 80)
    return Line(host=host, port=port, tls=tls, shows=shows, proxy=None if direct else proxy_of(parts.scheme, host))


def cause_of(line: Line, said: Sequence[str]) -> Cause:
    """The cause in the words of the client, outermost first."""
    text = "; ".join(said).lower()
    alert = re.search(r"received fatal alert: (\w+)", text)
    if alert and alert[1] in _ABOUT_OUR_CERTIFICATE and ("(sendrequest)" in text or NEVER_SENT in said):
        # The server ends its handshake with it: what we sent behind ours it has not read.
        return Cause(text=_our_certificate(line, alert[1]))
    if NEVER_SENT not in said:
        broke = f"{line} answers in no HTTP/1.1; {_ADDRESS}" if _NOT_HTTP in text else f"the connection to {line} broke"
        return Cause(text=broke, sent=True, unclear=Unclear.PROTOCOL)
    if found := re.search(r"os error (23|24)\b", text):
        return of_this_machine(int(found[1]))
    if "proxy authorization required" in text:
        wanted = f"{line.proxy or 'a proxy'} asks for credentials (407); {_CREDENTIALS}"
        return Cause(text=_by_variable(line, wanted), kind=Kind.PROXY)
    at_proxy = line.proxy is not None and (_TUNNEL in text or not line.tls)
    peer = line.proxy if at_proxy else line
    if (
        not line.tls
    ):  # without a handshake only the connection itself can be late, whichever clock of the client ran out
        text = text.replace("operation timed out", "deadline has elapsed")
    for pattern, what, advice, unclear in _CAUSES:
        if re.search(pattern, text):
            todo = _AT_PROXY if at_proxy and advice == _ADDRESS else advice
            return Cause(text=_by_variable(line, f"{peer} {what}; {todo}"), unclear=unclear)
    return Cause(text=f"no connection to {peer}{_by_the_system(text)}; check the network and api.base_url")


def of_this_machine(error: int) -> Cause:
    """The cause of a connection for which this machine has no means, by the system's number of the error."""
    return Cause(text=f"{_MACHINE} ({os.strerror(error)}); {_OPEN_FILES}", kind=Kind.MACHINE)


_MACHINE = "this machine can open no file more, and so no connection"
_OPEN_FILES = "see what has them open, raise the limit (ulimit -n, LimitNOFILE=), or lower limits.max_in_flight"
_ADDRESS = "check host and port in api.base_url"
_AT_PROXY = "check HTTPS_PROXY, or name the bank in NO_PROXY"
_CREDENTIALS = "put user and password into HTTPS_PROXY, or name the bank in NO_PROXY"
_NETWORK = "check network, VPN and firewall"
_CA = "if it is the bank's, name its CA in api.ca_file"
_RENEW = "the bank must renew it; nothing can be set here"
_SLOW = "check api.base_url, network and firewall, and whether a proxy is needed (HTTPS_PROXY)"
_OWN = "set api.client_certificate and api.client_key"
_CAUSES: tuple[tuple[str, str, str, Unclear], ...] = (
    ("tunnel error: unsuccessful", "refuses to lead to the bank", "ask who runs it", Unclear.TUNNEL),
    (
        "invalid peer certificate: unknownissuer",
        "shows a certificate of an unknown issuer",
        _CA,
        Unclear.ISSUER,
    ),
    (
        "causedasendentity",
        "shows a self-signed certificate that is a CA's own",
        "the bank needs one that a CA issued",
        Unclear.NOTHING,
    ),
    ("certificate expired", "shows a certificate that has expired", _RENEW, Unclear.NOTHING),
    (
        "not valid yet",
        "shows a certificate that is not yet valid",
        "check the clock of this machine",
        Unclear.NOTHING,
    ),
    (
        "not valid for name",
        "shows a certificate for another name",
        "write the name of the certificate in api.base_url",
        Unclear.NOTHING,
    ),
    ("invalid peer certificate: revoked", "shows a certificate that was revoked", _RENEW, Unclear.NOTHING),
    ("invalid peer certificate", "shows a certificate that cannot be accepted", _RENEW, Unclear.NOTHING),
    (
        "alert: protocolversion|peer is incompatible|alert: insufficientsecurity",
        "has no TLS version or cipher in common with this job (TLS 1.2 or newer)",
        "the bank must offer one; check the port in api.base_url",
        Unclear.NOTHING,
    ),
    (
        "alert: noapplicationprotocol",
        "takes no HTTP/1.1, perhaps HTTP/2 only",
        "the job speaks HTTP/1.1: ask the bank for an address that does",
        Unclear.NOTHING,
    ),
    (
        "alert: handshakefailure",
        "ends the TLS handshake: it asks for a certificate of ours, or has no TLS cipher in common with this job",
        _OWN,
        Unclear.NOTHING,
    ),
    ("alert: unrecognisedname", "does not know this host name (TLS)", _ADDRESS, Unclear.NOTHING),
    ("received corrupt message", "does not speak TLS there", _ADDRESS, Unclear.HANDSHAKE),
    (
        "dns error|failed to lookup",
        "has a name that cannot be resolved (DNS)",
        _ADDRESS,
        Unclear.NOTHING,
    ),
    ("connection refused", "refuses connections", _ADDRESS, Unclear.NOTHING),
    (
        "network is unreachable|no route to host|host is unreachable",
        "cannot be reached: there is no route to it (network is unreachable)",
        _NETWORK,
        Unclear.NOTHING,
    ),
    ("deadline has elapsed", "takes no connection in time", _SLOW, Unclear.NOTHING),
    ("operation timed out", "does not finish the TLS handshake in time", _SLOW, Unclear.HANDSHAKE),
    (
        "handshake eof|unexpected eof|connection reset|received fatal alert|tunnel error",
        "broke the connection off before it was secure (TLS handshake)",
        f"{_ADDRESS}, and whether it asks for a certificate of ours (api.client_certificate)",
        Unclear.HANDSHAKE,
    ),
)
"""What the client's words mean: the first that fits. What it is, what to do, what a closer look may tell."""
_ABOUT_OUR_CERTIFICATE = frozenset(
    {
        "certificaterequired",
        "badcertificate",
        "unsupportedcertificate",
        "certificaterevoked",
        "certificateexpired",
        "certificateunknown",
        "unknownca",
        "accessdenied",
    }
)
"""What a server says of a client's certificate, and only ends a handshake with."""


def _our_certificate(line: Line, alert: str) -> str:
    if not line.shows or alert == "certificaterequired":
        return f"{line} asks for a certificate of ours (mutual TLS); {_OWN}"
    why = {"certificateexpired": ": it has expired", "unknownca": ": it does not know its issuer"}.get(alert, "")
    return f"{line} refuses our certificate{why}; check api.client_certificate, or ask the bank"


def _by_variable(line: Line, text: str) -> str:
    """Name the variable that the proxy stands in."""
    return text.replace("HTTPS_PROXY", line.proxy.variable) if line.proxy else text


def _by_the_system(text: str) -> str:
    """What the operating system said, in its own words."""
    number = re.search(r"os error (\d+)", text)
    return f": {os.strerror(int(number[1]))}" if number else ""
