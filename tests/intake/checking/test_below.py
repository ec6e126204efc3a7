import os
from pathlib import Path

import pytest

from finhub_onboard.intake.checking.below import Below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with files, and links that lead out of it and within it."""
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "root"
    (folder / "a" / "b").mkdir(parents=True)
    for path in ("top", "a/x", "a/b/y"):
        (folder / path).write_bytes(path.encode())
    (folder / "out").symlink_to(tmp_path)
    (folder / "within").symlink_to("a")
    (folder / "link").symlink_to("top")
    return folder


def read(below: Below, path: str) -> str:
    """Return the content of a file."""
    with os.fdopen(below.open(path), "rb") as stream:
        return stream.read().decode()


def test_files_of_all_folders_are_opened_in_any_order(root: Path) -> None:
    """The folder of the last file is kept, and left for that of the next."""
    with Below(root) as below:
        for path in ("a/b/y", "top", "a/x", "a/x", "a/b/y", "a/x", "top"):
            assert read(below, path) == path


@pytest.mark.parametrize(
    "path",
    [
        "out/secret", "within/x", "link", "../secret", "a/../top", "a/..", "..", "/top", "a//x", "a/", "", "none",
        "none/x", "top/x", "a/none/x", "x" * 300
    ],
)  # fmt: skip
def test_no_link_and_no_way_up_is_followed(root: Path, path: str) -> None:
    """Such a path is an error, whether it leads out of the folder or not, and the next one is opened as usual."""
    with Below(root) as below:
        assert read(below, "a/x") == "a/x"
        with pytest.raises(OSError, match=r".*"):
            below.open(path)
        assert read(below, "top") == "top"
        assert read(below, "a/x") == "a/x"


def test_the_folder_itself_may_be_a_link(root: Path) -> None:
    """What counts is where it leads when it is opened."""
    link = root.parent / "linked"
    link.symlink_to(root)
    with Below(link) as below:
        link.unlink()
        assert read(below, "a/x") == "a/x"
