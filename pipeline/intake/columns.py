"""The header of an input: every column has a name of its own, and names that are missing have near ones.

Promises: after :func:`check` every name is unique and not empty, and a line of data was not taken for names, which
would be shown. Knows names only, no file format.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from pipeline.errors import UnreadableInputError
from pipeline.model import CANONICAL_COLUMNS

_SHOWN = 40
_LONGEST = 100
_DATA = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}|\+?\d[\d\s()/-]{5,}", re.ASCII)
"""What is no column's name: a date, a phone number."""
_MAIL = re.compile(r"\w@[\w-]{1,63}\.")
"""What no column's name holds."""
_OURS = "`onboard template` prints a header"


def check(name: str, columns: Sequence[str], known: Collection[str] = CANONICAL_COLUMNS) -> None:
    """Refuse a header with empty or repeated names, and data without one; ``known`` are names that it may have."""
    if not set(known).intersection(columns) and any(
        _DATA.fullmatch(column[:_LONGEST]) or _MAIL.search(column) for column in columns
    ):
        raise UnreadableInputError(
            f"{name} has no header: where the names of columns should be, there is a line of data",
            hint=f"put the names of the columns on the first line; {_OURS}",
        )
    empty = [str(place) for place, column in enumerate(columns, start=1) if not column]
    if empty:
        raise UnreadableInputError(
            f"{name}: the header has no name for column {listed(empty)}",
            hint="name every column, or remove the empty ones from the header and from all rows",
        )
    repeated = [column for column, times in Counter(columns).items() if times > 1]
    if repeated:
        raise UnreadableInputError(
            f"{name}: the header has these names more than once: {listed(repeated)}", hint="rename the copies"
        )


def listed(columns: Sequence[str]) -> str:
    """Name columns on one line, the first of them if they are many."""
    more = len(columns) - _SHOWN
    return ", ".join(map(_shown, columns[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def advice(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Say what to do about columns that are missing."""
    if len(columns) == 1:
        return _of_one(columns[0])
    return (
        _nearest(missing, columns) or f"`onboard profile FILE` proposes how to read columns with other names; {_OURS}"
    )


def _of_one(column: str) -> str:
    """Say why there may be one column only, where a table has several."""
    inside = re.search(f"(?:{'|'.join(CANONICAL_COLUMNS)})(\\W+)(?:{'|'.join(CANONICAL_COLUMNS)})", column)
    if not inside:
        return f"it has one column: is it a table? {_OURS}"
    if len(inside[1]) == 1 and inside[1] in ",;\t|":
        return "each line stands in quotes as a whole: write the file again with quotes around single fields only"
    if len(inside[1]) == 1 and inside[1].isprintable():
        return f'its fields seem to be separated by {inside[1]}: state [source] delimiter = "{inside[1]}" in a profile'
    return "its fields are separated by what no CSV has: write the file again with commas or semicolons"


def _shown(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


def _nearest(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Say which columns may be the missing ones under another name; nothing if none is near."""
    free = {column.lower().replace(" ", "_"): column for column in columns if column not in CANONICAL_COLUMNS}
    pairs = [
        f"{_shown(free[near[0]])} may be {column}"
        for column in missing
        if (near := get_close_matches(column, list(free), n=1))
    ]
    return f"rename columns in the file: {', '.join(pairs)}" if pairs else ""
