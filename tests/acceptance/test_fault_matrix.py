"""Every call x every fault, once and twice in a row, over real HTTP: what each must become, and the bank's own truth.

One run carries a customer for each cell of the matrix: the bank's scenario lets a fault strike the calls of one
customer. ``becomes`` states API.md section 9 as a table of dispositions and codes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path

import pytest

from pipeline.sandbox import demo
from pipeline.sandbox.scenario import KINDS
from tests.acceptance.support import Desk, assert_no_traceback, disagreements, repeated_too_often, sandbox
from tests.benchmarks.bench_job import customers

SETTINGS = """
[limits]
calls_per_second = 100000
max_in_flight = 64
[retry]
max_wait_s = 0.2
[stop]
max_failed_percent = 100
[approval]
mode = "auto"
"""
REGISTER, SESSION, UPLOAD = "registerIndividual", "createCustomerSession", "uploadVerificationDocument"
APPROVE, CONSENT, CHECK, ACTIVATE = (
    "approveVerification",
    "acceptIndividualConsent",
    "checkActivation",
    "activateIndividual",
)
VERIFICATION = {"customer": "startIndividualVerification", "verifications": "createVerification"}
READS = (SESSION, CHECK)
DO_NO_HARM = ("too_many", "unauthorized", "slow_body")
LOST_BEFORE = (
    "drop_before",
    "hang_before",
    "error_500_before",
    "bad_gateway_before",
    "unavailable_before",
    "false_200",
)
LOST_AFTER = (
    *("drop_after", "hang_after", "error_500_after", "bad_gateway_after", "unavailable_after"),
    *("truncated_body", "garbage_body", "empty_body", "no_id", "others_id"),
)
ASKS_TO_WAIT = ("too_many", "unavailable_before", "unavailable_after")
KEEPS_A_409 = ("garbage_body", "empty_body", "no_id", "others_id")
HANGS = ("hang_before", "hang_after")
ELSEWHERE = ("expired_token",)  # the admin's token is everybody's: its expiry has tests of its own
ONBOARDED, UNCHANGED = ("onboarded", ""), ("unchanged", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A fault that strikes the first ``times`` calls of one kind of one customer, whose input row is ``row``."""

    call: str
    kind: str
    times: int
    retry_after: str
    row: int

    @property
    def fault(self) -> str:
        """The cell in a scenario."""
        return (
            f'[[fault]]\nkind = "{self.kind}"\non = ["{self.call}"]\nof = ["bench{self.row}@example.com"]\n'
            f'nth = {list(range(1, self.times + 1))}\nretry_after = "{self.retry_after}"\nover_s = 0.3\n'
        )


def cells(path: str, kinds: Sequence[str]) -> Iterator[Cell]:
    """Every call x every kind x once and twice, and the kinds that may ask to wait in each form."""
    calls = (REGISTER, SESSION, VERIFICATION[path], UPLOAD, APPROVE, CONSENT, CHECK, ACTIVATE)
    rows = count(1)
    for call, kind in product(calls, kinds):
        forms = ("absent", "seconds", "date") if kind in ASKS_TO_WAIT else ("absent",)
        often = (1,) if kind == "unauthorized" else (1, 2)  # a second refusal of the admin's token ends the run
        for form, times in product(forms, often):
            if strikes(call, kind):
                yield Cell(call=call, kind=kind, times=times, retry_after=form, row=next(rows))


def strikes(call: str, kind: str) -> bool:
    """Whether the bank can do this to that call: ids are missing only where there are any."""
    if kind == "others_id":
        return call == REGISTER
    return kind != "no_id" or call in (REGISTER, *VERIFICATION.values(), UPLOAD)


def becomes(cell: Cell, *, webhooks: bool, status_is_told: bool) -> tuple[str, str]:
    """Disposition and code after one run: API.md, sections 7 and 9."""
    call, kind, twice = cell.call, cell.kind, cell.times > 1
    if (call, kind) == (SESSION, "unauthorized"):
        return "failed", "login_refused"
    if call in READS or kind not in (*LOST_BEFORE, *LOST_AFTER):
        return ONBOARDED
    if call in (CONSENT, ACTIVATE) and kind == "empty_body":
        return ONBOARDED  # these answers may be empty
    if call == REGISTER:
        return _registration(kind, twice=twice, webhooks=webhooks)
    if call == ACTIVATE and not status_is_told:
        return _untold_activation(kind, twice=twice, webhooks=webhooks)
    if not twice or call in (CONSENT, ACTIVATE):
        return ONBOARDED  # repeated once; the check tells which consent is missing, the session who is active
    if call in VERIFICATION.values():
        return "in_doubt", "outcome_unknown"  # no read of verifications exists
    if kind in LOST_AFTER:
        return ONBOARDED  # the customer's documents are listed, the check tells of the approval
    return ("parked", "approval_lost") if call == APPROVE else ("in_doubt", "outcome_unknown")


def _registration(kind: str, *, twice: bool, webhooks: bool) -> tuple[str, str]:
    if kind in LOST_BEFORE:
        return ("in_doubt", "registration_in_doubt") if twice else ONBOARDED
    if webhooks:
        return ONBOARDED
    exists = not twice or kind in KEEPS_A_409
    return "in_doubt", "exists_after_doubt" if exists else "registration_in_doubt"


def _untold_activation(kind: str, *, twice: bool, webhooks: bool) -> tuple[str, str]:
    """The session names no status: only a delivery tells of an activation, and a 409 on the repeat parks."""
    if kind in LOST_BEFORE:
        return ("in_doubt", "outcome_unknown") if twice else ONBOARDED
    if webhooks:
        return ONBOARDED
    conflict = not twice or kind in KEEPS_A_409
    return ("parked", "state_conflict") if conflict else ("in_doubt", "outcome_unknown")


@pytest.mark.parametrize("webhooks", [False, True], ids=["no-webhooks", "webhooks"])
@pytest.mark.parametrize(("shapes", "path"), [("runner", "customer"), ("older", "verifications")])
def test_every_fault_of_every_call_becomes_what_the_contract_says(
    shapes: str,
    path: str,
    webhooks: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """All faults that show at once: disposition and code of each cell, and row by row the bank's truth."""
    quick = [kind for kind in KINDS if kind not in (*HANGS, *ELSEWHERE)]
    carry_and_compare(list(cells(path, quick)), shapes, path, tmp_path, webhooks=webhooks, timeout_s=30)


@pytest.mark.parametrize(("shapes", "path"), [("runner", "customer"), ("older", "verifications")])
def test_an_answer_that_never_comes_becomes_what_the_contract_says(shapes: str, path: str, tmp_path: Path) -> None:
    """The same for calls that hang: these cost the time limit, so they have a run of their own."""
    carry_and_compare(list(cells(path, HANGS)), shapes, path, tmp_path, webhooks=True, timeout_s=8)


def test_no_kind_of_fault_is_left_out() -> None:
    """Each kind that the bank knows is in the matrix, or its absence has a reason."""
    stated = {*LOST_BEFORE, *LOST_AFTER, *DO_NO_HARM}
    assert stated | set(ELSEWHERE) == set(KINDS)


def carry_and_compare(
    matrix: Sequence[Cell], shapes: str, path: str, folder: Path, *, webhooks: bool, timeout_s: int
) -> None:
    """Carry a customer for each cell; compare with the table and the bank; then once more, with nothing going wrong."""
    source = customers(len(matrix) + 1, folder / "customers.csv")
    scenario = folder / "matrix.toml"
    scenario.write_text("".join(cell.fault for cell in matrix), encoding="utf-8")
    api = {"timeout_s": str(timeout_s), "verification_path": path}
    api |= {"webhook_subscription_id": demo.SUBSCRIPTION_ID} if webhooks else {}
    wanted = {cell.row: becomes(cell, webhooks=webhooks, status_is_told=shapes == "runner") for cell in matrix}
    with sandbox("--scenario", str(scenario), "--shapes", shapes) as bank:
        desk = Desk(folder=folder, bank=bank).configure(SETTINGS, **api)
        assert desk.run(source, "--limit", "1").returncode == 0  # the bank's first customer, whose id others may get
        for again in (False, True):
            done = desk.run(source)
            assert_no_traceback(done)
            assert done.returncode == 3, done.stderr
            assert disagreements(bank.record(), desk.table("results.csv"), source) == []
            assert repeated_too_often(folder / "ledger.db") == []
            # What waits for a person still does when the bank is well; who was finished stays so.
            expected = {row: UNCHANGED if again and found == ONBOARDED else found for row, found in wanted.items()}
            assert differences(desk, matrix, expected) == []


def differences(desk: Desk, matrix: Sequence[Cell], wanted: Mapping[int, tuple[str, str]]) -> list[str]:
    """Where results.csv differs from what each cell must become."""
    rows = {int(row["row_number"]) - 1: (row["disposition"], row["code"]) for row in desk.table("results.csv")}
    assert rows.pop(0) == UNCHANGED
    assert rows.keys() == wanted.keys()
    return [
        f"{cell}: {rows[cell.row]}, not {wanted[cell.row]}" for cell in matrix if rows[cell.row] != wanted[cell.row]
    ]
