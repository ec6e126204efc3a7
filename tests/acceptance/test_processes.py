"""The way in which tests start processes: a forked command is as a fresh one, and none outlives its test."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import Process, completed, environment
from tests.acceptance.support import SAMPLE, Desk, head
from tests.acceptance.test_stopping import SLOW, registered, until

BOTH = pytest.mark.parametrize("fresh", [False, True], ids=["forked", "fresh"])
SIGNALS = "import signal; print(signal.getsignal(signal.SIGINT), int(signal.getsignal(signal.SIGHUP))); "
MASK = "print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"


@BOTH
def test_folder_streams_and_exit_code_are_those_of_the_command(desk: Desk, tmp_path: Path, *, fresh: bool) -> None:
    """A usage error, an answer on stdout, a relative path, and a setting from the environment."""
    wrong = desk.onboard("run", "--no-such-option", fresh=fresh)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "No such option" in wrong.stderr
    head(SAMPLE, 2, tmp_path / "customers.csv")
    desk.configure("[nonsense]\n")
    told = desk.onboard("validate", "customers.csv", fresh=fresh, env={"ONBOARD_CONFIG": desk.config.name})
    assert (told.returncode, "nonsense" in told.stderr) == (2, True)
    desk.configure()
    told = desk.onboard("plan", "customers.csv", fresh=fresh, env={"ONBOARD_CONFIG": desk.config.name})
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("rows        2")


@pytest.mark.parametrize(
    "fresh", [pytest.param(False, id="forked"), pytest.param(True, id="fresh", marks=pytest.mark.exhaustive)]
)
def test_a_signal_arrives_and_its_exit_code_comes_back(desk: Desk, tmp_path: Path, *, fresh: bool) -> None:
    """Also SIGKILL, as ``Popen`` tells it."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW.replace("= 60", "= 10"))
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    for name, code in ((signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)):
        before = registered(bank)
        with desk.start(source, fresh=fresh) as process:
            until(lambda before=before: registered(bank) > before, process)  # type: ignore[misc]
            process.send_signal(name)
            process.communicate(timeout=60)
        assert process.returncode == code


@pytest.fixture
def inherited() -> Iterator[None]:
    """A test process that ignores and blocks signals, as one started in the background of a script."""
    before = {name: signal.signal(name, signal.SIG_IGN) for name in (signal.SIGINT, signal.SIGHUP)}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.mark.usefixtures("inherited")
def test_a_process_inherits_no_signal_that_is_ignored_or_blocked() -> None:
    """Else tests would hang where they were started by ``nohup`` or with ``&``."""
    told = completed([sys.executable, "-c", SIGNALS + MASK], timeout_s=60).stdout
    assert told == "<built-in function default_int_handler> 0\nset()\n"


def test_a_process_that_hangs_ends_with_its_failed_test() -> None:
    """Also one that is stopped: nobody waits for it."""
    process = Process([sys.executable, "-c", "import time; time.sleep(600)"])
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(AssertionError), process:
        raise AssertionError
    assert process.returncode == -signal.SIGKILL


def test_a_process_has_an_end_by_itself() -> None:
    """The alarm is set in a program that begins anew as well; whoever runs the tests may be gone."""
    script = "import signal; print(signal.alarm(0))"
    left = int(completed([sys.executable, "-c", script], timeout_s=60).stdout)
    assert 0 < left <= 300


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every command is fresh")
@pytest.mark.parametrize(
    ("env", "forked"),
    [({}, True), ({"HOME": "/nowhere"}, True), ({"PYTHONDEVMODE": "1"}, False), ({"LC_ALL": "C"}, False)],
)
def test_a_command_is_forked_unless_its_interpreter_would_be_another(
    env: dict[str, str],
    forked: bool,  # noqa: FBT001
) -> None:
    """What Python reads at its start cannot be changed in a fork: there it begins afresh."""
    words = [sys.executable, "-m", "finhub_onboard.sandbox", "--until-stdin-closes"]
    with Process(words, env=environment(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert "base_url" in process.stdout.readline()
        line = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
    assert ("forkserver" in line) is forked
    assert process.returncode == 0
