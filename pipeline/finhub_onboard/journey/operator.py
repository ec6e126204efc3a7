"""What an operator may say about a customer between runs: how a step in doubt ended, or "try again". Pure.

Promise 2 rests on the operator's word here, and on nothing else: an answer settles exactly the step in doubt, by the
rules that an answer of the bank would have met. "Does not exist" gives the one repeat of the registration back; should
the bank then say that the customer exists, it is in doubt again and not taken for a stranger's.
"""

from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Reply, step_from_label
from finhub_onboard.journey.codes import EXPLANATIONS, VOUCHED
from finhub_onboard.journey.policy import Judgement, Verdict
from finhub_onboard.journey.state import after, settled, silent
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Repeat, Standing


class Word(StrEnum):
    """The answers; the first two are meant for registrations."""

    EXISTS = "exists"
    ABSENT = "does not exist"
    DONE = "done"
    NOT_DONE = "not done"

    @property
    def happened(self) -> bool:
        """Whether the step was carried out."""
        return self in (Word.EXISTS, Word.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What has to be found out at the bank; ``yes`` and ``no`` are the answers, ``brings`` the ids that come with yes.

    The first id must be known, others help.
    """

    text: str
    yes: Word = Word.DONE
    no: Word = Word.NOT_DONE
    brings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The operator's word about a step in doubt, with the ids at the bank where the step would have brought them."""

    word: Word
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""


IDS = ("customer_id", "user_id", "verification_id")
_QUESTIONS = {
    CallName.REGISTER: Question(
        text="Does the bank have a customer with this e-mail? If so, fill in customer_id, and user_id if it is shown.",
        yes=Word.EXISTS,
        no=Word.ABSENT,
        brings=("customer_id", "user_id"),
    ),
    CallName.OPEN_VERIFICATION: Question(
        text="Does this customer have a verification? If so, fill in verification_id.", brings=("verification_id",)
    ),
    CallName.UPLOAD_DOCUMENT: Question(text="Does this verification have the document {item}?"),
    CallName.APPROVE: Question(text="Is this verification approved?"),
    CallName.ACCEPT_CONSENT: Question(text="Is the consent {item} of this customer recorded?"),
    CallName.ACTIVATE: Question(text="Is this customer active?"),
}


def is_in_doubt(journey: Journey) -> bool:
    """Whether there is something to answer: an intent without a known outcome."""
    return journey.doubts > 0 and journey.standing in (Standing.OPEN, Standing.IN_DOUBT, Standing.PARKED)


def question_about(journey: Journey) -> Question:
    """What the operator is asked about a customer in doubt."""
    at = step_from_label(journey.step)
    asked = _QUESTIONS[at.call.name]
    return Question(text=asked.text.format(item=at.item), yes=asked.yes, no=asked.no, brings=asked.brings)


def phase_in_doubt(journey: Journey) -> Phase:
    """The phase of the step in doubt."""
    return step_from_label(journey.step).phase


def said(answer: Answer) -> str:
    """The answer as the ledger keeps it."""
    ids = [f"{name} {getattr(answer, name)}" for name in IDS if answer.word.happened and getattr(answer, name)]
    return f"the operator answered: {answer.word}" + (f" ({', '.join(ids)})" if ids else "")


def answered(journey: Journey, answer: Answer, *, run: int, now: float) -> Journey:
    """The journey once the operator has answered; ``run`` is the act's number among the runs."""
    at, phase = step_from_label(journey.step), phase_in_doubt(journey)
    opened = _opened(journey, run=run)
    if answer.word.happened:
        brought = {name: getattr(answer, name) for name in question_about(journey).brings}
        done = Judgement(verdict=Verdict.DONE)
        known, _ = after(opened, Visit(), at, Reply(facts=Facts(**brought)), done, max_tries=1, now=now)
        # A word proves no other word. Should a claim turn out wrong, the doubt is as it was.
        claimed = tuple(dict.fromkeys((*journey.claimed, *(name for name, value in brought.items() if value))))
        known = replace(known, claimed=claimed, doubt_at=journey.doubt_at, doubt_email=journey.doubt_email)
    elif at.call.name is CallName.REGISTER:
        hint = EXPLANATIONS[VOUCHED][1]
        known = replace(opened, doubts=1, repeat=Repeat.GRANTED, code=VOUCHED, hint=hint)
    else:
        known = settled(opened)
    return replace(known, phase=phase, message=said(answer))


def may_open(journey: Journey, *, declined: bool) -> bool:
    """Whether a redrive may open the customer: it failed, or was declined if that is asked for; never one in doubt."""
    failed = journey.standing is Standing.FAILED and not journey.doubts
    return failed or (declined and journey.standing is Standing.DECLINED)


def opened_again(journey: Journey, *, run: int) -> Journey:
    """The journey once a redrive has opened it: the next run tries the phase again that failed."""
    why = f"opened again by the operator after {journey.phase}, {journey.code}"
    return replace(_opened(journey, run=run), phase=journey.phase, message=why)


def _opened(journey: Journey, *, run: int) -> Journey:
    """Nothing holds the customer any more; what the bank has and what is in doubt stay."""
    return replace(silent(journey), standing=Standing.OPEN, final=False, last_run=run, sent=0, finished_at=0.0)
