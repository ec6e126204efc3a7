"""What every call passes: headers, tenant, tokens, body."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from finhub_onboard.sandbox import demo
from tests.sandbox.support import HEADERS, LOGIN, LOGIN_PATH, Desk, example, registration

HIERARCHY = f"/customer/individual/categorization/hierarchy/{demo.TENANT_ID}"


@pytest.fixture
def desk() -> Desk:
    """Give a calm bank with an admin logged in."""
    return Desk().log_in()


def claims(token: str) -> dict[str, Any]:
    """Read a token as a client does."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.mark.parametrize("name", HEADERS)
def test_each_required_header_is_missed(desk: Desk, name: str) -> None:
    """Without a required header a call is 400 and names it."""
    reply = desk.call("GET", HIERARCHY, token=desk.admin, **{name: None})
    assert reply.status == 400
    assert reply.body == {
        "code": 400,
        "message": "Missing required header(s)",
        "data": {"error": "Missing required header(s)", "details": name},
    }


@pytest.mark.parametrize(
    ("name", "alias"),
    [("platform", "sec-ch-ua-platform"), ("deviceId", "X-Device-Id"), ("deviceId", "device-id")],
)
def test_documented_aliases_are_taken(desk: Desk, name: str, alias: str) -> None:
    """The documented other names of a header do as well."""
    assert desk.call("GET", HIERARCHY, token=desk.admin, **{name: None, alias: "x"}).status == 200


def test_a_body_must_be_a_json_object(desk: Desk) -> None:
    """Lists, and bodies without their content type, are 400."""
    path = "/customer/individual/registration"
    assert desk.post(path, []).data["errors"][0]["field"] == "body"
    assert desk.post(path, registration("a@example.com"), Content_Type=None).data["details"] == "Content-Type"


def test_tokens_say_their_end_and_keep_it(desk: Desk) -> None:
    """A token lives 3600 seconds by its own claims, while ``expiresAt`` is a day off and has no zone."""
    reply = desk.post(LOGIN_PATH, LOGIN, token="")
    told = claims(reply.data["token"])
    assert told["exp"] - told["iat"] == 3600
    assert told["tenantId"] == demo.TENANT_ID
    shown = datetime.fromisoformat(reply.data["expiresAt"][:19])
    assert shown.replace(tzinfo=UTC).timestamp() - told["iat"] == 27 * 3600
    desk.now += 3599
    assert desk.get(HIERARCHY).status == 200
    desk.now += 1
    late = desk.get(HIERARCHY)
    assert (late.status, late.body) == (401, example("90-error.response.401.expired.json"))


def test_a_scenario_may_shorten_tokens() -> None:
    """``token_lifetime_s`` is what ``exp`` says."""
    desk = Desk(token_lifetime_s=5).log_in()
    desk.now += 5
    assert desk.get(HIERARCHY).status == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "tampered"])
def test_foreign_tokens_are_refused(desk: Desk, token: str) -> None:
    """No token, no JWT, and a token with another signature are 401."""
    given = desk.admin[:-2] + "xx" if token == "tampered" else token
    assert desk.get(HIERARCHY, token=given).status == 401


def test_the_tenant_must_be_the_tokens(desk: Desk) -> None:
    """Another X-Tenant-ID is 403 in the documented form, also at login; a hierarchy of another tenant too."""
    reply = desk.get(HIERARCHY, X_Tenant_ID="other")
    assert reply.status == 403
    assert reply.body == {
        **example("02-registration.response.403.json"),
        "data": {"error": "Tenant access denied", "tenantId": "other"},
    }
    assert desk.post(LOGIN_PATH, LOGIN, token="", X_Tenant_ID=demo.TENANT_ID.upper()).status == 403
    assert desk.get("/customer/individual/categorization/hierarchy/other").status == 403


def test_a_customer_may_do_its_own_calls_only(desk: Desk) -> None:
    """A customer's token does its own verification and consents, but no admin call and nobody else's."""
    person, other = desk.register("a@example.com"), desk.register("b@example.com")
    token = person.session().data["token"]
    person.case = desk.post(person.path("verification"), example("04-verification.request.json"), token=token).data[
        "verificationId"
    ]
    consent = example("07-consent-terms.request.json")
    assert desk.post(person.path("consents/terms"), consent, token=token).status == 200
    assert desk.post(other.path("consents/terms"), consent, token=token).status == 403
    approval = {"verificationId": person.case, "status": "APPROVED"}
    refused = desk.post(f"/verifications/{person.case}/approve", approval, token=token)
    assert (refused.status, refused.body) == (403, example("06-approve.response.403.json"))
    activation = desk.post(person.path("activation"), {"userId": person.email, "code": "1"}, token=token)
    assert (activation.status, activation.body) == (400, example("08-activation.response.400.role.json"))
    assert desk.post("/customer/individual/registration", registration("c@example.com"), token=token).status == 403


def test_logging_out_ends_the_token(desk: Desk) -> None:
    """An ended session's token is worthless; ending it again, or somebody else's, is 404."""
    person, other = desk.register("a@example.com"), desk.register("b@example.com")
    session, foreign = person.session().data, other.session().data
    path = person.path(f"users/{person.user_id}/sessions/")
    assert desk.call("DELETE", path + foreign["sessionId"], token=session["token"]).status == 404
    assert desk.call("DELETE", path + session["sessionId"], token=session["token"]).status == 200
    assert desk.call("DELETE", path + session["sessionId"], token=desk.admin).status == 404
    consent = example("07-consent-terms.request.json")
    assert desk.post(person.path("consents/terms"), consent, token=session["token"]).status == 401


def test_unknown_organization_and_users_are_404(desk: Desk) -> None:
    """Logins name organization, user and customer; an unknown one is 404."""
    for path in (f"/admin/organization/x/users/{demo.USER_ID}/sessions", LOGIN_PATH.replace(demo.USER_ID, "x")):
        assert desk.post(path, LOGIN, token="").status == 404
    person = desk.register("a@example.com")
    reply = desk.post(person.path("users/x/sessions"), LOGIN, token="")
    assert (reply.status, reply.body) == (404, example("03-session.response.404.json"))
