"""The matrix of doubts: what a refusal of the repeat may conclude about the attempt before. Nothing.

Calls x statuses x what the bank says x both shapes of an error body: the first attempt was carried out and its answer
was lost, the repeat is refused. API.md, section 9, and promise 2.
"""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from finhub_onboard.finhub.answers import read
from finhub_onboard.finhub.calls import CallName, Step, step
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.state import conclude, record_intent
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Disposition, Journey, Repeat, Standing
from tests.journey.world import AUTO, KEYS, Fault, Plan, World, a_customer, no_fault
from tests.support import typical
from tests.values import replace

CALLS = (
    CallName.REGISTER,
    CallName.OPEN_VERIFICATION,
    CallName.UPLOAD_DOCUMENT,
    CallName.APPROVE,
    CallName.ACCEPT_CONSENT,
    CallName.ACTIVATE,
)
STATUSES = (400, 401, 402, 403, 404, 405, 408, 409, 410, 412, 413, 415, 418, 422, 423, 425, 429, 451, 500, 503)
SAYS: dict[str, dict[str, object]] = {
    "nothing more": {},
    "a field": {"error": "Validation failed", "field": "phone", "errors": [{"field": "phone", "message": "invalid"}]},
    "category": {"error": "Categorization is invalid", "missingKeys": ["RISK_LEVEL"]},
    "consents": {"error": "Missing consents", "missingConsents": ["PRIVACY_POLICY"]},
    "role": {"error": "Missing ADMIN_USER role"},
    "high risk": {"error": "Refused", "details": "High-risk customers need the approval of the power tenant"},
    "verification": {"error": "Verification failed"},
    "not verified": {"error": "Customer is not verified"},
    "locked": {"error": "User is locked"},
    "header": {"error": "Missing required header(s)"},
}
SETTLED_BY_THE_CHECK = CallName.ACCEPT_CONSENT  # a 409 says that it is given, and the check has the last word


def bodies(status: int, says: dict[str, object]) -> Iterator[bytes]:
    """Both shapes of an error body."""
    message = str(says.get("error", "No"))
    yield json.dumps({"code": status, "message": message, "data": says}).encode()
    yield json.dumps(
        {"success": False, "error": {"code": "INVALID_REQUEST", "message": message}, "data": says}
    ).encode()


def answering(status: int, body: bytes) -> Fault:
    """The bank answers so and does nothing."""
    return lambda _: (status, body)


def lost_and_refused(name: CallName) -> Plan:
    """The first attempt of each step of this call is carried out and its answer lost; the second one is refused."""
    times: Counter[str] = Counter()

    def plan(step: Step, occurrence: int) -> str:
        del occurrence
        times[step.label] += 1
        return {1: "dropped_after", 2: "refused"}.get(times[step.label], "") if step.call.name is name else ""

    return plan


def in_doubt(at: Step) -> Journey:
    """A customer of whom one attempt of the step is unresolved."""
    known = {"customer_id": "c", "user_id": "u", "verification_id": "v"} if at.phase.number > 2 else {}
    return Journey(
        key=b"k",
        fingerprint=KEYS.fingerprint(a_customer()),
        done=at.phase.number - 1,
        step=at.label,
        doubts=1,
        code="no_answer",
        **known,  # type: ignore[arg-type]
    )


def step_of(name: CallName) -> Step:
    """A step of each call."""
    items = {CallName.UPLOAD_DOCUMENT: "GOVERNMENT_ID", CallName.ACCEPT_CONSENT: "terms"}
    return step(name, items.get(name, ""))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CALLS)
def test_an_answer_to_the_repeat_says_nothing_about_the_attempt_before(name: CallName, status: int) -> None:
    """Whatever the bank says, in either shape: an unresolved attempt is left, and the customer may not be given up."""
    at = step_of(name)
    for says in SAYS.values():
        for body in bodies(status, says):
            journey, visit = record_intent(in_doubt(at), Visit(), at, now=1.0)
            reply = read(name, status, body, whose=Whose(customer=a_customer()))
            judgement = judge(at, reply, earlier_doubts=1)
            found, _ = conclude(journey, visit, at, reply, judgement, max_tries=5, now=2.0)
            if name is SETTLED_BY_THE_CHECK and status == 409:
                continue
            assert found.doubts >= 1, (says, found)
            assert found.step == at.label
            assert found.standing in (Standing.OPEN, Standing.IN_DOUBT), (says, found)
            assert not found.final


@pytest.mark.parametrize("name", CALLS)
def test_a_refused_only_attempt_is_settled(name: CallName) -> None:
    """The control: where the refused attempt is the only one, nothing is in doubt but what a look must confirm."""
    at = step_of(name)
    for status in (400, 402, 404, 413, 418):
        for body in bodies(status, {}):
            fresh = replace(in_doubt(at), step="", doubts=0, code="")
            journey, visit = record_intent(fresh, Visit(), at, now=1.0)
            reply = read(name, status, body, whose=Whose(customer=a_customer()))
            found, _ = conclude(journey, visit, at, reply, judge(at, reply), max_tries=5, now=2.0)
            assert (found.doubts, found.step, found.repeat) == (0, "", Repeat.UNUSED)
            assert (found.standing, found.final) == (Standing.FAILED, True)


@pytest.mark.parametrize("status", typical(STATUSES, 400, 401, 403, 404, 409, 422, 503))
@pytest.mark.parametrize("name", CALLS)
def test_no_refused_repeat_leads_to_anything_done_twice(name: CallName, status: int) -> None:
    """Carried out, answer lost, repeat refused, whole lives: done once, and whom a person must look at is said so."""
    for says in SAYS.values():
        for body in bodies(status, says):
            world = World()
            world.more_faults["refused"] = answering(status, body)

            world.plan = lost_and_refused(name)
            world.live()
            stopped = world.life.requested
            if stopped:  # the run's trouble: the next one goes on
                world.plan = no_fault
                world.live()
            finished = world.disposition in (Disposition.ONBOARDED, Disposition.UNCHANGED)
            asked = world.disposition in (Disposition.IN_DOUBT, Disposition.PARKED) and world.journey.doubts
            assert finished or asked, (says, world.journey)
            world.plan = no_fault
            world.change(email="corrected@example.com")
            world.live()
            done = world.bank.carried_out
            assert done["register"] == 1, (says, world.journey)
            assert done["open_verification"] <= 1 + (stopped or status in NOT_ANSWERED)
            assert max(done["approve"], done["activate"]) <= 1


NOT_ANSWERED = (401, 408, 425, 429, 500, 503)
"""Here the repeat was not carried out or is unknown itself, so it may leave once more: section 9 allows one."""


def test_a_registration_whose_repeat_was_refused_is_found_through_deliveries() -> None:
    """A read may settle it: with webhooks the lost customer is ours, and the journey goes on."""
    world = World(rules=replace(AUTO, webhooks=True))
    world.plan = lambda at, occurrence: (
        {1: "dropped_after", 2: "403_high_risk"}.get(occurrence, "") if at.call.name is CallName.REGISTER else ""
    )
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.carried_out["register"] == 1
