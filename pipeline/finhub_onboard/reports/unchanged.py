"""Rows of finished customers whom nothing has changed: most rows of a night, written without making anything of them.

Promise: the lines of ``results.csv`` are those that ``projection.result_of`` would make. In doubt a row is left to it.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

from finhub_onboard.intake import line_columns
from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import FINGERPRINT_COLUMNS
from finhub_onboard.ledger.records import Finished
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.known_groups import KnownGroups, group_of
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.reports.files.rows import ODD, csv_cell

_IDS = ("customer_id", "user_id", "verification_id")
_TIMES = ("started_at", "finished_at")
_Row = tuple[int, Sequence[str], Finished]
"""A place, the cells there that were sent, and the customer."""


def unchanged_lines(
    batch: JudgedBatch, finished: Mapping[int, Finished], evidence: Evidence, groups: KnownGroups
) -> dict[int, str]:
    """Return by place the lines of those rows about which there is nothing else to report.

    ``finished`` has by place, in the order of keys, customers whose journeys were complete before the run; the intake
    found nothing there.
    """
    rows = batch.frame.select(FINGERPRINT_COLUMNS)[list(finished)].iter_rows() if finished else ()
    every = zip(finished, rows, finished.values(), strict=True)
    same = sorted(
        place
        for _, group in groupby(every, lambda one: group_of(one[2].key))
        for place, values, customer in _as_sent(list(group), evidence, groups)
        if evidence.has_same_files(values, customer)
    )
    return dict(zip(same, _lines(batch, same, [finished[place] for place in same]), strict=True)) if same else {}


def _as_sent(group: Sequence[_Row], evidence: Evidence, groups: KnownGroups) -> Sequence[_Row]:
    """Return the rows of a group whose cells are those that were sent."""
    known = groups.hash_of((values for _, values, _ in group), [customer for _, _, customer in group])
    if groups.knows(known):
        return group
    same = [row for row in group if evidence.has_sent(row[1], row[2])]
    if len(same) == len(group):
        groups.add(known)
    return same


def _lines(batch: JudgedBatch, places: Sequence[int], customers: Sequence[Finished]) -> list[str]:
    """Make the lines of many customers at once."""
    ids = [[getattr(customer, name) for customer in customers] for name in _IDS]
    times = [[getattr(customer, name) for customer in customers] for name in _TIMES]
    return line_columns.join(
        [
            *(csv_cell(batch.source), line_columns.numbers(places, plus=batch.first_row)),
            line_columns.texts(batch.ids.gather(places), ODD, csv_cell),
            f"{Disposition.UNCHANGED},{Phase.ACTIVATION}",
            *(line_columns.texts(column, ODD, csv_cell) for column in ids),
            ",,0",
            *map(line_columns.instants, times),
        ]
    )
