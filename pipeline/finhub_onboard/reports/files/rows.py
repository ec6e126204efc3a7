"""The lines of the report files: one frozen class per file, its fields in the order of the columns (DESIGN, 3.5).

Promises: no cell is a formula to a spreadsheet (``as_cell``), and the escaping is lossless (``from_cell``). ``Result``
and ``ErrorLine`` have no field for personal data; only ``Waiting`` and ``Doubtful`` have. Does not know where lines
come from or how they are written to disk.

The escaping rule. A spreadsheet evaluates a cell that starts with ``=``, ``+``, ``-``, ``@`` (also in their full-width
forms), a tab or a line break. Such a cell is prefixed with an apostrophe, in every column and without exceptions:
``external_id`` ``-17`` is written ``'-17``, and a lone ``-`` is written ``'-``. A text that looks escaped already
(``'-17``) gets one apostrophe more, so that the rule is reversible: to undo it, remove one apostrophe where
apostrophes are followed by one of these characters, and nowhere else (``'t Hooft`` stays as it is). The same applies
after every ``;``, tab and line break within a cell, because a spreadsheet whose list separator is not the comma starts
a cell there.
"""

import re
from dataclasses import dataclass, fields
from dataclasses import field as default
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Self

from finhub_onboard.model import Disposition, Severity, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INTAKE = "intake"
"""The stage of an error that was found before any call; every other stage is a phase."""

_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n"
_WRITTEN = re.compile(f"(?:^|(?<=[;\t\r\n]))(?='*[{_FORMULA}])")
_READ = re.compile(f"(?:^|(?<=[;\t\r\n]))'(?='*[{_FORMULA}])")
_SUSPECT = re.compile(f"[\0;\t\r\n]'*[{_FORMULA}]").search
_QUOTED = re.compile('[,"\r\n]').search
ODD = f"[,\"\r\n]|(?:^|[;\t])'*[{_FORMULA}]"
"""Pattern of texts that a CSV file cannot hold as they are: they need quotes or an apostrophe."""


def as_cell(text: str) -> str:
    """Escape ``text`` for spreadsheets; most texts are returned unchanged."""
    return _WRITTEN.sub("'", text)


def csv_cell(text: str) -> str:
    """Write a text as a cell of a CSV file: escaped for spreadsheets, quoted where needed."""
    return quoted(as_cell(text))


def quoted(cell: str) -> str:
    """Quote a cell of a CSV file where needed."""
    return '"' + cell.replace('"', '""') + '"' if _QUOTED(cell) else cell


_repeated_cell = lru_cache(maxsize=1000)(csv_cell)
"""For texts that many lines have, such as hints."""


def from_cell(cell: str) -> str:
    """Undo ``as_cell``, for programs that read a report file."""
    return _READ.sub("", cell)


class Outcome(StrEnum):
    """What an error came to; empty for what cost the row nothing."""

    FINAL = "final"
    OVERCOME = "overcome"
    NONE = ""


LATER_TRY = "nothing to do: a later try was made"
CAME_THROUGH = "nothing to do: the customer came through"
NO_HINTS = frozenset({LATER_TRY, CAME_THROUGH})
"""The hints of errors that were overcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A line of ``results.csv``: what became of one row.

    ``phase``: for onboarded, unchanged and changed rows the last completed phase (empty: all eight); for all others the
    current, unfinished phase (empty: not started). ``code`` and ``message`` say what ended or blocks the row.
    """

    source: str
    row_number: int
    external_id: str
    disposition: Disposition
    phase: str = ""
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""
    code: str = ""
    message: str = ""
    attempts: int = 0
    started_at: str = ""
    finished_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLine:
    """A line of ``errors.csv``: one error of one row at one attempt; ``stage`` is ``intake`` or a phase.

    ``row_number`` 0: an error of the run as a whole, such as a refused tenant. ``severity`` ``warning`` or ``notice``:
    without consequence for the row. ``outcome``: whether it still stands, or the row or a later try succeeded.
    """

    source: str
    row_number: int
    external_id: str
    stage: str
    field: str
    code: str
    message: str
    http_status: int | None = None
    retriable: bool = False
    hint: str = ""
    attempt: int = 0
    at: str = ""
    severity: Severity = Severity.ERROR
    outcome: Outcome = Outcome.NONE

    @classmethod
    def from_violation(cls, v: Violation, at: str) -> Self:
        """Make the line of a broken rule: no call, no attempt, not retriable."""
        return cls(
            source=v.source,
            row_number=v.row_number,
            external_id=v.external_id,
            stage=INTAKE,
            field=v.field,
            code=v.code,
            message=v.message,
            hint=v.hint,
            at=at,
            severity=v.severity,
            outcome=Outcome.FINAL if v.severity is Severity.ERROR else Outcome.NONE,
        )


def violation_line(key: str, v: Violation, at: str) -> str:
    """Write the line of a broken rule as CSV: the text of its :class:`ErrorLine`, made at once.

    ``key``: the first three cells, as they stand in every file.
    """
    field, hint = _repeated_cell(v.field), _repeated_cell(v.hint)
    outcome = Outcome.FINAL if v.severity is Severity.ERROR else Outcome.NONE
    return f"{key},{INTAKE},{field},{v.code},{csv_cell(v.message)},,false,{hint},0,{at},{v.severity},{outcome}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A line of ``parked.csv``: who waits, for what and since when. May hold personal data.

    ``field`` is the column of the row that lacks something, ``document`` the kind of document that the bank wants.
    """

    source: str
    row_number: int
    external_id: str
    first_name: str = default(repr=False)
    last_name: str = default(repr=False)
    email: str = default(repr=False)
    phone: str = default(repr=False)
    phase: str
    code: str
    message: str
    hint: str
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""
    since: str = ""
    attempts: int = 0
    field: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful(Waiting):
    """A line of ``in_doubt.csv``: an unresolved customer, the question for the operator, an empty answer column."""

    question: str = ""
    answer: str = ""


def columns(kind: type[Result] | type[ErrorLine] | type[Waiting]) -> tuple[str, ...]:
    """Return the columns of the file whose lines are of ``kind``."""
    return tuple(column.name for column in fields(kind))


def _text(value: object) -> str:
    """Write a value as a cell: ``None`` is empty, booleans are ``true`` and ``false``."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return as_cell(value)
        case _:
            return str(value)


def to_cells(kind: type[Result] | type[ErrorLine] | type[Waiting]) -> "Callable[[object], Iterable[str]]":
    """Return a function that turns lines of ``kind`` into cells; built once per file because it is called per row."""
    values = attrgetter(*columns(kind))

    def cells(line: object) -> list[str]:
        row = values(line)
        # One search over the whole line is several times faster than one per cell, and nearly always finds nothing.
        if _SUSPECT("\0".join(["", *[value for value in row if value.__class__ is str]])):
            return [_text(value) for value in row]
        return [value if value.__class__ is str else _text(value) for value in row]

    return cells
