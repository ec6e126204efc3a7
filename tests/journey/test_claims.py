"""Ids that only an operator gave: proved by an accepted call, disowned by a 404."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, Reply, Step, step
from finhub_onboard.journey.operator import Answer, apply_answer
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.questions import Word
from finhub_onboard.journey.state import conclude, record_intent
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Disposition, Journey, Repeat, Standing
from tests.journey.world import AUTO, KEYS, World, a_customer, no_fault, strike
from tests.values import replace

DOUBTFUL = Journey(
    key=b"k",
    fingerprint=KEYS.fingerprint(a_customer()),
    standing=Standing.IN_DOUBT,
    done=1,
    step="register",
    doubts=2,
    repeat=Repeat.SENT,
    doubt_at=7.0,
    doubt_email=b"mark",
)
CLAIMED = apply_answer(DOUBTFUL, Answer(word=Word.EXISTS, customer_id="c", user_id="u"), run=2, now=9.0)


def replied(journey: Journey, at: Step, status: int, **facts: str) -> Journey:
    """The journey once the bank has answered so."""
    reply = Reply(status=status, says=status, accepted=status == 200, readable=True, facts=Facts(**facts))  # type: ignore[arg-type]
    sent, visit = record_intent(journey, Visit(), at, now=10.0)
    found, _ = conclude(sent, visit, at, reply, judge(at, reply), max_tries=3, now=11.0)
    return found


def test_ids_of_an_answer_are_claims() -> None:
    """What the doubt knew is kept, should the claim be wrong."""
    assert (CLAIMED.claimed, CLAIMED.done, CLAIMED.doubts) == (("customer_id", "user_id"), 2, 0)
    assert (CLAIMED.doubt_at, CLAIMED.doubt_email) == (7.0, b"mark")


@pytest.mark.parametrize(
    "at", [step(CallName.OPEN_SESSION), step(CallName.OPEN_VERIFICATION), step(CallName.CHECK)], ids=lambda at: at.label
)
def test_an_accepted_call_proves_the_id_that_it_names(at: Step) -> None:
    """From then on it is the customer's."""
    assert replied(CLAIMED, at, 200, token="t", verification_id="v").claimed == ()


@pytest.mark.parametrize(
    "at", [step(CallName.OPEN_SESSION), step(CallName.OPEN_VERIFICATION), step(CallName.CHECK)], ids=lambda at: at.label
)
def test_a_404_on_a_claim_opens_the_question_again(at: Step) -> None:
    """In doubt as before the answer, with nothing left of the id; nothing is registered again."""
    found = replied(CLAIMED, at, 404)
    assert (found.standing, found.code, found.step, found.doubts) == (Standing.IN_DOUBT, "claim_unknown", "register", 1)
    assert (found.customer_id, found.user_id, found.claimed, found.done) == ("", "", (), 1)
    assert (found.repeat, found.doubt_at, found.doubt_email) == (Repeat.SENT, 7.0, b"mark")


def test_a_log_in_that_a_claimed_customer_refuses_opens_the_question_again() -> None:
    """A neighbour's ids: the customer's own password does not open them. Of the bank's own ids it says nothing."""
    found = replied(CLAIMED, step(CallName.OPEN_SESSION), 401)
    assert (found.step, found.doubts, found.customer_id, found.user_id) == ("register", 1, "", "")
    assert (found.standing, found.code) == (Standing.IN_DOUBT, "claim_unknown")
    owned = replied(replace(CLAIMED, claimed=()), step(CallName.OPEN_SESSION), 401)
    assert (owned.standing, owned.code, owned.customer_id) == (Standing.FAILED, "login_refused", "c")


def test_a_404_on_an_id_of_the_banks_is_the_rows_failure() -> None:
    """The control: where nobody claimed anything, a 404 is what it was."""
    found = replied(replace(CLAIMED, claimed=()), step(CallName.OPEN_VERIFICATION), 404)
    assert (found.standing, found.code) == (Standing.FAILED, "not_found")


def test_a_claimed_verification_is_disowned_alone() -> None:
    """The customer stays, the verification is asked about again."""
    held = replace(DOUBTFUL, done=3, step="open_verification", customer_id="c", user_id="u")
    claimed = apply_answer(held, Answer(word=Word.DONE, verification_id="v"), run=2, now=9.0)
    assert claimed.claimed == ("verification_id",)
    found = replied(claimed, step(CallName.UPLOAD_DOCUMENT, "PASSPORT"), 404)
    assert (found.step, found.customer_id, found.verification_id, found.done) == ("open_verification", "c", "", 3)
    assert replied(claimed, step(CallName.UPLOAD_DOCUMENT, "PASSPORT"), 200).claimed == ()


def test_a_claim_that_is_by_now_anothers_is_not_used() -> None:
    """The bank gave the id to a neighbour: nothing leaves for it, and the question is open again."""
    world = World(plan=strike(CallName.REGISTER, "dropped_after", times=2))
    world.live()
    world.plan = no_fault
    world.run += 1
    answer = Answer(word=Word.EXISTS, customer_id="cust-9")
    world.ledger.write(apply_answer(world.journey, answer, run=world.run, now=world.now()), ())
    world.anothers.add("cust-9")
    before = world.bank.requests.copy()
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.IN_DOUBT, "claim_unknown")
    assert world.bank.requests == before


def test_a_claimed_verification_goes_with_the_customers_id_that_it_was_given_for() -> None:
    """Both ids are by now another's: the registration is in doubt again, and nobody is held as registered."""
    claimed = apply_answer(DOUBTFUL, Answer(word=Word.EXISTS, customer_id="c"), run=1, now=9.0)
    world = World()
    world.run = 1
    both = replace(claimed, done=4, verification_id="v", claimed=("customer_id", "verification_id"), key=world.key)
    world.ledger.write(both, ())
    world.anothers |= {"c", "v"}
    world.live()
    found = world.journey
    assert (found.step, found.done, found.customer_id, found.verification_id) == ("register", 1, "", "")
    assert (found.standing, found.claimed) == (Standing.IN_DOUBT, ())


def test_a_word_about_a_later_step_proves_no_id() -> None:
    """Only an accepted call does: an id that was mistyped can be put right after the next answer as well."""
    held = replace(CLAIMED, done=3, step="open_verification", doubts=2, standing=Standing.IN_DOUBT)
    verified = apply_answer(held, Answer(word=Word.DONE, verification_id="v"), run=3, now=12.0)
    assert set(verified.claimed) == {"customer_id", "user_id", "verification_id"}
    found = replied(verified, step(CallName.CHECK), 404)
    assert (found.step, found.done, found.doubt_at) == ("register", 1, 7.0)


def test_a_mistyped_id_can_be_put_right_and_nothing_is_done_twice() -> None:
    """Whole lives: the slip is noticed by the bank's 404, the right id is given, the customer is onboarded once."""
    world = World(plan=strike(CallName.REGISTER, "dropped_after", times=2))
    world.live()
    assert world.disposition is Disposition.IN_DOUBT
    world.plan = no_fault
    for given in ("cust-9", "cust-1"):
        answer = Answer(word=Word.EXISTS, customer_id=given)
        world.run += 1
        world.ledger.write(apply_answer(world.journey, answer, run=world.run, now=world.now()), ())
        world.live()
        assert world.journey.claimed == ()
        assert (world.journey.standing is Standing.COMPLETE) is (given == "cust-1")
    assert world.bank.carried_out["register"] == 1
    assert world.rules == AUTO
