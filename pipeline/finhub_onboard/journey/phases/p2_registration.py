"""Phase 2, registration: never sent twice except for the one repeat, whatever a lost answer or a 409 means.

API.md, section 9: a registration in doubt is repeated once; then the deliveries are searched, if there are any; then a
person must look. A 409 without an earlier attempt means that somebody else has the e-mail; after an attempt it means
that our own answer was lost.
"""

from msgspec.structs import replace

from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Move, Send
from finhub_onboard.journey.phase_rules import PhaseRules, RestoredRules
from finhub_onboard.journey.progress import advance
from finhub_onboard.journey.questions import Question, Word
from finhub_onboard.journey.replies import Accepted, Moved
from finhub_onboard.journey.situation import Foreseen, Situation, Unresolved
from finhub_onboard.journey.verdicts import Judgement, Verdict, judgement
from finhub_onboard.journey.visit import Visit, with_delivery_page
from finhub_onboard.model import Journey, Phase, Repeat
from finhub_onboard.model.columns import ADDRESS_COLUMNS, EXTRA

REGISTERED_COLUMNS = frozenset(
    {
        "first_name",
        "last_name",
        "email",
        "phone",
        "date_of_birth",
        "nationality",
        "category",
        "gender",
        "place_of_birth",
        "pincode",
        *ADDRESS_COLUMNS,
        EXTRA,
    }
)
"""Columns that the registration sends; the API has no update for them."""
IDENTITY_COLUMNS = frozenset({"first_name", "last_name", "email", "date_of_birth"})
"""Registered columns that identify the person: when they change, nothing more may be sent."""


def next_move(_: Situation) -> Move:
    """Register the customer."""
    return _REGISTER


def take_registered(answer: Accepted) -> Moved:
    """Store the ids. A customer who is new at the bank needs no comparison with a restored ledger."""
    known = replace(answer.journey, customer_id=answer.facts.customer_id, user_id=answer.facts.user_id)
    return advance(known, Phase.REGISTRATION, now=answer.now), replace(answer.fresh, restored=0.0)


def take_deliveries(answer: Accepted) -> Moved:
    """One page of deliveries. E-mails are unique at the bank, so all pages are read before a match is used."""
    page = with_delivery_page(answer.visit, answer.facts)
    if not page.searched or len(page.created) != 1:
        return answer.journey, page
    known = replace(answer.journey, customer_id=page.created[0])
    return advance(known, Phase.REGISTRATION, now=answer.now), answer.fresh


def settle(doubt: Unresolved) -> Move:
    """The one repeat; then search the deliveries; then ask a person."""
    if doubt.may_repeat and doubt.held is None:
        return Send(step=doubt.at)
    if doubt.rules.webhooks and not doubt.visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(doubt.visit.page)))
    if doubt.may_repeat and doubt.held is not None:
        return doubt.held
    exists = doubt.journey.code == Code.EXISTS_AFTER_DOUBT
    return doubt.ask_person(Code.EXISTS_AFTER_DOUBT if exists else Code.REGISTRATION_IN_DOUBT)


def judge_conflict(reply: Reply, earlier_attempts: int) -> Judgement:
    """The e-mail, or the phone, is taken: by this very customer, if an earlier registration may have arrived."""
    if earlier_attempts:
        return judgement(Verdict.EXISTS, Code.EXISTS_AFTER_DOUBT)
    return judgement(Verdict.REFUSED, Code.DUPLICATE_PHONE if reply.field == "phone" else Code.DUPLICATE_EMAIL)


def judge_bad_request(reply: Reply, _: int) -> Judgement | None:
    """Tell a refused category from other refusals."""
    return judgement(Verdict.REFUSED, Code.CATEGORY_REFUSED) if reply.kind is Kind.CATEGORIZATION else None


def record_first(journey: Journey, visit: Visit, now: float) -> Journey:
    """Keep when the doubt began and which e-mail was sent: a search of the deliveries goes by them."""
    return replace(journey, doubt_at=visit.restored or now, doubt_email=visit.email)


def deny(journey: Journey) -> Journey:
    """The operator vouches that the bank does not have the customer: the one repeat is given back."""
    code = Code.OPERATOR_VOUCHES
    return replace(journey, doubts=1, repeat=Repeat.GRANTED, code=code, hint=code.hint)


def expect_registered(_: Foreseen) -> Reply:
    """The bank returns the ids, or shows them in its deliveries."""
    return Reply(facts=Facts(customer_id="known", user_id="known", created=("known",)))


def columns(_: str) -> frozenset[str]:
    """The columns of the request."""
    return REGISTERED_COLUMNS


def sent(journey: Journey) -> frozenset[str]:
    """The same, once the customer is registered."""
    return REGISTERED_COLUMNS if journey.done >= Phase.REGISTRATION.number else frozenset()


_REGISTER = Send(step=step(CallName.REGISTER))
RULES = PhaseRules(
    call=CallName.REGISTER,
    path_id=None,
    next_move=next_move,
    judge_refused={400: judge_bad_request, 409: judge_conflict},
    replies={CallName.REGISTER: take_registered, CallName.LIST_DELIVERIES: take_deliveries},
    expected={CallName.REGISTER: expect_registered, CallName.LIST_DELIVERIES: expect_registered},
    settle=settle,
    question=Question(
        text="Does the bank have a customer with this e-mail? If so, fill in customer_id, and user_id if it is shown.",
        yes=Word.EXISTS,
        no=Word.ABSENT,
        brings=("customer_id", "user_id"),
    ),
    deny=deny,
    record_first=record_first,
    columns=columns,
    identity_columns=IDENTITY_COLUMNS,
    # The document is sent later, but meanwhile nobody else with it may be registered.
    known_by=("email", "phone_and_birth_date", "document_number"),
    sent=sent,
    restored=RestoredRules(is_forgettable=True, exists_codes=frozenset({Code.DUPLICATE_EMAIL, Code.DUPLICATE_PHONE})),
)
