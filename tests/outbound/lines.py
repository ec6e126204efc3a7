"""Servers of TLS on loopback for tests, their certificates, and a proxy that tunnels; all end with the block."""

import contextlib
import datetime as dt
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

Talk = Callable[[Any], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
_NOW = dt.datetime.now(dt.UTC)
_WAIT_S = 5.0


def days(count: int) -> dt.datetime:
    """So many days from now."""
    return _NOW + dt.timedelta(days=count)


def head_of(connection: Any) -> bytes:
    """Read up to the end of a request's head; what there is, if the connection ends before."""
    read = b""
    while b"\r\n\r\n" not in read and (more := connection.recv(65536)):
        read += more
    return read


def saying(data: bytes) -> Talk:
    """Wait for a request, then write ``data``."""

    def talk(connection: Any) -> None:
        head_of(connection)
        connection.sendall(data)

    return talk


class Server:
    """A server of threads on loopback; ``talk`` has each connection, after the handshake if there is a context.

    ``context`` may be changed while it serves. ``heads`` counts connections that came so far as to talk.
    """

    def __init__(self, talk: Talk, context: ssl.SSLContext | None) -> None:
        self.talk = talk
        self.context = context
        self.taken = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.taken += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(_WAIT_S)
        with contextlib.suppress(OSError), connection:
            if self.context is None:
                self.talk(connection)
                return
            with self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as wrapped:
                try:
                    wrapped.do_handshake()
                except ssl.SSLError:
                    _let_go(socket.socket(fileno=wrapped.detach()))
                    return
                self.talk(wrapped)

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _let_go(connection: socket.socket) -> None:
    """Close when the other side has: to close with anything unread is a reset, and takes our last word with it."""
    with connection:
        connection.settimeout(_WAIT_S)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@contextmanager
def server(talk: Talk | None = None, *, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve on a free port of loopback; without ``talk`` each request is answered with 200."""
    made = Server(talk or saying(OK), context)
    try:
        yield made
    finally:
        made.close()


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """The server's side of TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def pem(ca: trustme.CA, folder: Path, name: str = "ca.pem") -> Path:
    """The CA's certificate as a file."""
    path = folder / name
    ca.cert_pem.write_to_path(str(path))
    return path


def identity(leaf: trustme.LeafCert, folder: Path, name: str = "client") -> tuple[Path, Path]:
    """A certificate and its key as two files."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(key))
    return certificate, key


class Tunnel:
    """A proxy for CONNECT: notes what it is asked, and answers ``refusal`` instead if there is one."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.refusal = refusal
        self.asked: list[bytes] = []

    def __call__(self, connection: Any) -> None:
        """Serve one connection."""
        head = head_of(connection)
        self.asked.append(head)
        if self.refusal:
            connection.sendall(self.refusal)
            return
        host, _, port = head.split(b" ")[1].rpartition(b":")
        with socket.create_connection((host.decode(), int(port)), timeout=_WAIT_S) as onward:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
            back.start()
            _pump(connection, onward)
            back.join(_WAIT_S)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def leading_to(port: int) -> Talk:
    """Carry one request and its answer to the server at this port of loopback; the next needs a new connection."""

    def talk(connection: Any) -> None:
        head, _, body = head_of(connection).partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while len(body) < int(length[1] if length else 0):
            body += connection.recv(65536)
        with socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S) as onward:
            onward.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            while data := onward.recv(65536):
                connection.sendall(data)

    return talk
