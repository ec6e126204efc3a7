"""Rows that cannot get as far as the settings ask: reported before the first call, and rejected if configured.

A joiner of intake, journey and ledger. The intake warns of everything that a row lacks; here phases that its customer
has completed are excluded. Promise: the same rows are named before a run and in its reports.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import structs

from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.second_pass import judge_batches, may_lack
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.completeness import CODES, lacking
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Reader
from finhub_onboard.matching.earlier_customers import Earlier
from finhub_onboard.matching.judging import rules_of
from finhub_onboard.matching.requirements import Asked
from finhub_onboard.matching.run_facts import RunFacts
from finhub_onboard.model import IntakeRow, Journey, Phase, Severity, Violation

_DEMAND = Code.CATEGORY_PARAMETERS
_WEIGHED = CODES | {_DEMAND}
_SHOWN = 5
_SLICE = 1000


def any_weighed(findings: Sequence[Violation]) -> bool:
    """Tell whether ``weighed`` may change the row of these findings."""
    return any(finding.code in _WEIGHED for finding in findings)


def weighed(row: IntakeRow, journey: Journey | None, asked: Asked) -> IntakeRow:
    """The row with what it still lacks, as warnings or as a reject. ``journey``: the customer's former state.

    Without what its category needs nobody is registered: such a row is a reject.
    """
    warned = [finding for finding in row.findings if finding.code in _WEIGHED]
    if not warned or row.customer is None:
        return row
    if journey is not None:
        left = {(lack.code, lack.field) for lack in lacking(row.customer, asked.rules, journey)}
        warned = [finding for finding in warned if finding.code == _DEMAND or (finding.code, finding.field) in left]
    done = journey.done if journey is not None else 0
    if not done < Phase.REGISTRATION.number <= asked.rules.until.number:
        warned = [finding for finding in warned if finding.code != _DEMAND]
    others = tuple(finding for finding in row.findings if finding.code not in _WEIGHED)
    refused = [finding for finding in warned if asked.reject or finding.code == _DEMAND]
    if not refused:
        return replace(row, findings=(*others, *warned))
    refusals = tuple(structs.replace(finding, severity=Severity.ERROR) for finding in refused)
    return replace(row, customer=None, violations=refusals, findings=others)


class Known:
    """Rows compared with what the ledger knew before run ``run`` began; 0: what it knows now.

    Rows of earlier customers' persons are rejected; a row lacks only what its customer still needs.
    """

    def __init__(self, facts: RunFacts, ledger: Reader, keys: Keys, *, run: int) -> None:
        self._earlier = Earlier(ledger, keys, run=run)
        self._asked = facts.asked
        self._ledger = ledger
        self._keys = keys
        self._as_of = run - 1 if run else None

    @property
    def is_first(self) -> bool:
        """Whether the ledger was empty before, so that it has nothing against any row."""
        return self._earlier.is_first

    def are_moot(self, findings: Sequence[Violation]) -> bool:
        """Whether ``judged`` drops all these findings on the row of a customer who is finished, who lacks nothing."""
        return self._asked is not None and all(finding.code in _WEIGHED for finding in findings)

    def judged(self, rows: Sequence[IntakeRow]) -> list[IntakeRow]:
        """Return the rows with the violations and warnings by the ledger."""
        judged = self._earlier.judged(rows)
        warned = [place for place, row in enumerate(judged) if any_weighed(row.findings)]
        if self._asked is None or not warned:
            return judged
        keys = [self._keys.customer(judged[place].external_id) for place in warned]
        journeys = self._ledger.find(keys, as_of=self._as_of)
        for place, key in zip(warned, keys, strict=True):
            judged[place] = weighed(judged[place], journeys.get(key), self._asked)
        return judged


def census(
    inputs: Survey,
    facts: RunFacts,
    ledger: Reader,
    keys: Keys,
    *,
    batch_rows: int,
    reached: Callable[[int], None] = lambda _: None,
) -> "Census":
    """Count incomplete rows over all inputs before a run; a full pass is made only if there may be any.

    ``reached`` is told how many rows were judged so far.
    """
    counted, rules = Census(), rules_of(facts)
    if rules.needs is None or not may_lack(inputs, rules.needs, batch_rows=batch_rows):
        return counted
    known = Known(facts, ledger, keys, run=0)
    judged = 0
    for batch in judge_batches(inputs, rules, batch_rows=batch_rows):
        places = sorted(batch.findings)
        for start in range(0, len(places), _SLICE):
            warned = [row for row in batch.rows(places[start : start + _SLICE]) if any_weighed(row.findings)]
            for row in known.judged(warned):
                counted.feed(row)
        judged += batch.height
        reached(judged)
    return counted


class Census:
    """The number of rows that lack something, by kind, and the first of them."""

    def __init__(self) -> None:
        self._count: Counter[tuple[str, str, Severity]] = Counter()
        self._first: dict[tuple[str, str, Severity], list[Violation]] = {}

    def feed(self, row: IntakeRow) -> None:
        """Count a row."""
        for finding in (*row.violations, *row.findings):
            if finding.code in CODES:
                kind = (finding.code, finding.field, finding.severity)
                self._count[kind] += 1
                first = self._first.setdefault(kind, [])
                if len(first) < _SHOWN:
                    first.append(finding)

    def lines(self) -> list[str]:
        """A message per kind."""
        return [self._line(*kind) for kind in self._count]

    def _line(self, code: str, field: str, severity: Severity) -> str:
        count, first = self._count[code, field, severity], self._first[code, field, severity]
        several = len({finding.source for finding in first}) > 1
        names = [f"{finding.row_number}{f' of {finding.source}' if several else ''}" for finding in first]
        more = f" and {count - len(first):,} more" if count > len(first) else ""
        where = (
            f"{'rows' if count > 1 else 'row'} {', '.join(names)}{more}{'' if several else f' of {first[0].source}'}"
        )
        what = f"{count:,} {'rows lack' if count > 1 else 'row lacks'} {field or 'a document'} ({code})"
        if severity is Severity.ERROR:
            return f"rejected as incomplete: {what}: {where}; nothing is sent for them"
        # The bank requires documents by its own risk level, which may differ from the row's.
        by_whom = "as far as their own risk_level tells they" if code == Code.DOCUMENT_MISSING else "they"
        return f'incomplete: {what}: {where}; {by_whom} stop half made at the bank unless intake.incomplete = "reject"'
