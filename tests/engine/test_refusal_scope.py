"""One row alone is told from all: who is refused, who waits, and when the run stops."""

import pytest
from msgspec.structs import replace

from finhub_onboard.engine.refusal_scope import ENOUGH, TRIES, Suspicion
from finhub_onboard.errors import ExitCode
from finhub_onboard.finhub.calls import CallName, step
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.model import Journey, Standing

REGISTER, CHECK, APPROVE, ACTIVATE = map(step, (CallName.REGISTER, CallName.CHECK, CallName.APPROVE, CallName.ACTIVATE))
FORBIDDEN = Judgement(verdict=Verdict.FATAL, code="forbidden", message="denied")
HEADER = Judgement(verdict=Verdict.FATAL, code="missing_header", exit_code=ExitCode.UNEXPECTED)
TOKEN = Judgement(verdict=Verdict.FATAL, code="token_refused")
CATEGORY = Judgement(verdict=Verdict.REFUSED, code="category_refused", message="not taken")
DUPLICATE = Judgement(verdict=Verdict.REFUSED, code="duplicate_email")
DONE = Judgement(verdict=Verdict.DONE)
SUSPECT, ASIDE, GIVEN_UP, FATAL = Verdict.SUSPECT, Verdict.ASIDE, Verdict.GIVEN_UP, Verdict.FATAL
ROWS = [bytes([number]) for number in range(60)]


def weighed(suspicion: Suspicion, judgement: Judgement, *keys: bytes) -> list[Verdict]:
    """Weigh the same for several customers."""
    return [suspicion.weigh(REGISTER, judgement, key).verdict for key in keys]


@pytest.mark.parametrize("judgement", [FORBIDDEN, HEADER, CATEGORY, TOKEN])
def test_three_refused_at_the_head_of_a_file_stop_nobody(judgement: Judgement) -> None:
    """Others pass: the refusals are the rows' own, after a few tries; the run goes on."""
    suspicion = Suspicion()
    head = ROWS[:3]
    assert FATAL not in weighed(suspicion, judgement, *head)
    assert weighed(suspicion, DONE, *ROWS[3:]) == [Verdict.DONE] * 57
    assert FATAL not in weighed(suspicion, judgement, *head)
    own = Verdict.REFUSED if judgement is CATEGORY else GIVEN_UP
    assert weighed(suspicion, judgement, *head) == [own] * 3


@pytest.mark.parametrize("judgement", [FORBIDDEN, HEADER, CATEGORY])
def test_what_nobody_comes_through_is_the_runs_after_five_customers(judgement: Judgement) -> None:
    """Different ones: one that tries again counts once. The message says it, the exit code is the judgement's."""
    suspicion = Suspicion()
    found = weighed(suspicion, judgement, *ROWS[: ENOUGH - 1])
    assert found == [SUSPECT] * (ENOUGH - 1)
    assert weighed(suspicion, judgement, ROWS[0]) == [ASIDE]
    last = suspicion.weigh(REGISTER, judgement, ROWS[ENOUGH])
    assert (last.verdict, last.exit_code) == (FATAL, judgement.exit_code)
    assert "it is the same for all 5 customers so far" in last.message


@pytest.mark.parametrize(("judgement", "last"), [(FORBIDDEN, FATAL), (HEADER, FATAL), (CATEGORY, Verdict.REFUSED)])
def test_with_nobody_else_to_tell_it_is_what_it_looks_like(judgement: Judgement, last: Verdict) -> None:
    """One try again, one more once all others were carried; then nobody else is there."""
    assert weighed(Suspicion(), judgement, *[ROWS[0]] * TRIES) == [SUSPECT, ASIDE, last]


def test_who_was_set_aside_is_given_up_once_others_have_passed() -> None:
    """Set aside before anybody passed; when it tries again after all others, they have."""
    suspicion = Suspicion()
    assert weighed(suspicion, FORBIDDEN, ROWS[0], ROWS[0]) == [SUSPECT, ASIDE]
    weighed(suspicion, DONE, *ROWS[1:])
    assert weighed(suspicion, FORBIDDEN, ROWS[0]) == [GIVEN_UP]


def test_a_role_that_is_taken_away_in_mid_run_stops_it() -> None:
    """However many passed before: five in a row are refused, and nobody has passed since."""
    suspicion = Suspicion()
    weighed(suspicion, DONE, *ROWS[:50])
    assert weighed(suspicion, FORBIDDEN, *ROWS[50:55]) == [SUSPECT] * 4 + [FATAL]


def test_those_given_up_count_among_the_five() -> None:
    """One worker, one customer after the other: each is given up, and the fifth shows that it is the run's."""
    suspicion = Suspicion()
    weighed(suspicion, DONE, *ROWS[:50])
    for row in ROWS[50:54]:
        assert weighed(suspicion, FORBIDDEN, *[row] * TRIES) == [SUSPECT, SUSPECT, GIVEN_UP]
    assert weighed(suspicion, FORBIDDEN, ROWS[54]) == [FATAL]


def test_refused_rows_among_others_never_add_up() -> None:
    """Each second customer is refused for good: nobody but they are given up. Stop rules count them."""
    suspicion = Suspicion()
    found = []
    for refused, fine in zip(ROWS[::2], ROWS[1::2], strict=True):
        found += weighed(suspicion, FORBIDDEN, *[refused] * TRIES)
        weighed(suspicion, DONE, fine)
    assert found.count(GIVEN_UP) == len(ROWS) // 2 - 1  # the first was set aside
    assert FATAL not in found[TRIES:]


def test_rows_that_were_passed_by_others_do_not_count_again() -> None:
    """At the end of a file only the refused are left, and try again: what others showed meanwhile still holds."""
    suspicion = Suspicion()
    refused = ROWS[:12]
    for row in refused:
        weighed(suspicion, FORBIDDEN, row)
        weighed(suspicion, DONE, ROWS[-1])
        weighed(suspicion, DONE, ROWS[-2])
    assert weighed(suspicion, FORBIDDEN, *refused) == [SUSPECT] * 12
    assert weighed(suspicion, FORBIDDEN, *refused) == [GIVEN_UP] * 12


@pytest.mark.parametrize("passing", [DONE, DUPLICATE, replace(DUPLICATE, verdict=Verdict.DECLINED)])
def test_an_answer_about_the_row_shows_that_the_call_passes(passing: Judgement) -> None:
    """A 409 is no refusal of the role: a book of known customers does not make one 403 the run's."""
    suspicion = Suspicion()
    weighed(suspicion, passing, *ROWS[:9])
    assert weighed(suspicion, FORBIDDEN, *[ROWS[9]] * TRIES)[-1] is GIVEN_UP


def test_only_a_registration_shows_that_categories_are_taken() -> None:
    """A 409 may come before the category is looked at; a registration of another category shows that it is the row."""
    suspicion = Suspicion()
    weighed(suspicion, DUPLICATE, *ROWS[:9])
    assert weighed(suspicion, CATEGORY, *ROWS[10:15])[-1] is FATAL
    suspicion = Suspicion()
    weighed(suspicion, DONE, *ROWS[:2])
    assert weighed(suspicion, CATEGORY, *[ROWS[10]] * TRIES) == [SUSPECT, SUSPECT, Verdict.REFUSED]


def of_category(suspicion: Suspicion, judgement: Judgement, category: str, *keys: bytes) -> list[Verdict]:
    """Weigh the same registration for several customers of one category."""
    return [suspicion.weigh(REGISTER, judgement, key, category).verdict for key in keys]


def test_a_refused_category_is_its_own_rows_fault_and_costs_them_one_call_each() -> None:
    """A file that is sorted by category, with the refused one at its head: nobody has passed yet, others are used."""
    suspicion = Suspicion()
    suspicion.uses_others = lambda refused: refused != {"bad", "worse"}
    assert of_category(suspicion, CATEGORY, "bad", *ROWS[:4]) == [SUSPECT] * 4
    assert set(of_category(suspicion, CATEGORY, "bad", *ROWS[4:40])) == {Verdict.REFUSED}
    assert of_category(suspicion, DONE, "good", *ROWS[40:42]) == [Verdict.DONE] * 2
    assert of_category(suspicion, CATEGORY, "worse", *[ROWS[50]] * TRIES) == [SUSPECT, SUSPECT, Verdict.REFUSED]
    assert of_category(suspicion, CATEGORY, "worse", ROWS[51]) == [Verdict.REFUSED]


def test_the_run_is_refused_once_each_category_that_it_uses_is() -> None:
    """The first refused category is its rows' own; the second one is the last that there is."""
    suspicion = Suspicion()
    suspicion.uses_others = lambda refused: refused != {"bad", "worse"}
    assert of_category(suspicion, CATEGORY, "bad", *ROWS[:5])[-1] is Verdict.REFUSED
    assert of_category(suspicion, CATEGORY, "worse", *ROWS[10:15]) == [SUSPECT] * 4 + [FATAL]


@pytest.mark.parametrize(("uses_others", "end"), [(True, Verdict.REFUSED), (False, FATAL)])
def test_nobody_fails_before_it_is_known_whose_the_refusal_is(*, uses_others: bool, end: Verdict) -> None:
    """As long as the inputs are read for other categories, each of the refused tries again."""
    suspicion = Suspicion()
    suspicion.uses_others = lambda _: None
    assert of_category(suspicion, CATEGORY, "bad", *ROWS[:12]) == [SUSPECT] * 12
    suspicion.uses_others = lambda _: uses_others
    assert of_category(suspicion, CATEGORY, "bad", ROWS[12]) == [end]


def test_a_category_that_passes_for_others_is_tried_again() -> None:
    """Whatever was refused in it before: the refusal is this row's."""
    suspicion = Suspicion()
    suspicion.uses_others = lambda _: True
    of_category(suspicion, CATEGORY, "mixed", *ROWS[:6])
    of_category(suspicion, DONE, "mixed", *ROWS[10:12])
    assert of_category(suspicion, CATEGORY, "mixed", *[ROWS[20]] * TRIES) == [SUSPECT, SUSPECT, Verdict.REFUSED]


def test_calls_are_weighed_each_for_itself() -> None:
    """That customers can be registered does not show that they can be checked."""
    suspicion = Suspicion()
    weighed(suspicion, DONE, *ROWS[:9])
    found = [suspicion.weigh(CHECK, FORBIDDEN, row).verdict for row in ROWS[:5]]
    assert found == [SUSPECT] * 4 + [FATAL]


def test_a_role_that_worked_for_others_is_there() -> None:
    """A 403 on one approval among many is about that customer; on all approvals it is the role."""
    role = replace(FORBIDDEN, code="role_refused")
    suspicion = Suspicion()
    for row in ROWS[1:3]:
        suspicion.weigh(APPROVE, DONE, row)
    found = [suspicion.weigh(APPROVE, role, ROWS[0]).verdict for _ in range(TRIES)]
    assert found == [SUSPECT, SUSPECT, GIVEN_UP]
    # What the approval's own answer says of the role is no sign that it passes.
    suspicion = Suspicion()
    for row in ROWS[:4]:
        suspicion.weigh(APPROVE, replace(role, verdict=Verdict.CONFIRM), row)
        assert suspicion.weigh(APPROVE, role, row).verdict is SUSPECT
    assert suspicion.weigh(APPROVE, role, ROWS[5]).verdict is FATAL


def test_a_token_that_works_for_others_is_not_renewed_again() -> None:
    """A second 401 asks for one more new token, unless others pass with this one, whatever their call is."""
    suspicion = Suspicion()
    assert suspicion.weigh(ACTIVATE, TOKEN, ROWS[0]).verdict is Verdict.EXPIRED
    suspicion.weigh(REGISTER, DONE, ROWS[1])
    assert suspicion.weigh(ACTIVATE, TOKEN, ROWS[0]).verdict is SUSPECT
    assert suspicion.weigh(ACTIVATE, TOKEN, ROWS[0]).verdict is GIVEN_UP


def test_a_call_with_the_customers_own_token_says_nothing_of_the_admins() -> None:
    """Checks of others pass with their own tokens: they are nobody to compare with."""
    suspicion = Suspicion()
    for row in ROWS[1:9]:
        suspicion.weigh(CHECK, DONE, row)
    found = [suspicion.weigh(ACTIVATE, TOKEN, ROWS[0]).verdict for _ in range(TRIES)]
    assert found == [Verdict.EXPIRED, ASIDE, FATAL]


def test_another_log_in_of_the_same_user_ends_no_run() -> None:
    """All under way get a second 401 together: each asks for one more token. Refused still, it is the run's."""
    suspicion = Suspicion()
    assert weighed(suspicion, TOKEN, *ROWS[:16]) == [Verdict.EXPIRED] * 16
    assert FATAL not in weighed(suspicion, TOKEN, *ROWS[:4])
    assert weighed(suspicion, TOKEN, ROWS[5]) == [FATAL]


@pytest.mark.parametrize("code", ["refused", "rate_refused", "state_conflict"])
@pytest.mark.parametrize("verdict", [Verdict.FATAL, Verdict.REFUSED, Verdict.RETRY, Verdict.EXPIRED])
def test_everything_else_stays_as_it_was_judged(code: str, verdict: Verdict) -> None:
    """Refused data are always the row's."""
    judgement = Judgement(verdict=verdict, code=code)
    assert weighed(Suspicion(), judgement, *ROWS) == [verdict] * 60


def test_a_lookup_that_the_tenant_may_not_make_is_never_the_runs() -> None:
    """A 403 on a list is a favour that is not given: it is not weighed."""
    listing = step(CallName.LIST_DOCUMENTS)
    refused = replace(FORBIDDEN, verdict=Verdict.REFUSED)
    suspicion = Suspicion()
    assert {suspicion.weigh(listing, refused, row).verdict for row in ROWS} == {Verdict.REFUSED}


@pytest.mark.parametrize("number", [1, 9])
def test_whom_an_earlier_run_gave_up_does_not_stop_the_next(number: int) -> None:
    """The night after, only the refused rows are left: that others passed is remembered. New rows still tell."""
    suspicion = Suspicion()
    for row in ROWS[:number]:
        suspicion.take_up(Journey(key=row, fingerprint=b"", standing=Standing.FAILED, code="forbidden"))
    assert weighed(suspicion, FORBIDDEN, *ROWS[:number]) == [SUSPECT] * number
    assert weighed(suspicion, FORBIDDEN, *ROWS[:number]) == [ASIDE] * number
    assert weighed(suspicion, FORBIDDEN, *ROWS[:number]) == [GIVEN_UP] * number
    assert weighed(suspicion, FORBIDDEN, *ROWS[20:25])[-1] is FATAL


@pytest.mark.parametrize(
    "journey",
    [
        Journey(key=ROWS[0], fingerprint=b""),
        Journey(key=ROWS[0], fingerprint=b"", standing=Standing.FAILED, code="refused"),
        Journey(key=ROWS[0], fingerprint=b"", standing=Standing.FAILED, code="category_refused", final=True),
    ],
)
def test_any_other_past_of_a_customer_tells_nothing(journey: Journey) -> None:
    """Only a refusal that was weighed before is known."""
    suspicion = Suspicion()
    suspicion.take_up(journey)
    assert weighed(suspicion, FORBIDDEN, *[ROWS[0]] * TRIES)[-1] is FATAL


def test_a_version_of_the_settings_is_the_runs_for_the_consent_that_it_is_of() -> None:
    """That customers' terms are accepted says nothing of a privacy text whose version is not in force."""
    suspicion = Suspicion()
    terms, privacy = step(CallName.ACCEPT_CONSENT, "terms"), step(CallName.ACCEPT_CONSENT, "privacy")
    refused = Judgement(verdict=Verdict.FATAL, code="consent_version_refused")
    found = []
    for row in ROWS[:5]:
        suspicion.weigh(terms, DONE, row)
        found.append(suspicion.weigh(privacy, refused, row).verdict)
    assert found == [SUSPECT] * 4 + [FATAL]


NOT_FOUND = Judgement(verdict=Verdict.REFUSED, code="not_found", message="unknown")


def test_customers_whom_the_bank_does_not_know_fail_until_five_in_a_row_show_a_reset() -> None:
    """One by one they are rows; one after the other they are the bank's lost data, and the rest stays open."""
    suspicion = Suspicion()
    for refused, fine in zip(ROWS[::2], ROWS[1::2], strict=True):
        assert suspicion.weigh(CHECK, NOT_FOUND, refused).verdict is Verdict.REFUSED
        suspicion.weigh(CHECK, DONE, fine)
    found = [suspicion.weigh(CHECK, NOT_FOUND, bytes([100, number])) for number in range(7)]
    assert [each.verdict for each in found] == [Verdict.REFUSED] * 4 + [FATAL] * 3
    assert "ledger.url" in found[-1].hint


def test_a_read_that_the_tenant_may_not_have_says_nothing_of_the_banks_data() -> None:
    """A list of documents that is not there is not there for anybody."""
    suspicion = Suspicion()
    found = [suspicion.weigh(step(CallName.LIST_DOCUMENTS), NOT_FOUND, row).verdict for row in ROWS]
    assert set(found) == {Verdict.REFUSED}
