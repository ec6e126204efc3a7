"""Signs of a ledger that is older than what was done with it, and what is none."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.restored import Known, Reported, Settler, Strangers, is_lost, read_reports, refuse_if_older
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.finhub.calls import CallName
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.matching.run_facts import RunProgress, facts_of, to_json
from tests.ledger.support import opened
from tests.values import replace

OLD, LAST, NEW = "20260101T000000-0001", "20260102T000000-0002", "20260103T000000-0003"
OURS, OTHERS = "ours", "others"


def told(run_id: str, *, ledger_id: str = OURS, calls: int = 10) -> Reported:
    """What a folder of reports tells."""
    return Reported(run_id=run_id, ledger_id=ledger_id, calls=calls)


def known(**more: Any) -> Known:
    """A ledger with two runs, the newest closed."""
    return Known(**{"ledger_id": OURS, "run_ids": {OLD, LAST}} | more)


def test_a_run_of_this_ledger_that_it_does_not_know_is_lost() -> None:
    """Whether its newest run was closed or not: that run called the bank and wrote this very ledger."""
    assert is_lost(told(NEW), known())
    assert is_lost(told(NEW), known(unclosed=LAST))


def test_the_newest_run_is_lost_in_part_if_it_called_more_than_the_ledger_holds() -> None:
    """A backup that was made during a run knows its beginning; a run that died before it was closed is whole."""
    assert is_lost(told(LAST, calls=10), known(unclosed=LAST, calls=9))
    assert not is_lost(told(LAST, calls=10), known(unclosed=LAST, calls=10))
    assert not is_lost(told(LAST, calls=10), known())


@pytest.mark.parametrize(
    "one",
    [told(OLD), told(LAST), told(NEW, calls=0), told(NEW, ledger_id=OTHERS)],
    ids=["a known run", "the newest run", "a check or a dry run", "another ledger"],
)
def test_other_reports_prove_nothing(one: Reported) -> None:
    """Neither what is known, nor what called nobody, nor what another ledger's runs did."""
    assert not is_lost(one, known())
    assert not is_lost(one, known(unclosed=LAST, calls=10))


def test_reports_of_an_older_version_count_beside_a_run_that_was_not_closed() -> None:
    """They do not name their ledger: only newer ones count, and only where the ledger's newest run has no end."""
    assert is_lost(told(NEW, ledger_id=""), known(unclosed=LAST))
    assert not is_lost(told(OLD, ledger_id=""), known(unclosed=LAST))
    assert not is_lost(told(NEW, ledger_id=""), known())


def test_what_a_run_asked_the_bank_about_is_settled() -> None:
    """Reports older than that run stop nobody any more; newer ones do."""
    older = replace(told("20251231T000000-ffff"), rows=60, inputs=frozenset({"a"}))
    assert not is_lost(older, known(settlers=(Settler(run_id=LAST),)))
    assert is_lost(told(NEW), known(settlers=(Settler(run_id=LAST),)))


def test_a_run_with_a_limit_settles_what_it_covers() -> None:
    """The same inputs and at least as many rows as the run that was lost."""
    lost = replace(told("20251231T000000-ffff"), rows=60, inputs=frozenset({"a"}))
    for limit, inputs, covers in ((60, {"a"}, True), (59, {"a"}, False), (60, {"b"}, False), (100, {"a"}, True)):
        settler = Settler(run_id=LAST, limit=limit, inputs=frozenset(inputs))
        assert is_lost(lost, known(settlers=(settler,))) is not covers


def report(folder: Path, run_id: str, content: object) -> None:
    """Write a ``summary.json``."""
    (folder / run_id).mkdir(parents=True)
    (folder / run_id / "summary.json").write_text(json.dumps(content), encoding="utf-8")


def calls(sent: int) -> dict[str, Any]:
    """Calls as a summary has them."""
    return {"categorization": {"sent": 2}, "registration": {"sent": sent, "retried": 0}}


def test_reports_are_read_from_the_folders_of_runs(tmp_path: Path) -> None:
    """Calls of customers are counted; what is no report, or none of a run's folder, tells nothing."""
    report(tmp_path, LAST, {"ledger": OURS, "calls": calls(3)})
    report(tmp_path, OLD, {"calls": calls(0)})
    report(tmp_path, NEW, "garbage")
    report(tmp_path, "checked", {"ledger": OURS, "calls": calls(3)})
    (tmp_path / "20260104T000000-0004" / "summary.json").mkdir(parents=True)
    assert list(read_reports(tmp_path)) == [told(OLD, ledger_id="", calls=0), told(LAST, calls=3)]
    assert list(read_reports(tmp_path / "nowhere")) == []


def ran(ledger: Ledger, run_id: str, *, exit_code: int = 0, **facts: Any) -> None:
    """A run that came to its end."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    of_run = facts_of(Order(inputs=(), **facts), Settings.model_validate({"api": {"base_url": "sandbox:"}}), (), at)
    record = ledger.start_run(run_id, to_json(of_run, RunProgress(), ledger.keys))
    ledger.finish_run(record.number, exit_code=exit_code, stopped_because="")


def test_a_ledger_that_lost_a_run_is_refused_until_the_bank_was_asked(tmp_path: Path) -> None:
    """The message names the run and the flag; a run with the flag counts if it came to the end of the whole book."""
    with opened(tmp_path / "l.db") as ledger:
        ran(ledger, OLD)
        refuse_if_older(ledger, tmp_path)
        report(tmp_path, LAST, {"ledger": ledger.ledger_id, "calls": calls(3), "rows_read": 3})
        for exit_code, limit in ((4, None), (0, 2)):
            with pytest.raises(ConfigurationError, match=LAST) as caught:
                refuse_if_older(ledger, tmp_path)
            assert "--ledger-restored" in caught.value.hint
            ran(ledger, f"{NEW}{exit_code}", exit_code=exit_code, limit=limit, ledger_restored=True)
        with pytest.raises(ConfigurationError):
            refuse_if_older(ledger, tmp_path)
        ran(ledger, "20260105T000000-0005", exit_code=3, ledger_restored=True)
        refuse_if_older(ledger, tmp_path)


def observed(*answers: str, is_new: bool = True, call: CallName = CallName.REGISTER) -> list[bool]:
    """Whether the run stops, after each answer."""
    strangers = Strangers("l.db")
    return [bool(strangers.observe(call, code, is_new=is_new)) for code in answers]


def test_a_bank_that_has_the_first_new_customers_stops_the_run() -> None:
    """The fifth duplicate in a row at the beginning is the reason, once, and it names ledger and flag."""
    assert observed(*["duplicate_email"] * 6) == [False] * 4 + [True, False]
    strangers = Strangers("l.db")
    reasons = [strangers.observe(CallName.REGISTER, "duplicate_email", is_new=True) for _ in range(5)]
    assert "l.db" in reasons[-1]
    assert "--ledger-restored" in reasons[-1]


def test_the_reason_of_a_ledgers_first_run_asks_whether_it_is_the_right_one() -> None:
    """A wrong path looks like a new book: the ledger is said to be new, and where another one is named."""
    strangers = Strangers("/srv/l.db", is_new=True)
    reason = [strangers.observe(CallName.REGISTER, "duplicate_email", is_new=True) for _ in range(5)][-1]
    assert all(word in reason for word in ("/srv/l.db", "new ledger", "is it the right one?", "ledger.url"))
    assert "--ledger-restored" in reason


def test_a_few_duplicates_are_rows_trouble() -> None:
    """One new customer that the bank did not have ends the watch; known customers and other calls are not counted."""
    assert not any(observed(*["duplicate_email"] * 4, "", *["duplicate_email"] * 9))
    assert not any(observed(*["duplicate_email"] * 9, is_new=False))
    assert not any(observed(*["duplicate_email"] * 9, call=CallName.OPEN_VERIFICATION))
