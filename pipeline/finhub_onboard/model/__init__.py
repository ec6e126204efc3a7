"""The words of the design as types: phases, dispositions, rows, customers, violations.

Everything here is frozen and knows no file, socket or clock. The words are those of DESIGN section 2; there are no
synonyms elsewhere. What is made for every call or finding is a ``msgspec.Struct``: the same as a dataclass to its
reader, and a twentieth of its cost to make or copy.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import msgspec

from finhub_onboard.texts import is_label


class Phase(StrEnum):
    """The eight API phases of a journey, in order."""

    CATEGORIZATION = "categorization", 1
    REGISTRATION = "registration", 2
    SESSION = "session", 3
    VERIFICATION = "verification", 4
    DOCUMENTS = "documents", 5
    APPROVAL = "approval", 6
    CONSENTS = "consents", 7
    ACTIVATION = "activation", 8

    number: int
    """Place in the journey."""

    def __new__(cls, name: str, number: int = 0) -> Self:
        """Keep the number beside the name."""
        self = str.__new__(cls, name)
        self._value_, self.number = name, number
        return self


class Disposition(StrEnum):
    """What became of a row: exactly one of these. The sum over all is the number of rows read."""

    ONBOARDED = "onboarded"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REJECTED = "rejected"
    FAILED = "failed"
    DECLINED = "declined"
    PARKED = "parked"
    IN_DOUBT = "in_doubt"
    PENDING = "pending"


class Risk(StrEnum):
    """A customer's risk level; HIGH can only be approved by the power tenant (API.md, section 3)."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


PROHIBITED, B2B = "PROHIBITED", "B2B"
"""In place of a category's risk level: it takes nobody; it takes companies only (API.md, section 14)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a category has, with the values that a registration brings for it (API.md, section 14).

    ``allowed`` has pairs of a key and the values that it may have; a key that is not in it may have any.
    """

    code: str
    id: str
    mandatory: tuple[str, ...] = ()
    allowed: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that are known of it."""
        return tuple(dict.fromkeys((*self.mandatory, *(key for key, _ in self.allowed))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category of the bank's hierarchy; ``key`` is its code, ``id`` its ``databaseId``.

    ``name`` is what the bank calls it and wants to hear again; only ``label`` is shown.
    ``risk`` is the level that the hierarchy names for its customers, or one of the two above; empty: it names none.
    """

    key: str
    id: str
    name: str
    risk: str = ""
    features: tuple[Feature, ...] = ()

    @property
    def label(self) -> str:
        """The name, if it is the name of a thing; empty: it could be anything, such as a person's address."""
        return self.name if is_label(self.name) else ""


class Severity(StrEnum):
    """How much a finding weighs: an error costs the row or the try, a warning wants a look, a notice only tells."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Violation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule that a row breaks, or another finding before any call. Holds no value of the row (promise 6).

    ``source`` is the input's name as reports show it, ``row_number`` counts records from 1 without the header,
    ``field`` is a canonical column or empty for the record as a whole, ``code`` is stable snake_case,
    ``message`` is one plain sentence, ``hint`` says what to correct.
    """

    source: str
    row_number: int
    external_id: str
    field: str
    code: str
    message: str
    hint: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An accepted row after normalisation; what is absent is an empty string.

    Texts are as they will be sent: ``phone`` E.164, ``date_of_birth`` ISO, ``nationality``, ``country`` English names,
    ``category`` as the row names it (key, id or name), ``*_document`` a path relative to ``documents.root``,
    ``*_accepted_at`` an ISO instant in UTC, ``extra`` JSON of further values by the member that they are sent as.
    """

    source: str
    row_number: int
    external_id: str
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    date_of_birth: str = field(repr=False)
    nationality: str = field(repr=False)
    category: str
    gender: str = field(default="", repr=False)
    place_of_birth: str = field(default="", repr=False)
    pincode: str = field(default="", repr=False)
    risk_level: str = ""
    document_type: str = ""
    document_number: str = field(default="", repr=False)
    identity_document: str = field(default="", repr=False)
    address_document: str = field(default="", repr=False)
    funds_document: str = field(default="", repr=False)
    terms_version: str = ""
    terms_accepted_at: str = ""
    privacy_version: str = ""
    privacy_accepted_at: str = ""
    data_processing_version: str = ""
    data_processing_accepted_at: str = ""
    identity_document_back: str = field(default="", repr=False)
    document_issued_on: str = field(default="", repr=False)
    document_expires_on: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    country: str = field(default="", repr=False)
    consent_ip_address: str = field(default="", repr=False)
    extra: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """One input as the intake found it: its name in reports, path, SHA-256 (hex) of its bytes, and data rows."""

    name: str
    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRow:
    """One record in input order: an accepted customer, or ``None`` and the violations that say why.

    ``findings`` are warnings and notices: they cost no row. ``earlier`` is the row as versions up to 0.4.0 read it,
    where that was another way: a ledger may know the customer by that.
    """

    source: str
    row_number: int
    external_id: str
    customer: Customer | None
    violations: tuple[Violation, ...] = ()
    findings: tuple[Violation, ...] = ()
    earlier: Customer | None = None


class Standing(StrEnum):
    """How a customer's journey stands in the ledger; dispositions are projections of it."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"
    DECLINED = "declined"
    PARKED = "parked"
    IN_DOUBT = "in_doubt"


class Repeat(StrEnum):
    """What became of the one repeat that a step in doubt is allowed (API.md, section 9)."""

    UNUSED = ""
    SENT = "sent"
    """It left, and its outcome is unknown."""
    REFUSED = "refused"
    """The bank refused it; that says nothing about the attempt before."""
    GRANTED = "granted"
    """An operator vouches that no earlier attempt was carried out: the repeat is given back."""


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """Where one customer's journey stands: a line of the ledger. Without the seed no personal data can be read from it.

    ``fingerprint`` holds a hash for each column (``keys``): of what was sent, once the step that owns the
    column has an intent; else of the row. ``done`` counts completed phases (0 to 8). ``step`` names the call whose
    attempts are unresolved, ``doubts`` counts these attempts, ``repeat`` tells what became of the one repeat.
    ``doubt_at`` is when the first of them was written, ``doubt_email`` the identity hash of the e-mail that it sent.
    ``final`` is meant for failures: no run tries again until the row changes. ``required`` is what the bank asked for
    (``None``: it named nothing). ``documents`` are marks of the documents that left (``matching.evidence``).
    ``claimed`` names the ids that only an operator gave and no accepted call has proved. ``sealed_id`` is the
    ``external_id``, readable with the seed only. ``sent`` counts requests of the run ``last_run``. Times are seconds
    since the epoch.
    """

    key: bytes
    fingerprint: bytes
    standing: Standing = Standing.OPEN
    done: int = 0
    step: str = ""
    doubts: int = 0
    repeat: Repeat = Repeat.UNUSED
    doubt_at: float = 0.0
    doubt_email: bytes = b""
    final: bool = False
    phase: str = ""
    code: str = ""
    field: str = ""
    message: str = ""
    hint: str = ""
    http_status: int | None = None
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""
    required: tuple[str, ...] | None = None
    uploaded: tuple[str, ...] = ()
    consented: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    sealed_id: bytes = b""
    risk: str = ""
    first_run: int = 0
    last_run: int = 0
    completed_run: int = 0
    sent: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a journey in the ledger: the intent, and once known its outcome.

    ``changes`` tells a call that alters something at the bank. ``outcome`` is empty while nothing is known, else
    one of the verdicts of ``journey.policy``. ``sent`` is false when no byte of it left. ``wait_s`` is the
    wait ordered before the next try. ``seconds`` is how long the bank took.
    """

    number: int
    key: bytes
    run: int
    phase: str
    step: str
    attempt: int
    changes: bool
    intent_at: float
    outcome_at: float = 0.0
    outcome: str = ""
    sent: bool = True
    http_status: int | None = None
    code: str = ""
    field: str = ""
    message: str = ""
    hint: str = ""
    retriable: bool = False
    wait_s: float = 0.0
    seconds: float = 0.0
