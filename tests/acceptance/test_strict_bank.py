"""The job at a bank as strict as its contract: what a row's address decides, and what others do meanwhile."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Desk, assert_no_traceback, head, sandbox
from tests.support import typical

ROWS = 12


def magic(folder: Path) -> Path:
    """Nine rows; the addresses of some decide their customers' fate."""
    source = head(SAMPLE, 9, folder / "customers.csv")
    text = source.read_text(encoding="utf-8")
    for number, tag in ((2, "high"), (4, "docs"), (5, "slow"), (7, "declined")):
        text = text.replace(f"customer{number:04}@", f"customer{number:04}+{tag}@")
    source.write_text(text, encoding="utf-8")
    return source


def test_addresses_decide_what_becomes_of_rows(desk: Desk, tmp_path: Path) -> None:
    """Row 7 is declined, row 2 waits for the power tenant, row 4 for a document; row 5 is finished by the next run."""
    source = magic(tmp_path)
    expected = {2: ("parked", "high_risk"), 4: ("parked", "document_missing"), 7: ("declined", "verification_refused")}
    for slow in (("parked", "approval_not_final"), ("onboarded", "")):
        done = desk.run(source)
        assert_no_traceback(done)
        assert done.returncode == 3, done.stderr
        told = {int(row["row_number"]): (row["disposition"], row["code"]) for row in desk.table("results.csv")}
        assert {number: told[number] for number in expected} == expected
        assert told[5] == slow
        assert {told[number][0] for number in (1, 3, 6, 8, 9)} <= {"onboarded", "unchanged"}


def outcomes(desk: Desk) -> Counter[str]:
    """How many rows ended how, with the code of those that are not finished."""
    return Counter(
        "finished" if row["disposition"] in ("onboarded", "unchanged") else f"{row['disposition']} {row['code']}"
        for row in desk.table("results.csv")
    )


@pytest.mark.parametrize("path", ["customer", "verifications"])
@pytest.mark.parametrize(
    "scenario",
    typical(
        ["approved_before", "approved_meanwhile", "approved_later", "activated_on_approval"],
        "approved_before",
        "activated_on_approval",
    ),
)
def test_whoever_can_be_onboarded_is(scenario: str, path: str, tmp_path: Path) -> None:
    """What others approve, or activate, before us, between our calls or later, keeps nobody from the end."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with sandbox("--scenario", str(ROOT / "configs" / "scenarios" / f"{scenario}.toml")) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, verification_path=path)
        for _ in range(2 if scenario == "approved_later" else 1):
            done = desk.run(source)
            assert_no_traceback(done)
        assert set(bank.record()["acts"]) & {"approve", "activate"}
    assert outcomes(desk) == {"finished": ROWS}


@pytest.mark.parametrize(
    ("scenario", "waits"),
    [
        ("rejected_meanwhile", {"declined verification_refused"}),
        ("expired_meanwhile", {"parked verification_expired"}),
        ("documents_refused", {"parked document_refused"}),
        ("consents_change", {"parked consent_version_refused"}),
        ("data_reset", {"failed not_found", "pending "}),
    ],
)
def test_what_keeps_a_row_from_onboarding_is_named(scenario: str, waits: set[str], tmp_path: Path) -> None:
    """Some rows are kept, each with a code, and the others are finished."""
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with sandbox("--scenario", str(ROOT / "configs" / "scenarios" / f"{scenario}.toml")) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        done = desk.run(source)
        assert_no_traceback(done)
        found = outcomes(desk)
        assert found.total() == 40
        assert set(found) - {"finished"} <= waits
        assert found.total() - found["finished"] > 0


def test_documents_that_the_bank_did_not_accept_are_sent_anew_once_the_row_has_others(tmp_path: Path) -> None:
    """The same rows wait for as long as they name the same files, and are finished once they name others."""
    source = head(SAMPLE, 30, tmp_path / "customers.csv")
    documents = shutil.copytree(ROOT / "sample_data" / "documents", tmp_path / "documents")
    with sandbox("--scenario", str(ROOT / "configs" / "scenarios" / "documents_refused.toml")) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        for _ in range(2):
            assert desk.run(source).returncode == 3
            uploads = bank.record()["calls"]["uploadVerificationDocument"]["received"]
            refused = [row["external_id"] for row in desk.table("results.csv") if row["code"] == "document_refused"]
            assert refused
        for name in ("identity.jpg", "identity.pdf", "address.jpg", "funds.png"):
            (documents / f"better-{name}").write_bytes((documents / name).read_bytes())
        lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
        better = (re.sub(r"(?<=,)(?=(identity|address|funds)\.)", "better-", line) for line in lines)
        kept = (new if new.split(",")[0] in refused else old for old, new in zip(lines, better, strict=True))
        source.write_text("".join(kept), encoding="utf-8")
        desk.config.write_text(
            desk.config.read_text(encoding="utf-8").replace(str(ROOT / "sample_data" / "documents"), str(documents)),
            encoding="utf-8",
        )
        assert desk.run(source).returncode == 0
        assert outcomes(desk) == {"finished": 30}
        assert bank.record()["calls"]["uploadVerificationDocument"]["received"] >= uploads + len(refused)
