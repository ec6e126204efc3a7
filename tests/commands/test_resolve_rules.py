"""An operator's file judge as a whole: what is taken, what was said before, and every fault by row and field."""

from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from finhub_onboard.commands.resolve_rules import AnswerRow, History, Verdict, judge
from finhub_onboard.journey.claims import reopen
from finhub_onboard.journey.operator import Answer, apply_answer, question_about
from finhub_onboard.journey.questions import Word
from finhub_onboard.model import CallRecord, Journey, Standing
from finhub_onboard.reports.projection import instant
from tests.values import replace

T1, T2, T3 = 1_700_000_000.0, 1_700_000_100.5, 1_700_000_200.25
"""The attempt, when run 1 left the customer, and a later attempt."""


def doubtful(number: int = 1, step: str = "register", **more: Any) -> Journey:
    """A customer whom run 1 left in doubt."""
    usual: dict[str, Any] = {"standing": Standing.IN_DOUBT, "done": 1, "doubts": 2, "code": "registration_in_doubt"}
    usual |= {"first_run": 1, "last_run": 1, "finished_at": T2, "step": step}
    return Journey(key=bytes([number]), fingerprint=b"", **usual | more)


def attempt(at: float, step: str = "register") -> CallRecord:
    """A request that was sent then."""
    return CallRecord(
        number=int(at), key=b"\1", run=1, phase="registration", step=step, attempt=1, changes=True, intent_at=at
    )


def known(*states: Journey, acts: tuple[int, ...] = (), attempts: tuple[float, ...] = (T1,)) -> History:
    """What the ledger knows of a customer."""
    calls = [attempt(at, states[0].step) for at in attempts]
    return History(states=states, calls=calls, acts=frozenset(acts))


def given(row: int = 1, **more: Any) -> AnswerRow:
    """A row as in_doubt.csv asks it, filled in."""
    usual: dict[str, Any] = {"external_id": f"C-{row}", "phase": "registration", "since": instant(T2)}
    return AnswerRow(row=row, **usual | more)


def faults(found: Verdict) -> list[tuple[int, str]]:
    """Where something is wrong."""
    return [(wrong.row, wrong.field) for wrong in found.wrong]


EXISTS: dict[str, Any] = {"answer": "exists", "customer_id": "c1", "user_id": "u1"}


def test_answers_are_taken_with_the_ids_that_the_step_brings() -> None:
    """Each with the journey that it is about; rows without an answer are left."""
    one, two, three = doubtful(1), doubtful(2, "open_verification", customer_id="c2", done=3), doubtful(3)
    rows = [
        given(1, **EXISTS),
        given(2, answer="done", phase="verification", customer_id="c2", verification_id="v2"),
        given(3),
    ]
    found = judge(rows, {"C-1": known(one), "C-2": known(two), "C-3": known(three)}, {})
    assert found.wrong == []
    assert found.answers == [
        (one, Answer(word=Word.EXISTS, customer_id="c1", user_id="u1")),
        (two, Answer(word=Word.DONE, verification_id="v2")),
    ]
    assert [row.row for row in found.unanswered] == [3]


@pytest.mark.parametrize("answer", ["does not exist", "Does Not Exist", " does_not-exist ", "DOES  NOT\nEXIST"])
def test_an_answer_is_read_whatever_its_case_and_spacing(answer: str) -> None:
    """People type as they like."""
    found = judge([given(answer=answer)], {"C-1": known(doubtful())}, {})
    assert [answer.word for _, answer in found.answers] == [Word.ABSENT]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"answer": "yes"}, "answer"),
        ({"answer": "done"}, "answer"),
        ({"answer": "exists"}, "customer_id"),
        ({"answer": "exists", "user_id": "u1"}, "customer_id"),
        ({"answer": "does not exist", "customer_id": "c1"}, "customer_id"),
        ({"answer": "does not exist", "user_id": "u1"}, "user_id"),
        ({"answer": "", "customer_id": "c1"}, "answer"),
        (EXISTS | {"customer_id": "someone@example.com"}, "customer_id"),
        (EXISTS | {"customer_id": ".."}, "customer_id"),
        (EXISTS | {"customer_id": "c 1"}, "customer_id"),
        (EXISTS | {"customer_id": "1.23457E+15"}, "customer_id"),
        (EXISTS | {"customer_id": "1,2E+11"}, "customer_id"),
        (EXISTS | {"customer_id": "c" * 201}, "customer_id"),
        (EXISTS | {"customer_id": "taken"}, "customer_id"),
        (EXISTS | {"user_id": "taken"}, "user_id"),
        (EXISTS | {"verification_id": "v1"}, "verification_id"),
        (EXISTS | {"phase": "activation"}, "phase"),
        (EXISTS | {"since": "last night"}, "since"),
        (EXISTS | {"since": instant(T1 - 1)}, "since"),
        (EXISTS | {"external_id": "C-9"}, "external_id"),
        (EXISTS | {"external_id": ""}, "external_id"),
        ({"broken": True}, ""),
    ],
)
def test_every_fault_names_its_row_and_field(row: dict[str, Any], field: str) -> None:
    """Nothing of a wrong row is taken, and something is said."""
    owners = {(name, "taken"): {b"\7"} for name in ("customer_id", "user_id")}
    found = judge([given(**row)], {"C-1": known(doubtful())}, owners)
    assert faults(found) == [(1, field)]
    assert found.answers == []
    assert all(wrong.message for wrong in found.wrong)


def test_an_id_of_the_customer_s_own_is_no_other_s() -> None:
    """An answer that corrects an earlier one may bring the same ids."""
    found = judge([given(**EXISTS)], {"C-1": known(doubtful())}, {("customer_id", "c1"): {b"\1"}})
    assert found.wrong == []


def test_ids_that_the_ledger_has_must_stay_as_they_are() -> None:
    """Another customer_id in a row about a verification is a slip."""
    journey = doubtful(1, "open_verification", customer_id="c1", done=3)
    row = given(answer="done", phase="verification", customer_id="c2", verification_id="v1")
    assert faults(judge([row], {"C-1": known(journey)}, {})) == [(1, "customer_id")]


def test_one_customer_has_one_answer_and_one_id_has_one_customer() -> None:
    """Both rows are named, so that a person sees which one is wrong."""
    both = {"C-1": known(doubtful(1)), "C-2": known(doubtful(2))}
    twice = judge([given(1, **EXISTS), given(2, external_id="C-1", answer="does not exist")], both, {})
    assert faults(twice) == [(1, "external_id"), (2, "external_id")]
    shared = judge([given(1, **EXISTS), given(2, **EXISTS | {"user_id": "u2"})], both, {})
    assert faults(shared) == [(1, "customer_id"), (2, "customer_id")]


def test_who_is_not_in_doubt_cannot_be_answered() -> None:
    """It says how the customer stands; without an answer the row needs nothing."""
    onboarded = known(doubtful(standing=Standing.COMPLETE, done=8, doubts=0, step=""))
    found = judge([given(**EXISTS)], {"C-1": onboarded}, {})
    assert faults(found) == [(1, "external_id")]
    assert "onboarded" in found.wrong[0].message
    assert judge([given()], {"C-1": onboarded}, {}).before


DOUBT = doubtful()
SAID = Answer(word=Word.EXISTS, customer_id="c1", user_id="u1")
AFTER = apply_answer(DOUBT, SAID, run=2, now=T3)
ABSENT = apply_answer(DOUBT, Answer(word=Word.ABSENT), run=2, now=T3)


def test_the_same_answer_again_changes_nothing() -> None:
    """Before the next run, and after it."""
    now = {"C-1": known(DOUBT, AFTER, acts=(2,))}
    later = {"C-1": known(DOUBT, AFTER, replace(AFTER, last_run=3, standing=Standing.COMPLETE), acts=(2,))}
    for ledger in (now, later):
        found = judge([given(**EXISTS)], ledger, {})
        assert (found.answers, found.wrong, len(found.before)) == ([], [], 1)


@pytest.mark.parametrize(("first", "row"), [(ABSENT, EXISTS), (AFTER, {"answer": "does not exist"})])
def test_an_answer_can_be_corrected_until_a_run_takes_it_up(first: Journey, row: dict[str, Any]) -> None:
    """The new answer is about the same doubt; once the bank accepted the id, the customer is no longer in doubt."""
    found = judge([given(**row)], {"C-1": known(DOUBT, first, acts=(2,))}, {})
    assert [doubt for doubt, _ in found.answers] == [DOUBT]
    taken_up = replace(AFTER, last_run=3, message="", claimed=())
    assert judge([given(answer="does not exist")], {"C-1": known(DOUBT, AFTER, taken_up, acts=(2,))}, {}).wrong


def test_a_file_never_answers_a_later_doubt() -> None:
    """In doubt again after an answer: the old row is passed over, one without `since` refused, a new one counts."""
    again = replace(DOUBT, last_run=3, finished_at=T3 + 1)
    ledger = {"C-1": known(DOUBT, ABSENT, again, acts=(2,), attempts=(T1, T3))}
    old = judge([given(answer="does not exist")], ledger, {})
    assert (old.answers, old.wrong, len(old.before)) == ([], [], 1)
    changed_mind = judge([given(**EXISTS)], ledger, {})
    assert faults(changed_mind) == [(1, "since")]
    by_hand = judge([given(answer="does not exist", since="", phase="")], ledger, {})
    assert faults(by_hand) == [(1, "since")]
    new = judge([given(answer="does not exist", since=instant(T3 + 1))], ledger, {})
    assert [doubt for doubt, _ in new.answers] == [again]


def test_a_run_that_only_looked_again_does_not_make_a_row_old() -> None:
    """A nightly run between the file and its return may leave the customer in doubt once more, without a new try."""
    ledger = {"C-1": known(DOUBT, replace(DOUBT, last_run=2, finished_at=T3), attempts=(T1,))}
    assert len(judge([given(**EXISTS)], ledger, {}).answers) == 1


@pytest.mark.parametrize("since", ["2023-11-14T22:15:00Z", "2023-11-14 22:15:00", "2023-11-14T23:15:00+01:00"])
def test_a_spreadsheet_may_have_cut_the_instant_off(since: str) -> None:
    """Seconds are enough to tell that no attempt came after them; the next second's is another."""
    at = 1_700_000_100.0
    assert len(judge([given(**EXISTS, since=since)], {"C-1": known(DOUBT, attempts=(at + 0.9,))}, {}).answers) == 1
    assert faults(judge([given(**EXISTS, since=since)], {"C-1": known(DOUBT, attempts=(at + 1.1,))}, {})) == [
        (1, "since")
    ]


def test_a_row_written_by_hand_needs_only_the_id_and_the_answer() -> None:
    """`phase` and `since` guard against mistakes; without them the doubt of today is answered."""
    found = judge([AnswerRow(row=1, external_id="C-1", answer="does not exist")], {"C-1": known(DOUBT)}, {})
    assert len(found.answers) == 1


@pytest.mark.parametrize("second", [EXISTS, {"answer": ""}])
def test_whose_row_stands_twice_in_the_input_is_answered_once(second: dict[str, Any]) -> None:
    """`in_doubt.csv` asks for each row: the same answer twice, or one of the two lines left empty, is one answer."""
    rows = [given(1, **EXISTS), given(2, **{"external_id": "C-1"} | second)]
    for both in (rows, [replace(row, row=3 - row.row) for row in reversed(rows)]):
        found = judge(both, {"C-1": known(DOUBT)}, {})
        assert (faults(found), len(found.answers), len(found.before), found.unanswered) == ([], 1, 1, [])


def test_two_different_answers_about_one_customer_are_none() -> None:
    """Which of them is right, only the operator knows."""
    rows = [given(1, **EXISTS), given(2, external_id="C-1", answer="does not exist")]
    assert (1, "external_id") in faults(judge(rows, {"C-1": known(DOUBT)}, {}))


texts = st.sampled_from(["", "exists", "does not exist", "done", "not done", "perhaps"])
ids = st.sampled_from(["", "c1", "c2", "c 3", "1E+15"])
instants = st.sampled_from(["", instant(T2), instant(T3 + 1), "soon"])
phases = st.sampled_from(["", "registration", "verification", "activation"])
rows = st.builds(
    AnswerRow,
    row=st.just(0),
    external_id=st.sampled_from(["", "C-1", "C-2", "C-3", "C-9"]),
    answer=texts,
    phase=phases,
    since=instants,
    customer_id=ids,
    user_id=ids,
    verification_id=ids,
    broken=st.booleans(),
)
LEDGER = {
    "C-1": known(DOUBT, ABSENT, acts=(2,)),
    "C-2": known(
        *(replace(state, key=b"\2") for state in (DOUBT, ABSENT, replace(DOUBT, last_run=3, finished_at=T3 + 1))),
        acts=(2,),
        attempts=(T1, T3),
    ),
    "C-3": known(doubtful(3, "open_verification", done=3, customer_id="c2")),
}


@given_any(st.lists(rows, max_size=6))
def test_every_row_is_answered_or_passed_over_or_left_or_wrong(found_rows: list[AnswerRow]) -> None:
    """Whatever stands in the file: no row is lost, and what is taken has a word that fits and the ids that it needs."""
    numbered = [replace(row, row=number) for number, row in enumerate(found_rows, start=1)]
    found = judge(numbered, LEDGER, {})
    wrong = {fault.row for fault in found.wrong}
    sorted_out = len(found.answers) + len(found.before) + len(found.unanswered)
    assert len(numbered) - len(wrong) <= sorted_out <= len(numbered)
    for journey, answer in found.answers:
        asked = question_about(journey)
        assert answer.word in (asked.yes, asked.no)
        assert answer.word is asked.no or all(getattr(answer, name) for name in asked.brings[:1])
    if not wrong:
        keys = [journey.key for journey, _ in found.answers]
        assert len(keys) == len(set(keys))


def claimed(**more: Any) -> Journey:
    """A customer whom a run took up with the id that an operator gave, which no call has proved."""
    usual: dict[str, Any] = {"doubts": 0, "step": "", "done": 2, "claimed": ("customer_id",), "customer_id": "c1"}
    return doubtful(**usual | {"standing": Standing.FAILED, "code": "login_refused", "last_run": 3} | more)


def answered_before(now: Journey) -> dict[str, History]:
    """In doubt after run 1, answered by act 2, taken up by run 3."""
    before = doubtful()
    told = apply_answer(before, Answer(word=Word.EXISTS, customer_id="c1"), run=2, now=T2)
    return {"C-1": known(before, told, now, acts=(2,))}


@pytest.mark.parametrize("since", [instant(T2), ""])
@pytest.mark.parametrize("phase", ["registration", ""])
def test_an_id_that_only_an_operator_gave_can_be_corrected(since: str, phase: str) -> None:
    """Also after a run took it up: the question is open as before, and the new answer counts."""
    rows = [given(since=since, phase=phase, answer="exists", customer_id="c9")]
    found = judge(rows, answered_before(claimed()), {})
    assert found.wrong == []
    [(doubt, answer)] = found.answers
    assert (doubt.step, doubt.doubts, doubt.customer_id, doubt.claimed) == ("register", 1, "", ())
    assert answer == Answer(word=Word.EXISTS, customer_id="c9")
    assert judge([given(answer="does not exist")], answered_before(claimed()), {}).answers


def test_the_same_answer_again_corrects_nothing() -> None:
    """The file given a second time does no harm."""
    found = judge([given(answer="exists", customer_id="c1")], answered_before(claimed()), {})
    assert (found.wrong, found.answers, len(found.before)) == ([], [], 1)


def test_an_id_that_a_call_has_proved_stays() -> None:
    """Once the bank accepted a call with it, the operator has no say any more."""
    proved = claimed(claimed=())
    found = judge([given(answer="exists", customer_id="c9")], answered_before(proved), {})
    assert faults(found) == [(1, "external_id")]


def test_a_claim_can_be_corrected_while_a_later_step_is_in_doubt() -> None:
    """The row names the phase that it is about."""
    now = claimed(standing=Standing.IN_DOUBT, step="open_verification", doubts=1, done=3)
    by_phase = judge([given(answer="exists", customer_id="c9")], answered_before(now), {})
    assert [doubt.step for doubt, _ in by_phase.answers] == ["register"]


def test_an_answer_corrected_after_a_run_can_be_given_again_and_corrected_again() -> None:
    """In doubt, answered, taken up, corrected, not taken up yet: the same file is harmless, another id counts."""
    now = claimed()
    asked = reopen(now, "customer_id")
    corrected = apply_answer(asked, Answer(word=Word.EXISTS, customer_id="c9"), run=4, now=T3)
    [before] = answered_before(now).values()
    ledger = {"C-1": replace(before, states=(*before.states, corrected), acts=frozenset({2, 4}))}
    same = judge([given(answer="exists", customer_id="c9")], ledger, {})
    assert (same.wrong, same.answers, len(same.before)) == ([], [], 1)
    for row in (given(answer="exists", customer_id="c10"), given(answer="does not exist")):
        other = judge([row], ledger, {})
        assert (other.wrong, len(other.answers)) == ([], 1)
        assert other.answers[0][0].step == "register"


def test_swapped_ids_can_be_swapped_back_in_one_file() -> None:
    """Each is the other's claim, and both are taken back at once; one row alone is still refused."""
    one, two = claimed(customer_id="c1"), claimed(number=2, customer_id="c2")
    [first] = answered_before(one).values()
    second = replace(first, states=(doubtful(2), two), acts=frozenset({2}))
    owners = {("customer_id", "c1"): {one.key}, ("customer_id", "c2"): {two.key}}
    ledger = {"C-1": first, "C-2": second}
    rows = [given(1, answer="exists", customer_id="c2"), given(2, answer="exists", customer_id="c1")]
    both = judge(rows, ledger, owners)
    assert (both.wrong, len(both.answers)) == ([], 2)
    assert faults(judge(rows[:1], ledger, owners)) == [(1, "customer_id")]
