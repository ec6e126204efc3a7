"""Refusals that may be the run's, for one customer: what the traverser does with each way of weighing them."""

import pytest

from finhub_onboard.engine.refusal_scope import Suspicion
from finhub_onboard.finhub.calls import CallName, Step, step
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.model import Disposition, Standing
from tests.journey.world import Life, World, a_customer, strike

REGISTER = step(CallName.REGISTER)
DONE = Judgement(verdict=Verdict.DONE)


@pytest.fixture
def weighing(monkeypatch: pytest.MonkeyPatch) -> Suspicion:
    """Let lives weigh as a run does, all with one memory."""
    suspicion = Suspicion()

    def weigh(_: Life, at: Step, judgement: Judgement, key: bytes, category: str) -> Judgement:
        return suspicion.weigh(at, judgement, key, category)

    monkeypatch.setattr(Life, "weigh", weigh)
    return suspicion


@pytest.fixture
def others_pass(weighing: Suspicion) -> Suspicion:
    """Let every call have passed for two other customers."""
    for name in CallName:
        for key in (b"x", b"y"):
            weighing.weigh(step(name), DONE, key)
    return weighing


@pytest.mark.usefixtures("others_pass")
@pytest.mark.parametrize("fault", ["403", "401"])
@pytest.mark.parametrize("name", [CallName.REGISTER, CallName.OPEN_VERIFICATION, CallName.CHECK, CallName.ACTIVATE])
def test_a_call_that_is_refused_to_one_customer_for_good(name: CallName, fault: str) -> None:
    """It is tried a few times with pauses and ends failed, nothing in doubt; the next run tries again and finishes."""
    world = World(a_customer(), plan=strike(name, fault, times=99))
    world.live()
    assert (world.disposition, world.journey.final, world.journey.doubts) == (Disposition.FAILED, False, 0)
    assert (world.life.requested, world.life.pauses) == (False, [1.0, 2.0])
    assert world.occurrences[name] <= 5
    world.plan = lambda *_: ""
    world.live()
    assert world.disposition is Disposition.ONBOARDED


@pytest.mark.parametrize("name", [CallName.REGISTER, CallName.APPROVE, CallName.ACTIVATE])
def test_a_token_that_works_for_others_is_not_renewed_for_one(name: CallName, others_pass: Suspicion) -> None:
    """On a bank with one session per user each renewal would end the others' token."""

    def refused_while_others_pass(step: Step, occurrence: int) -> str:
        del occurrence
        if step.call.name is not name:
            return ""
        others_pass.weigh(REGISTER, DONE, b"x")
        return "401"

    world = World(a_customer(), plan=refused_while_others_pass)
    world.live()
    assert world.disposition is Disposition.FAILED
    assert world.life.renewals == 2  # after the first 401, and after the next, which nobody had passed since


def test_a_token_that_nobody_passes_with_is_renewed_after_a_pause(weighing: Suspicion) -> None:
    """API.md, section 7: one more renewal after a pause; the customer goes on with the new token."""
    world = World(a_customer(), plan=strike(CallName.REGISTER, "401", times=2))
    world.live()
    assert world.disposition is Disposition.ONBOARDED
    assert (world.life.renewals, world.life.pauses) == (2, [1.0])
    del weighing


@pytest.mark.usefixtures("weighing")
def test_with_nobody_else_to_tell_the_customer_is_left_as_it_was_and_then_ends_the_run() -> None:
    """First set aside, with nothing in doubt; carried again, the refusal is what it looks like."""
    world = World(a_customer(), plan=strike(CallName.REGISTER, "403", times=99))
    world.live()
    assert (world.journey.standing, world.journey.doubts, world.journey.code) == (Standing.OPEN, 0, "")
    assert not world.life.requested
    world.live()
    assert [reason.code for reason in world.life.reasons] == ["forbidden"]


@pytest.mark.usefixtures("others_pass")
def test_an_approval_that_is_refused_to_one_customer_parks_it() -> None:
    """Others were approved, so the role is there: a person must look. It is tried a few times before."""
    world = World(a_customer(), plan=strike(CallName.APPROVE, "403", times=99))
    world.live()
    assert (world.disposition, world.journey.code) == (Disposition.PARKED, "role_refused")
    assert (world.occurrences[CallName.APPROVE], world.life.requested, world.journey.doubts) == (3, False, 0)


@pytest.mark.usefixtures("weighing")
def test_an_approval_that_is_refused_to_the_first_customer_waits_for_the_others() -> None:
    """Nobody was approved yet: the customer is set aside, and only then the run is refused."""
    world = World(a_customer(), plan=strike(CallName.APPROVE, "403", times=99))
    world.live()
    assert (world.disposition, world.journey.doubts, world.life.requested) == (Disposition.PENDING, 0, False)
    world.live()
    assert [reason.code for reason in world.life.reasons] == ["role_refused"]
