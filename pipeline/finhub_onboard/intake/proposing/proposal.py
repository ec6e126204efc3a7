"""A proposal: the chosen parts of a profile, each with its reason, and the open ones.

Frozen data without personal values: examples are masks; words of value maps are from the vocabulary, or occur in
several rows.
"""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["name", "content", "name and content"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column of the file that is mapped to a canonical one."""

    column: str
    origin: str
    confidence: float
    reason: Reason
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Another line of the profile: ``[section] key = value``, and the evidence for it."""

    section: str
    key: str
    value: str | int
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NullWord:
    """A word that means "no value", and in how many mapped cells it occurs."""

    word: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A line that a person must decide; ``candidates`` are the possibilities, most likely first."""

    section: str
    key: str
    candidates: tuple[str | int, ...] = ()
    remark: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A profile as far as the sample shows it. ``rest`` are the columns of the file that no line uses."""

    rows: int
    choices: tuple[Choice, ...]
    settings: tuple[Setting, ...]
    nulls: tuple[NullWord, ...]
    open: tuple[Open, ...]
    rest: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def left_open(self) -> tuple[str, ...]:
        """The fields that are left open, each once: ``columns.phone``, ``formats.time_zone``, ``values.gender``."""
        places = (one.section if one.section.startswith("values.") else f"{one.section}.{one.key}" for one in self.open)
        return tuple(dict.fromkeys(places))

    def origin(self, column: str) -> str:
        """Return the file's name of a canonical column; empty if it has none."""
        return next((choice.origin for choice in self.choices if choice.column == column), "")
