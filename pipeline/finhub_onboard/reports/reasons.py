"""What codes of rows and journeys mean for the reports: a duplicate, a row to correct, a changed row. Pure."""

from collections.abc import Sequence

from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Journey, Violation

ROW_CHANGED = "row_changed"
"""Code of a row that changed after it was sent, though nothing blocks its journey."""
OF_COPIES = frozenset(
    {
        ViolationCode.DUPLICATE_EXTERNAL_ID,
        ViolationCode.DUPLICATE_EMAIL,
        ViolationCode.DUPLICATE_PHONE_AND_BIRTH_DATE,
        ViolationCode.DUPLICATE_DOCUMENT_NUMBER,
        ViolationCode.PROBABLE_DUPLICATE,
        ViolationCode.EARLIER_EMAIL,
        ViolationCode.EARLIER_PHONE_AND_BIRTH_DATE,
        ViolationCode.EARLIER_DOCUMENT_NUMBER,
    }
)
"""The intake's codes of rows that resemble other rows or customers."""
OF_DOCUMENTS = frozenset(
    {
        ViolationCode.DOCUMENT_PATH_ABSOLUTE,
        ViolationCode.DOCUMENT_OUTSIDE_ROOT,
        ViolationCode.DOCUMENT_NOT_FOUND,
        ViolationCode.DOCUMENT_NOT_A_FILE,
        ViolationCode.DOCUMENT_UNREADABLE,
        ViolationCode.DOCUMENT_EMPTY,
        ViolationCode.DOCUMENT_TOO_LARGE,
        ViolationCode.DOCUMENT_KIND,
    }
)
"""The intake's codes of documents that cannot be sent: the request could not be built."""
_REFUSED_DATA = frozenset({Code.REFUSED, Code.DUPLICATE_EMAIL})
_ROW_TO_CORRECT = frozenset({Code.CATEGORY_REFUSED, Code.CATEGORY_UNKNOWN, Code.DOCUMENT_TOO_LARGE, *OF_DOCUMENTS})
_CHANGED = frozenset({Code.ROW_CHANGED_IN_DOUBT, Code.ROW_CHANGED_AFTER_REGISTRATION})


def is_copy(violations: Sequence[Violation]) -> bool:
    """Whether the row breaks no rule but those against duplicates."""
    return all(violation.code in OF_COPIES for violation in violations)


def must_be_corrected(journey: Journey) -> bool:
    """Whether a journey failed because of its row's data, document or category."""
    return (journey.final and journey.code in _REFUSED_DATA) or journey.code in _ROW_TO_CORRECT


def says_changed(journey: Journey) -> bool:
    """Whether the journey stopped because the row changed."""
    return journey.code in _CHANGED
