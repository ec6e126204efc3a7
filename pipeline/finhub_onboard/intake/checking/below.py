"""Opens files below a folder by descriptors, component by component.

Promise: no file outside of the folder is opened, whatever links there are and however they change meanwhile, because no
link is followed. Knows no documents.
"""

import errno
import os
from pathlib import Path
from typing import Self

# A folder's descriptor needs no permission to list it, where the system knows O_PATH.
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC  # a pipe must not block
_NO_NAMES = ("", "..")


class Below:
    """A folder that is open; use as a context manager, in one thread. Raises :class:`OSError` if it cannot be opened.

    The folder of the last file is kept open, because many rows name files of one folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = self._folder = os.open(root, _FOLDER)
        self._name = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        os.close(self._root)

    def open(self, relative: str) -> int:
        """Open a file for reading and return its descriptor.

        Raises :class:`OSError`, also where the path has a link or ``..``, and :class:`ValueError` where it has a NUL.
        """
        folder, _, name = relative.rpartition("/")
        if folder != self._name:
            self._enter(folder)
        if name in _NO_NAMES or relative[0] == "/":
            raise _not_walked(relative)
        return os.open(name, _FILE, dir_fd=self._folder)

    def _enter(self, folder: str) -> None:
        """Go to a folder, or back to the root where that fails."""
        self._leave()
        parts = folder.split("/") if folder else []
        if any(part in _NO_NAMES for part in parts):
            raise _not_walked(folder)
        try:
            for part in parts:
                inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=self._folder)
                self._leave()
                self._folder = inner
        except BaseException:
            self._leave()
            raise
        self._name = folder

    def _leave(self) -> None:
        if self._folder != self._root:
            os.close(self._folder)
        self._folder, self._name = self._root, ""


def _not_walked(path: str) -> OSError:
    return OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
