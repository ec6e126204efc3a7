"""What is recent: packed as differences, read back the same, and refused where the tables would refuse it."""

import pytest

from finhub_onboard.ledger.sqlite.recent import Group, HashChange, Recent
from finhub_onboard.model import CallRecord, Journey, Repeat, Standing
from tests.ledger.support import call, journey, key

FULL = journey(
    1, standing=Standing.FAILED, done=3, step="approve", doubts=1, repeat=Repeat.SENT, doubt_at=2.5, doubt_email=b"e",
    final=True, phase="approval", code="code", field="field", message="a message", hint="a hint", http_status=500,
    customer_id="c", user_id="u", verification_id="v", required=("A", "B"), uploaded=("A",), consented=("terms",),
    documents=("A=1",), claimed=("customer",), sealed_id=b"sealed", risk="LOW", completed_run=1, sent=4,
    started_at=1.5, finished_at=3,
)  # fmt: skip
ANSWERED = call(
    1, 1, outcome="done", outcome_at=2.5, sent=False, http_status=200, code="c", field="f", message="m", hint="h",
    retriable=True, wait_s=1.5, seconds=0.25,
)  # fmt: skip


def group(*entries: Journey | CallRecord, hashes: tuple[HashChange, ...] = ()) -> Group:
    """Return entries as a group."""
    return Group(
        {each.key: each for each in entries if isinstance(each, Journey)},
        {each.number: each for each in entries if isinstance(each, CallRecord)},
        list(hashes),
    )


def test_what_is_packed_comes_back_the_same() -> None:
    """Whatever changes between the states of a customer and the entries of a call, also back to nothing."""
    change = HashChange(ended=True, identity=b"m", key=key(1))
    groups = [
        group(journey(1), call(1, 1)),
        group(FULL, ANSWERED, hashes=(change, change._replace(ended=False))),
        group(journey(1, required=()), journey(2), call(2, 1)),
        group(journey(1), call(1, 1)),
    ]
    writer, lines = Recent(7), list[tuple[int, bytes]]()
    for each in groups:
        lines.append((7, writer.pack(each)))
        writer.take(each)
        reader = Recent.read(lines)
        assert (reader.run, reader.journeys, reader.calls) == (7, writer.journeys, writer.calls)
        assert (reader.hashes, reader.owners) == (writer.hashes, writer.owners)
    assert reader.journeys == {key(1): journey(1), key(2): journey(2)}
    assert reader.owners == {b"m": {key(1): True}}


def test_of_what_is_known_only_the_difference_is_packed() -> None:
    """A later state of a customer with much data takes a few bytes."""
    recent = Recent(1)
    first, again = group(FULL), group(journey(1, **{name: getattr(FULL, name) for name in ("code", "hint", "sent")}))
    size = len(recent.pack(first))
    recent.take(again)
    recent.take(first)
    assert len(recent.pack(first)) < 40 < size


@pytest.mark.parametrize(
    "entry",
    [
        journey(1, sent="many"),
        journey(1, final=2),
        journey(1, http_status=2**63),
        journey(1, doubt_at=float("nan")),
        journey(1, message="\ud800"),
        call(1, 1, http_status="200"),
    ],
    ids=["a text for a number", "no truth value", "too large", "no number", "a lone surrogate", "a text for a status"],
)
def test_what_could_never_be_filed_is_refused_at_once(entry: Journey | CallRecord) -> None:
    """Or a ledger that has it could never be written again."""
    with pytest.raises((TypeError, ValueError)):
        Recent(1).pack(group(entry))


def test_a_customer_whom_another_run_takes_up_leaves_the_former_state_behind() -> None:
    """It belongs into the history before the next one replaces it."""
    recent = Recent(1)
    recent.take(group(journey(1)))
    assert not recent.is_left_behind_by(group(journey(1, sent=2), journey(2, last_run=2)))
    assert recent.is_left_behind_by(group(journey(1, last_run=2)))
