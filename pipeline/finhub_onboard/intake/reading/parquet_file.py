"""Reads Parquet as text, and checks the types of its columns.

Promises: text, days and instants come out as they are meant; a type that would have to be guessed is refused by name,
before any row is read. Every row comes out once, in order, and their number is the file's. Memory grows with the
batch and with one page per wanted column, not with the file or its row groups. Whatever the library does on a corrupt
file, a panic included, is one :class:`UnreadableInputError`. An instant without a time zone comes out without an
offset: evidence needs one, and only a profile can tell it. Knows types, no rules and no header.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import polars as pl
from polars import selectors
from polars.exceptions import DuplicateError, PanicException

from finhub_onboard.config.profile import ExtraMember
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading.records import Fault
from finhub_onboard.model.columns import CONSENTS

MAX_CELL_BYTES = 1024 * 1024
"""The longest text; a longer one means that the file is no table of customers, or a decompression bomb."""
MAX_BATCH_BYTES = 1024**3
"""The most bytes of one column in a batch; far more than customers need."""
OUT_OF_RANGE = "out of range"
"""What stands for a day or an instant outside of the years 1 to 9999: no rule takes it for one."""

_DAYS = tuple((end - date(1970, 1, 1)) // timedelta(days=1) for end in (date.min, date.max))
_TICKS = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_STDERR = 2


class _Kind(Enum):
    """What a column holds, as far as it matters to whoever reads it as text."""

    TEXT = "text"
    DAY = "days"
    LOCAL = "instants without a time zone"
    INSTANT = "instants"
    WHOLE = "whole numbers"
    FRACTION = "fractions"
    FLAG = "booleans"
    OTHER = "what cannot be read as text"


_NO_TEXT = frozenset({_Kind.OTHER, _Kind.FRACTION, _Kind.FLAG})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What a canonical column may be besides text, in words, and why nothing else."""

    kinds: tuple[_Kind, ...] = ()
    words: str = ""
    reason: str = "numbers may have lost leading zeros or signs"


_DAY = _Rule(
    kinds=(_Kind.DAY, _Kind.LOCAL),  # many programs have no date type; a timestamp that is not midnight is no date
    words="a date",
    reason="a number may be days or YYYYMMDD, and an instant may be another day elsewhere",
)
_INSTANT = _Rule(kinds=(_Kind.LOCAL, _Kind.INSTANT), words="an instant", reason="a day is no instant")
_VERSION = _Rule(
    kinds=(_Kind.WHOLE, _Kind.DAY),
    words="a whole number or a date",
    reason="version 1.10 is not the number 1.1",
)
_KEY = _Rule(kinds=(_Kind.WHOLE,), words="a whole number", reason="other numbers are written in several ways")
_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "date_of_birth": _DAY,
        **{f"{consent}_accepted_at": _INSTANT for consent in CONSENTS},
        **{f"{consent}_version": _VERSION for consent in CONSENTS},
        # Keys are often whole numbers; one with leading zeros would have to be text in every file.
        "external_id": _KEY,
        # Codes: a number is a category's key or is mapped by the profile's values; else a rule refuses it.
        **dict.fromkeys(("category", "nationality", "gender", "risk_level", "document_type"), _KEY),
        # Identifiers made of digits: as numbers they may have lost leading zeros.
        "phone": _Rule(reason="as a number it has lost its + and its leading zeros"),
        "pincode": _Rule(reason="as a number it may have lost leading zeros"),
        "document_number": _Rule(reason="as a number it may have lost leading zeros"),
    }
)
"""The rule per canonical column; all others must be text."""
_EXTRA: Mapping[str, _Rule] = MappingProxyType(
    {
        "text": _Rule(kinds=(_Kind.DAY,), words="a date", reason="or give it another type in the profile's [extra]"),
        "number": _Rule(kinds=(_Kind.WHOLE, _Kind.FRACTION), words="a number", reason="the profile says so"),
        "boolean": _Rule(kinds=(_Kind.FLAG,), words="a boolean", reason="the profile says so"),
    }
)
"""The rule per type of a column ``extra.*``. Elsewhere fractions, floats and booleans are never accepted."""


def columns(path: Path, name: str) -> tuple[str, ...]:
    """Return the names of the columns in order, without outer white space, as they stand: nothing is checked."""
    return tuple(column.strip() for column in scan_schema(path, name))


def check_types(
    path: Path, name: str, columns: Mapping[str, str], extra: Mapping[str, ExtraMember] = MappingProxyType({})
) -> None:
    """Refuse types that would have to be guessed; ``columns``: canonical, or ``extra``, ones by those of the file."""
    for column, dtype in scan_schema(path, name).items():
        canonical = columns.get(column.strip(), "")
        if not canonical:
            continue
        rule = _EXTRA[extra[canonical].type] if canonical in extra else _RULES.get(canonical, _Rule())
        kind = _kind(dtype)
        if kind is _Kind.TEXT or kind in rule.kinds:
            continue
        called = column.strip() if column.strip() == canonical else f"{column.strip()}, which is {canonical},"
        wanted = f"text or {rule.words}" if rule.words else "text"
        raise UnreadableInputError(
            f"{name}: column {called} is {dtype}, it must be {wanted}",
            hint=f"write the column again in that type, from its origin; {rule.reason}",
        )


def scan_schema(path: Path, name: str) -> pl.Schema:
    """Return the file's schema as it stands."""
    with guard(name), silence_stderr():
        return scan(path).collect_schema()


def scan(path: Path) -> pl.LazyFrame:
    """Return the file lazily: one file, never a pattern, whatever characters its name has."""
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


def frames(
    path: Path, name: str, wanted: Sequence[str], batch_rows: int, *, quiet: bool, lenient: bool = False
) -> Iterator[tuple[pl.DataFrame, dict[int, Fault]]]:
    """Yield the rows as frames of text with the wanted columns; null is '', and no row is at fault as a record.

    ``wanted`` are names as :func:`columns` gives them; one that the file lacks is '' throughout; if ``lenient``, so is
    one that cannot be read as text.
    """
    schema = scan_schema(path, name)
    own = {column.strip(): column for column in reversed(schema.names()) if column.strip() in wanted}
    if lenient:
        own = {column: origin for column, origin in own.items() if _kind(schema[origin]) not in _NO_TEXT}
    _check_readable(name, {column: schema[column] for column in own.values()})
    # A selector takes a name as it is; pl.col takes ``^a$`` and ``*`` for patterns.
    needed = scan(path).select(selectors.by_name(*own.values())) if own else None
    with guard(name), silence_stderr() if quiet else nullcontext():
        rows = scan(path).select(pl.len()).collect().item()
    for first in range(0, rows, batch_rows):
        height = min(batch_rows, rows - first)
        texts = {}
        if needed is not None:
            with guard(name), silence_stderr() if quiet else nullcontext():
                piece = needed.slice(first, batch_rows).collect()
                if piece.height != height:
                    raise _corrupt(name)
                texts = {column: _text(name, column, piece[own[column]]) for column in own}
        absent = pl.Series(dtype=pl.String).extend_constant("", height)
        yield pl.DataFrame({column: texts.get(column, absent) for column in wanted}), {}


def _kind(dtype: pl.DataType) -> _Kind:
    match dtype:
        case pl.String() | pl.Categorical() | pl.Enum() | pl.Null():
            return _Kind.TEXT
        case pl.Date():
            return _Kind.DAY
        case pl.Datetime():
            return _Kind.LOCAL if dtype.time_zone is None else _Kind.INSTANT
        case pl.Decimal():
            return _Kind.FRACTION if dtype.scale else _Kind.WHOLE
        case pl.Float32() | pl.Float64():
            return _Kind.FRACTION
        case pl.Boolean():
            return _Kind.FLAG
        case _:
            return _Kind.WHOLE if dtype.is_integer() else _Kind.OTHER


def _check_readable(name: str, types: Mapping[str, pl.DataType]) -> None:
    """Refuse types without a text form; ``check_types`` has a better message for canonical columns."""
    for column, dtype in types.items():
        if _kind(dtype) is _Kind.OTHER:
            raise UnreadableInputError(
                f"{name}: column {column.strip()} is {dtype}, it must be text", hint="write the column again as text"
            )


def _text(name: str, column: str, values: pl.Series) -> pl.Series:
    """Return a column as text, '' for null."""
    dtype = values.dtype
    if isinstance(dtype, pl.Date):
        text = _moments(values, _DAYS[0], _DAYS[1], "%Y-%m-%d")
    elif isinstance(dtype, pl.Datetime):
        ticks = 24 * 3600 * _TICKS[dtype.time_unit]
        if dtype.time_zone is not None:
            values = values.dt.convert_time_zone("UTC")
        written = "%Y-%m-%dT%H:%M:%S%.6f" + ("" if dtype.time_zone is None else "Z")
        text = _moments(values, _DAYS[0] * ticks, (_DAYS[1] + 1) * ticks - 1, written)
    else:
        _check_size(name, column, values)
        text = values.cast(pl.String)
    return text.fill_null("")


def _moments(values: pl.Series, first: int, last: int, written: str) -> pl.Series:
    """Format timestamps; the library panics on those outside of its calendar."""
    # The library maps instants outside of the range of nanoseconds to the limits of 64 bits.
    known = values.to_physical().is_between(max(first, 1 - 2**63), min(last, 2**63 - 2))
    text = values.set(~known.fill_null(value=True), None).dt.to_string(written)
    return text if known.all() else text.set(~known.fill_null(value=True), OUT_OF_RANGE)


def _check_size(name: str, column: str, values: pl.Series) -> None:
    """Refuse texts that would not fit into memory once they are worked on: in the file they may be stored once."""
    if isinstance(values.dtype, pl.String):
        sizes = values.str.len_bytes()
    elif isinstance(values.dtype, pl.Categorical | pl.Enum):
        sizes = values.cat.len_bytes()
    else:
        return
    longest, whole = sizes.max(), sizes.cast(pl.UInt64).sum()
    if isinstance(longest, int) and longest > MAX_CELL_BYTES:
        raise UnreadableInputError(
            f"{name}: column {column} has a text of {longest} bytes, the most is {MAX_CELL_BYTES}",
            hint="check how it was made",
        )
    if whole > MAX_BATCH_BYTES:
        raise UnreadableInputError(
            f"{name}: {len(values)} rows of column {column} do not fit into memory", hint="lower intake.batch_rows"
        )


@contextmanager
def guard(name: str) -> Iterator[None]:
    """Context manager: report any failure of the Parquet reader in one plain sentence."""
    try:
        yield
    except MemoryError:
        raise UnreadableInputError(f"{name} does not fit into memory", hint="lower intake.batch_rows") from None
    except DuplicateError as error:
        column = re.search("'(.+)'", str(error))
        raise UnreadableInputError(
            f"{name}: the header has the name {column[1] if column else 'of a column'} more than once",
            hint="rename the copies",
        ) from None
    except (Exception, PanicException) as error:
        if isinstance(error, UnreadableInputError):
            raise
        if "encrypt" in str(error).lower():
            raise UnreadableInputError(
                f"{name} is an encrypted Parquet file", hint="write it again without encryption"
            ) from None
        raise _corrupt(name) from None


def _corrupt(name: str) -> UnreadableInputError:
    return UnreadableInputError(
        f"{name} is a corrupt Parquet file, or one with features that are not supported",
        hint="write it again, and check that it was copied whole",
    )


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Context manager: hide what the library prints on stderr when it panics; the error is reported properly."""
    kept = os.dup(_STDERR)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(sink)
