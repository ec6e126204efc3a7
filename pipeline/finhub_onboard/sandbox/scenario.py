"""A scenario: what the practice bank does besides its duty, as a TOML file.

Promises that a file either becomes a complete frozen value or a ``ConfigurationError`` that names the file, the key
and the nearest known name. Does not know how faults are carried out; ``faults`` decides, ``delivery`` does.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox.operations import OPERATION_IDS
from finhub_onboard.small_files import read_small

KINDS: Final = {
    "drop_before": "the connection closes without a byte of answer, nothing was done",
    "drop_after": "the connection closes without a byte of answer, the work was done",
    "hang_before": "the answer never comes, nothing was done",
    "hang_after": "the answer never comes, the work was done",
    "error_500_before": "500, nothing was done",
    "error_500_after": "500, the work was done",
    "bad_gateway_before": "502 with an HTML page, nothing was done",
    "bad_gateway_after": "502 with an HTML page, the work was done",
    "unavailable_before": "503, nothing was done",
    "unavailable_after": "503, the work was done",
    "too_many": "one 429, nothing was done",
    "false_200": "200 with success: false, nothing was done",
    "truncated_body": "the answer stops in the middle, the work was done",
    "garbage_body": "the answer is no JSON, the work was done",
    "empty_body": "the answer has no body, the work was done",
    "slow_body": "the answer drips over `over_s` seconds",
    "unauthorized": "one 401 though the token or the password is good, nothing was done",
    "expired_token": "401 and the token is worthless from now on, nothing was done",
    "no_id": "a good answer without its id, the work was done",
    "others_id": "a good answer to a registration with the id of the bank's first customer, the work was done",
    "others_echo": "a good answer that names the bank's first other customer, the work was done",
    "mixed_up": "two good answers to calls of one kind are exchanged, without `user.id`; the work of both was done",
    "gateway_before": "a gateway answers with `status` and a `page` of its own, nothing was done",
    "gateway_after": "a gateway answers with `status` and a `page` of its own, the work was done",
    "refuse": "the bank itself refuses with `status` and `message` in its own envelope, nothing was done",
    "close_after_answer": "a good answer; the connection stays open, and the next request on it is reset unread",
}
"""Every kind of fault, and what it means."""

RetryAfter = Literal["seconds", "date", "absent", "mixed"]
Page = Literal["html", "text", "json", "empty"]
Status = Annotated[int, msgspec.Meta(ge=200, le=599)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Versions = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a call takes: ``mean_ms``, evenly spread by ``jitter_ms`` to both sides."""

    mean_ms: Seconds = 0.0
    jitter_ms: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Calls taken in any one second (0: no limit), and how the refusal names the wait."""

    per_second: Annotated[int, msgspec.Meta(ge=0)] = 0
    retry_after: RetryAfter = "seconds"
    retry_after_s: Annotated[int, msgspec.Meta(ge=0)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: on the ``nth`` calls of an operation or with a ``rate``, at most ``times`` times.

    ``of`` names customers by e-mail, ``of_share`` takes a share of them by seed, the same for faults with the same
    ``on``: it strikes their calls only, and ``nth`` counts each one's own. ``from_s`` and ``for_s`` (0: without end)
    bound it in time, counted from the bank's first call of the contract. ``status``, ``page`` and ``message`` are for
    gateways and refusals; an empty ``message`` is the usual one of that status.
    """

    kind: str
    on: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    of_share: Share = 0.0
    rate: Share = 0.0
    nth: tuple[Count, ...] = ()
    times: Annotated[int, msgspec.Meta(ge=0)] = 0
    retry_after: RetryAfter = "absent"
    retry_after_s: Annotated[int, msgspec.Meta(ge=0)] = 1
    over_s: Seconds = 1.0
    from_s: Seconds = 0.0
    for_s: Seconds = 0.0
    status: Status = 404
    page: Page = "html"
    message: str = ""

    @property
    def of_some(self) -> bool:
        """Whether it strikes some customers only."""
        return bool(self.of or self.of_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationHabits:
    """The share of customers whose verification is refused, and how; the share approved as soon as it is opened."""

    refused_share: Share = 0.0
    refused_as: Literal["status", "422", "mixed"] = "mixed"
    auto_approved_share: Share = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginHabits:
    """Whether a log-in of the admin ends the admin's earlier session."""

    single_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskHabits:
    """The share of customers that are high risk, and where that shows: at the verification or only in the check."""

    high_share: Share = 0.0
    high_shown: Literal["verification", "check", "mixed"] = "verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHabits:
    """How far the activation check lags: by seconds, and by checks that still show the old state."""

    lag_s: Seconds = 0.0
    lag_checks: Annotated[int, msgspec.Meta(ge=0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSwitches:
    """Rules that no page states surely: whether they hold, and the ages that the bank takes."""

    documents_required: bool = True
    consents_in_order: bool = False
    unique_phones: bool = False
    min_age: Annotated[int, msgspec.Meta(ge=0)] = 16
    max_age: Annotated[int, msgspec.Meta(ge=1)] = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentVersions:
    """The versions of each text that are in force."""

    terms: Versions = ("1.0",)
    privacy: Versions = ("1.0",)
    data_processing: Versions = ("1.0",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What the rules of the bank need of a scenario."""

    seed: int = 1
    token_lifetime_s: int = 3600
    refused_share: float = 0.0
    refused_as: str = "mixed"
    auto_approved_share: float = 0.0
    single_session: bool = False
    high_share: float = 0.0
    high_shown: str = "verification"
    lag_s: float = 0.0
    lag_checks: int = 0
    documents_required: bool = True
    consents_in_order: bool = False
    unique_phones: bool = False
    min_age: int = 16
    max_age: int = 120
    consent_versions: Mapping[str, Versions] = field(default_factory=dict)
    """By the last part of the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A whole scenario file."""

    seed: int = 1
    shapes: Literal["runner", "older"] = "runner"
    token_lifetime_s: Count = 3600
    latency: Latency = Latency()
    rate_limit: RateLimit = RateLimit()
    fault: tuple[Fault, ...] = ()
    logins: LoginHabits = LoginHabits()
    verification: VerificationHabits = VerificationHabits()
    risk: RiskHabits = RiskHabits()
    check: CheckHabits = CheckHabits()
    rules: RuleSwitches = RuleSwitches()
    consents: ConsentVersions = ConsentVersions()

    def habits(self) -> Habits:
        """Gather what the rules need."""
        return Habits(
            seed=self.seed,
            token_lifetime_s=self.token_lifetime_s,
            refused_share=self.verification.refused_share,
            refused_as=self.verification.refused_as,
            auto_approved_share=self.verification.auto_approved_share,
            single_session=self.logins.single_session,
            high_share=self.risk.high_share,
            high_shown=self.risk.high_shown,
            lag_s=self.check.lag_s,
            lag_checks=self.check.lag_checks,
            documents_required=self.rules.documents_required,
            consents_in_order=self.rules.consents_in_order,
            unique_phones=self.rules.unique_phones,
            min_age=self.rules.min_age,
            max_age=self.rules.max_age,
            consent_versions={
                "terms": self.consents.terms,
                "privacy": self.consents.privacy,
                "data-processing": self.consents.data_processing,
            },
        )


_TABLES: Final[dict[str, type]] = {
    "latency": Latency,
    "rate_limit": RateLimit,
    "logins": LoginHabits,
    "verification": VerificationHabits,
    "risk": RiskHabits,
    "check": CheckHabits,
    "rules": RuleSwitches,
    "consents": ConsentVersions,
}


def load(path: Path | None) -> Scenario:
    """Read a scenario file; without one the bank is calm."""
    if path is None:
        return Scenario()
    try:
        tree = tomllib.loads(read_small(path).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the scenario {path}: {error.strerror}", hint="give the path of a scenario file (TOML)"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}", hint="correct that line") from None
    return parse(tree, str(path))


def parse(tree: Mapping[str, Any], where: str) -> Scenario:
    """Turn a parsed file into a scenario; ``where`` names it in messages."""
    _refuse_unknown(tree, Scenario, where)
    for name, cls in _TABLES.items():
        if isinstance(tree.get(name), dict):
            _refuse_unknown(tree[name], cls, f"{where}: [{name}]")
    faults = tree.get("fault", [])
    for number, fault in enumerate(faults if isinstance(faults, list) else [], start=1):
        if isinstance(fault, dict):
            _refuse_bad_fault(fault, f"{where}: [[fault]] number {number}")
    try:
        return msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}: {error}", hint="correct that value") from None


def _refuse_bad_fault(fault: dict[str, Any], where: str) -> None:
    _refuse_unknown(fault, Fault, where)
    if "kind" in fault:
        _refuse_unknown_name(fault["kind"], KINDS, f"{where}: unknown kind")
    operations = fault.get("on", [])
    for operation in operations if isinstance(operations, list) else []:
        _refuse_unknown_name(operation, OPERATION_IDS, f"{where}: unknown operation")
    if ("rate" in fault) == ("nth" in fault):
        raise ConfigurationError(f"{where}: give either rate or nth", hint="rate = 0.05, or nth = [1, 3]")


def _refuse_unknown(table: Mapping[str, Any], cls: type, where: str) -> None:
    for key in table:
        _refuse_unknown_name(key, [field.name for field in fields(cls)], f"{where}: unknown key")


def _refuse_unknown_name(name: object, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name in names:
        return
    near = get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(names)}"
    raise ConfigurationError(f'{what} "{name}"; {hint}', hint=hint)


def shipped() -> dict[str, Path]:
    """Find the scenario files that come with the program, by name: in a wheel beside this module, else in configs/."""
    beside = Path(__file__).parent / "scenarios"
    folder = beside if beside.is_dir() else Path(__file__).parents[3] / "configs" / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
