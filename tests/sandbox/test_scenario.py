"""Scenario files: what is taken, and how the rest is refused."""

from pathlib import Path

import pytest

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox.habits import KINDS, Scenario
from finhub_onboard.sandbox.operations import OPERATION_IDS
from finhub_onboard.sandbox.scenario import load, parse
from tests.sandbox.support import ROOT

SHIPPED = sorted((ROOT / "configs" / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_load_and_say_what_they_practise(path: Path) -> None:
    """Every shipped scenario is good and opens with a comment on what it practises."""
    load(path)
    assert path.read_text(encoding="utf-8").startswith("# Practises ")


def test_the_shipped_set_is_complete() -> None:
    """The scenarios of the design are there, and between them they use every kind of fault."""
    names = {path.stem for path in SHIPPED}
    assert names >= {
        *("calm", "latency", "rate_limit", "errors_5xx", "drops", "hangs", "false_success", "expiring_tokens"),
        *("refusals", "high_risk", "lagging_check", "garbage", "older_shapes", "everything"),
    }
    used = {fault.kind for path in SHIPPED for fault in load(path).fault}
    assert used == set(KINDS)


def test_no_scenario_is_a_calm_bank() -> None:
    """Without a file nothing goes wrong, and ``calm`` is the same."""
    assert load(None) == load(ROOT / "configs/scenarios/calm.toml") == Scenario()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sead = 1", 'unknown key "sead"; did you mean "seed"?'),
        ("[latency]\nmean = 1", '[latency]: unknown key "mean"; did you mean "mean_ms"?'),
        ("[[fault]]\nkind = 'drop'\nrate = 0.1", 'number 1: unknown kind "drop"; did you mean "drop_'),
        ("[[fault]]\nkind = 'too_many'\nrate = 0.1\non = ['register']", 'unknown operation "register"; did you mean'),
        ("[[fault]]\nkind = 'too_many'\nrat = 0.1", 'unknown key "rat"; did you mean "rate"?'),
        ("[[fault]]\nkind = 'too_many'", "give either rate or nth"),
        ("[[fault]]\nkind = 'too_many'\nrate = 0.1\nnth = [1]", "give either rate or nth"),
        ("[[fault]]\nkind = 'too_many'\nrate = 1.5", "<= 1.0"),
        ("[[fault]]\nrate = 0.5", "kind"),
        ("[[fault]]\nkind = ['drop_before']\nrate = 0.5", "unknown kind"),
        ("fault = 3", "fault"),
        ("token_lifetime_s = 0", "token_lifetime_s"),
        ("shapes = 'newer'", "shapes"),
        ("latency = 4", "latency"),
        ("seed = ", "is not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    """A mistake names the file, the key and the nearest known name."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load(path)
    assert str(path) in str(raised.value)
    assert message in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A scenario that is not there is an error that names it."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml")


def test_faults_may_name_every_operation() -> None:
    """``on`` takes the contract's operation ids."""
    fault = {"kind": "drop_before", "rate": 0.1, "on": list(OPERATION_IDS)}
    assert parse({"fault": [fault]}, "test").fault[0].on == OPERATION_IDS
