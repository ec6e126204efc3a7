"""A customer at the moment of a decision: what the ledger, the row, this run and the settings say. Pure."""

from dataclasses import dataclass

import msgspec

from finhub_onboard.finhub.calls import CallName, Facts, Reply, Step, step
from finhub_onboard.journey import activation_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, JourneyRules, Move, Rest, Send
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Repeat, Risk, Standing


class Situation(msgspec.Struct, frozen=True):
    """All that decides what comes next for a customer."""

    journey: Journey
    customer: Customer
    visit: Visit
    rules: JourneyRules

    @property
    def is_high_risk(self) -> bool:
        """Whether only the power tenant may approve the customer."""
        return Risk.HIGH in (self.customer.risk_level, self.journey.risk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the bank decides for a customer: its risk level; ``approved``: people have done what waited for them."""

    level: str
    approved: bool = False


class Foreseen(Situation, frozen=True, kw_only=True):
    """A situation of a forecast: a bank without trouble is asked, which decides as ``expected`` says."""

    expected: Expected

    @property
    def is_high(self) -> bool:
        """Whether the bank takes the customer for one of high risk."""
        return self.expected.level == Risk.HIGH

    def pass_check(self) -> Reply:
        """The activation check: all that was sent is there, and the activation is allowed."""
        level = self.expected.level
        return Reply(facts=Facts(consent_ok=True, verification_ok=True, activation_allowed=True, risk=level))


class Unresolved(Situation, frozen=True, kw_only=True):
    """A situation in which the step ``at`` has attempts of unknown outcome.

    ``changed``: the row no longer says what the step sent. ``unsafe``: it names somebody else than whom the bank has.
    ``held``: why the step must not leave again.
    """

    at: Step
    changed: Rest | None
    unsafe: Rest | None
    held: Rest | None

    @property
    def may_repeat(self) -> bool:
        """Whether the one repeat is left."""
        return self.journey.repeat in (Repeat.UNUSED, Repeat.GRANTED)

    @property
    def is_conflict(self) -> bool:
        """Whether the bank says that this conflicts with the state it has."""
        return self.journey.code == Code.STATE_CONFLICT

    def repeat(self) -> Move:
        """Send the step again, if its gate lets it through."""
        return self.held or Send(step=self.at)

    def rest(self, standing: Standing, code: Code) -> Rest:
        """Stop at the step's phase."""
        return Rest(standing=standing, code=code, phase=self.at.phase)

    def ask_person(self, code: Code = Code.OUTCOME_UNKNOWN) -> Rest:
        """Only a person can tell; that the row changed, or that an answer was wrong, is the first thing to know."""
        if self.journey.code == Code.CLAIM_UNKNOWN:
            code = Code.CLAIM_UNKNOWN
        return self.changed or self.rest(Standing.IN_DOUBT, code)

    def read_check(self) -> Send:
        """Ask the activation check."""
        return Send(step=step(CallName.CHECK, phase=self.at.phase), poll=self.visit.polls)

    def confirm_conflict(self) -> Move | None:
        """The bank says that this is done or decided already: the check confirms it; ``None``: a person looks."""
        check = self.visit.check
        if check is None:
            return self.read_check()
        if activation_check.is_approved(check):
            return Advance(phase=Phase.APPROVAL)
        if activation_check.is_refused(check):
            return self.rest(Standing.DECLINED, Code.VERIFICATION_REFUSED)
        return None
