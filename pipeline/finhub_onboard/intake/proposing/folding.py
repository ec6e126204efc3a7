"""Normalises words so that spellings of the same word are equal.

Promises: case, diacritics, spaces and punctuation do not count, letters of any script do. Pure.
"""

import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})  # noqa: RUF001 - Turkish
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return the letters and digits of a text without case and marks."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if letter.isalnum())


def fold_variants(text: str) -> frozenset[str]:
    """Return the forms in which a text may be written: ``Türkei`` also as ``Tuerkei``."""
    composed = unicodedata.normalize("NFC", text.casefold())
    return frozenset((fold(text), fold(composed.translate(_UMLAUTS))))
