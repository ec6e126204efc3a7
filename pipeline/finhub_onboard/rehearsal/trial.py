"""One trial: a faulty bank, and the real command run again and again until nothing changes any more.

Promises: each run of the job is a process of its own, the same program with the user's configuration; after every run
that ended by itself its results are compared with the bank. Customers who wait for a person are approved between runs.
Does not know how many trials there are.
"""

import asyncio
import csv
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from finhub_onboard.engine.embedded_sandbox import program
from finhub_onboard.errors import ExitCode, OnboardError
from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Disposition
from finhub_onboard.rehearsal.sample import Sample
from finhub_onboard.rehearsal.terms import Terms
from finhub_onboard.rehearsal.verdict import Findings, Line, compare, given_up, unfinished
from finhub_onboard.rehearsal.witness import Kill, Witness
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.demo import DemoCategory
from finhub_onboard.sandbox.habits import Latency, Scenario
from finhub_onboard.sandbox.server import running

_MOST_RUNS = 6
_RUN_S = 300
"""Far longer than a run of a sample takes: after that it counts as hanging."""
_ENDED = frozenset({ExitCode.OK, ExitCode.NEEDS_SOMEBODY, ExitCode.STOPPED_EARLY, ExitCode.REFUSED})
"""Ways in which a job ends by itself; the rehearsal's bank takes its credentials, unless a scenario says otherwise."""
_NEVER_BEGAN = frozenset({ExitCode.USAGE, ExitCode.LOCKED, ExitCode.UNREADABLE_INPUT})
_NO_END = "all rows"
_WAITS_FOR_PERSON = frozenset({Code.APPROVAL_NEEDED, Code.HIGH_RISK})
_SETTLED = frozenset(Disposition) - {Disposition.PENDING, Disposition.IN_DOUBT, Disposition.FAILED}


class RehearsalError(OnboardError):
    """The rehearsal could not be carried out."""

    def __init__(self, message: str, *, hint: str, exit_code: ExitCode, details: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint, details=details)
        self.exit_code = exit_code  # type: ignore[misc]  # that of the job which could not begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one trial; ``requests`` is how many calls its bank received."""

    faults: Counter[str]
    rows: int
    in_doubt: int
    runs: int
    requests: int
    findings: Findings
    customers: frozenset[str] = frozenset()
    """Where the accepted rows stand in the input."""
    onboarded: frozenset[str] = frozenset()
    """Those of them that are finished."""
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Why the others are not: disposition and code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all trials share."""

    terms: Terms
    folder: Path
    categories: tuple[DemoCategory, ...]
    keep: Path | None = None


@dataclass(kw_only=True)
class Trial:
    """One scenario with one sample. ``again``: run at least twice, also when the first run finished everything."""

    name: str
    stage: Stage
    scenario: Scenario
    sample: Sample
    kills: Sequence[Kill] = ()
    again: bool = True
    runs: int = 0
    findings: Findings = field(default_factory=Findings)
    approved: set[str] = field(default_factory=set)

    async def perform(self) -> Outcome:
        """Run the trial."""
        witness = Witness(self.kills)
        bank = Sandbox(self.scenario, categories=self.stage.categories, onlooker=witness)
        witness.bank = bank.bank
        results: Sequence[Line] = ()
        async with running(bank) as base_url:
            stood: list[tuple[str, str]] | None = None
            while self.runs < _MOST_RUNS + len(self.kills):
                if not await self._run(base_url, witness):
                    continue
                if _NO_END in self.findings.lost:
                    break
                results = self._results()
                self.findings.add(self._compared(results, bank, witness))
                stands = [(_settled(line["disposition"]), line["phase"]) for line in results]
                if self._approve(bank, results):
                    stood = None  # what a person did may show only after a while
                elif stands == stood or not self._goes_on(results):
                    break
                else:
                    stood = stands
        if not self.kills:  # a killed job may have known more than its witness
            self.findings.add(given_up(self.sample, results, witness))
        if not results:
            self.findings.add(self._compared((), bank, witness))
        waiting = unfinished(self.sample, results)
        customers = frozenset(row.origin for row in self.sample.rows if row.customer)
        return Outcome(
            customers=customers,
            onboarded=customers - waiting.keys(),
            waiting=waiting,
            faults=_injected(bank, witness),
            rows=len(self.sample.rows),
            in_doubt=sum(line["disposition"] == Disposition.IN_DOUBT for line in results),
            runs=self.runs,
            requests=witness.requests,
            findings=self.findings,
        )

    def _compared(self, results: Sequence[Line], bank: Sandbox, witness: Witness) -> Findings:
        return compare(self.sample, results, bank.bank.by_email, witness, forgotten=bank.bank.forgotten)

    @property
    def _out(self) -> Path:
        return (self.stage.keep or self.stage.folder / "out") / self.name

    def _goes_on(self, results: Sequence[Line]) -> bool:
        return self.again or any(line["disposition"] not in _SETTLED for line in results)

    async def _run(self, base_url: str, witness: Witness) -> bool:
        """Run the command to its end; whether it came there by itself, with reports."""
        stage, sample = self.stage, self.sample
        ledger = stage.folder / "ledgers" / self.name / "ledger.db"
        ledger.parent.mkdir(parents=True, exist_ok=True)
        self.runs += 1
        witness.job_begins()
        killed = False
        # A session of its own: Ctrl-C is for the rehearsal, which ends its jobs itself.
        process = await asyncio.create_subprocess_exec(
            *(*program("finhub_onboard"), "run", *map(str, sample.files)),
            *("--config", str(stage.terms.config), "--profile", str(sample.profile), "--out", str(self._out)),
            env=stage.terms.environment(self.scenario, base_url=base_url, ledger=ledger),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

        def kill() -> None:
            nonlocal killed
            killed = True
            with suppress(ProcessLookupError):
                process.kill()

        witness.kill = kill
        try:
            async with asyncio.timeout(_RUN_S):
                _, stderr = await process.communicate()
        except TimeoutError:
            stderr = f"did not end within {_RUN_S} s".encode()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if killed:
            witness.job_died()
            return False
        self._judge_end(process.returncode, stderr.decode(errors="replace"))
        return True

    def _judge_end(self, code: int | None, stderr: str) -> None:
        if code in _ENDED:
            return
        said = [line for line in stderr.splitlines() if line][-2:]
        if code in _NEVER_BEGAN:
            message, hint = (line.partition(": ")[2] or line for line in (*said, "", "")[:2])
            raise RehearsalError(f"{self.name}: {message}", hint=hint, exit_code=ExitCode(code))
        self.findings.lost[_NO_END] = f"the job ended with exit code {code}: {' '.join(said)}"

    def _results(self) -> list[Line]:
        try:
            with (self._out / "results.csv").open(encoding="utf-8", newline="") as stream:
                return list(csv.DictReader(stream))
        except OSError:
            return []

    def _approve(self, bank: Sandbox, results: Sequence[Line]) -> bool:
        """Act as the person at the bank: approve each waiting customer once; return whether there were any."""
        waiting = {line["verification_id"] for line in results if line["code"] in _WAITS_FOR_PERSON}
        waiting -= self.approved | {""}
        self.approved |= waiting
        for case in waiting:
            bank.gate.cases.settle_by_person(case, "APPROVED", time.time())
        return bool(waiting)


def _settled(disposition: str) -> str:
    """The disposition without the distinction of which run reached it."""
    return Disposition.UNCHANGED if disposition == Disposition.ONBOARDED else disposition


def _injected(bank: Sandbox, witness: Witness) -> Counter[str]:
    """What went wrong on purpose, by kind: faults of calls, kills, and the habits of the scenario."""
    found = Counter(witness.faults) + bank.bank.acts
    customers, scenario = list(bank.bank.customers.values()), bank.scenario
    found["high_risk"] += sum(c.risk == "HIGH" for c in customers) if scenario.risk.high_share else 0
    if scenario.verification.refused_share:
        found["refused"] += sum(case.status == "REJECTED" for c in customers for case in c.verifications)
    found["reset"] += bank.bank.resets
    if scenario.verification.auto_approved_share:
        found["approved_at_once"] += sum(case.decided_at == case.at for c in customers for case in c.verifications)
    if scenario.check.lag_s or scenario.check.lag_checks:
        found["lagging_check"] += sum(c.checks for c in customers)
    if scenario.latency != Latency():
        found["delayed"] += witness.requests
    if scenario.shapes == "older":
        found["older_shape"] += witness.requests
    return +found
