"""The date format of a column, as far as its dates prove it.

Promises: day and month are told apart only by dates after the 12th of a month; without one, both formats stay
candidates. Two-digit years are recognised and never given a century. Pure.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

ISO = "YYYY-MM-DD"
_ORDERS = ("DMY", "MDY", "YMD", "YDM")
_SEPARATED = re.compile(
    r"(\d{1,4}|[A-Za-z]{3})([./\- ]|\. )(\d{1,2}|[A-Za-z]{3})([./\- ]|\. |, )(\d{1,4})"
    r"((?:T|, | )\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIRST_YEAR, _LAST_YEAR = 1880, 2100
_SHORT, _FULL = 2, 4
"""Digits of a year."""
_MIN_CUT_SHARE = 0.8
"""The minimum share of cells with the same separators for a column of dates."""
_DATES_PER_SLIP = 50
"""One date against a format is a typing error if at least so many support it."""

_Cut = tuple[str, str, str]
"""What separates the first and second part, the second and third, and what follows: ``("/", "/", " hh:mm")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How dates are written: one format if it is proved, else all candidates.

    ``share`` is the share of cells that are dates in the first format, ``proofs`` how many dates fit it and no other,
    ``clock`` whether a time of day follows.
    """

    formats: tuple[str, ...]
    share: float
    proofs: int
    clock: bool

    @property
    def proved(self) -> bool:
        """Whether exactly one format fits."""
        return len(self.formats) == 1

    @property
    def two_digit_years(self) -> bool:
        """Whether the century is missing."""
        return "YYYY" not in self.formats[0]


def written(cells: Sequence[str]) -> Written | None:
    """Return how a column writes its dates; None when it is no column of dates."""
    cuts = Counter(cut for cell in cells if (cut := _cut(cell)))
    if not cuts:
        return None
    cut, times = cuts.most_common(1)[0]
    if times < _MIN_CUT_SHARE * len(cells):
        return None
    cut_cells = [cell for cell in cells if _cut(cell) == cut]
    good = {
        order: {place for place, cell in enumerate(cut_cells) if _is_date(_parts(cell, order))} for order in _ORDERS
    }
    best = max(_ORDERS, key=lambda order: len(good[order]))
    if not good[best]:
        return None
    # A format stays possible while hardly any date fits only the best one. A year in front is always followed by
    # the month: ISO needs no further proof if nothing contradicts it.
    rivals = [
        order
        for order in _ORDERS
        if order != best and good[order] and not _refuted(len(good[best] - good[order]), len(good[order] - good[best]))
    ]
    formats = {order: _format(cut, order, [cut_cells[place] for place in good[order]]) for order in (best, *rivals)}
    if formats[best].startswith(ISO) and not good["YDM"] - good[best]:
        formats = {best: formats[best]}
    others = set().union(*(good[order] for order in _ORDERS if order != best))
    return Written(
        formats=tuple(formats.values()),
        share=len(good[best]) / len(cells),
        proofs=len(good[best] - others),
        clock=bool(cut[2]),
    )


def _refuted(only_best: int, only_rival: int) -> bool:
    return only_best > 0 and only_rival * _DATES_PER_SLIP <= only_best


def _cut(cell: str) -> _Cut | None:
    if _COMPACT.fullmatch(cell):
        return "", "", ""
    match = _SEPARATED.fullmatch(cell)
    if not match:
        return None
    return match[2], match[4], _clock(match[6] or "")


def _clock(written: str) -> str:
    """Write a time of day as a profile does, its hour as ``h``."""
    zoned = re.sub(r"(?:Z|[+-]\d\d(?::?\d\d)?)$", "Z", written)
    halved = re.sub(r"[AaPp]\.?[Mm]\.?", "AM", zoned)
    parts = re.sub(r"(?<=:\d\d)([.,])\d+", r"\1fff", halved)
    return re.sub(r"\d+:\d\d(:\d\d)?", lambda match: "h:mm:ss" if match[1] else "h:mm", parts)


def _parts(cell: str, order: str) -> dict[str, str]:
    """Return the texts of Y, M and D."""
    if _COMPACT.fullmatch(cell):
        ends = (0, 4, 6, 8) if order[0] == "Y" else (0, 2, 4, 8)
        return {part: cell[ends[place] : ends[place + 1]] for place, part in enumerate(order)}
    match = _SEPARATED.fullmatch(cell)
    assert match
    return dict(zip(order, (match[1], match[3], match[5]), strict=True))


def _is_date(parts: dict[str, str]) -> bool:
    """Whether the parts are a calendar date in a year of living people."""
    year, month, day = parts["Y"], parts["M"], parts["D"]
    if not year.isdigit() or not day.isdigit() or len(year) not in (_SHORT, _FULL) or _FULL in (len(day), len(month)):
        return False
    number = int(month) if month.isdigit() else 1 + _MONTHS.index(month.lower()) if month.lower() in _MONTHS else 0
    # A two-digit year has no century here; assuming a leap year rejects no valid day.
    full = int(year) if len(year) == _FULL else 1900 + int(year) if int(year) else 2000
    try:
        date(full, number, int(day))
    except ValueError:
        return False
    return _FIRST_YEAR <= full <= _LAST_YEAR


def _format(cut: _Cut, order: str, cells: Iterable[str]) -> str:
    """Write a format as a profile does: DD where every day has two digits, D where some have one."""
    shown = list(cells)
    seen = [_parts(cell, order) for cell in shown]
    words = {
        "Y": "Y" * Counter(len(parts["Y"]) for parts in seen).most_common(1)[0][0],
        "D": "D" * min(len(parts["D"]) for parts in seen),
        "M": "MMM" if seen[0]["M"].isalpha() else "M" * min(len(parts["M"]) for parts in seen),
    }
    first, second, third = (words[part] for part in order)
    short = any(re.search(r"\D\d:\d\d", cell) for cell in shown)
    return f"{first}{cut[0]}{second}{cut[1]}{third}{cut[2] if short else cut[2].replace('h', 'hh')}"
