"""Any partner's file, end to end: profiles, other formats, earlier customers, changed rows; real processes."""

import csv
import gzip
import io
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from finhub_onboard.config.loading import load_profile
from finhub_onboard.intake.reading.unpack import ZSTD_MAGIC, opened, packed
from finhub_onboard.model.columns import CANONICAL_COLUMNS
from tests import make_partner
from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Bank, Desk, assert_no_traceback, sandbox

PARTNER = ROOT / "sample_data" / "partner_de.csv"
PROFILE = ROOT / "configs" / "profiles" / "partner_de.toml"
OF_NO_CUSTOMER = {"createAdminSession", "getCategorizationHierarchy"}
INSTANTS = [name for name in CANONICAL_COLUMNS if name.endswith("_accepted_at")]
MOST = 1_000_000

Row = dict[str, str]
Done = subprocess.CompletedProcess[str]


class Judge(Desk):
    """A desk that also only validates."""

    def validate(self, source: str | Path, *words: str | Path, env: Any = None) -> Done:
        """``onboard validate`` with this desk's configuration and folder of reports."""
        return self.onboard("validate", source, *words, "--config", self.config, "--out", self.out, env=env)


@pytest.fixture(scope="module")
def bank() -> Iterator[Bank]:
    """One bank without faults for all tests: each brings customers of its own."""
    with sandbox() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, bank: Bank) -> Judge:
    """A folder with a configuration for the bank: fast, approving by itself."""
    return at(tmp_path, bank)


def at(folder: Path, bank: Bank | None = None, extra: str = "") -> Judge:
    """Configure a desk in a folder."""
    folder.mkdir(exist_ok=True)
    made = Judge(folder=folder, bank=bank)
    made.configure(FAST + extra)
    return made


def customers(first: int, count: int) -> list[Row]:
    """Some customers of the sample."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))[first : first + count]


def text_of(rows: Sequence[Row]) -> str:
    """Rows as CSV with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, CANONICAL_COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as a CSV file."""
    path.write_bytes(text_of(rows).encode())
    return path


def at_once(*commands: Callable[[], Done]) -> list[Done]:
    """Run commands that have nothing to do with each other beside each other."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return [running.result() for running in [pool.submit(command) for command in commands]]


def faults(desk: Desk, severity: str = "error") -> set[tuple[str, str, str]]:
    """Row number, field and code of the lines of ``errors.csv``."""
    lines = desk.table("errors.csv")
    return {(line["row_number"], line["field"], line["code"]) for line in lines if line["severity"] == severity}


def dispositions(desk: Desk) -> list[str]:
    """What became of each row, in order."""
    return [row["disposition"] for row in desk.table("results.csv")]


def registrations(bank: Bank) -> dict[str, int]:
    """How often each e-mail address was registered, as the bank kept it."""
    return {customer["email"].casefold(): customer["registrations"] for customer in bank.record()["customers"]}


def received(bank: Bank) -> dict[str, int]:
    """Calls that the bank has received, by operation."""
    return {name: calls["received"] for name, calls in bank.record()["calls"].items()}


def assert_refused(done: Done, code: int, *said: str) -> None:
    """One message with a hint, the exit code, and no traceback."""
    assert_no_traceback(done)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("error: ") == 1, done.stderr
    assert "hint: " in done.stderr
    for word in said:
        assert word in done.stderr


def test_a_partners_file_is_onboarded_corrected_and_given_again(desk: Judge, bank: Bank, tmp_path: Path) -> None:
    """Good rows go through, planted faults come back as the partner wrote them, and corrected they are onboarded."""
    profile = ("--profile", PROFILE)
    done = desk.run(PARTNER, *profile)
    assert_no_traceback(done)
    assert done.returncode == 3, done.stderr
    planted = {(str(row), field, code) for row, (_, field, code, _) in make_partner.FAULTS.items()}
    assert desk.counts() == {"onboarded": make_partner.ROWS - len(planted), "rejected": len(planted)}
    assert faults(desk) == planted

    original = PARTNER.read_bytes().split(b"\r\n")
    rejects = (desk.out / "rejects" / PARTNER.name).read_bytes()
    lines = rejects.split(b"\r\n")
    assert lines[:2] == [line.encode("cp1252") for line in make_partner.PREAMBLE]
    assert lines[2] == original[2] + b";_err_row;_err_field;_err_code;_err_message"
    assert len(lines) == 3 + len(planted) + 1
    for line, number in zip(lines[3:-1], make_partner.FAULTS, strict=True):
        # The columns that nobody mapped are there, too; a last cell in quotes stays in its quotes.
        assert line.startswith(original[2 + number] + b";%d;" % number)

    corrected = tmp_path / "corrected.csv"
    for old, new in ((b";31.02.1985;", b";28.02.1985;"), (b"(at)", b"@"), (b";0711 12;", b";0711 2345151;")):
        assert rejects.count(old) == 1
        rejects = rejects.replace(old, new)
    corrected.write_bytes(rejects)
    done = desk.run(corrected, *profile)
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"onboarded": len(planted)}
    assert {times for email, times in registrations(bank).items() if email.startswith("kunde")} == {1}

    before = received(bank)
    assert desk.run(PARTNER, *profile).returncode == 0  # nobody needs to correct what was corrected
    assert desk.counts() == {"unchanged": make_partner.ROWS}
    assert desk.summary()["since_last_run"]["solved"] == len(planted)
    after = received(bank)
    assert {name for name in after if after[name] != before.get(name, 0)} <= OF_NO_CUSTOMER


def test_a_profile_is_proposed_that_loads(tmp_path: Path) -> None:
    """At most two fields are left open, the columns are those of the finished profile, and no file is overwritten."""
    desk = Judge(folder=tmp_path)
    out = tmp_path / "partner.toml"
    done = desk.onboard("profile", PARTNER, "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{out}\n", "")
    text = out.read_text(encoding="utf-8")
    assert sum("# OPEN" in line for line in text.splitlines()) <= 2
    assert load_profile(out).columns == load_profile(PROFILE).columns
    assert "kunde0" not in text

    assert_refused(desk.onboard("profile", PARTNER, "--out", out), 2, "is there already")
    assert out.read_text(encoding="utf-8") == text


def test_a_proposal_refuses_what_is_no_table(tmp_path: Path) -> None:
    """A folder, a PDF and an empty file: exit 7 with one message, and nothing is written."""
    desk = Judge(folder=tmp_path)
    folder, empty = tmp_path / "folder.csv", tmp_path / "empty.csv"
    folder.mkdir()
    empty.touch()
    out = tmp_path / "partner.toml"
    wrong = (folder, ROOT / "sample_data" / "documents" / "identity.pdf", empty)
    tries = at_once(*(lambda path=path: desk.onboard("profile", path, "--out", out) for path in wrong))
    for path, done in zip(wrong, tries, strict=True):
        assert_refused(done, 7, path.name)
    assert not out.exists()


def test_a_template_is_the_canonical_header(tmp_path: Path) -> None:
    """`onboard template` prints the header and nothing else; `--describe` has a line for every column."""
    desk = Judge(folder=tmp_path)
    plain, described = at_once(lambda: desk.onboard("template"), lambda: desk.onboard("template", "--describe"))
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, ",".join(CANONICAL_COLUMNS) + "\n", "")
    assert described.returncode == 0
    told = [line.split(" ")[0] for line in described.stdout.splitlines()]
    assert [word for word in told if word in CANONICAL_COLUMNS] == list(CANONICAL_COLUMNS)


def typed(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a warehouse keeps them: dates as dates, instants as instants, words as categories."""
    instants = pl.col(INSTANTS).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC", strict=True)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(CANONICAL_COLUMNS, pl.String))
    frame = frame.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
    return frame.with_columns(
        pl.col("date_of_birth").str.to_date(), instants, pl.col("category", "gender").cast(pl.Categorical)
    )


def workbook(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as a workbook, birth dates as dates."""
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, CANONICAL_COLUMNS)
        for place, row in enumerate(rows, start=1):
            for column, name in enumerate(CANONICAL_COLUMNS):
                if name == "date_of_birth":
                    sheet.write_datetime(place, column, datetime.fromisoformat(row[name]), day)
                elif row.get(name):
                    sheet.write_string(place, column, row[name])
    return path


def in_all_forms(folder: Path, rows: Sequence[Row]) -> dict[str, Path | str]:
    """The same rows as files of every kind that is read."""
    text = text_of(rows)
    forms: dict[str, Path | str] = {"plain": write(folder / "people.csv", rows)}
    for kind, name in (("gzip", "people.csv.gz"), ("zstd", "people.csv.zst")):
        forms[kind] = folder / name
        with packed(folder / name, kind) as stream:
            stream.write(text.encode())
    forms["utf16"] = folder / "people16.csv"
    (folder / "people16.csv").write_bytes(text.encode("utf-16"))
    forms["workbook"] = workbook(folder / "people.xlsx", rows)
    parts = folder / "parts"
    parts.mkdir()
    for place, part in enumerate((rows[:5], rows[5:])):
        typed(part).write_parquet(parts / f"part-{place}.parquet")
    forms["parts"] = str(parts / "*.parquet")
    return forms


def test_the_same_customers_in_any_form_end_alike(tmp_path: Path) -> None:
    """Packed, UTF-16, typed Parquet in two parts, a workbook: the same rows are rejected for the same reason."""
    rows = customers(100, 9)
    rows[1]["email"] = "nobody at example.com"
    rows[4]["date_of_birth"] = (date.today() - timedelta(days=3650)).isoformat()  # noqa: DTZ011 - ten years, any zone
    rows[7]["nationality"] = "Lituania"
    forms = in_all_forms(tmp_path, rows)
    desks = {kind: at(tmp_path / kind) for kind in forms}
    tries = at_once(*(lambda kind=kind: desks[kind].validate(forms[kind]) for kind in forms))
    for done in tries:
        assert_no_traceback(done)
        assert done.returncode == 3, done.stderr
    wrong = [(2, "email", "email_invalid"), (5, "date_of_birth", "birth_date_under_age")]
    expected = {(str(row), field, code) for row, field, code in [*wrong, (8, "nationality", "nationality_unknown")]}
    for kind, its in desks.items():
        assert its.counts() == {"rejected": 3, "pending": 6}, kind
        assert len(its.summary()["inputs"]) == (2 if kind == "parts" else 1)
        if kind != "parts":
            assert faults(its) == expected, kind
    parts = {(line["source"], line["row_number"], line["code"]) for line in desks["parts"].table("errors.csv")}
    assert parts == {
        ("part-0.parquet", "2", "email_invalid"),
        ("part-0.parquet", "5", "birth_date_under_age"),
        ("part-1.parquet", "3", "nationality_unknown"),
    }

    rejects = {kind: its.out / "rejects" for kind, its in desks.items()}
    plain = (rejects["plain"] / "people.csv").read_bytes()
    assert plain.count(b"\r\n") == 4
    assert gzip.decompress((rejects["gzip"] / "people.csv.gz").read_bytes()) == plain
    assert (rejects["zstd"] / "people.csv.zst").read_bytes().startswith(ZSTD_MAGIC)
    with opened(rejects["zstd"] / "people.csv.zst", "", MOST) as stream:
        assert stream.read() == plain
    assert (rejects["utf16"] / "people16.csv").read_bytes().decode("utf-16") == plain.decode()


def test_a_changed_row_is_named_or_parked(desk: Judge, bank: Bank, tmp_path: Path) -> None:
    """What was onboarded is `changed` by its column; an e-mail changed under way is parked with the reason."""
    rows = customers(120, 5)
    source = write(tmp_path / "people.csv", rows)
    assert desk.run(source, "--limit", "2").returncode == 0
    assert desk.run(source, "--until", "registration").returncode == 4
    assert dispositions(desk) == ["unchanged"] * 2 + ["pending"] * 3

    rows[0]["last_name"] += "-Nowak"
    rows[2]["email"] = "moved120@example.com"
    rows[3]["risk_level"] = "LOW"
    before = received(bank)["registerIndividual"]
    done = desk.run(write(source, rows))
    assert_no_traceback(done)
    assert done.returncode == 3, done.stderr
    assert dispositions(desk) == ["changed", "unchanged", "parked", "onboarded", "onboarded"]
    assert received(bank)["registerIndividual"] == before
    assert faults(desk) == {("1", "", "row_changed"), ("3", "email", "row_changed_after_registration")}
    changed, parked = desk.table("errors.csv")
    assert changed["message"].endswith(": last_name")
    assert parked["message"]
    assert parked["hint"]
    (waiting,) = desk.table("parked.csv")
    assert (waiting["row_number"], waiting["code"]) == ("3", "row_changed_after_registration")


def test_a_row_that_changed_after_a_final_failure_is_taken_up_again(desk: Judge, bank: Bank, tmp_path: Path) -> None:
    """Refused by the bank, a row stays failed without a call until it changes: then it is tried again."""
    rows = customers(130, 2)
    assert desk.run(write(tmp_path / "first.csv", rows)).returncode == 0
    other = at(tmp_path / "other", bank)
    moved = [row | {"external_id": f"N-{place}"} for place, row in enumerate(rows)]
    source = write(tmp_path / "moved.csv", moved)
    # Another ledger does not know whom the bank has: the bank refuses the addresses.
    assert other.run(source).returncode == 3
    assert dispositions(other) == ["failed", "failed"]
    moved[1]["phone"] = "+37061239999"
    moved[1]["email"] = "moved131@example.com"
    moved[0]["phone"] = "+37061239998"
    before = received(bank)["registerIndividual"]
    assert other.run(write(source, moved)).returncode == 3
    assert dispositions(other) == ["failed", "onboarded"]
    assert received(bank)["registerIndividual"] == before + 2
    assert other.run(source).returncode == 3
    assert dispositions(other) == ["failed", "unchanged"]
    assert received(bank)["registerIndividual"] == before + 2
    assert set(registrations(bank).values()) == {1}


def test_a_customer_of_an_earlier_run_is_not_registered_again(desk: Judge, bank: Bank, tmp_path: Path) -> None:
    """Under another number, by e-mail, phone with birth date, or document: rejected, and each run's reports stay."""
    rows = customers(140, 3)
    new = customers(144, 4)
    first = write(tmp_path / "a.csv", rows)
    assert desk.run(first).returncode == 0
    runs = [desk.summary()["run_id"]]
    for row in new:
        row["external_id"] = f"NEW-{row['external_id']}"
    new[0]["email"] = rows[0]["email"].upper()
    new[1] |= {name: rows[1][name] for name in ("phone", "date_of_birth")}
    new[2] |= {name: rows[2][name] for name in ("document_type", "document_number")}
    second = write(tmp_path / "b.csv", new)
    done = desk.run(second)
    assert_no_traceback(done)
    assert done.returncode == 3, done.stderr
    runs.append(desk.summary()["run_id"])
    assert dispositions(desk) == ["rejected"] * 3 + ["onboarded"]
    assert faults(desk) == {
        ("1", "email", "earlier_email"),
        ("2", "phone", "earlier_phone_and_birth_date"),
        ("3", "document_number", "earlier_document_number"),
    }
    with (desk.out / "rejects" / "b.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["_err_row"] for row in csv.DictReader(stream)] == ["1", "2", "3"]
    known = registrations(bank)
    assert [known.get(row["email"].casefold(), 0) for row in (*rows, *new)] == [1, 1, 1, 1, 0, 0, 1]

    seen = {"b": {name: (desk.out / name).read_bytes() for name in ("results.csv", "rejects/b.csv")}}
    seen["b faults"] = {"": repr(faults(desk)).encode()}
    assert desk.run(first).returncode == 0
    assert desk.counts() == {"unchanged": 3}
    again = at(tmp_path / "again", bank)
    reports = at_once(
        *(
            lambda run=run: desk.onboard("report", run, "--config", desk.config, "--out", again.folder / run)
            for run in runs
        )
    )
    assert [done.returncode for done in reports] == [0, 0], [done.stderr for done in reports]
    of_a, of_b = (Judge(folder=again.folder / run) for run in runs)
    assert _results(of_a.folder) == ["onboarded"] * 3
    assert not (of_a.folder / "rejects").exists()
    for name, content in seen["b"].items():
        assert (of_b.folder / name).read_bytes() == content


def _results(folder: Path) -> list[str]:
    with (folder / "results.csv").open(encoding="utf-8", newline="") as stream:
        return [row["disposition"] for row in csv.DictReader(stream)]


def test_probable_duplicates_are_told_or_refused(desk: Judge, bank: Bank, tmp_path: Path) -> None:
    """Nearly the same name and the same birth date: a warning that costs nothing, or a reject if so set."""
    rows = customers(160, 3)
    rows[0] |= {"first_name": "Katharina", "last_name": "Schröder"}
    rows[2] |= {"first_name": "Katarina", "last_name": "Schroeder", "date_of_birth": rows[0]["date_of_birth"]}
    source = write(tmp_path / "people.csv", rows)
    by_file = at(tmp_path / "file", bank, "[intake]\nreject_probable_duplicates = true\n")
    by_variable = at(tmp_path / "variable", bank)
    strict = {"ONBOARD_INTAKE__REJECT_PROBABLE_DUPLICATES": "true"}
    told = {("1", "last_name", "probable_duplicate"), ("3", "last_name", "probable_duplicate")}
    tries = at_once(lambda: by_file.validate(source), lambda: by_variable.validate(source, env=strict))
    assert [done.returncode for done in tries] == [3, 3]
    for its in (by_file, by_variable):
        assert its.counts() == {"rejected": 2, "pending": 1}
        assert faults(its) == told
    done = desk.run(source)
    assert done.returncode == 0, done.stderr
    assert desk.counts() == {"onboarded": 3}
    assert faults(desk, "warning") == told
    assert faults(desk) == set()


def test_a_wrong_profile_is_one_message(tmp_path: Path) -> None:
    """An unknown key and a missing profile are exit 2, a column that the file lacks is exit 7; the nearest is named."""
    text = PROFILE.read_text(encoding="utf-8")
    wrong = {
        "key.toml": text.replace("phone_region =", "phone_regoin ="),
        "column.toml": text.replace('email = "E-Mail"', 'email = "E-Mal"'),
    }
    for name, content in wrong.items():
        assert content != text
        (tmp_path / name).write_text(content, encoding="utf-8")
    names = (*wrong, "nobody.toml")
    desks = [at(tmp_path / str(place)) for place in range(len(names))]
    key, column, nobody = at_once(
        *(
            lambda its=its, name=name: its.validate(PARTNER, "--profile", tmp_path / name)
            for its, name in zip(desks, names, strict=True)
        )
    )
    assert_refused(key, 2, "formats.phone_regoin", "formats.phone_region")
    assert_refused(column, 7, "E-Mal", "E-Mail")
    assert_refused(nobody, 2, "nobody.toml")
    assert not any(its.out.exists() for its in desks)


def test_a_packed_file_that_is_too_large_or_cut_is_refused(tmp_path: Path) -> None:
    """A file that unpacks beyond its bound, and one that was not copied whole: exit 7, one message."""
    text = text_of(customers(200, 40)).encode()
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(text + b"\n" * 20_000_000))
    for kind, name in (("gzip", "cut.csv.gz"), ("zstd", "cut.csv.zst")):
        with packed(tmp_path / name, kind) as stream:
            stream.write(text)
        os.truncate(tmp_path / name, (tmp_path / name).stat().st_size - 100)
    names = ("bomb.csv.gz", "cut.csv.gz", "cut.csv.zst")
    desk = at(tmp_path / "desk", None, f"[intake]\nmax_unpacked_bytes = {MOST}\n")
    bomb, *cut = at_once(*(lambda name=name: desk.validate(tmp_path / name) for name in names))
    assert_refused(bomb, 7, "bomb.csv.gz", "1,000,000", "intake.max_unpacked_bytes")
    for done in cut:
        assert_refused(done, 7, "cut.csv", "broken archive")
    assert not desk.out.exists()


def test_lines_of_rubbish_end_long_before_the_end_of_the_file(tmp_path: Path) -> None:
    """Millions of malformed records in a small archive are a wrong file: exit 7, one message, nothing written.

    The archive is cut off, and nobody notices: it was not read that far.
    """
    path = tmp_path / "rubbish.csv.gz"
    path.write_bytes(gzip.compress(text_of(customers(1, 41)).encode() + "rübbish\n".encode() * 3_000_000)[:-100])
    desk = at(tmp_path / "desk")
    done = desk.validate(path)
    assert_refused(done, 7, "rubbish.csv.gz", "29,959 of its first 30,000 records", "intake.max_malformed_percent")
    assert not desk.out.exists()
