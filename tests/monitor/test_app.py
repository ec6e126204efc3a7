"""What the monitor does while the ledger is slow, and with many pages open."""

import asyncio
import threading

from finhub_onboard.monitor.app import Looks
from finhub_onboard.monitor.view import View


def test_many_pages_share_one_look() -> None:
    """The ledger is looked into at most once a second."""
    looked = []

    def look() -> View:
        looked.append(1)
        return View(ledger="x")

    async def main() -> None:
        clock = [0.0]
        looks = Looks(look, clock=lambda: clock[0])
        await asyncio.gather(*(looks.newest() for _ in range(20)))
        assert len(looked) == 1
        clock[0] = 0.9
        await looks.newest()
        assert len(looked) == 1
        clock[0] = 1.0
        await looks.newest()
        assert len(looked) == 2

    asyncio.run(main())


def test_a_ledger_that_does_not_answer_holds_nobody_up() -> None:
    """What was seen last is shown meanwhile; at first that it does not answer."""
    answers = threading.Event()
    answers.set()

    def look() -> View:
        answers.wait(30)
        return View(ledger="x")

    async def main() -> None:
        clock = [0.0]
        looks = Looks(look, clock=lambda: clock[0], patience_s=0.01)
        assert (await looks.newest()).ledger == "x"
        answers.clear()
        clock[0] = 5.0
        assert (await looks.newest()).ledger == "x"
        other = Looks(look, patience_s=0.01)
        assert "does not answer" in (await other.newest()).trouble
        answers.set()
        assert (await Looks(look).newest()).ledger == "x"
        await other.newest()

    asyncio.run(main())
