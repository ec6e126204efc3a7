"""``onboard resolve``: apply an operator's answers about customers in doubt.

Holds the ledger's lock, applies all answers or none in one transaction, and sends nothing: the next run continues.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from finhub_onboard.commands.existing_ledger import existing_ledger
from finhub_onboard.commands.resolve_rules import AnswerRow, History, Verdict, judge
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.events import Handler
from finhub_onboard.intake.cells import readings
from finhub_onboard.intake.reading.small_table import read_rows
from finhub_onboard.journey.operator import IDS, Answer, apply_answer
from finhub_onboard.journey.questions import Word
from finhub_onboard.keys import IdKind, Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.former_readings import key_of
from finhub_onboard.matching.run_facts import new_run_id
from finhub_onboard.model import Journey
from finhub_onboard.reports.files.rows import Doubtful, columns, from_cell

_SHOWN = 20
NEXT = ("next", "run the same command again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of a file of answers: of ``rows`` rows some were ``answered``, by word, ``before`` or not at all."""

    file: str
    rows: int
    answered: Counter[str]
    before: int
    unanswered: tuple[tuple[int, str], ...]
    dry_run: bool

    @property
    def exit_code(self) -> ExitCode:
        """Whether rows are left unanswered."""
        return ExitCode.NEEDS_SOMEBODY if self.unanswered else ExitCode.OK

    def as_rows(self) -> Iterator[tuple[str, str]]:
        """Yield what was done for people: labels and facts."""
        split = ", ".join(f"{count} {word}" for word, count in self.answered.items())
        yield "file", f"{self.file}: {self.rows} row{'' if self.rows == 1 else 's'}"
        yield self._done, f"{self.answered.total()}" + (f": {split}" if split else "")
        if self.before:
            yield "no change", f"{self.before}: answered before, or not in doubt any more"
        yield "unanswered", f"{len(self.unanswered)}"
        yield from (("", line) for line in _shown(f"row {row}: {external_id}" for row, external_id in self.unanswered))
        if self.answered and not self.dry_run:
            yield NEXT

    def line(self) -> str:
        """Sum it up in a line."""
        counts = f"{self.answered.total()} {self._done}, {len(self.unanswered)} unanswered"
        return f"resolve: {counts}; exit code {int(self.exit_code)}"

    def as_json(self) -> str:
        """Return what was done for programs."""
        told = {
            "file": self.file,
            "rows": self.rows,
            "answered": dict(self.answered),
            "no_change": self.before,
            "unanswered": [{"row": row, "external_id": external_id} for row, external_id in self.unanswered],
            "dry_run": self.dry_run,
            "exit_code": int(self.exit_code),
        }
        return json.dumps(told, indent=2, ensure_ascii=False)

    @property
    def _done(self) -> str:
        return "to answer" if self.dry_run else "answered"


def resolve(settings: Settings, emit: Handler, path: Path, *, dry_run: bool) -> Resolved:
    """Apply an operator's answers about customers in doubt.

    Raises :class:`ConfigurationError` naming every answer that cannot be applied; then none is.
    """
    given = list(read_answers(path))
    with (
        existing_ledger(settings, emit) as (ledger, keys),
        ledger.acquire_lease() as lease,
        lease.interventions() as acts,
    ):
        rows = [replace(row, external_id=key_of(row.external_id, keys, ledger.states)) for row in given]
        known = _known(rows, ledger, keys)
        verdict = judge(rows, known, acts.owners({getattr(r, n) for r in rows for n in IDS} - {""}))
        if verdict.wrong:
            raise ConfigurationError(
                f"{path.name}: no answer was taken, because of",
                details=_shown(_wrong(verdict)),
                hint="correct these rows and give the file again; the others are kept in it",
            )
        if verdict.answers and not dry_run:
            now = time.time()
            acts.enter(
                new_run_id(datetime.now(UTC)),
                "resolve",
                len(verdict.answers),
                lambda number: [apply_answer(doubt, answer, run=number, now=now) for doubt, answer in verdict.answers],
                hashes=[one for doubt, answer in verdict.answers for one in _id_hashes(keys, doubt.key, answer)],
                corrected=[
                    one
                    for state in (history.states[-1] for history in known.values())
                    if state.claimed and state.key in {doubt.key for doubt, _ in verdict.answers}
                    for one in _id_hashes(keys, state.key, state)
                ],
                ended=[doubt.key for doubt, answer in verdict.answers if answer.word is Word.ABSENT],
            )
    return Resolved(
        file=path.name,
        rows=len(rows),
        answered=Counter(str(answer.word) for _, answer in verdict.answers),
        before=len(verdict.before),
        unanswered=tuple((row.row, row.external_id) for row in verdict.unanswered),
        dry_run=dry_run,
    )


def read_answers(path: Path) -> Iterator[AnswerRow]:
    """Read the columns of the operator's file that matter."""
    for line in read_rows(path, path.name, columns(Doubtful)):
        if line.cells is None:
            yield AnswerRow(row=line.number, broken=True)
            continue
        cells = {name.casefold(): from_cell(cell).strip() for name, cell in line.cells.items()}
        if missing := [name for name in ("external_id", "answer") if name not in cells]:
            raise ConfigurationError(
                f"{path.name} has no column {' and no column '.join(missing)}",
                hint="give the in_doubt.csv of a run, with its column `answer` filled in",
            )
        yield AnswerRow(
            row=line.number,
            external_id=readings(cells["external_id"])[1],
            answer=cells["answer"],
            phase=cells.get("phase", ""),
            since=cells.get("since", ""),
            customer_id=cells.get("customer_id", ""),
            user_id=cells.get("user_id", ""),
            verification_id=cells.get("verification_id", ""),
        )


def _id_hashes(keys: Keys, key: bytes, given: Answer | Journey) -> Iterator[tuple[bytes, bytes]]:
    """Yield the hashes of the ids by which the customer is recognised later."""
    for kind in IdKind:
        if identifier := getattr(given, kind):
            yield keys.id_hash(kind, identifier), key


def _known(rows: Sequence[AnswerRow], ledger: Reader, keys: Keys) -> dict[str, History]:
    """Look the customers of the file up in the ledger."""
    resolved = frozenset(run.number for run in ledger.runs(acts=True) if run.command == "resolve")
    histories = {}
    for external_id in {row.external_id for row in rows} - {""}:
        key = keys.customer(external_id)
        if states := ledger.states(key):
            histories[external_id] = History(states=states, calls=tuple(ledger.calls([key])), acts=resolved)
    return histories


def _wrong(verdict: Verdict) -> Iterator[str]:
    for wrong in verdict.wrong:
        yield f"row {wrong.row}" + (f", {wrong.field}" if wrong.field else "") + f": {wrong.message}"


def _shown(texts: Iterable[str]) -> list[str]:
    every = list(texts)
    more = len(every) - _SHOWN
    return every[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])
