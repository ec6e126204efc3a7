"""One customer whom the bank refuses never ends or starves a run: all others are onboarded, and he is set aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.acceptance.support import Desk, assert_no_traceback, disagreements, sandbox
from tests.acceptance.test_fault_matrix import (
    ACTIVATE,
    APPROVE,
    CHECK,
    CONSENT,
    REGISTER,
    SESSION,
    SETTINGS,
    UPLOAD,
    VERIFICATION,
)
from tests.benchmarks.bench_job import customers
from tests.support import typical

REFUSALS = {
    "missing header": 'kind = "refuse"\nstatus = 400\nmessage = "Missing required header(s)"',
    "400": 'kind = "refuse"\nstatus = 400',
    "401": 'kind = "unauthorized"',
    "403": 'kind = "refuse"\nstatus = 403\nmessage = "Tenant access denied"',
    "404": 'kind = "refuse"\nstatus = 404',
    "409": 'kind = "refuse"\nstatus = 409',
    "413": 'kind = "refuse"\nstatus = 413',
    "422": 'kind = "refuse"\nstatus = 422',
    "429": 'kind = "too_many"',
}
"""What the bank says to every call of one kind of this customer, for ever."""
SET_ASIDE = ("failed", "parked", "declined")
WELL, HEAD = 40, 3
_MOST_TRIES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """The customer of row ``row`` is refused ``call`` again and again."""

    call: str
    refusal: str
    row: int

    @property
    def fault(self) -> str:
        """The poison in a scenario."""
        whose = f'on = ["{self.call}"]\nof = ["bench{self.row}@example.com"]\nrate = 1.0'
        return f"[[fault]]\n{REFUSALS[self.refusal]}\n{whose}\n"

    @property
    def harmless(self) -> bool:
        """A consent that the bank has already is given: its 409 says so, and the check has the last word."""
        return (self.call, self.refusal) == (CONSENT, "409")


def poisons(path: str) -> Iterator[Poison]:
    """Each refusal of each call, one customer each, at the head of the file."""
    calls = (REGISTER, SESSION, VERIFICATION[path], UPLOAD, APPROVE, CONSENT, CHECK, ACTIVATE)
    for row, (refusal, call) in enumerate(product(REFUSALS, calls)):
        yield Poison(call=call, refusal=refusal, row=row)


@pytest.mark.parametrize(
    ("shapes", "path"), typical([("runner", "customer"), ("older", "verifications")], ("runner", "customer"))
)
def test_a_customer_whom_the_bank_refuses_costs_nobody_else_anything(shapes: str, path: str, tmp_path: Path) -> None:
    """One for each status and call, all at the head of the file: set aside, not in doubt; others are onboarded."""
    ill = list(poisons(path))
    source = customers(len(ill) + WELL, tmp_path / "customers.csv")
    scenario = tmp_path / "poison.toml"
    scenario.write_text("".join(poison.fault for poison in ill), encoding="utf-8")
    with sandbox("--scenario", str(scenario), "--shapes", shapes) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SETTINGS, verification_path=path)
        for finished in ("onboarded", "unchanged"):
            done = desk.run(source)
            assert_no_traceback(done)
            assert done.returncode == 3, done.stderr
            results = desk.table("results.csv")
            assert {row["disposition"] for row in results[len(ill) :]} == {finished}
            wrong = [
                f"{poison}: {row['disposition']} {row['code']}"
                for poison, row in zip(ill, results, strict=False)
                if row["disposition"] not in (*SET_ASIDE, *([finished, "onboarded"] if poison.harmless else []))
            ]
            assert wrong == []
            assert disagreements(bank.record(), results, source) == []
        struck = sum(bank.record()["faults"].values())
    assert struck <= 2 * _MOST_TRIES * len(ill)


@pytest.mark.parametrize("refusal", typical(["missing header", "401", "403", "429"], "401", "403"))
def test_those_at_the_head_of_a_file_are_not_taken_for_everybody(refusal: str, tmp_path: Path) -> None:
    """Three refused registrations before anybody has passed: the others are looked at before the run is given up."""
    source = customers(HEAD + WELL, tmp_path / "customers.csv")
    scenario = tmp_path / "poison.toml"
    ill = [Poison(call=REGISTER, refusal=refusal, row=row) for row in range(HEAD)]
    scenario.write_text("".join(poison.fault for poison in ill), encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        settings = SETTINGS.replace("max_in_flight = 64", "max_in_flight = 4")
        desk = Desk(folder=tmp_path, bank=bank).configure(settings)
        done = desk.run(source, timeout_s=60)
        assert_no_traceback(done)
        assert done.returncode == 3, done.stderr
        dispositions = [row["disposition"] for row in desk.table("results.csv")]
        assert set(dispositions[:HEAD]) <= set(SET_ASIDE)
        assert dispositions[HEAD:] == ["onboarded"] * WELL
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


@pytest.mark.parametrize(("refusal", "code"), [("401", 5), ("403", 5), ("missing header", 1)])
def test_what_concerns_everybody_still_stops_the_run(refusal: str, code: int, tmp_path: Path) -> None:
    """The control: where nobody passes, it is the job's, and no customer fails for it."""
    source = customers(20, tmp_path / "customers.csv")
    scenario = tmp_path / "poison.toml"
    scenario.write_text(f'[[fault]]\n{REFUSALS[refusal]}\non = ["{REGISTER}"]\nrate = 1.0\n', encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SETTINGS)
        done = desk.run(source)
        assert_no_traceback(done)
        assert done.returncode == code, done.stderr
        assert desk.counts().get("failed", 0) < 20
        assert bank.record()["customers"] == []
        assert bank.record()["logins"] < 5
