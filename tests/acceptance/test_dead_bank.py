"""A bank that is gone, from the start or in the middle: noticed within seconds, and nobody fails for it."""

import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, disagreements, head, sandbox
from tests.acceptance.test_stopping import registered, until
from tests.acceptance.troubled import TROUBLES, way_to
from tests.support import typical

if TYPE_CHECKING:
    import subprocess

ROWS = 150
NOTICED_S = 15.0
"""A bank that is silent shows by a probe; all others show at once."""


def settings(*, in_flight: int, attempts: int = 3) -> str:
    """Return settings with so many places."""
    return f"""
[limits]
calls_per_second = 400
max_in_flight = {in_flight}
[retry]
max_attempts = {attempts}
max_wait_s = 0.5
[approval]
mode = "auto"
"""


def noticed_s(process: "subprocess.Popen[str]", since: float) -> float:
    """Read stderr until the run says that the bank is down; how long after ``since`` it did."""
    assert process.stderr is not None
    for line in process.stderr:
        if "the bank is down" in line:
            return time.monotonic() - since
    raise AssertionError("never noticed")


@pytest.mark.parametrize(
    ("trouble", "in_flight"),
    typical(
        [("silent", 64), *zip((trouble for trouble in TROUBLES if trouble != "silent"), cycle((4, 64)))],
        ("silent", 64),
    ),
)
@pytest.mark.waits
def test_a_bank_that_dies_in_the_middle_fails_nobody(trouble: str, in_flight: int, tmp_path: Path) -> None:
    """Exit 4; only calls truly under way are in doubt, the rest is pending; once it is back the command finishes."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with sandbox() as bank, way_to(bank) as way:
        desk = Desk(folder=tmp_path, bank=bank).configure(settings(in_flight=in_flight), base_url=way.base_url)
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 20, process)
            way.spoil(trouble)
            took = noticed_s(process, time.monotonic())
            asked = way.asked
            _, stderr = process.communicate(timeout=120)
        assert process.returncode == 4, stderr
        assert "Traceback" not in stderr
        assert took < NOTICED_S
        counts = Counter(desk.counts())
        assert counts.keys() <= {"pending", "in_doubt", "onboarded"}
        assert counts["in_doubt"] <= in_flight + 4  # five failures show it, with others under way beside the last
        assert counts["pending"] >= 20
        assert way.asked - asked <= in_flight + 2 * 3, "it was not left alone"
        assert max(customer["registrations"] for customer in bank.record()["customers"]) == 1
        way.spoil("")
        again = desk.run(source)
        assert again.returncode in (0, 3), again.stderr
        assert desk.counts().keys() <= {"onboarded", "unchanged", "in_doubt"}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


@pytest.mark.parametrize(
    "trouble", typical([*TROUBLES, "no such host", "no TLS"], "refuses", "silent", "503", "no TLS")
)
def test_a_bank_that_is_dead_from_the_start_is_one_message(trouble: str, tmp_path: Path) -> None:
    """Exit 4, everybody pending, and the user hears of it before the tries are used up."""
    source = head(SAMPLE, 20, tmp_path / "customers.csv")
    with sandbox() as bank, way_to(bank) as way, not_tls() as port:
        addresses = {"no such host": "https://bank.invalid/api/v2.1", "no TLS": f"https://127.0.0.1:{port}/api/v2.1"}
        desk = Desk(folder=tmp_path, bank=bank)
        desk.configure(settings(in_flight=4, attempts=2), base_url=addresses.get(trouble, way.base_url))
        env = {"ONBOARD_API__TIMEOUT_S": "3"}
        if trouble in TROUBLES:
            way.spoil(trouble)
        done = desk.run(source, env=env)
        assert_no_traceback(done)
        assert done.returncode == 4, done.stderr
        assert "no admin session yet" in done.stderr
        assert "no admin session could be opened" in done.stderr
        assert desk.counts() == {"pending": 20}
        assert bank.record()["customers"] == []


@contextmanager
def not_tls() -> Iterator[int]:
    """Listen with a certificate that nobody trusts."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except (OSError, ssl.SSLError):
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


@pytest.mark.waits
@pytest.mark.exhaustive  # one that dies and comes back is lived with always
def test_a_bank_that_comes_and_goes_is_lived_with(tmp_path: Path) -> None:
    """Up for a while, down for three seconds, again and again: the run waits and finishes; nobody fails."""
    source = head(SAMPLE, 150, tmp_path / "customers.csv")
    with sandbox() as bank, way_to(bank) as way:
        desk = Desk(folder=tmp_path, bank=bank).configure(
            settings(in_flight=16, attempts=20).replace("max_wait_s = 0.5", "max_wait_s = 2"), base_url=way.base_url
        )
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 1, process)
            for trouble in ("refuses", "503", "resets"):
                way.spoil(trouble)
                time.sleep(3)
                way.spoil("")
                goal = min(registered(bank) + 20, 150)
                until(lambda goal=goal: registered(bank) >= goal, process)  # type: ignore[misc]
            _, stderr = process.communicate(timeout=120)
        assert process.returncode in (0, 3), stderr
        assert len(re.findall("the bank answers again", stderr)) >= 2
        counts = Counter(desk.counts())
        assert counts.keys() <= {"onboarded", "in_doubt"}
        assert counts["in_doubt"] <= 2 * 16, "both kinds of broken connections may meet all calls under way"
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
