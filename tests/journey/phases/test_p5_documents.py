"""Phase 5: which documents are sent, in which order, and how the bank's list settles a lost upload."""

import pytest

from finhub_onboard.finhub.calls import CallName, Facts, step
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Resolve, Rest
from finhub_onboard.journey.phases.p5_documents import begin_again, take_replaced
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import Phase, Standing
from tests.journey.moves import at, doubt, move, sent
from tests.journey.world import World, a_customer, strike
from tests.values import replace


@pytest.mark.parametrize("kind", ["GOVERNMENT_ID", "PASSPORT", "NATIONAL_ID", "ID_CARD", "DRIVERS_LICENSE"])
def test_any_identity_document_is_taken_from_the_identity_column(kind: str) -> None:
    """Section 5: a passport, national id, id card or driving licence counts as GOVERNMENT_ID."""
    assert sent(move(at(Phase.DOCUMENTS, required=(kind,)))) == step(CallName.UPLOAD_DOCUMENT, kind)
    missing = a_customer(identity_document="")
    assert move(at(Phase.DOCUMENTS, required=(kind,)), missing) == Rest(
        standing=Standing.PARKED,
        code=Code.DOCUMENT_MISSING,
        phase=Phase.DOCUMENTS,
        field="identity_document",
        item=kind,
    )


def test_documents_are_what_the_bank_asks_for_in_its_order_and_once() -> None:
    """Each required document is uploaded once; an empty list needs none."""
    required = ("SOURCE_OF_FUNDS", "GOVERNMENT_ID")
    assert sent(move(at(Phase.DOCUMENTS, required=required))).item == "SOURCE_OF_FUNDS"
    assert sent(move(at(Phase.DOCUMENTS, required=required, uploaded=("SOURCE_OF_FUNDS",)))).item == "GOVERNMENT_ID"
    assert move(at(Phase.DOCUMENTS, required=required, uploaded=required)) == Advance(phase=Phase.DOCUMENTS)
    assert move(at(Phase.DOCUMENTS, required=())) == Advance(phase=Phase.DOCUMENTS)


def test_without_a_list_identity_is_needed_and_the_rest_given_if_there() -> None:
    """All that the row has is uploaded; that the bank wants more than the identity is a guess and stops nobody."""
    assert sent(move(at(Phase.DOCUMENTS))).item == "GOVERNMENT_ID"
    assert sent(move(at(Phase.DOCUMENTS, uploaded=("GOVERNMENT_ID",)))).item == "PROOF_OF_ADDRESS"
    assert sent(move(at(Phase.DOCUMENTS, uploaded=("GOVERNMENT_ID", "PROOF_OF_ADDRESS")))).item == "SOURCE_OF_FUNDS"
    without = a_customer(address_document="", funds_document="")
    assert move(at(Phase.DOCUMENTS, uploaded=("GOVERNMENT_ID",)), without) == Advance(phase=Phase.DOCUMENTS)
    nothing = a_customer(identity_document="", address_document="", funds_document="")
    assert isinstance(move(at(Phase.DOCUMENTS), nothing), Rest)


def test_a_document_that_no_column_holds_waits_for_a_person_after_the_others_are_given() -> None:
    """What the row has is uploaded first; an unknown requirement then parks the row."""
    required = ("SELFIE", "GOVERNMENT_ID")
    assert sent(move(at(Phase.DOCUMENTS, required=required))).item == "GOVERNMENT_ID"
    found = move(at(Phase.DOCUMENTS, required=required, uploaded=("GOVERNMENT_ID",)))
    assert found == Rest(standing=Standing.PARKED, code=Code.DOCUMENT_MISSING, phase=Phase.DOCUMENTS, item="SELFIE")


ALL = ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS")


@pytest.mark.parametrize(
    ("missing", "code", "item"),
    [
        (("PROOF_OF_ADDRESS",), "document_refused", "PROOF_OF_ADDRESS"),
        (("GOVERNMENT_ID", "SELFIE"), "document_missing", "SELFIE"),
        ((), "document_refused", "GOVERNMENT_ID"),
    ],
)
def test_documents_that_the_bank_misses_though_they_were_uploaded_were_not_accepted(
    missing: tuple[str, ...], code: str, item: str
) -> None:
    """They are not sent again as they are: the row waits for better ones, first for those that it does not have."""
    approved = at(Phase.APPROVAL, uploaded=ALL, required=None)
    begun = begin_again(approved, Visit(check=Facts()), Facts(required=missing or None))
    assert begun is not None
    found = move(begun[0], visit=begun[1])
    assert isinstance(found, Rest)
    assert (found.standing, found.code, found.item, found.phase) == (Standing.PARKED, code, item, Phase.DOCUMENTS)


@pytest.mark.parametrize(("verified", "goes_on"), [(False, True), (None, False), (True, False)])
def test_a_lost_approval_is_settled_by_a_refusal_for_documents_and_a_check_that_denies_it(
    verified: bool | None,  # noqa: FBT001
    goes_on: bool,  # noqa: FBT001
) -> None:
    """Both together show that it was not carried out; a refusal alone says nothing about an earlier attempt."""
    visit = Visit(check=Facts(verification_ok=verified), polls=2)
    begun = begin_again(doubt(CallName.APPROVE, uploaded=ALL), visit, Facts(required=("GOVERNMENT_ID",)))
    assert (begun is not None) == goes_on
    if begun:
        assert (begun[0].doubts, begun[0].step, begun[1].refused) == (0, "", ("GOVERNMENT_ID",))


@pytest.mark.parametrize("changed", [frozenset({"address_document"}), frozenset({"phone"}), frozenset()])
def test_only_a_document_that_the_row_replaced_is_sent_in_place_of_a_refused_one(
    changed: frozenset[str],
) -> None:
    """The next run sends that one, and asks for approval again."""
    waiting = at(Phase.DOCUMENTS, uploaded=ALL, required=ALL, code="document_refused")
    kept = take_replaced(waiting, changed)
    left = ("GOVERNMENT_ID", "SOURCE_OF_FUNDS") if "address_document" in changed else ALL
    assert kept == replace(waiting, uploaded=left)
    assert take_replaced(replace(waiting, code="approval_needed"), changed).uploaded == ALL


def test_a_document_in_doubt_twice_is_looked_for() -> None:
    """The customer's documents are listed; only one of the very kind that left answers for it."""
    twice = doubt(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID", doubts=2)
    at_step = step(CallName.UPLOAD_DOCUMENT, "GOVERNMENT_ID")
    assert sent(move(twice)) == step(CallName.LIST_DOCUMENTS)
    assert move(twice, visit=Visit(listed=Facts(uploaded=("PASSPORT",)))) == Resolve(step=at_step)
    unknown = Rest(standing=Standing.IN_DOUBT, code=Code.OUTCOME_UNKNOWN, phase=Phase.DOCUMENTS)
    for other in ("PROOF_OF_ADDRESS", "ID_CARD", "NATIONAL_ID"):
        assert move(twice, visit=Visit(listed=Facts(uploaded=(other,)))) == unknown
    card = doubt(CallName.UPLOAD_DOCUMENT, "ID_CARD", doubts=2)
    assert move(card, visit=Visit(listed=Facts(uploaded=("PASSPORT", "GOVERNMENT_ID")))) == unknown
    before = replace(twice, documents=("PASSPORT=a@1", "GOVERNMENT_ID=a@1"))
    assert move(before, visit=Visit(listed=Facts(uploaded=("PASSPORT",)))) == unknown, "that one was there before"
    both = Facts(uploaded=("PASSPORT", "PASSPORT"))
    assert move(before, visit=Visit(listed=both)) == Resolve(step=at_step)
    address = doubt(CallName.UPLOAD_DOCUMENT, "PROOF_OF_ADDRESS", doubts=2)
    assert move(address, visit=Visit(listed=Facts(uploaded=("PASSPORT",)))) == unknown


def without_a_list(*, says_missing: bool = True, **columns: str) -> World:
    """A MEDIUM customer at a bank that names no documents when the verification opens, and wants them at the end."""
    world = World(a_customer(risk_level="MEDIUM", **columns))
    world.bank.listed, world.bank.says_missing = None, says_missing
    return world


def test_without_a_list_a_whole_row_passes_a_bank_that_checks_documents() -> None:
    """All documents of the row are there before the approval, which is sent once."""
    world = without_a_list()
    world.live()
    assert (world.journey.standing, world.bank.requests["approve"]) == (Standing.COMPLETE, 1)


@pytest.mark.parametrize("says_missing", [True, False])
def test_an_approval_that_misses_a_document_waits_for_it_and_goes_on_with_it(says_missing: bool) -> None:  # noqa: FBT001
    """Parked with the column and the name, no call until the row has it; then only that one is uploaded."""
    world = without_a_list(says_missing=says_missing, funds_document="")
    world.live()
    parked = world.journey
    assert (parked.standing, parked.code, parked.field) == (Standing.PARKED, "document_missing", "funds_document")
    assert parked.message.endswith("(SOURCE_OF_FUNDS)")
    requests = world.bank.requests.copy()
    world.live()
    assert world.bank.requests["approve"] == requests["approve"]
    world.change(funds_document="funds.pdf")
    world.live()
    assert world.journey.standing is Standing.COMPLETE
    [person] = world.bank.people.values()
    assert person.documents == ["GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS"]


def test_a_document_that_the_list_left_out_is_sent_when_the_approval_misses_it() -> None:
    """The bank asked for the identity only, and refuses the approval without the address: the row has it."""
    world = World(a_customer(risk_level="MEDIUM"))
    world.bank.listed = {"MEDIUM": ["GOVERNMENT_ID"]}
    world.live()
    assert (world.journey.standing, world.bank.requests["approve"]) == (Standing.COMPLETE, 2)


def test_documents_that_are_there_and_are_missed_all_the_same_wait_for_a_person() -> None:
    """Nothing is sent a third time."""
    world = World()
    world.plan = strike(CallName.APPROVE, "422_documents", times=9)
    world.live()
    assert (world.journey.standing, world.journey.code) == (Standing.PARKED, "document_refused")
    assert world.bank.requests["approve"] == 1


def test_the_back_side_follows_what_the_bank_wants_of_the_row() -> None:
    """Where the identity is wanted and the row has a back side; its absence stops nobody."""
    both = a_customer(identity_document_back="back.jpg")
    front = at(Phase.DOCUMENTS, required=("GOVERNMENT_ID",), uploaded=("GOVERNMENT_ID",))
    assert sent(move(front, both)).item == "IDENTITY_BACK"
    assert move(front) == Advance(phase=Phase.DOCUMENTS)
    assert move(replace(front, uploaded=("GOVERNMENT_ID", "IDENTITY_BACK")), both) == Advance(phase=Phase.DOCUMENTS)
    assert move(at(Phase.DOCUMENTS, required=()), both) == Advance(phase=Phase.DOCUMENTS)
    left = ("GOVERNMENT_ID=a@1", "IDENTITY_BACK=b@1")
    lost = doubt(CallName.UPLOAD_DOCUMENT, "IDENTITY_BACK", doubts=2, documents=left)
    one, two = (Visit(listed=Facts(uploaded=("PASSPORT",) * times)) for times in (1, 2))
    assert isinstance(move(lost, both, one), Rest), "that one may be the front"
    assert move(lost, both, two) == Resolve(step=step(CallName.UPLOAD_DOCUMENT, "IDENTITY_BACK"))
