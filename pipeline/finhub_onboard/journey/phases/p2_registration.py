"""Phase 2, registration: never sent twice but for the one repeat, whatever a lost answer or a 409 may mean.

API.md, section 9: a registration in doubt is repeated once; then deliveries are searched, if there are any; then a
person must look. A 409 without an earlier attempt is a stranger's e-mail, after one it is our own lost answer.
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
    }
)
"""Columns that the registration sends; the API has no update for them."""
IDENTITY_COLUMNS = frozenset({"first_name", "last_name", "email", "date_of_birth"})
"""Registered columns whose change makes going on unsafe."""


def next_move(_: Situation) -> Move:
    """Register the customer."""
    return _REGISTER


def take_registered(answer: Accepted) -> Moved:
    """Whom the bank did not have before has nothing that the ledger does not know."""
    known = replace(answer.journey, customer_id=answer.facts.customer_id, user_id=answer.facts.user_id)
    return advance(known, Phase.REGISTRATION, now=answer.now), replace(answer.fresh, restored=0.0)


def take_deliveries(answer: Accepted) -> Moved:
    """One page of deliveries. Two customers with one e-mail cannot be: all pages are read before one is ours."""
    page = with_delivery_page(answer.visit, answer.facts)
    if not page.searched or len(page.created) != 1:
        return answer.journey, page
    known = replace(answer.journey, customer_id=page.created[0])
    return advance(known, Phase.REGISTRATION, now=answer.now), answer.fresh


def settle(doubt: Unresolved) -> Move:
    """The one repeat; else look for the customer in the deliveries; else a person must."""
    if doubt.may_repeat and doubt.held is None:
        return Send(step=doubt.at)
    if doubt.rules.webhooks and not doubt.visit.searched:
        return Send(step=step(CallName.LIST_DELIVERIES, str(doubt.visit.page)))
    if doubt.may_repeat and doubt.held is not None:
        return doubt.held
    exists = doubt.journey.code == Code.EXISTS_AFTER_DOUBT
    return doubt.ask_person(Code.EXISTS_AFTER_DOUBT if exists else Code.REGISTRATION_IN_DOUBT)


def judge_conflict(_: Reply, earlier_attempts: int) -> Judgement:
    """Somebody has the e-mail: this very customer, if an earlier registration may have arrived."""
    if earlier_attempts:
        return judgement(Verdict.EXISTS, Code.EXISTS_AFTER_DOUBT)
    return judgement(Verdict.REFUSED, Code.DUPLICATE_EMAIL)


def judge_bad_request(reply: Reply, _: int) -> Judgement | None:
    """The bank may not take the category."""
    return judgement(Verdict.REFUSED, Code.CATEGORY_REFUSED) if reply.kind is Kind.CATEGORIZATION else None


def record_first(journey: Journey, visit: Visit, now: float) -> Journey:
    """Keep when the doubt began and which e-mail left: by them the customer is found in the deliveries."""
    return replace(journey, doubt_at=visit.restored or now, doubt_email=visit.email)


def deny(journey: Journey) -> Journey:
    """The operator vouches that the bank does not have the customer: the one repeat is given back."""
    code = Code.OPERATOR_VOUCHES
    return replace(journey, doubts=1, repeat=Repeat.GRANTED, code=code, hint=code.hint)


def expect_registered(_: Foreseen) -> Reply:
    """The bank gives the ids, or shows them in its deliveries."""
    return Reply(facts=Facts(customer_id="known", user_id="known", created=("known",)))


def columns(_: str) -> frozenset[str]:
    """What the registration sends."""
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
    # Also the document, which leaves later: who is being registered must not be registered again meanwhile.
    known_by=("email", "phone_and_birth_date", "document_number"),
    sent=sent,
    restored=RestoredRules(is_forgettable=True, exists_code=Code.DUPLICATE_EMAIL),
)
