"""By what customers are known again, over a real ledger: from the intent on, until the bank has not got them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.identities import Identities
from finhub_onboard.keys import IdKind
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from finhub_onboard.matching.earlier_customers import Earlier
from finhub_onboard.model import CallRecord, Customer, Journey, Repeat, Standing
from tests.ledger.support import opened, writing
from tests.matching.test_earlier_customers import ANA, DOCUMENT, EMAIL, KEYS, OTHER, PHONE, judged
from tests.values import replace

KEY = KEYS.customer(ANA.external_id)
OWNER = replace(ANA, **OTHER | {"email": ANA.email})
"""Another person, to whom the e-mail belongs that stands in Ana's row."""
START = Journey(key=KEY, fingerprint=KEYS.fingerprint(ANA), done=1, first_run=1, last_run=1)
INTENT = replace(START, step="register", doubts=1)
REFUSED = replace(START, standing=Standing.FAILED, final=True, code="refused")
REGISTERED = replace(START, done=2, customer_id="c-1")


def call(outcome: str = "", step: str = "register") -> CallRecord:
    """A request, without or with its outcome; each step has one."""
    number = 1 if step == "register" else 2
    return CallRecord(
        number=number, key=KEY, run=1, phase="registration", step=step, attempt=1, changes=True, intent_at=1.0,
        outcome=outcome,
    )  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without customers."""
    with opened(tmp_path / "ledger.db") as made:
        yield made


def handed_in(ledger: Ledger, *entries: tuple[Journey, Sequence[CallRecord]], run: int, row: Customer = ANA) -> None:
    """Hand in what a run would, one after the other."""

    async def enter() -> None:
        async with writing(ledger, run=run) as writer:
            identities = Identities(writer, KEYS)
            identities.begin(KEY, row, None)
            for journey, calls in entries:
                await identities.post(replace(journey, last_run=run), calls)

    asyncio.run(enter())


def test_a_customer_is_known_from_the_intent_on(ledger: Ledger) -> None:
    """As soon as the data may have left, and by all that stands in the row."""
    handed_in(ledger, (START, ()), run=1)
    assert judged(ledger, replace(ANA, external_id="B-1"), run=2) == [[]]
    handed_in(ledger, (INTENT, [call()]), run=2)
    assert judged(ledger, replace(ANA, external_id="B-1"), run=3) == [[EMAIL, PHONE, DOCUMENT]]


def test_an_e_mail_that_the_bank_refused_is_its_owners(ledger: Ledger) -> None:
    """The row is corrected and registered with another address: who has the refused one is no copy of it."""
    handed_in(ledger, (INTENT, [call()]), (REFUSED, [call("refused")]), run=1)
    corrected = replace(ANA, email="right@example.com")
    handed_in(ledger, (INTENT, [call()]), (REGISTERED, [call("done")]), run=2, row=corrected)
    assert judged(ledger, OWNER, run=3) == [[]]
    assert judged(ledger, replace(corrected, **OTHER | {"email": "right@example.com"}), run=3) == [[EMAIL]]


def test_a_doubt_that_a_refusal_leaves_keeps_the_customer_known(ledger: Ledger) -> None:
    """The refusal answers the second attempt; the first may have been carried out."""
    handed_in(
        ledger,
        (INTENT, [call()]),
        (INTENT, [call("doubt")]),
        (replace(INTENT, doubts=2), [call()]),
        (replace(INTENT, standing=Standing.IN_DOUBT), [call("doubt")]),
        run=1,
    )
    assert judged(ledger, OWNER, run=2) == [[EMAIL]]


def test_a_vouched_repeat_that_was_refused_leaves_nobody_known(ledger: Ledger) -> None:
    """The operator found nobody, and what was sent since did nothing: the e-mail is its owner's."""
    vouched = replace(INTENT, code=Code.OPERATOR_VOUCHES, repeat=Repeat.GRANTED)
    handed_in(ledger, (replace(INTENT, doubts=2), [call()]), (vouched, [call("retry")]), run=1)
    assert judged(ledger, OWNER, run=2) == [[]]


def test_a_document_that_changed_before_it_left_is_known_as_it_left(ledger: Ledger) -> None:
    """The verification sends it, not the registration."""
    handed_in(ledger, (INTENT, [call()]), (REGISTERED, [call("done")]), run=1)
    corrected = replace(ANA, document_number="NEW-1")
    handed_in(ledger, (REGISTERED, [call(step="open_verification")]), run=2, row=corrected)
    assert judged(ledger, replace(ANA, **OTHER | {"document_number": "new1"}), run=3) == [[DOCUMENT]]


def test_reports_of_earlier_runs_see_what_was_valid_then(ledger: Ledger) -> None:
    """What a later run or act takes back or adds changes no run before it."""
    handed_in(ledger, (replace(INTENT, doubts=2, standing=Standing.IN_DOUBT), [call()]), run=1)
    for number in (1, 2):
        ledger.start_run(f"r{number}", {"inputs": []})
    assert judged(ledger, OWNER, run=2) == [[EMAIL]]
    with ledger.acquire_lease() as lease, lease.interventions() as acts:
        vouched = replace(INTENT, standing=Standing.OPEN, code=Code.OPERATOR_VOUCHES, repeat=Repeat.GRANTED)
        acts.enter("act", "resolve", 0, lambda number: [replace(vouched, last_run=number)], ended=[KEY])
    corrected = replace(ANA, email="right@example.com")
    handed_in(ledger, (INTENT, [call()]), (REGISTERED, [call("done")]), run=4, row=corrected)
    twin = replace(corrected, **OTHER | {"email": "right@example.com"})
    assert [judged(ledger, OWNER, run=run) for run in (1, 2, 3, 4, 5)] == [[[]], [[EMAIL]], [[EMAIL]], [[]], [[]]]
    assert [judged(ledger, twin, run=run) for run in (2, 4, 5)] == [[[]], [[]], [[EMAIL]]]


@pytest.mark.parametrize(
    ("journey", "row", "visited", "lacks"),
    [
        (REGISTERED, ANA, False, True),
        (replace(REGISTERED, sealed_id=b"x"), ANA, False, False),
        (replace(REGISTERED, sealed_id=b"x"), ANA, True, True),
        (REGISTERED, OWNER, True, False),
        (INTENT, ANA, True, True),
        (replace(INTENT, code=Code.OPERATOR_VOUCHES, repeat=Repeat.GRANTED), ANA, True, False),
        (START, ANA, True, False),
    ],
)
def test_only_whom_the_bank_may_have_is_learned_again(
    ledger: Ledger, journey: Journey, row: Customer, *, visited: bool, lacks: bool
) -> None:
    """From a row that is as it was sent; of whom nobody has anything, or an operator vouches for, nothing is."""
    found = Identities(SqliteWriter(Path(ledger.name)), KEYS).lacking(
        journey, row, KEYS.fingerprint(row), visited=visited
    )
    hashes = {(mark, KEY) for mark in KEYS.identity_hashes(row).values()}
    assert (hashes <= set(found)) is lacks
    assert set(found) - hashes <= {(KEYS.id_hash(IdKind.CUSTOMER, "c-1"), KEY)}


def test_whether_a_reject_names_a_person_depends_on_the_run_that_asks(ledger: Ledger) -> None:
    """A check without a run sees the ledger as it is now."""
    handed_in(ledger, (INTENT, [call()]), (REFUSED, [call("refused")]), run=1)
    assert Earlier(ledger, KEYS, run=0).judged([]) == []
    assert judged(ledger, OWNER, run=0) == [[]]


@dataclass
class Handed:
    """A book that keeps what ends."""

    ended: list[tuple[bytes, bytes]]

    def post(self, journey: Journey, calls: Sequence[CallRecord] = (), **hashes: Any) -> Any:
        """Keep it."""
        del journey, calls
        self.ended += hashes["ended"]


def test_an_id_that_an_operator_gave_by_mistake_is_forgotten_with_it() -> None:
    """Its true owner is not taken for somebody else; a claim that was proved stays."""
    claimed = Journey(key=KEY, fingerprint=b"", done=2, customer_id="c-1", claimed=("customer_id",))
    disowned = replace(claimed, done=1, customer_id="", claimed=(), step="register", doubts=1)
    proved = replace(claimed, claimed=())
    for after, ended in ((disowned, [(KEYS.id_hash(IdKind.CUSTOMER, "c-1"), KEY)]), (proved, []), (claimed, [])):
        book = Handed([])
        identities = Identities(book, KEYS)
        identities.begin(KEY, ANA, claimed)
        identities.post(after)
        assert book.ended == ended
