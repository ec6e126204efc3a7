"""``Job``: every command of a data engineer's day as a method, with the settings and the profile given once.

Promises: what a method does is what the command of its name does, and nothing is printed; a fault of input,
configuration or bank is an :class:`OnboardError`. The process is left alone: no signal handler, no event loop that
stays. Does not know how results look (``api.results``).
"""

import asyncio
import os
import shlex
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from finhub_onboard import job
from finhub_onboard.api.results import Answer, Result
from finhub_onboard.commands import explain, plan, plan_words, resolve, retry, status, validate
from finhub_onboard.config.credentials import PREFIX
from finhub_onboard.config.loading import load_profile
from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.event_bus import EventBus, Subscriber
from finhub_onboard.engine.fair_loop import make_loop
from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.model import Phase
from finhub_onboard.rehearsal import rehearse, table
from finhub_onboard.reports import timeline

Pathlike = str | PathLike[str]
T = TypeVar("T")
_OPTIONS = {"journey.until": "--until", "limits.calls_per_second": "--rate"}
"""Settings that the command line has options for."""


class Job:
    """A job on one bank, with one ledger, for one partner's files.

    ``settings`` come from :meth:`Settings.load`; ``profile`` is a partner's mapping profile, or the path of one.
    ``on_event`` is called with each event's envelope (``name``, ``run_id``, ``at``, ``event``) on a thread of its own.
    Inputs are paths; ``*`` and ``?`` in them are patterns, as on the command line.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        profile: Profile | Pathlike | None = None,
        on_event: Subscriber | None = None,
    ) -> None:
        if not isinstance(settings, Settings):
            raise ConfigurationError(
                f"Job takes Settings, and not {type(settings).__name__}", hint='write Job(Settings.load("my.toml"))'
            )
        self.settings = settings
        self._profile_file: Path | None = None
        self._profile = Profile()
        if isinstance(profile, Profile):
            self._profile = profile
        elif profile is not None:
            self._profile_file = Path(profile)
            self._profile = load_profile(self._profile_file)
        self._on_event = on_event

    def run(self, *inputs: Pathlike, out: Pathlike | None = None, limit: int | None = None, **how: Any) -> Result:
        """Onboard every good row; run again to resume. ``how``: as :meth:`arun`.

        Raises :class:`ConfigurationError` inside a running event loop, before anything is read or recorded.
        """
        return _ended("run", lambda: self.arun(*inputs, out=out, limit=limit, **how))

    async def arun(
        self,
        *inputs: Pathlike,
        out: Pathlike | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        verify: int = 0,
        same_bank: bool = False,
        ledger_restored: bool = False,
    ) -> Result:
        """Do as :meth:`run` does, inside a running event loop, which stays free. Cancelled, it is resumed by the next.

        ``dry_run`` checks everything and sends nothing; ``verify``, ``same_bank`` and ``ledger_restored`` are the
        options of ``onboard run``.
        """
        if dry_run and verify:
            raise ConfigurationError("verify asks the bank, and dry_run sends nothing", hint="give one of them")
        order = self._order(
            "run", inputs, out, limit, verify=verify, same_bank=same_bank, ledger_restored=ledger_restored
        )
        with self._bus() as bus:
            if dry_run:
                check = partial(validate.dry_run, order, self.settings, bus.emit)
                return Result(await asyncio.to_thread(check))
            return Result(await job.run(order, self.settings, bus))

    def validate(self, *inputs: Pathlike, out: Pathlike | None = None, limit: int | None = None) -> Result:
        """Check the inputs without any network; writes the same files."""
        with self._bus() as bus:
            order = self._order("validate", inputs, out, limit)
            return Result(validate.validate(order, self.settings, bus.emit))

    def plan(self, *inputs: Pathlike, limit: int | None = None) -> Answer:
        """Foresee a run: its calls by phase, time, bottleneck, and where rows would end; sends nothing."""
        with self._bus() as bus:
            forecast = plan.plan(self._order("run", inputs, None, limit), self.settings, bus.emit)
        return Answer.of(plan_words.as_json(forecast), plan_words.as_rows(forecast))

    def status(self) -> Answer:
        """Where runs and customers stand, and who holds the lock."""
        told = status.status(self.settings)
        return Answer.of(status.as_json(told), status.as_rows(told))

    def explain(self, external_id: str) -> Answer:
        """One customer's timeline over all runs, and what to do next."""
        with self._bus() as bus:
            name, entries = explain.explain(self.settings, bus.emit, external_id)
        rows = [*timeline.as_rows(name, entries), *(("", line) for line in timeline.run_lines(entries))]
        return Answer.of(explain.as_json(name, entries), rows)

    def retry(
        self,
        run_id: str | None = None,
        *,
        phase: str | None = None,
        code: str = "",
        declined: bool = False,
        dry_run: bool = False,
    ) -> Answer:
        """Open failed customers, so that the next run tries them again; sends nothing."""
        if phase is not None and phase not in list(Phase):
            raise ConfigurationError(f'"{phase}" is no phase', hint=f"phases are {', '.join(Phase)}")
        which = retry.Filter(run_id=run_id, phase=Phase(phase) if phase else None, code=code, declined=declined)
        with self._bus() as bus:
            done = retry.retry(self.settings, bus.emit, which, dry_run=dry_run)
        return Answer.of(done.as_json(), done.as_rows())

    def resolve(self, file: Pathlike, *, dry_run: bool = False) -> Answer:
        """Take an operator's answers for rows in doubt, from a run's ``in_doubt.csv``; sends nothing."""
        with self._bus() as bus:
            done = resolve.resolve(self.settings, bus.emit, Path(file), dry_run=dry_run)
        return Answer.of(done.as_json(), done.as_rows(), exit_code=done.exit_code)

    def rehearse(
        self,
        *inputs: Pathlike,
        rows: int = 50,
        only: Sequence[str] = (),
        kills: int | None = None,
        out: Pathlike | None = None,
    ) -> Answer:
        """Prove on a sample, under every fault and through kills, that no row is lost and nobody comes twice.

        Needs settings that were loaded from a file: the rehearsed commands read it. ``only`` names scenarios. Call it
        in the main thread: signals must remove the copies of the input.
        """
        _refuse_loop("rehearse", "call it in the main thread of a program of its own")
        file, given = self.settings.origin
        if file is None:
            raise ConfigurationError("rehearse needs settings from a file", hint='Settings.load("my.toml")')
        order = self._order("rehearse", inputs, out, None)
        wish = rehearse.Wish(order=order, config=file, rows=rows, only=only, kills=kills)
        with self._bus() as bus:
            lines = rehearse.rehearse(wish, dict(os.environ) | _variables(given), bus.emit)
        wrong = list(table.complaints(lines))
        cells = [" | ".join(cells) for cells in (table.COLUMNS, *table.as_rows(lines))]
        told = [("", text) for text in (*cells, *wrong)]
        return Answer.of(table.as_json(lines), told, exit_code=ExitCode.UNEXPECTED if wrong else ExitCode.OK)

    @contextmanager
    def _bus(self) -> Iterator[EventBus]:
        bus = EventBus()
        if self._on_event:
            bus.subscribe(self._on_event)
        try:
            yield bus
        finally:
            bus.flush()

    def _order(
        self, command: str, inputs: Sequence[Pathlike], out: Pathlike | None, limit: int | None, **how: Any
    ) -> Order:
        if not inputs or not all(isinstance(name, str | PathLike) for name in inputs):
            raise ConfigurationError(f"{command} needs paths of inputs", hint='such as job.run("customers.csv")')
        if limit is not None and limit < 1:
            raise ConfigurationError(f"limit is {limit}", hint="give 1 or more, or leave it out")
        file, given = self.settings.origin
        order = Order(
            inputs=[Path(name) for name in inputs],
            profile=self._profile,
            out=Path(out) if out else None,
            limit=limit,
            **how,
        )
        if file is None:  # no command line can say these settings: reports show commands with placeholders
            return order
        options = {"--config": file, "--profile": self._profile_file}
        options |= {flag: given.get(key) for key, flag in _OPTIONS.items()}
        words = _words(options)
        named = _words({"--limit": limit, "--out": out})
        return replace(order, options=shlex.join(words), words=(command, *map(str, inputs), *words, *named))


def _words(options: Mapping[str, Any]) -> list[str]:
    """Options and their values as on a command line; those without a value are left out."""
    return [str(word) for option, value in options.items() if value for word in (option, value)]


def _ended(name: str, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run in an event loop of its own."""
    _refuse_loop(name, f"inside async code and in notebooks write `await job.a{name}(...)`")
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(begin())


def _refuse_loop(name: str, hint: str) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigurationError(f"Job.{name} was called inside a running event loop; nothing was done", hint=hint)


def _variables(given: Mapping[str, Any]) -> dict[str, str]:
    """Settings by dotted keys as variables of the environment."""
    told = {}
    for key, value in given.items():
        if isinstance(value, Mapping):
            raise ConfigurationError(f"rehearse cannot take {key} from a program", hint="write it into the file")
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        told[PREFIX + key.upper().replace(".", "__")] = text
    return told
