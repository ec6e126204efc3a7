"""How late the process wakes, in virtual time."""

import asyncio
from typing import cast

import pytest

from finhub_onboard.outbound.pacing.lateness import Lateness
from tests.outbound.support import VirtualLoop, run_virtually


def test_a_stop_of_the_process_is_measured_and_fades() -> None:
    """A stop shows by what is left of it when the beat was due, and half of it a second later."""

    async def main() -> list[float]:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        lateness, seen = Lateness(loop.time), []
        for stop_s in (0.0, 0.2, 0.0, 0.0):
            lateness.watch()
            loop.stand_still(stop_s)
            for _ in range(100):
                lateness.watch()
                await asyncio.sleep(0.01)
                seen.append(lateness.seconds)
        return [max(seen[start : start + 100]) for start in (0, 100, 200, 300)]

    calm, stopped, later, much_later = run_virtually(main())
    assert calm < 0.001
    assert 0.18 < stopped <= 0.2
    assert later == pytest.approx(stopped / 2, rel=0.1)
    assert much_later == pytest.approx(stopped / 4, rel=0.1)


def test_the_beat_ends_when_no_call_leaves() -> None:
    """Nothing of it is left in the loop soon after the last call, and it begins again with the next one."""

    async def main() -> None:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        lateness = Lateness(loop.time)
        for _ in range(2):
            lateness.watch()
            await asyncio.sleep(0.1)
            loop.stand_still(5.0)
            await asyncio.sleep(0.1)
            assert lateness.seconds < 0.001

    run_virtually(main())
