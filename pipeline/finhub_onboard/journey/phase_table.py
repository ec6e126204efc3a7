"""The phases by name and in order, and the phase of each call that completes one."""

from finhub_onboard.journey.phase_rules import PhaseRules
from finhub_onboard.journey.phases import (
    p1_categorization,
    p2_registration,
    p3_session,
    p4_verification,
    p5_documents,
    p6_approval,
    p7_consents,
    p8_activation,
)
from finhub_onboard.model import Phase

PHASES: dict[Phase, PhaseRules] = {
    Phase.CATEGORIZATION: p1_categorization.RULES,
    Phase.REGISTRATION: p2_registration.RULES,
    Phase.SESSION: p3_session.RULES,
    Phase.VERIFICATION: p4_verification.RULES,
    Phase.DOCUMENTS: p5_documents.RULES,
    Phase.APPROVAL: p6_approval.RULES,
    Phase.CONSENTS: p7_consents.RULES,
    Phase.ACTIVATION: p8_activation.RULES,
}
"""The decisions of each phase."""
BY_CALL = {rules.call: rules for rules in PHASES.values() if rules.call is not None}
"""The call that completes a phase -> the decisions of that phase."""
IN_ORDER = tuple(PHASES.values())
"""The phases in order: index = number of phases complete before."""
