"""One customer's timeline over all runs, as text and as data (``onboard explain``). Pure.

A projection of the ledger: what each run sent and what became of it, how each run and each act of a person left the
customer, and what to do next. Promises: in order, nothing left out but runs that had nothing to do with the customer,
and those are counted; no personal data, because the ledger holds none. Does not know the row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from finhub_onboard.finhub.calls import step_from_label
from finhub_onboard.journey.operator import is_in_doubt, question_about
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.model import CallRecord, Disposition, Journey, Phase, Standing
from finhub_onboard.reports.projection import disposition_of, instant

_ACTS = {"resolve": "the operator answered", "retry": "the operator opened it again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A run, or an act of a person: its calls for the customer, and how it left them (``None``: not taken up)."""

    run: RunRecord
    calls: tuple[CallRecord, ...]
    left: Journey | None
    live: bool = False

    @property
    def died(self) -> bool:
        """Whether the run never came to its end."""
        return self.run.finished_at is None and not self.live

    @property
    def passed_by(self) -> bool:
        """Whether the run came to its end and had nothing to do with the customer."""
        return self.left is None and not self.calls and self.run.finished_at is not None


def chapters(
    runs: Sequence[RunRecord], states: Sequence[Journey], calls: Sequence[CallRecord], *, live: bool
) -> list[Chapter]:
    """Tell all runs since the customer's first, in order. ``live``: the newest holds the lock."""
    left = {state.last_run: state for state in states}
    first = min([*left, *(call.run for call in calls)])
    ordered = sorted((run for run in runs if run.number >= first), key=lambda run: run.number)
    return [
        Chapter(
            run=run,
            calls=tuple(call for call in calls if call.run == run.number),
            left=left.get(run.number),
            live=live and run is ordered[-1] and run.finished_at is None,
        )
        for run in ordered
    ]


def stands(journey: Journey) -> str:
    """The disposition of a customer, as the newest run that took it up would report it."""
    return str(disposition_of(journey, journey.fingerprint, run=journey.completed_run))


def next_step(journey: Journey) -> str:
    """What to do now."""
    match journey.standing:
        case Standing.COMPLETE:
            return "nothing: the journey is complete"
        case Standing.OPEN if stands(journey) == Disposition.PENDING:
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


def as_data(external_id: str, told: Sequence[Chapter]) -> dict[str, Any]:
    """The timeline for programs."""
    now = _newest(told)
    return {
        "external_id": external_id,
        "stands": stands(now),
        **_state(now),
        "risk": now.risk,
        "uploaded": list(now.uploaded),
        "consented": list(now.consented),
        "next": next_step(now),
        "runs": [
            {
                "run_id": chapter.run.run_id,
                "command": chapter.run.command,
                "started_at": instant(chapter.run.started_at),
                "finished_at": instant(chapter.run.finished_at or 0),
                "exit_code": chapter.run.exit_code,
                "died": chapter.died,
                "calls": [_call(call) for call in chapter.calls],
                "left": _state(chapter.left) | {"stands": stands(chapter.left)} if chapter.left else None,
            }
            for chapter in told
        ],
    }


def as_rows(external_id: str, told: Sequence[Chapter]) -> list[tuple[str, str]]:
    """The customer as it is now, for people: labels and facts."""
    now = _newest(told)
    why = f", {now.code}: {now.message}" if now.code else ""
    ids = [
        f"{name} {getattr(now, name)}" + (" (only an operator gave it)" if name in now.claimed else "")
        for name in _IDS
        if getattr(now, name)
    ]
    return [
        ("customer", external_id),
        ("stands", f"{stands(now)}, {now.done} of 8 phases done{why}"),
        ("next", next_step(now)),
        ("ids", ", ".join(ids) or "none known"),
    ]


_IDS = ("customer_id", "user_id", "verification_id")


def _newest(told: Sequence[Chapter]) -> Journey:
    return next(chapter.left for chapter in reversed(told) if chapter.left)


def story(told: Sequence[Chapter]) -> Iterator[str]:
    """Tell for people what each run did, a line per call."""
    for passed_by, group in groupby(told, key=lambda chapter: chapter.passed_by):
        if passed_by:
            runs = len(list(group))
            yield f"{runs} {'run' if runs == 1 else 'runs'} had nothing to do for this customer"
        else:
            for chapter in group:
                yield from _chapter_lines(chapter)


def _chapter_lines(chapter: Chapter) -> Iterator[str]:
    yield f"{chapter.run.command} {chapter.run.run_id}  {_ended(chapter)}"
    yield from (f"  {_call_line(call, chapter)}" for call in chapter.calls)
    if chapter.left:
        yield f"  = {_left(chapter)}"


def _ended(chapter: Chapter) -> str:
    run = chapter.run
    if run.command in _ACTS:
        return f"{_ACTS[run.command]} at {instant(run.started_at)}"
    if chapter.live:
        return f"started {instant(run.started_at)}, running"
    if chapter.died:
        reached = "" if chapter.left else ", before it took this customer up"
        return f"started {instant(run.started_at)}, died (last sign of life {instant(run.heartbeat_at)}){reached}"
    return f"started {instant(run.started_at)}, ended {instant(run.finished_at or 0)} with exit code {run.exit_code}"


def _call_line(call: CallRecord, chapter: Chapter) -> str:
    item = step_from_label(call.step).item
    said = [f"{instant(call.intent_at)}  {call.phase:<14} {call.step if item else call.step.split('/')[0]}"]
    said.append(f"attempt {call.attempt}")
    if not call.outcome:
        said.append("no outcome known" + ("" if chapter.live else ": the run ended before an answer came"))
    else:
        status = call.http_status or ("no answer" if call.sent else "nothing left")
        said.append(f"{status} in {call.seconds:.2f} s, {call.outcome}" + (f" ({call.code})" if call.code else ""))
    if call.wait_s:
        said.append(f"waited {call.wait_s:.3g} s")
    return ", ".join(said)


def _left(chapter: Chapter) -> str:
    journey = chapter.left
    assert journey is not None
    why = (
        journey.message if chapter.run.command in _ACTS else f"{journey.phase}, {journey.code}" if journey.code else ""
    )
    return f"{stands(journey)}, {journey.done} of 8 phases done" + (f": {why}" if why else "")


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
