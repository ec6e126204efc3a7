"""The journey's codes: their values are public, and each has its words."""

from finhub_onboard.journey.codes import Code

VALUES = """
    connection_failed no_answer unreadable_answer anothers_id personal_id gateway_answer server_error false_success
    unexpected_status rate_refused too_early token_refused missing_header forbidden role_refused category_refused
    category_unknown category_parameters refused duplicate_email duplicate_phone exists_after_doubt
    registration_in_doubt outcome_unknown operator_vouches claim_unknown row_changed_in_doubt
    row_changed_after_registration not_found state_conflict document_too_large document_missing document_refused
    document_number_missing login_refused user_locked verification_refused verification_expired not_verified high_risk
    approval_needed approval_lost approval_not_final consent_evidence_missing consent_version_refused missing_consents
    consents_not_recorded activation_not_allowed
"""


def test_the_values_are_what_ledgers_and_files_hold() -> None:
    """They stand in the ledger, in reports and behind ``--code``: none of them changes its name."""
    assert [str(code) for code in Code if code] == VALUES.split()


def test_every_explanation_says_what_and_what_to_do() -> None:
    """Each code has a sentence and a hint, and codes are snake_case."""
    for code in set(Code) - {Code.NONE}:
        assert code.message
        assert code.hint
        assert code == code.name.lower()


def test_no_explanation_says_more_than_the_job_knows() -> None:
    """A new ledger does not know who registered an e-mail; a refusal may name no field to correct."""
    assert "this ledger" in Code.DUPLICATE_EMAIL.message
    assert "another ledger may have registered it" in Code.DUPLICATE_EMAIL.hint
    assert "where the bank names none" in Code.REFUSED.hint
