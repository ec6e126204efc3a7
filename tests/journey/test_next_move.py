"""What comes next: the eight phases in order, and the rule of API.md section 9 for each call in doubt."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, Step, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Forget, JourneyRules, Move, Resolve, Rest, Send
from finhub_onboard.journey.next_move import next_move
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Repeat, Standing
from tests.journey.world import AUTO, Bank, World, a_customer, strike
from tests.values import replace

MANUAL = JourneyRules()
WEBHOOKS = replace(AUTO, webhooks=True)
START = Journey(key=b"k", fingerprint=b"", first_run=1, last_run=1)
IDS = {"customer_id": "c", "user_id": "u", "verification_id": "v"}


def at(phase: Phase, **more: object) -> Journey:
    """Return a journey whose next phase is ``phase``."""
    return replace(START, done=phase.number - 1, **(IDS if phase.number > 2 else {}), **more)


def doubt(name: CallName, item: str = "", *, doubts: int = 1, **more: object) -> Journey:
    """Return a journey with a step in doubt."""
    there = step(name, item)
    repeat = {"repeat": Repeat.SENT if doubts > 1 else Repeat.UNUSED}
    return at(there.phase, step=there.label, doubts=doubts, **repeat | more)


def move(
    journey: Journey, customer: Customer | None = None, visit: Visit | None = None, rules: JourneyRules = AUTO
) -> Move:
    """Ask for the next move."""
    return next_move(journey, customer or a_customer(), visit or Visit(), rules)


def sent(found: Move) -> Step:
    """Return the step of a move that sends."""
    assert isinstance(found, Send)
    return found.step


@pytest.mark.parametrize("until", list(Phase))
def test_a_journey_goes_through_its_phases_in_order_and_stops_where_asked(until: Phase) -> None:
    """``until`` each phase: exactly the phases up to it are done; the next run with no limit finishes the rest."""
    world = World(rules=replace(AUTO, until=until))
    world.live()
    assert world.journey.done == until.number
    assert world.journey.standing is (Standing.COMPLETE if until is Phase.ACTIVATION else Standing.OPEN)
    phases = [Phase(world.ledger.calls[number].phase).number for number in sorted(world.ledger.calls)]
    assert phases == sorted(phases)
    assert max(phases, default=1) == until.number
    before = world.bank.requests.copy()
    world.rules = AUTO
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert all(world.bank.requests[label] == count for label, count in before.items())


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing is not Standing.OPEN])
def test_a_customer_who_rests_stays(standing: Standing) -> None:
    """Only an open journey moves."""
    assert move(replace(START, standing=standing, doubts=1, step="register")) == Rest(standing=standing)


def test_a_customer_without_a_user_id_skips_only_the_session() -> None:
    """A registration found through deliveries has no user id: the session is left out, the rest goes on."""
    assert move(replace(at(Phase.SESSION), user_id="")) == Advance(phase=Phase.SESSION)
    assert sent(move(at(Phase.SESSION))) == step(CallName.OPEN_SESSION)


@pytest.mark.parametrize("column", ["document_type", "document_number"])
def test_a_verification_without_a_document_number_waits_for_a_person(column: str) -> None:
    """The customer's verification path needs both columns, the runner's path none."""
    customer = replace(a_customer(), **{column: ""})
    found = move(at(Phase.VERIFICATION), customer)
    assert found == Rest(
        standing=Standing.PARKED, code=Code.DOCUMENT_NUMBER_MISSING, phase=Phase.VERIFICATION, field=column
    )
    runner = replace(AUTO, verification_needs_document=False)
    assert sent(move(at(Phase.VERIFICATION), customer, rules=runner)) == step(CallName.OPEN_VERIFICATION)


@pytest.mark.parametrize("kind", ["GOVERNMENT_ID", "PASSPORT", "NATIONAL_ID", "ID_CARD", "DRIVERS_LICENSE"])
def test_any_identity_document_is_taken_from_the_identity_column(kind: str) -> None:
    """Section 5: a passport, national id, id card or driving licence counts as GOVERNMENT_ID."""
    assert sent(move(at(Phase.DOCUMENTS, required=(kind,)))) == step(CallName.UPLOAD_DOCUMENT, kind)
    missing = a_customer(identity_document="")
    assert move(at(Phase.DOCUMENTS, required=(kind,)), missing) == Rest(
        standing=Standing.PARKED, code=Code.DOCUMENT_MISSING, phase=Phase.DOCUMENTS, field="identity_document"
    )


def test_documents_are_what_the_bank_asks_for_in_its_order_and_once() -> None:
    """Each required document is uploaded once; an empty list needs none."""
    required = ("SOURCE_OF_FUNDS", "GOVERNMENT_ID")
    assert sent(move(at(Phase.DOCUMENTS, required=required))).item == "SOURCE_OF_FUNDS"
    assert sent(move(at(Phase.DOCUMENTS, required=required, uploaded=("SOURCE_OF_FUNDS",)))).item == "GOVERNMENT_ID"
    assert move(at(Phase.DOCUMENTS, required=required, uploaded=required)) == Advance(phase=Phase.DOCUMENTS)
    assert move(at(Phase.DOCUMENTS, required=())) == Advance(phase=Phase.DOCUMENTS)


def test_without_a_list_identity_is_needed_and_proof_of_address_given_if_there() -> None:
    """Section 5's fallback; the proof of address is our own guess, so its absence stops nobody."""
    assert sent(move(at(Phase.DOCUMENTS))).item == "GOVERNMENT_ID"
    assert sent(move(at(Phase.DOCUMENTS, uploaded=("GOVERNMENT_ID",)))).item == "PROOF_OF_ADDRESS"
    without = a_customer(address_document="")
    assert move(at(Phase.DOCUMENTS, uploaded=("GOVERNMENT_ID",)), without) == Advance(phase=Phase.DOCUMENTS)
    nothing = a_customer(identity_document="", address_document="")
    assert isinstance(move(at(Phase.DOCUMENTS), nothing), Rest)


def test_a_document_that_no_column_holds_waits_for_a_person_after_the_others_are_given() -> None:
    """What the row has is uploaded first; an unknown requirement then parks the row."""
    required = ("SELFIE", "GOVERNMENT_ID")
    assert sent(move(at(Phase.DOCUMENTS, required=required))).item == "GOVERNMENT_ID"
    found = move(at(Phase.DOCUMENTS, required=required, uploaded=("GOVERNMENT_ID",)))
    assert found == Rest(standing=Standing.PARKED, code=Code.DOCUMENT_MISSING, phase=Phase.DOCUMENTS)


@pytest.mark.parametrize(("row", "bank"), [("HIGH", ""), ("LOW", "HIGH"), ("", "HIGH"), ("HIGH", "LOW")])
def test_high_risk_is_parked_never_approved(row: str, bank: str) -> None:
    """High risk by the row or by the bank: missing papers do not stop it, approval is left to the power tenant."""
    customer = a_customer(risk_level=row)
    journey = at(Phase.DOCUMENTS, risk=bank, required=("PEP_DECLARATION",))
    assert move(journey, customer) == Advance(phase=Phase.DOCUMENTS)
    found = move(at(Phase.APPROVAL, risk=bank), customer)
    assert found == Rest(standing=Standing.PARKED, code=Code.HIGH_RISK, phase=Phase.APPROVAL)


@pytest.mark.parametrize(
    ("levels", "row", "bank", "approves"),
    [
        ({"LOW", "MEDIUM"}, "LOW", "", True),
        ({"LOW", "MEDIUM"}, "", "", True),
        ({"LOW", "MEDIUM"}, "", "MEDIUM", True),
        ({"LOW"}, "", "", False),
        ({"LOW"}, "MEDIUM", "", False),
        ({"LOW"}, "LOW", "", True),
        ({"LOW"}, "", "LOW", True),
        ({"LOW", "MEDIUM"}, "", "EXTREME", False),
        (set[str](), "LOW", "LOW", False),
    ],
)
def test_only_the_levels_of_the_settings_are_approved_by_the_job(
    levels: set[str],
    row: str,
    bank: str,
    approves: bool,  # noqa: FBT001
) -> None:
    """An unknown level is not LOW and one that nobody named is not approved; without auto everybody waits."""
    rules = JourneyRules(auto_levels=frozenset(levels))
    found = move(at(Phase.APPROVAL, risk=bank), a_customer(risk_level=row), rules=rules)
    if approves:
        assert sent(found) == step(CallName.APPROVE)
    else:
        assert found == Rest(standing=Standing.PARKED, code=Code.APPROVAL_NEEDED, phase=Phase.APPROVAL)


def test_a_manual_approval_parks_and_the_run_after_it_goes_on() -> None:
    """Parked without a call; parked again after one look; after a person's approval the next run finishes."""
    world = World(rules=MANUAL)
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "approval_needed")
    assert world.bank.requests["check"] == 0
    world.live()
    assert (world.journey.standing, world.bank.requests["check"]) == (Standing.PARKED, 1)
    [person] = world.bank.people.values()
    person.approved = True
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["approve"] == 0
    assert world.bank.requests["register"] == 1


def test_a_high_risk_customer_goes_on_after_the_power_tenant_approved() -> None:
    """HIGH is parked until the power tenant's approval shows in the check, then finishes."""
    world = World(a_customer(risk_level="HIGH"))
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "high_risk")
    [person] = world.bank.people.values()
    person.approved = True
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "high_risk")
    person.power_approved = True
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["approve"] == 0


def test_a_parked_customer_whom_the_bank_refused_is_declined() -> None:
    """A verification that a person refused in the portal ends the row."""
    world = World(rules=MANUAL)
    world.live()
    next(iter(world.bank.people.values())).refused = True
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.DECLINED, "verification_refused")


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
    assert move(given, visit=Visit(check=named, polls=5)) == Forget(consents=("privacy",))
    unnamed = Facts(consent_ok=False)
    assert move(given, visit=Visit(check=unnamed, polls=5)) == Forget(consents=("terms", "privacy", "data-processing"))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (Facts(consent_ok=True, activation_allowed=False, verification_ok=False), Code.NOT_VERIFIED),
        (Facts(consent_ok=True, activation_allowed=False, verification_ok=True), Code.ACTIVATION_NOT_ALLOWED),
        (Facts(consent_ok=True, activation_allowed=False, high_risk=True), Code.HIGH_RISK),
        (Facts(consent_ok=True, activation_allowed=False, high_risk=True, power_approval_ok=False), Code.HIGH_RISK),
    ],
)
def test_a_check_that_says_no_for_another_reason_parks(facts: Facts, code: Code) -> None:
    """Consents are there but activation is not allowed: a person must look, and no activation is sent."""
    given = at(Phase.CONSENTS, consented=("terms", "privacy", "data-processing"))
    found = move(given, visit=Visit(check=facts, polls=5))
    assert found == Rest(standing=Standing.PARKED, code=code, phase=Phase.CONSENTS)


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


def test_a_registration_in_doubt_is_repeated_once_and_never_more() -> None:
    """One doubt: the repeat. Two: deliveries if there are any, else in doubt."""
    register = doubt(CallName.REGISTER)
    assert sent(move(register)) == step(CallName.REGISTER)
    for doubts in (2, 3, 9):
        again = doubt(CallName.REGISTER, doubts=doubts)
        assert move(again) == Rest(
            standing=Standing.IN_DOUBT, code=Code.REGISTRATION_IN_DOUBT, phase=Phase.REGISTRATION
        )
        assert sent(move(again, rules=WEBHOOKS)) == step(CallName.LIST_DELIVERIES, "0")
        assert sent(move(again, visit=Visit(page=3), rules=WEBHOOKS)) == step(CallName.LIST_DELIVERIES, "3")
        known = replace(again, code="exists_after_doubt")
        found = move(known, visit=Visit(searched=True), rules=WEBHOOKS)
        assert found == Rest(standing=Standing.IN_DOUBT, code=Code.EXISTS_AFTER_DOUBT, phase=Phase.REGISTRATION)


@pytest.mark.parametrize(
    ("name", "item"), [(CallName.OPEN_VERIFICATION, ""), (CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID")]
)
def test_verification_and_document_in_doubt_are_repeated_once(name: CallName, item: str) -> None:
    """One doubt: the repeat; a conflict: the check is asked, and only if it does not confirm: parked."""
    assert sent(move(doubt(name, item))) == step(name, item)
    conflict = doubt(name, item, code="state_conflict")
    assert sent(move(conflict)) == step(CallName.CHECK, phase=step(name).phase)
    approved = Visit(check=Facts(verification_ok=True))
    assert move(conflict, visit=approved) == Advance(phase=Phase.APPROVAL)
    refused = move(conflict, visit=Visit(check=Facts(status="REJECTED")))
    assert isinstance(refused, Rest)
    assert refused.standing is Standing.DECLINED
    assert move(conflict, visit=Visit(check=Facts(verification_ok=False))) == Rest(
        standing=Standing.PARKED, code=Code.STATE_CONFLICT, phase=step(name).phase
    )


def test_a_verification_in_doubt_twice_is_left_to_a_person() -> None:
    """No read of verifications exists."""
    found = move(doubt(CallName.OPEN_VERIFICATION, doubts=2))
    assert found == Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.VERIFICATION)


def test_a_document_in_doubt_twice_is_looked_for() -> None:
    """The customer's documents are listed; only one of the very kind that left answers for it."""
    twice = doubt(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID", doubts=2)
    at_step = step(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID")
    assert sent(move(twice)) == step(CallName.LIST_DOCUMENTS)
    assert move(twice, visit=Visit(listed=Facts(uploaded=("PASSPORT",)))) == Resolve(step=at_step)
    unknown = Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.DOCUMENTS)
    for other in ("PROOF_OF_ADDRESS", "ID_CARD", "NATIONAL_ID"):
        assert move(twice, visit=Visit(listed=Facts(uploaded=(other,)))) == unknown
    card = doubt(CallName.UPLOAD_DOCUMENT, "ID_CARD", doubts=2)
    assert move(card, visit=Visit(listed=Facts(uploaded=("PASSPORT", "GOVERNMENT_ID")))) == unknown
    before = replace(twice, documents=("PASSPORT=a@1", "GOVERNMENT_ID=a@1"))
    assert move(before, visit=Visit(listed=Facts(uploaded=("PASSPORT",)))) == unknown, "that one was there before"
    both = Facts(uploaded=("PASSPORT", "PASSPORT"))
    assert move(before, visit=Visit(listed=both)) == Resolve(step=at_step)
    address = doubt(CallName.UPLOAD_DOCUMENT, "PROOF_OF_ADDRESS", doubts=2)
    assert move(address, visit=Visit(listed=Facts(uploaded=("PASSPORT",)))) == unknown


def test_an_approval_in_doubt_is_looked_at_before_it_is_repeated() -> None:
    """The check first and, because it may lag, twice; then one repeat; then a person approves, if the check says no."""
    lost = doubt(CallName.APPROVE)
    look = step(CallName.CHECK, phase=Phase.APPROVAL)
    no = Facts(verification_ok=False)
    assert sent(move(lost)) == look
    assert move(lost, visit=Visit(check=Facts(verification_ok=True), polls=1)) == Resolve(step=step(CallName.APPROVE))
    assert move(lost, visit=Visit(check=no, polls=1)) == Send(step=look, poll=1)
    assert sent(move(lost, visit=Visit(check=no, polls=2))) == step(CallName.APPROVE)
    twice = replace(lost, doubts=2, repeat=Repeat.SENT)
    found = move(twice, visit=Visit(check=no, polls=2))
    assert found == Rest(standing=Standing.PARKED, code=Code.APPROVAL_LOST, phase=Phase.APPROVAL)
    found = move(twice, visit=Visit(check=Facts(consent_ok=False), polls=2))
    assert found == Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.APPROVAL)


@pytest.mark.parametrize(
    ("facts", "code", "rest"),
    [
        (Facts(verification_ok=False), "state_conflict", (Standing.PARKED, "state_conflict")),
        (Facts(verification_ok=False), "approval_not_final", (Standing.PARKED, "approval_not_final")),
        (Facts(verification_ok=False, high_risk=True), "role_refused", (Standing.PARKED, "high_risk")),
        (Facts(verification_ok=False, status="REJECTED"), "", (Standing.DECLINED, "verification_refused")),
        (Facts(verification_ok=True, power_approval_ok=False, high_risk=True), "", (Standing.PARKED, "high_risk")),
        (Facts(verification_ok=False), "role_refused", (Standing.OPEN, "role_refused")),
        (Facts(), "role_refused", (Standing.OPEN, "role_refused")),
    ],
)
def test_an_approval_that_was_refused_is_confirmed_by_the_check(
    facts: Facts, code: str, rest: tuple[Standing, str]
) -> None:
    """409, 403 and an approval that is not final: the check decides what becomes of the row."""
    role_refused = code == "role_refused"
    visit = Visit(check=facts, polls=2, role_refused=role_refused)
    found = move(doubt(CallName.APPROVE, code="" if role_refused else code), visit=visit)
    assert isinstance(found, Rest)
    assert (found.standing, found.code) == rest
    assert found.fatal == (code == "role_refused" and not facts.high_risk)


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


def test_an_activation_in_doubt_is_read_before_it_is_repeated() -> None:
    """ACTIVE in the session or the deliveries: done. Else one repeat, more only while the read denies; then doubt."""
    lost = doubt(CallName.ACTIVATE)
    there = step(CallName.ACTIVATE)
    asleep, awake = Facts(customer_status="PENDING_ACTIVATION"), Facts(customer_status="ACTIVE")
    assert sent(move(lost)) == step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION)
    assert move(lost, visit=Visit(status=awake)) == Resolve(step=there)
    assert sent(move(lost, visit=Visit(status=asleep))) == there
    search = move(lost, visit=Visit(status=asleep), rules=WEBHOOKS)
    assert sent(search) == step(CallName.LIST_DELIVERIES, "0", phase=Phase.ACTIVATION)
    assert sent(move(lost, visit=Visit(status=asleep, searched=True), rules=WEBHOOKS)) == there
    conflict = replace(lost, code="state_conflict")
    assert move(conflict, visit=Visit(status=asleep)) == Rest(
        standing=Standing.PARKED, code=Code.STATE_CONFLICT, phase=Phase.ACTIVATION
    )
    twice, unknown = (
        replace(lost, doubts=2, repeat=Repeat.SENT),
        Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.ACTIVATION),
    )
    assert sent(move(twice, visit=Visit(status=asleep))) == there
    assert move(replace(twice, doubts=AUTO.max_tries), visit=Visit(status=asleep)) == unknown
    refused = replace(lost, repeat=Repeat.REFUSED)
    assert move(refused, visit=Visit(status=asleep)) == unknown
    for word in ("", "SUSPENDED", "UNKNOWN"):
        assert move(twice, visit=Visit(status=Facts(customer_status=word))) == unknown
    assert move(replace(twice, user_id="")) == unknown
    assert move(replace(lost, user_id="")) == unknown, "nothing can be read, so the repeat would be blind"
    assert sent(move(replace(lost, user_id=""), visit=Visit(searched=True), rules=WEBHOOKS)) == there
    assert move(lost, visit=Visit(status_refused=True)) == unknown


@pytest.mark.parametrize(
    ("name", "phase"), [(CallName.OPEN_VERIFICATION, Phase.VERIFICATION), (CallName.UPLOAD_DOCUMENT, Phase.DOCUMENTS)]
)
def test_a_conflict_parks_and_once_a_person_removed_it_the_next_run_finishes(name: CallName, phase: Phase) -> None:
    """A 409 parks the row; the next run asks the bank again instead of parking it for ever without a call."""
    world = World(plan=strike(name, "409"))
    world.live()
    journey = world.journey
    assert (journey.standing, journey.code, journey.phase) == (Standing.PARKED, "state_conflict", phase)
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def test_an_approval_that_conflicts_is_confirmed_by_the_check() -> None:
    """A 409 on approve for somebody who is approved is done; a later run looks first and sends none."""
    for stopped in (True, False):
        world = World(rules=replace(AUTO, until=Phase.DOCUMENTS) if stopped else AUTO)
        if stopped:
            world.live()
            next(iter(world.bank.people.values())).approved = True
            world.rules = AUTO
        else:

            def approved_meanwhile(step: Step, occurrence: int, world: World = world) -> str:
                del occurrence
                if step.call.name is CallName.APPROVE:
                    next(iter(world.bank.people.values())).approved = True
                return ""

            world.plan = approved_meanwhile
        world.live()
        assert world.journey.standing is Standing.COMPLETE
        assert world.bank.carried_out["approve"] == 0
        assert world.bank.requests["approve"] == (0 if stopped else 1)


def test_an_activation_that_conflicts_is_confirmed_by_a_read() -> None:
    """A 409 on activation for somebody who is active is done; for somebody who is not, it parks."""
    world = World(rules=replace(AUTO, until=Phase.CONSENTS))
    world.live()
    next(iter(world.bank.people.values())).status = "ACTIVE"
    world.rules = AUTO
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    world = World(plan=strike(CallName.ACTIVATE, "409"))
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "state_conflict")


def test_activation_that_misses_consents_gives_them_again_once() -> None:
    """Section 7: re-run phase 7 once, then fail."""
    world = World(plan=strike(CallName.ACTIVATE, "400_consents", times=2))
    world.live()
    assert [world.bank.requests[f"accept_consent/{path}"] for path in ("terms", "privacy", "data-processing")] == [
        2
    ] * 3
    assert world.bank.requests["activate"] == 2
    assert (world.journey.standing, world.journey.code) == (Standing.FAILED, "missing_consents")
    world.live()
    assert world.journey.standing is Standing.COMPLETE, "its hint says: run again"


def test_no_phase_is_begun_before_the_one_before_it_is_done() -> None:
    """From any number of completed phases the next call belongs to the next phase."""
    for phase in Phase:
        found = move(at(phase, required=("GOVERNMENT_ID",)))
        if isinstance(found, Send):
            assert found.step.phase is phase
        else:
            assert found == Advance(phase=phase)
