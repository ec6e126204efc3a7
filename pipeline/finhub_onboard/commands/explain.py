"""``onboard explain``: one customer's timeline over all runs."""

import json
from collections.abc import Sequence

from finhub_onboard.commands.existing_ledger import ledger_to_look_into
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Handler
from finhub_onboard.matching.former_readings import key_of
from finhub_onboard.reports.timeline import RunEntry, as_data, run_entries


def explain(settings: Settings, emit: Handler, external_id: str) -> tuple[str, list[RunEntry]]:
    """Return the ``external_id`` as the ledger knows it, and the customer's timeline over all runs."""
    with ledger_to_look_into(settings, emit) as (ledger, keys):
        external_id = key_of(external_id, keys, ledger.states)
        key = keys.customer(external_id)
        states = ledger.states(key)
        if not states:
            raise ConfigurationError(
                f"the ledger {ledger.name} does not know the customer {external_id}",
                hint="check how the id is written; rejected rows, and rows that no run has reached, are not in it",
            )
        calls = list(ledger.calls([key]))
        return external_id, run_entries(ledger.runs(acts=True), states, calls, live=bool(ledger.locked_by()))


def as_json(external_id: str, entries: Sequence[RunEntry]) -> str:
    """Return the timeline for programs."""
    return json.dumps(as_data(external_id, entries), indent=2, ensure_ascii=False)
