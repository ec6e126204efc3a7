"""One customer's timeline over all runs, as text and as data (``onboard explain``). Pure.

A projection of the ledger: what each run sent and the outcome, the customer's state after each run and each
intervention of a person, and the next step. Promises: in order and complete, except that runs without work for the
customer are only counted; no personal data, because the ledger holds none. Does not know the row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from finhub_onboard.journey.operator import is_in_doubt, question_about
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.model import CallRecord, Disposition, Journey, Phase, Standing
from finhub_onboard.reports.projection import disposition_of, instant

_INTERVENTIONS = {"resolve": "the operator answered", "retry": "the operator opened it again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A run or an intervention of a person: its calls for the customer, the state afterwards (``None``: unchanged)."""

    run: RunRecord
    calls: tuple[CallRecord, ...]
    left: Journey | None
    live: bool = False

    @property
    def died(self) -> bool:
        """Whether the run ended without a record of its end."""
        return self.run.finished_at is None and not self.live

    @property
    def had_no_work(self) -> bool:
        """Whether the run ended and had no work for the customer."""
        return self.left is None and not self.calls and self.run.finished_at is not None


def run_entries(
    runs: Sequence[RunRecord], states: Sequence[Journey], calls: Sequence[CallRecord], *, live: bool
) -> list[RunEntry]:
    """List all runs since the customer's first, in order. ``live``: the newest holds the lock."""
    left = {state.last_run: state for state in states}
    first = min([*left, *(call.run for call in calls)])
    ordered = sorted((run for run in runs if run.number >= first), key=lambda run: run.number)
    return [
        RunEntry(
            run=run,
            calls=tuple(call for call in calls if call.run == run.number),
            left=left.get(run.number),
            live=live and run is ordered[-1] and run.finished_at is None,
        )
        for run in ordered
    ]


def current_disposition(journey: Journey) -> str:
    """Return the customer's disposition, as the newest run that worked on it would report it."""
    return str(disposition_of(journey, journey.fingerprint, run=journey.completed_run))


def next_step(journey: Journey) -> str:
    """Say what to do now."""
    match journey.standing:
        case Standing.COMPLETE:
            return "nothing: the journey is complete"
        case Standing.OPEN if current_disposition(journey) == Disposition.PENDING:
            return f"run the same command again: it goes on with {tuple(Phase)[journey.done]}"
        case Standing.OPEN:
            return "run the same command again: the job finds out what happened"
        case Standing.FAILED if journey.final:
            return (
                f"{journey.hint}; it stays so until its row changes, or `onboard retry --code {journey.code}` opens it"
            )
        case Standing.FAILED:
            return f"{journey.hint}; the next run tries again"
        case Standing.DECLINED:
            return f"{journey.hint}; it stays so until its row changes, or `onboard retry --declined` opens it"
        case Standing.IN_DOUBT | Standing.PARKED if is_in_doubt(journey):
            return _question(journey)
        case _:
            return journey.hint


def _question(journey: Journey) -> str:
    about = question_about(journey)
    if journey.standing is Standing.PARKED:
        return f"{journey.hint}, or answer: {about.text} (`{about.yes}` or `{about.no}`, `onboard resolve`)"
    return f"{about.text} Answer `{about.yes}` or `{about.no}` in in_doubt.csv, then `onboard resolve` it"


def as_data(external_id: str, entries: Sequence[RunEntry]) -> dict[str, Any]:
    """Return the timeline for programs."""
    now = _current_state(entries)
    return {
        "external_id": external_id,
        "stands": current_disposition(now),
        **_state(now),
        "risk": now.risk,
        "uploaded": list(now.uploaded),
        "consented": list(now.consented),
        "next": next_step(now),
        "runs": [
            {
                "run_id": entry.run.run_id,
                "command": entry.run.command,
                "started_at": instant(entry.run.started_at),
                "finished_at": instant(entry.run.finished_at or 0),
                "exit_code": entry.run.exit_code,
                "died": entry.died,
                "calls": [_call(call) for call in entry.calls],
                "left": _state(entry.left) | {"stands": current_disposition(entry.left)} if entry.left else None,
            }
            for entry in entries
        ],
    }


def as_rows(external_id: str, entries: Sequence[RunEntry]) -> list[tuple[str, str]]:
    """Return the customer's current state for people: labels and facts."""
    now = _current_state(entries)
    why = f", {now.code}: {now.message}" if now.code else ""
    ids = [
        f"{name} {getattr(now, name)}" + (" (only an operator gave it)" if name in now.claimed else "")
        for name in _IDS
        if getattr(now, name)
    ]
    return [
        ("customer", external_id),
        ("stands", f"{current_disposition(now)}, {now.done} of 8 phases done{why}"),
        ("next", next_step(now)),
        ("ids", ", ".join(ids) or "none known"),
    ]


_IDS = ("customer_id", "user_id", "verification_id")


def _current_state(entries: Sequence[RunEntry]) -> Journey:
    return next(entry.left for entry in reversed(entries) if entry.left)


def run_lines(entries: Sequence[RunEntry]) -> Iterator[str]:
    """Describe each run for people, a line per call."""
    for had_no_work, group in groupby(entries, key=lambda entry: entry.had_no_work):
        if had_no_work:
            runs = len(list(group))
            yield f"{runs} {'run' if runs == 1 else 'runs'} had nothing to do for this customer"
        else:
            for entry in group:
                yield from _entry_lines(entry)


def _entry_lines(entry: RunEntry) -> Iterator[str]:
    yield f"{entry.run.command} {entry.run.run_id}  {_ended(entry)}"
    yield from (f"  {_call_line(call, entry)}" for call in entry.calls)
    if entry.left:
        yield f"  = {_state_line(entry)}"


def _ended(entry: RunEntry) -> str:
    run = entry.run
    if run.command in _INTERVENTIONS:
        return f"{_INTERVENTIONS[run.command]} at {instant(run.started_at)}"
    if entry.live:
        return f"started {instant(run.started_at)}, running"
    if entry.died:
        reached = "" if entry.left else ", before it took this customer up"
        return f"started {instant(run.started_at)}, died (last sign of life {instant(run.heartbeat_at)}){reached}"
    return f"started {instant(run.started_at)}, ended {instant(run.finished_at or 0)} with exit code {run.exit_code}"


def _call_line(call: CallRecord, entry: RunEntry) -> str:
    parts = [f"{instant(call.intent_at)}  {call.phase:<14} {call.step}"]
    parts.append(f"attempt {call.attempt}")
    if not call.outcome:
        parts.append("no outcome known" + ("" if entry.live else ": the run ended before an answer came"))
    else:
        status = call.http_status or ("no answer" if call.sent else "nothing left")
        parts.append(f"{status} in {call.seconds:.2f} s, {call.outcome}" + (f" ({call.code})" if call.code else ""))
    if call.wait_s:
        parts.append(f"waited {call.wait_s:.3g} s")
    return ", ".join(parts)


def _state_line(entry: RunEntry) -> str:
    journey = entry.left
    assert journey is not None
    why = f"{journey.phase}, {journey.code}" if journey.code else ""
    if entry.run.command in _INTERVENTIONS:
        why = journey.message
    return f"{current_disposition(journey)}, {journey.done} of 8 phases done" + (f": {why}" if why else "")


def _state(journey: Journey) -> dict[str, Any]:
    return {
        "done": journey.done,
        "phase": str(journey.phase),
        "code": journey.code,
        "field": journey.field,
        "message": journey.message,
        "hint": journey.hint,
        "http_status": journey.http_status,
        "in_doubt": journey.step if journey.doubts else "",
        **{name: getattr(journey, name) for name in _IDS},
    }


def _call(call: CallRecord) -> dict[str, Any]:
    return {
        "phase": str(call.phase),
        "step": call.step,
        "attempt": call.attempt,
        "intent_at": instant(call.intent_at),
        "outcome_at": instant(call.outcome_at),
        "outcome": call.outcome,
        "http_status": call.http_status,
        "code": call.code,
        "field": call.field,
        "message": call.message,
        "sent": call.sent,
        "wait_s": call.wait_s,
        "seconds": call.seconds,
    }
