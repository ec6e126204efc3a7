"""The calls that a customer still needs and how the journey would end, by simulating it against a healthy bank.

Pure. Promises: no rules of its own; the moves are those of a real run. Assumptions: every call succeeds at once, and
the bank decides as ``Expected`` says. Equal customers are computed once.
"""

from collections import Counter
from dataclasses import dataclass, field

from msgspec.structs import replace

from finhub_onboard.finhub.calls import Reply, Step
from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.journey.completeness import FILLED_COLUMNS
from finhub_onboard.journey.move_kinds import Advance, Doubt, JourneyRules, Resolve, Rest, Revise, Send
from finhub_onboard.journey.next_move import next_move
from finhub_onboard.journey.phase_table import IN_ORDER, PHASES
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.progress import advance
from finhub_onboard.journey.sent import changed_since_sent
from finhub_onboard.journey.situation import Expected, Foreseen
from finhub_onboard.journey.state import conclude, record_intent, stop_unsendable
from finhub_onboard.journey.verdicts import DONE
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Customer, Journey, Phase, Standing

_REGISTRATION = PHASES[Phase.REGISTRATION].call
_UPLOAD = PHASES[Phase.DOCUMENTS].call
_MOST = 100
"""More moves than this mean a defect: the journey does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The number of calls by phase, and how the journey would end: status and code.

    ``documents`` are the columns of the documents that are uploaded.
    """

    calls: Counter[Phase]
    standing: Standing
    code: str
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """Simulates customers by the rules of a run."""

    rules: JourneyRules
    known: dict[tuple[object, ...], Outlook] = field(default_factory=dict)

    def outlook(self, journey: Journey, customer: Customer, visit: Visit, expected: Expected | None = None) -> Outlook:
        """What is left for a customer that a run has taken up; the default risk level is the row's, else LOW."""
        expected = expected or Expected(level=customer.risk_level or journey.risk)
        alike = (
            expected,
            visit.check_first,
            changed_since_sent(journey, visit.row),
            customer.risk_level,
            *(bool(getattr(customer, column)) for column in FILLED_COLUMNS),
            *(
                journey.standing,
                journey.done,
                journey.step,
                journey.doubts,
                journey.repeat,
                journey.code,
                bool(journey.user_id),
            ),
            *(journey.required, journey.uploaded, journey.consented, journey.risk),
        )
        if alike not in self.known:
            self.known[alike] = _foreseen(journey, customer, self.rules, visit, expected)
        return self.known[alike]


def _foreseen(journey: Journey, customer: Customer, rules: JourneyRules, visit: Visit, expected: Expected) -> Outlook:
    calls: Counter[Phase] = Counter()
    documents: list[str] = []
    for _ in range(_MOST):
        move = next_move(journey, customer, visit, rules)
        match move:
            case Rest(standing=standing, code=code):
                left = tuple(documents)
                if journey.standing is Standing.OPEN:
                    return Outlook(calls=calls, standing=standing, code=code, documents=left)
                return Outlook(calls=calls, standing=journey.standing, code=journey.code, documents=left)
            case Advance(phase=phase):
                journey, visit = advance(journey, phase, now=1.0), replace(visit, check=None, polls=0)
            case Send(step=step) if expected.unregistrable and step.call.name is _REGISTRATION:
                reply, judgement = Reply(), expected.unregistrable.judgement
                journey = stop_unsendable(journey, step, reply, judgement, now=1.0)
            case Send(step=step) | Resolve(step=step):
                if isinstance(move, Send):
                    calls[step.phase] += 1
                    if step.call.name is _UPLOAD:
                        documents.append(DOCUMENT_COLUMN_OF[step.item])
                    journey, visit = record_intent(journey, visit, step, now=1.0)
                reply = _expected_reply(step, Foreseen(journey, customer, visit, rules, expected=expected))
                judgement = judge(step, reply) if reply.status else DONE
                journey, visit = conclude(journey, visit, step, reply, judgement, max_tries=rules.max_tries, now=1.0)
            case Doubt() | Revise():
                break
    raise AssertionError(f"the journey does not end at {journey.step or journey.done}")


def _expected_reply(step: Step, at: Foreseen) -> Reply:
    answer = PHASES[step.phase].expected.get(step.call.name)
    return answer(at) if answer is not None else Reply()


def may_be_approved(journey: Journey) -> bool:
    """Whether people may meanwhile have completed the phase that a parked customer waits for."""
    return journey.standing is Standing.PARKED and IN_ORDER[journey.done].is_decided_by_people
