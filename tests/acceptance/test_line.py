"""The line to the bank, with the real command: certificates, plain http, and why no connection came about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from finhub_onboard.sandbox import demo
from tests.acceptance.support import SAMPLE, Bank, Desk, assert_no_traceback, disagreements, head, sandbox
from tests.acceptance.test_stopping import registered, until
from tests.outbound.lines import Server, Tunnel, context_of, days, leading_to, pem, server
from tests.support import typical

QUICK = """
[limits]
calls_per_second = 200
[retry]
max_attempts = 2
max_wait_s = 0.5
[approval]
mode = "auto"
"""
CA, OTHER = trustme.CA(), trustme.CA()


@contextmanager
def before(bank: Bank, certificate: trustme.LeafCert | None = None) -> Iterator[Server]:
    """Put TLS before the sandbox; each call has a connection of its own."""
    port = urlsplit(bank.base_url).port
    assert port
    with server(leading_to(port), context=context_of(certificate or CA.issue_cert("127.0.0.1"))) as line:
        yield line


def address(line: Server) -> str:
    """The bank's address behind TLS."""
    return f"https://127.0.0.1:{line.port}{demo.BASE_PATH}"


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
        assert f"api.ca_file: {tmp_path / 'nowhere.pem'} cannot be read" in done.stdout + done.stderr
        assert bank.record()["customers"] == []
    assert command == "check" or not (tmp_path / "ledger.db").exists()  # `check` makes all its other checks


def test_check_lists_the_certificates(tmp_path: Path) -> None:
    """A file that is named and sound is told."""
    with sandbox() as bank:
        ca = pem(trustme.CA(), tmp_path)
        desk = Desk(folder=tmp_path, bank=bank).configure(ca_file=str(ca))
        done = desk.onboard("check", "--config", desk.config)
        assert done.returncode == 0, done.stderr
        assert f"certificates   ok: the system's CAs, those in {ca}" in done.stdout


def test_a_run_over_tls_with_a_private_ca(tmp_path: Path) -> None:
    """``api.ca_file`` of a configuration, named relative to its folder, carries a whole run."""
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    pem(CA, tmp_path)
    with sandbox() as bank, before(bank) as line:
        done = Desk(folder=tmp_path, bank=bank).configure(QUICK, base_url=address(line), ca_file="ca.pem").run(source)
        assert done.returncode == 0, done.stderr
        assert len(bank.record()["customers"]) == 5


def test_a_run_through_the_environments_proxy(tmp_path: Path) -> None:
    """``HTTPS_PROXY`` leads to the bank, ``SSL_CERT_FILE`` tells its CA."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    tunnel = Tunnel()
    with sandbox() as bank, before(bank) as line, server(tunnel) as proxy:
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "SSL_CERT_FILE": str(pem(CA, tmp_path)), "NO_PROXY": ""}
        done = Desk(folder=tmp_path, bank=bank).configure(QUICK, base_url=address(line)).run(source, env=env)
        assert done.returncode == 0, done.stderr
        assert tunnel.asked


def test_plain_http_on_this_machine_passes_by_proxies(tmp_path: Path) -> None:
    """A proxy would carry passwords in the clear to wherever it is."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    with sandbox() as bank, server() as proxy:
        env = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), f"http://127.0.0.1:{proxy.port}") | {
            "NO_PROXY": ""
        }
        done = Desk(folder=tmp_path, bank=bank).configure(QUICK).run(source, env=env)
        assert done.returncode == 0, done.stderr
        assert proxy.taken == 0


WRONG: dict[str, tuple[Callable[[], trustme.LeafCert], str]] = {
    "another CA": (lambda: OTHER.issue_cert("127.0.0.1"), "unknown issuer"),
    "expired": (lambda: CA.issue_cert("127.0.0.1", not_before=days(-9), not_after=days(-2)), "has expired"),
    "another name": (lambda: CA.issue_cert("bank.example.com"), "for another name"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_certificate_that_is_not_accepted_is_told(name: str, command: str, tmp_path: Path) -> None:
    """Exit 4 with the cause, host and port and the setting on stderr, and in the report."""
    make, why = WRONG[name]
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    pem(CA, tmp_path)
    with sandbox() as bank, before(bank, make()) as line:
        desk = Desk(folder=tmp_path, bank=bank).configure(QUICK, base_url=address(line), ca_file="ca.pem")
        done = desk.run(source) if command == "run" else desk.onboard("check", "--config", desk.config)
        assert "Traceback" not in done.stderr
        assert done.returncode == 4, done.stderr
        said = done.stdout + done.stderr
        assert f"127.0.0.1:{line.port} shows a certificate" in said
        assert why in said
        if command == "run":
            assert desk.counts() == {"pending": 5}
            assert why in (desk.out / "report.html").read_text(encoding="utf-8")
        assert bank.record()["customers"] == []


@pytest.mark.parametrize("name", typical(WRONG))
def test_a_certificate_that_changes_in_mid_run_fails_nobody(name: str, tmp_path: Path) -> None:
    """The run stops with the true cause, no row fails or is in doubt for it, and the same command goes on."""
    make, why = WRONG[name]
    source = head(SAMPLE, 60, tmp_path / "customers.csv")
    pem(CA, tmp_path)
    with sandbox() as bank, before(bank) as line:
        desk = Desk(folder=tmp_path, bank=bank).configure(QUICK, base_url=address(line), ca_file="ca.pem")
        good = line.context
        with desk.start(source) as process:
            until(lambda: registered(bank) >= 10, process)
            line.context = context_of(make())
            _, stderr = process.communicate(timeout=120)
        assert process.returncode == 4, stderr
        assert "Traceback" not in stderr
        assert f"the bank is down: 127.0.0.1:{line.port} shows a certificate" in stderr
        assert why in stderr
        assert set(desk.counts()) <= {"pending", "onboarded"}
        assert any("shows a certificate" in error["message"] for error in desk.table("errors.csv"))
        line.context = good
        again = desk.run(source)
        assert again.returncode == 0, again.stderr
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []


def test_credentials_of_a_proxy_are_not_tried_again(tmp_path: Path) -> None:
    """A 407 to CONNECT ends the run at once: more tries may lock the user there; exit 4 with the cause."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    tunnel = Tunnel(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    with server(tunnel) as proxy:
        desk = Desk(folder=tmp_path).configure(QUICK, base_url="https://bank.example.com")
        env = {"HTTPS_PROXY": f"http://someone:canary-secret@127.0.0.1:{proxy.port}", "NO_PROXY": ""}
        done = desk.run(source, env=env)
    assert_no_traceback(done)
    assert done.returncode == 4, done.stderr
    assert f"the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY) asks for credentials (407)" in done.stderr
    assert len(tunnel.asked) == 1
    assert all("canary" not in path.read_text(errors="replace") for path in desk.out.iterdir() if path.is_file())
    assert "canary" not in done.stderr
