"""Which columns of a row each step sends, and what of a row differs from what was sent. Pure.

Promise: what a step owns is frozen by hash in ``Journey.fingerprint`` when its intent is written. A row that differs
later has changed, whoever asks: taking a customer up, repeating a step, or saying what became of the row.
"""

from finhub_onboard.finhub.calls import CallName, step_from_label
from finhub_onboard.keys import FINGERPRINT_COLUMNS, changed_columns
from finhub_onboard.model import DOCUMENT_COLUMNS, Journey, Phase, Standing

REGISTERED_COLUMNS = frozenset(
    {
        "first_name",
        "last_name",
        "email",
        "phone",
        "date_of_birth",
        "nationality",
        "category",
        "gender",
        "place_of_birth",
        "pincode",
    }
)
"""Columns that the registration sends; the API has no update for them."""
IDENTITY_COLUMNS = frozenset({"first_name", "last_name", "email", "date_of_birth"})
"""Registered columns whose change makes going on unsafe."""
VERIFIED_COLUMNS = frozenset({"document_type", "document_number"})
EVIDENCE_COLUMNS = VERIFIED_COLUMNS | set(DOCUMENT_COLUMNS)
"""What a verification decides by."""
IDENTITY_KINDS = ("GOVERNMENT_ID", "PASSPORT", "NATIONAL_ID", "ID_CARD", "DRIVERS_LICENSE")
DOCUMENT_COLUMN_OF = {
    **dict.fromkeys(IDENTITY_KINDS, "identity_document"),
    "PROOF_OF_ADDRESS": "address_document",
    "SOURCE_OF_FUNDS": "funds_document",
    "BANK_STATEMENT": "funds_document",
    "INCOME_PROOF": "funds_document",
}
"""Requirement of the bank -> column of the row (API.md, section 5)."""


def columns_of(label: str) -> frozenset[str]:
    """The columns that the step with this label sends."""
    at = step_from_label(label)
    match at.call.name:
        case CallName.REGISTER:
            return REGISTERED_COLUMNS
        case CallName.OPEN_VERIFICATION:
            return VERIFIED_COLUMNS
        case CallName.UPLOAD_DOCUMENT:
            return frozenset({DOCUMENT_COLUMN_OF[at.item]} if at.item in DOCUMENT_COLUMN_OF else ())
        case CallName.ACCEPT_CONSENT:
            consent = at.item.replace("-", "_")
            return frozenset({f"{consent}_version", f"{consent}_accepted_at"})
        case _:
            return frozenset()


def is_at_the_bank(journey: Journey | None) -> bool:
    """Whether the bank has the customer, or may have."""
    return journey is not None and (journey.done >= Phase.REGISTRATION.number or journey.doubts > 0)


def sent_columns(journey: Journey) -> frozenset[str]:
    """The columns that have left for this customer: of steps that were done, and of the one in doubt."""
    if journey.standing is Standing.COMPLETE:
        return frozenset(FINGERPRINT_COLUMNS)
    # Once the phase is passed, whatever left: the answers of some may be unknown for good.
    left = journey.documents if journey.done >= Phase.DOCUMENTS.number else ()
    labels = [
        *([CallName.REGISTER] if journey.done >= Phase.REGISTRATION.number else []),
        *([CallName.OPEN_VERIFICATION] if journey.done >= Phase.VERIFICATION.number else []),
        *(f"{CallName.UPLOAD_DOCUMENT}/{kind}" for kind in (*journey.uploaded, *(item_of(mark) for mark in left))),
        *(f"{CallName.ACCEPT_CONSENT}/{consent}" for consent in journey.consented),
        *([journey.step] if journey.doubts else []),
    ]
    return frozenset[str]().union(*map(columns_of, labels))


def changed_since_sent(journey: Journey, fingerprint: bytes) -> tuple[str, ...]:
    """The columns in which a row with this ``fingerprint`` differs from what was sent for it; empty: not known."""
    if not fingerprint or fingerprint == journey.fingerprint:
        return ()
    sent = sent_columns(journey)
    return tuple(column for column in changed_columns(journey.fingerprint, fingerprint) if column in sent)


def shown_as(item: str, document_type: str) -> set[str]:
    """The types by which the bank may show a document that left as ``item``: its own kind, and no other."""
    return {item, document_type} if item == "GOVERNMENT_ID" else {item}


def document_mark(item: str, content: str, version: str) -> str:
    """The mark of a document that leaves as ``item``: a keyed hash of its content, and the file's version."""
    return f"{item}={content}@{version}"


def item_of(mark: str) -> str:
    """As what the document of a mark left."""
    return mark.partition("=")[0]


def latest_mark(journey: Journey, column: str) -> tuple[str, str] | None:
    """Content hash and file version of the document that left last for ``column``, if one did."""
    for mark in reversed(journey.documents):
        item, _, said = mark.partition("=")
        if DOCUMENT_COLUMN_OF.get(item) == column:
            content, _, version = said.partition("@")
            return content, version
    return None


def is_replaced_in_doubt(journey: Journey, mark: str) -> bool:
    """Whether an upload is in doubt and the document of ``mark`` has another content than the one that left."""
    if not journey.doubts or not mark:
        return False
    item = mark.partition("=")[0]
    left = [before for before in journey.documents if before.partition("=")[0] == item]
    return bool(left) and left[-1].partition("@")[0] != mark.partition("@")[0]
