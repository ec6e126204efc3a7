"""Phase 7: consents leave with their evidence, and the activation check has the last word."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Resolve, Rest, Revise, Send
from finhub_onboard.journey.phases.p7_consents import begin_again
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Phase, Standing
from tests.journey.moves import at, doubt, move, sent
from tests.journey.world import AUTO, Bank, World, a_customer
from tests.values import replace

GIVEN = ("terms", "privacy", "data-processing")


@pytest.mark.parametrize("consent", ["terms", "privacy", "data_processing"])
def test_a_consent_without_evidence_is_never_sent(consent: str) -> None:
    """One missing instant parks the row before any consent is sent; assumed evidence lets all pass."""
    column = f"{consent}_accepted_at"
    customer = replace(a_customer(), **{column: ""})
    found = move(at(Phase.CONSENTS), customer)
    assert found == Rest(
        standing=Standing.PARKED, code=Code.CONSENT_EVIDENCE_MISSING, phase=Phase.CONSENTS, field=column
    )
    assumed = replace(AUTO, evidence_required=False)
    assert sent(move(at(Phase.CONSENTS), customer, rules=assumed)) == step(CallName.ACCEPT_CONSENT, "terms")


def test_consents_go_out_in_order_and_only_what_is_missing() -> None:
    """terms, privacy, data-processing; then the check."""
    given: tuple[str, ...] = ()
    for path in ("terms", "privacy", "data-processing"):
        assert sent(move(at(Phase.CONSENTS, consented=given))) == step(CallName.ACCEPT_CONSENT, path)
        given += (path,)
    assert move(at(Phase.CONSENTS, consented=given)) == Send(step=step(CallName.CHECK))
    assert sent(move(at(Phase.CONSENTS, consented=("terms", "data-processing")))).item == "privacy"


@pytest.mark.parametrize("lag", range(AUTO.max_tries))
def test_a_check_that_lags_is_polled_with_growing_pauses(lag: int) -> None:
    """A check that needs some looks is polled 1, 2, 4, … seconds apart; no consent is given twice meanwhile."""
    bank = Bank(lag_checks=lag)
    world = World(bank=bank)
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.life.pauses == [2.0**poll for poll in range(lag)]
    assert bank.requests["accept_consent/terms"] == 1


def test_a_check_that_never_shows_the_consents_sends_what_it_misses_once_more_and_then_fails() -> None:
    """Only what the check names is repeated, one round; the failure is not final."""
    rules = replace(AUTO, max_tries=2)
    world = World(bank=Bank(lag_checks=10**6), rules=rules)
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.FAILED, "consents_not_recorded")
    assert world.journey.final is False
    assert [world.bank.requests[f"accept_consent/{path}"] for path in ("terms", "privacy", "data-processing")] == [
        2
    ] * 3
    named = Facts(consent_ok=False, missing_consents=("PRIVACY_POLICY",))
    given = at(Phase.CONSENTS, consented=("terms", "privacy", "data-processing"))
    once = Visit(begun_again=frozenset({Phase.CONSENTS}))
    left = replace(given, consented=("terms", "data-processing"))
    assert move(given, visit=Visit(check=named, polls=5)) == Revise(journey=left, visit=once)
    unnamed = Facts(consent_ok=False)
    nothing = replace(given, consented=())
    assert move(given, visit=Visit(check=unnamed, polls=5)) == Revise(journey=nothing, visit=once)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (Facts(consent_ok=True, activation_allowed=False, verification_ok=False), Code.NOT_VERIFIED),
        (Facts(consent_ok=True, activation_allowed=False), Code.ACTIVATION_NOT_ALLOWED),
        (Facts(consent_ok=True, activation_allowed=False, verification_ok=True), Code.ACTIVATION_NOT_ALLOWED),
        (Facts(consent_ok=True, activation_allowed=False, high_risk=True), Code.HIGH_RISK),
        (Facts(consent_ok=True, activation_allowed=False, high_risk=True, power_approval_ok=False), Code.HIGH_RISK),
    ],
)
def test_a_check_that_says_no_for_another_reason_parks(facts: Facts, code: Code) -> None:
    """Consents are there but activation is not allowed: a person must look, and no activation is sent."""
    given = at(Phase.CONSENTS, consented=("terms", "privacy", "data-processing"))
    seen = Visit(check=facts, polls=5, status_refused=True, begun_again=frozenset({Phase.APPROVAL}))
    found = move(given, visit=seen)
    assert found == Rest(standing=Standing.PARKED, code=code, phase=Phase.CONSENTS)


def test_nothing_is_missing_and_not_allowed_may_mean_that_the_customer_is_active() -> None:
    """A bank may activate by itself: the status is read once; unless it says ACTIVE the check is polled as ever."""
    given = at(Phase.CONSENTS, consented=GIVEN)
    seen = Visit(check=Facts(consent_ok=True, activation_allowed=False, verification_ok=True), polls=1)
    assert sent(move(given, visit=seen)) == step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION)
    active = replace(seen, status=Facts(customer_status="ACTIVE"))
    assert move(given, visit=active) == Advance(phase=Phase.ACTIVATION)
    for more in ({"status": Facts(customer_status="PENDING_ACTIVATION")}, {"status_refused": True}):
        assert sent(move(given, visit=replace(seen, **more))) == step(CallName.CHECK)
    assert sent(move(replace(given, user_id=""), visit=seen)) == step(CallName.CHECK)


def test_a_verification_that_is_refused_after_it_was_approved_declines() -> None:
    """The check names the status."""
    given = at(Phase.CONSENTS, consented=GIVEN)
    seen = Visit(check=Facts(consent_ok=True, activation_allowed=False, verification_ok=False, status="REJECTED"))
    assert move(given, visit=seen) == Rest(
        standing=Standing.DECLINED, code=Code.VERIFICATION_REFUSED, phase=Phase.APPROVAL
    )


def test_an_approval_that_the_check_denies_is_sent_once_more() -> None:
    """The check gives no reason, the answer to an approval does: after all looks, and once in a visit."""
    given = at(Phase.CONSENTS, consented=GIVEN)
    denied = Visit(check=Facts(consent_ok=True, activation_allowed=False, verification_ok=False), polls=5)
    again = replace(denied, begun_again=frozenset({Phase.APPROVAL}))
    found = move(given, visit=denied)
    assert found == Revise(journey=at(Phase.APPROVAL, consented=GIVEN), visit=again)
    assert sent(move(at(Phase.APPROVAL, consented=GIVEN), visit=again)) == step(CallName.APPROVE)
    assert isinstance(move(given, visit=again), Rest)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(consent_ok=True, activation_allowed=True),
        Facts(consent_ok=True),
        Facts(activation_allowed=True),
    ],
)
def test_a_check_that_says_yes_in_either_generation_advances(facts: Facts) -> None:
    """``consentOk``, ``activationAllowed`` or ``canActivate``: what is said must say yes."""
    given = at(Phase.CONSENTS, consented=("terms", "privacy", "data-processing"))
    assert move(given, visit=Visit(check=facts, polls=1)) == Advance(phase=Phase.CONSENTS)


def test_a_check_that_says_nothing_is_no_yes() -> None:
    """A check without any known member leads neither to activation nor to an end without another look."""
    given = at(Phase.CONSENTS, consented=("terms", "privacy", "data-processing"))
    assert isinstance(move(given, visit=Visit(check=Facts(), polls=1)), Send)


def test_a_consent_in_doubt_is_looked_at_and_only_the_missing_one_repeated() -> None:
    """``consentOk`` or its absence from the missing ones settles it; else it is sent again, within the tries."""
    lost = doubt(CallName.ACCEPT_CONSENT, "privacy", consented=("terms",))
    there = step(CallName.ACCEPT_CONSENT, "privacy")
    assert sent(move(lost)) == step(CallName.CHECK)
    others = Facts(consent_ok=False, missing_consents=("DATA_PROCESSING",))
    assert move(lost, visit=Visit(check=others)) == Resolve(step=there)
    assert move(lost, visit=Visit(check=Facts(consent_ok=True))) == Resolve(step=there)
    missing = Facts(consent_ok=False, missing_consents=("PRIVACY_POLICY", "DATA_PROCESSING"))
    assert sent(move(lost, visit=Visit(check=missing))) == there
    assert sent(move(lost, visit=Visit(check=Facts(consent_ok=False)))) == there
    worn = replace(lost, doubts=AUTO.max_tries)
    assert isinstance(move(worn, visit=Visit(check=missing)), Rest)


def test_consents_begin_again_only_if_no_activation_is_unresolved() -> None:
    """What is unknown of an earlier activation is settled by a read, not by sending consents."""
    assert begin_again(at(Phase.CONSENTS), Visit(), Facts()) is not None
    assert begin_again(doubt(CallName.ACTIVATE), Visit(), Facts()) is None
