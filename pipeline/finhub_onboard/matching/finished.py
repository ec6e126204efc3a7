"""Passes over the rows of finished customers, whom no run takes up, before anything is made of them.

A joiner of intake, keys and ledger. Promises: a row is passed over only if its customer's journey is complete; whether
it has changed since, or breaks a rule, is for the reports to say, which judge every row. A batch in which all are
finished costs its keys only: a resume whose pending rows come last is soon there. Memory: one batch of rows.
"""

from collections.abc import Callable, Collection, Iterable, Iterator

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.intake.reading.files import Batch, make_cells
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.former_readings import ids_as_known
from finhub_onboard.model import IntakeRow

_SLICE = 1000
"""Rows that become objects at once."""


class Finished:
    """Finds the records of finished customers; where all of a batch are, ``count`` is told how many.

    Nothing is passed over once ``is_wanted`` is false: the caller gets a batch at once, to see that the run stops.
    """

    def __init__(
        self, ledger: Reader, keys: Keys, count: Callable[[int], None], is_wanted: Callable[[], bool] = lambda: True
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._count = count
        self._is_wanted = is_wanted

    def places(self, batch: Batch) -> Collection[int]:
        """Return the places of the records whose customers are finished."""
        if not self._is_wanted():
            return ()
        cells = make_cells([batch.only(("external_id",))])
        ids = ids_as_known(cells.frame["external_id"], cells.former_ids(), self._keys, self._ledger.find)
        keys = [self._keys.customer(external_id) if external_id else b"" for external_id in ids]
        # Neighbours among the keys are neighbours in the ledger: in their order they are found in half the time.
        finished = self._ledger.finished(sorted({*keys} - {b""}))
        places = frozenset(place for place, key in enumerate(keys) if key in finished)
        if len(places) == batch.height:
            self._count(batch.height)
        return places


def unfinished_rows(batches: Iterable[JudgedBatch], count: Callable[[int], None]) -> Iterator[list[IntakeRow]]:
    """Yield the rows that are not passed over or break a rule, in slices; ``count`` is told how many are not."""
    for batch in batches:
        passed = {*batch.passed}.difference(batch.violations)
        count(len(passed))
        places = [place for place in range(batch.height) if place not in passed]
        for start in range(0, len(places), _SLICE):
            yield batch.rows(places[start : start + _SLICE])
