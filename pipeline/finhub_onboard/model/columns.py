"""The columns of a row (DESIGN 3.3): which every row needs, and in which order they come."""

REQUIRED_COLUMNS = (
    "external_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "date_of_birth",
    "nationality",
    "category",
)
_DOCUMENTS = ("identity_document", "address_document", "funds_document")
ADDRESS_COLUMNS = ("street", "city", "region", "postal_code", "country")
LATER_COLUMNS = (
    *("identity_document_back", "document_issued_on", "document_expires_on"),
    *ADDRESS_COLUMNS,
    "consent_ip_address",
)
"""Columns since 0.7.0; ledgers of earlier versions know nothing of them. New ones go to the end."""
DOCUMENT_COLUMNS = (*_DOCUMENTS, "identity_document_back")
CONSENTS = ("terms", "privacy", "data_processing")
OPTIONAL_COLUMNS = (
    *("gender", "place_of_birth", "pincode", "risk_level", "document_type", "document_number"),
    *_DOCUMENTS,
    *(f"{consent}_{part}" for consent in CONSENTS for part in ("version", "accepted_at")),
    *LATER_COLUMNS,
)
CANONICAL_COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
"""The columns of DESIGN 3.3 in their canonical order."""

ERROR_COLUMNS = ("_err_row", "_err_field", "_err_code", "_err_message")
"""Columns that a rejects file adds and that an input may carry: they are ignored on reading."""
HINT_COLUMN = "_err_hint"
"""A further one, where a language was asked for."""
OUR_COLUMNS = (*ERROR_COLUMNS, HINT_COLUMN)

EXTRA = "extra"
"""All ``extra.*`` columns that the profile maps, as one text: JSON of values by the member that they are sent as."""
ROW_COLUMNS = (*CANONICAL_COLUMNS, EXTRA)
"""What a record becomes."""
