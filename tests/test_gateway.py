"""The way to the bank: categories by any of their names, requests that cannot be built."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from pipeline.calls import CallName, step
from pipeline.config import load
from pipeline.evidence import Opened
from pipeline.gateway import Gateway, Ready, index_categories
from pipeline.intake.documents import DocumentError
from pipeline.journey.needs import Problem
from pipeline.keys import Keys
from pipeline.model import Category, Customer, Journey
from pipeline.outbound.payloads import Payloads
from pipeline.owners import IdOwners
from tests.journey.world import a_customer

if TYPE_CHECKING:
    from pipeline.evidence import Evidence
    from pipeline.health import Health
    from pipeline.outbound.client import Client
    from pipeline.outbound.session import AdminSession

KEYS = Keys("s", "t")
STANDARD = Category(key="INDIVIDUAL_STANDARD", id="101", name="Individual Standard")
PLUS = Category(key="INDIVIDUAL_PLUS", id="102", name="Individual Plus")
JOURNEY = Journey(key=b"k", fingerprint=b"", customer_id="c", user_id="u", verification_id="v")


@pytest.mark.parametrize("name", ["INDIVIDUAL_PLUS", "individual_plus", "102", "Individual Plus", "INDIVIDUAL PLUS"])
def test_a_category_is_found_by_key_id_or_name_in_any_case(name: str) -> None:
    """DESIGN 3.3: the hierarchy's key, id or name."""
    assert index_categories((STANDARD, PLUS))[name.casefold()] is PLUS


def test_keys_win_over_ids_and_ids_over_names() -> None:
    """A tenant may name one category like another's key."""
    confusing = Category(key="X", id="INDIVIDUAL_PLUS", name="101")
    index = index_categories((confusing, STANDARD, PLUS))
    assert index["individual_plus"] is PLUS
    assert index["101"] is STANDARD
    assert index["x"] is confusing


def gateway(read_document: Callable[[str], tuple[bytes, str]]) -> Gateway:
    """Return a gateway whose client never sends."""

    def opened(customer: Customer, column: str, item: str) -> Opened:
        content, mime_type = read_document(getattr(customer, column))
        return Opened(content=content, mime_type=mime_type, mark=f"{item}=hash@1")

    payloads = Payloads(load(None, environ={}), KEYS)
    return Gateway(
        client=cast("Client", SimpleNamespace()),
        payloads=payloads,
        session=cast("AdminSession", SimpleNamespace()),
        categories=(STANDARD,),
        evidence=cast("Evidence", SimpleNamespace(opened=opened)),
        health=cast("Health", SimpleNamespace()),
        ids=IdOwners(KEYS, sharing=lambda _: {}, find=lambda _: {}, identify=lambda _: None),
        keys=KEYS,
    )


def test_a_row_whose_category_vanished_is_a_problem_of_that_field() -> None:
    """Nothing is built for a category that the hierarchy does not have."""
    made = asyncio.run(
        gateway(lambda _: (b"", "")).prepare(step(CallName.REGISTER), a_customer(category="GOLD"), JOURNEY)
    )
    assert isinstance(made, Problem)
    assert (made.code, made.field) == ("category_unknown", "category")


@pytest.mark.parametrize(
    ("kind", "path"),
    [("GOVERNMENT_ID", "id.pdf"), ("PROOF_OF_ADDRESS", "address.pdf"), ("SOURCE_OF_FUNDS", "funds.pdf")],
)
def test_a_document_is_read_from_the_column_of_its_kind(kind: str, path: str) -> None:
    """The bytes that the requirement's column names are what leaves."""
    read: list[str] = []

    def reader(wanted: str) -> tuple[bytes, str]:
        read.append(wanted)
        return b"%PDF-1.4", "application/pdf"

    customer = a_customer(category="individual_standard")
    made = asyncio.run(gateway(reader).prepare(step(CallName.UPLOAD_DOCUMENT, kind), customer, JOURNEY))
    assert read == [path]
    assert isinstance(made, Ready)
    assert b"JVBERi0xLjQ" in made.outgoing.body


def test_a_document_that_cannot_be_read_is_a_problem_of_its_column() -> None:
    """The row fails with the document's own code; nothing is raised."""

    def reader(_: str) -> tuple[bytes, str]:
        raise DocumentError("document_missing", "there is no such file")

    customer = a_customer(category="101")
    made = asyncio.run(gateway(reader).prepare(step(CallName.UPLOAD_DOCUMENT, "PASSPORT"), customer, JOURNEY))
    assert isinstance(made, Problem)
    assert (made.code, made.field) == ("document_missing", "identity_document")
