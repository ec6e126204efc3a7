"""What a long stage says of how far it is."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from finhub_onboard import job
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import ending, opening, surveying
from finhub_onboard.engine.stages import stage
from finhub_onboard.events import Event, Handler, StageProgress
from tests.intake.helpers import a_row, write

_PATIENCE_S = 20
SOON_S = 0.01


class Listener:
    """Keeps the stages' events; ``heard`` is set by each."""

    def __init__(self) -> None:
        self.events: list[StageProgress] = []
        self.heard = threading.Event()

    def __call__(self, event: Event) -> None:
        """Keep an event of a stage."""
        if isinstance(event, StageProgress):
            self.events.append(event)
            self.heard.set()

    def wait(self) -> StageProgress:
        """Return the next event that is emitted from now on."""
        self.heard.clear()
        assert self.heard.wait(_PATIENCE_S)
        return self.events[-1]


def test_a_long_stage_says_again_and_again_how_far_it_is() -> None:
    """It speaks while its work is busy, with the rows reached last; after its end it is silent."""
    listener = Listener()
    with stage("reports", listener, rows=10, interval_s=SOON_S) as reached:
        event = listener.wait()
        assert event == StageProgress(stage="reports", rows_done=0, rows_total=10, seconds=event.seconds)
        reached(7)
        assert listener.wait().rows_done in (0, 7)  # one may have been on its way
        assert listener.wait().rows_done == 7
    said = len(listener.events)
    assert not threading.Event().wait(5 * SOON_S)
    assert len(listener.events) == said


def test_a_short_stage_says_nothing() -> None:
    """Who is done before the interval is over has no line; also a stage that fails ends so."""
    listener = Listener()

    def fail() -> None:
        with stage("survey", listener) as reached:
            reached(1)
            raise ValueError("no reason")

    with pytest.raises(ValueError, match="no reason"):
        fail()
    assert listener.events == []
    assert "stage-survey" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("incomplete", [False, True])
def test_each_pass_over_the_rows_is_a_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, incomplete: bool
) -> None:
    """A run says in its survey, in its look for incomplete rows and in its reports how many rows it has done."""
    told: dict[str, list[int | None]] = {}

    @contextmanager
    def recorded(name: str, _: Handler, *, rows: int | None = None) -> Iterator[Callable[[int], None]]:
        told[name] = [rows]
        yield told[name].append

    for module in (surveying, opening, ending):
        monkeypatch.setattr(module, "stage", recorded)
    order = Order(inputs=[write(tmp_path / "a.csv", map(a_row, range(1, 10)))], out=tmp_path / "out")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    settings = Settings.model_validate(
        {
            "api": {"base_url": "sandbox:"},
            "journey": {"until": "consents" if incomplete else "session"},
            "ledger": {"url": f"sqlite:///{tmp_path / 'ledger.db'}"},
        }
    )
    asyncio.run(job.run(order, settings))
    assert (told["survey"][0], told["survey"][-1]) == (None, 9)
    assert told["completeness"] == ([9, 9] if incomplete else [9])
    assert told["reports"] == [9, 9]
