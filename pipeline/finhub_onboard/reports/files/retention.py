"""Deletes the files of old reports that hold personal data, and records that it did.

Promises: only files that a run of this program wrote, or that it renamed because a person had edited them, in folders
whose ``summary.json`` says that they are its reports; no link is followed; what was written or edited since is left.
"""

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import msgspec

from finhub_onboard.errors import OnboardError
from finhub_onboard.reports.files.atomic import atomic_write
from finhub_onboard.reports.files.folder import ROW_FOLDERS, SUMMARY
from finhub_onboard.reports.files.table import IN_DOUBT, PARKED
from finhub_onboard.texts import printable

DELETED = "deleted.json"
"""The record, beside the other files of a run."""
_PERSONAL = (PARKED, IN_DOUBT)
_HALF = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""As ``atomic.hidden_name`` names temporary files."""
_EDITED = re.compile(r"(.*)\.edited-[0-9a-f]{4}(\.[^.]*)?")
_MOST_BYTES = 4 * 1024 * 1024


class _Input(msgspec.Struct):
    source: str


class _Summary(msgspec.Struct):
    run_id: str
    ledger: str = ""
    inputs: tuple[_Input, ...] = ()
    files: tuple[str, ...] = ()


class _Deletion(msgspec.Struct):
    at: str
    by_run: str
    keep_days: int
    files: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What may be deleted: files last written ``before`` a time, of reports of one ledger or of none (of checks).

    ``by_run`` deletes, and its own reports and inputs, ``keep``, are left.
    """

    ledger: str
    before: float
    by_run: str
    keep_days: int
    keep: Collection[Path] = ()

    def apply(self, folders: Iterable[Path]) -> int:
        """Delete in these folders what is too old; return how many files. What cannot be deleted is left for later."""
        kept = {path.resolve() for path in self.keep}
        count = 0
        for folder in dict.fromkeys(folders):
            summary = _summary_of(folder)
            if summary is None:
                count += self._delete_halves(folder)
                continue
            if summary.ledger not in ("", self.ledger) or summary.run_id == self.by_run:
                continue
            count += len(self._delete(folder, summary, kept))
        return count

    def _delete_halves(self, folder: Path) -> int:
        """Delete what a killed run left half written in a folder without a summary."""
        count = 0
        with suppress(OSError):
            for place in (folder, *(folder / name for name in ROW_FOLDERS)):
                halves = [] if place.is_symlink() or not place.is_dir() else list(place.glob(".*.tmp"))
                for path in halves:
                    if _HALF.fullmatch(path.name) and self._is_old(path):
                        path.unlink()
                        count += 1
        return count

    def _delete(self, folder: Path, summary: _Summary, kept: Collection[Path]) -> list[str]:
        names = []
        with suppress(OSError, OnboardError):
            for path in _personal_files(folder, summary):
                if path.resolve() not in kept and self._is_old(path):
                    path.unlink()
                    names.append(path.relative_to(folder).as_posix())
        if names:
            for each in ROW_FOLDERS:
                with suppress(OSError):
                    (folder / each).rmdir()
            with suppress(OSError, OnboardError):
                self._record(folder, names)
        return names

    def _is_old(self, path: Path) -> bool:
        status = path.lstat()
        return stat.S_ISREG(status.st_mode) and status.st_mtime < self.before

    def _record(self, folder: Path, names: list[str]) -> None:
        deletions: list[_Deletion] = []
        with suppress(OSError, msgspec.DecodeError):
            deletions = msgspec.json.decode((folder / DELETED).read_bytes(), type=list[_Deletion])
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        deletions.append(_Deletion(at=now, by_run=self.by_run, keep_days=self.keep_days, files=names))
        atomic_write(folder / DELETED, msgspec.json.format(msgspec.json.encode(deletions), indent=2) + b"\n")


def _summary_of(folder: Path) -> _Summary | None:
    """What the reports in a folder say of themselves; ``None`` if there are none, or a link leads there."""
    place = folder / SUMMARY
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        status = place.lstat()
        if not folder.is_symlink() and stat.S_ISREG(status.st_mode) and status.st_size <= _MOST_BYTES:
            return msgspec.json.decode(place.read_bytes(), type=_Summary)
    return None


def _personal_files(folder: Path, summary: _Summary) -> Iterator[Path]:
    """The files that may hold personal data and are ours; older versions did not say which they wrote."""
    personal = [name for name in _PERSONAL if not summary.files or name in summary.files]
    yield from (path for path in map(folder.joinpath, personal) if os.path.lexists(path))
    written = [PurePosixPath(name) for name in summary.files]
    sources = {each.source for each in summary.inputs}
    for name in ROW_FOLDERS:
        ours = {file.name for file in written if file.parent.name == name} if written else sources
        yield from _row_files(folder / name, ours)


def _row_files(folder: Path, ours: Collection[str]) -> Iterator[Path]:
    """The files of these names, fit to be shown, and those that were renamed because a person had edited them."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        name = printable(path.name)
        edited = _EDITED.fullmatch(name)
        if name in ours or (edited and f"{edited[1]}{edited[2] or ''}" in ours):
            yield path
