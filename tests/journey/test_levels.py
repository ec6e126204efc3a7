"""The level that a plan reckons with: the hierarchy's word, else what came out before, else a guess."""

from collections import Counter
from typing import Any

import pytest

from finhub_onboard.journey.levels import Source, level_of, levels
from finhub_onboard.model import Category, Journey, Phase
from tests.intake.helpers import CATEGORIES
from tests.journey.world import a_customer
from tests.values import replace

STANDARD, PLUS = CATEGORIES[0], replace(CATEGORIES[1], risk="MEDIUM")
SEEN = {"INDIVIDUAL_STANDARD": {"MEDIUM": 2, "LOW": 1}}


@pytest.mark.parametrize("spelt", [STANDARD.key, STANDARD.id, STANDARD.name])
@pytest.mark.parametrize(
    ("category", "runs", "expected"),
    [
        (replace(STANDARD, risk="LOW"), [SEEN], (Source.HIERARCHY, ("LOW",))),
        (STANDARD, [SEEN, SEEN], (Source.LEDGER, ("MEDIUM", "LOW"))),
        (replace(STANDARD, risk="SOMETHING"), [SEEN], (Source.LEDGER, ("MEDIUM", "LOW"))),
        (STANDARD, [{STANDARD.id: {"HIGH": 1}}], (Source.LEDGER, ("HIGH",))),
        (STANDARD, [{}, {"another": {"HIGH": 1}}], (Source.ASSUMED, ("LOW", "MEDIUM"))),
    ],
)
def test_who_knows_more_goes_first(
    category: Category, runs: list[dict[str, dict[str, int]]], expected: tuple[Source, tuple[str, ...]], spelt: str
) -> None:
    """However a row writes its category, and however earlier runs did."""
    known = levels([category, PLUS], runs)
    assert known.of(a_customer(category=spelt, risk_level="")) == expected


@pytest.mark.parametrize(
    ("own", "guessed"),
    [("", ("LOW", "MEDIUM")), ("MEDIUM", ("MEDIUM", "LOW")), ("HIGH", ("HIGH", "LOW", "MEDIUM"))],
)
def test_a_guess_begins_with_the_rows_own_level(own: str, guessed: tuple[str, ...]) -> None:
    """Nobody knows the category: the row's word is likeliest, and the others stay possible."""
    assert levels(None, []).of(a_customer(category="X", risk_level=own)) == (Source.ASSUMED, guessed)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"done": Phase.SESSION.number, "risk": "LOW"}, ""),
        ({"risk": "HIGH"}, "HIGH"),
        ({"risk": "UNKNOWN", "required": ("GOVERNMENT_ID",)}, "LOW"),
        ({"required": ("GOVERNMENT_ID", "PROOF_OF_ADDRESS", "SOURCE_OF_FUNDS")}, "MEDIUM"),
        ({"required": ("SELFIE",)}, ""),
        ({"required": None}, ""),
    ],
)
def test_what_the_bank_decided_is_read_from_its_answers(changes: dict[str, Any], level: str) -> None:
    """From the level it named, else from the documents it asked for; before the verification there is none."""
    journey = Journey(key=b"k", fingerprint=b"f", done=Phase.VERIFICATION.number)
    assert level_of(replace(journey, **changes)) == level


def test_levels_of_several_runs_are_added() -> None:
    """The likeliest is that of most customers, whichever run they were in."""
    known = levels([STANDARD], [SEEN, {STANDARD.key: {"LOW": 9}}])
    assert known.seen[STANDARD.key] == Counter({"LOW": 10, "MEDIUM": 2})
