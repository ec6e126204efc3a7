"""Rows of finished customers whom nothing has changed: most rows of a night, written without making anything of them.

Promise: the lines of ``results.csv`` are those that ``projection.result_of`` would make. In doubt a row is left to it.
"""

from collections.abc import Mapping

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import FINGERPRINT_COLUMNS
from finhub_onboard.ledger.records import Finished
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.reports.files.rows import csv_line
from finhub_onboard.reports.projection import instant


def unchanged_lines(batch: JudgedBatch, finished: Mapping[int, Finished], evidence: Evidence) -> dict[int, str]:
    """Return by place the lines of those rows about which there is nothing else to report.

    ``finished`` has by place customers whose journeys were complete before the run; the intake found nothing there.
    """
    places = list(finished)
    rows = batch.frame.select("external_id", *FINGERPRINT_COLUMNS)[places].rows() if places else ()
    return {
        place: _line(batch, place, external_id, finished[place])
        for place, (external_id, *values) in zip(places, rows, strict=True)
        if evidence.has_sent(values, finished[place])
    }


def _line(batch: JudgedBatch, place: int, external_id: str, customer: Finished) -> str:
    return csv_line(
        (
            *(batch.source, str(batch.first_row + place), external_id, Disposition.UNCHANGED, Phase.ACTIVATION),
            *(customer.customer_id, customer.user_id, customer.verification_id),
            *("", "", "0", instant(customer.started_at), instant(customer.finished_at)),
        )
    )
