"""The job on one page: survey the inputs, open the run, carry each customer through the eight phases, report.

Each sentence is a call into a module of its own. Runs inside any event loop and installs nothing in the process:
signals, the terminal and the exit code are the command line's.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import descriptors
from finhub_onboard.engine.background import Background
from finhub_onboard.engine.bank_settings import load_certificates
from finhub_onboard.engine.clocks import steady_clock
from finhub_onboard.engine.ending import end_run, finished
from finhub_onboard.engine.event_bus import EventBus
from finhub_onboard.engine.forwarding import say_if_private
from finhub_onboard.engine.interrupts import Interrupts
from finhub_onboard.engine.limits_in_force import Reloads
from finhub_onboard.engine.onboarding import Onboarding
from finhub_onboard.engine.opening import opened_run
from finhub_onboard.engine.preconditions import need_credentials, say_if_certificate_ends
from finhub_onboard.engine.surveying import announce_deadline, survey_inputs
from finhub_onboard.reports.outcome import Written
from finhub_onboard.subscribers.attaching import subscribed


async def run(
    order: Order,
    settings: Settings,
    bus: EventBus | None = None,
    interrupts: Interrupts | None = None,
    reloads: Reloads | None = None,
) -> Written:
    """Carry every good row of the inputs through the eight phases and write what became of each.

    ``bus`` hands events to who subscribed, ``interrupts`` takes requests to stop, ``reloads`` those to read the limits
    again. What blocks is done beside the loop.
    A run that cannot start raises an :class:`OnboardError` and leaves no entry in the ledger; one that is cancelled
    after its start is resumed by the next.
    """
    bus = bus or EventBus()
    async with subscribed(settings, bus) as failed:
        written = await _carry_out(order, settings, bus, interrupts or Interrupts(), reloads)
        if not written.is_reported:
            failed(written.stopped_because, written.hint, int(written.exit_code))
    return written


async def _carry_out(
    order: Order, settings: Settings, bus: EventBus, interrupts: Interrupts, reloads: Reloads | None
) -> Written:
    """Survey, open, carry, report."""
    began, elapsed = datetime.now(UTC), steady_clock(0.0)
    deadline = announce_deadline(settings, began, bus.emit)
    need_credentials(settings)
    say_if_certificate_ends(load_certificates(settings), bus.emit)
    say_if_private(settings, bus.emit)
    descriptors.provide(settings.limits.max_in_flight)
    async with Background() as background:
        with interrupts.abandoning(_cancelling()):
            # 1. Every input is read through once: what cannot be read as a whole stops here.
            survey = await background.do(
                partial(survey_inputs, order, settings, bus.emit, checkpoint=background.checkpoint)
            )
            # 2. The run is entered in the ledger, whose lock it holds from here on.
            opening = opened_run(
                order, settings, survey, began, bus.emit, interrupts=interrupts, checkpoint=background.checkpoint
            )
            async with background.entered(opening) as opened:
                # 3. Customers go through the phases, from categorization to activation, as fast as the bank allows.
                with descriptors.set_aside():
                    onboarding = Onboarding(survey, opened, settings, bus.emit, reloads)
                    carried = await onboarding.carry_out(interrupts, deadline)
                # 4. Reports are written from the inputs and the ledger.
                batch_rows = settings.intake.batch_rows
                written = await background.do(
                    partial(end_run, survey, opened, carried, bus.emit, batch_rows=batch_rows)
                )
        if written.is_reported:
            bus.emit(finished(opened.facts, written, elapsed()))
        await background.do(bus.flush)
    return written


def _cancelling() -> Callable[[], object]:
    """Return what cancels the running task, from any thread."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    return partial(loop.call_soon_threadsafe, task.cancel)
