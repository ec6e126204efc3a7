"""The documents of the contract: what the bank asks for, and which column of a row holds it (API.md, section 5)."""

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
    """Any of those before it: a requirement names the class, an upload says which document it is."""
    PROOF_OF_ADDRESS = "PROOF_OF_ADDRESS"
    SOURCE_OF_FUNDS = "SOURCE_OF_FUNDS"
    BENEFICIAL_OWNERSHIP = "BENEFICIAL_OWNERSHIP"
    PEP_DECLARATION = "PEP_DECLARATION"
    BANK_STATEMENT = "BANK_STATEMENT"
    INCOME_PROOF = "INCOME_PROOF"
    SELFIE = "SELFIE"


UNKNOWN = "UNKNOWN"
"""A document that the bank asks for and that cannot be read, or that the contract does not have."""
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
"""Risk level -> what the bank asks for."""
HIGH_RISK_DOCUMENTS = frozenset(REQUIRED_DOCUMENTS[Risk.HIGH]) - frozenset(REQUIRED_DOCUMENTS[Risk.MEDIUM])
"""Whoever is asked for one of these is of high risk."""
IDENTITY_KINDS = (
    DocumentKind.GOVERNMENT_ID,
    DocumentKind.PASSPORT,
    DocumentKind.NATIONAL_ID,
    DocumentKind.ID_CARD,
    DocumentKind.DRIVERS_LICENSE,
)
"""Documents that say who somebody is."""
DOCUMENT_COLUMN_OF: Mapping[str, str] = {
    **dict.fromkeys(IDENTITY_KINDS, "identity_document"),
    DocumentKind.PROOF_OF_ADDRESS: "address_document",
    DocumentKind.SOURCE_OF_FUNDS: "funds_document",
    DocumentKind.BANK_STATEMENT: "funds_document",
    DocumentKind.INCOME_PROOF: "funds_document",
}
"""Requirement of the bank -> column of the row."""


def expected_documents(level: str, *, by_admin: bool) -> tuple[str, ...] | None:
    """What the bank will ask for at this risk level (LOW where it is unknown); ``None``: it will name nothing.

    Only the customer's path names documents: the answer of ``POST /verifications``, the admin's, has no such list.
    """
    return None if by_admin else REQUIRED_DOCUMENTS.get(level, REQUIRED_DOCUMENTS[Risk.LOW])


def uploaded_as(kind: str, document_type: str) -> str:
    """The document type that an upload for the requirement ``kind`` names; ``document_type`` is the row's."""
    return document_type or kind if kind == DocumentKind.GOVERNMENT_ID else kind


def shown_as(kind: str, document_type: str) -> set[str]:
    """The types by which the bank may show a document that left as ``kind``: its own kind, and no other."""
    return {kind, document_type} if kind == DocumentKind.GOVERNMENT_ID else {kind}
