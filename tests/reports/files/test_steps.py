import pytest

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.advice import headline
from finhub_onboard.reports.files.endings import Way
from finhub_onboard.reports.files.given import Given, RowFiles
from finhub_onboard.reports.files.rows import ErrorLine, Result
from finhub_onboard.reports.files.steps import Step, steps
from finhub_onboard.reports.files.totals import Totals
from tests.reports.files.test_page import summary_of, totals_of
from tests.values import replace

D = Disposition


@pytest.mark.parametrize("name", D)
def test_each_disposition_has_its_next_step(name: Disposition) -> None:
    """What needs somebody has a step with its colour; what is fine has none."""
    (step,) = steps(summary_of({name: 2}, 3), totals_of({name: 2}))
    assert step.disposition == (None if name in (D.ONBOARDED, D.UNCHANGED) else name)


GIVEN = Given(
    inputs=("my book.csv",),
    out="/srv/my out",
    options=("--config", "prod.toml", "--until", "documents", "--rate", "300"),
    words=("run", "my book.csv", "--limit", "100", "--until=documents", "--rate", "300", "--config", "prod.toml"),
    limit=100,
    until="documents",
)
AGAIN = "onboard run 'my book.csv' --limit 100 --until=documents --rate 300 --config prod.toml"


def rows(*found: tuple[Disposition, str, str, Way], hint: str = "") -> Totals:
    """Feed a row for each disposition, phase, code and way."""
    totals = Totals()
    for number, (disposition, phase, code, way) in enumerate(found, start=1):
        if code:
            totals.feed_error(
                ErrorLine(
                    source="a.csv",
                    row_number=number,
                    external_id="x",
                    stage=phase,
                    field="",
                    code=code,
                    message="what happened",
                    hint=hint,
                )
            )
        totals.feed_result(
            Result(source="a.csv", row_number=number, external_id="x", disposition=disposition, phase=phase, code=code),
            way=way,
        )
    return totals


def steps_of(totals: Totals, code: int = 3, given: Given = GIVEN) -> list[Step]:
    """The steps after a command."""
    return steps(summary_of(dict(totals.dispositions), code), totals, given, RowFiles(rejects={"a.csv": "a.csv"}))


def test_the_command_that_goes_on_is_the_one_that_was_given() -> None:
    """A stopped run goes on with its own words, quoted for a shell; the options that narrow it are not lost."""
    (first, last) = steps_of(rows((D.PENDING, "", "", Way.OTHERWISE)), 4)
    assert first.title == "Run the same 100 rows again for 1 row"
    assert first.commands == (AGAIN,)
    assert last.title == "Then run all rows"
    assert last.commands == (AGAIN.replace("--limit 100 ", ""),)


def test_rows_as_far_as_asked_are_no_reason_to_run_again() -> None:
    """With `--until` the same command sends nothing more; to go on is a step of its own, and said as that."""
    step = steps_of(rows(*[(D.PENDING, "approval", "", Way.OTHERWISE)] * 2), 4)[0]
    assert step.title == "Take 2 rows beyond documents when you want to"
    assert step.commands == (AGAIN.replace("--until=documents ", ""),)
    configured = replace(GIVEN, words=("run", "a.csv", "--config", "prod.toml"), limit=None)
    (only,) = steps_of(rows((D.PENDING, "approval", "", Way.OTHERWISE)), 4, configured)
    assert only.commands == ()
    assert "journey.until" in only.text


def test_each_cause_of_waiting_has_a_step_with_its_count() -> None:
    """What a person approves and what the input lacks are told apart; running again is offered where it helps."""
    waiting = [(D.PARKED, "approval", "approval_needed", Way.OTHERWISE)] * 2
    lacking = [(D.PARKED, "documents", "document_missing", Way.OTHERWISE)] * 3
    lack, approve, same, everybody = steps_of(rows(*waiting, *lacking))
    assert lack.title == "Add the missing document to 3 rows"
    assert lack.commands == ()
    assert "/srv/my out/parked.csv names them; running again helps only once the input has it" in lack.text
    assert approve.title == "Approve the verifications of 2 rows"
    assert approve.commands == (AGAIN,)
    assert same.title == "Run the same 100 rows again"
    assert same.commands == (AGAIN,)
    assert everybody.title == "Then run all rows"


def test_what_failed_is_told_by_its_way_on() -> None:
    """Rows to correct, customers whom the same command tries again, and those that a redrive opens: each has a step."""
    found = steps_of(
        rows(
            (D.REJECTED, "", "email_invalid", Way.CORRECTED),
            (D.FAILED, "registration", "refused", Way.CORRECTED),
            (D.FAILED, "registration", "server_error", Way.RUN_AGAIN),
            (D.FAILED, "session", "login_refused", Way.OTHERWISE),
            hint="do this",
        )
    )[:-2]
    assert [step.title for step in found] == [
        "Correct 1 row that broke a rule",
        "Correct 1 row whose data the bank refused",
        "Run the same 100 rows again: it tries 1 row once more that failed with server_error",
        "Look at 1 row that failed for good with login_refused",
    ]
    corrected = "onboard run '/srv/my out/rejects/a.csv' --config prod.toml --until documents --rate 300"
    assert [step.commands for step in found] == [
        (corrected,),
        (corrected,),
        (AGAIN,),
        ("onboard retry --code login_refused --dry-run --config prod.toml",),
    ]
    assert "1 email_invalid" in found[0].text
    assert "/srv/my out/rejects/a.csv has the rows" in found[0].text
    assert "What happened. Do this. /srv/my out/results.csv names them" in found[2].text


def test_many_reasons_are_summed_up() -> None:
    """The most frequent reasons have steps, the others one together: the page stays readable."""
    codes = [f"code_{n}" for n in range(40)]
    found = steps_of(
        rows(*[(D.FAILED, "session", code, Way.OTHERWISE) for code in codes]), given=replace(GIVEN, limit=None)
    )
    assert len(found) == 7
    assert found[-1].title == "Look at 34 rows that failed for good"


def test_a_check_speaks_of_what_can_be_sent() -> None:
    """Nobody is told to run rows again that were never to be sent: the run itself is the next step."""
    checked = replace(
        GIVEN, words=("validate", "my book.csv", "--out", "checked", "--config", "prod.toml"), limit=None, until=""
    )
    (step,) = steps_of(rows((D.PENDING, "", "", Way.OTHERWISE)), 0, checked)
    assert step.title == "Run 1 row that can be sent"
    assert step.commands == ("onboard run 'my book.csv' --config prod.toml",)


def test_many_files_of_rejects_are_one_command() -> None:
    """A thousand inputs do not make a command of a thousand names."""
    totals = Totals()
    for number in range(5):
        row = Result(source=f"{number}.csv", row_number=1, external_id="x", disposition=D.REJECTED, code="too_long")
        totals.feed_result(row, way=Way.CORRECTED)
    step = steps_of(totals)[0]
    assert step.commands == ("onboard run '/srv/my out/rejects/*' --config prod.toml --until documents --rate 300",)


@pytest.mark.parametrize(("code", "command"), [(5, "onboard check --config FILE"), (1, "onboard run a.csv")])
def test_a_fatal_end_has_its_step_first(code: int, command: str) -> None:
    """Refused credentials and unexpected failures say what to do before anything else."""
    first = steps(summary_of({D.PENDING: 1}, code), totals_of({D.PENDING: 1}))[0]
    assert first.disposition is None
    assert first.commands[0].startswith(command)


@pytest.mark.parametrize(("elsewhere", "words"), [(1, "1 more is in doubt"), (3, "3 more are in doubt")])
def test_customers_in_doubt_without_a_row_are_news(elsewhere: int, words: str) -> None:
    """Though all rows are onboarded: the headline says it, and the next step leads to the answers."""
    totals = totals_of({D.ONBOARDED: 5})
    for number in range(elsewhere):
        totals.feed_elsewhere(named=number > 0)
    summary = replace(summary_of({D.ONBOARDED: 5}, 3), in_doubt_elsewhere=elsewhere)
    assert headline(summary) == f"5 of 5 rows onboarded, {words}."
    (step,) = steps(summary, totals)
    assert step.disposition is D.IN_DOUBT
    assert f"{elsewhere} customer" in step.title
    assert "Of 1 an older version did not keep the external_id" in step.text
    assert any(command.startswith("onboard resolve") for command in step.commands)


def test_rows_that_break_a_rule_after_a_call_was_sent_have_a_step_of_their_own() -> None:
    """Answer first, then correct; such a pending row is no reason to run the same command again."""
    totals = Totals()
    for number, name in enumerate((D.IN_DOUBT, D.PENDING), start=1):
        row = Result(source="a.csv", row_number=number, external_id="x", disposition=name, phase="registration")
        totals.feed_result(row, breaks_a_rule=True)
    found = steps(summary_of({D.IN_DOUBT: 1, D.PENDING: 1}, 3), totals, Given(inputs=("a.csv",), out="out"))
    assert [step.disposition for step in found] == [D.IN_DOUBT, None]
    assert "2 rows that broke a rule after a call was sent" in found[1].title
    assert found[1].commands == ("onboard run out/rejects/a.csv --config FILE",)


def test_copies_of_finished_customers_are_pointed_at() -> None:
    """Nothing is wrong with the customer; a person should still keep one of the rows."""
    totals = Totals()
    for number in (1, 2):
        row = Result(source="a.csv", row_number=number, external_id="x", disposition=D.UNCHANGED)
        totals.feed_result(row, breaks_a_rule=True)
    (step,) = steps(summary_of({D.UNCHANGED: 2}), totals)
    assert step.title == "Keep one of 2 rows that stand more than once"
    assert "out/r1/rejects" in step.text
