import csv
import errno
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import NoReturn

import pytest

from finhub_onboard.errors import ConfigurationError, ExitCode, LockedError
from finhub_onboard.model import Disposition, Severity
from finhub_onboard.reports.files import table
from finhub_onboard.reports.files.folder import ReportFolder, ReportsError, atomic_write
from finhub_onboard.reports.files.rows import Doubtful, ErrorLine, Outcome, Result, Waiting, from_cell
from finhub_onboard.reports.files.totals import RateSummary, Summary

SUMMARY = Summary(
    run_id="r1", exit_code=0, rows_read=1, dispositions={}, inputs=(), calls={}, rate=RateSummary(),
    started_at="", finished_at="", versions={},
)  # fmt: skip
WAITING = Waiting(
    source="a.csv", row_number=1, external_id="x", first_name="Ann", last_name="Lee", email="a@example.org",
    phone="+41791234567", phase="approval", code="c", message="m", hint="h",
)  # fmt: skip
DOUBTFUL = Doubtful(**asdict(WAITING), question="Is it?")


def result(external_id: str = "x", message: str = "") -> Result:
    """Make a line of results.csv."""
    return Result(
        source="a.csv", row_number=1, external_id=external_id, disposition=Disposition.ONBOARDED, message=message
    )


def error(external_id: str = "x") -> ErrorLine:
    """Make a line of errors.csv."""
    return ErrorLine(
        source="a.csv", row_number=1, external_id=external_id, stage="intake", field="", code="c", message="m"
    )


def names(folder: Path) -> set[str]:
    """Name all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def mode(path: Path) -> int:
    """Read the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Set the umask for a test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_files_are_private_under_any_umask(tmp_path: Path) -> None:
    """Every file is 0600 and every new folder 0700, parents too, whether the umask is lax or harsh."""
    out = tmp_path / "out" / "run"
    with ReportFolder(out) as folder:
        folder.feed_result(result())
        folder.feed_parked(WAITING)
        folder.feed_in_doubt(DOUBTFUL)
        folder.reserve("rejects/a.csv").write_text("kept\n")
        hidden = [path for path in out.rglob(".*") if path.is_file()]
        assert len(hidden) == 6
        assert {mode(path) for path in hidden} == {0o600}
        placed = folder.finish(SUMMARY, "<p>")
    assert {mode(path) for path in placed} == {0o600}
    assert {mode(path) for path in (out.parent, out, out / "rejects")} == {0o700}
    expected = {"results.csv", "errors.csv", "parked.csv", "in_doubt.csv", "rejects/a.csv", "report.html"}
    assert names(out) == {*expected, "summary.json"}


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    """A folder that was there before belongs to somebody else and is not changed."""
    tmp_path.chmod(0o755)
    with ReportFolder(tmp_path) as folder:
        folder.finish(SUMMARY, "")
    assert mode(tmp_path) == 0o755


def test_results_and_errors_always_the_others_only_when_there_is_something(tmp_path: Path) -> None:
    """A run without rows that wait leaves no parked.csv and no in_doubt.csv."""
    with ReportFolder(tmp_path) as folder:
        folder.feed_result(result())
        folder.feed_error(error())
        assert folder.lines == {"results.csv": 1, "errors.csv": 1, "parked.csv": 0, "in_doubt.csv": 0}
        folder.finish(SUMMARY, "<p>page</p>")
    assert names(tmp_path) == {"results.csv", "errors.csv", "summary.json", "report.html"}
    assert (tmp_path / "report.html").read_text() == "<p>page</p>"
    assert json.loads((tmp_path / "summary.json").read_bytes())["run_id"] == "r1"


def test_final_errors_come_first(tmp_path: Path) -> None:
    """In the order in which they were fed; then those that were overcome, with warnings between them."""
    fed = [
        replace(error("C-1"), outcome=Outcome.OVERCOME),
        replace(error("C-2"), outcome=Outcome.FINAL),
        replace(error("C-3"), severity=Severity.WARNING),
        replace(error("C-4"), outcome=Outcome.OVERCOME),
        replace(error("C-5"), outcome=Outcome.FINAL),
    ]
    with ReportFolder(tmp_path) as folder:
        for line in fed:
            folder.feed_error(line)
        folder.feed_error_lines(["final\n"], ["warning\n"])
        assert folder.lines["errors.csv"] == len(fed) + 2
        folder.finish(SUMMARY, "")
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["external_id"] for row in rows if row["external_id"]] == ["C-2", "C-5", "C-1", "C-3", "C-4"]
    assert [row["source"] for row in rows if not row["external_id"]] == ["final", "warning"]
    assert names(tmp_path) == {"results.csv", "errors.csv", "summary.json", "report.html"}


def test_csv_is_utf8_with_plain_line_ends_and_reads_back(tmp_path: Path) -> None:
    """Lines end in a newline, quotes guard commas and line breaks, and hostile ids come back as they were."""
    ids = ['a,"b"', "-17", "=cmd|' /C calc'!A0", "two\nlines", "cr\rhere", "Zoë 北京", "bad\udcff"]
    with ReportFolder(tmp_path) as folder:
        for external_id in ids:
            folder.feed_result(result(external_id))
        folder.finish(SUMMARY, "")
    data = (tmp_path / "results.csv").read_bytes()
    assert b"\r\n" not in data
    assert data.endswith(b"\n")
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        read = [row["external_id"] for row in csv.DictReader(file)]
    assert [from_cell(cell) for cell in read] == [*ids[:-1], "bad\\udcff"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in read)


def test_nothing_changes_before_finish_and_leaving_takes_the_rest_away(tmp_path: Path) -> None:
    """A run that dies on its way leaves the earlier reports whole and no hidden file."""
    (tmp_path / "results.csv").write_text("earlier\n")
    (tmp_path / "parked.csv").write_text("earlier\n")

    def die() -> None:
        with ReportFolder(tmp_path) as folder:
            folder.feed_result(result())
            folder.feed_parked(WAITING)
            folder.reserve("rejects/a.csv").write_text("half")
            assert (tmp_path / "results.csv").read_text() == "earlier\n"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert names(tmp_path) == {"results.csv", "parked.csv"}
    assert (tmp_path / "parked.csv").read_text() == "earlier\n"


def earlier_run(out: Path) -> None:
    """Leave what an earlier run leaves that had rows of every kind."""
    with ReportFolder(out) as folder:
        folder.feed_parked(WAITING)
        folder.feed_in_doubt(DOUBTFUL)
        for name in ("a.csv", "b.csv"):
            folder.reserve(f"rejects/{name}").write_text("earlier\n")
        folder.finish(SUMMARY, "")


def test_files_of_an_earlier_run_go_unless_they_are_inputs(tmp_path: Path) -> None:
    """Stale parked, in-doubt and rejects files would be taken for news; the run's own inputs stay."""
    earlier_run(tmp_path)
    with ReportFolder(tmp_path, keep=[tmp_path / "rejects" / "b.csv"]) as folder:
        folder.finish(SUMMARY, "")
    assert names(tmp_path) == {"results.csv", "errors.csv", "summary.json", "report.html", "rejects/b.csv"}
    with ReportFolder(tmp_path) as folder:
        folder.finish(SUMMARY, "")
    assert not (tmp_path / "rejects").exists()


def test_files_that_appear_during_the_run_are_not_stale(tmp_path: Path) -> None:
    """A rejects file that somebody else of this run puts in place itself stays."""
    earlier_run(tmp_path)
    with ReportFolder(tmp_path) as folder:
        atomic_write(tmp_path / "rejects" / "a.csv", b"new\n")
        folder.finish(SUMMARY, "")
    assert (tmp_path / "rejects" / "a.csv").read_bytes() == b"new\n"
    assert not (tmp_path / "rejects" / "b.csv").exists()


def test_a_file_that_a_person_edited_is_not_lost(tmp_path: Path) -> None:
    """Work of a person in a report file is neither removed nor overwritten: it is set aside under another name."""
    earlier_run(tmp_path)
    later = (tmp_path / "summary.json").stat().st_mtime_ns + 10**9
    for path in (tmp_path / "in_doubt.csv", tmp_path / "rejects" / "a.csv"):
        path.write_text("answers\n")
        os.utime(path, ns=(later, later))
    with ReportFolder(tmp_path) as folder:
        folder.feed_in_doubt(DOUBTFUL)
        folder.finish(SUMMARY, "")
    assert (tmp_path / "rejects" / "a.csv").read_text() == "answers\n"
    assert "a@example.org" in (tmp_path / "in_doubt.csv").read_text()
    (aside,) = tmp_path.glob("in_doubt.edited-*.csv")
    assert aside.read_text() == "answers\n"


def test_a_rejects_file_never_overwrites_an_input_or_another(tmp_path: Path) -> None:
    """Corrected rejects given as input, and two inputs of one name, get numbered rejects files."""
    earlier_run(tmp_path)
    given = tmp_path / "rejects" / "a.csv"
    with ReportFolder(tmp_path, keep=[given]) as folder:
        for text in ("two", "three"):
            folder.reserve("rejects/a.csv").write_text(text)
        folder.finish(SUMMARY, "")
    assert given.read_text() == "earlier\n"
    assert (tmp_path / "rejects" / "a-2.csv").read_text() == "two"
    assert (tmp_path / "rejects" / "a-3.csv").read_text() == "three"


@pytest.mark.parametrize("length", [1, 4, 241, 242, 255])
@pytest.mark.parametrize("ending", ["", ".csv", ".csv.gz"])
def test_a_name_of_any_length_can_be_written_twice(tmp_path: Path, length: int, ending: str) -> None:
    """Inputs of one name that is as long as a name can be have two rejects files, in whole characters."""
    name = "ü" * ((length - len(ending)) // 2) + "x" * ((length - len(ending)) % 2) + ending
    if len(name.encode()) != length:
        pytest.skip("the ending alone is longer")
    with ReportFolder(tmp_path) as folder:
        for text in ("one", "two"):
            folder.reserve(f"rejects/{name}").write_text(text)
        folder.finish(SUMMARY, "")
    (other,) = names(tmp_path / "rejects") - {name}
    assert (tmp_path / "rejects" / name).read_text() == "one"
    assert (tmp_path / "rejects" / other).read_text() == "two"
    assert "-2" in other


@pytest.mark.parametrize("name", ["x" * 251 + ".csv", "x." + "y" * 253], ids=["a long stem", "a long ending"])
def test_a_long_file_that_a_person_edited_is_set_aside(tmp_path: Path, name: str) -> None:
    """Also where the name has no room for the word that is added to it."""
    with ReportFolder(tmp_path) as folder:
        folder.reserve(f"rejects/{name}").write_text("one")
        folder.finish(SUMMARY, "")
    edited = tmp_path / "rejects" / name
    edited.write_text("answers")
    later = (tmp_path / "summary.json").stat().st_mtime_ns + 10**9
    os.utime(edited, ns=(later, later))
    with ReportFolder(tmp_path) as folder:
        folder.reserve(f"rejects/{name}").write_text("two")
        folder.finish(SUMMARY, "")
    (aside,) = names(tmp_path / "rejects") - {name}
    assert (tmp_path / "rejects" / aside).read_text() == "answers"
    assert edited.read_text() == "two"


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    """An input's name that climbs does not place a file elsewhere."""
    with ReportFolder(tmp_path / "out") as folder, pytest.raises(ValueError, match="outside"):
        folder.reserve("rejects/../../a.csv")


def test_an_input_in_the_place_of_a_report_is_refused(tmp_path: Path) -> None:
    """An input that this run would overwrite is a wrong command, found before anything happens."""
    with pytest.raises(ConfigurationError, match=r"results\.csv"):
        ReportFolder(tmp_path, keep=[tmp_path / "results.csv"])


def test_one_process_at_a_time_and_leftovers_of_a_killed_one_go(tmp_path: Path) -> None:
    """A second writer is refused; hidden files that a killed writer left are removed by the next."""
    (tmp_path / ".parked.csv.00000000.tmp").write_text("personal")
    with ReportFolder(tmp_path):
        assert not (tmp_path / ".parked.csv.00000000.tmp").exists()
        with pytest.raises(LockedError, match="another process"), ReportFolder(tmp_path):
            pass
    with ReportFolder(tmp_path):
        pass


def full(*_: object) -> NoReturn:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def assert_plain(caught: pytest.ExceptionInfo[ReportsError], name: str) -> None:
    """Check what a person gets to read."""
    assert str(caught.value).endswith(f"{name}: No space left on device")
    assert "onboard report" in caught.value.hint
    assert caught.value.exit_code is ExitCode.STOPPED_EARLY


def test_a_full_disk_while_feeding_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real ENOSPC while lines stream: one plain error with the next step, the earlier reports untouched."""
    (tmp_path / "results.csv").write_text("earlier\n")

    def on_full_device(path: Path) -> int:
        path.touch()
        return os.open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(table, "create", on_full_device)

    def feed() -> None:
        with ReportFolder(tmp_path) as folder:
            for _ in range(10_000):
                folder.feed_result(result())

    with pytest.raises(ReportsError) as caught:
        feed()
    assert_plain(caught, "results.csv")
    assert names(tmp_path) == {"results.csv"}
    assert (tmp_path / "results.csv").read_text() == "earlier\n"


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_at_the_end_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The disk fills up when buffers are flushed or files are moved: the same plain error, no hidden file left."""
    target = os if name == "fsync" else Path

    def end() -> None:
        with ReportFolder(tmp_path) as folder:
            folder.feed_result(result())
            monkeypatch.setattr(target, name, full)
            folder.finish(SUMMARY, "")

    with pytest.raises(ReportsError, match="No space left on device"):
        end()
    assert names(tmp_path) == set()


def test_a_place_that_cannot_be_a_folder_is_said_plainly(tmp_path: Path) -> None:
    """A file in the place of the folder gives a message with the path, not a traceback."""
    (tmp_path / "out").write_text("")
    with pytest.raises(ReportsError, match="a file is in the place of this folder"), ReportFolder(tmp_path / "out"):
        pass


def test_no_permission_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be written gives the system's reason and what to do."""

    def denied(*_: object, **__: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(ReportsError, match="Permission denied") as caught, ReportFolder(tmp_path / "out"):
        pass
    assert "--out" in caught.value.hint


def test_atomic_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is replaced with the mode 0600; if that fails the earlier file stays and nothing is left beside it."""
    path = tmp_path / "summary.json"
    path.write_bytes(b"earlier")
    path.chmod(0o644)
    atomic_write(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportsError) as caught:
        atomic_write(path, b"newer")
    assert_plain(caught, "summary.json")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"summary.json"}
