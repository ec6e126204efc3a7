"""Whether the reports of a run can be written: tried before the first call, because afterwards it is too late.

Promises: every name that a report may get is made once in its place, with bytes on the disk, and taken away again; the
room for a line per row is there; a file that is there already is not touched. Does not know what happens to the disk
while the run goes on.
"""

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.reports.files.atomic import ReportsError, create, hidden_name, make_folder, plainly
from finhub_onboard.reports.files.folder import EVERY, REJECTS, ReportFolder

_FOR_ALL = 128 * 1024
"""Bytes for the page and the summary."""
_FOR_A_ROW = 256
"""Bytes for a row's line in ``results.csv``, its ids and times included."""
_MOST_TRIED = 64 * 1024 * 1024
"""Bytes that are really allocated: a quota shows in no figure of the disk."""
_WRITTEN = 4096


def writable(out: Path, *, rejects: Collection[str], rows: int, keep: Collection[Path] = ()) -> None:
    """Make the folder of the reports and try it for ``rows`` rows and files of these names in ``rejects/``.

    Raises :class:`ConfigurationError` that names the place and what is wrong with it; :class:`LockedError` if another
    process is writing there. ``keep`` are the run's inputs.
    """
    try:
        with ReportFolder(out, keep=keep), _folder(out / REJECTS):
            for name in EVERY:
                _try_name(out / name)
            for name in rejects:
                _try_name(out / REJECTS / name)
            _try_room(out, _FOR_ALL + _FOR_A_ROW * rows)
    except ReportsError as error:
        raise ConfigurationError(
            f"{error}; nothing was sent", hint="make room or give access, or name another folder with --out"
        ) from None


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Have this folder; one that is empty at the end is removed again."""
    with plainly(path):
        if path.is_symlink():  # personal data would leave the folder of the reports through it
            raise NotADirectoryError(errno.ENOTDIR, "a link is in the place of this folder")
        make_folder(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.rmdir()


def _try_name(target: Path) -> None:
    with plainly(target):
        try:
            os.close(create(target))
        except FileExistsError:
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "a folder is in the place of this file") from None
            return
        target.unlink()


def _try_room(out: Path, wanted: int) -> None:
    with plainly(out):
        disk = os.statvfs(out)
        left = disk.f_bavail * disk.f_frsize
        if disk.f_blocks and left < wanted:  # some file systems do not tell their size
            said = f"{os.strerror(errno.ENOSPC)}: about {wanted >> 10:,} KB are needed, {left >> 10:,} KB are left"
            raise OSError(errno.ENOSPC, said)
        hidden = hidden_name(out / EVERY[0])
        try:
            with os.fdopen(create(hidden), "wb", buffering=0) as file:
                file.write(os.urandom(_WRITTEN))
                _allocate(file.fileno(), min(wanted, _MOST_TRIED))
                os.fsync(file.fileno())
        finally:
            hidden.unlink(missing_ok=True)


def _allocate(descriptor: int, size: int) -> None:
    """Make the file so large in blocks of the disk, where the system can do so."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:
        return
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
