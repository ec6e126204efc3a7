"""Events in words: one plain line each, for logs and for what stands above a live display.

Pure; control characters are escaped. Knows no stream.
"""

from collections.abc import Mapping

from finhub_onboard import events
from finhub_onboard.events import Event
from finhub_onboard.model import Disposition
from finhub_onboard.texts import duration, printable, rate


def describe(event: Event) -> str:
    """Say an event in one line, without its time."""
    return printable(_call(event) if isinstance(event, events.CallFinished) else _sentence(event))


def _call(event: events.CallFinished) -> str:
    how = f"{event.verdict} {event.code}".rstrip()
    return f"{event.phase}, {event.call}: {how} (attempt {event.attempt}, {event.seconds * 1000:,.0f} ms)"


def _sentence(event: Event) -> str:
    match event:
        case events.RunOpened():
            return f"run {event.run_id} begins: {event.rows:,} rows; reports go to {event.out}"
        case events.Surveyed():
            return f"{event.source}: {event.rows:,} rows" + (f"; read as {event.written}" if event.written else "")
        case events.Progress():
            return f"{share(event)}; {counts(event.dispositions) or 'none finished yet'}; {_pace(event)}"
        case events.StageProgress():
            return f"{event.stage}: {_rows(event)}"
        case events.Slowed():
            return f"slowed: {event.reason}; pause {event.seconds:.3g} s, then {rate(event.rate)} calls/s"
        case events.BankDown():
            return f"the bank is down: {event.reason}; customers wait"
        case events.BankBack():
            return "the bank answers again"
        case events.Stopping():
            return f"stopping: {event.reason}; calls in flight are finished"
        case events.Notice():
            return event.message
        case events.SubscriberFailed():
            return f"{event.subscriber}, which listens to the run, failed ({event.error}) and is told nothing more"
        case events.RunFinished():
            return (
                f"run {event.run_id} ended after {duration(event.seconds)} with exit code {int(event.exit_code)}: "
                f"{counts(event.dispositions) or 'no rows'}{_since(event)}; reports are in {event.out}"
            )
        case _:
            return ""


def counts(dispositions: Mapping[Disposition, int]) -> str:
    """Rows by disposition in words; empty if there are none."""
    return ", ".join(
        f"{dispositions[name]:,} {name.replace('_', ' ')}" for name in Disposition if dispositions.get(name)
    )


def share(event: events.Progress | events.StageProgress) -> str:
    """How many of the rows are done."""
    percent = f" ({event.rows_done / event.rows_total:.1%})" if event.rows_total else ""
    return f"{event.rows_done:,} of {event.rows_total:,} rows{percent}"


def calls_per_second(event: events.Progress) -> str:
    """The rate of calls against its limit, and whether the bank bears less at the moment."""
    limit = event.rate_limit or event.rate_asked
    slowed = f" (slowed to {rate(event.rate_asked)})" if event.rate_asked < limit else ""
    return f"{rate(event.calls_per_second)} of {rate(limit)} calls/s{slowed}"


def _since(event: events.RunFinished) -> str:
    since = event.since_last_run.words if event.since_last_run else ""
    return since and f" ({since})"


def _rows(event: events.StageProgress) -> str:
    return f"{event.rows_done:,} rows" if event.rows_total is None else share(event)


def _pace(event: events.Progress) -> str:
    left = f", about {duration(event.eta_s)} left" if event.eta_s is not None else ""
    return f"{calls_per_second(event)}, {event.in_flight} of {event.places} in flight{left}"
