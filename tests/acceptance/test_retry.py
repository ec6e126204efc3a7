"""`onboard retry`: who failed for good is tried again once an operator says so, and nobody else."""

import json
from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, disagreements, head, sandbox

ROWS = 4


def retry(desk: Desk, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `onboard retry`."""
    done = desk.onboard("retry", *words, "--config", desk.config)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def received(desk: Desk) -> int:
    """Registrations that came to the bank."""
    assert desk.bank is not None
    count: int = desk.bank.record()["calls"].get("registerIndividual", {"received": 0})["received"]
    return count


def test_final_failures_are_tried_again_once_they_are_opened(desk: Desk, tmp_path: Path) -> None:
    """E-mails that the bank had already are refused for good; once it is rid of them, a redrive brings everybody in."""
    assert desk.bank is not None
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    desk.run(source)
    for left in tmp_path.glob("ledger.db*"):
        left.unlink()
    assert desk.run(source).returncode == 3
    assert desk.counts() == {"failed": ROWS}
    failed_in = desk.summary()["run_id"]
    sent = received(desk)
    assert desk.run(source).returncode == 3
    assert received(desk) == sent

    code, said, _ = retry(desk, "--dry-run")
    assert (code, said.splitlines()[0]) == (0, f"to open     {ROWS} customers")
    assert f"{ROWS} registration, duplicate_email" in said
    desk.run(source)
    assert received(desk) == sent
    for words in (["--phase", "session"], ["--code", "refused"], [desk.summary()["run_id"]]):
        assert retry(desk, *words)[1].startswith("opened      0 customers"), words

    # Nothing has changed at the bank: trying again is right, because a refusal made nothing, and fails alike.
    assert retry(desk, failed_in, "--phase", "registration", "--code", "duplicate_email")[1].startswith("opened      4")
    assert desk.run(source).returncode == 3
    assert (desk.counts(), received(desk)) == ({"failed": ROWS}, sent + ROWS)

    desk.bank.post("/sandbox/reset")
    assert retry(desk)[1].startswith(f"opened      {ROWS} customers")
    assert desk.run(source).returncode == 0
    assert disagreements(desk.bank.record(), desk.table("results.csv"), source) == []
    told = json.loads(desk.onboard("explain", "CUST-000001", "--config", desk.config, "--json").stdout)
    assert [run["command"] for run in told["runs"] if run["left"]] == ["run", "retry", "run", "retry", "run"]


def test_declined_customers_are_opened_only_if_asked(tmp_path: Path) -> None:
    """Without a word about them they stay declined; by their code or with --declined they are open."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text("seed = 3\n[verification]\nrefused_share = 1.0\n", encoding="utf-8")
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST)
        assert desk.run(head(SAMPLE, ROWS, tmp_path / "customers.csv")).returncode == 3
        assert desk.counts() == {"declined": ROWS}
        code, said, _ = retry(desk)
        assert (code, said.splitlines()[0]) == (0, "opened      0 customers")
        assert f"{ROWS} customers who failed or were declined" in said
        assert retry(desk, "--code", "verification_refused", "--dry-run")[1].startswith(f"to open     {ROWS} customers")
        assert retry(desk, "--declined")[1].startswith(f"opened      {ROWS} customers")
        status = json.loads(desk.onboard("status", "--config", desk.config, "--json").stdout)
        assert (status["customers"], len(status["runs"])) == ({"open": ROWS}, 1)
        assert [(act["command"], act["customers"]) for act in status["acts"]] == [("retry", ROWS)]
        assert f"  {ROWS} customers, at " in desk.onboard("status", "--config", desk.config).stdout


def test_reports_of_a_run_do_not_change_by_a_redrive(desk: Desk, tmp_path: Path) -> None:
    """What a run reported stays true of that run."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    desk.run(source)
    for left in tmp_path.glob("ledger.db*"):
        left.unlink()
    desk.run(source)
    before = (desk.out / "results.csv").read_bytes()
    retry(desk)
    assert desk.onboard("report", "--config", desk.config, "--out", tmp_path / "again").returncode == 0
    assert (tmp_path / "again" / "results.csv").read_bytes() == before


def test_a_run_that_does_not_exist_is_exit_2(desk: Desk, tmp_path: Path) -> None:
    """And the hint names one that does."""
    desk.run(head(SAMPLE, 1, tmp_path / "customers.csv"))
    code, said, errors = retry(desk, "20200101T000000-abcd")
    assert (code, said) == (2, "")
    assert desk.summary()["run_id"] in errors


def test_a_code_that_does_not_exist_is_answered_with_the_nearest(desk: Desk, tmp_path: Path) -> None:
    """`--code refusd` is a typing error and no empty answer; nothing is opened."""
    desk.run(head(SAMPLE, 1, tmp_path / "customers.csv"))
    code, said, message = retry(desk, "--code", "refusd")
    assert (code, said) == (2, "")
    assert "no code is called refusd" in message
    assert "the nearest is refused" in message
