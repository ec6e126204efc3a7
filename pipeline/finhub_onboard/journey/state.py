"""The journey's state after each intent and judgement. Pure.

Promises 2, 3 and 5 rest on this module: an intent is counted before its call, an answer settles its own attempt and no
other, and phases come in order. The number of unresolved attempts becomes zero only if the step was done, by a read, by
an operator, or if the refused attempt was the only one. Knows no clock, file or socket; what an answer changes is
decided by its phase.
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
"""Steps of which a restored ledger may lack an attempt that no read would show."""


class _Judged(msgspec.Struct, frozen=True):
    """A request with its judged reply; ``max_tries`` is how often a step may fail."""

    step: Step
    reply: Reply
    judgement: Judgement
    max_tries: int
    now: float


def record_intent(journey: Journey, visit: Visit, step: Step, *, document: str = "", now: float) -> Moved:
    """Count an intent for ``step`` and freeze what it sends; reads leave nothing unresolved.

    ``document`` is the ledger's entry of the document that is sent with it.
    """
    sent = journey.sent + 1
    if not step.call.changes:
        return replace(journey, sent=sent), visit
    if visit.vouched is not is_vouched(journey):
        visit = replace(visit, vouched=not visit.vouched)
    if journey.doubts and journey.step == step.label:  # once more
        frozen = _freeze(journey, visit, step) if visit.vouched else journey
        return replace(frozen, sent=sent, doubts=journey.doubts + 1, repeat=Repeat.SENT), visit
    frozen = PHASES[step.phase].record_first(_freeze(journey, visit, step), visit, now)
    documents = (*frozen.documents, document) if document else frozen.documents
    begun = replace(frozen, sent=sent, step=step.label, doubts=1, repeat=Repeat.UNUSED, documents=documents)
    return begun, visit


def earlier_attempts(journey: Journey, visit: Visit, step: Step) -> int:
    """The number of unresolved attempts of ``step``, including one that the ledger may lack."""
    if journey.step == step.label:
        return journey.doubts
    return int(bool(visit.restored) and step.label in _FORGETTABLE)


def _freeze(journey: Journey, visit: Visit, step: Step) -> Journey:
    columns = columns_of(step)
    if not columns or not visit.row or visit.row == journey.fingerprint:
        return journey
    return replace(journey, fingerprint=merged_fingerprint(visit.row, journey.fingerprint, keep=columns))


def is_vouched(journey: Journey) -> bool:
    """Whether an operator vouches that the unresolved registration did not happen, and none was sent since."""
    return journey.repeat is Repeat.GRANTED


def conclude(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> Moved:
    """The state after ``step`` was judged."""
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
"""Refusals that do not use up the repeat: they say nothing about this customer."""
_BEGUN_AGAIN = {
    Verdict.CONSENTS_AGAIN: Phase.CONSENTS,
    Verdict.DOCUMENTS_AGAIN: Phase.DOCUMENTS,
    Verdict.VERIFICATION_AGAIN: Phase.VERIFICATION,
}
"""Refusals for want of what an earlier phase sends."""


def _settle_own_attempt(journey: Journey, visit: Visit, *, final: bool) -> Journey:
    """The last attempt was refused: only this one is settled."""
    left = 0 if visit.vouched and final else max(0, journey.doubts - 1)
    if final and visit.restored and not visit.vouched and journey.step in _FORGETTABLE:
        left = max(1, left)  # an earlier one that the ledger may lack
    if not left:
        return settle_attempts(journey)
    if final:
        return replace(journey, doubts=left, repeat=Repeat.REFUSED)
    repeat = Repeat.GRANTED if visit.vouched else Repeat.UNUSED if left == 1 else journey.repeat
    return replace(journey, doubts=left, repeat=repeat)


def _not_done(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """The step was refused; its own attempt is settled already."""
    step, judgement = judged.step, judged.judgement
    changes = step.call.changes
    match judgement.verdict:
        case Verdict.RETRY | Verdict.EXPIRED:
            return _not_carried_out(journey, visit, judged)
        case Verdict.FATAL | Verdict.SUSPECT | Verdict.ASIDE:
            return journey, visit  # it concerns the run, or may: the customer's state does not change
        case Verdict.LOOK:
            return journey, replace(unread(visit), role_refused=True)
    if name := claims.disproved_by(judgement.code, step, journey):
        return disown(journey, name, now=judged.now), visit
    if visit.role_refused and not changes and not journey.doubts:
        return journey, replace(visit, check=Facts())  # the read failed: continue as if it said nothing
    if _settles(journey, step):
        return _unread_step(journey, visit, judged)
    phase = _BEGUN_AGAIN.get(judgement.verdict)
    begun = PHASES[phase].begin_again(journey, visit, judged.reply.facts) if phase else None
    if begun:
        return begun
    if journey.doubts:
        # An earlier attempt is still unresolved: a read may settle it, else a person.
        return _say(journey, judged), unread(visit)
    match judgement.verdict:
        case Verdict.PARKED | Verdict.DOCUMENTS_AGAIN | Verdict.VERIFICATION_AGAIN:
            return _stop(journey, Standing.PARKED, judged), visit
        case Verdict.DECLINED:
            return _stop(journey, Standing.DECLINED, judged), visit
        case _:
            stopped = _stop(journey, Standing.FAILED, judged)
            return replace(stopped, final=judgement.verdict is Verdict.REFUSED), visit


def stop_unsendable(journey: Journey, step: Step, reply: Reply, judgement: Judgement, *, now: float) -> Journey:
    """The request cannot be built from the row: nothing is sent, and what is unresolved stays so."""
    judged = _Judged(step, reply, judgement, 0, now)
    # Not final: the cause is outside of the row, such as a document file; once it is fixed the row continues.
    return _stop(journey, Standing.IN_DOUBT if journey.doubts else Standing.FAILED, judged)


def disown(journey: Journey, name: str, *, now: float) -> Journey:
    """An id that an operator gave is not the customer's: the step that it answered is in doubt again."""
    reopened = claims.reopen(journey, name)
    phase = step_from_label(reopened.step).phase
    return rest(reopened, Standing.IN_DOUBT, Code.CLAIM_UNKNOWN, phase, now=now)


def assume_attempt(journey: Journey, visit: Visit, doubt: Doubt, *, now: float) -> Moved:
    """Assume an attempt of a step that the ledger does not know of."""
    known = advance(journey, doubt.done, now=now)
    journey = replace(known, step=doubt.step.label, doubts=1, repeat=doubt.repeat)
    return journey, replace(unread(visit), restored=0.0)


def _done(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """The step was done; its phase decides what the answer changes."""
    step, facts = judged.step, judged.reply.facts
    if facts.risk and journey.risk != Risk.HIGH:
        journey = replace(journey, risk=facts.risk)
    if visit.tries or visit.renewed:
        visit = replace(visit, tries=0, renewed="")
    known = claims.prove(journey, step)
    return PHASES[step.phase].replies[step.call.name](Accepted(known, visit, step, facts, judged.now))


def _not_carried_out(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """The request had no effect: try again, until the tries are used up.

    Refusals for rate and an unreachable bank use up no tries: they concern the whole run, which slows down or stops. A
    customer who is refused for rate while others pass does fail in the end.
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
    if _settles(journey, step):
        return _unread_step(journey, counted, judged)
    return _stop(journey, Standing.IN_DOUBT if journey.doubts else Standing.FAILED, judged), counted


def _settles(journey: Journey, step: Step) -> bool:
    """Whether ``step`` is a read that was to tell what is unresolved, or what its phase can do without."""
    return not step.call.changes and (bool(journey.doubts) or step.call.name in PHASES[step.phase].unread)


def _unread_step(journey: Journey, visit: Visit, judged: _Judged) -> Moved:
    """A read failed to settle the unresolved step. Its code is kept, because it decides what may follow."""
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


def rest(
    journey: Journey, standing: Standing, code: Code, phase: Phase, *, field: str = "", item: str = "", now: float
) -> Journey:
    """The journey stops without a call, for the reason ``code``. A declined customer was found declined by a read."""
    known = settle_attempts(journey) if standing is Standing.DECLINED else journey
    return replace(
        known,
        standing=standing,
        code=code,
        phase=phase,
        field=field,
        message=f"{code.message} ({item})" if item else code.message,
        hint=code.hint,
        finished_at=now,
    )
