"""What the cells of a column look like, regardless of its name, and masks that show them without content.

Promises: null words and empty cells are ignored; a fit is the share of cells that look like the canonical column, or
None where looks prove nothing. A mask keeps no letter and no digit. Knows no names of columns.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import polars as pl

from finhub_onboard.intake.cells import clean_text
from finhub_onboard.intake.checking import contacts
from finhub_onboard.intake.proposing import dates, nations, vocabulary
from finhub_onboard.intake.proposing.folding import fold
from finhub_onboard.intake.proposing.synonyms import FULL_NAME
from finhub_onboard.model.columns import CONSENTS, DOCUMENT_COLUMNS

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PHONE = re.compile(r"\+?[\d\s()./\-\u2010-\u2015]+", re.ASCII)
_FEWEST_DIGITS, _MOST_DIGITS = 6, 15
_FILE = re.compile(r"[^\n]*\w\.(pdf|jpe?g|png|tiff?|heic|webp)", re.IGNORECASE)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(?P<zone>[Zz]|[+-]\d\d(:?\d\d)?))?", re.ASCII
)
_CODE = re.compile(r"(?=.*\d)[^\W_][\w ./\-]{0,39}")
_NAME = re.compile(r"[^\d@]*[^\W\d_][^\d@]*")
_MAX_CATEGORIES = 20
"""The maximum number of distinct words in a column of categories."""
_LONGEST_VERSION, _LONGEST_POSTCODE = 40, 12
_SHOWN, _LONGEST_MASK = 3, 32
_WORDY = 0.5
_HEADLESS_SHARE = 0.25
"""From this share of header names that look like values there is no header."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the sample without its empty cells and null words; it contains personal values."""

    name: str
    cells: tuple[str, ...] = field(repr=False)
    nulls: Mapping[str, int] = field(repr=False)
    """The null words, as they are spelled, and how often each stands here."""

    @cached_property
    def dates(self) -> dates.Written | None:
        """The date format of the cells, if they are dates."""
        return dates.written(self.cells)

    @cached_property
    def words(self) -> Mapping[str, int]:
        """The distinct cells, compared without case, in their first spelling, most frequent first."""
        spelling = {cell.casefold(): cell for cell in reversed(self.cells)}
        return {spelling[word]: times for word, times in Counter(cell.casefold() for cell in self.cells).most_common()}

    def share(self, holds: Callable[[str], object]) -> float:
        """Return the share of cells for which something holds."""
        return sum(times for word, times in self.words.items() if holds(word)) / len(self.cells) if self.cells else 0.0

    @property
    def examples(self) -> tuple[str, ...]:
        """The most frequent masks of the cells."""
        return tuple(shape for shape, _ in Counter(mask(cell) for cell in self.cells).most_common(_SHOWN))


def columns(frame: pl.DataFrame) -> tuple[Column, ...]:
    """Take the columns of a sample."""
    read = []
    nothing = vocabulary.nothing() | {vocabulary.DOUBTFUL}
    for name in frame.columns:
        given = frame[name].cast(pl.String).fill_null("")
        texts = clean_text(given).to_list()
        nulls = Counter(cell for cell in texts if cell.casefold() in nothing)
        cells = tuple(cell for cell in texts if cell and cell not in nulls)
        read.append(Column(name=name, cells=cells, nulls=MappingProxyType(nulls)))
    return tuple(read)


def headless(names: Sequence[str]) -> bool:
    """Whether the column names are the values of a first row."""
    values = [name for name in names if is_email(name) or is_phone(name) or _INSTANT.fullmatch(name) or _a_date(name)]
    return len(values) > _HEADLESS_SHARE * len(names)


def mask(cell: str) -> str:
    """Show a cell by its shape: ``a`` and ``A`` for letters, ``9`` for digits, punctuation as it is."""
    if "@" in cell:
        return "a@a.aaa"
    shown = "".join(_mask_sign(sign) for sign in unicodedata.normalize("NFC", cell))
    return shown if len(shown) <= _LONGEST_MASK else f"{shown[:_LONGEST_MASK]}…"


def _mask_sign(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind[0] in "LN":
        return "9" if kind[0] == "N" else "A" if kind in ("Lu", "Lt") else "a"
    if kind[0] == "M":
        return ""
    return sign if sign.isascii() and sign.isprintable() else " " if kind[0] in "CZ" else "?"


def is_email(cell: str) -> bool:
    """Whether a cell is an address, by its looks or by the library."""
    return bool(_EMAIL.fullmatch(cell)) and (cell.isascii() or contacts.email(cell) is not None)


def may_be_phone(cell: str) -> bool:
    """Whether a cell has the number of digits of a phone number, and nothing that contradicts it."""
    return bool(_PHONE.fullmatch(cell)) and _FEWEST_DIGITS <= len(fold(cell)) <= _MOST_DIGITS and not _a_date(cell)


def is_phone(cell: str) -> bool:
    """Whether a cell is certainly a phone number: no amount, no IP address."""
    return may_be_phone(cell) and (cell[0] in "+0(" or any(sign in cell for sign in " -/)"))


def zones(column: Column) -> tuple[int, int]:
    """Count the ISO instants of a column that state a time zone, and those that do not."""
    matches = [match for cell in column.cells if (match := _INSTANT.fullmatch(cell))]
    zoned = sum(bool(match["zone"]) for match in matches)
    return zoned, len(matches) - zoned


def fit(column: Column, canonical: str, categories: Sequence[str] = (), *, named: bool = True) -> float | None:
    """Return how well a column looks like a canonical one; None: looks prove nothing.

    ``named``: the column's name agrees, so that looks only have to support it.
    """
    if not column.cells:
        return None
    if canonical == "phone" and not named:
        return column.share(is_phone)
    return _category(column, categories) if canonical == "category" else _FITS[canonical](column)


def _a_date(cell: str) -> bool:
    return dates.written((cell,)) is not None and not cell.isdigit()


def _dates(column: Column) -> float:
    return column.dates.share if column.dates else 0.0


def _instants(column: Column) -> float:
    return max(_dates(column), sum(zones(column)) / len(column.cells))


def _codes(column: Column) -> float:
    """The share of distinct texts, as ids are; without digits they are hardly evidence."""
    unlike = len(column.words) / len(column.cells)
    return unlike * max(column.share(_CODE.fullmatch), _WORDY)


def _names(column: Column) -> float:
    return column.share(_NAME.fullmatch)


def _category(column: Column, categories: Sequence[str]) -> float | None:
    if categories:
        known = {fold(category) for category in categories}
        # The partner may use words of its own, which are then left open; free text is excluded.
        own = column.share(lambda cell: fold(cell) in known)
        return own or (None if len(column.words) <= _MAX_CATEGORIES else 0.0)
    return None if len(column.words) <= max(_MAX_CATEGORIES, len(column.cells) // 10) else 0.0


def _is_place(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and "@" not in cell


_FITS: Mapping[str, Callable[[Column], float | None]] = MappingProxyType(
    {
        "external_id": _codes,
        "first_name": _names,
        "last_name": _names,
        FULL_NAME: lambda column: column.share(lambda cell: _NAME.fullmatch(cell) and len(cell.split()) > 1),
        "email": lambda column: column.share(is_email),
        "phone": lambda column: column.share(may_be_phone),
        "date_of_birth": _dates,
        "nationality": lambda column: column.share(nations.code),
        "gender": lambda column: column.share(vocabulary.is_gender),
        "place_of_birth": _names,
        "pincode": lambda column: column.share(lambda cell: len(cell) <= _LONGEST_POSTCODE),
        "risk_level": lambda column: column.share(vocabulary.risk),
        "document_type": lambda column: column.share(vocabulary.document),
        "document_number": lambda column: column.share(_CODE.fullmatch),
        **dict.fromkeys(("document_issued_on", "document_expires_on"), _dates),
        **dict.fromkeys(("street", "city", "region"), lambda column: column.share(_is_place)),
        "postal_code": lambda column: column.share(lambda cell: len(cell) <= _LONGEST_POSTCODE),
        "country": lambda column: column.share(nations.code),
        "consent_ip_address": lambda column: column.share(contacts.ip_address),
        **dict.fromkeys(DOCUMENT_COLUMNS, lambda column: column.share(_FILE.fullmatch)),
        **dict.fromkeys(
            (f"{consent}_version" for consent in CONSENTS),
            lambda column: column.share(lambda cell: len(cell) <= _LONGEST_VERSION),
        ),
        **dict.fromkeys((f"{consent}_accepted_at" for consent in CONSENTS), _instants),
    }
)
