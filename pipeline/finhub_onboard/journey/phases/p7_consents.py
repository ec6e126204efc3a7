"""Phase 7, consents: each is sent with its evidence, and the activation check decides (API.md, section 6).

A consent may be given twice without harm, so what the check misses is sent again, within the tries of a step and for
one further round of all three.
"""

from collections.abc import Collection, Iterator

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, step
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.journey.activation_check import is_refused, take_check
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Move, Resolve, Rest, Revise, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.phases.p4_verification import replace_expired
from finhub_onboard.journey.phases.p8_activation import find_activation
from finhub_onboard.journey.progress import clear_reason, settle_attempts
from finhub_onboard.journey.questions import Question
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.verdicts import DONE, Judgement, Verdict, judgement
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Journey, Phase, Repeat, Standing

_ALL = tuple(Consent)
_EVIDENCE: dict[str, str] = {consent: consent.accepted_at_column for consent in Consent}
_COLUMNS: dict[str, frozenset[str]] = {
    consent: frozenset({consent.version_column, consent.accepted_at_column}) for consent in Consent
}
_ACCEPT = {consent: Send(step=step(CallName.ACCEPT_CONSENT, consent)) for consent in Consent}
_CHECK = step(CallName.CHECK)


def gate(at: Situation, consent: str) -> Rest | None:
    """A consent lacks the evidence that the settings require."""
    evidence = _EVIDENCE[consent]
    if not at.rules.evidence_required or getattr(at.customer, evidence):
        return None
    return _rest(Standing.PARKED, Code.CONSENT_EVIDENCE_MISSING, field=evidence)


def _left(journey: Journey) -> list[Consent]:
    return [consent for consent in _ALL if consent not in journey.consented]


def lacking(at: Situation) -> Iterator[Rest]:
    """The consents that were not sent yet and that the row does not prove."""
    return (held for consent in _left(at.journey) if (held := gate(at, consent)))


def next_move(at: Situation) -> Move:
    """Send the next consent if all of the rest may be sent; after the last one the check decides."""
    if not (left := _left(at.journey)):
        return _check_all(at)
    return next(lacking(at), None) or _ACCEPT[left[0]]


def _check_all(at: Situation) -> Move:
    """All three are sent: decide by the check (API.md, section 6), which may lag behind."""
    check, visit = at.visit.check, at.visit
    look = Send(step=_CHECK, poll=visit.polls)
    if check is None:
        return look
    consents_ok = check.consent_ok is True or (check.consent_ok is None and check.activation_allowed is True)
    if consents_ok and check.activation_allowed is not False:
        return _COMPLETE
    if ended := _verification_ended(at, check):
        return ended
    if check.high_risk and check.power_approval_ok is not True:
        return _rest(Standing.PARKED, Code.HIGH_RISK)
    # Nothing is missing, and yet it is not allowed: a bank may activate by itself (API.md, section 14).
    if consents_ok and check.verification_ok and (active := find_activation(at)):
        return active
    if visit.polls < at.rules.max_tries:
        return look
    if consents_ok and check.verification_ok is False:
        return _approve_again(at)
    if consents_ok:
        return _rest(Standing.PARKED, Code.ACTIVATION_NOT_ALLOWED)
    if Phase.CONSENTS not in visit.begun_again:
        missing = tuple(consent for consent in Consent if consent.in_check in (check.missing_consents or ()))
        return _send_again(at.journey, visit, missing or tuple(Consent))
    return _rest(Standing.FAILED, Code.CONSENTS_NOT_RECORDED)


def _verification_ended(at: Situation, check: Facts) -> Move | None:
    """The verification was refused, or has expired, after it was approved."""
    if check.verification_ok is True:
        return None
    if is_refused(check):
        return Rest(standing=Standing.DECLINED, code=Code.VERIFICATION_REFUSED, phase=Phase.APPROVAL)
    return replace_expired(at)


def _approve_again(at: Situation) -> Move:
    """The check denies the approval, without a reason: one more (API.md, section 9) brings the bank to say it."""
    if Phase.APPROVAL in at.visit.begun_again:
        return _rest(Standing.PARKED, Code.NOT_VERIFIED)
    begun = replace(at.visit, begun_again=at.visit.begun_again | {Phase.APPROVAL})
    return Revise(journey=replace(at.journey, done=Phase.APPROVAL.number - 1), visit=begun)


def take_accepted(answer: Accepted) -> Moved:
    """Store one consent; the phase goes on."""
    known = replace(settle_attempts(answer.journey), consented=(*answer.journey.consented, answer.step.item))
    return clear_reason(known), answer.fresh


def settle(doubt: Unresolved) -> Move:
    """Consents that the check does not miss are given; missing ones are sent again."""
    check, consent = doubt.visit.check, Consent(doubt.at.item)
    if check is None:
        return doubt.read_check()
    missing = check.missing_consents
    if check.consent_ok or (missing is not None and consent.in_check not in missing):
        return Resolve(step=doubt.at)
    if doubt.journey.doubts < doubt.rules.max_tries and doubt.journey.repeat is not Repeat.REFUSED:
        return doubt.repeat()
    return doubt.ask_person()


def judge_version(reply: Reply, _: int) -> Judgement | None:
    """The version is not in force: the row waits if it names it; that of the settings may be refused for everybody."""
    if reply.kind is not Kind.CONSENT_VERSION:
        return None
    found = judgement(Verdict.PARKED if reply.field else Verdict.FATAL, Code.CONSENT_VERSION_REFUSED)
    wanted = " or ".join(reply.facts.versions)
    return replace(found, message=f"{found.message}, it wants {wanted}") if wanted else found


def judge_conflict(reply: Reply, _: int) -> Judgement:
    """The consent was given before; the check decides."""
    return judge_version(reply, 0) or DONE


def _send_again(journey: Journey, visit: Visit, consents: Collection[str]) -> Revise:
    """The check misses consents that were sent: one more round of them."""
    left = tuple(consent for consent in journey.consented if consent not in consents)
    begun = replace(visit, begun_again=visit.begun_again | {Phase.CONSENTS}, check=None, polls=0)
    return Revise(journey=replace(journey, consented=left), visit=begun)


def begin_again(journey: Journey, visit: Visit, _: Facts) -> Moved | None:
    """The activation is refused for missing consents: send all of them once more, if none before is unresolved."""
    if journey.doubts or Phase.CONSENTS in visit.begun_again:
        return None
    again = _send_again(journey, visit, journey.consented)
    return replace(again.journey, done=Phase.CONSENTS.number - 1), again.visit


def learn(at: Situation, check: Facts) -> Journey:
    """The consents that the check shows are given."""
    return replace(at.journey, consented=tuple(dict.fromkeys((*at.journey.consented, *_given_by(check)))))


def is_further(journey: Journey, check: Facts) -> bool | None:
    """Whether the check shows consents that the ledger lacks: only the job sends them."""
    return None if check.missing_consents is None else not set(_given_by(check)) <= set(journey.consented)


def _given_by(check: Facts) -> tuple[Consent, ...]:
    """The consents that the check shows; none if it says nothing about them."""
    if check.missing_consents is None and check.consent_ok is not True:
        return ()
    return tuple(consent for consent in Consent if consent.in_check not in (check.missing_consents or ()))


def columns(consent: str) -> frozenset[str]:
    """The version and evidence columns of the consent."""
    return _COLUMNS[consent]


def sent(journey: Journey) -> frozenset[str]:
    """The columns of the consents that were given."""
    return frozenset[str]().union(*map(columns, journey.consented))


def _rest(standing: Standing, code: Code, *, field: str = "") -> Rest:
    return Rest(standing=standing, code=code, phase=Phase.CONSENTS, field=field)


_COMPLETE = Advance(phase=Phase.CONSENTS)
RULES = PhaseRules(
    call=CallName.ACCEPT_CONSENT,
    next_move=next_move,
    judge_refused={400: judge_version, 409: judge_conflict, 422: judge_version},
    replies={CallName.ACCEPT_CONSENT: take_accepted, CallName.CHECK: take_check},
    expected={CallName.CHECK: Foreseen.pass_check},
    settle=settle,
    question=Question(text="Is the consent {item} of this customer recorded?"),
    gate=gate,
    lacking=lacking,
    may_lack={consent.accepted_at_column: Code.CONSENT_EVIDENCE_MISSING for consent in Consent},
    columns=columns,
    sent=sent,
    begin_again=begin_again,
    restored=RestoredRules(learn=learn),
)
