"""Bodies of answers that go wrong: a gateway's pages, the bank's refusals, and good answers with something amiss.

Pure: takes answers and gives others. Does not decide which call goes wrong (``faults``) and sends nothing.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec

from finhub_onboard.sandbox.delivery import HTML, JSON, TEXT, Headers
from finhub_onboard.sandbox.habits import Fault, Page
from finhub_onboard.sandbox.records import Answer, Customer
from finhub_onboard.sandbox.shapes import Shapes

_GARBAGE: Final = b'{"code": 200, "data": {"id": \xff\xfe\x00 <!DOCTYPE html>'
_IDS: Final = frozenset({"id", "verificationId", "documentId"})
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus} | {499: "Client Closed Request"}
_LOCATION: Final = b"https://status.example.com/maintenance"
_UNDER_MAINTENANCE: Final = {"message": "Service is under maintenance"}
_NOT_FOUND_BY_SPRING: Final = {"timestamp": "2026-11-26T10:00:00.000+00:00", "error": "Not Found", "path": "/api"}
_MESSAGES: Final = {
    400: "Request validation failed",
    401: "Unauthorized",
    403: "Insufficient permission",
    404: "Customer not found",
    409: "State conflict",
    413: "Payload too large",
    422: "Business rule violated",
    429: "Rate limit exceeded",
}


class Sent(NamedTuple):
    """A body as it goes out, with its content type and headers."""

    body: bytes
    kind: bytes
    headers: Headers = ()


def page(status: int, form: Page) -> Sent:
    """Write what a gateway answers by itself: nothing in it has the bank's envelope. Redirects lead to a page."""
    reason = _REASONS.get(status, "Unknown")
    headers: Headers = ((b"location", _LOCATION),) if 300 <= status < 400 else ()  # noqa: PLR2004 - RFC 9110
    if form == "empty":
        return Sent(b"", TEXT, headers)
    if form == "text":
        return Sent(f"{status} page {reason.lower()}\n".encode(), TEXT, headers)
    if form == "json":
        return Sent(msgspec.json.encode(_foreign(status, reason)), JSON, headers)
    title = f"{status} {reason}"
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>\n"
    return Sent(html.encode(), HTML, headers)


def _foreign(status: int, reason: str) -> dict[str, Any]:
    """Another program's JSON."""
    if status == HTTPStatus.OK:
        return _UNDER_MAINTENANCE
    if status == HTTPStatus.NOT_FOUND:
        return {**_NOT_FOUND_BY_SPRING, "status": status}
    return {"message": reason}


def failure(shapes: Shapes, kind: str, fault: Fault) -> Answer:
    """Write an answer of the bank itself that does nothing: a failure, a refusal, or a false success."""
    if kind == "error_500":
        return shapes.problem(500, "Internal server error")
    if kind == "too_many":
        return shapes.problem(429, _MESSAGES[429])
    if kind == "unavailable":
        return shapes.problem(503, "Service unavailable")
    if kind == "unauthorized":
        return _refusal(shapes, 401, "")
    if kind == "refuse":
        return _refusal(shapes, fault.status, fault.message)
    message = "Operation could not be completed"
    data = {"success": False, "message": message}
    return Answer(200, {"success": False, "code": 200, "message": message, "data": data})


def _refusal(shapes: Shapes, status: int, message: str) -> Answer:
    """Write the bank's no; without a message its usual one."""
    said = message or _MESSAGES.get(status, _REASONS.get(status, "Refused"))
    return shapes.problem(status, said, {"error": said})


def spoiled(kind: str, answer: Answer, customers: Iterable[Customer], email: str) -> Any:
    """Give the body of an answer as a fault wants it, bytes where it is no JSON; ``email`` tells whose call it was."""
    if kind == "garbage_body":
        return _GARBAGE
    if kind == "empty_body":
        return b""
    if kind == "no_id":
        return _without_ids(answer.body)
    if kind == "others_id":
        return _with_id(answer.body, next((customer.id for customer in customers), ""))
    other = next((customer for customer in customers if customer.email.casefold() != email), None)
    if kind == "others_echo" and other is not None and answer.status == HTTPStatus.OK:
        return _of_another(answer.body, other)
    return answer.body


def exchanged(answer: Answer) -> Answer:
    """Make an answer one that goes to somebody else: a registration names its user by e-mail only."""
    data = answer.body.get("data")
    return answer._replace(body=_without_user_id(answer.body)) if _registers(data) else answer


def _registers(data: Any) -> bool:
    return isinstance(data, dict) and "person" in data


def _with_id(body: Any, identifier: str) -> Any:
    """Put another id into an answer's data, if it has one."""
    data = body.get("data") or {}
    return {**body, "data": {**data, "id": identifier}} if "id" in data else body


def _without_ids(body: Any) -> Any:
    """Take the ids out of an answer's data."""
    data = {key: value for key, value in (body.get("data") or {}).items() if key not in _IDS}
    return _without_user_id({**body, "data": data})


def _of_another(body: Any, other: Customer) -> Any:
    """Let a good answer speak of another customer, wherever its form names one; else by ``data.customerId``.

    The token and the id of a document stay: they name nobody. A registration loses ``user.id``, so that only the e-mail
    tells whose it is.
    """
    data = dict(body.get("data") or {})
    case = other.verifications[-1].id if other.verifications else ""
    his = {
        "email": other.email,
        "username": other.email,
        "customerId": other.id,
        "customerStatus": other.status,
        "userId": other.user_id,
    }
    his |= {"verificationId": case} if case else {}
    opens = "verificationLevel" in data and "startedAt" in data
    changed: dict[str, Any] = {name: his.get(name, value) for name, value in data.items()}
    for inner in ("user", "person"):
        if isinstance(data.get(inner), dict):
            changed[inner] = {name: his.get(name, value) for name, value in data[inner].items()}
    if _registers(data):
        return _without_user_id({**body, "data": {**changed, "id": other.id}})
    if opens and case:
        changed["id"] = case
    if isinstance(changed.get("user"), dict):
        changed["user"]["id"] = other.user_id
    else:
        changed["customerId"] = other.id
    return {**body, "data": changed}


def _without_user_id(body: Any) -> Any:
    user = body["data"].get("user")
    if not isinstance(user, dict):
        return body
    shown = {key: value for key, value in user.items() if key != "id"}
    return {**body, "data": {**body["data"], "user": shown}}
