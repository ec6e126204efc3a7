"""Customers in doubt whom the rows of a run do not name: a doubt does not disappear with its row.

A joiner of ledger and keys. Promises: every customer of whom the ledger cannot tell what the bank did is asked about,
whatever the inputs hold; the ledger gives the ``external_id`` away to the seed only. Memory: keys of such customers.
"""

from collections.abc import Collection, Iterator

from finhub_onboard.journey.operator import is_in_doubt
from finhub_onboard.journey.state import is_vouched
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.model import IntakeRow, Journey
from finhub_onboard.reports.files.rows import Doubtful
from finhub_onboard.reports.projection import doubtful_of, result_of

_SLICE = 500


class Elsewhere:
    """Whom the ledger holds in doubt as of run ``run`` (0: now), less those whom rows name."""

    def __init__(self, ledger: Reader, keys: Keys, *, run: int) -> None:
        self._ledger = ledger
        self._keys = keys
        self._run = run
        self._left = ledger.unresolved(as_of=run or None)

    def named(self, keys: Collection[bytes]) -> None:
        """These customers have rows."""
        self._left.difference_update(keys)

    def asked(self, *, at: str) -> Iterator[Doubtful | None]:
        """A line of ``in_doubt.csv`` for each; ``None``: a ledger of an older schema took the customer up, unnamed."""
        left = sorted(self._left)
        for start in range(0, len(left), _SLICE):
            found = self._ledger.find(left[start : start + _SLICE], as_of=self._run or None)
            for journey in found.values():
                if is_in_doubt(journey) and not is_vouched(journey):
                    yield self._line(journey, at=at)

    def _line(self, journey: Journey, *, at: str) -> Doubtful | None:
        external_id = self._keys.unseal(journey.key, journey.sealed_id)
        if not external_id:
            return None
        row = IntakeRow(source="", row_number=0, external_id=external_id, customer=None)
        return doubtful_of(row, journey, result_of(row, journey, b"", run=self._run), (), at=at)
