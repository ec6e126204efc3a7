"""The ledger's ports as protocols: reading, a run's entries, the lease, interventions between runs.

Each adapter beside this module keeps these promises in its database; ``tests/ledger/contract`` tests them. A run opens
a :class:`Ledger`, acquires its :class:`Lease`, and writes through what the lease gives out. Every method raises
:class:`LedgerError` with a hint if the database fails.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, Self

from finhub_onboard.errors import ConfigurationError, LedgerError, LockedError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.records import CallCounts, FileSizes, Finished, RunCounts, RunRecord
from finhub_onboard.model import CallRecord, Journey, Standing

Hashes = Sequence[tuple[bytes, bytes]]
"""Identity hashes, each with the key of the customer that it identifies."""


class AnotherSeedError(ConfigurationError):
    """The ledger was made with another seed."""


class Reader(Protocol):
    """An open ledger, for reading. Threads may read concurrently."""

    @property
    def name(self) -> str:
        """Where the ledger is, for messages; without secrets."""

    @property
    def ledger_id(self) -> str:
        """The random name of this ledger, given at its creation."""

    @property
    def keys(self) -> Keys:
        """The keys of the seed in this ledger; only if it was opened with its seed."""

    @property
    def bank(self) -> str:
        """The address of the bank; empty if no run has stored it yet."""

    def noted(self, name: str) -> str:
        """The value noted under this name; empty if there is none."""

    def find(self, keys: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, Journey]:
        """Journeys by key, in their current state or at the end of run ``as_of``."""

    def finished(self, keys: Sequence[bytes]) -> set[bytes]:
        """The customers among these whose journeys are complete now; not those of old ledgers without identity hashes.

        It says nothing more of them and so takes a fraction of the time of :meth:`find`.
        """

    def finished_before(self, keys: Sequence[bytes], run: int) -> dict[bytes, Finished]:
        """By key those of these customers whose journeys were complete before run ``run`` and are as they were.

        0: whose journeys are complete now. Without those about whom something is noted. Like :meth:`find`, but quicker.
        """

    def sharing(self, hashes: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, set[bytes]]:
        """The keys of the customers that each identity hash identifies, now or at the end of run ``as_of``."""

    def unresolved(self, *, as_of: int | None = None) -> set[bytes]:
        """The keys of customers who may have a call without a known outcome, now or at the end of run ``as_of``.

        Reads every customer. The result may include some whose call was unresolved in an earlier run only.
        """

    def states(self, key: bytes) -> list[Journey]:
        """A customer's state after each run that took it up, the oldest first; the last one is the current state."""

    def finished_last(self, count: int) -> list[Journey]:
        """The customers whose journeys were completed last, at most ``count``."""

    def standings(self) -> dict[Standing, int]:
        """The number of customers per status."""

    def calls(self, keys: Sequence[bytes], *, run: int | None = None) -> Iterator[CallRecord]:
        """The requests of these customers, of one run or of all; those of a customer in sending order."""

    def call_totals(self, run: int) -> dict[str, CallCounts]:
        """The requests of one run by phase."""

    def counts(self, run: int) -> RunCounts:
        """The counts that must agree with the rows of a run (promise 1)."""

    def timeline(self, run: int, *, since: float, bucket_s: float) -> Iterator[tuple[float, float, bool, str]]:
        """Each request of a run: bucket start in seconds since ``since``, latency in seconds, refused, phase."""

    def latency_s(self) -> float | None:
        """The bank's recent average latency in seconds; ``None`` without calls."""

    def knows_until(self, run: int) -> float:
        """The time of the last change at the bank before run ``run``, in seconds since the epoch; 1 without one."""

    def runs(self, *, acts: bool = False) -> list[RunRecord]:
        """All runs, the newest first; if asked for, with the interventions between them."""

    def locked_by(self) -> str:
        """The holder of the lease, since when, and its last heartbeat; empty if it is free."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Context manager: read a consistent snapshot, whatever a run writes meanwhile; for the calling thread."""

    def renew(self) -> None:
        """Use a new connection from now on: the database may have been unavailable meanwhile."""


class Room(Protocol):
    """Reserved space, to write the outcomes of calls in flight when the database is full."""

    def give_up(self) -> bool:
        """Free the space; return whether there was any. From any thread."""

    def close(self) -> None:
        """Free the space: no call is in flight any more."""


class Writer(Protocol):
    """Writes the entries of a run.

    Entries become durable in posting order. After an error nothing more is written, and everybody who waits gets the
    error.
    """

    @property
    def failed(self) -> bool:
        """Whether a posted entry is not in the ledger."""

    def post(
        self, journey: Journey, calls: Sequence[CallRecord] = (), *, hashes: Hashes = (), ended: Hashes = ()
    ) -> Awaitable[None]:
        """Post a journey, its calls, and the identity hashes that begin or end to be valid.

        They become durable together; the awaitable completes when they are, or raises :class:`LedgerError`. Entries
        become durable in posting order: awaiting the last one is enough.
        """

    def identify(self, hashes: Hashes) -> None:
        """Post identity hashes, from any thread. They become durable before later posts."""

    def note(self, number: int, facts: dict[str, Any]) -> None:
        """Post what is known of run ``number``, with a heartbeat."""

    def belong(self, bank: str) -> None:
        """Post the address of the bank. It becomes durable before later posts."""


class Interventions(Protocol):
    """What a person does to customers between runs; interventions are numbered among the runs."""

    def standing(self, standing: Standing) -> Iterator[Journey]:
        """Yield all customers of this status; concurrent writes are allowed."""

    def owners(self, ids: Collection[str]) -> dict[tuple[str, str], set[bytes]]:
        """The owners of these ids at the bank: (column, id) -> keys. Reads every customer."""

    def enter(
        self,
        run_id: str,
        command: str,
        customers: int,
        change: Callable[[int], Iterable[Journey]],
        *,
        hashes: Iterable[tuple[bytes, bytes]] = (),
        corrected: Iterable[tuple[bytes, bytes]] = (),
        ended: Collection[bytes] = (),
    ) -> None:
        """Write the intervention ``run_id`` and the journeys that ``change`` yields for its number, all or nothing.

        ``customers`` is how many they are.
        ``hashes`` are identity hashes that are valid from it on; those ``corrected``, and all of the customers
        ``ended``, are valid no more.
        """


class Lease(Protocol):
    """The right to write, which one run or intervention has at a time; its holder sends heartbeats by itself.

    A holder without a heartbeat for long may lose it; then nothing may be written or sent.
    """

    @property
    def lost(self) -> LockedError | LedgerError | None:
        """Why the lease is lost: its new holder, or the state of the ledger; ``None`` while it is held."""

    def is_valid(self) -> bool:
        """Whether nobody can have taken over the lease; only then may a call be sent."""

    def writer(
        self,
        *,
        run: int,
        room: Room | None = None,
        on_full: Callable[[], None] = ...,
        say: Callable[[str], None] = ...,
    ) -> AbstractAsyncContextManager[Writer]:
        """The writer of run ``run``, for the event loop that enters it.

        ``room`` is given up when the database has no more space; ``on_full`` is then called on the event loop: there
        is room for what is under way and for nothing new. So is ``say``, with what a person should know.
        """

    def interventions(self) -> AbstractContextManager[Interventions]:
        """Open the interventions for reading and writing."""

    def compact(self) -> FileSizes:
        """Give back the space that the ledger does not need; nothing that it tells changes."""


class Ledger(Reader, Protocol):
    """An open ledger that may be written."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Close the connections; all readers must be done."""

    def acquire_lease(self) -> AbstractContextManager[Lease]:
        """Context manager: the lease. Raises :class:`LockedError` with its holder and since when."""

    def only_copy(self) -> AbstractContextManager[None]:
        """Refuse to work beside a copy of this very ledger: neither would know what the other does.

        Raises :class:`LockedError` that names the other copy. Does nothing where a ledger cannot be copied.
        """

    def room(self, calls: int, *, say: Callable[[str], None]) -> AbstractContextManager[Room]:
        """Set space aside for so many calls under way; ``say`` hears if there is less than they may need.

        Raises :class:`ConfigurationError` if there is hardly any.
        """

    def describe_room(self, calls: int) -> str:
        """Describe the free space. Raises :class:`ConfigurationError` if it is too little for so many calls."""

    def reserve_call_numbers(self) -> int:
        """The first of a range of call numbers, above all earlier ones, that nobody else is given: count on from it."""

    def note(self, name: str, value: str) -> None:
        """Store a value under a name for later runs, replacing the former one; an empty one deletes it."""

    def start_run(self, run_id: str, facts: dict[str, Any]) -> RunRecord:
        """Enter a new run; durable on return. Raises :class:`ConfigurationError`: nothing was sent yet."""

    def note_run(self, number: int, facts: dict[str, Any]) -> None:
        """Replace what is known of a run and show that it lives; while it writes, its writer does so."""

    def finish_run(self, number: int, *, exit_code: int, stopped_because: str, at: float | None = None) -> None:
        """Close the run, as of ``at`` or now."""
