"""What a row lacks to get as far as the settings ask, known before the first call. Pure.

Promise: no rule of its own. The journey's gates are asked, all at once and for all phases that are still ahead, so what
is named here is what the customer would park for.
"""

from msgspec.structs import replace

from finhub_onboard.journey import gates
from finhub_onboard.journey.doubts import CONSENT_NAMES
from finhub_onboard.journey.move_kinds import JourneyRules, Rest
from finhub_onboard.model import CONSENTS, DOCUMENT_COLUMNS, Customer, Journey, Phase, Risk

REQUIRED_DOCUMENTS: dict[str, tuple[str, ...]] = {
    Risk.LOW: ("GOVERNMENT_ID",),
    Risk.MEDIUM: ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"),
    Risk.HIGH: ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS", "BENEFICIAL_OWNERSHIP", "PEP_DECLARATION"),
}
"""Risk level -> what the bank asks for (API.md, section 5)."""
DECISIVE_COLUMNS = (
    "risk_level",
    "document_type",
    "document_number",
    *DOCUMENT_COLUMNS,
    *(f"{consent}_accepted_at" for consent in CONSENTS),
)
"""Rows that agree in these lack the same; of all but the first it matters only whether they are there."""
CODES = frozenset({"document_number_missing", "document_missing", "consent_evidence_missing"})
"""The codes of what a row can lack."""
_NOBODY = Journey(key=b"", fingerprint=b"")


def documents_of(level: str, rules: JourneyRules) -> tuple[str, ...] | None:
    """What the bank will ask for at this risk level (LOW where it is unknown); ``None``: it will name nothing.

    Only the customer's path names documents: the answer of ``POST /verifications`` has no such list.
    """
    return None if rules.verification_by_admin else REQUIRED_DOCUMENTS.get(level, REQUIRED_DOCUMENTS[Risk.LOW])


def lacking(customer: Customer, rules: JourneyRules, journey: Journey | None = None) -> tuple[Rest, ...]:
    """All that the row lacks, in the order of the phases; nothing for phases that ``journey`` has behind it.

    What the bank asked for is known once its verification is open, and taken from the row's own risk level before.
    """
    journey = journey or _NOBODY
    if journey.done < Phase.VERIFICATION.number:
        journey = replace(journey, required=documents_of(customer.risk_level, rules))
    found: list[Rest] = []
    if _is_ahead(Phase.VERIFICATION, journey, rules):
        found += gates.verification(customer, rules)
    if _is_ahead(Phase.DOCUMENTS, journey, rules):
        found += gates.documents(journey, customer)
    if _is_ahead(Phase.CONSENTS, journey, rules):
        left = [path for path in CONSENT_NAMES if path not in journey.consented]
        found += [held for path in left if (held := gates.consent(path, customer, rules))]
    return tuple(found)


def _is_ahead(phase: Phase, journey: Journey, rules: JourneyRules) -> bool:
    return journey.done < phase.number <= rules.until.number
