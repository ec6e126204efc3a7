r"""The folder of a run's reports: lines stream into temporary files, which are renamed into place at the end.

Promises: files are 0600 and new folders 0700 under any umask; memory does not grow with the lines; nothing in the
folder changes before ``finish``, each file is replaced atomically, and ``summary.json`` comes last; leaving without
``finish`` removes the temporary files; inputs of the run and files that a person edited are never overwritten or
removed; one process at a time writes into a folder. CSV is UTF-8 without a byte order mark, comma, line end ``\n``,
quotes only where needed, cells escaped by the rule in ``reports.files.rows``. Does not know what lines mean.
"""

import fcntl
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from finhub_onboard.errors import ConfigurationError, LockedError
from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.atomic import (
    ReportsError,
    atomic_write,
    beside,
    create,
    hidden_name,
    make_folder,
    plainly,
    sync,
    version_of,
    write,
)
from finhub_onboard.reports.files.rows import Doubtful, ErrorLine, Outcome, Result, Waiting, quoted, to_cells
from finhub_onboard.reports.files.table import ERRORS, IN_DOUBT, KINDS, PARKED, RESULTS, CsvTable
from finhub_onboard.reports.files.totals import Summary
from finhub_onboard.texts import printable

__all__ = ["ReportFolder", "ReportsError", "atomic_write"]

SUMMARY, PAGE, QUALITY = "summary.json", "report.html", "quality.html"
REJECTS, INCOMPLETE = "rejects", "incomplete"
ROW_FOLDERS = (REJECTS, INCOMPLETE)
"""Folders with rows of the inputs as they stood, a file for each input."""
_ALWAYS = (RESULTS, ERRORS, PAGE, SUMMARY)
_SOMETIMES = (PARKED, IN_DOUBT, QUALITY)
EVERY = (*_ALWAYS, *_SOMETIMES)
"""Names of the reports beside the rejects."""
_CELLS = to_cells(Result)


@lru_cache(maxsize=1000)
def end_of_line(disposition: Disposition, code: str = "", message: str = "") -> str:
    """Return the end of a line of ``results.csv``, after its key, for a row that was not processed."""
    result = Result(source="", row_number=0, external_id="", disposition=disposition, code=code, message=message)
    return ",".join(["", *map(quoted, list(_CELLS(result))[3:])]) + "\n"


UNTOUCHED = end_of_line(Disposition.PENDING)
"""The end of the line of a row without violations."""


class ReportFolder:
    """The reports of one run in ``path``; use as a context manager, feed lines, then ``finish``.

    ``keep`` are the run's own inputs: none of them is overwritten or removed, even if it lies in ``rejects/`` here.
    """

    def __init__(self, path: Path, *, keep: Collection[Path] = ()) -> None:
        self.path = path
        self._keep = frozenset(kept.resolve() for kept in keep)
        self._tables: dict[str, CsvTable] = {}
        self._moves: dict[Path, Path] = {}  # target -> temporary file
        self._old_files: dict[Path, tuple[int, int, int]] = {}
        self._old_summary_at = 0
        self._stack = ExitStack()
        for name in _ALWAYS:
            if (path / name).resolve() in self._keep:
                raise ConfigurationError(
                    f"the input {path / name} lies where this run writes its {name}",
                    hint="name another folder with --out, or move the input",
                )

    def __enter__(self) -> Self:
        with ExitStack() as undo, plainly(self.path):
            undo.callback(self._discard)
            make_folder(self.path)
            self._lock()
            self._remember_old_files()
            for name in (RESULTS, ERRORS):
                self._table(name)
            errors = self.path / ERRORS
            self._later = CsvTable(errors, path=hidden_name(beside(errors, "-later")))
            self._stack.callback(self._later.drop)
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()

    @property
    def lines(self) -> dict[str, int]:
        """Lines written so far to each of the four CSV files, without headers; ``Totals.check`` compares them."""
        lines = {name: self._tables[name].lines if name in self._tables else 0 for name in KINDS}
        return lines | {ERRORS: lines[ERRORS] + self._later.lines}

    def feed_result(self, line: Result) -> None:
        """Add a line to ``results.csv``."""
        self._tables[RESULTS].feed(line)

    def feed_lines(self, lines: Sequence[str]) -> None:
        """Add lines to ``results.csv`` that are CSV already."""
        self._tables[RESULTS].feed_lines("".join(lines), len(lines))

    def feed_error(self, line: ErrorLine) -> None:
        """Add a line to ``errors.csv``, where those of final errors come first."""
        (self._tables[ERRORS] if line.outcome is Outcome.FINAL else self._later).feed(line)

    def feed_error_lines(self, final: Sequence[str], others: Sequence[str]) -> None:
        """Add lines to ``errors.csv`` that are CSV already: of ``final`` errors, and ``others``."""
        for table, lines in ((self._tables[ERRORS], final), (self._later, others)):
            table.feed_lines("".join(lines), len(lines))

    def feed_parked(self, line: Waiting) -> None:
        """Add a line to ``parked.csv``, which exists only if there is one."""
        self._table(PARKED).feed(line)

    def feed_in_doubt(self, line: Doubtful) -> None:
        """Add a line to ``in_doubt.csv``, which exists only if there is one."""
        self._table(IN_DOUBT).feed(line)

    def reserve(self, name: str) -> Path:
        """Create an empty temporary file for the caller to fill; ``finish`` renames it to ``name`` (``rejects/a.csv``).

        If an input of the run or another reserved file has that name already, a number is added (``a-2.csv``).
        """
        target = self.path / name
        real = target.resolve()
        if not real.is_relative_to(self.path.resolve()):
            raise ValueError(f"{name} lies outside the folder of the reports")
        number = 2
        while target in self._moves or real in self._keep:
            target = beside(self.path / name, f"-{number}")
            real = target.resolve()
            number += 1
        with plainly(target):
            make_folder(target.parent)
            hidden = hidden_name(target)
            os.close(create(hidden))
        self._moves[target] = hidden
        return hidden

    def feed_text(self, name: str, text: str) -> None:
        """Add a file of this name that is a text."""
        target = self.reserve(name)
        with plainly(target):
            target.write_bytes(text.encode("utf-8", "backslashreplace"))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, within the folder, of all files that it will write, fit to be shown."""
        found = {target.relative_to(self.path).as_posix() for target in self._moves} | self._tables.keys()
        return tuple(sorted(map(printable, {*found, PAGE, SUMMARY})))

    def name_of(self, reserved: Path) -> str:
        """Return the name that a reserved file will have."""
        return next(target.name for target, hidden in self._moves.items() if hidden == reserved)

    def finish(self, summary: Summary, page: str) -> tuple[Path, ...]:
        """Write the page and the summary, rename all files into place, remove stale ones; return the paths written."""
        with plainly(self.path / ERRORS):
            self._tables[ERRORS].append(self._later)
        for table in self._tables.values():
            with plainly(table.target):
                table.end()
            self._moves[table.target] = table.path
        for target, hidden in self._moves.items():
            with plainly(target):
                hidden.chmod(0o600)
                sync(hidden)
        last: dict[Path, Path] = {}
        for name, data in ((PAGE, page.encode("utf-8", "backslashreplace")), (SUMMARY, summary.to_json())):
            target = self.path / name
            last[target] = hidden_name(target)
            self._stack.callback(last[target].unlink, missing_ok=True)
            with plainly(target):
                write(last[target], data)
        with plainly(self.path):
            self._move_into_place(self._moves)
            self._remove_stale(self._moves)
            self._move_into_place(last)
            for folder in {target.parent for target in (*self._moves, *last)}:
                sync(folder)
        return (*self._moves, *last)

    def _table(self, name: str) -> CsvTable:
        if name not in self._tables:
            with plainly(self.path / name):
                self._tables[name] = CsvTable(self.path / name)
        return self._tables[name]

    def _lock(self) -> None:
        """Lock the folder for this process; without effect on file systems that have no locks."""
        descriptor = os.open(self.path, os.O_RDONLY)
        self._stack.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"another process is writing reports into {self.path}", hint="wait until it ends, or name another --out"
            ) from None
        except OSError:
            return
        # The lock is ours, so temporary files here were left by a process that was killed.
        for folder in (self.path, *self._row_folders):
            for left in folder.glob(".*.tmp"):
                left.unlink(missing_ok=True)

    def _remember_old_files(self) -> None:
        """Remember which files may be stale; those that appear during this run are not."""
        candidates = [self.path / name for name in _SOMETIMES]
        for folder in self._row_folders:
            with suppress(OSError):
                candidates += folder.iterdir()
        self._old_files = {path: version for path in candidates if (version := version_of(path))}
        if summary := version_of(self.path / SUMMARY):
            self._old_summary_at = summary[1]

    @property
    def _row_folders(self) -> list[Path]:
        return [self.path / name for name in ROW_FOLDERS]

    def _edited(self, path: Path) -> bool:
        """Whether a file is newer than the summary of the run that wrote it: a person edited it."""
        version = self._old_files.get(path)
        return bool(version and self._old_summary_at and version[1] > self._old_summary_at)

    def _move_into_place(self, moves: Mapping[Path, Path]) -> None:
        for target, hidden in moves.items():
            if self._edited(target):
                target.replace(beside(target, f".edited-{token_hex(2)}"))
            hidden.replace(target)

    def _remove_stale(self, written: Collection[Path]) -> None:
        """Remove files of an earlier run that this one did not write: they would be mistaken for its own."""
        for path, version in self._old_files.items():
            kept = path in written or path.resolve() in self._keep or self._edited(path)
            if not kept and version_of(path) == version:
                path.unlink(missing_ok=True)
        for folder in self._row_folders:
            with suppress(OSError):
                folder.rmdir()

    def _discard(self) -> None:
        for table in self._tables.values():
            table.drop()
        for hidden in self._moves.values():
            hidden.unlink(missing_ok=True)
        self._tables.clear()
        self._moves.clear()
        self._stack.close()
