"""How answers look: the documented generations of the same body, "runner" and "older".

Promises that every body is one of the forms of the contract. Does not decide anything: the rules decide, this module
writes it down. ``RUNNER`` follows the newest pages, ``OLDER`` the January reference and the guides before it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from finhub_onboard.sandbox import demo, hierarchy
from finhub_onboard.sandbox.records import CONSENT_NAMES, Answer, Claims, Consent, Customer, Document, Verification

GOVERNMENT_IDS: Final = frozenset({"PASSPORT", "NATIONAL_ID", "ID_CARD", "DRIVERS_LICENSE", "GOVERNMENT_ID"})
_LEGACY: Final = {
    404: "NOT_FOUND",
    409: "STATE_CONFLICT",
    422: "BUSINESS_RULE",
    429: "RATE_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "SERVICE_UNAVAILABLE",
}


def instant(at: float, *, zone: str = "Z", digits: str = "milliseconds") -> str:
    """Write an epoch time as ISO 8601, with ``zone`` at its end (the documentation often has none)."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat(timespec=digits) + zone


def document_class(kind: str) -> str:
    """Name the requirement that a document type satisfies."""
    return "GOVERNMENT_ID" if kind in GOVERNMENT_IDS else kind


class Shapes:
    """The runner-aligned generation; the base of the other."""

    name = "runner"

    def problem(self, status: int, message: str, data: dict[str, Any] | None = None, *, code: str = "") -> Answer:
        """Write an error in the common form; ``code`` is one of the codes that older guides list."""
        if code and data is not None:
            data = {**data, "errorCode": code}
        return Answer(status, {"code": status, "message": message, "data": data})

    def success(self, data: Any, message: str = "Success") -> Answer:
        """Write the documented wrapper around ``data``."""
        return Answer(200, {"code": 200, "message": message, "data": data})

    def hierarchy(self, known: Iterable[demo.DemoCategory]) -> Answer:
        """List the categories: what a registration needs of them, and their levels, which only some banks tell."""
        return self.success(hierarchy.newest(known))

    def registered(self, customer: Customer, body: dict[str, Any]) -> Answer:
        """Answer a registration with the ids of customer and user."""
        return Answer(
            200,
            {
                "code": 200,
                "message": "B2C individual account created successfully. Redirect to activate-account page",
                "redirectUrl": "/auth/activate-account",
                "data": {
                    "organization": False,
                    "individual": True,
                    "id": customer.id,
                    "tenantId": demo.TENANT_ID,
                    "customerType": "CT_PERSON",
                    "customerStatus": customer.status,
                    "person": {name: body[name] for name in ("firstName", "lastName", "email")},
                    "user": {
                        "id": customer.user_id,
                        "username": customer.email,
                        "email": customer.email,
                        "status": "PENDING_ACTIVATION",
                    },
                    "categorization": None,
                },
            },
        )

    def session(self, claims: Claims, token: str, customer: Customer | None) -> Answer:
        """Answer a login. ``expiresAt`` is wrong on purpose: the documentation's own is a day late, without zone."""
        data: dict[str, Any] = {
            "sessionId": claims.jti,
            "userId": claims.user_id,
            "token": token,
            "refreshToken": f"refresh-{claims.jti}",
            "success": True,
            "message": "Session created successfully",
        }
        if customer is None:
            data["expiresAt"] = instant(claims.iat + 27 * 3600, zone="000", digits="microseconds")
        else:
            data |= {"expiresAt": instant(claims.iat + 24 * 3600, zone=""), "errorType": "NONE"}
            data |= self._session_extras(claims, customer)
        return self.success(data)

    def _session_extras(self, claims: Claims, customer: Customer) -> dict[str, Any]:
        user = {
            "id": customer.user_id,
            "customerId": customer.id,
            "customerStatus": customer.status,
            "email": customer.email,
            "isActive": True,
            "tenantId": demo.TENANT_ID,
        }
        return {"expiresIn": claims.exp - claims.iat, "user": user}

    def verification(self, case: Verification, customer: Customer, required: list[str]) -> Answer:
        """Answer phase 4 on the customer's path."""
        del customer
        data = {
            "verificationId": case.id,
            "status": "INITIATED",
            "requiredDocuments": required,
            "createdAt": instant(case.at, digits="seconds"),
        }
        return Answer(200, {"success": True, **self.success(data).body})

    def created_verification(self, case: Verification, customer: Customer, required: list[str]) -> Answer:
        """Answer phase 4 on the runner's own path, which names no required documents."""
        del customer, required
        return self.success({"verificationId": case.id, "status": "PENDING", "verificationType": "KYC"})

    def document(self, document: Document, customer: Customer) -> Answer:
        """Answer an upload."""
        del customer
        return self.success(
            {
                "documentId": document.id,
                "documentType": f"DT_{document.type}",
                "fileName": document.file_name,
            }
        )

    def decided(self, case: Verification, by: str) -> Answer:
        """Answer an approval, a refusal that is told by the status, or that there is no decision yet."""
        del by
        return self.success({"verificationId": case.id, "status": "PENDING" if case.status == "OPEN" else case.status})

    def consent(self, customer: Customer, path: str, consent: Consent) -> Answer:
        """Answer a consent: the runner page says PENDING, which proves nothing."""
        del customer, path, consent
        return self.success({"status": "PENDING"})

    def consent_record(self, customer: Customer, path: str, consent: Consent) -> Answer:
        """Answer the look-up of one consent record."""
        name = CONSENT_NAMES[path]
        return Answer(
            200,
            {
                "code": 200,
                "message": f"{name.replace('_', ' ').lower()} accepted successfully",
                "data": {
                    "id": consent_id(path, customer.id),
                    "consentType": name,
                    "isRequired": True,
                    "isGranted": True,
                    "version": consent.version,
                    "status": "ACCEPTED",
                },
            },
        )

    def check(self, allowed: bool, data: dict[str, Any], extras: dict[str, Any]) -> Answer:  # noqa: FBT001
        """Answer the activation check; ``extras`` are members that only older pages show."""
        del extras
        message = data.get("message", "Activation check completed")
        return self.success({"activationAllowed": allowed, **data}, message)

    def activated(self, customer: Customer, wallet: tuple[str, str]) -> Answer:
        """Answer an activation: the runner page's data is empty."""
        del customer, wallet
        return self.success({})


class OlderShapes(Shapes):
    """The January reference and older pages, where they differ."""

    name = "older"

    def problem(self, status: int, message: str, data: dict[str, Any] | None = None, *, code: str = "") -> Answer:
        """Write the older ``success``/``error`` form where an answer's data are not part of its meaning."""
        if status in _LEGACY:
            error = {"code": code or _LEGACY[status], "message": message}
            return Answer(status, {"success": False, "error": error})
        return super().problem(status, message, data, code=code)

    def hierarchy(self, known: Iterable[demo.DemoCategory]) -> Answer:
        """List the categories unwrapped, with features."""
        return Answer(200, hierarchy.older(known))

    def _session_extras(self, claims: Claims, customer: Customer) -> dict[str, Any]:
        del claims, customer
        return {}

    def verification(self, case: Verification, customer: Customer, required: list[str]) -> Answer:
        """Answer phase 4 with ``id``, as the management pages of January and March do."""
        del customer
        return Answer(
            200,
            {
                "success": True,
                "code": 200,
                "timestamp": instant(case.at),
                "message": "Verification process started",
                "data": {
                    "id": case.id,
                    "type": case.type,
                    "status": "IN_PROGRESS",
                    "verificationLevel": case.level,
                    "requiredDocuments": required,
                    "startedAt": instant(case.at),
                    "verified": False,
                },
            },
        )

    def created_verification(self, case: Verification, customer: Customer, required: list[str]) -> Answer:
        """Answer the other path alike."""
        return self.verification(case, customer, required)

    def document(self, document: Document, customer: Customer) -> Answer:
        """Answer an upload with ``id``; the server renames the file."""
        data = {
            "id": document.id,
            "tenantId": demo.TENANT_ID,
            "customerId": customer.id,
            "fileName": f"{document.id[:8]}-{document.file_name}",
            "fileType": document.type,
            "status": "UPLOADED",
            "contentType": document.mime_type,
            "uploadDate": int(document.at * 1000),
            "uploadedBy": "system",
            "verified": False,
        }
        return self.success(data, "Verification document uploaded successfully")

    def decided(self, case: Verification, by: str) -> Answer:
        """Answer an approval with level, approver and time."""
        data: dict[str, Any] = {"verificationId": case.id, "status": case.status, "level": case.level}
        if case.status == "APPROVED":
            data |= {"approvedBy": by, "approvedAt": instant(case.decided_at)}
        return self.success(data)

    def consent(self, customer: Customer, path: str, consent: Consent) -> Answer:
        """Answer a consent as ACCEPTED, with the record's id."""
        return self.consent_record(customer, path, consent)

    def check(self, allowed: bool, data: dict[str, Any], extras: dict[str, Any]) -> Answer:  # noqa: FBT001
        """Answer the check with January's first member and the flow guide's optional ones."""
        message = data.get("message", "Activation check completed")
        return self.success({"canActivate": allowed, **data, **extras}, message)

    def activated(self, customer: Customer, wallet: tuple[str, str]) -> Answer:
        """Answer an activation with wallet and IBAN."""
        del customer
        wallet_id, iban = wallet
        return self.success(
            {
                "wallet": {"walletId": wallet_id, "iban": iban, "currency": "EUR", "balance": "0"},
                "iban": iban,
                "activationStatus": "ACTIVATED",
            }
        )


def consent_id(path: str, customer_id: str) -> str:
    """Name the record of one consent of a customer."""
    return f"consent-{path}-{customer_id}"


SHAPES: Final = {"runner": Shapes(), "older": OlderShapes()}
