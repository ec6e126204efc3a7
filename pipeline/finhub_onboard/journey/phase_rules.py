"""What a phase decides, as one value that each module of ``phases`` fills in. What it leaves out keeps its default.

Promise: nothing else of the journey knows one phase from another; ``phase_table`` is where they meet.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from finhub_onboard.finhub.calls import CallName, Reply
from finhub_onboard.journey.move_kinds import Move, Rest
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Situation, Unresolved
from finhub_onboard.journey.verdicts import DONE, Judgement
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRules:
    """All that one phase decides about a customer.

    ``call`` is the one that completes it. ``settle`` and ``question`` are about that call where its outcome is unknown.
    """

    next_move: Callable[[Situation], Move]
    """What to do when all phases before are complete and nothing is in doubt."""
    call: CallName | None = None
    judge_accepted: Callable[[Reply], Judgement] = _is_done
    """What an accepted answer to the call amounts to."""
    judge_refused: Mapping[int, Callable[[Reply, int], Judgement | None]] = field(default_factory=dict)
    """By status: what a refusal of the call amounts to, given how many earlier attempts are unresolved.

    ``None``: what it amounts to for any call."""
    replies: Mapping[CallName, Callable[[Accepted], Moved]] = field(default_factory=dict)
    """How answers to its calls, reads among them, move the journey."""
    settle: Callable[[Unresolved], Move] | None = None
    """What to do about attempts of the call whose outcome is unknown."""
    question: Question | None = None
    """What the operator is asked about them."""
    gate: Callable[[Situation, str], Rest | None] = _is_open
    """Why the call must not leave for this item, for the first time or again."""
    lacking: Callable[[Situation], Iterator[Rest]] = _lacks_nothing
    """All that the row does not have for this phase; also asked before the first call."""
    columns: Callable[[str], frozenset[str]] = _sends_nothing
    """The columns of a row that the call sends for an item."""
    known_by: tuple[str, ...] = ()
    """By what of the row the person would be known again: written as identity hashes with the call's intent."""
    sent: Callable[[Journey], frozenset[str]] = _nothing_left
    """The columns that have left by what is complete in this phase."""
