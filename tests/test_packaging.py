"""What the package asks of its surroundings: bounds of dependencies that are true and are tried."""

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path

import click
import pytest

from tests.acceptance.support import ROOT, SAMPLE

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
    assert parts.keys() <= {word for line in ci.splitlines() for word in line.split()[:1]}
    for name in (".ci/lowest", ".ci/wheel"):
        assert "onboard run sample_data/customers.csv" in parts[name]
    assert not re.search(r"https?://|index-url|pypi", "".join((ci, *parts.values())))


def test_texts_say_to_install_what_the_extras_hold() -> None:
    """README and hints name the libraries: the distribution itself is in no registry."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "pipeline").rglob("*.py")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for extra in ("excel", "tls"):
        (needed,) = PROJECT["optional-dependencies"][extra]
        assert f"`pip install '{needed}'`" in readme
        assert any(f"pip install '{needed}'" in source for source in sources)
    assert not any(
        "install" in line and "finhub-onboard[" in line for text in (readme, *sources) for line in text.splitlines()
    )


def _another_distribution(folder: Path) -> Path:
    """Write the wheel of a distribution that brings a package called ``pipeline``, which fails if it is imported."""
    path = folder / "another-1.0-py3-none-any.whl"
    info = "another-1.0.dist-info"
    files = {
        "pipeline/__init__.py": "raise ImportError('this is the package of somebody else')\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: another\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return path


@pytest.mark.exhaustive  # `.ci/wheel` installs and runs the wheel, too
def test_it_lives_beside_another_package_called_pipeline(tmp_path: Path) -> None:
    """Installed beside a distribution that brings one, and in a folder that has one: command and import work.

    Uninstalling the other distribution takes nothing of ours.
    """

    def done(*words: str | Path, cwd: Path = tmp_path, env: Mapping[str, str] | None = None) -> str:
        ran = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    done(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"finhub_onboard"}
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(f"{Path(click.__file__).parents[1]}\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python)
    done(*pip, "install", "--no-deps", "--no-compile", "--force-reinstall", wheel, _another_distribution(tmp_path))
    own = tmp_path / "project" / "pipeline"
    own.mkdir(parents=True)
    (own / "__init__.py").write_text("raise ImportError('this is the package of the project')\n", encoding="utf-8")
    for step in ("beside it", "after it was uninstalled"):
        if step != "beside it":
            done(*pip, "uninstall", "--yes", "another")
        env = {**os.environ, "PYTHONPATH": str(own.parent)}
        for command in ("onboard", "finhub-onboard"):
            assert "version" in done(python.with_name(command), "--version", cwd=own.parent, env=env), step
        found = done(python, "-c", "import finhub_onboard; print(finhub_onboard.__file__)", cwd=own.parent, env=env)
        assert Path(found.strip()).is_relative_to(site), step
        words = ("validate", SAMPLE, "--config", ROOT / "configs" / "sandbox.toml", "--out", tmp_path / step)
        done(python.with_name("onboard"), *words, cwd=own.parent, env=env)


def test_a_checkout_runs_as_python_m_pipeline(tmp_path: Path) -> None:
    """The source root is not installed; in a checkout it is the command, with the checkout's own modules."""
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "pipeline",
        "run",
        SAMPLE,
        "--limit",
        "1",
        "--config",
        "configs/sandbox.toml",
    ]
    env = {**os.environ, "ONBOARD_LEDGER__URL": f"sqlite:///{tmp_path / 'ledger.db'}"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
