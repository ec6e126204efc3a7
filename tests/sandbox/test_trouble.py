"""Answers that are not the bank's, are somebody else's, refuse, or leave a dead connection, over a real socket."""

import http.client
import json
import threading
import time
from typing import Any

import pytest

from finhub_onboard.sandbox.faults import Faults
from finhub_onboard.sandbox.operations import OPERATIONS
from finhub_onboard.sandbox.scenario import parse
from finhub_onboard.sandbox.trouble import page
from tests.sandbox.support import CONSENTS, LOGIN, LOGIN_PATH, Desk, Person, Reply, Wire, registration, running

REGISTRATION = "/customer/individual/registration"


def scenario(*faults: dict[str, Any], **more: Any) -> Any:
    """Make a scenario of faults."""
    return parse({"fault": list(faults), **more}, "test")


@pytest.mark.parametrize(("kind", "work"), [("gateway_before", False), ("gateway_after", True)])
@pytest.mark.parametrize("form", ["html", "text", "json", "empty"])
def test_a_gateways_page_has_its_status_and_no_envelope(kind: str, work: bool, form: str) -> None:  # noqa: FBT001
    """Any status in any form; nothing of it looks like the bank's, and the work was done where the name says so."""
    statuses = (200, 302, 400, 403, 404, 405, 418, 421, 499, 502)
    faults = [
        {"kind": kind, "on": ["acceptIndividualConsent"], "nth": [n], "status": status, "page": form}
        for n, status in enumerate(statuses, start=1)
    ]
    with running(scenario(*faults)) as wire:
        person = wire.log_in().register("a@example.com")
        for number, status in enumerate(statuses, start=1):
            reply = person.consent("terms")
            assert reply.status == status
            assert ("location" in {name.lower() for name in reply.headers}) is (status == 302)
            assert isinstance(reply.body, dict) is (form == "json")
            assert (reply.body == "") is (form == "empty")
            assert not isinstance(reply.body, dict) or not {"code", "data", "success"} & set(reply.body)
            assert wire.record()["customers"][0]["consents"] == ({"terms": number} if work else {})


def test_pages_say_what_such_pages_say() -> None:
    """An ingress's plain 404, a maintenance page with 200, and Spring's own 404 are as they are met outside."""
    assert page(404, "text").body == b"404 page not found\n"
    assert page(200, "json").body == b'{"message":"Service is under maintenance"}'
    assert set(json.loads(page(404, "json").body)) == {"timestamp", "status", "error", "path"}
    assert page(403, "json").body == b'{"message":"Forbidden"}'
    assert b"<h1>499 Client Closed Request</h1>" in page(499, "html").body


@pytest.mark.parametrize("shapes", ["runner", "older"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_the_bank_refuses_one_customer_in_its_own_words(status: int, shapes: str) -> None:
    """``refuse`` has the bank's envelope and a message of its own or the usual one, for whom it names and as often."""
    on = ["acceptIndividualConsent"]
    fault = {"kind": "refuse", "status": status, "of": ["b@example.com"], "on": on, "rate": 1.0}
    with running(scenario({**fault, "message": "Missing required header(s)"}), shapes=shapes) as wire:
        well, ill = (wire.log_in().register(f"{name}@example.com") for name in "ab")
        for name in CONSENTS:
            reply = ill.consent(name)
            assert reply.status == status
            said = reply.body.get("error") or reply.body
            assert said["message"] == "Missing required header(s)"
            assert well.consent(name).status == 200
        assert [c["consents"] for c in wire.record()["customers"]] == [dict.fromkeys(CONSENTS, 1), {}]
    with running(scenario(fault)) as wire:
        assert wire.log_in().register("b@example.com").consent("terms").body["message"]


@pytest.mark.parametrize("shapes", ["runner", "older"])
def test_every_call_of_a_customer_can_answer_about_another(shapes: str) -> None:
    """``others_echo`` names the bank's first other customer in each answer, and the work was done for the right one."""
    with running(scenario({"kind": "others_echo", "rate": 1.0}), shapes=shapes) as wire:
        first = wire.log_in().register("a@example.com")
        first.verify()
        reply = wire.post(REGISTRATION, registration("b@example.com"))
        assert (reply.data["id"], reply.data["user"]["email"]) == (first.id, "a@example.com")
        assert "id" not in reply.data["user"]
        _, second = wire.record()["customers"]
        ids = (second["customerId"], second["userId"])
        person = Person(caller=wire, email="b@example.com", id=ids[0], user_id=ids[1])
        told = {"session": person.session(), "verification": person.verify()}
        assert person.case == first.case
        person.case = wire.record()["customers"][1]["verificationIds"][0]
        told |= {"document": person.upload(), "approval": person.approve()}
        told["documents"] = wire.get(person.path("documents"))
        told |= {name: person.consent(name) for name in CONSENTS}
        told |= {"check": person.check(), "activation": person.activate()}
        assert {name for name, answer in told.items() if first.id not in str(answer.body)} == set()
        own = {name for name, answer in told.items() if person.id in str(answer.body)}
        assert own <= set(CONSENTS)  # older pages show the id of the record, which is the right one
        assert [c["status"] for c in wire.record()["customers"]] == ["CS_REGISTRATION_COMPLETED", "ACTIVE"]
        assert wire.record()["faults"]["others_echo"] == 13


def test_only_customers_calls_can_be_somebody_elses() -> None:
    """Log-in of the admin, hierarchy and deliveries belong to no customer; a refusal and a lone customer stay as is."""
    for kind in ("others_echo", "mixed_up"):
        faults = Faults(scenario({"kind": kind, "rate": 1.0}))
        spared = {operation.id for operation in OPERATIONS if faults.pick(operation.id, 1) is None}
        assert spared == {
            *("createAdminSession", "getCategorizationHierarchy", "listWebhookDeliveries", "getWebhookDelivery")
        }
    with running(scenario({"kind": "others_echo", "rate": 1.0})) as wire:
        person = wire.log_in().register("a@example.com")
        assert person.session().data["user"]["email"] == "a@example.com"
        assert wire.post(REGISTRATION, registration("b@example.com")).status == 200
        refused = wire.post(REGISTRATION, registration("a@example.com"))
        assert refused.status == 409
        assert "customerId" not in str(refused.body)


def test_two_registrations_get_each_others_answers() -> None:
    """``mixed_up`` exchanges two answers, without ``user.id``; the third waits in vain and gets its own."""
    with running(scenario({"kind": "mixed_up", "on": ["registerIndividual"], "rate": 1.0, "over_s": 3.0})) as wire:
        wire.log_in()
        got: dict[str, Reply] = {}

        def register(name: str) -> None:
            caller = Wire(wire.port)
            caller.admin = wire.admin
            got[name] = caller.post(REGISTRATION, registration(f"{name}@example.com"))
            caller.connection.close()

        calls = [threading.Thread(target=register, args=(name,)) for name in "ab"]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        truth = {c["email"][0]: c["customerId"] for c in wire.record()["customers"]}
        assert {name: reply.data["id"] for name, reply in got.items()} == {"a": truth["b"], "b": truth["a"]}
        assert [got[name].data["user"]["email"] for name in "ab"] == ["b@example.com", "a@example.com"]
        assert all("id" not in reply.data["user"] for reply in got.values())
    with running(scenario({"kind": "mixed_up", "on": ["registerIndividual"], "rate": 1.0, "over_s": 0.1})) as wire:
        reply = wire.log_in().post(REGISTRATION, registration("c@example.com"))
        assert reply.data["user"]["email"] == "c@example.com"


def test_a_dead_connection_resets_the_next_request_unread() -> None:
    """``close_after_answer``: a whole answer that promises to keep the connection; the next request never arrives."""
    with running(scenario({"kind": "close_after_answer", "on": ["acceptIndividualConsent"], "nth": [1]})) as wire:
        person = wire.log_in().register("a@example.com")
        reply = person.consent("terms")
        assert reply.status == 200
        assert reply.headers.get("connection", "keep-alive") == "keep-alive"
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
            person.consent("privacy")
        assert person.consent("data-processing").status == 200
        told = wire.record()
        assert told["customers"][0]["consents"] == {"terms": 1, "data-processing": 1}
        assert told["calls"]["acceptIndividualConsent"]["received"] == 2


def test_a_window_is_counted_from_the_first_call() -> None:
    """Every call in the window meets the fault, and the bank is well before and after."""
    fault = {"kind": "gateway_before", "page": "text", "rate": 1.0, "from_s": 0.3, "for_s": 0.3}
    with running(scenario(fault)) as wire:
        start, statuses = time.monotonic(), []
        while time.monotonic() - start < 1.0:
            statuses.append((time.monotonic() - start, wire.post(LOGIN_PATH, LOGIN, token="").status))
        assert {status for at, status in statuses if at < 0.2} == {200}
        assert {status for at, status in statuses if 0.35 < at < 0.55} == {404}
        assert {status for at, status in statuses if at > 0.65} == {200}


def test_one_session_per_admin_is_a_habit() -> None:
    """With ``single_session`` a log-in ends the earlier token, else both live; customers are not concerned."""
    for single in (True, False):
        desk = Desk(logins={"single_session": single}).log_in()
        person = desk.register("a@example.com")
        before, theirs = desk.admin, person.session().data["token"]
        desk.log_in()
        assert desk.get(person.path("documents"), token=before).status == (401 if single else 200)
        assert desk.get(person.path("documents")).status == 200
        person.session()
        assert desk.get(person.path("documents"), token=theirs).status == 200


def test_a_verification_may_be_approved_as_soon_as_it_is_opened() -> None:
    """``auto_approved_share``: documents and the approval come too late, and the check says so; never for high risk."""
    desk = Desk(verification={"auto_approved_share": 1.0}).log_in()
    person = desk.register("a@example.com")
    assert person.verify().status == 200
    assert (person.upload().status, person.approve().status) == (409, 409)
    assert person.check().data["verificationOk"] is True
    assert [person.consent(name).status for name in CONSENTS] == [200] * 3
    assert person.activate().status == 200
    desk = Desk(verification={"auto_approved_share": 1.0}, risk={"high_share": 1.0}).log_in()
    risky = desk.register("a@example.com")
    risky.verify()
    assert risky.check().data["verificationOk"] is False
