"""Reports that cannot be written, with the real command: exit 2 before a call, or said with how to get them."""

import gzip
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, disagreements, head
from tests.acceptance.test_ledger_trouble import FSIZE, ROOT_ONLY, assert_nothing_sent, fill, mounted
from tests.acceptance.test_stopping import SLOW, WAIT_S, registered, until
from tests.support import typical

ROWS = 4


def with_a_reject(source: Path) -> Path:
    """The same input, and its last row breaks a rule."""
    lines = source.read_text(encoding="utf-8").splitlines()
    lines[-1] = lines[-1].replace("@", " at ")
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return source


@pytest.mark.parametrize(
    ("ending", "length"),
    typical(
        product((".csv", ".csv.gz"), (5, 241, 242, 250, 255)),
        *((".csv", 5), (".csv", 241), (".csv.gz", 242), (".csv.gz", 255)),
    ),
)
def test_an_input_whose_name_is_as_long_as_can_be(desk: Desk, tmp_path: Path, length: int, ending: str) -> None:
    """All reports are there, the rejects under the input's own name; corrected they are taken up."""
    name = "n" * (length - len(ending)) + ending
    if not name.removesuffix(ending):
        pytest.skip("the ending alone is longer")
    plain = with_a_reject(head(SAMPLE, ROWS, tmp_path / "plain.csv"))
    source = tmp_path / name
    source.write_bytes(gzip.compress(plain.read_bytes()) if ending.endswith("gz") else plain.read_bytes())
    done = desk.run(source)
    assert_no_traceback(done)
    assert (done.returncode, desk.counts()) == (3, {"onboarded": ROWS - 1, "rejected": 1}), done.stderr
    assert [path.name for path in (desk.out / "rejects").iterdir()] == [name]


def assert_refused(desk: Desk, done: "subprocess.CompletedProcess[str]", said: str) -> None:
    """Exit 2 that names the cause and what to do, and nothing was sent, not even a log-in."""
    assert desk.bank is not None
    assert_no_traceback(done)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "--out" in done.stderr
    assert_nothing_sent(desk.bank)


def _folder_for_results(out: Path) -> None:
    (out / "results.csv").mkdir(parents=True)


def _file_for_rejects(out: Path) -> None:
    out.mkdir()
    (out / "rejects").write_text("")


@pytest.mark.parametrize("make", [_folder_for_results, _file_for_rejects])
@pytest.mark.parametrize("command", ["run", "validate", "run --dry-run"])
def test_a_place_where_reports_cannot_lie(
    desk: Desk, tmp_path: Path, make: Callable[[Path], None], command: str
) -> None:
    """Found before the first call, and by the checks as well."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    make(desk.out)
    done = desk.onboard(*command.split(), source, "--config", desk.config, "--out", desk.out)
    assert_refused(desk, done, "cannot write the report")


def test_a_rejects_name_that_would_be_too_long(desk: Desk, tmp_path: Path) -> None:
    """An input is given by another path than that of its rejects, and only that one is too long."""
    folder = desk.out
    while len(str(folder)) < 4096 - 400:
        folder /= "d" * 200
    folder /= "d" * (4096 - len(str(folder)) - 150)
    source = head(SAMPLE, ROWS, tmp_path / ("n" * 200 + ".csv"))
    done = desk.onboard("run", source, "--config", desk.config, "--out", folder)
    assert_refused(desk, done, "File name too long")


@ROOT_ONLY
@pytest.mark.parametrize("state", ["full", "nearly full", "read-only"])
def test_a_disk_that_takes_no_reports(desk: Desk, tmp_path: Path, state: str) -> None:
    """It is another one than the ledger's."""
    source = head(SAMPLE, ROWS, tmp_path / "customers.csv")
    with mounted(desk.out, "-o", "size=256k"):
        if state == "full":
            fill(desk.out)
        elif state == "nearly full":
            (desk.out / "filler").write_bytes(b"x" * 200 * 1024)
        else:
            subprocess.run(["mount", "-o", "remount,ro", desk.out], check=True)
        done = desk.run(source)
        assert_refused(desk, done, "Read-only" if state == "read-only" else "No space left")


def test_a_quota_that_leaves_no_room_for_reports(desk: Desk, tmp_path: Path) -> None:
    """A quota of the process (RLIMIT_FSIZE) under which the ledger just fits."""
    source = head(SAMPLE, 400, tmp_path / "customers.csv")
    command = desk.command("run", source, "--config", desk.config, "--out", desk.out)
    done = subprocess.run(
        [sys.executable, "-c", FSIZE.format(200_000), *command],
        cwd=tmp_path,
        env=desk.environment(),
        capture_output=True,
        text=True,
        timeout=WAIT_S * 2,
        check=False,
    )
    assert_refused(desk, done, "File too large")


def _taken_away(out: Path) -> None:
    shutil.rmtree(out)
    out.write_text("somebody put a file here")


def _given_back(out: Path) -> None:
    out.unlink()


def _emptied(out: Path) -> None:
    (out / "filler").unlink()


@pytest.mark.parametrize(
    ("spoil", "mend", "is_stopped"),
    [
        (_taken_away, _given_back, False),
        pytest.param(_taken_away, _given_back, True, marks=pytest.mark.exhaustive),
        pytest.param(fill, _emptied, False, marks=[ROOT_ONLY, pytest.mark.exhaustive]),
        pytest.param(fill, _emptied, True, marks=ROOT_ONLY),
    ],
)
def test_reports_that_cannot_be_written_after_all(
    desk: Desk, tmp_path: Path, spoil: Callable[[Path], None], mend: Callable[[Path], None], *, is_stopped: bool
) -> None:
    """The run keeps its own code, 0 becomes 4, and the command that it names writes what is missing."""
    assert desk.bank is not None
    bank = desk.bank
    desk.configure(SLOW if is_stopped else FAST.replace("400", "20"))
    source = head(SAMPLE, 6, tmp_path / "customers.csv")
    with ExitStack() as stack:
        if spoil is fill:
            stack.enter_context(mounted(desk.out, "-o", "size=2m"))
        with desk.start(source) as run:
            until(lambda: registered(bank) >= 2, run)
            spoil(desk.out)
            if is_stopped:
                run.terminate()
            _, stderr = run.communicate(timeout=WAIT_S)
        assert "Traceback" not in stderr
        assert run.returncode == (143 if is_stopped else 4), stderr
        assert "the reports of run" in stderr
        mend(desk.out)
        (command,) = [line.split("`")[1] for line in stderr.splitlines() if "`onboard report" in line]
        program, *words = shlex.split(command)
        assert program == "onboard"
        told = desk.onboard(*words)
        assert told.returncode == 0, told.stderr
        assert disagreements(bank.record(), desk.table("results.csv"), source) == []
        assert desk.summary()["exit_code"] == run.returncode


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(desk: Desk, tmp_path: Path) -> None:
    """Without root a mode is enough."""
    desk.out.mkdir(mode=0o500)
    assert_refused(desk, desk.run(head(SAMPLE, ROWS, tmp_path / "customers.csv")), "Permission denied")
