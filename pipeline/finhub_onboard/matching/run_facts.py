"""What the ledger keeps of a run, so that its reports can be written at any time: what is fixed at its start, progress.

No personal data: paths, counts and settings. Promise: only this module knows how they stand in JSON. Knows no row and
no bank, and loads nothing heavy; ``matching.judging`` reads and judges rows by it.
"""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from finhub_onboard.config.in_force import in_force
from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import IntakeSettings, Settings
from finhub_onboard.events import Progress
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.categories import stored
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.ledger.sealed import seal, unseal
from finhub_onboard.matching.requirements import Asked, asked_by
from finhub_onboard.model import Category, Disposition, SourceInfo
from finhub_onboard.model.nights import SinceLastRun

_Part = TypeVar("_Part", "RunFacts", "RunProgress")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is fixed when a run starts: its inputs and how they are read, judged and reported.

    ``now`` is the instant that rows are judged by. ``asked``: ``None``: an older version did not say. ``words`` and
    ``options`` are those of the ``Order``. ``exit_on_new``: rows that are known to need somebody leave exit code 0.
    ``named``: the paths and patterns of the inputs as they were given, by which nights are compared.
    ``settings`` are those in force, without secrets. ``lang``: the language of who made the inputs.
    """

    run_id: str
    inputs: tuple[SourceInfo, ...]
    limit: int | None
    now: datetime
    min_age: int
    documents_root: Path
    max_document_bytes: int
    out: Path
    options: str
    rate_asked: float
    profile: Profile = field(default_factory=Profile)
    max_unpacked: int = IntakeSettings().max_unpacked_bytes
    reject_probable: bool = False
    asked: Asked | None = None
    ledger_restored: bool = False
    verify: int = 0
    words: tuple[str, ...] = ()
    exit_on_new: bool = False
    named: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    lang: str = ""

    @property
    def rows(self) -> int:
        """The number of records in all inputs."""
        return sum(source.rows for source in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """What a run has learned and counted by now; the reports tell it.

    ``highest_rate`` is the highest that was configured so far: it may be changed while the run goes on.
    ``calls`` are those of no customer. ``levels`` counts the bank's decisions by category and risk level. ``started``
    counts the journeys that the run began; ``None``: it died, or could not tell the ledger of all. ``stopped_by``: the
    cause that the first customer of the next run is looked at for, as ``stop_rules.Cause`` writes it. ``latest`` is
    what its display showed last, for who looks on from elsewhere; no report is made of it. ``reported`` and ``since``:
    how many rows the reports of a run that ended count, by disposition, and what they say of its bad rows.
    """

    categories: tuple[Category, ...] | None = None
    highest_rate: float = 0.0
    rate_reached: float = 0.0
    max_in_1s: int = 0
    calls: CallCounts = field(default_factory=CallCounts)
    levels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    started: int | None = None
    stopped_by: str = ""
    since: SinceLastRun | None = None
    latest: Progress | None = None
    reported: Mapping[Disposition, int] = field(default_factory=dict)


def facts_of(order: Order, settings: Settings, inputs: Sequence[SourceInfo], began: datetime) -> RunFacts:
    """What the reports of this run, which began to read its inputs then, will need."""
    run_id = new_run_id(began)
    return RunFacts(
        run_id=run_id,
        inputs=tuple(inputs),
        limit=order.limit,
        now=began,
        min_age=settings.intake.min_age,
        documents_root=settings.documents.root.absolute(),
        max_document_bytes=settings.documents.max_bytes,
        out=(order.out or settings.reports.dir / run_id).absolute(),
        options=order.options,
        rate_asked=settings.limits.highest_rate,
        profile=order.profile,
        max_unpacked=settings.intake.max_unpacked_bytes,
        reject_probable=settings.intake.reject_probable_duplicates,
        asked=asked_by(settings),
        ledger_restored=order.ledger_restored,
        verify=order.verify,
        words=tuple(order.words),
        named=tuple(str(path.absolute()) for path in order.inputs),
        exit_on_new=settings.stop.exit_on == "new",
        settings=in_force(settings),
        lang=order.lang,
    )


_SEALED = ("profile", "categories")
"""What others wrote freely: a constant may be somebody's e-mail, and so may what a bank calls a category."""
_WRITE: Mapping[str, Callable[[Any], Any]] = {
    "since": msgspec.to_builtins,
    "inputs": msgspec.to_builtins,
    "now": datetime.isoformat,
    "documents_root": str,
    "out": str,
    "profile": lambda profile: profile.model_dump(mode="json"),
    "asked": lambda asked: asked and asked.to_json(),
    "categories": lambda known: known and [stored(category) for category in known],
    "calls": lambda calls: (calls.sent, calls.retried, calls.refused_for_rate),
    "latest": msgspec.to_builtins,
}
"""How a field stands in JSON, where it does not stand as it is."""
_READ: Mapping[str, Callable[[Any], Any]] = {
    "since": partial(msgspec.convert, type=SinceLastRun | None),
    "words": tuple,
    "named": tuple,
    "inputs": partial(msgspec.convert, type=tuple[SourceInfo, ...]),
    "now": datetime.fromisoformat,
    "documents_root": Path,
    "out": Path,
    "profile": Profile.model_validate,
    "asked": lambda asked: asked and Asked.from_json(asked),
    "categories": partial(msgspec.convert, type=tuple[Category, ...] | None),
    "calls": lambda calls: CallCounts(sent=calls[0], retried=calls[1], refused_for_rate=calls[2]),
    "reported": partial(msgspec.convert, type=dict[Disposition, int]),
    "latest": partial(msgspec.convert, type=Progress | None),
}


def to_json(facts: RunFacts, progress: RunProgress, keys: Keys) -> dict[str, Any]:
    """What the ledger stores. What a partner's profile and the bank's categories say, only the seed can read."""
    stored = {
        name: _WRITE[name](value) if name in _WRITE else value
        for part in (facts, progress)
        for name, value in ((each.name, getattr(part, each.name)) for each in fields(part))
    }
    sealed = {name: stored.pop(name) for name in _SEALED}
    return stored | {"sealed": seal(sealed, keys)}


def read_facts(stored: Mapping[str, Any], keys: Keys | None = None) -> RunFacts:
    """Read what was fixed at the start of a run; without ``keys`` all but the profile.

    Ledgers of version 0.4.0 and older have it in the clear. Raises :class:`LedgerError` if the seal is broken.
    """
    opened = _unsealed(stored, keys) if keys else {name: value for name, value in stored.items() if name != "profile"}
    return _read(RunFacts, opened)


def read_progress(stored: Mapping[str, Any], keys: Keys | None = None) -> RunProgress:
    """Read how far a run had got; without ``keys`` categories only where an old version left them in the clear."""
    return _read(RunProgress, _unsealed(stored, keys) if keys else stored)


def _unsealed(stored: Mapping[str, Any], keys: Keys) -> Mapping[str, Any]:
    if not (sealed := stored.get("sealed")):
        return stored
    return {**stored, **unseal(sealed, keys, what=f"what the ledger knows of run {stored['run_id']}")}


def _read(part: type[_Part], stored: Mapping[str, Any]) -> _Part:
    """What older versions did not write has its default; what newer ones add is left alone."""
    known = {each.name: stored[each.name] for each in fields(part) if each.name in stored}
    return part(**{name: _READ[name](value) if name in _READ else value for name, value in known.items()})


def new_run_id(now: datetime) -> str:
    """Name a run, or what a person does between runs, by when it began."""
    return f"{now:%Y%m%dT%H%M%S}-{os.urandom(2).hex()}"


def report_command(facts: RunFacts) -> str:
    """The command line that writes the reports of a run again."""
    words = shlex.split(facts.options)
    config = words[words.index("--config") :][:2] if "--config" in words else []
    return shlex.join(["onboard", "report", facts.run_id, *config])
