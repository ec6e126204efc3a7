"""Looks at finished customers before a run: a ledger goes stale where a bank's data are reset (API.md, section 14)."""

from finhub_onboard.engine.connection import Connection
from finhub_onboard.errors import RefusedError
from finhub_onboard.events import Handler, Notice
from finhub_onboard.ledger.ports import Reader

_SHOWN = 10
"""The most customers who are named."""
_HINT = (
    "ask the bank; if its data were reset, name a new ledger in ledger.url, so that all are registered again; if it is"
    " another bank, correct api.base_url and api.tenant_id"
)


async def verify_finished(connection: Connection, ledger: Reader, count: int, emit: Handler) -> None:
    """Look for the ``count`` customers who were finished last.

    Raises :class:`RefusedError` if the bank does not know half of them: a few may have been removed for good reasons.
    Raises :class:`StoppedEarlyError` if it does not answer.
    """
    finished = [journey for journey in ledger.finished_last(count) if journey.customer_id]
    known = [await connection.finished.is_known(journey.customer_id, connection.patience) for journey in finished]
    lost = known.count(False)
    if lost and 2 * lost >= len(known):
        raise RefusedError(
            f"the bank does not know {lost} of the {len(known)} customers who were finished last", hint=_HINT
        )
    gone = [journey for journey, is_known in zip(finished, known, strict=True) if not is_known]
    # By the bank's ids: an external_id may be an e-mail, and this is a line of the log.
    names = ", ".join(journey.customer_id for journey in gone[:_SHOWN])
    told = f"; not {names}{' and others' if lost > _SHOWN else ''}: look for them in the Admin Portal" if gone else ""
    emit(Notice(message=f"the bank knows {len(known) - lost} of the last {len(known)} finished customers{told}"))
