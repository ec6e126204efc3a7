"""What the ledger remembers of refused log-ins: which, for how long, and what takes it away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ExitCode, RefusedError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger import logins
from finhub_onboard.ledger.ports import Ledger
from tests.ledger.support import opened
from tests.outbound.support import CREDENTIALS, LOGINS, TENANT, settings

KEYS = Keys(CREDENTIALS["seed"], TENANT)
NOW = 1_800_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the bank said of the credentials."""

    worked: bool = False
    refused: bool = False
    unclear: int = 0


REFUSED, WORKED = Said(refused=True), Said(worked=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A new ledger."""
    with opened(tmp_path / "ledger.db") as found:
        yield found


def may(ledger: Ledger, *, now: float = NOW, given: Settings | None = None) -> bool:
    """Whether a run sends these credentials."""
    try:
        logins.may_log_in(given or settings(), KEYS, ledger, now=now)
    except RefusedError:
        return False
    return True


def remember(ledger: Ledger, said: Said, *, now: float = NOW) -> None:
    """Let a session end."""
    logins.remember(said, settings(), KEYS, ledger, now=now)


def other(**changes: Any) -> Settings:
    """Give other credentials, or another user."""
    given = settings(api={name: value for name, value in changes.items() if name == "user_id"})
    secrets = CREDENTIALS | {name: value for name, value in changes.items() if name != "user_id"}
    return Settings.model_validate({"api": given.api.model_dump(), "credentials": secrets})


def test_refused_credentials_rest_for_half_an_hour(ledger: Ledger) -> None:
    """As long as a lock lasts; then one run tries again. A clock that was set back holds nobody up."""
    assert may(ledger)
    remember(ledger, REFUSED)
    assert [may(ledger, now=NOW + minutes * 60) for minutes in (0, 1, 29.9, 30, 600, -1)] == [
        False,
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["username", "password", "tenant_key", "tenant_secret", "user_id"])
def test_other_credentials_go_on_at_once(name: str, ledger: Ledger) -> None:
    """Whichever part was corrected, and for another user."""
    remember(ledger, REFUSED)
    assert may(ledger, given=other(**{name: "another"}))


def way(name: str, **secrets: str) -> Settings:
    """Settings of a way to log in at an address of its own."""
    return Settings.model_validate(
        {"api": settings(api=LOGINS[name]).api.model_dump(), "credentials": CREDENTIALS | secrets}
    )


@pytest.mark.parametrize(
    ("name", "sent", "unsent"),
    [("oauth", "client_secret", "password"), ("password", "customer_secret", "client_secret")],
)
def test_each_way_is_remembered_by_what_it_sends(ledger: Ledger, name: str, sent: str, unsent: str) -> None:
    """Other credentials of it go on at once; what it does not send changes nothing, nor is another way held up."""
    logins.remember(REFUSED, way(name), KEYS, ledger, now=NOW)
    assert not may(ledger, given=way(name))
    assert not may(ledger, given=way(name, **{unsent: "another"}))
    assert may(ledger, given=way(name, **{sent: "another"}))
    assert may(ledger)


def test_the_message_says_what_goes_on(ledger: Ledger) -> None:
    """When they were refused and what to do, no secret, and the exit code of a refusal."""
    remember(ledger, REFUSED)
    with pytest.raises(RefusedError, match="2027-01-15 08:00:00 UTC") as found:
        logins.may_log_in(settings(), KEYS, ledger, now=NOW + 600)
    told = str(found.value) + found.value.hint
    assert found.value.exit_code is ExitCode.REFUSED
    assert "in 20 min" in told
    assert "onboard check" in told
    assert not any(secret in told for secret in CREDENTIALS.values())


def test_credentials_that_work_take_the_memory_away(ledger: Ledger) -> None:
    """`onboard check` tried them on purpose; a session that said nothing of them changes nothing."""
    remember(ledger, REFUSED)
    remember(ledger, Said())
    assert not may(ledger)
    remember(ledger, WORKED)
    assert may(ledger)


def test_a_success_that_says_no_counts_up_to_the_budget(ledger: Ledger) -> None:
    """Each may be a refusal: the third one is the last for half an hour."""
    found = []
    for _ in range(3):
        found.append(may(ledger))
        remember(ledger, Said(unclear=1))
    assert (found, may(ledger)) == ([True, True, True], False)


def test_nothing_of_the_credentials_is_in_the_ledger(ledger: Ledger) -> None:
    """A hash that nobody makes without the seed, and other seeds and tenants make others."""
    remember(ledger, REFUSED)
    held = b"".join(path.read_bytes() for path in Path(ledger.name).parent.iterdir())
    assert not any(CREDENTIALS[name].encode() in held for name in ("username", "password", "tenant_key"))
    made = {Keys(seed, tenant).login_hash("a", "b") for seed in ("s", "t") for tenant in ("x", "y")}
    assert len(made | {KEYS.login_hash("a", "b"), KEYS.login_hash("ab", ""), KEYS.login_hash("", "ab")}) == 7


def test_the_embedded_sandbox_needs_no_memory(ledger: Ledger) -> None:
    """A practice bank locks nobody out."""
    practice = settings(api={"base_url": "sandbox:"})
    logins.remember(REFUSED, practice, KEYS, ledger, now=NOW)
    assert may(ledger, given=practice)


def test_a_ledger_that_cannot_take_it_ends_nothing(ledger: Ledger) -> None:
    """The run's own end is what counts."""
    ledger.close()
    remember(ledger, REFUSED)
