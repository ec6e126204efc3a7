"""Entries as rows and rows as entries: journeys and runs between memory and SQLite.

Promise: what is written comes back the same, field by field. Knows no file and no connection.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from finhub_onboard.ledger.records import Finished, RunRecord
from finhub_onboard.model import CallRecord, Journey, Repeat, Standing

JOURNEY_COLUMNS = Journey.__struct_fields__
_OWN = ("number", "key", "run", "intent_at", "outcome_at", "wait_s", "seconds")
"""What two calls do not have in common; it lies in packs (``packs.py``)."""
KIND_COLUMNS = tuple(name for name in CallRecord.__struct_fields__ if name not in _OWN)


def journey_values(journey: Journey) -> tuple[Any, ...]:
    """A journey as a row of ``customer``."""
    return tuple(
        [
            str(value) if isinstance(value, str) else _written_names(value) if isinstance(value, tuple) else value
            for value in msgspec.structs.astuple(journey)
        ]
    )


@lru_cache(maxsize=1024)
def _written_names(names: tuple[str, ...]) -> str:
    return json.dumps(names)


def facts_values(number: int, facts: dict[str, Any], at: float) -> tuple[Any, ...]:
    """What is known of run ``number`` at an instant of its life, as ``note_run`` takes it."""
    return json.dumps(facts), at, number


def read_journey(row: Sequence[Any]) -> Journey:
    """A row of ``customer`` or ``history`` as a journey."""
    values = dict(zip(JOURNEY_COLUMNS, row, strict=True))
    values["documents"] = tuple(json.loads(values["documents"]))
    for name in ("required", "uploaded", "consented", "claimed"):  # customers mostly have the same ones
        values[name] = _read_names(values[name])
    values["standing"], values["repeat"] = Standing(values["standing"]), Repeat(values["repeat"])
    values["final"] = bool(values["final"])
    return Journey(**values)


_TEXTS = msgspec.json.Decoder(tuple[str, ...])


def read_finished(row: Sequence[Any]) -> Finished:
    """Some columns of a row of ``customer``."""
    key, fingerprint, documents, *others = row
    try:
        return Finished(key, fingerprint, _TEXTS.decode(documents), *others)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=1024)
def _read_names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def read_run(row: Sequence[Any]) -> RunRecord:
    """A row of ``run``: its columns, and what an intervention wrote into ``facts``."""
    number, run_id, host, pid, started, heartbeat, finished, exit_code, because, facts = row
    known = json.loads(facts)
    return RunRecord(
        number=number,
        run_id=run_id,
        host=host,
        pid=pid,
        started_at=started,
        heartbeat_at=heartbeat,
        finished_at=finished,
        exit_code=exit_code,
        stopped_because=because,
        facts=known,
        command=known.get("command", "run"),
        customers=known.get("customers", 0),
    )
