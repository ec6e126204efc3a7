"""What holds calls back, in virtual time."""

import asyncio

import pytest

from finhub_onboard.outbound.pacing.gate import Gate
from tests.outbound.support import run_virtually


def test_a_halt_ends_a_pause() -> None:
    """A pause is as long as it says, but not longer than the run goes on; a negative one is none."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        gate = Gate(loop.time)
        took = []
        for seconds in (7.0, -1.0):
            start = loop.time()
            await gate.pause(seconds)
            took.append(loop.time() - start)
        start = loop.time()
        loop.call_later(5.0, gate.halt)
        await gate.pause(86_400.0)
        return [*took, loop.time() - start]

    assert run_virtually(main()) == pytest.approx([7.0, 0.0, 5.0], abs=0.01)


def test_a_shut_gate_is_passed_when_it_opens_again() -> None:
    """An open gate lets pass at once, a shut one does not."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        gate, start = Gate(loop.time), loop.time()
        await gate.wait_open()
        at_once = loop.time() - start
        gate.shut()
        loop.call_later(3.0, gate.reopen)
        await asyncio.wait_for(gate.wait_open(), 60)
        assert (gate.is_open, gate.is_halted) == (True, False)
        return [at_once, loop.time() - start]

    assert run_virtually(main()) == pytest.approx([0.0, 3.0], abs=0.01)


def test_a_halt_wakes_who_waits_at_a_shut_gate() -> None:
    """Nobody waits for a bank that is down once the run stops."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        gate, start = Gate(loop.time), loop.time()
        gate.shut()
        loop.call_later(3.0, gate.halt)
        await asyncio.wait_for(gate.wait_open(), 60)
        return loop.time() - start

    assert run_virtually(main()) == pytest.approx(3.0, abs=0.01)


def test_the_longest_hold_counts() -> None:
    """A shorter one that comes later does not end it; it runs out by itself."""

    async def main() -> list[float]:
        gate = Gate(asyncio.get_running_loop().time)
        held = [gate.held_s]
        for seconds in (9.0, 1.0):
            gate.hold(seconds)
            held.append(gate.held_s)
        await asyncio.sleep(8.5)
        held.append(gate.held_s)
        await asyncio.sleep(1)
        return [*held, gate.held_s]

    assert run_virtually(main()) == pytest.approx([0.0, 9.0, 9.0, 0.5, 0.0], abs=0.01)
