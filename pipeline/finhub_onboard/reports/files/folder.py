r"""The folder of a run's reports: lines stream into hidden files beside their places and move in all at once.

Promises: files are 0600 and new folders 0700 under any umask; memory does not grow with the lines; nothing in the
folder changes before ``finish``, each file is replaced as a whole, and ``summary.json`` comes last; leaving without
``finish`` takes the hidden files away; inputs of the run and files that a person edited are never overwritten or
removed; one process at a time writes into a folder. CSV is UTF-8 without a byte order mark, comma, line end ``\n``,
quotes only where needed, cells treated by the rule in ``reports.files.rows``. Does not know what lines mean.
"""

import csv
import fcntl
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
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
    mark_of,
    plain,
    plainly,
    sync,
    write,
)
from finhub_onboard.reports.files.rows import Doubtful, ErrorLine, Result, Waiting, columns, to_cells
from finhub_onboard.reports.files.totals import Summary

__all__ = ["ReportFolder", "ReportsError", "atomic_write"]

RESULTS, ERRORS, PARKED, IN_DOUBT = "results.csv", "errors.csv", "parked.csv", "in_doubt.csv"
SUMMARY, PAGE, REJECTS = "summary.json", "report.html", "rejects"
_BUFFER = 128 * 1024
_PENDING = Result(source="", row_number=0, external_id="", disposition=Disposition.PENDING)
UNTOUCHED = ",".join(["", *list(to_cells(Result)(_PENDING))[3:]]) + "\n"
"""The rest of a line of ``results.csv``, behind its key, for a row that nothing was done with."""
_ALWAYS = (RESULTS, ERRORS, PAGE, SUMMARY)
_SOMETIMES = (PARKED, IN_DOUBT)
EVERY = (*_ALWAYS, *_SOMETIMES)
"""Names of the reports beside the rejects."""
_KINDS: dict[str, type[Result] | type[ErrorLine] | type[Waiting]] = {
    RESULTS: Result,
    ERRORS: ErrorLine,
    PARKED: Waiting,
    IN_DOUBT: Doubtful,
}


class _Table:
    """A CSV file that grows at its hidden name, one line per call of ``feed``."""

    def __init__(self, target: Path) -> None:
        kind = _KINDS[target.name]
        self.target, self.path, self.lines = target, hidden_name(target), 0
        self._file = os.fdopen(create(self.path), "wb", buffering=_BUFFER)
        # With "\r\n" as its line end the writer quotes cells with either character in every Python version.
        self._write: Callable[[Iterable[str]], object] = csv.writer(self, lineterminator="\r\n").writerow
        self._cells = to_cells(kind)
        self._write(columns(kind))

    def write(self, line: str) -> None:
        """Take a whole line from the CSV writer and end it as this project does."""
        self._write_text(line[:-2] + "\n")

    def feed(self, line: object) -> None:
        try:
            self._write(self._cells(line))
        except OSError as error:
            raise plain(self.target, error) from error
        self.lines += 1

    def feed_lines(self, text: str, lines: int) -> None:
        """Add lines that are CSV already."""
        try:
            self._write_text(text)
        except OSError as error:
            raise plain(self.target, error) from error
        self.lines += lines

    def _write_text(self, text: str) -> None:
        self._file.write(text.encode("utf-8", "backslashreplace"))

    def end(self) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def drop(self) -> None:
        # What is still buffered goes with the file: a full disk refuses it once more, which is no news.
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)


class ReportFolder:
    """The reports of one run in ``path``; use as a context manager, feed lines, then ``finish``.

    ``keep`` are the run's own inputs: a file among them is never touched, though it may lie in ``rejects/`` here.
    """

    def __init__(self, path: Path, *, keep: Collection[Path] = ()) -> None:
        self.path = path
        self._keep = frozenset(kept.resolve() for kept in keep)
        self._tables: dict[str, _Table] = {}
        self._moves: dict[Path, Path] = {}  # target: where it waits
        self._before: dict[Path, tuple[int, int, int]] = {}
        self._summary_before = 0
        self._stack = ExitStack()
        for name in _ALWAYS:
            if (path / name).resolve() in self._keep:
                raise ConfigurationError(
                    f"the input {path / name} lies where this run writes its {name}",
                    hint="name another folder with --out, or move the input",
                )

    def __enter__(self) -> Self:
        with ExitStack() as undo, plainly(self.path):
            undo.callback(self._leave)
            make_folder(self.path)
            self._lock()
            self._look()
            for name in (RESULTS, ERRORS):
                self._table(name)
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @property
    def lines(self) -> dict[str, int]:
        """Lines fed so far into each CSV, header not counted; all four names, for ``Totals.check``."""
        return {name: self._tables[name].lines if name in self._tables else 0 for name in _KINDS}

    def feed_result(self, line: Result) -> None:
        """Add a line to ``results.csv``."""
        self._tables[RESULTS].feed(line)

    def feed_untouched(self, lines: Sequence[str]) -> None:
        """Add lines to ``results.csv`` for rows with which nothing was done; they end in ``UNTOUCHED``."""
        self._tables[RESULTS].feed_lines("".join(lines), len(lines))

    def feed_error(self, line: ErrorLine) -> None:
        """Add a line to ``errors.csv``."""
        self._tables[ERRORS].feed(line)

    def feed_parked(self, line: Waiting) -> None:
        """Add a line to ``parked.csv``, which exists only if there is one."""
        self._table(PARKED).feed(line)

    def feed_in_doubt(self, line: Doubtful) -> None:
        """Add a line to ``in_doubt.csv``, which exists only if there is one."""
        self._table(IN_DOUBT).feed(line)

    def reserve(self, name: str) -> Path:
        """Make a hidden, empty file for somebody else to fill; ``finish`` moves it to ``name`` (``rejects/a.csv``).

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

    def finish(self, summary: Summary, page: str) -> tuple[Path, ...]:
        """Write the last two files, move everything into place, remove what an earlier run left; say what is there."""
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
            self._move_in(self._moves)
            self._clear(self._moves)
            self._move_in(last)
            for folder in {target.parent for target in (*self._moves, *last)}:
                sync(folder)
        return (*self._moves, *last)

    def _table(self, name: str) -> _Table:
        if name not in self._tables:
            with plainly(self.path / name):
                self._tables[name] = _Table(self.path / name)
        return self._tables[name]

    def _lock(self) -> None:
        """Hold the folder for this process; file systems without locks do without."""
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
        # Whoever holds the lock is alone: hidden files here were left by a process that was killed.
        for folder in (self.path, self.path / REJECTS):
            for left in folder.glob(".*.tmp"):
                left.unlink(missing_ok=True)

    def _look(self) -> None:
        """Remember what may be stale, so that files which appear during this run are not taken for it."""
        candidates = [self.path / name for name in _SOMETIMES]
        with suppress(OSError):
            candidates += (self.path / REJECTS).iterdir()
        self._before = {path: mark for path in candidates if (mark := mark_of(path))}
        if mark := mark_of(self.path / SUMMARY):
            self._summary_before = mark[1]

    def _edited(self, path: Path) -> bool:
        """Whether a person worked on a file after the run that wrote it had ended."""
        mark = self._before.get(path)
        return bool(mark and self._summary_before and mark[1] > self._summary_before)

    def _move_in(self, moves: Mapping[Path, Path]) -> None:
        for target, hidden in moves.items():
            if self._edited(target):
                target.replace(beside(target, f".edited-{token_hex(2)}"))
            hidden.replace(target)

    def _clear(self, written: Collection[Path]) -> None:
        """Remove what an earlier run left and this one has not: it would be taken for news."""
        for path, mark in self._before.items():
            kept = path in written or path.resolve() in self._keep or self._edited(path)
            if not kept and mark_of(path) == mark:
                path.unlink(missing_ok=True)
        with suppress(OSError):
            (self.path / REJECTS).rmdir()

    def _leave(self) -> None:
        for table in self._tables.values():
            table.drop()
        for hidden in self._moves.values():
            hidden.unlink(missing_ok=True)
        self._tables.clear()
        self._moves.clear()
        self._stack.close()
