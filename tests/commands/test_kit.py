"""Kits for schedulers: complete, never over a file, and checked by the tools and packages of each, where they are."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from finhub_onboard.commands.kit import Kit, write_kit
from finhub_onboard.errors import ConfigurationError, ExitCode
from tests.acceptance.support import ROOT

CODES = {0, 3, 4}
FAILING = {1, 2, 5, 6, 7}
SANDBOX = """
[api]
base_url = "sandbox:"
[limits]
calls_per_second = 500
max_in_flight = 16
[approval]
mode = "auto"
[documents]
root = "{documents}"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration for practice, in a folder of its own."""
    folder = tmp_path / "job"
    folder.mkdir()
    file = folder / "onboard.toml"
    file.write_text(SANDBOX.format(documents=ROOT / "sample_data" / "documents"), encoding="utf-8")
    return file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A few rows of the sample."""
    lines = (ROOT / "sample_data" / "customers.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    file = tmp_path / "night.csv"
    file.write_text("".join(lines[:6]), encoding="utf-8")
    return file


def written(kit: Kit, tmp_path: Path, config: Path, source: Path) -> dict[str, str]:
    """Write a kit and read it."""
    made = write_kit(kit, tmp_path / "kit", config=config, source=source)
    return {path.name: path.read_text(encoding="utf-8") for path in made}


@pytest.mark.parametrize("kit", Kit)
def test_a_kit_is_complete(kit: Kit, tmp_path: Path, config: Path, source: Path) -> None:
    """It names the command, the configuration and the input, and no place is left open."""
    made = written(kit, tmp_path, config, source)
    text = "".join(made.values())
    assert not re.search(r"@[A-Z]+@", text)
    if kit is not Kit.KUBERNETES:
        assert all(str(place) in text for place in (config, source))
        assert "finhub-onboard" in text
    for path in (tmp_path / "kit").iterdir():
        assert os.access(path, os.X_OK) is (path.suffix == ".sh")


@pytest.mark.parametrize("kit", Kit)
def test_no_file_is_written_over(kit: Kit, tmp_path: Path, config: Path, source: Path) -> None:
    """One that is there already is somebody's work; then nothing is written."""
    name = max(written(kit, tmp_path, config, source))
    for path in (tmp_path / "kit").iterdir():
        if path.name != name:
            path.unlink()
    with pytest.raises(ConfigurationError, match="is there already"):
        write_kit(kit, tmp_path / "kit", config=config, source=source)
    assert [path.name for path in (tmp_path / "kit").iterdir()] == [name]


@pytest.mark.parametrize("name", ["it's.toml", 'a".toml', "a$b.toml", "a\nb.toml", "a;b.toml", "a%n.toml", "a b.toml"])
def test_a_path_that_means_something_to_a_scheduler_is_refused(name: str, tmp_path: Path, source: Path) -> None:
    """Quotes, dollars and line ends would become other commands."""
    with pytest.raises(ConfigurationError, match="cannot be given the path"):
        write_kit(Kit.CRON, tmp_path / "kit", config=tmp_path / name, source=source)
    assert not (tmp_path / "kit").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, config: Path, source: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "kit").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_kit(Kit.CRON, tmp_path / "kit" / "here", config=config, source=source)


def test_systemd_takes_the_units(tmp_path: Path, config: Path, source: Path) -> None:
    """As ``systemd-analyze verify`` says; 3 is a success, and only what goes on by itself is started again."""
    made = written(Kit.SYSTEMD, tmp_path, config, source)
    service = made["finhub-onboard.service"]
    assert "SuccessExitStatus=3\n" in service
    assert f"RestartPreventExitStatus={' '.join(map(str, sorted(FAILING)))}\n" in service
    assert "LoadCredential=seed:" in service
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    units = [str(tmp_path / "kit" / name) for name in made]
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, ""), done.stderr


def nightly(folder: Path, path: str) -> "subprocess.CompletedProcess[str]":
    """Run the script of cron's kit with hardly any environment, as cron does."""
    environment = {"HOME": str(folder), "PATH": path, "TMPDIR": str(folder)}
    script = folder / "kit" / "onboard-nightly.sh"
    return subprocess.run([script], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("code", "ends", "says"),
    [(0, 0, ""), (3, 0, "some rows need somebody"), (4, 4, "goes on where it ended"), (6, 6, "still at work"),
     (5, 5, "needs a person"), (7, 7, "needs a person")],
)  # fmt: skip
def test_cron_hears_only_what_somebody_must_know(
    code: int, ends: int, says: str, tmp_path: Path, config: Path, source: Path
) -> None:
    """A night in which all went well prints nothing, so that cron mails nothing."""
    script = written(Kit.CRON, tmp_path, config, source)["onboard-nightly.sh"]
    fake = tmp_path / "fake"
    fake.write_text(f"#!/bin/sh\necho 'the summary'; echo 'a log line' >&2; exit {code}\n", encoding="utf-8")
    fake.chmod(0o755)
    path = tmp_path / "kit" / "onboard-nightly.sh"
    command = re.search(r"summary=\$\('([^']+)'", script)
    assert command
    path.write_text(script.replace(command[1], str(fake)), encoding="utf-8")
    done = nightly(tmp_path, os.environ["PATH"])
    assert (done.returncode, done.stderr) == (ends, "")
    assert (says in done.stdout) if says else (done.stdout == "")
    assert "a log line" in next(config.parent.glob("onboard-2*.log")).read_text(encoding="utf-8")


def test_cron_runs_the_real_command(tmp_path: Path, config: Path, source: Path) -> None:
    """The night of a few customers, as cron would run it: with hardly any environment."""
    written(Kit.CRON, tmp_path, config, source)
    done = nightly(tmp_path, "/usr/bin:/bin")
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    assert list((config.parent / "out").glob("*/results.csv"))


def test_kubernetes_takes_the_manifests(tmp_path: Path, config: Path, source: Path) -> None:
    """By the schema, where its package is; each exit code has one rule, and those that go on are counted."""
    manifests = list(yaml.safe_load_all(written(Kit.KUBERNETES, tmp_path, config, source)["cronjob.yaml"]))
    job = next(each for each in manifests if each["kind"] == "CronJob")["spec"]["jobTemplate"]["spec"]
    rules = {
        rule["action"]: set(rule["onExitCodes"]["values"])
        for rule in job["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
    }
    assert rules["FailJob"] == FAILING | {3}
    assert set(map(int, ExitCode)) <= rules["FailJob"] | rules["Count"] | {0}
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    validate = pytest.importorskip("kubernetes_validate")
    for manifest in manifests:
        validate.validate(manifest, "1.30", strict=True)


def loaded(tmp_path: Path, name: str) -> ModuleType:
    """Import a file of the kit as its scheduler does."""
    spec = importlib.util.spec_from_file_location(name, tmp_path / "kit" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kit", [Kit.AIRFLOW, Kit.DAGSTER, Kit.PREFECT])
def test_a_python_kit_knows_every_exit_code(kit: Kit, tmp_path: Path, config: Path, source: Path) -> None:
    """It compiles, and what is complete and what goes on are as the README says."""
    (text,) = written(kit, tmp_path, config, source).values()
    compile(text, "kit", "exec")
    sets = {
        name: {int(each) for each in found.split(",")} for name, found in re.findall(r"(\w+) = \{([-\d, ]+)\}", text)
    }
    assert sets["COMPLETE"] == {0, 3}
    assert sets["RESUMABLE"] >= {4, 130, 143}
    assert not sets["RESUMABLE"] & FAILING


def test_airflow_runs_the_dag(tmp_path: Path, config: Path, source: Path) -> None:
    """The real package parses it and runs it against the sandbox."""
    pytest.importorskip("airflow")
    written(Kit.AIRFLOW, tmp_path, config, source)
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "kit"),
        "TMPDIR": str(tmp_path),
    }
    airflow = Path(sys.executable).with_name("airflow")
    for words in (["db", "migrate"], ["dags", "test", "finhub_onboard"]):
        done = subprocess.run([airflow, *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "exit code 0" in done.stdout + done.stderr
    assert list((config.parent / "out").glob("*/results.csv"))


def test_dagster_materializes_the_asset(tmp_path: Path, config: Path, source: Path) -> None:
    """The real package runs it against the sandbox, and knows the schedule."""
    dagster = pytest.importorskip("dagster")
    written(Kit.DAGSTER, tmp_path, config, source)
    module = loaded(tmp_path, "finhub_onboard_definitions")
    result = dagster.materialize([module.onboarded_customers])
    assert result.success
    assert module.defs.resolve_schedule_def("finhub_onboard_nightly_schedule").cron_schedule == "0 22 * * *"
    assert list((config.parent / "out").glob("*/results.csv"))


def test_prefect_runs_the_flow(tmp_path: Path, config: Path, source: Path) -> None:
    """The real package runs it against the sandbox."""
    pytest.importorskip("prefect")
    written(Kit.PREFECT, tmp_path, config, source)
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'kit')!r}); "
    code += "import finhub_onboard_flow; finhub_onboard_flow.finhub_onboard()"
    environment = os.environ | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert list((config.parent / "out").glob("*/results.csv"))
