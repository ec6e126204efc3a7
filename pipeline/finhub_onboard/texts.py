"""Texts for people: what somebody else wrote (names of files, words of a bank), made fit to be shown; time and rates.

Pure.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from difflib import get_close_matches


def printable(text: str) -> str:
    """Escape what would move the cursor, colour a terminal, begin a line or turn the direction of what follows.

    Also what is no text at all: bytes of a file's name that no encoding knows.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(letter: str) -> str:
    """A letter that stands for a byte of a name (PEP 383) as that byte, any other by its number."""
    return ascii(letter)[1:-1].replace(r"\udc", r"\x") if "\udc80" <= letter <= "\udcff" else ascii(letter)[1:-1]


_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def duration(seconds: float) -> str:
    """Write a span of time in its two largest units."""
    whole = max(0, round(seconds))
    for size, unit, below, part in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {part}"
    return f"{whole} s"


def clock_time(moment: datetime, now: datetime) -> str:
    """Write an instant as a time of day, with its date if that is more than a day away."""
    return f"{moment:%H:%M}" if moment - now < timedelta(days=1) else f"{moment:%Y-%m-%d %H:%M}"


_WHOLE_FROM = 10


def rate(calls_per_second: float) -> str:
    """Write a rate in as many digits as say something."""
    return f"{calls_per_second:,.0f}" if calls_per_second >= _WHOLE_FROM else f"{calls_per_second:.2g}"


_LIKE_ENOUGH = 0.6


def nearest(name: str, known: Iterable[str], *, least: float = _LIKE_ENOUGH) -> str:
    """The known name that is most like this one; empty if none is like it at all."""
    near = get_close_matches(name.lower(), list(known), n=1, cutoff=least)
    return near[0] if near else ""


_LABEL = 80
_DIGITS = 4


def is_label(text: str) -> bool:
    """Whether somebody else's text can be the name of a thing: one short line that holds no address and no number."""
    digits = [len(run) for run in re.findall(r"\d+", text)]
    is_number = max(digits, default=0) > _DIGITS or sum(digits) > _DIGITS
    return 0 < len(text) <= _LABEL and text.isprintable() and "@" not in text and not is_number
