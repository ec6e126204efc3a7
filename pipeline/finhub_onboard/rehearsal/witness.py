"""The witness of a rehearsal: observes each call at the bank, kills the job at given points, and records calls.

Promises to judge "twice" by what was sent and what its sender could know, not by what the bank accepted: a bank that
refuses a second registration must not hide it. (``verdict`` also compares the bank's own state.) Knows no results.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec

from finhub_onboard.sandbox.onlooker import Seen

if TYPE_CHECKING:
    from finhub_onboard.sandbox.bank import Bank

_ONCE: Final = {
    "registerIndividual": "registration",
    "startIndividualVerification": "verification",
    "createVerification": "verification",
    "uploadVerificationDocument": "document",
    "approveVerification": "approval",
    "activateIndividual": "activation",
}
"""Calls that may be repeated once when their outcome is unknown, and never when it is known (API.md, section 9)."""
_AFTER_A_READ: Final = "activation"
"""It may be repeated after each read that does not find it done."""
_NOT_ABOUT_THE_CUSTOMER: Final = (401, 403, 429)
"""Refusals of the token, the tenant or the rate: nothing was taken, and they may pass (API.md, section 7)."""
_PLAIN_REFUSALS: Final = frozenset({"too_many", "expired_token", "unauthorized"})
_HARMLESS: Final = frozenset({"slow_body", "close_after_answer"})
"""Faults whose answer is whole: it tells."""

KILLED: Final = "kill -9"
"""What a kill is called among the faults."""


class Fate(Enum):
    """What the sender of a call can know of its outcome."""

    DONE = "done"
    REFUSED = "refused"
    """The bank's answer says that nothing was done."""
    NOT_TAKEN = "not taken"
    """Refused for its rate, its token or its tenant: as if it had not been sent."""
    UNCLEAR = "unclear"
    """No answer, or an inconclusive one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A point at which the job is killed: at the ``request``-th call of all, before or ``after`` the bank's work."""

    request: int
    after: bool

    @property
    def words(self) -> str:
        """Say it in a form that sorts and can be a folder's name."""
        return f"{self.request:03}-{'after' if self.after else 'before'}"


@dataclass(slots=True)
class _Sent:
    """A call of a customer, and its fate."""

    key: tuple[str, str]
    fate: Fate


class _Body(msgspec.Struct):
    """What a body tells of whom a call is for."""

    email: str = ""
    customerId: str = ""  # noqa: N815 - the contract's name
    documentType: str = ""  # noqa: N815


class Witness:
    """An onlooker (``sandbox.onlooker``) with a list of points at which to ``kill``."""

    def __init__(self, kills: Sequence[Kill] = ()) -> None:
        self.bank: Bank | None = None
        self.kill: Callable[[], None] = lambda: None
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self.plan = sorted(kills, key=lambda kill: (kill.request, kill.after))
        self.sent: dict[str, list[_Sent]] = defaultdict(list)
        self._under_way: dict[int, tuple[int, _Sent | None]] = {}
        self._served: set[str] = set()

    def job_begins(self) -> None:
        """Another process of the job: what was settled before it is in the ledger."""
        self._served.clear()

    def arrived(self, call: Seen) -> bool:
        """Count, note it as unclear until more is known, and kill if it is time."""
        self.requests += 1
        email, item = self._of(call)
        sent = None
        if email:
            sent = _Sent((_ONCE.get(call.operation, call.operation), item), Fate.UNCLEAR)
            self.sent[email].append(sent)
            self._served.add(email)
        self._under_way[id(call)] = (self.requests, sent)
        return not self._strikes(self.requests, after=False)

    def settled(self, call: Seen, fault: str, status: int) -> bool:
        """Note what its sender can know, and kill if it is time."""
        number, sent = self._under_way.pop(id(call))
        if fault:
            self.faults[fault] += 1
        if self._strikes(number, after=True):
            return False
        if sent is not None:
            sent.fate = _fate(fault, status)
        return True

    def job_died(self) -> None:
        """What the last call of each customer in hand became may not have reached the ledger."""
        for email in self._served:
            self.sent[email][-1].fate = Fate.UNCLEAR

    def sent_twice(self, email: str) -> list[str]:
        """The calls of a customer that should not have been sent, in words."""
        by_key: dict[tuple[str, str], list[Fate]] = defaultdict(list)
        for sent in self.sent.get(email, ()):
            if sent.key[0] in _ONCE.values():
                by_key[sent.key].append(sent.fate)
        return [
            f"{name} sent again"
            for (name, _), fates in by_key.items()
            for _ in range(excess(fates, once=name != _AFTER_A_READ))
        ]

    def ends_unclear(self, email: str) -> bool:
        """Whether the last call of a customer got no answer that tells."""
        sent = self.sent.get(email, [])
        return bool(sent) and sent[-1].fate is Fate.UNCLEAR

    def _strikes(self, number: int, *, after: bool) -> bool:
        if not self.plan or number < self.plan[0].request or after != self.plan[0].after:
            return False
        self.plan.pop(0)
        self.faults[KILLED] += 1
        self.kill()
        return True

    def _of(self, call: Seen) -> tuple[str, str]:
        """E-mail of the customer that a call is for, and which of several it is; nothing for a call of no customer."""
        assert self.bank is not None
        body = _body(call.body)
        case = self.bank.cases.get(call.params.get("verificationId", ""))
        customer = case[0] if case else self.bank.customers.get(call.params.get("customerId") or body.customerId)
        email = customer.email if customer else body.email
        return email.casefold(), body.documentType or call.params.get("consentType", "")


def _body(content: bytes) -> _Body:
    try:
        return msgspec.json.decode(content, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Body()


def _fate(fault: str, status: int) -> Fate:
    if fault in _PLAIN_REFUSALS or (fault in ("", "refuse") and status in _NOT_ABOUT_THE_CUSTOMER):
        return Fate.NOT_TAKEN
    if fault == "refuse":
        return Fate.REFUSED
    if fault and fault not in _HARMLESS:
        return Fate.UNCLEAR
    return Fate.DONE if 200 <= status < 300 else Fate.REFUSED  # noqa: PLR2004 - RFC 9110 success


def excess(fates: Iterable[Fate], *, once: bool = True) -> int:
    """How many of the calls, in order, should not have been sent: after a done one none, after unclear ones one.

    Not ``once``: after unclear ones as many as it takes.
    """
    known = unclear = False
    repeats = too_many = 0
    for fate in fates:
        if known:
            too_many += 1
        elif unclear and fate is not Fate.NOT_TAKEN:
            repeats += 1
            too_many += once and repeats > 1
        known = known or fate is Fate.DONE
        unclear = unclear or fate is Fate.UNCLEAR
    return too_many
