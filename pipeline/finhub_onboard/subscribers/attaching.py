"""Subscribes to a run's events what the settings ask for, and says goodbye at its end.

Promises: what is configured wrongly is a :class:`ConfigurationError` before the run begins; after that no metric and no
notification can harm the run or change its exit code.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from finhub_onboard import __version__
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.event_bus import EventBus
from finhub_onboard.errors import ExitCode, OnboardError
from finhub_onboard.subscribers import figures, notifier, telemetry, textfile
from finhub_onboard.subscribers.channels import channels

Fail = Callable[[str, str, int], None]


@asynccontextmanager
async def subscribed(settings: Settings, bus: EventBus) -> AsyncIterator[Fail]:
    """Context manager for the length of a run; yields what takes message, hint and exit code of one without an end."""
    ways, metrics = channels(settings), settings.metrics
    if metrics.textfile:
        writing = textfile.Textfile(metrics.textfile, metrics.interval_s, __version__, bus.emit)
        bus.subscribe(writing, kinds=figures.KINDS, name="metrics.textfile")
    if not (ways or metrics.otlp_endpoint):
        yield lambda *_: None
        return
    collecting: telemetry.Collecting | None = None
    if metrics.otlp_endpoint:
        collecting = telemetry.Collecting(metrics, settings.api.ca_file, __version__, bus.emit)
        traced = collecting.telemetry
        bus.subscribe(traced, kinds=telemetry.KINDS, where=traced.wants, name="metrics.otlp_endpoint")
    notifying = notifier.Notifier(ways, settings.notify, bus.emit)
    bus.subscribe(notifying, kinds=notifier.KINDS, name="notify")
    abandoned = False
    try:
        yield notifying.fail
    except asyncio.CancelledError:  # whoever abandons a run does not wait
        abandoned = True
        if collecting:
            collecting.close(0)
        raise
    except OnboardError as error:
        notifying.fail(str(error), error.hint, int(error.exit_code))
        raise
    except Exception as error:  # its text may hold anything, so only its class is told
        notifying.fail(f"unexpected failure: {type(error).__name__}", "", int(ExitCode.UNEXPECTED))
        raise
    finally:
        if not abandoned:
            await asyncio.to_thread(_goodbye, bus, notifying, collecting)


def _goodbye(bus: EventBus, notifying: notifier.Notifier, collecting: telemetry.Collecting | None) -> None:
    bus.flush()
    notifying.close()
    if collecting:
        collecting.close()
    bus.flush()
