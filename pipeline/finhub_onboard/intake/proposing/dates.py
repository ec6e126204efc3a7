"""In which format a column writes its dates, as far as the dates themselves prove it.

Promises: day and month are told apart only by dates that have a day after the 12th; a column without one keeps both
candidates. Two-digit years are found and never given a century. Pure.
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
"""The share of a column that must be cut alike for it to be a column of dates."""
_DATES_PER_SLIP = 50
"""One date that speaks against an order is a slip where this many speak for it."""

_Cut = tuple[str, str, str]
"""Between first and second part, between second and third, and what follows: ``("/", "/", " hh:mm")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How dates are written: one format when it is proved, else all that they may be.

    ``share`` is the part of the cells that are dates in the first of them, ``proofs`` how many dates speak for it and
    against all others, ``clock`` whether a time of day follows.
    """

    formats: tuple[str, ...]
    share: float
    proofs: int
    clock: bool

    @property
    def proved(self) -> bool:
        """Whether there is but one format that fits."""
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
    # An order stays possible while hardly a date is good in the best one only. Years that stand first are followed by
    # months everywhere: ISO needs no other proof than that nothing speaks against it.
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
    """Whether the parts are in the calendar, in a year of living people."""
    year, month, day = parts["Y"], parts["M"], parts["D"]
    if not year.isdigit() or not day.isdigit() or len(year) not in (_SHORT, _FULL) or _FULL in (len(day), len(month)):
        return False
    number = int(month) if month.isdigit() else 1 + _MONTHS.index(month.lower()) if month.lower() in _MONTHS else 0
    # The century of a two-digit year is not known here; a leap one takes no day away.
    full = int(year) if len(year) == _FULL else 1900 + int(year) if int(year) else 2000
    try:
        date(full, number, int(day))
    except ValueError:
        return False
    return _FIRST_YEAR <= full <= _LAST_YEAR


def _format(cut: _Cut, order: str, cells: Iterable[str]) -> str:
    """Write an order as a profile does: DD where every day has two digits, D where some have one."""
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
