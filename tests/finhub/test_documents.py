"""The documents that the bank asks for: by level, and by the column of the row that holds each."""

import pytest

from finhub_onboard.finhub.documents import (
    BACK,
    DOCUMENT_COLUMN_OF,
    HIGH_RISK_DOCUMENTS,
    IDENTITY_KINDS,
    REQUIRED_DOCUMENTS,
    DocumentKind,
    shown_as,
    uploaded_as,
)
from finhub_onboard.model import Risk
from finhub_onboard.model.columns import DOCUMENT_COLUMNS


def test_each_level_asks_for_all_that_the_one_below_it_does() -> None:
    """API.md, section 5; what only HIGH asks for tells a high risk, and no row holds it."""
    low, medium, high = (set(REQUIRED_DOCUMENTS[level]) for level in Risk)
    assert low < medium < high
    assert high - medium == HIGH_RISK_DOCUMENTS
    assert HIGH_RISK_DOCUMENTS.isdisjoint(DOCUMENT_COLUMN_OF)


def test_every_document_has_a_column_of_the_row() -> None:
    """Those that say who somebody is share one."""
    assert set(DOCUMENT_COLUMN_OF.values()) == set(DOCUMENT_COLUMNS)
    assert {DOCUMENT_COLUMN_OF[kind] for kind in IDENTITY_KINDS} == {"identity_document"}


@pytest.mark.parametrize("kind", DocumentKind)
def test_an_upload_names_the_document_and_not_its_class(kind: DocumentKind) -> None:
    """A requirement GOVERNMENT_ID is met by the document that the row names, and the bank may show it as either."""
    is_class = kind is DocumentKind.GOVERNMENT_ID
    assert uploaded_as(kind, "PASSPORT") == ("PASSPORT" if is_class else kind)
    assert uploaded_as(kind, "") == kind
    assert shown_as(kind, "PASSPORT") == ({kind, "PASSPORT", BACK} if is_class else {kind})


def test_the_back_of_a_card_is_sent_as_the_card() -> None:
    """A further upload of the same type, which the bank may show as either."""
    assert (uploaded_as(BACK, "ID_CARD"), uploaded_as(BACK, "")) == ("ID_CARD", "GOVERNMENT_ID")
    assert shown_as(BACK, "ID_CARD") == shown_as("GOVERNMENT_ID", "ID_CARD")
