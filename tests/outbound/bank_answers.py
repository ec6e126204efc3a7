"""What the bank answers to each call in both documented generations, written by the sandbox's own shapes."""

from typing import Any

import msgspec

from finhub_onboard.finhub.calls import CallName
from finhub_onboard.sandbox.demo import DemoCategory
from finhub_onboard.sandbox.records import Answer, Claims, Consent, Customer, Document, Verification
from finhub_onboard.sandbox.shapes import SHAPES
from tests.outbound.support import example

CUSTOMER_ID = "3b9f2c74-8a0d-4d57-b1f2-9c6d4e7a1102"
USER_ID = "c58e1d3a-2f47-4c9b-8e60-5a7b9d0f1203"
VERIFICATION_ID = "e1a4b7d0-93c6-4f28-a5b8-7d2e6c9f1304"
EMAIL = "ana.sample@example.com"
ADMIN = "0f6b8d2e-4c71-4a93-bd05-1e3c5a7f1405"
_AT = 1_777_885_500.0
_CUSTOMER = Customer(
    number=1,
    id=CUSTOMER_ID,
    user_id=USER_ID,
    email=EMAIL,
    salt="s",
    password="p",
    category="A",
    risk="LOW",
    at=_AT,
)
_CASE = Verification(id=VERIFICATION_ID, type="KYC", level="TENANT_VERIFIED", at=_AT, status="APPROVED", decided_at=_AT)
_DOCUMENT = Document(
    id="a94d6f31-5b82", type="PASSPORT", file_name="p.pdf", mime_type="application/pdf", size=9, sha256="0", at=_AT
)
_CLAIMS = Claims(
    iss="i",
    aud="a",
    sub=EMAIL,
    iat=int(_AT),
    exp=int(_AT) + 3600,
    tenant_id="t",
    customer_id=CUSTOMER_ID,
    user_id=USER_ID,
    user_type="CUSTOMER",
    roles=("USER",),
    jti="s-1",
)
_ROW = {"firstName": "Ana", "lastName": "Sample", "email": EMAIL}


def accepted(generation: str) -> dict[CallName, Answer]:
    """The successes of one generation, by call."""
    shapes = SHAPES[generation]
    admin = msgspec.structs.replace(_CLAIMS, user_id=ADMIN, user_type="ADMIN")
    required = ["GOVERNMENT_ID"]
    return {
        CallName.LOGIN: shapes.session(admin, "a-token", None),
        CallName.PRODUCTION_LOGIN: Answer(200, {"access_token": "a-token", "expires_in": 3600}),
        CallName.HIERARCHY: shapes.hierarchy([DemoCategory(key="A", id="1", name="A", risk="LOW", individual=True)]),
        CallName.REGISTER: shapes.registered(_CUSTOMER, _ROW),
        CallName.OPEN_SESSION: shapes.session(_CLAIMS, "a-token", _CUSTOMER),
        CallName.OPEN_VERIFICATION: shapes.verification(_CASE, _CUSTOMER, required),
        CallName.UPLOAD_DOCUMENT: shapes.document(_DOCUMENT, _CUSTOMER),
        CallName.APPROVE: shapes.decided(_CASE, ADMIN),
        CallName.ACCEPT_CONSENT: shapes.consent(_CUSTOMER, "terms", Consent(version="1.0", at=_AT)),
        CallName.CHECK: shapes.check(
            allowed=True, data={"consentOk": True, "customerId": CUSTOMER_ID}, extras={"riskLevel": "LOW"}
        ),
        CallName.ACTIVATE: shapes.activated(_CUSTOMER, ("w-1", "LT000000000000000000")),
        CallName.LIST_DOCUMENTS: Answer(200, example("91-customer-documents.response.200.json")),
        CallName.LIST_DELIVERIES: Answer(200, {"success": True, "data": {"deliveries": []}}),
        CallName.CREATE_SUBSCRIPTION: Answer(200, {"success": True, "data": {"subscriptionId": "sub-1"}}),
    }


def refused(generation: str) -> list[Answer]:
    """Refusals of one generation, of every status that the contract knows."""
    shapes = SHAPES[generation]
    made: list[Answer] = []
    for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503):
        data: list[dict[str, Any] | None] = [None, {"error": "No"}, {"errors": [{"field": "email", "message": "No"}]}]
        made += [shapes.problem(status, "No", some) for some in data]
    return [*made, shapes.problem(409, "Exists", {"field": "email"}, code="DUPLICATE_EMAIL")]
