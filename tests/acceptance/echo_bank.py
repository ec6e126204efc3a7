"""A bank that repeats what it is told wherever it can: messages, members nobody asked for, ids, headers, pages."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

TOKEN = "zqtokenzq.of.the-bank"
_STATUSES = (400, 409, 422, 500, 404, 503)  # 403 would stop the run


def forms(value: str) -> dict[str, str]:
    """The value in the ways in which it may come back."""
    return {
        "as it stands": value,
        "upper": value.upper(),
        "lower": value.lower(),
        "without spaces": "".join(value.split()),
        "percent": quote(value, safe=""),
        "base64": b64encode(value.encode()).decode(),
        "hexadecimal": value.encode().hex(),
        "escaped": "".join(f"\\u{ord(c):04x}" for c in value),
        "reversed": value[::-1],
    }


def strings(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str) and len(value) < 200:
        yield value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        """Answer a read."""
        self._answer({})

    def do_POST(self) -> None:
        """Answer a call that changes something."""
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}"))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, told: dict[str, Any]) -> None:
        path = self.path.removeprefix("/api/v2.1")
        known = [*strings(told), self.headers.get("Authorization", "")]
        number = self.server.next()
        if path.startswith("/admin/"):
            self.server.secrets = known
            if self.server.refuse:
                self._send(401, _refusal(known, number) | {"code": 401})
                return
            self._send(200, {"code": 200, "data": {"token": TOKEN, "echo": _all_forms(known)}})
        elif "hierarchy" in path:
            category = {"databaseId": "17", "categoryName": "Individual Standard", "echo": self.server.secrets}
            data = {"categories": {"INDIVIDUAL_STANDARD": category}, "echo": _all_forms(self.server.secrets)}
            self._send(200, {"code": 200, "data": data, "message": " ".join(self.server.secrets)})
        elif path == "/customer/individual/registration":
            self._registration(known, number)
        else:
            known += [path, *self.server.told.get(path.split("/")[3] if path.count("/") > 2 else "", [])]
            self._anything(known, number)

    def _registration(self, known: list[str], number: int) -> None:
        kind = number % 8
        if kind < len(_STATUSES):
            self._send(_STATUSES[kind], _refusal(known, number) | {"code": _STATUSES[kind]})
        elif kind == 6:
            self._send(200, {"code": 200, "data": {"id": _identifier(known, number), "echo": known}})
        else:
            identifier = f"c-{number}"
            self.server.told[identifier] = known
            body = {"code": 200, "data": {"id": identifier, "user": {"id": _identifier(known, number), "echo": known}}}
            self._send(200, body | {"message": " ".join(known)})

    def _anything(self, known: list[str], number: int) -> None:
        kind = number % 5
        if kind == 0:
            page = f"<html><body><h1>Bad gateway</h1>{' '.join(_all_forms(known))}</body></html>"
            self._send(502, page)
        elif kind == 1:
            self._send(200, {"success": False, "error": {"code": "INVALID_" + known[0], "message": " ".join(known)}})
        elif kind == 2:
            word = "".join(filter(str.isalpha, known[0])).upper()
            data = {"verificationId": _identifier(known, number), "status": word, "requiredDocuments": [word, known[0]]}
            data |= {"riskLevel": word, "missingConsents": [word], "consentOk": known[0], "verificationStatus": word}
            self._send(200, {"code": 200, "data": data | {"documents": [{"documentType": word}], "token": TOKEN}})
        elif kind == 3:
            self._send(200, f'{{"code": 200, "data": {{"echo": "{known[0]}"')
        else:
            status = _STATUSES[number % len(_STATUSES)]
            self._send(status, _refusal(known, number) | {"code": status})

    def _send(self, status: int, body: dict[str, Any] | str) -> None:
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response_only(status, "Zqreasonzq")  # without a Server header beside the one below
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        echoed = "".join(c for c in str(body) if c.isprintable() and c.isascii())[:300]
        for name in ("X-Echo", "Set-Cookie", "Location", "Server", "WWW-Authenticate"):
            self.send_header(name, echoed)
        self.send_header("Retry-After", "0" if status == 503 else echoed[:40])
        self.end_headers()
        self.wfile.write(content)


def _all_forms(known: list[str]) -> list[str]:
    return [form for value in known for form in forms(value).values()]


def _identifier(known: list[str], number: int) -> str:
    """An id that is made of what was told, as a path segment may be."""
    made = list(forms(known[number % 3 % len(known)]).values())[number // 8 % 7]
    return "".join(c for c in f"id_{made}" if c.isascii() and c not in " /@")


def _refusal(known: list[str], number: int) -> dict[str, Any]:
    """An error body that repeats everything, here and there in words that errors are written in."""
    said = _all_forms(known)
    part = said[number % 7 :: 7]
    errors = [{"field": value, "message": f"The value {value} is invalid", "rejectedValue": value} for value in part]
    return {
        "code": 400,
        "message": f"Customer {' '.join(part)} already exists",
        "data": {"details": "; ".join(said), "field": said[0], "errors": errors, "suggestions": said, "error": said[0]},
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *, refuse: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refuse = refuse
        self.secrets: list[str] = []
        self.told: dict[str, list[str]] = {}
        self._numbers = iter(range(10**9))
        self._one = threading.Lock()

    def next(self) -> int:
        """Number of a call."""
        with self._one:
            return next(self._numbers)


@contextmanager
def echo_bank(*, refuse: bool = False) -> Iterator[str]:
    """Run it; gives its base URL. ``refuse``: already the log-in."""
    server = _Server(refuse=refuse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v2.1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
