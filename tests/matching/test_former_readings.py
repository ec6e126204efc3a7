"""Customers whom the ledger knows by an earlier reading of their rows: nobody twice, nobody changed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.matching.earlier_customers import Earlier
from finhub_onboard.matching.former_readings import as_known, key_of
from finhub_onboard.model import Customer, Disposition, IntakeRow, Journey, Standing
from finhub_onboard.model.columns import CANONICAL_COLUMNS
from finhub_onboard.reports.projection import disposition_of_row
from tests.intake.helpers import a_row, rules, write
from tests.ledger.support import opened, writing

KEYS = Keys("a seed for tests only, invented", "tenant")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without customers."""
    with opened(tmp_path / "ledger.db") as made:
        yield made


def read(folder: Path, *table: dict[str, str]) -> list[IntakeRow]:
    """Judge rows of a file."""
    found = survey([write(folder / "book.csv", table)], batch_rows=100)
    return [row for batch in judge_rows(found, rules(), batch_rows=100) for row in batch]


def customer_of(row: IntakeRow) -> Customer:
    """The customer of an accepted row."""
    assert row.customer is not None, row.violations
    return row.customer


def as_sent_by_0_4(row: IntakeRow) -> Customer:
    """The customer as version 0.4.0 read the row."""
    return row.earlier or customer_of(row)


def onboarded(ledger: Ledger, *customers: Customer) -> None:
    """Enter customers as a run leaves them that completed them."""

    async def enter() -> None:
        async with writing(ledger) as writer:
            for customer in customers:
                key = KEYS.customer(customer.external_id)
                writer.identify([(mark, key) for mark in KEYS.identity_hashes(customer).values()])
                await writer.post(
                    Journey(
                        key=key,
                        fingerprint=KEYS.fingerprint(customer),
                        standing=Standing.COMPLETE,
                        first_run=1,
                        last_run=1,
                        completed_run=1,
                        done=8,
                    )
                )

    asyncio.run(enter())


def stands(ledger: Ledger, row: IntakeRow) -> Disposition:
    """What becomes of a row in the second run."""
    (row,) = Earlier(ledger, KEYS, run=2).judged([row])
    fingerprint = KEYS.fingerprint(row.customer) if row.customer else b""
    return disposition_of_row(row, ledger.find([KEYS.customer(row.external_id)]).popitem()[1], fingerprint, run=2)


CHANGED_READINGS = {
    "a mark of direction in the id": {"external_id": "\u202aC-1\u202c"},
    "an id as a spreadsheet's text": {"external_id": '="00123"', "document_number": '="A123"'},
    "an id behind an apostrophe": {"external_id": "'00123", "pincode": "'08014"},
    "a name and a place with marks": {"last_name": "Berg\u202c", "place_of_birth": "\u00adKaunas"},
    "a local part of full width": {"email": "\uff52\uff55\uff54\uff41@example.com"},
    "all of it": {"external_id": "\u061cC-1", "first_name": "\u2066Ana\u2069", "email": "\uff52@example.com"},
}


@pytest.mark.parametrize("kind", list(CHANGED_READINGS))
def test_whoever_was_onboarded_in_the_earlier_form_is_unchanged(kind: str, ledger: Ledger, tmp_path: Path) -> None:
    """The same row again is neither new nor changed, whatever of it is read otherwise now."""
    (row,) = read(tmp_path, a_row(1, **CHANGED_READINGS[kind]))
    assert row.earlier is not None
    assert row.earlier != row.customer
    onboarded(ledger, as_sent_by_0_4(row))
    assert stands(ledger, row) is Disposition.UNCHANGED


def test_a_row_that_says_otherwise_is_changed(ledger: Ledger, tmp_path: Path) -> None:
    """An earlier reading excuses no value that it does not explain."""
    (row,) = read(tmp_path, a_row(1, external_id="'00123"))
    onboarded(ledger, as_sent_by_0_4(row))
    (other,) = read(tmp_path, a_row(1, external_id="'00123", last_name="Kalna"))
    assert stands(ledger, other) is Disposition.CHANGED


def test_what_left_is_what_a_repeat_sends(ledger: Ledger, tmp_path: Path) -> None:
    """A customer keeps the id, from which the password is made, and each value that left in its earlier form."""
    (row,) = read(tmp_path, a_row(1, external_id="'00123", email="\uff52@example.com"))
    onboarded(ledger, as_sent_by_0_4(row))
    (known,) = as_known([row], KEYS, ledger.find)
    assert known.external_id == customer_of(known).external_id == "'00123"
    assert customer_of(known).email == "\uff52@example.com"


def test_a_new_customer_has_the_new_form(ledger: Ledger, tmp_path: Path) -> None:
    """Where the ledger knows nobody by the earlier form, nothing of it is used."""
    (row,) = read(tmp_path, a_row(1, external_id="'00123", email="\uff52@example.com"))
    assert as_known([row], KEYS, ledger.find) == [row]
    assert (row.external_id, customer_of(row).email) == ("00123", "r@example.com")


def test_a_reject_has_the_id_of_its_customer(ledger: Ledger, tmp_path: Path) -> None:
    """A row that breaks a rule by now still names the customer whom the ledger knows."""
    (row,) = read(tmp_path, a_row(1, external_id="'00123"))
    onboarded(ledger, as_sent_by_0_4(row))
    (bad,) = read(tmp_path, a_row(1, external_id="'00123", last_name=""))
    (known,) = as_known([bad], KEYS, ledger.find)
    assert (known.external_id, known.customer) == ("'00123", None)
    assert {violation.external_id for violation in known.violations} == {"'00123"}


def test_an_earlier_mailbox_is_known_under_another_id(ledger: Ledger, tmp_path: Path) -> None:
    """A person who was registered with an address of full width is not registered again under another number."""
    (row,) = read(tmp_path, a_row(1, email="\uff52@example.com"))
    onboarded(ledger, as_sent_by_0_4(row))
    (twin,) = read(tmp_path, a_row(2, email="\uff52@example.com"))
    (judged,) = Earlier(ledger, KEYS, run=2).judged([twin])
    assert [violation.code for violation in judged.violations] == ["earlier_email"]


def test_a_person_finds_the_customer_by_either_reading(ledger: Ledger, tmp_path: Path) -> None:
    """`explain` and `resolve` take the id as the file has it."""
    (row,) = read(tmp_path, a_row(1, external_id="'00123"))
    onboarded(ledger, as_sent_by_0_4(row))
    assert key_of(" '00123", KEYS, ledger.states) == "'00123"
    assert key_of("'00124", KEYS, ledger.states) == "00124"


def test_rows_that_were_always_read_alike_have_no_earlier_form(tmp_path: Path) -> None:
    """Usual rows cost nothing: no second customer is built for them."""
    usual = a_row(1) | {column: "" for column in CANONICAL_COLUMNS if column not in a_row(1)}
    assert [row.earlier for row in read(tmp_path, usual, a_row(2, email=" \u00e9@b\u00fccher.example"))] == [None, None]


def test_small_inputs_that_are_judged_together_keep_their_earlier_forms(tmp_path: Path) -> None:
    """Each row has its own, whichever file it stands in."""
    ids = {1: "'00001", 2: "C-2", 3: "\u202aC-3", 4: "C-4", 5: '="00005"'}
    days = {n: f"198{n}-01-01" for n in ids}
    tables = [
        write(tmp_path / f"{n}.csv", [a_row(n, external_id=one, date_of_birth=days[n]), a_row(n + 10)])
        for n, one in ids.items()
    ]
    found = survey(tables, batch_rows=100)
    earlier = [
        row.earlier and row.earlier.external_id for batch in judge_rows(found, rules(), batch_rows=100) for row in batch
    ]
    assert earlier == ["'00001", None, None, None, "\u202aC-3", None, None, None, '="00005"', None]
