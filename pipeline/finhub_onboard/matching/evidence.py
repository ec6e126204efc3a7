"""Documents as evidence: what is sent for a customer, and whether a file has changed since.

A joiner of keys, documents and journey. A document is identified by a keyed hash of its content; size and time of the
file only decide whether it must be read again. Promise: a document replaced under the same name changes the row's
``fingerprint``, as a changed cell does. Memory: one document at a time.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finhub_onboard.intake.checking.documents import DocumentError, DocumentsTroubleError, open_document
from finhub_onboard.journey.sent_documents import SentDocument, latest_of, sent_versions
from finhub_onboard.keys import Keys, changed_columns, column_hash, with_column_hash
from finhub_onboard.ledger.records import Finished
from finhub_onboard.model import Customer, Journey
from finhub_onboard.model.columns import DOCUMENT_COLUMNS

_PLACES = {column: place for place, column in enumerate(DOCUMENT_COLUMNS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document that is ready to be sent; ``mark`` is its entry for the ledger (``journey.sent_documents``)."""

    content: bytes = field(repr=False)
    mime_type: str
    mark: str


class Evidence:
    """The documents below ``root``, up to ``max_bytes`` each."""

    def __init__(self, keys: Keys, root: Path, max_bytes: int) -> None:
        self._keys = keys
        self._root = root
        self._below = str(root)
        self._max_bytes = max_bytes

    def opened(self, customer: Customer, column: str, item: str) -> Opened:
        """The document that the row names in ``column``, to be sent as ``item``.

        Raises :class:`DocumentError`, and :class:`DocumentsTroubleError` for faults of the machine.
        """
        path = getattr(customer, column)
        version = self.version(path)  # version before content: a file that changes meanwhile is read again later
        content, mime_type = open_document(self._root, path, self._max_bytes)
        known = self._keys.content_hash(customer.external_id, content)
        return Opened(content=content, mime_type=mime_type, mark=SentDocument(item, known, version).mark)

    def size(self, customer: Customer, column: str) -> int:
        """How many bytes of the document may be held, by its file; 0 if there is none."""
        try:
            return min(os.stat(self._path(getattr(customer, column))).st_size, self._max_bytes)  # noqa: PTH116
        except (OSError, ValueError):
            return 0

    def fingerprint(self, customer: Customer, journey: Journey | None) -> bytes:
        """The fingerprint of a row, for a customer with this ``journey``."""
        row = self._keys.fingerprint(customer)
        if journey is None or not journey.documents:
            return row
        for column in DOCUMENT_COLUMNS:
            if not getattr(customer, column) or (left := latest_of(journey, column)) is None:
                continue
            # A document that was sent is compared by content.
            for sent in (row, with_column_hash(row, column, left.content.encode())):
                if column_hash(sent, column) == column_hash(journey.fingerprint, column):
                    row = self._seen(customer, column, sent, left)
                    break
        return row

    def is_sent_row(self, text: str, customer: Finished) -> bool:
        """Whether a row with these cells (``Keys.is_of_row``) surely is as it was sent for a customer."""
        return self._keys.is_of_row(customer.fingerprint, customer.key, text)

    def has_sent(self, values: Sequence[str], customer: Finished) -> bool:
        """Whether the ``values`` of ``FINGERPRINT_COLUMNS`` in a row are surely those that were sent for a customer.

        False also where a document was sent by content; ``fingerprint`` compares that.
        """
        return not changed_columns(customer.fingerprint, self._keys.fingerprint_of(customer.key, values))

    def has_same_files(self, paths: Sequence[str], customer: Finished, version: Callable[[str], str]) -> bool:
        """Whether the documents that a row names surely are those that were sent; ``fingerprint`` reads the others.

        ``paths`` are the values of ``DOCUMENT_COLUMNS``; ``version`` is the method, or remembers what it returned.
        """
        for column, sent in sent_versions(customer.documents).items():
            path = paths[_PLACES[column]]
            if path and version(path) not in (sent, ""):
                return False
        return True

    def _seen(self, customer: Customer, column: str, sent: bytes, left: SentDocument) -> bytes:
        """The fingerprint ``sent``, changed if the document of ``column`` has other content than what ``left``."""
        path = getattr(customer, column)
        if self.version(path) in (left.version, ""):
            return sent
        try:
            content, _ = open_document(self._root, path, self._max_bytes)
        except (DocumentError, DocumentsTroubleError):
            return sent  # the intake reports what is wrong with it
        now = self._keys.content_hash(customer.external_id, content)
        return sent if now == left.content else with_column_hash(sent, column, now.encode())

    def version(self, path: str) -> str:
        """Size and time of a file, which change when it is written; empty if it does not exist."""
        try:
            status = os.stat(self._path(path))  # noqa: PTH116 - a third of the time of a Path
        except (OSError, ValueError):
            return ""
        return f"{status.st_size:x}-{status.st_mtime_ns:x}"

    def _path(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._below}/{path}"
