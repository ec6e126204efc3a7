"""Errors grouped by cause, with the number of rows that each cause affected.

Promises: pure; memory does not grow with the rows if a row's errors are fed before its result; the number of causes is
bounded. Holds no personal data: only file names, row numbers, codes and redacted messages.
"""

from dataclasses import dataclass
from dataclasses import field as default

from finhub_onboard.model import Disposition, Severity
from finhub_onboard.reports.files.rows import NO_HINTS, ErrorLine, Outcome

FINE = frozenset({Disposition.ONBOARDED, Disposition.UNCHANGED})
"""Dispositions that need no action."""
_EXAMPLES = 5
_MAX_CAUSES = 500


@dataclass(slots=True, kw_only=True)
class Cause:
    """All errors of one (stage, code, field), with the first message and hint seen.

    ``rows``: affected rows that are not onboarded or unchanged; ``overcome``: affected rows that succeeded all the
    same, for example by a retry; ``lines``: lines in ``errors.csv``.
    """

    stage: str
    code: str
    field: str
    message: str
    hint: str
    rows: int = 0
    overcome: int = 0
    lines: int = 0
    examples: list[tuple[str, int]] = default(default_factory=list)


_Key = tuple[str, str, str]
_Row = tuple[str, int]
_OTHER: _Key = ("", "other", "")


class Causes:
    """Groups errors. Errors that are not fed right around their row's result take memory until it comes."""

    def __init__(self) -> None:
        self._found: dict[_Key, Cause] = {}
        self._waiting: dict[_Row, set[_Key]] = {}
        self._last: tuple[_Row, Disposition] | None = None

    @property
    def waiting(self) -> list[_Row]:
        """Rows with errors that have no result yet."""
        return list(self._waiting)

    def feed_result(self, row: _Row, disposition: Disposition) -> None:
        """Record the disposition of a row (source, number)."""
        self._last = row, disposition
        self._settle(row, self._waiting.pop(row, set()), disposition)

    def feed_error(self, error: ErrorLine) -> None:
        """Record an error; the row's result decides whether it was overcome."""
        if error.severity is not Severity.ERROR:
            return
        key = (error.stage, error.code, error.field)
        if key not in self._found and len(self._found) >= _MAX_CAUSES:
            key = _OTHER
        cause = self._found.get(key)
        if cause is None:
            message = "errors of further kinds: see errors.csv" if key == _OTHER else error.message
            hint = "" if key == _OTHER else error.hint
            cause = Cause(stage=key[0], code=key[1], field=key[2], message=message, hint=hint)
            self._found[key] = cause
        if error.outcome is Outcome.FINAL and cause.hint in NO_HINTS and key != _OTHER:
            cause.hint = error.hint
        cause.lines += 1
        row = (error.source, error.row_number)
        if error.row_number == 0:
            return
        if self._last and self._last[0] == row:
            self._settle(row, {key}, self._last[1])
        else:
            self._waiting.setdefault(row, set()).add(key)

    def every(self) -> list[Cause]:
        """All causes, those with the most rows first."""
        return sorted(self._found.values(), key=lambda c: (-c.rows, -c.overcome, c.stage, c.code, c.field))

    def _settle(self, row: _Row, keys: set[_Key], disposition: Disposition) -> None:
        for key in keys:
            cause = self._found[key]
            if disposition in FINE:
                cause.overcome += 1
                continue
            cause.rows += 1
            if len(cause.examples) < _EXAMPLES:
                cause.examples.append(row)
