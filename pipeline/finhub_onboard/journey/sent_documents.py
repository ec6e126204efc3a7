"""The documents that were sent for a customer, as the ledger keeps them. Pure.

An entry is ``kind=content@version``: the kind as which it was sent, a keyed hash of its content, and the file's
version.
"""

from collections.abc import Iterable
from typing import NamedTuple, Self

from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.model import Journey


class SentDocument(NamedTuple):
    """A document that was sent, or is about to be."""

    kind: str
    content: str
    version: str

    @classmethod
    def read(cls, mark: str) -> Self:
        """Parse an entry of the ledger."""
        kind, _, rest = mark.partition("=")
        content, _, version = rest.partition("@")
        return cls(kind, content, version)

    @property
    def mark(self) -> str:
        """The entry for the ledger."""
        return f"{self.kind}={self.content}@{self.version}"


def latest_of(journey: Journey, column: str) -> SentDocument | None:
    """The document that was sent last for ``column``, if any."""
    sent = map(SentDocument.read, reversed(journey.documents))
    return next((document for document in sent if DOCUMENT_COLUMN_OF.get(document.kind) == column), None)


def sent_versions(marks: Iterable[str]) -> dict[str, str]:
    """By column the version of the document that was sent last for it; ``marks`` are those of a journey."""
    versions: dict[str, str] = {}
    for mark in marks:  # asked for each customer of a night, so that nothing is made but the answer
        kind, _, rest = mark.partition("=")
        if column := DOCUMENT_COLUMN_OF.get(kind):
            versions[column] = rest.partition("@")[2]
    return versions


def is_replaced_in_doubt(journey: Journey, mark: str) -> bool:
    """Whether an upload is unresolved and its document now has other content than what was sent."""
    if not mark or not journey.doubts:
        return False
    now = SentDocument.read(mark)
    left = [before for before in map(SentDocument.read, journey.documents) if before.kind == now.kind]
    return bool(left) and left[-1].content != now.content
