"""What an operator may say about a customer between runs: the outcome of an unresolved step, or "try again".

Pure. Here promise 2 rests on the operator's word and nothing else: an answer settles exactly the unresolved step, by
the rules that the bank's answer would have met. "Does not exist" gives back the one repeat of the registration; if the
bank then says that the customer exists, the step is in doubt again: the customer is not taken for a stranger.
"""

import re
from dataclasses import dataclass
from typing import Self

from msgspec.structs import replace

from finhub_onboard.finhub.calls import Facts, Reply, step_from_label
from finhub_onboard.journey.phase_table import PHASES
from finhub_onboard.journey.progress import clear_reason
from finhub_onboard.journey.questions import Question, Word
from finhub_onboard.journey.state import conclude
from finhub_onboard.journey.verdicts import DONE
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Standing

IDS = ("customer_id", "user_id", "verification_id")
_KEPT = re.compile(r"the operator answered: (?P<word>[a-z ]+)(?: \((?P<ids>.*)\))?")
"""The format in which the ledger keeps an answer; ids contain no spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The operator's answer about an unresolved step, with the bank's ids that the step would have returned."""

    word: Word
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""

    @property
    def text(self) -> str:
        """The answer as the ledger keeps it and people read it; "no" comes without ids."""
        ids = [f"{name} {getattr(self, name)}" for name in IDS if self.word.happened and getattr(self, name)]
        return f"the operator answered: {self.word}" + (f" ({', '.join(ids)})" if ids else "")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Parse ``text``; ``None``: it is not an answer."""
        kept = _KEPT.fullmatch(text)
        if kept is None or kept["word"] not in set(Word):
            return None
        ids = (part.partition(" ") for part in (kept["ids"] or "").split(", "))
        return cls(word=Word(kept["word"]), **{name: value for name, _, value in ids if name in IDS})


def is_in_doubt(journey: Journey) -> bool:
    """Whether there is a question: an intent without a known outcome."""
    return journey.doubts > 0 and journey.standing in (Standing.OPEN, Standing.IN_DOUBT, Standing.PARKED)


def question_about(journey: Journey) -> Question:
    """The question for the operator about an unresolved step."""
    at = step_from_label(journey.step)
    asked = PHASES[at.phase].question
    assert asked is not None, f"{journey.step} changes nothing and cannot be in doubt"
    return Question(text=asked.text.format(item=at.item), yes=asked.yes, no=asked.no, brings=asked.brings)


def phase_in_doubt(journey: Journey) -> Phase:
    """The phase of the unresolved step."""
    return step_from_label(journey.step).phase


def apply_answer(journey: Journey, answer: Answer, *, run: int, now: float) -> Journey:
    """The journey after the operator's answer; ``run`` is the number of this intervention among the runs."""
    at, phase = step_from_label(journey.step), phase_in_doubt(journey)
    opened = _open(journey, run=run)
    if answer.word.happened:
        brought = {name: getattr(answer, name) for name in question_about(journey).brings}
        known, _ = conclude(opened, Visit(), at, Reply(facts=Facts(**brought)), DONE, max_tries=1, now=now)
        # An answer does not prove earlier claims. If one of them is wrong, the doubt is restored as it was.
        claimed = tuple(dict.fromkeys((*journey.claimed, *(name for name, value in brought.items() if value))))
        known = replace(known, claimed=claimed, doubt_at=journey.doubt_at, doubt_email=journey.doubt_email)
    else:
        known = PHASES[phase].deny(opened)
    return replace(known, phase=phase, message=answer.text)


def answer_given(journey: Journey) -> Answer | None:
    """The answer that led to this state; ``None``: there was none."""
    return Answer.read(journey.message)


def may_open(journey: Journey, *, declined: bool) -> bool:
    """Whether ``retry`` may open the customer: it failed, or was declined if asked for; never one in doubt."""
    failed = journey.standing is Standing.FAILED and not journey.doubts
    return failed or (declined and journey.standing is Standing.DECLINED)


def open_again(journey: Journey, *, run: int) -> Journey:
    """The journey after ``retry``: the next run tries the failed phase again."""
    why = f"opened again by the operator after {journey.phase}, {journey.code}"
    return replace(_open(journey, run=run), phase=journey.phase, message=why)


def _open(journey: Journey, *, run: int) -> Journey:
    """Remove what stops the customer; what the bank has and what is unresolved stays."""
    return replace(clear_reason(journey), standing=Standing.OPEN, final=False, last_run=run, sent=0, finished_at=0.0)
