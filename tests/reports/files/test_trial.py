import errno
import os
from pathlib import Path

import pytest

from finhub_onboard.errors import ConfigurationError, LockedError
from finhub_onboard.reports.files import trial
from finhub_onboard.reports.files.folder import ReportFolder
from finhub_onboard.reports.files.trial import writable


def test_a_trial_leaves_nothing(tmp_path: Path) -> None:
    """A folder that can be used is made and empty afterwards; what was in it is untouched."""
    out = tmp_path / "above" / "out"
    writable(out, rejects=["a.csv"], rows=10)
    assert list(out.rglob("*")) == []
    (out / "rejects").mkdir()
    (out / "rejects" / "a.csv").write_text("work of a person")
    writable(out, rejects=["a.csv", "b.csv"], rows=10)
    assert [path.name for path in out.rglob("*")] == ["rejects", "a.csv"]
    assert (out / "rejects" / "a.csv").read_text() == "work of a person"


@pytest.mark.parametrize("place", ["out", "out/rejects"])
def test_a_file_in_the_place_of_a_folder_is_found(tmp_path: Path, place: str) -> None:
    """Also where rejects go, which only a run with a reject would notice."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("")
    with pytest.raises(ConfigurationError, match="a file is in the place of this folder; nothing was sent") as caught:
        writable(tmp_path / "out", rejects=["a.csv"], rows=1)
    assert "--out" in caught.value.hint


@pytest.mark.parametrize("name", ["results.csv", "in_doubt.csv", "summary.json", "rejects/a.csv"])
def test_a_folder_in_the_place_of_a_report_is_found(tmp_path: Path, name: str) -> None:
    """No file could be moved there."""
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=f"{name}: a folder is in the place of this file"):
        writable(tmp_path, rejects=["a.csv"], rows=1)


def test_a_name_that_is_too_long_is_found(tmp_path: Path) -> None:
    """255 bytes are a name, 256 are none."""
    writable(tmp_path, rejects=["ü" * 127 + "x"], rows=1)
    with pytest.raises(ConfigurationError, match="File name too long"):
        writable(tmp_path, rejects=["ü" * 128], rows=1)


def test_a_path_that_is_too_long_is_found(tmp_path: Path) -> None:
    """The folder may be possible, and what lies in it not."""
    most = os.pathconf(tmp_path, "PC_PATH_MAX")
    out = tmp_path
    while len(str(out)) < most - 300:  # what is left for one more name is no longer than a name may be
        out /= "d" * 100
    out /= "d" * (most - len(str(out)) - 100)
    writable(out, rejects=["a.csv"], rows=1)
    with pytest.raises(ConfigurationError, match="File name too long"):
        writable(out, rejects=["a" * 100], rows=1)


def test_too_little_room_is_found(tmp_path: Path) -> None:
    """The room that rows need is asked for, with figures."""
    disk = os.statvfs(tmp_path)
    rows = disk.f_bavail * disk.f_frsize // 256 + 1
    with pytest.raises(ConfigurationError, match=r"No space left on device: about [\d,]+ KB are needed, [\d,]+ KB"):
        writable(tmp_path, rejects=[], rows=rows)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO])
def test_room_that_cannot_be_taken_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A quota shows only when bytes are asked for; nothing is left of the trial."""

    def refused(*_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refused, raising=False)
    with pytest.raises(ConfigurationError, match=os.strerror(code)):
        writable(tmp_path, rejects=[], rows=1)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_cannot_allocate_is_good_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a few bytes on the disk must do."""

    def unknown(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", unknown, raising=False)
    writable(tmp_path, rejects=[], rows=1)
    monkeypatch.delattr(os, "posix_fallocate")
    writable(tmp_path, rejects=[], rows=1)


def test_a_trial_never_takes_more_than_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of rows are tried with a part of their room."""
    sizes: list[int] = []
    monkeypatch.setattr(os, "posix_fallocate", lambda _fd, _at, size: sizes.append(size), raising=False)
    writable(tmp_path, rejects=[], rows=100)
    writable(tmp_path, rejects=[], rows=1_000_000)
    assert sizes == [128 * 1024 + 100 * 256, trial._MAX_ALLOCATED_BYTES]


def test_an_input_in_the_place_of_a_report_is_found(tmp_path: Path) -> None:
    """A run would write its results over it."""
    given = tmp_path / "results.csv"
    given.write_text("rows")
    with pytest.raises(ConfigurationError, match="lies where this run writes its"):
        writable(tmp_path, rejects=[], rows=1, keep=[given])
    assert given.read_text() == "rows"


def test_a_folder_that_another_process_writes_into_is_left_alone(tmp_path: Path) -> None:
    """Its hidden files are not this process's to remove."""
    with ReportFolder(tmp_path), pytest.raises(LockedError, match="another process"):
        writable(tmp_path, rejects=[], rows=1)
