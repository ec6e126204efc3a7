import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from finhub_onboard.keys import Keys
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.matching.earlier_customers import Earlier
from finhub_onboard.model import Customer, IntakeRow, Journey, Phase, Standing
from tests.ledger.support import opened, writing
from tests.values import replace

KEYS = Keys("a seed for tests only, invented", "tenant")
ANA = Customer(
    source="a.csv",
    row_number=1,
    external_id="A-1",
    first_name="Ana",
    last_name="Nowak",
    email="ana@example.com",
    phone="+37061231001",
    date_of_birth="1990-10-03",
    nationality="Lithuania",
    category="INDIVIDUAL_STANDARD",
    document_type="PASSPORT",
    document_number="A 123-456",
)
OTHER = {
    "source": "b.csv",
    "external_id": "B-1",
    "email": "other@example.com",
    "phone": "+37061239999",
    "document_number": "Z999",
}
"""What makes a row another person's, whatever is the same besides."""
EMAIL, PHONE, DOCUMENT = "earlier_email", "earlier_phone_and_birth_date", "earlier_document_number"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without customers."""
    with opened(tmp_path / "ledger.db") as made:
        yield made


def taken_up(ledger: Ledger, *customers: Customer, run: int = 1, done: int = 2, doubts: int = 0) -> None:
    """Enter customers as a run leaves them that got so far with them."""

    async def enter() -> None:
        async with writing(ledger) as writer:
            for customer in customers:
                key = KEYS.customer(customer.external_id)
                writer.identify([(mark, key) for mark in KEYS.identity_hashes(customer).values()])
                fingerprint = KEYS.fingerprint(customer)
                await writer.post(
                    Journey(key=key, fingerprint=fingerprint, first_run=run, last_run=run, done=done, doubts=doubts)
                )

    asyncio.run(enter())


def row(customer: Customer) -> IntakeRow:
    """An accepted row."""
    return IntakeRow(
        source=customer.source, row_number=customer.row_number, external_id=customer.external_id, customer=customer
    )


def codes(rows: Sequence[IntakeRow]) -> list[list[str]]:
    """What speaks against each row; a row is a customer or has something against it, never both."""
    assert all((row.customer is None) == bool(row.violations) for row in rows)
    return [[violation.code for violation in row.violations] for row in rows]


def judged(ledger: Ledger, *customers: Customer, run: int = 2) -> list[list[str]]:
    """What speaks against rows of a run."""
    rows = [row(replace(customer, row_number=number)) for number, customer in enumerate(customers, start=1)]
    return codes(Earlier(ledger, KEYS, run=run).judged(rows))


@pytest.mark.parametrize(
    ("same", "code"),
    [
        ({"email": "ANA@EXAMPLE.com"}, EMAIL),
        ({"phone": ANA.phone}, PHONE),
        ({"document_number": "a123456"}, DOCUMENT),
    ],
)
def test_a_person_is_known_again_by_any_mark(same: dict[str, str], code: str, ledger: Ledger) -> None:
    """The e-mail in any case, phone with birth date, the document however it is written: each is enough."""
    taken_up(ledger, ANA)
    assert judged(ledger, replace(ANA, **OTHER | same)) == [[code]]


def test_a_reject_names_every_mark_and_no_value(ledger: Ledger) -> None:
    """Several marks are several violations of the row, under their columns, without what stands in them."""
    taken_up(ledger, ANA)
    twin = row(replace(ANA, source="b.csv", row_number=7, external_id="B-7"))
    (found,) = Earlier(ledger, KEYS, run=2).judged([twin])
    assert [(v.field, v.code) for v in found.violations] == [
        ("email", EMAIL),
        ("phone", PHONE),
        ("document_number", DOCUMENT),
    ]
    assert {(v.source, v.row_number, v.external_id) for v in found.violations} == {("b.csv", 7, "B-7")}
    told = " ".join(f"{v.message} {v.hint}" for v in found.violations)
    assert not any(value in told for value in (ANA.email, ANA.phone, ANA.date_of_birth, ANA.document_number, "A-1"))


@pytest.mark.parametrize(
    "changes",
    [
        {"phone": ANA.phone, "date_of_birth": "1990-10-04"},
        {"document_number": ANA.document_number, "document_type": "ID_CARD"},
        {"document_number": "", "document_type": ""},
    ],
)
def test_half_a_mark_is_none(changes: dict[str, str], ledger: Ledger) -> None:
    """The phone with another birth date, a number of another kind of document, and no document are no marks."""
    taken_up(ledger, ANA, replace(ANA, external_id="A-2", email="a2@example.com", document_number=""))
    assert judged(ledger, replace(ANA, **OTHER | changes)) == [[]]


def test_the_own_row_is_never_judged(ledger: Ledger) -> None:
    """What the ledger took up it carries on, the same or changed, also where two customers share a mark by now."""
    both = (ANA, replace(ANA, external_id="A-2", email="a2@example.com"))
    taken_up(ledger, *both)
    assert judged(ledger, *both) == [[], []]
    assert judged(ledger, replace(ANA, email="a2@example.com")) == [[]]


def test_customers_that_the_bank_has_not_do_not_count(ledger: Ledger) -> None:
    """Before registration nobody is known; a registration in doubt may have been carried out, and counts."""
    twin = replace(ANA, **OTHER | {"email": ANA.email})
    taken_up(ledger, ANA, done=Phase.CATEGORIZATION.number)
    assert judged(ledger, twin) == [[]]
    taken_up(ledger, ANA, done=Phase.CATEGORIZATION.number, doubts=1)
    assert judged(ledger, twin) == [[EMAIL]]
    taken_up(ledger, ANA, done=Phase.REGISTRATION.number)
    assert judged(ledger, twin) == [[EMAIL]]


def test_the_first_run_asks_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was before it: no row is judged and no query is made."""
    taken_up(ledger, ANA)
    for name in ("find", "sharing"):
        monkeypatch.setattr(type(ledger), name, None)
    assert judged(ledger, replace(ANA, external_id="B-1"), run=1) == [[]]


def test_a_run_knows_what_was_before_it(ledger: Ledger) -> None:
    """Customers of the run itself and of later ones do not count, so that its reports stay what they were."""
    taken_up(ledger, ANA, run=3)
    twin = replace(ANA, external_id="B-1")
    assert judged(ledger, twin, run=2) == judged(ledger, twin, run=3) == [[]]
    assert judged(ledger, twin, run=4) == [[EMAIL, PHONE, DOCUMENT]]


def test_who_comes_to_the_bank_first_is_who_stays(ledger: Ledger) -> None:
    """A journey that stopped before its registration is refused once the person is there under another id.

    What a run found is what its report finds, whatever happens later.
    """
    taken_up(ledger, ANA, run=1, done=1)
    twin = replace(ANA, external_id="B-1")
    taken_up(ledger, twin, run=2)
    assert judged(ledger, ANA, run=3) == [[EMAIL, PHONE, DOCUMENT]]
    taken_up(ledger, replace(ANA, external_id="C-1"), run=4)
    assert judged(ledger, twin, run=2) == [[]]
    assert judged(ledger, ANA, run=3) == [[EMAIL, PHONE, DOCUMENT]]


def test_without_a_run_all_that_is_known_counts(ledger: Ledger) -> None:
    """A check sends nothing and has no number: it sees the ledger as it is now."""
    taken_up(ledger, ANA, run=5)
    assert judged(ledger, replace(ANA, external_id="B-1"), ANA, run=0) == [[EMAIL, PHONE, DOCUMENT], []]


def test_rejects_and_strangers_pass_as_they_are(ledger: Ledger) -> None:
    """Every row comes out once and in order; rejects keep what they have, findings stay."""
    taken_up(ledger, ANA)
    first = Earlier(ledger, KEYS, run=2).judged([row(replace(ANA, external_id="B-1"))])[0]
    reject = replace(first, row_number=2, external_id="")
    stranger = replace(row(replace(ANA, **OTHER, row_number=3)), findings=first.violations)
    assert Earlier(ledger, KEYS, run=2).judged([reject, stranger]) == [reject, stranger]
    assert Earlier(ledger, KEYS, run=2).judged([]) == []


def test_more_rows_than_one_query_takes(ledger: Ledger) -> None:
    """Hundreds of rows are judged one by one."""
    people = [
        replace(ANA, external_id=f"A-{n}", email=f"a{n}@example.com", phone=f"+3706{n:07}", document_number=f"A{n}")
        for n in range(1200)
    ]
    taken_up(ledger, *people[::2])
    rows = [replace(person, external_id=f"B-{n}") for n, person in enumerate(people)]
    assert judged(ledger, *rows) == [[EMAIL, PHONE, DOCUMENT], []] * 600


@pytest.mark.parametrize("standing", [Standing.COMPLETE, Standing.PARKED, Standing.DECLINED, Standing.FAILED])
def test_a_registered_customer_counts_however_it_stands(standing: Standing, ledger: Ledger) -> None:
    """The bank has the person, whatever became of the journey."""
    taken_up(ledger, ANA)

    async def stand() -> None:
        async with writing(ledger) as writer:
            key = KEYS.customer(ANA.external_id)
            journey = ledger.find([key])[key]
            await writer.post(replace(journey, standing=standing))

    asyncio.run(stand())
    assert judged(ledger, replace(ANA, external_id="B-1")) == [[EMAIL, PHONE, DOCUMENT]]
