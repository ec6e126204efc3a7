"""The line to the bank, with the real command: certificates, plain http, and why no connection came about."""

from pathlib import Path

import pytest
import trustme

from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head, sandbox
from tests.outbound.lines import pem


def test_plain_http_to_another_machine_is_exit_2(tmp_path: Path) -> None:
    """Nothing is read, sent or written: the configuration is refused."""
    desk = Desk(folder=tmp_path).configure(base_url="http://bank.example.com/api/v2.1")
    done = desk.run(head(SAMPLE, 5, tmp_path / "customers.csv"))
    assert_no_traceback(done)
    assert done.returncode == 2
    assert "api.base_url: http://" in done.stderr
    assert not (tmp_path / "ledger.db").exists()


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_certificate_file_that_is_not_there_is_exit_2_before_anything_is_sent(command: str, tmp_path: Path) -> None:
    """``run`` and ``check`` name setting and file; the bank hears nothing."""
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(ca_file=str(tmp_path / "nowhere.pem"))
        done = desk.run(source) if command == "run" else desk.onboard("check", "--config", desk.config)
        assert "Traceback" not in done.stderr
        assert done.returncode == 2, done.stderr
        assert f"api.ca_file: {tmp_path / 'nowhere.pem'} cannot be read" in done.stderr
        assert bank.record()["customers"] == []
    assert not (tmp_path / "ledger.db").exists()


def test_check_lists_the_certificates(tmp_path: Path) -> None:
    """A file that is named and sound is told."""
    with sandbox() as bank:
        ca = pem(trustme.CA(), tmp_path)
        desk = Desk(folder=tmp_path, bank=bank).configure(ca_file=str(ca))
        done = desk.onboard("check", "--config", desk.config)
        assert done.returncode == 0, done.stderr
        assert f"certificates   ok: the system's CAs, those in {ca}" in done.stdout
