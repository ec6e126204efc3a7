"""`onboard monitor` as it is used: the real command, a real socket, a ledger that is not there yet, a run beside it."""

import http.client
import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.processes import Process
from tests.acceptance.support import SAMPLE, Desk, head

WAIT_S = 60
SLOW = "[limits]\ncalls_per_second = 40\nmax_in_flight = 4\n[approval]\nmode = 'auto'\n"


@contextmanager
def monitoring(desk: Desk) -> Iterator[tuple[Process, str]]:
    """The command at work, and the address that it printed."""
    command = desk.command("monitor", "--config", desk.config)
    pipe = subprocess.PIPE
    with Process(command, cwd=desk.folder, env=desk.environment(), stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def got(
    address: str, path: str = "", *, method: str = "GET", host: str = ""
) -> tuple[int, http.client.HTTPMessage, str]:
    """Ask for a page: status, headers, text."""
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=WAIT_S)) as line:
        line.request(method, path or parts.path, headers={"Host": host} if host else {})
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read().decode()


def states(address: str) -> Iterator[str]:
    """The states that the server sends, as the page's script gets them."""
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=WAIT_S)) as line:
        line.request("GET", f"{parts.path}events")
        answer = line.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        data: list[str] = []
        while text := answer.readline().decode():
            if text.startswith("data: "):
                data.append(text.removeprefix("data: "))
            elif text == "\n" and data:
                yield "".join(data)
                data.clear()


def headline(page: str) -> str:
    """Its first heading."""
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found
    return found[1]


def entries(ledger: Path) -> dict[str, list[object]]:
    """Everything in the ledger."""
    with closing(sqlite3.connect(ledger)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608 - our own names


def test_a_run_is_followed_from_before_it_begins(desk: Desk, tmp_path: Path) -> None:
    """The page is there before the ledger is, and shows the run until its end; nothing in the ledger changes by it."""
    desk.configure(SLOW)
    source = head(SAMPLE, 25, tmp_path / "customers.csv")
    with monitoring(desk) as (monitor, address):
        assert headline(got(address)[2]) == "No run yet"
        assert not (desk.folder / "ledger.db").exists()
        seen = []
        with desk.start(source) as run:
            for state in states(address):
                seen.append(headline(state))
                if "ended with exit code" in seen[-1]:
                    break
            assert run.wait(WAIT_S) == 0
        before = entries(desk.folder / "ledger.db")
        page = got(address)[2]
        assert entries(desk.folder / "ledger.db") == before
        monitor.send_signal(signal.SIGINT)
        _, stderr = monitor.communicate(timeout=WAIT_S)
    assert seen[0] == "No run yet"
    done = [int(text.split()[0]) for text in seen if text.endswith(" of 25 rows done")]
    assert len(set(done)) > 2
    assert done == sorted(done)
    summary = json.loads((desk.out / "summary.json").read_text(encoding="utf-8"))
    assert summary["dispositions"]["onboarded"] == 25
    assert "25 onboarded" in page
    assert (monitor.returncode, stderr.splitlines()[1:]) == (0, ["the monitor has ended"])


def test_nobody_without_the_token_sees_anything(desk: Desk) -> None:
    """Nor from another machine, nor by another name of this one (DNS rebinding), nor in a frame."""
    with monitoring(desk) as (monitor, address):
        parts = urlsplit(address)
        assert parts.hostname == "127.0.0.1"
        token = parts.path.strip("/")
        assert len(token) > 40
        status, headers, page = got(address)
        assert status == 200
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        for path in ("/", "/events", "/favicon.ico", f"/{token[:-1]}/", f"/{token}x/events", "/%00/", "//"):
            status, _, text = got(address, path)
            assert status == 403, path
            assert str(desk.folder) not in text
        assert got(address, host="rebound.example")[0] == 403
        assert got(address, method="POST")[0] == 405
        listening = Path(f"/proc/{monitor.pid}/net/tcp")
        if listening.exists():
            port = f":{parts.port:04X} "
            assert f"0100007F{port}" in listening.read_text()
            assert f"00000000{port}" not in listening.read_text()
        assert str(desk.folder) in page


def test_what_is_wrong_is_said(desk: Desk) -> None:
    """A port that is taken and another tenant's ledger end the command; a ledger that breaks later is on the page."""
    desk.run(head(SAMPLE, 1, desk.folder / "customers.csv"))
    with monitoring(desk) as (_, address):
        port = urlsplit(address).port
        done = desk.onboard("monitor", "--config", desk.config, "--port", str(port))
        assert (done.returncode, done.stdout) == (2, "")
        assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
        (desk.folder / "ledger.db").write_bytes(b"no ledger")
        for state in states(address):
            if headline(state) == "The ledger cannot be read now":
                break
    other = desk.onboard("monitor", "--config", desk.config)
    assert other.returncode == 2
    assert "Traceback" not in other.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_ends_in_peace_while_pages_are_open(desk: Desk, name: str) -> None:
    """An open stream does not hold it."""
    with monitoring(desk) as (monitor, address):
        open_page = states(address)
        next(open_page)
        monitor.send_signal(signal.Signals[name])
        assert monitor.wait(20) == 0
