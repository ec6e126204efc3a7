"""How long the job waits between two tries: doubling with jitter, capped, and as the bank asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.finhub.patience import Patience, backoff_s, jittered


@given(attempt=st.integers(1, 10_000), most=st.floats(0, 3600), random=st.floats(0, 1, exclude_max=True))
def test_the_backoff_stays_in_its_bounds(attempt: int, most: float, random: float) -> None:
    """Never negative, never more than the cap, never more than doubling from one second."""
    wait = backoff_s(attempt, max_wait_s=most, random=lambda: random)
    assert 0 <= wait <= most
    assert wait <= 2.0 ** min(attempt - 1, 30)


def test_the_backoff_doubles_from_one_second_with_full_jitter() -> None:
    """With the highest draw the waits are 1, 2, 4, 8 seconds up to the cap; with the lowest nothing."""
    waits = [backoff_s(attempt, max_wait_s=10, random=lambda: 1.0) for attempt in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert backoff_s(5, max_wait_s=10, random=lambda: 0.0) == 0


@pytest.mark.parametrize(("asked", "wait"), [(None, 3.0), (2.0, 2.0), (0.0, 3.0), (99.0, 10.0)])
def test_a_pause_that_the_bank_asks_for_goes_before_our_own(asked: float | None, wait: float) -> None:
    """It is capped as ours is; one that it does not ask for is ours, and so is 0."""
    assert Patience(max_wait_s=10, wait_s=float).asked_s(3, asked) == wait


def test_patience_is_what_it_is_made_of() -> None:
    """The pauses are drawn by the random source; those for what may lag are not."""
    found = jittered(max_attempts=7, max_wait_s=10, random=lambda: 0.5)
    assert (found.max_attempts, found.max_wait_s) == (7, 10)
    assert [found.wait_s(attempt) for attempt in (1, 2, 9)] == [0.5, 1.0, 5.0]
    assert [found.steady_s(attempt) for attempt in (1, 2, 9)] == [1.0, 2.0, 10.0]
