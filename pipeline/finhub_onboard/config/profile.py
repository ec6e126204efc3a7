"""A partner's mapping profile: how its file is written and how its names and values become ours (DESIGN, 3.3).

Frozen and typed, like the settings. Whatever a profile does not say is not guessed: a two-digit year needs a pivot, a
phone without country code needs a region, ``NA`` is Namibia until the profile calls it a null word. Knows no file;
``config.loading`` reads it, ``intake.mapping.columns`` applies it.
"""

import codecs
import re
import string
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from finhub_onboard.config.section import Section
from finhub_onboard.config.time_zones import checked_zone
from finhub_onboard.model.columns import CANONICAL_COLUMNS, EXTRA

DATE_PARTS = ("YYYY", "YY", "MMM", "MM", "M", "DD", "D")
"""What a date's format is written with: MMM is an English month such as Oct, M and D have one digit or two."""
CLOCK_PARTS = ("hh", "h", "mm", "ss", "fff", "AM", "Z")
"""fff are digits of a second, as many as there are; AM is AM or PM, in any case; Z is Z or an offset such as +02:00."""
_PARTS = re.compile("|".join((*DATE_PARTS, *CLOCK_PARTS)))


_NO_TEXT = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined"})
"""Codecs that are no encodings of files: what they read is not what they write."""


def _canonical(name: str) -> str:
    if name not in CANONICAL_COLUMNS:
        near = get_close_matches(name, CANONICAL_COLUMNS, n=1, cutoff=0.0)
        raise ValueError(f"{name!r} is no canonical column; the nearest is {near[0]}")
    return name


Canonical = Annotated[str, AfterValidator(_canonical)]
_PREFIX = f"{EXTRA}."
_MEMBER = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)


def _filled(name: str) -> str:
    return name if name.startswith(_PREFIX) else _canonical(name)


Filled = Annotated[str, AfterValidator(_filled)]
"""A canonical column, or one of ``extra.*``."""


def pieces(template: str) -> list[tuple[str, str]]:
    """Return a template's (text, name of the column after it); the last name may be empty.

    The parser takes ``:`` and ``!`` for the start of a format; here they are part of the name.
    """
    return [
        (text, (name or "") + (f"!{conversion}" if conversion else "") + (f":{form}" if form else ""))
        for text, name, form, conversion in string.Formatter().parse(template)
    ]


class Source(Section):
    """How the partner's file is written; what is empty is detected, what is stated wins."""

    encoding: str = ""
    delimiter: str = Field(default="", pattern=r"^([\t\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])?$")
    quote: str | None = Field(default=None, pattern=r"^([\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])?$")
    """None: detected; empty: quotes are characters like any other."""
    escape: Literal["", "\\"] = ""
    """What stands before a quote inside a quoted field; empty: the quote is doubled."""
    skip_lines: int | None = Field(default=None, ge=0, le=1000)
    """Lines before the header."""
    sheet: str = ""
    """The sheet of a workbook; empty: the only one."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            no_text = codecs.lookup(value or "utf-8").name in _NO_TEXT
            "a".encode("utf-8" if no_text else value or "utf-8")
        except (LookupError, UnicodeError):
            no_text = True
        if no_text:
            raise ValueError("is no encoding that Python knows, such as cp1252 or utf-16")
        return value


class Split(Section):
    """One column that holds first and last name, and the rule by which it is cut."""

    column: str = Field(min_length=1)
    order: Literal["first last", "last first", "last, first"]
    """``first last``: the last word is the last name; ``last first``: the first word is."""


class Formats(Section):
    """How values are written that can be written in several ways."""

    date_of_birth: str = "YYYY-MM-DD"
    accepted_at: str = ""
    """Of the instants of consents; empty: ISO 8601."""
    time_zone: str = ""
    """Of instants that carry none, for example Europe/Berlin."""
    pivot_year: int | None = Field(default=None, ge=0, le=99)
    """Two-digit years up to this one are 20YY, later ones 19YY."""
    phone_region: str = Field(default="", pattern="^([A-Z]{2})?$")
    """The country, as ISO alpha-2, of phone numbers without country code."""

    @field_validator("date_of_birth", "accepted_at")
    @classmethod
    def _date(cls, value: str) -> str:
        parts = _PARTS.findall(value)
        rest = _PARTS.sub("", value)
        if value and (
            {part[0] for part in parts if part in DATE_PARTS} != {"Y", "M", "D"}
            or len({part[0] for part in parts}) != len(parts)
            or any(character.isalnum() and character not in "T0" for character in rest)
        ):
            raise ValueError("must name year, month and day once each, such as DD.MM.YYYY or M/D/YY")
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return checked_zone(value)

    @model_validator(mode="after")
    def _pivot(self) -> Self:
        short = [f for f in (self.date_of_birth, self.accepted_at) if "YY" in f and "YYYY" not in f]
        if short and self.pivot_year is None:
            raise ValueError(f"{short[0]} has two-digit years: state pivot_year")
        return self


class ExtraMember(Section):
    """A member of the registration's body that a column ``extra.*`` fills; ``member`` is its path."""

    member: str
    type: Literal["text", "number", "boolean"] = "text"

    @field_validator("member")
    @classmethod
    def _path(cls, value: str) -> str:
        if _MEMBER.fullmatch(value) is None:
            raise ValueError(
                "must be a member of the registration's body, such as individualCustomer.person.occupation"
            )
        return value


class Profile(Section):
    """A partner's profile. ``columns`` maps canonical names onto the file's; what it leaves out keeps its own name."""

    name: str = ""
    version: int = Field(default=1, ge=1)
    source: Source = Source()
    columns: dict[Filled, str] = Field(default_factory=dict)
    compose: dict[Filled, str] = Field(default_factory=dict)
    """Canonical column -> text with the file's columns in braces: ``"{branch}-{number}"``."""
    constants: dict[Filled, str] = Field(default_factory=dict)
    split: Split | None = None
    values: dict[Filled, dict[str, str]] = Field(default_factory=dict)
    """Canonical column -> the partner's value -> ours; compared without case and outer white space."""
    formats: Formats = Formats()
    nulls: tuple[str, ...] = ()
    """Words that mean nothing, in every mapped column: ``["NULL", "n/a"]``."""
    required: tuple[Canonical, ...] = ()
    """Columns that this partner must fill besides those that every row needs."""
    extra: dict[str, ExtraMember] = Field(default_factory=dict)
    """Name after ``extra.`` -> the member that the column's values are sent as."""

    @field_validator("extra", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """A text is the member alone."""
        if not isinstance(value, dict):
            return value
        return {name: {"member": one} if isinstance(one, str) else one for name, one in value.items()}

    @field_validator("compose")
    @classmethod
    def _template(cls, value: dict[str, str]) -> dict[str, str]:
        for text in value.values():
            try:
                names = [name for _, name in pieces(text) if name]
            except ValueError:
                raise ValueError("has a brace that is not closed") from None
            if not names:
                raise ValueError("must name columns of the file in braces, such as {branch}-{number}")
        return value

    @model_validator(mode="after")
    def _mapped(self) -> Self:
        named = (*self.columns, *self.compose, *self.constants, *self.values)
        if lost := sorted({name for name in named if name.startswith(_PREFIX) and name not in self.extra_columns}):
            raise ValueError(f"{lost[0]} has no member: state it in [extra]")
        members = [one.member for one in self.extra.values()]
        for one in members:
            if members.count(one) > 1 or any(other.startswith(f"{one}.") for other in members):
                raise ValueError(f"extra: {one} is filled twice")
        return self

    @property
    def extra_columns(self) -> dict[str, ExtraMember]:
        """By column, ``extra.`` included: the members that they fill."""
        return {_PREFIX + name: member for name, member in self.extra.items()}

    @property
    def typed_members(self) -> tuple[str, ...]:
        """The members that are numbers or booleans."""
        return tuple(one.member for one in self.extra.values() if one.type != "text")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        split = ("first_name", "last_name") if self.split else ()
        origins = [*self.columns, *self.compose, *self.constants, *split]
        if twice := sorted({name for name in origins if origins.count(name) > 1}):
            raise ValueError(f"{twice[0]} has two origins: keep one of columns, compose, constants and split")
        return self

    def texts(self, column: str) -> frozenset[str]:
        """What the profile itself states as values of a canonical column."""
        constant = [self.constants[column]] if column in self.constants else []
        return frozenset((*self.values.get(column, {}).values(), *constant))

    @property
    def named(self) -> frozenset[str]:
        """Names of the file's columns that the profile mentions."""
        composed = (name for text in self.compose.values() for _, name in pieces(text) if name)
        split = (self.split.column,) if self.split else ()
        return frozenset((*self.columns.values(), *split, *composed, *self.extra_columns))
