"""What a proposal is: the parts of a profile that are chosen, each with its reason, and those that are left open.

Frozen nouns. No value of a person is in them: examples are masks; words of value maps are words of the vocabulary, or
stand in several rows.
"""

from dataclasses import dataclass
from typing import Literal

Reason = Literal["name", "content", "name and content"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column of the file that is taken for a canonical one."""

    column: str
    origin: str
    confidence: float
    reason: Reason
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Another line of the profile: ``[section] key = value``, and what speaks for it."""

    section: str
    key: str
    value: str | int
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NullWord:
    """A word that means nothing, and in how many mapped cells it stands."""

    word: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A line that somebody must decide about; ``candidates`` are what it may be, most likely first."""

    section: str
    key: str
    candidates: tuple[str | int, ...] = ()
    remark: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A profile as far as the sample shows it. ``rest`` are the columns of the file that no line names."""

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
        """Return the file's name of a canonical column, or nothing."""
        return next((choice.origin for choice in self.choices if choice.column == column), "")
