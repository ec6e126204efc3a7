"""Settings: TOML and environment become one frozen, typed tree (DESIGN, 3.4).

Flags win over the environment, the environment over the file, the file over the defaults. Unknown keys are errors
that name the nearest known one. Secrets come from the environment or from files it names, never from the TOML.
"""

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from pipeline.errors import ConfigurationError
from pipeline.model import Phase

PREFIX = "ONBOARD_"
SANDBOX_URL = "sandbox:"


def deadline_at(deadline: str, now: datetime) -> datetime | None:
    """When a run that starts at ``now`` (aware) must stop: "HH:MM" is the next such local time, else an ISO instant.

    Raises ``ValueError`` for anything else; nothing is no deadline.
    """
    if not deadline:
        return None
    with suppress(ValueError):
        clock = time.fromisoformat(deadline)
        at = now.replace(hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    at = datetime.fromisoformat(deadline)
    return at if at.tzinfo else at.astimezone()


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("must not be true or false")  # noqa: TRY004 - pydantic wants ValueError
        return value


class Api(_Section):
    """Where the bank is and who we are to it."""

    base_url: str = "https://sandbox.finhub.cloud/api/v2.1"
    tenant_id: str = ""
    organization_id: str = ""
    user_id: str = ""
    timeout_s: float = Field(default=30, gt=0, le=3600)
    verification_path: Literal["customer", "verifications"] = "customer"
    webhook_subscription_id: str = ""
    forwarded_for: str = ""
    device_id: str = "finhub-onboard"

    @field_validator("base_url")
    @classmethod
    def _url(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value == SANDBOX_URL:
            return value
        try:
            parts = urlsplit(value)
            port_is_real = parts.port is None or parts.port > 0
        except ValueError:
            port_is_real = False
        if not port_is_real or parts.scheme not in ("http", "https") or not parts.hostname or not _is_visible(value):
            raise ValueError('must be an http(s) address or "sandbox:"')
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("must hold no user, password, ? or #")
        return value

    @field_validator("tenant_id", "organization_id", "user_id", "webhook_subscription_id", "forwarded_for", "device_id")
    @classmethod
    def _travels(cls, value: str) -> str:
        """These travel as headers or path segments; ``..`` would lead to another call."""
        if value in (".", "..") or not _is_visible(value):
            raise ValueError("must be visible ASCII characters without spaces")
        return value


def _is_visible(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


class Limits(_Section):
    """How fast the bank may be called (API.md, section 8)."""

    calls_per_second: float = Field(default=5, gt=0, le=100_000)
    max_in_flight: int = Field(default=4, ge=1, le=4096)


class Retry(_Section):
    """How often and how long a call is tried again."""

    max_attempts: int = Field(default=5, ge=1, le=100)
    max_wait_s: float = Field(default=60, ge=0)


class Stop(_Section):
    """When a run stops by itself."""

    max_failed_percent: float = Field(default=20, ge=0, le=100)
    max_failed_rows: int = Field(default=0, ge=0)
    min_rows: int = Field(default=100, ge=1)
    deadline: str = ""

    @field_validator("deadline")
    @classmethod
    def _moment(cls, value: str) -> str:
        try:
            deadline_at(value, datetime.now(UTC))
        except ValueError:
            message = 'must be a time of day such as "06:00" or an ISO instant such as "2026-05-04T06:00:00Z"'
            raise ValueError(message) from None
        return value


class JourneySettings(_Section):
    """How far customers are taken and what the activation code looks like."""

    until: Phase = Phase.ACTIVATION
    activation_code: str = Field(default="ACTIVATION_CODE_{now}", min_length=1)


class Approval(_Section):
    """Who approves a verification."""

    mode: Literal["manual", "auto"] = "manual"
    auto_levels: tuple[Literal["LOW", "MEDIUM"], ...] = ("LOW", "MEDIUM")


class ConsentSettings(_Section):
    """What proves a consent, and the versions that are in force."""

    evidence: Literal["required", "assumed"] = "required"
    terms_version: str = Field(default="1.0", min_length=1)
    privacy_version: str = Field(default="1.0", min_length=1)
    data_processing_version: str = Field(default="1.0", min_length=1)


class Documents(_Section):
    """Where documents lie and how large one may be."""

    root: Path = Path("documents")
    max_bytes: int = Field(default=10_485_760, ge=1)


class IntakeSettings(_Section):
    """How inputs are read and judged."""

    batch_rows: int = Field(default=100_000, ge=1)
    min_age: int = Field(default=18, ge=0, le=150)


class LedgerSettings(_Section):
    """Where the ledger lies."""

    url: str = "sqlite:///onboard-ledger.db"

    @field_validator("url")
    @classmethod
    def _sqlite(cls, value: str) -> str:
        if not value.startswith("sqlite:///") or len(value) == len("sqlite:///"):
            raise ValueError('must look like "sqlite:///path/to/ledger.db"')
        return value

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(self.url.removeprefix("sqlite:///"))


class Reports(_Section):
    """Where reports go: ``<dir>/<run_id>/`` unless ``--out`` names a folder."""

    dir: Path = Path("out")


class SandboxSettings(_Section):
    """The embedded sandbox; used only with ``base_url = "sandbox:"``."""

    scenario: Path | None = None


class Credentials(_Section):
    """Secrets; only ever from the environment or from files that it names."""

    username: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    tenant_key: SecretStr = SecretStr("")
    tenant_secret: SecretStr = SecretStr("")
    seed: SecretStr = SecretStr("")

    def missing(self) -> list[str]:
        """Names of the environment variables that are still needed to call the bank."""
        fields = type(self).model_fields
        return [f"{PREFIX}CREDENTIALS__{name.upper()}" for name in fields if not getattr(self, name).get_secret_value()]


class Settings(_Section):
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
    sandbox: SandboxSettings = SandboxSettings()
    credentials: Credentials = Credentials()

    @property
    def embedded(self) -> bool:
        """Whether the run starts its own sandbox."""
        return self.api.base_url == SANDBOX_URL

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Name the bank's identifiers that are missing; the embedded sandbox has its own."""
        if not self.embedded:
            absent = [n for n in ("tenant_id", "organization_id", "user_id") if not getattr(self.api, n)]
            if absent:
                raise ValueError(f"api.{', api.'.join(absent)} must be set: the Admin Portal shows them")
        return self


def load(
    path: Path | None, *, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read ``path`` (or only defaults), lay the environment and then ``flags`` (dotted keys) over it.

    Raises :class:`ConfigurationError` with the file, the key and the nearest known name.
    """
    where = str(path) if path else "the environment"
    tree = _read(path) if path else {}
    if "credentials" in tree:
        raise ConfigurationError(
            f"{where}: [credentials] does not belong in a file",
            hint=f"set {PREFIX}CREDENTIALS__PASSWORD and its siblings, or …_FILE with the path of a secret file",
        )
    if path is None:
        tree = {"api": {"base_url": SANDBOX_URL}}
    variables: dict[tuple[str, ...], str] = {}
    for name, (key, text) in _from_environment(os.environ if environ is None else environ).items():
        _put(tree, key, text, where)
        variables[key] = name
    for flag, value in (flags or {}).items():
        if value is not None:
            key = tuple(flag.split("."))
            _put(tree, key, value, where)
            variables.pop(key, None)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise _explain(error, where, variables) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the configuration {path}: {error.strerror}", hint="give its path with --config"
        ) from None
    except RecursionError:
        raise ConfigurationError(f"{path} is nested too deeply", hint="no setting is deeper than two levels") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}", hint="correct that line") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[tuple[str, ...], str]]:
    """``ONBOARD_LIMITS__CALLS_PER_SECOND`` -> ("limits", "calls_per_second"); ``…_FILE`` only for credentials."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        if "__" not in name:
            # Other programs' variables may begin alike; one underscore too few must not be passed over in silence.
            for section in Settings.model_fields:
                start = f"{PREFIX}{section.upper()}_"
                if name.startswith(start) and name.removeprefix(start).lower() in _known((section, "")):
                    raise ConfigurationError(
                        f"{name} has no effect", hint=f"write {start}_{name.removeprefix(start)}, with two underscores"
                    )
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        value = environ[name]
        if section == "credentials" and key.endswith("_file"):
            key = key.removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8-sig").rstrip("\r\n")
            except (OSError, UnicodeDecodeError):
                raise ConfigurationError(
                    f"{name}: cannot read the file that it names", hint="check its path and who may read it"
                ) from None
        found[name] = (section, key), value
    return found


def _put(tree: dict[str, Any], key: tuple[str, ...], value: Any, where: str) -> None:
    section, name = key
    branch = tree.setdefault(section, {})
    if not isinstance(branch, dict):
        raise ConfigurationError(f"{where}: {section} must be a table", hint=f"write [{section}]")
    annotation = _field_type(section, name)
    if isinstance(value, str) and annotation.startswith("tuple"):
        value = [part.strip() for part in value.split(",") if part.strip()]
    branch[name] = value


def _field_type(section: str, name: str) -> str:
    model = Settings.model_fields.get(section)
    info = model.annotation.model_fields.get(name) if model and _is_section(model.annotation) else None  # type: ignore[union-attr]
    return str(info.annotation) if info else ""


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, _Section)


def _known(location: tuple[Any, ...]) -> list[str]:
    """The names that may stand where an unknown one was found."""
    if len(location) == 1:
        return list(Settings.model_fields)
    section = Settings.model_fields.get(str(location[0]))
    return list(section.annotation.model_fields) if section and _is_section(section.annotation) else []  # type: ignore[union-attr]


def _explain(error: ValidationError, where: str, variables: Mapping[tuple[str, ...], str]) -> ConfigurationError:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        location = problem["loc"]
        key = ".".join(str(part) for part in location)
        given_by = [name for pair, name in variables.items() if location and pair[: len(location)] == location[:2]]
        key += f" ({given_by[0]})" if given_by else ""
        if problem["type"] == "extra_forbidden":
            known = _known(location)
            near = get_close_matches(str(location[-1]), known, n=1, cutoff=0.0)
            prefix = f"{location[0]}." if len(location) > 1 else ""
            lines.append(f"unknown key {key}" + (f"; the nearest known name is {prefix}{near[0]}" if near else ""))
        else:
            said = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{key}: {said}" if key else said)
    return ConfigurationError(
        f"{where}: " + "; ".join(lines), hint="correct these keys; the README's settings table names all of them"
    )
