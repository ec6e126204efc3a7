"""Which documents left for a customer: the marks that the ledger keeps of them. Pure.

A mark is ``kind=content@version``: as what the document left, a keyed hash of its content, and the file's version.
"""

from typing import NamedTuple, Self

from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.model import Journey


class SentDocument(NamedTuple):
    """A document that left, or that is about to leave."""

    kind: str
    content: str
    version: str

    @classmethod
    def read(cls, mark: str) -> Self:
        """Read the mark of a document."""
        kind, _, rest = mark.partition("=")
        content, _, version = rest.partition("@")
        return cls(kind, content, version)

    @property
    def mark(self) -> str:
        """How the ledger keeps it."""
        return f"{self.kind}={self.content}@{self.version}"


def latest_of(journey: Journey, column: str) -> SentDocument | None:
    """The document that left last for ``column``, if one did."""
    sent = map(SentDocument.read, reversed(journey.documents))
    return next((document for document in sent if DOCUMENT_COLUMN_OF.get(document.kind) == column), None)


def is_replaced_in_doubt(journey: Journey, mark: str) -> bool:
    """Whether an upload is in doubt and the document of ``mark`` has another content than the one that left."""
    if not journey.doubts or not mark:
        return False
    now = SentDocument.read(mark)
    left = [before for before in map(SentDocument.read, journey.documents) if before.kind == now.kind]
    return bool(left) and left[-1].content != now.content
