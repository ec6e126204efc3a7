"""The engine's decisions: when to stop, who is carried, and that a run ends whatever happens."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from finhub_onboard.engine.admission import Admission
from finhub_onboard.engine.stop_rules import Cause
from finhub_onboard.engine.stopping import Stopper
from finhub_onboard.engine.work_source import Work, WorkSource
from finhub_onboard.errors import ExitCode, LedgerError
from finhub_onboard.events import Event, Progress
from finhub_onboard.finhub.calls import CallName, Facts, Kind, Reply, Step
from finhub_onboard.journey.ports import Problem
from finhub_onboard.keys import IdKind
from finhub_onboard.model import Customer, Disposition, IntakeRow, Journey, Phase, Standing
from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.engine.support import KEYS, Held, joined, rows, settings

if TYPE_CHECKING:
    from finhub_onboard.journey.ports import Bank


class Counter:
    """A counter at the bank: registers everybody, and notes how many it serves at once."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.sent: list[str] = []
        self.together = self.most = 0
        self.broken: type[Exception] | None = None
        self.problem: Problem | None = None
        self.refusing: Callable[[Customer], Reply | None] = lambda _: None

    def in_flight(self, step: Step, customer: Customer) -> AbstractAsyncContextManager[None]:
        """Give one of the places."""
        del step, customer
        return cast("AbstractAsyncContextManager[None]", self.pacer.places)

    async def permit(self, step: Step, reserved: object) -> object:
        """Let it leave as long as the run goes on."""
        del step, reserved
        return await self.pacer.acquire()

    async def token(self, *, refused: str = "") -> str:
        """Give a token."""
        return refused or "token"

    def observe(self, reply: Reply) -> None:
        """Look at nothing."""

    def give(self, journey: Journey) -> None:
        """Note nothing."""

    def disproved(self, journey: Journey) -> tuple[str, ...]:
        """Nobody claims anything."""
        del journey
        return ()

    async def prepare(self, step: Step, customer: Customer, journey: Journey) -> Any:
        """Build a request."""
        del journey
        if self.broken is not None:
            raise self.broken("a defect")
        if self.problem is not None:
            return self.problem
        counter = self

        class Request:
            """A registration."""

            document = ""

            async def send(self, token: str, permit: object) -> Reply:
                """Serve it."""
                del token, permit
                assert step.call.name is CallName.REGISTER
                counter.sent.append(customer.external_id)
                counter.together += 1
                counter.most = max(counter.most, counter.together)
                await asyncio.sleep(0)
                counter.together -= 1
                if (refusal := counter.refusing(customer)) is not None:
                    return refusal
                facts = Facts(customer_id=f"c-{customer.external_id}", user_id="u")
                return Reply(status=200, says=200, accepted=True, readable=True, facts=facts)

        return Request()


class Run:
    """One run of the engine against the counter."""

    def __init__(self, held: Held, *, number: int = 1, **flags: Any) -> None:
        self.held = held
        self.number = number
        usual = {"journey__until": "registration", "limits__calls_per_second": 100_000, "limits__max_in_flight": 4}
        self.settings = settings(**usual | flags)
        self.events: list[Event] = []

    def of(
        self,
        batches: Iterator[list[IntakeRow]],
        *,
        broken: type[Exception] | None = None,
        problem: Problem | None = None,
        refusing: Callable[[Customer], Reply | None] = lambda _: None,
        stopped_by: Cause | None = None,
        through: Callable[[Admission], WorkSource] = lambda source: source,
    ) -> "Run":
        """Carry the rows; fails if the run does not end."""

        async def scenario() -> None:
            limits = self.settings.limits
            pacer = Pacer(calls_per_second=limits.calls_per_second, max_in_flight=limits.max_in_flight)
            self.counter = Counter(pacer)
            self.counter.broken, self.counter.problem, self.counter.refusing = broken, problem, refusing
            self.stopper = Stopper(pacer.gate, self.events.append)
            made = joined(
                batches,
                self.held,
                cast("Bank", self.counter),
                pacer,
                self.stopper,
                self.events.append,
                settings=self.settings,
                run=self.number,
                stopped_by=stopped_by,
                through=through,
            )
            await asyncio.wait_for(made.engine.run(), 20)
            self.started = made.tally.started
            self.stopped_by = made.rules.stopped_by

        asyncio.run(scenario())
        return self

    @property
    def last(self) -> Progress:
        """The last thing that the run said of its progress."""
        return [event for event in self.events if isinstance(event, Progress)][-1]


def test_the_engine_counts_the_journeys_that_the_ledger_was_told_of() -> None:
    """Each once, however often it is handed in; rejects are none; a second run begins the open ones."""
    held = Held()
    assert Run(held).of(iter([rows(3, rejects=1), rows(5)[3:]])).started == 5
    assert len(held.journeys) == 5
    assert Run(held, number=2).of(iter([rows(7)])).started == 7


def test_every_row_is_carried_once_and_counted() -> None:
    """All accepted rows of all batches, never more at once than places; rejects are counted, not carried."""
    held = Held()
    everything = rows(25, rejects=5)
    run = Run(held).of(iter([everything[:10], everything[10:]]))
    assert sorted(run.counter.sent) == sorted(row.external_id for row in everything[:25])
    assert run.counter.most <= 4
    assert run.last.dispositions == {Disposition.REJECTED: 5, Disposition.PENDING: 25}
    assert run.last.phases[Phase.REGISTRATION] == 25
    assert len({call.number for call in held.calls}) == 25


class Claimed:
    """A work source that hands out a few customers at a time, and notes whom it gave and whom it got back."""

    def __init__(self, rows: Admission) -> None:
        self.rows = rows
        self.asked: list[int] = []
        self.given: list[str] = []
        self.finished: list[str] = []

    async def take(self, n: int) -> list[Work]:
        """Hand out at most three."""
        self.asked.append(n)
        taken = await self.rows.take(min(n, 3))
        self.given += [work.row.external_id for work in taken]
        return taken

    def finish(self, work: Work, journey: Journey) -> Disposition:
        """Take it back."""
        self.finished.append(work.row.external_id)
        return self.rows.finish(work, journey)


def test_any_source_is_carried_to_its_end_and_gets_each_customer_back() -> None:
    """What comes in small portions is all carried; asked again until nothing comes, and each is finished once."""
    sources: list[Claimed] = []

    def through(admitted: Admission) -> Claimed:
        sources.append(Claimed(admitted))
        return sources[0]

    run = Run(Held()).of(iter([rows(40)]), through=through)
    [source] = sources
    assert sorted(run.counter.sent) == sorted(source.given) == sorted(source.finished)
    assert len(set(source.finished)) == 40
    assert len(source.asked) == 15  # fourteen portions, and one that is empty


def test_a_source_is_not_asked_once_the_run_stops() -> None:
    """The rest stays where it is: a partition that nobody took may be taken by another."""
    sources: list[Claimed] = []

    def through(admitted: Admission) -> Claimed:
        sources.append(Claimed(admitted))
        return sources[0]

    problem = Problem(code="category_unknown", message="m", hint="h", field="category")
    run = Run(Held(), stop__max_failed_rows=1, limits__max_in_flight=1)
    run.of(iter([rows(300)]), problem=problem, through=through)
    assert len(sources[0].given) < 60


def test_a_later_run_carries_only_who_needs_it() -> None:
    """Who is complete or finally failed costs nothing; who is open, parked or new is carried."""
    held = Held()
    given = rows(4)
    for row, standing in zip(given, (Standing.COMPLETE, Standing.FAILED, Standing.OPEN, None), strict=True):
        assert row.customer is not None
        key, print_ = KEYS.customer(row.external_id), KEYS.fingerprint(row.customer)
        if standing is not None:
            done = 8 if standing is Standing.COMPLETE else 1
            held.journeys[key] = Journey(key=key, fingerprint=print_, standing=standing, final=True, done=done)
    run = Run(held, number=2).of(iter([given]))
    assert sorted(run.counter.sent) == ["C-3", "C-4"]
    counted = {name: rows for name, rows in run.last.dispositions.items() if rows}
    assert counted == {Disposition.UNCHANGED: 1, Disposition.FAILED: 1, Disposition.PENDING: 2}


def hashes_of(row: IntakeRow) -> set[tuple[bytes, bytes]]:
    """What the customer of a row would be known by."""
    assert row.customer is not None
    return {(mark, KEYS.customer(row.external_id)) for mark in KEYS.identity_hashes(row.customer).values()}


def test_a_customer_is_known_by_what_left_for_the_bank() -> None:
    """Each registration writes the identity hashes of the data that leave, and of nobody else."""
    held = Held()
    given = rows(2)
    corrected = given[0].customer
    assert corrected is not None
    key = KEYS.customer("C-1")
    before = replace(corrected, email="before@example.com")
    held.journeys[key] = Journey(key=key, fingerprint=KEYS.fingerprint(before), standing=Standing.OPEN, done=1)
    Run(held, number=2).of(iter([given]))
    assert held.hashes == held.written == hashes_of(given[0]) | hashes_of(given[1])


def test_a_refused_registration_leaves_no_identity_hash() -> None:
    """Whose registration the bank refused is nobody whom a later row could be taken for."""
    held = Held()
    refusal = Reply(status=409, says=409)
    run = Run(held).of(iter([rows(2)]), refusing=lambda customer: refusal if customer.row_number == 1 else None)
    assert run.last.dispositions[Disposition.FAILED] == 1
    assert held.written == hashes_of(rows(2)[0]) | hashes_of(rows(2)[1])
    assert {key for mark, key in held.hashes if mark not in ids(held)} == {KEYS.customer("C-2")}


def ids(held: Held) -> set[bytes]:
    """The identity hashes of ids at the bank."""
    return {KEYS.id_hash(IdKind.CUSTOMER, journey.customer_id) for journey in held.journeys.values()}


def test_a_registration_in_doubt_keeps_its_identity_hashes() -> None:
    """The bank may have the customer: the person must not come to it under another number."""
    held = Held()
    Run(held, retry__max_wait_s=0.01).of(iter([rows(1)]), refusing=lambda _: Reply(status=None))
    assert held.journeys[KEYS.customer("C-1")].standing is Standing.IN_DOUBT
    assert held.hashes == hashes_of(rows(1)[0])


def test_a_run_that_stops_before_anything_left_writes_no_identity_hash() -> None:
    """Taking a row up is no reason to know a person again."""
    held = Held()
    Run(held).of(iter([rows(3)]), broken=LedgerError)
    assert held.written == set()


def test_what_an_older_ledger_lacks_is_written_once_for_whom_the_bank_has() -> None:
    """A finished customer of the first schema is learned from a row that is still as it was sent, and from no other."""
    held = Held()
    given = rows(4)
    for row, done, sealed in zip(given, (8, 8, 8, 1), (b"", b"sealed", b"", b""), strict=True):
        assert row.customer is not None
        key = KEYS.customer(row.external_id)
        as_sent = row.customer if row is not given[2] else replace(row.customer, email="before@example.com")
        standing = Standing.COMPLETE if done == 8 else Standing.FAILED
        held.journeys[key] = Journey(
            key=key, fingerprint=KEYS.fingerprint(as_sent), standing=standing, final=True, done=done, sealed_id=sealed
        )
    Run(held, number=2).of(iter([given]))
    assert held.hashes == hashes_of(given[0])


def test_a_journey_keeps_its_external_id_readable_with_the_seed_only() -> None:
    """Whoever has the seed can name a customer whose row is gone; the ledger alone names nobody."""
    held = Held()
    Run(held).of(iter([rows(2)]))
    found = {KEYS.unseal(key, journey.sealed_id) for key, journey in held.journeys.items()}
    assert found == {"C-1", "C-2"}
    assert not any(b"C-" in journey.sealed_id for journey in held.journeys.values())


def test_a_reject_whose_customer_is_under_way_is_counted_as_that_stands() -> None:
    """The display says what the reports will say: in doubt stays in doubt, though the row breaks a rule."""
    held = Held()
    given = rows(1, rejects=3)
    for row, doubts in zip(given[1:3], (2, 0), strict=True):
        key = KEYS.customer(row.external_id)
        held.journeys[key] = Journey(
            key=key, fingerprint=b"", standing=Standing.IN_DOUBT, done=1, step="register", doubts=doubts
        )
    run = Run(held, number=2).of(iter([given]))
    counted = {name: count for name, count in run.last.dispositions.items() if count}
    assert counted == {Disposition.PENDING: 1, Disposition.IN_DOUBT: 1, Disposition.REJECTED: 2}


def test_a_row_that_changed_after_it_was_sent_is_counted_as_changed() -> None:
    """What a run completes is compared with its row, not with itself."""
    held = Held()
    given = rows(1)
    assert given[0].customer is not None
    key = KEYS.customer("C-1")
    before = KEYS.fingerprint(replace(given[0].customer, phone="+37061239999"))
    held.journeys[key] = Journey(key=key, fingerprint=before, standing=Standing.COMPLETE, done=8, completed_run=2)
    run = Run(held, number=2).of(iter([given]))
    assert run.last.dispositions == {Disposition.REJECTED: 0, Disposition.CHANGED: 1}


def test_ids_that_the_ledger_has_are_remembered() -> None:
    """Of customers and of verifications alike: a ledger of an earlier version learns them."""
    held = Held()
    given = rows(1)
    assert given[0].customer is not None
    key, print_ = KEYS.customer("C-1"), KEYS.fingerprint(given[0].customer)
    held.journeys[key] = Journey(
        key=key, fingerprint=print_, standing=Standing.COMPLETE, done=8, customer_id="c-1", verification_id="v-1"
    )
    Run(held, number=2).of(iter([given]))
    for kind, identifier in ((IdKind.CUSTOMER, "c-1"), (IdKind.VERIFICATION, "v-1")):
        assert (KEYS.id_hash(kind, identifier), key) in held.hashes


def test_an_input_that_fails_on_the_way_stops_the_run_in_good_order() -> None:
    """What was read before is carried or left pending, the reason is the error's, and the run ends."""

    def batches() -> Iterator[list[IntakeRow]]:
        yield rows(3)
        raise LedgerError("the disk is gone", hint="look")

    run = Run(Held()).of(batches())
    assert (run.stopper.requested, run.stopper.reason, run.stopper.hint) == (True, "the disk is gone", "look")
    assert run.stopper.exit_code is LedgerError.exit_code


def test_a_ledger_that_fails_stops_the_run_before_more_is_sent() -> None:
    """No request leaves without its intent."""
    held = Held()
    held.error = LedgerError("full", hint="make room")
    run = Run(held).of(iter([rows(50)]))
    assert (run.counter.sent, run.stopper.reason) == ([], "full")


def test_a_reader_that_breaks_ends_the_run_with_its_error() -> None:
    """A defect in reading does not leave the workers waiting for ever."""

    def batches() -> Iterator[list[IntakeRow]]:
        yield rows(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Run(Held()).of(batches())


def test_a_stop_rule_ends_the_run_and_the_rest_stays_pending() -> None:
    """Once too many failed, nothing new is sent."""
    held = Held()
    problem = Problem(code="category_unknown", message="m", hint="h", field="category")
    run = Run(held, stop__max_failed_rows=5, limits__max_in_flight=1).of(iter([rows(300)]), problem=problem)
    assert "max_failed_rows" in run.stopper.reason
    assert run.stopper.exit_code is ExitCode.STOPPED_EARLY
    assert 5 <= len(held.journeys) < 20


FORBIDDEN = Reply(status=403, says=403)
CATEGORY = Reply(status=400, says=400, kind=Kind.CATEGORIZATION)
HEADER = Reply(status=400, says=400, kind=Kind.MISSING_HEADER)
EXPIRED = Reply(status=401, says=401)


@pytest.mark.parametrize("reply", [FORBIDDEN, CATEGORY])
def test_what_the_bank_refuses_to_all_stops_the_run_after_a_few_and_fails_nobody(reply: Reply) -> None:
    """API.md, section 7: tenant denied, or a category set that is wrong for all. Exit 5; everybody stays pending."""
    held = Held()
    run = Run(held).of(iter([rows(300)]), refusing=lambda _: reply)
    assert len(run.counter.sent) <= 10
    assert (run.stopper.exit_code, "the same for all" in run.stopper.reason) == (ExitCode.REFUSED, True)
    assert {journey.standing for journey in held.journeys.values()} == {Standing.OPEN}
    assert {journey.doubts for journey in held.journeys.values()} == {0}


POISONS = pytest.mark.parametrize(
    "reply", [FORBIDDEN, CATEGORY, HEADER, EXPIRED], ids=["403", "category", "400", "401"]
)


@POISONS
@pytest.mark.parametrize("numbers", [(1,), (30,), (1, 2, 3), (7, 21, 40), (40,)], ids=str)
@pytest.mark.parametrize("attempts", [1, 5])
def test_a_few_rows_that_are_always_refused_stop_nobody_else(
    reply: Reply, numbers: tuple[int, ...], attempts: int
) -> None:
    """They fail alone, wherever they stand and whatever they meet; the run goes on to its end."""
    held = Held()
    run = Run(held, retry__max_wait_s=0.01, retry__max_attempts=attempts).of(
        iter([rows(40)]), refusing=lambda customer: reply if customer.row_number in numbers else None
    )
    assert not run.stopper.requested
    counted = {name: count for name, count in run.last.dispositions.items() if count}
    assert counted == {Disposition.PENDING: 40 - len(numbers), Disposition.FAILED: len(numbers)}
    for number in numbers:
        journey = held.journeys[KEYS.customer(f"C-{number}")]
        assert (journey.standing, journey.doubts) == (Standing.FAILED, 0)
        # The next run tries again; a category must be corrected.
        assert journey.final is (reply is CATEGORY)
    # The night after only these are left, and still they end no run.
    later = Run(held, number=2, retry__max_wait_s=0.01, retry__max_attempts=attempts).of(
        iter([[row for row in rows(40) if row.row_number in numbers]]), refusing=lambda _: reply
    )
    assert not later.stopper.requested


def test_who_is_refused_first_is_tried_again_after_all_others() -> None:
    """With one place at the bank nobody passes before: the refused customer waits for the others, not they for it."""
    run = Run(Held(), limits__max_in_flight=1, retry__max_wait_s=0).of(
        iter([rows(3)]), refusing=lambda customer: FORBIDDEN if customer.row_number == 1 else None
    )
    assert not run.stopper.requested
    assert sorted(run.counter.sent) == ["C-1"] * 3 + ["C-2", "C-3"]


def test_a_stop_ends_the_waiting_of_who_was_set_aside() -> None:
    """Nobody is tried again after the run was asked to stop."""

    def refusing(customer: Customer) -> Reply | None:
        if customer.row_number == 2:
            run.stopper.request("enough", ExitCode.STOPPED_EARLY)
        return FORBIDDEN if customer.row_number == 1 else None

    run = Run(Held(), retry__max_wait_s=3600)
    run.of(iter([rows(2)]), refusing=refusing)
    assert run.counter.sent.count("C-1") == 1


def test_a_role_that_is_taken_away_in_mid_run_stops_it() -> None:
    """However many passed before: soon it is seen that nobody passes any more."""
    run = Run(Held())
    run.of(iter([rows(300)]), refusing=lambda _: FORBIDDEN if len(run.counter.sent) > 100 else None)
    assert run.stopper.exit_code is ExitCode.REFUSED
    assert len(run.counter.sent) < 130


REFUSED = Reply(status=400, says=400, kind=Kind.NONE)
CAUSE = Cause(phase="registration", code="refused", reason="the bank refused the data of this row")


def test_after_a_stop_for_one_cause_one_customer_goes_first() -> None:
    """It ends alike: nobody else is sent, exit 4 again with the cause. It fares better: everybody is carried."""
    first = Run(Held(), stop__same_cause_rows=10).of(iter([rows(300)]), refusing=lambda _: REFUSED)
    assert (first.stopped_by, first.stopper.exit_code) == (CAUSE, ExitCode.STOPPED_EARLY)
    again = Run(Held(), stop__same_cause_rows=10).of(
        iter([rows(300)]), refusing=lambda _: REFUSED, stopped_by=first.stopped_by
    )
    assert (again.counter.sent, again.stopper.exit_code) == (["C-1"], ExitCode.STOPPED_EARLY)
    assert (str(CAUSE) in again.stopper.reason, again.stopped_by) == (True, CAUSE)
    better = Run(Held(), stop__same_cause_rows=10).of(iter([rows(300)]), stopped_by=again.stopped_by)
    assert (len(better.counter.sent), better.stopper.requested, better.stopped_by) == (300, False, None)
    assert better.counter.most == 4


def test_what_earlier_runs_left_in_doubt_stops_no_later_run() -> None:
    """Nobody of them is sent again, so none is a new failure: else each night would end at the first of them."""
    held = Held()
    calm: dict[str, Any] = {"retry__max_wait_s": 0.01}
    never: dict[str, Any] = {"stop__same_cause_rows": 0, "stop__max_failed_percent": 100}
    Run(held, **calm, **never).of(iter([rows(30)]), refusing=lambda _: Reply(status=None))
    assert {journey.standing for journey in held.journeys.values()} == {Standing.IN_DOUBT}
    (cause,) = {Cause.of(journey) for journey in held.journeys.values()}
    again = Run(held, number=2, stop__same_cause_rows=10, stop__min_rows=10, **calm).of(
        iter([rows(60)]), refusing=lambda _: None, stopped_by=cause
    )
    assert not again.stopper.requested, again.stopper.reason
    assert sorted(again.counter.sent) == sorted(f"C-{number}" for number in range(31, 61))


@pytest.mark.parametrize("given", [[], rows(0, rejects=2)])
def test_a_look_at_nobody_ends(given: list[IntakeRow]) -> None:
    """A run without a customer to look at ends, and leaves the look to the next."""
    assert Run(Held()).of(iter([given]), stopped_by=CAUSE).stopped_by == CAUSE


def test_one_row_alone_that_is_forbidden_is_what_it_looks_like() -> None:
    """With nobody to compare with, a 403 is the tenant's: exit 5 after a few tries."""
    run = Run(Held(), retry__max_wait_s=0.01).of(iter([rows(1)]), refusing=lambda _: FORBIDDEN)
    assert run.stopper.exit_code is ExitCode.REFUSED
    assert len(run.counter.sent) == 3
