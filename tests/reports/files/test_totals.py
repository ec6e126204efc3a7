import itertools
import json
from dataclasses import replace

import pytest

from finhub_onboard.errors import AccountingError, ExitCode
from finhub_onboard.model import Disposition, Phase, Severity, Violation
from finhub_onboard.reports.files.rows import ErrorLine, Result
from finhub_onboard.reports.files.totals import (
    CallSummary,
    InputSummary,
    Kept,
    RateSummary,
    Summary,
    Totals,
    exit_code,
    phases_completed,
)

D = Disposition
SUBSETS = [set(s) for n in range(len(D) + 1) for s in itertools.combinations(D, n)]


def result(number: int, disposition: Disposition, phase: str = "", source: str = "a.csv") -> Result:
    """Make a line of results.csv."""
    return Result(source=source, row_number=number, external_id=f"x{number}", disposition=disposition, phase=phase)


def error(number: int, code: str, stage: str = "registration", field: str = "", source: str = "a.csv") -> ErrorLine:
    """Make a line of errors.csv."""
    return ErrorLine(
        source=source, row_number=number, external_id="x", stage=stage, field=field, code=code, message="m", hint="h"
    )


def test_exit_code_over_all_subsets_of_dispositions() -> None:
    """4 if stopped or anything is pending; else 3 if a row needs somebody; else 0. All 512 subsets, both ways."""
    assert len(SUBSETS) == 512
    for present in SUBSETS:
        counts = {name: int(name in present) for name in D}
        needy = present & {D.REJECTED, D.CHANGED, D.FAILED, D.DECLINED, D.PARKED, D.IN_DOUBT}
        expected = 4 if D.PENDING in present else 3 if needy else 0
        assert exit_code(counts, stopped=False) == expected
        assert exit_code(counts, stopped=True) == ExitCode.STOPPED_EARLY
        assert exit_code(dict.fromkeys(present, 2), stopped=False) == expected


def test_who_needs_somebody_besides_the_dispositions() -> None:
    """A pending row that must be corrected is no reason to run again, and a customer in doubt without a row is one."""
    assert exit_code({D.PENDING: 2, D.ONBOARDED: 1}, stopped=False, held=2) == ExitCode.NEEDS_SOMEBODY
    assert exit_code({D.PENDING: 2}, stopped=False, held=1) == ExitCode.STOPPED_EARLY
    assert exit_code({D.UNCHANGED: 2}, stopped=False, elsewhere=1) == ExitCode.NEEDS_SOMEBODY
    assert exit_code({D.PENDING: 1}, stopped=False, held=1, elsewhere=1) == ExitCode.NEEDS_SOMEBODY
    assert exit_code({D.UNCHANGED: 2}, stopped=True, elsewhere=1) == ExitCode.STOPPED_EARLY


def test_customers_in_doubt_without_a_row_are_counted_apart() -> None:
    """They have lines in `in_doubt.csv` and are no rows: sums and lines stay exact."""
    totals = Totals()
    totals.feed_result(result(1, D.IN_DOUBT, "registration"))
    totals.feed_elsewhere(named=True)
    totals.feed_elsewhere(named=False)
    totals.check({"a.csv": 1}, lines={"results.csv": 1, "in_doubt.csv": 2})
    assert (totals.rows, totals.elsewhere, totals.unnamed) == (1, 2, 1)
    with pytest.raises(AccountingError, match=r"lines of in_doubt\.csv = rows counted for it: 1 = 2"):
        totals.check({"a.csv": 1}, lines={"in_doubt.csv": 1})


def test_rows_that_break_a_rule_are_held_only_while_they_are_pending() -> None:
    """A reject is a reject, a finished customer is finished; the others wait for a person."""
    totals = Totals()
    for number, name in enumerate((D.REJECTED, D.UNCHANGED, D.IN_DOUBT, D.PENDING), start=1):
        totals.feed_result(result(number, name, "registration"), breaks_a_rule=True)
    totals.feed_result(result(5, D.PENDING))
    assert (totals.held, +totals.unfinished, totals.copies) == (1, {"a.csv": 2}, 1)


@pytest.mark.parametrize(
    ("disposition", "phase", "completed"),
    [
        (D.ONBOARDED, "", 8),
        (D.ONBOARDED, "registration", 2),
        (D.UNCHANGED, "activation", 8),
        (D.CHANGED, "", 8),
        (D.FAILED, "registration", 1),
        (D.PARKED, "approval", 5),
        (D.PENDING, "", 0),
        (D.REJECTED, "", 0),
    ],
)
def test_phases_completed(disposition: Disposition, phase: str, completed: int) -> None:
    """A complete journey includes its phase; any other stands in its phase and has only those before it."""
    assert phases_completed(result(1, disposition, phase)) == completed


def test_funnel_counts_customers_past_each_phase() -> None:
    """The funnel counts accepted rows and never rises from phase to phase."""
    totals = Totals()
    for number, (name, phase) in enumerate(
        [(D.ONBOARDED, ""), (D.PARKED, "approval"), (D.FAILED, "registration"), (D.REJECTED, "")], start=1
    ):
        totals.feed_result(result(number, name, phase))
    assert list(totals.funnel().values()) == [3, 2, 2, 2, 2, 1, 1, 1]
    assert totals.customers == 3


def test_rows_counted_together_count_as_each_by_itself_would() -> None:
    """Pending, unchanged and rejected ones, in the totals, in their input, in the funnel and among the causes."""
    together, each = Totals(), Totals()
    together.feed_untouched("a.csv", 1, 3, unchanged=2)
    together.feed_rejected("a.csv", 5, [error(5, "email_invalid")])
    together.feed_warnings(
        [
            Violation(
                source="a.csv",
                row_number=4,
                external_id="C4",
                field="",
                code="placeholder",
                message="m",
                hint="",
                severity=Severity.WARNING,
            )
        ]
    )
    together.feed_untouched("a.csv", 4, 2, rejected=1)
    each.feed_error(error(5, "email_invalid"))
    each.feed_error(replace(error(4, "placeholder"), severity=Severity.WARNING))
    for number, disposition in enumerate((D.UNCHANGED, D.UNCHANGED, D.PENDING, D.PENDING, D.REJECTED), start=1):
        each.feed_result(Result(source="a.csv", row_number=number, external_id="x", disposition=disposition))
    for totals in (together, each):
        totals.check({"a.csv": 5}, lines={"results.csv": 5, "errors.csv": 2})
    assert (together.dispositions, together.sources) == (each.dispositions, each.sources)
    assert (together.funnel(), together.causes()) == (each.funnel(), each.causes())


def test_a_cause_counts_rows_not_lines() -> None:
    """Three attempts of one row are one row; several rules of one row count once each; row numbers are examples."""
    totals = Totals()
    for _ in range(3):
        totals.feed_error(error(1, "HTTP_503"))
    totals.feed_error(error(1, "INVALID", field="email"))
    totals.feed_result(result(1, D.FAILED, "registration"))
    for number in range(2, 12):
        totals.feed_error(error(number, "HTTP_503"))
        totals.feed_result(result(number, D.FAILED, "registration"))
    first, second = totals.causes()
    assert (first.code, first.rows, first.lines, first.overcome) == ("HTTP_503", 11, 13, 0)
    assert [(row.source, row.row_number) for row in first.examples] == [("a.csv", n) for n in range(1, 12)]
    assert (second.code, second.field, second.rows) == ("INVALID", "email", 1)


@pytest.mark.parametrize("errors_first", [True, False])
def test_an_error_that_was_overcome_is_no_cause(errors_first: bool) -> None:  # noqa: FBT001
    """A row that came through after a retry does not count among the rows that an error cost, in either order."""
    totals = Totals()
    if errors_first:
        totals.feed_error(error(1, "HTTP_503"))
    totals.feed_result(result(1, D.ONBOARDED))
    if not errors_first:
        totals.feed_error(error(1, "HTTP_503"))
    (cause,) = totals.causes()
    assert (cause.rows, cause.overcome) == (0, 1)
    totals.check({"a.csv": 1}, lines={"results.csv": 1, "errors.csv": 1})


def test_causes_are_bounded() -> None:
    """A bank that invents a code per row does not fill the memory: further kinds are counted together."""
    totals = Totals()
    for number in range(1, 1301):
        totals.feed_error(error(number, f"code-{number}"))
        totals.feed_result(result(number, D.FAILED, "registration"))
    assert len(totals.causes()) == 1001
    assert (totals.causes()[0].code, totals.causes()[0].rows) == ("other", 300)


def test_an_error_of_the_whole_run_needs_no_row() -> None:
    """Row number 0 is an error of the run: it is listed and breaks no equation."""
    totals = Totals()
    totals.feed_error(error(0, "tenant_refused", stage="categorization"))
    totals.feed_result(result(1, D.PENDING))
    totals.check({"a.csv": 1})
    assert totals.causes()[0].rows == 0


def test_check_is_silent_when_all_equations_hold() -> None:
    """Two files, every disposition: nothing is said."""
    totals = Totals()
    for source in ("a.csv", "b.csv"):
        for number, name in enumerate(D, start=1):
            totals.feed_result(result(number, name, source=source))
    lines = {"results.csv": 18, "errors.csv": 0, "parked.csv": 2, "in_doubt.csv": 2}
    totals.check({"a.csv": 9, "b.csv": 9}, lines=lines)


@pytest.mark.parametrize(
    ("read", "lines", "words"),
    [
        ({"a.csv": 3}, {}, "sum of dispositions = rows read: 2 = 3"),
        ({"a.csv": 1, "b.csv": 1}, {}, "sum of dispositions of b.csv = its rows read: 0 = 1"),
        ({"a.csv": 2}, {"results.csv": 1}, "lines of results.csv = rows counted for it: 1 = 2"),
        ({"a.csv": 2}, {"errors.csv": 4}, "lines of errors.csv = rows counted for it: 4 = 0"),
        ({"a.csv": 2}, {"parked.csv": 0}, "lines of parked.csv = rows counted for it: 0 = 1"),
        ({"a.csv": 2}, {"in_doubt.csv": 1}, "lines of in_doubt.csv = rows counted for it: 1 = 0"),
    ],
)
def test_check_names_the_equation_that_broke(read: dict[str, int], lines: dict[str, int], words: str) -> None:
    """A sum that is off is named with both of its sides."""
    totals = Totals()
    totals.feed_result(result(1, D.ONBOARDED))
    totals.feed_result(result(2, D.PARKED, "approval"))
    with pytest.raises(AccountingError) as caught:
        totals.check(read, lines=lines)
    assert words in str(caught.value)
    assert caught.value.hint


KEPT = Kept(customers=2, intents=9, outcomes=8, started=2)


def carried() -> Totals:
    """Two rows that a run carried, the second with an intent without outcome, and one that it did not."""
    totals = Totals()
    for number, name in enumerate((D.ONBOARDED, D.IN_DOUBT, D.UNCHANGED), start=1):
        totals.feed_result(result(number, name))
    totals.feed_carried(in_doubt=False)
    totals.feed_carried(in_doubt=True)
    return totals


@pytest.mark.parametrize("started", [2, None])
def test_check_holds_the_ledger_against_the_rows(started: int | None) -> None:
    """It is silent when they agree, also for a run that is not there any more to say what it began."""
    carried().check({"a.csv": 3}, kept=replace(KEPT, started=started))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"customers": 3, "started": 3}, "customers in the ledger = rows whose journey was carried: 3 = 2"),
        ({"customers": 1, "started": 1}, "customers in the ledger = rows whose journey was carried: 1 = 2"),
        ({"started": 3}, "customers in the ledger = journeys started: 2 = 3"),
        ({"outcomes": 7}, "outcomes in the ledger = intents less those in doubt: 7 = 8"),
        ({"intents": 10}, "outcomes in the ledger = intents less those in doubt: 8 = 9"),
    ],
)
def test_check_names_the_equation_of_the_ledger_that_broke(changed: dict[str, int], words: str) -> None:
    """A customer or an outcome too many or too few is named with both numbers."""
    with pytest.raises(AccountingError) as caught:
        carried().check({"a.csv": 3}, kept=replace(KEPT, **changed))
    assert words in str(caught.value)
    assert caught.value.exit_code is ExitCode.UNEXPECTED


def test_check_finds_a_row_twice_for_a_row_lost() -> None:
    """Sums that balance by accident do not hide a lost row: rows must come 1, 2, 3 per file."""
    totals = Totals()
    for number in (1, 1, 3):
        totals.feed_result(result(number, D.ONBOARDED))
    with pytest.raises(AccountingError, match=r"a\.csv: row 2 should follow, row 1 came"):
        totals.check({"a.csv": 3})


def test_check_finds_errors_of_rows_that_have_no_result() -> None:
    """An error of a row that is not in the results is a row that vanished."""
    totals = Totals()
    totals.feed_error(error(2, "x"))
    totals.feed_result(result(1, D.ONBOARDED))
    with pytest.raises(AccountingError, match=r"errors of 1 rows that have no result, first a\.csv row 2"):
        totals.check({"a.csv": 1})


def test_summary_has_the_keys_of_the_design_in_order() -> None:
    """summary.json has all nine dispositions and all eight phases whatever was given, pretty with two spaces."""
    summary = Summary(
        run_id="r1",
        exit_code=ExitCode.NEEDS_SOMEBODY,
        rows_read=2,
        dispositions={D.PARKED: 1, D.ONBOARDED: 1},
        inputs=(InputSummary(source="a.csv", sha256="00", rows=2),),
        calls={Phase.SESSION: CallSummary(sent=3, retried=1, refused_for_rate=1)},
        rate=RateSummary(asked=5, reached=4.5, max_in_1s=5),
        started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T00:01:00Z",
        versions={"python": "3.12"},
    )
    data = summary.to_json()
    read = json.loads(data)
    assert list(read)[:10] == [
        "run_id", "exit_code", "rows_read", "dispositions", "inputs", "calls", "rate", "started_at", "finished_at",
        "versions",
    ]  # fmt: skip
    assert list(read["dispositions"]) == [name.value for name in D]
    assert list(read["calls"]) == [phase.value for phase in Phase]
    assert read["calls"]["session"] == {"sent": 3, "retried": 1, "refused_for_rate": 1}
    assert read["inputs"] == [{"source": "a.csv", "sha256": "00", "rows": 2}]
    assert read["rate"] == {"asked": 5, "reached": 4.5, "max_in_1s": 5}
    assert read["exit_code"] == 3
    assert list(read)[10:] == ["stopped_because", "in_doubt_elsewhere", "ledger", "since_last_run", "files"]
    assert data.startswith(b'{\n  "run_id": "r1"')
    assert data.endswith(b"}\n")
