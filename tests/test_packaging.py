"""What the package asks of its surroundings: bounds of dependencies that are true and are tried."""

import re
import tomllib
from importlib.metadata import version
from itertools import zip_longest

import pytest

from tests.acceptance.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEPENDENCIES = {
    found[1]: (found[2], found[3] or "")
    for line in PROJECT["dependencies"]
    if (found := re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)(?:,<([\d.]+))?", line))
}


def numbers(text: str) -> list[int]:
    """A version as numbers; what stands behind them does not count."""
    return [int(part) for part in re.findall(r"\d+", text)]


def test_every_dependency_has_a_lower_bound() -> None:
    """`.ci/lowest` installs exactly these."""
    assert len(DEPENDENCIES) == len(PROJECT["dependencies"])


@pytest.mark.parametrize("name", DEPENDENCIES)
def test_the_installed_version_lies_within_the_bounds(name: str) -> None:
    """Else the other tests say nothing about what the package allows."""
    lowest, ceiling = DEPENDENCIES[name]
    if name == "backports.zstd":
        pytest.importorskip("backports.zstd")
    found = numbers(version(name))
    assert found >= numbers(lowest)
    if ceiling:
        ahead = [pair for pair in zip_longest(found, numbers(ceiling), fillvalue=0) if pair[0] != pair[1]]
        assert ahead
        assert ahead[0][0] < ahead[0][1]


def test_libraries_that_break_us_have_a_ceiling() -> None:
    """The next httpx is another library; version 0 of the others promises nothing beyond it."""
    assert DEPENDENCIES["httpx"] == ("0.28", "1")
    assert numbers(DEPENDENCIES["email-validator"][0]) >= [2, 3]
    young = {name for name, (lowest, ceiling) in DEPENDENCIES.items() if lowest.startswith("0.") and not ceiling}
    assert young == set()


def test_ci_tries_the_lowest_versions() -> None:
    """A bound that is too low fails CI; nothing there names a registry."""
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    parts = {
        name: (ROOT / name).read_text(encoding="utf-8") for name in (".ci/lowest", ".ci/wheel", ".ci/other-python")
    }
    assert parts.keys() <= set(ci.splitlines())
    for name in (".ci/lowest", ".ci/wheel"):
        assert "onboard run sample_data/customers.csv" in parts[name]
    assert not re.search(r"https?://|index-url|pypi", "".join((ci, *parts.values())))
