"""The witness: what counts as sent twice, and where it kills."""

import json

import pytest

from finhub_onboard.rehearsal.witness import Fate, Kill, Witness, excess
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.onlooker import Seen

DONE, REFUSED, NOT_TAKEN, UNCLEAR = Fate.DONE, Fate.REFUSED, Fate.NOT_TAKEN, Fate.UNCLEAR


@pytest.mark.parametrize(
    ("fates", "expected"),
    [
        ([], 0),
        ([DONE], 0),
        ([NOT_TAKEN, NOT_TAKEN, DONE], 0),
        ([REFUSED, REFUSED], 0),
        ([UNCLEAR, DONE], 0),
        ([UNCLEAR, REFUSED], 0),
        ([UNCLEAR, NOT_TAKEN, DONE], 0),
        ([UNCLEAR, UNCLEAR], 0),
        ([DONE, DONE], 1),
        ([DONE, REFUSED], 1),
        ([DONE, NOT_TAKEN], 1),
        ([UNCLEAR, DONE, REFUSED], 1),
        ([UNCLEAR, UNCLEAR, UNCLEAR], 1),
        ([UNCLEAR, REFUSED, REFUSED], 1),
        ([UNCLEAR, UNCLEAR, UNCLEAR, DONE], 2),
    ],
)
def test_after_a_known_outcome_nothing_and_after_an_unknown_one_a_single_repeat(
    fates: list[Fate], expected: int
) -> None:
    """API.md, section 9: a call whose outcome is unknown is repeated once; one that is done is not sent again."""
    assert excess(fates) == expected


def test_what_a_read_comes_before_may_be_sent_until_it_is_done() -> None:
    """API.md, section 9: an activation is repeated after each read that does not find it, never once it is done."""
    assert excess([UNCLEAR, UNCLEAR, UNCLEAR, DONE], once=False) == 0
    assert excess([UNCLEAR, DONE, UNCLEAR], once=False) == 1


@pytest.mark.parametrize(("status", "twice"), [(401, False), (403, False), (429, False), (400, True), (404, True)])
def test_a_refusal_that_is_not_about_the_customer_uses_no_repeat_up(status: int, *, twice: bool) -> None:
    """The answer is lost, the repeat is refused, a third registration comes: for a token or a tenant it may."""
    witness, _ = watching()
    for fault, said in (("drop_after", 200), ("refuse", status), ("", 409)):
        call = registration()
        witness.arrived(call)
        witness.settled(call, fault, said)
    assert witness.sent_twice("ana@example.com") == (["registration sent again"] if twice else [])


def watching(*kills: Kill) -> tuple[Witness, list[int]]:
    """A witness at an empty bank, and the numbers of the requests at which it killed."""
    witness, killed = Witness(kills), []
    witness.bank = Sandbox(Scenario()).bank
    witness.kill = lambda: killed.append(witness.requests)
    return witness, killed


def registration(email: str = "ana@example.com") -> Seen:
    """A registration as it arrives."""
    return Seen(operation="registerIndividual", params={}, body=json.dumps({"email": email}).encode())


def test_it_kills_before_and_after_the_work_once_each() -> None:
    """At a planned call the job is killed, the call goes no further, and no later call is hit by the same plan."""
    witness, killed = watching(Kill(request=2, after=True), Kill(request=4, after=False))
    for number in range(1, 7):
        call = registration(f"{number}@example.com")
        goes_on = witness.arrived(call)
        assert goes_on is (number != 4)
        if goes_on:
            assert witness.settled(call, "", 200) is (number != 2)
    assert killed == [2, 4]
    assert witness.faults == {"kill -9": 2}


def test_a_second_registration_is_seen_though_the_bank_refuses_it() -> None:
    """What was sent counts, not what the bank let pass."""
    witness, _ = watching()
    for status in (200, 409):
        call = registration()
        witness.arrived(call)
        witness.settled(call, "", status)
    assert witness.sent_twice("ana@example.com") == ["registration sent again"]
    assert witness.sent_twice("ben@example.com") == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        *(("", 1), ("slow_body", 1), ("close_after_answer", 1)),
        *(("drop_after", 0), ("error_500_before", 0), ("gateway_before", 0), ("others_echo", 0), ("too_many", 0)),
    ],
)
def test_faults_decide_what_the_sender_could_know(fault: str, expected: int) -> None:
    """A repeat is blamed on the job only where the first answer told the outcome."""
    witness, _ = watching()
    for kind in (fault, ""):
        call = registration()
        witness.arrived(call)
        witness.settled(call, kind, 200)
    assert len(witness.sent_twice("ana@example.com")) == expected


def test_a_refused_repeat_is_the_last() -> None:
    """The first answer was lost, the repeat refused: whoever sends it again has sent it too often."""
    witness, _ = watching()
    for fault, blamed in (("drop_after", 0), ("refuse", 0), ("", 1)):
        call = registration()
        witness.arrived(call)
        witness.settled(call, fault, 409)
        assert len(witness.sent_twice("ana@example.com")) == blamed


def test_a_job_that_died_may_not_know_its_last_answers() -> None:
    """After a kill the last call of each customer in hand may be repeated; those of an earlier process may not."""
    witness, _ = watching()
    for email in ("ana@example.com", "ben@example.com"):
        witness.job_begins()
        call = registration(email)
        witness.arrived(call)
        witness.settled(call, "", 200)
    witness.job_died()
    for email in ("ana@example.com", "ben@example.com"):
        call = registration(email)
        witness.arrived(call)
        witness.settled(call, "", 409)
    assert witness.sent_twice("ana@example.com") == ["registration sent again"]
    assert witness.sent_twice("ben@example.com") == []


def test_documents_of_two_kinds_are_two_calls() -> None:
    """Uploads count by kind of document, consents do not count at all: giving one twice is harmless."""
    witness, _ = watching()
    assert witness.bank is not None
    for kind, operation in (
        ("PASSPORT", "uploadVerificationDocument"),
        ("PROOF_OF_ADDRESS", "uploadVerificationDocument"),
        ("PASSPORT", "uploadVerificationDocument"),
        ("", "acceptIndividualConsent"),
        ("", "acceptIndividualConsent"),
    ):
        body = json.dumps({"documentType": kind, "email": "ana@example.com"}).encode()
        call = Seen(operation=operation, params={"consentType": "terms"}, body=body)
        witness.arrived(call)
        witness.settled(call, "", 200)
    assert witness.sent_twice("ana@example.com") == ["document sent again"]
