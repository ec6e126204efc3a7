"""What the bank keeps, and the small values that its modules hand to each other.

Promises plain typed records that can be written to a file and read back without loss. Does not know any rule. The
records are msgspec structs: they change in place and are written at every change, so encoding must be cheap.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

CONSENT_NAMES = {
    "terms": "TERMS_AND_CONDITIONS",
    "privacy": "PRIVACY_POLICY",
    "data-processing": "DATA_PROCESSING",
}
"""Path form to body form, in the order that the January reference makes mandatory."""


class Document(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """An uploaded document; its bytes are not kept, only their size and SHA-256."""

    id: str
    type: str
    file_name: str
    mime_type: str
    size: int
    sha256: str
    at: float
    refused: bool = False


class Verification(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One verification case; ``power`` says that the power tenant approved it."""

    id: str
    type: str
    level: str
    at: float
    status: str = "OPEN"
    documents: list[Document] = []
    approvals: int = 0
    power: bool = False
    decided_at: float = 0.0
    decided_checks: int = 0


class Consent(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """An accepted consent; ``count`` says how often it was carried out."""

    version: str
    at: float
    checks: int = 0
    count: int = 1


class Lock(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """Failed logins of a user and until when that locks it."""

    attempts: int = 0
    until: float = 0.0


class Event(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """Something that the bank told the demo subscription; ``seq`` counts over all customers, from 1.

    ``first`` is the ``seq`` of the delivery that this one repeats.
    """

    seq: int
    first: int = 0
    type: str
    at: float
    verification_id: str = ""


class Pending(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """What somebody will do to a customer, once so many calls concerned it and it is so late."""

    does: str
    calls: int
    at: float


class Customer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The ``number``-th customer; ``late_risk`` says that its high risk shows only after the tenant's approval.

    ``met``: the scenario's entries of others who have acted on it.
    """

    number: int
    id: str
    user_id: str
    email: str
    phone: str = ""
    salt: str
    password: str
    category: str
    risk: str
    at: float
    late_risk: bool = False
    status: str = "CS_REGISTRATION_COMPLETED"
    registrations: int = 1
    lock: Lock = msgspec.field(default_factory=Lock)
    verifications: list[Verification] = []
    consents: dict[str, Consent] = {}
    activations: int = 0
    checks: int = 0
    calls: int = 0
    pending: list[Pending] = []
    met: list[int] = []
    events: list[Event] = []

    def approved(self) -> Verification | None:
        """Find the approved verification, if any."""
        return next((v for v in self.verifications if v.status == "APPROVED"), None)

    def missing_consents(self) -> list[str]:
        """Name the mandatory consents that are not accepted, in order."""
        return [name for path, name in CONSENT_NAMES.items() if path not in self.consents]


class Claims(msgspec.Struct, kw_only=True, frozen=True, rename="camel", gc=False):
    """The claims of a token, by the names that the documentation shows."""

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    tenant_id: str
    customer_id: str
    user_id: str
    user_type: str
    roles: tuple[str, ...]
    jti: str

    @property
    def is_admin(self) -> bool:
        """Whether this is an admin's token."""
        return self.user_type == "ADMIN"


class Answer(NamedTuple):
    """What the bank answers: a status and a JSON value."""

    status: int
    body: Any


@dataclass(slots=True, kw_only=True)
class Call:
    """One call as the rules see it: parameters of the path, who calls, the body, the query and the time."""

    params: dict[str, str]
    tenant: str
    now: float
    who: Claims | None = None
    body: dict[str, Any] = field(default_factory=dict)
    query: bytes = b""


class Ended(NamedTuple):
    """A session whose tokens are worthless."""

    session_id: str


Change = Customer | Lock | Ended
"""A record that changed and must be written before the answer leaves; the only lock of its own is the admin's."""
