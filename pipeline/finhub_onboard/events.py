"""What a run says while it runs: frozen events, each with a name that does not change.

Promises: an event holds counts, names of phases and reasons, never a value of a row and never a secret. Does not know
who listens: whoever emits takes any function of an event, and ``engine.event_bus`` hands envelopes to subscribers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from finhub_onboard.model import Disposition, Phase
from finhub_onboard.model.nights import SinceLastRun

_PSEUDONYM_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened:
    """The run is in the ledger and begins; ``out`` is the folder of its reports."""

    run_id: str
    rows: int
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """An input was read through once and has this many rows; ``written`` says how, where that is not as usual."""

    source: str
    rows: int
    written: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCount:
    """How many rows came to rest with a code, and where: in the check of the inputs (``intake``), or in which phase."""

    stage: str
    code: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the run is, ``at`` seconds after it began; ``phases`` counts the customers now past each phase.

    ``rate_asked`` and ``places`` are what is in force now: the bank may bear less than what is configured, which is
    ``rate_limit``. ``refused`` counts the calls that it refused for their rate. ``causes`` are the commonest ones.
    """

    at: float
    rows_done: int
    rows_total: int
    dispositions: Mapping[Disposition, int]
    phases: Mapping[Phase, int]
    calls: int
    calls_per_second: float
    in_flight: int
    places: int
    rate_asked: float
    rate_limit: float = 0.0
    refused: int = 0
    causes: tuple[CauseCount, ...] = ()
    eta_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """How many rows a long stage has done in which no customer is carried; ``rows_total``: of how many, if known.

    ``seconds``: since the stage began.
    """

    stage: str
    rows_done: int
    rows_total: int | None
    seconds: float


def pseudonym(key: bytes) -> str:
    """Return how events name a customer: the beginning of the ledger's keyed hash, in hexadecimal digits."""
    return key[:_PSEUDONYM_BYTES].hex()


class CallFinished(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's call has an outcome: its ``verdict``, the ``code`` of a refusal, how many ``seconds`` it took.

    ``customer`` is ``pseudonym`` of the customer.
    """

    phase: str
    call: str
    verdict: str
    code: str
    seconds: float
    attempt: int
    customer: str = ""


class CustomerFinished(msgspec.Struct, frozen=True, kw_only=True):
    """A customer whom the run carried rests: in which ``phase``, with which ``disposition`` and ``code``.

    ``customer`` is ``pseudonym`` of the customer.
    """

    phase: str
    disposition: Disposition
    code: str
    customer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """The whole run pauses or slows for ``seconds``; ``rate`` is the number of calls per second from now on."""

    reason: str
    seconds: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDown:
    """The bank does not answer; customers wait and nothing is counted as failed."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankBack:
    """The bank answers again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """No new customer begins; calls in flight are finished."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person should know and that stops nothing."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberFailed:
    """A subscriber raised an exception, named by its class, and is told nothing more."""

    subscriber: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over and its reports, ``files``, are in ``out``; ``reason`` and ``hint`` say why it stopped early.

    ``in_doubt_elsewhere`` counts customers in doubt that no row names; ``since_last_run`` compares the rows that need
    somebody with the last run of the same inputs.
    """

    run_id: str
    exit_code: int
    reason: str = ""
    hint: str = ""
    dispositions: Mapping[Disposition, int]
    out: str
    files: tuple[str, ...] = ()
    seconds: float
    in_doubt_elsewhere: int = 0
    since_last_run: SinceLastRun | None = None


Event = (
    RunOpened
    | Surveyed
    | Progress
    | StageProgress
    | CallFinished
    | CustomerFinished
    | Slowed
    | BankDown
    | BankBack
    | Stopping
    | Notice
    | SubscriberFailed
    | RunFinished
)
Handler = Callable[[Event], None]
"""Takes an event at once: it must not wait and must not raise. ``EventBus.emit`` is one."""

NAMES: Final[Mapping[type[Event], str]] = {
    RunOpened: "run_opened",
    Surveyed: "surveyed",
    Progress: "progress",
    StageProgress: "stage_progress",
    CallFinished: "call_finished",
    CustomerFinished: "customer_finished",
    Slowed: "slowed",
    BankDown: "bank_down",
    BankBack: "bank_back",
    Stopping: "stopping",
    Notice: "notice",
    SubscriberFailed: "subscriber_failed",
    RunFinished: "finished",
}
"""Public names: they stay when classes are renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as a subscriber gets it.

    ``run_id`` is empty until the run has one. ``sequence`` numbers the events of a bus from 1, ``at`` is a Unix time.
    ``missed`` counts the events that this subscriber was too slow for since the one before.
    """

    run_id: str
    sequence: int
    at: float
    event: Event
    missed: int = 0

    @property
    def name(self) -> str:
        """The public name of the event's kind."""
        return NAMES[type(self.event)]


def ignore(_event: Event) -> None:
    """Handle nothing: for tests and for callers that want only the reports."""
