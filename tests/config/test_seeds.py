"""What a seed must be, and that what a ledger keeps of it is slow to try."""

import math
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.config.seeds import COST, Rooted, Stretching, quick_check, weakness
from finhub_onboard.sandbox import demo

SALT = bytes(range(16))
GOLDEN_ROOT = "e3b00ba26af74a25950a306e0035abed7cbb2a344f499fd2274416ce6018ded6"
GOLDEN_CHECK = "stretched$4$000102030405060708090a0b0c0d0e0f$ef698fb91cf1d482"


@pytest.mark.parametrize(
    "seed",
    [
        "",
        "tiny",
        "0123456789abcdef0123456789abcde",
        "a" * 31,
        "a" * 32,
        "a" * 500,
        "ab" * 40,
        "12345678" * 4,
        "12345678" * 4 + "9",
        "password" * 6,
        "passwordpasswordpasswordpassword1!",
        "secretpassphrase" * 2,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "0" * 63 + "1",
        " " * 40,
        "changeme" + " " * 30,
        "äöü" * 20,
        "0011" * 16,
    ],
)
def test_a_seed_that_is_short_or_repeats_itself_is_weak(seed: str) -> None:
    """The reason is said without the seed."""
    assert weakness(seed)
    assert not seed or seed not in weakness(seed)


@pytest.mark.parametrize(
    "seed",
    [
        demo.SEED,
        "a seed for tests only, invented and long enough",
        "correct horse battery staple of the night",
        "8c2f6e0b7d914a35c0e1f2a4b6d8937501fe6c2b8a4d7e90",
        "kZ3+Yw0q/8rTn5mXc1VbAe7LhJ2gUoPd",
        "ключ, который никто не угадает, длинный",
    ],
)
def test_a_seed_of_words_or_of_chance_is_taken(seed: str) -> None:
    """Long enough is 32 characters."""
    assert weakness(seed) == ""
    assert weakness(seed[:31])


@pytest.mark.parametrize("alphabet", [string.digits, "0123456789abcdef", string.ascii_letters + string.digits + "+/"])
def test_no_seed_of_chance_is_refused(alphabet: str) -> None:
    """Of the alphabets that generators write; 32 characters of each."""
    made = ["".join(secrets.choice(alphabet) for _ in range(32)) for _ in range(2000)]
    assert [seed for seed in made if weakness(seed)] == []


@given(st.text(max_size=12), st.integers(min_value=2, max_value=40))
def test_a_short_block_over_and_over_is_weak(block: str, times: int) -> None:
    """Whatever the block is."""
    assert weakness(block * times)


def test_the_check_is_stable_and_tells_seeds_apart() -> None:
    """A ledger of today opens with every later version; another seed or salt gives another check."""
    stretching = Stretching(salt=SALT, cost=4)
    assert stretching.root("a seed").hex() == GOLDEN_ROOT
    assert stretching.check("a seed") == GOLDEN_CHECK
    others = {Stretching(salt=SALT[::-1], cost=4).check("a seed"), stretching.check("a seed ")}
    assert len(others | {GOLDEN_CHECK}) == 3
    assert stretching.root("a seed").hex() not in GOLDEN_CHECK


def test_a_check_says_how_it_was_made() -> None:
    """It is read back; the quick one of an older ledger is told from it."""
    for keys in Rooted:
        stretching = Stretching(salt=SALT, cost=8, keys=keys)
        assert Stretching.of(stretching.check("a seed")) == stretching
    assert Stretching.of(quick_check("a seed")) is None
    assert quick_check("a seed") == "c73c85745fc31e8c"


@pytest.mark.parametrize(
    "check",
    [
        "stretched$1048576$00$00",
        "stretched$3$00$00",
        "stretched$1$00$00",
        "stretched$-4$00$00",
        "stretched$4$zz$00",
        "stretched$4$00",
        "later$4$00$00",
        "$$$",
    ],
)
def test_what_no_ledger_has_written_is_not_tried(check: str) -> None:
    """A damaged or planted entry neither eats memory nor passes for another way to derive keys."""
    with pytest.raises(ValueError):  # noqa: PT011 - each for a reason of its own
        Stretching.of(check)


def test_a_guess_costs_memory() -> None:
    """32 MB for each: no graphics card tries many at once."""
    assert COST * 1024 == 32 * 1024**2
    assert math.log2(COST).is_integer()
