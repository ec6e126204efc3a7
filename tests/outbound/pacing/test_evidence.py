"""Which refusals show a limit, by answers in the order in which they come."""

from random import Random

import pytest

from finhub_onboard.outbound.pacing.evidence import Evidence

RATE = 500.0


def feed(evidence: Evidence, answers: str, *, at: float = 10.0) -> list[bool]:
    """Note answers (``.`` taken, ``x`` refused) to calls that left a moment apart; whether each takes a cut back."""
    return [
        (evidence.refused if answer == "x" else evidence.accepted)(at + number / RATE)
        for number, answer in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ("x", False),
        ("." * 50 + "xxxx", False),
        ("." * 50 + "xxxxx", True),
        ("." * 50 + "x...x...x...x...x", True),
        ("." * 50 + "x....x....x....x....x", False),
        (("." * 19 + "x") * 10, False),
        (("." * 17 + "x") * 12, True),
        (("." * 99 + "x") * 20, False),
    ],
)
def test_a_cluster_or_a_share_shows_a_limit(answers: str, *, shown: bool) -> None:
    """5 of the last 20, or more than 5 % of the last 200; a lone refusal does not."""
    evidence = Evidence()
    feed(evidence, answers)
    assert evidence.shows_limit(RATE) is shown


@pytest.mark.parametrize(("rate", "refusals"), [(2.0, 1), (5.0, 2), (12.0, 3), (20.0, 5)])
def test_at_a_few_calls_a_second_fewer_refusals_show_it(rate: float, refusals: int) -> None:
    """The limit is not run into for seconds until twenty answers have come."""
    evidence = Evidence()
    feed(evidence, "x" * (refusals - 1))
    assert not evidence.shows_limit(rate)
    feed(evidence, "x")
    assert evidence.shows_limit(rate)


def test_what_left_before_a_cut_or_soon_after_it_says_nothing_new() -> None:
    """So do all refusals until the bank takes a call again."""
    evidence = Evidence()
    feed(evidence, "xxxxx")
    evidence.cut(11.0, factor=0.9)
    assert evidence.is_of_cut(11.9)
    assert evidence.is_of_cut(15.0)
    evidence.accepted(10.9)
    assert evidence.is_of_cut(15.0)
    evidence.accepted(15.0)
    assert not evidence.is_of_cut(15.0)
    feed(evidence, "x" * 20, at=11.1)
    assert not evidence.shows_limit(RATE)


@pytest.mark.parametrize(
    ("before", "after", "taken_back"), [(0.06, 0.06, True), (0.06, 0.0, False), (0.06, 0.01, False), (0.5, 0.5, False)]
)
def test_a_cut_that_changes_nothing_is_taken_back(before: float, after: float, *, taken_back: bool) -> None:
    """If as many are refused as before, they do not depend on the rate; half of all is a limit in any case."""
    chance, evidence = Random(1), Evidence()

    def answers(share: float, number: int) -> str:
        return "".join("x" if chance.random() < share else "." for _ in range(number))

    feed(evidence, answers(before, 200))
    evidence.cut(11.0, factor=0.9)
    assert any(feed(evidence, answers(after, 400), at=13.0)) is taken_back


def test_after_that_it_takes_more_to_show_a_limit() -> None:
    """And less again when nothing was refused for long."""
    evidence = Evidence()
    feed(evidence, ("." * 15 + "x") * 12)
    evidence.cut(11.0, factor=0.9)
    assert any(feed(evidence, ("." * 15 + "x") * 20, at=13.0))
    feed(evidence, "." * 50 + "x" * 6, at=20.0)
    assert not evidence.shows_limit(RATE)
    feed(evidence, "x" * 6, at=21.0)
    assert evidence.shows_limit(RATE)
    feed(evidence, "." * 30_000 + "xxxxx", at=30.0)
    assert evidence.shows_limit(RATE)


def test_a_wall_is_where_nearly_all_are_refused() -> None:
    """What a limit refuses comes in a row."""
    for answers, is_wall in (("." * 50 + "xx.xx", True), ("." * 50 + "x..x.x.x", False)):
        evidence = Evidence()
        feed(evidence, answers)
        assert evidence.is_wall is is_wall
