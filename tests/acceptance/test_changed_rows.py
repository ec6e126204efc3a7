"""What a row changes after it was sent, what a person decides meanwhile, and settings that changed: the real command.

Held against a real practice bank: nothing is claimed that the bank does not have, and a rejection is never overruled.
"""

import csv
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Desk, assert_no_traceback, head, sandbox
from tests.support import typical

MANUAL = FAST.replace('mode = "auto"', 'mode = "manual"')
ROWS = 3


@contextmanager
def desk(folder: Path, extra: str, *, scenario: str = "", shapes: str = "runner") -> Iterator[tuple[Desk, Path]]:
    """A desk with three customers and documents of its own."""
    source = head(SAMPLE, ROWS, folder / "customers.csv")
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")
    shutil.copytree(ROOT / "sample_data" / "documents", folder / "documents", copy_function=shutil.copy)
    with sandbox("--scenario", str(folder / "scenario.toml"), "--shapes", shapes) as bank:
        yield configured(Desk(folder=folder, bank=bank), extra), source


def configured(made: Desk, extra: str) -> Desk:
    """Other settings for the same desk; the documents are its own."""
    made.configure(extra)
    text = made.config.read_text(encoding="utf-8")
    mine = text.replace(str(ROOT / "sample_data" / "documents"), str(made.folder / "documents"))
    made.config.write_text(mine, encoding="utf-8")
    return made


def edit(source: Path, change: Callable[[dict[str, str]], Mapping[str, str]], *, only: int | None = None) -> None:
    """Change cells of all rows, or of one (from 0)."""
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows = [row | dict(change(row)) if only in (None, number) else row for number, row in enumerate(rows)]
    with source.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def run(made: Desk, source: Path, *words: str) -> dict[str, int]:
    """Run, and what became of the rows."""
    done = made.run(source, *words)
    assert_no_traceback(done)
    return made.counts()


def decide(made: Desk, what: str) -> None:
    """A person decides all verifications in the portal."""
    assert made.bank is not None
    for customer in made.bank.record()["customers"]:
        for verification in customer["verificationIds"]:
            made.bank.post(f"/sandbox/{what}/{verification}")


def people(made: Desk) -> list[dict[str, Any]]:
    """The bank's own truth."""
    assert made.bank is not None
    found: list[dict[str, Any]] = made.bank.record()["customers"]
    return found


CHANGES: dict[str, Callable[[dict[str, str]], Mapping[str, str]]] = {
    "document_number": lambda row: {"document_number": f"{row['document_number']}9"},
    "document_type": lambda row: {
        "document_type": "PASSPORT" if row["document_type"].upper() != "PASSPORT" else "ID_CARD"
    },
    "identity_document": lambda _: {"identity_document": "funds.png"},
}


@pytest.mark.parametrize("column", typical(CHANGES, "document_number"))
@pytest.mark.waits
def test_what_a_parked_row_changes_after_it_was_sent_is_said_in_the_same_run(tmp_path: Path, column: str) -> None:
    """Parked for approval, changed, approved: `changed` at once and for ever, never `onboarded` or `unchanged`."""
    with desk(tmp_path, MANUAL) as (made, source):
        assert run(made, source) == {"parked": ROWS}
        sent = [customer["documents"] for customer in people(made)]
        edit(source, CHANGES[column], only=0)
        assert run(made, source) == {"parked": ROWS}
        said = [row for row in made.table("errors.csv") if row["code"] == "row_changed"]
        assert [row["row_number"] for row in said] == ["1"]
        assert column in said[0]["message"]
        decide(made, "approve")
        for done in ("onboarded", "unchanged"):
            assert run(made, source) == {"changed": 1, done: ROWS - 1}
        assert [customer["documents"] for customer in people(made)] == sent
        assert [len(customer["verificationIds"]) for customer in people(made)] == [1] * ROWS


def test_a_document_replaced_under_its_name_is_noticed(tmp_path: Path) -> None:
    """By its content: `changed`, also of who was finished before; put back, it is unchanged."""
    with desk(tmp_path, FAST) as (made, source):
        edit(source, lambda _: {"identity_document": "mine.jpg"}, only=1)
        mine = made.folder / "documents" / "mine.jpg"
        shutil.copy(made.folder / "documents" / "identity.jpg", mine)
        before = mine.read_bytes()
        assert run(made, source) == {"onboarded": ROWS}
        mine.write_bytes(before + b"another picture")
        assert run(made, source) == {"changed": 1, "unchanged": ROWS - 1}
        assert [row["external_id"] for row in made.table("results.csv") if row["disposition"] == "changed"] == [
            "CUST-000002"
        ]
        mine.write_bytes(before)
        assert run(made, source) == {"unchanged": ROWS}


@pytest.mark.parametrize("shapes", typical(["runner", "older"], "runner"))
@pytest.mark.waits
def test_a_rejection_is_never_overruled_and_other_evidence_opens_another_verification(
    tmp_path: Path, shapes: str
) -> None:
    """Parked, rejected in the portal, `auto`: declined. A post code opens nothing; a new document number does."""
    with desk(tmp_path, MANUAL, shapes=shapes) as (made, source):
        assert run(made, source) == {"parked": ROWS}
        decide(made, "reject")
        configured(made, FAST)
        assert run(made, source) == {"declined": ROWS}
        assert [customer["approvals"] for customer in people(made)] == [0] * ROWS
        edit(source, lambda _: {"pincode": "LT-01100"})
        assert run(made, source) == {"declined": ROWS}
        assert [customer["verificationStatuses"] for customer in people(made)] == [["REJECTED"]] * ROWS
        edit(source, CHANGES["document_number"], only=0)
        assert run(made, source) == {"declined": ROWS - 1, "changed": 1}  # the post code is not at the bank
        first = people(made)[0]
        assert (first["status"], first["verificationStatuses"]) == ("ACTIVE", ["REJECTED", "APPROVED"])
        assert {document["verificationId"] for document in first["documents"]} == set(first["verificationIds"])


@pytest.mark.waits
def test_a_repeat_passes_the_gate_of_its_first_sending(tmp_path: Path) -> None:
    """An activation in doubt is not sent under `--until registration`; an approval in doubt not under `manual`."""
    lost = '[[fault]]\nkind = "drop_before"\non = ["{on}"]\nrate = 1.0\ntimes = 1000\n'
    for on, settings, words in (
        ("activateIndividual", FAST, ("--until", "registration")),
        ("approveVerification", MANUAL, ()),
    ):
        folder = tmp_path / on
        folder.mkdir()
        with desk(folder, FAST, scenario=lost.format(on=on)) as (made, source):
            run(made, source)
            assert made.bank is not None
            before = made.bank.record()["calls"][on]["received"]
            assert before >= ROWS
            configured(made, settings)
            run(made, source, *words)
            assert made.bank.record()["calls"][on]["received"] == before
