"""Signals as requests: which are listened to, and what is put back."""

import asyncio
import gc
import os
import signal
from collections.abc import Iterator

import pytest

from finhub_onboard.cli import signals
from finhub_onboard.cli.signals import Signalled, listening, run_listening
from finhub_onboard.engine.interrupts import Interrupts
from finhub_onboard.errors import ExitCode


@pytest.fixture(autouse=True)
def _dispositions() -> Iterator[None]:
    """Whatever the tests inherited or leave."""
    before = {name: signal.signal(name, signal.SIG_DFL) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


def test_a_command_ends_at_once_with_the_name_and_the_code() -> None:
    """By default; afterwards the signal does what it did before."""
    with pytest.raises(Signalled) as raised, listening():
        os.kill(os.getpid(), signal.SIGTERM)
    assert (raised.value.name, raised.value.exit_code) == ("SIGTERM", ExitCode.TERMINATED)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_ignored_signal_stays_ignored() -> None:
    """As under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with listening():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_signal_is_a_request_to_a_coroutine() -> None:
    """It may end in good order with a value."""

    async def ends(interrupts: Interrupts) -> str:
        taken: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def take(name: str, _: ExitCode) -> None:
            loop.call_soon_threadsafe(taken.put_nowait, name)

        with interrupts.leading_to(take):
            os.kill(os.getpid(), signal.SIGINT)
            return await taken.get()

    assert run_listening(ends) == "SIGINT"


def test_a_signal_that_nobody_takes_cancels_the_coroutine() -> None:
    """The command ends with the signal's code."""

    async def waits(interrupts: Interrupts) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task
        with interrupts.abandoning(lambda: loop.call_soon_threadsafe(task.cancel)):
            loop.call_soon(os.kill, os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)

    with pytest.raises(Signalled) as raised:
        run_listening(waits)
    assert raised.value.exit_code == ExitCode.TERMINATED


def test_what_is_imported_is_never_searched_for_garbage() -> None:
    """A search of all that lives would hold the event loop."""

    async def count(_: Interrupts) -> int:
        return gc.get_freeze_count()

    gc.unfreeze()
    try:
        assert run_listening(count) > 10_000
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    ("terminal", "expected"), [((False, False), "reload"), ((True, True), "reload"), ((True, False), "SIGHUP")]
)
def test_a_hang_up_stops_only_where_a_terminal_is_gone(
    terminal: tuple[bool, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent to a run without a terminal, or to one whose terminal is there, it asks to read the configuration again."""
    answers = iter(terminal)
    monkeypatch.setattr(signals, "_has_terminal", lambda: next(answers))
    told: list[str] = []
    with listening(lambda name, _: told.append(name), reload=lambda: told.append("reload")):
        os.kill(os.getpid(), signal.SIGHUP)
    assert told == [expected]


def test_a_hang_up_stops_what_has_nothing_to_read_again() -> None:
    """As for all commands but a run."""
    told: list[str] = []
    with listening(lambda name, _: told.append(name)):
        os.kill(os.getpid(), signal.SIGHUP)
    assert told == ["SIGHUP"]
