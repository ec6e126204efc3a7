"""Maps the columns of a file to the canonical ones: scores every pair, and picks the best pairs first.

Promises: a column of the file is used once. A pair with low confidence, or with an equally good rival, stays a
candidate. The best pair always wins (no total is maximised), so that an exact name never loses its column to a sum of
guesses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finhub_onboard.intake.proposing import evidence, header_names
from finhub_onboard.intake.proposing.evidence import Column
from finhub_onboard.intake.proposing.folding import fold
from finhub_onboard.intake.proposing.proposal import Choice, Reason
from finhub_onboard.intake.proposing.synonyms import FULL_NAME
from finhub_onboard.model.columns import CANONICAL_COLUMNS

SURE = 0.6
"""The minimum confidence of a chosen column."""
CANDIDATE = 0.25
"""The minimum confidence of a candidate."""
_RIVAL_MARGIN = 0.05
"""Columns whose confidence differs by less are rivals."""
_BY_NAME = 0.9
"""The confidence of an exact name alone."""
_AGREES = 0.5
"""The minimum share of matching cells for which the content supports a column."""
_WITHOUT_NAME = 0.8
"""The same where the name gives no hint."""
_PROVES = {
    "email": 0.95,
    "gender": 0.85,
    "document_type": 0.85,
    "category": 0.7,
    "phone": 0.7,
    "external_id": 0.5,
    "date_of_birth": 0.5,
    "risk_level": 0.5,
    "nationality": 0.25,
}
"""Confidence by content alone: many columns hold countries, only one holds e-mail addresses."""
_CORROBORATES = 0.2
"""The same for all other columns, whose content only supports a name."""
_TWO_WORDS = 0.4
"""Confidence by content if most cells of ``Name`` have two words."""
_CONTRADICTED = 0.2
"""The factor for a name's confidence when no cell looks like the column."""
_PARTNER = {"first_name": "last_name", "last_name": "first_name"}
_SECOND_NAME = 0.85
"""The confidence of ``Name`` beside ``Vorname``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A canonical column and one of the file, and the confidence that they are the same."""

    canonical: str
    column: Column
    confidence: float
    reason: Reason
    exact: bool

    @property
    def choice(self) -> Choice:
        """The pair as a part of a proposal."""
        return Choice(
            column=self.canonical,
            origin=self.column.name,
            confidence=round(self.confidence, 2),
            reason=self.reason,
            examples=self.column.examples,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The chosen pairs, and for other canonical columns the candidates, best first."""

    sure: dict[str, Pair]
    candidates: dict[str, tuple[Pair, ...]]


def choose(columns: Sequence[Column], categories: Sequence[str]) -> Chosen:
    """Choose the origin of every canonical column, and that of full names where they stand for two columns."""
    names = {column.name: dict(header_names.matches(column.name)) for column in columns}
    _read_second_names(names)
    pairs = [
        pair
        for canonical in (*CANONICAL_COLUMNS, FULL_NAME)
        for column in columns
        if (pair := _pair(canonical, column, names[column.name].get(canonical, 0.0), categories))
    ]
    full = [pair for pair in pairs if pair.canonical == FULL_NAME]
    best = _take_best(pair for pair in pairs if pair.canonical != FULL_NAME)
    if split := _full_name(best, full):
        others = (FULL_NAME, *_PARTNER)
        wholly = [pair for pair in pairs if pair.column is not split.column and pair.canonical not in others]
        best = {FULL_NAME: split} | _take_best(wholly)
        pairs = wholly
    return _judge_rivals(best, [pair for pair in pairs if pair.canonical != FULL_NAME])


def _read_second_names(names: dict[str, dict[str, float]]) -> None:
    """Treat ``Name`` as the last name where another column is certainly the first name."""
    for canonical, partner in _PARTNER.items():
        if any(scores.get(partner, 0.0) >= _BY_NAME for scores in names.values()):
            for scores in names.values():
                if scores.get(canonical) == header_names.WEAK:
                    scores[canonical] = _SECOND_NAME


def _pair(canonical: str, column: Column, by_name: float, categories: Sequence[str]) -> Pair | None:
    """Score name and content; None when neither gives a hint."""
    proves = _TWO_WORDS if canonical == FULL_NAME else _PROVES.get(canonical, _CORROBORATES)
    if not by_name and (canonical not in _PROVES or (canonical == "category" and not categories)):
        return None
    fits = evidence.fit(column, canonical, categories, named=bool(by_name))
    confidence = by_name * _BY_NAME
    reason: Reason = "name"
    if fits is not None and fits < (_AGREES if by_name else _WITHOUT_NAME):
        confidence *= _CONTRADICTED + fits
    elif fits is not None:
        confidence += (1 - confidence) * proves * fits
        reason = "name and content" if by_name else "content"
    if 0 < by_name < header_names.WEAK:
        # The name says that the values belong to somebody else, such as the e-mail addresses of a branch.
        confidence *= by_name / header_names.WEAK
    exact = fold(column.name) == fold(canonical)
    if confidence < CANDIDATE and not exact:
        return None
    return Pair(canonical=canonical, column=column, confidence=confidence, reason=reason, exact=exact)


def _take_best(pairs: Iterable[Pair]) -> dict[str, Pair]:
    """Choose the best pairs first, using each column of either side once."""
    best: dict[str, Pair] = {}
    for pair in sorted(pairs, key=lambda pair: -pair.confidence):
        if pair.canonical not in best and all(pair.column is not other.column for other in best.values()):
            best[pair.canonical] = pair
    return best


def _full_name(best: dict[str, Pair], full: Sequence[Pair]) -> Pair | None:
    """Return the column that stands for first and last name, where these are not columns of their own."""
    first, last = (best.get(canonical) for canonical in _PARTNER)
    if first and last and min(first.confidence, last.confidence) >= SURE:
        return None
    split = max(full, key=lambda pair: pair.confidence, default=None)
    return split if split and split.confidence >= SURE else None


def _judge_rivals(best: dict[str, Pair], pairs: Sequence[Pair]) -> Chosen:
    """Separate the sure pairs from candidates."""
    sure = {canonical: pair for canonical, pair in best.items() if pair.confidence >= SURE or pair.exact}
    candidates: dict[str, tuple[Pair, ...]] = {}
    for canonical, pair in best.items():
        used = [other.column for other in sure.values() if other is not pair]
        others = [
            other
            for other in pairs
            if other.canonical == canonical and other is not pair and all(other.column is not column for column in used)
        ]
        rivals = [other for other in others if pair.confidence - other.confidence < _RIVAL_MARGIN]
        if canonical not in sure or (rivals and not pair.exact):
            candidates[canonical] = (pair, *sorted(others, key=lambda other: -other.confidence))
    return Chosen(
        sure={canonical: pair for canonical, pair in sure.items() if canonical not in candidates}, candidates=candidates
    )
