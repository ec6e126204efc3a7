"""The header of an input: what must be there, and what to say when it is not.

Promises: after :func:`check` every required column stands in the header exactly once and every name is unique and
not empty. Knows names only, no file format.
"""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from pipeline.errors import UnreadableInputError
from pipeline.model import CANONICAL_COLUMNS, REQUIRED_COLUMNS

_SHOWN = 40


def check(name: str, columns: Sequence[str]) -> None:
    """Refuse a header with empty, repeated or missing names."""
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
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing:
        raise UnreadableInputError(
            f"{name}: required columns are missing: {', '.join(missing)} (found: {_listed(columns)})",
            hint=_nearest(missing, columns) or f"the columns are {', '.join(CANONICAL_COLUMNS)}",
        )


def _listed(columns: Sequence[str]) -> str:
    more = len(columns) - _SHOWN
    return ", ".join(columns[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _nearest(missing: Sequence[str], columns: Sequence[str]) -> str:
    free = {column.lower().replace(" ", "_"): column for column in columns if column not in CANONICAL_COLUMNS}
    pairs = [
        f"{near and free[near[0]]} may be {column}"
        for column in missing
        if (near := get_close_matches(column, list(free), n=1))
    ]
    return f"rename columns in the file: {', '.join(pairs)}" if pairs else ""
