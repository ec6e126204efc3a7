"""The log-ins of production with the real command: each way onboards, and a refusal is never tried again."""

from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.config.practice import login_url
from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Bank, Desk, assert_no_traceback, head, sandbox

WAYS: dict[str, dict[str, str]] = {
    "oauth": {"login": "oauth"},
    "oauth as a form": {"login": "oauth", "login_body": "form", "login_scope": "api"},
    "password": {"login": "password"},
}
SECRETS = {
    "ONBOARD_CREDENTIALS__CLIENT_ID": demo.CLIENT_ID,
    "ONBOARD_CREDENTIALS__CLIENT_SECRET": demo.CLIENT_SECRET,
    "ONBOARD_CREDENTIALS__CUSTOMER_ID": demo.CUSTOMER_ID,
    "ONBOARD_CREDENTIALS__CUSTOMER_SECRET": demo.CUSTOMER_SECRET,
}
WRONG = {"oauth": "CLIENT_SECRET", "oauth as a form": "CLIENT_SECRET", "password": "CUSTOMER_SECRET"}


def configured(folder: Path, bank: Bank, way: str, extra: str = FAST, **api: str) -> Desk:
    """A desk whose job logs in this way."""
    given = {**WAYS[way], "login_url": login_url(bank.base_url, WAYS[way]["login"]), "organization_id": ""} | api
    return Desk(folder=folder, bank=bank).configure(extra, **given)


def env(**secrets: str) -> dict[str, str]:
    """The credentials, some of them others."""
    return SECRETS | {f"ONBOARD_CREDENTIALS__{name}": value for name, value in secrets.items()}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_onboards(way: str, tmp_path: Path, bank: Bank) -> None:
    """Its token is good for all calls of the journey; one log-in does, and what other ways send is not asked for."""
    desk = configured(tmp_path, bank, way)
    unused = ("USERNAME", "PASSWORD") if way != "password" else ("CLIENT_ID", "CLIENT_SECRET")
    done = desk.run(head(SAMPLE, 4, tmp_path / "customers.csv"), env=env(**dict.fromkeys(unused, "")))
    assert_no_traceback(done)
    assert (done.returncode, desk.counts()) == (0, {"onboarded": 4}), done.stderr
    assert bank.record()["logins"] == 1


def test_the_older_generations_answer_is_read_too(tmp_path: Path) -> None:
    """There the token stands in ``data``."""
    with sandbox("--shapes", "older") as bank:
        desk = configured(tmp_path, bank, "password")
        done = desk.run(head(SAMPLE, 2, tmp_path / "customers.csv"), env=env())
        assert (done.returncode, desk.counts()) == (0, {"onboarded": 2}), done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_wrong_credentials_end_the_run_after_one_attempt(way: str, tmp_path: Path, bank: Bank) -> None:
    """Exit 5; the next run does not even ask, and other credentials do at once."""
    desk, source = configured(tmp_path, bank, way), head(SAMPLE, 2, tmp_path / "customers.csv")
    for words in (f"ONBOARD_CREDENTIALS__{WRONG[way]}", "not tried again so soon"):
        done = desk.run(source, env=env(**{WRONG[way]: "canary-wrong"}))
        assert_no_traceback(done)
        assert done.returncode == 5, done.stderr
        assert words in done.stderr
        assert "canary" not in done.stderr
        assert bank.record()["logins"] == 1
    assert desk.run(source, env=env()).returncode == 0


def test_check_names_the_settings_of_the_way(tmp_path: Path, bank: Bank) -> None:
    """An address that takes no log-ins is exit 2 with its setting, and missing credentials are those of the way."""
    desk = configured(tmp_path, bank, "oauth", login_url=f"{bank.root}/nothing/here")
    words = ("check", "--config", desk.config)
    done = desk.onboard(*words, env=env())
    assert (done.returncode, "check api.login_url (404)" in done.stdout) == (2, True), done.stdout
    done = desk.onboard(*words)
    assert "ONBOARD_CREDENTIALS__CLIENT_ID, ONBOARD_CREDENTIALS__CLIENT_SECRET" in done.stdout
    assert "USERNAME" not in done.stdout


def test_an_address_that_refuses_connections_is_named_by_its_setting(tmp_path: Path, bank: Bank) -> None:
    """The base URL answers; what must be looked at is the address of the log-in."""
    desk = configured(tmp_path, bank, "oauth", login_url="http://127.0.0.1:9/oauth/token")
    done = desk.onboard("check", "--config", desk.config, env=env())
    assert (done.returncode, "check host and port in api.login_url" in done.stdout) == (4, True), done.stdout


def test_a_token_of_short_life_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """At 80 % of its life: nothing is ever refused for it, so no call is repeated."""
    scenario = tmp_path / "short.toml"
    scenario.write_text("token_lifetime_s = 6\n", encoding="utf-8")
    slow = FAST.replace("calls_per_second = 400", "calls_per_second = 6")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = configured(tmp_path, bank, "oauth", slow)
        done = desk.run(head(SAMPLE, 4, tmp_path / "customers.csv"), env=env())
        assert (done.returncode, desk.counts()) == (0, {"onboarded": 4}), done.stderr
        assert bank.record()["logins"] >= 2
    calls: dict[str, Any] = desk.summary()["calls"]
    assert [name for name, counts in calls.items() if counts["retried"]] == []


@pytest.mark.parametrize("way", ["oauth", "password"])
def test_practice_logs_in_the_same_way_at_the_sandbox(way: str, tmp_path: Path) -> None:
    """``base_url = "sandbox:"`` over a real configuration: the way is the same, address and credentials are its own."""
    desk = Desk(folder=tmp_path)
    desk.configure(FAST, base_url="https://bank.example.com/api", login=way, login_url="https://bank.example.com/token")
    done = desk.run(
        head(SAMPLE, 2, tmp_path / "customers.csv"),
        env=env(CLIENT_SECRET="wrong", CUSTOMER_SECRET="wrong") | {"ONBOARD_API__BASE_URL": "sandbox:"},
    )
    assert_no_traceback(done)
    assert (done.returncode, desk.counts()) == (0, {"onboarded": 2}), done.stderr


@pytest.mark.exhaustive  # whose bank a rehearsal talks to is shown by `test_rehearse`, too
def test_a_rehearsal_logs_in_at_its_own_bank(tmp_path: Path) -> None:
    """No log-in of a rehearsal leaves for the address in the configuration."""
    desk = Desk(folder=tmp_path).configure(
        FAST, base_url="https://bank.example.com/api", login="oauth", login_url="https://bank.example.com/token"
    )
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    done = desk.onboard("rehearse", source, "--config", desk.config, "--scenario", "calm", "--rows", "3", env=env())
    assert done.returncode == 0, done.stdout + done.stderr
