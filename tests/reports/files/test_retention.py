import json
import os
from pathlib import Path

import pytest

from finhub_onboard.reports.files.retention import Retention

NOW = 1_800_000_000.0
OLD = NOW - 1
NEW = NOW + 1
RETENTION = Retention(ledger="ours", before=NOW, by_run="now", keep_days=30)
PERSONAL = ("parked.csv", "in_doubt.csv", "rejects/book.csv", "incomplete/book.csv")


def reports(folder: Path, *, ledger: str = "ours", run_id: str = "r1", at: float = OLD) -> Path:
    """A folder of reports, all of whose files are of a time."""
    made = folder / run_id
    for name in ("rejects", "incomplete"):
        (made / name).mkdir(parents=True)
    names = [*PERSONAL, "results.csv", "report.html"]
    summary = {"run_id": run_id, "ledger": ledger, "inputs": [{"source": "book.csv"}], "files": names}
    (made / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    for name in names:
        write(made / name, at=at)
    return made


def write(path: Path, *, at: float = OLD) -> Path:
    """Write a file of a time."""
    path.write_text("x", encoding="utf-8")
    os.utime(path, (at, at))
    return path


def left(folder: Path) -> set[str]:
    """The files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


KEPT = {"results.csv", "report.html", "summary.json"}


def test_personal_data_goes_and_the_deletion_is_recorded(tmp_path: Path) -> None:
    """Counts and results stay; the record says what was deleted, when, by which run and after how many days."""
    folder = reports(tmp_path)
    assert RETENTION.apply([folder, folder]) == 4
    assert left(folder) == {*KEPT, "deleted.json"}
    assert not (folder / "rejects").exists()
    (record,) = json.loads((folder / "deleted.json").read_text(encoding="utf-8"))
    assert (record["by_run"], record["keep_days"], sorted(record["files"])) == ("now", 30, sorted(PERSONAL))
    assert RETENTION.apply([folder]) == 0
    write(folder / "parked.csv")
    assert RETENTION.apply([folder]) == 1
    assert len(json.loads((folder / "deleted.json").read_text(encoding="utf-8"))) == 2


def test_what_is_newer_stays(tmp_path: Path) -> None:
    """The days count from when a file was last written: a person may be correcting it."""
    folder = reports(tmp_path)
    write(folder / "rejects" / "book.csv", at=NEW)
    assert RETENTION.apply([folder]) == 3
    assert left(folder) == {*KEPT, "deleted.json", "rejects/book.csv"}


@pytest.mark.parametrize("ledger", ["another's", "", "ours"])
def test_reports_of_another_ledger_are_not_ours(ledger: str, tmp_path: Path) -> None:
    """Two jobs may share a folder; those of a check have no ledger, and rejects all the same."""
    folder = reports(tmp_path, ledger=ledger)
    assert RETENTION.apply([folder]) == (0 if ledger == "another's" else 4)


def test_a_file_of_that_name_that_no_run_wrote_stays(tmp_path: Path) -> None:
    """Somebody keeps notes beside the reports."""
    folder = reports(tmp_path)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    summary["files"].remove("parked.csv")
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    assert RETENTION.apply([folder]) == 3
    assert left(folder) == {*KEPT, "deleted.json", "parked.csv"}


def test_what_a_killed_run_left_half_written_goes(tmp_path: Path) -> None:
    """It has no summary, and rows of the input; files of others and what is newer stay."""
    folder = tmp_path / "r1"
    (folder / "rejects").mkdir(parents=True)
    write(folder / "rejects" / f".{'ab' * 8}.tmp")
    write(folder / f".{'cd' * 8}.tmp")
    write(folder / f".{'ef' * 8}.tmp", at=NEW)
    write(folder / ".notes.tmp")
    assert RETENTION.apply([folder]) == 2
    assert left(folder) == {f".{'ef' * 8}.tmp", ".notes.tmp"}


def test_files_of_others_stay(tmp_path: Path) -> None:
    """What the run did not write is left, but for what it renamed because it had been edited."""
    folder = reports(tmp_path)
    write(folder / "rejects" / "notes.csv")
    write(folder / "rejects" / "book.edited-12ab.csv")
    write(folder / "rejects" / "notes.edited-12ab.csv")
    assert RETENTION.apply([folder]) == 5
    assert left(folder) == {*KEPT, "deleted.json", "rejects/notes.csv", "rejects/notes.edited-12ab.csv"}


def test_reports_of_older_versions_did_not_name_their_files(tmp_path: Path) -> None:
    """The rejects of the inputs that they name are theirs."""
    folder = reports(tmp_path)
    old = {"run_id": "r1", "ledger": "ours", "inputs": [{"source": "book.csv"}]}
    (folder / "summary.json").write_text(json.dumps(old), encoding="utf-8")
    assert RETENTION.apply([folder]) == 4


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A link inside leads nowhere, and neither does one in the place of the folder or of its summary."""
    elsewhere = reports(tmp_path / "elsewhere")
    linked = tmp_path / "linked"
    linked.symlink_to(elsewhere)
    folder = reports(tmp_path)
    for path in (folder / "rejects").iterdir():
        path.unlink()
    (folder / "rejects").rmdir()
    (folder / "rejects").symlink_to(elsewhere / "rejects")
    (folder / "parked.csv").unlink()
    (folder / "parked.csv").symlink_to(elsewhere / "parked.csv")
    assert RETENTION.apply([linked, folder]) == 2
    assert left(elsewhere) == {*KEPT, *PERSONAL}
    assert (folder / "parked.csv").is_symlink()


def test_the_runs_own_reports_and_inputs_stay(tmp_path: Path) -> None:
    """A rejects file that is being run is an input, however old it is."""
    folder = reports(tmp_path)
    own = reports(tmp_path, run_id="now")
    keep = Retention(ledger="ours", before=NOW, by_run="now", keep_days=30, keep=[folder / "rejects" / "book.csv"])
    assert keep.apply([folder, own]) == 3
    assert "rejects/book.csv" in left(folder)
    assert left(own) == {*KEPT, *PERSONAL}


@pytest.mark.parametrize("summary", ["", "[]", "{}", "\u0000"])
def test_a_folder_that_is_no_report_is_left(summary: str, tmp_path: Path) -> None:
    """Nothing is deleted where nothing says that it is ours."""
    folder = reports(tmp_path)
    (folder / "summary.json").write_text(summary, encoding="utf-8")
    assert RETENTION.apply([folder, tmp_path / "none"]) == 0
    assert left(folder) == {*KEPT, *PERSONAL}


def test_rejects_of_a_run_without_any_are_a_persons(tmp_path: Path) -> None:
    """A file with the input's name that the run did not write is not deleted."""
    folder = reports(tmp_path)
    none = {"run_id": "r1", "ledger": "ours", "inputs": [{"source": "book.csv"}], "files": ["results.csv"]}
    (folder / "summary.json").write_text(json.dumps(none), encoding="utf-8")
    RETENTION.apply([folder])
    assert (folder / "rejects" / "book.csv").exists()


def test_names_that_cannot_be_shown_are_known_again(tmp_path: Path) -> None:
    """The summary has the name as it can be shown, the file its real one."""
    folder = reports(tmp_path)
    write(folder / "rejects" / "a\u202eb.csv")
    told = {"run_id": "r1", "ledger": "ours", "inputs": [], "files": ["rejects/a\\u202eb.csv"]}
    (folder / "summary.json").write_text(json.dumps(told), encoding="utf-8")
    RETENTION.apply([folder])
    assert [path.name for path in (folder / "rejects").iterdir()] == ["book.csv"]
