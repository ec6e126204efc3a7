"""From ledger and intake to report lines: one disposition for every row, and lines that say what happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.journey.codes import Code
from finhub_onboard.keys import Keys
from finhub_onboard.model import (
    CallRecord,
    Customer,
    Disposition,
    IntakeRow,
    Journey,
    Phase,
    Repeat,
    Severity,
    Standing,
    Violation,
)
from finhub_onboard.reports.error_lines import errors_of
from finhub_onboard.reports.projection import (
    belongs_in_rejects,
    disposition_of,
    doubtful_of,
    instant,
    result_of,
    waiting_of,
)
from tests.values import replace

KEYS = Keys("a seed", "a tenant")
CUSTOMER = Customer(
    source="book.csv",
    row_number=7,
    external_id="C-7",
    first_name="Ona",
    last_name="Kaz",
    email="ona@example.com",
    phone="+37061231001",
    date_of_birth="1990-10-03",
    nationality="Lithuania",
    category="STANDARD",
)
PRINT = KEYS.fingerprint(CUSTOMER)
OTHER = KEYS.fingerprint(replace(CUSTOMER, phone="+37061231999", category="PLUS"))
ROW = IntakeRow(source="book.csv", row_number=7, external_id="C-7", customer=CUSTOMER)
BASE = Journey(key=b"k", fingerprint=PRINT, first_run=1, last_run=2, started_at=1_700_000_000.25)
VIOLATION = Violation(
    source="book.csv", row_number=8, external_id="C-8", field="email", code="email_syntax", message="m", hint="h"
)
REJECTED = IntakeRow(source="book.csv", row_number=8, external_id="C-8", customer=None, violations=(VIOLATION,))
PERSONAL = (CUSTOMER.first_name, CUSTOMER.last_name, CUSTOMER.email, CUSTOMER.phone, CUSTOMER.date_of_birth)

journeys = st.builds(
    Journey,
    key=st.just(b"k"),
    fingerprint=st.sampled_from([PRINT, OTHER]),
    standing=st.sampled_from(Standing),
    done=st.integers(0, 8),
    step=st.sampled_from(["", "register", "activate", "upload_document/X"]),
    doubts=st.integers(0, 4),
    final=st.booleans(),
    phase=st.sampled_from(["", *Phase]),
    code=st.sampled_from(list(Code)),
    message=st.text(max_size=5),
    completed_run=st.integers(0, 3),
    last_run=st.integers(0, 3),
    sent=st.integers(0, 50),
    started_at=st.floats(0, 2e9),
    finished_at=st.floats(0, 2e9),
)


@given(journey=st.none() | journeys, same=st.booleans(), run=st.integers(0, 3))
def test_every_journey_has_exactly_one_disposition_and_a_line(
    journey: Journey | None,
    same: bool,  # noqa: FBT001
    run: int,
) -> None:
    """Total: no journey, however it stands, raises or falls between the words; its lines agree."""
    fingerprint = PRINT if same else OTHER
    found = disposition_of(journey, fingerprint, run=run)
    assert isinstance(found, Disposition)
    assert found is not Disposition.REJECTED
    result = result_of(ROW, journey, fingerprint, run=run)
    assert result.disposition is found
    assert (result.row_number, result.external_id) == (7, "C-7")
    assert not result.phase or result.phase in list(Phase)
    lines = list(errors_of(ROW, journey, [], result, at="now"))
    assert len(lines) <= 1
    assert bool(lines) == bool(result.code)
    if journey is not None:
        assert waiting_of(ROW, journey, result).code
    said = f"{result} {lines}"
    assert not any(value in said for value in PERSONAL)


@pytest.mark.parametrize(
    ("journey", "fingerprint", "run", "disposition"),
    [
        (None, PRINT, 1, Disposition.PENDING),
        (replace(BASE, standing=Standing.COMPLETE, completed_run=2), PRINT, 2, Disposition.ONBOARDED),
        (replace(BASE, standing=Standing.COMPLETE, completed_run=2), OTHER, 2, Disposition.CHANGED),
        (replace(BASE, standing=Standing.COMPLETE, completed_run=1), PRINT, 2, Disposition.UNCHANGED),
        (replace(BASE, standing=Standing.COMPLETE, completed_run=1), OTHER, 2, Disposition.CHANGED),
        (replace(BASE, standing=Standing.OPEN), PRINT, 2, Disposition.PENDING),
        (replace(BASE, standing=Standing.OPEN, doubts=1, step="register"), PRINT, 2, Disposition.IN_DOUBT),
        (replace(BASE, standing=Standing.FAILED), PRINT, 2, Disposition.FAILED),
        (replace(BASE, standing=Standing.FAILED, final=True), PRINT, 3, Disposition.FAILED),
        (replace(BASE, standing=Standing.FAILED, final=True), OTHER, 2, Disposition.FAILED),
        (replace(BASE, standing=Standing.FAILED, final=True), OTHER, 3, Disposition.PENDING),
        (replace(BASE, standing=Standing.FAILED), OTHER, 3, Disposition.FAILED),
        (replace(BASE, standing=Standing.DECLINED), PRINT, 2, Disposition.DECLINED),
        (replace(BASE, standing=Standing.DECLINED, last_run=1), PRINT, 2, Disposition.DECLINED),
        (replace(BASE, standing=Standing.PARKED, doubts=1), PRINT, 2, Disposition.PARKED),
        (replace(BASE, standing=Standing.IN_DOUBT), PRINT, 2, Disposition.IN_DOUBT),
    ],
)
def test_each_standing_is_what_the_design_calls_it(
    journey: Journey | None, fingerprint: bytes, run: int, disposition: Disposition
) -> None:
    """DESIGN 2, case by case."""
    assert disposition_of(journey, fingerprint, run=run) is disposition


def test_a_rejected_row_shows_its_first_violation_and_lists_all() -> None:
    """``results.csv`` has one line, ``errors.csv`` one per violation."""
    row = replace(REJECTED, violations=(VIOLATION, replace(VIOLATION, field="phone", code="phone_invalid")))
    result = result_of(row, None, b"", run=1)
    assert (result.disposition, result.code, result.phase) == (Disposition.REJECTED, "email_syntax", "")
    lines = list(errors_of(row, None, [], result, at="2026"))
    assert [(line.stage, line.field, line.code, line.at) for line in lines] == [
        ("intake", "email", "email_syntax", "2026"),
        ("intake", "phone", "phone_invalid", "2026"),
    ]
    assert belongs_in_rejects(row, None)


def test_a_changed_row_names_its_columns_and_not_their_values() -> None:
    """The message names what differs; the hint says what can be done."""
    journey = replace(BASE, standing=Standing.COMPLETE, done=8, completed_run=1)
    result = result_of(ROW, journey, OTHER, run=2)
    assert (result.code, result.phase) == ("row_changed", Phase.ACTIVATION)
    assert result.message == "changed since it was onboarded: phone, category"
    [line] = errors_of(ROW, journey, [], result, at="2026")
    assert (line.stage, line.code, line.at) == ("intake", "row_changed", "2026")
    assert "no update" in line.hint


@pytest.mark.parametrize("done", range(8))
def test_an_unfinished_row_shows_the_phase_that_comes_next(done: int) -> None:
    """Without a fault, the phase is the one that the next run begins with."""
    assert result_of(ROW, replace(BASE, done=done), PRINT, run=2).phase is tuple(Phase)[done]


def test_attempts_count_only_the_requests_of_the_run_that_is_reported() -> None:
    """A customer that an earlier run carried costs this run nothing."""
    journey = replace(BASE, standing=Standing.COMPLETE, done=8, completed_run=2, sent=12)
    assert result_of(ROW, journey, PRINT, run=2).attempts == 12
    assert result_of(ROW, journey, PRINT, run=3).attempts == 0


def test_every_call_that_went_wrong_is_a_line_and_the_end_is_not_told_twice() -> None:
    """Calls without a code are no errors; a code that a call already told is not repeated for the journey."""
    wrong = CallRecord(
        number=1, key=b"k", run=2, phase="registration", step="register", attempt=1, changes=True, intent_at=1.0,
        outcome_at=1_700_000_001.5, outcome="doubt", http_status=500, code="server_error", field="phone", message="m",
        hint="h", retriable=True,
    )  # fmt: skip
    again = replace(wrong, number=2, attempt=2, code="refused", http_status=400, retriable=False)
    fine = replace(wrong, number=3, code="")
    journey = replace(BASE, standing=Standing.FAILED, final=True, phase="registration", code="refused", message="x")
    result = result_of(ROW, journey, PRINT, run=2)
    lines = list(errors_of(ROW, journey, [wrong, again, fine], result, at="2026"))
    assert [(line.code, line.attempt, line.retriable, line.http_status) for line in lines] == [
        ("server_error", 1, True, 500),
        ("refused", 2, False, 400),
    ]
    assert [line.outcome for line in lines] == ["overcome", "overcome"]  # a later try is on its way
    assert (lines[0].stage, lines[0].field, lines[0].at) == ("registration", "phone", "2023-11-14T22:13:21.500Z")
    parked = replace(
        BASE, standing=Standing.PARKED, phase="consents", code="consent_evidence_missing",
        field="terms_accepted_at", message="m", hint="h",
    )  # fmt: skip
    lines = list(errors_of(ROW, parked, [wrong], result_of(ROW, parked, PRINT, run=2), at="2026"))
    assert [(line.code, line.field, line.stage) for line in lines] == [
        ("server_error", "phone", "registration"),
        ("consent_evidence_missing", "terms_accepted_at", "consents"),
    ]


def test_who_waits_is_named_with_what_the_bank_knows() -> None:
    """The lines of parked and in_doubt hold the person, the ids, the reason and since when."""
    journey = replace(
        BASE, standing=Standing.PARKED, phase="approval", code="approval_needed", message="m", hint="h", done=5,
        customer_id="c", user_id="u", verification_id="v", finished_at=1_700_000_002.0, sent=4,
    )  # fmt: skip
    line = waiting_of(ROW, journey, result_of(ROW, journey, PRINT, run=2))
    assert (line.email, line.phone, line.first_name, line.last_name) == (
        "ona@example.com",
        "+37061231001",
        "Ona",
        "Kaz",
    )
    assert (line.customer_id, line.user_id, line.verification_id) == ("c", "u", "v")
    assert (line.code, line.message, line.hint, line.since) == ("approval_needed", "m", "h", "2023-11-14T22:13:22.000Z")


def test_a_doubt_that_a_kill_left_is_explained() -> None:
    """A journey that was killed has no reason of its own: the line still says what, since when, and what to do."""
    journey = replace(BASE, doubts=1, step="register", done=1)
    result = result_of(ROW, journey, PRINT, run=2)
    line = waiting_of(ROW, journey, result)
    assert (result.disposition, line.phase, line.code) == (Disposition.IN_DOUBT, "registration", "outcome_unknown")
    assert line.message
    assert line.hint
    assert line.since == instant(BASE.started_at)


@pytest.mark.parametrize(
    ("standing", "final", "code", "belongs"),
    [
        (Standing.FAILED, True, "refused", True),
        (Standing.FAILED, True, "duplicate_email", True),
        (Standing.FAILED, True, "category_refused", True),
        (Standing.FAILED, True, "category_unknown", True),
        (Standing.FAILED, True, "document_too_large", True),
        (Standing.FAILED, True, "document_unreadable", True),
        (Standing.FAILED, True, "not_found", False),
        (Standing.FAILED, True, "login_refused", False),
        (Standing.FAILED, False, "refused", False),
        (Standing.PARKED, True, "refused", False),
        (Standing.IN_DOUBT, False, "refused", False),
        (Standing.COMPLETE, False, "", False),
    ],
)
def test_only_what_a_person_can_correct_in_the_row_goes_to_the_rejects(
    standing: Standing,
    final: bool,  # noqa: FBT001
    code: str,
    belongs: bool,  # noqa: FBT001
) -> None:
    """DESIGN 3.5: rejected, or refused for the row's data; never a row that is in doubt or waits."""
    assert belongs_in_rejects(ROW, replace(BASE, standing=standing, final=final, code=code)) is belongs
    assert not belongs_in_rejects(ROW, None)


def test_an_instant_is_utc_with_milliseconds_and_nothing_is_nothing() -> None:
    """0 means that it did not happen."""
    assert instant(0.0) == ""
    assert instant(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"


def test_a_row_that_this_run_carried_is_not_rejected_afterwards() -> None:
    """A document that vanished meanwhile makes the row a violation; the customer is at the bank all the same."""
    violation = Violation(
        source="a.csv",
        row_number=1,
        external_id="1",
        field="identity_document",
        code="document_not_found",
        message="gone",
        hint="look",
    )
    row = IntakeRow(source="a.csv", row_number=1, external_id="1", customer=None, violations=(violation,))
    carried = Journey(key=b"k", fingerprint=b"", customer_id="c-1", done=2, last_run=3)
    found = result_of(row, carried, b"", run=3)
    assert (found.disposition, found.customer_id) == (Disposition.PENDING, "c-1")
    assert not belongs_in_rejects(row, carried, run=3)


DOUBTFUL = replace(
    BASE, key=KEYS.customer("C-8"), standing=Standing.IN_DOUBT, done=1, step="register", doubts=2, phase="registration",
    code="registration_in_doubt", message="m", hint="h", finished_at=1_700_000_002.0,
)  # fmt: skip
REGISTERED = replace(BASE, done=2, customer_id="c", user_id="u")
COPY = replace(REJECTED, violations=(replace(VIOLATION, field="external_id", code="duplicate_external_id"),))


@pytest.mark.parametrize(
    ("journey", "disposition", "code"),
    [
        (None, Disposition.REJECTED, "email_syntax"),
        (BASE, Disposition.REJECTED, "email_syntax"),
        (
            replace(BASE, done=1, standing=Standing.FAILED, final=True, code="refused"),
            Disposition.REJECTED,
            "email_syntax",
        ),
        (
            replace(BASE, doubts=1, step="register", code="operator_vouches", repeat=Repeat.GRANTED),
            Disposition.REJECTED,
            "email_syntax",
        ),
        (DOUBTFUL, Disposition.IN_DOUBT, "registration_in_doubt"),
        (replace(BASE, done=1, doubts=1, step="register"), Disposition.IN_DOUBT, "outcome_unknown"),
        (REGISTERED, Disposition.PENDING, "email_syntax"),
        (replace(REGISTERED, standing=Standing.PARKED, code="approval_needed"), Disposition.PARKED, "approval_needed"),
        (replace(REGISTERED, standing=Standing.FAILED, code="not_found"), Disposition.FAILED, "not_found"),
        (replace(REGISTERED, standing=Standing.DECLINED, code="x"), Disposition.DECLINED, "x"),
    ],
)
def test_a_row_that_breaks_a_rule_stands_as_its_customer_does_once_the_bank_may_have_it(
    journey: Journey | None, disposition: Disposition, code: str
) -> None:
    """Nothing that may be at the bank disappears behind `rejected`; the row is corrected all the same."""
    result = result_of(REJECTED, journey, b"", run=3)
    assert (result.disposition, result.code) == (disposition, code)
    assert result.customer_id == (journey.customer_id if journey and disposition is not Disposition.REJECTED else "")
    assert belongs_in_rejects(REJECTED, journey, run=3)


@given(journey=journeys, row=st.sampled_from([REJECTED, COPY]), run=st.integers(0, 3))
def test_every_row_that_breaks_a_rule_has_one_disposition_and_names_the_rule(
    journey: Journey, row: IntakeRow, run: int
) -> None:
    """Total, however the customer stands; the line of the row has a reason, unless this run has finished it."""
    journey = replace(journey, step=journey.step or "register")
    result = result_of(row, journey, b"", run=run)
    assert isinstance(result.disposition, Disposition)
    assert result.code or result.disposition is Disposition.ONBOARDED
    lines = list(errors_of(row, journey, [], result, at="now"))
    assert lines[0].code == row.violations[0].code
    assert len(lines) == len({(line.stage, line.code) for line in lines}) <= 2


@pytest.mark.parametrize(
    ("journey", "held_by"),
    [
        (DOUBTFUL, "registration_in_doubt"),
        (replace(DOUBTFUL, standing=Standing.OPEN, doubts=1, code="", phase=""), "outcome_unknown"),
    ],
)
def test_a_doubt_whose_row_breaks_a_rule_is_told_with_both_and_asked_about(journey: Journey, held_by: str) -> None:
    """`errors.csv` names the rule and what holds the journey; `in_doubt.csv` asks, without a value of the row."""
    result = result_of(REJECTED, journey, b"", run=3)
    lines = list(errors_of(REJECTED, journey, [], result, at="2026"))
    assert [(line.stage, line.code) for line in lines] == [("intake", "email_syntax"), ("registration", held_by)]
    line = doubtful_of(REJECTED, journey, result, [], at="2026")
    assert (line.external_id, line.row_number, line.phase, line.email) == ("C-8", 8, "registration", "")
    assert "e-mail" in line.question
    assert "correct the row" in line.hint


def test_a_finished_customer_whose_row_doubles_stays_unchanged_with_an_error_beside_it() -> None:
    """The ids stay, and the row stands in errors and rejects for the copy; it is not sent."""
    journey = replace(REGISTERED, standing=Standing.COMPLETE, done=8, completed_run=1)
    result = result_of(COPY, journey, b"", run=3)
    assert (result.disposition, result.customer_id, result.phase) == (Disposition.UNCHANGED, "c", Phase.ACTIVATION)
    assert [line.code for line in errors_of(COPY, journey, [], result, at="2026")] == ["duplicate_external_id"]
    assert belongs_in_rejects(COPY, journey, run=3)


def test_a_finished_customer_whose_row_is_invalid_is_rejected() -> None:
    """Nobody can tell what else differs, and nothing is under way: the row is a reject like any other."""
    journey = replace(REGISTERED, standing=Standing.COMPLETE, done=8, completed_run=1)
    result = result_of(REJECTED, journey, b"", run=3)
    assert (result.disposition, result.code, result.customer_id) == (Disposition.REJECTED, "email_syntax", "")
    assert result_of(REJECTED, replace(journey, last_run=3), b"", run=3).disposition is Disposition.ONBOARDED


def test_what_a_row_changed_after_it_was_sent_is_said_in_the_run_that_completes_it() -> None:
    """`onboarded` would claim that the bank has what the row says."""
    journey = replace(BASE, standing=Standing.COMPLETE, done=8, completed_run=2)
    result = result_of(ROW, journey, OTHER, run=2)
    assert (result.disposition, result.message) == (Disposition.CHANGED, "changed since it was sent: phone, category")


@pytest.mark.parametrize(
    ("journey", "columns"),
    [
        (BASE, ""),
        (REGISTERED, "phone, category"),
        (replace(DOUBTFUL, key=b"k"), "phone, category"),
        (replace(REGISTERED, standing=Standing.PARKED, code="row_changed_after_registration"), ""),
    ],
)
def test_an_unfinished_row_that_differs_from_what_was_sent_is_warned_about_once(journey: Journey, columns: str) -> None:
    """It stands as its journey does; a warning names what no run will send, unless the journey itself says so."""
    result = result_of(ROW, journey, OTHER, run=2)
    assert result.code == journey.code
    warnings = [
        line for line in errors_of(ROW, journey, [], result, OTHER, at="2026") if line.severity is Severity.WARNING
    ]
    assert [(line.stage, line.code, line.message) for line in warnings] == (
        [("intake", "row_changed", f"changed since it was sent: {columns}")] if columns else []
    )
    assert not list(errors_of(ROW, BASE, [], result_of(ROW, BASE, PRINT, run=2), PRINT, at="2026"))


def test_a_refused_row_that_was_corrected_and_not_reached_asks_for_nothing() -> None:
    """It is pending like any row that the run did not come to: no old refusal beside it, and no reject."""
    journey = replace(
        BASE, standing=Standing.FAILED, final=True, done=1, phase="registration", code="refused", message="m"
    )
    result = result_of(ROW, journey, OTHER, run=3)
    assert (result.disposition, result.code, result.phase) == (Disposition.PENDING, "", Phase.REGISTRATION)
    assert list(errors_of(ROW, journey, [], result, OTHER, at="2026")) == []
    assert not belongs_in_rejects(ROW, journey, OTHER, run=3)
    assert belongs_in_rejects(ROW, journey, PRINT, run=3)
    assert belongs_in_rejects(ROW, journey, OTHER, run=2)


def test_a_parked_customer_whose_row_breaks_a_rule_is_told_to_correct_it_first() -> None:
    """What the bank's person does is of no use while the row is not taken up."""
    parked = replace(REGISTERED, standing=Standing.PARKED, code="approval_needed", phase="approval", hint="approve it")
    line = waiting_of(REJECTED, parked, result_of(REJECTED, parked, b"", run=3))
    assert (line.code, line.hint, line.email) == (
        "approval_needed",
        "the row breaks a rule: correct it first; approve it",
        "",
    )


def test_a_reject_does_not_repeat_what_the_bank_said_of_it_before() -> None:
    """A row refused as a duplicate that is a copy within its file now is a reject for that, once."""
    refused = replace(BASE, standing=Standing.FAILED, final=True, done=1, phase="registration", code="duplicate_email")
    row = replace(REJECTED, violations=(replace(VIOLATION, code="duplicate_email"),))
    result = result_of(row, refused, b"", run=3)
    assert [line.stage for line in errors_of(row, refused, [], result, at="2026")] == ["intake"]
