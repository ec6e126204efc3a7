"""``--json-logs``: every line on stderr is a JSON object, whether an event, a failure or an interruption.

Promises: each has ``time``, ``event``, ``level`` and ``run_id``, which is empty until the run has begun; these names do
not change, nor do those of events and levels; no personal data and no secret.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from finhub_onboard import events
from finhub_onboard.cli.intervals import OFTEN, Seldom, is_fine, is_short
from finhub_onboard.errors import ExitCode
from finhub_onboard.events import Envelope, Event

JSON_INTERVAL_S = 10.0
INFO, WARNING, ERROR = "info", "warning", "error"
WARNINGS = (events.Slowed, events.BankDown, events.Stopping, events.Notice, events.SubscriberFailed)


def level_of(event: Event) -> str:
    """How much an event weighs: a run that ended early is an error, one with rows for somebody a warning."""
    if isinstance(event, events.RunFinished):
        return {ExitCode.OK: INFO, ExitCode.NEEDS_SOMEBODY: WARNING}.get(ExitCode(event.exit_code), ERROR)
    return WARNING if isinstance(event, WARNINGS) else INFO


def json_lines(
    stream: TextIO,
    *,
    interval_s: float = JSON_INTERVAL_S,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Envelope], None]:
    """Write each event as a line; of progress and slowing at most one per interval."""
    seldom = Seldom(interval_s, clock)

    def handle(envelope: Envelope) -> None:
        event = envelope.event
        if is_fine(event) or is_short(event) or (isinstance(event, OFTEN) and not seldom.lets(event)):
            return
        told = {name: getattr(event, name) for name in _names(event)}
        write_line(stream, envelope.name, level_of(event), envelope.run_id, told, at=envelope.at)

    return handle


def _names(event: Event) -> Sequence[str]:
    return [field.name for field in fields(event)] if is_dataclass(event) else event.__struct_fields__


def write_line(
    stream: TextIO, event: str, level: str, run_id: str, told: Mapping[str, Any], *, at: float | None = None
) -> None:
    """Write one line."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    record = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "event": event, "level": level, "run_id": run_id} | dict(told)
    stream.write(json.dumps(record, default=_plain) + "\n")
    stream.flush()


def _plain(value: Any) -> Any:
    """Make JSON of a mapping or of a part of an event."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else dict(value)
