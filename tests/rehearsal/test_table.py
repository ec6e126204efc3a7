"""The table: its columns are the promised ones, and what is wrong is said by row."""

import json
from collections import Counter
from dataclasses import replace

from finhub_onboard.rehearsal.table import COLUMNS, Line, as_json, as_rows, complaints, covered
from tests.acceptance.support import ROOT

GOOD = Line(
    scenario="drops",
    faults=Counter({"drop_after": 3, "drop_before": 9}),
    rows=50,
    in_doubt=2,
    lost={},
    twice={},
    runs=2,
    waiting={"row 3": "parked high_risk", "row 4": "failed refused"},
    kept=("row 3",),
)
BAD = Line(
    scenario="kill_one",
    faults=Counter({"kill -9": 28}),
    rows=28,
    in_doubt=0,
    lost={"row 7": "onboarded, and at the bank not active"},
    twice={"row 9": "registration sent again", "row 7": "activation sent again"},
    runs=56,
    covered="28 of 28 points",
)


def test_the_columns_are_the_promised_ones() -> None:
    """Scenario, faults injected, rows, in doubt, lost, twice, kept; then a line for all, and what the kills covered."""
    assert COLUMNS[:-1] == ("scenario", "faults injected", "rows", "in doubt", "lost", "twice")
    assert COLUMNS[-1] == "kept from onboarding though calm onboards them"
    assert as_rows([GOOD, BAD]) == [
        ("drops", "12", "50", "2", "0", "0", "1"),
        ("kill_one", "28", "28", "0", "1", "2", "0"),
        ("all", "40", "78", "2", "1", "2", "1"),
    ]
    assert covered([GOOD, BAD]) == ["kill_one: 28 of 28 points"]


def test_the_readme_shows_this_table() -> None:
    """The example in the README has the same columns."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert " ".join(COLUMNS) in " ".join(readme.split())


def test_json_has_the_same_and_says_why() -> None:
    """A program gets the figures by name, the kinds of faults and the findings."""
    good, bad = json.loads(as_json([GOOD, BAD]))
    assert {name: good[name] for name in ("scenario", "faults_injected", "rows", "in_doubt", "lost", "twice")} == {
        "scenario": "drops",
        "faults_injected": 12,
        "rows": 50,
        "in_doubt": 2,
        "lost": 0,
        "twice": 0,
    }
    assert (good["kept_from_onboarding"], good["kept"]) == (1, ["row 3: parked high_risk"])
    assert good["faults"] == {"drop_after": 3, "drop_before": 9}
    assert bad["found"][0] == "row 7: onboarded, and at the bank not active"
    assert (bad["lost"], bad["twice"]) == (1, 2)


def test_each_wrong_is_said_with_its_scenario_and_row() -> None:
    """Nothing of a good line, one sentence per finding of a bad one."""
    assert list(complaints([GOOD, BAD])) == [
        "kill_one: lost: row 7: onboarded, and at the bank not active",
        "kill_one: twice: row 9: registration sent again",
        "kill_one: twice: row 7: activation sent again",
    ]


def test_kept_are_the_rows_that_calm_onboards_and_this_trial_does_not() -> None:
    """Once per trial; what calm keeps too, and what a trial never had, does not count."""
    rows = frozenset({"row 1", "row 2", "row 3"})
    line = replace(GOOD, customers=(rows, frozenset({"row 2"})), onboarded=(frozenset({"row 1"}), frozenset()))
    assert line.kept_of(frozenset({"row 1", "row 2", "row 9"})) == ("row 2", "row 2")
