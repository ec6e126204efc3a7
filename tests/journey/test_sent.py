"""Which columns have left: what each step owns, and that every column has an owner or is only an instruction."""

import pytest

from finhub_onboard.finhub.calls import CallName, step, step_from_label
from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.journey.sent import changed_since_sent, columns_of, sent_columns
from finhub_onboard.keys import FINGERPRINT_COLUMNS
from finhub_onboard.model import Journey, Standing
from finhub_onboard.model.columns import CONSENTS
from tests.journey.world import KEYS, a_customer
from tests.values import replace

PRINT = KEYS.fingerprint(a_customer())
BASE = Journey(key=b"k", fingerprint=PRINT)


def test_every_column_has_one_owner_but_what_only_tells_the_job() -> None:
    """The risk level tells the job who may approve, the dates of a document whether it may be sent; none is sent.

    The IP address travels with three consents, and another one later proves them no less.
    """
    labels = ["register", "open_verification", *(f"upload_document/{kind}" for kind in DOCUMENT_COLUMN_OF)]
    labels += [f"accept_consent/{consent.replace('_', '-')}" for consent in CONSENTS]
    owned = frozenset[str]().union(*(columns_of(step_from_label(label)) for label in labels))
    assert set(FINGERPRINT_COLUMNS) - owned == {
        "risk_level",
        "document_issued_on",
        "document_expires_on",
        "consent_ip_address",
    }


@pytest.mark.parametrize(
    ("journey", "label"),
    [
        (replace(BASE, done=1, step="register", doubts=1), "register"),
        (replace(BASE, done=2), "register"),
        (replace(BASE, done=4), "open_verification"),
        (replace(BASE, done=4, uploaded=("PROOF_OF_ADDRESS",)), "upload_document/PROOF_OF_ADDRESS"),
        (replace(BASE, done=4, step="upload_document/PASSPORT", doubts=2), "upload_document/PASSPORT"),
        (replace(BASE, done=6, documents=("PASSPORT=aa@1",)), "upload_document/PASSPORT"),
        (replace(BASE, done=6, consented=("data-processing",)), "accept_consent/data-processing"),
    ],
)
def test_what_was_done_or_is_in_doubt_has_left(journey: Journey, label: str) -> None:
    """And what has not is the row's to change."""
    assert columns_of(step_from_label(label)) <= sent_columns(journey)
    assert columns_of(step_from_label(label)).isdisjoint(sent_columns(BASE))


def test_a_document_that_was_refused_is_the_rows_to_change() -> None:
    """Until its phase is passed: the upload is settled, and another one may leave."""
    assert "identity_document" not in sent_columns(replace(BASE, done=4, documents=("PASSPORT=aa@1",)))


def test_of_a_finished_customer_everything_has_left() -> None:
    """Whatever differs by then has changed."""
    assert sent_columns(replace(BASE, standing=Standing.COMPLETE, done=8)) == set(FINGERPRINT_COLUMNS)


def test_a_row_has_changed_where_it_differs_from_what_left() -> None:
    """Nothing else counts, and a row that is not known has not changed."""
    journey = replace(BASE, done=2)
    row = KEYS.fingerprint(a_customer(phone="+37061231999", document_number="X9"))
    assert changed_since_sent(journey, row) == ("phone",)
    assert changed_since_sent(replace(journey, done=4), row) == ("phone", "document_number")
    assert changed_since_sent(journey, PRINT) == changed_since_sent(journey, b"") == ()


def test_only_steps_with_data_own_columns() -> None:
    """An approval and an activation send nothing of their own."""
    assert columns_of(step(CallName.APPROVE)) == columns_of(step(CallName.ACTIVATE)) == frozenset()
