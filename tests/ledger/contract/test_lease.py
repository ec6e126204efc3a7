"""One run at a time: who is refused learns why, and a lease ends with its holder."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from finhub_onboard.errors import ExitCode, LockedError
from finhub_onboard.ledger.ports import Ledger
from tests.ledger.contract.support import another_process_holds, keep, open_at
from tests.ledger.support import call, journey

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who lives")


def test_a_second_process_is_told_who_holds_the_lease_and_since_when(url: str) -> None:
    """Exit 6 with process, host, since when and the last sign of life; when the holder ends, the lease is free."""
    with another_process_holds(url) as holder, open_at(url) as ledger:
        with pytest.raises(LockedError, match=r"since \d{4}-.*Z, last sign of life \d{4}-.*Z") as caught:
            ledger.acquire_lease().__enter__()
        assert f"process {holder.pid} on {socket.gethostname()} since " in str(caught.value)
        assert ledger.name in str(caught.value)
        assert caught.value.exit_code is ExitCode.LOCKED
        assert caught.value.hint
        assert f"process {holder.pid}" in ledger.locked_by()
    with open_at(url) as ledger:
        assert ledger.locked_by() == ""
        with ledger.acquire_lease():
            assert f"process {os.getpid()}" in ledger.locked_by()
        assert ledger.locked_by() == ""


def test_one_process_cannot_hold_it_twice(url: str) -> None:
    """The lease belongs to a run, not to a process."""
    with open_at(url) as ledger, open_at(url) as again, ledger.acquire_lease() as lease:
        with pytest.raises(LockedError), again.acquire_lease():
            pytest.fail("two runs hold one lease")
        assert lease.is_valid()
        assert lease.lost is None


def test_a_run_that_fails_releases_the_lease(ledger: Ledger) -> None:
    """An exception inside frees it, and stays what it was."""
    for error in (ZeroDivisionError, ValueError):
        with pytest.raises(error), ledger.acquire_lease():
            raise error
    assert ledger.locked_by() == ""


@needs_proc
def test_the_lease_of_a_killed_run_is_free(url: str) -> None:
    """SIGKILL leaves its entry: it is nobody's, and the next run takes over."""
    with another_process_holds(url) as holder:
        holder.kill()
        holder.wait(10)
        with open_at(url) as ledger:
            assert ledger.locked_by() == ""
            with ledger.acquire_lease() as lease:
                assert lease.is_valid()
                assert f"process {os.getpid()}" in ledger.locked_by()


def test_the_same_ledger_is_no_copy_of_itself(url: str) -> None:
    """Of two runs of one ledger the lease decides."""
    with open_at(url) as ledger, open_at(url) as again, ledger.only_copy(), again.only_copy():
        pass


def test_room_can_be_set_aside_and_is_told(ledger: Ledger) -> None:
    """Set aside and freed any number of times; given up it is free once."""
    said: list[str] = []
    for _ in range(2):
        with ledger.room(4, say=said.append) as room:
            room.give_up()
            assert not room.give_up()
    assert said == []
    assert ledger.describe_room(4)


def test_the_holder_of_the_lease_compacts_the_ledger(url: str) -> None:
    """It is no larger afterwards, and tells the same."""
    states = [journey(number, message="m" * 100) for number in range(50)]
    with open_at(url) as ledger:
        asyncio.run(keep(ledger, *((state, [call(place, place)]) for place, state in enumerate(states))))
        with ledger.acquire_lease() as lease:
            sizes = lease.compact()
        assert 0 < sizes.after <= sizes.before
        assert ledger.find([state.key for state in states]) == {state.key: state for state in states}
        assert len(list(ledger.calls([state.key for state in states]))) == 50
