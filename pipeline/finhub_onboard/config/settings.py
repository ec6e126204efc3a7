"""The settings of a run: one frozen, typed tree with its defaults and rules (DESIGN, 3.4).

Knows no file and no environment: ``config.loading`` reads those.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from finhub_onboard.config import addresses, practice
from finhub_onboard.config.alerts import Metrics, Notify
from finhub_onboard.config.categories import CategorySettings
from finhub_onboard.config.credentials import OF_NOTIFICATIONS, Credentials, LoginWay
from finhub_onboard.config.deadlines import deadline_at
from finhub_onboard.config.ledger import LedgerSettings
from finhub_onboard.config.limits import Limits
from finhub_onboard.config.section import Section, Table
from finhub_onboard.model import Phase

SANDBOX_URL = addresses.SANDBOX_URL
_NOT_IN_PRACTICE = ("ca_file", "client_certificate", "client_key", "login_url")


class Api(Section):
    """Where the bank is and who we are to it."""

    base_url: str = ""
    login: LoginWay = "admin-session"
    login_url: str = ""
    login_body: Literal["json", "form"] = "json"
    login_scope: str = ""
    login_account_type: Literal["b2b", "b2c"] = "b2b"
    login_grant_type: str = "password"
    allow_plain_http: bool = False
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    tenant_id: str = ""
    organization_id: str = ""
    user_id: str = ""
    timeout_s: float = Field(default=30, gt=0, le=3600)
    transport: Literal["aiohttp", "httpx"] = "aiohttp"
    verification_path: Literal["customer", "verifications"] = "customer"
    webhook_subscription_id: str = ""
    external_id_in: Literal["", "notes"] = ""
    forwarded_for: str = ""
    device_id: str = "finhub-onboard"

    @field_validator("base_url")
    @classmethod
    def _url(cls, value: str) -> str:
        return addresses.base_url(value)

    @field_validator("login_url")
    @classmethod
    def _login_url(cls, value: str) -> str:
        return addresses.http_url(value) if value.strip() else ""

    @field_validator("ca_file", "client_certificate", "client_key", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("tenant_id", "organization_id", "user_id", "webhook_subscription_id", "forwarded_for", "device_id")
    @classmethod
    def _travels(cls, value: str) -> str:
        """These travel as headers or path segments; ``..`` would lead to another call."""
        if value in (".", "..") or not addresses.is_visible(value):
            raise ValueError("must be visible ASCII characters without spaces")
        return value

    @property
    def is_plain(self) -> bool:
        """Whether all calls travel without TLS."""
        return all(addresses.is_plain(url) for url in (self.base_url, self.login_url) if url)

    @property
    def login_has_own_url(self) -> bool:
        """Whether the job logs in elsewhere than below the base URL."""
        return self.login != "admin-session"


class Retry(Section):
    """How often and how long a call is tried again."""

    max_attempts: int = Field(default=5, ge=1, le=100)
    max_wait_s: float = Field(default=60, ge=0)


class Stop(Section):
    """When a run stops by itself, and with which rows it does not end with 0."""

    max_failed_percent: float = Field(default=20, ge=0, le=100)
    max_failed_rows: int = Field(default=0, ge=0)
    min_rows: int = Field(default=100, ge=1)
    same_cause_rows: int = Field(default=50, ge=0)
    deadline: str = ""
    grace_s: float = Field(default=10, ge=0, le=3600)
    exit_on: Literal["any", "new"] = "any"

    @field_validator("deadline")
    @classmethod
    def _moment(cls, value: str) -> str:
        try:
            deadline_at(value, datetime.now(UTC))
        except ValueError:
            message = 'must be a time of day such as "06:00" or an ISO instant such as "2026-05-04T06:00:00Z"'
            raise ValueError(message) from None
        return value


class JourneySettings(Section):
    """How far customers are taken and what the activation code looks like."""

    until: Phase = Phase.ACTIVATION
    activation_code: str = Field(default="ACTIVATION_CODE_{now}", min_length=1)


class Approval(Section):
    """Who approves a verification."""

    mode: Literal["manual", "auto"] = "manual"
    auto_levels: tuple[Literal["LOW", "MEDIUM"], ...] = ("LOW", "MEDIUM")


class ConsentSettings(Section):
    """What proves a consent, and the versions that are in force."""

    evidence: Literal["required", "assumed"] = "required"
    terms_version: str = Field(default="1.0", min_length=1)
    privacy_version: str = Field(default="1.0", min_length=1)
    data_processing_version: str = Field(default="1.0", min_length=1)


class Documents(Section):
    """Where documents lie and how large one may be."""

    root: Path = Path("documents")
    max_bytes: int = Field(default=10_485_760, ge=1)


class IntakeSettings(Section):
    """How inputs are read and judged."""

    batch_rows: int = Field(default=100_000, ge=1)
    min_age: int = Field(default=18, ge=0, le=150)
    max_unpacked_bytes: int = Field(default=16 * 1024**3, ge=1)
    max_malformed_percent: float = Field(default=50, ge=0, le=100)
    reject_probable_duplicates: bool = False
    incomplete: Literal["warn", "reject"] = "warn"


class Reports(Section):
    """Where reports go: ``<dir>/<run_id>/`` unless ``--out`` names a folder; how long those with personal data stay."""

    dir: Path = Path("out")
    keep_days: int = Field(default=0, ge=0, le=36_500)


class SandboxSettings(Section):
    """The embedded sandbox; used only with ``base_url = "sandbox:"``."""

    scenario: Path | None = None


class Settings(Section):
    """All settings of a run."""

    api: Api = Api()
    limits: Limits = Limits()
    retry: Retry = Retry()
    stop: Stop = Stop()
    journey: JourneySettings = JourneySettings()
    approval: Approval = Approval()
    consents: ConsentSettings = ConsentSettings()
    documents: Documents = Documents()
    intake: IntakeSettings = IntakeSettings()
    ledger: LedgerSettings = LedgerSettings()
    reports: Reports = Reports()
    metrics: Metrics = Metrics()
    notify: Notify = Notify()
    sandbox: SandboxSettings = SandboxSettings()
    categories: Annotated[dict[str, CategorySettings], AfterValidator(Table)] = Table()
    credentials: Credentials = Credentials()
    _is_practice: bool = False
    _origin: tuple[Path | None, Mapping[str, Any]] = (None, {})

    @classmethod
    def load(cls, path: str | PathLike[str] | None = None, **sections: Mapping[str, Any]) -> "Settings":
        """Read a configuration, as the command line does: ``sections`` over the environment over the file.

        ``Settings.load("my.toml", limits={"calls_per_second": 50})``. Without a file the bank is the embedded sandbox,
        unless ``api`` or the environment names another. Raises :class:`ConfigurationError`.
        """
        from finhub_onboard.config.loading import load  # noqa: PLC0415 - which needs this class

        file = Path(path) if path is not None else None
        flags = {f"{name}.{key}": value for name, section in sections.items() for key, value in section.items()}
        settings = load(file, flags=flags)
        settings._origin = (file, flags)  # noqa: SLF001 - of this class
        return settings

    @property
    def origin(self) -> tuple[Path | None, Mapping[str, Any]]:
        """The file that :meth:`load` read and the settings, by dotted keys, that were given besides."""
        return self._origin

    @property
    def embedded(self) -> bool:
        """Whether the run starts its own sandbox."""
        return self.api.base_url == SANDBOX_URL

    @property
    def of_practice(self) -> frozenset[tuple[str, str]]:
        """The settings that practice has of its own, whatever was given: section and key."""
        if not self.embedded:
            return frozenset()
        own = {("api", name) for name in (*practice.IDENTITY, *_NOT_IN_PRACTICE)}
        if self.api.webhook_subscription_id:
            own.add(("api", "webhook_subscription_id"))
        secrets = {("credentials", name) for name in practice.CREDENTIALS}
        return frozenset(own | secrets | {("ledger", "url")})

    def beginning_at(self, folder: Path, *, but: Collection[tuple[str, str]]) -> Self:
        """The same, with every relative path beginning at ``folder``, but for those of the settings ``but``."""
        sections = {name: getattr(self, name) for name in type(self).model_fields}
        anchored = {
            name: section.anchored(folder, {key for key in type(section).model_fields if (name, key) not in but})
            for name, section in sections.items()
            if isinstance(section, Section)
        }
        return self.model_copy(update=anchored)

    def missing_credentials(self) -> list[str]:
        """Environment variables that are still needed to call the bank as these settings ask for."""
        return self.credentials.missing(self.api.login, sessions=self.journey.until.number >= Phase.SESSION.number)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Name the bank's address and identifiers that are missing; the embedded sandbox has its own."""
        api = self.api
        if self.embedded:
            return self
        if not api.base_url:
            raise ValueError(f'api.base_url must be set: the bank names it; "{SANDBOX_URL}" is for practice')
        ids = ("tenant_id", "user_id") if api.login_has_own_url else ("tenant_id", "organization_id", "user_id")
        if absent := [name for name in ids if not getattr(api, name)]:
            raise ValueError(f"api.{', api.'.join(absent)} must be set: the Admin Portal shows them")
        if api.login_has_own_url and not api.login_url:
            raise ValueError(f'api.login_url must be set for api.login = "{api.login}": the bank names it')
        return self

    @model_validator(mode="after")
    def _on_the_line(self) -> Self:
        """Credentials and customers' data leave this machine encrypted, unless the user says otherwise."""
        api = self.api
        for name in ("base_url", "login_url"):
            url = getattr(api, name)
            if addresses.is_plain(url) and not (api.allow_plain_http or addresses.is_loopback(url)):
                raise ValueError(
                    f"api.{name}: http:// would send passwords and customers' data in the clear: write https://, or"
                    " allow it with api.allow_plain_http = true"
                )
        if api.client_key and not api.client_certificate:
            raise ValueError("api.client_key is of no use without api.client_certificate")
        if api.login_url and not api.login_has_own_url:
            raise ValueError(f'api.login_url is of no use with api.login = "{api.login}"')
        return self

    @model_validator(mode="after")
    def _practise(self) -> Self:
        """Settings for the embedded sandbox have its identity, log-in and ledger, whatever else was given.

        Of the real credentials only the seed is used: customers' passwords derive from it. The sandbox never sees it.
        """
        if not self.embedded or self._is_practice:
            return self
        own = practice.IDENTITY | dict.fromkeys(_NOT_IN_PRACTICE) | {"login_url": ""}
        if self.api.webhook_subscription_id:
            own["webhook_subscription_id"] = practice.SUBSCRIPTION_ID
        seed = self.credentials.seed.get_secret_value() or practice.SEED
        others = {name: self.credentials.reveal(name) for name in OF_NOTIFICATIONS}
        sections = {
            "api": self.api.model_copy(update=own),
            "credentials": Credentials.model_validate(practice.CREDENTIALS | {"seed": seed} | others),
            "ledger": self.ledger.at(practice.ledger_beside(self.ledger.path)),
        }
        for name, section in sections.items():
            object.__setattr__(self, name, section)  # frozen for everybody else
        self._is_practice = True
        return self
