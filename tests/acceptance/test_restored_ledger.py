"""A ledger restored from an older backup, against a real practice bank: done twice without the flag, and not with it.

The reports lie elsewhere (`--out`), so that nothing but the bank's own answers can tell.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, disagreements, head, sandbox
from tests.support import typical

ROWS = 12
FLAG = "--ledger-restored"


@contextmanager
def worked_on(folder: Path, *, saved_after: str, then_until: str) -> Iterator[tuple[Desk, Path]]:
    """A book carried to one phase, the ledger saved, the book carried on, and the ledger put back."""
    source = head(SAMPLE, ROWS, folder / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=folder, bank=bank).configure(FAST, webhook_subscription_id=demo.SUBSCRIPTION_ID)
        assert_no_traceback(desk.run(source, "--until", saved_after))
        ledger, saved = folder / "ledger.db", folder / "saved.db"
        with closing(sqlite3.connect(ledger)) as db:
            db.execute("VACUUM INTO ?", (str(saved),))
        assert_no_traceback(desk.run(source, "--until", then_until))
        for left in folder.glob("ledger.db*"):
            left.unlink()
        saved.rename(ledger)
        ledger.chmod(0o600)
        yield desk, source


def doubles(desk: Desk) -> Counter[str]:
    """What the bank has more than once of a customer."""
    assert desk.bank is not None
    found: Counter[str] = Counter()
    counts: dict[str, Callable[[dict[str, Any]], int]] = {
        "registrations": lambda who: who["registrations"],
        "verifications": lambda who: len(who["verificationIds"]),
        "approvals": lambda who: who["approvals"],
        "activations": lambda who: who["activations"],
    }
    for who in desk.bank.record()["customers"]:
        found.update(name for name, count in counts.items() if count(who) > 1)
        kinds = Counter(document["documentType"] for document in who["documents"])
        found["documents"] += sum(times > 1 for times in kinds.values())
    return +found


PLACES = [
    ("session", "documents"),
    ("session", "activation"),
    ("verification", "consents"),
    ("documents", "activation"),
]


@pytest.mark.parametrize(("saved_after", "then_until"), typical(PLACES, PLACES[0], PLACES[-1]))
def test_with_the_flag_nothing_is_done_twice(tmp_path: Path, saved_after: str, then_until: str) -> None:
    """Finished, or in doubt for a person; the bank's truth agrees with every row."""
    with worked_on(tmp_path, saved_after=saved_after, then_until=then_until) as (desk, source):
        done = desk.run(source, FLAG)
        assert_no_traceback(done)
        assert done.returncode in (0, 3), done.stderr
        assert doubles(desk) == {}
        assert desk.bank is not None
        assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
        if (saved_after, then_until) != ("session", "documents"):
            assert desk.counts() == {"onboarded": ROWS}
        else:
            assert desk.counts() == {"in_doubt": ROWS}


def test_without_the_flag_verifications_are_opened_twice(tmp_path: Path) -> None:
    """The control: this is what the flag is for."""
    with worked_on(tmp_path, saved_after="session", then_until="documents") as (desk, source):
        desk.run(source)
        assert doubles(desk)["verifications"] == ROWS


def test_a_book_that_the_ledger_takes_for_new_stops_the_run_and_the_flag_finishes_it(tmp_path: Path) -> None:
    """Five "exists" in a row: exit 4 names the flag; with it everybody is found in the deliveries."""
    with worked_on(tmp_path, saved_after="categorization", then_until="activation") as (desk, source):
        for left in tmp_path.glob("ledger.db*"):
            left.unlink()  # not even the customers are left
        stopped = desk.run(source)
        assert_no_traceback(stopped)
        assert stopped.returncode == 4, stopped.stderr
        assert FLAG in stopped.stderr
        finished = desk.run(source, FLAG)
        assert_no_traceback(finished)
        assert (finished.returncode, desk.counts()) == (0, {"onboarded": ROWS})
        assert doubles(desk) == {}
