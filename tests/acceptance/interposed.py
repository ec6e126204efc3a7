"""Something between the job and the sandbox: it passes calls on, or answers in the bank's stead."""

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from finhub_onboard.sandbox import demo

Made = tuple[int, bytes]
Between = Callable[[str, bytes], Made | None]
"""Gets the path below the base and the body; gives the answer, or nothing to pass the call on."""
LOGIN, REGISTER = "/admin/", "/customer/individual/registration"


def told(status: int, message: str, **data: Any) -> Made:
    """Answer as the bank does."""
    return status, json.dumps({"code": status, "message": message, "data": data}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Interposed"

    def do_GET(self) -> None:
        """Pass a read on."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Pass a call on that changes something."""
        self._answer(self.rfile.read(int(self.headers["Content-Length"] or 0)))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        server, path = self.server, self.path.removeprefix(demo.BASE_PATH)
        with server.one:
            made = server.between(path, body)
            server.calls[LOGIN if path.startswith(LOGIN) else path] += 1
        status, content = made or self._passed_on(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _passed_on(self, body: bytes) -> Made:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.server.bank}{self.path}", data=body or None, headers=headers, method=self.command
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


class Interposed(ThreadingHTTPServer):
    """The server; ``between`` may be replaced at any time, ``calls`` counts them by path."""

    daemon_threads = True

    def __init__(self, bank: str, between: Between) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bank = bank
        self.between = between
        self.calls: Counter[str] = Counter()
        self.one = threading.Lock()

    @property
    def base_url(self) -> str:
        """Where the job finds it."""
        return f"http://127.0.0.1:{self.server_port}{demo.BASE_PATH}"


@contextmanager
def interposed(bank: str, between: Between = lambda *_: None) -> Iterator[Interposed]:
    """Run it before the bank at this root."""
    server = Interposed(bank, between)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
