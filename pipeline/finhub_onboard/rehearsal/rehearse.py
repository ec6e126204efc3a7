"""The rehearsal: draws a sample, runs it in every scenario and through kills, and reports the results.

Promises: whatever happens, including signals, the copies of the input are removed at the end; scenarios run
concurrently as the machine allows. Does not print.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import FrameType

from finhub_onboard.config.order import Order
from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.events import Handler, Notice
from finhub_onboard.model import Risk
from finhub_onboard.rehearsal.bank import adapt, categories
from finhub_onboard.rehearsal.sample import Sample, SampleRow, alone, draw, spread
from finhub_onboard.rehearsal.table import COLUMNS, Line, as_json, as_rows, complaints, covered
from finhub_onboard.rehearsal.terms import terms
from finhub_onboard.rehearsal.trial import Outcome, RehearsalError, Stage, Trial
from finhub_onboard.rehearsal.verdict import Findings
from finhub_onboard.rehearsal.witness import KILLED, Kill
from finhub_onboard.reports.files.atomic import make_folder
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.scenario import load, shipped

CALM, KILL_ONE, KILL_ALL = "calm", "kill_one", "kill_all"
_KILLS_OF_ALL = 8
_AT_ONCE = 4
_PREFIX = "finhub-onboard-rehearsal-"


def names() -> tuple[str, ...]:
    """The scenarios that can be rehearsed, in the order of the table."""
    return (*sorted(shipped(), key=lambda name: (name != CALM, name)), KILL_ONE, KILL_ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to rehearse: the number of rows, some of ``names`` (none: all), the maximum number of kills."""

    order: Order
    config: Path
    rows: int = 50
    only: Sequence[str] = ()
    kills: int | None = None
    as_json: bool = False


def shown(wish: Wish, emit: Handler, figures: Callable[[Sequence[str], Sequence[Sequence[str]]], str]) -> Iterator[str]:
    """What a rehearsal prints; ``figures`` lays out a table of headings and rows.

    Raises :class:`RehearsalError` at its end if a row was lost or came twice.
    """
    lines = rehearse(wish, os.environ, emit)
    if wish.as_json:
        yield as_json(lines)
    else:
        yield figures(COLUMNS, as_rows(lines))
        if places := covered(lines):
            yield "\n".join(["", *places])
    if wrong := list(complaints(lines)):
        hint = "--out keeps the reports to look at; do not cut over before you know why"
        message = f"{len(wrong)} rows were lost or something of them was sent twice"
        raise RehearsalError(message, hint=hint, exit_code=ExitCode.UNEXPECTED, details=wrong)


def rehearse(wish: Wish, environ: Mapping[str, str], emit: Handler) -> list[Line]:
    """Run the rehearsal; the result has a line per scenario."""
    for name in wish.only:
        _known(name)
    agreed = terms(wish.config, environ)
    if wish.order.out:
        _empty(wish.order.out)
    with _private_folder() as folder:
        sample = draw(wish.order, agreed.theirs, folder, wanted=wish.rows)
        _tell(emit, f"{len(sample.rows)} rows, {len(sample.customers)} of them customers; {agreed.told}")
        stage = Stage(terms=agreed, folder=folder, categories=categories(sample.customers), keep=wish.order.out)
        return asyncio.run(_Rehearsal(wish, stage, sample, emit).carry_out())


class _Rehearsal:
    """All trials of one sample."""

    def __init__(self, wish: Wish, stage: Stage, sample: Sample, emit: Handler) -> None:
        self._wish = wish
        self._stage = stage
        self._sample = sample
        self._emit = emit
        self._places = asyncio.Semaphore(max(1, min(_AT_ONCE, os.cpu_count() or 1)))

    async def carry_out(self) -> list[Line]:
        """Run all trials concurrently; the first that cannot be run ends all."""
        wanted = [name for name in names() if not self._wish.only or name in self._wish.only]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._line(name)) for name in wanted]
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        lines = [line for task in tasks if (line := task.result()) is not None]
        calm = await self._calm(lines)
        return [replace(line, kept=line.kept_of(calm)) for line in lines]

    async def _calm(self, lines: Sequence[Line]) -> frozenset[str]:
        """Where the rows stand that a calm bank onboards; if that was not wanted it is tried for itself."""
        for line in lines:
            if line.scenario == CALM:
                return line.onboarded[0]
        stage = replace(self._stage, keep=None)
        return (await self._perform(f"{CALM}/reference", Scenario(), self._sample, again=False, stage=stage)).onboarded

    async def _line(self, name: str) -> Line | None:
        if name == KILL_ONE:
            line = await self._kill_one()
        elif name == KILL_ALL:
            line = await self._kill_all()
        else:
            outcome = await self._perform(name, load(shipped()[name]), self._sample)
            line = _line_of(name, [outcome])
        if line is not None:
            _tell(self._emit, line.told)
        return line

    async def _perform(
        self,
        name: str,
        scenario: Scenario,
        sample: Sample,
        *,
        kills: Sequence[Kill] = (),
        again: bool = True,
        stage: Stage | None = None,
    ) -> Outcome:
        stage = stage or self._stage
        suited = adapt(scenario, self._sample.customers, stage.terms.theirs)
        async with self._places:
            trial = Trial(name=name, stage=stage, scenario=suited, sample=sample, kills=kills, again=again)
            return await trial.perform()

    async def _kill_one(self) -> Line | None:
        """Kill the job before and after the bank's work on each call of one customer's journey, each time from new."""
        row = _longest(self._sample.rows)
        if row is None or self._wish.kills == 0:
            return None
        sample = alone(self._sample, row, self._stage.terms.theirs, self._stage.folder / KILL_ONE)
        counted = await self._perform(f"{KILL_ONE}/uninterrupted", Scenario(), sample, again=False)
        points = [Kill(request=n, after=after) for n in range(1, counted.requests + 1) for after in (False, True)]
        chosen = [points[place] for place in spread(len(points), self._most(len(points)))]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self._perform(f"{KILL_ONE}/{point.words}", Scenario(), sample, kills=[point], again=False)
                )
                for point in chosen
            ]
        outcomes = [task.result() for task in tasks]
        placed = [
            replace(outcome, findings=outcome.findings.at(point.words))
            for point, outcome in zip(chosen, outcomes, strict=True)
        ]
        line = _line_of(KILL_ONE, placed)
        covered = f"{line.faults[KILLED]} of {len(points)} points: before and after each of {counted.requests} calls"
        return replace(line, covered=f"{covered} of the journey of {row.origin}")

    async def _kill_all(self) -> Line | None:
        """Kill the job several times while it carries all customers at once."""
        most = self._most(_KILLS_OF_ALL)
        if not self._sample.customers or not most:
            return None
        counted = await self._perform(f"{KILL_ALL}/uninterrupted", Scenario(), self._sample, again=False)
        moments = spread(counted.requests, most)
        kills = [Kill(request=moment + 1, after=bool(number % 2)) for number, moment in enumerate(moments)]
        outcome = await self._perform(f"{KILL_ALL}/killed", Scenario(), self._sample, kills=kills)
        covered = f"{outcome.faults[KILLED]} kills in a row, all customers in hand"
        return replace(_line_of(KILL_ALL, [outcome]), covered=covered)

    def _most(self, points: int) -> int:
        return points if self._wish.kills is None else min(points, self._wish.kills)


def _first(group: BaseException) -> BaseException:
    """The error that ended the rehearsal."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def _line_of(name: str, outcomes: Sequence[Outcome]) -> Line:
    faults: Counter[str] = sum((outcome.faults for outcome in outcomes), Counter())
    findings = Findings()
    for outcome in outcomes:
        findings.add(outcome.findings)
    return Line(
        scenario=name,
        faults=faults,
        rows=sum(outcome.rows for outcome in outcomes),
        in_doubt=sum(outcome.in_doubt for outcome in outcomes),
        lost=findings.lost,
        twice=findings.twice,
        runs=sum(outcome.runs for outcome in outcomes),
        customers=tuple(outcome.customers for outcome in outcomes),
        onboarded=tuple(outcome.onboarded for outcome in outcomes),
        waiting=outcomes[-1].waiting if outcomes else {},
    )


def _longest(rows: Sequence[SampleRow]) -> SampleRow | None:
    """The row whose journey is likely to have most calls: not high risk, with all that the phases need."""

    def length(row: SampleRow) -> tuple[bool, int]:
        customer = row.customer
        assert customer is not None
        wanted = ("document_number", "funds_document", "address_document", "identity_document", "terms_accepted_at")
        return customer.risk_level != Risk.HIGH, sum(bool(getattr(customer, column)) for column in wanted)

    return max((row for row in rows if row.customer is not None), key=length, default=None)


def _known(name: str) -> None:
    if name not in names():
        near = get_close_matches(name, names(), n=1, cutoff=0.0)
        raise ConfigurationError(
            f"--scenario {name} is not known; the nearest name is {near[0]}", hint=f"known: {', '.join(names())}"
        )


def _empty(out: Path) -> None:
    """Make the folder that keeps the reports. Raises :class:`ConfigurationError` if something is in it."""
    try:
        make_folder(out)
        occupied = any(out.iterdir())
    except OSError as error:
        raise ConfigurationError(f"--out {out} cannot be used: {error.strerror}", hint="name another folder") from None
    if occupied:
        raise ConfigurationError(f"--out {out} is not empty", hint="name a new folder: it gets one per scenario")


class _Terminated(SystemExit):
    """A signal asked the rehearsal to end."""


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for its owner only that is gone afterwards, also when a signal ends the rehearsal."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise _Terminated

    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)
    folder: Path | None = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # mode 0700
        yield folder
    except (KeyboardInterrupt, _Terminated) as stop:
        code = ExitCode.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else ExitCode.TERMINATED
        raise RehearsalError("stopped by a signal", hint="no copy of the input is left", exit_code=code) from None
    except OSError as error:
        raise ConfigurationError(
            f"the rehearsal cannot work in {tempfile.gettempdir()}: {error.strerror or error}",
            hint="make room there, or name another folder by TMPDIR",
        ) from None
    finally:
        # A signal that comes now must not leave half of it behind.
        for name in before:
            signal.signal(name, signal.SIG_IGN)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        for name, handler in before.items():
            signal.signal(name, handler)


def _tell(emit: Handler, message: str) -> None:
    emit(Notice(message=message))
