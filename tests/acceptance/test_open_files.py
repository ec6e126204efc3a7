"""A run whose process may open no file any more, in the middle: the machine's trouble, and nobody's fault."""

import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.support import SAMPLE, Desk, assert_summed_up, disagreements, head, sandbox
from tests.acceptance.test_stopping import registered, until, until_line
from tests.acceptance.troubled import way_to
from tests.support import typical

if TYPE_CHECKING:
    import subprocess

ROWS = 40
SETTINGS = """
[limits]
calls_per_second = 60
max_in_flight = 8
[retry]
max_attempts = {attempts}
max_wait_s = 0.5
[approval]
mode = "auto"
"""


def allow(process: "subprocess.Popen[str]", limit: int) -> int:
    """Let a running process have files with lower numbers only; the limit before."""
    before, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, hard))
    return before


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Some customers."""
    return head(SAMPLE, ROWS, tmp_path / "customers.csv")


@pytest.mark.parametrize("attempts", typical([100, 3], 3))
def test_trouble_of_the_machine_fails_nobody(attempts: int, source: Path, tmp_path: Path) -> None:
    """It is said with its cause and what to do; when it passes the run goes on, else it stops: exit 4, resumable."""
    lasts = attempts == 3
    with sandbox() as bank, way_to(bank) as way:
        settings = SETTINGS.format(attempts=attempts)
        # By a name, as banks are called: to look it up needs open files, too, and its failure says nothing of them.
        base_url = way.base_url.replace("127.0.0.1", "localhost")
        # Registrations whose answers were lost are found again by their deliveries.
        found_again = demo.SUBSCRIPTION_ID
        desk = Desk(folder=tmp_path, bank=bank)
        desk.configure(settings, base_url=base_url, webhook_subscription_id=found_again)
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 3, process)
            before = allow(process, 3)  # those that are open stay
            way.spoil("resets")  # the connections that are kept
            way.spoil("")
            until_line(process, "this machine can open no file more, and so no connection (Too many open files)")
            if not lasts:
                allow(process, before)
            stdout, stderr = process.communicate(timeout=120)
        assert "Traceback" not in stderr
        assert_summed_up(stdout)
        doubts = 0 if lasts else desk.counts().get("in_doubt", 0)  # calls whose connections were reset under way
        assert process.returncode == (4 if lasts else 3 if doubts else 0), stderr
        if lasts:
            assert "lower limits.max_in_flight" in stderr
            assert "onboard report" in stderr, "not even what was set aside may be opened"
            assert desk.onboard("report", "--config", desk.config, "--out", desk.out).returncode == 0
            assert desk.counts().keys() <= {"onboarded", "pending", "in_doubt"}
            doubts = desk.counts().get("in_doubt", 0)
            assert desk.run(source).returncode in (0, 3 if doubts else 0)
        assert desk.counts().keys() <= {"onboarded", "unchanged", "in_doubt"}
        assert desk.counts().get("in_doubt", 0) <= doubts <= 8, "of those that were in flight"
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
