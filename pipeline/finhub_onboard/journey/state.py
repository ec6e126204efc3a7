"""From a judgement to where the journey stands then. Pure.

Promises 2, 3 and 5 rest on this module: an intent is counted before its call, an answer settles the attempt that it
answers and no other, and phases come in order. Unresolved attempts reach zero only because the step was done, by a
read, by an operator, or if the refused attempt was the only one. Knows no clock, file or socket; what an answer brings
is for its phase to say.
"""

import msgspec
from msgspec.structs import replace

from finhub_onboard.finhub.calls import Facts, Reply, Step, step_from_label
from finhub_onboard.journey import claims
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Doubt
from finhub_onboard.journey.phase_table import BY_CALL, PHASES
from finhub_onboard.journey.progress import advance, settle_attempts
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.sent import columns_of
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.journey.visit import Visit, unread
from finhub_onboard.keys import merged_fingerprint
from finhub_onboard.model import Journey, Phase, Repeat, Risk, Standing

_REFUSED_FOR_RATE = 429
_FORGETTABLE = frozenset(str(name) for name, rules in BY_CALL.items() if rules.restored.is_forgettable)
"""Steps of which a restored ledger may have forgotten an attempt, without a read that would tell."""


class _Judged(msgspec.Struct, frozen=True):
    """One request and how its reply was judged; ``max_tries`` is how often a step may fail."""

    step: Step
    reply: Reply
    judgement: Judgement
    max_tries: int
    now: float


def record_intent(journey: Journey, visit: Visit, step: Step, *, document: str = "", now: float) -> Moved:
    """One more intent for ``step``: what it sends is frozen. Only calls that change something leave a doubt.

    ``document`` is the mark of the document that leaves with it.
    """
    journey = replace(journey, sent=journey.sent + 1)
    if not step.call.changes:
        return journey, visit
    visit = replace(visit, vouched=is_vouched(journey))
    again = bool(journey.doubts) and journey.step == step.label
    frozen = journey if again and not visit.vouched else _freeze(journey, visit, step)
    if not again:
        frozen = PHASES[step.phase].record_first(frozen, visit, now)
    if document and not again:
        frozen = replace(frozen, documents=(*frozen.documents, document))
    doubts, repeat = (journey.doubts + 1, Repeat.SENT) if again else (1, Repeat.UNUSED)
    return replace(frozen, step=step.label, doubts=doubts, repeat=repeat), visit


def earlier_attempts(journey: Journey, visit: Visit, step: Step) -> int:
    """How many attempts of ``step`` are unresolved, with one that the ledger may have forgotten."""
    if journey.step == step.label:
        return journey.doubts
    return int(bool(visit.restored) and step.label in _FORGETTABLE)


def _freeze(journey: Journey, visit: Visit, step: Step) -> Journey:
    columns = columns_of(step)
    if not columns or not visit.row or visit.row == journey.fingerprint:
        return journey
    return replace(journey, fingerprint=merged_fingerprint(visit.row, journey.fingerprint, keep=columns))


def is_vouched(journey: Journey) -> bool:
    """Whether an operator vouches that the registration in doubt did not happen, and none was sent since."""
    return journey.repeat is Repeat.GRANTED


def conclude(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> Moved:
    """Where the journey stands once ``step`` was judged."""
    judged = _Judged(step, reply, judgement, max_tries, now)
    if not reply.sent:
        journey = replace(journey, sent=journey.sent - 1)
    verdict = judgement.verdict
    if verdict is Verdict.DONE:
        return _done(journey, visit, judged)
    if verdict in (Verdict.DOUBT, Verdict.EXISTS, Verdict.CONFIRM):
        repeat = Repeat.REFUSED if verdict is Verdict.EXISTS else journey.repeat
        return replace(_say(journey, judged), repeat=repeat), unread(visit)
    if step.call.changes:
        journey = _settle_own_attempt(journey, visit, final=verdict not in _PASSING)
    return _not_done(journey, visit, judged)


_PASSING = frozenset({Verdict.RETRY, Verdict.EXPIRED, Verdict.FATAL, Verdict.SUSPECT, Verdict.ASIDE, Verdict.LOOK})
"""Refusals that do not use the repeat up: they say nothing about this customer."""


def _settle_own_attempt(journey: Journey, visit: Visit, *, final: bool) -> Journey:
    """The last attempt was refused: it is settled, and no other."""
    left = 0 if visit.vouched and final else max(0, journey.doubts - 1)
    if final and visit.restored and not visit.vouched and journey.step in _FORGETTABLE:
        left = max(1, left)  # the one before it that the ledger may have forgotten
    if not left:
        return settle_attempts(journey)
    if final:
        return replace(journey, doubts=left, repeat=Repeat.REFUSED)
    repeat = Repeat.GRANTED if visit.vouched else Repeat.UNUSED if left == 1 else journey.repeat
    return replace(journey, doubts=left, repeat=repeat)


def _not_done(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """The step was refused, for whatever reason; its own attempt is settled already."""
    step, judgement = judged.step, judged.judgement
    changes = step.call.changes
    match judgement.verdict:
        case Verdict.RETRY | Verdict.EXPIRED:
            return _not_carried_out(journey, visit, judged)
        case Verdict.FATAL | Verdict.SUSPECT | Verdict.ASIDE:
            return journey, visit  # it concerns the run, or may: the customer is left as it was
        case Verdict.LOOK:
            return journey, replace(unread(visit), role_refused=True)
    if judgement.code in claims.DISPROVED_BY and (name := claims.find_claim(step, journey)):
        return disown(journey, name, now=judged.now), visit
    if visit.role_refused and not changes and not journey.doubts:
        return journey, replace(visit, check=Facts())  # the look told nothing
    if journey.doubts and not changes:
        return _unread_step(journey, visit, judged)
    if journey.doubts:
        # Of the attempt before nothing is known still: reads may tell, else a person.
        return _say(journey, judged), unread(visit)
    match judgement.verdict:
        case Verdict.CONSENTS_AGAIN if begun := PHASES[Phase.CONSENTS].begin_again(journey, visit):
            return begun
        case Verdict.PARKED:
            return _stop(journey, Standing.PARKED, judged), visit
        case Verdict.DECLINED:
            return _stop(journey, Standing.DECLINED, judged), visit
        case _:
            stopped = _stop(journey, Standing.FAILED, judged)
            return replace(stopped, final=judgement.verdict is Verdict.REFUSED), visit


def stop_unsendable(journey: Journey, step: Step, reply: Reply, judgement: Judgement, *, now: float) -> Journey:
    """The row does not allow the request to be built: nothing left, and what is in doubt stays in doubt."""
    judged = _Judged(step, reply, judgement, 0, now)
    # Not final: what is wrong lies beside the row, such as a document, and once it is right the row goes on.
    return _stop(journey, Standing.IN_DOUBT if journey.doubts else Standing.FAILED, judged)


def disown(journey: Journey, name: str, *, now: float) -> Journey:
    """An id that only an operator gave is not the customer's: the question that it answered is open again."""
    reopened = claims.reopen(journey, name)
    phase = step_from_label(reopened.step).phase
    return rest(reopened, Standing.IN_DOUBT, Code.CLAIM_UNKNOWN, phase, now=now)


def assume_attempt(journey: Journey, visit: Visit, doubt: Doubt, *, now: float) -> Moved:
    """An attempt of a step may have been made that the ledger does not know of."""
    known = advance(journey, doubt.done, now=now)
    journey = replace(known, step=doubt.step.label, doubts=1, repeat=doubt.repeat)
    return journey, replace(unread(visit), restored=0.0)


def _done(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """The step was done: what its answer brings is for the phase to say that it serves."""
    step, facts = judged.step, judged.reply.facts
    risk = Risk.HIGH if Risk.HIGH in (journey.risk, facts.risk) else facts.risk or journey.risk
    known = claims.prove(replace(journey, risk=risk), step)
    visit = replace(visit, tries=0, renewed="")
    return PHASES[step.phase].replies[step.call.name](Accepted(known, visit, step, facts, judged.now))


def _not_carried_out(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """The request did nothing.

    A refusal for rate and a bank that cannot be reached do not use tries up: they concern the run as a whole, which
    slows down or stops; no customer fails for them. But one who is refused for rate while others pass does.
    """
    step, reply = judged.step, judged.reply
    tries = visit.tries + 1 if visit.tried == step.label else 1
    everybodys = reply.says == _REFUSED_FOR_RATE and not reply.alone
    if everybodys or judged.judgement.verdict is Verdict.EXPIRED or not reply.sent:
        tries -= 1
    refused = visit.refused_for_rate + 1 if reply.says == _REFUSED_FOR_RATE else 0
    counted = replace(visit, tries=tries, tried=step.label, refused_for_rate=refused)
    if refused >= 10 * judged.max_tries:
        return journey, replace(counted, gave_up=True)
    if tries < judged.max_tries:
        return journey, counted
    if journey.doubts and not step.call.changes:
        return _unread_step(journey, counted, judged)
    return _stop(journey, Standing.IN_DOUBT if journey.doubts else Standing.FAILED, judged), counted


def _unread_step(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """A read did not tell what became of the step in doubt: that step's own code stays, it decides what may follow."""
    if note := PHASES[judged.step.phase].unread.get(judged.step.call.name):
        return journey, note(visit)
    if not journey.code:
        at = step_from_label(journey.step)
        return rest(journey, Standing.IN_DOUBT, Code.NO_ANSWER, at.phase, now=judged.now), visit
    return replace(journey, standing=Standing.IN_DOUBT, finished_at=judged.now), visit


def _say(journey: Journey, judged: _Judged) -> Journey:
    judgement, reply = judged.judgement, judged.reply
    return replace(
        journey,
        phase=judged.step.phase,
        code=judgement.code,
        field=reply.field,
        message=f"{judgement.message} ({reply.message})" if reply.message else judgement.message,
        hint=judgement.hint,
        http_status=reply.status,
    )


def _stop(journey: Journey, standing: Standing, judged: _Judged) -> Journey:
    stopped = replace(_say(journey, judged), standing=standing, final=False, finished_at=judged.now)
    if not journey.claimed:
        return stopped
    return replace(stopped, hint=f"{stopped.hint}; the id is an operator's: if it is wrong, answer again")


def rest(journey: Journey, standing: Standing, code: Code, phase: Phase, *, field: str = "", now: float) -> Journey:
    """The journey stops here without a call, for the reason ``code`` names. Who was declined was so by a read."""
    known = settle_attempts(journey) if standing is Standing.DECLINED else journey
    return replace(
        known,
        standing=standing,
        code=code,
        phase=phase,
        field=field,
        message=code.message,
        hint=code.hint,
        finished_at=now,
    )
