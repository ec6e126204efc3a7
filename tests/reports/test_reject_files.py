import os
import resource
from pathlib import Path

import pytest

from finhub_onboard.intake.rejects import RejectMark
from finhub_onboard.intake.second_pass import judge_batches
from finhub_onboard.reports.files import folder
from finhub_onboard.reports.files.folder import ReportFolder, ReportsError
from finhub_onboard.reports.reject_files import RejectFiles
from tests.intake.helpers import a_row, rules, write
from tests.intake.helpers import judged as surveyed

MARKS = {1: [RejectMark(field="email", code="c", message="m")]}


def feed(folder: ReportFolder, *inputs: Path) -> None:
    """Mark the first row of each input."""
    found = surveyed(*inputs)[0]
    with RejectFiles(found, folder) as rejects:
        for batch in judge_batches(found, rules(), batch_rows=9):
            rejects.add(batch, MARKS if batch.source != "good.csv" else {})
        rejects.close()


def test_each_input_with_rejects_has_its_file(tmp_path: Path) -> None:
    """Rejects lie under their input's name in the folder's hidden files; an input without any has none."""
    inputs = [write(tmp_path / f"{name}.csv", [a_row(n)]) for n, name in enumerate(("one", "good", "two"))]
    with ReportFolder(tmp_path / "out") as folder:
        feed(folder, *inputs)
        hidden = list((tmp_path / "out" / "rejects").iterdir())
        texts = sorted(path.read_text(encoding="utf-8") for path in hidden)
        assert [text.split("\n")[1].split(",")[0] for text in texts] == ["C-0", "C-2"]
        assert all(text.count("\n") == 2 for text in texts)
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in hidden)


def test_rejects_of_many_inputs_need_no_more_descriptors_than_those_of_one(tmp_path: Path) -> None:
    """They are written after all was sent: a process that may open a few files more writes them all."""
    inputs = [write(tmp_path / f"{number}.csv", [a_row(number)]) for number in range(60)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the folder itself is one of them
    with ReportFolder(tmp_path / "out") as folder:
        found = surveyed(*inputs)[0]
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, hard))
        try:
            with RejectFiles(found, folder) as rejects:
                for batch in judge_batches(found, rules(), batch_rows=9):
                    rejects.add(batch, MARKS)
                rejects.close()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert len(list((tmp_path / "out" / "rejects").iterdir())) == 60


def test_a_full_disk_is_said_plainly_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up under the rejects is one error that says what to do; no half of a file stays."""
    path = write(tmp_path / "one.csv", [a_row(1)])
    reserve = ReportFolder.reserve

    def full(folder: ReportFolder, name: str) -> Path:
        hidden = reserve(folder, name)
        hidden.unlink()
        hidden.symlink_to("/dev/full")
        return hidden

    monkeypatch.setattr(folder.ReportFolder, "reserve", full)

    def run() -> None:
        with ReportFolder(tmp_path / "out") as folder:
            feed(folder, path)

    with pytest.raises(ReportsError, match="No space left on device"):
        run()
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
