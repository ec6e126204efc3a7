"""What the ledger keeps of a run so that its reports can be written at any time.

Knows the intake's settings of a run and what its journeys ask of a row, no bank.
"""

import json
import os
import shlex
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import LedgerError
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.reading.files import MAX_UNPACKED, Reading
from finhub_onboard.intake.second_pass import Rules
from finhub_onboard.keys import Keys
from finhub_onboard.matching.requirements import Asked, asked_by
from finhub_onboard.model import Category


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What the ledger keeps of a run besides its journeys, so that its reports can be written at any time.

    No personal data: paths, counts and settings. ``calls`` are those of no customer: sent, retried, refused for rate.
    ``started`` counts the journeys that the run began; ``None``: it died, or could not tell the ledger of all.
    ``stopped_by``: the cause that the first customer of the next run is looked at for, as ``stop_rules.Cause`` writes
    it.
    """

    run_id: str
    inputs: list[dict[str, Any]]
    limit: int | None
    now: str
    min_age: int
    documents_root: str
    max_document_bytes: int
    out: str
    options: str
    rate_asked: float
    profile: dict[str, Any] = field(default_factory=dict)
    max_unpacked: int = MAX_UNPACKED
    reject_probable: bool = False
    asked: dict[str, Any] | None = None
    categories: list[dict[str, str]] | None = None
    rate_reached: float = 0.0
    max_in_1s: int = 0
    calls: tuple[int, int, int] = (0, 0, 0)
    levels: dict[str, dict[str, int]] = field(default_factory=dict)
    started: int | None = None
    stopped_by: str = ""
    ledger_restored: bool = False

    def rules(self) -> Rules:
        """The rules that the run judged rows by."""
        known = self.categories
        return Rules(
            now=datetime.fromisoformat(self.now),
            min_age=self.min_age,
            documents_root=Path(self.documents_root),
            max_document_bytes=self.max_document_bytes,
            categories=None if known is None else tuple(Category(**category) for category in known),
            reject_probable=self.reject_probable,
            needs=self.asks.needs if self.asks else None,
        )

    @property
    def asks(self) -> Asked | None:
        """What the run asked of each row; ``None``: an older version did not say."""
        return Asked.from_json(self.asked) if self.asked else None

    def reading(self) -> Reading:
        """How the run read its inputs."""
        return Reading(profile=Profile.model_validate(self.profile), max_unpacked=self.max_unpacked)

    def to_json(self, keys: Keys) -> dict[str, Any]:
        """What the ledger stores. What a partner's profile and the bank's categories say, only the seed can read."""
        known = asdict(self)
        sealed = keys.seal_text(json.dumps({name: known.pop(name) for name in _SEALED}))
        return known | {"sealed": sealed}

    @classmethod
    def from_json(cls, facts: dict[str, Any], keys: Keys | None = None) -> "RunFacts":
        """Read back what ``to_json`` wrote; without ``keys`` all but profile and categories.

        Ledgers of version 0.4.0 and older have these in the clear. Raises :class:`LedgerError` if the seal is broken.
        """
        known = dict(facts)
        if (sealed := known.pop("sealed", "")) and keys is not None:
            text = keys.unseal_text(sealed)
            if not text:
                raise LedgerError(f"what the ledger knows of run {known['run_id']} is damaged", hint="restore a backup")
            known |= json.loads(text)
        return cls(**known | {"calls": tuple(facts["calls"])})


_SEALED = ("profile", "categories")
"""What others wrote freely: a constant may be somebody's e-mail, and so may what a bank calls a category."""


def facts_of(order: Order, settings: Settings, found: Survey, began: datetime) -> RunFacts:
    """What the reports of this run, which began to read its inputs then, will need."""
    run_id = new_run_id(began)
    return RunFacts(
        run_id=run_id,
        inputs=[asdict(source) for source in found.sources],
        limit=order.limit,
        now=began.isoformat(),
        min_age=settings.intake.min_age,
        documents_root=str(settings.documents.root.absolute()),
        max_document_bytes=settings.documents.max_bytes,
        out=str((order.out or settings.reports.dir / run_id).absolute()),
        options=order.options,
        rate_asked=settings.limits.calls_per_second,
        profile=order.profile.model_dump(mode="json"),
        max_unpacked=settings.intake.max_unpacked_bytes,
        reject_probable=settings.intake.reject_probable_duplicates,
        asked=asked_by(settings).to_json(),
        ledger_restored=order.ledger_restored,
    )


def new_run_id(now: datetime) -> str:
    """Name a run, or what a person does between runs, by when it began."""
    return f"{now:%Y%m%dT%H%M%S}-{os.urandom(2).hex()}"


def report_command(facts: RunFacts) -> str:
    """The command line that writes the reports of a run again."""
    words = shlex.split(facts.options)
    config = words[words.index("--config") :][:2] if "--config" in words else []
    return shlex.join(["onboard", "report", facts.run_id, *config])
