"""The value maps of a profile: the partner's words for genders, documents, countries, risks and categories.

Promises: a word is mapped only if the vocabulary knows it. An unknown word is shown only where it cannot be a personal
value: a category that occurs in several rows. Knows no file.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from finhub_onboard.intake.checking import countries
from finhub_onboard.intake.checking.schema import DOCUMENT_TYPES
from finhub_onboard.intake.proposing import evidence, nations, vocabulary
from finhub_onboard.intake.proposing.choosing import Pair
from finhub_onboard.intake.proposing.details import Line
from finhub_onboard.intake.proposing.evidence import Column
from finhub_onboard.intake.proposing.folding import fold
from finhub_onboard.intake.proposing.proposal import Open, Setting
from finhub_onboard.model import Risk

_GENDERS = ("MALE", "FEMALE")
"""The values that the bank accepts: the contract shows only MALE and lists no others."""
_MAX_UNKNOWN_SHARE = 0.02
_MIN_ROWS_SHOWN = 3
_MAX_OPEN_WORDS = 20
"""The maximum number of open words of one map; more are not a set of codes."""


def lines(sure: Mapping[str, Pair], languages: Collection[str], categories: Sequence[str]) -> Iterator[Line]:
    """Yield the lines of all value maps."""
    if pair := sure.get("gender"):
        read = vocabulary.genders(list(pair.column.words), languages)
        yield from _map("gender", pair.column, read.get, _GENDERS)
    if pair := sure.get("document_type"):
        yield from _map("document_type", pair.column, vocabulary.document, DOCUMENT_TYPES)
    if pair := sure.get("risk_level"):
        yield from _map("risk_level", pair.column, vocabulary.risk, tuple(Risk))
    if pair := sure.get("nationality"):
        yield from _map("nationality", pair.column, _country, ())
    if (pair := sure.get("category")) and categories:
        spelled = {fold(category): category for category in reversed(categories)}
        yield from _map("category", pair.column, lambda word: spelled.get(fold(word)), categories)


def _country(word: str) -> str | None:
    """Return the code of a country; a name that intake understands stays as it is."""
    return word if countries.english_name(word) else nations.code(word)


def _map(canonical: str, column: Column, meaning: Callable[[str], str | None], ours: Collection[str]) -> Iterator[Line]:
    section = f"values.{canonical}"
    allowed = {word.casefold() for word in ours}
    unknown: dict[str, int] = {}
    for word, times in column.words.items():
        if word.casefold() in allowed or (value := meaning(word)) == word:
            continue
        if value:
            yield Setting(section=section, key=word, value=value, remark=_rows(times))
        else:
            unknown[word] = times
    yield from _left_open(section, canonical, unknown, len(column.cells))


def _left_open(section: str, canonical: str, unknown: Mapping[str, int], cells: int) -> Iterator[Line]:
    """Ask for the meaning of unknown words; rare ones are typing errors, and become rejects."""
    named = {
        word: times for word, times in list(unknown.items())[:_MAX_OPEN_WORDS] if _may_be_shown(canonical, word, times)
    }
    for word, times in named.items():
        why = "; the bank documents no value for it" if canonical == "gender" else ""
        yield Open(section=section, key=word, remark=_rows(times) + why)
    others = [word for word in unknown if word not in named]
    rows = sum(unknown[word] for word in others)
    if rows > _MAX_UNKNOWN_SHARE * cells:
        shapes = tuple(dict.fromkeys(evidence.mask(word) for word in others))[:3]
        words = "another word" if len(others) == 1 else f"{len(others)} other words"
        remark = f"{_rows(rows)} with {words} not known here"
        yield Open(section=section, key="?", remark=remark, examples=shapes)


def _may_be_shown(canonical: str, word: str, times: int) -> bool:
    if canonical == "gender":
        return vocabulary.is_gender(word)
    return canonical == "category" and times >= _MIN_ROWS_SHOWN


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
