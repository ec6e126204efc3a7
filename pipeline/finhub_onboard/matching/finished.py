"""Passes over the rows of finished customers, whom no run takes up, before anything is made of them.

A joiner of intake, keys and ledger. Promise: a row is passed over only if it breaks no rule and its customer's journey
is complete; whether it has changed since is for the reports to say. Memory: one batch of rows.
"""

from collections.abc import Callable, Iterable, Iterator

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.former_readings import ids_as_known
from finhub_onboard.model import IntakeRow

_SLICE = 1000
"""Rows that become objects at once."""


def unfinished_rows(
    batches: Iterable[JudgedBatch], ledger: Reader, keys: Keys, passed: Callable[[int], None]
) -> Iterator[list[IntakeRow]]:
    """Yield the other rows in slices, which may be empty; ``passed`` is told how many rows were passed over in each."""
    for batch in batches:
        ids = ids_as_known(batch, keys, ledger.find)
        for start in range(0, batch.height, _SLICE):
            places = range(start, min(start + _SLICE, batch.height))
            good = {keys.customer(ids[place]): place for place in places if place not in batch.violations}
            finished = {good[key] for key in ledger.finished(list(good))}
            if finished:
                passed(len(finished))
            yield batch.rows([place for place in places if place not in finished])
