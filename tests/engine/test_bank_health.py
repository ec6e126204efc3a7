"""A bank that is down, in virtual time: noticed soon, left alone, found back by a probe or an answer, or given up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import pytest

from finhub_onboard.engine.bank_health import Health, is_answer
from finhub_onboard.errors import OnboardError, RefusedError, StoppedEarlyError
from finhub_onboard.events import BankBack, BankDown, Event
from finhub_onboard.finhub.calls import STOPPED, Kind, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.outbound.pacing.pacer import Pacer
from tests.outbound.support import run_virtually

FINE = Reply(status=200, says=200, accepted=True, readable=True)
DEAD = Reply(cause="no answer in time", kind=Kind.SILENT)
FAULT = Reply(status=503, says=503)
WAIT = Reply(status=503, says=503, retry_after_s=1.0)
TOO_MANY = Reply(status=429, says=429, hold_s=0.5)


@pytest.mark.parametrize(
    ("reply", "answers"),
    [
        (FINE, True),
        (Reply(status=400, says=400), True),
        (Reply(status=401, says=401), True),
        (Reply(status=409, says=409), True),
        (Reply(status=200, says=503), False),
        (TOO_MANY, False),
        (Reply(status=500, says=500), False),
        (FAULT, False),
        (DEAD, False),
        (Reply(sent=False, cause="no connection"), False),
    ],
)
def test_only_an_answer_of_the_bank_itself_shows_that_it_is_there(reply: Reply, answers: bool) -> None:  # noqa: FBT001
    """Refusals are answers; server errors, refusals for rate and silence are not."""
    assert is_answer(reply) is answers


@dataclass(kw_only=True)
class Watch:
    """A health with its watch running in virtual time. ``probes`` are what probes get, the last one for ever."""

    probes: list[Reply | OnboardError | float] = field(default_factory=lambda: [DEAD])
    max_attempts: int = 3
    max_wait_s: float = 60.0
    wait_s: Callable[[int], float] = lambda _: 1.0
    events: list[Event] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def during(self, story: Callable[["Watch"], Awaitable[None]]) -> "Watch":
        """Watch while ``story`` goes on."""
        run_virtually(self._main(story))
        return self

    async def _main(self, story: Callable[["Watch"], Awaitable[None]]) -> None:
        self.loop = asyncio.get_running_loop()
        self.pacer = Pacer(calls_per_second=1000, max_in_flight=8)
        self.health = Health(self.pacer.gate, self.pacer.counters, self.events.append, clock=self.loop.time)
        self.began = self.loop.time()
        patience = Patience(max_attempts=self.max_attempts, max_wait_s=self.max_wait_s, wait_s=self.wait_s)
        watch = asyncio.create_task(
            self.health.watch(self.probe, patience, self.ends.append, lambda error: self.ends.append(str(error)))
        )
        await story(self)
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)

    @property
    def now(self) -> float:
        """Seconds since the begin."""
        return self.loop.time() - self.began

    async def probe(self) -> Reply:
        """Get what is next: a reply, an error, or an answer that takes so many seconds."""
        self.asked.append(self.now)
        said = self.probes.pop(0) if len(self.probes) > 1 else self.probes[0]
        if isinstance(said, OnboardError):
            raise said
        if isinstance(said, float):
            await asyncio.sleep(said)
            return FINE
        return said

    def see(self, replies: Iterable[Reply]) -> None:
        """Let calls end like this."""
        for reply in replies:
            self.health.observe(reply)

    async def is_open(self) -> bool:
        """Tell whether calls may leave."""
        permit = asyncio.create_task(self.pacer.acquire())
        await asyncio.sleep(0.05)
        leaves = permit.done()
        permit.cancel()
        await asyncio.gather(permit, return_exceptions=True)
        return leaves


def test_a_bank_that_only_fails_is_left_alone_until_a_probe_works() -> None:
    """Five failures in a row shut the gate; a probe that is answered opens it and is said."""

    async def story(watch: Watch) -> None:
        watch.see([*[DEAD] * 4, FINE, *[DEAD] * 4])
        assert await watch.is_open()
        watch.see([DEAD])
        assert not await watch.is_open()
        await asyncio.sleep(5)
        assert await watch.is_open()

    watch = Watch(probes=[DEAD, FAULT, FINE]).during(story)
    assert watch.events == [BankDown(reason="no answer in time"), BankBack()]
    assert (len(watch.asked), watch.ends) == (3, [])


@pytest.mark.parametrize("reply", [DEAD, FAULT, Reply(sent=False, cause="no connection"), Reply(status=502, says=502)])
def test_a_bank_that_stays_away_is_given_up_after_the_probes(reply: Reply) -> None:
    """Seconds, not minutes: as many probes as attempts, and the reason is what was seen of it."""

    async def story(watch: Watch) -> None:
        watch.see([reply] * 5)
        await asyncio.sleep(600)

    watch = Watch(probes=[reply], max_attempts=4).during(story)
    assert watch.ends == [reply.cause or f"it answers {reply.status}"]
    assert len(watch.asked) == 4
    assert watch.asked[-1] < 5


def test_an_answer_to_a_call_under_way_opens_the_gate_at_once() -> None:
    """It shows that the bank is there better than any probe."""

    async def story(watch: Watch) -> None:
        watch.see([FAULT] * 5)
        assert not await watch.is_open()
        watch.see([FINE])
        assert await watch.is_open()
        await asyncio.sleep(5)
        assert watch.asked == []

    assert Watch().during(story).events == [BankDown(reason="it answers 503"), BankBack()]


def test_a_bank_that_answers_only_probes_is_given_up_too() -> None:
    """Reads work and everything else fails: the rounds add up until a call works again."""

    async def story(watch: Watch) -> None:
        for _ in range(8):
            watch.see([FAULT] * 5)
            await asyncio.sleep(3)

    watch = Watch(probes=[FINE]).during(story)
    assert (len(watch.asked), watch.ends) == (3, ["it answers 503"])

    async def recovering(watch: Watch) -> None:
        for _ in range(8):
            watch.see([FAULT] * 5)
            await asyncio.sleep(3)
            watch.see([FINE])

    assert Watch(probes=[FINE]).during(recovering).ends == []


def test_a_bank_that_falls_silent_is_noticed_before_its_calls_time_out() -> None:
    """Five seconds without any answer, then a probe that is not answered either: nothing more leaves."""

    async def story(watch: Watch) -> None:
        permit = await watch.pacer.acquire()
        assert permit is not None
        watch.pacer.sent(permit)
        await asyncio.sleep(4.5)
        assert watch.asked == []
        await asyncio.sleep(12)
        assert len(watch.events) == 1
        assert not await watch.is_open()
        await asyncio.sleep(600)

    watch = Watch(probes=[3600.0]).during(story)
    [event] = watch.events
    assert isinstance(event, BankDown)
    assert event.reason in ("no answer for 10 s", "no answer for 11 s")
    assert watch.ends == [event.reason]
    assert len(watch.asked) == 1 + watch.max_attempts


def test_a_bank_that_is_only_slow_is_not_down() -> None:
    """A probe is answered: nothing is said; and one that took long before may take long again without a probe."""

    async def story(watch: Watch) -> None:
        permit = await watch.pacer.acquire()
        assert permit is not None
        watch.pacer.sent(permit)
        await asyncio.sleep(7)
        assert len(watch.asked) >= 1
        watch.pacer.answered(permit)
        watch.see([Reply(status=200, says=200, seconds=7.0)])
        seen = len(watch.asked)
        permit = await watch.pacer.acquire()
        assert permit is not None
        watch.pacer.sent(permit)
        await asyncio.sleep(18)
        assert len(watch.asked) == seen
        assert await watch.is_open()

    assert Watch(probes=[0.1]).during(story).events == []


def test_nothing_under_way_is_no_silence() -> None:
    """A run that waits, for the bank's pause or for work, asks nothing."""

    async def story(watch: Watch) -> None:
        await asyncio.sleep(100)
        assert watch.asked == []

    Watch().during(story)


def test_one_burst_of_refusals_for_rate_is_not_a_bank_that_is_down() -> None:
    """However many calls were under way: the gate holds them, and the bank takes the next."""

    async def story(watch: Watch) -> None:
        permit = await watch.pacer.acquire()
        assert permit is not None
        watch.pacer.sent(permit)
        for _ in range(50):
            watch.pacer.refused(permit, 0.2)
            watch.see([TOO_MANY])
        await asyncio.sleep(1)
        assert await watch.is_open()

    assert Watch().during(story).events == []


@pytest.mark.parametrize("max_wait_s", [0.0, 90.0])
def test_a_bank_that_takes_nothing_for_its_rate_is_given_time(max_wait_s: float) -> None:
    """A quota of a minute is waited for: the probes go on for ``max_wait_s``, however few attempts are allowed."""

    async def story(watch: Watch) -> None:
        for _ in range(4 + 5):  # the first ones show no limit yet
            permit = await watch.pacer.acquire()
            assert permit is not None
            watch.pacer.sent(permit)
            watch.pacer.written(permit)
            watch.pacer.refused(permit, 0.0)
            watch.see([TOO_MANY])
        assert not await watch.is_open()
        await asyncio.sleep(600)

    watch = Watch(probes=[TOO_MANY], max_wait_s=max_wait_s).during(story)
    assert watch.ends == ["it answers 429"]
    assert watch.asked[-1] == pytest.approx(4 + max(3.0, max_wait_s), abs=2)  # four bursts are held for a second


def test_a_bank_that_asks_to_wait_while_it_is_down_is_given_time() -> None:
    """A maintenance that says 503 and for how long is waited for like a quota, however few attempts are allowed."""

    async def story(watch: Watch) -> None:
        watch.see([WAIT] * 5)
        await asyncio.sleep(600)

    watch = Watch(probes=[WAIT], max_wait_s=90.0).during(story)
    assert watch.ends == ["it answers 503"]
    assert watch.asked[-1] == pytest.approx(90, abs=2)


def test_a_probe_waits_for_the_pause_that_the_bank_asked() -> None:
    """A 503 with Retry-After from a bank in maintenance: the pause is no failed probe."""

    async def story(watch: Watch) -> None:
        permit = await watch.pacer.acquire()
        assert permit is not None
        watch.pacer.sent(permit)
        watch.pacer.answered(permit)
        for _ in range(5):
            watch.pacer.refused(permit, 40.0)
        watch.see([FAULT] * 5)
        await asyncio.sleep(60)
        assert await watch.is_open()

    watch = Watch(probes=[FINE]).during(story)
    assert watch.asked == [pytest.approx(40.0, abs=0.5)]


def test_what_the_stop_itself_kept_back_is_no_failure_of_the_bank() -> None:
    """A halted run turns its waiting requests away: that says nothing of the bank."""

    async def story(watch: Watch) -> None:
        watch.see([STOPPED] * 20)
        assert await watch.is_open()

    assert Watch().during(story).events == []


def test_a_bank_that_is_down_and_refuses_the_log_in_ends_the_run() -> None:
    """A probe that needs a new session and cannot have one is a failed probe, or the end; never a run that hangs."""

    async def story(watch: Watch) -> None:
        watch.see([DEAD] * 5)
        await asyncio.sleep(60)

    assert Watch(probes=[StoppedEarlyError("no session")]).during(story).ends == ["no answer in time"]
    assert Watch(probes=[RefusedError("wrong password")]).during(story).ends == ["wrong password"]


@pytest.mark.parametrize("failures", [0.02, 0.1, 0.3])
def test_a_bank_with_many_faults_is_not_given_up(failures: float) -> None:
    """Five failures in a row by chance cost a probe; answers between keep the run going."""

    async def story(watch: Watch) -> None:
        state = 7
        for _ in range(20_000):
            state = (state * 1103515245 + 12345) % 2**31
            watch.see([FAULT if state / 2**31 < failures else FINE])
            await asyncio.sleep(0.01)

    watch = Watch(probes=[FAULT, FINE]).during(story)
    assert watch.ends == []


def test_a_customer_who_is_refused_alone_is_no_sign_of_the_bank() -> None:
    """Its 429s neither add up to a bank that is down nor show that it is there."""

    async def main() -> bool:
        pacer = Pacer(calls_per_second=100, max_in_flight=4)
        health = Health(pacer.gate, pacer.counters, lambda _: None)
        for _ in range(20):
            health.observe(Reply(status=429, says=429, alone=True))
        return health.reason == ""

    assert asyncio.run(main())
