"""Compares the bank's state with the results, row by row: what is lost, what came twice. Pure.

Promises that a sentence names a row by its place in the input and contains no value of it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.rehearsal.sample import Sample, SampleRow
from finhub_onboard.rehearsal.witness import Witness
from finhub_onboard.reports.files.rows import from_cell
from finhub_onboard.sandbox.records import Customer

Line = Mapping[str, str]
_DONE = (Disposition.ONBOARDED, Disposition.UNCHANGED, Disposition.CHANGED)
_PERSON_MUST_LOOK = frozenset(
    {
        # "Probably done: confirm, else park" (API.md, section 9), where no read tells the status.
        (Phase.ACTIVATION, Code.STATE_CONFLICT),
        # What the check answers for an active customer is not documented (API.md, section 9).
        (Phase.CONSENTS, Code.ACTIVATION_NOT_ALLOWED),
    }
)
_GIVEN_UP = (Disposition.FAILED, Disposition.DECLINED)
_MOST_VERIFICATIONS = 2
"""A verification whose answer was lost is opened once more (API.md, section 9)."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """The findings over all runs of a trial: a sentence per row or customer, by the row's place."""

    lost: dict[str, str] = field(default_factory=dict)
    twice: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Findings") -> None:
        """Take over what another look found; what a row was first found for stays."""
        self.lost = other.lost | self.lost
        self.twice = other.twice | self.twice

    def at(self, moment: str) -> "Findings":
        """The same with the moment at which the job was killed, so that a row may be wronged at several."""
        return Findings(
            lost={f"{place}, killed at {moment}": said for place, said in self.lost.items()},
            twice={f"{place}, killed at {moment}": said for place, said in self.twice.items()},
        )


def compare(
    sample: Sample,
    results: Sequence[Line],
    bank: Mapping[str, Customer],
    witness: Witness,
    *,
    forgotten: Collection[str] = (),
) -> Findings:
    """Compare ``results.csv`` with the bank's customers (by e-mail in lower case) and the witness's calls.

    ``forgotten``: customers that the bank lost in a data reset; its state proves nothing about them.
    """
    found = Findings()
    lines: dict[tuple[str, int], list[Line]] = {}
    for line in results:
        lines.setdefault((from_cell(line["source"]), int(line["row_number"])), []).append(line)
    left = dict(bank)
    for row in sample.rows:
        of_row = lines.pop((row.source, row.row_number), [])
        email = row.customer.email.casefold() if row.customer else ""
        known = left.pop(email, None)
        if email in forgotten and len(of_row) == 1:
            continue
        if said := "; ".join(_lost(row, of_row, known)):
            found.lost[row.origin] = said
        if said := "; ".join([*_twice(known), *witness.sent_twice(email)]):
            found.twice[row.origin] = said
    for source, row_number in lines:
        found.lost[f"line {row_number} of {source}"] = "stands in the results and not in the input"
    for customer in left.values():
        found.lost[f"customer {customer.id}"] = "is at the bank and belongs to no accepted row"
    return found


def given_up(sample: Sample, results: Sequence[Line], witness: Witness) -> Findings:
    """Find the rows that failed for good though the last answer to their customer was none of the bank's.

    For the end of a trial: until then a later run may go on with them.
    """
    rows = {(row.source, row.row_number): row for row in sample.rows if row.customer}
    found = Findings()
    for line in results:
        row = rows.get((from_cell(line["source"]), int(line["row_number"])))
        if row is None or row.customer is None or line["disposition"] not in _GIVEN_UP:
            continue
        if witness.ends_unclear(row.customer.email.casefold()):
            found.lost[row.origin] = f"{line['disposition']}, and the last answer was no refusal of the bank's"
    return found


def unfinished(sample: Sample, results: Sequence[Line]) -> dict[str, str]:
    """The accepted rows that are not finished, each with its disposition and code."""
    lines = {(from_cell(line["source"]), int(line["row_number"])): line for line in results}
    waiting = {}
    for row in sample.rows:
        line = lines.get((row.source, row.row_number), {"disposition": "no result", "code": ""})
        if row.customer and line["disposition"] not in _DONE:
            waiting[row.origin] = f"{line['disposition']} {line['code']}".strip()
    return waiting


def _twice(known: Customer | None) -> Iterator[str]:
    if known is None:
        return
    cases = known.verifications
    for what, count, most in (
        ("registered", known.registrations, 1),
        ("verification opened", len(cases), _MOST_VERIFICATIONS),
        ("approved", sum(case.approvals for case in cases), 1),
        ("activated", known.activations, 1),
    ):
        if count > most:
            yield f"{what} {count} times at the bank"


def _lost(row: SampleRow, lines: Sequence[Line], known: Customer | None) -> Iterator[str]:
    if len(lines) != 1:
        yield f"stands in the results {len(lines)} times"
        return
    (line,) = lines
    disposition = line["disposition"]
    if disposition not in set(Disposition):
        yield f'has the disposition "{disposition}"'
    elif disposition in _DONE:
        yield from _not_done(disposition, from_cell(line["customer_id"]), known)
    elif known is None:
        if line["customer_id"]:
            yield f"{disposition} with a customer id that the bank does not know"
    elif disposition == Disposition.REJECTED or row.customer is None:
        yield f"{disposition}, and the bank has the customer"
    else:
        yield from _done_all_the_same(line, known)


def _not_done(disposition: str, customer_id: str, known: Customer | None) -> Iterator[str]:
    """What a finished row's customer lacks at the bank."""
    if known is None:
        yield f"{disposition}, and the bank does not know the customer"
        return
    if known.status != "ACTIVE":
        yield f"{disposition}, and at the bank not active"
    if known.id != customer_id:
        yield f"{disposition} under another customer id than the bank's"
    if known.missing_consents():
        yield f"{disposition}, and the bank has not all consents"
    if known.approved() is None:
        yield f"{disposition}, and the bank has not approved the verification"


def _done_all_the_same(line: Line, known: Customer) -> Iterator[str]:
    """What the bank has of a row that is not finished, and the results do not say."""
    disposition = line["disposition"]
    in_doubt = disposition == Disposition.IN_DOUBT
    unclear = in_doubt or (line["phase"], line["code"]) in _PERSON_MUST_LOOK
    if known.status == "ACTIVE" and not unclear:
        yield f"{disposition}, and active at the bank"
    customer_id = from_cell(line["customer_id"])
    if customer_id and customer_id != known.id:
        yield f"{disposition} under another customer id than the bank's"
    if not customer_id and not in_doubt:
        yield f"{disposition} without a customer id, and the bank has the customer"
