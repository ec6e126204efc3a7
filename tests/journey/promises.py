"""What must hold at the instant a request leaves, and what the bank was told: held against each life of the job.

``Promises`` looks at every request of a world. It knows the bank's truth, which the job does not.
"""

from typing import TYPE_CHECKING

from finhub_onboard.finhub.calls import CallName, Step
from finhub_onboard.journey.phases.p2_registration import IDENTITY_COLUMNS
from finhub_onboard.journey.sent import columns_of, sent_columns
from finhub_onboard.keys import column_hash
from finhub_onboard.model import Customer, Journey, Risk
from tests.values import replace

if TYPE_CHECKING:
    from tests.journey.world import Person, World

REFUSED = 422


class Promises:
    """The promises about what leaves, for one customer."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._attempted: dict[str, dict[str, str]] = {}
        self._refused = False
        self.expired = False
        self._vouched: set[str] = set()
        self._repeated: set[str] = set()
        self._used_up: set[str] = set()

    def leaves(self, step: Step, customer: Customer, held: Journey) -> None:
        """A call that changes something is about to leave."""
        rules, person = self._world.rules, self._world.bank.person(held.customer_id)
        assert step.phase.number <= rules.until.number, f"{step.label} leaves beyond `until`"
        if person is not None and step.call.name is not CallName.REGISTER:
            same = [person.told.get(column) in (None, getattr(customer, column)) for column in IDENTITY_COLUMNS]
            assert all(same), f"{step.label} leaves for a row that names somebody else"
        match step.call.name:
            case CallName.APPROVE:
                level = customer.risk_level or held.risk or Risk.MEDIUM
                assert Risk.HIGH not in (customer.risk_level, held.risk), "the job approves a high risk"
                assert level in rules.auto_levels, "the job approves though a person must"
                assert person is None or not person.refused, "an approval overrules a rejection"
            case CallName.ACCEPT_CONSENT:
                evidence = f"{step.item.replace('-', '_')}_accepted_at"
                assert getattr(customer, evidence) or not rules.evidence_required, "a consent without its evidence"
            case CallName.OPEN_VERIFICATION if person is not None and person.verifications:
                refused = person.refused or self._refused
                assert refused or held.doubts > 1, "a second verification that nobody asked for"
                self._refused = False
            case _:
                pass
        values = {column: getattr(customer, column) for column in columns_of(step)}
        if held.doubts == 1:
            self._attempted[step.label] = values
            self._used_up.discard(step.label)
        assert step.label not in self._used_up, f"{step.label} is repeated though the repeat was refused"
        self._repeated = {step.label} if held.doubts > 1 and step.label not in self._vouched else set()
        self._vouched.discard(step.label)
        before = self._attempted.get(step.label, values)
        assert values == before, f"{step.label} is repeated with other data"

    def vouched(self, label: str) -> None:
        """An operator says that the attempts of a step were not carried out."""
        self._attempted.pop(label, None)
        self._used_up.discard(label)
        self._vouched.add(label)

    def answered(self, step: Step, status: int | None, *, final: bool = False, over: bool = False) -> None:
        """The bank answered; ``final``: with a refusal that says something about this customer.

        ``over``: it says that the verification has expired.
        """
        if final and step.label in self._repeated:
            self._used_up.add(step.label)
        if step.call.name in (CallName.OPEN_VERIFICATION, CallName.APPROVE) and status == REFUSED:
            self._refused = True
        if step.call.name in (CallName.UPLOAD_DOCUMENT, CallName.APPROVE) and over:
            self._refused = self.expired = True

    @staticmethod
    def worked(step: Step, customer: Customer, person: "Person | None") -> None:
        """The bank did what a call asked: it has these data now."""
        if person is not None:
            person.told.update({column: getattr(customer, column) for column in columns_of(step)})

    def check(self, journey: Journey, person: "Person | None") -> None:
        """What counts as sent is what the bank was told."""
        if person is None or not journey.customer_id:
            return
        counted = sent_columns(replace(journey, doubts=0)) if journey.done < len(_PHASES) else frozenset(person.told)
        for column in counted & person.told.keys():
            told = replace(self._world.customer, **{column: person.told[column]})
            assert column_hash(journey.fingerprint, column) == column_hash(
                self._world.keys.fingerprint(told), column
            ), f"{column} counts as sent, and the bank has another"


_PHASES = range(8)
