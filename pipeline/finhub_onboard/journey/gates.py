"""What must hold before a step leaves, for the first time or again: the settings, and the row as it was sent. Pure.

A repeat passes the same gate as its first sending. Each gate gives the reason to stop, or nothing; those of what a row
must bring along give all reasons, so that they can also be asked before the first call (``completeness``).
"""

from collections.abc import Iterator

from finhub_onboard.finhub.calls import CallName, Step
from finhub_onboard.journey.move_kinds import JourneyRules, Rest
from finhub_onboard.journey.sent import (
    DOCUMENT_COLUMN_OF,
    IDENTITY_COLUMNS,
    IDENTITY_KINDS,
    changed_since_sent,
    columns_of,
)
from finhub_onboard.model import Customer, Journey, Phase, Risk, Standing


def repeat(at: Step, journey: Journey, customer: Customer, row: bytes, rules: JourneyRules) -> Rest | None:
    """Why ``at``, which is in doubt, must not leave again. ``row`` is the fingerprint of the row as it is now."""
    if changed := changed_in_doubt(at, journey, row):
        return changed
    if unsafe := unsafe_change(journey, row):
        return unsafe
    if at.phase.number > rules.until.number:
        return Rest(standing=Standing.OPEN)
    match at.call.name:
        case CallName.APPROVE:
            return approval(journey, customer, rules)
        case CallName.ACCEPT_CONSENT:
            return consent(at.item, customer, rules)
        case _:
            return None


def changed_in_doubt(at: Step, journey: Journey, row: bytes) -> Rest | None:
    """The row no longer says what the step in doubt sent."""
    changed = [column for column in changed_since_sent(journey, row) if column in columns_of(at.label)]
    if not changed:
        return None
    return Rest(standing=Standing.IN_DOUBT, code="row_changed_in_doubt", phase=at.phase, field=changed[0])


def unsafe_change(journey: Journey, row: bytes) -> Rest | None:
    """The row names somebody else than whom the bank has: nothing may be sent for this customer."""
    if journey.done < Phase.REGISTRATION.number:
        return None
    changed = sorted(IDENTITY_COLUMNS.intersection(changed_since_sent(journey, row)))
    if not changed:
        return None
    standing = Standing.IN_DOUBT if journey.doubts else Standing.PARKED
    return Rest(standing=standing, code="row_changed_after_registration", phase=Phase.REGISTRATION, field=changed[0])


FALLBACK_KINDS = ("GOVERNMENT_ID", "PROOF_OF_ADDRESS")
"""What is sent where the bank names no documents (API.md, section 5)."""


def verification(customer: Customer, rules: JourneyRules) -> Iterator[Rest]:
    """What the call that opens a verification must say and the row does not."""
    for column in ("document_type", "document_number"):
        if rules.verification_needs_document and not getattr(customer, column):
            yield Rest(standing=Standing.PARKED, code="document_number_missing", phase=Phase.VERIFICATION, field=column)


def documents(journey: Journey, customer: Customer) -> Iterator[Rest]:
    """Documents that are asked for, were not sent, and that the row does not have."""
    if is_high(journey, customer):
        return  # the power tenant's people collect what the file cannot hold; the row parks at approval
    for kind in FALLBACK_KINDS if journey.required is None else journey.required:
        column = DOCUMENT_COLUMN_OF.get(kind, "")
        if kind in journey.uploaded or (column and getattr(customer, column)):
            continue
        # Proof of address is only our own guess where the bank asked for nothing: its absence does not stop a row.
        if journey.required is not None or kind in IDENTITY_KINDS:
            yield Rest(standing=Standing.PARKED, code="document_missing", phase=Phase.DOCUMENTS, field=column)


def approval(journey: Journey, customer: Customer, rules: JourneyRules) -> Rest | None:
    """Who may not be approved by the job: a person must."""
    if is_high(journey, customer):
        return Rest(standing=Standing.PARKED, code="high_risk", phase=Phase.APPROVAL)
    # Unknown is taken as the highest level that is not high (DESIGN 3.3).
    level = customer.risk_level or journey.risk or Risk.MEDIUM
    if level in rules.auto_levels:
        return None
    return Rest(standing=Standing.PARKED, code="approval_needed", phase=Phase.APPROVAL)


def consent(path: str, customer: Customer, rules: JourneyRules) -> Rest | None:
    """A consent without the evidence that the settings ask for."""
    evidence = f"{path.replace('-', '_')}_accepted_at"
    if not rules.evidence_required or getattr(customer, evidence):
        return None
    return Rest(standing=Standing.PARKED, code="consent_evidence_missing", phase=Phase.CONSENTS, field=evidence)


def is_high(journey: Journey, customer: Customer) -> bool:
    """Whether only the power tenant may approve the customer."""
    return Risk.HIGH in (customer.risk_level, journey.risk)
