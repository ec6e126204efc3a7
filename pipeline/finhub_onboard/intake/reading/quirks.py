"""Lines that are not quite CSV, and what their writers meant: blank rows of spreadsheets, quotes in other ways.

Promises: a row whose fields are all blank is told from one that has anything; quotes behind white space and typographic
ones are read as quotes or refused, never taken for a part of the value. Knows one line at a time and no columns.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from operator import itemgetter

SPACES = " \t"
END_OF_FILE = "\x1a"
"""Ctrl-Z: DOS ends a text with it."""
_FAMILIES = ("\u201c\u201d\u201e\u201f", "\xab\xbb", "\u2039\u203a", "\u2033", "\uff02")
OPENERS = "".join(_FAMILIES) + "\u2018\u201a"
"""Typographic quotes that a field may begin with."""
_LEADS = frozenset(mark.encode()[:1] for mark in OPENERS)
_ANY_OPENER = re.compile(b"|".join(mark.encode() for mark in OPENERS))
_TWO_APOSTROPHES = re.compile(rb"'(?=')")
"""So written the first is looked for, which is several times quicker than to look for both."""
_HALVES = "\u201c\u201e"
"""What opens a quotation and nothing else: alone at the start of a field, its other half is in another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How lines of one dialect are told that are no plain records.

    No line without one of ``marks`` is strange but for white space before its quotes; ``blank`` and ``strange`` are
    patterns of one line for Python and polars alike: what they find is looked at closer.
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
        """Tell whether any line of a block without CSV's own quotes may be blank or strange; most blocks are not.

        ``signs`` are those of its characters that have a meaning. Each look passes over the whole block: to take the
        lines from a stream costs less than to look for their beginnings, and what the signs lack is not looked for.
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
        """Tell whether a field may be quoted in another way than CSV's."""
        return bool(self.quote) and _compile(self.strange).search(text) is not None

    def respell(self, text: str) -> str | None:
        """Return a line with CSV's own quotes for the others; None where a quotation is not whole.

        A quoted field that goes on behind the line is left as it is, and what is on its line as well.
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
        """Tell whether a field stands in the quotes that the file does not seem to have.

        An apostrophe on either side may be a part of a name, a doubled one between them is not.
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
    """Return the quirks of a dialect; ``other`` is the quote that it does not seem to have, if that was a guess."""
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
    """Return the pattern of a field in typographic quotes; a single one may also be an apostrophe within."""
    pairs = [f"[{marks}]([^{marks}\r\n]*)[{marks}]" for marks in _FAMILIES]
    return f"{space}(?:{'|'.join(pairs)}|[\u2018\u201a]([^\u2018\u201a\r\n]*)[\u2018\u2019]){space}"


def _field(delimiter: str, quote: str, escape: str) -> str:
    """Return the pattern of the next field of a line: in CSV's own quotes, in those behind white space, in others."""
    end, mark = re.escape(delimiter), re.escape(quote)
    space = f"[{_spaces(delimiter)}]"
    inner = f"(?:[^{mark}{re.escape(escape)}]|{mark}{mark}" + (rf"|{re.escape(escape)}." if escape else "") + ")*"
    quoted = f"{mark}{inner}{mark}"
    ways = f"(?P<own>{quoted})|{space}+(?P<late>{quoted}){space}*|{_families(space + '*')}"
    return f"(?:{ways})(?={end}|$)|(?P<bare>[^{end}]*)"


def _inner(match: re.Match[str]) -> str:
    """Return what stands between typographic quotes."""
    return next(group for group in match.groups() if group is not None)


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
