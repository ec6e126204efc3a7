"""What a row lacks to get as far as the settings ask, before the first call. Pure.

Promise: no rules of its own. All phases still ahead are asked at once, so the result is exactly what the customer would
be parked for.
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
"""Rows with the same ``DECISIVE_COLUMN`` and the same of these columns filled lack the same things."""
CODES = frozenset(code for rules in IN_ORDER for code in rules.may_lack.values())
"""The codes for things that a row can lack."""
_NOBODY = Journey(key=b"", fingerprint=b"")
_NOTHING_READ = Visit()


def lacking(customer: Customer, rules: JourneyRules, journey: Journey | None = None) -> tuple[Rest, ...]:
    """Everything that the row lacks, in phase order; phases that ``journey`` has completed are skipped.

    What the bank requires is known once the verification is open, if it says so; else it is derived from the row's own
    risk level.
    """
    journey = journey or _NOBODY
    if journey.done < Phase.VERIFICATION.number or journey.required is None:
        journey = replace(journey, required=expected_documents(customer.risk_level))
    situation = Situation(journey, customer, _NOTHING_READ, rules)
    ahead = (rules_of for phase, rules_of in PHASES.items() if journey.done < phase.number <= rules.until.number)
    return tuple(lack for rules_of in ahead for lack in rules_of.lacking(situation))
