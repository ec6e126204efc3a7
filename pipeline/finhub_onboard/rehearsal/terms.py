"""What a rehearsal changes in the user's settings, and what it never uses. Pure.

Promises: whatever is in the configuration or the environment, the job gets the rehearsal's bank, ledger and identity,
by its own precedence of settings (environment over file); only waits and rates differ from a real run, and ``told``
names them. No real credential is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from finhub_onboard.config.credentials import PREFIX
from finhub_onboard.config.loading import load
from finhub_onboard.config.practice import login_url
from finhub_onboard.config.settings import SANDBOX_URL, Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.habits import Scenario

CALLS_PER_SECOND = 400.0
MAX_IN_FLIGHT = 16
MAX_WAIT_S = 0.5
TIMEOUT_S, HANG_TIMEOUT_S = 30.0, 5.0
"""Longer than a busy machine lets a good answer wait: a call given up for that would be blamed on the job."""
_IDENTITY = {
    "API__TENANT_ID": demo.TENANT_ID,
    "API__ORGANIZATION_ID": demo.ORGANIZATION_ID,
    "API__USER_ID": demo.USER_ID,
    "API__FORWARDED_FOR": "127.0.0.1",
    "CREDENTIALS__USERNAME": demo.USERNAME,
    "CREDENTIALS__PASSWORD": demo.PASSWORD,
    "CREDENTIALS__TENANT_KEY": demo.TENANT_KEY,
    "CREDENTIALS__TENANT_SECRET": demo.TENANT_SECRET,
    "CREDENTIALS__CLIENT_ID": demo.CLIENT_ID,
    "CREDENTIALS__CLIENT_SECRET": demo.CLIENT_SECRET,
    "CREDENTIALS__CUSTOMER_ID": demo.CUSTOMER_ID,
    "CREDENTIALS__CUSTOMER_SECRET": demo.CUSTOMER_SECRET,
    "CREDENTIALS__SEED": demo.SEED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The user's settings, and the environment that a rehearsed job gets for one bank and ledger."""

    config: Path
    theirs: Settings
    environ: Mapping[str, str]

    def environment(self, scenario: Scenario, *, base_url: str, ledger: Path) -> dict[str, str]:
        """The environment of a job; it is checked that it leads to this bank and this ledger and nowhere else."""
        changes = {PREFIX + name: value for name, value in self._changes(scenario, base_url, ledger).items()}
        # What a job leaves in the machine's temporary folder goes with the rehearsal's own.
        made = dict(self.environ) | changes | {"TMPDIR": str(ledger.parent)}
        settings = load(self.config, environ=made)
        here = (base_url, changes[f"{PREFIX}API__LOGIN_URL"], ledger)
        if (settings.api.base_url, settings.api.login_url, settings.ledger.path) != here:
            raise ConfigurationError(
                f"{self.config} leads elsewhere than to the rehearsal's bank and ledger", hint="report this"
            )
        return made

    def _changes(self, scenario: Scenario, base_url: str, ledger: Path) -> dict[str, str]:
        theirs = self.theirs
        timeout = HANG_TIMEOUT_S if hangs(scenario) else max(theirs.api.timeout_s, TIMEOUT_S)
        return _IDENTITY | {
            "API__BASE_URL": base_url,
            "API__LOGIN_URL": login_url(base_url, theirs.api.login),
            "API__CA_FILE": "",
            "API__CLIENT_CERTIFICATE": "",
            "API__CLIENT_KEY": "",
            "API__TIMEOUT_S": str(timeout),
            "API__WEBHOOK_SUBSCRIPTION_ID": demo.SUBSCRIPTION_ID if theirs.api.webhook_subscription_id else "",
            "LIMITS__CALLS_PER_SECOND": str(max(theirs.limits.calls_per_second, CALLS_PER_SECOND)),
            "LIMITS__MAX_IN_FLIGHT": str(max(theirs.limits.max_in_flight, MAX_IN_FLIGHT)),
            "LIMITS__WINDOW": "",
            **dict.fromkeys((f"LIMITS__{phase.upper()}" for phase in theirs.limits.by_phase), ""),
            "RETRY__MAX_WAIT_S": str(min(theirs.retry.max_wait_s, MAX_WAIT_S)),
            "STOP__DEADLINE": "",
            **dict.fromkeys(
                ("METRICS__TEXTFILE", "METRICS__OTLP_ENDPOINT", "NOTIFY__WEBHOOK_URL", "NOTIFY__SMTP_HOST"), ""
            ),
            "LEDGER__URL": f"sqlite:///{ledger}",
        }

    @property
    def told(self) -> str:
        """What is not as in the real run, for a person."""
        theirs = self.theirs
        limits, retry, timeout = theirs.limits, theirs.retry, theirs.api.timeout_s
        changes = [
            ("calls_per_second", limits.calls_per_second, max(limits.calls_per_second, CALLS_PER_SECOND)),
            ("max_in_flight", limits.max_in_flight, max(limits.max_in_flight, MAX_IN_FLIGHT)),
            ("max_wait_s", retry.max_wait_s, min(retry.max_wait_s, MAX_WAIT_S)),
            ("timeout_s", timeout, max(timeout, TIMEOUT_S)),
        ]
        speed = [f"{name} {before:g} -> {after:g}" for name, before, after in changes if before != after]
        speed += ["no limits by the time of day"] if limits.window else []
        speed += [f"no limit of {phase}" for phase in theirs.limits.by_phase]
        speed.append(f"timeout_s {HANG_TIMEOUT_S:g} where answers never come")
        return (
            "the bank, the ledger and the log-in are the rehearsal's own; only for its speed "
            f"{', '.join(speed)}, no deadline; all other settings are yours"
        )


def hangs(scenario: Scenario) -> bool:
    """Whether some of its answers never come."""
    return any(fault.kind.startswith("hang") for fault in scenario.fault)


def terms(config: Path, environ: Mapping[str, str]) -> Terms:
    """Read the user's settings as the job would, except for credentials and proxies, which are not needed here."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(f"{PREFIX}CREDENTIALS__") and not name.lower().endswith("_proxy")
    }
    theirs = load(config, environ=kept | {f"{PREFIX}API__BASE_URL": SANDBOX_URL})
    return Terms(config=config, theirs=theirs, environ=kept | {"NO_PROXY": "*"})
