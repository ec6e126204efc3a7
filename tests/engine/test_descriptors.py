"""The limit of open files: raised where that is allowed, else refused with the numbers before anything is sent."""

import os
import resource
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from finhub_onboard.engine import descriptors
from tests.acceptance.support import SAMPLE, Desk, head


@pytest.mark.parametrize(("limits", "code"), [("ulimit -Sn 100", 0), ("ulimit -n 300", 2)])
def test_a_run_has_the_descriptors_that_it_needs_or_does_not_begin(limits: str, code: int, tmp_path: Path) -> None:
    """A low soft limit is no obstacle; a low hard one is named with what would fit, and nothing is made or sent."""
    desk = Desk(folder=tmp_path).configure('[limits]\nmax_in_flight = 100\n[approval]\nmode = "auto"\n')
    source = head(SAMPLE, 2, tmp_path / "customers.csv")
    words = desk.command("run", source, "--config", desk.config, "--out", desk.out, "--rate", "400")
    done = subprocess.run(
        ["/bin/bash", "-c", f'{limits}; exec "$@"', "bash", *words],
        cwd=tmp_path,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    if code:
        assert "max_in_flight = 100 needs 328 open files, and this system allows 300" in done.stderr
        assert "86 or less" in done.stderr
        assert not (tmp_path / "ledger.db").exists()


def test_what_was_set_aside_is_there_for_the_reports() -> None:
    """Whoever took all others meanwhile: the reports can open their files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 100, hard))  # noqa: PTH208
    try:
        with descriptors.set_aside(), suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(30):
            taken.append(os.open(os.devnull, os.O_RDONLY))  # noqa: PERF401 - what is open must be closed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
    assert len(taken) > 30
