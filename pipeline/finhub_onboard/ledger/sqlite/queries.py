"""The adapter's statements by name, as the files in ``sql`` hold them.

A statement begins with a line ``-- name --``; comment lines below it say what it is for. ``{journey}`` and the like
stand for the columns of the model's entries, ``{places}`` for as many parameters as are asked for, ``{journey_rows}``
and the like for as many rows.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain, islice
from typing import Any, TypeVar

from finhub_onboard.ledger.records import Finished
from finhub_onboard.ledger.sqlite.rows import JOURNEY_COLUMNS, KIND_COLUMNS

ROWS = 128
"""So many are written by one statement."""
_T = TypeVar("_T")
_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_COLUMNS_OF_ROWS = {"journey_rows": len(JOURNEY_COLUMNS), "pack_rows": 4, "mark_rows": 2}
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)


@cache
def sql(name: str, *, places: int = 0, table: str = "", rows: int = 1) -> str:
    """The statement of this name, with ``places`` parameters for ``{places}`` and a name for ``{table}``.

    ``rows`` is how many rows it writes.
    """
    written = {kind: ", ".join([f"({_parameters(columns)})"] * rows) for kind, columns in _COLUMNS_OF_ROWS.items()}
    return _statements()[name].format(**_columns(), **written, places=_parameters(places), table=table)


def write_rows(db: sqlite3.Connection, name: str, rows: Iterable[Sequence[Any]], *first: Any, table: str) -> None:
    """Write rows by a statement that takes many at a time, after the parameters ``first``.

    Between two rows of ``executemany`` the interpreter may go to the event loop for milliseconds, between those of one
    statement not.
    """
    for some in slices(rows, ROWS):
        db.execute(sql(name, table=table, rows=len(some)), (*first, *chain.from_iterable(some)))


def slices(entries: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The entries, ``size`` at a time."""
    left = iter(entries)
    return iter(lambda: list(islice(left, size)), [])


@cache
def _statements() -> dict[str, str]:
    statements: dict[str, str] = {}
    folder = files("finhub_onboard.ledger.sqlite").joinpath("sql")
    for file in (one for one in folder.iterdir() if one.name.endswith(".sql")):
        _, *parts = _NAME.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            assert name not in statements, f"two statements are called {name}"
            statements[name] = _COMMENT.sub("", text).strip()
    return statements


@cache
def _columns() -> dict[str, str]:
    return {
        "journey": ", ".join(JOURNEY_COLUMNS),
        "journey_changes": _changes(JOURNEY_COLUMNS[1:]),
        "finished": ", ".join(Finished._fields),
        "kind": ", ".join(KIND_COLUMNS),
        "kind_places": _parameters(len(KIND_COLUMNS)),
    }


def _parameters(count: int) -> str:
    return ", ".join("?" * count)


def _changes(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns)
