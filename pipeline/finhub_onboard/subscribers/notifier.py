"""Notifications of a run: when somebody is told, and by a thread for each channel that no run waits for.

Promises: telling never raises and never blocks; each channel has a bounded queue and tries a few times; what could not
be delivered is said as a ``Notice``. The end of a run waits for its last notification, ``notify.timeout_s`` at most.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from finhub_onboard.config.alerts import Notify, Occasion
from finhub_onboard.events import (
    BankBack,
    BankDown,
    Envelope,
    Handler,
    Notice,
    Progress,
    RunFinished,
    RunOpened,
    StageProgress,
    Stopping,
    Surveyed,
)
from finhub_onboard.subscribers.alert import Alert
from finhub_onboard.subscribers.channels import Channel, UndeliveredError

KINDS = (BankBack, BankDown, Progress, RunFinished, RunOpened, StageProgress, Stopping, Surveyed)
_CAPACITY = 20
_PAUSES_S = (0.5, 2.0)
_LOOK_S = 1.0
_OCCASIONS: dict[str, Occasion] = {"finished": "end", "failed": "end", "stopping": "stop", "stalled": "stall"}


class Notifier:
    """Tells channels of a run; a subscriber of its events. ``clock`` is for what stands still."""

    def __init__(
        self,
        channels: Sequence[Channel],
        notify: Notify,
        emit: Handler,
        *,
        clock: Callable[[], float] = time.monotonic,
        look_s: float = _LOOK_S,
    ) -> None:
        self._notify = notify
        self._outboxes = [_Outbox(channel, notify.timeout_s, emit) for channel in channels]
        self._emit = emit
        self._clock = clock
        self._look_s = look_s
        self._over = threading.Event()
        self._run_id = ""
        self._bank = ""
        self._moved_at = clock()
        self._position: object = None
        self._told = False
        threading.Thread(target=self._watch, name="notify-stall", daemon=True).start()

    def __call__(self, envelope: Envelope) -> None:
        """Take an event."""
        event, self._run_id = envelope.event, envelope.run_id or self._run_id
        self._look_at_movement(event)
        if isinstance(event, Stopping):
            self.tell(Alert(event="stopping", at=envelope.at, run_id=self._run_id, reason=event.reason))
        elif isinstance(event, RunFinished):
            self._over.set()
            self.tell(
                Alert(
                    event="finished",
                    at=envelope.at,
                    run_id=event.run_id,
                    exit_code=event.exit_code,
                    reason=event.reason,
                    hint=event.hint,
                    dispositions={str(name): rows for name, rows in event.dispositions.items()},
                    out=event.out,
                )
            )

    def fail(self, message: str, hint: str, exit_code: int) -> None:
        """Tell that a run ended without its last event."""
        self._over.set()
        self.tell(
            Alert(event="failed", at=time.time(), run_id=self._run_id, exit_code=exit_code, reason=message, hint=hint)
        )

    def tell(self, alert: Alert) -> None:
        """Queue a notification for every channel, if it is an occasion that was asked for."""
        if _OCCASIONS[alert.event] in self._notify.on:
            for outbox in self._outboxes:
                outbox.put(alert)

    def close(self) -> None:
        """Wait for what is queued, within ``notify.timeout_s`` for all, and say what was not delivered."""
        self._over.set()
        until = time.monotonic() + self._notify.timeout_s
        for outbox in self._outboxes:
            outbox.close(until)

    def _look_at_movement(self, event: object) -> None:
        if isinstance(event, BankDown):
            self._bank = f"; the bank does not answer: {event.reason}"
            return
        if isinstance(event, BankBack):
            self._bank = ""
            return
        position: object = event
        if isinstance(event, Progress):
            position = ("calls", event.rows_done, tuple(event.phases.items()))
        elif isinstance(event, StageProgress):
            position = (event.stage, event.rows_done)
        if position != self._position:
            self._position, self._moved_at, self._told = position, self._clock(), False

    def _watch(self) -> None:
        """Look now and then, because nothing may come from a run that hangs."""
        while not self._over.wait(self._look_s):
            still_s = self._clock() - self._moved_at
            if still_s >= 60 * self._notify.stall_minutes and not self._told:
                self._told = True
                reason = f"nothing has moved for {still_s / 60:.0f} minutes{self._bank}"
                self.tell(Alert(event="stalled", at=time.time(), run_id=self._run_id, reason=reason))


class _Outbox:
    """The notifications for one channel, sent by a thread of its own; a full one loses the oldest."""

    def __init__(self, channel: Channel, timeout_s: float, emit: Handler) -> None:
        self._channel = channel
        self._timeout_s = timeout_s
        self._emit = emit
        self._changed = threading.Condition()
        self._queue: deque[Alert] = deque(maxlen=_CAPACITY)
        self._closed = self._busy = False
        self._cause = ""
        # A daemon: a channel that hangs must not keep the process alive.
        threading.Thread(target=self._serve, name=f"notify-{channel.name}", daemon=True).start()

    def put(self, alert: Alert) -> None:
        """Queue a notification."""
        with self._changed:
            self._queue.append(alert)
            self._changed.notify_all()

    def close(self, until: float) -> None:
        """Wait until all is sent, or that time has come."""
        with self._changed:
            is_sent = self._changed.wait_for(
                lambda: not self._queue and not self._busy, max(0.0, until - time.monotonic())
            )
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
        if not is_sent:
            self._emit_cause(f"{self._cause or 'no answer'}, within {self._timeout_s:g} s")

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: bool(self._queue) or self._closed)
                if self._closed:
                    return
                alert, self._busy = self._queue.popleft(), True
            try:
                self._deliver(alert)
            except Exception as error:  # noqa: BLE001 - whatever a library raises is none of the run's business
                self._say(type(error).__name__)

    def _deliver(self, alert: Alert) -> None:
        for pause_s in (*_PAUSES_S, None):
            try:
                self._channel.send(alert, self._timeout_s)
            except UndeliveredError as error:
                self._cause = str(error)
                if pause_s is None or not error.again or self._closed:
                    self._say(str(error))
                    return
            else:
                self._cause = ""
                return
            with self._changed:
                self._changed.wait_for(lambda: self._closed, pause_s)

    def _say(self, cause: str) -> None:
        if not self._closed:  # else the end has said it
            self._emit_cause(cause)

    def _emit_cause(self, cause: str) -> None:
        self._emit(Notice(message=f"a notification was not delivered ({self._channel.name}): {cause}"))
