"""What an operator may say about a customer between runs: how a step in doubt ended, or "try again". Pure.

Promise 2 rests on the operator's word here, and on nothing else: an answer settles exactly the step in doubt, by the
rules that an answer of the bank would have met. "Does not exist" gives the one repeat of the registration back; should
the bank then say that the customer exists, it is in doubt again and not taken for a stranger's.
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
"""An answer as the ledger keeps it; ids have no spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The operator's word about a step in doubt, with the ids at the bank where the step would have brought them."""

    word: Word
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""

    @property
    def text(self) -> str:
        """The answer as the ledger keeps it, which is also how a person reads it. A no tells no id."""
        ids = [f"{name} {getattr(self, name)}" for name in IDS if self.word.happened and getattr(self, name)]
        return f"the operator answered: {self.word}" + (f" ({', '.join(ids)})" if ids else "")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what ``text`` wrote; ``None``: the text is no answer."""
        kept = _KEPT.fullmatch(text)
        if kept is None or kept["word"] not in set(Word):
            return None
        ids = (part.partition(" ") for part in (kept["ids"] or "").split(", "))
        return cls(word=Word(kept["word"]), **{name: value for name, _, value in ids if name in IDS})


def is_in_doubt(journey: Journey) -> bool:
    """Whether there is something to answer: an intent without a known outcome."""
    return journey.doubts > 0 and journey.standing in (Standing.OPEN, Standing.IN_DOUBT, Standing.PARKED)


def question_about(journey: Journey) -> Question:
    """What the operator is asked about a customer in doubt."""
    at = step_from_label(journey.step)
    asked = PHASES[at.phase].question
    assert asked is not None, f"{journey.step} changes nothing and cannot be in doubt"
    return Question(text=asked.text.format(item=at.item), yes=asked.yes, no=asked.no, brings=asked.brings)


def phase_in_doubt(journey: Journey) -> Phase:
    """The phase of the step in doubt."""
    return step_from_label(journey.step).phase


def apply_answer(journey: Journey, answer: Answer, *, run: int, now: float) -> Journey:
    """The journey once the operator has answered; ``run`` is the act's number among the runs."""
    at, phase = step_from_label(journey.step), phase_in_doubt(journey)
    opened = _open(journey, run=run)
    if answer.word.happened:
        brought = {name: getattr(answer, name) for name in question_about(journey).brings}
        known, _ = conclude(opened, Visit(), at, Reply(facts=Facts(**brought)), DONE, max_tries=1, now=now)
        # A word proves no other word. Should a claim turn out wrong, the doubt is as it was.
        claimed = tuple(dict.fromkeys((*journey.claimed, *(name for name, value in brought.items() if value))))
        known = replace(known, claimed=claimed, doubt_at=journey.doubt_at, doubt_email=journey.doubt_email)
    else:
        known = PHASES[phase].deny(opened)
    return replace(known, phase=phase, message=answer.text)


def answer_given(journey: Journey) -> Answer | None:
    """The answer that left the journey as it is; ``None``: none did."""
    return Answer.read(journey.message)


def may_open(journey: Journey, *, declined: bool) -> bool:
    """Whether a redrive may open the customer: it failed, or was declined if that is asked for; never one in doubt."""
    failed = journey.standing is Standing.FAILED and not journey.doubts
    return failed or (declined and journey.standing is Standing.DECLINED)


def open_again(journey: Journey, *, run: int) -> Journey:
    """The journey once a redrive has opened it: the next run tries the phase again that failed."""
    why = f"opened again by the operator after {journey.phase}, {journey.code}"
    return replace(_open(journey, run=run), phase=journey.phase, message=why)


def _open(journey: Journey, *, run: int) -> Journey:
    """Nothing holds the customer any more; what the bank has and what is in doubt stay."""
    return replace(clear_reason(journey), standing=Standing.OPEN, final=False, last_run=run, sent=0, finished_at=0.0)
