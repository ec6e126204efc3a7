"""What a phase decides, as one value that each module of ``phases`` fills in. What it leaves out keeps its default.

Promise: nothing else of the journey knows one phase from another; ``phase_table`` is where they meet.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from finhub_onboard.finhub.calls import CallName, Facts, Reply
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import JourneyRules, Move, Rest
from finhub_onboard.journey.progress import settle_attempts
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.verdicts import DONE, Judgement
from finhub_onboard.journey.visit import Visit
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Journey


def _is_done(_: Reply) -> Judgement:
    return DONE


def _lacks_nothing(_: Situation) -> Iterator[Rest]:
    return iter(())


def _is_open(_: Situation, __: str) -> Rest | None:
    return None


def _sends_nothing(_: str) -> frozenset[str]:
    return frozenset()


def _nothing_left(_: Journey) -> frozenset[str]:
    return frozenset()


def _same(journey: Journey) -> Journey:
    return journey


def _keeps(journey: Journey, _: Collection[str]) -> Journey:
    return journey


def _records_no_more(journey: Journey, _: Visit, __: float) -> Journey:
    return journey


def _takes_any_token(_: JourneyRules) -> bool:
    return False


def _asks_nothing(_: Situation, __: Facts) -> Move | None:
    return None


def _learns_nothing(at: Situation, _: Facts) -> Journey:
    return at.journey


def _stays(_: Journey, __: Visit, ___: Facts) -> Moved | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredRules:
    """What a phase decides about a ledger that may be older than what was done with it (``journey.restored``)."""

    compare: Callable[[Situation, Facts], Move | None] = _asks_nothing
    """What to ask or to assume, in view of the activation check; ``None``: the next phase decides."""
    learn: Callable[[Situation, Facts], Journey] = _learns_nothing
    """The journey with what the check and other reads say that the bank has."""
    is_further: Mapping[CallName, Callable[[Journey, Facts], bool | None]] = field(default_factory=dict)
    """By call: whether its answer shows that the bank is further than the ledger; ``None``: it does not tell."""
    is_forgettable: bool = False
    """Whether one more attempt of the call must be assumed that the ledger may not know of."""
    exists_codes: frozenset[Code] = frozenset()
    """The refusals of the call that say that the bank has it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRules:
    """All that one phase decides about a customer.

    ``call`` is the one that completes it. ``settle``, ``question`` and ``deny`` are about that call where its outcome
    is unknown.
    """

    next_move: Callable[[Situation], Move]
    """What to do when all phases before are complete and nothing is in doubt."""
    call: CallName | None = None
    path_id: IdKind | None = IdKind.CUSTOMER
    """The id in the path of the call's request."""
    needs_admin: Callable[[JourneyRules], bool] = _takes_any_token
    """Whether the call, which could carry the customer's token, must carry the admin's."""
    judge_accepted: Callable[[Reply], Judgement] = _is_done
    """What an accepted answer to the call amounts to."""
    judge_refused: Mapping[int, Callable[[Reply, int], Judgement | None]] = field(default_factory=dict)
    """By status: what a refusal of the call amounts to, given how many earlier attempts are unresolved.

    ``None``: what it amounts to for any call."""
    replies: Mapping[CallName, Callable[[Accepted], Moved]] = field(default_factory=dict)
    """How answers to its calls, reads among them, move the journey."""
    unread: Mapping[CallName, Callable[[Visit], Visit]] = field(default_factory=dict)
    """By read: what to note if it fails while the call is in doubt; else the customer stays in doubt."""
    expected: Mapping[CallName, Callable[[Foreseen], Reply]] = field(default_factory=dict)
    """By call: what a bank without trouble answers, for forecasts; a call that is not here brings nothing."""
    settle: Callable[[Unresolved], Move] | None = None
    """What to do about attempts of the call whose outcome is unknown."""
    question: Question | None = None
    """What the operator is asked about them."""
    deny: Callable[[Journey], Journey] = settle_attempts
    """The journey once the operator has said that they were not carried out."""
    record_first: Callable[[Journey, Visit, float], Journey] = _records_no_more
    """What the journey keeps of the first attempt of the call, whose intent is written now."""
    gate: Callable[[Situation, str], Rest | None] = _is_open
    """Why the call must not leave for this item, for the first time or again."""
    lacking: Callable[[Situation], Iterator[Rest]] = _lacks_nothing
    """All that the row does not have for this phase; also asked before the first call."""
    may_lack: Mapping[str, Code] = field(default_factory=dict)
    """The columns that ``lacking`` may name, with the codes that it gives."""
    columns: Callable[[str], frozenset[str]] = _sends_nothing
    """The columns of a row that the call sends for an item."""
    identity_columns: frozenset[str] = frozenset()
    """Of these, those whose change makes going on unsafe once the phase is complete."""
    sent: Callable[[Journey], frozenset[str]] = _nothing_left
    """The columns that have left by what is complete in this phase."""
    known_by: tuple[str, ...] = ()
    """By what of the row the person would be known again: written as identity hashes with the call's intent."""
    evidence_columns: frozenset[str] = frozenset()
    """The columns whose change opens the phase again for a customer whom the bank declined."""
    open_declined: Callable[[Journey], Journey] = _same
    """The journey of such a customer, as a later run takes it up."""
    take_replaced: Callable[[Journey, Collection[str]], Journey] = _keeps
    """The journey that waits for something better in the row, once these columns have changed."""
    retries_conflict: bool = False
    """Whether a later run sends the call again after a conflict that no read could confirm."""
    begin_again: Callable[[Journey, Visit, Facts], Moved | None] = _stays
    """Do the phase once more, since a later one is refused for want of it, as the facts say; ``None``: not again."""
    is_decided_by_people: bool = False
    """Whether people at the bank may complete the phase without the job."""
    restored: RestoredRules = RestoredRules()
    """What it decides about a ledger that was restored."""
