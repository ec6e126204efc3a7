"""Texts for people: what somebody else wrote (names of files, words of a bank), made fit to be shown; spans of time.

Pure.
"""

import re


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


_LABEL = 80
_DIGITS = 4


def is_label(text: str) -> bool:
    """Whether somebody else's text can be the name of a thing: one short line that holds no address and no number."""
    digits = [len(run) for run in re.findall(r"\d+", text)]
    is_number = max(digits, default=0) > _DIGITS or sum(digits) > _DIGITS
    return 0 < len(text) <= _LABEL and text.isprintable() and "@" not in text and not is_number
