"""Detects a ledger that is older than what was done with it: restored from a backup, or one of two copies.

A joiner of ledger and reports. A run with such a ledger would send again what the ledger does not know. There are two
signs: reports of this very ledger that show more than it holds, before the first call; and a bank that already has the
first customers whom the ledger takes for new (:class:`Strangers`). Promises: reports of another ledger, of checks and
of dry runs prove nothing. Only reports in ``reports.dir`` are seen.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.finhub.calls import CallName, Facts, Step
from finhub_onboard.journey.phase_table import BY_CALL
from finhub_onboard.journey.restored import is_further
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.ledger.records import RunRecord
from finhub_onboard.matching.run_facts import read_facts
from finhub_onboard.model import Journey, Phase

FLAG = "--ledger-restored"
_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{4}")
_MOST_BYTES = 4 * 1024 * 1024
_FIRST = 5
_MOST_LOOKED = 1000
_EXISTS_CODES = {name: rules.restored.exists_codes for name, rules in BY_CALL.items() if rules.restored.exists_codes}
"""Call -> the refusal that says that the bank has the customer already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The content of a run's reports: its ledger (empty: of an older version), and its customers' calls.

    ``rows`` is the number of rows that it read, ``inputs`` are the hashes of their files.
    """

    run_id: str
    ledger_id: str
    calls: int
    rows: int = 0
    inputs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """A completed run that asked the bank about everybody: up to ``limit`` rows of these inputs, or all."""

    run_id: str
    limit: int | None = None
    inputs: frozenset[str] = frozenset()

    def settles(self, reported: Reported) -> bool:
        """Whether this run has recovered what the reported run did."""
        covers = self.limit is None or (reported.inputs == self.inputs and reported.rows <= self.limit)
        return reported.run_id <= self.run_id and covers


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The content of the ledger: its id, its runs, and the customers' calls of the newest run if it was never closed.

    ``settlers`` are completed runs with the flag.
    """

    ledger_id: str
    run_ids: Collection[str]
    settlers: tuple[Settler, ...] = ()
    unclosed: str = ""
    calls: int = 0


def refuse_if_older(ledger: Reader, reports: Path) -> None:
    """Raise :class:`ConfigurationError` that names a run which the ledger has lost; nothing was sent yet."""
    known = known_of(ledger)
    lost = next((one for one in read_reports(reports) if is_lost(one, known)), None)
    if lost is not None:
        raise ConfigurationError(
            f"the ledger {ledger.name} is older than the reports in {reports / lost.run_id}: it was restored or copied,"
            f" and what run {lost.run_id} did is not in it, or not all of it",
            hint=f"put the newer ledger back if there is one, else run the whole book with {FLAG}: then the bank is"
            " asked what it has before anything is repeated",
        )


def is_lost(reported: Reported, known: Known) -> bool:
    """Whether a run did more than the ledger knows.

    Reports of an older version do not name their ledger. They count only if they are newer than all runs of a ledger
    whose newest run was never closed.
    """
    if not reported.calls or any(settler.settles(reported) for settler in known.settlers):
        return False
    if reported.ledger_id:
        missing = reported.run_id not in known.run_ids or (
            reported.run_id == known.unclosed and reported.calls > known.calls
        )
        return reported.ledger_id == known.ledger_id and missing
    return bool(known.unclosed) and reported.run_id > max(known.run_ids)


def known_of(ledger: Reader) -> Known:
    """What the ledger holds."""
    runs = ledger.runs()
    newest = runs[0] if runs and runs[0].finished_at is None else None
    totals = ledger.call_totals(newest.number) if newest else {}
    return Known(
        ledger_id=ledger.ledger_id,
        run_ids=frozenset(run.run_id for run in runs),
        settlers=tuple(_settlers(runs)),
        unclosed=newest.run_id if newest else "",
        calls=sum(counts.sent for counts in totals.values()),
    )


def _settlers(runs: Iterable[RunRecord]) -> Iterator[Settler]:
    for run in runs:
        facts = read_facts(run.facts)
        if facts.ledger_restored and run.exit_code in (ExitCode.OK, ExitCode.NEEDS_SOMEBODY):
            inputs = frozenset(source.sha256 for source in facts.inputs)
            yield Settler(run_id=run.run_id, limit=facts.limit, inputs=inputs)


class _Sent(msgspec.Struct):
    sent: int


class _Input(msgspec.Struct):
    sha256: str


class _Summary(msgspec.Struct):
    calls: Mapping[str, _Sent]
    rows_read: int = 0
    inputs: tuple[_Input, ...] = ()
    ledger: str = ""


def read_reports(folder: Path) -> Iterator[Reported]:
    """The reports in the folders of runs; unreadable ones are skipped."""
    for place in sorted(folder.glob("*/summary.json")):
        if _RUN_ID.fullmatch(place.parent.name) is None:
            continue
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            if not place.is_file() or place.stat().st_size > _MOST_BYTES:
                continue
            summary = msgspec.json.decode(place.read_bytes(), type=_Summary)
            calls = sum(one.sent for phase, one in summary.calls.items() if phase != Phase.CATEGORIZATION)
            inputs = frozenset(source.sha256 for source in summary.inputs)
            yield Reported(
                run_id=place.parent.name, ledger_id=summary.ledger, calls=calls, rows=summary.rows_read, inputs=inputs
            )


class Signs:
    """Compares a run's answers with the ledger, to see whether the bank is further. ``run`` is the run's number."""

    def __init__(self, ledger: str, *, run: int) -> None:
        self._ledger = ledger
        self._run = run
        self._strangers = Strangers(ledger, is_new=run == 1)
        self._looked: dict[bytes, bool] = {}

    def observe(self, at: Step, judgement: Judgement, facts: Facts, journey: Journey) -> str:
        """Check one judged answer about ``journey``; return the reason to stop, or nothing."""
        is_new = journey.first_run == self._run
        if reason := self._strangers.observe(at.call.name, judgement.code, is_new=is_new):
            return reason
        # Whom this run registered the bank may have approved or activated by itself since.
        further = is_further(journey, at, facts) if judgement.verdict is Verdict.DONE and not is_new else None
        if further is None or len(self._looked) >= _MOST_LOOKED:
            return ""
        self._looked[journey.key] = further
        ahead = sum(self._looked.values())
        # A person may have completed some of them in the portal.
        if not further or ahead < _FIRST or 2 * ahead <= len(self._looked):
            return ""
        return (
            f"the bank is further with {ahead} of the first {len(self._looked)} customers than the ledger"
            f" {self._ledger}: it is older than what was done, or another copy of it is at work ({FLAG})"
        )


class Strangers:
    """Checks the first registrations of a run: the bank may know everybody whom the ledger takes for new.

    ``is_new``: no run has used the ledger before.
    """

    def __init__(self, ledger: str, *, is_new: bool = False) -> None:
        self._ledger = ledger
        self._is_new = is_new
        self._in_a_row = 0
        self._is_settled = False

    def observe(self, call: CallName, code: str, *, is_new: bool) -> str:
        """Check one judged answer; return the reason to stop, or nothing.

        ``code`` is the judgement's; ``is_new``: the ledger had nothing about the customer before this run.
        """
        if self._is_settled or call not in _EXISTS_CODES or not is_new:
            return ""
        exists = code in _EXISTS_CODES[call]
        self._in_a_row += exists
        self._is_settled = not exists or self._in_a_row == _FIRST
        if self._in_a_row < _FIRST:
            return ""
        what = (
            "it is a new ledger, made for this run; is it the right one? Name that of the earlier runs in ledger.url,"
            f" or if it is lost run with {FLAG}"
            if self._is_new
            else f"it is a new one for an old book, or older than what was done ({FLAG})"
        )
        return f"the bank has the first {_FIRST} customers whom the ledger {self._ledger} takes for new: {what}"
