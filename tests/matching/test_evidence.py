"""Documents as evidence: a file that was replaced under its name makes the row another one."""

import os
from pathlib import Path

import pytest

from finhub_onboard.finhub.calls import CallName, step
from finhub_onboard.intake.checking.documents import DocumentError
from finhub_onboard.journey.state import record_intent
from finhub_onboard.journey.visit import Visit
from finhub_onboard.keys import BETWEEN_CELLS, FINGERPRINT_COLUMNS, changed_columns
from finhub_onboard.ledger.records import Finished
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Journey, Standing
from finhub_onboard.model.columns import DOCUMENT_COLUMNS
from tests.journey.world import KEYS, a_customer

PDF = b"%PDF-1.4 first"
OTHER = b"%PDF-1.4 other"
CUSTOMER = a_customer(identity_document="id.pdf", address_document="", funds_document="")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of documents with one in it."""
    (tmp_path / "id.pdf").write_bytes(PDF)
    return tmp_path


def evidence(root: Path) -> Evidence:
    """The documents of that folder."""
    return Evidence(KEYS, root, 1000)


def left(root: Path, **more: object) -> Journey:
    """A customer whose document left as it is now."""
    mark = evidence(root).opened(CUSTOMER, "identity_document", "GOVERNMENT_ID").mark
    known = {"uploaded": ("GOVERNMENT_ID",), "documents": (mark,), "done": 5} | more
    return Journey(key=b"k", fingerprint=KEYS.fingerprint(CUSTOMER), **known)  # type: ignore[arg-type]


def changed(root: Path, journey: Journey) -> tuple[str, ...]:
    """The columns in which the row as it is now differs."""
    return changed_columns(journey.fingerprint, evidence(root).fingerprint(CUSTOMER, journey))


def test_a_document_as_it_left_changes_nothing(root: Path) -> None:
    """Also if the file was touched or written again with the same content."""
    journey = left(root)
    assert changed(root, journey) == ()
    (root / "id.pdf").write_bytes(PDF)
    os.utime(root / "id.pdf", ns=(1, 1))
    assert changed(root, journey) == ()


def test_a_document_replaced_under_its_name_is_a_changed_column(root: Path) -> None:
    """Of the same size too; the same replacement gives the same fingerprint, another one another."""
    journey = left(root)
    (root / "id.pdf").write_bytes(OTHER)
    os.utime(root / "id.pdf", ns=(1, 1))
    assert changed(root, journey) == ("identity_document",)
    seen = evidence(root).fingerprint(CUSTOMER, journey)
    assert seen == evidence(root).fingerprint(CUSTOMER, journey)
    (root / "id.pdf").write_bytes(OTHER + b"!")
    assert evidence(root).fingerprint(CUSTOMER, journey) != seen


def test_a_finished_customer_is_looked_at_too(root: Path) -> None:
    """What the bank has is not what the folder has any more."""
    journey = left(root, standing=Standing.COMPLETE, done=8)
    (root / "id.pdf").write_bytes(OTHER + b"!")
    assert changed(root, journey) == ("identity_document",)


def test_what_left_after_it_was_replaced_is_no_change(root: Path) -> None:
    """Refused, replaced under its name and sent anew: it is as it left, until it is replaced again or taken out."""
    refused = left(root, uploaded=(), done=4)
    (root / "id.pdf").write_bytes(OTHER + b"!")
    row = evidence(root).fingerprint(CUSTOMER, refused)
    mark = evidence(root).opened(CUSTOMER, "identity_document", "GOVERNMENT_ID").mark
    upload = step(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID")
    sent, _ = record_intent(refused, Visit(row=row), upload, document=mark, now=1.0)
    assert changed(root, sent) == ()
    os.utime(root / "id.pdf", ns=(1, 1))
    assert changed(root, sent) == ()
    without = evidence(root).fingerprint(a_customer(**_paths("")), sent)
    assert changed_columns(sent.fingerprint, without) == ("identity_document",)
    (root / "id.pdf").write_bytes(PDF)
    assert changed(root, sent) == ("identity_document",)


def test_an_unchanged_file_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night of finished customers costs a look at each file's size and time."""
    journey = left(root)
    monkeypatch.setattr("finhub_onboard.matching.evidence.open_document", lambda *_: pytest.fail("it was read"))
    assert changed(root, journey) == ()


def test_a_document_that_is_gone_is_for_the_intake_to_say(root: Path) -> None:
    """No other row, no exception."""
    journey = left(root)
    (root / "id.pdf").unlink()
    assert changed(root, journey) == ()


def test_another_path_is_a_changed_column_whatever_its_content(root: Path) -> None:
    """The path is compared as every cell is."""
    journey = left(root)
    (root / "new.pdf").write_bytes(PDF)
    row = evidence(root).fingerprint(a_customer(**_paths("new.pdf")), journey)
    assert changed_columns(journey.fingerprint, row) == ("identity_document",)


def _paths(identity: str) -> dict[str, str]:
    return {"identity_document": identity, "address_document": "", "funds_document": ""}


def test_a_mark_names_no_path_and_no_content(root: Path) -> None:
    """Promise 6: a keyed hash, and it differs between two customers with one document."""
    one = evidence(root).opened(CUSTOMER, "identity_document", "GOVERNMENT_ID").mark
    other = a_customer(external_id="C-2", **_paths("id.pdf"))
    two = evidence(root).opened(other, "identity_document", "GOVERNMENT_ID").mark
    assert "id.pdf" not in one
    assert one.partition("@")[0] != two.partition("@")[0]


def test_a_document_that_cannot_be_sent_is_named_by_its_code(root: Path) -> None:
    """As the intake names it."""
    (root / "id.pdf").write_bytes(b"text")
    with pytest.raises(DocumentError) as caught:
        evidence(root).opened(CUSTOMER, "identity_document", "PASSPORT")
    assert caught.value.code == "document_kind"


def test_a_customer_without_documents_costs_nothing(tmp_path: Path) -> None:
    """The fingerprint is that of the row."""
    journey = Journey(key=b"k", fingerprint=b"")
    assert evidence(tmp_path).fingerprint(CUSTOMER, journey) == KEYS.fingerprint(CUSTOMER)


def test_a_row_is_surely_as_sent_only_with_the_files_that_were_sent(root: Path) -> None:
    """A file that is gone proves no change; one that was written again must be read first."""
    values, by = [getattr(CUSTOMER, column) for column in FINGERPRINT_COLUMNS], evidence(root)
    paths = [getattr(CUSTOMER, column) for column in DOCUMENT_COLUMNS]
    journey = left(root)
    key = KEYS.customer(CUSTOMER.external_id)
    sent = Finished(key, journey.fingerprint, journey.documents, "c", "u", "v", 1.0, 2.0)
    assert by.has_sent(values, sent)
    assert by.is_sent_row(BETWEEN_CELLS.join(values), sent)
    earlier = sent._replace(fingerprint=sent.fingerprint[:-9])  # of an earlier version
    assert by.has_sent(values, earlier)
    assert not by.is_sent_row(BETWEEN_CELLS.join(values), earlier)
    assert not by.has_sent(["other", *values[1:]], sent)
    assert by.has_same_files(paths, sent, by.version)
    os.utime(root / "id.pdf", ns=(1, 1))
    assert not by.has_same_files(paths, sent, by.version)
    (root / "id.pdf").unlink()
    assert by.has_same_files(paths, sent, by.version)


def test_the_size_of_a_document_is_that_of_its_file(root: Path) -> None:
    """Up to the most that is read of any; nothing where there is none."""
    by = evidence(root)
    assert by.size(CUSTOMER, "identity_document") == (root / "id.pdf").stat().st_size
    with (root / "id.pdf").open("r+b") as stream:
        stream.truncate(10**9)
    assert by.size(CUSTOMER, "identity_document") < 10**8
    (root / "id.pdf").unlink()
    assert by.size(CUSTOMER, "identity_document") == 0
