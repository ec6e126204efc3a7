"""From a judgement to where the journey stands then. Pure.

Promises 2, 3 and 5 rest on this module: an intent is counted before its call, an answer settles the attempt that it
answers and no other, and phases come in order. Unresolved attempts reach zero only because the step was done, by a
read, by an operator, or if the refused attempt was the only one. Knows no clock, file or socket.
"""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Reply, Step, step_from_label
from finhub_onboard.journey import claims
from finhub_onboard.journey.codes import EXPLANATIONS
from finhub_onboard.journey.policy import Judgement, Verdict
from finhub_onboard.journey.sent import columns_of
from finhub_onboard.journey.visit import Visit, unread
from finhub_onboard.keys import merged_fingerprint
from finhub_onboard.model import Journey, Phase, Repeat, Standing

MAX_DELIVERY_PAGES = 50
"""Paging of deliveries is not documented: the search is bounded and ends where a page repeats."""
_REFUSED_FOR_RATE = 429


def intended(journey: Journey, visit: Visit, step: Step, *, document: str = "", now: float) -> tuple[Journey, Visit]:
    """One more intent for ``step``: what it sends is frozen. Only calls that change something leave a doubt.

    ``document`` is the mark of the document that leaves with it.
    """
    journey = replace(journey, sent=journey.sent + 1)
    if not step.call.changes:
        return journey, visit
    visit = replace(visit, vouched=is_vouched(journey))
    again = bool(journey.doubts) and journey.step == step.label
    frozen = journey if again and not visit.vouched else _freeze(journey, visit, step)
    if step.call.name is CallName.REGISTER and not again:
        frozen = replace(frozen, doubt_at=visit.restored or now, doubt_email=visit.email)
    if document and not again:
        frozen = replace(frozen, documents=(*frozen.documents, document))
    doubts, repeat = (journey.doubts + 1, Repeat.SENT) if again else (1, Repeat.UNUSED)
    return replace(frozen, step=step.label, doubts=doubts, repeat=repeat), visit


def earlier_attempts(journey: Journey, visit: Visit, step: Step) -> int:
    """How many attempts of ``step`` are unresolved; of a registration the ledger may have forgotten one."""
    if journey.step == step.label:
        return journey.doubts
    return int(bool(visit.restored) and step.call.name is CallName.REGISTER)


def _freeze(journey: Journey, visit: Visit, step: Step) -> Journey:
    columns = columns_of(step.label)
    if not columns or not visit.row or visit.row == journey.fingerprint:
        return journey
    return replace(journey, fingerprint=merged_fingerprint(visit.row, journey.fingerprint, keep=columns))


def is_vouched(journey: Journey) -> bool:
    """Whether an operator vouches that the registration in doubt did not happen, and none was sent since."""
    return journey.repeat is Repeat.GRANTED


def after(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> tuple[Journey, Visit]:
    """Where the journey stands once ``step`` was judged."""
    if not reply.sent:
        journey = replace(journey, sent=journey.sent - 1)
    verdict = judgement.verdict
    if verdict is Verdict.DONE:
        return _done(journey, visit, step, reply, now=now)
    if verdict in (Verdict.DOUBT, Verdict.EXISTS, Verdict.CONFIRM):
        repeat = Repeat.REFUSED if verdict is Verdict.EXISTS else journey.repeat
        return replace(_say(journey, judgement, reply, step), repeat=repeat), unread(visit)
    if step.call.changes:
        journey = _answered(journey, visit, final=verdict not in _PASSING)
    return _not_done(journey, visit, step, reply, judgement, max_tries=max_tries, now=now)


_PASSING = frozenset({Verdict.RETRY, Verdict.EXPIRED, Verdict.FATAL, Verdict.SUSPECT, Verdict.ASIDE, Verdict.LOOK})
"""Refusals that do not use the repeat up: they say nothing about this customer."""


def _answered(journey: Journey, visit: Visit, *, final: bool) -> Journey:
    """The last attempt was refused: it is settled, and no other."""
    left = 0 if visit.vouched and final else max(0, journey.doubts - 1)
    if final and visit.restored and not visit.vouched and journey.step == CallName.REGISTER:
        left = max(1, left)  # the one before it that the ledger may have forgotten
    if not left:
        return settled(journey)
    if final:
        return replace(journey, doubts=left, repeat=Repeat.REFUSED)
    repeat = Repeat.GRANTED if visit.vouched else Repeat.UNUSED if left == 1 else journey.repeat
    return replace(journey, doubts=left, repeat=repeat)


def _not_done(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> tuple[Journey, Visit]:
    """The step was refused, for whatever reason; its own attempt is settled already."""
    changes = step.call.changes
    match judgement.verdict:
        case Verdict.RETRY | Verdict.EXPIRED:
            return _not_carried_out(journey, visit, step, reply, judgement, max_tries=max_tries, now=now)
        case Verdict.FATAL | Verdict.SUSPECT | Verdict.ASIDE:
            return journey, visit  # it concerns the run, or may: the customer is left as it was
        case Verdict.LOOK:
            return journey, replace(unread(visit), role_refused=True)
    if judgement.code in claims.DISPROVED_BY and (name := claims.named_by(step, journey)):
        return disowned(journey, name, now=now), visit
    if visit.role_refused and not changes and not journey.doubts:
        return journey, replace(visit, check=Facts())  # the look told nothing
    if journey.doubts and not changes:
        return _unread_step(journey, visit, step, now=now)
    if journey.doubts:
        # Of the attempt before nothing is known still: reads may tell, else a person.
        return _say(journey, judgement, reply, step), unread(visit)
    match judgement.verdict:
        case Verdict.CONSENTS_AGAIN if not visit.consent_rounds:
            back = replace(journey, consented=(), done=Phase.CONSENTS.number - 1)
            return back, replace(visit, consent_rounds=1, check=None, polls=0)
        case Verdict.PARKED:
            return _stop(journey, Standing.PARKED, judgement, reply, step, now=now), visit
        case Verdict.DECLINED:
            return _stop(journey, Standing.DECLINED, judgement, reply, step, now=now), visit
        case _:
            stopped = _stop(journey, Standing.FAILED, judgement, reply, step, now=now)
            return replace(stopped, final=judgement.verdict is Verdict.REFUSED), visit


def unsendable(journey: Journey, step: Step, reply: Reply, judgement: Judgement, *, now: float) -> Journey:
    """The row does not allow the request to be built: nothing left, and what is in doubt stays in doubt."""
    if journey.doubts:
        return _stop(journey, Standing.IN_DOUBT, judgement, reply, step, now=now)
    # Not final: what is wrong lies beside the row, such as a document, and once it is right the row goes on.
    return _stop(journey, Standing.FAILED, judgement, reply, step, now=now)


def advance(journey: Journey, phase: Phase, *, now: float) -> Journey:
    """Phase ``phase`` is complete."""
    journey = silent(settled(journey))
    complete = phase is Phase.ACTIVATION
    return replace(
        journey,
        done=phase.number,
        phase=phase,
        standing=Standing.COMPLETE if complete else journey.standing,
        completed_run=journey.last_run if complete else 0,
        finished_at=now if complete else 0.0,
    )


def disowned(journey: Journey, name: str, *, now: float) -> Journey:
    """An id that only an operator gave is not the customer's: the question that it answered is open again."""
    open_again = claims.reopened(journey, name)
    phase = step_from_label(open_again.step).phase
    return rest(open_again, Standing.IN_DOUBT, "claim_unknown", phase, now=now)


def forgotten(journey: Journey, visit: Visit, step: Step, done: Phase, *, now: float) -> tuple[Journey, Visit]:
    """An attempt of ``step`` may have been made that the ledger does not know of."""
    # An activation is repeated only after a read, and of a verification there is none.
    repeat = Repeat.UNUSED if step.call.name is CallName.ACTIVATE else Repeat.SENT
    journey = replace(advance(journey, done, now=now), step=step.label, doubts=1, repeat=repeat)
    return journey, replace(unread(visit), restored=0.0)


def learnt(
    journey: Journey, visit: Visit, uploaded: tuple[str, ...], consented: tuple[str, ...]
) -> tuple[Journey, Visit]:
    """The bank told what it has; what stands in the ledger stays."""
    known = replace(
        journey,
        uploaded=tuple(dict.fromkeys((*journey.uploaded, *uploaded))),
        consented=tuple(dict.fromkeys((*journey.consented, *consented))),
    )
    return known, replace(unread(visit), restored=0.0)


def _done(journey: Journey, visit: Visit, step: Step, reply: Reply, *, now: float) -> tuple[Journey, Visit]:
    facts = reply.facts
    visit = replace(visit, tries=0, renewed="")
    fresh = unread(visit)
    risk = "HIGH" if "HIGH" in (journey.risk, facts.risk) else facts.risk or journey.risk
    known = claims.proved(replace(journey, risk=risk), step)
    match step.call.name:
        case CallName.REGISTER:
            known = replace(known, customer_id=facts.customer_id, user_id=facts.user_id)
            # Whom the bank did not have before has nothing that the ledger does not know.
            return advance(known, Phase.REGISTRATION, now=now), replace(fresh, restored=0.0)
        case CallName.OPEN_SESSION if step.phase is Phase.SESSION:
            return advance(known, Phase.SESSION, now=now), fresh
        case CallName.OPEN_SESSION:
            return known, replace(visit, status=facts)
        case CallName.OPEN_VERIFICATION:
            known = replace(known, verification_id=facts.verification_id, required=facts.required)
            return advance(known, Phase.VERIFICATION, now=now), fresh
        case CallName.UPLOAD_DOCUMENT:
            return silent(replace(settled(known), uploaded=(*known.uploaded, step.item))), fresh
        case CallName.APPROVE:
            return advance(known, Phase.APPROVAL, now=now), fresh
        case CallName.ACCEPT_CONSENT:
            return silent(replace(settled(known), consented=(*known.consented, step.item))), fresh
        case CallName.ACTIVATE:
            return advance(known, Phase.ACTIVATION, now=now), fresh
        case CallName.CHECK:
            return known, replace(visit, check=facts, polls=visit.polls + 1)
        case CallName.LIST_DOCUMENTS:
            return known, replace(visit, listed=facts)
        case _:
            return _delivery_page(known, visit, facts, now=now)


def _delivery_page(journey: Journey, visit: Visit, facts: Facts, *, now: float) -> tuple[Journey, Visit]:
    """One page of deliveries. Two customers with one e-mail cannot be: all pages are read before one is ours."""
    if journey.step == CallName.ACTIVATE and facts.activated:
        return advance(journey, Phase.ACTIVATION, now=now), unread(visit)
    created = tuple(dict.fromkeys((*visit.created, *facts.created)))
    last = not facts.page_mark or facts.page_mark == visit.page_mark or visit.page + 1 >= MAX_DELIVERY_PAGES
    if journey.step == CallName.REGISTER and last and len(created) == 1:
        return advance(replace(journey, customer_id=created[0]), Phase.REGISTRATION, now=now), unread(visit)
    page = replace(visit, searched=last, page=visit.page + 1, page_mark=facts.page_mark, created=created)
    return journey, page


def _not_carried_out(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> tuple[Journey, Visit]:
    """The request did nothing.

    A refusal for rate and a bank that cannot be reached do not use tries up: they concern the run as a whole, which
    slows down or stops; no customer fails for them. But one who is refused for rate while others pass does.
    """
    tries = visit.tries + 1 if visit.tried == step.label else 1
    everybodys = reply.says == _REFUSED_FOR_RATE and not reply.alone
    if everybodys or judgement.verdict is Verdict.EXPIRED or not reply.sent:
        tries -= 1
    refused = visit.refused_for_rate + 1 if reply.says == _REFUSED_FOR_RATE else 0
    counted = replace(visit, tries=tries, tried=step.label, refused_for_rate=refused)
    if refused >= 10 * max_tries:
        return journey, replace(counted, gave_up=True)
    if tries < max_tries:
        return journey, counted
    if journey.doubts and not step.call.changes:
        return _unread_step(journey, counted, step, now=now)
    standing = Standing.IN_DOUBT if journey.doubts else Standing.FAILED
    return _stop(journey, standing, judgement, reply, step, now=now), counted


def _unread_step(journey: Journey, visit: Visit, step: Step, *, now: float) -> tuple[Journey, Visit]:
    """A read did not tell what became of the step in doubt: that step's own code stays, it decides what may follow."""
    if step.call.name is CallName.OPEN_SESSION:
        return journey, replace(visit, status_refused=True)
    if not journey.code:
        at = step_from_label(journey.step)
        return rest(journey, Standing.IN_DOUBT, "no_answer", at.phase, now=now), visit
    return replace(journey, standing=Standing.IN_DOUBT, finished_at=now), visit


def settled(journey: Journey) -> Journey:
    """No attempt is unresolved any more. What a registration in doubt knew is kept while an id is only claimed."""
    known = replace(journey, doubts=0, step="", repeat=Repeat.UNUSED)
    return known if journey.claimed else replace(known, doubt_at=0.0, doubt_email=b"")


def silent(journey: Journey) -> Journey:
    """Nothing is wrong any more."""
    return replace(journey, code="", field="", message="", hint="", http_status=None)


def _say(journey: Journey, judgement: Judgement, reply: Reply, at: Step) -> Journey:
    said = f"{judgement.message} ({reply.message})" if reply.message else judgement.message
    return replace(
        journey,
        phase=at.phase,
        code=judgement.code,
        field=reply.field,
        message=said,
        hint=judgement.hint,
        http_status=reply.status,
    )


def _stop(journey: Journey, standing: Standing, judgement: Judgement, reply: Reply, at: Step, *, now: float) -> Journey:
    stopped = replace(_say(journey, judgement, reply, at), standing=standing, final=False, finished_at=now)
    if not journey.claimed:
        return stopped
    return replace(stopped, hint=f"{stopped.hint}; the id is an operator's: if it is wrong, answer again")


def rest(journey: Journey, standing: Standing, code: str, phase: Phase, *, field: str = "", now: float) -> Journey:
    """The journey stops here without a call, for the reason ``code`` names. Who was declined was so by a read."""
    message, hint = EXPLANATIONS[code]
    known = settled(journey) if standing is Standing.DECLINED else journey
    return replace(
        known, standing=standing, code=code, phase=phase, field=field, message=message, hint=hint, finished_at=now
    )
