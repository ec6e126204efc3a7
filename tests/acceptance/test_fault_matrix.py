"""Every call x every fault, once and twice in a row, over real HTTP: what each must become, and the bank's own truth.

One run carries a customer for each cell of the matrix: the bank's scenario lets a fault strike the calls of one
customer. ``becomes`` states API.md section 9 as a table of dispositions and codes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from pathlib import Path
from random import Random

import pytest

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.habits import KINDS
from tests.acceptance.support import Desk, assert_no_traceback, disagreements, repeated_too_often, sandbox
from tests.benchmarks.bench_job import customers
from tests.support import typical

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
CONFLICT = 409
FORBIDDEN = 403
VERIFICATION = {"customer": "startIndividualVerification", "verifications": "createVerification"}
WAYS = [("runner", "customer"), ("older", "verifications")]
"""Generations of answers, and a path of verification with each."""
READS = (SESSION, CHECK)
DO_NO_HARM = ("too_many", "unauthorized", "slow_body")
PAGES = {
    "maintenance_200": 'kind = "gateway_before"\nstatus = 200\npage = "json"',
    "empty_200": 'kind = "gateway_before"\nstatus = 200\npage = "empty"',
    "redirect_302": 'kind = "gateway_before"\nstatus = 302',
    "page_400": 'kind = "gateway_before"\nstatus = 400',
    "page_403": 'kind = "gateway_before"\nstatus = 403',
    "page_404": 'kind = "gateway_before"\nstatus = 404',
    "maintenance_200_after": 'kind = "gateway_after"\nstatus = 200\npage = "json"',
    "page_404_after": 'kind = "gateway_after"\nstatus = 404\npage = "text"',
}
"""Answers of a gateway, whatever the status: as a 502."""
LOST_BEFORE = (
    *("drop_before", "hang_before", "error_500_before", "bad_gateway_before", "unavailable_before", "false_200"),
    *(name for name in PAGES if not name.endswith("_after")),
)
LOST_AFTER = (
    *("drop_after", "hang_after", "error_500_after", "bad_gateway_after", "unavailable_after"),
    *("truncated_body", "garbage_body", "empty_body", "no_id", "others_id", "others_echo"),
    *(name for name in PAGES if name.endswith("_after")),
)
REFUSALS = (400, 403, 404, 409, 413, 422)
REFUSED_REPEATS = {
    f"{first} then {status}": (first, status) for first in ("drop_before", "drop_after") for status in REFUSALS
}
"""The first answer is lost, the bank itself refuses the repeat: that says nothing about the first try."""
ASKS_TO_WAIT = ("too_many", "unavailable_before", "unavailable_after")
KEEPS_A_409 = ("no_id", "others_id", "others_echo")
HANGS = ("hang_before", "hang_after")
MANY_FACED = ("gateway_before", "gateway_after", "refuse")
"""Kinds that stand in the matrix as ``PAGES`` and ``REFUSED_REPEATS``."""
ELSEWHERE = (
    "expired_token",  # the admin's token is everybody's: its expiry has tests of its own
    "mixed_up",  # takes two customers (test_mixed_up)
    "close_after_answer",  # strikes whoever comes next (test_dead_connections)
)
PARTS = 2
"""The matrix is cut: every cell is in the default run, one half in each of two ways."""
ONBOARDED, UNCHANGED = ("onboarded", ""), ("unchanged", "")
UNRESOLVED = ("in_doubt or parked", "")
"""No read can tell for sure: a person must look; the code says at what."""


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
        if self.kind in REFUSED_REPEATS:
            first, status = REFUSED_REPEATS[self.kind]
            return self._strikes(f'kind = "{first}"', 1) + self._strikes(f'kind = "refuse"\nstatus = {status}', 2)
        what = PAGES.get(self.kind, f'kind = "{self.kind}"\nretry_after = "{self.retry_after}"\nover_s = 0.3')
        return self._strikes(what, *range(1, self.times + 1))

    def _strikes(self, what: str, *nth: int) -> str:
        whose = f'on = ["{self.call}"]\nof = ["bench{self.row}@example.com"]\nnth = {list(nth)}'
        return f"[[fault]]\n{what}\n{whose}\n"


def cells(path: str, kinds: Sequence[str]) -> Iterator[Cell]:
    """Every call x every kind x once and twice, and the kinds that may ask to wait in each form."""
    calls = (REGISTER, SESSION, VERIFICATION[path], UPLOAD, APPROVE, CONSENT, CHECK, ACTIVATE)
    pairs = [(call, kind) for call, kind in product(calls, kinds) if strikes(call, kind)]
    Random(9).shuffle(pairs)  # so that no cause comes many times in a row
    rows = count(1)
    for call, kind in pairs:
        forms = ("absent", "seconds", "date") if kind in ASKS_TO_WAIT else ("absent",)
        # A second 401 in a row is weighed against other customers (test_poisoned); a refused repeat is two calls.
        often = (1,) if kind == "unauthorized" or kind in REFUSED_REPEATS else (1, 2)
        for form, times in product(forms, often):
            yield Cell(call=call, kind=kind, times=times, retry_after=form, row=next(rows))


def strikes(call: str, kind: str) -> bool:
    """Whether the bank can do this to that call: ids are missing only where there are any, reads leave no doubt.

    A consent is repeated only if the check misses it: that look settles the first try.
    """
    if kind == "others_id":
        return call == REGISTER
    if kind in REFUSED_REPEATS:
        return call not in (*READS, CONSENT)
    return kind != "no_id" or call in (REGISTER, *VERIFICATION.values(), UPLOAD)


def becomes(cell: Cell, *, webhooks: bool, status_is_told: bool) -> tuple[str, str]:
    """Disposition and code after one run: API.md, sections 7 and 9."""
    call, kind, twice = cell.call, cell.kind, cell.times > 1
    if kind in REFUSED_REPEATS:
        return _refused_repeat(cell, webhooks=webhooks, status_is_told=status_is_told)
    if (call, kind) == (SESSION, "unauthorized"):
        return "failed", "login_refused"
    if call in READS or kind not in (*LOST_BEFORE, *LOST_AFTER):
        return ONBOARDED
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


def _refused_repeat(cell: Cell, *, webhooks: bool, status_is_told: bool) -> tuple[str, str]:
    """Never failed and never declined: one attempt is left, and only a read that finds its work settles it."""
    first, status = REFUSED_REPEATS[cell.kind]
    if status == FORBIDDEN:
        # A 403 may be the run's: others pass, so the repeat waits and leaves again, as after a refusal for rate.
        lost_once = replace(cell, kind=first, times=1)
        return becomes(lost_once, webhooks=webhooks, status_is_told=status_is_told)
    found = first == "drop_after" and {
        REGISTER: webhooks,
        UPLOAD: True,
        APPROVE: True,
        ACTIVATE: webhooks or status_is_told,
    }.get(cell.call, False)
    if found:
        return ONBOARDED
    if cell.call == REGISTER:
        return "in_doubt", "exists_after_doubt" if status == CONFLICT else "registration_in_doubt"
    return UNRESOLVED


@pytest.mark.parametrize(
    ("shapes", "path", "webhooks", "part"),
    typical(
        ((*way, told, part) for way in WAYS for told in (False, True) for part in range(PARTS)),
        (*WAYS[0], True, 0),
    ),
)
def test_every_fault_of_every_call_becomes_what_the_contract_says(
    shapes: str,
    path: str,
    webhooks: bool,  # noqa: FBT001
    part: int,
    tmp_path: Path,
) -> None:
    """All faults that show at once: disposition and code of each cell, and row by row the bank's truth."""
    apart = (*HANGS, *ASKS_TO_WAIT, *ELSEWHERE, *MANY_FACED)
    plain = [kind for kind in KINDS if kind not in apart]
    quick = [*plain, *PAGES, *REFUSED_REPEATS]
    matrix = [replace(cell, row=row) for row, cell in enumerate(list(cells(path, quick))[part::PARTS], start=1)]
    carry_and_compare(matrix, shapes, path, tmp_path, webhooks=webhooks, timeout_s=30)


@pytest.mark.parametrize(("shapes", "path"), typical(WAYS, WAYS[0]))
@pytest.mark.waits
def test_an_answer_that_never_comes_becomes_what_the_contract_says(shapes: str, path: str, tmp_path: Path) -> None:
    """The same for calls that hang: these cost the time limit, so they have a run of their own."""
    carry_and_compare(list(cells(path, HANGS)), shapes, path, tmp_path, webhooks=True, timeout_s=8)


@pytest.mark.parametrize(("shapes", "path"), typical(WAYS, WAYS[1]))
@pytest.mark.waits
@pytest.mark.exhaustive  # refusals for rate are tried one by one always
def test_an_answer_that_asks_to_wait_becomes_what_the_contract_says(shapes: str, path: str, tmp_path: Path) -> None:
    """The same for refusals that slow the whole run: these have a run of their own."""
    carry_and_compare(list(cells(path, ASKS_TO_WAIT)), shapes, path, tmp_path, webhooks=False, timeout_s=30)


def test_no_kind_of_fault_is_left_out() -> None:
    """Each kind that the bank knows is in the matrix, or its absence has a reason."""
    stated = {*LOST_BEFORE, *LOST_AFTER, *DO_NO_HARM, *ELSEWHERE} - set(PAGES)
    assert stated | set(MANY_FACED) == set(KINDS)
    made = "".join(cell.fault for cell in cells("customer", [*PAGES, *REFUSED_REPEATS]))
    assert all(f'kind = "{kind}"' in made for kind in MANY_FACED)


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
            assert differences(desk, matrix, expected, again=again) == []


def differences(desk: Desk, matrix: Sequence[Cell], wanted: Mapping[int, tuple[str, str]], *, again: bool) -> list[str]:
    """Where results.csv differs from what each cell must become; what was unresolved may be resolved by a later run."""
    rows = {int(row["row_number"]) - 1: (row["disposition"], row["code"]) for row in desk.table("results.csv")}
    assert rows.pop(0) == UNCHANGED
    assert rows.keys() == wanted.keys()
    unresolved = ("in_doubt", "parked", "onboarded") if again else ("in_doubt", "parked")
    return [
        f"{cell}: {rows[cell.row]}, not {wanted[cell.row]}"
        for cell in matrix
        if rows[cell.row] != wanted[cell.row]
        and not (wanted[cell.row] == UNRESOLVED and rows[cell.row][0] in unresolved)
    ]
