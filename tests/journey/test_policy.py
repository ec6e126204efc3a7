"""API.md section 7, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.errors import ExitCode
from finhub_onboard.finhub.calls import CALLS, CallName, Facts, InDoubt, Kind, Reply, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.verdicts import Judgement, Verdict

CHANGING = tuple(name for name, call in CALLS.items() if call.changes)
READING = tuple(name for name, call in CALLS.items() if not call.changes)
LOOKUPS = (CallName.LIST_DELIVERIES, CallName.LIST_DOCUMENTS)
ALL = tuple(CALLS)
REGISTER, SESSION, VERIFICATION = CallName.REGISTER, CallName.OPEN_SESSION, CallName.OPEN_VERIFICATION
UPLOAD, APPROVE, CONSENT = CallName.UPLOAD_DOCUMENT, CallName.APPROVE, CallName.ACCEPT_CONSENT
ACTIVATE, CHECK = CallName.ACTIVATE, CallName.CHECK
DONE, RETRY, DOUBT, CONFIRM = Verdict.DONE, Verdict.RETRY, Verdict.DOUBT, Verdict.CONFIRM
REFUSED, FATAL, PARKED, DECLINED = Verdict.REFUSED, Verdict.FATAL, Verdict.PARKED, Verdict.DECLINED


def refusal(status: int, kind: Kind = Kind.NONE) -> Reply:
    """Return a readable answer that is no success."""
    return Reply(status=status, says=status, readable=True, kind=kind)


def judged(name: CallName, reply: Reply, doubts: int = 0) -> Judgement:
    """Judge a reply to a call."""
    return judge(step(name), reply, earlier_doubts=doubts)


ROWS: list[tuple[str, tuple[CallName, ...], int, Kind, int, Verdict, str]] = [
    (
        "400 validation",
        (REGISTER, VERIFICATION, UPLOAD, APPROVE, CONSENT, ACTIVATE),
        400,
        Kind.NONE,
        0,
        REFUSED,
        "refused",
    ),
    ("400 categorization", (REGISTER,), 400, Kind.CATEGORIZATION, 0, REFUSED, "category_refused"),
    ("400 missing header", ALL, 400, Kind.MISSING_HEADER, 0, FATAL, "missing_header"),
    ("400 missing header after a doubt", CHANGING, 400, Kind.MISSING_HEADER, 1, FATAL, "missing_header"),
    (
        "400 activation, consents",
        (ACTIVATE,),
        400,
        Kind.MISSING_CONSENTS,
        0,
        Verdict.CONSENTS_AGAIN,
        "missing_consents",
    ),
    ("400 activation, role", (ACTIVATE,), 400, Kind.ROLE, 0, FATAL, "role_refused"),
    ("401 session", (SESSION,), 401, Kind.NONE, 0, REFUSED, "login_refused"),
    ("401 session, locked", (SESSION,), 401, Kind.LOCKED, 0, REFUSED, "user_locked"),
    ("401 other", tuple(n for n in ALL if n is not SESSION), 401, Kind.NONE, 0, Verdict.EXPIRED, "token_refused"),
    ("401 other after a doubt", CHANGING, 401, Kind.NONE, 1, Verdict.EXPIRED, "token_refused"),
    ("403", tuple(n for n in ALL if n is not APPROVE and n not in LOOKUPS), 403, Kind.NONE, 0, FATAL, "forbidden"),
    ("400 approve after a doubt", (APPROVE,), 400, Kind.NONE, 1, REFUSED, "refused"),
    ("403 approve after a doubt, high risk", (APPROVE,), 403, Kind.HIGH_RISK, 1, PARKED, "high_risk"),
    ("404 approve after a doubt", (APPROVE,), 404, Kind.NONE, 1, REFUSED, "not_found"),
    ("422 approve after a doubt", (APPROVE,), 422, Kind.VERIFICATION_REFUSED, 1, DECLINED, "verification_refused"),
    ("403 on a look-up", LOOKUPS, 403, Kind.NONE, 0, REFUSED, "forbidden"),
    ("403 approve", (APPROVE,), 403, Kind.ROLE, 0, Verdict.LOOK, "role_refused"),
    ("403 approve, high risk", (APPROVE,), 403, Kind.HIGH_RISK, 0, PARKED, "high_risk"),
    ("403 high risk after a doubt", (REGISTER, ACTIVATE), 403, Kind.HIGH_RISK, 1, PARKED, "high_risk"),
    (
        "404",
        (VERIFICATION, UPLOAD, APPROVE, CONSENT, ACTIVATE, CHECK, SESSION),
        404,
        Kind.NONE,
        0,
        REFUSED,
        "not_found",
    ),
    ("409 registration", (REGISTER,), 409, Kind.NONE, 0, REFUSED, "duplicate_email"),
    ("409 registration after a doubt", (REGISTER,), 409, Kind.NONE, 1, Verdict.EXISTS, "exists_after_doubt"),
    ("409 other", (VERIFICATION, UPLOAD, APPROVE, ACTIVATE), 409, Kind.NONE, 0, CONFIRM, "state_conflict"),
    ("409 consent: the check decides", (CONSENT,), 409, Kind.NONE, 0, DONE, ""),
    ("409 after a doubt", (VERIFICATION, UPLOAD, APPROVE, ACTIVATE), 409, Kind.NONE, 1, CONFIRM, "state_conflict"),
    ("409 of a read", READING, 409, Kind.NONE, 0, RETRY, "state_conflict"),
    ("413", (UPLOAD,), 413, Kind.NONE, 0, REFUSED, "document_too_large"),
    (
        "422 verification",
        (VERIFICATION, APPROVE),
        422,
        Kind.VERIFICATION_REFUSED,
        0,
        DECLINED,
        "verification_refused",
    ),
    ("422 verification, documents", (VERIFICATION,), 422, Kind.MISSING_DOCUMENTS, 0, PARKED, "document_missing"),
    (
        "422 approve, documents",
        (APPROVE,),
        422,
        Kind.MISSING_DOCUMENTS,
        0,
        Verdict.DOCUMENTS_AGAIN,
        "document_missing",
    ),
    ("422 verification, other", (VERIFICATION,), 422, Kind.NONE, 0, REFUSED, "refused"),
    ("422 approve, other", (APPROVE,), 422, Kind.NONE, 0, PARKED, "not_verified"),
    ("422 high risk", (VERIFICATION, APPROVE), 422, Kind.HIGH_RISK, 0, PARKED, "high_risk"),
    ("422 activation: the bank may lag", (ACTIVATE,), 422, Kind.NONE, 0, RETRY, "not_verified"),
    ("422 activation after a doubt", (ACTIVATE,), 422, Kind.NONE, 1, REFUSED, "not_verified"),
    ("422 other", (REGISTER, UPLOAD, CONSENT), 422, Kind.NONE, 0, REFUSED, "refused"),
    ("425", ALL, 425, Kind.NONE, 0, RETRY, "too_early"),
    ("429", ALL, 429, Kind.NONE, 0, RETRY, "rate_refused"),
    ("429 after a doubt", CHANGING, 429, Kind.NONE, 1, RETRY, "rate_refused"),
    ("408, changing", CHANGING, 408, Kind.NONE, 0, DOUBT, "server_error"),
    ("408, reading", READING, 408, Kind.NONE, 0, RETRY, "server_error"),
    *[
        (f"{s}, changing", CHANGING, s, Kind.NONE, 0, DOUBT, "server_error")
        for s in (500, 501, 502, 503, 504, 520, 599)
    ],
    *[(f"{s}, reading", READING, s, Kind.NONE, 0, RETRY, "server_error") for s in (500, 501, 502, 503, 504, 520, 599)],
    *[
        (f"{s}, changing", CHANGING, s, Kind.NONE, 0, DOUBT, "unexpected_status")
        for s in (100, 199, 300, 301, 302, 399)
    ],
    *[(f"{s}, reading", READING, s, Kind.NONE, 0, RETRY, "unexpected_status") for s in (100, 302, 304)],
    ("400 to a repeat", CHANGING, 400, Kind.NONE, 1, REFUSED, "refused"),
    ("400 category to the repeat", (REGISTER,), 400, Kind.CATEGORIZATION, 1, REFUSED, "category_refused"),
    ("404 to a repeat", CHANGING, 404, Kind.NONE, 1, REFUSED, "not_found"),
    *[
        (f"{s}: any other client error", CHANGING, s, Kind.NONE, 0, REFUSED, "refused")
        for s in (402, 405, 415, 418, 451)
    ],
]


@pytest.mark.parametrize(
    ("calls", "status", "kind", "doubts", "verdict", "code"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_status_is_judged_as_section_7_says(
    calls: tuple[CallName, ...], status: int, kind: Kind, doubts: int, verdict: Verdict, code: str
) -> None:
    """Each row of section 7, for each call that it concerns, by status, kind and earlier doubts."""
    for name in calls:
        found = judged(name, refusal(status, kind), doubts)
        assert (found.verdict, found.code) == (verdict, code), name


def test_what_did_not_leave_was_not_carried_out() -> None:
    """A request of which no byte left is tried again and leaves no doubt."""
    for name in ALL:
        found = judged(name, Reply(sent=False, cause="connection refused"))
        assert (found.verdict, found.code) == (RETRY, "connection_failed")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(cause="timeout"), "no_answer"),
        (Reply(status=200, says=200, accepted=True, readable=False), "unreadable_answer"),
        (Reply(status=200, says=200, accepted=True, readable=False, kind=Kind.ANOTHERS), "anothers_id"),
        (Reply(status=200, says=200, accepted=True, readable=False, kind=Kind.PERSONAL_ID), "personal_id"),
        *[(Reply(status=s, says=502, kind=Kind.ANOTHERS), "anothers_id") for s in (200, 400, 404, 409)],
        *[(Reply(status=s, says=502, kind=Kind.GATEWAY), "gateway_answer") for s in (200, 204, 302, 403, 404)],
        (Reply(status=502, says=502, kind=Kind.GATEWAY), "server_error"),
        (Reply(status=200, says=200, readable=True), "false_success"),
        (Reply(status=200, says=200, readable=False), "false_success"),
    ],
)
def test_an_unknown_outcome_is_a_doubt_only_where_something_may_have_changed(reply: Reply, code: str) -> None:
    """Silence, garbage and a 200 that says failure: in doubt for calls that change something, else tried again."""
    for name in ALL:
        found = judged(name, reply)
        assert (found.verdict, found.code) == (DOUBT if CALLS[name].changes else RETRY, code)


def test_a_200_that_means_another_status_is_judged_by_it() -> None:
    """The status that a false 200 names in its body counts, as the e-mail that exists."""
    assert judged(REGISTER, Reply(status=200, says=409, readable=True)).code == "duplicate_email"
    assert judged(CHECK, Reply(status=200, says=401, readable=True)).verdict is Verdict.EXPIRED


@pytest.mark.parametrize("name", ALL)
def test_a_readable_success_is_done(name: CallName) -> None:
    """A 2xx with what the call must bring is done; approve only if it says APPROVED."""
    reply = Reply(status=200, says=200, accepted=True, readable=True, facts=Facts(status="APPROVED"))
    assert judged(name, reply) == Judgement(verdict=DONE)


def test_an_approval_that_is_not_final_is_confirmed_and_a_refusal_ends_the_row() -> None:
    """Approve answers: APPROVED is done, REJECTED declines, any other or no status is looked at, never trusted."""
    for status, verdict in (("PENDING", CONFIRM), ("", CONFIRM), ("REJECTED", DECLINED), ("approved", CONFIRM)):
        reply = Reply(status=200, says=200, accepted=True, readable=True, facts=Facts(status=status))
        assert judged(APPROVE, reply).verdict is verdict
    reply = Reply(status=200, says=200, accepted=True, readable=True, facts=Facts(status="REJECTED"))
    assert judged(VERIFICATION, reply).verdict is DECLINED


replies = st.builds(
    Reply,
    status=st.none() | st.integers(100, 999),
    sent=st.booleans(),
    accepted=st.booleans(),
    says=st.none() | st.integers(100, 999),
    readable=st.booleans(),
    facts=st.builds(Facts, status=st.sampled_from(["", "APPROVED", "REJECTED", "SOMETHING_NEW"])),
    kind=st.sampled_from(Kind),
)


@given(name=st.sampled_from(ALL), reply=replies, doubts=st.integers(0, 3))
def test_every_reply_has_a_judgement_with_an_explanation(name: CallName, reply: Reply, doubts: int) -> None:
    """No reply raises; every code is explained; DONE needs an accepted, readable answer or a 409 that settles."""
    found = judged(name, reply, doubts)
    assert found == judged(name, reply, doubts)
    if found.verdict is DONE:
        settled = (reply.says or reply.status) == 409 and name is CONSENT
        assert reply.sent
        assert reply.status is not None
        assert settled or (reply.accepted and reply.readable)
        return
    assert isinstance(found.code, Code)
    assert (found.message, found.hint) == (found.code.message, found.code.hint)
    if not CALLS[name].changes:
        passing = (RETRY, Verdict.EXPIRED, Verdict.SUSPECT)
        assert found.verdict in (*passing, REFUSED, PARKED, FATAL), "a read leaves no doubt"


def test_what_stops_the_run_names_its_exit_code() -> None:
    """A defect of the program ends with 1, a tenant or role that is refused with 5."""
    assert judged(REGISTER, refusal(400, Kind.MISSING_HEADER)).exit_code is ExitCode.UNEXPECTED
    assert judged(REGISTER, refusal(403)).exit_code is ExitCode.REFUSED
    assert judged(ACTIVATE, refusal(400, Kind.ROLE)).exit_code is ExitCode.REFUSED


def test_what_section_9_allows_is_declared_for_each_call() -> None:
    """The table of calls says what section 9 says."""
    once = {name for name, call in CALLS.items() if call.in_doubt is InDoubt.REPEAT_ONCE}
    assert once == {REGISTER, VERIFICATION, UPLOAD}
    assert {name for name, call in CALLS.items() if call.in_doubt is InDoubt.CHECK_FIRST} == {APPROVE, CONSENT}
    assert {name for name, call in CALLS.items() if call.in_doubt is InDoubt.READ_FIRST} == {ACTIVATE}
    assert {name for name, call in CALLS.items() if call.in_doubt is InDoubt.REPEAT} == set(READING)


@pytest.mark.parametrize("name", [UPLOAD, APPROVE])
@pytest.mark.parametrize("status", [404, 409, 410, 422])
def test_a_call_about_an_expired_verification_asks_for_another_one(name: CallName, status: int) -> None:
    """Whatever the bank's status for it is; opening one cannot be about one that has expired."""
    found = judged(name, refusal(status, Kind.VERIFICATION_EXPIRED))
    assert (found.verdict, found.code) == (Verdict.VERIFICATION_AGAIN, Code.VERIFICATION_EXPIRED)
    assert judged(VERIFICATION, refusal(409, Kind.VERIFICATION_EXPIRED)).verdict is CONFIRM


@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.parametrize(("field", "verdict"), [("terms_version", PARKED), ("", FATAL)])
def test_a_refused_version_is_the_rows_where_it_names_one_else_the_settings(
    status: int, field: str, verdict: Verdict
) -> None:
    """The version that the bank wants is part of the message."""
    facts = Facts(versions=("2.0", "2.1"))
    reply = Reply(status=status, says=status, readable=True, kind=Kind.CONSENT_VERSION, field=field, facts=facts)
    found = judge(step(CONSENT, "terms"), reply)
    assert (found.verdict, found.code) == (verdict, Code.CONSENT_VERSION_REFUSED)
    assert found.message.endswith(", it wants 2.0 or 2.1")


def test_a_phone_that_another_customer_has_is_not_called_an_e_mail() -> None:
    """Nor is it said after a lost answer: then the customer who has it may be this one."""
    taken = Reply(status=409, says=409, readable=True, field="phone")
    assert judged(REGISTER, taken).code == Code.DUPLICATE_PHONE
    assert judged(REGISTER, refusal(409)).code == Code.DUPLICATE_EMAIL
    assert judged(REGISTER, taken, doubts=1).code == Code.EXISTS_AFTER_DOUBT
