"""Splits lines into fields, and recognises lines that are unambiguous records.

Promises: lines of a block are called unambiguous only if all of them have the right number of fields and nothing
special: no quote, no NUL, no invalid UTF-8. Knows lines of text, no stream and no column names.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import polars as pl
from polars.exceptions import ComputeError

from finhub_onboard.intake.reading import quirks
from finhub_onboard.intake.reading.quirks import Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a line is split into fields; without ``quote`` quotes are ordinary characters.

    A quote inside a quoted field is doubled or, where ``escape`` is stated, follows it. ``other`` is the quote that was
    not chosen, where the choice was a guess: a field quoted by it is a fault.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    other: str = field(default="", compare=False)

    @property
    def quirks(self) -> Quirks:
        """The patterns for lines that are not plain records."""
        return quirks.quirks_of(self.delimiter, self.quote, self.escape, self.other)

    def cells(self, lines: Iterable[str]) -> list[str]:
        """Split one record, reading further lines as long as it continues; raises ``csv.Error`` if it is malformed."""
        return next(
            csv.reader(
                lines,
                delimiter=self.delimiter,
                quotechar=self.quote or None,
                quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
                escapechar=self.escape or None,
                strict=True,
            )
        )

    def whole(self, width: int) -> str:
        """Return the pattern of a record with so many fields, each of them either wholly quoted or not at all."""
        quote, delimiter = re.escape(self.quote), re.escape(self.delimiter)
        one = f"(?:{quote}(?:[^{quote}\r\n]|{quote}{quote})*{quote}|[^{quote}{delimiter}\r\n]*)"
        return f"^{one}(?:{delimiter}{one}){{{width - 1}}}\r?\n?$"

    def signs(self, body: bytes) -> bytes:
        """Return what is left of a body without the characters that have no meaning."""
        return body.translate(None, _without(self.delimiter + self.quote + self.escape + self.other))

    def plain(self, body: bytes, signs: bytes, width: int) -> int:
        """Count the lines of a body if all of them are records of so many fields without a quote; else return 0.

        The ``signs`` of a body are the same for each such line. Only a CR and an LF that are together there may have
        been apart before.
        """
        left = signs.translate(None, self.other.encode())
        for end in ("\n", "\r\n"):
            line = (self.delimiter * (width - 1) + end).encode()
            lines = len(left) // len(line)
            if lines and left == line * lines and (end == "\n" or body.count(b"\r\n") == lines):
                return lines
        return 0

    def special(self, text: str) -> bool:
        """Tell whether a text has more to it than delimiters."""
        return bool((self.quote and self.quote in text) or (self.escape and self.escape in text))


def plain(body: bytes, cut: Cut, width: int, tail: int = 0) -> int:
    """Count the lines of a body if all of them are unambiguous records without a quote; else return 0.

    ``width`` is the number of their fields, of which the last ``tail`` are empty.
    """
    if width < 2:  # noqa: PLR2004 - one column: nothing to count
        return 0
    signs = cut.signs(body)
    lines = cut.plain(body, signs, width)
    if not lines or (tail and not _has_tails(body, cut.delimiter * tail, lines)):
        return 0
    if not body.isascii():
        try:
            pl.Series([body], dtype=pl.Binary).cast(pl.String)
        except ComputeError:  # it contains invalid UTF-8
            return 0
    if cut.quirks.may_be_in(body, signs):
        return 0
    return lines


def _has_tails(body: bytes, tail: str, lines: int) -> bool:
    """Tell whether all lines end with a text."""
    end = tail.encode()
    return body.count(end + b"\n") + body.count(end + b"\r\n") == lines


@cache
def _without(meaning: str) -> bytes:
    """Return all bytes but those of characters with a meaning, of line ends and NUL."""
    kept = f"{meaning}\r\n\0".encode()
    return bytes(code for code in range(256) if code not in kept)
