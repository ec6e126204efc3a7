"""Wrong credentials, wrong configuration, no network, bad inputs: one message, its exit code, no traceback."""

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import ROOT, SAMPLE, Desk, assert_no_traceback, disagreements, head, sandbox
from tests.acceptance.test_stopping import SLOW, registered, until
from tests.acceptance.troubled import way_to


def test_wrong_credentials_cost_one_log_in(desk: Desk, tmp_path: Path) -> None:
    """Exit 5 after a single log-in: five would lock the user."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    done = desk.run(source, env={"ONBOARD_CREDENTIALS__PASSWORD": "not-the-password"})
    assert_no_traceback(done)
    assert done.returncode == 5, done.stderr
    assert desk.bank.record()["logins"] == 1
    assert desk.counts() == {"pending": 3}
    assert "not-the-password" not in done.stderr
    assert "hint: " in done.stderr


def test_an_unknown_key_names_the_nearest(desk: Desk, tmp_path: Path) -> None:
    """Exit 2; nothing is sent."""
    assert desk.bank is not None
    desk.configure(FAST.replace("calls_per_second", "calls_per_secund"))
    done = desk.run(head(SAMPLE, 3, tmp_path / "customers.csv"))
    assert_no_traceback(done)
    assert done.returncode == 2
    assert "limits.calls_per_second" in done.stderr
    assert desk.bank.record()["calls"] == {}


def test_missing_credentials_are_named(desk: Desk, tmp_path: Path) -> None:
    """Exit 2 names the environment variables that are missing."""
    done = desk.run(head(SAMPLE, 3, tmp_path / "customers.csv"), env={"ONBOARD_CREDENTIALS__SEED": ""})
    assert_no_traceback(done)
    assert done.returncode == 2
    assert "ONBOARD_CREDENTIALS__SEED" in done.stderr


def test_no_network_is_one_message(tmp_path: Path) -> None:
    """Nobody listens: exit 4, one error, everything pending."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    desk = Desk(folder=tmp_path).configure(FAST, base_url=f"http://127.0.0.1:{port}/api/v2.1")
    done = desk.run(head(SAMPLE, 3, tmp_path / "customers.csv"))
    assert_no_traceback(done)
    assert done.returncode == 4, done.stderr
    assert done.stderr.count("no admin session could be opened") <= 2
    assert desk.counts() == {"pending": 3}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"external_id,first_name\n1,Ana\n", "last_name"),
        (b"%PDF-1.4 not a table", "PDF"),
        (b"PK\x03\x04 an archive", "ZIP"),
        (SAMPLE.read_bytes().splitlines(keepends=True)[0], "no data rows"),
    ],
)
def test_an_input_that_cannot_be_read_as_a_whole(content: bytes, said: str, desk: Desk, tmp_path: Path) -> None:
    """Exit 7 with the cause in plain words; nothing is sent."""
    assert desk.bank is not None
    source = tmp_path / "customers.csv"
    source.write_bytes(content)
    done = desk.run(source)
    assert_no_traceback(done)
    assert done.returncode == 7, done.stderr
    assert said.casefold() in done.stderr.casefold()
    assert desk.bank.record()["calls"] == {}


def test_a_missing_input_is_exit_7(desk: Desk, tmp_path: Path) -> None:
    """A path that does not exist is an input that cannot be read."""
    done = desk.run(tmp_path / "nobody.csv")
    assert_no_traceback(done)
    assert done.returncode == 7


def test_a_dying_bank_leaves_customers_pending(tmp_path: Path) -> None:
    """When the bank dies in the middle, the run notices, stops with exit 4, and fails nobody."""
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with ExitStack() as stack:
        bank = stack.enter_context(sandbox())
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW)
        process = stack.enter_context(desk.start(source))
        until(lambda: registered(bank) >= 6, process)
        bank.die()
        stderr = process.communicate(timeout=60)[1]
    assert "Traceback" not in stderr
    assert process.returncode == 4, stderr
    assert desk.counts().keys() <= {"pending", "in_doubt", "onboarded"}
    assert desk.counts()["pending"] >= 10


def test_the_ledger_of_another_seed_is_refused(desk: Desk, tmp_path: Path) -> None:
    """Another seed would make new keys for the same customers: refused before anything is sent."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    desk.run(source)
    before = desk.bank.record()["logins"]
    done = desk.run(source, env={"ONBOARD_CREDENTIALS__SEED": "another seed, also invented"})
    assert_no_traceback(done)
    assert done.returncode == 2
    assert "seed" in done.stderr
    assert desk.bank.record()["logins"] == before


def test_a_document_that_vanishes_during_the_run_loses_no_customer(tmp_path: Path) -> None:
    """Registered customers are never `rejected`; with the document back, the same command finishes them."""
    documents = tmp_path / "documents"
    shutil.copytree(ROOT / "sample_data" / "documents", documents)
    source = head(SAMPLE, 12, tmp_path / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW)
        text = desk.config.read_text(encoding="utf-8")
        desk.config.write_text(text.replace(str(ROOT / "sample_data" / "documents"), str(documents)), encoding="utf-8")
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 1, process)
            for path in documents.glob("identity*"):
                path.rename(path.with_name("gone-" + path.name))
            stderr = process.communicate(timeout=60)[1]
        assert "Traceback" not in stderr
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
        for path in documents.glob("gone-*"):
            path.rename(path.with_name(path.name.removeprefix("gone-")))
        assert desk.run(source, "--rate", "400").returncode == 0
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


def test_an_input_that_changes_during_the_run_stops_it(tmp_path: Path) -> None:
    """Nobody is carried twice when the file is rewritten under the run; it stops with exit 4 and says why."""
    source = head(SAMPLE, 60, tmp_path / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(SLOW + "[intake]\nbatch_rows = 5\n")
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 1, process)
            lines = source.read_bytes().splitlines(keepends=True)
            source.write_bytes(lines[0] + b"".join(lines[20:]) + b"".join(lines[1:20]))
            stderr = process.communicate(timeout=60)[1]
        assert "Traceback" not in stderr
        assert process.returncode == 4, stderr
        assert "changed" in stderr
        assert {customer["registrations"] for customer in bank.record()["customers"]} == {1}


def test_a_bank_whose_connections_die_after_each_answer_leaves_nobody_in_doubt(tmp_path: Path) -> None:
    """The one repeat of a registration, a verification or a document is read: it has a connection of its own."""
    source = head(SAMPLE, 40, tmp_path / "customers.csv")
    with sandbox() as bank, way_to(bank) as way:
        way.answers_once = True
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, base_url=way.base_url)
        done = desk.run(source)
        assert way.unread > 40, done.stderr
        assert done.returncode == 0, done.stderr
        assert desk.counts() == {"onboarded": 40}
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
