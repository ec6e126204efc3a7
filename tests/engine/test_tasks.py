"""Tasks beside the work of a run."""

import asyncio

import pytest

from finhub_onboard.engine.tasks import beside
from tests.outbound.support import run_virtually


def test_a_failure_beside_the_work_is_raised() -> None:
    """What watches the bank must not die unheard."""

    async def broken() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with beside(broken(), asyncio.sleep(3600)):
            await asyncio.sleep(1)

    with pytest.raises(ZeroDivisionError):
        run_virtually(main())


def test_what_goes_on_beside_ends_with_the_work() -> None:
    """It is cancelled when the block is left."""

    async def main() -> tuple[bool, float]:
        loop = asyncio.get_running_loop()
        start, is_cut = loop.time(), False

        async def for_ever() -> None:
            nonlocal is_cut
            try:
                await asyncio.sleep(3600)
            finally:
                is_cut = True

        async with beside(for_ever()):
            await asyncio.sleep(1)
        return is_cut, loop.time() - start

    is_cut, seconds = run_virtually(main())
    assert is_cut
    assert seconds == pytest.approx(1, abs=0.1)
