"""What a run says while it runs: frozen events that the engine emits and that handlers print.

Promises: an event holds counts, names of phases and reasons, never a value of a row and never a secret. Does not know
who listens: a handler is any function that takes an event (``cli.console`` has three).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finhub_onboard.model import Disposition, Phase


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
class Progress:
    """How far the run is, ``at`` seconds after it began; ``phases`` counts the customers now past each phase.

    ``rate_asked`` and ``places`` are what is in force now: the bank may bear less than what is configured.
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
    eta_s: float | None = None


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
class Finished:
    """The run is over and its reports are in ``out``."""

    run_id: str
    exit_code: int
    dispositions: Mapping[Disposition, int]
    out: str
    seconds: float


Event = RunOpened | Surveyed | Progress | Slowed | BankDown | BankBack | Stopping | Notice | Finished
Handler = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Handle nothing: for tests and for callers that want only the reports."""
