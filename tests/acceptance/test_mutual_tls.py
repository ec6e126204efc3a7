"""A bank that asks for our certificate, with the real command: shown, missing, foreign, locked, expired."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from finhub_onboard.config.practice import login_url
from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Bank, Desk, assert_no_traceback, head, sandbox
from tests.acceptance.test_logins import env
from tests.outbound.lines import days, identity, pem
from tests.outbound.test_own_certificate import pkcs12_of, written

BANKS, OURS = trustme.CA(), trustme.CA()
PASSPHRASE = "a passphrase for tests"
QUICK = FAST.replace("[retry]", "[retry]\nmax_attempts = 2")


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Bank]:
    """A bank over TLS that asks for certificates of our CA."""
    certificate, key = identity(BANKS.issue_cert("127.0.0.1"), tmp_path, "bank")
    clients = pem(OURS, tmp_path, "clients.pem")
    with sandbox("--tls-cert", str(certificate), "--tls-key", str(key), "--client-ca", str(clients)) as running:
        yield running


def desk_of(folder: Path, bank: Bank, **api: object) -> Desk:
    """A desk that trusts the bank and logs in over the same line."""
    own = {name: str(value) for name, value in api.items()}
    where = login_url(bank.base_url, "oauth")
    return Desk(folder=folder, bank=bank).configure(
        QUICK, login="oauth", login_url=where, ca_file=str(pem(BANKS, folder)), **own
    )


def rows(folder: Path) -> Path:
    """Two customers."""
    return head(SAMPLE, 2, folder / "customers.csv")


@pytest.mark.parametrize("transport", ["aiohttp", "httpx"])
def test_a_certificate_in_pkcs12_reaches_the_bank(transport: str, strict: Bank, tmp_path: Path) -> None:
    """It goes with the log-in and with every call; ``onboard check`` says the days that it has left."""
    leaf = OURS.issue_cert("job.example.com", not_after=days(100))
    packed = written(tmp_path, "client.p12", pkcs12_of(leaf, PASSPHRASE))
    desk = desk_of(tmp_path, strict, client_certificate=packed, transport=transport)
    secrets = env(CLIENT_CERTIFICATE_PASSWORD=PASSPHRASE)
    done = desk.run(rows(tmp_path), env=secrets)
    assert_no_traceback(done)
    assert (done.returncode, desk.counts()) == (0, {"onboarded": 2}), done.stderr
    told = desk.onboard("check", "--config", desk.config, env=secrets)
    assert told.returncode == 0, told.stdout
    assert re.search(r"certificates +ok: .*client\.p12, good for 99 more days", told.stdout), told.stdout


def test_without_one_the_message_says_what_to_set(strict: Bank, tmp_path: Path) -> None:
    """The bank asks for a certificate of ours: nothing is sent, and the run can be resumed (exit 4)."""
    desk = desk_of(tmp_path, strict)
    done = desk.run(rows(tmp_path), env=env())
    assert_no_traceback(done)
    assert done.returncode == 4, done.stderr
    assert "asks for a certificate of ours (mutual TLS); set api.client_certificate" in done.stderr


def test_one_of_another_issuer_is_refused_by_the_bank(strict: Bank, tmp_path: Path) -> None:
    """It is ours that the bank does not take, and the message says so."""
    certificate, key = identity(BANKS.issue_cert("job.example.com"), tmp_path)
    desk = desk_of(tmp_path, strict, client_certificate=certificate, client_key=key)
    done = desk.run(rows(tmp_path), env=env())
    assert (done.returncode, "refuses our certificate" in done.stderr) == (4, True), done.stderr


@pytest.mark.parametrize("fault", ["expired", "wrong key", "wrong passphrase"])
def test_what_cannot_be_accepted_is_exit_2_before_anything_is_sent(fault: str, strict: Bank, tmp_path: Path) -> None:
    """For ``run`` and for ``check``, with the setting and what is wrong."""
    ends = days(-2) if fault == "expired" else days(20)
    leaf = OURS.issue_cert("job.example.com", not_before=days(-9), not_after=ends)
    certificate, key = identity(leaf, tmp_path)
    if fault == "wrong key":
        _, key = identity(OURS.issue_cert("another.example.com"), tmp_path, "another")
    own = {"client_certificate": certificate, "client_key": key}
    if fault == "wrong passphrase":
        own = {"client_certificate": written(tmp_path, "client.p12", pkcs12_of(leaf, PASSPHRASE))}
    desk, secrets = desk_of(tmp_path, strict, **own), env(CLIENT_CERTIFICATE_PASSWORD="canary-wrong")
    said = {"expired": "has expired on", "wrong key": "not that of the certificate", "wrong passphrase": "is wrong"}
    done = desk.run(rows(tmp_path), env=secrets)
    assert_no_traceback(done)
    told = desk.onboard("check", "--config", desk.config, env=secrets)
    for code, text in ((done.returncode, done.stderr), (told.returncode, told.stdout)):
        assert (code, said[fault] in text) == (2, True), text
        assert "api.client_" in text
        assert "canary" not in text


def test_a_run_says_in_time_that_it_must_be_renewed(strict: Bank, tmp_path: Path) -> None:
    """Below 30 days, before the first call; ``check`` has the same warning and holds."""
    certificate, key = identity(OURS.issue_cert("job.example.com", not_after=days(20)), tmp_path)
    desk = desk_of(tmp_path, strict, client_certificate=certificate, client_key=key)
    done = desk.run(rows(tmp_path), env=env())
    told = desk.onboard("check", "--config", desk.config, env=env())
    for code, text in ((done.returncode, done.stderr), (told.returncode, told.stdout)):
        assert (code, "a WARNING: have it renewed" in text) == (0, True), text


def test_a_sandbox_that_cannot_serve_tls_says_why(tmp_path: Path) -> None:
    """Options without the certificate, or a file that is none: exit 2 with the file."""
    desk = Desk(folder=tmp_path)
    lone = desk.onboard("sandbox", "--port", "0", "--client-ca", pem(OURS, tmp_path))
    assert (lone.returncode, "--tls-cert" in lone.stderr) == (2, True), lone.stderr
    wrong = desk.onboard("sandbox", "--port", "0", "--tls-cert", written(tmp_path, "bank.pem", b"text"))
    assert (wrong.returncode, "bank.pem" in wrong.stderr) == (2, True), wrong.stderr
