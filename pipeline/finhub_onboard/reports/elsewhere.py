"""Customers in doubt that no row of the run names: a doubt does not disappear with its row.

Combines the ledger and the keys. Promises: every customer with an unknown outcome at the bank is listed, whatever the
inputs contain; only the seed opens the ``external_id`` in the ledger. Memory: the keys of these customers.
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
    """Customers that are in doubt in the ledger as of run ``run`` (0: now), without those that rows name."""

    def __init__(self, ledger: Reader, keys: Keys, *, run: int) -> None:
        self._ledger = ledger
        self._keys = keys
        self._run = run
        self._left = ledger.unresolved(as_of=run or None)

    def exclude(self, keys: Collection[bytes]) -> None:
        """Drop customers that have rows."""
        self._left.difference_update(keys)

    def lines(self, *, at: str) -> Iterator[Doubtful | None]:
        """Yield a line of ``in_doubt.csv`` for each; ``None`` if an older ledger did not keep the ``external_id``."""
        left = sorted(self._left)
        for start in range(0, len(left), _SLICE):
            journeys = self._ledger.find(left[start : start + _SLICE], as_of=self._run or None)
            for journey in journeys.values():
                if is_in_doubt(journey) and not is_vouched(journey):
                    yield self._line(journey, at=at)

    def _line(self, journey: Journey, *, at: str) -> Doubtful | None:
        external_id = self._keys.unseal(journey.key, journey.sealed_id)
        if not external_id:
            return None
        row = IntakeRow(source="", row_number=0, external_id=external_id, customer=None)
        return doubtful_of(row, journey, result_of(row, journey, b"", run=self._run), (), at=at)
