"""The strictness of the bank: what each body and header must hold, and how the answer names what is wrong."""

import json
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest

from finhub_onboard.intake.checking import countries
from finhub_onboard.intake.checking.documents import MIME_TYPES
from finhub_onboard.sandbox import demo, forms, rules
from finhub_onboard.sandbox.app import CONTRACT
from tests.sandbox.support import CONSENTS, LOGIN, LOGIN_PATH, PASSWORD, Desk, Person, Reply, example, registration

SPEC = json.loads(CONTRACT.with_suffix(".json").read_text(encoding="utf-8"))["components"]["schemas"]
TABLES = {
    "SessionRequest": rules.LOGIN,
    "RegistrationRequest": rules.REGISTRATION,
    "IndividualVerificationRequest": rules.INDIVIDUAL_VERIFICATION,
    "CreateVerificationRequest": rules.VERIFICATION,
    "DocumentUploadRequest": rules.DOCUMENT,
    "ApproveVerificationRequest": rules.APPROVAL,
    "ConsentRequest": rules.CONSENT,
    "ActivationRequest": rules.ACTIVATION,
}
LONG = "x" * 5000


@pytest.fixture
def desk() -> Desk:
    """Give a calm bank with an admin logged in."""
    return Desk().log_in()


@pytest.fixture
def person(desk: Desk) -> Person:
    """Give a customer with an open verification."""
    person = desk.register("ana.sample@example.com")
    person.verify()
    return person


def wrong(reply: Reply) -> list[str]:
    """The members that a 400 names."""
    assert reply.status == 400, reply
    return [error["field"] for error in reply.data["errors"]]


@pytest.mark.parametrize("schema", TABLES)
def test_each_table_has_the_contracts_members(schema: str) -> None:
    """Every member of a request's schema is checked, and the same are required."""
    table = {member.name: member.required for member in TABLES[schema]}
    assert set(table) == set(SPEC[schema]["properties"])
    assert {name for name, required in table.items() if required} == set(SPEC[schema]["required"])


def test_the_bank_knows_the_names_of_countries_that_the_job_sends() -> None:
    """The bank's own list has the English name of every country that a row may name, and no code."""
    codes, _ = countries._known()
    assert set(codes.values()) <= forms.countries()
    assert not forms.countries() & {code.upper() for code in codes}


def test_the_banks_mime_types_are_those_of_the_contract() -> None:
    """What the bank tells by a file's first bytes is what the contract lists, and what the job sends."""
    listed = SPEC["DocumentUploadRequest"]["properties"]["mimeType"]["enum"]
    assert list(forms.MIME_TYPES) == listed == list(MIME_TYPES)


def day(years: int, days: int = 0) -> str:
    """A date so many years and days before the desk's day."""
    today = datetime.fromtimestamp(Desk().now, UTC).date()
    return date.fromordinal(date(today.year - years, today.month, today.day).toordinal() - days).isoformat()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nationality": "Atlantis"}, "nationality"),
        ({"nationality": "LT"}, "nationality"),
        ({"nationality": "lithuania"}, "nationality"),
        ({"dateOfBirth": day(0, days=7)}, "dateOfBirth"),
        ({"dateOfBirth": day(16, days=-1)}, "dateOfBirth"),
        ({"dateOfBirth": day(121)}, "dateOfBirth"),
        ({"firstName": LONG}, "firstName"),
        ({"lastName": "Sam\nple"}, "lastName"),
        ({"gender": 1}, "gender"),
        ({"placeOfBirth": LONG}, "placeOfBirth"),
        ({"pincode": 44001}, "pincode"),
        ({"email": "a@b@example.com"}, "email"),
        ({"email": f"{'x' * 65}@example.com"}, "email"),
        ({"phone": "+370 600 00001"}, "phone"),
        ({"roleIds": ["OWNER"]}, "roleIds"),
        ({"customerCategory": {"id": "x", "name": 3}}, "customerCategory.name"),
        ({"individualCustomer": {"tenantId": "other"}}, "individualCustomer.tenantId"),
        ({"individualCustomer": []}, "individualCustomer"),
        ({"individualCustomer": {"person": {"nationality": "Atlantis"}}}, "individualCustomer.person.nationality"),
        (
            {"individualCustomer": {"person": {"addresses": [{"city": "Kaunas"}, {"city": 1}]}}},
            "individualCustomer.person.addresses[1].city",
        ),
    ],
)
def test_a_registration_is_checked_member_by_member(desk: Desk, change: dict[str, Any], field: str) -> None:
    """A country that is none, an age that nobody has, a wrong type or length: 400 names the member."""
    reply = desk.post("/customer/individual/registration", {**registration("a@example.com"), **change})
    assert wrong(reply) == [field]
    assert not desk.sandbox.bank.customers


@pytest.mark.parametrize("born", [day(16), day(120)])
def test_the_youngest_and_the_oldest_may_register(desk: Desk, born: str) -> None:
    """On the birthday itself an age is reached."""
    reply = desk.post("/customer/individual/registration", registration("a@example.com", dateOfBirth=born))
    assert reply.status == 200, reply


def test_ages_are_the_scenarios() -> None:
    """Another bank takes children."""
    desk = Desk(rules={"min_age": 0}).log_in()
    body = registration("a@example.com", dateOfBirth=day(0, days=7))
    assert desk.post("/customer/individual/registration", body).status == 200


def test_one_phone_is_for_one_customer_only_by_switch(desk: Desk) -> None:
    """Two customers may have one phone, unless the scenario forbids it: then it is 409 about the phone."""
    assert desk.register("a@example.com").id != desk.register("b@example.com").id
    strict = Desk(rules={"unique_phones": True}).log_in()
    strict.register("a@example.com")
    reply = strict.post("/customer/individual/registration", registration("b@example.com"))
    assert (reply.status, reply.data["field"]) == (409, "phone")
    other = registration("b@example.com", phone="+37060000002")
    assert strict.post("/customer/individual/registration", other).status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": ""}, "password"),
        ({"tenantKey": None}, "tenantKey"),
        ({"tenantSecret": LONG}, "tenantSecret"),
        ({"credentialType": "CARD"}, "credentialType"),
        ({"value": "somebody.else@example.com"}, "value"),
        ({"tenantId": "other"}, "tenantId"),
    ],
)
@pytest.mark.parametrize("whose", ["admin", "customer"])
def test_log_ins_are_checked_member_by_member(person: Person, whose: str, change: dict[str, Any], field: str) -> None:
    """A wrong member of a log-in is a 400 that names it, and no failed attempt."""
    name, password = (demo.USERNAME, demo.PASSWORD) if whose == "admin" else (person.email, PASSWORD)
    path = LOGIN_PATH if whose == "admin" else person.path(f"users/{person.user_id}/sessions")
    good = {**LOGIN, "username": name, "password": password, "value": name, "tenantId": demo.TENANT_ID}
    assert wrong(person.caller.post(path, {**good, **change}, token="")) == [field]
    assert person.caller.post(path, good, token="").status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"verificationType": "KYC"}, "verificationType"),
        ({"verificationData": {"documentType": "FOO", "documentNumber": "X1"}}, "verificationData.documentType"),
        ({"verificationData": {"documentType": "PASSPORT", "documentNumber": LONG}}, "verificationData.documentNumber"),
        ({"notes": ["no text"]}, "notes"),
    ],
)
def test_a_verification_is_checked_member_by_member(person: Person, change: dict[str, Any], field: str) -> None:
    """Phase 4 on the customer's path names what is wrong."""
    body = {**example("04-verification.request.json"), **change}
    assert wrong(person.caller.post(person.path("verification"), body)) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "FOO"}, "type"),
        ({"requestedLevel": "ANY"}, "requestedLevel"),
        ({"requestedByUserId": "somebody-else"}, "requestedByUserId"),
        ({"requestedByTenantId": "other"}, "requestedByTenantId"),
        ({"additionalData": {"priority": 1}}, "additionalData.priority"),
    ],
)
def test_the_runners_verification_is_checked_alike(person: Person, change: dict[str, Any], field: str) -> None:
    """Phase 4 on the other path names what is wrong; it is opened by who calls."""
    body = {**example("04-alt-create-verification.request.json"), "customerId": person.id, **change}
    assert wrong(person.caller.post("/verifications", body)) == [field]


@pytest.mark.parametrize(
    ("changes", "content", "field"),
    [
        ({"documentType": "FOO"}, b"%PDF-1.4", "documentType"),
        ({"fileName": "../../etc/passwd"}, b"%PDF-1.4", "fileName"),
        ({"mimeType": "image/png"}, b"%PDF-1.4", "mimeType"),
        ({"mimeType": "image/jpeg"}, b"\x89PNG\r\n\x1a\n", "mimeType"),
        ({}, b"MZ a program", "mimeType"),
        ({"customerId": "somebody-else"}, b"%PDF-1.4", "customerId"),
        ({"verificationId": "another"}, b"%PDF-1.4", "verificationId"),
    ],
)
def test_a_document_is_what_it_says(person: Person, changes: dict[str, str], content: bytes, field: str) -> None:
    """A type that is none, a content of another kind than declared, another customer: 400 names the member."""
    assert wrong(person.upload(content=content, changes=changes)) == [field]


@pytest.mark.parametrize(
    ("mime_type", "content"),
    [("image/jpeg", b"\xff\xd8\xff\xe0"), ("image/png", b"\x89PNG\r\n\x1a\n"), ("application/pdf", b"\r\n%PDF-1.7")],
)
def test_documents_of_each_kind_are_taken(person: Person, mime_type: str, content: bytes) -> None:
    """The three kinds of the contract, told by their first bytes."""
    assert person.upload(content=content, changes={"mimeType": mime_type}).status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customerId": "somebody-else"}, "customerId"),
        ({"verificationId": "another"}, "verificationId"),
        ({"userId": "somebody-else"}, "userId"),
        ({"status": "MAYBE"}, "status"),
        ({"verificationType": "FOO"}, "verificationType"),
    ],
)
def test_an_approval_is_of_this_customer_by_who_calls(person: Person, change: dict[str, str], field: str) -> None:
    """Another customer's id in the body, or somebody else's as approver, is 400, and nothing is approved."""
    person.prove()
    body = {**example("06-approve.request.json"), "verificationId": person.case, "customerId": person.id}
    path = f"/verifications/{person.case}/approve"
    assert wrong(person.caller.post(path, {**body, **change})) == [field]
    assert person.check().data["verificationOk"] is False
    assert person.caller.post(path, body).status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": "99.9"}, "version"),
        ({"version": LONG}, "version"),
        ({"version": 1.0}, "version"),
        ({"accepted": 1}, "accepted"),
        ({"acceptanceTimestamp": "yesterday"}, "acceptanceTimestamp"),
        ({"acceptanceTimestamp": "2991-01-01T00:00:00Z"}, "acceptanceTimestamp"),
        ({"acceptedAt": "2025-01-01T00:00:00"}, "acceptedAt"),
    ],
)
def test_a_consent_is_checked_member_by_member(person: Person, change: dict[str, Any], field: str) -> None:
    """A version that is not in force, and a time that is none or to come, are 400."""
    reply = person.caller.post(person.path("consents/terms"), {**example("07-consent-terms.request.json"), **change})
    assert wrong(reply) == [field]
    assert person.check().data["missingConsents"][0] == "TERMS_AND_CONDITIONS"


def test_a_refused_version_names_the_one_in_force() -> None:
    """Each text has versions of its own by the scenario, and the answer says which is wanted."""
    desk = Desk(consents={"privacy": ["2.1"]}).log_in()
    person = desk.register("a@example.com")
    replies = [person.consent(name) for name in CONSENTS]
    assert [reply.status for reply in replies] == [200, 400, 200]
    assert replies[1].data["suggestions"] == ["2.1"]
    assert replies[1].data["errors"] == [{"field": "version", "message": "must be 2.1, which is in force"}]


@pytest.mark.parametrize("change", [{"userId": "somebody@example.com"}, {"code": ""}, {"code": 5}])
def test_an_activation_is_checked_member_by_member(person: Person, change: dict[str, Any]) -> None:
    """The e-mail of this customer's user and a code."""
    body = {"userId": person.email, "code": "ACTIVATION_CODE_1", **change}
    assert wrong(person.caller.post(person.path("activation"), body)) == list(change)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X_Forwarded_For", "example.com"),
        ("X_Forwarded_For", "127.0.0.1, 127.0.0.2"),
        ("X_Forwarded_From", "caf\u00e9"),
        ("platform", "x" * 257),
        ("deviceId", "tab\there"),
    ],
)
def test_headers_must_have_a_value_that_can_be_right(desk: Desk, name: str, value: str) -> None:
    """An address that is none, or a word that is no visible text, is 400 and named."""
    path = f"/customer/individual/categorization/hierarchy/{demo.TENANT_ID}"
    reply = desk.get(path, **{name: value})
    assert (reply.status, reply.body["message"]) == (400, "Invalid required header(s)")
    assert reply.data["details"].startswith(name.replace("_", "-"))
    assert desk.get(path, X_Forwarded_For="::1").status == 200


def test_an_instant_is_read_with_its_offset() -> None:
    """What is no time of the calendar is none."""
    assert forms.instant_of("2026-01-01T00:00:00Z") == forms.instant_of("2026-01-01T02:00:00+02:00")
    assert forms.instant_of("2026-13-01T00:00:00Z") is None
    now = time.time()
    assert rules.consent({"accepted": True, "version": "1", "acceptedAt": "2026-01-01T00:00:00Z"}, now) == []
