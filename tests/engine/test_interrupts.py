"""Requests to stop a run: abandoned before it began, kept while it must not end, handed on while it is carried."""

from finhub_onboard.engine.interrupts import Interrupts
from finhub_onboard.errors import ExitCode

INT, TERM = ("SIGINT", ExitCode.INTERRUPTED), ("SIGTERM", ExitCode.TERMINATED)


def test_a_request_before_anything_abandons_at_once_or_when_there_is_something() -> None:
    """A signal may come before the run has a task to cancel."""
    interrupts, calls = Interrupts(), []
    interrupts.request(*INT)
    assert interrupts.abandoned == INT
    with interrupts.abandoning(lambda: calls.append("abandoned")):
        assert calls == ["abandoned"]
        interrupts.request(*TERM)
    assert calls == ["abandoned", "abandoned"]
    assert interrupts.abandoned == TERM
    interrupts.request(*INT)
    assert calls == ["abandoned", "abandoned"]


def test_the_first_request_is_kept_and_the_second_abandons() -> None:
    """What was kept goes to whoever takes requests next."""
    interrupts, calls, taken = Interrupts(), [], []
    with interrupts.abandoning(lambda: calls.append("abandoned")), interrupts.kept():
        interrupts.request(*INT)
        assert (interrupts.abandoned, calls) == (None, [])
        with interrupts.leading_to(lambda *request: taken.append(request)):
            assert taken == [INT]
            interrupts.request(*TERM)
        assert taken == [INT, TERM]
        interrupts.request(*INT)
        assert calls == []
        interrupts.request(*TERM)
        assert calls == ["abandoned"]
