"""One customer's timeline: every run in order, also those that died or passed by, and what to do now."""

import json
import re
from typing import Any

import pytest

from finhub_onboard.finhub.calls import CallName
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.operator import Answer, apply_answer, open_again
from finhub_onboard.journey.questions import Word
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.model import CallRecord, Journey, Phase, Standing
from finhub_onboard.reports.timeline import as_data, as_rows, current_disposition, next_step, run_entries, run_lines
from tests.values import replace


def run(number: int, command: str = "run", **more: Any) -> RunRecord:
    """A run, or an act of a person, that came to its end."""
    usual: dict[str, Any] = {"run_id": f"r{number}", "host": "h", "pid": 1, "started_at": 100.0 * number}
    usual |= {"heartbeat_at": 100.0 * number + 5, "finished_at": 100.0 * number + 9, "exit_code": 3}
    return RunRecord(number=number, stopped_because="", facts={}, command=command, **usual | more)


def call(number: int, run_number: int, **more: Any) -> CallRecord:
    """A registration."""
    usual: dict[str, Any] = {"phase": Phase.REGISTRATION, "step": "register", "attempt": 1, "changes": True}
    return CallRecord(number=number, key=b"k", run=run_number, intent_at=100.0 * run_number + 1, **usual | more)


DOUBT = Journey(
    key=b"k", fingerprint=b"", standing=Standing.IN_DOUBT, done=1, step="register", doubts=2,
    phase=Phase.REGISTRATION, code="exists_after_doubt", message="it exists", hint="look", first_run=2, last_run=2,
)  # fmt: skip
LOST = call(1, 2, outcome="doubt", outcome_at=202.0, code="no_answer", wait_s=1.5, seconds=0.25)
AGAIN = call(2, 2, outcome="exists", outcome_at=204.0, http_status=409, code="exists_after_doubt", attempt=2)
ANSWERED = apply_answer(DOUBT, Answer(word=Word.EXISTS, customer_id="c1"), run=5, now=500.0)
CUT_OFF = replace(ANSWERED, last_run=6, step="open_verification", doubts=1, message="")
STATES = [DOUBT, ANSWERED, CUT_OFF]
RUNS = [
    run(7, finished_at=None, exit_code=None),
    run(6, finished_at=None, exit_code=None),
    run(5, "resolve"),
    run(4, finished_at=None, exit_code=None),
    run(3),
    run(2),
    run(1),
]
OPEN_INTENT = call(3, 6, step="open_verification", phase=Phase.VERIFICATION)


def test_all_runs_since_the_first_are_told_in_order() -> None:
    """Calls with their waits and codes, acts of persons, runs that died before or after they took the customer up."""
    told = run_entries(RUNS, STATES, [LOST, AGAIN, OPEN_INTENT], live=True)
    assert [entry.run.number for entry in told] == [2, 3, 4, 5, 6, 7]
    assert [entry.died for entry in told] == [False, False, True, False, True, False]
    assert as_rows("C-1", told) == [
        ("customer", "C-1"),
        ("stands", "in_doubt, 2 of 8 phases done"),
        ("next", "run the same command again: the job finds out what happened"),
        ("ids", "customer_id c1 (only an operator gave it)"),
    ]
    lines = list(run_lines(told))
    expected = [
        r"run r2  started .*, ended .* with exit code 3",
        r"  .*Z  registration   register, attempt 1, no answer in 0.25 s, doubt \(no_answer\), waited 1.5 s",
        r"  .*Z  registration   register, attempt 2, 409 in 0.00 s, exists \(exists_after_doubt\)",
        r"  = in_doubt, 1 of 8 phases done: registration, exists_after_doubt",
        r"1 run had nothing to do for this customer",
        r"run r4  started .*, died \(last sign of life .*\), before it took this customer up",
        r"resolve r5  the operator answered at .*",
        r"  = pending, 2 of 8 phases done: the operator answered: exists \(customer_id c1\)",
        r"run r6  started .*, died \(last sign of life .*\)",
        r"  .*Z  verification   open_verification, attempt 1, no outcome known: the run ended before an answer came",
        r"  = in_doubt, 2 of 8 phases done",
        r"run r7  started .*, running",
    ]
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_programs_get_the_same() -> None:
    """All of it as JSON."""
    data = json.loads(json.dumps(as_data("C-1", run_entries(RUNS, STATES, [LOST, AGAIN, OPEN_INTENT], live=False))))
    assert (data["external_id"], data["stands"], data["customer_id"], data["in_doubt"]) == (
        "C-1",
        "in_doubt",
        "c1",
        "open_verification",
    )
    assert [entry["run_id"] for entry in data["runs"]] == ["r2", "r3", "r4", "r5", "r6", "r7"]
    assert [entry["command"] for entry in data["runs"]] == ["run", "run", "run", "resolve", "run", "run"]
    assert [entry["died"] for entry in data["runs"]] == [False, False, True, False, True, True]
    assert [len(entry["calls"]) for entry in data["runs"]] == [2, 0, 0, 0, 1, 0]
    assert data["runs"][0]["left"]["code"] == "exists_after_doubt"
    assert data["runs"][1]["left"] is None


OPEN = replace(DOUBT, standing=Standing.OPEN, step="", doubts=0, code="")
FAILED = replace(OPEN, standing=Standing.FAILED, code="refused", hint="correct it")


@pytest.mark.parametrize(
    ("journey", "disposition", "said"),
    [
        (replace(OPEN, standing=Standing.COMPLETE, done=8, completed_run=2), "onboarded", "nothing"),
        (replace(OPEN, done=3), "pending", "goes on with verification"),
        (open_again(FAILED, run=3), "pending", "goes on with registration"),
        (replace(OPEN, step="register", doubts=1), "in_doubt", "finds out what happened"),
        (FAILED, "failed", "correct it; the next run tries again"),
        (replace(FAILED, final=True), "failed", "`onboard retry --code refused`"),
        (replace(FAILED, standing=Standing.DECLINED), "declined", "`onboard retry --declined`"),
        (replace(FAILED, standing=Standing.PARKED), "parked", "correct it"),
        (
            replace(DOUBT, standing=Standing.PARKED, step="activate"),
            "parked",
            "`done` or `not done`, `onboard resolve`",
        ),
        (DOUBT, "in_doubt", "Answer `exists` or `does not exist`"),
        (replace(DOUBT, step="activate"), "in_doubt", "Answer `done` or `not done`"),
    ],
)
def test_what_to_do_next(journey: Journey, disposition: str, said: str) -> None:
    """One sentence for every standing."""
    assert current_disposition(journey) == disposition
    assert said in next_step(journey)


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("name", ["", CallName.REGISTER, CallName.ACTIVATE])
def test_every_state_can_be_told(standing: Standing, name: str) -> None:
    """Total: no state of the ledger makes it fail, whatever its code."""
    for code in filter(None, Code):
        journey = replace(DOUBT, standing=standing, code=code, step=str(name), doubts=1 if name else 0)
        told = run_entries([run(2)], [journey], [], live=False)
        assert all(label and fact for label, fact in as_rows("C-1", told)), code
        assert list(run_lines(told)), code
        assert as_data("C-1", told)["next"] == next_step(journey), code


def test_an_id_that_only_an_operator_gave_is_called_so() -> None:
    """Until a call with it was accepted, it is a claim."""
    claimed = replace(ANSWERED, customer_id="c-1", user_id="u-1", claimed=("customer_id",))
    rows = dict(as_rows("C-1", run_entries(RUNS, [DOUBT, claimed], [LOST], live=False)))
    assert rows["ids"].startswith("customer_id c-1 (only an operator gave it), user_id u-1")
