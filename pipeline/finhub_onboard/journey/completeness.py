"""What a row lacks to get as far as the settings ask, known before the first call. Pure.

Promise: no rule of its own. The phases that are still ahead are asked, all at once, so that what is named here is what
the customer would park for.
"""

from msgspec.structs import replace

from finhub_onboard.finhub.documents import expected_documents
from finhub_onboard.journey.move_kinds import JourneyRules, Rest
from finhub_onboard.journey.phase_table import IN_ORDER, PHASES
from finhub_onboard.journey.situation import Situation
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase

DECISIVE_COLUMN = "risk_level"
FILLED_COLUMNS = tuple(column for rules in IN_ORDER for column in rules.may_lack)
"""Rows that agree in ``DECISIVE_COLUMN`` and in which of these are filled lack the same."""
CODES = frozenset(code for rules in IN_ORDER for code in rules.may_lack.values())
"""The codes of what a row can lack."""
_NOBODY = Journey(key=b"", fingerprint=b"")
_NOTHING_READ = Visit()


def lacking(customer: Customer, rules: JourneyRules, journey: Journey | None = None) -> tuple[Rest, ...]:
    """All that the row lacks, in the order of the phases; nothing for phases that ``journey`` has behind it.

    What the bank asked for is known once its verification is open, and taken from the row's own risk level before.
    """
    journey = journey or _NOBODY
    if journey.done < Phase.VERIFICATION.number:
        required = expected_documents(customer.risk_level, by_admin=rules.verification_by_admin)
        journey = replace(journey, required=required)
    situation = Situation(journey, customer, _NOTHING_READ, rules)
    ahead = (rules_of for phase, rules_of in PHASES.items() if journey.done < phase.number <= rules.until.number)
    return tuple(lack for rules_of in ahead for lack in rules_of.lacking(situation))
