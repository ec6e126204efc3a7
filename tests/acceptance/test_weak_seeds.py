"""Seeds that are easy to guess, and ledgers that somebody stole, with the real command."""

import sqlite3
import time
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from finhub_onboard.config.seeds import Stretching, quick_check
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.sqlite.create import SCHEMA_VERSION
from finhub_onboard.sandbox import demo
from tests.acceptance.support import CREDENTIALS, SAMPLE, Desk, disagreements, head

SEED = "ONBOARD_CREDENTIALS__SEED"
WEAK = {"short": "a seed of 31 characters, no more"[:31], "one letter": "z" * 64, "a block": "12345678" * 8}
GUESS_S = 0.005
"""Far less than a guess takes on any machine, far more than a plain hash does."""


@pytest.mark.parametrize("kind", WEAK)
@pytest.mark.parametrize("words", [["run"], ["run", "--dry-run"], ["check"]], ids=" ".join)
def test_a_weak_seed_makes_no_ledger(desk: Desk, tmp_path: Path, kind: str, words: list[str]) -> None:
    """Exit 2 before anything is sent, with how to make a good one; the seed is not repeated."""
    assert desk.bank is not None
    source = [head(SAMPLE, 2, tmp_path / "customers.csv")] if "run" in words else []
    done = desk.onboard(*words, *source, "--config", desk.config, env={SEED: WEAK[kind]})
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert f"{SEED} is too easy to guess for a new ledger" in said
    assert "openssl rand" in said
    assert WEAK[kind] not in said
    assert "Traceback" not in said
    assert not (tmp_path / "ledger.db").exists()
    assert desk.bank.record()["calls"] == {}


def made_by_0_4(path: Path, seed: str) -> None:
    """Make a ledger as version 0.4.0 did."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(files("finhub_onboard.ledger.sqlite").joinpath("schema.sql").read_text(encoding="utf-8"))
        meta = {"tenant_id": demo.TENANT_ID, "seed_check": quick_check(seed), "ledger_id": "0123456789abcdef"}
        with db:
            db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def test_an_existing_ledger_goes_on_with_a_weak_seed_and_a_warning(desk: Desk, tmp_path: Path) -> None:
    """Its customers could not be known by another seed: they are finished once, with its own keys."""
    assert desk.bank is not None
    source, env = head(SAMPLE, 4, tmp_path / "customers.csv"), {SEED: WEAK["short"]}
    made_by_0_4(tmp_path / "ledger.db", WEAK["short"])
    assert desk.run(source, "--until", "registration", env=env).returncode == 4
    done = desk.run(source, env=env)
    assert (done.returncode, desk.counts()) == (0, {"onboarded": 4}), done.stderr
    assert f"{SEED} is easy to guess: it is shorter than 32 characters" in done.stderr
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
    assert "is easy to guess" in desk.onboard("check", "--config", desk.config, env=env).stdout
    assert "is easy to guess" in desk.onboard("plan", source, "--config", desk.config, env=env).stderr
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        (kept,) = db.execute("SELECT value FROM meta WHERE key = 'seed_check'").fetchone()
    assert Stretching.of(kept) is not None


@pytest.mark.exhaustive  # what stretching costs is tested where it is done
def test_a_stolen_ledger_is_no_quick_way_to_guess_its_seed(desk: Desk, tmp_path: Path) -> None:
    """Nothing in it is as the seed alone makes it, and the one way that is left takes its time for each guess."""
    assert desk.run(head(SAMPLE, 4, tmp_path / "customers.csv"), fresh=True).returncode == 0
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        (kept,) = db.execute("SELECT value FROM meta WHERE key = 'seed_check'").fetchone()
        held = "\n".join(db.iterdump()).casefold()
    quick = Keys(CREDENTIALS[SEED], demo.TENANT_ID)
    assert quick_check(CREDENTIALS[SEED]) not in held
    assert quick.customer("CUST-000001").hex() not in held
    assert quick.email_hash("customer0001@example.com").hex() not in held
    stretching = Stretching.of(kept)
    assert stretching is not None
    guesses = [f"guess {number}" for number in range(5)]
    begun = time.perf_counter()
    assert kept not in [stretching.check(guess) for guess in guesses]
    assert (time.perf_counter() - begun) / len(guesses) > GUESS_S
    assert stretching.check(CREDENTIALS[SEED]) == kept
