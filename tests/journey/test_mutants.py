"""The state machine finds each fault of the journey's core when its cure is taken out again.

A machine that cannot see a fault proves nothing by not finding it. Each cure is replaced by what stood there before, or
by nothing, and the random walks of ``test_machine`` must come upon what it leads to.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from finhub_onboard.journey import gates, state, taking_up
from finhub_onboard.journey.progress import settle_attempts
from finhub_onboard.journey.sent import sent_columns
from finhub_onboard.model import Journey, Repeat, Standing
from tests.journey.test_machine import Onboarding, walk
from tests.support import typical

_SEEDS, _CUSTOMERS = 10, 100


def _settles_all(journey: Journey, visit: Any, *, final: bool) -> Journey:
    """A refusal takes every doubt away."""
    del visit
    left = 0 if final else journey.doubts - 1
    return settle_attempts(journey) if not left else replace(journey, doubts=left)


def _forgets_that_it_was_refused(journey: Journey, visit: Any, *, final: bool) -> Journey:
    """A refused repeat may be sent again and again."""
    del visit, final
    left = journey.doubts - 1
    return settle_attempts(journey) if not left else replace(journey, doubts=left, repeat=Repeat.UNUSED)


def _doubt_since_ever(*args: Any, **more: Any) -> Any:
    """Whoever was created since the journey began can be ours."""
    journey, visit = _real_record_intent(*args, **more)
    return (replace(journey, doubt_at=0.001) if journey.doubt_at else journey), visit


def _nothing(*_: Any) -> None:
    return None


_real_visit, _real_record_intent = taking_up.begin_visit, state.record_intent


def _nothing_is_frozen(journey: Journey) -> frozenset[str]:
    return sent_columns(journey) if journey.standing is Standing.COMPLETE else frozenset()


MUTANTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "0.1 a refusal settles every attempt": (state, "_settle_own_attempt", _settles_all),
    "0.1 a refused repeat is not used up": (state, "_settle_own_attempt", _forgets_that_it_was_refused),
    "0.2 nothing is frozen": (taking_up, "sent_columns", _nothing_is_frozen),
    "0.2 a repeat takes other data": (gates, "changed_in_doubt", _nothing),
    "0.2 a person who is another goes on": (gates, "unsafe_change", _nothing),
    "0.3 a doubt begins with the journey": (state, "record_intent", _doubt_since_ever),
    "0.4 no look before the approval": (
        taking_up,
        "begin_visit",
        lambda *args, **more: replace(_real_visit(*args, **more), check_first=False),
    ),
    "0.4 other evidence stays with the refused verification": (taking_up, "_open_declined", lambda journey: journey),
    "0.5 a repeat asks no gate": (gates, "repeat", _nothing),
}


@pytest.mark.parametrize("name", typical(MUTANTS, *list(MUTANTS)[::4]))
def test_the_machine_finds_what_a_cure_prevents(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within some thousand customers; without the mutant the same walks find nothing (``test_machine``)."""
    module, function, mutant = MUTANTS[name]
    monkeypatch.setattr(module, function, mutant)
    assert _found(), f"{name}: {_SEEDS * _CUSTOMERS} customers saw nothing"


def _found() -> str:
    for seed in range(_SEEDS):
        draw = Random(seed)
        for _ in range(_CUSTOMERS):
            try:
                walk(draw, Onboarding())
            except AssertionError as error:
                return str(error) or "an assertion"
    return ""
