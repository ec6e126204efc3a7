"""Whose a ledger is: what it keeps of its seed, and that an older one keeps its keys."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from finhub_onboard.config import seeds
from finhub_onboard.config.seeds import quick_check
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import AnotherSeedError
from tests.ledger.support import journey, opened

KEPT = "SELECT value FROM meta WHERE key = 'seed_check'"


def check_of(path: Path) -> str:
    """What the ledger keeps of its seed."""
    with closing(sqlite3.connect(path)) as db:
        return str(db.execute(KEPT).fetchone()[0])


def made_by_0_4(path: Path, seed: str = "seed") -> None:
    """Make a ledger as version 0.4.0 did: the quick check, and so old that it lies in the file itself."""
    opened(path, seed=seed).close()
    with closing(sqlite3.connect(path)) as db:
        with db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'seed_check'", (quick_check(seed),))
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert quick_check(seed).encode() in path.read_bytes()


def test_a_new_ledger_keeps_nothing_that_the_seed_alone_makes(tmp_path: Path) -> None:
    """Its keys are no keys of the seed, nor of another ledger with the same seed; each opening gives the same."""
    with opened(tmp_path / "a.db") as ledger, opened(tmp_path / "b.db") as other:
        keys = ledger.keys.customer("L-1")
        assert len({keys, other.keys.customer("L-1"), Keys("seed", "tenant").customer("L-1")}) == 3
        assert ledger.keys.password("L-1") == other.keys.password("L-1")
    with opened(tmp_path / "a.db") as ledger:
        assert ledger.keys.customer("L-1") == keys
    assert quick_check("seed") not in check_of(tmp_path / "a.db")


def test_an_older_ledger_keeps_its_keys_and_loses_its_quick_check(tmp_path: Path) -> None:
    """Everybody in it is known again; of the check no trace is left in the file, and the seed is told as before."""
    path = tmp_path / "l.db"
    made_by_0_4(path)
    for _ in range(2):
        with opened(path) as ledger:
            assert ledger.keys.customer("L-1") == Keys("seed", "tenant").customer("L-1")
            assert ledger.keys.seal("L-1") == Keys("seed", "tenant").seal("L-1")
            assert ledger.keys.password("L-1") == Keys("seed", "tenant").password("L-1")
        left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert quick_check("seed").encode() not in left
    assert check_of(path).startswith("plain$")
    with pytest.raises(AnotherSeedError):
        opened(path, seed="another")


def test_another_seed_or_none_changes_nothing(tmp_path: Path) -> None:
    """Only who shows the right seed may replace what tells it."""
    path = tmp_path / "l.db"
    made_by_0_4(path)
    with pytest.raises(AnotherSeedError, match="another seed"):
        opened(path, seed="another")
    opened(path, seed="").close()
    assert check_of(path) == quick_check("seed")


def test_looking_needs_no_seed_and_stretches_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``onboard status`` stays quick; without a seed no ledger is made."""
    opened(tmp_path / "l.db").close()
    monkeypatch.setattr(seeds, "scrypt", None)
    with opened(tmp_path / "l.db", seed="") as ledger:
        assert ledger.runs() == []
    with pytest.raises(ConfigurationError, match="there is no ledger"):
        opened(tmp_path / "other.db", seed="")


def test_an_older_ledger_that_cannot_be_written_now_opens_all_the_same(tmp_path: Path) -> None:
    """Its quick check goes the next time."""
    path = tmp_path / "l.db"
    made_by_0_4(path)
    with opened(path, seed="") as reader, closing(sqlite3.connect(path, timeout=0)) as busy:
        assert reader.find([journey(1).key]) == {}
        busy.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite3, "connect", lambda *words, **more: _connect(*words, **more | {"timeout": 0}))
            opened(path).close()
        busy.rollback()
    assert check_of(path) == quick_check("seed")
    opened(path).close()
    assert check_of(path).startswith("plain$")


_connect = sqlite3.connect


@pytest.mark.parametrize("planted", ["stretched$1073741824$00$00", "later$2$00$00", "stretched$2$00"])
def test_an_entry_that_no_ledger_has_is_refused_plainly(tmp_path: Path, planted: str) -> None:
    """It eats no memory and ends in no traceback."""
    path = tmp_path / "l.db"
    opened(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'seed_check'", (planted,))
    with pytest.raises(ConfigurationError, match="not as this program writes it") as caught:
        opened(path)
    assert "backup" in caught.value.hint
