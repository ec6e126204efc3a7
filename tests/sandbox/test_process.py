"""The sandbox as a process: how it speaks, what it keeps, when it ends."""

import http.client
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox import demo, store
from finhub_onboard.sandbox.server import serve
from tests.sandbox.support import CONSENTS, LOGIN, LOGIN_PATH, ROOT, Person, Wire, process, registration, running, until


def test_it_says_one_line_and_ends_with_its_stdin() -> None:
    """Standard output is one JSON line; closing standard input ends the process, hanging calls or not."""
    with process() as (started, wire):
        assert wire.log_in().register("a@example.com").finish() == [200] * 9
        assert started.stdin
        assert started.stdout
        started.stdin.close()
        assert started.wait(5) == 0
        assert started.stdout.read() == b""


def test_it_ends_when_its_parent_is_killed() -> None:
    """A parent that dies by SIGKILL takes the sandbox with it, although it could not say anything."""
    script = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'finhub_onboard.sandbox', '--until-stdin-closes'],"
        " stdin=subprocess.PIPE)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout
        line = parent.stdout.readline()
        pid = int(line.split(b'"pid": ')[1].rstrip(b"}\n"))
        parent.kill()
        until(lambda: not _alive(pid))


def test_a_terminals_interrupt_is_the_parents_business() -> None:
    """While the parent lives, SIGINT and SIGTERM to the group do not end the sandbox under it."""
    with process() as (started, wire):
        started.send_signal(signal.SIGINT)
        started.send_signal(signal.SIGTERM)
        assert wire.log_in().admin
        assert started.poll() is None


def test_on_its_own_it_ends_by_signal() -> None:
    """Without a parent to watch, SIGINT ends it quietly with exit code 0."""
    command = [sys.executable, "-m", "finhub_onboard.sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as started:
        assert started.stdout
        assert started.stderr
        started.stdout.readline()
        started.send_signal(signal.SIGINT)
        assert started.wait(10) == 0
        assert started.stderr.read() == b""


def test_state_survives_sigkill(tmp_path: Path) -> None:
    """Whatever was answered before a SIGKILL is known afterwards, and the journey goes on where it was."""
    state = tmp_path / "bank.db"
    with process("--state", str(state)) as (started, wire):
        person = wire.log_in().register("a@example.com")
        token = person.session().data["token"]
        person.session("Wrong-Passw0rd!")
        person.verify()
        person.upload()
        person.approve()
        person.consent("terms")
        before = wire.record()
        started.kill()
        started.wait()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    with process("--state", str(state)) as (_, wire):
        assert wire.record()["customers"] == before["customers"]
        again = Person(caller=wire.log_in(), email=person.email, id=person.id, user_id=person.user_id)
        assert wire.post("/customer/individual/registration", registration("A@Example.com")).status == 409
        assert again.session("Wrong-Passw0rd!").data["attempts"] == 2
        assert (
            wire.post(again.path("consents/privacy"), {"accepted": True, "version": "1.0"}, token=token).status == 200
        )
        again.consent("data-processing")
        assert again.activate().status == 200
        path = f"/webhooks/subscriptions/{demo.SUBSCRIPTION_ID}/deliveries"
        assert [d["deliveryId"] for d in wire.get(path).data["deliveries"]] == ["del_3", "del_2", "del_1"]


def test_ended_sessions_and_locks_survive_too(tmp_path: Path) -> None:
    """A log-out and the admin's failed logins are kept like everything else."""
    state = str(tmp_path / "bank.db")
    with process("--state", state) as (started, wire):
        person = wire.log_in().register("a@example.com")
        session = person.session().data
        path = person.path(f"users/{person.user_id}/sessions/{session['sessionId']}")
        assert wire.call("DELETE", path, token=wire.admin).status == 200
        wire.post(LOGIN_PATH, {**LOGIN, "password": "wrong"}, token="")
        started.kill()
        started.wait()
    with process("--state", state) as (_, wire):
        consent = {"accepted": True, "version": "1.0"}
        assert wire.post(person.path("consents/terms"), consent, token=session["token"]).status == 401
        assert wire.post(LOGIN_PATH, {**LOGIN, "password": "wrong"}, token="").data["attempts"] == 2
        wire.control("POST", "/sandbox/reset")
        assert wire.record()["customers"] == []
    with process("--state", state) as (_, wire):
        assert wire.record()["customers"] == []


def test_it_dies_rather_than_forget(tmp_path: Path) -> None:
    """When its state cannot be written the bank ends without an answer; what it had answered is there afterwards."""
    state = str(tmp_path / "bank.db")
    limited = 'ulimit -f 300; exec "$0" -m finhub_onboard.sandbox --state "$1"'
    with subprocess.Popen(
        ["sh", "-c", limited, sys.executable, state], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as started:
        assert started.stdout
        assert started.stderr
        wire = Wire(int(started.stdout.readline().split(b"/api")[0].rsplit(b":", 1)[1])).log_in()
        answered = []
        with suppress(http.client.HTTPException, OSError):
            for number in range(10_000):
                answered.append(wire.register(f"c{number}@example.com").email)  # noqa: PERF401  (the last one raises)
        assert started.wait(10) == 1
        assert b"cannot write its state" in started.stderr.read()
    with process("--state", state) as (_, wire):
        assert [customer["email"] for customer in wire.record()["customers"]] == answered


def test_record_tells_the_truth() -> None:
    """The record counts what was carried out, by customer and by call."""
    with running() as wire:
        person = wire.log_in().register("a@example.com")
        person.finish()
        person.consent("terms")
        person.activate()
        record = wire.record()
        (told,) = record["customers"]
        assert told["customerId"] == person.id
        assert (told["userId"], told["status"], told["registrations"]) == (person.user_id, "ACTIVE", 1)
        assert told["verificationIds"] == [person.case]
        assert [(d["documentType"], d["verificationId"]) for d in told["documents"]] == [("PASSPORT", person.case)]
        assert (told["approvals"], told["activations"]) == (1, 1)
        assert told["consents"] == {"terms": 2, "privacy": 1, "data-processing": 1}
        assert record["logins"] == 1
        assert record["calls"]["activateIndividual"] == {"received": 2, "by_status": {"200": 1, "409": 1}}
        received = sum(count["received"] for count in record["calls"].values())
        assert received == 13
        assert record["max_calls_in_1s"] <= received
        assert "arrivals" not in record
        arrivals = wire.control("GET", "/sandbox/record?arrivals=1")["arrivals"]
        assert len(arrivals) == received
        assert arrivals == sorted(arrivals)
        by_call = wire.control("GET", "/sandbox/record?arrivals=1")["arrivals_of"]
        assert {name: len(times) for name, times in by_call.items()} == {
            name: calls["received"] for name, calls in record["calls"].items()
        }


def test_a_person_at_the_bank_decides() -> None:
    """The control plane approves and rejects, high risk included, and knows unknown cases."""
    with running() as wire:
        wire.log_in()
        for number, (verdict, status) in enumerate({"approve": "APPROVED", "reject": "REJECTED"}.items()):
            person = wire.register(f"c{number}@example.com", 2)
            person.verify()
            assert wire.control("POST", f"/sandbox/{verdict}/{person.case}")["status"] == status
            for name in CONSENTS:
                person.consent(name)
            assert person.check().data["activationAllowed"] is (verdict == "approve")
        assert wire.raw("POST", "/sandbox/approve/none", None, {}).status == 404


def test_the_contract_can_be_read() -> None:
    """The page stands on its own, and the contract is served as it is in the project."""
    with running() as wire:
        page = wire.raw("GET", "/docs", None, {})
        assert page.status == 200
        assert "registerIndividual" in page.body
        assert not any(f'{attribute}="http' in page.body for attribute in ("src", "href"))
        assert wire.raw("HEAD", "/docs", None, {}).status == 200
        served = wire.raw("GET", "/openapi.yaml", None, {})
        contract = ROOT / "pipeline/finhub_onboard/sandbox/contract/openapi.yaml"
        assert served.body.encode("latin-1") == contract.read_bytes()


def test_what_is_no_call_is_refused() -> None:
    """Unknown paths are 404 and other methods 405, as JSON, and they count as calls."""
    with running() as wire:
        assert wire.call("GET", "/customers").status == 404
        reply = wire.call("GET", "/customer/individual/registration")
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
        assert wire.record()["calls"]["(unknown)"]["received"] == 2


def test_a_port_in_use_is_a_plain_error() -> None:
    """An occupied port, an unknown host and an impossible port are configuration errors."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"cannot listen on 127.0.0.1:{port}: Address already in use"):
            serve(port=port, announce=print)
    with pytest.raises(ConfigurationError, match="cannot listen"):
        serve(port=70_000, announce=print)


def test_a_state_file_belongs_to_one_bank(tmp_path: Path) -> None:
    """What is no state file is refused with its path, and left alone."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but somebody's notes" * 100)
    with pytest.raises(ConfigurationError, match=r"notes\.txt"):
        serve(state=path, announce=print)
    assert path.read_text().startswith("not a database")
    other = tmp_path / "ledger.db"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE customer (number INTEGER PRIMARY KEY, body BLOB)")
    before = other.read_bytes()
    with pytest.raises(ConfigurationError, match="another program's database"):
        serve(state=other, announce=print)
    assert other.read_bytes() == before


def test_two_banks_cannot_share_a_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second sandbox on a living one's state file is refused with a hint."""
    monkeypatch.setattr(store, "_WAIT_FOR_LAST_OWNER_S", 0.1)
    state = tmp_path / "bank.db"
    with process("--state", str(state)), pytest.raises(ConfigurationError, match="locked") as raised:
        serve(state=state, announce=print)
    assert "end the sandbox that uses it" in raised.value.hint


def test_errors_of_usage_are_two_plain_lines(tmp_path: Path) -> None:
    """A bad scenario ends the command with exit code 2 and a hint, without a traceback."""
    bad = tmp_path / "bad.toml"
    bad.write_text("sede = 1\n")
    command = [sys.executable, "-m", "finhub_onboard.sandbox", "--scenario", str(bad)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert 'did you mean "seed"?' in ended.stderr
    assert "Traceback" not in ended.stderr


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_connections_stay_open() -> None:
    """Calls share a connection: a calm bank never closes one."""
    with running() as wire:
        wire.log_in()
        first = wire.connection.sock
        wire.register("a@example.com").finish()
        assert wire.connection.sock is first
        assert isinstance(wire, Wire)
