"""The input of a decision about a customer: ledger, row, this run and settings. Pure."""

from dataclasses import dataclass

import msgspec

from finhub_onboard.finhub.calls import CallName, Facts, Reply, Step, step
from finhub_onboard.journey import activation_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, JourneyRules, Move, Rest, Send
from finhub_onboard.journey.ports import Problem
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Repeat, Risk, Standing


class Situation(msgspec.Struct, frozen=True):
    """Everything that decides the next move of a customer."""

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
    """What the bank decides for a customer: the risk level; ``approved``: people have approved it meanwhile.

    ``unregistrable``: why the job itself will not send the registration.
    """

    level: str
    approved: bool = False
    unregistrable: Problem | None = None


class Foreseen(Situation, frozen=True, kw_only=True):
    """The situation at a simulated call: a healthy bank answers, which decides as ``expected`` says."""

    expected: Expected

    @property
    def is_high(self) -> bool:
        """Whether the bank will classify the customer as high risk."""
        return self.expected.level == Risk.HIGH

    def pass_check(self) -> Reply:
        """The answer of an activation check that misses nothing."""
        level = self.expected.level
        return Reply(facts=Facts(consent_ok=True, verification_ok=True, activation_allowed=True, risk=level))


class Unresolved(Situation, frozen=True, kw_only=True):
    """A situation in which the step ``at`` has attempts of unknown outcome.

    ``changed``: the row differs from what the step sent. ``unsafe``: it names another person than the registered one.
    ``held``: why the step must not be repeated.
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
        """Whether the bank refused the step as conflicting with its state."""
        return self.journey.code == Code.STATE_CONFLICT

    def repeat(self) -> Move:
        """Repeat the step, if its gate allows it."""
        return self.held or Send(step=self.at)

    def rest(self, standing: Standing, code: Code) -> Rest:
        """Stop at the step's phase."""
        return Rest(standing=standing, code=code, phase=self.at.phase)

    def ask_person(self, code: Code = Code.OUTCOME_UNKNOWN) -> Rest:
        """Leave it to a person. A changed row and a wrong operator's answer are reported first."""
        if self.journey.code == Code.CLAIM_UNKNOWN:
            code = Code.CLAIM_UNKNOWN
        return self.changed or self.rest(Standing.IN_DOUBT, code)

    def read_check(self) -> Send:
        """Read the activation check."""
        return Send(step=step(CallName.CHECK, phase=self.at.phase), poll=self.visit.polls)

    def confirm_conflict(self) -> Move | None:
        """Confirm by the check that this is done or decided already; ``None``: a person must look."""
        check = self.visit.check
        if check is None:
            return self.read_check()
        if activation_check.is_approved(check):
            return Advance(phase=Phase.APPROVAL)
        if activation_check.is_refused(check):
            return self.rest(Standing.DECLINED, Code.VERIFICATION_REFUSED)
        return None
