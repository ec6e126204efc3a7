"""The requests: what the contract's schemas ask for, what its examples show, and ids that cannot change the path."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.finhub.calls import OF_THE_RUN, CallName, Step, step
from finhub_onboard.finhub.requests import Document, Outgoing
from finhub_onboard.sandbox import demo
from tests.outbound.support import CATEGORY, CREDENTIALS, LOGINS, TENANT, customer, example, journey, payloads

CONTRACT = json.loads((Path(demo.__file__).parent / "contract" / "openapi.json").read_text(encoding="utf-8"))
PDF = Document(name="passport.pdf", mime_type="application/pdf", content=b"%PDF-1.4\n% sample\n")
STEPS = {
    "registerIndividual": step(CallName.REGISTER),
    "createCustomerSession": step(CallName.OPEN_SESSION),
    "startIndividualVerification": step(CallName.OPEN_VERIFICATION),
    "uploadVerificationDocument": step(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID"),
    "approveVerification": step(CallName.APPROVE),
    "acceptIndividualConsent": step(CallName.ACCEPT_CONSENT, "data-processing"),
    "checkActivation": step(CallName.CHECK),
    "activateIndividual": step(CallName.ACTIVATE),
    "listCustomerDocuments": step(CallName.LIST_DOCUMENTS),
}


def build(
    what: Step, *, who: dict[str, Any] | None = None, state: dict[str, Any] | None = None, **sections: Any
) -> Outgoing:
    """Build a request for the customer of the examples."""
    document = PDF if what.call.name is CallName.UPLOAD_DOCUMENT else None
    one, where = customer(**(who or {})), journey(**(state or {}))
    return payloads(**sections).build(what, one, where, category=CATEGORY, document=document)


def body_of(what: Step, **more: Any) -> dict[str, Any]:
    """Build a request and read its body."""
    body = json.loads(build(what, **more).body)
    assert isinstance(body, dict)
    return body


def operation(name: str) -> tuple[str, str, dict[str, Any]]:
    """Path template, method and description of an operation of the contract."""
    for path, methods in CONTRACT["paths"].items():
        for method, described in methods.items():
            if isinstance(described, dict) and described.get("operationId") == name:
                return path, method.upper(), described
    raise AssertionError(name)


def fits(request: Outgoing, name: str) -> None:
    """Assert that ``request`` is a request of operation ``name``."""
    template, method, described = operation(name)
    assert request.method == method
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
    assert re.fullmatch(pattern, urlsplit(request.path).path), (request.path, template)
    if "requestBody" not in described:
        assert request.body == b""
        return
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": CONTRACT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    assert [error.message for error in validator.iter_errors(json.loads(request.body))] == []


@pytest.mark.parametrize("name", STEPS)
def test_requests_are_those_of_the_contract(name: str) -> None:
    """Method, path and body of every call fit the contract's schema."""
    fits(build(STEPS[name]), name)


def test_the_calls_of_the_run_are_those_of_the_contract() -> None:
    """The admin's log-in and the hierarchy fit the contract as well."""
    fits(payloads().login(), "createAdminSession")
    fits(payloads().hierarchy(), "getCategorizationHierarchy")


OAUTH = {"grant_type": "client_credentials", "client_id": "sample-client", "client_secret": "sample-client-secret"}
PASSWORD = {
    "username": "admin@example.com",
    "password": "Example-Adm1n-Pass!",
    "customerId": "sample-api-customer",
    "customerSecret": "sample-api-customer-secret",
    "accountType": "b2b",
    "grantType": "password",
}


@pytest.mark.parametrize(
    ("way", "more", "body"),
    [
        ("oauth", {}, OAUTH),
        ("oauth", {"login_scope": "api"}, {**OAUTH, "scope": "api"}),
        ("password", {}, PASSWORD),
        (
            "password",
            {"login_account_type": "b2c", "login_grant_type": "client_credentials"},
            {**PASSWORD, "accountType": "b2c", "grantType": "client_credentials"},
        ),
    ],
)
def test_the_log_ins_of_production(way: str, more: dict[str, Any], body: dict[str, str]) -> None:
    """API.md, section 14: to the address as it is, with exactly these members, as JSON or as a form."""
    for written in ("json", "form"):
        made = payloads(api=LOGINS[way] | more | {"login_body": written})
        request = made.login()
        assert (made.login_call, request.method, request.path) == (CallName.PRODUCTION_LOGIN, "POST", "")
        if written == "json":
            assert (request.content_type, json.loads(request.body)) == ("application/json", body)
        else:
            assert request.content_type == "application/x-www-form-urlencoded"
            assert dict(parse_qsl(request.body.decode("ascii"))) == body
        assert not any(secret in repr((made, request)) for secret in CREDENTIALS.values())


def test_the_schemas_refuse_something() -> None:
    """The check above can fail: a registration without its e-mail does not fit."""
    request = build(STEPS["registerIndividual"])
    cut = {name: value for name, value in json.loads(request.body).items() if name != "email"}
    with pytest.raises(AssertionError):
        fits(Outgoing(method="POST", path=request.path, body=json.dumps(cut).encode()), "registerIndividual")


def test_the_runners_verification_is_that_of_the_contract() -> None:
    """The other documented path of phase 4 is a setting, and its body is the example's."""
    request = build(STEPS["startIndividualVerification"], api={"verification_path": "verifications"})
    fits(request, "createVerification")
    assert json.loads(request.body) == example("04-alt-create-verification.request.json")


@pytest.mark.parametrize(("risk", "level"), [("LOW", "TENANT_VERIFIED"), ("HIGH", "POWER_TENANT_VERIFIED")])
def test_high_risk_asks_for_the_power_tenant(risk: str, level: str) -> None:
    """API.md, section 3: high risk, by the row or by the bank's own answer, needs the higher level."""
    api = {"verification_path": "verifications"}
    opening = STEPS["startIndividualVerification"]
    assert body_of(opening, who={"risk_level": risk}, api=api)["requestedLevel"] == level
    assert body_of(opening, state={"risk": risk}, api=api)["requestedLevel"] == level
    kind = "ENHANCED" if risk == "HIGH" else "STANDARD"
    assert body_of(opening, who={"risk_level": risk})["verificationType"] == kind


@pytest.mark.parametrize(
    ("what", "file", "ours"),
    [
        (STEPS["registerIndividual"], "02-registration.request.json", {"password", "matchingPassword"}),
        (STEPS["createCustomerSession"], "03-session.request.json", {"password"}),
        (STEPS["startIndividualVerification"], "04-verification.request.json", set()),
        (STEPS["uploadVerificationDocument"], "05-document-passport.request.json", set()),
        (STEPS["approveVerification"], "06-approve.request.json", set()),
        (step(CallName.ACCEPT_CONSENT, "terms"), "07-consent-terms.request.json", set()),
        (step(CallName.ACCEPT_CONSENT, "privacy"), "07-consent-privacy.request.json", set()),
        (step(CallName.ACCEPT_CONSENT, "data-processing"), "07-consent-data-processing.request.json", set()),
        (STEPS["activateIndividual"], "08-activation.request.json", {"code"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bodies_are_the_examples(what: Step, file: str, ours: set[str]) -> None:
    """For the examples' customer the bodies are the examples, but for the members that we make ourselves."""
    body, shown = body_of(what), example(file)
    assert body.keys() == shown.keys()
    assert {name: body[name] for name in body.keys() - ours} == {name: shown[name] for name in shown.keys() - ours}


def test_the_admins_login_is_the_example() -> None:
    """The log-in carries the four credentials and nothing else."""
    assert json.loads(payloads().login().body) == example("00-admin-session.request.json")


def test_absent_values_are_not_sent() -> None:
    """What the row does not have is left out, not sent empty; what must be there stays."""
    body = body_of(STEPS["registerIndividual"], who={"gender": "", "place_of_birth": "", "pincode": ""})
    assert not {"gender", "placeOfBirth", "pincode"} & body.keys()
    assert body["roleIds"] == ["ACCOUNT_OWNER", "USER"]


def test_the_password_of_register_and_session_is_one() -> None:
    """API.md, section 9: the repeat of a registration, and the log-in after it, use the same password."""
    first, again = body_of(STEPS["registerIndividual"]), body_of(STEPS["registerIndividual"])
    session = body_of(STEPS["createCustomerSession"])
    assert first["password"] == first["matchingPassword"] == again["password"] == session["password"]
    assert first == again
    other = body_of(STEPS["registerIndividual"], who={"external_id": "L-2"})
    assert other["password"] != first["password"]
    changed = body_of(STEPS["registerIndividual"], who={"email": "new@example.com", "last_name": "Changed"})
    assert changed["password"] == first["password"]


@pytest.mark.parametrize(
    ("item", "column"), [("terms", "terms"), ("privacy", "privacy"), ("data-processing", "data_processing")]
)
def test_a_consents_evidence(item: str, column: str) -> None:
    """The row's version and instant are sent where it has them, else the version in force and no instant."""
    what = step(CallName.ACCEPT_CONSENT, item)
    versions = {"consents": {f"{column}_version": "2.1"}}
    assert body_of(what, **versions) == {"accepted": True, "version": "2.1"}
    proof = {f"{column}_version": "1.5", f"{column}_accepted_at": "2026-01-02T03:04:05Z"}
    assert body_of(what, who=proof, **versions) == {
        "accepted": True,
        "version": "1.5",
        "acceptanceTimestamp": "2026-01-02T03:04:05Z",
    }
    fits(build(what, who=proof), "acceptIndividualConsent")
    assert build(what).path.endswith(f"/consents/{item}")
    assert build(what, who={"consent_ip_address": "192.0.2.7"}).forwarded_for == "192.0.2.7"
    assert build(STEPS["activateIndividual"], who={"consent_ip_address": "192.0.2.7"}).forwarded_for == ""


@pytest.mark.parametrize("path", ["customer", "verifications"])
def test_a_person_finds_the_row_by_the_notes_of_its_verification(path: str) -> None:
    """If the settings say so; on both paths."""
    opening, api = STEPS["startIndividualVerification"], {"verification_path": path}
    with_id = body_of(opening, who={"external_id": "C-7"}, api=api | {"external_id_in": "notes"})
    assert with_id["notes"] == "C-7"
    assert body_of(opening, who={"external_id": "C-7"}, api=api).get("notes", "") != "C-7"


def test_the_activation_code() -> None:
    """The runner's form by default, any other by a setting; ``{now}`` is the moment to the second."""
    assert re.fullmatch(r"ACTIVATION_CODE_20\d{12}", body_of(STEPS["activateIndividual"])["code"])
    assert body_of(STEPS["activateIndividual"], journey={"activation_code": "FIXED-1"})["code"] == "FIXED-1"
    assert body_of(STEPS["activateIndividual"])["userId"] == "ana.sample@example.com"


@pytest.mark.parametrize(
    ("item", "document_type", "sent"),
    [
        ("GOVERNMENT_ID", "PASSPORT", "PASSPORT"),
        ("GOVERNMENT_ID", "ID_CARD", "ID_CARD"),
        ("GOVERNMENT_ID", "DRIVERS_LICENSE", "DRIVERS_LICENSE"),
        ("GOVERNMENT_ID", "", "GOVERNMENT_ID"),
        ("PROOF_OF_ADDRESS", "PASSPORT", "PROOF_OF_ADDRESS"),
        ("SOURCE_OF_FUNDS", "ID_CARD", "SOURCE_OF_FUNDS"),
    ],
)
def test_the_document_type(item: str, document_type: str, sent: str) -> None:
    """A class of documents is served by the one that the row names; the others go by what was asked for."""
    what = step(CallName.UPLOAD_DOCUMENT, item)
    assert body_of(what, who={"document_type": document_type})["documentType"] == sent


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("passport.pdf", "passport.pdf"),
        ("customers/L-1/passport.pdf", "passport.pdf"),
        ("/srv/book/ana sample/pass port.pdf", "pass port.pdf"),
        (r"C:\Users\ana\passport.pdf", "passport.pdf"),
        (r"..\..\passport.pdf", "passport.pdf"),
        ("пасп/порт.pdf", "порт.pdf"),
        ("", "document"),
        ("/", "document"),
    ],
)
def test_a_file_name_shows_no_folders(name: str, sent: str) -> None:
    """The bank gets the file's own name, never the path on this machine, whatever its slashes; and never none."""
    document = Document(name=name, mime_type="image/png", content=b"\x89PNG")
    what = STEPS["uploadVerificationDocument"]
    request = payloads().build(what, customer(), journey(), category=CATEGORY, document=document)
    assert json.loads(request.body)["fileName"] == sent


@given(st.binary(max_size=200))
def test_a_documents_bytes_arrive_as_they_are(content: bytes) -> None:
    """Plain base64 of all bytes, with padding and without line breaks."""
    document = Document(name="a.pdf", mime_type="application/pdf", content=content)
    what = STEPS["uploadVerificationDocument"]
    request = payloads().build(what, customer(), journey(), category=CATEGORY, document=document)
    assert base64.b64decode(json.loads(request.body)["fileContent"], validate=True) == content


ODD = [
    "../admin",
    "a/b",
    "/x",
    "?x=1",
    "x#y",
    "a;b",
    "%2e%2e",
    "%2F",
    "a%00b",
    "..a",
    "a b",
    "é",
    "@",
    ":",
    "\\..\\",
    "&c=d",
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", STEPS)
def test_an_id_is_one_segment_of_the_path(name: str, odd: str) -> None:
    """An opaque id from the bank cannot turn a call into another, not even after the URL was normalised."""
    plain = build(
        STEPS[name], state={"customer_id": "c", "user_id": "u", "verification_id": "v"}, api={"tenant_id": "t"}
    )
    ids = {"customer_id": odd, "user_id": odd, "verification_id": odd}
    api = {"tenant_id": odd} if odd.isascii() and " " not in odd else {"tenant_id": "t"}
    request = build(STEPS[name], state=ids, api=api)
    sent = str(httpx.Request(request.method, "http://bank.example.com" + request.path).url)
    segments = urlsplit(sent).path.split("/")
    expected = urlsplit(plain.path).path.split("/")
    assert len(segments) == len(expected)
    assert urlsplit(sent).query == urlsplit(sent).fragment == ""
    for got, want in zip(segments, expected, strict=True):
        assert unquote(got) in ((odd, "t") if want in ("c", "u", "v", "t") else (want,))


@pytest.mark.parametrize("dots", [".", ".."])
def test_dots_are_no_id(dots: str) -> None:
    """``..`` leads to another call however it is quoted: no request is made of it."""
    with pytest.raises(ValueError, match="another call"):
        build(STEPS["activateIndividual"], state={"customer_id": dots})


def test_deliveries_are_paged() -> None:
    """The look-up names the subscription, the page and its size."""
    request = build(step(CallName.LIST_DELIVERIES, "3"), api={"webhook_subscription_id": "sub/1"})
    assert (request.method, request.path) == ("GET", "/webhooks/subscriptions/sub%2F1/deliveries?page=3&size=100")
    assert request.body == b""


def test_any_script_survives_the_body() -> None:
    """Names of any script, quotes and line ends arrive as they stood, in UTF-8."""
    names = {"first_name": 'Žofia "Zo"', "last_name": "Сидоренко\n王"}
    body = body_of(STEPS["registerIndividual"], who=names)
    assert (body["firstName"], body["lastName"]) == (names["first_name"], names["last_name"])
    assert body["individualCustomer"] == {
        "tenantId": TENANT,
        "customerName": f"{names['first_name']} {names['last_name']}",
    }


def test_the_calls_of_the_run_are_not_built_for_a_customer() -> None:
    """A log-in of the admin or the hierarchy for a customer is a defect, said at once."""
    for name in OF_THE_RUN:
        with pytest.raises(AssertionError):
            build(step(name))


def test_requests_do_not_show_what_they_carry() -> None:
    """The text of a request, as a log might show it, holds no personal data and no secret."""
    for what in STEPS.values():
        shown = repr(build(what))
        assert "Sample" not in shown
        assert "ana" not in shown
    shown = repr(payloads().login()) + repr(PDF)
    assert not any(secret in shown for secret in CREDENTIALS.values())
    assert "passport" not in shown
