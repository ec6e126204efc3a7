"""Rows that cannot get as far as the settings ask are told before the first call; `reject` sends nothing for them."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback
from tests.support import typical

LACKS = {
    "C-1": {},
    "C-2": {"document_number": ""},
    "C-3": {"identity_document": ""},
    "C-4": {"privacy_accepted_at": ""},
    "C-5": {"document_number": "", "document_type": "", "identity_document": "", "terms_accepted_at": ""},
    "C-6": {"email": "nobody", "document_number": ""},
}
KINDS = {
    ("document_number_missing", "document_number"): 2,
    ("document_number_missing", "document_type"): 1,
    ("document_missing", "identity_document"): 2,
    ("consent_evidence_missing", "privacy_accepted_at"): 1,
    ("consent_evidence_missing", "terms_accepted_at"): 1,
}
REJECT = FAST + '[intake]\nincomplete = "reject"\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A whole row, four that lack something, and one that breaks a rule besides."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["risk_level"] == "LOW"]
    made = [row | {"external_id": name} | lacks for row, (name, lacks) in zip(rows, LACKS.items(), strict=False)]
    path = tmp_path / "book.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=rows[0])
        writer.writeheader()
        writer.writerows(made)
    return path


def warned(desk: Desk) -> Counter[tuple[str, str]]:
    """What `errors.csv` warns of before any call."""
    lines = [line for line in desk.table("errors.csv") if line["severity"] == "warning"]
    return Counter((line["code"], line["field"]) for line in lines)


def told(stderr: str) -> dict[tuple[str, str], int]:
    """Kind of lack -> rows, as the lines on stderr say."""
    found = re.findall(r"incomplete: ([\d,]+) rows? lacks? (\w+) \((\w+)\): rows? ", stderr)
    return {(code, field): int(count) for count, field, code in found}


def test_validate_warns_of_all_that_rows_lack(desk: Desk, source: Path) -> None:
    """All lacks of a row at once, counted once a kind; a reject is not counted; warnings cost no row."""
    done = desk.onboard("validate", source, "--config", desk.config, "--out", desk.out)
    assert_no_traceback(done)
    assert warned(desk) == told(done.stderr) == KINDS
    assert "rows 2, 5 of book.csv" in done.stderr
    assert desk.counts() == {"pending": 5, "rejected": 1}


def test_run_says_it_before_the_first_call(desk: Desk, source: Path) -> None:
    """The same lines stand before the run begins, and these customers stop for just these reasons."""
    done = desk.run(source)
    assert told(done.stderr.split("begins:")[0]) == warned(desk) == KINDS
    assert desk.counts() == {"onboarded": 1, "parked": 4, "rejected": 1}
    parked = {row["external_id"]: row["code"] for row in desk.table("results.csv") if row["disposition"] == "parked"}
    assert parked["C-5"] == parked["C-2"] == "document_number_missing"
    assert (parked["C-3"], parked["C-4"]) == ("document_missing", "consent_evidence_missing")


def test_parked_rows_come_back_to_be_completed(desk: Desk, source: Path) -> None:
    """As they stood, with what each lacks; given to a run once they are complete, their customers are onboarded."""
    assert desk.run(source).returncode == 3
    rows = desk.table("incomplete/book.csv")
    assert [(row["external_id"], row["_err_row"], row["_err_field"]) for row in rows] == [
        ("C-2", "2", "document_number"),
        ("C-3", "3", "identity_document"),
        ("C-4", "4", "privacy_accepted_at"),
        ("C-5", "5", "document_type"),
    ]
    assert [row["_err_code"] for row in rows[1:3]] == ["document_missing", "consent_evidence_missing"]
    parked = {row["external_id"]: (row["field"], row["document"]) for row in desk.table("parked.csv")}
    assert parked["C-3"] == ("identity_document", "GOVERNMENT_ID")
    assert parked["C-4"] == ("privacy_accepted_at", "")
    with source.open(encoding="utf-8", newline="") as stream:
        whole = next(csv.DictReader(stream))
    lacking = ("document_type", "document_number", "identity_document", "terms_accepted_at", "privacy_accepted_at")
    for place, row in enumerate(rows):
        row |= {name: row[name] or whole[name] + str(place) * (name == "document_number") for name in lacking}
    target = source.with_name("completed.csv")
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = desk.run(target)
    assert_no_traceback(done)
    assert desk.counts() == {"onboarded": 4}, done.stderr
    assert not (desk.out / "incomplete").exists()


def test_reject_sends_nothing_for_them(desk: Desk, source: Path) -> None:
    """They are rejects with the field named, and the bank hears of whole rows only."""
    assert desk.bank is not None
    desk.configure(REJECT)
    checked = desk.onboard("validate", source, "--config", desk.config, "--out", desk.out)
    assert (checked.returncode, desk.counts()) == (3, {"pending": 1, "rejected": 5})
    done = desk.run(source)
    assert done.returncode == 3
    assert "rejected as incomplete: 2 rows lack identity_document" in done.stderr.split("begins:")[0]
    assert desk.counts() == {"onboarded": 1, "rejected": 5}
    assert len(desk.bank.record()["customers"]) == 1
    rejects = desk.table("rejects/book.csv")
    assert [row["_err_field"] for row in rejects][:3] == ["document_number", "identity_document", "privacy_accepted_at"]
    for field in ("document_type", "document_number", "identity_document", "terms_accepted_at"):
        assert field in rejects[3]["_err_field"]


@pytest.mark.parametrize("extra", typical([FAST, REJECT], REJECT))
def test_who_is_past_a_phase_needs_nothing_more_for_it(desk: Desk, source: Path, extra: str) -> None:
    """The second night: a finished customer whose row lost its evidence is no warning and no reject."""
    desk.configure(FAST + '[consents]\nevidence = "assumed"\n')
    desk.run(source)
    assert desk.counts()["onboarded"] == 2
    desk.configure(extra)
    done = desk.run(source)
    assert ("consent_evidence_missing", "privacy_accepted_at") not in told(done.stderr)
    assert {row["external_id"]: row["disposition"] for row in desk.table("results.csv")}["C-4"] == "unchanged"


@pytest.mark.parametrize(
    ("settings", "words", "gone"),
    [
        ("", ("--until", "registration"), {"document_number_missing", "document_missing", "consent_evidence_missing"}),
        ("", ("--until", "verification"), {"document_missing", "consent_evidence_missing"}),
        ("", ("--until", "approval"), {"consent_evidence_missing"}),
        ('[consents]\nevidence = "assumed"\n', (), {"consent_evidence_missing"}),
        ('[api]\nverification_path = "verifications"\n', (), {"document_number_missing"}),
        ('[approval]\nmode = "manual"\n', (), set()),
    ],
)
def test_only_what_the_settings_ask_for_is_missed(
    desk: Desk, source: Path, settings: str, words: tuple[str, ...], gone: set[str]
) -> None:
    """Phases that are not asked for, assumed consents, and the path that needs no number miss nothing."""
    written = desk.configure().config.read_text(encoding="utf-8")
    extra = settings.removeprefix("[api]\n") if settings.startswith("[api]") else ""
    desk.config.write_text(written.replace("[documents]", f"{extra}[documents]") + ("" if extra else settings), "utf-8")
    done = desk.run(source, "--dry-run", *words)
    assert_no_traceback(done)
    assert told(done.stderr) == {kind: rows for kind, rows in KINDS.items() if kind[0] not in gone}


def test_documents_go_by_the_risk_level_of_the_row(desk: Desk, source: Path) -> None:
    """MEDIUM asks for three documents; HIGH for none here: people collect them before a person approves."""
    text = source.read_text(encoding="utf-8")
    without = re.sub(
        r"(?m)^(C-\d,.*)", lambda row: re.sub(r"[^,]*(address|funds)[^,]*\.(pdf|png|jpg)", "", row[1]), text
    )
    for level, expected in (("LOW", 2), ("MEDIUM", 12), ("HIGH", 0)):
        source.write_text(without.replace(",LOW,", f",{level},"), encoding="utf-8")
        done = desk.onboard("validate", source, "--config", desk.config, "--out", desk.out)
        missing = {field: count for (code, field), count in told(done.stderr).items() if code == "document_missing"}
        assert sum(missing.values()) == expected, level
