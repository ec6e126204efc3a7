"""What is no small file is refused at once, whatever it is."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from finhub_onboard.small_files import MOST_BYTES, read_small


def _huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "endless": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "random": (lambda path: path.symlink_to("/dev/urandom"), "it is a device"),
    "a terminal": (lambda path: path.symlink_to("/dev/tty"), "it is a device"),
    "a pipe": (os.mkfifo, "it is a pipe"),
    "a socket": (_socket, "it is a socket"),
    "a folder": (Path.mkdir, "it is a folder"),
    "huge": (_huge, "larger than 1024 KB"),
    "missing": (lambda _: None, "No such file"),
    "a loop of links": (lambda path: path.symlink_to(path), "symbolic links"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_small_file_is_refused_with_its_kind(tmp_path: Path, kind: str) -> None:
    """It neither blocks nor is read."""
    make, said = KINDS[kind]
    path = tmp_path / "named"
    make(path)
    with pytest.raises(OSError, match=said) as caught:
        read_small(path)
    assert said in str(caught.value.strerror)


def test_a_file_is_read_whole_through_links(tmp_path: Path) -> None:
    """Up to the bound; mounted secrets are links."""
    (tmp_path / "file").write_bytes(b"x" * MOST_BYTES)
    (tmp_path / "link").symlink_to("file")
    assert read_small(tmp_path / "link") == b"x" * MOST_BYTES
