"""A doubt does not disappear with its row: edited into a reject, doubled, or gone, the bank may have the customer."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, disagreements, head, sandbox
from tests.acceptance.test_resolve import LOST, NEVER_CAME, ROWS, doubtful, fill, looked_up, resolve
from tests.support import typical

Rows = list[dict[str, str]]
FIRST = "CUST-000001"


def rewrite(source: Path, change: Callable[[Rows], Rows], target: Path | None = None) -> Path:
    """Change the rows of an input, in place or into another file."""
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (target or source).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(change(rows))
    return target or source


def spoilt(rows: Rows) -> Rows:
    """The first row breaks a rule."""
    return [rows[0] | {"email": "no e-mail"}, *rows[1:]]


def doubled(rows: Rows) -> Rows:
    """The first row stands twice."""
    return [*rows, rows[0]]


def gone(rows: Rows) -> Rows:
    """The first row is not there any more."""
    return rows[1:]


def codes(desk: Desk, row_number: int) -> set[str]:
    """What is said against a row."""
    return {line["code"] for line in desk.table("errors.csv") if int(line["row_number"]) == row_number}


def finish(desk: Desk, source: Path) -> None:
    """The rows as they were: everybody is at the bank exactly once."""
    assert desk.bank is not None
    done = desk.run(head(SAMPLE, ROWS, source))
    assert done.returncode == 0, done.stderr
    assert desk.counts().keys() <= {"onboarded", "unchanged"}
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


def test_a_row_in_doubt_that_is_edited_into_a_reject_stays_in_doubt(tmp_path: Path) -> None:
    """Asked about and in the rejects; answered, it is held by its fault alone, and no restart would finish it."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        answers = looked_up(desk, source)
        done = desk.run(rewrite(source, spoilt))
        assert done.returncode == 3, done.stderr
        assert desk.counts() == {"in_doubt": ROWS}
        assert {row["external_id"] for row in desk.table("in_doubt.csv")} == set(answers)
        assert codes(desk, 1) >= {"email_invalid", "registration_in_doubt"} or codes(desk, 1) >= {
            "email_invalid",
            "exists_after_doubt",
        }
        assert FIRST in (desk.out / "rejects" / source.name).read_text(encoding="utf-8")
        assert "broke a rule after a call was sent" in (desk.out / "report.html").read_text(encoding="utf-8")
        assert resolve(desk, fill(desk, answers))[0] == 0
        done = desk.run(source)
        assert done.returncode == 3, done.stderr
        assert desk.counts() == {"onboarded": ROWS - 1, "pending": 1}
        finish(desk, source)


def test_a_row_in_doubt_that_doubles_stays_in_doubt(tmp_path: Path) -> None:
    """Both rows are the customer's: each is counted and asked about, and one answer is enough."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        answers = looked_up(desk, source)
        done = desk.run(rewrite(source, doubled))
        assert done.returncode == 3, done.stderr
        assert desk.counts() == {"in_doubt": ROWS + 1}
        assert len(desk.table("in_doubt.csv")) == ROWS + 1
        assert "duplicate_external_id" in codes(desk, 1)
        assert len(codes(desk, 1)) > 1
        code, said, errors = resolve(desk, fill(desk, answers))
        assert (code, f"answered    {ROWS}: " in said) == (0, True), errors
        assert desk.run(source).returncode == 3
        assert desk.counts() == {"onboarded": ROWS - 1, "pending": 2}
        finish(desk, source)


def test_a_customer_in_doubt_whose_row_is_gone_is_still_asked_about(tmp_path: Path) -> None:
    """By the external_id, without personal data; rows that are all fine end with exit 3, and the last line says why."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        assert desk.bank is not None
        answers = looked_up(desk, source)
        others = {key: answer for key, answer in answers.items() if key != FIRST}
        assert resolve(desk, fill(desk, others))[0] == 3
        done = desk.run(rewrite(source, gone))
        assert done.returncode == 3, done.stderr
        assert desk.counts() == {"onboarded": ROWS - 1}
        assert desk.summary()["in_doubt_elsewhere"] == 1
        assert "1 customer is in doubt and in no row of this run" in done.stderr.strip().splitlines()[-1]
        assert "1 customer of earlier inputs in doubt" in (desk.out / "report.html").read_text(encoding="utf-8")
        (line,) = desk.table("in_doubt.csv")
        assert (line["source"], line["row_number"], line["external_id"]) == ("", "0", FIRST)
        assert not any(line[name] for name in ("first_name", "last_name", "email", "phone", "answer"))
        assert line["question"]
        assert FIRST not in done.stderr
        report = desk.onboard("report", "--config", desk.config)
        assert report.returncode == 0, report.stderr
        assert desk.table("in_doubt.csv") == [line]

        assert resolve(desk, fill(desk, answers, tmp_path / "answers.csv"))[0] == 0
        assert desk.run(source).returncode == 0
        assert not (desk.out / "in_doubt.csv").exists()
        finish(desk, source)


def test_rows_beyond_the_limit_are_asked_about_as_well(tmp_path: Path) -> None:
    """They are not read, and a doubt does not depend on that; a run over another input asks about all."""
    with doubtful(tmp_path, (LOST, "registerIndividual", 10)) as (desk, source):
        assert desk.run(source, "--limit", "2").returncode == 3
        assert (desk.counts(), desk.summary()["in_doubt_elsewhere"]) == ({"in_doubt": 2}, ROWS - 2)
        assert {row["external_id"] for row in desk.table("in_doubt.csv")} == set(looked_up(desk, source))
        other = rewrite(head(SAMPLE, ROWS + 2, tmp_path / "b.csv"), lambda rows: rows[ROWS:])
        assert desk.run(other).returncode == 3
        assert (desk.counts(), desk.summary()["in_doubt_elsewhere"]) == ({"onboarded": 2}, ROWS)


def test_a_finished_customer_whose_row_doubles_keeps_its_ids(desk: Desk, tmp_path: Path) -> None:
    """`unchanged`, with the copy said beside it; nothing is sent."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source).returncode == 0
    ids = {row["external_id"]: row["customer_id"] for row in desk.table("results.csv")}
    sent = desk.bank.record()["calls"]["registerIndividual"]["received"]
    assert desk.run(rewrite(source, doubled)).returncode == 0
    assert desk.counts() == {"unchanged": 4}
    assert all(row["customer_id"] == ids[row["external_id"]] for row in desk.table("results.csv"))
    assert codes(desk, 1) == codes(desk, 4) >= {"duplicate_external_id"}
    assert desk.bank.record()["calls"]["registerIndividual"]["received"] == sent


@pytest.mark.parametrize("until", typical(["registration", "verification"], "registration"))
def test_a_registered_customer_whose_row_is_edited_into_a_reject_is_not_called_rejected(
    until: str, desk: Desk, tmp_path: Path
) -> None:
    """It is as far as it is: pending with its ids, exit 3 as somebody must correct the row; then it goes on."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source, "--until", until).returncode == 4
    done = desk.run(rewrite(source, spoilt))
    assert done.returncode == 3, done.stderr
    assert desk.counts() == {"pending": 1, "onboarded": 2}
    first = desk.table("results.csv")[0]
    assert (first["disposition"], first["code"], bool(first["customer_id"])) == ("pending", "email_invalid", True)
    assert desk.run(head(SAMPLE, 3, source)).returncode == 0


def test_an_e_mail_of_whom_nobody_has_is_its_owners_and_older_reports_stay(tmp_path: Path) -> None:
    """In doubt it keeps others away; after `does not exist` its owner is registered. What was reported stays so."""
    with doubtful(tmp_path, (NEVER_CAME, "registerIndividual", 10)) as (desk, source):
        assert desk.bank is not None
        owners = rewrite(
            source,
            lambda rows: [
                row | {"external_id": f"B-{number}", "phone": f"+3706123200{number}", "document_number": f"B{number}"}
                for number, row in enumerate(rows)
            ],
            tmp_path / "owners.csv",
        )
        assert desk.run(owners).returncode == 3
        assert desk.counts() == {"rejected": ROWS}
        assert {row["code"] for row in desk.table("results.csv")} == {"earlier_email"}
        rejected_in = desk.summary()["run_id"]
        written = {name: (desk.out / name).read_bytes() for name in ("results.csv", "errors.csv", "in_doubt.csv")}

        assert resolve(desk, fill(desk, looked_up(desk, source)))[0] == 0
        done = desk.run(owners)
        assert done.returncode == 0, done.stderr
        assert desk.counts() == {"onboarded": ROWS}
        again = desk.onboard("report", rejected_in, "--config", desk.config, "--out", desk.out)
        assert again.returncode == 0, again.stderr
        assert {name: (desk.out / name).read_bytes() for name in written} == written


def test_an_e_mail_that_was_refused_is_its_owners(tmp_path: Path) -> None:
    """The bank refused it for one row; when that row is corrected, the owner is asked of the bank and not rejected."""
    with sandbox() as bank:
        (tmp_path / "elsewhere").mkdir()
        theirs = Desk(folder=tmp_path / "elsewhere", bank=bank).configure(FAST)
        owner = rewrite(head(SAMPLE, 2, tmp_path / "owner.csv"), lambda rows: rows[1:])
        assert theirs.run(owner).returncode == 0
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        source = head(SAMPLE, 2, tmp_path / "customers.csv")
        email = rewrite(source, lambda rows: [rows[0] | {"email": rows[1]["email"]}])
        assert desk.run(email).returncode == 3
        assert desk.table("results.csv")[0]["code"] == "duplicate_email"
        assert desk.run(head(SAMPLE, 1, source)).returncode == 0
        assert desk.run(owner).returncode == 3
        (row,) = desk.table("results.csv")
        assert (row["disposition"], row["code"]) == ("failed", "duplicate_email")
