"""What others need of a ledger, as protocols: reading, a run's entries, the lease, interventions between runs.

The adapters beside this module keep these promises, each in its database; ``tests/ledger/contract`` states them as
tests. A run opens a :class:`Ledger`, acquires its :class:`Lease`, and writes through what the lease gives out. Every
method raises :class:`LedgerError` with what to do if the database fails.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, Self

from finhub_onboard.errors import ConfigurationError, LedgerError, LockedError
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.records import RunCounts, RunRecord
from finhub_onboard.model import CallRecord, Journey, Standing

Hashes = Sequence[tuple[bytes, bytes]]
"""Identity hashes, each with the key of the customer that it identifies."""


class AnotherSeedError(ConfigurationError):
    """The ledger was made with another seed."""


class Reader(Protocol):
    """An open ledger, for reading. Each thread may read at once."""

    @property
    def name(self) -> str:
        """Where the ledger is, for messages; without secrets."""

    @property
    def ledger_id(self) -> str:
        """The random name that this ledger got when it was made."""

    @property
    def keys(self) -> Keys:
        """The keys that the seed has in this ledger; only of one that was opened with its seed."""

    @property
    def bank(self) -> str:
        """The address of the bank whose customers these are; empty if no run has told it yet."""

    def noted(self, name: str) -> str:
        """What was noted under this name; empty if nothing."""

    def find(self, keys: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, Journey]:
        """Journeys by key, as they stand now or stood when run ``as_of`` ended."""

    def sharing(self, hashes: Sequence[bytes], *, as_of: int | None = None) -> dict[bytes, set[bytes]]:
        """Keys of the customers whom each identity hash identifies, now or when run ``as_of`` ended."""

    def unresolved(self, *, as_of: int | None = None) -> set[bytes]:
        """Keys of the customers who may have a call without a known outcome, now or when run ``as_of`` ended.

        Reads every customer. Some of those named had an unresolved call in an earlier run only.
        """

    def states(self, key: bytes) -> list[Journey]:
        """How each run that took a customer up left it, the oldest first; the last one is how it stands."""

    def standings(self) -> dict[Standing, int]:
        """How many customers have each standing."""

    def calls(self, keys: Sequence[bytes], *, run: int | None = None) -> Iterator[CallRecord]:
        """Requests of these customers, of one run or of all; those of a customer in the order of sending."""

    def call_totals(self, run: int) -> dict[str, tuple[int, int, int]]:
        """Per phase of one run: requests that left, of them repeats, of them refused for rate."""

    def counts(self, run: int) -> RunCounts:
        """What must agree with what the rows of a run tell (promise 1)."""

    def timeline(self, run: int, *, since: float, bucket_s: float) -> Iterator[tuple[float, float, bool]]:
        """Each request of a run: bucket start in seconds since ``since``, latency in seconds, refused for rate."""

    def latency_s(self) -> float | None:
        """Seconds that the bank took on average of late; ``None`` if nobody has called it yet."""

    def knows_until(self, run: int) -> float:
        """When the last change before run ``run`` was made at the bank, in seconds since the epoch; 1 if none was."""

    def runs(self, *, acts: bool = False) -> list[RunRecord]:
        """All runs, the newest first; if asked for, with the interventions between them."""

    def locked_by(self) -> str:
        """Who holds the lease now, since when, and the last sign of life; empty if nobody does."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Read the ledger as it is now, whatever a run writes meanwhile; for the thread that asks."""

    def renew(self) -> None:
        """Read through a new connection from now on: the database may have been away in between."""


class Room(Protocol):
    """Space that was set aside, so that what is under way can still be written when the database has no more."""

    def give_up(self) -> bool:
        """Free the space; whether there was any. From any thread."""

    def close(self) -> None:
        """Free the space: nothing is under way any more."""


class Writer(Protocol):
    """Writes the entries of a run. Entries become durable in the order of handing in.

    After an error nothing is written any more, and whoever waits gets it.
    """

    @property
    def failed(self) -> bool:
        """Whether something that was handed in is not in the ledger."""

    def post(
        self, journey: Journey, calls: Sequence[CallRecord] = (), *, hashes: Hashes = (), ended: Hashes = ()
    ) -> Awaitable[None]:
        """Hand in a journey, its calls, and the identity hashes that begin or end to be valid with them.

        They become durable together; the awaitable is done when they are, or raises :class:`LedgerError`. Entries
        become durable in posting order: awaiting the last one is enough.
        """

    def identify(self, hashes: Hashes) -> None:
        """Hand in identity hashes, from any thread. They are durable before whatever is posted later."""

    def note(self, number: int, facts: dict[str, Any]) -> None:
        """Hand in what is known of run ``number`` by now, with a sign of life."""

    def belong(self, bank: str) -> None:
        """Hand in the address of the bank. It is durable before whatever is posted later."""


class Interventions(Protocol):
    """What a person does to customers between runs. Each is numbered like a run and stands among the runs."""

    def standing(self, standing: Standing) -> Iterator[Journey]:
        """Yield all customers of this standing; what is written meanwhile does not disturb."""

    def owners(self, ids: Collection[str]) -> dict[tuple[str, str], set[bytes]]:
        """Who has these ids at the bank: (column, id) -> keys. Reads every customer."""

    def enter(
        self,
        run_id: str,
        command: str,
        facts: dict[str, Any],
        change: Callable[[int], Iterable[Journey]],
        *,
        hashes: Iterable[tuple[bytes, bytes]] = (),
        corrected: Iterable[tuple[bytes, bytes]] = (),
        ended: Collection[bytes] = (),
    ) -> None:
        """Write the intervention ``run_id`` and the journeys that ``change`` yields for its number, all or nothing.

        ``hashes`` are identity hashes that are valid from it on; those ``corrected``, and all of the customers
        ``ended``, are valid no more.
        """


class Lease(Protocol):
    """The right to write, which one run or intervention has at a time; its holder shows signs of life by itself.

    A holder that shows none for long may lose it. Then nothing is written any more, and nothing may be sent.
    """

    @property
    def lost(self) -> LockedError | LedgerError | None:
        """Why the lease is lost: who has it now, or what happened to the ledger; ``None`` while it is not."""

    def is_valid(self) -> bool:
        """Whether nobody can have taken the lease over by now: only then may a call leave."""

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
        """Reads and writes what a person does between runs."""


class Ledger(Reader, Protocol):
    """An open ledger that may be written."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Close the connections; nobody reads any more."""

    def acquire_lease(self) -> AbstractContextManager[Lease]:
        """Hold the lease. Raises :class:`LockedError` that says who holds it and since when."""

    def only_copy(self) -> AbstractContextManager[None]:
        """Refuse to work beside a copy of this very ledger: neither would know what the other does.

        Raises :class:`LockedError` that names the other copy. Does nothing where a ledger cannot be copied.
        """

    def room(self, calls: int, *, say: Callable[[str], None]) -> AbstractContextManager[Room]:
        """Set space aside for so many calls under way; ``say`` hears if there is less than they may need.

        Raises :class:`ConfigurationError` if there is hardly any.
        """

    def describe_room(self, calls: int) -> str:
        """How much space there is. Raises :class:`ConfigurationError` if it is too little for so many calls."""

    def reserve_call_numbers(self) -> int:
        """The first of a range of call numbers, above all earlier ones, that nobody else is given: count on from it."""

    def note(self, name: str, value: str) -> None:
        """Keep one value under a name for later runs, in place of what was there; an empty one is forgotten."""

    def start_run(self, run_id: str, facts: dict[str, Any]) -> RunRecord:
        """Enter a new run; durable on return. Raises :class:`ConfigurationError`: nothing was sent yet."""

    def note_run(self, number: int, facts: dict[str, Any]) -> None:
        """Replace what is known of a run and show that it lives; while it writes, its writer does so."""

    def finish_run(self, number: int, *, exit_code: int, stopped_because: str, at: float | None = None) -> None:
        """The run is over, since ``at`` or now."""
