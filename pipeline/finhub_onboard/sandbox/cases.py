"""Phases 4 to 6: verification cases, their documents, and the decision.

Promises one store of cases for both paths that open one, and at most one executed approval per case. Does not know
HTTP; works on the bank's state.
"""

from hashlib import sha256
from typing import Final

from finhub_onboard.sandbox import demo, magic, rules
from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.chance import identifier, unit
from finhub_onboard.sandbox.forms import check, decoded, matching, mime_type
from finhub_onboard.sandbox.records import Answer, Call, Customer, Document, Pending, Verification
from finhub_onboard.sandbox.shapes import document_class

_EXPIRED: Final = "Verification has expired"
_OTHERS: Final = "must be that of the path"
POWER_LEVEL: Final = "POWER_TENANT_VERIFIED"
TENANT_LEVEL: Final = "TENANT_VERIFIED"


class Cases:
    """The rules of verification cases."""

    __slots__ = ("_bank",)

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def start_verification(self, call: Call) -> Answer:
        """Phase 4 on the customer's path."""
        customer = self._bank.customer_of(call)
        if not isinstance(customer, Customer):
            return customer
        if errors := check(call.body, rules.INDIVIDUAL_VERIFICATION):
            return self._bank.invalid(errors)
        level = POWER_LEVEL if self._bank.shown_risk(customer) == "HIGH" else TENANT_LEVEL
        opened = self._open_case(customer, "IDENTITY_VERIFICATION", level, call.now)
        if not isinstance(opened, Verification):
            return opened
        return self._bank.shapes.verification(opened, customer, self._required(customer))

    def create_verification(self, call: Call) -> Answer:
        """Phase 4 on the runner's path."""
        body = call.body
        errors = check(body, rules.VERIFICATION) or matching(
            body, {"requestedByUserId": demo.USER_ID, "requestedByTenantId": call.tenant}, "must be who calls"
        )
        if errors:
            return self._bank.invalid(errors)
        customer = self._bank.customers.get(body["customerId"])
        if customer is None:
            return self._bank.unknown("Customer")
        opened = self._open_case(customer, body["type"], body["requestedLevel"], call.now)
        if not isinstance(opened, Verification):
            return opened
        return self._bank.shapes.created_verification(opened, customer, self._required(customer))

    def _required(self, customer: Customer) -> list[str]:
        """List the document classes that the bank asks for."""
        more = ["SELFIE"] if magic.is_magic(customer.email, magic.DOCS) else []
        return rules.required_documents(self._bank.shown_risk(customer)) + more

    def newest(self, customer: Customer, now: float) -> Verification:
        """Give the newest case of a customer; the bank opens one where there is none."""
        if customer.verifications:
            return customer.verifications[-1]
        return self._new_case(customer, "IDENTITY_VERIFICATION", TENANT_LEVEL, now)

    def _open_case(self, customer: Customer, kind: str, level: str, now: float) -> Verification | Answer:
        if customer.approved():
            return self._bank.conflict("Customer is already verified")
        case = self._new_case(customer, kind, level, now)
        if self._approves_itself(customer):
            self._settle(customer, case, "APPROVED", now)
        return case

    def _new_case(self, customer: Customer, kind: str, level: str, now: float) -> Verification:
        number = len(customer.verifications)
        case = Verification(
            id=identifier(self._bank.scenario.seed, "verification", customer.id, number), type=kind, level=level, at=now
        )
        customer.verifications.append(case)
        self._bank.cases[case.id] = (customer, case)
        self._bank.touch(customer)
        return case

    def _approves_itself(self, customer: Customer) -> bool:
        """Whether the bank approves without being asked: never high risk."""
        share = self._bank.scenario.verification.auto_approved_share
        by_itself = self._bank.scenario.seed, "auto-approved", customer.email.casefold()
        return unit(*by_itself) < share and self._bank.shown_risk(customer) != "HIGH"

    def upload_document(self, call: Call) -> Answer:
        """Phase 5: take a document; its bytes are checked, measured and dropped."""
        found = self._bank.cases.get(call.params["verificationId"])
        if found is None:
            return self._bank.unknown("Verification")
        customer, case = found
        if refusal := self._bank.refuse_stranger(call, customer):
            return refusal
        body = call.body
        if errors := check(body, rules.DOCUMENT) or matching(body, _ids(customer, case), _OTHERS):
            return self._bank.invalid(errors)
        content = decoded(body["fileContent"])
        if content is None:
            return self._bank.invalid([("fileContent", "must be base64 of the file's bytes")])
        if len(content) > rules.MAX_DOCUMENT_BYTES:
            return self._bank.shapes.problem(
                413, "Document too large", {"error": "Document too large", "details": "10 MB"}
            )
        if body["mimeType"] != mime_type(content):
            return self._bank.invalid([("mimeType", "must be what the content is")])
        if case.status != "OPEN":
            return self._bank.conflict(_EXPIRED if case.status == "EXPIRED" else "Verification is already decided")
        document = Document(
            id=identifier("document", case.id, len(case.documents)),
            type=body["documentType"].removeprefix("DT_"),
            file_name=body["fileName"],
            mime_type=body["mimeType"],
            size=len(content),
            sha256=sha256(content).hexdigest(),
            at=call.now,
        )
        case.documents.append(document)
        self._bank.touch(customer)
        return self._bank.shapes.document(document, customer)

    def approve(self, call: Call) -> Answer:
        """Phase 6: an admin decides a verification."""
        found = self._bank.cases.get(call.params["verificationId"])
        if found is None:
            return self._bank.unknown("Verification")
        customer, case = found
        errors = check(call.body, rules.APPROVAL) or matching(call.body, _ids(customer, case), _OTHERS)
        if errors := errors + matching(call.body, {"userId": demo.USER_ID}, "must be who calls"):
            return self._bank.invalid(errors)
        return self._refuse_approval(customer, case) or self._decide(call, customer, case)

    def _refuse_approval(self, customer: Customer, case: Verification) -> Answer | None:
        """Say why this verification cannot be decided now."""
        if case.status == "APPROVED":
            return self._bank.conflict("Verification is already approved")
        if case.status == "EXPIRED":
            return self._bank.conflict(_EXPIRED)
        if case.status == "REJECTED":
            return self._verification_failed()
        if self._bank.shown_risk(customer) == "HIGH":
            details = f"High-risk customers need the approval of the power tenant ({POWER_LEVEL})"
            return self._bank.shapes.problem(
                403, "Insufficient permission", {"error": "Insufficient permission", "details": details}
            )
        uploaded = {document_class(document.type) for document in case.documents if not document.refused}
        missing = [name for name in self._required(customer) if name not in uploaded]
        if self._bank.scenario.rules.documents_required and missing:
            names = ", ".join(missing)
            data = {"error": "Missing documents", "details": names}
            return self._bank.shapes.problem(
                422, f"Required documents are missing: {names}", data, code="MISSING_DOCUMENTS"
            )
        return None

    def _decide(self, call: Call, customer: Customer, case: Verification) -> Answer:
        habits, seed, key = self._bank.scenario.verification, self._bank.scenario.seed, customer.email.casefold()
        refused = unit(seed, "refused", key) < habits.refused_share or magic.is_magic(key, magic.DECLINED)
        if refused or call.body["status"] == "REJECTED":
            self._settle(customer, case, "REJECTED", call.now)
            by_status = habits.refused_as == "status" or (
                habits.refused_as == "mixed" and unit(seed, "refused-as", key) < 0.5  # noqa: PLR2004  (a coin)
            )
            asked = call.body["status"] == "REJECTED"
            return self._bank.shapes.decided(case, demo.USER_ID) if asked or by_status else self._verification_failed()
        if unit(seed, "slow", key) < habits.slow_share or magic.is_magic(key, magic.SLOW):
            return self._decide_later(customer, case, call.now)
        self._settle(customer, case, "APPROVED", call.now)
        return self._bank.shapes.decided(case, demo.USER_ID)

    def _decide_later(self, customer: Customer, case: Verification, now: float) -> Answer:
        """Take note of an approval that counts only later; of another one meanwhile there is nothing to note."""
        habits = self._bank.scenario.verification
        if not customer.pending:
            due = now + habits.slow_minutes * self._bank.scenario.minute_s
            customer.pending.append(Pending(does="approve", calls=customer.calls + habits.slow_calls, at=due))
            self._bank.touch(customer)
        return self._bank.shapes.decided(case, demo.USER_ID)

    def _verification_failed(self) -> Answer:
        data = {"error": "Verification failed", "details": "The verification was rejected"}
        return self._bank.shapes.problem(422, "Verification failed", data, code="VERIFICATION_FAILED")

    def settle_by_person(self, verification_id: str, status: str, now: float) -> bool:
        """Let a person at the bank decide, high risk included; ``False`` for an unknown verification."""
        found = self._bank.cases.get(verification_id)
        if found is None:
            return False
        customer, case = found
        case.power = status == "APPROVED"
        if case.status != status:
            self._settle(customer, case, status, now)
        self._bank.touch(customer)
        return True

    def _settle(self, customer: Customer, case: Verification, status: str, now: float) -> None:
        case.status, case.decided_at, case.decided_checks = status, now, customer.checks
        if status == "APPROVED":
            case.approvals += 1
            self._bank.deliver("verification.approved", customer, now, case.id)
        self._bank.touch(customer)


def _ids(customer: Customer, case: Verification) -> dict[str, str]:
    """What a body about a case must repeat of its path."""
    return {"verificationId": case.id, "customerId": customer.id}
