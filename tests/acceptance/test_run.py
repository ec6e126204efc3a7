"""The main job, end to end, with real processes and a real server."""

import csv
import shutil
from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import MESSY, ROOT, SAMPLE, Desk, assert_no_traceback, disagreements, head
from tests.make_samples import EXPECTED

ROWS = 40


def test_every_good_row_is_onboarded_and_the_bank_agrees(desk: Desk, tmp_path: Path) -> None:
    """A clean file ends with exit 0, and the bank's own record agrees with results.csv row by row."""
    assert desk.bank is not None
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    done = desk.run(source)
    assert_no_traceback(done)
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"onboarded": ROWS}
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
    assert [int(row["row_number"]) for row in desk.table("results.csv")] == list(range(1, ROWS + 1))
    assert desk.table("errors.csv") == []


def test_a_second_run_makes_no_customer_call(desk: Desk, tmp_path: Path) -> None:
    """Finished customers cost no call: the bank sees a log-in and the categories, nothing else."""
    assert desk.bank is not None
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    desk.run(source)
    before = desk.bank.record()["calls"]
    done = desk.run(source)
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"unchanged": ROWS}
    after = desk.bank.record()["calls"]
    grown = {name for name in after if after[name]["received"] != before.get(name, {"received": 0})["received"]}
    assert grown == {"createAdminSession", "getCategorizationHierarchy"}


def test_the_parquet_twin_ends_alike(desk: Desk) -> None:
    """The same rows as Parquet are the same customers: nothing changed, nothing is sent."""
    assert desk.run(SAMPLE, "--limit", "30").returncode == 0
    done = desk.run(ROOT / "sample_data" / "customers.parquet", "--limit", "30")
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"unchanged": 30}


def test_the_summary_counts_what_the_bank_received(desk: Desk, tmp_path: Path) -> None:
    """Calls per phase in summary.json are those that the bank counted, and attempts add up to them."""
    assert desk.bank is not None
    desk.run(head(SAMPLE, ROWS, tmp_path / "customers.csv"))
    sent = {phase: calls["sent"] for phase, calls in desk.summary()["calls"].items()}
    received = {name: calls["received"] for name, calls in desk.bank.record()["calls"].items()}
    assert sent["categorization"] == received["getCategorizationHierarchy"]
    assert sent["registration"] == received["registerIndividual"]
    assert sent["documents"] == received["uploadVerificationDocument"]
    assert sent["consents"] == received["acceptIndividualConsent"] + received["checkActivation"]
    attempts = sum(int(row["attempts"]) for row in desk.table("results.csv"))
    assert attempts == sum(sent.values()) - sent["categorization"]


def test_the_messy_file_names_every_planted_fault(desk: Desk) -> None:
    """Exit 3; errors.csv names each planted fault with row, field, code, message and hint; good rows go through."""
    done = desk.run(MESSY)
    assert_no_traceback(done)
    assert done.returncode == 3, done.stderr
    with EXPECTED.open(encoding="utf-8", newline="") as stream:
        planted = {tuple(row.values()) for row in csv.DictReader(stream)}
    errors = desk.table("errors.csv")
    assert {(row["row_number"], row["field"], row["code"], row["severity"]) for row in errors} == planted
    assert all(row["message"] and row["hint"] for row in errors)
    rejected = {row["row_number"] for row in desk.table("results.csv") if row["disposition"] == "rejected"}
    assert rejected == {number for number, *_, severity in planted if severity == "error"}
    assert set(desk.counts()) == {"onboarded", "rejected"}


def test_corrected_rejects_are_onboarded_and_the_others_stay(desk: Desk, tmp_path: Path) -> None:
    """Rows corrected in the rejects file are onboarded; the rest of the file stays unchanged without a call."""
    assert desk.bank is not None
    source = tmp_path / "customers.csv"
    lines = head(SAMPLE, 12, source).read_text(encoding="utf-8").splitlines(keepends=True)
    good = list(lines)
    for number, (old, new) in {3: ("@", " at "), 7: ("+", "00000")}.items():
        lines[number] = lines[number].replace(old, new, 1)
        assert lines[number] != good[number]
    source.write_text("".join(lines), encoding="utf-8")
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"onboarded": 10, "rejected": 2}

    rejects = desk.out / "rejects" / "customers.csv"
    with rejects.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    assert header[-4:] == ["_err_row", "_err_field", "_err_code", "_err_message"]
    assert [row[-4] for row in rows] == ["3", "7"]
    corrected = tmp_path / "corrected.csv"
    originals = {row[0]: row for row in csv.reader(good)}
    with corrected.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(originals[row[0]] + row[-4:] for row in rows)
    done = desk.run(corrected)
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"onboarded": 2}

    source.write_text("".join(good), encoding="utf-8")
    before = desk.bank.record()["calls"]["registerIndividual"]
    assert desk.run(source).returncode == 0
    assert desk.counts() == {"unchanged": 12}
    assert desk.bank.record()["calls"]["registerIndividual"] == before


def test_a_changed_row_is_reported_and_not_sent(desk: Desk, tmp_path: Path) -> None:
    """A row that differs from what was onboarded is `changed`: named in errors.csv, no call, exit 3."""
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    desk.run(source)
    with source.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    rows[1][header.index("pincode")] = "99999"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    done = desk.run(source)
    assert done.returncode == 3, done.stderr
    assert desk.counts() == {"unchanged": 4, "changed": 1}
    (line,) = desk.table("errors.csv")
    assert (line["row_number"], line["code"]) == ("2", "row_changed")
    assert "pincode" in line["message"]
    assert sum(call["sent"] for call in desk.summary()["calls"].values()) == 1


def test_what_a_row_changed_after_it_was_sent_is_said_in_the_same_run(desk: Desk, tmp_path: Path) -> None:
    """While it waits, `errors.csv` warns; the run that completes it does not call it onboarded."""
    assert desk.bank is not None
    source = head(SAMPLE, 2, tmp_path / "customers.csv")
    desk.configure(FAST.replace('mode = "auto"', 'mode = "manual"'))
    assert desk.run(source).returncode == 3
    text = source.read_text(encoding="utf-8")
    assert text.count("+371 2123 0010") == 1
    source.write_text(text.replace("+371 2123 0010", "+371 2123 1999"), "utf-8")
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"parked": 2}
    lines = [line for line in desk.table("errors.csv") if line["code"] == "row_changed"]
    assert [(line["row_number"], line["stage"], line["severity"]) for line in lines] == [("1", "intake", "warning")]
    assert lines[0]["message"] == "changed since it was sent: phone"
    for customer in desk.bank.record()["customers"]:
        desk.bank.post(f"/sandbox/approve/{customer['verificationIds'][0]}")
    for told in ({"changed": 1, "onboarded": 1}, {"changed": 1, "unchanged": 1}):
        done = desk.run(source)
        assert done.returncode == 3, done.stderr
        assert desk.counts() == told
        assert desk.table("results.csv")[0]["code"] == "row_changed"


def test_a_refused_row_that_was_corrected_and_not_reached_is_pending(desk: Desk, tmp_path: Path) -> None:
    """A run that stops before it asks for nobody's correction twice; the next one carries the row."""
    source = head(SAMPLE, 2, tmp_path / "customers.csv")
    (tmp_path / "theirs").mkdir()
    theirs = Desk(folder=tmp_path / "theirs", bank=desk.bank).configure(FAST)
    assert theirs.run(head(SAMPLE, 1, tmp_path / "theirs" / "one.csv")).returncode == 0
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"failed": 1, "onboarded": 1}
    source.write_text(source.read_text(encoding="utf-8").replace("customer0001@", "corrected0001@"), "utf-8")
    done = desk.run(source, env={"ONBOARD_STOP__DEADLINE": "2020-01-01T00:00:00Z"})
    assert done.returncode == 4, done.stderr
    assert desk.counts() == {"pending": 1, "unchanged": 1}
    assert (desk.table("results.csv")[0]["code"], desk.table("errors.csv")) == ("", [])
    assert not (desk.out / "rejects").exists()
    assert desk.run(source).returncode == 0


def test_until_a_phase_leaves_customers_pending_and_resumable(desk: Desk, tmp_path: Path) -> None:
    """`--until` stops each customer after the phase (exit 4, pending); without it the same command finishes.

    Where it leaves nobody pending it ends as any run: with 0, or with 3 if a row needs somebody.
    """
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    done = desk.run(source, "--until", "verification")
    assert done.returncode == 4, done.stderr
    assert desk.counts() == {"pending": 5}
    assert {row["phase"] for row in desk.table("results.csv")} == {"documents"}
    assert desk.summary()["calls"]["documents"]["sent"] == 0
    assert desk.run(source).returncode == 0
    assert desk.counts() == {"onboarded": 5}
    assert desk.summary()["calls"]["registration"]["sent"] == 0
    assert desk.run(source, "--until", "verification").returncode == 0
    source.write_text(source.read_text(encoding="utf-8") + "CUST-WRONG\n", encoding="utf-8")
    assert desk.run(source, "--until", "verification").returncode == 3
    assert desk.counts() == {"unchanged": 5, "rejected": 1}


def test_a_dry_run_sends_nothing(desk: Desk, tmp_path: Path) -> None:
    """`--dry-run` checks and reports; the bank hears nothing and no ledger is made."""
    assert desk.bank is not None
    done = desk.run(head(SAMPLE, 5, tmp_path / "customers.csv"), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"pending": 5}
    assert desk.bank.record()["calls"] == {}
    assert not (tmp_path / "ledger.db").exists()


def test_manual_approval_parks_and_goes_on_after_a_person_approved(desk: Desk, tmp_path: Path) -> None:
    """In manual mode customers park; once somebody approved at the bank, the same command finishes them."""
    assert desk.bank is not None
    desk.configure("[limits]\ncalls_per_second = 400\n")
    source = head(SAMPLE, 4, tmp_path / "customers.csv")
    done = desk.run(source)
    assert done.returncode == 3, done.stderr
    assert desk.counts() == {"parked": 4}
    assert {row["code"] for row in desk.table("parked.csv")} == {"approval_needed"}
    for customer in desk.bank.record()["customers"]:
        desk.bank.post(f"/sandbox/approve/{customer['verificationIds'][0]}")
    assert desk.run(source).returncode == 0
    assert desk.counts() == {"onboarded": 4}
    assert not (desk.out / "parked.csv").exists()
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


def test_two_inputs_are_one_run(desk: Desk, tmp_path: Path) -> None:
    """Several inputs are accounted for one by one; rejects keep their names."""
    first = head(SAMPLE, 4, tmp_path / "a.csv")
    second = tmp_path / "b.csv"
    shutil.copy(MESSY, second)
    done = desk.run(first, second)
    assert done.returncode == 3, done.stderr
    assert [entry["source"] for entry in desk.summary()["inputs"]] == ["a.csv", "b.csv"]
    assert sum(desk.summary()["dispositions"].values()) == desk.summary()["rows_read"]
    assert (desk.out / "rejects" / "b.csv").exists()
    assert not (desk.out / "rejects" / "a.csv").exists()
