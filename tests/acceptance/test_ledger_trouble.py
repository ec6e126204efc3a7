"""A ledger in trouble, with the real command: exit 2 before anything is sent, or exit 4 in the middle; then it goes on.

Root may write everywhere, so places that may not be written are file systems mounted so; without root, modes do.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import product
from pathlib import Path

import pytest

from finhub_onboard.ledger.connect import look_into
from tests.acceptance.conftest import FAST
from tests.acceptance.processes import Process
from tests.acceptance.support import SAMPLE, Bank, Desk, assert_no_traceback, disagreements, head, sandbox
from tests.acceptance.test_stopping import SLOW, WAIT_S, registered, until
from tests.support import typical

ROWS = 6
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
FSIZE = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
os.execv(sys.argv[1], sys.argv[1:])
"""


def at(ledger: Path) -> dict[str, str]:
    """Environment that names another ledger."""
    return {"ONBOARD_LEDGER__URL": f"sqlite:///{ledger}"}


def assert_nothing_sent(bank: Bank) -> None:
    """Not even a log-in."""
    assert bank.record()["calls"] == {}


def assert_refused(desk: Desk, done: "subprocess.CompletedProcess[str]", *said: str) -> None:
    """Exit 2, the ledger and the cause named, a hint, and nothing sent."""
    assert desk.bank is not None
    assert_no_traceback(done)
    assert done.returncode == 2, done.stderr
    assert any(word in done.stderr for word in said), done.stderr
    assert "ledger" in done.stderr
    assert "hint: " in done.stderr
    assert_nothing_sent(desk.bank)


def assert_stopped_and_resumed(
    desk: Desk, source: Path, stopped: tuple[int, str], again: Callable[[], "subprocess.CompletedProcess[str]"]
) -> None:
    """Exit 4 without a traceback; once the trouble is over the same command finishes, nobody twice and nobody lost."""
    assert desk.bank is not None
    code, stderr = stopped
    assert "Traceback" not in stderr
    assert code == 4, stderr
    assert "ledger" in stderr
    assert "hint: " in stderr
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
    done = again()
    assert done.returncode in (0, 3), done.stderr
    assert desk.counts().keys() <= {"onboarded", "unchanged", "in_doubt"}
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """A file system of its own at ``place``."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@ROOT_ONLY
def test_a_disk_that_is_full_from_the_start(desk: Desk, tmp_path: Path) -> None:
    """Nothing can be written: exit 2, and no half-made ledger is left."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    with mounted(tmp_path / "small", "-o", "size=64k"):
        (tmp_path / "small" / "filler").write_bytes(b"x" * 64 * 1024)
        done = desk.run(source, env=at(tmp_path / "small" / "ledger.db"))
        assert_refused(desk, done, "full", "No space", "disk I/O")
        assert [path.name for path in (tmp_path / "small").iterdir()] == ["filler"]


@ROOT_ONLY
def test_a_disk_that_fills_up_in_the_middle(desk: Desk, tmp_path: Path) -> None:
    """Exit 4 with reports; with room again the same command finishes."""
    assert desk.bank is not None
    source, place = head(SAMPLE, 120, tmp_path / "customers.csv"), tmp_path / "small"
    with mounted(place, "-o", "size=400k"):
        done = desk.run(source, env=at(place / "ledger.db"))
        assert_no_traceback(done)
        assert registered(desk.bank) > 0, "it was meant to fill up in the middle"

        def again() -> "subprocess.CompletedProcess[str]":
            subprocess.run(["mount", "-o", "remount,size=20m", place], check=True)
            return desk.run(source, env=at(place / "ledger.db"))

        assert_stopped_and_resumed(desk, source, (done.returncode, done.stderr), again)


@pytest.mark.parametrize(("limit", "code"), typical([(0, 2), (20_000, 2), (250_000, 4)], (20_000, 2)))
def test_files_that_may_not_grow(desk: Desk, tmp_path: Path, limit: int, code: int) -> None:
    """A quota of the process (RLIMIT_FSIZE) is a full disk, whenever it strikes."""
    assert desk.bank is not None
    source = head(SAMPLE, 120, tmp_path / "customers.csv")
    command = desk.command("run", source, "--config", desk.config, "--out", desk.out)
    done = subprocess.run(
        [sys.executable, "-c", FSIZE.format(limit), *command],
        cwd=tmp_path,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_S * 2,
        check=False,
    )
    if code == 2:
        assert_refused(desk, done, "full", "large", "disk I/O")
        return
    assert registered(desk.bank) > 0, "it was meant to strike in the middle"
    assert_stopped_and_resumed(desk, source, (done.returncode, done.stderr), lambda: desk.run(source))


@ROOT_ONLY
@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
def test_a_folder_that_is_read_only(desk: Desk, tmp_path: Path, *, existing: bool) -> None:
    """Also where the ledger is there already: it cannot be written."""
    source, place = head(SAMPLE, 3, tmp_path / "customers.csv"), tmp_path / "ro"
    with mounted(place):
        if existing:
            assert desk.onboard("check", "--config", desk.config, env=at(place / "ledger.db")).returncode == 0
            assert desk.bank is not None
            desk.bank.post("/sandbox/reset")
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        done = desk.run(source, env=at(place / "ledger.db"))
        assert_refused(desk, done, "Read-only", "may not be read and written")
        status = desk.onboard("status", "--config", desk.config, env=at(place / "ledger.db"))
        assert (status.returncode, "Traceback" in status.stderr) == (0 if existing else 2, False), status.stderr


@pytest.mark.parametrize("kill", [False, True], ids=["after a run", "after a kill"])
def test_who_only_looks_needs_no_right_to_write(desk: Desk, tmp_path: Path, *, kill: bool) -> None:
    """A ledger in a folder that is read-only: every command that sends nothing works, and leaves all as it was."""
    source, place = made(desk, tmp_path, kill=kill), tmp_path / "ro"
    place.mkdir()
    for file in tmp_path.glob("ledger.db*"):
        file.rename(place / file.name)
    words = ("--config", desk.config)
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    with read_only(place):
        for command in (
            ("status",),
            ("explain", "CUST-000001"),
            ("plan", source),
            ("report", "--out", tmp_path / "again"),
            ("validate", source, "--out", tmp_path / "checked"),
            ("run", source, "--dry-run", "--out", tmp_path / "dry"),
        ):
            done = desk.onboard(*command, *words, env=at(place / "ledger.db"))
            assert "Traceback" not in done.stderr
            assert done.returncode in (0, 3), (command, done.stderr)
        assert {file.name: file.read_bytes() for file in place.iterdir()} == before
        status = desk.onboard("status", *words, env=at(place / "ledger.db"))
        assert ("died" in status.stdout) is kill, status.stdout
        assert_refused(desk, desk.run(source, env=at(place / "ledger.db")), "may not be read and written")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write there: by modes, and from root by a mount."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        for file in folder.iterdir():
            file.chmod(0o400)
        yield
        folder.chmod(0o700)
        return
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode != 0:
        pytest.skip("root that may not mount may write everywhere")
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_reports_of_a_run_that_is_under_way_say_so(desk: Desk, tmp_path: Path) -> None:
    """It has not died: whoever reads its reports must know that they go on."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 2, run)
        told = desk.onboard("report", "--config", desk.config, "--out", tmp_path / "so far")
        run.terminate()
        _, stderr = run.communicate(timeout=WAIT_S)
    assert told.returncode == 0, told.stderr
    summary = json.loads((tmp_path / "so far" / "summary.json").read_text(encoding="utf-8"))
    assert "is under way" in summary["stopped_because"]
    assert run.returncode == 143, stderr


@ROOT_ONLY
def test_a_disk_that_another_program_fills_in_the_middle(desk: Desk, tmp_path: Path) -> None:
    """The same where the room is taken away from one moment to the next, while many calls are under way."""
    source, place = head(SAMPLE, 40, tmp_path / "customers.csv"), tmp_path / "small"
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    env = at(place / "ledger.db")
    with mounted(place, "-o", "size=20m"):
        process = Process(
            desk.command("run", source, "--config", desk.config, "--out", desk.out),
            cwd=tmp_path,
            env=desk.environment(env),
            stderr=subprocess.PIPE,
        )
        with process:
            until(lambda: registered(bank) >= 3, process)
            fill(place)
            _, stderr = process.communicate(timeout=WAIT_S)

        def again() -> "subprocess.CompletedProcess[str]":
            (place / "filler").unlink()
            return desk.run(source, "--rate", "400", env=env)

        assert_stopped_and_resumed(desk, source, (process.returncode, stderr), again)


IN_FLIGHT = 30
SLOWLY = f"""
[[fault]]
kind = "slow_body"
rate = 1.0
over_s = 3.0
times = {IN_FLIGHT}
on = ["registerIndividual"]
"""


@ROOT_ONLY
def test_answers_that_come_while_the_disk_is_full_are_written(tmp_path: Path) -> None:
    """30 registrations are under way when the disk fills up: none is in doubt, nobody new is begun, exit 4."""
    source, place = head(SAMPLE, 120, tmp_path / "customers.csv"), tmp_path / "small"
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(SLOWLY, encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank, mounted(place, "-o", "size=20m"):
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST.replace("16", str(IN_FLIGHT)))
        env = at(place / "ledger.db")
        process = desk.start(source, env=env)
        with process:
            until(lambda: registered(bank) >= IN_FLIGHT, process)
            assert (place / "ledger.db.reserve").exists()
            fill(place)
            _, stderr = process.communicate(timeout=WAIT_S)
        assert process.returncode == 4, stderr
        assert f"the disk of the ledger {place / 'ledger.db'} is full" in stderr
        assert "hint: make room" in stderr
        assert "Traceback" not in stderr
        assert "in_doubt" not in desk.counts(), stderr
        assert registered(bank) <= 2 * IN_FLIGHT, "only what was written down before may still leave"
        assert [file.name for file in place.glob("*.reserve")] == []
        fill(place)
        full = desk.run(source, env=env)
        assert (full.returncode, "is full" in full.stderr) == (2, True), full.stderr
        (place / "filler").unlink()
        again = desk.run(source, env=env)
        assert again.returncode == 0, again.stderr
        assert {customer["registrations"] for customer in bank.record()["customers"]} == {1}


def fill(place: Path) -> None:
    """Let another program take all the room that there is."""
    with suppress(OSError), (place / "filler").open("ab", buffering=0) as stream:
        while True:
            stream.write(b"x" * 4096)


@contextmanager
def another_program_writes(ledger: Path) -> Iterator[None]:
    """A shell that began to write and waits for its user."""
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('BEGIN IMMEDIATE');"
        "print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            shell.stdin.close()


@pytest.mark.waits
def test_a_ledger_that_another_program_writes_before_the_run(desk: Desk, tmp_path: Path) -> None:
    """Exit 2 once the wait for it is over."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    desk.onboard("check", "--config", desk.config)
    desk.bank.post("/sandbox/reset")
    with another_program_writes(tmp_path / "ledger.db"):
        assert_refused(desk, desk.run(source), "locked")


@pytest.mark.waits
def test_a_ledger_that_another_program_writes_in_the_middle(desk: Desk, tmp_path: Path) -> None:
    """Exit 4 once the wait for it is over; a short wait stops nothing."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW)
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 2, run)
        with another_program_writes(tmp_path / "ledger.db"):
            pass
        until(lambda: registered(bank) >= 6, run)
        with another_program_writes(tmp_path / "ledger.db"):
            _, stderr = run.communicate(timeout=WAIT_S * 2)
    again = lambda: desk.run(source, "--rate", "400")  # noqa: E731 - as the helper takes it
    assert_stopped_and_resumed(desk, source, (run.returncode, stderr), again)


def made(desk: Desk, tmp_path: Path, *, kill: bool = False) -> Path:
    """A ledger that a run left, with its journal if it was killed; the bank has forgotten."""
    assert desk.bank is not None
    bank = desk.bank
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    if kill:
        desk.configure(SLOW)
        with desk.start(source) as run:
            until(lambda: registered(bank) >= 4, run)
            run.kill()
    else:
        assert desk.run(source).returncode == 0
    bank.post("/sandbox/reset")
    return source


PAGE = 4096
PLACES = ("header", "emptied", "first page", "cut")


@pytest.mark.parametrize(
    ("place", "kill"),
    typical(product(PLACES, (False, True)), *product(PLACES, (False,)), ("first page", True)),
)
def test_a_ledger_that_is_damaged_where_it_shows(desk: Desk, tmp_path: Path, place: str, *, kill: bool) -> None:
    """Exit 2; nobody is registered again by a run that cannot know."""
    source, ledger = made(desk, tmp_path, kill=kill), tmp_path / "ledger.db"
    content = ledger.read_bytes()
    if kill and place != "emptied":
        with closing(sqlite3.connect(ledger)) as db:  # what counts would come from the journal
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = ledger.read_bytes()
    changed = {
        "header": b"\xff" * 64 + content[64:],
        "emptied": b"",
        "first page": content[:100] + b"\xff" * (PAGE - 100) + content[PAGE:],
        "cut": content[: PAGE * 2],
    }
    ledger.write_bytes(changed[place])
    done = desk.run(source)
    assert_refused(desk, done, "not a database", "is empty", "malformed")
    status = desk.onboard("status", "--config", desk.config)
    assert (status.returncode, "Traceback" in status.stderr) == (2, False), status.stderr


@pytest.mark.exhaustive  # the header, the first page and the end are damaged always
def test_every_page_flipped(desk: Desk, tmp_path: Path) -> None:
    """Whatever page is damaged: exit 2 or 4 with a cause, or what was damaged did not matter; never a traceback."""
    assert desk.bank is not None
    source, ledger = made(desk, tmp_path), tmp_path / "ledger.db"
    content = ledger.read_bytes()
    found = set()
    for page in range(1, len(content) // PAGE):
        for left in tmp_path.glob("ledger.db-*"):
            left.unlink()
        flipped = bytes(byte ^ 0xFF for byte in content[page * PAGE : (page + 1) * PAGE])
        ledger.write_bytes(content[: page * PAGE] + flipped + content[(page + 1) * PAGE :])
        done = desk.run(source)
        assert_no_traceback(done)
        assert done.returncode in (0, 2, 3, 4), (page, done.stderr)
        assert "unexpected failure" not in done.stderr, (page, done.stderr)
        if done.returncode in (2, 4):
            assert "hint: " in done.stderr, (page, done.stderr)
        found.add(done.returncode)
        assert desk.bank.record()["customers"] == [], (page, "somebody was registered again")
    assert found & {2, 4}


def test_a_journal_that_is_damaged_loses_its_end_and_no_more(desk: Desk, tmp_path: Path) -> None:
    """SQLite checks each frame: what comes behind a broken one is not there; no error, no half entry."""
    source = made(desk, tmp_path, kill=True)
    wal = tmp_path / "ledger.db-wal"
    content = bytearray(wal.read_bytes())
    assert len(content) > 10 * PAGE, "the kill was meant to leave a journal"
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(byte ^ 0xFF for byte in content[middle : middle + 64])
    wal.write_bytes(bytes(content))
    (tmp_path / "ledger.db-shm").unlink()
    done = desk.run(source)
    assert_no_traceback(done)
    assert done.returncode in (0, 2, 3), done.stderr
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _hard_link(path: Path) -> None:
    shutil.copy(path.with_name("seed.db"), path) if path.with_name("seed.db").exists() else path.write_bytes(
        b"x" * 5000
    )
    path.with_name("copy.db").hardlink_to(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_folder, "is a folder"),
        (os.mkfifo, "is a pipe"),
        (_loop, "cannot open"),
        (lambda path: path.symlink_to("/dev/full"), "is a device"),
        (lambda path: path.symlink_to("/dev/null"), "is a device"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"external_id,first_name\n" * 300), "not a database"),
        (_hard_link, "2 names"),
    ],
    ids=["a folder", "a pipe", "a loop of links", "/dev/full", "/dev/null", "empty", "a CSV file", "a hard link"],
)
def test_what_is_no_ledger(desk: Desk, tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    """Exit 2, also of who only looks, and at once: a pipe is not waited for."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    make(tmp_path / "ledger.db")
    assert_refused(desk, desk.run(source), said)
    done = desk.onboard("status", "--config", desk.config)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


@pytest.mark.parametrize(("version", "said"), [(99, "newer version"), (0, "not a ledger")])
def test_a_schema_that_this_program_does_not_know(desk: Desk, tmp_path: Path, version: int, said: str) -> None:
    """A newer program's ledger is left alone."""
    source = made(desk, tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        db.execute(f"PRAGMA user_version = {version}")
    before = (tmp_path / "ledger.db").read_bytes()
    assert_refused(desk, desk.run(source), said)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_the_ledger_of_another_tenant(desk: Desk, tmp_path: Path) -> None:
    """Keys of one tenant mean nothing to another."""
    source = made(desk, tmp_path)
    assert_refused(desk, desk.run(source, env={"ONBOARD_API__TENANT_ID": "another-tenant"}), "another tenant")


def test_the_backup_command_of_the_readme_works_during_a_run(desk: Desk, tmp_path: Path) -> None:
    """The copy opens, is whole, and a run that begins with it registers nobody twice."""
    assert desk.bank is not None
    bank = desk.bank
    # From five customers on whom the copy lacks a run would refuse it.
    desk.configure(SLOW.replace("max_in_flight = 8", "max_in_flight = 4"))
    source = head(SAMPLE, ROWS * 4, tmp_path / "customers.csv")
    (line,) = [line for line in readme().splitlines() if "VACUUM INTO" in line]
    statement = line.split('"')[1]
    backup = tmp_path / "backup.db"
    with desk.start(source) as run:
        until(lambda: registered(bank) >= 6, run)
        os.kill(bank.pid, signal.SIGSTOP)  # however long the copy takes, only those under way are younger than it
        try:
            vacuum(tmp_path / "ledger.db", statement)
            run.send_signal(signal.SIGINT)
        finally:
            os.kill(bank.pid, signal.SIGCONT)
        _, stderr = run.communicate(timeout=WAIT_S)
    assert run.returncode == 130, stderr
    with closing(sqlite3.connect(backup)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with look_into(f"sqlite:///{backup}", tenant_id="", seed="") as ledger:
        assert sum(ledger.standings().values()) > 0
    backup.chmod(0o600)
    done = desk.run(source, "--rate", "400", env=at(backup))
    assert_no_traceback(done)
    assert done.returncode in (0, 3), done.stderr
    assert {customer["registrations"] for customer in bank.record()["customers"]} == {1}
    assert not any(row["disposition"] == "pending" for row in desk.table("results.csv"))


def readme() -> str:
    """The README."""
    return (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def vacuum(ledger: Path, statement: str) -> None:
    """What the shell of the README does, with or without that shell."""
    if shell := shutil.which("sqlite3"):
        subprocess.run([shell, ledger.name, statement], cwd=ledger.parent, check=True)
        return
    with closing(sqlite3.connect(ledger)) as db:
        db.execute(statement.replace("backup.db", str(ledger.with_name("backup.db"))))


def test_a_bank_is_never_called_by_a_run_that_cannot_keep_its_word(tmp_path: Path) -> None:
    """The embedded sandbox is not even started."""
    desk = Desk(folder=tmp_path).configure(base_url="sandbox:")
    (tmp_path / "ledger-sandbox.db").mkdir()
    done = desk.run(head(SAMPLE, 3, tmp_path / "customers.csv"))
    assert_no_traceback(done)
    assert done.returncode == 2


def test_a_ledger_restored_from_an_older_backup_is_refused(desk: Desk, tmp_path: Path) -> None:
    """Its own reports tell of a run that it does not know: exit 2 before anything is sent, and the flag is named."""
    assert desk.bank is not None
    first, second = (head(SAMPLE, rows, tmp_path / f"{rows}.csv") for rows in (2, 4))
    words = ("--config", desk.config)
    assert desk.onboard("run", first, *words).returncode == 0
    backup = tmp_path / "backup.db"
    vacuum(tmp_path / "ledger.db", "VACUUM INTO 'backup.db'")
    backup.chmod(0o600)
    assert desk.onboard("run", second, *words).returncode == 0
    before = desk.bank.record()["calls"]
    refused = desk.onboard("run", second, *words, env=at(backup))
    assert_no_traceback(refused)
    assert (refused.returncode, "--ledger-restored" in refused.stderr) == (2, True), refused.stderr
    assert desk.bank.record()["calls"] == before
    assert desk.onboard("run", second, *words).returncode == 0, "the ledger itself goes on"
    done = desk.onboard("run", first, *words, "--ledger-restored", env=at(backup))
    assert done.returncode in (0, 3), done.stderr


@ROOT_ONLY
def test_a_file_system_that_is_unmounted_in_the_middle(desk: Desk, tmp_path: Path) -> None:
    """The run stops and says so; nobody is sent to a backup, and the reports are there."""
    assert desk.bank is not None
    bank = desk.bank
    source, place, image = head(SAMPLE, 40, tmp_path / "customers.csv"), tmp_path / "disk", tmp_path / "image"
    desk.configure(SLOW)
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    if subprocess.run(["mkfs.ext4", "-q", image], capture_output=True, check=False).returncode != 0:
        pytest.skip("no ext4 here")
    if subprocess.run(["mount", "-o", "loop", image, place], capture_output=True, check=False).returncode != 0:
        pytest.skip("no loop devices here")
    env = at(place / "ledger.db")
    try:
        with desk.start(source, env=env) as run:
            until(lambda: registered(bank) >= 3, run)
            subprocess.run(["umount", "-l", place], check=True)
            _, stderr = run.communicate(timeout=WAIT_S)
        assert "its file system unmounted" in stderr
        assert "backup" not in stderr

        def again() -> "subprocess.CompletedProcess[str]":
            subprocess.run(["mount", "-o", "loop", image, place], check=True)
            return desk.run(source, "--rate", "400", env=env)

        assert_stopped_and_resumed(desk, source, (run.returncode, stderr), again)
    finally:
        subprocess.run(["umount", "-l", place], capture_output=True, check=False)
