"""What waits for whom: the rows that are not through, by who must act, for what, and how many.

Promises: pure; plain words; no value of a row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.endings import Way
from finhub_onboard.reports.files.totals import Totals

_OWNER = "whoever made the file"
_APPROVER = "who approves at the bank"
_POWER_TENANT = "the power tenant"
_OPERATOR = "you, in the FinHub portal"
_NEXT_RUN = "the next run"
_OF_PARKED = {
    "approval_needed": _APPROVER,
    "approval_lost": _APPROVER,
    "approval_not_final": _APPROVER,
    "consent_evidence_missing": _OWNER,
    "document_missing": _OWNER,
    "document_number_missing": _OWNER,
    "document_refused": _OWNER,
    "high_risk": _POWER_TENANT,
}
_KINDS = (
    (Disposition.IN_DOUBT, (), _OPERATOR),
    (Disposition.PARKED, (), ""),
    (Disposition.REJECTED, (), _OWNER),
    (Disposition.FAILED, (Way.CORRECTED,), _OWNER),
    (Disposition.FAILED, (Way.OTHERWISE,), "you, once the cause is gone"),
    (Disposition.FAILED, (Way.RUN_AGAIN,), _NEXT_RUN),
    (Disposition.DECLINED, (), "the customer, who must be told"),
    (Disposition.CHANGED, (), _OPERATOR),
    (Disposition.PENDING, (), _NEXT_RUN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """So many rows that wait for somebody."""

    whom: str
    disposition: Disposition
    code: str
    rows: int


def waits(totals: Totals) -> Iterator[Wait]:
    """Yield what waits: for the operator first, for the next run last."""
    for disposition, ways, whom in _KINDS:
        for code, rows in totals.endings.of(disposition, *ways):
            if rows:
                named = whom or _OF_PARKED.get(code, _OPERATOR)
                yield Wait(whom=named, disposition=disposition, code=code, rows=rows)
