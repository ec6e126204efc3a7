"""``onboard retry``: reopen failed customers for the next run.

Holds the ledger's lock, reopens all or none in one transaction, and sends nothing.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from finhub_onboard.commands.existing_ledger import existing_ledger, named_run
from finhub_onboard.commands.resolve import NEXT
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.events import Handler
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.operator import may_open, open_again
from finhub_onboard.ledger.ports import Interventions
from finhub_onboard.matching.run_facts import new_run_id
from finhub_onboard.model import Journey, Phase, Standing
from finhub_onboard.texts import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which customers to reopen: those who failed, optionally only in one run or phase or with one code.

    Declined customers only on request, by ``declined`` or by the code.
    """

    run_id: str | None = None
    phase: Phase | None = None
    code: str = ""
    declined: bool = False

    def matches(self, journey: Journey, run: int | None) -> bool:
        """Whether to reopen a customer; ``run``: number of the run."""
        asked = run in (None, journey.last_run) and self.phase in (None, journey.phase)
        declined = self.declined or self.code == journey.code
        return asked and self.code in ("", journey.code) and may_open(journey, declined=declined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """The customers that were reopened, or would be, and those that were left: counts by phase and code."""

    opened: Counter[tuple[str, str]]
    left: Counter[tuple[str, str]]
    dry_run: bool

    def as_rows(self) -> list[tuple[str, str]]:
        """Return the counts for people: labels and facts."""
        return [
            (self._done, _customers(self.opened.total())),
            *_counted(self.opened),
            ("left", f"{_customers(self.left.total())} who failed or were declined"),
            *_counted(self.left),
            *([NEXT] if self.opened and not self.dry_run else []),
        ]

    def line(self) -> str:
        """Sum it up in a line."""
        return f"retry: {_customers(self.opened.total())} {self._done}, {self.left.total()} left"

    def as_json(self) -> str:
        """Return the counts for programs."""
        told = {"opened": _listed(self.opened), "left": _listed(self.left), "dry_run": self.dry_run}
        return json.dumps(told, indent=2)

    @property
    def _done(self) -> str:
        return "to open" if self.dry_run else "opened"


def retry(settings: Settings, emit: Handler, which: Filter, *, dry_run: bool) -> Retried:
    """Reopen failed customers for the next run.

    Raises :class:`ConfigurationError` for a code that nobody ended with and that does not exist.
    """
    with existing_ledger(settings, emit) as (ledger, _), ledger.acquire_lease() as lease, lease.interventions() as acts:
        run = named_run(ledger, which.run_id).number if which.run_id else None
        opened: Counter[tuple[str, str]] = Counter()
        left: Counter[tuple[str, str]] = Counter()
        for journey in _ended(acts):
            (opened if which.matches(journey, run) else left)[journey.phase, journey.code] += 1
        _refuse_unknown(which.code, {code for _, code in (*opened, *left)})
        if opened and not dry_run:

            def change(number: int) -> Iterator[Journey]:
                return (open_again(journey, run=number) for journey in _ended(acts) if which.matches(journey, run))

            acts.enter(new_run_id(datetime.now(UTC)), "retry", opened.total(), change)
    return Retried(opened=opened, left=left, dry_run=dry_run)


def _refuse_unknown(code: str, ended: Collection[str]) -> None:
    known = {*ended, *Code}
    if code and code not in known:
        near = nearest(code, ended) or nearest(code, known, least=0.0)
        raise ConfigurationError(
            f"no code is called {code}", hint=f"the nearest is {near}; results.csv has the code of each row"
        )


def _ended(acts: Interventions) -> Iterator[Journey]:
    for standing in (Standing.FAILED, Standing.DECLINED):
        yield from acts.standing(standing)


def _counted(customers: Counter[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for (phase, code), count in sorted(customers.items(), key=lambda pair: (-pair[1], pair[0])):
        yield "", f"{count:>7} {phase}, {code}"


def _listed(customers: Counter[tuple[str, str]]) -> list[dict[str, str | int]]:
    return [{"phase": phase, "code": code, "customers": count} for (phase, code), count in sorted(customers.items())]


def _customers(count: int) -> str:
    return f"{count} customer{'' if count == 1 else 's'}"
