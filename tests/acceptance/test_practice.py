"""The embedded sandbox has its own log-in, tenant and ledger, whatever the configuration and the environment say."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Bank, Desk, assert_no_traceback, head
from tests.acceptance.test_stopping import SLOW, children, until

PRACTICE = {"ONBOARD_API__BASE_URL": "sandbox:"}
REAL = {
    "ONBOARD_CREDENTIALS__USERNAME": "canary-user@example.com",
    "ONBOARD_CREDENTIALS__PASSWORD": "canary-password",
    "ONBOARD_CREDENTIALS__TENANT_KEY": "canary-key",
    "ONBOARD_CREDENTIALS__TENANT_SECRET": "canary-secret",
    "ONBOARD_CREDENTIALS__SEED": "canary seed, as long as a real one should be",
}
IDS = {"tenant_id": "a-real-tenant", "organization_id": "a-real-organization", "user_id": "a-real-user"}


@pytest.fixture
def practice(tmp_path: Path) -> Desk:
    """A configuration for a real bank, with its identifiers; the tests set it to practice by the environment."""
    (tmp_path / "tmp").mkdir()
    desk = Desk(folder=tmp_path)
    return desk.configure(FAST, base_url="https://bank.example.com/api", webhook_subscription_id="a-real-one", **IDS)


def in_own_tmp(folder: Path) -> dict[str, str]:
    """Practice whose temporary folder is the test's."""
    return PRACTICE | {"TMPDIR": str(folder / "tmp")}


def test_real_credentials_and_identifiers_never_reach_the_sandbox(practice: Desk, tmp_path: Path) -> None:
    """With all of them set practice goes as without, and every command finds its ledger."""
    source = head(SAMPLE, 4, tmp_path / "customers.csv")
    env = in_own_tmp(tmp_path) | REAL
    for expected in ("onboarded", "unchanged"):
        done = practice.run(source, env=env)
        assert_no_traceback(done)
        assert (done.returncode, practice.counts()) == (0, {expected: 4}), done.stderr
    words = ("--config", practice.config)
    for command in (["check"], ["status"], ["report"], ["explain", "CUST-000001"], ["retry", "--dry-run"]):
        done = practice.onboard(*command, *words, env=env)
        assert done.returncode == 0, (command, done.stderr)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads another process's environment")
def test_the_sandboxs_process_inherits_no_secret(practice: Desk, tmp_path: Path) -> None:
    """Neither a setting nor a credential stands in its environment."""
    practice.configure(SLOW, base_url="https://bank.example.com/api", **IDS)
    source = head(SAMPLE, 20, tmp_path / "customers.csv")
    with practice.start(source, env=in_own_tmp(tmp_path) | REAL) as process:
        until(lambda: is_sandbox(children(process.pid)), process)
        environ = Path(f"/proc/{children(process.pid)[0]}/environ").read_bytes()
        process.kill()
    assert b"TMPDIR=" in environ
    assert b"ONBOARD_" not in environ


def is_sandbox(pids: list[int]) -> bool:
    """Whether the one child is the sandbox by now: at its birth it is a copy of the run."""
    return len(pids) == 1 and b"finhub_onboard.sandbox" in Path(f"/proc/{pids[0]}/cmdline").read_bytes()


def test_practice_never_stands_in_the_way_of_the_first_real_run(desk: Desk, tmp_path: Path) -> None:
    """The same configuration, first to practise and then for the bank: each has its own ledger, and both go on."""
    assert desk.bank is not None
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    real = {"ONBOARD_API__BASE_URL": desk.bank.base_url}
    for env in (PRACTICE, real, PRACTICE, real):
        assert desk.onboard("check", "--config", desk.config, env=env).returncode == 0
    for expected in ("onboarded", "unchanged"):
        for env in (PRACTICE, real):
            done = desk.run(source, env=env)
            assert (done.returncode, desk.counts()) == (0, {expected: 3}), done.stderr
    assert len(desk.bank.record()["customers"]) == 3


def test_a_ledger_that_the_environment_names_is_not_practised_on(desk: Desk, bank: Bank, tmp_path: Path) -> None:
    """It may be the real one: practice takes one beside it."""
    source, ledger = head(SAMPLE, 3, tmp_path / "customers.csv"), tmp_path / "real.db"
    env = {"ONBOARD_LEDGER__URL": f"sqlite:///{ledger}"}
    assert desk.run(source, env=env).returncode == 0
    with closing(sqlite3.connect(ledger)) as db:
        before = list(db.iterdump())
    calls = bank.record()["calls"]
    done = desk.run(source, env=env | PRACTICE)
    assert (done.returncode, desk.counts()) == (0, {"onboarded": 3}), done.stderr
    with closing(sqlite3.connect(ledger)) as db:
        assert list(db.iterdump()) == before
    assert bank.record()["calls"] == calls
    assert (tmp_path / "real-sandbox.db").exists()


def test_practice_that_began_without_a_seed_goes_on_with_one(desk: Desk, tmp_path: Path) -> None:
    """Who practised first and sets the secrets then finds the same practice; one begun with a seed needs that seed."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    bare, with_seed = dict.fromkeys(REAL, "") | PRACTICE, PRACTICE | REAL
    for env, expected in ((bare, "onboarded"), (with_seed, "unchanged"), (bare, "unchanged")):
        done = desk.run(source, env=env)
        assert (done.returncode, desk.counts()) == (0, {expected: 3}), done.stderr
    assert desk.onboard("explain", "CUST-000001", "--config", desk.config, env=with_seed).returncode == 0
    other = {"ONBOARD_LEDGER__URL": f"sqlite:///{tmp_path}/other.db"}
    assert desk.onboard("check", "--config", desk.config, env=with_seed | other).returncode == 0
    refused = desk.onboard("check", "--config", desk.config, env=bare | other)
    assert (refused.returncode, "another seed" in refused.stdout) == (2, True), refused.stdout


def _link(folder: Path) -> None:
    folder.with_name("elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.with_name("elsewhere"))


def _others_may_write(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def _a_groups(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o770)


def _anothers(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 65534, -1)


PLACES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link": (_link, "it is a link"),
    "a file": (Path.touch, "it is not a folder"),
    "writable by all": (_others_may_write, "others may write it"),
    "writable by a group": (_a_groups, "others may write it"),
    "another user's": (_anothers, "it belongs to another user"),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_sandbox_folder_that_others_have_a_hand_in_is_refused(desk: Desk, tmp_path: Path, kind: str) -> None:
    """Exit 2, what is wrong with it and what to do; it is left as it was and no sandbox is started."""
    make, said = PLACES[kind]
    if kind == "another user's" and os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    folder = temporary / f"finhub-onboard-sandbox-{os.getuid()}"
    make(folder)
    before = sorted(str(path) for path in temporary.rglob("*"))
    done = desk.run(head(SAMPLE, 2, tmp_path / "customers.csv"), env=PRACTICE | {"TMPDIR": str(temporary)})
    assert_no_traceback(done)
    assert done.returncode == 2
    assert all(word in done.stderr for word in (str(folder), said, "TMPDIR")), done.stderr
    left = [path for path in temporary.rglob("*") if "finhub-onboard-ledgers" not in str(path)]
    assert sorted(map(str, left)) == before


def test_the_sandbox_folder_is_made_for_its_owner_only(desk: Desk, tmp_path: Path) -> None:
    """Under any umask; what it holds are the practice bank's customers."""
    (tmp_path / "tmp").mkdir()
    env = in_own_tmp(tmp_path)
    before = os.umask(0)
    try:
        assert desk.onboard("check", "--config", desk.config, env=env).returncode == 0
    finally:
        os.umask(before)
    folder = tmp_path / "tmp" / f"finhub-onboard-sandbox-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
