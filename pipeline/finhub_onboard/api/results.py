"""What the methods of a job return: values that print themselves and that a program can ask.

Promises: no personal data in any of it; frames are read from the files of the reports when they are asked for. Does not
know how a run is carried out.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
import polars as pl

from finhub_onboard.errors import ConfigurationError, ExitCode, NotAllDoneError
from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.rows import from_cell
from finhub_onboard.reports.files.table import ERRORS, RESULTS
from finhub_onboard.texts import printable

if TYPE_CHECKING:
    from finhub_onboard.reports.outcome import Written

_DONE = frozenset((Disposition.ONBOARDED, Disposition.UNCHANGED))
_NUMBERS = {"row_number": pl.Int64, "attempts": pl.Int64, "http_status": pl.Int64, "attempt": pl.Int64}


class Result:
    """What came of a run or a check; ``print`` shows it, and so does a notebook."""

    def __init__(self, written: "Written") -> None:
        self._written = written

    @property
    def run_id(self) -> str:
        """The run's id; empty where no reports could be written."""
        return self._written.summary.run_id if self._written.summary else ""

    @property
    def exit_code(self) -> int:
        """How the command would have ended: 0 every row is onboarded or unchanged; the README has all codes."""
        return int(self._written.exit_code)

    @property
    def dispositions(self) -> dict[str, int]:
        """Disposition -> rows, of those that there are; the sum is the number of rows read."""
        return {str(name): rows for name, rows in self._written.dispositions.items() if rows}

    @property
    def folder(self) -> Path:
        """Where the reports are."""
        return self._written.out

    @property
    def summary(self) -> dict[str, Any]:
        """``summary.json``."""
        found: dict[str, Any] = msgspec.to_builtins(self._written.summary) if self._written.summary else {}
        return found

    @property
    def reason(self) -> str:
        """Why a run stopped early; empty: it did not."""
        return self._written.stopped_because

    @property
    def hint(self) -> str:
        """What to do next."""
        return self._written.hint

    def rows(self) -> pl.DataFrame:
        """``results.csv``: a row for each row of the inputs, in their order."""
        return self._frame(RESULTS)

    def errors(self) -> pl.DataFrame:
        """``errors.csv``: a row for each error, the final ones first."""
        return self._frame(ERRORS)

    def raise_for_status(self, allow: Collection[str] = ()) -> Self:
        """Return this if all rows are done, or have a disposition in ``allow``; else raise :class:`NotAllDoneError`.

        A run that stopped early always raises.
        """
        wanted = (allow,) if isinstance(allow, str) else allow
        for name in wanted:
            if name not in list(Disposition):
                near = get_close_matches(name, list(Disposition), n=1, cutoff=0.0)
                raise ConfigurationError(f'"{name}" is no disposition', hint=f"the nearest is {near[0]}")
        code = self._written.exit_code
        left = {name: rows for name, rows in self.dispositions.items() if name not in {*_DONE, *wanted}}
        elsewhere = self._written.elsewhere and Disposition.IN_DOUBT not in wanted
        if code is ExitCode.OK or (code is ExitCode.NEEDS_SOMEBODY and not left and not elsewhere):
            return self
        named = ", ".join(f"{rows:,} {name}" for name, rows in left.items()) or "customers in doubt"
        raise NotAllDoneError(
            f"{self.run_id}: {self.reason or f'{named}: these need somebody'}",
            hint=self.hint or f"open {self.folder / 'report.html'}",
            exit_code=code,
        )

    def _frame(self, name: str) -> pl.DataFrame:
        path = self.folder / name
        if not self._written.is_reported or not path.exists():
            raise ConfigurationError(f"{path} is not there", hint=self.hint or "the reports were moved or deleted")
        frame = pl.read_csv(path, infer_schema=False)
        columns = [
            pl.col(column).cast(_NUMBERS[column])
            if column in _NUMBERS
            else pl.col(column).map_elements(from_cell, return_dtype=pl.String)
            if frame[column].str.contains("'", literal=True).any()
            else pl.col(column)
            for column in frame.columns
        ]
        return frame.select(columns)

    def __str__(self) -> str:
        lines = [self._written.line(), self.reason and f"stopped: {self.reason}", self.hint and f"hint: {self.hint}"]
        return "\n".join(printable(line) for line in lines if line)

    def __repr__(self) -> str:
        return f"<Result {self.run_id or 'without reports'}, exit code {self.exit_code}, {self.dispositions}>"

    def _repr_html_(self) -> str:
        rows = [(name, f"{rows:,}") for name, rows in self.dispositions.items()]
        more = [("stopped", self.reason), ("hint", self.hint), ("reports", str(self.folder))]
        return _table([("run", self.run_id), *rows, ("exit code", str(self.exit_code)), *(m for m in more if m[1])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command found: ``data`` as its ``--json`` prints it; ``print`` shows it for people."""

    data: Any
    lines: tuple[tuple[str, str], ...]
    exit_code: int = 0

    @classmethod
    def of(cls, as_json: str, rows: Iterable[tuple[str, str]], *, exit_code: int = 0) -> Self:
        """Make one of what a command would print."""
        return cls(data=json.loads(as_json), lines=tuple(rows), exit_code=int(exit_code))

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def raise_for_status(self) -> Self:
        """Return this if the command would end with 0; else raise :class:`NotAllDoneError`."""
        if self.exit_code:
            raise NotAllDoneError(str(self), hint="see its data", exit_code=ExitCode(self.exit_code))
        return self

    def __str__(self) -> str:
        width = max((len(label) for label, _ in self.lines), default=0)
        gap = 2 if width else 0
        return "\n".join(printable(f"{label:{width + gap}}{fact}".rstrip()) for label, fact in self.lines)

    def _repr_html_(self) -> str:
        return _table(self.lines)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{escape(label)}</th><td>{escape(fact)}</td></tr>" for label, fact in rows)
    return f'<table style="text-align:left">{cells}</table>'
