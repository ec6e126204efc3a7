"""The bank's state machine, call by call."""

import json
import re

import pytest

from finhub_onboard.sandbox import demo
from tests.sandbox.support import CONSENTS, LOGIN, Desk, Person, example, registration


@pytest.fixture
def desk() -> Desk:
    """Give a calm bank with an admin logged in."""
    return Desk().log_in()


@pytest.fixture
def person(desk: Desk) -> Person:
    """Give a registered customer of low risk."""
    return desk.register("ana.sample@example.com")


@pytest.mark.parametrize("shapes", ["runner", "older"])
@pytest.mark.parametrize("category", [0, 1])
def test_a_whole_journey_ends_active(shapes: str, category: int) -> None:
    """Eight phases in order make a customer active, in both generations of answers."""
    person = Desk(shapes).log_in().register("ana@example.com", category)
    assert person.finish() == [200] * 9
    assert person.activate().status == 409


def test_registration_needs_a_new_email_in_any_case(desk: Desk, person: Person) -> None:
    """An e-mail is unique in the tenant, whatever its letters' case."""
    reply = desk.post("/customer/individual/registration", registration(person.email.upper()))
    assert (reply.status, reply.body) == (409, example("02-registration.response.409.json"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"firstName": ""}, "firstName"),
        ({"lastName": None}, "lastName"),
        ({"email": "nobody"}, "email"),
        ({"phone": "0123456789"}, "phone"),
        ({"phone": "+0123456789"}, "phone"),
        ({"password": "short1!", "matchingPassword": "short1!"}, "password"),
        ({"password": "nouppercase1!", "matchingPassword": "nouppercase1!"}, "password"),
        ({"matchingPassword": "Another-Passw0rd!"}, "matchingPassword"),
        ({"dateOfBirth": "1991-02-30"}, "dateOfBirth"),
        ({"dateOfBirth": "03.02.1991"}, "dateOfBirth"),
        ({"dateOfBirth": "2991-02-03"}, "dateOfBirth"),
        ({"nationality": " "}, "nationality"),
        ({"roleIds": []}, "roleIds"),
        ({"customerCategory": "Individual Standard"}, "customerCategory"),
        ({"customerCategory": {"id": "x"}}, "customerCategory.name"),
    ],
)
def test_registration_names_the_wrong_member(desk: Desk, change: dict[str, object], field: str) -> None:
    """A wrong member is a 400 that names it, and nobody is registered."""
    reply = desk.post("/customer/individual/registration", {**registration("a@example.com"), **change})
    assert reply.status == 400
    assert [error["field"] for error in reply.data["errors"]] == [field]
    assert not desk.sandbox.bank.customers


def test_registration_error_has_the_documented_form(desk: Desk) -> None:
    """Different passwords give the documented body, to the letter."""
    body = registration("a@example.com", matchingPassword="Another-Passw0rd!")
    reply = desk.post("/customer/individual/registration", body)
    assert reply.body == example("02-registration.response.400.password.json")


@pytest.mark.parametrize(
    "category",
    [
        {"id": "no-such-id", "name": "Individual Standard"},
        {"id": demo.CATEGORIES[0].id, "name": "Small Business"},
        {"id": demo.CATEGORIES[3].id, "name": "Small Business"},
    ],
)
def test_registration_needs_a_category_for_individuals(desk: Desk, category: dict[str, str]) -> None:
    """Unknown, mismatched and business categories are refused as invalid categorization."""
    reply = desk.post("/customer/individual/registration", registration("a@example.com", customerCategory=category))
    assert reply.status == 400
    assert reply.data["error"] == "Invalid categorization"


@pytest.mark.parametrize(
    ("category", "documents"),
    [
        (0, ["GOVERNMENT_ID"]),
        (1, ["GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"]),
        (
            2,
            ["GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS", "BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"],
        ),
    ],
)
def test_required_documents_follow_the_risk(desk: Desk, category: int, documents: list[str]) -> None:
    """The verification names the documents of the category's risk."""
    assert desk.register("a@example.com", category).verify().data["requiredDocuments"] == documents


def test_both_verification_paths_share_one_store(desk: Desk, person: Person) -> None:
    """A case that the runner's path opened takes documents and approval like any other."""
    body = {**example("04-alt-create-verification.request.json"), "customerId": person.id}
    person.case = desk.post("/verifications", body).data["verificationId"]
    assert [person.upload().status, person.approve().status] == [200, 200]
    assert person.check().data["verificationOk"] is True


def test_a_second_verification_is_a_second_case_until_one_is_approved(person: Person) -> None:
    """Opening again opens another case; once one is approved it is a conflict."""
    first = person.verify().data["verificationId"]
    assert person.verify().data["verificationId"] != first
    person.prove()
    assert person.approve().status == 200
    assert person.verify().status == 409


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"fileContent": "no base64!"}, 400),
        ({"fileContent": ""}, 400),
        ({"mimeType": "text/plain"}, 400),
        ({"customerId": "somebody-else"}, 400),
        ({"verificationId": "another"}, 400),
        ({"documentType": ""}, 400),
    ],
)
def test_documents_are_checked(person: Person, changes: dict[str, str], status: int) -> None:
    """An upload must be base64 of an allowed type, for this case and customer."""
    person.verify()
    assert person.upload(changes=changes).status == status


def test_a_document_above_ten_megabytes_is_too_large(person: Person) -> None:
    """More than 10 MB of raw bytes is 413."""
    person.verify()
    assert person.upload(content=b"x" * (10 * 1024 * 1024 + 1)).status == 413


def test_unknown_ids_are_404(desk: Desk, person: Person) -> None:
    """Uploads and approvals of an unknown case, and calls on an unknown customer, are 404."""
    person.case = "nobody"
    assert [person.upload().status, person.approve().status] == [404, 404]
    stranger = Person(caller=desk, email="x@example.com", id="nobody", user_id="nobody")
    replies = [stranger.verify(), stranger.consent("terms"), stranger.check(), stranger.activate(), stranger.session()]
    assert [reply.status for reply in replies] == [404] * 5


def test_approving_twice_is_a_conflict_and_counts_once(desk: Desk, person: Person) -> None:
    """A second approval is 409 and is not carried out."""
    person.verify()
    person.prove()
    assert [person.approve().status, person.approve().status] == [200, 409]
    assert desk.sandbox.bank.customers[person.id].verifications[0].approvals == 1
    assert person.upload().status == 409


def test_high_risk_waits_for_a_person(desk: Desk) -> None:
    """A high-risk case is 403 for the tenant's admin; a person at the bank can approve it."""
    person = desk.register("rich@example.com", 2)
    person.verify()
    assert person.approve().status == 403
    assert person.check().data["powerTenantApprovalOk"] is False
    assert desk.sandbox.gate.cases.settle_by_person(person.case, "APPROVED", desk.now)
    for name in CONSENTS:
        person.consent(name)
    assert person.check().data["activationAllowed"] is True
    assert person.activate().status == 200


def test_risk_that_shows_late_stops_activation() -> None:
    """With ``high_shown = "check"`` approval succeeds, the check tells of the power tenant, activation is 422."""
    desk = Desk(risk={"high_share": 1.0, "high_shown": "check"}).log_in()
    person = desk.register("a@example.com")
    assert person.finish() == [200] * 8 + [422]
    check = person.check().data
    assert (check["verificationOk"], check["powerTenantApprovalOk"], check["activationAllowed"]) == (True, False, False)


@pytest.mark.parametrize(("form", "status"), [("status", 200), ("422", 422)])
def test_a_refusal_is_final(form: str, status: int) -> None:
    """A refused verification says so in either form, and stays refused."""
    desk = Desk(verification={"refused_share": 1.0, "refused_as": form}).log_in()
    person = desk.register("a@example.com")
    person.verify()
    person.prove()
    first = person.approve()
    assert first.status == status
    assert form == "422" or first.data["status"] == "REJECTED"
    assert person.approve().status == 422
    assert person.check().data["verificationOk"] is False


def test_consents_are_idempotent(desk: Desk, person: Person) -> None:
    """The same consent again is taken again and changes nothing; the record counts both."""
    assert [person.consent("terms").status for _ in range(2)] == [200, 200]
    assert person.check().data["missingConsents"] == ["PRIVACY_POLICY", "DATA_PROCESSING"]
    assert desk.sandbox.bank.customers[person.id].consents["terms"].count == 2


def test_consents_have_an_order_only_by_switch(person: Person) -> None:
    """Consents may come in any order, unless the scenario switches the January rule on."""
    assert person.consent("privacy").status == 200
    strict = Desk(rules={"consents_in_order": True}).log_in().register("a@example.com")
    assert [strict.consent(name).status for name in ("privacy", "terms", "privacy")] == [422, 200, 200]


@pytest.mark.parametrize("shapes", ["runner", "older"])
def test_approval_needs_the_documents_of_the_level(shapes: str) -> None:
    """Without a document of the customer's level approval is 422, which names it and speaks of no refusal."""
    person = Desk(shapes).log_in().register("a@example.com", 1)
    person.verify()
    person.upload("PASSPORT")
    person.upload("PROOF_OF_ADDRESS")
    reply = person.approve()
    assert reply.status == 422
    words = json.dumps(reply.body)
    assert "Required documents are missing: SOURCE_OF_FUNDS" in words
    assert not re.search("declined|refused|rejected|failed", words.lower())
    person.upload("SOURCE_OF_FUNDS")
    assert person.approve().status == 200


def test_a_scenario_may_approve_without_documents() -> None:
    """With the switch off approval looks at no documents."""
    person = Desk(rules={"documents_required": False}).log_in().register("a@example.com", 1)
    person.verify()
    assert person.approve().status == 200


def test_activation_says_what_is_missing(person: Person) -> None:
    """Missing consents are 400 and named; without an approved verification it is 422; then it is done once."""
    for name in ("terms", "privacy"):
        person.consent(name)
    reply = person.activate()
    assert (reply.status, reply.body) == (400, example("08-activation.response.400.missing-consents.json"))
    person.consent("data-processing")
    reply = person.activate()
    assert (reply.status, reply.body) == (422, example("08-activation.response.422.json"))
    person.verify()
    person.prove()
    person.approve()
    assert [person.activate().status, person.activate().status] == [200, 409]


def test_a_lagging_check_catches_up() -> None:
    """The check shows approval and consents after the lag, in time and in checks; activation sees the truth."""
    desk = Desk(check={"lag_s": 2.0, "lag_checks": 1}).log_in()
    person = desk.register("a@example.com")
    person.verify()
    person.prove()
    person.approve()
    for name in CONSENTS:
        person.consent(name)
    seen = []
    for _ in range(3):
        seen.append(person.check().data["activationAllowed"])
        desk.now += 1.5
    assert seen == [False, False, True]


def test_deliveries_tell_what_happened(desk: Desk, person: Person) -> None:
    """Deliveries carry customer id and e-mail, newest first, page by page from zero, and one by one."""
    person.finish()
    path = f"/webhooks/subscriptions/{demo.SUBSCRIPTION_ID}/deliveries"
    listed = desk.get(path).data["deliveries"]
    assert [d["eventType"] for d in listed] == ["customer.activated", "verification.approved", "customer.created"]
    assert listed[2]["payload"]["data"] == {"customerId": person.id, "email": person.email}
    page = desk.get(path + "?page=1&size=2").data
    assert page == {"deliveries": listed[2:], "pagination": {"total": 3, "page": 1, "size": 2}}
    assert desk.get(f"/webhooks/deliveries/{listed[0]['deliveryId']}").data == listed[0]
    assert desk.get("/webhooks/deliveries/del_4").status == 404
    assert desk.get("/webhooks/subscriptions/other/deliveries").status == 404


def test_documents_and_consents_can_be_looked_up() -> None:
    """Uploads are listed for the customer, and a consent record is found by its id."""
    desk = Desk("older").log_in()
    person = desk.register("a@example.com")
    person.verify()
    document = person.upload().data["id"]
    assert [d["documentId"] for d in desk.get(person.path("documents")).data["documents"]] == [document]
    consent = person.consent("terms").data["id"]
    assert desk.get(person.path(f"consents/{consent}/status")).data["status"] == "ACCEPTED"
    assert desk.get(person.path("consents/none/status")).status == 404


def test_wrong_passwords_lock_for_half_an_hour(desk: Desk, person: Person) -> None:
    """Five wrong passwords lock a user, the right one included; after thirty minutes it is open again."""
    attempts = [person.session("Wrong-Passw0rd!").data["attempts"] for _ in range(5)]
    assert attempts == [1, 2, 3, 4, 5]
    locked = person.session()
    assert (locked.status, locked.body["message"]) == (401, "Account locked")
    assert set(locked.data) == set(example("03-session.response.401.locked.json")["data"])
    desk.now += 30 * 60 + 1
    assert person.session().status == 200


def test_the_admin_locks_alike_and_a_good_login_forgets(desk: Desk) -> None:
    """Admin logins count to five too; a good one in between starts the count again."""
    path = f"/admin/organization/{demo.ORGANIZATION_ID}/users/{demo.USER_ID}/sessions"
    wrong = {**LOGIN, "tenantSecret": "wrong"}
    assert [desk.post(path, wrong, token="").status for _ in range(4)] == [401] * 4
    assert desk.post(path, LOGIN, token="").status == 200
    assert desk.post(path, wrong, token="").body == example("00-admin-session.response.401.json")
    assert [desk.post(path, wrong, token="").status for _ in range(4)] == [401] * 4
    assert desk.post(path, LOGIN, token="").body["message"] == "Account locked"
