"""The statements by name: all can be prepared, all are used, all say what they are for where it is not plain."""

from contextlib import closing
from pathlib import Path

import pytest

import finhub_onboard.ledger.sqlite as package
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.queries import _statements, sql
from tests.ledger.support import opened

TABLES = {"upsert_customer": "customer", "add_kind": "call_kind", "add_pack": "call_pack"}
NEEDED = {"make_": ("add_recent_mark", "copy_", "view_", "hide_", "drop_"), "view_": ("hide_",)}
"""Which statements need that others were made, by their beginnings."""
FOLDER = Path(str(package.__file__)).parent


@pytest.mark.parametrize("name", sorted(_statements()))
def test_each_statement_fits_the_schema(tmp_path: Path, name: str) -> None:
    """SQLite prepares it: its tables and columns are there."""
    opened(tmp_path / "l.db").close()
    text = sql(name, places=3, table=TABLES.get(name, "identity"))
    with closing(connect(tmp_path / "l.db")) as db:
        for kind, needed in NEEDED.items():
            if name.startswith(needed):
                for each in (each for each in _statements() if each.startswith(kind)):
                    db.execute(sql(each))
        assert db.execute(f"EXPLAIN {text}", [1] * text.count("?")).fetchall()


def test_each_statement_is_used() -> None:
    """None is left over."""
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    assert [name for name in _statements() if f'"{name}"' not in source] == []


def test_parameters_are_as_many_as_asked_for() -> None:
    """Whatever stands beside them stays."""
    assert sql("owners_of_marks", places=3).count("?") == 3
    assert "until IS NULL" in sql("owners_of_marks", places=3)
    assert "--" not in "".join(_statements().values())
