"""From where a journey stands to its next move, and from a judgement to where it stands then. Pure.

Promises 2, 3 and 5 rest on this module: an intent is counted before its call, a count that no outcome has settled
forbids whatever API.md section 9 forbids, and phases come in order. Knows no clock, file or socket.
"""

import msgspec
from msgspec.structs import replace

from pipeline.calls import CallName, Facts, Reply, Step, step_from_label
from pipeline.journey.explanations import EXPLANATIONS, VOUCHED
from pipeline.journey.policy import Judgement, Verdict
from pipeline.journey.sent import IDENTITY_COLUMNS, REGISTERED_COLUMNS
from pipeline.keys import changed_columns, merged_fingerprint
from pipeline.model import Journey, Phase, Standing


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What one run knows about one customer beyond the ledger; gone when the run ends.

    ``check``, ``status``, ``listed`` and ``searched`` answer reads for the step at hand; ``tries`` counts requests for
    the step ``tried``, ``polls`` looks at the check, ``page`` pages; ``renewed``: the step a token was renewed for.
    """

    was_parked: bool = False
    check: Facts | None = None
    status: Facts | None = None
    listed: Facts | None = None
    searched: bool = False
    page: int = 0
    page_mark: str = ""
    polls: int = 0
    consent_rounds: int = 0
    tries: int = 0
    tried: str = ""
    renewed: str = ""
    refused_for_rate: int = 0
    gave_up: bool = False


def enter(journey: Journey | None, *, key: bytes, fingerprint: bytes, run: int, now: float) -> Journey:
    """The journey as this run takes it up; a changed row's new values count unless the bank already has others."""
    if journey is None:
        return Journey(key=key, fingerprint=fingerprint, first_run=run, last_run=run, started_at=now)
    taken_up = replace(journey, last_run=run, sent=0, finished_at=0.0)
    changed = set(changed_columns(journey.fingerprint, fingerprint))
    doubtful = journey.doubts and journey.step == CallName.REGISTER and not is_vouched(journey)
    if doubtful and changed & REGISTERED_COLUMNS:
        return rest(taken_up, Standing.IN_DOUBT, "row_changed_in_doubt", Phase.REGISTRATION, now=now)
    registered = journey.done >= Phase.REGISTRATION.number
    if registered and (unsafe := sorted(changed & IDENTITY_COLUMNS)):
        standing = Standing.IN_DOUBT if journey.doubts else Standing.PARKED
        phase = Phase.REGISTRATION
        return rest(taken_up, standing, "row_changed_after_registration", phase, field=unsafe[0], now=now)
    kept = REGISTERED_COLUMNS if registered else frozenset[str]()
    if _conflict_was_shown(taken_up):
        taken_up = _settle(taken_up)
    if taken_up.step == CallName.APPROVE and taken_up.code == "role_refused":
        taken_up = run_refused(taken_up)  # a role may have been given since
    taken_up = replace(
        taken_up,
        fingerprint=merged_fingerprint(journey.fingerprint, fingerprint, keep=kept),
        standing=Standing.OPEN,
        final=False,
    )
    # The code of an unsettled step tells what may follow it; everything else starts afresh.
    return taken_up if taken_up.doubts else _silent(taken_up)


def _conflict_was_shown(journey: Journey) -> bool:
    """Whether a person was told of a conflict that no read can confirm: the next run asks the bank again."""
    parked = journey.standing is Standing.PARKED and journey.code == "state_conflict"
    return parked and journey.step.split("/")[0] in (CallName.OPEN_VERIFICATION, CallName.UPLOAD_DOCUMENT)


def is_vouched(journey: Journey) -> bool:
    """Whether an operator vouches that the registration in doubt did not happen, and none was sent since."""
    return journey.code == VOUCHED and journey.doubts == 1


def needs_visit(journey: Journey | None, fingerprint: bytes) -> bool:
    """Whether a run takes the customer up: DESIGN 3.1, "Run again continues …"."""
    if journey is None:
        return True
    if journey.standing is Standing.COMPLETE:
        return False
    if journey.standing is Standing.DECLINED or (journey.standing is Standing.FAILED and journey.final):
        return bool(changed_columns(journey.fingerprint, fingerprint))
    return True


def intended(journey: Journey, step: Step) -> Journey:
    """The journey with one more intent for ``step``; only calls that change something leave a doubt."""
    if not step.call.changes:
        return replace(journey, sent=journey.sent + 1)
    doubts = journey.doubts + 1 if journey.step == step.label else 1
    return replace(journey, sent=journey.sent + 1, step=step.label, doubts=doubts)


def after(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> tuple[Journey, Visit]:
    """Where the journey stands once ``step`` was judged."""
    if not reply.sent:
        journey = replace(journey, sent=journey.sent - 1)
    match judgement.verdict:
        case Verdict.DONE:
            return _done(journey, visit, step, reply, now=now)
        case Verdict.RETRY | Verdict.EXPIRED:
            return _not_carried_out(journey, visit, step, reply, judgement, max_tries=max_tries, now=now)
        case Verdict.DOUBT | Verdict.EXISTS | Verdict.CONFIRM:
            code = judgement.code
            doubts = max(journey.doubts, 2) if judgement.verdict is Verdict.EXISTS else journey.doubts
            said = _say(journey, judgement, reply, step)
            return replace(said, doubts=doubts, code=code), replace(visit, check=None, status=None, polls=0)
        case Verdict.CONSENTS_AGAIN if not visit.consent_rounds:
            back = replace(_settle(journey), consented=(), done=Phase.CONSENTS.number - 1)
            return back, replace(visit, consent_rounds=1, check=None, polls=0)
        case Verdict.PARKED if step.call.changes or not journey.doubts:
            return _stop(_settle(journey), Standing.PARKED, judgement, reply, step, now=now), visit
        case Verdict.DECLINED:
            return _stop(_settle(journey), Standing.DECLINED, judgement, reply, step, now=now), visit
        case Verdict.FATAL:
            # It concerns the run: the customer is left as it was.
            return (_settle(journey, last_only=True) if step.call.changes else journey), visit
        case _:
            return _refused(journey, visit, step, reply, judgement, now=now)


def unsendable(journey: Journey, step: Step, reply: Reply, judgement: Judgement, *, now: float) -> Journey:
    """The row does not allow the request to be built: nothing left, and what is in doubt stays in doubt."""
    if journey.doubts:
        return _stop(journey, Standing.IN_DOUBT, judgement, reply, step, now=now)
    # Not final: what is wrong lies beside the row, such as a document, and once it is right the row goes on.
    return _stop(journey, Standing.FAILED, judgement, reply, step, now=now)


def run_refused(journey: Journey) -> Journey:
    """The last intent was refused for a reason of the run's: the customer is left as it was."""
    return _silent(_settle(journey, last_only=True))


def advance(journey: Journey, phase: Phase, *, now: float) -> Journey:
    """Phase ``phase`` is complete."""
    settled = _silent(_settle(journey))
    complete = phase is Phase.ACTIVATION
    return replace(
        settled,
        done=phase.number,
        phase=phase,
        standing=Standing.COMPLETE if complete else settled.standing,
        completed_run=settled.last_run if complete else 0,
        finished_at=now if complete else 0.0,
    )


def _done(journey: Journey, visit: Visit, step: Step, reply: Reply, *, now: float) -> tuple[Journey, Visit]:
    facts = reply.facts
    visit = replace(visit, tries=0, renewed="")
    fresh = replace(visit, check=None, status=None, listed=None, polls=0)
    risk = "HIGH" if "HIGH" in (journey.risk, facts.risk) else facts.risk or journey.risk
    known = replace(journey, risk=risk)
    match step.call.name:
        case CallName.REGISTER:
            known = replace(known, customer_id=facts.customer_id, user_id=facts.user_id)
            return advance(known, Phase.REGISTRATION, now=now), fresh
        case CallName.OPEN_SESSION if step.phase is Phase.SESSION:
            return advance(known, Phase.SESSION, now=now), fresh
        case CallName.OPEN_SESSION:
            return known, replace(visit, status=facts)
        case CallName.OPEN_VERIFICATION:
            known = replace(known, verification_id=facts.verification_id, required=facts.required)
            return advance(known, Phase.VERIFICATION, now=now), fresh
        case CallName.UPLOAD_DOCUMENT:
            return _silent(replace(_settle(known), uploaded=(*known.uploaded, step.item))), fresh
        case CallName.APPROVE:
            return advance(known, Phase.APPROVAL, now=now), fresh
        case CallName.ACCEPT_CONSENT:
            return _silent(replace(_settle(known), consented=(*known.consented, step.item))), fresh
        case CallName.ACTIVATE:
            return advance(known, Phase.ACTIVATION, now=now), fresh
        case CallName.CHECK:
            return known, replace(visit, check=facts, polls=visit.polls + 1)
        case CallName.LIST_DOCUMENTS:
            return known, replace(visit, listed=facts)
        case _:
            return _delivery_page(known, visit, facts, now=now)


def _delivery_page(journey: Journey, visit: Visit, facts: Facts, *, now: float) -> tuple[Journey, Visit]:
    """One page of webhook deliveries: found, the next page, or nothing more to read."""
    if journey.step == CallName.REGISTER and len(facts.created) == 1:
        return advance(replace(journey, customer_id=facts.created[0]), Phase.REGISTRATION, now=now), Visit()
    if journey.step == CallName.ACTIVATE and facts.activated:
        return advance(journey, Phase.ACTIVATION, now=now), Visit()
    mark = facts.page_mark
    last = not mark or mark == visit.page_mark or visit.page + 1 >= MAX_DELIVERY_PAGES
    return journey, replace(visit, searched=last, page=visit.page + 1, page_mark=mark)


MAX_DELIVERY_PAGES = 50
"""Paging of deliveries is not documented: the search is bounded and ends where a page repeats."""


def _not_carried_out(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, max_tries: int, now: float
) -> tuple[Journey, Visit]:
    """The request did nothing.

    A refusal for rate and a bank that cannot be reached do not use tries up: they concern the run as a whole, which
    slows down or stops; no customer fails for them.
    """
    undone = _settle(journey, last_only=True) if step.call.changes else journey
    tries = visit.tries + 1 if visit.tried == step.label else 1
    if reply.says == 429 or judgement.verdict is Verdict.EXPIRED or not reply.sent:  # noqa: PLR2004
        tries -= 1
    refused = visit.refused_for_rate + 1 if reply.says == 429 else 0  # noqa: PLR2004
    counted = replace(visit, tries=tries, tried=step.label, refused_for_rate=refused)
    if refused >= 10 * max_tries:
        return undone, replace(counted, gave_up=True)
    if tries < max_tries:
        return undone, counted
    if undone.doubts and not step.call.changes:
        return _unread(undone, now=now), counted
    if undone.doubts:
        return _stop(undone, Standing.IN_DOUBT, judgement, reply, step, now=now), counted
    return _stop(undone, Standing.FAILED, judgement, reply, step, now=now), counted


def _refused(
    journey: Journey, visit: Visit, step: Step, reply: Reply, judgement: Judgement, *, now: float
) -> tuple[Journey, Visit]:
    if not step.call.changes and step.phase is not Phase.SESSION and journey.doubts:
        if step.call.name is CallName.OPEN_SESSION:
            return journey, replace(visit, status=Facts())
        return _unread(journey, now=now), visit
    stopped = _stop(_settle(journey), Standing.FAILED, judgement, reply, step, now=now)
    return replace(stopped, final=judgement.verdict is Verdict.REFUSED), visit


def _unread(journey: Journey, *, now: float) -> Journey:
    """A read did not tell what became of the step in doubt: that step's own code stays, it decides what may follow."""
    if not journey.code:
        return rest(journey, Standing.IN_DOUBT, "no_answer", step_from_label(journey.step).phase, now=now)
    return replace(journey, standing=Standing.IN_DOUBT, finished_at=now)


def _settle(journey: Journey, *, last_only: bool = False) -> Journey:
    """Take the open intents away: all of them, or only the last one, which was not carried out."""
    doubts = max(0, journey.doubts - 1) if last_only else 0
    return replace(journey, doubts=doubts, step=journey.step if doubts else "")


def _silent(journey: Journey) -> Journey:
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
    return replace(_say(journey, judgement, reply, at), standing=standing, final=False, finished_at=now)


def rest(journey: Journey, standing: Standing, code: str, phase: Phase, *, field: str = "", now: float) -> Journey:
    """The journey stops here without a call, for the reason ``code`` names."""
    message, hint = EXPLANATIONS[code]
    return replace(
        journey, standing=standing, code=code, phase=phase, field=field, message=message, hint=hint, finished_at=now
    )
