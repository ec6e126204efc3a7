"""Entries as rows and rows as entries: journeys, calls and runs between memory and SQLite.

Promise: what is written comes back the same, field by field. Knows no file and no connection.
"""

import json
from collections.abc import Sequence
from typing import Any

from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.model import CallRecord, Journey, Repeat, Standing

JOURNEY_COLUMNS = Journey.__struct_fields__
CALL_COLUMNS = CallRecord.__struct_fields__
_OUTCOME_COLUMNS = CALL_COLUMNS[CALL_COLUMNS.index("intent_at") + 1 :]
"""What an outcome adds to its intent."""


def journey_values(journey: Journey) -> tuple[Any, ...]:
    """A journey as a row of ``customer``."""
    return tuple(
        None
        if value is None
        else json.dumps(value)
        if isinstance(value, tuple)
        else str(value)
        if isinstance(value, str)
        else value
        for value in (getattr(journey, name) for name in JOURNEY_COLUMNS)
    )


def call_values(call: CallRecord) -> tuple[Any, ...]:
    """A call as a row of ``call``."""
    return tuple(str(value) if isinstance(value, str) else value for value in (getattr(call, n) for n in CALL_COLUMNS))


def facts_values(number: int, facts: dict[str, Any], at: float) -> tuple[Any, ...]:
    """What is known of run ``number`` at an instant of its life, as ``UPDATE_FACTS`` takes it."""
    return json.dumps(facts), at, number


UPDATE_FACTS = "UPDATE run SET facts = ?, heartbeat_at = ? WHERE number = ?"
SET_BANK = "INSERT OR REPLACE INTO meta VALUES ('bank', ?)"
UPSERT_CUSTOMER = (
    f"INSERT INTO customer ({', '.join(JOURNEY_COLUMNS)}) VALUES ({', '.join('?' * len(JOURNEY_COLUMNS))})"  # noqa: S608
    f" ON CONFLICT (key) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in JOURNEY_COLUMNS[1:])}"
)
ADD_MARK = (
    "INSERT INTO identity (mark, key, since) SELECT ?, ?, ?"
    " WHERE NOT EXISTS (SELECT 1 FROM identity WHERE mark = ? AND key = ? AND until IS NULL)"
)
"""An identity hash of a customer is valid from a run on; it stays as it is where it is valid already."""
DROP_MARK = "DELETE FROM identity WHERE mark = ? AND key = ? AND since = ?"
"""An identity hash that was written in this run never was: no report has seen it."""
END_MARK = "UPDATE identity SET until = ? WHERE mark = ? AND key = ? AND until IS NULL"
"""An identity hash of an earlier run is valid no more; reports of runs before this one still see it."""
END_MARKS_OF = "UPDATE identity SET until = ? WHERE until IS NULL AND hex(key) IN (SELECT value FROM json_each(?))"
"""All identity hashes of these customers are valid no more. One look at every hash."""
UPSERT_CALL = (
    f"INSERT INTO call ({', '.join(CALL_COLUMNS)}) VALUES ({', '.join('?' * len(CALL_COLUMNS))})"  # noqa: S608
    f" ON CONFLICT (number) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in _OUTCOME_COLUMNS)}"
    " WHERE key = excluded.key AND run = excluded.run AND step = excluded.step AND attempt = excluded.attempt"
)
"""An intent, or the outcome of one. A number that another call has changes nothing: no row is counted."""


def read_journey(row: Sequence[Any]) -> Journey:
    """A row of ``customer`` or ``history`` as a journey."""
    values = dict(zip(JOURNEY_COLUMNS, row, strict=True))
    for name in ("required", "uploaded", "consented", "documents", "claimed"):
        values[name] = None if values[name] is None else tuple(json.loads(values[name]))
    known = {
        "standing": Standing(values["standing"]),
        "repeat": Repeat(values["repeat"]),
        "final": bool(values["final"]),
    }
    return Journey(**values | known)


def read_call(row: Sequence[Any]) -> CallRecord:
    """A row of ``call`` as a call."""
    values = dict(zip(CALL_COLUMNS, row, strict=True))
    return CallRecord(**values | {name: bool(values[name]) for name in ("changes", "sent", "retriable")})


def read_run(row: Sequence[Any]) -> RunRecord:
    """A row of ``run``, its columns in the order of :class:`RunRecord`."""
    number, run_id, host, pid, started, heartbeat, finished, exit_code, because, facts = row
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
        facts=json.loads(facts),
    )
