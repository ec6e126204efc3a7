"""Delivers events to subscribers; no subscriber can delay or end the run.

Promises: ``emit`` neither waits nor raises. Each subscriber has a thread and a bounded queue of its own: a slow one
loses the oldest events and is told how many; one that raises is dropped, and the others get a ``SubscriberFailed``.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from finhub_onboard.events import Envelope, Event, RunOpened, SubscriberFailed

Subscriber = Callable[[Envelope], None]
_CAPACITY = 10_000
_FLUSH_S = 2.0
"""How long the end of a run waits for subscribers to catch up."""


class EventBus:
    """The events of one run. ``clock`` returns Unix time."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sequence = 0
        self._run_id = ""
        self._subscriptions: tuple[_Subscription, ...] = ()

    @property
    def run_id(self) -> str:
        """The run's id; empty until it has begun."""
        return self._run_id

    def subscribe(
        self,
        subscriber: Subscriber,
        *,
        kinds: Iterable[type[Event]] | None = None,
        where: Callable[[Event], bool] | None = None,
        capacity: int = _CAPACITY,
        name: str = "",
    ) -> None:
        """Call a function with each further event, or those of some kinds, in order and on a thread of its own.

        ``where`` chooses among these before they are queued, on the thread that emits: it must be short.
        ``name`` is what it is called if it fails; empty: as the function is.
        """
        wanted = None if kinds is None else frozenset(kinds)
        subscription = _Subscription(subscriber, wanted, where, capacity, self._drop, name)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)

    def emit(self, event: Event) -> None:
        """Queue an event for whoever wants it. May be called from any thread."""
        if isinstance(event, RunOpened):
            self._run_id = event.run_id
        wanting = [one for one in self._subscriptions if one.wants(event)]
        if not wanting:  # most events of single calls have no subscriber
            return
        with self._lock:  # numbering and queueing must happen in the same order
            self._sequence += 1
            envelope = Envelope(run_id=self._run_id, sequence=self._sequence, at=self._clock(), event=event)
            for subscription in wanting:
                subscription.put(envelope)

    def flush(self, timeout_s: float = _FLUSH_S) -> bool:
        """Wait, within limits, until all events are handled; return whether they are."""
        until = time.monotonic() + timeout_s
        return min((one.flush(until - time.monotonic()) for one in self._subscriptions), default=True)

    def _drop(self, failed: "_Subscription", error: Exception) -> None:
        with self._lock:
            self._subscriptions = tuple(one for one in self._subscriptions if one is not failed)
        # The text of an exception may contain anything, so only its class is reported.
        self.emit(SubscriberFailed(subscriber=failed.name, error=type(error).__name__))


class _Subscription:
    """A subscriber with its queue and its thread, which starts with the first event."""

    def __init__(
        self,
        subscriber: Subscriber,
        kinds: frozenset[type[Event]] | None,
        where: Callable[[Event], bool] | None,
        capacity: int,
        drop: "Callable[[_Subscription, Exception], None]",
        name: str = "",
    ) -> None:
        self.name = name or getattr(subscriber, "__qualname__", type(subscriber).__qualname__)
        self._subscriber = subscriber
        self._kinds = kinds
        self._where = where
        self._drop = drop
        self._queue: deque[Envelope] = deque(maxlen=capacity)
        self._changed = threading.Condition()
        self._put = self._handled = 0
        self._thread: threading.Thread | None = None

    def wants(self, event: Event) -> bool:
        """Return whether an event is for it."""
        if self._kinds is not None and type(event) not in self._kinds:
            return False
        try:
            return self._where is None or self._where(event)
        except Exception as error:  # noqa: BLE001 - as of the subscriber itself
            self._drop(self, error)
            return False

    def put(self, envelope: Envelope) -> None:
        """Queue an event; a full queue drops the oldest one."""
        with self._changed:
            self._queue.append(envelope)
            self._put += 1
            self._changed.notify_all()
        if self._thread is None:
            # A daemon: a subscriber that never returns must not keep the process alive.
            self._thread = threading.Thread(target=self._serve, name=f"events-{self.name}", daemon=True)
            self._thread.start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until the queue is handled; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._handled >= self._put, max(0.0, timeout_s))

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue))
                envelope = self._queue.popleft()
                missed = self._put - self._handled - len(self._queue) - 1
                self._handled += missed
            if missed:
                envelope = replace(envelope, missed=missed)
            try:
                self._subscriber(envelope)
            except Exception as error:  # noqa: BLE001 - whatever a subscriber does is none of the run's business
                self._drop(self, error)
                with self._changed:
                    self._handled = self._put
                    self._changed.notify_all()
                return
            with self._changed:
                self._handled += 1
                self._changed.notify_all()
