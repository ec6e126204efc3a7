"""What is done with folders of reports once a run's own are written: ``latest`` leads to them, old personal data goes.

A joiner of settings, ledger and reports. Promise: whatever fails here harms no run; it is said.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import OnboardError
from finhub_onboard.events import Handler, Notice
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.run_facts import RunFacts, read_facts
from finhub_onboard.reports.files.latest import point_to
from finhub_onboard.reports.files.retention import Retention

_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{4}")
_DAY_S = 24 * 3600


def keep_house(facts: RunFacts, settings: Settings, ledger: Reader, emit: Handler) -> None:
    """Do both after a run."""
    folder = settings.reports.dir.absolute()
    try:
        if facts.out.parent == folder and _RUN_ID.fullmatch(facts.out.name):
            point_to(facts.out)
    except Exception as error:  # noqa: BLE001 - the run and its reports are complete, whatever this is
        emit(Notice(message=f"{folder / 'latest'} cannot lead to this run's reports: {_in_words(error)}"))
    try:
        if settings.reports.keep_days:
            _delete_old(facts, settings, ledger, emit)
    except Exception as error:  # noqa: BLE001 - as above
        emit(Notice(message=f"personal data in old reports is not deleted: {_in_words(error)}"))


def _delete_old(facts: RunFacts, settings: Settings, ledger: Reader, emit: Handler) -> None:
    days = settings.reports.keep_days
    retention = Retention(
        ledger=ledger.ledger_id,
        before=time.time() - days * _DAY_S,
        by_run=facts.run_id,
        keep_days=days,
        keep=[Path(source.path) for source in facts.inputs],
    )
    if count := retention.apply(_folders(settings.reports.dir.absolute(), ledger)):
        files = "1 file" if count == 1 else f"{count:,} files"
        emit(Notice(message=f"deleted {files} with personal data that were older than {days} days"))


def _folders(folder: Path, ledger: Reader) -> Iterator[Path]:
    """The folders of reports: those with a run's name, and those that the ledger's runs wrote elsewhere."""
    with suppress(OSError):
        yield from (path for path in sorted(folder.iterdir()) if _RUN_ID.fullmatch(path.name))
    with suppress(OnboardError):
        yield from (read_facts(run.facts).out for run in ledger.runs())


def _in_words(error: Exception) -> str:
    """Say what failed; of a defect only its kind, since its text may hold anything."""
    if isinstance(error, OnboardError):
        return str(error)
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
