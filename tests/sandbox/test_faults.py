"""Every kind of fault, over a real socket: what the client sees, and whether the work was done."""

import http.client
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.sandbox.faults import Faults
from finhub_onboard.sandbox.habits import KINDS
from finhub_onboard.sandbox.scenario import parse
from tests.sandbox.support import CONSENTS, LOGIN, LOGIN_PATH, Person, Reply, Wire, registration, running

GONE = (http.client.RemoteDisconnected, ConnectionResetError, http.client.BadStatusLine)


def scenario(kind: str, **more: Any) -> Any:
    """Make a scenario whose fault strikes the first consent."""
    fault = {"kind": kind, "on": ["acceptIndividualConsent"], "nth": [1], **more}
    return parse({"fault": [fault]}, "test")


def first_consent(wire: Wire) -> tuple[Person, Reply]:
    """Register a customer and let its first consent meet the fault."""
    person = wire.log_in().register("a@example.com")
    return person, person.consent("terms")


def done(wire: Wire) -> bool:
    """Whether the consent was carried out, by the bank's own record."""
    record = wire.record()
    assert sum(record["faults"].values()) == 1
    return bool(record["customers"][0]["consents"])


@pytest.mark.parametrize(("kind", "work"), [("drop_before", False), ("drop_after", True)])
def test_drops_close_without_a_byte(kind: str, work: bool) -> None:  # noqa: FBT001
    """A dropped call ends without any byte of answer, before or after the work."""
    with running(scenario(kind)) as wire:
        with pytest.raises(GONE):
            first_consent(wire)
        assert done(wire) is work
        assert wire.record()["calls"]["acceptIndividualConsent"]["by_status"] == {"none": 1}


@pytest.mark.parametrize(("kind", "work"), [("hang_before", False), ("hang_after", True)])
def test_hangs_wait_for_the_client_to_leave(kind: str, work: bool) -> None:  # noqa: FBT001
    """A hanging call never answers; other calls go on meanwhile."""
    with running(scenario(kind), timeout=0.5) as wire:
        with pytest.raises(TimeoutError):
            first_consent(wire)
        assert done(wire) is work


@pytest.mark.parametrize(
    ("kind", "status", "work"),
    [
        ("error_500_before", 500, False),
        ("error_500_after", 500, True),
        ("bad_gateway_before", 502, False),
        ("bad_gateway_after", 502, True),
        ("unavailable_before", 503, False),
        ("unavailable_after", 503, True),
        ("too_many", 429, False),
        ("false_200", 200, False),
        ("unauthorized", 401, False),
        ("expired_token", 401, False),
    ],
)
def test_failures_answer_in_their_form(kind: str, status: int, work: bool) -> None:  # noqa: FBT001
    """Each failure has its status and form, and the work was done exactly where the name says so."""
    with running(scenario(kind)) as wire:
        person, reply = first_consent(wire)
        assert reply.status == status
        if kind.startswith("bad_gateway"):
            assert reply.body.startswith("<html>")
            assert reply.headers["content-type"].startswith("text/html")
        elif kind == "false_200":
            assert reply.body["success"] is False
            assert reply.data["success"] is False
        else:
            assert reply.body["code"] == status
        assert done(wire) is work
        again = person.consent("terms").status
        assert again == (401 if kind == "expired_token" else 200)
        if kind == "expired_token":
            wire.log_in()
            assert person.consent("terms").status == 200


def test_spoiled_bodies_come_after_the_work() -> None:
    """A truncated, garbled or empty answer cannot be read, and the work was done."""
    with running(scenario("truncated_body")) as wire:
        with pytest.raises(http.client.IncompleteRead):
            first_consent(wire)
        assert done(wire)
    for kind in ("garbage_body", "empty_body"):
        with running(scenario(kind)) as wire:
            _, reply = first_consent(wire)
            assert reply.status == 200
            assert isinstance(reply.body, str)
            assert (reply.body == "") is (kind == "empty_body")
            assert done(wire)


def test_slow_bodies_drip() -> None:
    """A slow answer is whole, late."""
    with running(scenario("slow_body", over_s=0.2)) as wire:
        person = wire.log_in().register("a@example.com")
        start = time.monotonic()
        assert person.consent("terms").data["status"] == "PENDING"
        assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("shapes", ["runner", "older"])
def test_answers_without_ids(shapes: str) -> None:
    """``no_id`` takes the ids out of registration, verification and upload, and only there."""
    wanted = parse({"fault": [{"kind": "no_id", "nth": [2]}]}, "test")
    with running(wanted, shapes=shapes) as wire:
        person = wire.log_in().register("a@example.com")
        reply = wire.post("/customer/individual/registration", registration("b@example.com"))
        assert "id" not in reply.data
        assert "id" not in reply.data["user"]
        person.verify()
        case = person.case
        with pytest.raises(KeyError):
            person.verify()
        person.case = case
        person.upload()
        assert not {"id", "documentId"} & set(person.upload().data)
        person.consent("terms")
        assert person.consent("terms").status == 200
        assert wire.record()["faults"] == {"no_id": 3}


@pytest.mark.parametrize("shapes", ["runner", "older"])
def test_answers_with_the_id_of_another(shapes: str) -> None:
    """``others_id`` gives a new customer the first one's id; a refusal, which has no id, stays as it is."""
    wanted = parse({"fault": [{"kind": "others_id", "nth": [2, 3]}]}, "test")
    with running(wanted, shapes=shapes) as wire:
        person = wire.log_in().register("a@example.com")
        for status in (200, 409):
            reply = wire.post("/customer/individual/registration", registration("b@example.com"))
            assert reply.status == status
            assert (reply.body.get("data") or {}).get("id") == (person.id if status == 200 else None)
        first, second = wire.record()["customers"]
        assert first["customerId"] == person.id != second["customerId"]


def test_a_fault_may_strike_the_calls_of_some_customers_only() -> None:
    """``of`` names customers by e-mail, and ``nth`` then counts each one's own calls, whatever shows whose they are."""
    calls = ("registerIndividual", "createCustomerSession", "uploadVerificationDocument", "acceptIndividualConsent")
    fault = {"kind": "error_500_before", "of": ["b@example.com"], "nth": [2], "on": list(calls)}
    with running(parse({"fault": [fault]}, "test")) as wire:
        wire.log_in()
        people = [wire.register(f"{name}@example.com") for name in "abc"]
        again = [wire.post("/customer/individual/registration", registration(who.email)).status for who in people]
        assert again == [409, 500, 409]
        for who in people:
            who.verify()
        for call in (Person.session, Person.upload, lambda who: who.consent("terms")):
            assert [call(who).status for who in people] == [200] * 3
            assert [call(who).status for who in people] == [200, 500, 200]
        assert wire.record()["faults"] == {"error_500_before": 4}


def test_a_share_of_customers_is_struck_and_always_the_same() -> None:
    """``of_share`` chooses customers by seed, the same for the same ``on``, and ``nth`` counts each one's calls."""
    pair = [
        {"kind": "drop_after", "on": ["activateIndividual"], "of_share": 0.3, "nth": [1]},
        {"kind": "refuse", "on": ["activateIndividual"], "of_share": 0.3, "nth": [2]},
    ]
    faults = Faults(parse({"fault": pair}, "test"))
    struck: dict[str, list[str]] = {}
    for number in range(600):
        who = f"c{number % 200}@example.com"
        struck.setdefault(who, []).append(getattr(faults.pick("activateIndividual", number + 1, who), "kind", ""))
    assert {tuple(kinds) for kinds in struck.values()} == {("", "", ""), ("drop_after", "refuse", "")}
    assert 40 < sum(kinds[0] == "drop_after" for kinds in struck.values()) < 80


def test_a_window_bounds_a_fault_in_time() -> None:
    """``from_s`` and ``for_s`` count from the bank's first call; without ``for_s`` there is no end."""
    window = {"kind": "too_many", "rate": 1.0, "from_s": 1.0, "for_s": 0.5}
    for faults, times in (([window], [1.0, 1.4]), ([{**window, "for_s": 0.0}], [1.0, 1.4, 1.5, 99.0])):
        decided = Faults(parse({"fault": faults}, "test"))
        moments = [0.0, 0.9, 1.0, 1.4, 1.5, 99.0]
        assert [at for at in moments if decided.pick("checkActivation", 1, since_s=at)] == times


def test_every_kind_has_its_test() -> None:
    """No kind of fault exists that the tests here and in test_trouble do not know."""
    here = Path(__file__)
    source = "".join(path.read_text(encoding="utf-8") for path in (here, here.with_name("test_trouble.py")))
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []


def test_retry_after_takes_all_forms() -> None:
    """``mixed`` names the wait in seconds, as a date, and not at all, in turn."""
    wanted = parse({"rate_limit": {"per_second": 1, "retry_after": "mixed", "retry_after_s": 7}}, "test")
    with running(wanted) as wire:
        replies = [wire.get("/webhooks/deliveries/del_1") for _ in range(4)]
    assert [reply.status for reply in replies] == [401, 429, 429, 429]
    forms = [reply.headers.get("retry-after") for reply in replies[1:]]
    assert forms[0] == "7"
    assert 5 < parsedate_to_datetime(forms[1] or "").timestamp() - time.time() <= 8
    assert forms[2] is None


def test_the_rate_limit_takes_no_more_than_it_says() -> None:
    """Within a second no more calls are taken than allowed, and the record tells how many came."""
    with running(parse({"rate_limit": {"per_second": 20}}, "test")) as wire:
        statuses = [wire.get("/webhooks/deliveries/del_1").status for _ in range(30)]
        assert statuses.count(429) == 10
        assert wire.record()["max_calls_in_1s"] == 30


def test_latency_is_waited() -> None:
    """A scenario's latency delays every call."""
    with running(parse({"latency": {"mean_ms": 60, "jitter_ms": 10}}, "test")) as wire:
        start = time.monotonic()
        wire.log_in()
        assert time.monotonic() - start >= 0.05


def test_a_seeded_scenario_repeats_itself() -> None:
    """The same calls in the same order meet the same fates; another seed gives others."""
    tree = {
        "fault": [{"kind": "error_500_before", "rate": 0.2}, {"kind": "too_many", "rate": 0.1}],
        "verification": {"refused_share": 0.3},
        "risk": {"high_share": 0.3},
    }

    def story(seed: int) -> list[object]:
        with running(parse({**tree, "seed": seed}, "test")) as wire:
            told: list[object] = []
            while not wire.admin:
                reply = wire.post(LOGIN_PATH, LOGIN, token="")
                wire.admin = reply.data["token"] if reply.status == 200 else ""
                told.append(reply.status)
            for number in range(8):
                body = registration(f"c{number}@example.com")
                reply = wire.post("/customer/individual/registration", body)
                told.append((reply.status, reply.data and reply.data["id"]))
                if reply.status == 200:
                    user = reply.data["user"]["id"]
                    person = Person(caller=wire, email=body["email"], id=reply.data["id"], user_id=user)
                    told.extend(step.status for step in (person.verify(), person.approve()))
                    told.extend(person.consent(name).status for name in CONSENTS)
            return told

    assert story(5) == story(5)
    assert story(5) != story(6)


def test_times_bounds_a_fault() -> None:
    """``times`` ends a fault; the first fault of the file wins."""
    faults = Faults(
        parse(
            {
                "fault": [
                    {"kind": "too_many", "rate": 1.0, "times": 2},
                    {"kind": "drop_before", "nth": [2, 3]},
                ]
            },
            "test",
        )
    )
    picked = [faults.pick("registerIndividual", number) for number in range(1, 5)]
    assert [fault and fault.kind for fault in picked] == ["too_many", "too_many", "drop_before", None]
