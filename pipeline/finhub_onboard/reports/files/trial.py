"""Check before the first call whether the reports of a run can be written; afterwards it would be too late.

Promises: every file name that a report may have is created once and removed again; there is disk space for a line per
row; an existing file is not touched. Cannot know what happens to the disk during the run.
"""

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.reports.files.atomic import ReportsError, create, hidden_name, make_folder, plainly
from finhub_onboard.reports.files.folder import EVERY, INCOMPLETE, REJECTS, ReportFolder

_BASE_BYTES = 128 * 1024
"""For the page and the summary."""
_ROW_BYTES = 256
"""For a row's line in ``results.csv``, its ids and times included."""
_MAX_ALLOCATED_BYTES = 64 * 1024 * 1024
"""How much is really allocated: free space as reported does not show a quota."""
_WRITTEN_BYTES = 4096


def writable(out: Path, *, rejects: Collection[str], rows: int, keep: Collection[Path] = ()) -> None:
    """Create the folder of the reports and check it for ``rows`` rows and files of these names in ``rejects/``.

    The same names stand in ``incomplete/``.

    Raises :class:`ConfigurationError` that names the place and what is wrong with it; :class:`LockedError` if another
    process is writing there. ``keep`` are the run's inputs.
    """
    try:
        with ReportFolder(out, keep=keep), _folder(out / REJECTS), _folder(out / INCOMPLETE):
            for name in EVERY:
                _try_name(out / name)
            for name in rejects:
                _try_name(out / REJECTS / name)
            _try_space(out, _BASE_BYTES + _ROW_BYTES * rows)
    except ReportsError as error:
        raise ConfigurationError(
            f"{error}; nothing was sent", hint="make room or give access, or name another folder with --out"
        ) from None


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Create this folder; remove it at the end if it is empty."""
    with plainly(path):
        if path.is_symlink():  # through a link, personal data would leave the folder of the reports
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


def _try_space(out: Path, wanted: int) -> None:
    with plainly(out):
        disk = os.statvfs(out)
        left = disk.f_bavail * disk.f_frsize
        if disk.f_blocks and left < wanted:  # some file systems report no size
            message = f"{os.strerror(errno.ENOSPC)}: about {wanted >> 10:,} KB are needed, {left >> 10:,} KB are left"
            raise OSError(errno.ENOSPC, message)
        hidden = hidden_name(out / EVERY[0])
        try:
            with os.fdopen(create(hidden), "wb", buffering=0) as file:
                file.write(os.urandom(_WRITTEN_BYTES))
                _allocate(file.fileno(), min(wanted, _MAX_ALLOCATED_BYTES))
                os.fsync(file.fileno())
        finally:
            hidden.unlink(missing_ok=True)


def _allocate(descriptor: int, size: int) -> None:
    """Allocate disk blocks for ``size`` bytes, where the system supports it."""
    try:
        os.posix_fallocate(descriptor, 0, size)
    except AttributeError:
        return
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
