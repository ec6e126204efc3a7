"""The documents of the contract: what the bank requires, and the column of each (API.md, section 5)."""

from collections.abc import Mapping
from enum import StrEnum

from finhub_onboard.model import Risk


class DocumentKind(StrEnum):
    """A document type of the contract."""

    PASSPORT = "PASSPORT"
    NATIONAL_ID = "NATIONAL_ID"
    ID_CARD = "ID_CARD"
    DRIVERS_LICENSE = "DRIVERS_LICENSE"
    GOVERNMENT_ID = "GOVERNMENT_ID"
    """Any of the above: a requirement names the class, an upload the specific type."""
    PROOF_OF_ADDRESS = "PROOF_OF_ADDRESS"
    SOURCE_OF_FUNDS = "SOURCE_OF_FUNDS"
    BENEFICIAL_OWNERSHIP = "BENEFICIAL_OWNERSHIP"
    PEP_DECLARATION = "PEP_DECLARATION"
    BANK_STATEMENT = "BANK_STATEMENT"
    INCOME_PROOF = "INCOME_PROOF"
    SELFIE = "SELFIE"


BACK = "IDENTITY_BACK"
"""Not a type of the contract: the back side of a card, a further upload of the identity document's own type."""
UNKNOWN = "UNKNOWN"
"""A required document that cannot be read, or that is not in the contract."""
REQUIRED_DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    Risk.LOW: (DocumentKind.GOVERNMENT_ID,),
    Risk.MEDIUM: (DocumentKind.GOVERNMENT_ID, DocumentKind.PROOF_OF_ADDRESS, DocumentKind.SOURCE_OF_FUNDS),
    Risk.HIGH: (
        DocumentKind.GOVERNMENT_ID,
        DocumentKind.PROOF_OF_ADDRESS,
        DocumentKind.SOURCE_OF_FUNDS,
        DocumentKind.BENEFICIAL_OWNERSHIP,
        DocumentKind.PEP_DECLARATION,
    ),
}
"""Risk level -> the required documents."""
HIGH_RISK_DOCUMENTS = frozenset(REQUIRED_DOCUMENTS[Risk.HIGH]) - frozenset(REQUIRED_DOCUMENTS[Risk.MEDIUM])
"""Required of high-risk customers only."""
IDENTITY_KINDS = (
    DocumentKind.GOVERNMENT_ID,
    DocumentKind.PASSPORT,
    DocumentKind.NATIONAL_ID,
    DocumentKind.ID_CARD,
    DocumentKind.DRIVERS_LICENSE,
)
"""Documents that prove the identity."""
DOCUMENT_COLUMN_OF: Mapping[str, str] = {
    **dict.fromkeys(IDENTITY_KINDS, "identity_document"),
    DocumentKind.PROOF_OF_ADDRESS: "address_document",
    DocumentKind.SOURCE_OF_FUNDS: "funds_document",
    DocumentKind.BANK_STATEMENT: "funds_document",
    DocumentKind.INCOME_PROOF: "funds_document",
    BACK: "identity_document_back",
}
"""Requirement of the bank -> column of the row."""


def expected_documents(level: str) -> tuple[str, ...]:
    """The documents that the bank will require at a risk level (default LOW)."""
    return REQUIRED_DOCUMENTS.get(level, REQUIRED_DOCUMENTS[Risk.LOW])


def uploaded_as(kind: str, document_type: str) -> str:
    """The document type of an upload for the requirement ``kind``; ``document_type`` is the row's."""
    if kind == BACK:
        return document_type or DocumentKind.GOVERNMENT_ID
    return document_type or kind if kind == DocumentKind.GOVERNMENT_ID else kind


def shown_as(kind: str, document_type: str) -> set[str]:
    """The types under which the bank may list a document that was sent as ``kind``; both sides of a card alike."""
    if kind in (DocumentKind.GOVERNMENT_ID, BACK):
        return {DocumentKind.GOVERNMENT_ID, BACK, document_type}
    return {kind}
