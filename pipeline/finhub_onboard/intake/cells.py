"""Cleans cells: removes what copying and spreadsheets leave around a value.

Promises: the visible text of a value never changes. White space and invisible characters are removed at the ends, and
inside of coded values such as dates; inside of other texts they stay and are reported. A spreadsheet's notation for
text (``="00123"``, ``'00123``) is replaced by the text, and Unicode is composed (NFC). Joiners stay where a script
needs them: in Persian and Indic names they shape letters. Beside the text there is a code for what was changed, and the
reading of versions up to 0.4.0, because ledgers know customers by it. Knows no rows, no file, no profile.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

import polars as pl

from finhub_onboard.intake.checking import damage
from finhub_onboard.intake.checking.elementwise import distinct_if_few, is_ascii, map_distinct, map_matching, map_texts
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model.columns import CONSENTS

_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_JOINERS = "\u200c\u200d"
_INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0001\U000e0020-\U000e007f"
"""Soft hyphen, marks, embeddings and isolates of direction, zero-width space, word joiner, byte order mark, tags."""
_EARLIER_SPACE = _SPACE + "\u200b\u200e\u200f\u2060\ufeff"
OUTER_SPACE = (
    _EARLIER_SPACE
    + _JOINERS
    + "\u00ad\u061c\u180e\u202a\u202b\u202c\u202d\u202e"
    + "".join(map(chr, range(0x2061, 0x2070)))
)
"""All white space, and the invisible characters that copying leaves at the ends of a value."""


class Kind(Enum):
    """How the cells of a column are cleaned.

    A ``FREE`` text may begin with an apostrophe ('s-Hertogenbosch, 't Hooft); in other columns that is a spreadsheet's
    mark for text. ``CODED`` values are numbers, dates and words of a list: invisible characters inside mean nothing.
    """

    FREE = "free"
    KEY = "key"
    CODED = "coded"


_KINDS = {
    **dict.fromkeys(("first_name", "last_name", "place_of_birth", "street", "city", "region"), Kind.FREE),
    **dict.fromkeys(("email", "phone", "date_of_birth", "nationality", "country", "category", "gender"), Kind.CODED),
    **dict.fromkeys(("risk_level", "document_type", *(f"{consent}_accepted_at" for consent in CONSENTS)), Kind.CODED),
}


def kind_of(columns: Collection[str]) -> Kind:
    """Return the kind of a cell that these canonical columns are made of."""
    kinds = {_KINDS.get(column, Kind.KEY) for column in columns}
    return kinds.pop() if len(kinds) == 1 else Kind.FREE


_UNSEEN = re.compile(f"[{_INVISIBLE}{_JOINERS}]")
_FORMULA = re.compile(r'=\s*"(.*)"', re.DOTALL)
_MARKED = re.compile(r"'(?:\w[\w ./-]*|=\s*\"[^']*\")")
_PLAIN, _PLAIN_NAME = (
    re.compile("|(?!['=])[!-~](?:[ -~]*[!-~])?"),
    re.compile("|(?!['=])[!-%'-~](?:[ -%'-~]*[!-%'-~])?"),
)
"""Texts that certainly need no cleaning; a name with an ampersand may have an HTML entity."""
_FEW = 600
"""Up to so many texts are looked at one by one."""
_VIRAMA = 9
"""The combining class of the sign that suppresses a consonant's vowel."""
_JOINED_SCRIPTS = frozenset(
    (
        *("ARABIC", "SYRIAC", "MANDAIC", "NKO", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA"),
        *("TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN", "BALINESE", "JAVANESE"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Cleaned columns of a file, the codes of notices, and the texts as earlier versions read them.

    ``codes`` and ``earlier`` have only the columns in which at least one cell is affected.
    """

    frame: pl.DataFrame
    codes: Mapping[str, pl.Series] = field(default_factory=dict)
    earlier: Mapping[str, pl.Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A batch of canonical columns as text, '' is absent.

    ``dialled`` are the phone numbers before the profile's format is applied. ``codes`` are the notices by canonical
    column. ``earlier`` has the rows at ``places`` as versions up to 0.4.0 read them, where that is different.
    """

    frame: pl.DataFrame
    dialled: pl.Series | None
    codes: Mapping[str, pl.Series]
    places: pl.Series
    earlier: pl.DataFrame

    def former_ids(self) -> dict[int, str]:
        """Return by place the ids that versions up to 0.4.0 read differently, as those versions read them."""
        return former_ids(self.frame["external_id"], self.places, self.earlier["external_id"])


def former_ids(ids: pl.Series, places: pl.Series, earlier: pl.Series) -> dict[int, str]:
    """Return those of the ids ``earlier`` at ``places`` that are not the same now, by place."""
    pairs = zip(places, earlier, ids.gather(places), strict=True)
    return {place: before for place, before, after in pairs if before and before != after}


def clean_text(values: pl.Series) -> pl.Series:
    """Clean cells of free text."""
    bare = map_distinct(values, _strip_space)
    places = _is_odd(bare, ascii_only=is_ascii(bare)).arg_true()
    return bare.clone().scatter(places, _clean_each(bare.gather(places), Kind.FREE)) if places.len() else bare


def seen(values: pl.Series) -> pl.Series:
    """Remove invisible characters, so that texts that look the same are equal."""
    return (
        values if is_ascii(values) else map_matching(values, _UNSEEN.pattern, lambda odd: map_texts(odd, remove_marks))
    )


@lru_cache(maxsize=1024)
def clean_one(value: str) -> str:
    """Clean a single text."""
    return str(clean_text(pl.Series([value], dtype=pl.String))[0])


def readings(external_id: str) -> tuple[str, str]:
    """Return a cell of ``external_id`` as cleaned now, and as versions up to 0.4.0 read it."""
    value = pl.Series([external_id], dtype=pl.String)
    return _clean_value(_strip_space(value)[0], Kind.KEY), _earlier(value)[0]


def cleaned(frame: pl.DataFrame, kinds: Mapping[str, Kind], names: Collection[str] = ()) -> Cleaned:
    """Clean the columns of a file by their kinds, others stay unchanged. In ``names`` every change is reported."""
    columns: dict[str, pl.Series] = {}
    codes: dict[str, pl.Series] = {}
    earlier: dict[str, pl.Series] = {}
    for name in frame.columns:
        values = frame.get_column(name)
        distinct = distinct_if_few(values)
        if name not in kinds or _is_plain(values if distinct is None else distinct, name=name in names):
            columns[name] = values
            continue
        ascii_only = is_ascii(values)
        bare = values.str.strip_chars() if ascii_only else map_distinct(values, _strip_space)
        odd = _is_odd(bare, ascii_only=ascii_only).arg_true()
        columns[name] = bare
        codes_of_cells = dict[int, str]()
        if odd.len():
            before, given = bare.gather(odd), _earlier(values.gather(odd))
            after = _clean_each(before, kinds[name])
            columns[name] = bare.clone().scatter(odd, after)
            codes_of_cells = {
                place: code for place, *pair in zip(odd, before, after, strict=True) if (code := _choose_code(*pair))
            }
            if not given.equals(after):
                earlier[name] = bare.clone().scatter(odd, given)
        if name in names:
            codes_of_cells = _find_changed_names(values, columns[name]) | codes_of_cells | damage.find_damage(values)
        if codes_of_cells:
            none = pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
            codes[name] = none.scatter(list(codes_of_cells), pl.Series(list(codes_of_cells.values()), dtype=pl.String))
    return Cleaned(frame=pl.DataFrame(columns, height=frame.height), codes=codes, earlier=earlier)


def _find_changed_names(given: pl.Series, names: pl.Series) -> dict[int, str]:
    """Return by place the names that changed by more than white space at their ends."""
    changed = (given != names).arg_true()
    changed = changed.filter(given.gather(changed).str.strip_chars() != names.gather(changed))
    pairs = zip(changed, given.gather(changed), names.gather(changed), strict=True)
    return {place: ViolationCode.NAME_CLEANED for place, was, became in pairs if was.strip() != became}


def _strip_space(values: pl.Series) -> pl.Series:
    """Strip white space and compose; invisible characters stay."""
    return _compose(values.str.strip_chars(), _SPACE)


def _earlier(values: pl.Series) -> pl.Series:
    """Read cells as versions up to 0.4.0 did."""
    return _compose(values.str.strip_chars(), _EARLIER_SPACE)


def _compose(values: pl.Series, space: str) -> pl.Series:
    return map_matching(values, r"[^\x00-\x7f]", lambda odd: odd.str.strip_chars(space).str.normalize("NFC"))


def _is_plain(values: pl.Series, *, name: bool) -> bool:
    """Tell whether none of these texts needs cleaning, where they are few; of more the answer is no.

    Cached, because batches repeat the same few texts. Of plain ASCII a pattern tells, quicker than polars begins.
    """
    if values.len() > _FEW:
        return False
    plain = _PLAIN_NAME if name else _PLAIN
    return all(plain.fullmatch(value or "") for value in values) or _are_plain(frozenset(values), name=name)


@lru_cache(maxsize=64)
def _are_plain(texts: frozenset[str], *, name: bool) -> bool:
    distinct = pl.Series(list(texts), dtype=pl.String)
    bare = _strip_space(distinct)
    return (
        bare.equals(distinct)
        and not _is_odd(bare, ascii_only=False).any()
        and not (name and damage.find_damage(distinct))
    )


def _is_odd(bare: pl.Series, *, ascii_only: bool) -> pl.Series:
    """Tell which texts contain invisible characters, or begin with a spreadsheet's marker for text."""
    # Comparing costs half of starts_with: ( is the character after ', and > the one after =.
    begins = ((bare >= "'") & (bare < "(")) | ((bare >= "=") & (bare < ">"))
    return begins if ascii_only else begins | bare.str.contains(_UNSEEN.pattern)


def _clean_each(values: pl.Series, kind: Kind) -> pl.Series:
    return map_texts(values, lambda value: _clean_value(value, kind))


def _clean_value(value: str, kind: Kind) -> str:
    """Clean one text that has no white space at its ends."""
    meant = remove_marks(value) if kind is Kind.CODED else _strip(value)
    if kind is not Kind.FREE and _MARKED.fullmatch(meant):
        meant = meant[1:].strip(_SPACE)
    if wrapped := _FORMULA.fullmatch(meant):
        meant = wrapped[1].replace('""', '"').strip(_SPACE)
        # Keys stay as ledgers know them, with a joiner at an end.
        meant = _strip(meant) if kind is Kind.FREE else meant
    return unicodedata.normalize("NFC", meant)


def _strip(value: str) -> str:
    """Remove invisible characters at both ends, except a joiner that shapes the last letter."""
    bare = value.strip(OUTER_SPACE)
    behind = value[value.index(bare) + len(bare) :] if bare else ""
    return bare + behind[:1] if behind[:1] in _JOINERS and _shapes(bare[-1:], "") else bare


def remove_marks(value: str) -> str:
    """Remove invisible characters, except joiners that shape letters."""
    if not _UNSEEN.search(value):
        return value
    kept = ""
    for place, letter in enumerate(value):
        if letter not in _JOINERS:
            kept += "" if _UNSEEN.match(letter) else letter
        elif _shapes(kept[-1:], next((after for after in value[place + 1 :] if not _UNSEEN.match(after)), "")):
            kept += letter
    return kept.strip(_SPACE)


def _shapes(before: str, after: str) -> bool:
    """Tell whether a joiner between these letters shapes them: after a virama, or inside of a joining script."""
    return bool(before) and (
        unicodedata.combining(before) == _VIRAMA or (_is_joined(before) and bool(after) and _is_joined(after))
    )


def _is_joined(letter: str) -> bool:
    return unicodedata.name(letter, "").partition(" ")[0] in _JOINED_SCRIPTS


def _choose_code(before: str, after: str) -> ViolationCode | None:
    """Return the code of the notice on a text that was cleaned to ``after``, if any."""
    seen = remove_marks(before)
    if len(after) < len(_strip(before)) and seen[:1] in ("=", "'"):
        return ViolationCode.SPREADSHEET_TEXT
    inside = _strip(before)
    return ViolationCode.INVISIBLE_CHARACTERS if inside != after or remove_marks(after) != after else None
