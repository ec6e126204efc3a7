"""One customer from end to end in memory: every crash point, every fault, and what each leaves behind."""

from collections import Counter
from functools import partial

import pytest

from finhub_onboard.errors import ExitCode, RefusedError
from finhub_onboard.finhub.calls import CALLS, Ahead, CallName, Step
from finhub_onboard.journey.move_kinds import JourneyRules
from finhub_onboard.model import Disposition, Phase, Standing
from tests.journey.world import AUTO, FAULTS, NEVER, Bank, Crash, Plan, World, a_customer, no_fault, strike
from tests.values import replace

WEBHOOKS = replace(AUTO, webhooks=True)
JOURNEY_CALLS = (
    CallName.REGISTER,
    CallName.OPEN_SESSION,
    CallName.OPEN_VERIFICATION,
    CallName.UPLOAD_DOCUMENT,
    CallName.APPROVE,
    CallName.ACCEPT_CONSENT,
    CallName.CHECK,
    CallName.ACTIVATE,
)
LOST_WORK = tuple(name for name in FAULTS if name.endswith(("_after", "_2xx")))
NO_WORK = (
    "dropped_before",
    "timeout_before",
    "500_before",
    "502_html_before",
    "503_before",
    "503_with_wait",
    "false_200",
    "302",
)
CLEARLY_NOT_DONE = ("unreachable", "429", "429_with_wait")


def crash_points(risk: str, *, lazy: bool = True) -> int:
    """Count the instants of an undisturbed journey at which the process may die."""
    world = World(a_customer(risk_level=risk), lazy=lazy)
    world.live()
    return len(world.points)


def assert_within_the_contract(world: World) -> None:
    """API.md, section 9: what a bank may have carried out, and how often it may have been asked."""
    bank, done = world.bank, world.bank.carried_out
    assert done["register"] <= 1
    assert world.unknown_registrations.total() <= 2
    assert len(set(bank.registered_rows)) <= 1, "a repeat with another row"
    assert done["approve"] <= 1
    assert done["activate"] <= 1
    for label, count in done.items():
        assert count <= 2, label
    assert bank.requests["register"] <= 2
    assert bank.requests["approve"] <= 2
    assert bank.requests["activate"] <= 2


def assert_truth(world: World) -> None:
    """The ledger's standing and the bank's truth agree."""
    people = world.bank.of(world.customer.external_id)
    journey = world.journey
    assert len(people) <= 1
    if journey.standing is Standing.COMPLETE:
        assert [person.status for person in people] == ["ACTIVE"]
        assert journey.customer_id == people[0].id
        assert (journey.done, journey.doubts, journey.step) == (8, 0, "")
    elif people and people[0].status == "ACTIVE":
        assert (journey.standing, journey.step) == (Standing.IN_DOUBT, "activate")
    if people and not journey.customer_id:
        assert (journey.step, journey.doubts > 0) == ("register", True), "a registration that nobody remembers"


def test_an_undisturbed_journey_makes_each_call_once_in_order() -> None:
    """A customer of medium risk costs twelve calls, each of them once, phases in order, and ends complete."""
    world = World(a_customer(risk_level="MEDIUM"))
    world.live()
    assert list(world.bank.requests.items()) == [
        ("register", 1),
        ("open_session", 1),
        ("open_verification", 1),
        ("upload_document/GOVERNMENT_ID", 1),
        ("upload_document/PROOF_OF_ADDRESS", 1),
        ("upload_document/SOURCE_OF_FUNDS", 1),
        ("approve", 1),
        ("accept_consent/terms", 1),
        ("accept_consent/privacy", 1),
        ("accept_consent/data-processing", 1),
        ("check", 1),
        ("activate", 1),
    ]
    assert world.disposition is Disposition.ONBOARDED
    assert world.journey.sent == 12
    assert_truth(world)


def test_what_is_on_disk_when_a_call_leaves_is_what_the_table_says() -> None:
    """Per call and phase: its intent, or nothing of it; and in any case every outcome before it."""
    left: dict[CallName, set[Ahead]] = {}
    spared: set[CallName] = set()

    def look(step: Step, occurrence: int) -> str:
        open_intents = [call for call in world.ledger.calls.values() if not call.outcome]
        assert [call.step for call in open_intents] in ([], [step.label]), "an outcome is not on disk"
        left.setdefault(step.call.name, set()).add(Ahead.INTENT if open_intents else Ahead.NOTHING)
        # The first answer of a call that changes something is lost, so that the reads that look for it leave, too.
        lost = step.call.changes and occurrence == 1 and step.call.name not in spared
        return "dropped_after" if lost else ""

    for name in (CallName.LOGIN, CallName.REGISTER):  # a registration that is looked up has no session
        spared.add(name)
        world = World(a_customer(risk_level="MEDIUM"), plan=look, rules=WEBHOOKS)
        world.live()
    assert set(left) >= {*JOURNEY_CALLS, CallName.LIST_DELIVERIES}
    assert left == {name: {CALLS[name].ahead} for name in left}


def test_a_finished_customer_costs_no_call_and_no_write() -> None:
    """The run after a complete journey does not touch the customer."""
    world = World()
    world.live()
    before = world.bank.requests.total(), len(world.points)
    assert world.live() is None
    assert (world.bank.requests.total(), len(world.points)) == before
    assert world.disposition is Disposition.UNCHANGED


@pytest.mark.parametrize("lazy", [True, False], ids=["lazy", "eager"])
@pytest.mark.parametrize("webhooks", [True, False], ids=["webhooks", "no webhooks"])
@pytest.mark.parametrize("risk", ["LOW", "MEDIUM"])
def test_after_a_crash_at_any_instant_the_next_run_finishes(risk: str, webhooks: bool, lazy: bool) -> None:  # noqa: FBT001
    """All crash points: one registration, one activation; only a lost id without webhooks is left in doubt."""
    for at in range(crash_points(risk, lazy=lazy)):
        world = World(a_customer(risk_level=risk), rules=WEBHOOKS if webhooks else AUTO, lazy=lazy)
        world.crash_at = at
        assert not world.live_or_die(), at
        died = world.points[-1] if world.points else ""
        world.crash_at = NEVER
        world.live()
        assert_within_the_contract(world)
        assert_truth(world)
        if world.journey.standing is Standing.IN_DOUBT:
            assert (webhooks, world.journey.code) == (False, "exists_after_doubt")
            assert world.bank.carried_out["register"] == 1
            assert died in ("send register before the work", "send register after the work"), died
        else:
            assert world.journey.standing is Standing.COMPLETE, at
            assert world.bank.carried_out["activate"] == 1


def _lost_then_expired(call: CallName, lost: str, step: Step, occurrence: int) -> str:
    faults = ((lost,) if lost else ()) + ("409_expired",)
    return faults[occurrence - 1] if step.call.name is call and occurrence <= len(faults) else ""


@pytest.mark.parametrize("call", [CallName.UPLOAD_DOCUMENT, CallName.APPROVE])
@pytest.mark.parametrize("lost", ["", "dropped_before", "dropped_after"])
def test_after_a_crash_at_any_instant_an_expired_verification_is_replaced_once(call: CallName, lost: str) -> None:
    """Whatever was lost before: one registration, two verifications and the one repeat of each, one activation."""
    at, ended = 0, False
    while not ended:
        world = World(rules=WEBHOOKS)
        world.plan = partial(_lost_then_expired, call, lost)
        world.crash_at = at
        ended = world.live_or_die()
        world.crash_at = NEVER
        for _ in range(2):
            world.live()
        assert_truth(world)
        done = world.bank.carried_out
        if world.journey.standing is not Standing.COMPLETE:  # the crash took the answer to the one repeat
            assert (lost, world.journey.code) in (
                ("dropped_before", "outcome_unknown"),
                ("dropped_before", "approval_lost"),
            )
        else:
            assert (done["register"], done["activate"], done["approve"]) == (1, 1, 1)
        assert world.bank.requests["register"] <= 2
        assert done["open_verification"] <= 3, "two, and the repeat of one that was lost"
        assert max((done[label] for label in done if label.startswith("upload")), default=0) <= 3
        at += 1
    assert at > 10


def test_exactly_the_lost_registration_answer_is_in_doubt_without_webhooks() -> None:
    """Of all crash points two lose the id: after the bank's work, and before the write of its answer."""
    codes = Counter[str]()
    for at in range(crash_points("LOW")):
        world = World()
        world.crash_at = at
        world.live_or_die()
        world.crash_at = NEVER
        world.live()
        codes[world.journey.code] += 1
    assert codes == {"": crash_points("LOW") - 2, "exists_after_doubt": 2}


@pytest.mark.parametrize("lazy", [True, False], ids=["lazy", "eager"])
def test_after_two_crashes_nothing_is_done_twice(lazy: bool) -> None:  # noqa: FBT001
    """Every crash point, then every one soon after the restart: the third run finishes or names the doubt."""
    for first in range(crash_points("LOW", lazy=lazy)):
        for later in range(6):
            world = World(rules=WEBHOOKS, lazy=lazy)
            world.crash_at = first
            world.live_or_die()
            world.crash_at = len(world.points) + later
            world.live_or_die()
            world.crash_at = NEVER
            world.live()
            assert_truth(world)
            assert world.bank.carried_out["register"] <= 1
            assert world.bank.requests["register"] <= 2
            assert world.bank.carried_out["activate"] <= 1
            assert world.journey.standing in (Standing.COMPLETE, Standing.IN_DOUBT)


def expected(name: CallName, fault: str, times: int, *, webhooks: bool) -> tuple[Standing, str]:
    """What section 9 makes of the same fault on the first ``times`` calls of one name."""
    complete = (Standing.COMPLETE, "")
    if fault in CLEARLY_NOT_DONE or not CALLS[name].changes:
        if fault == "401" and name is CallName.OPEN_SESSION:
            return Standing.FAILED, "login_refused"
        return complete
    if fault == "401":
        admin_only = name in (CallName.REGISTER, CallName.APPROVE, CallName.ACTIVATE)
        return (Standing.OPEN, "") if times == 2 and admin_only else complete
    if fault in ("no_id_2xx", "empty_2xx") and name in (CallName.ACCEPT_CONSENT, CallName.ACTIVATE):
        return complete
    lost = fault in LOST_WORK
    if name is CallName.REGISTER and lost:
        if webhooks:
            return complete
        return Standing.IN_DOUBT, "exists_after_doubt" if times == 1 else "registration_in_doubt"
    if times == 1 or name is CallName.ACCEPT_CONSENT:
        return complete
    if name is CallName.REGISTER:
        return Standing.IN_DOUBT, "registration_in_doubt"
    if lost and name in (CallName.UPLOAD_DOCUMENT, CallName.APPROVE):
        return complete
    if name is CallName.ACTIVATE:
        return complete  # the session names the status: each try is after a read
    if name is CallName.APPROVE:
        return Standing.PARKED, "approval_lost"
    return Standing.IN_DOUBT, "outcome_unknown"


MATRIX_FAULTS = (*CLEARLY_NOT_DONE, *NO_WORK, *LOST_WORK, "401")


@pytest.mark.parametrize("webhooks", [True, False], ids=["webhooks", "no webhooks"])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("name", JOURNEY_CALLS)
def test_every_fault_ends_as_the_contract_says(name: CallName, times: int, webhooks: bool) -> None:  # noqa: FBT001
    """Every call x every fault, once and twice in a row: the standing, the code, and the bank's truth."""
    for fault in MATRIX_FAULTS:
        rules = WEBHOOKS if webhooks else AUTO
        world = World(a_customer(risk_level="MEDIUM"), rules=rules, plan=strike(name, fault, times=times))
        world.live()
        stood = (world.journey.standing, world.journey.code)
        assert stood == expected(name, fault, times, webhooks=webhooks), fault
        assert_truth(world)
        assert world.bank.carried_out["register"] <= 1, fault
        assert world.unknown_registrations.total() <= 2, fault
        assert world.bank.carried_out["activate"] <= 1, fault
        assert world.bank.carried_out["approve"] <= 1, fault


@pytest.mark.parametrize("name", JOURNEY_CALLS)
def test_the_next_undisturbed_run_finishes_or_still_names_the_doubt(name: CallName) -> None:
    """After any fault twice in a row, the next run completes all but what no read can tell."""
    for fault in MATRIX_FAULTS:
        world = World(a_customer(risk_level="MEDIUM"), plan=strike(name, fault, times=2))
        world.live()
        world.live()
        world.live()
        assert_truth(world)
        assert world.unknown_registrations.total() <= 2
        first = expected(name, fault, 2, webhooks=False)
        stuck = first[0] in (Standing.IN_DOUBT, Standing.FAILED, Standing.PARKED)
        again = first if stuck else (Standing.COMPLETE, "")
        assert (world.journey.standing, world.journey.code) == again, fault


def test_a_bank_that_refuses_for_rate_or_is_not_there_fails_no_customer() -> None:
    """Thirty refusals for rate or for lack of a connection in a row use no try up."""
    for fault in ("429", "unreachable"):
        for name in JOURNEY_CALLS:
            world = World(plan=strike(name, fault, times=30))
            world.live()
            assert world.journey.standing is Standing.COMPLETE
            assert world.journey.doubts == 0


def test_a_read_that_never_works_leaves_the_customer_retriable() -> None:
    """A check that always fails ends the customer for this run, not for good, and no doubt arises."""
    world = World(plan=strike(CallName.CHECK, "500_before", times=99))
    world.live()
    journey = world.journey
    assert (journey.standing, journey.final, journey.doubts) == (Standing.FAILED, False, 0)
    assert (journey.code, journey.phase) == ("server_error", Phase.CONSENTS)
    assert world.bank.requests["check"] == AUTO.max_tries
    world.plan = strike(CallName.CHECK, "", times=0)
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def test_a_read_that_never_works_while_something_is_in_doubt_keeps_the_doubt() -> None:
    """An activation whose answer was lost stays in doubt while the customer cannot be read, and is found later."""

    def plan(step: Step, occurrence: int) -> str:
        if step.call.name is CallName.ACTIVATE:
            return "dropped_after" if occurrence == 1 else ""
        return "500_before" if step.call.name is CallName.OPEN_SESSION and 1 < occurrence < 99 else ""

    world = World(plan=plan)
    world.live()
    assert (world.journey.standing, world.journey.doubts) == (Standing.IN_DOUBT, 1)
    world.plan = strike(CallName.CHECK, "", times=0)
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["activate"] == 1


@pytest.mark.parametrize("fault", ["403", "403_high_risk", "400", "404", "409", "422", "418"])
def test_a_refused_read_never_takes_a_doubt_away(fault: str) -> None:
    """Whatever the deliveries or the session answer, a registration or activation in doubt stays one."""
    for name, read, lost in (
        (CallName.REGISTER, CallName.LIST_DELIVERIES, "dropped_after"),
        (CallName.ACTIVATE, CallName.LIST_DELIVERIES, "dropped_before"),
        (CallName.APPROVE, CallName.CHECK, "dropped_before"),
        (CallName.ACCEPT_CONSENT, CallName.CHECK, "dropped_before"),
    ):

        def plan(step: Step, occurrence: int, name: CallName = name, read: CallName = read, lost: str = lost) -> str:
            if step.call.name is name and occurrence <= 1:
                return lost
            return fault if step.call.name is read and occurrence <= AUTO.max_tries else ""

        world = World(rules=WEBHOOKS, plan=plan)
        world.live()
        journey = world.journey
        assert (journey.step.split("/")[0], journey.doubts >= 1) == (name, True), (name, fault)
        assert world.disposition in (Disposition.IN_DOUBT, Disposition.PARKED)
        world.plan = no_fault
        world.live()
        assert world.journey.standing is Standing.COMPLETE, (name, fault)
        assert_within_the_contract(world)


@pytest.mark.parametrize("fault", ["400", "400_category", "403", "403_high_risk", "404", "413", "418", "422"])
def test_no_refusal_of_the_repeat_makes_a_registration_forgotten(fault: str) -> None:
    """After a lost registration answer only a 2xx or a 409 settles it; any other refusal leaves it in doubt."""

    def plan(step: Step, occurrence: int) -> str:
        if step.call.name is CallName.REGISTER:
            return {1: "dropped_after", 2: fault}.get(occurrence, "")
        return ""

    world = World(plan=plan)
    world.live()
    assert (world.journey.step, world.journey.doubts >= 1) == ("register", True)
    assert world.disposition is Disposition.IN_DOUBT
    world.change(email="other@example.com")
    world.live()
    world.live()
    assert world.bank.carried_out["register"] == 1
    assert world.disposition is Disposition.IN_DOUBT


@pytest.mark.parametrize("fault", ["400", "403", "409", "422", "403_high_risk", "404"])
def test_an_error_on_the_repeat_of_an_activation_is_confirmed_not_believed(fault: str) -> None:
    """Section 9: an error after an ambiguous first try is "probably done"; a refusal must not hide an activation."""

    def plan(step: Step, occurrence: int) -> str:
        if step.call.name is CallName.ACTIVATE:
            return {1: "dropped_after", 2: fault}.get(occurrence, "")
        # The read after the first try still shows the old status.
        return "no_status" if step.call.name is CallName.OPEN_SESSION and occurrence == 2 else ""

    world = World(plan=plan)
    world.live()
    if fault == "403":
        assert world.life.requested
        assert world.journey.doubts == 1
        world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.carried_out["activate"] == 1


def test_a_row_that_cannot_be_sent_any_more_keeps_its_doubt() -> None:
    """A category that vanished while a registration is in doubt: in doubt it stays, and nothing new is registered."""
    world = World(plan=strike(CallName.REGISTER, "dropped_after"))
    world.crash_at = 3
    assert not world.live_or_die()
    world.crash_at = NEVER
    assert (world.journey.step, world.journey.doubts) == ("register", 1)
    customer = world.customer
    world.change(category="GONE")
    world.live()
    assert world.disposition is Disposition.IN_DOUBT
    world.change(email="other@example.com", category="STANDARD")
    world.live()
    assert world.disposition is Disposition.IN_DOUBT
    assert world.bank.carried_out["register"] == 1
    assert world.bank.requests["register"] == 1
    world.customer, world.rules = customer, WEBHOOKS
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def test_a_document_that_vanished_while_its_upload_is_in_doubt_can_come_back() -> None:
    """An unreadable file does not turn an upload in doubt into a final failure."""
    world = World(plan=strike(CallName.UPLOAD_DOCUMENT, "dropped_before"))
    world.crash_at = next(
        at for at, name in enumerate(_points_of(world.plan)) if name.startswith("send upload") and "after" in name
    )
    assert not world.live_or_die()
    world.crash_at = NEVER
    world.documents_gone = True
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.IN_DOUBT, "document_unreadable")
    world.documents_gone = False
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def _points_of(plan: Plan) -> list[str]:
    world = World(plan=plan)
    world.live()
    return world.points


def test_an_unsendable_row_fails_without_a_call_until_it_is_put_right() -> None:
    """A request that cannot be built fails with its field; every run looks again, and once put right it goes on."""
    world = World(a_customer(category="GONE"))
    world.live()
    journey = world.journey
    assert (journey.standing, journey.final, journey.field) == (Standing.FAILED, False, "category")
    assert (world.bank.requests.total(), journey.sent) == (0, 0)
    [record] = world.ledger.calls.values()
    assert (record.sent, record.code, record.outcome) == (False, "category_unknown", "refused")
    world.live()
    assert (world.journey.standing, world.bank.requests.total()) == (Standing.FAILED, 0)
    world.change(category="STANDARD")
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def test_a_role_that_was_given_lets_the_next_run_go_on() -> None:
    """A 403 on approve stops the run and leaves the customer pending; with the role the same command finishes."""
    world = World(plan=strike(CallName.APPROVE, "403"))
    world.live()
    assert [reason.code for reason in world.life.reasons] == ["role_refused"]
    assert world.disposition is Disposition.PENDING
    world.live()
    assert world.life.reasons == []
    assert world.journey.standing is Standing.COMPLETE


def test_a_refused_role_does_not_stop_a_later_run_that_was_given_it() -> None:
    """A 403 on approve and then a failed look: what an earlier run knew of the role does not stop the next one."""

    def plan(step: Step, occurrence: int) -> str:
        del occurrence
        return {CallName.APPROVE: "403", CallName.CHECK: "400"}.get(step.call.name, "")

    world = World(plan=plan)
    world.live()
    assert (world.journey.standing, world.journey.doubts) == (Standing.OPEN, 0)
    assert [reason.code for reason in world.life.reasons] == ["role_refused"]
    world.plan = no_fault
    world.live()
    assert (world.life.reasons, world.journey.standing) == ([], Standing.COMPLETE)


def test_a_refused_role_after_a_lost_approval_keeps_the_doubt() -> None:
    """A 403 on the repeat of approve settles the repeat, not the first try; the next run checks, then repeats."""

    def plan(step: Step, occurrence: int) -> str:
        return {1: "dropped_before", 2: "403"}.get(occurrence, "") if step.call.name is CallName.APPROVE else ""

    world = World(plan=plan)
    world.live()
    assert (world.journey.step, world.journey.doubts) == ("approve", 1)
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["approve"] == 3


def test_a_forbidden_tenant_stops_the_run_and_leaves_the_customer_as_it_was() -> None:
    """A 403 on registration is the run's fault: nothing is in doubt and nobody failed."""
    world = World(plan=strike(CallName.REGISTER, "403"))
    world.live()
    [reason] = world.life.reasons
    assert (reason.code, reason.exit_code) == ("forbidden", ExitCode.REFUSED)
    assert (world.journey.standing, world.journey.doubts, world.disposition) == (
        Standing.OPEN,
        0,
        Disposition.PENDING,
    )
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def test_an_expired_token_is_renewed_once_and_the_call_replayed_once() -> None:
    """One 401 renews the admin token and replays the call with the new one; a second stops the run."""
    world = World(plan=strike(CallName.REGISTER, "401"))
    world.live()
    assert world.tokens[:2] == [(CallName.REGISTER, "admin-1"), (CallName.REGISTER, "admin-2")]
    assert (world.life.renewals, world.journey.standing) == (1, Standing.COMPLETE)
    world = World(plan=strike(CallName.REGISTER, "401", times=2))
    world.live()
    assert [reason.code for reason in world.life.reasons] == ["token_refused"]
    assert world.bank.requests["register"] == 2
    assert (world.journey.doubts, world.disposition) == (0, Disposition.PENDING)


def test_a_token_that_expires_between_two_looks_at_the_check_is_renewed_again() -> None:
    """A 401 after a good answer to the same call is a new expiry, not the second refusal of one token."""

    def plan(step: Step, occurrence: int) -> str:
        return "401" if step.call.name is CallName.CHECK and occurrence in (1, 2, 4) else ""

    world = World(plan=plan, bank=Bank(lag_checks=2))
    world.live()
    assert world.life.reasons == []
    assert world.journey.standing is Standing.COMPLETE


def test_the_customers_own_token_gives_way_to_the_admins() -> None:
    """A refused customer token costs no renewal: the call is replayed with the admin's."""
    world = World(plan=strike(CallName.OPEN_VERIFICATION, "401"))
    world.live()
    used = [token for name, token in world.tokens if name is CallName.OPEN_VERIFICATION]
    assert used == ["token-of-cust-1", "admin-1"]
    assert world.life.renewals == 0
    assert [token for name, token in world.tokens if name is CallName.OPEN_SESSION] == [""]
    assert {token for name, token in world.tokens if name in (CallName.APPROVE, CallName.ACTIVATE)} == {"admin-1"}


def test_a_refused_admin_user_stops_without_losing_the_outcome() -> None:
    """When the renewal is refused, what the bank had answered is durable and nothing is in doubt."""
    world = World(plan=strike(CallName.APPROVE, "401"))
    world.admin_refused = True
    with pytest.raises(RefusedError):
        world.live()
    assert (world.journey.step, world.journey.doubts, world.journey.done) == ("", 0, Phase.DOCUMENTS.number)
    world.admin_refused = False
    world.live()
    assert world.journey.standing is Standing.COMPLETE


def test_a_stop_lets_nothing_new_leave_and_forgets_nothing() -> None:
    """A run that is stopped before any of its calls leaves the customer pending; the next run finishes it."""
    total = World()
    total.live()
    for at in range(1, total.bank.requests.total() + 1):
        world = World()
        stopping = world.plan

        def plan(step: Step, occurrence: int, at: int = at, world: World = world, before: Plan = stopping) -> str:
            if world.bank.requests.total() == at:
                world.life.requested = True
            return before(step, occurrence)

        world.plan = plan
        world.live()
        assert world.bank.requests.total() == at
        assert world.journey.doubts == 0
        finished = at == total.bank.requests.total()
        assert world.journey.standing is (Standing.COMPLETE if finished else Standing.OPEN)
        world.plan = stopping
        world.live()
        assert world.journey.standing is Standing.COMPLETE
        assert world.bank.carried_out["register"] == 1


def test_a_persons_approval_is_seen_even_if_the_run_after_the_parking_was_stopped() -> None:
    """Parked, then taken up by a run that was stopped, then approved: the next run sees it and goes on."""
    world = World(rules=JourneyRules())
    world.live()
    assert world.disposition == Disposition.PARKED

    def stop(step: Step, occurrence: int) -> str:
        del step, occurrence
        world.life.requested = True
        return "500_before"

    world.plan = stop
    world.live()
    assert (world.disposition, world.journey.doubts) == (Disposition.PENDING, 0)
    [person] = world.bank.people.values()
    person.approved = True
    world.plan = strike(CallName.CHECK, "", times=0)
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert world.bank.requests["approve"] == 0


def test_a_retry_after_is_obeyed_up_to_the_cap_and_a_refusal_for_rate_is_not_slept_twice() -> None:
    """503 with Retry-After waits as asked; 429 is left to the rate budget, which holds all calls."""
    world = World(plan=strike(CallName.REGISTER, "503_with_wait"))
    world.live()
    assert world.life.pauses == [7.0]
    world = World(plan=strike(CallName.CHECK, "503_long"))
    world.live()
    assert world.life.pauses == [60.0]
    assert max(record.wait_s for record in world.ledger.calls.values()) == 60.0
    world = World(plan=strike(CallName.REGISTER, "429_with_wait"))
    world.live()
    assert world.life.pauses == []
    assert [record.wait_s for record in world.ledger.calls.values() if record.http_status == 429] == [3.0]
    assert [reply.status for reply in world.life.observed].count(429) == 1


def test_every_request_leaves_one_record_with_its_outcome() -> None:
    """Records equal requests; attempts count up; a retry's record says what went wrong and how long to wait."""
    world = World(plan=strike(CallName.OPEN_VERIFICATION, "500_before"))
    world.live()
    records = [world.ledger.calls[number] for number in sorted(world.ledger.calls)]
    assert len(records) == world.bank.requests.total() == world.journey.sent
    assert all(record.outcome and record.outcome_at >= record.intent_at for record in records)
    first, second = (record for record in records if record.step == "open_verification")
    assert (first.attempt, first.outcome, first.code, first.http_status) == (1, "doubt", "server_error", 500)
    assert (first.retriable, first.wait_s > 0, first.message != "") == (True, True, True)
    assert (second.attempt, second.outcome, second.code, second.message) == (2, "done", "", "")


def test_a_crash_is_a_crash() -> None:
    """The fakes do what they say: a dead process writes nothing, and what was not durable is gone."""
    world = World()
    world.crash_at = 1
    assert not world.live_or_die()
    assert len(world.points) == 1
    with pytest.raises(Crash):
        world.point("again")
    assert (len(world.ledger.calls), world.bank.requests.total()) == (1, 0)
