"""What codes of rows and journeys mean for the reports: a duplicate, a row to correct, a changed row. Pure."""

from collections.abc import Sequence

from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Journey, Violation

ROW_CHANGED = "row_changed"
"""Code of a row that changed after it was sent, though nothing blocks its journey."""
OF_COPIES = frozenset(
    {
        "duplicate_external_id",
        "duplicate_email",
        "duplicate_phone_and_birth_date",
        "duplicate_document_number",
        "probable_duplicate",
        "earlier_email",
        "earlier_phone_and_birth_date",
        "earlier_document_number",
    }
)
"""The intake's codes of rows that resemble other rows or customers."""
OF_DOCUMENTS = frozenset(
    {
        "document_path_absolute",
        "document_outside_root",
        "document_not_found",
        "document_not_a_file",
        "document_unreadable",
        "document_empty",
        "document_too_large",
        "document_kind",
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
