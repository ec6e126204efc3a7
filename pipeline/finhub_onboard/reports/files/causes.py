"""Errors grouped by cause, with the number of rows that each cause affected and some of these rows.

Promises: pure; memory does not grow with the rows if a row's errors are fed before its result; the number of causes is
bounded. Holds no personal data: only names of files, row numbers, external ids, codes and redacted messages.
"""

from collections import Counter
from dataclasses import dataclass
from dataclasses import field as default
from typing import NamedTuple

from finhub_onboard.model import Disposition, Severity, Violation
from finhub_onboard.reports.files.rows import INTAKE, NO_HINTS, ErrorLine, Outcome, Result

FINE = frozenset({Disposition.ONBOARDED, Disposition.UNCHANGED})
"""Dispositions that need no action."""
_EXAMPLES = 20
_MAX_CAUSES = 1000
_MAX_REASONS = 40


class Example(NamedTuple):
    """A row that a cause affected; ``phase`` is where the row stands, empty if nothing was sent for it."""

    source: str
    row_number: int
    external_id: str
    phase: str = ""


@dataclass(slots=True, kw_only=True)
class Cause:
    """All errors of one (stage, code, field), with the first message and hint seen.

    ``rows``: affected rows that are not onboarded or unchanged; ``overcome``: affected rows that succeeded all the
    same, for example by a retry; ``lines``: lines in ``errors.csv``, also by message in ``reasons``, where those of
    further messages count under an empty one. ``severity`` is that of a finding which costs no row, or ``error``.
    """

    stage: str
    code: str
    field: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR
    rows: int = 0
    overcome: int = 0
    lines: int = 0
    examples: list[Example] = default(default_factory=list)
    reasons: Counter[str] = default(default_factory=Counter)

    def count(self, message: str) -> None:
        """Count a line."""
        self.lines += 1
        is_known = message in self.reasons or len(self.reasons) < _MAX_REASONS
        self.reasons[message if is_known else ""] += 1

    def show(self, example: Example) -> None:
        """Keep a row as an example, if there is room."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


_Key = tuple[str, str, str]
_Row = tuple[str, int]
_OTHER: _Key = ("", "other", "")


class Causes:
    """Groups errors. Errors that are not fed right around their row's result take memory until it comes."""

    def __init__(self) -> None:
        self._found: dict[_Key, Cause] = {}
        self._warnings: dict[_Key, Cause] = {}
        self._waiting: dict[_Row, set[_Key]] = {}
        self._last: tuple[_Row, Example, Disposition] | None = None

    @property
    def waiting(self) -> list[_Row]:
        """Rows with errors that have no result yet."""
        return list(self._waiting)

    def feed_result(self, result: Result) -> None:
        """Record what became of a row."""
        row = result.source, result.row_number
        example = Example(*row, result.external_id, result.phase)
        self._last = row, example, result.disposition
        self._settle(example, self._waiting.pop(row, set()), result.disposition)

    def feed_error(self, error: ErrorLine) -> None:
        """Record an error; the row's result decides whether it was overcome."""
        if error.severity is not Severity.ERROR:
            cause = self._warning(error.stage, error.code, error.field, error.message, error.hint, error.severity)
            cause.count(error.message)
            cause.show(Example(error.source, error.row_number, error.external_id))
            return
        key = (error.stage, error.code, error.field)
        if key not in self._found and len(self._found) >= _MAX_CAUSES:
            key = _OTHER
        cause = self._found.get(key) or self._new(key, error)
        if error.outcome is Outcome.FINAL and cause.hint in NO_HINTS and key != _OTHER:
            cause.hint = error.hint
        cause.count("" if key == _OTHER else error.message)
        row = (error.source, error.row_number)
        if error.row_number == 0:
            return
        if self._last and self._last[0] == row:
            self._settle(self._last[1], {key}, self._last[2])
        else:
            self._waiting.setdefault(row, set()).add(key)

    def feed_finding(self, found: Violation) -> None:
        """Record a warning or a notice of the intake."""
        cause = self._warning(INTAKE, found.code, found.field, found.message, found.hint, found.severity)
        cause.count(found.message)
        if len(cause.examples) < _EXAMPLES:
            cause.show(Example(found.source, found.row_number, found.external_id))

    def every(self) -> list[Cause]:
        """All causes, those with the most rows first."""
        return sorted(self._found.values(), key=lambda c: (-c.rows, -c.overcome, c.stage, c.code, c.field))

    def warnings(self) -> list[Cause]:
        """What costs no row, the most frequent first."""
        return sorted(self._warnings.values(), key=lambda c: (-c.lines, c.stage, c.code, c.field))

    def _new(self, key: _Key, error: ErrorLine) -> Cause:
        message, hint = error.message, error.hint
        if key == _OTHER:
            message, hint = "errors of further kinds: see errors.csv", ""
        self._found[key] = Cause(stage=key[0], code=key[1], field=key[2], message=message, hint=hint)
        return self._found[key]

    def _warning(self, stage: str, code: str, field: str, message: str, hint: str, severity: Severity) -> Cause:
        """The warning of this kind; further kinds beyond the limit are one."""
        key = (stage, code, field)
        if key not in self._warnings:
            if len(self._warnings) >= _MAX_CAUSES:
                key, message, hint = _OTHER, "warnings of further kinds: see errors.csv", ""
            new = Cause(stage=key[0], code=key[1], field=key[2], message=message, hint=hint, severity=severity)
            self._warnings.setdefault(key, new)
        return self._warnings[key]

    def _settle(self, row: Example, keys: set[_Key], disposition: Disposition) -> None:
        for key in keys:
            cause = self._found[key]
            if disposition in FINE:
                cause.overcome += 1
                continue
            cause.rows += 1
            cause.show(row)
