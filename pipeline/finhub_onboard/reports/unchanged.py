"""Rows of finished customers whom nothing has changed: most rows of a night, written without making anything of them.

Promise: the lines of ``results.csv`` are those that ``projection.result_of`` would make. In doubt a row is left to it.
"""

from collections.abc import Mapping, Sequence

from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.keys import FINGERPRINT_COLUMNS
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Disposition, Journey, Phase, Standing
from finhub_onboard.reports.files.rows import csv_line
from finhub_onboard.reports.projection import instant, is_carried


def unchanged_lines(
    batch: JudgedBatch,
    quiet: Sequence[int],
    keys: Mapping[int, bytes],
    journeys: Mapping[bytes, Journey],
    evidence: Evidence,
    *,
    run: int,
) -> dict[int, str]:
    """Return by place the lines of those rows about which there is nothing else to report.

    ``quiet`` are the places where the intake found nothing, ``keys`` the customers' by place, ``journeys`` theirs as of
    the run.
    """
    journey_at = {place: journeys.get(keys.get(place, b"")) for place in quiet}
    at_rest = {place: journey for place, journey in journey_at.items() if journey and _is_at_rest(journey, run)}
    rows = batch.frame.select("external_id", *FINGERPRINT_COLUMNS)[list(at_rest)].rows() if at_rest else ()
    return {
        place: _line(batch, place, external_id, journey)
        for (place, journey), (external_id, *values) in zip(at_rest.items(), rows, strict=True)
        if evidence.has_sent(journey.key, values, journey)
    }


def _is_at_rest(journey: Journey, run: int) -> bool:
    carried = is_carried(journey, run=run) or journey.completed_run == run
    return journey.standing is Standing.COMPLETE and not journey.code and not carried


def _line(batch: JudgedBatch, place: int, external_id: str, journey: Journey) -> str:
    cells: Sequence[str] = (
        batch.source,
        str(batch.first_row + place),
        external_id,
        Disposition.UNCHANGED,
        Phase.ACTIVATION,
        journey.customer_id,
        journey.user_id,
        journey.verification_id,
        "",
        "",
        "0",
        instant(journey.started_at),
        instant(journey.finished_at),
    )
    return csv_line(cells)
