"""When a bank has asked to be left alone for long, by times that the test sets."""

import asyncio

import pytest

from finhub_onboard.outbound.pacing.long_wait import LongWait

CAP_S, LONG_S = 90.0, 3600.0


def asked(long_wait: LongWait) -> float | None:
    """For how long the bank wants to be left alone; None while that is open."""

    async def main() -> float | None:
        try:
            return await asyncio.wait_for(long_wait.repeated(), 0.01)
        except TimeoutError:
            return None

    return asyncio.run(main())


def after(*refusals: tuple[float, float | None, str], cap_s: float = CAP_S) -> float | None:
    """Let the bank refuse calls that left then, asking for so long, of such a customer; an answer takes a second."""
    long_wait = LongWait(cap_s)
    for left_at, asked_s, who in refusals:
        long_wait.refused(asked_s, left_at=left_at, now=left_at + 1, who=who)
    return asked(long_wait)


def test_a_second_answer_after_the_wait_decides() -> None:
    """What counts then is the latest answer: the first one's time is partly over."""
    assert after((0, LONG_S, "a"), (CAP_S + 1, 3500.0, "b")) == 3500.0


@pytest.mark.parametrize("who", [("", ""), ("", "a"), ("a", "")])
def test_answers_to_calls_of_no_customer_count_with_any_other(who: tuple[str, str]) -> None:
    """A log-in, an admin's call and a probe are everybody's."""
    assert after((0, LONG_S, who[0]), (CAP_S + 1, LONG_S, who[1])) == LONG_S


@pytest.mark.parametrize(
    "refusals",
    [
        [(0.0, LONG_S, "a")],
        [(0.0, LONG_S, "a"), (0.5, LONG_S, "b"), (CAP_S + 0.9, LONG_S, "c")],
        [(0.0, LONG_S, "a"), (CAP_S + 1, LONG_S, "a"), (2 * CAP_S + 2, LONG_S, "a")],
        [(0.0, LONG_S, "a"), (CAP_S + 1, CAP_S, "b"), (CAP_S + 2, LONG_S, "c")],
        [(0.0, LONG_S, "a"), (CAP_S + 1, None, "b")],
        [(0.0, CAP_S, ""), (CAP_S + 1, CAP_S, "")],
        [(0.0, None, ""), (CAP_S + 1, None, "")],
    ],
    ids=["lone", "under way together", "one customer", "a short wait since", "no time", "not long", "never a time"],
)
def test_less_than_that_decides_nothing(refusals: list[tuple[float, float | None, str]]) -> None:
    """Each is asked again as before."""
    assert after(*refusals) is None


def test_an_answer_without_a_time_takes_nothing_back() -> None:
    """It says neither that the bank still wants to be left alone nor that it does not."""
    assert after((0, LONG_S, "a"), (5, None, "b"), (CAP_S + 1, LONG_S, "b")) == LONG_S


def test_a_minute_is_never_long() -> None:
    """A small cap is for impatient runs: it makes no wait of the bank's a reason to stop."""
    assert after((0, 60.0, "a"), (5, 60.0, "b"), cap_s=0.5) is None
    assert after((0, 61.0, "a"), (5, 61.0, "b"), cap_s=0.5) == 61.0


def test_a_call_that_is_accepted_begins_anew() -> None:
    """The bank does not want to be left alone by everybody."""
    long_wait = LongWait(CAP_S)
    long_wait.refused(LONG_S, left_at=0, now=1, who="a")
    long_wait.accepted()
    long_wait.refused(LONG_S, left_at=CAP_S + 1, now=CAP_S + 2, who="b")
    assert asked(long_wait) is None
    long_wait.refused(LONG_S, left_at=2 * CAP_S + 2, now=2 * CAP_S + 3, who="c")
    assert asked(long_wait) == LONG_S
