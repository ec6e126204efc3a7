"""Checks the header of an input, and formats column names for messages.

Promises: after :func:`check` every name is unique and not empty, and the header is no line of data and contains none.
No message shows a name that may be a person's value: where the vocabulary knows no name of a header, its columns are
given by number. Knows names only, no file format.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.model.columns import CANONICAL_COLUMNS

_MAX_SHOWN = 40
_MAX_NAME_LENGTH = 100
_MIN_DIGITS_OF_A_VALUE = 6
_MIN_KNOWN_NAMES = 2
"""How many names the vocabulary must know for a line to be a header."""
_OURS = "`onboard template` prints a header"
FIXED_WIDTH = (
    "its fields seem to stand under each other, filled up with spaces (fixed width): import it into a spreadsheet by "
    "fixed width and save it as CSV UTF-8, or ask for it with a delimiter"
)
_ALIGNED = re.compile(r"\w {2,}\w")
_EMAIL = re.compile(r"[^\s@]@[^\s@]")
_BREAK = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\uffff\U00010000-\U0010ffff]|[\u2424\u240a\u240d]"
    r"|\\[nr]|</?(?:br|p|tr)\b|&#(?:10|13|xa|xd);|%0[ad]|_x000[ad]_",
    re.IGNORECASE,
)
"""Line ends of other formats, which are none in a table: control characters, NEL, U+2028, HTML tags, escapes."""


def check(name: str, columns: Sequence[str], known: Collection[str] = CANONICAL_COLUMNS) -> None:
    """Refuse a header with empty or repeated names, and data without one; ``known`` are names that it may have."""
    others = [column for column in columns if column not in known]
    if len(others) == len(columns) and any(map(is_a_value, columns)):
        raise UnreadableInputError(
            f"{name} has no header: where the names of columns should be, there is a line of data",
            hint=f"put the names of the columns on the first line; {_OURS}",
        )
    if len(columns) > 1:
        _check_alone(name, columns, others)
    empty = [str(place) for place, column in enumerate(columns, start=1) if not column]
    if empty:
        raise UnreadableInputError(
            f"{name}: the header has no name for column {list_names(empty)}",
            hint="name every column, or remove the empty ones from the header and from all rows",
        )
    repeated = {column for column, times in Counter(columns).items() if times > 1}
    if repeated:
        raise UnreadableInputError(
            f"{name}: the header has these names more than once: {show_names(columns, only=repeated)}",
            hint="rename the copies",
        )


def _check_alone(name: str, columns: Sequence[str], others: Sequence[str]) -> None:
    """Refuse a header line that contains the first row as well: its extra names would be a person's values."""
    broken = next((match for column in others if (match := _BREAK.search(column))), None)
    if broken:
        what = f"U+{ord(broken[0]):04X}" if len(broken[0]) == 1 else "a text such as \\n or <br>"
        raise UnreadableInputError(
            f"{name}: in the header, at column {_place(columns, _BREAK)}, there is {what} where a line may have ended; "
            "the header and rows seem to stand on one line",
            hint="write the file again with a line feed at the end of every line",
        )
    if any(map(_EMAIL.search, others)):
        raise UnreadableInputError(
            f"{name}: the header holds an e-mail address at column {_place(columns, _EMAIL)}; the header and the first "
            "row seem to stand on one line",
            hint="put a line end behind the last name of the header",
        )


def _place(columns: Sequence[str], pattern: re.Pattern[str]) -> int:
    return next(place for place, column in enumerate(columns, start=1) if pattern.search(column))


def is_a_value(name: str) -> bool:
    """Tell whether a name is rather an e-mail address, a date or a number of a person."""
    return "@" in name or sum(map(str.isdigit, name[:_MAX_NAME_LENGTH])) >= _MIN_DIGITS_OF_A_VALUE


def show_names(columns: Sequence[str], only: Collection[str] | None = None) -> str:
    """Format the names of columns on one line; a name that may be a person's value is given by its number."""
    may = frozenset(showable(columns))
    names = (
        column if column in may else f"column {place}"
        for place, column in enumerate(columns, start=1)
        if only is None or column in only
    )
    return list_names(list(dict.fromkeys(names)))


def showable(columns: Sequence[str]) -> list[str]:
    """Return the names that may be shown: none where fewer than two are known, because it may be a line of data."""
    from finhub_onboard.intake.proposing.header_names import knows  # noqa: PLC0415 - only a refusal needs the vocabulary

    if sum(map(knows, columns)) < min(_MIN_KNOWN_NAMES, len(columns)):
        return []
    return [column for column in columns if not is_a_value(column) and not _BREAK.search(column)]


def list_names(texts: Sequence[str]) -> str:
    """Format texts on one line; only the first of them if they are many."""
    more = len(texts) - _MAX_SHOWN
    return ", ".join(map(_shorten, texts[:_MAX_SHOWN])) + (f" and {more} more" if more > 0 else "")


def advice(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Return the hint for missing columns."""
    if len(columns) == 1:
        return _of_one(columns[0])
    return (
        _nearest(missing, columns) or f"`onboard profile FILE` proposes how to read columns with other names; {_OURS}"
    )


def _of_one(column: str) -> str:
    """Return the hint for a file with only one column."""
    inside = re.search(f"(?:{'|'.join(CANONICAL_COLUMNS)})(\\W+)(?:{'|'.join(CANONICAL_COLUMNS)})", column)
    if (inside and inside[1].isspace() and "\t" not in inside[1]) or _ALIGNED.search(column):
        return FIXED_WIDTH
    if not inside:
        return f"it has one column: is it a table? {_OURS}"
    if len(inside[1]) == 1 and inside[1] in ",;\t|":
        return "each line stands in quotes as a whole: write the file again with quotes around single fields only"
    if len(inside[1]) == 1 and inside[1].isprintable():
        return f'its fields seem to be separated by {inside[1]}: state [source] delimiter = "{inside[1]}" in a profile'
    return "its fields are separated by what no CSV has: write the file again with commas or semicolons"


def _shorten(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= _MAX_NAME_LENGTH else f"{name[:_MAX_NAME_LENGTH]}…"


def _nearest(missing: Sequence[str], columns: Sequence[str]) -> str:
    """Return a hint which columns may be the missing ones under another name; '' if none is similar."""
    free = {column.lower().replace(" ", "_"): column for column in showable(columns) if column not in CANONICAL_COLUMNS}
    pairs = [
        f"{_shorten(free[near[0]])} may be {column}"
        for column in missing
        if (near := get_close_matches(column, list(free), n=1))
    ]
    return f"rename columns in the file: {', '.join(pairs)}" if pairs else ""
