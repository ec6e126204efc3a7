"""Texts damaged before we got them: decoded in a wrong encoding once or twice, or with HTML entities left in.

Promises: no real name is called damaged. Mojibake is found by reversing it: the text, encoded in the wrong encoding, is
UTF-8 of a more likely text. A text is more likely if it has only letters of one script where the other has symbols
among its letters, or capitals inside of words. Knows no rows.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from html.entities import html5

import polars as pl

from finhub_onboard.intake.checking.elementwise import is_ascii
from finhub_onboard.intake.checking.violation_codes import ViolationCode

_CODECS = (
    *("cp1252", "latin-1", "cp1250", "cp1254", "cp1257", "cp1251", "iso8859-2", "iso8859-15"),
    *("mac_roman", "cp437", "cp850"),
)
"""Encodings that UTF-8 is mostly decoded as; bytes without a letter become control characters."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BETWEEN = " -'.,\u2019\u02bb\u02bc\u00b7/()\u3005\u30fc"
"""Characters that may separate the letters of names."""
_LIKELY = re.compile("[\u00c0-\u017f\u0218-\u021b\u01cd-\u01dc\u1e00-\u1eff]")
"""Latin letters with diacritics that occur in names."""
_QUOTED = re.compile("[^\x00-\x7f]\u2019")
_FOREIGN = re.compile(
    "[\u0102\u0139][\u015a\u0164\u0179\u0141\u0104\u017b\u013d\u0160\u017d]|\u0139\u015e"
    "|[\u00c3\u00c5][\u0160\u017d\u0152\u0178]|\u00c4[\u0152\u0178]"
    "|[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]"
)
"""Pairs of letters that no language has: a Romanian and a Polish one, a Latin and a Cyrillic one."""
_MIN_LETTERS = 2
_WORD = re.compile(r"[^\W\d_]+")


def find_damage(values: pl.Series) -> dict[int, ViolationCode]:
    """Return the damaged texts by place: with an HTML entity, or decoded in a wrong encoding."""
    codes: dict[str, ViolationCode] = {}
    for text in values.filter(values.str.contains("&", literal=True)).unique():
        if _has_entity(text):
            codes[text] = ViolationCode.HTML_ENTITY
    if not is_ascii(values):
        for text in values.filter(values.str.contains(r"[^\x00-\x7f]{2}")).unique():
            if is_misread(text):
                codes[text] = ViolationCode.MISREAD_TEXT
    if not codes:
        return {}
    places = values.is_in(list(codes)).arg_true()
    return {place: codes[text] for place, text in zip(places, values.gather(places), strict=True)}


def _has_entity(text: str) -> bool:
    return any(match[0][1] == "#" or match[0][1:] in html5 for match in _ENTITY.finditer(text))


@lru_cache(maxsize=65_536)
def is_misread(text: str) -> bool:
    """Whether a text is UTF-8 that was decoded in another encoding."""
    if len(text) <= _MIN_LETTERS or _is_likely(text):
        return False
    return any(len(before) < len(text) and (_is_likelier(before) or is_misread(before)) for before in _before(text))


def _before(text: str) -> Iterator[str]:
    """Yield the original text for each encoding that may have been used wrongly."""
    for codec in _CODECS:
        try:
            yield b"".join(_byte(letter, codec) for letter in text).decode()
        except UnicodeError:
            continue


def _byte(letter: str, codec: str) -> bytes:
    try:
        return letter.encode(codec)
    except UnicodeEncodeError:
        if "\x80" <= letter <= "\xff" and not bytes([ord(letter)]).decode(codec, "ignore"):
            return bytes([ord(letter)])  # a byte that the encoding does not define
        raise


def _is_likelier(text: str) -> bool:
    """Whether a text can be a name: letters of one script only, the Latin ones as they occur in names."""
    if not all(map(_is_letter, text)):
        return False
    letters = [letter for letter in text if letter not in _BETWEEN]
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in letters if letter.isalpha()}
    if scripts != {"LATIN"}:
        return len(scripts - {"HIRAGANA", "KATAKANA", "CJK"}) <= 1 and "LATIN" not in scripts
    return all(letter.isascii() or _LIKELY.match(letter) for letter in letters)


def _is_letter(sign: str) -> bool:
    category = unicodedata.category(sign)
    return sign in _BETWEEN or (category[0] in "LM" and category != "Lm")


def _is_likely(text: str) -> bool:
    """Whether a text is plausible as it is: letters only, and capitals where names have them."""
    if not all(map(_is_letter, text)):
        return False
    return not _QUOTED.search(text) and not _FOREIGN.search(text) and all(map(_is_usual, _WORD.findall(text)))


def _is_usual(word: str) -> bool:
    """Whether a non-ASCII word is all upper case, all lower case, or capitalised."""
    if word.isascii() or word.isupper() or word.islower():
        return True
    return word.istitle() and (word[0].isascii() or word[1].isascii())
