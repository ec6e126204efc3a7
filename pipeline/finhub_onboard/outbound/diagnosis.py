"""Diagnoses failing connections: opens one of its own, on which nothing of the job is sent.

For causes that the HTTP library does not distinguish. Used for probes, which change nothing; a result replaces the
cause. Blocking, for some seconds at most; never raises a connection's errors.
"""

import socket
import ssl
from contextlib import suppress

from finhub_onboard.outbound.causes import Cause, Line, Unclear, cause_of
from finhub_onboard.outbound.tls import Trust

_PATIENCE_S, _GREETING_S = 2.0, 0.5
_HEAD = 4096
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS, _GOAWAY = 4, 7
_FRAME = 9
_GREETING = b"OPTIONS * HTTP/1.0\r\n\r\n"
_REFUSES = "refuses our certificate; check api.client_certificate, or ask the bank"
_ASKS = "asks for a certificate of ours (mutual TLS); set api.client_certificate and api.client_key"


def look(line: Line, cause: Cause, trust: Trust) -> str:
    """The diagnosis for this cause; empty: nothing new."""
    with suppress(OSError, ValueError):  # also the end of TLS
        match cause.unclear:
            case Unclear.HANDSHAKE if not line.proxy:
                return _plain(line)
            case Unclear.PROTOCOL:
                return _protocol(line, trust)
    return ""


def _plain(line: Line) -> str:
    with _connected(line) as connection:
        connection.sendall(_GREETING)
        if connection.recv(_HEAD).startswith(b"HTTP/"):
            return f"{line} speaks plain HTTP and no TLS; check the port in api.base_url"
    return ""


def _protocol(line: Line, trust: Trust) -> str:
    if not line.tls:
        return _speaks_tls(line) or _http2(_connected(line), line)
    try:
        return _http2(_secured(line, trust.context()), line)
    except ssl.SSLError as error:
        cause = cause_of(line, error, sent=True)
        return "" if cause.sent else cause.text  # what it says of our certificate


def _speaks_tls(line: Line) -> str:
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    with suppress(OSError):
        _secured(line, anybody).close()
        return f"{line} speaks TLS; write https:// in api.base_url"
    return ""


def _http2(connection: socket.socket, line: Line) -> str:
    with connection:
        # An alert about the handshake comes unasked, and would be lost if something were sent meanwhile.
        connection.settimeout(_GREETING_S)
        try:
            frame = connection.recv(_FRAME)
        except TimeoutError:
            connection.settimeout(_PATIENCE_S)
            connection.sendall(_PREFACE)
            frame = connection.recv(_FRAME)
        else:
            if not frame and line.tls:
                perhaps = _REFUSES if line.shows else _ASKS
                return f"{line} ends the connection behind the TLS handshake: perhaps it {perhaps}"
    if len(frame) == _FRAME and frame[3] in (_SETTINGS, _GOAWAY) and frame[5:] == bytes(4):
        return f"{line} speaks HTTP/2 only, and the job HTTP/1.1; ask the bank for an address that takes HTTP/1.1"
    return ""


def _secured(line: Line, context: ssl.SSLContext) -> ssl.SSLSocket:
    connection = _connected(line)
    try:
        return context.wrap_socket(connection, server_hostname=line.host)
    except BaseException:
        connection.close()
        raise


def _connected(line: Line) -> socket.socket:
    """A connection to the bank, through the proxy if there is one."""
    end = line.proxy or line
    if line.proxy and line.proxy.scheme != "http":
        raise OSError("only plain proxies are looked at")
    connection = socket.create_connection((end.host, end.port), timeout=_PATIENCE_S)
    if line.proxy and line.tls and _asked(connection, line) != "200":
        connection.close()
        raise ConnectionError("the proxy does not lead there")
    return connection


def _asked(connection: socket.socket, line: Line) -> str:
    """Send a CONNECT to the proxy; return the status of its answer, empty if it is invalid."""
    proxy = line.proxy
    assert proxy is not None
    connection.sendall(f"CONNECT {line} HTTP/1.1\r\nHost: {line}\r\n{proxy.authorization}\r\n".encode("latin-1"))
    words = connection.recv(_HEAD).split(b" ", 2)
    is_status = len(words) > 1 and words[0].startswith(b"HTTP/") and len(words[1]) == 3 and words[1].isdigit()  # noqa: PLR2004
    return words[1].decode("ascii") if is_status else ""
