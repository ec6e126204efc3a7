"""Devices, pipes and huge files in the places of small ones, with the real command: exit 2 at once."""

import os
import resource
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.acceptance.processes import completed
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head
from tests.support import typical
from tests.test_small_files import KINDS

AT_ONCE_S = 30
_MEMORY = 3 * 1024**3
PLACES = ("configuration", "profile", "secret", "scenario", "ca_file")


def bounded() -> None:
    """What eats memory dies of it instead of taking the machine along."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


@pytest.mark.parametrize(
    ("place", "kind"),
    typical(
        product(PLACES, ("endless", "a pipe", "huge")),
        *(("configuration", "endless"), ("secret", "huge"), ("ca_file", "a pipe")),
    ),
)
def test_what_is_no_small_file_is_refused_in_every_place(tmp_path: Path, place: str, kind: str) -> None:
    """The message names the place or the file, and says what stands there."""
    make, said = KINDS[kind]
    named = tmp_path / "named"
    make(named)
    desk = Desk(folder=tmp_path)
    if place == "ca_file":
        desk.configure(base_url="https://127.0.0.1:9/api", ca_file=str(named))
    else:
        desk.configure(f'[sandbox]\nscenario = "{named}"\n' if place == "scenario" else "")
    source = head(SAMPLE, 2, tmp_path / "customers.csv")
    words: list[str | Path] = ["run", source, "--config", named if place == "configuration" else desk.config]
    words += ["--profile", named] if place == "profile" else []
    env = {"ONBOARD_CREDENTIALS__PASSWORD_FILE": str(named)} if place == "secret" else {}
    environ = desk.environment(env | {"TMPDIR": str(tmp_path)})
    if place == "secret":
        environ.pop("ONBOARD_CREDENTIALS__PASSWORD")
    done = completed(desk.command(*words), cwd=tmp_path, env=environ, timeout_s=AT_ONCE_S, preexec_fn=bounded)
    assert_no_traceback(done)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr, done.stderr
    assert ("ONBOARD_CREDENTIALS__PASSWORD_FILE" if place == "secret" else "named") in done.stderr


def _link(out: Path) -> None:
    (out.parent / "elsewhere").mkdir()
    (out / "rejects").symlink_to(out.parent / "elsewhere")


def _dangling(out: Path) -> None:
    (out / "rejects").symlink_to(out.parent / "nowhere")


REJECTS: dict[str, Callable[[Path], None]] = {
    "a link": _link,
    "a dangling link": _dangling,
    "a loop": lambda out: (out / "rejects").symlink_to(out / "rejects"),
    "a file": lambda out: (out / "rejects").touch(),
    "a pipe": lambda out: os.mkfifo(out / "rejects"),
}


@pytest.mark.parametrize("kind", REJECTS)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_another_thing_in_the_place_of_rejects_is_said(desk: Desk, tmp_path: Path, command: str, kind: str) -> None:
    """Before anything is sent; personal data never leave the folder of reports through a link."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    source.write_text(source.read_text(encoding="utf-8").replace("@example.com", "", 1), encoding="utf-8")
    desk.out.mkdir()
    REJECTS[kind](desk.out)
    done = desk.onboard(command, source, "--config", desk.config, "--out", desk.out)
    assert_no_traceback(done)
    assert done.returncode == 2 if command == "run" else done.returncode in (2, 4), done.stderr
    assert str(desk.out / "rejects") in done.stderr
    assert "hint: " in done.stderr
    assert desk.bank.record()["calls"] == {}
    assert not (tmp_path / "nowhere").exists()
    assert list(tmp_path.glob("elsewhere/*")) == []
