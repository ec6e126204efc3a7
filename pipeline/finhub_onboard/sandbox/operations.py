"""The calls of the contract: one entry each, and the match from method and path to an entry.

Promises that every operation of the contract is here and nothing else (a test compares). Does not know what a call
does. Matching is by segments: a few string comparisons instead of a regular expression per route.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Any, Final
from urllib.parse import unquote


class Token(Enum):
    """Whose token a call takes."""

    NONE = "none"
    ADMIN = "admin"
    EITHER = "admin-or-customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the contract; ``forbids`` says whether 403 is among its documented answers."""

    id: str
    method: str
    path: str
    token: Token
    forbids: bool = True

    @property
    def has_body(self) -> bool:
        """Whether the call carries a JSON body."""
        return self.method == "POST"


_CUSTOMER: Final = "/customer/individual/{customerId}"
_SESSIONS: Final = _CUSTOMER + "/users/{userId}/sessions"

OPERATIONS: Final = tuple(
    Operation(id=name, method=method, path=path, token=token, forbids=forbids)
    for name, method, path, token, forbids in (
        (
            "createAdminSession",
            "POST",
            "/admin/organization/{organizationId}/users/{userId}/sessions",
            Token.NONE,
            True,
        ),
        (
            "getCategorizationHierarchy",
            "GET",
            "/customer/individual/categorization/hierarchy/{tenantId}",
            Token.ADMIN,
            True,
        ),
        ("registerIndividual", "POST", "/customer/individual/registration", Token.ADMIN, True),
        ("createCustomerSession", "POST", _SESSIONS, Token.NONE, True),
        ("deleteCustomerSession", "DELETE", _SESSIONS + "/{sessionId}", Token.EITHER, False),
        ("startIndividualVerification", "POST", _CUSTOMER + "/verification", Token.EITHER, True),
        ("createVerification", "POST", "/verifications", Token.ADMIN, True),
        ("uploadVerificationDocument", "POST", "/verifications/{verificationId}/documents", Token.EITHER, True),
        ("approveVerification", "POST", "/verifications/{verificationId}/approve", Token.ADMIN, True),
        ("acceptIndividualConsent", "POST", _CUSTOMER + "/consents/{consentType}", Token.EITHER, True),
        ("checkActivation", "GET", _CUSTOMER + "/owner/{ownerTenantId}/activation/check", Token.EITHER, True),
        ("activateIndividual", "POST", _CUSTOMER + "/activation", Token.ADMIN, True),
        ("listCustomerDocuments", "GET", _CUSTOMER + "/documents", Token.EITHER, True),
        ("getConsentStatus", "GET", _CUSTOMER + "/consents/{consentId}/status", Token.EITHER, True),
        (
            "listWebhookDeliveries",
            "GET",
            "/webhooks/subscriptions/{subscriptionId}/deliveries",
            Token.ADMIN,
            False,
        ),
        ("getWebhookDelivery", "GET", "/webhooks/deliveries/{deliveryId}", Token.ADMIN, False),
    )
)
OPERATION_IDS: Final = tuple(operation.id for operation in OPERATIONS)

_Pattern = tuple[Callable[[list[str]], Any], Any, tuple[tuple[int, str], ...], Operation]


def _patterns() -> dict[int, list[_Pattern]]:
    """By number of segments: what to take of a path, what that must be, the parameters, and the operation."""
    found: dict[int, list[_Pattern]] = {}
    for operation in OPERATIONS:
        parts = operation.path.split("/")
        literal = itemgetter(*(i for i, part in enumerate(parts) if not part.startswith("{")))
        names = tuple((i, part[1:-1]) for i, part in enumerate(parts) if part.startswith("{"))
        found.setdefault(len(parts), []).append((literal, literal(parts), names, operation))
    return found


_PATTERNS: Final = _patterns()


def match(method: str, path: str) -> tuple[Operation | None, dict[str, str], str]:
    """Find the operation of a raw path below the base path, its parameters, and else the method it would allow."""
    parts = path.split("/")
    allowed = ""
    for literal, wanted, names, operation in _PATTERNS.get(len(parts), ()):
        if literal(parts) != wanted or ("" in parts[1:]):
            continue
        if operation.method == method:
            return operation, {name: unquote(parts[i]) for i, name in names}, ""
        allowed = operation.method
    return None, {}, allowed
