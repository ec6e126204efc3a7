"""Room that is set aside: really there, taken up again after a kill, given up when the disk is full."""

import asyncio
import errno
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace

import pytest

from finhub_onboard.errors import ConfigurationError, LedgerError
from finhub_onboard.ledger.sqlite import writer as module
from finhub_onboard.ledger.sqlite.database import connect
from finhub_onboard.ledger.sqlite.reserve import Reserve, reserved
from finhub_onboard.ledger.sqlite.writer import SqliteWriter
from tests.ledger.support import call, journey, key, opened

IN_FLIGHT = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make an empty ledger."""
    file = tmp_path / "l.db"
    opened(file).close()
    return file


def beside(path: Path) -> Path:
    """Where the reserve lies."""
    return path.with_name("l.db.reserve")


def roomy(monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    """Let the disk have so many bytes."""
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=left, f_frsize=1))


def test_the_room_is_allocated_and_gone_afterwards(path: Path) -> None:
    """Blocks, not only a length; for its owner only; nothing is said; the ledger opens beside it as ever."""
    said: list[str] = []
    with reserved(path, IN_FLIGHT, said.append) as reserve:
        found = beside(path).stat()
        assert found.st_blocks * 512 >= found.st_size == reserve.size == reserve.wanted
        assert stat.S_IMODE(found.st_mode) == 0o600
        opened(path).close()
    assert not beside(path).exists()
    assert said == []


def test_a_file_system_that_promises_no_blocks_is_written_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is there all the same; the same where the system has no such call."""

    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "not supported")

    for there in (True, False):
        monkeypatch.setattr(os, "posix_fallocate", unsupported)
        if not there:
            monkeypatch.delattr(os, "posix_fallocate")
        with reserved(path, IN_FLIGHT, lambda _: None) as reserve:
            found = beside(path).stat()
            assert found.st_blocks * 512 >= found.st_size == reserve.size == reserve.wanted


def test_what_a_killed_run_left_is_taken_up(path: Path) -> None:
    """Whatever its size was, it is what this run needs, and no second file."""
    for size in (10, 50_000_000):
        beside(path).write_bytes(b"")
        os.truncate(beside(path), size)
        with reserved(path, IN_FLIGHT, lambda _: None) as reserve:
            found = beside(path).stat()
            assert found.st_blocks * 512 >= found.st_size == reserve.wanted


def test_more_under_way_needs_more_room(path: Path) -> None:
    """The room grows with what can be under way."""
    assert Reserve(path, max_in_flight=64).wanted > Reserve(path, max_in_flight=4).wanted > 0


def test_half_of_little_is_taken_and_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run needs the other half; what that means is said."""
    roomy(monkeypatch, 400_000)
    said: list[str] = []
    with reserved(path, IN_FLIGHT, said.append) as reserve:
        assert reserve.size == beside(path).stat().st_size == 200_000
    (message,) = said
    assert "answers may be lost" in message


@pytest.mark.parametrize("left", [False, True], ids=["new", "left by a run that was killed"])
def test_a_disk_that_is_full_already_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch, *, left: bool) -> None:
    """Before anything is sent, with what to do; nothing is left behind."""
    roomy(monkeypatch, 50_000)
    if left:
        beside(path).write_bytes(b"room")
    with pytest.raises(ConfigurationError, match="is full") as caught, reserved(path, IN_FLIGHT, lambda _: None):
        pass
    assert "make room" in caught.value.hint
    assert not beside(path).exists()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.with_name("elsewhere"))])
def test_what_lies_in_the_place_and_is_no_file_is_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    """No room then, which is said; a link is not followed."""
    make(beside(path))
    said: list[str] = []
    with reserved(path, IN_FLIGHT, said.append) as reserve:
        assert reserve.size == 0
    assert len(said) == 1
    assert beside(path).is_symlink() or beside(path).exists()
    assert not path.with_name("elsewhere").exists()


class Short:
    """A disk that takes no more until the reserve is given up, and no more at all if that was in vain."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, in_vain: bool = False) -> None:
        self._in_vain = in_vain
        self.given_up = 0
        monkeypatch.setattr(module, "connect", self._connect)

    def _connect(self, path: Path) -> sqlite3.Connection:
        self._db = connect(path)
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        self._db.execute(f"PRAGMA max_page_count = {pages}")
        return self._db

    def give_up(self) -> bool:
        """Stand for ``Reserve.give_up``; called by the writer's thread."""
        self.given_up += 1
        if not self._in_vain:
            self._db.execute("PRAGMA max_page_count = 100000")
        return self.given_up == 1


async def fill_up(path: Path, disk: Short, told: list[str]) -> list[BaseException | None]:
    """Hand in more than there is room for."""
    reserve = Reserve(path, max_in_flight=IN_FLIGHT)
    reserve.give_up = disk.give_up  # type: ignore[method-assign]
    async with SqliteWriter(path, room=reserve, on_full=lambda: told.append("full")) as writer:
        posted = [
            writer.post(journey(number, message=token_hex(3000)), [call(number, number)]) for number in range(1, 60)
        ]
        results = await asyncio.gather(*posted, return_exceptions=True)
        assert told == (["full"] if not any(results) else [])
        return results


def test_what_is_handed_in_while_the_disk_is_full_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reserve is given up once, everything is written, and who waits hears of the disk before he goes on."""
    disk, told = Short(monkeypatch), list[str]()
    assert set(asyncio.run(fill_up(path, disk, told))) == {None}
    assert (disk.given_up, told) == (1, ["full"])
    with opened(path) as ledger:
        assert len(ledger.find([key(number) for number in range(1, 60)])) == 59


def test_a_reserve_that_is_used_up_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then everybody hears that the disk is full, as without one."""
    results = asyncio.run(fill_up(path, Short(monkeypatch, in_vain=True), []))
    assert {type(result) for result in results if result} == {LedgerError}
