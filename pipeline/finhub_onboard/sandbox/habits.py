"""What a scenario can say: its tables, each a frozen value whose defaults are a calm bank's.

Promises values only. Does not know how a file is read (``scenario``) nor who acts by a table.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

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

ACTS: Final = {
    "approve": "the verification is approved; without one, one is opened and approved",
    "reject": "the verification is rejected, also an approved one",
    "expire": "the verification expires, also an approved one",
    "activate": "the customer becomes active, whatever is missing",
    "refuse_documents": "the documents so far are not accepted",
}
"""Everything that others may do, and what it means."""

Act = Literal["approve", "reject", "expire", "activate", "refuse_documents"]
RetryAfter = Literal["seconds", "date", "absent", "mixed"]
Page = Literal["html", "text", "json", "empty"]
Status = Annotated[int, msgspec.Meta(ge=200, le=599)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Versions = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long a call takes: ``mean_ms``, evenly spread by ``jitter_ms`` to both sides."""

    mean_ms: Seconds = 0.0
    jitter_ms: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Calls taken in any one second, minute and hour (0: no limit), and how the refusal names the wait.

    Beyond a minute's or an hour's limit the wait is the time that is left of it.
    """

    per_second: Natural = 0
    per_minute: Natural = 0
    per_hour: Natural = 0
    retry_after: RetryAfter = "seconds"
    retry_after_s: Natural = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A window in which a gateway answers every call, log-ins too, with a 503 page; 0 ``minutes``: none.

    ``after_minutes`` counts from the bank's first call.
    """

    after_minutes: Seconds = 0.0
    minutes: Seconds = 0.0
    page: Page = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The bank's data are gone after so many calls, as those of FinHub's sandbox now and then; 0: never."""

    after_calls: Natural = 0


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
    times: Natural = 0
    retry_after: RetryAfter = "absent"
    retry_after_s: Natural = 1
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
    """The share of customers whose verification is refused, and how; the share approved as soon as it is opened.

    An approval of the ``slow_share`` is only taken note of; it counts ``slow_calls`` calls about the customer and
    ``slow_minutes`` later.
    """

    refused_share: Share = 0.0
    refused_as: Literal["status", "422", "mixed"] = "mixed"
    auto_approved_share: Share = 0.0
    slow_share: Share = 0.0
    slow_calls: Natural = 2
    slow_minutes: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginHabits:
    """Whether a log-in of the admin ends the admin's earlier session, and that of a customer the customer's."""

    single_session: bool = False
    single_customer_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskHabits:
    """The share of customers that are high risk, and where that shows: at the verification or only in the check."""

    high_share: Share = 0.0
    high_shown: Literal["verification", "check", "mixed"] = "verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHabits:
    """How far the activation check lags: by seconds, and by checks that still show the old state."""

    lag_s: Seconds = 0.0
    lag_checks: Natural = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHabits:
    """How late deliveries are listed, and the shares of events that are delivered twice and never."""

    lag_s: Seconds = 0.0
    doubled_share: Share = 0.0
    lost_share: Share = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """What the bank or a person does to a customer ``before`` or ``after`` one of our calls.

    It concerns the customers of ``of`` (e-mails) and a ``share`` of them by seed, each once per call; ``later_calls``
    calls about the customer and ``later_minutes`` after that. An active customer is left alone.
    """

    does: Act
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    share: Share = 0.0
    later_calls: Natural = 0
    later_minutes: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSwitches:
    """Rules that no page states surely: whether they hold, and the ages that the bank takes."""

    documents_required: bool = True
    consents_in_order: bool = False
    unique_phones: bool = False
    min_age: Natural = 16
    max_age: Natural = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentVersions:
    """The versions of each text that are in force, and another for all that is in force after so many consents."""

    terms: Versions = ("1.0",)
    privacy: Versions = ("1.0",)
    data_processing: Versions = ("1.0",)
    changes_to: str = ""
    changes_after: Natural = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A whole scenario file; ``minute_s`` is how long the bank's minute takes, so that practice need not wait."""

    seed: int = 1
    shapes: Literal["runner", "older"] = "runner"
    token_lifetime_s: Count = 3600
    minute_s: Seconds = 60.0
    latency: Latency = Latency()
    rate_limit: RateLimit = RateLimit()
    maintenance: Maintenance = Maintenance()
    reset: Reset = Reset()
    fault: tuple[Fault, ...] = ()
    meanwhile: tuple[Meanwhile, ...] = ()
    logins: LoginHabits = LoginHabits()
    verification: VerificationHabits = VerificationHabits()
    risk: RiskHabits = RiskHabits()
    check: CheckHabits = CheckHabits()
    deliveries: DeliveryHabits = DeliveryHabits()
    rules: RuleSwitches = RuleSwitches()
    consents: ConsentVersions = ConsentVersions()

    def faults(self) -> tuple[Fault, ...]:
        """All faults, the one that maintenance is among them."""
        window = self.maintenance
        if not window.minutes:
            return self.fault
        closed = Fault(
            kind="gateway_before",
            rate=1.0,
            status=503,
            page=window.page,
            from_s=window.after_minutes * self.minute_s,
            for_s=window.minutes * self.minute_s,
        )
        return (closed, *self.fault)
