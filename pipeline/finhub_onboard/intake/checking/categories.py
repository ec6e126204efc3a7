"""Looks up the bank's categories by key, id or name.

Promises: an exact spelling wins; case is ignored only where that leaves one category. Without a network no categories
are known, and every name passes. One that takes nobody, or companies only, is found by the hierarchy's own words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model import B2B, PROHIBITED, Category

_BARRED = {PROHIBITED: ViolationCode.CATEGORY_PROHIBITED, B2B: ViolationCode.CATEGORY_OF_BUSINESS}


def barred(category: Category) -> ViolationCode | None:
    """Return why a category takes no individual customer."""
    return _BARRED.get(category.risk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The known categories; ``known`` is None when the bank could not be asked."""

    known: tuple[Category, ...] | None

    def spelling(self, text: str) -> str | None:
        """Return the key, id or name that the text means, in the hierarchy's spelling; None for no such category."""
        if self.known is None or text in self._spellings():
            return text
        folded = [word for word in self._spellings() if word.casefold() == text.casefold()]
        meant = {category.id for category in self.known for word in folded if word in words_of(category)}
        return folded[0] if len(meant) == 1 else None

    def bar(self, text: str) -> ViolationCode | None:
        """Return why the category that the text means takes no individual customer; None: it does, or is not known."""
        if self.known is None:
            return None
        return next((barred(category) for category in self.known if text in words_of(category)), None)

    def nearest(self, text: str) -> str:
        """Return the known key or name that looks most like the text."""
        words = [word for category in self.known or () for word in (category.key, category.label) if word]
        by_folded = {word.casefold(): word for word in reversed(words)}
        near = get_close_matches(text.casefold(), list(by_folded), n=1, cutoff=0.0)
        return by_folded[near[0]] if near else "not known"

    def _spellings(self) -> Sequence[str]:
        return [word for category in self.known or () for word in words_of(category)]


def words_of(category: Category) -> tuple[str, ...]:
    """All by which a row may name the category."""
    return tuple(word for word in (category.key, category.id, category.name) if word)
