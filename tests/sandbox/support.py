"""Ways to talk to the sandbox from tests: straight to its gate, or over a real socket."""

import base64
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import uvicorn

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.operations import match
from finhub_onboard.sandbox.scenario import parse
from finhub_onboard.sandbox.server import configure

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(__file__).parent / "examples"
HEADERS = {
    "X-Tenant-ID": demo.TENANT_ID,
    "X-Forwarded-For": "203.0.113.10",
    "X-Forwarded-From": "tests",
    "platform": "web",
    "deviceId": "tests-1",
    "User-Agent": "tests/1",
}
PASSWORD = "Example-Passw0rd!"
LOGIN = {
    "username": demo.USERNAME,
    "password": demo.PASSWORD,
    "tenantKey": demo.TENANT_KEY,
    "tenantSecret": demo.TENANT_SECRET,
}
LOGIN_PATH = f"/admin/organization/{demo.ORGANIZATION_ID}/users/{demo.USER_ID}/sessions"
CONSENTS = ("terms", "privacy", "data-processing")


def example(name: str) -> Any:
    """Read one of the contract's examples."""
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def registration(email: str, category: int = 0, **changes: Any) -> dict[str, Any]:
    """Make a good registration of ``email``."""
    chosen = demo.CATEGORIES[category]
    body = example("02-registration.request.json")
    return {**body, "email": email, "customerCategory": {"id": chosen.id, "name": chosen.name}, **changes}


@dataclass(kw_only=True)
class Reply:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The payload."""
        return self.body["data"]


class Caller:
    """Calls of a journey; how a call travels is the subclass's business."""

    admin = ""

    def call(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str | None) -> Reply:
        """Make one call of the contract."""
        raise NotImplementedError

    def post(self, path: str, body: Any, *, token: str | None = None, **headers: str | None) -> Reply:
        """Send ``body``, with the admin's token unless another is given."""
        return self.call("POST", path, body, token=self.admin if token is None else token, **headers)

    def get(self, path: str, *, token: str | None = None, **headers: str | None) -> Reply:
        """Read, with the admin's token unless another is given."""
        return self.call("GET", path, token=self.admin if token is None else token, **headers)

    def log_in(self) -> Self:
        """Open the admin's session."""
        self.admin = self.post(LOGIN_PATH, LOGIN, token="").data["token"]
        return self

    def register(self, email: str, category: int = 0) -> "Person":
        """Register a customer."""
        reply = self.post("/customer/individual/registration", registration(email, category))
        assert reply.status == 200, reply
        return Person(caller=self, email=email, id=reply.data["id"], user_id=reply.data["user"]["id"])


@dataclass(kw_only=True)
class Person:
    """A registered customer and its next calls."""

    caller: Caller
    email: str
    id: str
    user_id: str
    case: str = ""
    required: tuple[str, ...] = ("PASSPORT",)

    def path(self, rest: str) -> str:
        """Name a path below the customer."""
        return f"/customer/individual/{self.id}/{rest}"

    def session(self, password: str = PASSWORD) -> Reply:
        """Log the customer's user in."""
        body = {**LOGIN, "username": self.email, "password": password}
        return self.caller.post(self.path(f"users/{self.user_id}/sessions"), body, token="")

    def verify(self) -> Reply:
        """Open a verification."""
        reply = self.caller.post(self.path("verification"), example("04-verification.request.json"))
        if reply.status == 200:
            self.case = reply.data.get("verificationId") or reply.data["id"]
            self.required = tuple(reply.data["requiredDocuments"])
        return reply

    def prove(self) -> Reply:
        """Upload all documents that the verification asks for; the last answer."""
        return [self.upload({"GOVERNMENT_ID": "PASSPORT"}.get(kind, kind)) for kind in self.required][-1]

    def upload(
        self, kind: str = "PASSPORT", content: bytes = b"%PDF-1.4", changes: Mapping[str, str] | None = None
    ) -> Reply:
        """Upload a document."""
        body = {
            **example("05-document-passport.request.json"),
            "documentType": kind,
            "fileContent": base64.b64encode(content).decode(),
            "verificationId": self.case,
            "customerId": self.id,
            **(changes or {}),
        }
        return self.caller.post(f"/verifications/{self.case}/documents", body)

    def approve(self, status: str = "APPROVED") -> Reply:
        """Decide the verification as the admin."""
        body = {"verificationId": self.case, "status": status}
        return self.caller.post(f"/verifications/{self.case}/approve", body)

    def consent(self, name: str) -> Reply:
        """Accept one consent."""
        return self.caller.post(self.path(f"consents/{name}"), example("07-consent-terms.request.json"))

    def check(self) -> Reply:
        """Ask whether activation is possible."""
        return self.caller.get(self.path(f"owner/{demo.TENANT_ID}/activation/check"))

    def activate(self) -> Reply:
        """Activate."""
        return self.caller.post(self.path("activation"), {"userId": self.email, "code": "ACTIVATION_CODE_1"})

    def finish(self) -> list[int]:
        """Make the rest of the journey; the statuses."""
        replies = [self.session(), self.verify(), self.prove(), self.approve()]
        replies += [self.consent(name) for name in CONSENTS]
        return [reply.status for reply in [*replies, self.check(), self.activate()]]


class Desk(Caller):
    """Straight to the gate: no socket, and a clock that the test turns."""

    def __init__(self, shapes: str = "runner", **scenario: Any) -> None:
        self.sandbox = Sandbox(parse(scenario, "test"), shapes=shapes)
        self.now = 1_800_000_000.0

    def call(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str | None) -> Reply:
        """Make one call at the desk's time; a header set to ``None`` is left out."""
        path, _, query = path.partition("?")
        operation, params, _ = match(method, path)
        assert operation, path
        given = _headers(token, body, headers)
        raw = {name.lower().encode(): value.encode() for name, value in given.items()}
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.sandbox.gate.answer(operation, params, raw, content, query.encode(), self.now)
        return Reply(status=answer.status, body=answer.body)


class Wire(Caller):
    """Over a real socket, a connection of its own."""

    def __init__(self, port: int, timeout: float = 10) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def call(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str | None) -> Reply:
        """Make one call of the contract."""
        return self.raw(method, demo.BASE_PATH + path, body, _headers(token, body, headers))

    def control(self, method: str, path: str) -> Any:
        """Use the control plane."""
        return self.raw(method, path, None, {}).body

    def record(self) -> Any:
        """Read the bank's own truth."""
        return self.control("GET", "/sandbox/record")

    def raw(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        """Make any call; what is no JSON comes back as text."""
        content = None if body is None else json.dumps(body).encode()
        try:
            self.connection.request(method, path, content, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except BaseException:
            self.connection.close()  # the next call opens a new one
            raise
        try:
            value = json.loads(text)
        except ValueError:
            value = text.decode("latin-1")
        return Reply(status=answer.status, body=value, headers=dict(answer.getheaders()))


def _headers(token: str, body: Any, changes: Mapping[str, str | None]) -> dict[str, str]:
    given: dict[str, str | None] = {**HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    if token:
        given["Authorization"] = f"Bearer {token}"
    if body is not None:
        given.setdefault("Content-Type", "application/json")
    return {name: value for name, value in given.items() if value is not None}


@contextmanager
def running(scenario: Scenario | None = None, *, timeout: float = 10, shapes: str | None = None) -> Iterator[Wire]:
    """Serve a sandbox from a thread, on a real socket."""
    server = uvicorn.Server(configure(Sandbox(scenario or Scenario(), shapes=shapes)))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    wire = Wire(listener.getsockname()[1], timeout)
    try:
        yield wire
    finally:
        wire.connection.close()
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def process(*options: str) -> Iterator[tuple["subprocess.Popen[bytes]", Wire]]:
    """Start the sandbox as its users do; it ends with the block."""
    command = [sys.executable, "-m", "finhub_onboard.sandbox", "--until-stdin-closes", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as started:
        assert started.stdin
        assert started.stdout
        try:
            said = json.loads(started.stdout.readline())
            assert said["pid"] == started.pid
            wire = Wire(int(said["base_url"].removesuffix(demo.BASE_PATH).rsplit(":", 1)[1]))
            yield started, wire
            wire.connection.close()
        finally:
            started.stdin.close()


def until(condition: Any, seconds: float = 10) -> None:
    """Wait for a condition, not for a time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
