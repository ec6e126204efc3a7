"""Rows of finished customers whom nothing has changed: most rows of a night, written without making anything of them.

Promise: the lines of ``results.csv`` are those that ``projection.result_of`` would make. In doubt a row is left to it.
"""

import operator
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import compress

from finhub_onboard.intake import line_columns
from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import BETWEEN_CELLS, FINGERPRINT_COLUMNS
from finhub_onboard.ledger.records import Finished
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.model.columns import DOCUMENT_COLUMNS
from finhub_onboard.reports.files.rows import ODD, csv_cell

_IDS = ("customer_id", "user_id", "verification_id")
_TIMES = ("started_at", "finished_at")


def unchanged_lines(batch: JudgedBatch, finished: Mapping[int, Finished], evidence: Evidence) -> dict[int, str]:
    """Return by place the lines of those rows about which there is nothing else to report.

    ``finished`` has by place customers whose journeys were complete before the run; the intake found nothing there.
    """
    version = cache(evidence.version)  # a file that many rows name is looked at once
    sent = _as_sent(batch, finished, evidence)
    paths = batch.frame.select(DOCUMENT_COLUMNS)[sent].iter_rows() if sent else ()
    same = sorted(
        place
        for place, named in zip(sent, paths, strict=True)
        if evidence.has_same_files(named, finished[place], version)
    )
    return dict(zip(same, _lines(batch, same, [finished[place] for place in same]), strict=True)) if same else {}


def _as_sent(batch: JudgedBatch, finished: Mapping[int, Finished], evidence: Evidence) -> list[int]:
    """Return the places whose cells are those that were sent."""
    rows = batch.frame.select(FINGERPRINT_COLUMNS)[list(finished)]
    texts = zip(finished.items(), line_columns.join_rows(rows, BETWEEN_CELLS), strict=True)
    is_sent = [evidence.is_sent_row(text, customer) for (_, customer), text in texts]
    sent = list(compress(finished, is_sent))
    others = list(compress(finished, map(operator.not_, is_sent)))
    values = batch.frame.select(FINGERPRINT_COLUMNS)[others].iter_rows() if others else ()
    sent += [place for place, row in zip(others, values, strict=True) if evidence.has_sent(row, finished[place])]
    return sent


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
