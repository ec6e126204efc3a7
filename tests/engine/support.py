"""What the engine's tests share: settings, rows, a ledger in memory, an engine joined with them."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.admission import Admission
from finhub_onboard.engine.bank_settings import patience_of
from finhub_onboard.engine.fan_out import Engine
from finhub_onboard.engine.progress import ProgressMeter
from finhub_onboard.engine.stop_rules import Cause, StopRules
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.tally import Tally, Watched
from finhub_onboard.engine.work_source import WorkSource
from finhub_onboard.events import Handler
from finhub_onboard.journey.identities import Identities
from finhub_onboard.journey.ports import Bank
from finhub_onboard.journey.traverse import Tools
from finhub_onboard.keys import Keys
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.matching.requirements import journey_rules
from finhub_onboard.model import CallRecord, Customer, IntakeRow, Journey
from finhub_onboard.outbound.pacing.pacer import Pacer

if TYPE_CHECKING:
    from finhub_onboard.errors import LedgerError

KEYS = Keys("a seed", "a tenant")


def settings(**flags: Any) -> Settings:
    """Return settings of the embedded sandbox with some changed."""
    return load(None, flags={name.replace("__", "."): value for name, value in flags.items()}, environ={})


def rows(count: int, *, rejects: int = 0) -> list[IntakeRow]:
    """Return accepted rows and then rejects."""
    made = []
    for number in range(1, count + rejects + 1):
        customer = Customer(
            source="b.csv", row_number=number, external_id=f"C-{number}", first_name="a", last_name="b",
            email=f"c{number}@example.com", phone="+37061231001", date_of_birth="1990-01-01", nationality="Lithuania",
            category="STANDARD",
        )  # fmt: skip
        accepted = customer if number <= count else None
        made.append(IntakeRow(source="b.csv", row_number=number, external_id=f"C-{number}", customer=accepted))
    return made


class Held:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.journeys: dict[bytes, Journey] = {}
        self.calls: list[CallRecord] = []
        self.hashes: set[tuple[bytes, bytes]] = set()
        self.written: set[tuple[bytes, bytes]] = set()
        self.error: LedgerError | None = None

    def post(
        self,
        journey: Journey,
        calls: Sequence[CallRecord] = (),
        *,
        hashes: Sequence[tuple[bytes, bytes]] = (),
        ended: Sequence[tuple[bytes, bytes]] = (),
    ) -> Awaitable[None]:
        """Hold these."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.error is not None:
            raise self.error
        self.hashes.difference_update(ended)
        self.hashes.update(hashes)
        self.written.update(hashes)
        self.journeys[journey.key] = journey
        self.calls += calls
        done.set_result(None)
        return done

    def identify(self, hashes: Sequence[tuple[bytes, bytes]]) -> None:
        """Take what customers would be known again by."""
        self.hashes.update(hashes)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Journey]:
        """Return what is held."""
        return {key: self.journeys[key] for key in keys if key in self.journeys}


def admission(
    batches: Iterator[list[IntakeRow]],
    held: Held,
    stopper: Stopper,
    tally: Tally,
    *,
    identities: Identities | None = None,
    keys: Keys = KEYS,
    run: int = 1,
) -> Admission:
    """Take customers from these rows by what this ledger knows."""
    return Admission(
        batches=batches,
        keys=keys,
        evidence=Evidence(keys, Path("/nowhere"), 1),
        identities=identities or Identities(held, keys),
        tally=tally,
        find=held.find,
        identify=held.identify,
        stopper=stopper,
        run=run,
        now=time.time,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An engine that carries rows, with its rules and what it counts."""

    engine: Engine
    rules: StopRules
    tally: Tally


def joined(
    batches: Iterator[list[IntakeRow]],
    held: Held,
    bank: Bank,
    pacer: Pacer,
    stopper: Stopper,
    emit: Handler,
    *,
    settings: Settings,
    keys: Keys = KEYS,
    run: int = 1,
    stopped_by: Cause | None = None,
    through: Callable[[Admission], WorkSource] = lambda source: source,
) -> Joined:
    """Join rows, a ledger and a bank to an engine, as a run does; ``through`` may put a source between."""
    tally, rules, identities = Tally(total=10), StopRules(settings, stopped_by=stopped_by), Identities(held, keys)
    tools = Tools(
        bank=bank,
        ledger=Watched(ledger=identities, tally=tally, emit=emit),
        stop=stopper,
        rules=journey_rules(settings),
        patience=patience_of(settings, lambda: 0.5),
        run=run,
        now=time.time,
        number=itertools.count(1).__next__,
    )
    engine = Engine(
        through(admission(batches, held, stopper, tally, identities=identities, keys=keys, run=run)),
        tools,
        stopper=stopper,
        rules=rules,
        meter=ProgressMeter(
            tally=tally, rules=rules, budget=pacer, counters=pacer.counters, places=pacer.places, emit=emit
        ),
        emit=emit,
        max_in_flight=settings.limits.max_in_flight,
    )
    return Joined(engine=engine, rules=rules, tally=tally)
