"""``onboard report``: write the reports of a run again, from its inputs and the ledger."""

from dataclasses import replace
from pathlib import Path

from finhub_onboard.commands.existing_ledger import ledger_to_look_into, named_run
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.stages import stage
from finhub_onboard.errors import ExitCode, UnreadableInputError
from finhub_onboard.events import Handler
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.matching.judging import reading_of
from finhub_onboard.matching.run_facts import read_facts, read_progress
from finhub_onboard.reports.outcome import RunEnd, Written
from finhub_onboard.reports.writing import write_reports


def report(settings: Settings, emit: Handler, *, run_id: str | None, out: Path | None, lang: str = "") -> Written:
    """Write the reports of a run again, emitting how far they are; its inputs must be unchanged.

    ``lang``: the language of who made the inputs, if not that of the run.
    """
    with ledger_to_look_into(settings, emit) as (ledger, keys):
        run = named_run(ledger, run_id)
        facts = read_facts(run.facts, keys)
        with stage("survey", emit, rows=facts.rows) as reached:
            inputs = survey(
                [Path(source.path) for source in facts.inputs],
                batch_rows=settings.intake.batch_rows,
                limit=facts.limit,
                reading=reading_of(facts),
                reached=reached,
            )
        for before, now in zip(facts.inputs, inputs.sources, strict=True):
            if before.sha256 != now.sha256:
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
            progress=read_progress(run.facts, keys),
            exit_code=ExitCode.STOPPED_EARLY if is_open else ExitCode(run.exit_code or 0),
            stopped_because=_why_open(ledger, run) if is_open else run.stopped_because,
        )
        facts = replace(facts, out=out.absolute() if out else facts.out, lang=lang or facts.lang)
        with stage("reports", emit, rows=inputs.rows) as reached:
            return write_reports(
                survey=inputs,
                facts=facts,
                end=end,
                batch_rows=settings.intake.batch_rows,
                ledger=ledger,
                keys=keys,
                reached=reached,
            )


def _why_open(ledger: Reader, run: RunRecord) -> str:
    if run.run_id == ledger.runs()[0].run_id and (holder := ledger.locked_by()):
        return f"the run is under way ({holder}): this is how far it was"
    return "the run died; the same command goes on where it ended"
