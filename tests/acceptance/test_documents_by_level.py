"""Documents where the bank lists none: what it wants at a customer's level is there, and what it misses is named."""

import csv
from collections import Counter
from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk

ROWS = 20


def medium_rows(path: Path, **columns: str) -> Path:
    """Rows that the bank takes for MEDIUM, and that say no level themselves."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:ROWS]
    whole = {"category": "INDIVIDUAL_PLUS", "risk_level": "", "address_document": "address.jpg"}
    whole |= {"identity_document": "identity.pdf", "funds_document": "funds.png"} | columns
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=rows[0])
        writer.writeheader()
        writer.writerows(row | whole for row in rows)
    return path


def test_medium_rows_are_onboarded_where_the_bank_lists_no_documents(desk: Desk, tmp_path: Path) -> None:
    """Twenty whole rows in one run; rows without a document wait with its name, and are finished once they have it."""
    desk.configure(FAST, verification_path="verifications")
    assert desk.run(medium_rows(tmp_path / "whole.csv")).returncode == 0
    assert desk.counts() == {"onboarded": ROWS}


def test_a_document_that_the_bank_misses_is_named_and_added_later(desk: Desk, tmp_path: Path) -> None:
    """Parked, not declined: the file with the document added finishes the same customers."""
    desk.configure(FAST, verification_path="verifications")
    source = tmp_path / "book.csv"
    assert desk.run(medium_rows(source, funds_document="")).returncode == 3
    waiting = Counter((row["code"], row["message"].rpartition(" ")[2]) for row in desk.table("results.csv"))
    assert waiting == {("document_missing", "(SOURCE_OF_FUNDS)"): ROWS}
    assert desk.run(medium_rows(source)).returncode == 0
    assert desk.counts() == {"onboarded": ROWS}


def test_both_sides_of_a_card_are_sent_and_an_expired_one_is_not(desk: Desk, tmp_path: Path) -> None:
    """One row has both sides and dates, one an expired card: nothing is sent for that one."""
    source = medium_rows(tmp_path / "book.csv", document_type="ID_CARD")
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:2]
    later = ("identity.jpg", "2024-05-14", "2199-05-13"), ("", "2024-05-14", "2024-05-15")
    names = ("identity_document_back", "document_issued_on", "document_expires_on")
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=[*rows[0], *names])
        writer.writeheader()
        writer.writerows(row | dict(zip(names, values, strict=True)) for row, values in zip(rows, later, strict=True))
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"onboarded": 1, "rejected": 1}
    expired = ("document_expires_on", "document_expired")
    assert [(row["field"], row["code"]) for row in desk.table("errors.csv")] == [expired]
    assert desk.summary()["calls"]["documents"]["sent"] == 4
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"unchanged": 1, "rejected": 1}
