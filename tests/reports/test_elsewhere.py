"""Who is in doubt though no row names them: asked about as of any run, and named with the seed only."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.journey.codes import Code
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.model import Journey, Repeat, Standing
from finhub_onboard.reports.elsewhere import Elsewhere
from tests.ledger.support import opened, write

KEYS = Keys("a seed for tests only, invented", "tenant")


def doubtful(name: str, **more: Any) -> Journey:
    """A customer in doubt after run 1."""
    usual: dict[str, Any] = {"standing": Standing.IN_DOUBT, "done": 1, "step": "register", "doubts": 2, "last_run": 1}
    usual |= {"phase": "registration", "code": "registration_in_doubt", "message": "m", "finished_at": 1.0}
    usual |= {"key": KEYS.customer(name), "fingerprint": b"f", "sealed_id": KEYS.seal(name), "first_run": 1}
    return Journey(**usual | more)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without customers."""
    with opened(tmp_path / "ledger.db") as made:
        yield made


def enter(ledger: Ledger, *journeys: Journey) -> None:
    """Write journeys as a run leaves them."""
    asyncio.run(write(Path(ledger.name), [(journey, ()) for journey in journeys]))


def asked(ledger: Ledger, *named: str, run: int = 1) -> set[str]:
    """Who is asked about when these have rows."""
    elsewhere = Elsewhere(ledger, KEYS, run=run)
    elsewhere.exclude([KEYS.customer(name) for name in named])
    return {line.external_id if line else "?" for line in elsewhere.lines(at="2026")}


def test_only_who_can_be_answered_for_and_has_no_row_is_asked_about(ledger: Ledger) -> None:
    """In doubt, parked with a doubt, or cut off by a kill; not who is vouched for, refused or settled."""
    enter(
        ledger,
        doubtful("in doubt"),
        doubtful("named"),
        doubtful("parked", standing=Standing.PARKED, step="activate", done=7, code="state_conflict"),
        doubtful("killed", standing=Standing.OPEN, doubts=1, code=""),
        doubtful("vouched", standing=Standing.OPEN, doubts=1, code=Code.OPERATOR_VOUCHES, repeat=Repeat.GRANTED),
        doubtful("declined", standing=Standing.DECLINED, step="approve", done=5),
        doubtful("settled", standing=Standing.OPEN, doubts=0, step=""),
        doubtful("older", sealed_id=b""),
    )
    assert asked(ledger, "named", "nobody") == {"in doubt", "parked", "killed", "?"}
    assert asked(ledger, "named", run=0) == {"in doubt", "parked", "killed", "?"}


def test_a_line_asks_and_holds_nothing_of_the_person(ledger: Ledger) -> None:
    """No source, no row, no name: the question, the ids at the bank and since when."""
    enter(ledger, doubtful("C-1", step="open_verification", done=3, customer_id="c"))
    (line,) = Elsewhere(ledger, KEYS, run=1).lines(at="2026")
    assert line is not None
    assert (line.source, line.row_number, line.external_id, line.customer_id) == ("", 0, "C-1", "c")
    assert (line.first_name, line.last_name, line.email, line.phone, line.answer) == ("",) * 5
    assert (line.phase, line.since) == ("verification", "1970-01-01T00:00:01.000Z")
    assert "verification" in line.question
    assert "no row of this run" in line.hint


def test_a_report_of_an_older_run_asks_what_that_run_asked(ledger: Ledger) -> None:
    """Whom a later run settled was in doubt then; whom a later run left in doubt was not."""
    enter(ledger, doubtful("settled"), doubtful("later", doubts=0, step="", standing=Standing.OPEN))
    enter(
        ledger,
        doubtful("settled", doubts=0, step="", standing=Standing.OPEN, last_run=2),
        doubtful("later", last_run=2),
        doubtful("new", first_run=2, last_run=2),
    )
    assert asked(ledger, run=1) == {"settled"}
    assert asked(ledger, run=2) == {"later", "new"}
