"""The books balance after every kind of run, and whoever tampers with one side of an equation is told which broke."""

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from finhub_onboard.ledger.sqlite.rows import JOURNEY_COLUMNS
from tests.acceptance.conftest import FAST
from tests.acceptance.support import MESSY, SAMPLE, Desk, assert_no_traceback, head, sandbox
from tests.acceptance.test_stopping import SLOW, WAIT_S, registered, until
from tests.support import typical

ROWS = 8


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose run is over; each test works on a copy of its ledger."""
    folder = tmp_path_factory.mktemp("finished")
    with sandbox() as bank:
        desk = Desk(folder=folder, bank=bank).configure(FAST)
        done = desk.run(head(SAMPLE, ROWS, folder / "customers.csv"))
        assert done.returncode == 0, done.stderr
        yield desk


def report_of_tampered(desk: Desk, tmp_path: Path, statement: str) -> tuple[int, str]:
    """What `onboard report` says once somebody changed the ledger."""
    copy = tmp_path / "tampered.db"
    with closing(sqlite3.connect(desk.folder / "ledger.db")) as db:
        db.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as db, db:
        assert db.execute(statement).rowcount == 1
    env = {"ONBOARD_LEDGER__URL": f"sqlite:///{copy}"}
    done = desk.onboard("report", "--config", desk.config, "--out", tmp_path / "report", env=env)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


ONE_TOO_MANY = (
    f"INSERT INTO customer SELECT randomblob(16), {', '.join(JOURNEY_COLUMNS[1:])} FROM customer ORDER BY key LIMIT 1"  # noqa: S608
)


@pytest.mark.parametrize(
    ("statement", "equation", "difference"),
    [
        (
            "DELETE FROM customer WHERE key = (SELECT min(key) FROM customer)",
            "customers in the ledger = journeys started",
            1,
        ),
        (
            ONE_TOO_MANY,
            "customers in the ledger = rows whose journey was carried",
            1,
        ),
        (
            "UPDATE call_kind SET outcome = '' WHERE step = 'register'",
            "outcomes in the ledger = intents less those in doubt",
            ROWS,
        ),
    ],
    ids=["a customer removed", "a customer too many", "the outcomes of a kind lost"],
)
def test_a_ledger_that_was_tampered_with_is_named(
    finished: Desk, tmp_path: Path, statement: str, equation: str, difference: int
) -> None:
    """Exit 1, the equation with both of its numbers, a hint, and no reports that would be believed."""
    code, stderr = report_of_tampered(finished, tmp_path, statement)
    assert code == 1, stderr
    numbers = re.search(rf"{equation}: (\d+) = (\d+)", stderr)
    assert numbers, stderr
    assert abs(int(numbers[1]) - int(numbers[2])) == difference
    assert "hint: " in stderr
    assert not (tmp_path / "report" / "results.csv").exists()


def test_a_ledger_that_nobody_touched_is_not(finished: Desk, tmp_path: Path) -> None:
    """The same report without the tampering."""
    code, stderr = report_of_tampered(finished, tmp_path, "UPDATE meta SET value = value WHERE key = 'ledger_id'")
    assert code == 0, stderr


def report_again(desk: Desk, tmp_path: Path) -> None:
    """`onboard report` writes the newest run anew: all equations hold, and the lines are the rows."""
    done = desk.onboard("report", "--config", desk.config, "--out", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "again" / "results.csv").read_text(encoding="utf-8").count("\n") - 1
    assert lines == sum(source["rows"] for source in desk.summary()["inputs"])


@pytest.mark.waits
@pytest.mark.exhaustive  # they balance after stops and kills always
def test_the_books_balance_after_faults_of_every_kind(tmp_path: Path) -> None:
    """Runs against a hostile bank, with rejects: first and second run, and their reports again."""
    scenario = Path(__file__).resolve().parents[2] / "configs" / "scenarios" / "everything.toml"
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        for source in (head(SAMPLE, 60, tmp_path / "customers.csv"), MESSY, tmp_path / "customers.csv"):
            done = desk.run(source, env={"ONBOARD_API__TIMEOUT_S": "2", "ONBOARD_STOP__MAX_FAILED_PERCENT": "100"})
            assert_no_traceback(done)
            assert done.returncode in (0, 3, 4), done.stderr
            report_again(desk, tmp_path)


@pytest.mark.parametrize(
    ("name", "times"),
    typical(product((signal.SIGINT, signal.SIGKILL), (1, 2)), (signal.SIGINT, 2), (signal.SIGKILL, 1)),
)
def test_the_books_balance_after_stops_and_kills(desk: Desk, tmp_path: Path, name: signal.Signals, times: int) -> None:
    """Stopped, stopped now, killed, and resumed: also of the run that died the report balances."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 30, tmp_path / "customers.csv")
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 8, run)
        for _ in range(times):
            run.send_signal(name)
        _, stderr = run.communicate(timeout=WAIT_S)
    assert run.returncode in (130, -signal.SIGKILL), stderr
    done = desk.onboard("report", "--config", desk.config)
    assert done.returncode == 0, done.stderr
    done = desk.run(source, "--rate", "400")
    assert done.returncode in (0, 3), done.stderr
    report_again(desk, tmp_path)


def test_a_report_of_a_run_that_is_still_going_on_balances(desk: Desk, tmp_path: Path) -> None:
    """It shows one moment of the ledger, though the run writes meanwhile."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 30, tmp_path / "customers.csv")
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 4, run)
        for number in range(3):
            done = desk.onboard("report", "--config", desk.config, "--out", tmp_path / f"meanwhile-{number}")
            assert done.returncode == 0, done.stderr
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=WAIT_S)
