"""The header of an input: every column has a name of its own, and names that are missing have near ones.

Promises: after :func:`check` every name is unique and not empty. Knows names only, no file format.
"""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from pipeline.errors import UnreadableInputError
from pipeline.model import CANONICAL_COLUMNS

_SHOWN = 40


def check(name: str, columns: Sequence[str]) -> None:
    """Refuse a header with empty or repeated names."""
    empty = [str(place) for place, column in enumerate(columns, start=1) if not column]
    if empty:
        raise UnreadableInputError(
            f"{name}: the header has no name for column {', '.join(empty)}",
            hint="name every column, or remove the empty ones from the header and from all rows",
        )
    repeated = [column for column, times in Counter(columns).items() if times > 1]
    if repeated:
        raise UnreadableInputError(
            f"{name}: the header has these names more than once: {', '.join(repeated)}", hint="rename the copies"
        )


def listed(columns: Sequence[str]) -> str:
    """Name columns, the first of them if they are many."""
    more = len(columns) - _SHOWN
    return ", ".join(columns[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def nearest(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Say which columns may be the missing ones under another name; nothing if none is near."""
    free = {column.lower().replace(" ", "_"): column for column in columns if column not in CANONICAL_COLUMNS}
    pairs = [
        f"{near and free[near[0]]} may be {column}"
        for column in missing
        if (near := get_close_matches(column, list(free), n=1))
    ]
    return f"rename columns in the file: {', '.join(pairs)}" if pairs else ""
