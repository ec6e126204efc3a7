"""What others do while we work: the bank by itself, or a person in its portal, before and after our calls.

Promises that an act happens once per customer and entry, at the moment that the scenario names, and that active
customers are left alone. Does not know HTTP; works on the bank's state.
"""

from collections.abc import Callable
from typing import Final

from finhub_onboard.sandbox.bank import Bank
from finhub_onboard.sandbox.cases import Cases
from finhub_onboard.sandbox.chance import unit
from finhub_onboard.sandbox.habits import Meanwhile
from finhub_onboard.sandbox.records import Customer, Pending

_Act = Callable[[Customer, float], None]
_BEFORE, _AFTER = "before", "after"


class Others:
    """Those who also act on our customers."""

    __slots__ = ("_acts", "_bank", "_cases", "_entries")

    def __init__(self, bank: Bank, cases: Cases) -> None:
        self._bank = bank
        self._cases = cases
        self._acts: Final[dict[str, _Act]] = {
            "approve": self._approve,
            "reject": self._reject,
            "expire": self._expire,
            "activate": self._activate,
            "refuse_documents": self._refuse_documents,
        }
        self._entries: dict[tuple[str, str], list[tuple[int, Meanwhile]]] = {}
        for place, entry in enumerate(bank.scenario.meanwhile):
            for moment, operations in ((_BEFORE, entry.before), (_AFTER, entry.after)):
                for operation in operations:
                    self._entries.setdefault((moment, operation), []).append((place, entry))

    def before(self, operation_id: str, customer: Customer, now: float) -> None:
        """A call about a customer is here: carry out what is due, and what comes before it."""
        customer.calls += 1
        if customer.pending:
            self._catch_up(customer, now)
        self._look(_BEFORE, operation_id, customer, now)

    def after(self, operation_id: str, customer: Customer, now: float) -> None:
        """A call about a customer was accepted: carry out what comes after it."""
        self._look(_AFTER, operation_id, customer, now)

    def _look(self, moment: str, operation_id: str, customer: Customer, now: float) -> None:
        for place, entry in self._entries.get((moment, operation_id), ()):
            if place in customer.met or not self._concerns(place, entry, customer):
                continue
            customer.met.append(place)
            self._bank.touch(customer)
            if entry.later_calls or entry.later_minutes:
                due = now + entry.later_minutes * self._bank.scenario.minute_s
                customer.pending.append(Pending(does=entry.does, calls=customer.calls + entry.later_calls, at=due))
            else:
                self._carry_out(entry.does, customer, now)

    def _concerns(self, place: int, entry: Meanwhile, customer: Customer) -> bool:
        email = customer.email.casefold()
        return email in entry.of or unit(self._bank.scenario.seed, "meanwhile", place, email) < entry.share

    def _catch_up(self, customer: Customer, now: float) -> None:
        """Carry out what is due by now."""
        due = [item for item in customer.pending if customer.calls > item.calls and now >= item.at]
        customer.pending = [item for item in customer.pending if item not in due]
        for item in due:
            self._carry_out(item.does, customer, now)
        self._bank.touch(customer)  # its calls count

    def _carry_out(self, does: str, customer: Customer, now: float) -> None:
        if customer.status != "ACTIVE":
            self._bank.acts[does] += 1
            self._acts[does](customer, now)
            self._bank.touch(customer)

    def _approve(self, customer: Customer, now: float) -> None:
        if customer.approved() is None:
            case = self._cases.newest(customer, now)
            self._cases.settle_by_person(case.id, "APPROVED", now)

    def _reject(self, customer: Customer, now: float) -> None:
        for case in customer.verifications:
            self._cases.settle_by_person(case.id, "REJECTED", now)

    def _expire(self, customer: Customer, now: float) -> None:
        for case in customer.verifications:
            self._cases.settle_by_person(case.id, "EXPIRED", now)

    def _activate(self, customer: Customer, now: float) -> None:
        customer.status = "ACTIVE"
        self._bank.deliver("customer.activated", customer, now)

    def _refuse_documents(self, customer: Customer, now: float) -> None:
        del now
        for case in customer.verifications:
            for document in case.documents:
                document.refused = True
