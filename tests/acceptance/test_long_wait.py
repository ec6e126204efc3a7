"""A bank that asks to be left alone for hours, with real requests: it is asked once more, and then left alone."""

import re
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, disagreements, head, sandbox
from tests.acceptance.test_rate import refused
from tests.support import typical

WAIT_S = 7200
ROWS = 30
STOPPED = re.compile(r"the bank asks to be left alone until (\S+), longer than retry.max_wait_s")


def scenario(folder: Path, fault: str) -> Path:
    """A bank that refuses some calls and asks for a long wait."""
    file = folder / "scenario.toml"
    file.write_text(f'[[fault]]\nkind = "too_many"\nretry_after_s = {WAIT_S}\n{fault}', encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("call", "form"),
    typical(
        [
            ("createAdminSession", "seconds"),
            ("createAdminSession", "date"),
            ("getCategorizationHierarchy", "seconds"),
            ("registerIndividual", "seconds"),
            ("registerIndividual", "date"),
        ],
        ("createAdminSession", "seconds"),
        ("registerIndividual", "date"),
    ),
)
def test_the_run_stops_and_says_until_when(call: str, form: str, tmp_path: Path) -> None:
    """Exit 4 after the second wait, with few calls; nobody failed, and the same command goes on when it is over."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    fault = f'on = ["{call}"]\nretry_after = "{form}"\nrate = 1.0\nfor_s = 100000\n'
    with sandbox("--scenario", str(scenario(tmp_path, fault))) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        done = desk.run(source, timeout_s=60)
        ended_at = time.time()
        calls = refused(bank)
    assert done.returncode == 4, done.stderr
    found = STOPPED.search(done.stderr)
    assert found, done.stderr
    until = datetime.fromisoformat(found[1]) - timedelta(seconds=WAIT_S)
    assert ended_at - 60 < until.timestamp() <= ended_at + 3  # dates have whole seconds, on both sides
    assert 2 <= calls <= ROWS + 2
    assert desk.counts() == {"pending": ROWS}


def test_one_customer_who_is_to_wait_for_long_stops_nobody(tmp_path: Path) -> None:
    """All others are onboarded; this one fails alone, and can be tried again."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    [email] = re.findall(r"[\w.+-]+@example\.com", source.read_text(encoding="utf-8").splitlines()[3])
    fault = f'on = ["registerIndividual"]\nof = ["{email}"]\nretry_after = "seconds"\nrate = 1.0\n'
    with sandbox("--scenario", str(scenario(tmp_path, fault))) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        done = desk.run(source, timeout_s=120)
        assert done.returncode == 3, done.stderr
        assert desk.counts() == {"onboarded": ROWS - 1, "failed": 1}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
