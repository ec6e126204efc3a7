"""The adapter's statements by name, as the files in ``sql`` hold them.

A statement begins with a line ``-- name --``; comment lines below it say what it is for. ``{journey}`` and the like
stand for the columns of the model's entries, ``{places}`` for as many parameters as are asked for.
"""

import re
from functools import cache
from importlib.resources import files

from finhub_onboard.ledger.records import Finished
from finhub_onboard.ledger.sqlite.rows import JOURNEY_COLUMNS, KIND_COLUMNS

_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)


@cache
def sql(name: str, *, places: int = 0, table: str = "") -> str:
    """The statement of this name, with ``places`` parameters for ``{places}`` and a name for ``{table}``."""
    return _statements()[name].format(**_columns(), places=_parameters(places), table=table)


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
        "journey_places": _parameters(len(JOURNEY_COLUMNS)),
        "journey_changes": _changes(JOURNEY_COLUMNS[1:]),
        "finished": ", ".join(Finished._fields),
        "kind": ", ".join(KIND_COLUMNS),
        "kind_places": _parameters(len(KIND_COLUMNS)),
    }


def _parameters(count: int) -> str:
    return ", ".join("?" * count)


def _changes(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns)
