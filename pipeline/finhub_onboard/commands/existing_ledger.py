"""Open the existing ledger of a command, with its keys, and find runs in it.

Events say what takes long, such as the conversion of an older ledger.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.preconditions import look_into_ledger, need_seed, open_ledger
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Handler
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Ledger, Reader
from finhub_onboard.ledger.records import RunRecord


def named_run(ledger: Reader, run_id: str | None) -> RunRecord:
    """Return the run of this id, or the newest. Raises :class:`ConfigurationError` if there is none."""
    runs = ledger.runs()
    if not runs:
        raise ConfigurationError(f"the ledger {ledger.name} has no run", hint="check ledger.url")
    record = next((run for run in runs if run_id in (None, run.run_id)), None)
    if record is None:
        raise ConfigurationError(
            f"the ledger has no run {run_id}", hint=f"`onboard status` lists them; the newest is {runs[0].run_id}"
        )
    return record


@contextmanager
def ledger_to_look_into(settings: Settings, emit: Handler) -> Iterator[tuple[Reader, Keys]]:
    """Open the existing ledger of these settings for reading, with its keys; it need not be writable."""
    need_seed(settings)
    with look_into_ledger(settings, emit=emit) as ledger:
        yield ledger, ledger.keys


@contextmanager
def existing_ledger(settings: Settings, emit: Handler) -> Iterator[tuple[Ledger, Keys]]:
    """Open the existing ledger of these settings, with its keys."""
    need_seed(settings)
    with open_ledger(settings, create=False, emit=emit) as ledger:
        yield ledger, ledger.keys
