"""Lines that are not quite CSV: blank rows of spreadsheets, and fields quoted in other ways.

Promises: a row of blank fields is distinguished from one with content; quotes after white space and typographic quotes
are parsed as quotes or refused, never kept as part of a value. Works on one line at a time and knows no columns.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from operator import itemgetter

SPACES = " \t"
END_OF_FILE = "\x1a"
"""Ctrl-Z, by which DOS ends a text."""
_FAMILIES = ("\u201c\u201d\u201e\u201f", "\xab\xbb", "\u2039\u203a", "\u2033", "\uff02")
OPENERS = "".join(_FAMILIES) + "\u2018\u201a"
"""Typographic quotes that a field may begin with."""
_LEADS = frozenset(mark.encode()[:1] for mark in OPENERS)
_ANY_OPENER = re.compile(b"|".join(mark.encode() for mark in OPENERS))
_TWO_APOSTROPHES = re.compile(rb"'(?=')")
"""With a lookahead the regex engine searches for one character, which is several times faster than for two."""
_HALVES = "\u201c\u201e"
"""Quotes that only open a quotation: alone at the start of a field, the closing quote is in another field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How to recognise lines of one dialect that need a closer look.

    A line without any of ``marks`` is only ``strange`` if white space precedes a quote. ``blank`` and ``strange`` are
    patterns for a single line, valid for Python and polars; lines that match are parsed in full.
    """

    marks: tuple[str, ...]
    blank: str
    strange: str
    delimiter: str
    quote: str
    escape: str
    other: str

    def may_be_blank(self, text: str) -> bool:
        """Tell whether a line has nothing but white space, delimiters and quotes."""
        return _compile(self.blank).match(text) is not None

    def may_be_in(self, body: bytes, signs: bytes) -> bool:
        """Tell whether any line of a block without standard quotes may be blank or strange; most blocks have none.

        ``signs`` are the bytes of the block that have a meaning. Each test scans the whole block. Iterating over lines
        is cheaper than searching for line starts, and ``signs`` rule most searches out.
        """
        if not frozenset((self.delimiter + SPACES).encode()).isdisjoint(map(itemgetter(0), BytesIO(body))):
            return True
        if not self.quote:
            return False
        if any(lead in body for lead in _LEADS) and _ANY_OPENER.search(body):
            return True
        if self.other == "'":
            return b"''" in signs and _TWO_APOSTROPHES.search(body) is not None
        return bool(self.other) and self.other.encode() in signs

    def is_strange(self, text: str) -> bool:
        """Tell whether a field may be quoted in a non-standard way."""
        return bool(self.quote) and _compile(self.strange).search(text) is not None

    def respell(self, text: str) -> str | None:
        """Return a line with standard quotes instead of the others; None if a quotation is incomplete.

        A standard quoted field that continues on the next line leaves the whole line as it is.
        """
        field = _compile(_field(self.delimiter, self.quote, self.escape))
        body = text.rstrip("\r\n")
        fields, place = [], 0
        while True:
            match = field.match(body, place)
            assert match is not None
            bare = match["bare"]
            if bare is not None and bare.startswith(self.quote):
                return text
            spelled = self._spell(match)
            if spelled is None:
                return None
            fields.append(spelled)
            if match.end() >= len(body):
                return self.delimiter.join(fields) + text[len(body) :]
            place = match.end() + len(self.delimiter)

    def _spell(self, match: re.Match[str]) -> str | None:
        if match["bare"] is None:
            own = match["own"] or match["late"]
            if own is None:
                return self._quote(_inner(match))
            within = _compile(_families(f"[{SPACES}]*")).fullmatch(own[1:-1])
            return f"{self.quote}{_inner(within)}{self.quote}" if within else own
        bare = match["bare"].strip(SPACES)
        half = len(bare) > 1 and bare[0] in _HALVES and not set(bare[1:]) & set(OPENERS)
        behind_space = bare.startswith(self.quote)
        if bare and (half or behind_space or self._in_others(bare)):
            return None
        return match["bare"]

    def _in_others(self, bare: str) -> bool:
        """Tell whether a field is quoted by the quote character that was not detected for the file.

        A single apostrophe at both ends may belong to a name; a doubled one inside may not.
        """
        if not self.other or len(bare) < 2 or not bare[0] == bare[-1] == self.other:  # noqa: PLR2004 - two quotes
            return False
        inner = bare[1:-1].replace(self.other * 2, "")
        return self.other not in inner and (self.other == '"' or len(inner) < len(bare) - 2)

    def _quote(self, inner: str) -> str:
        escaped = inner.replace(self.escape, self.escape * 2) if self.escape else inner
        return f"{self.quote}{escaped.replace(self.quote, (self.escape or self.quote) + self.quote)}{self.quote}"


@lru_cache(maxsize=64)
def quirks_of(delimiter: str, quote: str, escape: str, other: str) -> Quirks:
    """Return the quirks of a dialect; ``other`` is the quote that was not chosen, if the choice was a guess."""
    space = f"[{_spaces(delimiter)}]"
    ways = [f"{space}*{re.escape(quote)}?{space}*[{OPENERS}]", f"{space}+{re.escape(quote)}"] if quote else []
    if other:
        ways.append(f"{space}*'[^\r\n]*''" if other == "'" else f"{space}*{re.escape(other)}")
    marks = (*OPENERS, *([other * 2 if other == "'" else other] if other else ())) if quote else ()
    return Quirks(
        marks=marks,
        blank=rf"^[{SPACES}{END_OF_FILE}{re.escape(delimiter + quote)}]*\r?\n?$",
        strange=f"(?:^|{re.escape(delimiter)})(?:{'|'.join(ways)})" if ways else "",
        delimiter=delimiter,
        quote=quote,
        escape=escape,
        other=other,
    )


def _spaces(delimiter: str) -> str:
    return SPACES.replace(delimiter, "")


def _families(space: str) -> str:
    """Return the pattern of a field in typographic quotes; a single closing one may also be an apostrophe."""
    pairs = [f"[{marks}]([^{marks}\r\n]*)[{marks}]" for marks in _FAMILIES]
    return f"{space}(?:{'|'.join(pairs)}|[\u2018\u201a]([^\u2018\u201a\r\n]*)[\u2018\u2019]){space}"


def _field(delimiter: str, quote: str, escape: str) -> str:
    """Return the pattern of the next field of a line: in standard quotes, in quotes after white space, or in others."""
    end, mark = re.escape(delimiter), re.escape(quote)
    space = f"[{_spaces(delimiter)}]"
    inner = f"(?:[^{mark}{re.escape(escape)}]|{mark}{mark}" + (rf"|{re.escape(escape)}." if escape else "") + ")*"
    quoted = f"{mark}{inner}{mark}"
    ways = f"(?P<own>{quoted})|{space}+(?P<late>{quoted}){space}*|{_families(space + '*')}"
    return f"(?:{ways})(?={end}|$)|(?P<bare>[^{end}]*)"


def _inner(match: re.Match[str]) -> str:
    """Return the text between typographic quotes."""
    return next(group for group in match.groups() if group is not None)


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
