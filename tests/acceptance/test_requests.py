"""Every request of a run against the contract, member by member: both shapes, both paths, each way of logging in.

The job and the bank share one event loop, and the bank keeps what came over the wire.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from starlette.types import Message, Receive, Scope, Send

from finhub_onboard import job
from finhub_onboard.config.order import Order
from finhub_onboard.config.practice import CREDENTIALS, IDENTITY, SEED, SUBSCRIPTION_ID, login_url
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ExitCode
from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.app import CONTRACT, Sandbox
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.server import running
from tests.intake.helpers import SAMPLES, a_row, write
from tests.sandbox.support import EXAMPLES

SPEC = json.loads(CONTRACT.with_suffix(".json").read_text(encoding="utf-8"))
OPERATIONS = {
    (method.upper(), re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))): described
    for path, methods in SPEC["paths"].items()
    for method, described in methods.items()
}
REQUESTS = [
    one
    for one in json.loads((EXAMPLES / "index.json").read_text(encoding="utf-8"))["examples"]
    if one["kind"] == "request"
]
OF_HTTP = {"host", "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type"}
PAGING = {"page", "size"}
"""Members of a query that the contract leaves open: it says that lists have pages, and not how one asks for them."""
LOGINS: dict[str, dict[str, str]] = {
    # API.md, section 14.
    "/oauth/token": {
        "grant_type": "client_credentials",
        "client_id": CREDENTIALS["client_id"],
        "client_secret": CREDENTIALS["client_secret"],
    },
    "/api/v2/auth/token": {
        "username": CREDENTIALS["username"],
        "password": CREDENTIALS["password"],
        "customerId": CREDENTIALS["customer_id"],
        "customerSecret": CREDENTIALS["customer_secret"],
        "accountType": "b2b",
        "grantType": "password",
    },
}
"""What the ways of production send, each to its own address."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came over the wire."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Recording(Sandbox):
    """A bank that keeps what it is sent."""

    def __init__(self, *, shapes: str) -> None:
        super().__init__(Scenario(), shapes=shapes)
        self.requests: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a call, and keep it."""
        body = bytearray()

        async def heard() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await super().__call__(scope, heard, send)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path, query = scope["raw_path"].decode(), scope["query_string"].decode()
        self.requests.append(Request(method=scope["method"], path=path, query=query, headers=headers, body=bytes(body)))


def closed(schema: Any) -> Any:
    """A schema whose objects have only the members that it names."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return {"additionalProperties": False, **inner} if "properties" in schema else inner


COMPONENTS = closed(SPEC["components"])


@cache
def validator(operation: str) -> jsonschema_rs.Draft202012Validator:
    """What the body of a call must be, and may be."""
    described = next(one for one in OPERATIONS.values() if one["operationId"] == operation)
    schema = closed(described["requestBody"]["content"]["application/json"]["schema"])
    return jsonschema_rs.Draft202012Validator({**schema, "components": COMPONENTS}, validate_formats=True)


def members(value: Any, at: str = "") -> Iterator[tuple[str, type]]:
    """The members of a body, nested ones with their path, and the types of what they hold."""
    yield at, type(value)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from members(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner, f"{at}[]")


def example(operation: str, path: str) -> Any:
    """The contract's example of a call, for consents that of the same one."""
    files = [one["file"] for one in REQUESTS if one["operationId"] == operation]
    own = [name for name in files if Path(name).name.split(".")[0].endswith(path.rsplit("/", 1)[-1])]
    return json.loads((EXAMPLES / (own or files)[0]).read_text(encoding="utf-8"))


def unlike(request: Request) -> Iterator[str]:
    """What of a request is not as the contract says."""
    below = request.path.removeprefix(demo.BASE_PATH)
    known = [one for (method, path), one in OPERATIONS.items() if method == request.method and path.fullmatch(below)]
    if len(known) != 1:
        yield f"no such call: {request.method} {request.path}"
        return
    operation = known[0]
    yield from unlike_headers(request, operation)
    asked = {part.partition("=")[0] for part in request.query.split("&") if part}
    if asked - (PAGING if operation["operationId"] == "listWebhookDeliveries" else set()):
        yield f"query: {request.query}"
    if "requestBody" not in operation:
        yield from ["a body"] if request.body else []
        return
    body = json.loads(request.body)
    yield from (error.message for error in validator(operation["operationId"]).iter_errors(body))
    sent = set(members(body))
    yield from (
        f"like no example: {at}"
        for at, kind in members(example(operation["operationId"], below))
        if (at, kind) not in sent
    )


def unlike_headers(request: Request, operation: Mapping[str, Any]) -> Iterator[str]:
    """Required headers that are missing, headers that nobody asked for, and a token in the wrong place."""
    references = [one["$ref"].rsplit("/", 1)[1] for one in operation["parameters"] if "$ref" in one]
    named = [SPEC["components"]["parameters"][name] for name in references]
    required = {one["name"].lower() for one in named if one["in"] == "header" and one["required"]}
    yield from (f"no header {name}" for name in required if not request.headers.get(name))
    yield from (f"header {name}" for name in request.headers.keys() - required - OF_HTTP)
    if request.headers.get("authorization", "").startswith("Bearer ") is (operation["x-token"] == "none"):
        yield f"token: {operation['x-token']}"
    if request.body and request.headers.get("content-type") != "application/json":
        yield "content-type"


def settings_of(folder: Path, base_url: str, *, login: str, path: str) -> Settings:
    """The settings of a run that does all calls."""
    api = {"base_url": base_url, "login": login, "login_url": login_url(base_url, login), "verification_path": path}
    return Settings.model_validate(
        {
            "api": IDENTITY | api | {"webhook_subscription_id": SUBSCRIPTION_ID},
            "limits": {"calls_per_second": 1000, "max_in_flight": 8},
            "approval": {"mode": "auto"},
            "documents": {"root": SAMPLES / "documents"},
            "ledger": {"url": f"sqlite:///{folder / 'ledger.db'}"},
            "credentials": CREDENTIALS | {"seed": SEED},
        }
    )


def customers(folder: Path) -> Path:
    """A customer of low risk and one of medium risk, each with everything that a row can have."""
    whole = {
        "gender": "MALE",
        "place_of_birth": "Vilnius",
        "pincode": "01100",
        "document_type": "ID_CARD",
        "identity_document": "identity.jpg",
        "identity_document_back": "identity.pdf",
        "address_document": "address.jpg",
        "funds_document": "funds.png",
        **{f"{consent}_accepted_at": "2025-03-01T10:00:00Z" for consent in ("terms", "privacy", "data_processing")},
    }
    low = a_row(1, **whole, document_number="A1234567", risk_level="LOW")
    medium = a_row(2, **whole, document_number="B1234567", date_of_birth="1980-01-02", first_name="Jonas")
    return write(folder / "customers.csv", [low, medium | {"category": "INDIVIDUAL_PLUS", "risk_level": "MEDIUM"}])


@pytest.mark.parametrize("login", ["admin-session", "oauth", "password"])
@pytest.mark.parametrize("path", ["customer", "verifications"])
@pytest.mark.parametrize("shapes", ["runner", "older"])
def test_each_request_is_the_contracts(shapes: str, path: str, login: str, tmp_path: Path) -> None:
    """Path, query, headers and body: what is required is there, all that examples have is there, and nothing else."""
    bank = Recording(shapes=shapes)
    order = Order(inputs=[customers(tmp_path)], out=tmp_path / "out")

    async def carried_out() -> ExitCode:
        async with running(bank) as base_url:
            return (await job.run(order, settings_of(tmp_path, base_url, login=login, path=path))).exit_code

    assert asyncio.run(carried_out()) == ExitCode.OK
    logins = [one for one in bank.requests if one.path in LOGINS]
    assert [(one.path, json.loads(one.body)) for one in logins] == [
        (one, body) for one, body in LOGINS.items() if login_url("", login) == one
    ]
    others = [one for one in bank.requests if one.path not in LOGINS]
    assert len(others) > 20
    assert {(one.path, wrong) for one in others for wrong in unlike(one)} == set()
