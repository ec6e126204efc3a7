"""Phases 7 and 8: consents, the activation check, activation.

Promises that activation looks at the truth, while the check may lag behind it (a scenario's habit). Does not know
HTTP; works on the bank's state.
"""

from typing import Any

from finhub_onboard.sandbox import demo, rules
from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.chance import identifier, unit
from finhub_onboard.sandbox.forms import check
from finhub_onboard.sandbox.records import CONSENT_NAMES, Answer, Call, Consent, Customer, Verification


class Activations:
    """The rules from consents to an active customer."""

    __slots__ = ("_bank",)

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def accept_consent(self, call: Call) -> Answer:
        """Phase 7: take one of the three consents; again is the same."""
        customer = self._bank.customer_of(call)
        if not isinstance(customer, Customer):
            return customer
        path = call.params["consentType"]
        if path not in CONSENT_NAMES:
            return self._bank.invalid([("consentType", f"must be one of {', '.join(CONSENT_NAMES)}")])
        if errors := rules.consent(call.body, call.now):
            return self._bank.invalid(errors)
        if refusal := self._refuse_version(path, call.body["version"]):
            return refusal
        order = list(CONSENT_NAMES)
        earlier = order[: order.index(path)]
        if self._bank.scenario.rules.consents_in_order and any(name not in customer.consents for name in earlier):
            data = {"error": "Consents out of order", "details": ", ".join(order)}
            return self._bank.shapes.problem(422, "Consents must be accepted in order", data)
        consent = customer.consents.get(path)
        if consent is None:
            consent = Consent(version=call.body["version"], at=call.now, checks=customer.checks)
            customer.consents[path] = consent
        else:
            consent.count += 1
            consent.version = call.body["version"]
        self._bank.consents_taken += 1
        self._bank.touch(customer)
        return self._bank.shapes.consent(customer, path, consent)

    def _refuse_version(self, path: str, version: str) -> Answer | None:
        """Refuse a version that is not in force, and name the one that is."""
        in_force = self._in_force(path)
        if version in in_force:
            return None
        self._bank.acts["refuse_version"] += 1
        why = f"must be {' or '.join(in_force)}, which is in force"
        return self._bank.invalid([("version", why)], suggestions=list(in_force))

    def _in_force(self, path: str) -> tuple[str, ...]:
        """Give the versions of a text that are in force now."""
        versions = self._bank.scenario.consents
        if versions.changes_to and self._bank.consents_taken >= versions.changes_after:
            return (versions.changes_to,)
        of: tuple[str, ...] = getattr(versions, path.replace("-", "_"))
        return of

    def check(self, call: Call) -> Answer:
        """Tell what is still missing; not being ready is a good answer too."""
        bank = self._bank
        customer = bank.customer_of(call)
        if not isinstance(customer, Customer):
            return customer
        if call.params["ownerTenantId"] != demo.TENANT_ID:
            return bank.unknown("Owner tenant")
        customer.checks += 1
        approved = next((v for v in customer.verifications if self._shows_approved(customer, v, call.now)), None)
        missing = self._shown_missing(customer, call.now)
        data: dict[str, Any] = {"consentOk": not missing, "verificationOk": approved is not None}
        risk = bank.shown_risk(customer)
        allowed = approved is not None and not missing
        if risk == "HIGH":
            power = approved is not None and approved.power
            allowed = allowed and power
            data |= {
                "powerTenantApprovalOk": power,
                "powerTenantApprovalRequired": True,
                "isHighRisk": True,
                "powerTenant": demo.POWER_TENANT_ID,
                "ownerTenant": demo.TENANT_ID,
            }
        data |= {"riskLevel": risk, "customerId": customer.id}
        if missing:
            data["missingConsents"] = missing
        if customer.status == "ACTIVE":
            allowed = False
            data["message"] = "Customer is already active"
        elif allowed:
            data["message"] = "Customer is ready for activation"
        return bank.shapes.check(allowed, data, _last_case(customer, shown=approved))

    def _shows_approved(self, customer: Customer, case: Verification, now: float) -> bool:
        return case.status == "APPROVED" and self._shows(customer, case.decided_at, case.decided_checks, now)

    def _shown_missing(self, customer: Customer, now: float) -> list[str]:
        given = customer.consents
        return [
            name
            for path, name in CONSENT_NAMES.items()
            if path not in given or not self._shows(customer, given[path].at, given[path].checks, now)
        ]

    def _shows(self, customer: Customer, at: float, checks: int, now: float) -> bool:
        """Whether the check has caught up with what happened at ``at``."""
        habits = self._bank.scenario.check
        return now - at >= habits.lag_s and customer.checks - checks > habits.lag_checks

    def activate(self, call: Call) -> Answer:
        """Phase 8: make customer and wallet active, once."""
        bank = self._bank
        customer = bank.customer_of(call)
        if not isinstance(customer, Customer):
            return customer
        if errors := check(call.body, rules.ACTIVATION):
            return bank.invalid(errors)
        if call.body["userId"].casefold() not in (customer.email.casefold(), customer.user_id):
            return bank.invalid([("userId", "must be the e-mail of the customer's user")])
        if customer.status == "ACTIVE":
            return bank.conflict("Customer is already active")
        if missing := customer.missing_consents():
            data = {"error": "Missing consents", "missingConsents": missing}
            return bank.shapes.problem(400, "Required consents are missing", data)
        case = customer.approved()
        if case is None or (bank.shown_risk(customer) == "HIGH" and not case.power):
            return bank.shapes.problem(422, "Customer is not verified", {"error": "Verification not approved"})
        customer.status = "ACTIVE"
        customer.activations += 1
        bank.touch(customer)
        bank.deliver("customer.activated", customer, call.now)
        digits = f"{int(unit('iban', customer.id) * 10**18):018}"
        return bank.shapes.activated(customer, (identifier("wallet", customer.id), f"LT{digits}"))


def _last_case(customer: Customer, *, shown: Verification | None) -> dict[str, Any]:
    """Give status and level of the newest case as older pages show them; an approval that lags is still in progress."""
    if not customer.verifications:
        return {}
    case = shown or customer.verifications[-1]
    status = "IN_PROGRESS" if case.status == "OPEN" or (case.status == "APPROVED" and shown is None) else case.status
    return {"verificationStatus": status, "verificationLevel": case.level}
