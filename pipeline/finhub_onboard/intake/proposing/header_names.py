"""Names of the canonical columns in twelve languages, and how well a header name matches each of them.

Promises: names are compared folded (no case, no diacritics, only letters and digits); an exact name scores 1, an
ambiguous one ("country" for the nationality) at most a half. Knows names only, no value of any file.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from rapidfuzz import fuzz, process

from finhub_onboard.intake.proposing.folding import fold, fold_variants
from finhub_onboard.intake.proposing.synonyms import (
    CONSENT_PARTS,
    CONSENT_TOPICS,
    FULL_NAME,
    SOMEBODY_ELSES,
    SYNONYMS,
    WITHOUT_MEANING,
)
from finhub_onboard.model.columns import CANONICAL_COLUMNS

WEAK = 0.5
"""The score of an ambiguous name."""
_TRIMMED, _COMPOUND, _INSIDE, _FUZZY, _ELSES = 0.95, 0.75, 0.7, 0.9, 0.4
_MIN_LETTERS = 5
"""The minimum length of a name that is recognised inside another one, or despite a typing error."""
_MIN_RATIO = 86
_MARKS = "~<>"
"""Markers before a name in the table: ambiguous; a full name, last name first; a full name, first name first."""

Meanings = Mapping[str, frozenset[str]]
"""Column -> the languages in which a name means it."""


@lru_cache(maxsize=4096)
def matches(header: str) -> Mapping[str, float]:
    """Return the columns that a header name may mean, each with a score from 0 to 1."""
    scores: dict[str, float] = {}

    def note(columns: Iterable[str], score: float) -> None:
        for column in columns:
            scores[column] = max(scores.get(column, 0.0), score)

    words = [word for word in _words(header) if word not in _meaningless()]
    for whole, worth in ((fold(header), 1.0), ("".join(words), _TRIMMED)):
        note(_strong().get(whole, {}), worth)
        note(_weak().get(whole, {}), worth * WEAK)
    if not scores:
        elses = _ELSES if any(word.startswith(other) for word in words for other in _elses()) else 1.0
        for name, score in _near("".join(words), frozenset(words)):
            note(_strong()[name], score * elses)
    return MappingProxyType(scores)


def knows(header: str) -> bool:
    """Tell whether a name is in the table, in any spelling; a name that only contains such a name is not."""
    name = fold(header)
    return bool(
        name in _strong()
        or name in _weak()
        or (len(name) >= _MIN_LETTERS and process.extractOne(name, _long(), scorer=fuzz.ratio, score_cutoff=_MIN_RATIO))
    )


def _near(name: str, words: frozenset[str]) -> Iterator[tuple[str, float]]:
    """Yield the names of the table that a header resembles, ends with or contains."""
    if len(name) >= _MIN_LETTERS:
        for near, alike, _ in process.extract(name, _long(), scorer=fuzz.ratio, score_cutoff=_MIN_RATIO):
            yield near, _FUZZY * alike / 100
    # Compounds written as one word have their head last: Kundentelefon, klantnaam.
    yield from ((known, _COMPOUND) for known in _long() if name.endswith(known))
    yield from ((known, _INSIDE) for known, parts in _phrases() if parts <= words)


def languages(headers: Iterable[str]) -> frozenset[str]:
    """Return the languages that most of the names belong to; none if they are inconclusive."""
    votes: Counter[str] = Counter()
    for header in headers:
        votes.update(frozenset[str]().union(*_strong().get(fold(header), {}).values()))
    most = max(votes.values(), default=0)
    return frozenset(language for language, times in votes.items() if times == most)


@cache
def spellings() -> frozenset[str]:
    """Return all names as usually written, which distinguish a header from the lines before it."""
    return frozenset(spelling for _, _, spelling, mark in _entries() if not mark) | frozenset(CANONICAL_COLUMNS)


@lru_cache(maxsize=256)
def order(header: str) -> str:
    """Return the order that the name of a full-name column states: ``first last``, ``last first`` or nothing."""
    wanted = fold(header)
    marks = {mark for _, (spelling, mark) in _read_names(SYNONYMS[FULL_NAME]) if fold(spelling) == wanted}
    return "first last" if ">" in marks else "last first" if "<" in marks else ""


def _words(header: str) -> list[str]:
    """Split ``customerE-Mail_2`` into folded words."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=[a-z])(?=[A-Z])", " ", header)
    return [word for part in re.split(r"[\W_]+", spaced) if (word := fold(part))]


def _entries() -> Iterator[tuple[str, str, str, str]]:
    """Yield column, language, spelling and mark of every name of the table."""
    for column, table in SYNONYMS.items():
        yield from ((column, language, *spelling) for language, spelling in _read_names(table))
    for consent, topics in CONSENT_TOPICS.items():
        for part, parts in CONSENT_PARTS.items():
            for language, (topic, _) in _read_names(topics):
                for other, (part_name, _) in _read_names(parts):
                    if language == other:
                        yield f"{consent}_{part}", language, f"{topic} {part_name}", ""
                        yield f"{consent}_{part}", language, f"{part_name} {topic}", ""


def _read_names(table: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Read ``en: A|~B; de: C`` as (language, (spelling, mark))."""
    for part in table.split(";"):
        language, _, names = part.partition(":")
        for name in names.split("|"):
            mark = name.strip()[:1] if name.strip()[:1] in _MARKS else ""
            yield language.strip(), (name.strip().removeprefix(mark), mark)


@cache
def _strong() -> Mapping[str, Meanings]:
    names = _gather((column, language, name) for column, language, name, mark in _entries() if mark != "~")
    # A country alone may be the nationality: the table has it as an ambiguous name of that.
    own = _gather((column, "", column) for column in CANONICAL_COLUMNS if column != "country")
    return MappingProxyType({**names, **own})


@cache
def _weak() -> Mapping[str, Meanings]:
    entries = ((column, language, name) for column, language, name, mark in _entries() if mark == "~")
    return MappingProxyType(_gather(entries))


def _gather(entries: Iterable[tuple[str, str, str]]) -> dict[str, Meanings]:
    table: dict[str, dict[str, frozenset[str]]] = {}
    for column, language, name in entries:
        for key in fold_variants(name):
            meanings = table.setdefault(key, {})
            meanings[column] = meanings.get(column, frozenset()) | {language} - {""}
    return dict(table)


@cache
def _long() -> tuple[str, ...]:
    return tuple(name for name in _strong() if len(name) >= _MIN_LETTERS)


@cache
def _phrases() -> tuple[tuple[str, frozenset[str]], ...]:
    """Names of one long word or of several, as sets of words that a longer header may hold."""
    phrases = {fold(name): frozenset(_words(name)) for _, _, name, mark in _entries() if mark != "~"}
    return tuple((key, words) for key, words in phrases.items() if len(key) >= _MIN_LETTERS and key in _strong())


@cache
def _meaningless() -> frozenset[str]:
    return frozenset(fold(word) for word in WITHOUT_MEANING.split("|"))


@cache
def _elses() -> tuple[str, ...]:
    return tuple(fold(word) for word in SOMEBODY_ELSES.split("|"))
