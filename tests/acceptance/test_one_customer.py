"""One customer or one passing fault never ends or starves a run: the real command, a real bank."""

import csv
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.interposed import LOGIN, REGISTER, Made, interposed, told
from tests.acceptance.support import SAMPLE, Bank, Desk, assert_no_traceback, head, sandbox
from tests.support import typical

ROWS = 36
PACED = FAST.replace("calls_per_second = 400", "calls_per_second = 60")
POISONED = 4
EXPIRED = told(401, "Token expired", error="Unauthorized")
MISSING = told(400, "Missing required header(s)", error="Missing required header(s)")
DENIED = told(403, "Tenant access denied or categorization not available", error="Tenant access denied")
PAGE = b"<html><h1>404 Not Found</h1><hr>nginx</html>"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """As many rows as the tests need for some to be ordinary ones."""
    return head(SAMPLE, ROWS, tmp_path / "customers.csv")


def mails(source: Path, *rows: int) -> list[str]:
    """E-mails of these rows, counted from 1."""
    with source.open(encoding="utf-8", newline="") as stream:
        return [row["email"] for number, row in enumerate(csv.DictReader(stream), start=1) if number in rows]


@pytest.mark.parametrize(
    ("kind", "call"),
    typical(
        product(("too_many", "unauthorized"), ("registerIndividual", "activateIndividual")),
        ("unauthorized", "activateIndividual"),
    ),
)
def test_a_customer_whom_the_bank_refuses_for_ever_costs_only_itself(
    kind: str, call: str, source: Path, tmp_path: Path
) -> None:
    """An endless 429 or 401: all other rows are onboarded soon, in this night and the next."""
    (mail,) = mails(source, POISONED)
    scenario = tmp_path / "one.toml"
    scenario.write_text(
        f'[[fault]]\nkind = "{kind}"\non = ["{call}"]\nof = ["{mail.strip().lower()}"]\nrate = 1.0\n', encoding="utf-8"
    )
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(PACED)
        started = time.monotonic()
        done = desk.run(source)
        assert (done.returncode, desk.counts()) == (3, {"onboarded": ROWS - 1, "failed": 1}), done.stderr
        assert time.monotonic() - started < 45
        code = "rate_refused" if kind == "too_many" else "token_refused"
        assert [row["code"] for row in desk.table("results.csv") if row["disposition"] == "failed"] == [code]
        if kind == "unauthorized":
            again = desk.run(source)
            assert (again.returncode, desk.counts()) == (3, {"unchanged": ROWS - 1, "failed": 1}), again.stderr
            assert bank.record()["calls"]["createAdminSession"]["received"] <= 12


@pytest.mark.parametrize("answer", [pytest.param(DENIED, id="403"), pytest.param(MISSING, id="header")])
@pytest.mark.exhaustive  # bad categories at the head of a file stop nobody is shown always
@pytest.mark.waits
def test_three_refused_customers_at_the_head_of_a_file_stop_nobody(answer: Made, source: Path, bank: Bank) -> None:
    """The others are looked at first, and pass; the three end failed and are tried again the next time."""
    refused = [mail.encode() for mail in mails(source, 1, 2, 3)]

    def between(path: str, body: bytes) -> Made | None:
        return answer if path == REGISTER and any(mail in body for mail in refused) else None

    with interposed(bank.root, between) as middle:
        desk = Desk(folder=source.parent).configure(PACED, base_url=middle.base_url)
        done = desk.run(source)
        assert (done.returncode, desk.counts()) == (3, {"onboarded": ROWS - 3, "failed": 3}), done.stderr
        refused.clear()
        done = desk.run(source)
        assert (done.returncode, desk.counts()) == (0, {"unchanged": ROWS - 3, "onboarded": 3}), done.stderr


@pytest.mark.parametrize(("answer", "code"), [(DENIED, 5), (EXPIRED, 5), (MISSING, 1)], ids=["403", "401", "header"])
def test_what_everybody_meets_stops_the_run_and_fails_nobody(answer: Made, code: int, source: Path, bank: Bank) -> None:
    """After the first twenty registrations nobody passes any more: it is the run's."""
    passed: list[bytes] = []

    def between(path: str, body: bytes) -> Made | None:
        if path == REGISTER:
            passed.append(body)
        return answer if path == REGISTER and len(passed) > 20 else None

    with interposed(bank.root, between) as middle:
        # Nothing but registrations: other calls with the same token, which pass, would say that it is the rows'.
        only = PACED + '[journey]\nuntil = "registration"\n'
        desk = Desk(folder=source.parent).configure(only, base_url=middle.base_url)
        done = desk.run(source)
        assert (done.returncode, desk.counts().get("failed", 0)) == (code, 0), done.stderr
        assert "the same for all" in done.stderr
        assert desk.counts()["pending"] >= ROWS - 20


WRONG = {"ONBOARD_CREDENTIALS__PASSWORD": "a wrong password"}


@pytest.mark.waits
def test_refused_credentials_are_not_sent_by_the_next_run(desk: Desk, source: Path) -> None:
    """An orchestrator that restarts on exit 5 does not lock the admin; other credentials go on at once."""
    bank = desk.bank
    assert bank is not None

    def logins() -> int:
        return int(bank.record()["calls"]["createAdminSession"]["received"])

    assert desk.run(source, env=WRONG).returncode == 5
    for _ in range(5):
        again = desk.run(source, env=WRONG)
        assert again.returncode == 5
        assert "refused these credentials at" in again.stderr
        assert "onboard check" in again.stderr
        assert_no_traceback(again)
    assert logins() == 1
    assert desk.onboard("check", "--config", desk.config, env=WRONG).returncode == 5
    assert logins() == 2
    done = desk.run(source)
    assert done.returncode == 0, done.stderr


def test_check_forgets_a_refusal_once_the_credentials_work(source: Path, bank: Bank) -> None:
    """The bank's admin unlocked the user: `onboard check` tries on purpose, and the next run goes on."""
    locked = [told(401, "Account locked", errorType="AUTHENTICATION")]

    def between(path: str, _: bytes) -> Made | None:
        return locked[0] if locked and path.startswith(LOGIN) else None

    with interposed(bank.root, between) as middle:
        desk = Desk(folder=source.parent).configure(FAST, base_url=middle.base_url)
        assert desk.run(source).returncode == 5
        locked.clear()
        assert desk.run(source).returncode == 5
        assert middle.calls[LOGIN] == 1
        assert desk.onboard("check", "--config", desk.config).returncode == 0
        done = desk.run(source)
        assert done.returncode == 0, done.stderr


def during(seconds: float, answer: Made) -> Callable[[str, bytes], Made | None]:
    """Answer log-ins like this for so long from the first one on."""
    began: list[float] = []

    def between(path: str, _: bytes) -> Made | None:
        if not path.startswith(LOGIN):
            return None
        began.append(time.monotonic())
        return answer if began[-1] - began[0] < seconds else None

    return between


def test_a_start_while_the_bank_is_deployed_goes_on(source: Path, bank: Bank) -> None:
    """Its gateway answers the log-in with a 404 page for three seconds."""
    with interposed(bank.root, during(3, (404, PAGE))) as middle:
        desk = Desk(folder=source.parent).configure(FAST, base_url=middle.base_url)
        done = desk.run(source)
        assert done.returncode == 0, done.stderr


def test_an_address_without_the_api_is_named(source: Path, bank: Bank) -> None:
    """Exit 2, with the setting to check; nothing was sent that matters."""
    desk = Desk(folder=source.parent).configure(FAST, base_url=f"{bank.root}/elsewhere")
    done = desk.run(source)
    assert done.returncode == 2, done.stderr
    assert "no FinHub API at this address: check api.base_url" in done.stderr
    assert_no_traceback(done)
    assert desk.counts() == {"pending": ROWS}


TROUBLES: dict[str, Made] = {
    "false 200": (200, b'{"success": false, "message": "Try again later"}'),
    "404": (404, PAGE),
    "503": (503, b""),
    "502": (502, PAGE),
}


@pytest.mark.parametrize("name", typical(TROUBLES, "false 200"))
@pytest.mark.waits
def test_a_renewal_that_meets_trouble_is_tried_again(name: str, source: Path, tmp_path: Path) -> None:
    """Tokens live two seconds; each renewal fails twice before it works: the run is finished all the same."""
    scenario = tmp_path / "short.toml"
    scenario.write_text("token_lifetime_s = 2\n", encoding="utf-8")
    tries: list[str] = []

    def between(path: str, _: bytes) -> Made | None:
        if not path.startswith(LOGIN):
            return None
        tries.append(path)
        return TROUBLES[name] if len(tries) % 3 != 1 else None

    with sandbox("--scenario", str(scenario)) as bank, interposed(bank.root, between) as middle:
        desk = Desk(folder=tmp_path).configure(PACED, base_url=middle.base_url)
        done = desk.run(source)
        assert done.returncode == 0, done.stderr
        assert len(tries) >= 4


def test_after_a_stop_for_one_cause_one_customer_is_sent_first(source: Path, bank: Bank) -> None:
    """The same cause again: one registration and exit 4. The cause is gone: everybody else is onboarded."""
    closed = [told(400, "Registrations are closed", error="Validation failed")]

    def between(path: str, _: bytes) -> Made | None:
        return closed[0] if closed and path == REGISTER else None

    with interposed(bank.root, between) as middle:
        limits = PACED + "[stop]\nsame_cause_rows = 10\n"
        desk = Desk(folder=source.parent).configure(limits, base_url=middle.base_url)
        done = desk.run(source)
        assert done.returncode == 4, done.stderr
        assert "stop.same_cause_rows" in done.stderr
        before = middle.calls[REGISTER]
        again = desk.run(source)
        assert (again.returncode, middle.calls[REGISTER] - before) == (4, 1), again.stderr
        assert "the same cause that stopped the last run" in again.stderr
        closed.clear()
        done = desk.run(source)
        assert done.returncode == 3, done.stderr
        assert desk.counts() == {"failed": before + 1, "onboarded": ROWS - before - 1}
