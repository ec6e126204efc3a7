"""The calls of the contract, declared once: which phase, whose token, and what an unknown outcome allows.

The table ``CALLS`` is API.md sections 4 and 9 row by row. ``Reply`` is a parsed answer, without personal data. Knows no
HTTP and no ledger.

What is on disk before a call is sent (promise 3), by phase:

- *registration*: the intent. After a crash only an intent distinguishes our own lost answer from a stranger's 409.
- *verification*, *documents*: the intent. They may be repeated once, and only intents count how often they were sent.
- *approval*, *consents*, *activation*: the intent. A read shows whether they happened, but without an intent nobody
  would read before sending them again.
- *categorization*, *session* and all reads (check, lists, deliveries): nothing. They change nothing, and after a crash
  they are made again.

Outcomes are posted at once and share the next commit. A customer's outcome is awaited before its next call is sent,
which costs nothing where the intent of that call is awaited anyway.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NewType

import msgspec

from finhub_onboard.model import Phase


class Token(Enum):
    """Whose token a call carries."""

    NONE = "none"
    ADMIN = "admin"
    EITHER = "either"


class InDoubt(Enum):
    """What is allowed when the outcome of a call is unknown (API.md, section 9)."""

    REPEAT = "repeat as often as needed: it changes nothing"
    REPEAT_ONCE = "repeat once"
    CHECK_FIRST = "ask the activation check, then repeat what is missing"
    READ_FIRST = "read the customer's status, then repeat once, and again only while it says that nothing happened"


class Ahead(Enum):
    """What must be on disk before a call is sent (promise 3)."""

    INTENT = "its intent"
    NOTHING = "nothing: it changes nothing, and is entered with its outcome in whatever commit comes next"


class CallName(StrEnum):
    """The calls of a journey, and those of the run itself."""

    LOGIN = "login"
    PRODUCTION_LOGIN = "production_login"
    """At an address of its own (API.md, section 14)."""
    HIERARCHY = "hierarchy"
    REGISTER = "register"
    OPEN_SESSION = "open_session"
    OPEN_VERIFICATION = "open_verification"
    UPLOAD_DOCUMENT = "upload_document"
    APPROVE = "approve"
    ACCEPT_CONSENT = "accept_consent"
    CHECK = "check"
    ACTIVATE = "activate"
    LIST_DOCUMENTS = "list_documents"
    LIST_DELIVERIES = "list_deliveries"
    CREATE_SUBSCRIPTION = "create_subscription"


OF_THE_RUN = frozenset({CallName.LOGIN, CallName.PRODUCTION_LOGIN, CallName.HIERARCHY, CallName.CREATE_SUBSCRIPTION})
"""The calls that belong to no customer."""
OPTIONAL_READS = frozenset({CallName.LIST_DELIVERIES, CallName.LIST_DOCUMENTS})
"""A tenant may not have access to them, and the run continues without."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the contract."""

    name: CallName
    phase: Phase
    token: Token
    ahead: Ahead
    in_doubt: InDoubt
    changes: bool = field(init=False)
    """Whether the call changes something at the bank, so that an intent must come first."""

    def __post_init__(self) -> None:
        """Make it a plain value: each request asks for it several times."""
        object.__setattr__(self, "changes", self.ahead is Ahead.INTENT)


CALLS = {
    call.name: call
    for call in (
        Call(CallName.LOGIN, Phase.CATEGORIZATION, Token.NONE, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.PRODUCTION_LOGIN, Phase.CATEGORIZATION, Token.NONE, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.HIERARCHY, Phase.CATEGORIZATION, Token.ADMIN, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.REGISTER, Phase.REGISTRATION, Token.ADMIN, Ahead.INTENT, InDoubt.REPEAT_ONCE),
        Call(CallName.LIST_DELIVERIES, Phase.REGISTRATION, Token.ADMIN, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.CREATE_SUBSCRIPTION, Phase.REGISTRATION, Token.ADMIN, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.OPEN_SESSION, Phase.SESSION, Token.NONE, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.OPEN_VERIFICATION, Phase.VERIFICATION, Token.EITHER, Ahead.INTENT, InDoubt.REPEAT_ONCE),
        Call(CallName.UPLOAD_DOCUMENT, Phase.DOCUMENTS, Token.EITHER, Ahead.INTENT, InDoubt.REPEAT_ONCE),
        Call(CallName.LIST_DOCUMENTS, Phase.DOCUMENTS, Token.EITHER, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.APPROVE, Phase.APPROVAL, Token.ADMIN, Ahead.INTENT, InDoubt.CHECK_FIRST),
        Call(CallName.ACCEPT_CONSENT, Phase.CONSENTS, Token.EITHER, Ahead.INTENT, InDoubt.CHECK_FIRST),
        Call(CallName.CHECK, Phase.CONSENTS, Token.EITHER, Ahead.NOTHING, InDoubt.REPEAT),
        Call(CallName.ACTIVATE, Phase.ACTIVATION, Token.ADMIN, Ahead.INTENT, InDoubt.READ_FIRST),
    )
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call for one customer; ``item`` is the document type or the consent, ``phase`` the one that it serves.

    ``label`` is how the ledger names the step, e.g. ``upload_document/GOVERNMENT_ID``.
    """

    call: Call
    phase: Phase
    item: str
    label: str


def step(name: CallName, item: str = "", *, phase: Phase | None = None) -> Step:
    """Make a step; ``phase`` only where a read serves another phase than its own."""
    call = CALLS[name]
    return Step(call=call, phase=phase or call.phase, item=item, label=f"{name}/{item}" if item else str(name))


def step_from_label(label: str) -> Step:
    """Parse a label of the ledger."""
    name, _, item = label.partition("/")
    return step(CallName(name), item)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the journey needs from an answer; ``None`` or empty: it says nothing about it.

    ``required`` are documents that the bank asks for, also those that a refusal misses. ``created`` are ids of
    customers that a page of deliveries shows as created and that may be ours; ``page_mark`` identifies the page.
    ``versions``: those of a consent that a refusal asks for.
    """

    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""
    token: str = ""
    token_life_s: float | None = None
    status: str = ""
    customer_status: str = ""
    required: tuple[str, ...] | None = None
    uploaded: tuple[str, ...] = ()
    risk: str = ""
    high_risk: bool | None = None
    consent_ok: bool | None = None
    verification_ok: bool | None = None
    activation_allowed: bool | None = None
    power_approval_ok: bool | None = None
    missing_consents: tuple[str, ...] | None = None
    activated: bool = False
    created: tuple[str, ...] = ()
    page_mark: str = ""
    versions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show everything but the token."""
        pairs = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "token")
        return f"Facts({', '.join(f'{name}={value!r}' for name, value in pairs if value not in (None, '', (), False))})"


class Kind(StrEnum):
    """The kind of a refusal by the bank's words, where the status alone is ambiguous (API.md, section 7)."""

    NONE = ""
    MISSING_HEADER = "missing_header"
    CATEGORIZATION = "categorization"
    MISSING_CONSENTS = "missing_consents"
    MISSING_DOCUMENTS = "missing_documents"
    ROLE = "role"
    HIGH_RISK = "high_risk"
    NOT_VERIFIED = "not_verified"
    VERIFICATION_REFUSED = "verification_refused"
    VERIFICATION_EXPIRED = "verification_expired"
    LOCKED = "locked"
    CONSENT_VERSION = "consent_version"
    ANOTHERS = "anothers"
    """No refusal: the answer is about another customer, or contains another customer's id."""
    PERSONAL_ID = "personal_id"
    """No refusal: the id in the answer is made of the customer's own data."""
    GATEWAY = "gateway"
    """The answer of a gateway between here and the bank: never final, never a success."""

    PROXY = "proxy"
    """No answer: a proxy requires credentials, and nothing was sent."""
    MACHINE = "machine"
    """No answer: this machine lacks resources for a connection, and nothing was sent."""
    SILENT = "silent"
    """No answer in time, for an unknown reason."""
    STOPPED = "stopped"
    """No answer: the run ends, and nothing left."""


Redacted = NewType("Redacted", str)
"""Words of the bank after redaction; only ``finhub.redact`` makes them."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back from one request.

    ``status`` is the HTTP status, ``None`` when there was no answer; ``sent`` is false when no byte of the request
    left. ``accepted``: a 2xx of the bank whose body does not say otherwise; where it does, ``says`` is the status it
    means. What is not the bank's answer, or not about this customer, says 502, but for a 407, a 429 and server errors.

    ``readable``: the body was what the contract promises (an envelope, the ids the call must bring, nobody else's).
    ``retry_after_s`` is what the bank asked to wait, ``None`` if it asked nothing. ``hold_s`` is how long all calls are
    held because the bank refused this one for its rate; ``None``: it did not. ``alone``: it refuses this customer for
    rate again and again while others pass, and nobody else is held. ``field`` is one of ours, ``message`` what the
    redactor left of the bank's words. ``cause`` tells what went wrong when there was no answer.
    """

    status: int | None = None
    sent: bool = True
    accepted: bool = False
    says: int | None = None
    readable: bool = False
    facts: Facts = Facts()
    kind: Kind = Kind.NONE
    field: str = ""
    message: Redacted = Redacted("")
    cause: str = ""
    retry_after_s: float | None = None
    hold_s: float | None = None
    alone: bool = False
    seconds: float = 0.0

    @property
    def is_for_rate(self) -> bool:
        """Whether the bank refuses the call for its rate: by a 429, or by a 503 that asks to wait."""
        return self.says == 429 or (self.says == 503 and self.retry_after_s is not None)  # noqa: PLR2004


STOPPED = Reply(sent=False, kind=Kind.STOPPED, cause="stopped")
"""No answer: the run stopped, and nothing was sent."""
