import errno
from pathlib import Path

import pytest

from finhub_onboard.reports.files.latest import point_to


def reports(folder: Path, name: str) -> Path:
    """A folder of reports."""
    made = folder / name
    made.mkdir()
    return made


def test_it_leads_to_the_newest(tmp_path: Path) -> None:
    """The name is replaced, leads to a neighbour whatever the path above, and leaves nothing beside."""
    for name in ("r1", "r2"):
        point_to(reports(tmp_path, name))
        assert (tmp_path / "latest").readlink() == Path(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "r1", "r2"]


def test_a_link_into_nothing_is_replaced(tmp_path: Path) -> None:
    """Somebody removed the folder of the last run."""
    (tmp_path / "latest").symlink_to("gone")
    point_to(reports(tmp_path, "r1"))
    assert (tmp_path / "latest").readlink() == Path("r1")


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_not_ours_is_left(what: str, tmp_path: Path) -> None:
    """A person's own file or folder of that name stays as it is."""
    place = tmp_path / "latest"
    if what == "file":
        place.write_text("mine", encoding="utf-8")
    else:
        place.mkdir()
    with pytest.raises(FileExistsError):
        point_to(reports(tmp_path, "r1"))
    assert place.is_dir() == (what == "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "r1"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_without_links_a_file_names_the_folder(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some mounts know no symbolic links: the newest folder can be read from a text file there."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "not here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    for name in ("r1", "r2"):
        point_to(reports(tmp_path, name))
        assert (tmp_path / "latest.txt").read_text(encoding="utf-8") == f"{name}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.txt", "r1", "r2"]


def test_another_failure_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is no file system without links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(OSError, match="full"):
        point_to(reports(tmp_path, "r1"))
