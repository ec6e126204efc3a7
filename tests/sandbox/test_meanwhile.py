"""What others do while we work, and what the bank does by the clock: each habit of a scenario, call by call."""

import json
from typing import Any

import pytest

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.habits import ACTS, Meanwhile, Scenario
from finhub_onboard.sandbox.scenario import load, parse
from finhub_onboard.sandbox.store import Store
from finhub_onboard.sandbox.tally import Limiter
from tests.sandbox.support import CONSENTS, LOGIN, LOGIN_PATH, ROOT, Desk, Person, registration, running, until

DELIVERIES = f"/webhooks/subscriptions/{demo.SUBSCRIPTION_ID}/deliveries"


def person_of(**entry: Any) -> Person:
    """Register a customer at a bank where others do one thing."""
    return Desk(meanwhile=[{"share": 1.0, **entry}]).log_in().register("a@example.com")


def test_every_act_is_shipped_in_a_scenario() -> None:
    """What others can do is practised by the files in configs/scenarios."""
    files = (ROOT / "configs" / "scenarios").glob("*.toml")
    assert {entry.does for path in files for entry in load(path).meanwhile} == set(ACTS)


def test_a_customer_may_be_approved_before_we_open_a_verification() -> None:
    """Opening one is 409, and the check says that it is approved."""
    person = person_of(does="approve", after=["registerIndividual"])
    assert person.verify().status == 409
    assert person.check().data["verificationOk"] is True
    for name in CONSENTS:
        person.consent(name)
    assert person.activate().status == 200


def test_a_verification_may_be_approved_before_our_approval_arrives() -> None:
    """The approval is 409 and is not carried out twice."""
    person = person_of(does="approve", before=["approveVerification"])
    person.verify()
    person.prove()
    assert person.approve().status == 409
    case = person.caller.sandbox.bank.customers[person.id].verifications[0]  # type: ignore[attr-defined]
    assert (case.status, case.approvals) == ("APPROVED", 1)


@pytest.mark.parametrize(("does", "status"), [("reject", 422), ("expire", 409)])
def test_a_verification_may_end_before_our_approval(does: str, status: int) -> None:
    """A rejected one is 422, an expired one 409; only after the latter another one leads on."""
    person = person_of(does=does, before=["approveVerification"])
    person.verify()
    person.prove()
    assert person.approve().status == status
    assert person.check().data["verificationOk"] is False
    person.verify()
    person.prove()
    assert person.approve().status == 200, "the act happened once"


@pytest.mark.parametrize("does", ["reject", "expire"])
def test_an_approval_may_be_taken_back(does: str) -> None:
    """After it the check no longer shows it, and activation is 422."""
    person = person_of(does=does, after=["approveVerification"])
    statuses = person.finish()
    assert statuses == [200] * 8 + [422]
    assert person.check().data["verificationOk"] is False


def test_an_active_customer_is_left_alone() -> None:
    """Nothing is taken back from who is active."""
    person = person_of(does="expire", after=["activateIndividual"])
    assert person.finish() == [200] * 9
    assert person.check().data["verificationOk"] is True


def test_a_customer_may_be_activated_upon_approval() -> None:
    """Consents are still taken; our activation is 409."""
    person = person_of(does="activate", after=["approveVerification"])
    assert person.finish() == [200] * 8 + [409]
    assert person.check().data["message"] == "Customer is already active"


def test_documents_may_be_refused_after_they_were_uploaded() -> None:
    """The list shows them rejected, approval is 422 and names them; others lead on."""
    person = person_of(does="refuse_documents", before=["approveVerification"])
    person.verify()
    person.prove()
    reply = person.approve()
    assert (reply.status, reply.data["details"]) == (422, "GOVERNMENT_ID")
    assert [d["status"] for d in person.caller.get(person.path("documents")).data["documents"]] == ["REJECTED"]
    person.prove()
    assert person.approve().status == 200


def test_an_act_may_come_some_calls_and_minutes_later() -> None:
    """It waits for both, counted from the call that set it off."""
    entry = {"does": "approve", "after": ["startIndividualVerification"], "share": 1.0}
    desk = Desk(meanwhile=[{**entry, "later_calls": 2, "later_minutes": 3}], minute_s=10.0).log_in()
    person = desk.register("a@example.com")
    person.verify()
    assert [person.check().data["verificationOk"] for _ in range(4)] == [False] * 4, "too early"
    desk.now += 30
    assert person.check().data["verificationOk"] is True


def test_an_act_strikes_named_customers_or_a_share() -> None:
    """``of`` names e-mails; without share nobody else is concerned."""
    act = {"does": "approve", "after": ["registerIndividual"], "of": ["a@example.com"]}
    desk = Desk(meanwhile=[act]).log_in()
    assert desk.register("a@example.com").verify().status == 409
    assert desk.register("b@example.com").verify().status == 200
    assert desk.sandbox.bank.acts == {"approve": 1}


def test_an_approval_may_count_later() -> None:
    """It is answered PENDING, again as well, and counts after so many calls about the customer."""
    desk = Desk(verification={"slow_share": 1.0, "slow_calls": 3}).log_in()
    person = desk.register("a@example.com")
    person.verify()
    person.prove()
    assert [person.approve().data["status"] for _ in range(2)] == ["PENDING", "PENDING"]
    assert [person.check().data["verificationOk"] for _ in range(3)] == [False, False, True]


def stored(folder: Any, **scenario: Any) -> Desk:
    """A bank whose state is on disk."""
    made = Desk()
    made.sandbox = Sandbox(parse(scenario, "test"), store=Store(folder / "bank.db"))
    return made.log_in()


def restart(person: Person, folder: Any, **scenario: Any) -> None:
    """End the person's bank, and begin it again from its state, as the next run does with the embedded one."""
    person.caller.sandbox.store.close()  # type: ignore[attr-defined]
    person.caller = stored(folder, **scenario)


def test_what_happened_once_does_not_happen_again_after_a_restart(tmp_path: Any) -> None:
    """The same command again goes on, as at a bank: another verification does not expire, too."""
    expiry: dict[str, Any] = {"meanwhile": [{"does": "expire", "before": ["approveVerification"], "share": 1.0}]}
    person = stored(tmp_path, **expiry).register("a@example.com")
    person.verify()
    person.prove()
    assert person.approve().status == 409
    restart(person, tmp_path, **expiry)
    person.verify()
    person.prove()
    assert person.approve().status == 200


def test_a_changed_version_stays_changed_after_a_restart(tmp_path: Any) -> None:
    """The consents before it count."""
    change: dict[str, Any] = {"consents": {"changes_to": "2.0", "changes_after": 1}}
    person = stored(tmp_path, **change).register("a@example.com")
    assert person.consent(CONSENTS[0]).status == 200
    restart(person, tmp_path, **change)
    assert person.consent(CONSENTS[1]).status == 400


def test_what_is_pending_survives_a_restart(tmp_path: Any) -> None:
    """The bank's state holds what somebody will do, and how many calls there were."""
    person = stored(tmp_path, verification={"slow_share": 1.0}).register("a@example.com")
    person.verify()
    person.prove()
    person.approve()
    person.check()
    restart(person, tmp_path, verification={"slow_share": 1.0})
    assert [person.check().data["verificationOk"] for _ in range(2)] == [False, True]


def test_consent_versions_may_change_in_mid_run() -> None:
    """After so many consents only the new version is taken, and the answer names it."""
    person = Desk(consents={"changes_to": "2.0", "changes_after": 1}).log_in().register("a@example.com")
    replies = [person.consent(name) for name in CONSENTS[:2]]
    assert [reply.status for reply in replies] == [200, 400]
    assert replies[1].data["suggestions"] == ["2.0"]
    body = {"accepted": True, "version": "2.0"}
    assert person.caller.post(person.path("consents/privacy"), body).status == 200


def test_a_data_reset_loses_all_customers() -> None:
    """After so many calls nobody is known, and who registers again gets another id."""
    with running(parse({"reset": {"after_calls": 3}}, "test")) as wire:
        person = wire.log_in().register("a@example.com")
        assert person.check().status == 200
        assert person.check().status == 404
        assert wire.record()["forgotten"] == ["a@example.com"]
        assert wire.register("a@example.com").id != person.id
        assert wire.register("b@example.com").check().status == 200, "only once"


def test_maintenance_answers_everything_with_a_page() -> None:
    """In its window also a log-in gets the gateway's 503; before and after it the bank is there."""
    window = {"after_minutes": 0.0, "minutes": 2.0}
    with running(parse({"maintenance": window, "minute_s": 0.25}, "test")) as wire:
        reply = wire.post(LOGIN_PATH, LOGIN, token="")
        assert (reply.status, "<html>" in reply.body) == (503, True)
        until(lambda: wire.post(LOGIN_PATH, LOGIN, token="").status == 200)
    faults = parse({"maintenance": {"after_minutes": 1, "minutes": 3}}, "test").faults()
    assert [(fault.from_s, fault.for_s) for fault in faults] == [(60.0, 180.0)]


def test_limits_hold_for_each_span() -> None:
    """The longest wait of all spans counts, and a refused call does not."""
    limiter = Limiter((2, 1.0), (3, 60.0), (0, 3600.0))
    assert [limiter.wait_s(at) for at in (0.0, 0.5, 0.75, 1.0, 1.5)] == [0, 0, 0.25, 0, 58.5]
    assert limiter.wait_s(60.0) == 0


def test_a_limit_per_minute_names_the_wait() -> None:
    """Beyond it a call is 429 with what is left of the bank's minute."""
    with running(parse({"rate_limit": {"per_minute": 2}, "minute_s": 30.0}, "test")) as wire:
        wire.log_in()
        assert wire.post(LOGIN_PATH, LOGIN, token="").status == 200
        reply = wire.post(LOGIN_PATH, LOGIN, token="")
        assert reply.status == 429
        assert 28 <= int(reply.headers["retry-after"]) <= 30


def test_one_session_per_customer_is_a_habit() -> None:
    """With ``single_customer_session`` a customer's log-in ends the earlier token, and nobody else's."""
    desk = Desk(logins={"single_customer_session": True}).log_in()
    person, other = desk.register("a@example.com"), desk.register("b@example.com")
    before, theirs = person.session().data["token"], other.session().data["token"]
    desk.log_in()
    person.session()
    assert desk.get(person.path("documents"), token=before).status == 401
    assert desk.get(other.path("documents"), token=theirs).status == 200


def test_deliveries_may_be_late_doubled_and_lost() -> None:
    """A doubled one has its event's id twice; a late one is listed only then; a lost one never."""
    twice = Desk(deliveries={"doubled_share": 1.0, "lag_s": 5.0}).log_in()
    twice.register("a@example.com")
    assert twice.get(DELIVERIES).data["deliveries"] == []
    twice.now += 5
    listed = twice.get(DELIVERIES).data["deliveries"]
    assert [(d["deliveryId"], d["eventId"]) for d in listed] == [("del_2", "evt_1"), ("del_1", "evt_1")]
    lost = Desk(deliveries={"lost_share": 1.0}).log_in()
    lost.register("a@example.com")
    assert lost.get(DELIVERIES).data["deliveries"] == []


@pytest.mark.parametrize(
    ("address", "what"),
    [("a+declined@example.com", "declined"), ("b+HIGH@example.com", "high"), ("c+docs@example.com", "docs")],
)
def test_magic_addresses_meet_their_fate(address: str, what: str) -> None:
    """By the end of the part before the @: refused, high risk, one document more."""
    person = Desk().log_in().register(address)
    required = person.verify().data["requiredDocuments"]
    assert ("SELFIE" in required) is (what == "docs")
    person.upload()
    reply = person.approve()
    if what == "declined":
        assert reply.status == 422 or reply.data["status"] == "REJECTED"
    elif what == "high":
        assert reply.status == 403
    else:
        assert (reply.status, reply.data["details"]) == (422, "SELFIE")


def test_a_slow_address_is_approved_later() -> None:
    """The approval counts some calls later, in every scenario."""
    person = Desk().log_in().register("a+slow@example.com")
    person.verify()
    person.prove()
    assert person.approve().data["status"] == "PENDING"
    assert [person.check().data["verificationOk"] for _ in range(4)][-1] is True


def test_a_tag_elsewhere_is_no_magic() -> None:
    """Neither another tag nor the same letters in another place."""
    desk = Desk().log_in()
    for address in ("declined@example.com", "a+declined.b@example.com", "a@example.com+declined.example.com"):
        body = registration(address)
        if desk.post("/customer/individual/registration", body).status == 200:
            customer = desk.sandbox.bank.by_email[address.casefold()]
            assert customer.risk == "LOW"
            person = Person(caller=desk, email=address, id=customer.id, user_id=customer.user_id)
            assert person.finish() == [200] * 9


def test_the_record_tells_what_others_did() -> None:
    """The control plane shows acts by kind."""
    scenario = Scenario(meanwhile=(Meanwhile(does="activate", after=("registerIndividual",), share=1.0),))
    with running(scenario) as wire:
        wire.log_in().register("a@example.com")
        assert wire.record()["acts"] == {"activate": 1}
        json.dumps(wire.record())
