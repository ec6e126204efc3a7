"""Detects that an input has changed: by its stamp, which is cheap, and by the SHA-256 of its content.

Promises: an input that changed since the survey is recognised. Knows bytes only.
"""

import hashlib
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import places
from finhub_onboard.model import SourceInfo

_RACY_NS = 2_000_000_000


class Stamp(NamedTuple):
    """Inode, size and times of a file, which change with its content; times in nanoseconds."""

    file: int
    size: int
    modified: int
    changed: int


def stamp(path: Path) -> Stamp:
    """Return a file's stamp; that of a missing file equals no other."""
    try:
        status = path.stat()
    except OSError:
        return Stamp(file=0, size=0, modified=0, changed=0)
    return Stamp(file=status.st_ino, size=status.st_size, modified=status.st_mtime_ns, changed=status.st_ctime_ns)


def sha256(path: Path, name: str) -> str:
    """Return the SHA-256 of a file in hex; cached for as long as its stamp stays the same."""
    try:
        seen = stamp(path)
        # A second change within the clock's resolution does not change the times (git calls such files racy).
        racy = time.time_ns() - max(seen.changed, seen.modified) < _RACY_NS
        return _digest.__wrapped__(path, seen) if racy else _digest(path, seen)
    except OSError as error:
        raise places.unopened_error(name, error) from None


@lru_cache(maxsize=4096)
def _digest(path: Path, _: Stamp) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(source: SourceInfo) -> None:
    """Refuse an input that changed since the survey: its row numbers would mean other rows."""
    if sha256(Path(source.path), source.name) != source.sha256:
        raise changed(source.name)


def changed(name: str) -> UnreadableInputError:
    """Make the error for an input that changed."""
    return UnreadableInputError(
        f"{name} changed while it was being worked on", hint="give the run a copy that nobody writes to"
    )
