"""Limits of single phases, by the time of day, and changed while a run goes on, as the bank counts them."""

import json
import signal
import time
import urllib.request
from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Bank, Desk, head, sandbox
from tests.acceptance.test_stopping import WAIT_S, received, until, until_line

ROWS, LIMIT = 30, 10
FIRST, LOW = 40, 10


def arrivals(bank: Bank) -> dict[str, list[float]]:
    """When the calls of each kind came, by the bank's own record; monotonic seconds."""
    with urllib.request.urlopen(f"{bank.root}/sandbox/record?arrivals=1", timeout=30) as answer:  # noqa: S310 - loopback
        found: dict[str, list[float]] = json.load(answer)["arrivals_of"]
        return found


def most_in_a_second(times: list[float]) -> int:
    """The most of these in any one second."""
    return max(sum(1 for other in times if at <= other < at + 1.0) for at in times)


def test_a_phase_keeps_to_its_own_limit_and_holds_no_other_up(tmp_path: Path) -> None:
    """Registrations come no faster than allowed; whoever is registered goes through the other phases meanwhile."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    settings = FAST.replace("max_in_flight = 16", "max_in_flight = 4")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank)
        desk.configure(f"{settings}[limits.registration]\ncalls_per_second = {LIMIT}\n")
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        came = arrivals(bank)
    registrations = came["registerIndividual"]
    assert len(registrations) == ROWS
    assert most_in_a_second(registrations) <= LIMIT + 1  # one more where the machine stands still between two
    assert registrations[-1] - registrations[0] >= (ROWS - 1) // LIMIT - 0.2
    assert sum(at < registrations[ROWS // 2] for at in came["acceptIndividualConsent"]) >= ROWS // 4


def test_limits_change_with_the_file_and_a_hang_up_signal(tmp_path: Path) -> None:
    """Lower, broken, higher: each is said, the run goes on, and the bank never counts more than is in force."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank)

        def configure(rate: str) -> None:
            desk.configure(FAST.replace("calls_per_second = 400", f"calls_per_second = {rate}"))

        configure(str(FIRST))
        with desk.start(source) as process:
            until(lambda: received(bank) > FIRST, process)
            asked_at, said_at = [], []
            lines = {str(LOW): f"from now on {LOW} calls", "fast": "the limits stay", "400": "from now on 400 calls"}
            for rate, said in lines.items():
                configure(rate)
                asked_at.append(time.monotonic())
                process.send_signal(signal.SIGHUP)
                until_line(process, said)
                said_at.append(time.monotonic())
                if rate != "400":
                    seen = received(bank)
                    until(lambda seen=seen: received(bank) > seen + LOW, process)  # type: ignore[misc]
            stderr = process.communicate(timeout=WAIT_S)[1]
        assert process.returncode == 0, stderr
        came = sorted(at for times in arrivals(bank).values() for at in times)
    assert desk.counts() == {"onboarded": ROWS}
    slow = [at for at in came if said_at[0] <= at < asked_at[2]]
    assert len(slow) > LOW
    assert max(sum(at - 1.0 < other <= at for other in came) for at in slow) <= LOW + 1  # as above
    fast = [at for at in came if at > asked_at[2]]
    assert most_in_a_second(fast) > 2 * LOW


def test_a_window_of_the_day_sets_the_rate(tmp_path: Path) -> None:
    """The rate of the time of day holds from the first call on; ``--rate`` is for the whole run."""
    source = head(SAMPLE, 4, tmp_path / "customers.csv")
    halves = [("00:00", "12:00"), ("12:00", "00:00")]
    windows = "".join(
        f'[[limits.window]]\nfrom = "{since}"\nto = "{until}"\ncalls_per_second = {LOW}\n' for since, until in halves
    )
    for words, is_slow in (((), True), (("--rate", "400"), False)):
        folder = tmp_path / f"slow {is_slow}"
        folder.mkdir()
        with sandbox() as bank:
            desk = Desk(folder=folder, bank=bank).configure(FAST + windows)
            done = desk.run(source, *words)
            assert done.returncode == 0, done.stderr
            came = sorted(at for times in arrivals(bank).values() for at in times)
        assert (most_in_a_second(came) <= LOW + 1) is is_slow
