r"""A CSV file of the reports under its temporary name, and which files there are.

Promises: UTF-8 without a byte order mark, comma, line end ``\n``, quotes only where needed, cells escaped by the rule
in ``reports.files.rows``; a failure to write is a :class:`ReportsError`. Does not know what lines mean.
"""

import csv
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from finhub_onboard.reports.files.atomic import create, hidden_name, plain
from finhub_onboard.reports.files.rows import Doubtful, ErrorLine, Result, Waiting, columns, to_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RESULTS, ERRORS, PARKED, IN_DOUBT = "results.csv", "errors.csv", "parked.csv", "in_doubt.csv"
_BUFFER = 128 * 1024
KINDS: dict[str, type[Result] | type[ErrorLine] | type[Waiting]] = {
    RESULTS: Result,
    ERRORS: ErrorLine,
    PARKED: Waiting,
    IN_DOUBT: Doubtful,
}
"""The kind of the lines of each file."""


class CsvTable:
    """A CSV file under its temporary name; ``feed`` appends a line."""

    def __init__(self, target: Path, *, path: Path | None = None) -> None:
        """Open the file ``path``, by default the one that becomes ``target``; any other has no header."""
        kind = KINDS[target.name]
        self.target, self.path, self.lines = target, path or hidden_name(target), 0
        self._file = os.fdopen(create(self.path), "wb", buffering=_BUFFER)
        # With "\r\n" as its line end the writer quotes cells with either character in every Python version.
        self._write: Callable[[Iterable[str]], object] = csv.writer(self, lineterminator="\r\n").writerow
        self._cells = to_cells(kind)
        if path is None:
            self._write(columns(kind))

    def write(self, line: str) -> None:
        """Receive a whole line from the CSV writer and write it with this project's line end."""
        self._write_text(line[:-2] + "\n")

    def feed(self, line: object) -> None:
        """Append a line."""
        try:
            self._write(self._cells(line))
        except OSError as error:
            raise plain(self.target, error) from error
        self.lines += 1

    def feed_lines(self, text: str, lines: int) -> None:
        """Append lines that are CSV already."""
        try:
            self._write_text(text)
        except OSError as error:
            raise plain(self.target, error) from error
        self.lines += lines

    def _write_text(self, text: str) -> None:
        self._file.write(text.encode("utf-8", "backslashreplace"))

    def append(self, other: "CsvTable") -> None:
        """Append the lines of another file, which is removed."""
        other.end()
        with other.path.open("rb") as lines:
            shutil.copyfileobj(lines, self._file)
        self.lines += other.lines
        other.path.unlink()

    def end(self) -> None:
        """Bring all lines to disk and close the file."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def drop(self) -> None:
        """Close and remove the file."""
        # Closing flushes the buffer, which a full disk refuses again: the file is removed anyway.
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)
