"""An operator's word between runs: what it settles, what the next run does then, and what a redrive opens."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, Reply, step, step_from_label
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Rest, Send
from finhub_onboard.journey.next_move import next_move
from finhub_onboard.journey.operator import (
    Answer,
    answer_given,
    apply_answer,
    is_in_doubt,
    may_open,
    open_again,
    phase_in_doubt,
    question_about,
)
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.questions import Word
from finhub_onboard.journey.state import conclude, is_vouched, record_intent
from finhub_onboard.journey.taking_up import enter, needs_visit
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Disposition, Journey, Phase, Repeat, Standing
from tests.journey.world import AUTO, KEYS, NEVER, World, a_customer, intend, no_fault, strike
from tests.values import replace

ROW = a_customer()
PRINT = KEYS.fingerprint(ROW)
DONE_BEFORE = {
    "register": 1,
    "open_verification": 3,
    "upload_document/GOVERNMENT_ID": 4,
    "approve": 5,
    "accept_consent/privacy": 6,
    "activate": 7,
}


def doubtful(label: str, **more: object) -> Journey:
    """A customer whom run 1 left in doubt about this step, the one repeat used up."""
    known = "" if label == "register" else "c"
    journey = Journey(
        key=b"k", fingerprint=PRINT, standing=Standing.IN_DOUBT, done=DONE_BEFORE[label], step=label, doubts=2,
        phase=step_from_label(label).phase, code="outcome_unknown", message="m", hint="h", http_status=500, sent=9,
        first_run=1, last_run=1, started_at=5.0, finished_at=6.0, consented=("terms",) if "consent" in label else (),
        customer_id=known, user_id=known,
    )  # fmt: skip
    return replace(journey, **more)


def told(journey: Journey, word: Word, **ids: str) -> Journey:
    """The customer after the operator's answer, given as act 2."""
    return apply_answer(journey, Answer(word=word, **ids), run=2, now=9.0)


def next_label(journey: Journey) -> str:
    """What run 3 sends first for a customer."""
    entered = enter(journey, key=b"k", fingerprint=PRINT, run=3, now=10.0)
    while not isinstance(move := next_move(entered, ROW, Visit(), AUTO), Send):
        assert not isinstance(move, Rest)
        entered = replace(entered, done=entered.done + 1)
    return move.step.label


@pytest.mark.parametrize(
    ("label", "ids", "expected", "then"),
    [
        ("register", {"customer_id": "c9", "user_id": "u9"}, {"done": 2, "user_id": "u9"}, "open_session"),
        ("register", {"customer_id": "c9"}, {"done": 2, "customer_id": "c9"}, "open_verification"),
        ("open_verification", {"verification_id": "v"}, {"done": 4}, "upload_document/GOVERNMENT_ID"),
        ("upload_document/GOVERNMENT_ID", {}, {"uploaded": ("GOVERNMENT_ID",)}, "upload_document/PROOF_OF_ADDRESS"),
        ("approve", {}, {"done": 6}, "accept_consent/terms"),
        ("accept_consent/privacy", {}, {"consented": ("terms", "privacy")}, "accept_consent/data-processing"),
    ],
)
def test_yes_settles_the_step_as_the_bank_s_answer_would_have(
    label: str, ids: dict[str, str], expected: dict[str, object], then: str
) -> None:
    """The journey is open, nothing is in doubt, what the step brings is kept, and the next run goes on behind it."""
    journey = doubtful(label)
    found = told(journey, question_about(journey).yes, **ids)
    assert (found.standing, found.step, found.doubts, found.final) == (Standing.OPEN, "", 0, False)
    assert (found.code, found.http_status, found.sent, found.finished_at) == ("", None, 0, 0.0)
    assert (found.first_run, found.last_run, found.started_at) == (1, 2, 5.0)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.message.startswith(f"the operator answered: {question_about(journey).yes}")
    assert all(value in found.message for value in ids.values())
    assert next_label(found) == then


def test_yes_about_the_activation_completes_the_journey() -> None:
    """It is complete since the act: no run claims it, and no run visits the customer again."""
    found = told(doubtful("activate"), Word.DONE)
    assert (found.standing, found.done, found.completed_run, found.finished_at) == (Standing.COMPLETE, 8, 2, 9.0)
    assert not needs_visit(found, PRINT)


@pytest.mark.parametrize("label", DONE_BEFORE)
def test_no_lets_the_next_run_do_the_step(label: str) -> None:
    """Nothing counts as done; the step is what is sent next."""
    journey = doubtful(label)
    found = told(journey, question_about(journey).no)
    assert (found.standing, found.done, found.customer_id) == (Standing.OPEN, journey.done, journey.customer_id)
    assert step_from_label(next_label(found)).call is step_from_label(label).call


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("doubts", [0, 1])
def test_who_can_be_answered(standing: Standing, doubts: int) -> None:
    """Whoever has an open intent and is not finished: in doubt, left by a run that died, parked on a conflict."""
    journey = doubtful("activate", standing=standing, doubts=doubts)
    assert is_in_doubt(journey) is (doubts > 0 and standing in (Standing.OPEN, Standing.IN_DOUBT, Standing.PARKED))


@pytest.mark.parametrize("label", DONE_BEFORE)
def test_every_step_in_doubt_has_a_question(label: str) -> None:
    """It is one sentence or two, names the item, and registrations have words of their own."""
    asked = question_about(doubtful(label))
    assert "{" not in asked.text
    assert label.partition("/")[2] in asked.text
    assert (asked.yes is Word.EXISTS) is (label == "register")
    assert phase_in_doubt(doubtful(label)) == step_from_label(label).phase
    assert all(name in asked.text for name in asked.brings)


def test_the_ids_of_a_no_are_not_kept() -> None:
    """A no tells no id."""
    assert Answer(word=Word.ABSENT, customer_id="c").text == "the operator answered: does not exist"
    assert Answer(word=Word.EXISTS, customer_id="c").text == "the operator answered: exists (customer_id c)"


VOUCHED_FOR = told(doubtful("register"), Word.ABSENT)


def test_an_absent_customer_is_registered_once_more_and_only_once() -> None:
    """The operator's word gives the one repeat back; whatever cuts it off uses it up."""
    assert (VOUCHED_FOR.step, VOUCHED_FOR.doubts, VOUCHED_FOR.code) == ("register", 1, Code.OPERATOR_VOUCHES)
    assert is_vouched(VOUCHED_FOR)
    sent = intend(VOUCHED_FOR, step(CallName.REGISTER))
    assert (sent.doubts, is_vouched(sent)) == (2, False)
    assert isinstance(next_move(sent, ROW, Visit(), AUTO), Rest)


def test_a_corrected_row_of_an_absent_customer_may_be_registered() -> None:
    """The row may have changed since: nobody has it, by the operator's word. Not so while nobody vouches."""
    other = KEYS.fingerprint(replace(ROW, email="new@example.com"))
    entered = enter(VOUCHED_FOR, key=b"k", fingerprint=other, run=3, now=10.0)
    assert (entered.standing, entered.fingerprint, entered.doubts) == (Standing.OPEN, other, 0)
    sent = enter(intend(VOUCHED_FOR, step(CallName.REGISTER)), key=b"k", fingerprint=other, run=3, now=10.0)
    held = next_move(sent, ROW, Visit(row=other), AUTO)
    assert isinstance(held, Rest)
    assert held.code == "row_changed_in_doubt"


@pytest.mark.parametrize(
    ("status", "standing", "doubts", "repeat"),
    [
        (200, Standing.OPEN, 0, Repeat.UNUSED),
        (409, Standing.OPEN, 2, Repeat.REFUSED),
        (400, Standing.FAILED, 0, Repeat.UNUSED),
        (500, Standing.OPEN, 2, Repeat.SENT),
        (429, Standing.OPEN, 1, Repeat.GRANTED),
    ],
)
def test_only_a_conflict_belies_the_operator(status: int, standing: Standing, doubts: int, repeat: Repeat) -> None:
    """409 means that the customer exists after all; every other answer counts as if it were the first try."""
    at = step(CallName.REGISTER)
    answer = Reply(status=status, says=status, accepted=status == 200, readable=True, facts=Facts(customer_id="c"))
    journey, visit = record_intent(VOUCHED_FOR, Visit(), at, now=1.0)
    judgement = judge(at, answer, earlier_doubts=1)
    found, _ = conclude(journey, visit, at, answer, judgement, max_tries=3, now=2.0)
    assert (found.standing, found.doubts, found.repeat) == (standing, doubts, repeat)


def answer_by_what_the_bank_shows(world: World, *, honest: bool = True) -> None:
    """Answer a registration in doubt; who is not honest finds nobody."""
    people = world.bank.of(world.customer.external_id)
    found = people and honest
    answer = Answer(word=Word.EXISTS, customer_id=people[0].id) if found else Answer(word=Word.ABSENT)
    world.run += 1
    world.ledger.journeys[world.key] = apply_answer(world.journey, answer, run=world.run, now=world.now())


@pytest.mark.parametrize("lost", ["dropped_before", "timeout_after", "500_after"])
def test_a_whole_life_with_an_operator(lost: str) -> None:
    """In doubt, answered by what the bank shows, onboarded; registered once."""
    world = World(plan=strike(CallName.REGISTER, lost, times=2))
    world.live()
    before = world.disposition
    answer_by_what_the_bank_shows(world)
    between = world.disposition
    world.plan = no_fault
    world.live()
    assert [before, between, world.disposition] == [Disposition.IN_DOUBT, Disposition.PENDING, Disposition.ONBOARDED]
    assert world.bank.carried_out["register"] == 1


@pytest.mark.parametrize("lost", ["dropped_before", "dropped_after"])
@pytest.mark.parametrize("lazy", [True, False])
def test_a_crash_anywhere_after_an_operator_found_nobody(lost: str, lazy: bool) -> None:  # noqa: FBT001
    """Right or wrong, whatever instant the run dies at: one registration more at most, and never lost from sight."""
    crash_at, ended = 0, False
    while not ended:
        world = World(plan=strike(CallName.REGISTER, lost, times=2), lazy=lazy)
        world.live()
        answer_by_what_the_bank_shows(world, honest=False)
        world.plan, world.crash_at = no_fault, len(world.points) + crash_at
        ended = world.live_or_die()
        world.crash_at = NEVER
        world.live()
        assert len(world.bank.registered_rows) <= 3
        if world.disposition is Disposition.IN_DOUBT:
            assert world.journey.step == "register"
            answer_by_what_the_bank_shows(world)
            world.live()
        assert (world.journey.standing, world.bank.carried_out["register"]) == (Standing.COMPLETE, 1), crash_at
        crash_at += 1
    assert crash_at > 4


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("declined", [False, True])
def test_whom_a_redrive_opens(standing: Standing, declined: bool) -> None:  # noqa: FBT001
    """Failed customers; declined ones only if asked; nobody else."""
    journey = replace(doubtful("register"), standing=standing, doubts=0, step="")
    expected = standing is Standing.FAILED or (declined and standing is Standing.DECLINED)
    assert may_open(journey, declined=declined) is expected


def test_a_customer_in_doubt_is_never_opened_by_a_redrive() -> None:
    """Not even if it were called failed."""
    assert not may_open(doubtful("register"), declined=True)
    assert not may_open(doubtful("register", standing=Standing.FAILED), declined=True)


def test_a_customer_opened_again_is_taken_up_where_it_failed() -> None:
    """A final failure needs a visit again; what the bank has is kept."""
    failed = Journey(
        key=b"k", fingerprint=PRINT, standing=Standing.FAILED, final=True, done=4, phase=Phase.DOCUMENTS,
        code="refused", message="m", customer_id="c", verification_id="v", first_run=1, last_run=1, finished_at=6.0,
    )  # fmt: skip
    assert not needs_visit(failed, PRINT)
    opened = open_again(failed, run=2)
    assert needs_visit(opened, PRINT)
    assert (opened.standing, opened.done, opened.last_run, opened.code) == (Standing.OPEN, 4, 2, "")
    assert (opened.customer_id, opened.verification_id) == ("c", "v")
    assert "documents, refused" in opened.message
    assert next_label(opened) == "upload_document/GOVERNMENT_ID"


@pytest.mark.parametrize("word", Word)
@pytest.mark.parametrize("ids", [{}, {"customer_id": "c-1"}, {"customer_id": "c,1", "user_id": "u(2)"}])
def test_an_answer_is_read_back_as_it_was_given(word: Word, ids: dict[str, str]) -> None:
    """Whatever its ids are made of; those of a no are not kept."""
    kept = Answer(word=word, **ids) if word.happened else Answer(word=word)
    assert Answer.read(Answer(word=word, **ids).text) == kept


@pytest.mark.parametrize(
    "text",
    ["", "the operator answered: perhaps", "the operator answered:", "whether it arrived is unknown (done)"],
)
def test_another_text_is_no_answer(text: str) -> None:
    """So is the message of a journey that the bank or the job left."""
    assert Answer.read(text) is None


def test_the_answer_that_left_a_journey_is_known_from_the_ledger() -> None:
    """As ledgers of all versions keep it."""
    assert answer_given(told(doubtful("register"), Word.EXISTS, customer_id="c9")) == Answer(
        word=Word.EXISTS, customer_id="c9"
    )
    message = "the operator answered: exists (customer_id c9, user_id u9)"
    kept = answer_given(doubtful("register", message=message))
    assert kept == Answer(word=Word.EXISTS, customer_id="c9", user_id="u9")
    assert answer_given(doubtful("register")) is None
