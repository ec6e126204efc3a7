"""Every crash point of a real run, against a real bank over HTTP: the same command again, and nothing is done twice.

Two suites: ``os._exit`` at each point of a customer alone, and SIGKILL from outside at each point of two customers
under way at once. A run that nothing stops shows the points; then each point gets customers of its own. Some points are
tried always, the others with ``-m exhaustive``, in parts that can run side by side.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.crashing import EXIT_CODE
from tests.acceptance.support import SAMPLE, Bank, Desk, crashing, disagreements, repeated_too_often, sandbox
from tests.support import typical

FAST = """
[limits]
calls_per_second = 2000
max_in_flight = 4
[retry]
max_wait_s = 0.1
[approval]
mode = "auto"
"""
DOCUMENTS = {"LOW": 1, "MEDIUM": 3}
ENDS = {"exit": EXIT_CODE, "stop": -SIGKILL}
PARTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, or a signal's number below zero; and what it said on stderr."""

    code: int
    stderr: str


def ended(desk: Desk, source: Path, **crash: str) -> Ended:
    """``onboard run`` with the switch, to its end; a process that stops itself is killed from here."""
    told = desk.folder / "stderr.txt"
    with (
        told.open("w", encoding="utf-8") as stderr,
        crashing(desk, source, stderr=stderr, **crash) as process,
    ):
        found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        if found is not None and found.si_code == os.CLD_STOPPED:
            process.kill()
    return Ended(code=process.returncode, stderr=told.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bank for one point after another: what it receives meanwhile belongs to one point."""

    bank: Bank
    folder: Path

    def desk(self, name: str, risks: Sequence[str]) -> tuple[Desk, Path]:
        """A fresh ledger, and an input with a new customer of each risk level."""
        desk = Desk(folder=self.folder / name, bank=self.bank)
        desk.folder.mkdir()
        desk.configure(FAST, webhook_subscription_id=demo.SUBSCRIPTION_ID)
        source = desk.folder / "customers.csv"
        rows = [_row_of(risk) for risk in risks]
        with source.open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, list(rows[0]))
            table.writeheader()
            table.writerows(row | {"email": f"{desk.folder.name}.{row['email']}"} for row in rows)
        return desk, source

    def crash_and_finish(self, point: str, by: str, risks: Sequence[str]) -> None:
        """Stop a run at a point, run the same command again, and ask the bank."""
        desk, source = self.desk("-".join((by, *risks, *point.split())), risks)
        before = received(self.bank)
        died = ended(desk, source, CRASH_AT=point, CRASH_BY=by)
        assert died.code == ENDS[by], (point, died)
        done = ended(desk, source)
        assert done.code == 0, (point, done)
        record = self.bank.record()
        mine = f"{desk.folder.name}."
        record["customers"] = [who for who in record["customers"] if who["email"].startswith(mine)]
        assert disagreements(record, desk.table("results.csv"), source) == [], point
        assert repeated_too_often(desk.folder / "ledger.db") == [], point
        for who in record["customers"]:
            assert (who["registrations"], who["approvals"], who["activations"]) == (1, 1, 1), point
        # A customer has one request under way: of what a crash can have lost, that one is repeated, and no other.
        repeats = received(self.bank) - before - needed(risks)
        assert repeats.total() <= len(risks), (point, repeats)


def _row_of(risk: str) -> dict[str, str]:
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        return next(row for row in csv.DictReader(stream) if row["risk_level"].upper() == risk)


def needed(risks: Sequence[str]) -> Counter[str]:
    """Return the calls that change something, as many as these customers need."""
    once = ("registerIndividual", "startIndividualVerification", "approveVerification", "activateIndividual")
    calls = Counter({name: len(risks) for name in once})
    calls["acceptIndividualConsent"] = 3 * len(risks)
    calls["uploadVerificationDocument"] = sum(DOCUMENTS[risk] for risk in risks)
    return calls


def received(bank: Bank) -> Counter[str]:
    """Return how many calls that change something the bank has received."""
    calls = bank.record()["calls"]
    return Counter({name: calls[name]["received"] for name in needed(()) if name in calls})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place to work at."""
    with sandbox() as bank:
        yield Place(bank=bank, folder=tmp_path)


@cache
def points_of(risks: Sequence[str]) -> list[str]:
    """The points of a run that nothing stops, in order: they are the same in every run."""
    with TemporaryDirectory() as folder, sandbox() as bank:
        desk, source = Place(bank=bank, folder=Path(folder)).desk("undisturbed", risks)
        log = desk.folder / "points.txt"
        done = ended(desk, source, CRASH_LOG=str(log))
        assert done.code == 0, done.stderr
        points = log.read_text(encoding="ascii").splitlines()
    assert len(points) == len(set(points)), "each point has a name of its own"
    return points


def distinct(points: Sequence[str]) -> list[str]:
    """Leave out each point after a call or its record that comes right before another: what a crash leaves is the same.

    Between the two nothing reaches the disk or the bank, and everything else dies with the process.
    """
    kinds = [tuple(point.split()[::2]) for point in points]
    return [
        point
        for point, (kind, side), (following, its_side) in zip(points, kinds, [*kinds[1:], ("", "")], strict=True)
        if (side, its_side) != ("after", "before") or not {kind, following} <= {"send", "journey"}
    ]


def crash_everywhere(place: Place, by: str, risks: Sequence[str], part: int) -> Counter[str]:
    """Stop a run at every point of a part; returns how many points of each kind there are in all."""
    points = points_of(risks)
    for point in distinct(points)[part::PARTS]:
        place.crash_and_finish(point, by, risks)
    return Counter(point.split()[0] for point in points)


@pytest.mark.parametrize(("risk", "part"), typical([("LOW", 0), *product(["MEDIUM"], range(PARTS))], ("MEDIUM", 0)))
def test_an_exit_at_any_point_is_finished_by_the_same_command(risk: str, part: int, place: Place) -> None:
    """Before and after every write and every send of a customer alone: exit 0, and everything once at the bank.

    A customer of medium risk passes every point of one of low risk, and those of two more documents.
    """
    points = crash_everywhere(place, "exit", (risk,), part)
    sends = 13 + DOCUMENTS[risk] - 1  # a log-in, the categories, the deliveries, ten calls for a customer of low risk
    assert points["send"] == 2 * sends
    assert points["journey"] >= 2 * sends, "fewer writes than intents and outcomes"
    assert points["run"] >= 2 * 3


@pytest.mark.parametrize("part", typical(range(PARTS), 0))
def test_a_sigkill_at_any_point_is_finished_by_the_same_command(part: int, place: Place) -> None:
    """The same for two customers under way at once, by SIGKILL from outside."""
    points = crash_everywhere(place, "stop", ("LOW", "MEDIUM"), part)
    assert points["send"] == 2 * (3 + 10 + 12)
