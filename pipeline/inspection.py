"""Commands that look into the ledger and call nobody: ``status``, ``report``, ``explain``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline import embedded
from pipeline.errors import ConfigurationError, ExitCode, UnreadableInputError
from pipeline.facts import RunFacts
from pipeline.former import key_of
from pipeline.intake.validate import survey
from pipeline.keys import Keys
from pipeline.ledger.store import Ledger, RunRecord
from pipeline.opening import look_into_ledger, need_seed, open_ledger
from pipeline.projection import instant
from pipeline.reporting import RunEnd, Written, write_reports
from pipeline.settings import Settings
from pipeline.timeline import as_data, as_text, chapters

_RUNS_SHOWN = 20


def status(settings: Settings, *, as_json: bool) -> str:
    """Where runs and customers stand, as text or JSON."""
    settings = embedded.as_practice(settings)
    # Looking needs no secret: only who registers or reports must show the seed.
    path, tenant_id = settings.ledger.path, settings.api.tenant_id
    with Ledger.open_to_look(path, tenant_id=tenant_id, seed="") as ledger:
        holder = ledger.locked_by()
        every = ledger.runs(acts=True)
        standings = ledger.standings()
    runs = [run for run in every if run.command == "run"]
    if as_json:
        return json.dumps(
            {
                "ledger": str(ledger.path),
                "locked_by": holder,
                "customers": {str(standing): count for standing, count in standings.items()},
                "runs": [_run_facts(run, live=bool(holder) and run is runs[0]) for run in runs],
                "acts": [_act_facts(act) for act in every if act.command != "run"],
            },
            indent=2,
        )
    lines = [f"ledger     {ledger.path}", f"lock       {holder or 'free'}"]
    lines.append("customers  " + (", ".join(f"{count} {standing}" for standing, count in standings.items()) or "none"))
    lines += [
        f"{run.command:<10} {run.run_id}  {_ended(run, live=bool(holder) and run is runs[0])}"
        for run in every[:_RUNS_SHOWN]
    ]
    return "\n".join(lines)


def _ended(run: RunRecord, *, live: bool) -> str:
    if run.command != "run":
        count = run.facts["customers"]
        return f"{count} customer{'' if count == 1 else 's'}, at {instant(run.started_at)}"
    rows = sum(source["rows"] for source in run.facts["inputs"])
    started = f"{rows} rows, started {instant(run.started_at)}"
    if run.finished_at is not None:
        because = f": {run.stopped_because}" if run.stopped_because else ""
        return f"{started}, ended {instant(run.finished_at)} with exit code {run.exit_code}{because}"
    if live:
        return f"{started}, running as process {run.pid} on {run.host}"
    return f"{started}, died (last sign of life {instant(run.heartbeat_at)}); the same command goes on"


def _act_facts(act: RunRecord) -> dict[str, object]:
    return {
        "run_id": act.run_id,
        "command": act.command,
        "at": instant(act.started_at),
        "customers": act.facts["customers"],
    }


def _run_facts(run: RunRecord, *, live: bool) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at or 0),
        "exit_code": run.exit_code,
        "stopped_because": run.stopped_because,
        "running": live and run.finished_at is None,
        "host": run.host,
        "pid": run.pid,
        "rows": sum(source["rows"] for source in run.facts["inputs"]),
        "out": run.facts["out"],
    }


def report(settings: Settings, *, run_id: str | None, out: Path | None) -> Written:
    """Write the reports of a run again; its inputs must still be what they were."""
    with ledger_to_look_into(settings) as (ledger, keys):
        run = named_run(ledger, run_id)
        facts = RunFacts.from_json(run.facts | ({"out": str(out.absolute())} if out else {}), keys)
        found = survey(
            [Path(source["path"]) for source in facts.inputs],
            batch_rows=settings.intake.batch_rows,
            limit=facts.limit,
            reading=facts.reading(),
        )
        for before, now in zip(facts.inputs, found.sources, strict=True):
            if before["sha256"] != now.sha256:
                raise UnreadableInputError(
                    f"{now.path} has changed since run {run.run_id}",
                    hint="put the file back as it was: reports join it with the ledger",
                )
        is_open = run.finished_at is None
        end = RunEnd(
            run_id=run.run_id,
            number=run.number,
            started_at=run.started_at,
            finished_at=run.finished_at or run.heartbeat_at,
            exit_code=ExitCode.STOPPED_EARLY if is_open else ExitCode(run.exit_code or 0),
            stopped_because=_why_open(ledger, run) if is_open else run.stopped_because,
        )
        return write_reports(
            survey=found, facts=facts, end=end, batch_rows=settings.intake.batch_rows, ledger=ledger, keys=keys
        )


def _why_open(ledger: Ledger, run: RunRecord) -> str:
    if run.run_id == ledger.runs()[0].run_id and (holder := ledger.locked_by()):
        return f"the run is under way ({holder}): this is how far it was"
    return "the run died; the same command goes on where it ended"


def explain(settings: Settings, external_id: str, *, as_json: bool) -> str:
    """One customer's timeline over all runs, as text or JSON."""
    with ledger_to_look_into(settings) as (ledger, keys):
        external_id = key_of(external_id, keys, ledger.states)
        key = keys.customer(external_id)
        states = ledger.states(key)
        if not states:
            raise ConfigurationError(
                f"the ledger {ledger.path} does not know the customer {external_id}",
                hint="check how the id is written; rejected rows, and rows that no run has reached, are not in it",
            )
        told = chapters(ledger.runs(acts=True), states, list(ledger.calls([key])), live=bool(ledger.locked_by()))
    if as_json:
        return json.dumps(as_data(external_id, told), indent=2, ensure_ascii=False)
    return as_text(external_id, told)


def named_run(ledger: Ledger, run_id: str | None) -> RunRecord:
    """The run of this id, or the newest. Raises :class:`ConfigurationError` if there is none."""
    runs = ledger.runs()
    if not runs:
        raise ConfigurationError(f"the ledger {ledger.path} has no run", hint="check ledger.url")
    found = next((run for run in runs if run_id in (None, run.run_id)), None)
    if found is None:
        raise ConfigurationError(
            f"the ledger has no run {run_id}", hint=f"`onboard status` lists them; the newest is {runs[0].run_id}"
        )
    return found


@contextmanager
def ledger_to_look_into(settings: Settings) -> Iterator[tuple[Ledger, Keys]]:
    """The existing ledger of these settings for reading, with its keys; it need not be writable."""
    settings = embedded.as_practice(settings)
    need_seed(settings)
    with look_into_ledger(settings) as ledger:
        yield ledger, ledger.keys


@contextmanager
def existing_ledger(settings: Settings) -> Iterator[tuple[Ledger, Keys]]:
    """The existing ledger of these settings, with its keys."""
    settings = embedded.as_practice(settings)
    need_seed(settings)
    with open_ledger(settings, create=False) as ledger:
        yield ledger, ledger.keys
