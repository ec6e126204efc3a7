"""The sandbox against the contract: generated calls, and the contract's own examples."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.app import CONTRACT
from finhub_onboard.sandbox.operations import OPERATIONS, Token
from finhub_onboard.sandbox.page import render
from tests.sandbox.support import (
    CONSENTS,
    EXAMPLES,
    HEADERS,
    LOGIN,
    LOGIN_PATH,
    PASSWORD,
    Desk,
    Person,
    Reply,
    Wire,
    example,
    registration,
    running,
)
from tests.support import typical

SPEC = json.loads(CONTRACT.with_suffix(".json").read_text(encoding="utf-8"))
SCHEMA = schemathesis.openapi.from_dict(SPEC)
INDEX = json.loads((EXAMPLES / "index.json").read_text(encoding="utf-8"))["examples"]
CONFORMS = CHECKS.get_by_names(
    ["status_code_conformance", "response_schema_conformance", "content_type_conformance", "not_a_server_error"]
)


WITH_BODY = [operation for operation in OPERATIONS if operation.has_body]
GENERATIONS = ("runner", "older")
_OUT_OF_REACH = {"activateIndividual", "deleteCustomerSession", "getConsentStatus"}


def schema_of(operation_id: str, status: int | None) -> dict[str, Any]:
    """Find the schema of a call's body, or of its answer with ``status``, with what it refers to."""
    operation = next(o for m in SPEC["paths"].values() for o in m.values() if o["operationId"] == operation_id)
    part = operation["requestBody"] if status is None else operation["responses"][str(status)]
    if "$ref" in part:
        part = SPEC["components"]["responses"][part["$ref"].rsplit("/", 1)[1]]
    return {"components": SPEC["components"], **part["content"]["application/json"]["schema"]}


def check(operation_id: str, reply: Reply) -> Reply:
    """Compare an answer with the contract's schema."""
    jsonschema_rs.validate(schema_of(operation_id, reply.status), reply.body)
    return reply


def test_the_contracts_calls_are_all_served() -> None:
    """Every operation of the contract is in the sandbox's table with its method, path and token, and no other."""
    wanted = {
        (o["operationId"], method.upper(), path, o["x-token"], "403" in o["responses"])
        for path, methods in SPEC["paths"].items()
        for method, o in methods.items()
    }
    assert {(o.id, o.method, o.path, o.token.value, o.forbids) for o in OPERATIONS} == wanted


def test_both_copies_of_the_contract_are_the_same() -> None:
    """The page is made from the JSON form, which says what the YAML says."""
    assert yaml.safe_load(CONTRACT.read_text(encoding="utf-8")) == SPEC
    assert all(o.id in render() for o in OPERATIONS)


@pytest.fixture(scope="module", params=typical(GENERATIONS, "runner"))
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """Serve a calm bank in each generation of answers."""
    with running(shapes=request.param) as wire:
        yield wire.log_in()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_generated_calls_are_answered_by_the_contract(wire: Wire, operation: Any) -> None:
    """Generated calls, with ids that exist and ids that do not, get answers of the contract's statuses and schemas."""
    person = wire.register(f"{operation.id}.{wire.port}.{len(wire.record()['customers'])}@example.com")
    person.verify()
    person.upload()
    ids, bodies = known_values(person)
    if operation.id == "createAdminSession":
        ids["userId"] = demo.USER_ID
    target = SCHEMA[operation.path][operation.method]

    @settings(max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        case=target.as_strategy(generation_mode=GenerationMode.POSITIVE),
        known=st.sampled_from(["nothing", "ids", "ids and body"]),
    )
    def generated(case: Any, known: str) -> None:
        case.headers = dict(HEADERS)
        if operation.token is not Token.NONE:
            case.headers["Authorization"] = f"Bearer {wire.admin}"
        if known != "nothing":
            case.path_parameters = {name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()}
        if known == "ids and body":
            case.body = bodies.get(operation.id, case.body)
        case.call_and_validate(base_url=f"http://127.0.0.1:{wire.port}{demo.BASE_PATH}", checks=CONFORMS)

    generated()
    counts = wire.record()["calls"][operation.id]
    assert counts["received"] >= 6
    assert ("200" in counts["by_status"]) is (operation.id not in _OUT_OF_REACH), counts


@pytest.mark.parametrize(
    ("wire", "operation"),
    typical(product(GENERATIONS, WITH_BODY), *product(["runner"], WITH_BODY)),
    indirect=["wire"],
    ids=lambda value: getattr(value, "id", value),
)
def test_generated_bodies_that_the_contract_forbids_are_refused(wire: Wire, operation: Any) -> None:
    """Whatever violates the schema of a body is a documented 4xx, at a path that exists and with a good token."""
    person = wire.register(f"not.{operation.id}.{wire.port}@example.com")
    person.verify()
    person.upload()
    ids, _ = known_values(person)
    path = path_of(operation, ids)
    forbidden = jsonschema_rs.validator_for(schema_of(operation.id, None), validate_formats=True)
    target = SCHEMA[operation.path][operation.method]
    refused = 0

    @settings(max_examples=16, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=target.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def generated(case: Any) -> None:
        nonlocal refused
        assume(not isinstance(case.body, NotSet) and is_json(case.body) and not forbidden.is_valid(case.body))
        reply = check(operation.id, wire.post(path, case.body, token=token_of(operation, wire)))
        assert 400 <= reply.status < 500, (case.body, reply)
        refused += 1

    generated()
    assert refused > 5


def is_json(value: Any) -> bool:
    """Whether a generated value can be sent as JSON at all."""
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        return False
    return True


def path_of(operation: Any, ids: dict[str, str]) -> str:
    """The path of an operation with ids that exist."""
    known = {"organizationId": demo.ORGANIZATION_ID, "consentType": "terms", **ids}
    if operation.id == "createAdminSession":
        known["userId"] = demo.USER_ID
    return str(operation.path.format(**known))


def token_of(operation: Any, wire: Wire) -> str:
    """The admin's token, where the call takes one."""
    return "" if operation.token is Token.NONE else wire.admin


MUTANTS: tuple[Any, ...] = (None, True, 7, [], {}, [{}], "", "\x00", "x" * 5000)


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.id)
def test_each_member_of_a_good_body_is_checked(wire: Wire, operation: Any) -> None:
    """A good body with one member left out or of another type, wherever the schema forbids it, is refused."""
    person = wire.register(f"one.{operation.id}.{wire.port}@example.com")
    person.verify()
    person.upload()
    ids, bodies = known_values(person)
    schema = schema_of(operation.id, None)
    forbidden = jsonschema_rs.validator_for(schema, validate_formats=True)
    members = SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
    path, good = path_of(operation, ids), bodies[operation.id]
    assert forbidden.is_valid(good)
    bad = [{name: value for name, value in good.items() if name != left_out} for left_out in good]
    bad += [{**good, name: value} for name in members for value in MUTANTS]
    tried = [body for body in bad if not forbidden.is_valid(body)]
    assert len(tried) >= len(members) * 4
    for body in tried:
        reply = check(operation.id, wire.post(path, body, token=token_of(operation, wire)))
        assert 400 <= reply.status < 500, (body, reply)


def known_values(person: Person) -> tuple[dict[str, str], dict[str, Any]]:
    """Give ids that exist and bodies that are good, for a customer with an open verification."""
    ids = {
        "organizationId": demo.ORGANIZATION_ID,
        "customerId": person.id,
        "userId": person.user_id,
        "verificationId": person.case,
        "tenantId": demo.TENANT_ID,
        "ownerTenantId": demo.TENANT_ID,
        "subscriptionId": demo.SUBSCRIPTION_ID,
        "deliveryId": "del_1",
    }
    case = {"verificationId": person.case, "customerId": person.id}
    bodies = {
        "createAdminSession": LOGIN,
        "createCustomerSession": {**LOGIN, "username": person.email, "password": PASSWORD},
        "registerIndividual": registration(f"new.{person.email}"),
        "createVerification": {**example("04-alt-create-verification.request.json"), "customerId": person.id},
        "uploadVerificationDocument": {**example("05-document-passport.request.json"), **case},
        "startIndividualVerification": example("04-verification.request.json"),
        "activateIndividual": {"userId": person.email, "code": "ACTIVATION_CODE_1"},
        "acceptIndividualConsent": example("07-consent-terms.request.json"),
        "approveVerification": {**example("06-approve.request.json"), **case},
    }
    return ids, bodies


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_examples_fit_the_contract(entry: dict[str, Any]) -> None:
    """Every example of the contract is valid by the schema that it illustrates."""
    if "operationId" in entry:
        status = None if entry["kind"] == "request" else entry["status"]
        jsonschema_rs.validate(schema_of(entry["operationId"], status), example(entry["file"]))


def journey(shapes: str) -> dict[str, Any]:
    """Make the journey of the examples; the answers by the name of the example that shows them."""
    desk = Desk(shapes)
    got: dict[str, Any] = {}

    def keep(name: str, operation_id: str, reply: Reply) -> Reply:
        got[name] = check(operation_id, reply).body
        return reply

    desk.admin = keep("00-admin-session", "createAdminSession", desk.post(LOGIN_PATH, LOGIN)).data["token"]
    path = f"/customer/individual/categorization/hierarchy/{demo.TENANT_ID}"
    keep("01-categorization", "getCategorizationHierarchy", desk.get(path))
    body = example("02-registration.request.json")
    reply = keep("02-registration", "registerIndividual", desk.post("/customer/individual/registration", body))
    person = Person(caller=desk, email=body["email"], id=reply.data["id"], user_id=reply.data["user"]["id"])
    login = desk.post(person.path(f"users/{person.user_id}/sessions"), example("03-session.request.json"), token="")
    keep("03-session", "createCustomerSession", login)
    keep("04-verification", "startIndividualVerification", person.verify())
    other = {**example("04-alt-create-verification.request.json"), "customerId": person.id}
    keep("04-alt-create-verification", "createVerification", desk.post("/verifications", other))
    for name in ("passport", "address"):
        request = {
            **example(f"05-document-{name}.request.json"),
            "verificationId": person.case,
            "customerId": person.id,
        }
        reply = desk.post(f"/verifications/{person.case}/documents", request)
        keep(f"05-document-{name}", "uploadVerificationDocument", reply)
    got["05-document"] = got["05-document-passport"]
    approval = {**example("06-approve.request.json"), "verificationId": person.case, "customerId": person.id}
    keep("06-approve", "approveVerification", desk.post(f"/verifications/{person.case}/approve", approval))
    keep("07-consent", "acceptIndividualConsent", person.consent(CONSENTS[0]))
    keep("08-activation-check.missing", "checkActivation", person.check())
    for name in CONSENTS[1:]:
        check("acceptIndividualConsent", person.consent(name))
    keep("08-activation-check", "checkActivation", person.check())
    activation = example("08-activation.request.json")
    keep("08-activation", "activateIndividual", desk.post(person.path("activation"), activation))
    keep("91-customer-documents", "listCustomerDocuments", desk.get(person.path("documents")))
    keep("91-webhook-delivery", "getWebhookDelivery", desk.get("/webhooks/deliveries/del_1"))
    keep("deliveries", "listWebhookDeliveries", desk.get(f"/webhooks/subscriptions/{demo.SUBSCRIPTION_ID}/deliveries"))
    return got


def members(value: Any) -> Any:
    """Reduce a body to its member names; what is keyed by codes or listed counts by its first entry."""
    if isinstance(value, dict):
        first = next(iter(value.values()), None)
        if isinstance(first, dict) and "databaseId" in first:
            return [members(first)]
        keyed = {name: inner for name, inner in sorted(value.items()) if name != "allowedValues"}
        return {name: members(inner) for name, inner in keyed.items()}
    if isinstance(value, list):
        return [members(inner) for inner in value[:1] if isinstance(inner, dict)]
    return None


RUNNER = {
    "00-admin-session": "00-admin-session.response.200.json",
    "01-categorization": "01-categorization.response.200.json",
    "02-registration": "02-registration.response.200.json",
    "04-verification": "04-verification.response.200.json",
    "04-alt-create-verification": "04-alt-create-verification.response.200.json",
    "05-document": "05-document.response.200.json",
    "06-approve": "06-approve.response.200.json",
    "07-consent": "07-consent.response.200.json",
    "08-activation-check.missing": "08-activation-check.response.200.missing-consents.json",
    "08-activation": "08-activation.response.200.json",
    "91-customer-documents": "91-customer-documents.response.200.json",
    "91-webhook-delivery": "91-webhook-delivery.response.200.json",
}
OLDER = {
    "01-categorization": "01-categorization.response.200.unwrapped.json",
    "04-alt-create-verification": "04-alt-create-verification.response.200.older.json",
    "05-document": "05-document.response.200.older.json",
    "07-consent": "07-consent.response.200.older.json",
    "08-activation": "08-activation.response.200.older.json",
}


@pytest.mark.parametrize(("shapes", "files"), [("runner", RUNNER), ("older", OLDER)], ids=["runner", "older"])
def test_answers_have_the_members_of_the_examples(shapes: str, files: dict[str, str]) -> None:
    """Both generations answer the examples' requests with exactly the members that the examples show.

    But for a category's levels and features, which some banks tell in the hierarchy and the sandbox does.
    """
    got = journey(shapes)
    if shapes == "runner":
        told = got["01-categorization"]["data"]
        assert set(told.pop("features")) == {demo.MONITORING.code}
        for category in told["categories"].values():
            assert category.pop("riskLevel") in {"LOW", "MEDIUM", "HIGH", "PROHIBITED"}
            assert category.pop("verificationLevel") in {"BASIC", "STANDARD", "ENHANCED"}
    assert {name: members(got[name]) for name in files} == {
        name: members(example(file)) for name, file in files.items()
    }


def test_the_generations_differ_where_the_documentation_does() -> None:
    """Older answers use ``canActivate``, ``id`` and ACCEPTED; no user in sessions, older errors."""
    runner, older = journey("runner"), journey("older")
    assert runner["08-activation-check"]["data"]["activationAllowed"] is True
    assert older["08-activation-check"]["data"]["canActivate"] is True
    assert "activationAllowed" not in older["08-activation-check"]["data"]
    assert set(older["04-verification"]["data"]) & {"id", "verificationId"} == {"id"}
    assert (runner["07-consent"]["data"]["status"], older["07-consent"]["data"]["status"]) == ("PENDING", "ACCEPTED")
    assert runner["03-session"]["data"]["user"]["customerStatus"] == "CS_REGISTRATION_COMPLETED"
    assert "user" not in older["03-session"]["data"]
    desk = Desk("older").log_in()
    desk.register("a@example.com")
    duplicate = desk.post("/customer/individual/registration", registration("a@example.com"))
    assert duplicate.status == 409
    assert set(duplicate.body) == set(example("90-error.response.legacy.json"))
