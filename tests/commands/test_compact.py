"""`onboard ledger compact`: from the command's words to the file."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from finhub_onboard.cli.main import cli
from finhub_onboard.errors import ExitCode
from finhub_onboard.ledger.sqlite.store import SqliteLedger
from tests.ledger.support import call, journey, key, write

CONFIG = """
[api]
base_url = "https://bank.example.com/api/v2.1"
tenant_id = "tenant"
organization_id = "o"
user_id = "u"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Make a configuration, and beside it its ledger with a customer and much free space."""
    ledger = tmp_path / "onboard-ledger.db"
    SqliteLedger.open(ledger, tenant_id="tenant", seed="s" * 32).close()
    asyncio.run(write(ledger, [(journey(1), [call(1, 1)])]))
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("CREATE TABLE large AS SELECT randomblob(500000)")
        db.execute("DROP TABLE large")
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


def compacted(config: Path) -> tuple[int, str]:
    """Return exit code and output of the command."""
    done = CliRunner().invoke(cli, ["ledger", "compact", "--config", str(config)])
    return done.exit_code, done.output


def test_the_sizes_are_told(config: Path) -> None:
    """Before and after, in bytes; needs no seed."""
    ledger = config.with_name("onboard-ledger.db")
    before = ledger.stat().st_size
    code, output = compacted(config)
    assert code == 0, output
    assert ledger.stat().st_size < before / 4
    assert "SEED" not in output
    sizes = [int(size.replace(",", "")) for size in re.findall(r"([\d,]+) bytes", output)]
    assert sizes[0] >= before
    assert sizes[1] == ledger.stat().st_size
    with SqliteLedger.open(ledger, tenant_id="tenant", seed="") as opened:
        assert opened.find([key(1)]) == {key(1): journey(1)}


def test_a_run_at_work_is_not_disturbed(config: Path) -> None:
    """The ledger is its own until it ends: exit 6."""
    path = config.with_name("onboard-ledger.db")
    with SqliteLedger.open(path, tenant_id="tenant", seed="") as ledger, ledger.acquire_lease():
        code, output = compacted(config)
    assert code == ExitCode.LOCKED
    assert "another run holds the ledger" in output


def test_no_ledger_is_made(config: Path) -> None:
    """Where none is, nothing can be compacted: exit 2."""
    config.with_name("onboard-ledger.db").unlink()
    code, output = compacted(config)
    assert code == ExitCode.USAGE
    assert "there is no ledger" in output
    assert list(config.parent.iterdir()) == [config]
