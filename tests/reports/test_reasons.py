"""What codes say for the reports: the intake's codes are all sorted, and by their names."""

import pytest

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Journey, Violation
from finhub_onboard.reports.reasons import OF_COPIES, OF_DOCUMENTS, is_copy, must_be_corrected, says_changed


def violation(code: str) -> Violation:
    """Return a finding with this code."""
    return Violation(source="b", row_number=1, external_id="C-1", field="", code=code, message="m", hint="h")


def failed(code: str, *, final: bool = True) -> Journey:
    """Return a journey that failed with this code."""
    return Journey(key=b"k", fingerprint=b"", code=code, final=final)


def test_all_codes_of_the_intake_are_sorted() -> None:
    """Its codes of copies are those of this table, and its codes of documents, but for what the row itself states."""
    stated = {"document_type_unknown", "document_date_invalid", "document_issued_in_future", "document_expired"}
    assert {code for code in ViolationCode if code.startswith(("duplicate_", "probable_", "earlier_"))} == OF_COPIES
    assert {code for code in ViolationCode if code.startswith("document_")} == OF_DOCUMENTS | stated


def test_a_row_is_a_mere_copy_if_nothing_else_speaks_against_it() -> None:
    """One rule that the row itself breaks is enough."""
    assert is_copy([violation("duplicate_email"), violation("earlier_document_number")])
    assert not is_copy([violation("duplicate_email"), violation("email_invalid")])


@pytest.mark.parametrize("code", [*sorted(OF_DOCUMENTS), Code.CATEGORY_UNKNOWN, Code.CATEGORY_REFUSED])
def test_a_document_or_category_is_for_the_row_to_put_right(code: str) -> None:
    """Also where a later run tries again by itself."""
    assert must_be_corrected(failed(code))
    assert must_be_corrected(failed(code, final=False))


@pytest.mark.parametrize("code", [Code.REFUSED, Code.DUPLICATE_EMAIL])
def test_data_that_the_bank_refused_for_good_are_for_the_row_to_put_right(code: Code) -> None:
    """Not while another run may still be taken."""
    assert must_be_corrected(failed(code))
    assert not must_be_corrected(failed(code, final=False))


def test_nothing_else_is_the_row_s_fault() -> None:
    """A bank that is down, or a customer whom nobody may approve, is not put right in a file."""
    others = set(Code) - {Code.REFUSED, Code.DUPLICATE_EMAIL, Code.CATEGORY_REFUSED, Code.CATEGORY_UNKNOWN}
    assert not any(must_be_corrected(failed(code)) for code in others - {Code.DOCUMENT_TOO_LARGE})


def test_which_journeys_stopped_because_the_row_changed() -> None:
    """Those of two codes."""
    changed = {code for code in Code if says_changed(failed(code))}
    assert changed == {Code.ROW_CHANGED_IN_DOUBT, Code.ROW_CHANGED_AFTER_REGISTRATION}
