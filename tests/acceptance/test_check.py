"""`onboard check` makes and lists every check; a documents root that cannot be used is one refusal."""

import json
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.interposed import Made, interposed, told
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head

ALL = [
    "configuration",
    "credentials",
    "certificates",
    "open files",
    "ledger",
    "ledger's bank",
    "documents",
    "reports",
    "disk",
    "notifications",
    "metrics",
    "bank",
    "log-in",
    "categories",
    "clock",
    "deliveries",
]


def check(desk: Desk, **env: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the checks of `onboard check --json` by name."""
    done = desk.onboard("check", "--config", desk.config, "--json", env=env)
    assert "Traceback" not in done.stderr, done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode
    assert told["ok"] is (done.returncode == 0)
    return done.returncode, {each["name"]: each for each in told["checks"]}


def failed(checks: dict[str, dict[str, Any]]) -> set[str]:
    """The names of checks that failed."""
    return {name for name, each in checks.items() if each["state"] == "failed"}


def test_all_checks_hold(desk: Desk) -> None:
    """Each is listed, for programs and for people; what was tried is taken away again."""
    code, checks = check(desk)
    assert code == 0, checks
    assert list(checks) == ALL
    assert {each["state"] for each in checks.values()} == {"ok"}
    assert not desk.out.exists()
    done = desk.onboard("check", "--config", desk.config)
    assert [line.split(" ok:")[0].strip() for line in done.stdout.splitlines()[: len(ALL)]] == ALL


def test_every_check_is_made_although_others_fail(desk: Desk, tmp_path: Path) -> None:
    """Folders and the log-in fail at once, each is told, and the configuration weighs more than the log-in."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    code, checks = check(
        desk,
        ONBOARD_CREDENTIALS__PASSWORD="wrong",
        ONBOARD_DOCUMENTS__ROOT=str(tmp_path / "nowhere"),
        ONBOARD_REPORTS__DIR=str(tmp_path / "file" / "out"),
    )
    assert list(checks) == ALL
    assert failed(checks) == {"documents", "reports", "log-in"}
    assert checks["categories"]["state"] == "not made"
    assert "log-in" in checks["categories"]["message"]
    assert checks["clock"]["state"] == "ok"
    assert code == 2
    assert check(desk, ONBOARD_CREDENTIALS__PASSWORD="wrong")[0] == 5


def test_no_bank_is_exit_4(desk: Desk) -> None:
    """What lies behind the connection is not made, and the rest is."""
    desk.configure("[retry]\nmax_wait_s = 0.1\n", base_url="http://127.0.0.1:9/api/v2.1")
    code, checks = check(desk)
    assert (code, failed(checks)) == (4, {"bank"})
    assert {checks[name]["state"] for name in ("log-in", "categories", "clock")} == {"not made"}


def test_a_ledger_that_cannot_be_opened_hides_no_other_check(desk: Desk) -> None:
    """Whose the ledger is and its disk are not told; the bank is asked all the same."""
    (desk.folder / "ledger.db").write_text("no ledger at all, but long enough to look at" * 50, encoding="utf-8")
    code, checks = check(desk)
    assert (code, failed(checks)) == (2, {"ledger"})
    assert checks["categories"]["state"] == "ok"
    assert {checks[name]["state"] for name in ("ledger's bank", "disk")} == {"not made"}


def test_notifications_that_a_run_would_refuse_fail(desk: Desk) -> None:
    """With what is missing; with it the ways are named, and nothing is sent."""
    desk.configure('[notify]\nwebhook_url = "https://hook.example.com"\n')
    code, checks = check(desk)
    assert (code, failed(checks)) == (2, {"notifications"})
    assert "ONBOARD_CREDENTIALS__WEBHOOK_SECRET" in checks["notifications"]["hint"]
    code, checks = check(desk, ONBOARD_CREDENTIALS__WEBHOOK_SECRET="invented")
    assert code == 0
    assert "notify.webhook_url" in checks["notifications"].values()


def test_metrics_that_a_run_would_send_are_named(desk: Desk) -> None:
    """Nothing is sent to find out."""
    desk.configure('[metrics]\notlp_endpoint = "http://localhost:9"\n')
    code, checks = check(desk)
    assert code == 0
    assert "http://localhost:9" in checks["metrics"].values()


def test_a_configuration_that_cannot_be_read_is_a_failed_check_too(desk: Desk) -> None:
    """All others are listed as not made."""
    desk.config.write_text("[api]\nbase_ulr = 'x'\n", encoding="utf-8")
    code, checks = check(desk)
    assert (code, failed(checks)) == (2, {"configuration"})
    assert list(checks) == ALL


def test_missing_credentials_are_told_beside_the_rest(desk: Desk) -> None:
    """The ledger needs the seed only."""
    code, checks = check(desk, ONBOARD_CREDENTIALS__USERNAME="", ONBOARD_CREDENTIALS__PASSWORD="")
    assert (code, failed(checks)) == (2, {"credentials"})
    assert checks["ledger"]["state"] == "ok"
    assert checks["bank"]["state"] == "not made"


@pytest.mark.parametrize("command", ["run", "validate", "plan", "dry-run"])
@pytest.mark.parametrize("kind", ["absent", "file"])
def test_a_documents_root_that_cannot_be_used_is_one_refusal(desk: Desk, command: str, kind: str) -> None:
    """Exit 2 before anything is judged or sent, and no report of rejects."""
    assert desk.bank is not None
    root = desk.folder / "papers"
    if kind == "file":
        root.write_text("x", encoding="utf-8")
    source = head(SAMPLE, 5, desk.folder / "customers.csv")
    words = ["run", "--dry-run"] if command == "dry-run" else [command]
    env = {"ONBOARD_DOCUMENTS__ROOT": str(root)}
    done = desk.onboard(*words, source, "--config", desk.config, env=env)
    assert_no_traceback(done)
    assert done.returncode == 2
    assert f"documents.root {root}" in done.stderr
    assert desk.bank.record()["calls"] == {}
    assert not (desk.folder / "out").exists()


def test_a_root_is_not_needed_where_no_row_names_a_document(desk: Desk) -> None:
    """Neither without the columns nor with empty ones; the default root may be absent."""
    source = head(SAMPLE, 3, desk.folder / "customers.csv")
    text = source.read_text(encoding="utf-8")
    empty = text.replace("identity.jpg", "").replace("identity.png", "").replace("identity.pdf", "")
    env = {"ONBOARD_DOCUMENTS__ROOT": str(desk.folder / "nowhere")}
    for name in ("address", "funds"):
        empty = empty.replace(f"{name}.jpg", "").replace(f"{name}.png", "").replace(f"{name}.pdf", "")
    renamed = empty.replace("_document", "_paper")
    desk.configure(FAST)
    for written in (empty, renamed):
        source.write_text(written, encoding="utf-8")
        done = desk.onboard("validate", source, "--config", desk.config, "--out", desk.out, env=env)
        assert done.returncode == 0, done.stderr


def test_paths_that_a_profile_makes_need_the_root_too(desk: Desk) -> None:
    """Made of other columns, or the same for all rows."""
    source = head(SAMPLE, 3, desk.folder / "customers.csv")
    source.write_text(source.read_text(encoding="utf-8").replace("_document", "_paper"), encoding="utf-8")
    profile = desk.folder / "partner.toml"
    for made in ('[compose]\nidentity_document = "{external_id}.pdf"\n', '[constants]\nfunds_document = "all.pdf"\n'):
        profile.write_text(f'name = "partner"\nversion = "1"\n{made}', encoding="utf-8")
        env = {"ONBOARD_DOCUMENTS__ROOT": str(desk.folder / "nowhere")}
        done = desk.onboard("validate", source, "--config", desk.config, "--profile", profile, env=env)
        assert (done.returncode, "documents.root" in done.stderr) == (2, True), done.stderr


def test_a_subscription_that_the_bank_does_not_have_is_an_error_before_anything(desk: Desk, tmp_path: Path) -> None:
    """`check` and `run` end with 5 and register nobody; the one of the bank is found."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    desk.configure(FAST, webhook_subscription_id="no-such")
    code, checks = check(desk)
    assert (code, failed(checks)) == (5, {"deliveries"})
    done = desk.run(source)
    assert_no_traceback(done)
    assert done.returncode == 5
    assert "api.webhook_subscription_id" in done.stderr
    assert desk.bank.record()["customers"] == []
    desk.configure(FAST, webhook_subscription_id=demo.SUBSCRIPTION_ID)
    assert check(desk)[0] == 0
    assert desk.run(source).returncode == 0


def test_a_subscription_is_made_where_the_bank_offers_a_receiver(desk: Desk) -> None:
    """`--create-subscription` says what to write into the configuration; a bank that does not offer it is told."""
    assert desk.bank is not None

    def offers(path: str, body: bytes) -> Made | None:
        if path != "/webhooks/subscriptions":
            return None
        assert json.loads(body)["url"].endswith("/test/webhook-receiver")
        return told(200, "Created", subscriptionId="sub-77")

    words = ("check", "--config", desk.config, "--create-subscription")
    with interposed(desk.bank.root, offers) as bank:
        desk.configure(FAST, base_url=bank.base_url)
        done = desk.onboard(*words)
    assert done.returncode == 0, done.stderr
    assert 'api.webhook_subscription_id = "sub-77"' in done.stdout
    desk.configure(FAST)
    done = desk.onboard(*words)
    assert done.returncode == 5
    assert "Admin Portal" in done.stdout


def test_deliveries_that_cannot_be_read_now_stop_no_run(desk: Desk, tmp_path: Path) -> None:
    """Only a refusal does: a look-up may succeed when it is needed."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    with interposed(desk.bank.root, lambda path, _: told(503, "No") if path.startswith("/webhooks/") else None) as bank:
        desk.configure(FAST, base_url=bank.base_url, webhook_subscription_id=demo.SUBSCRIPTION_ID)
        done = desk.run(source)
    assert done.returncode == 0, done.stderr
    assert "webhook deliveries cannot be read" in done.stderr
