"""The header of an input: every column has a name of its own, and names that are missing have near ones.

Promises: after :func:`check` every name is unique and not empty; the first row of a file without a header is a person
and is never shown. Knows names only, no file format.
"""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from pipeline.errors import UnreadableInputError
from pipeline.model import CANONICAL_COLUMNS

_SHOWN = 40
_DIGITS_OF_A_VALUE = 6
_NO_HEADER = "the first line must name the columns: `onboard template` prints such a line"


def check(name: str, columns: Sequence[str]) -> None:
    """Refuse a header with empty or repeated names."""
    empty = [str(place) for place, column in enumerate(columns, start=1) if not column]
    if empty:
        raise UnreadableInputError(
            f"{name}: the header has no name for column {', '.join(empty)}",
            hint="name every column, or remove the empty ones from the header and from all rows",
        )
    repeated = [column for column, times in Counter(columns).items() if times > 1]
    if repeated and is_a_row(columns):
        raise UnreadableInputError(f"{name}: the file has no header: its first line is a row", hint=_NO_HEADER)
    if repeated:
        raise UnreadableInputError(
            f"{name}: the header has these names more than once: {', '.join(repeated)}", hint="rename the copies"
        )


def is_a_row(columns: Sequence[str]) -> bool:
    """Whether the names are values, of a first row: an address, a number or a date among them."""
    return any("@" in name or sum(map(str.isdigit, name)) >= _DIGITS_OF_A_VALUE for name in columns)


def listed(columns: Sequence[str]) -> str:
    """Name columns, the first of them if they are many."""
    more = len(columns) - _SHOWN
    return ", ".join(columns[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def shown(columns: Sequence[str]) -> str:
    """Name the columns of a file, unless they are somebody's data."""
    return "no header: the first line is a row" if is_a_row(columns) else f"found: {listed(columns)}"


def nearest(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Say which columns may be the missing ones under another name; nothing if none is near."""
    if is_a_row(columns):
        return _NO_HEADER
    free = {column.lower().replace(" ", "_"): column for column in columns if column not in CANONICAL_COLUMNS}
    pairs = [
        f"{near and free[near[0]]} may be {column}"
        for column in missing
        if (near := get_close_matches(column, list(free), n=1))
    ]
    return f"rename columns in the file: {', '.join(pairs)}" if pairs else ""
