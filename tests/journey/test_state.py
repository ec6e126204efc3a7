"""Where a journey stands: how a run takes a customer up, how intents are counted, what outcomes leave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.finhub.calls import CallName, Facts, Reply, Step, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Move, Rest, Send
from finhub_onboard.journey.next_move import next_move
from finhub_onboard.journey.phases.p2_registration import IDENTITY_COLUMNS, REGISTERED_COLUMNS
from finhub_onboard.journey.phases.p4_verification import VERIFIED_COLUMNS
from finhub_onboard.journey.state import conclude, stop_unsendable
from finhub_onboard.journey.taking_up import enter, needs_visit
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.journey.visit import MAX_DELIVERY_PAGES, Visit
from finhub_onboard.keys import FINGERPRINT_COLUMNS, changed_columns
from finhub_onboard.model import Customer, Disposition, Journey, Phase, Repeat, Standing
from tests.journey.world import AUTO, KEYS, World, a_customer, intend, no_fault, strike
from tests.values import replace

ROW = a_customer()
PRINT = KEYS.fingerprint(ROW)
BASE = Journey(key=b"k", fingerprint=PRINT, first_run=1, last_run=1, started_at=5.0)
REGISTER = step(CallName.REGISTER)


def changed(column: str) -> Customer:
    """Return the row with another value in one column."""
    return replace(ROW, **{column: getattr(ROW, column) + "x"})


def entered(journey: Journey | None, row: Customer = ROW) -> Journey:
    """Take a journey up in run 2."""
    return enter(journey, key=b"k", fingerprint=KEYS.fingerprint(row), run=2, now=9.0)


def moved(journey: Journey, row: Customer) -> Move:
    """Ask for the next move of a journey whose row is this."""
    return next_move(journey, row, Visit(row=KEYS.fingerprint(row)), AUTO)


def judged(
    journey: Journey,
    at: Step,
    verdict: Verdict,
    code: str = "server_error",
    visit: Visit | None = None,
    **reply: object,
) -> tuple[Journey, Visit]:
    """Let a judgement move a journey."""
    judgement = Judgement(verdict=verdict, code=code, message="what", hint="do")
    made = Reply(**reply)  # type: ignore[arg-type]
    return conclude(journey, visit or Visit(), at, made, judgement, max_tries=3, now=7.0)


NEEDS = [
    (None, True, True),
    (replace(BASE, standing=Standing.OPEN), True, True),
    (replace(BASE, standing=Standing.OPEN, doubts=1, step="register"), True, True),
    (replace(BASE, standing=Standing.PARKED), True, True),
    (replace(BASE, standing=Standing.IN_DOUBT, doubts=2, step="register"), True, True),
    (replace(BASE, standing=Standing.FAILED, final=False), True, True),
    (replace(BASE, standing=Standing.FAILED, final=True), False, True),
    (replace(BASE, standing=Standing.DECLINED), False, True),
    (replace(BASE, standing=Standing.COMPLETE, done=8), False, False),
]


@pytest.mark.parametrize(("journey", "same", "other"), NEEDS)
def test_a_run_takes_up_who_design_3_1_names(journey: Journey | None, same: bool, other: bool) -> None:  # noqa: FBT001
    """Run again continues pending, parked, in doubt, retriable, and changed rows that were refused; never complete."""
    assert needs_visit(journey, PRINT) is same
    assert needs_visit(journey, KEYS.fingerprint(changed("document_number"))) is other


def test_a_conflict_settles_its_own_attempt_once_however_many_runs_come() -> None:
    """The attempt before it stays unresolved: the third run must not send the step again either."""
    known = replace(
        BASE, standing=Standing.PARKED, code="state_conflict", done=3, customer_id="c", step="open_verification",
        doubts=2, repeat=Repeat.SENT,
    )  # fmt: skip
    for _ in range(3):
        taken_up = entered(known)
        assert (taken_up.step, taken_up.doubts, taken_up.repeat) == ("open_verification", 1, Repeat.REFUSED)
        assert moved(taken_up, ROW) == Send(step=step(CallName.CHECK, phase=Phase.VERIFICATION))
        known = replace(taken_up, standing=Standing.PARKED)
    alone = entered(replace(known, doubts=1, repeat=Repeat.UNUSED))
    assert (alone.step, alone.doubts) == ("", 0)


def test_a_new_customer_enters_with_nothing_done() -> None:
    """A customer whom the ledger does not know begins at the beginning."""
    expected = Journey(key=b"k", fingerprint=PRINT, first_run=2, last_run=2, started_at=9.0)
    assert entered(None) == expected


@pytest.mark.parametrize("standing", [Standing.PARKED, Standing.FAILED, Standing.DECLINED, Standing.IN_DOUBT])
def test_a_customer_taken_up_again_is_open_and_starts_afresh(standing: Standing) -> None:
    """Standing, reasons and counts of the run are new; what the bank told is kept."""
    known = replace(
        BASE, standing=standing, done=3, final=True, code="refused", field="phone", message="m", hint="h",
        http_status=400, customer_id="c", user_id="u", sent=7, finished_at=6.0, uploaded=("X",),
    )  # fmt: skip
    found = entered(known)
    assert (found.standing, found.final, found.sent, found.finished_at, found.last_run) == (
        Standing.OPEN,
        False,
        0,
        0.0,
        2,
    )
    assert (found.code, found.field, found.message, found.hint, found.http_status) == ("", "", "", "", None)
    assert (found.first_run, found.started_at, found.done, found.customer_id) == (1, 5.0, 3, "c")
    assert found.uploaded == ("X",)


@pytest.mark.parametrize("column", FINGERPRINT_COLUMNS)
def test_a_row_that_changed_while_its_registration_is_in_doubt_is_not_sent(column: str) -> None:
    """Any column that the registration sends holds the customer; the row restored, the repeat may go."""
    known = replace(BASE, doubts=1, step="register", standing=Standing.OPEN)
    found = entered(known, changed(column))
    assert (found.standing, found.doubts, found.step) == (Standing.OPEN, 1, "register")
    move = moved(found, changed(column))
    if column not in REGISTERED_COLUMNS:
        assert move == Send(step=REGISTER)
        return
    assert move == Rest(
        standing=Standing.IN_DOUBT, code=Code.ROW_CHANGED_IN_DOUBT, phase=Phase.REGISTRATION, field=column
    )
    assert found.fingerprint == PRINT
    assert moved(entered(found), ROW) == Send(step=REGISTER)


@pytest.mark.parametrize("doubts", [0, 1])
@pytest.mark.parametrize("column", FINGERPRINT_COLUMNS)
def test_a_row_that_changed_after_its_registration(column: str, doubts: int) -> None:
    """Who the person is must not change; other registered columns stay as the bank has them; the rest counts anew."""
    known = replace(BASE, done=3, customer_id="c", doubts=doubts, step="open_verification" if doubts else "")
    found = entered(known, changed(column))
    assert found.standing is Standing.OPEN
    sent = REGISTERED_COLUMNS | (VERIFIED_COLUMNS if doubts else frozenset())
    assert changed_columns(PRINT, found.fingerprint) == (() if column in sent else (column,))
    move = moved(found, changed(column))
    if column in IDENTITY_COLUMNS:
        standing = Standing.IN_DOUBT if doubts else Standing.PARKED
        code = Code.ROW_CHANGED_AFTER_REGISTRATION
        assert move == Rest(standing=standing, code=code, phase=Phase.REGISTRATION, field=column)
    elif column in VERIFIED_COLUMNS and doubts:
        code = Code.ROW_CHANGED_IN_DOUBT
        assert move == Rest(standing=Standing.IN_DOUBT, code=code, phase=Phase.VERIFICATION, field=column)
    else:
        assert move == Send(step=step(CallName.OPEN_VERIFICATION))


def test_a_changed_row_before_its_registration_counts_as_it_is() -> None:
    """A refused row that was corrected is registered with its new values."""
    known = replace(BASE, standing=Standing.FAILED, final=True, done=1, code="refused")
    row = changed("email")
    found = entered(known, row)
    assert (found.standing, found.fingerprint, found.code) == (Standing.OPEN, KEYS.fingerprint(row), "")


def test_the_code_of_a_step_in_doubt_survives_until_it_is_settled() -> None:
    """What a lost step ended with decides what may follow it, also in the next run."""
    known = replace(BASE, standing=Standing.IN_DOUBT, doubts=2, step="register", done=1, code="exists_after_doubt")
    assert entered(known).code == "exists_after_doubt"


def test_a_phone_changed_while_under_way_is_reported_as_changed_not_sent() -> None:
    """The journey ends with what the bank has, and the row is ``changed``, in this run and ever after."""
    world = World(rules=replace(AUTO, until=Phase.REGISTRATION))
    world.live()
    world.change(phone="+37061231999")
    world.rules = AUTO
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    became = [world.disposition]
    assert world.live() is None
    assert [*became, world.disposition] == [Disposition.CHANGED, Disposition.CHANGED]


def test_an_intent_is_counted_per_step() -> None:
    """The same step adds a doubt; another step starts at one; a read adds none but counts as sent."""
    once = intend(BASE, REGISTER)
    assert (once.step, once.doubts, once.sent) == ("register", 1, 1)
    twice = intend(once, REGISTER)
    assert (twice.step, twice.doubts, twice.sent) == ("register", 2, 2)
    read = intend(twice, step(CallName.LIST_DELIVERIES, "0"))
    assert (read.step, read.doubts, read.sent) == ("register", 2, 3)
    first = intend(BASE, step(CallName.UPLOAD_DOCUMENT, "A"))
    assert intend(first, step(CallName.UPLOAD_DOCUMENT, "B")).doubts == 1


@pytest.mark.parametrize("doubts", [1, 2])
@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.EXPIRED, Verdict.FATAL])
def test_what_was_not_carried_out_takes_its_own_intent_away_and_no_other(verdict: Verdict, doubts: int) -> None:
    """An earlier doubt stays a doubt."""
    journey, _ = judged(replace(BASE, step="register", doubts=doubts), REGISTER, verdict, status=429, says=429)
    assert (journey.doubts, journey.step) == (doubts - 1, "register" if doubts > 1 else "")
    assert journey.standing is Standing.OPEN


@pytest.mark.parametrize(
    "verdict", [Verdict.DONE, Verdict.RETRY, Verdict.EXPIRED, Verdict.REFUSED, Verdict.PARKED, Verdict.FATAL]
)
@pytest.mark.parametrize(
    "read",
    [
        step(CallName.LIST_DELIVERIES, "0"),
        step(CallName.CHECK, phase=Phase.APPROVAL),
        step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION),
        step(CallName.LIST_DOCUMENTS),
    ],
    ids=lambda read: read.label,
)
@pytest.mark.parametrize("held", ["approve", "activate", "upload_document/GOVERNMENT_ID", "accept_consent/terms"])
def test_no_verdict_on_a_read_takes_a_doubt_away(held: str, read: Step, verdict: Verdict) -> None:
    """Whatever a read meets (these are all of its verdicts), the step in doubt and its code are as before."""
    before = replace(BASE, done=4, step=held, doubts=1, code="no_answer", customer_id="c")
    journey, _ = judged(before, read, verdict, visit=Visit(tries=2, tried=read.label), status=500)
    assert (journey.step, journey.doubts, journey.code) == (held, 1, "no_answer")
    assert journey.standing in (Standing.OPEN, Standing.IN_DOUBT)


def test_tries_run_out_only_for_what_concerns_the_customer() -> None:
    """The third failure of a read ends the customer for this run; refusals for rate and an expired token count not."""
    look = step(CallName.CHECK)
    journey, visit = BASE, Visit()
    for _ in range(9):
        journey, visit = judged(journey, look, Verdict.RETRY, "rate_refused", visit, status=429, says=429)
        journey, visit = judged(journey, look, Verdict.EXPIRED, "token_refused", visit, status=401, says=401)
        journey, visit = judged(journey, look, Verdict.RETRY, "connection_failed", visit, sent=False)
    assert (journey.standing, visit.tries) == (Standing.OPEN, 0)
    for tries in (1, 2):
        journey, visit = judged(journey, look, Verdict.RETRY, visit=visit, status=500)
        assert (journey.standing, visit.tries) == (Standing.OPEN, tries)
    journey, _ = judged(journey, look, Verdict.RETRY, visit=visit, status=500)
    assert (journey.standing, journey.final, journey.code) == (Standing.FAILED, False, "server_error")


def test_a_request_that_never_left_is_not_counted_as_sent() -> None:
    """``sent`` counts what left."""
    journey, _ = judged(intend(BASE, REGISTER), REGISTER, Verdict.RETRY, "connection_failed", sent=False)
    assert journey.sent == 0


def test_a_refusal_is_final_and_says_what_the_bank_said() -> None:
    """A refusal keeps the code, the field, the status and the bank's redacted words."""
    journey, _ = judged(
        intend(BASE, REGISTER), REGISTER, Verdict.REFUSED, "refused", status=400, field="phone", message="bad"
    )
    assert (journey.standing, journey.final, journey.doubts, journey.step) == (Standing.FAILED, True, 0, "")
    assert (journey.field, journey.http_status, journey.message) == ("phone", 400, "what (bad)")
    assert (journey.phase, journey.finished_at) == (Phase.REGISTRATION, 7.0)


def test_an_unsendable_row_fails_unless_something_is_in_doubt() -> None:
    """Nothing left: a doubt stays, and without one the failure is final until the row changes."""
    judgement = Judgement(verdict=Verdict.REFUSED, code="category_unknown", message="m", hint="h")
    reply = Reply(field="category")
    failed = stop_unsendable(BASE, REGISTER, reply, judgement, now=7.0)
    assert (failed.standing, failed.final, failed.field) == (Standing.FAILED, False, "category")
    held = stop_unsendable(replace(BASE, doubts=1, step="register"), REGISTER, reply, judgement, now=7.0)
    assert (held.standing, held.final, held.doubts, held.step) == (Standing.IN_DOUBT, False, 1, "register")


def test_what_is_settled_leaves_no_words_behind() -> None:
    """After a lost upload was repeated, nothing of the fault stays on the journey."""
    at = step(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID")
    lost, _ = judged(intend(replace(BASE, done=4), at), at, Verdict.DOUBT, "no_answer", status=500)
    assert lost.code == "no_answer"
    done, _ = judged(intend(lost, at), at, Verdict.DONE, status=200)
    assert (done.code, done.message, done.hint, done.http_status, done.doubts) == ("", "", "", None, 0)
    assert done.uploaded == ("GOVERNMENT_ID",)


@pytest.mark.parametrize("name", [CallName.REGISTER, CallName.APPROVE, CallName.ACCEPT_CONSENT, CallName.ACTIVATE])
def test_what_was_read_for_one_step_is_not_believed_for_the_next(name: CallName) -> None:
    """Looks, statuses, lists and tries belong to the step they were made for; a round of consents is remembered."""
    at = step(name, "terms" if name is CallName.ACCEPT_CONSENT else "")
    seen = Visit(
        check=Facts(), status=Facts(), listed=Facts(), polls=4, tries=2, renewed=at.label,
        begun_again=frozenset({Phase.CONSENTS}), check_first=True,
    )  # fmt: skip
    _, visit = judged(intend(BASE, at), at, Verdict.DONE, visit=seen, status=200)
    assert visit == Visit(begun_again=frozenset({Phase.CONSENTS}), check_first=True)


def test_the_highest_risk_that_the_bank_ever_named_stays() -> None:
    """HIGH is never forgotten; a later level replaces a lower one."""
    look = step(CallName.CHECK)
    high, _ = judged(replace(BASE, risk="HIGH"), look, Verdict.DONE, facts=Facts(risk="LOW"))
    assert high.risk == "HIGH"
    medium, _ = judged(replace(BASE, risk="LOW"), look, Verdict.DONE, facts=Facts(risk="MEDIUM"))
    assert medium.risk == "MEDIUM"
    kept, _ = judged(replace(BASE, risk="LOW"), look, Verdict.DONE, facts=Facts())
    assert kept.risk == "LOW"


def test_deliveries_are_paged_until_found_or_nothing_new_comes() -> None:
    """The next page while pages differ; the end at an empty page, a repeated one, or the bound."""
    held = replace(BASE, done=1, step="register", doubts=2, code="exists_after_doubt")
    page = step(CallName.LIST_DELIVERIES, "0")

    def read(visit: Visit, **facts: object) -> tuple[Journey, Visit]:
        return judged(held, page, Verdict.DONE, visit=visit, facts=Facts(**facts))  # type: ignore[arg-type]

    same, visit = read(Visit(), created=("c-9",), page_mark="d1")
    assert (same, visit.page, visit.searched) == (held, 1, False)
    found, _ = read(visit)
    assert (found.customer_id, found.done, found.doubts) == ("c-9", Phase.REGISTRATION.number, 0)
    two, ended = read(visit, created=("c-10",))
    assert (two.customer_id, ended.searched) == ("", True), "two customers with one e-mail: a person looks"
    assert read(Visit(page=1, page_mark="d1"), page_mark="d1")[1].searched
    assert not read(visit, page_mark="d2")[1].searched
    assert read(Visit(page=MAX_DELIVERY_PAGES - 1), page_mark="d9")[1].searched


def test_a_lost_registration_is_found_on_a_later_page_of_the_deliveries() -> None:
    """Other people's events come first; the right one is matched by e-mail, and only the session is left out."""
    world = World(plan=strike(CallName.REGISTER, "dropped_after"), rules=replace(AUTO, webhooks=True))
    for number in range(3):
        data = {"customerId": f"other-{number}", "email": f"other{number}@example.com"}
        world.bank.events.append(
            {"deliveryId": f"o{number}", "eventType": "customer.created", "payload": {"data": data}}
        )
    world.bank.events.reverse()
    register = world.bank._register

    def registered_last(customer: Customer) -> tuple[int, dict[str, object]]:
        answer = register(customer)
        world.bank.events.sort(key=lambda event: not event["deliveryId"].startswith("o"))
        return answer

    world.bank._register = registered_last  # type: ignore[method-assign]
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    assert (world.journey.customer_id, world.journey.user_id) == ("cust-1", "")
    assert world.bank.requests["list_deliveries/1"] == 1
    assert world.bank.requests["open_session"] == 0


journeys = st.builds(
    Journey,
    key=st.just(b"k"),
    fingerprint=st.just(PRINT),
    standing=st.sampled_from(Standing),
    done=st.integers(0, 8),
    doubts=st.integers(0, 3),
    step=st.sampled_from(["register", "approve", "activate", "open_verification", "accept_consent/terms"]),
    final=st.booleans(),
    code=st.sampled_from(list(Code)),
)


@given(journey=journeys, column=st.sampled_from(["", *FINGERPRINT_COLUMNS]))
def test_entering_never_loses_a_doubt_about_a_registration_nor_what_is_done(journey: Journey, column: str) -> None:
    """Whatever the ledger holds and however the row changed."""
    found = entered(journey, changed(column) if column else ROW)
    assert found.done == journey.done
    if journey.step == "register":
        assert (found.doubts, found.step) == (journey.doubts, journey.step)
    assert found.last_run == 2
    assert found.standing in (Standing.OPEN, Standing.IN_DOUBT, Standing.PARKED)


def test_a_declined_customer_costs_no_call_until_the_row_changes() -> None:
    """A refused verification ends the row; a changed row is taken up again."""
    world = World()
    world.plan = strike(CallName.APPROVE, "422_refused")
    world.live()
    assert (world.disposition, world.journey.code) == (Disposition.DECLINED, "verification_refused")
    world.plan = no_fault
    assert world.live() is None
    world.change(document_number="X2")
    assert world.live() is not None


@pytest.mark.parametrize("doubts", [0, 1])
def test_an_expired_verification_begins_again_whatever_is_unresolved_about_it(doubts: int) -> None:
    """The bank says that it is over: what was sent for it means nothing. A second time the customer waits."""
    approve = step(CallName.APPROVE)
    journey = replace(BASE, done=5, customer_id="c", verification_id="v", uploaded=("GOVERNMENT_ID",))
    journey = replace(journey, step=approve.label, doubts=doubts + 1)
    begun, visit = judged(journey, approve, Verdict.VERIFICATION_AGAIN, "verification_expired")
    assert (begun.done, begun.verification_id, begun.uploaded, begun.doubts) == (3, "", (), 0)
    assert begun.standing is Standing.OPEN
    ended, _ = judged(replace(journey, doubts=1), approve, Verdict.VERIFICATION_AGAIN, "verification_expired", visit)
    assert (ended.standing, ended.code, ended.final) == (Standing.PARKED, "verification_expired", False)


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.RETRY])
def test_a_status_that_cannot_be_read_ends_nobody(verdict: Verdict) -> None:
    """With nothing in doubt it was only to tell whether somebody else has activated the customer."""
    read = step(CallName.OPEN_SESSION, phase=Phase.ACTIVATION)
    journey = replace(BASE, done=6, customer_id="c", user_id="u")
    left, visit = judged(journey, read, verdict, "login_refused", Visit(tries=2, tried=read.label), sent=True)
    assert left == journey
    assert visit.status_refused
