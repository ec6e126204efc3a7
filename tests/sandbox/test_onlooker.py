"""The sandbox within another program: watched call by call, with categories of its own, in the caller's event loop."""

import asyncio

from finhub_onboard.sandbox import demo
from finhub_onboard.sandbox.app import Sandbox
from finhub_onboard.sandbox.habits import Scenario
from finhub_onboard.sandbox.onlooker import Seen
from finhub_onboard.sandbox.scenario import parse
from finhub_onboard.sandbox.server import running
from tests.sandbox.support import Desk, Wire, registration


class Recorder:
    """Notes what it is told, and says what it was told to say."""

    def __init__(self, *, arrival: bool = True, end: bool = True) -> None:
        self.told: list[tuple[str, str, int]] = []
        self._arrival, self._end = arrival, end

    def arrived(self, call: Seen) -> bool:
        """Note the operation."""
        self.told.append((call.operation, "arrived", len(call.body)))
        return self._arrival

    def settled(self, call: Seen, fault: str, status: int) -> bool:
        """Note what became of it."""
        self.told.append((call.operation, fault, status))
        return self._end


def served(sandbox: Sandbox, emails: list[str]) -> list[int]:
    """Statuses of a log-in and registrations at a bank in our own event loop; 0 for no answer."""

    def call(base_url: str) -> list[int]:
        wire = Wire(int(base_url.removesuffix(demo.BASE_PATH).rsplit(":", 1)[1]))
        wire.log_in()
        statuses = []
        for email in emails:
            try:
                statuses.append(wire.post("/customer/individual/registration", registration(email)).status)
            except OSError:
                statuses.append(0)
        wire.connection.close()
        return statuses

    async def serve() -> list[int]:
        async with running(sandbox) as base_url:
            return await asyncio.to_thread(call, base_url)

    return asyncio.run(serve())


def test_the_onlooker_sees_each_call_arrive_and_settle() -> None:
    """Before anything is done, and once it is certain; with the fault that strikes, and the answer of the rules."""
    scenario = parse(
        {
            "fault": [
                {"kind": "drop_after", "on": ["registerIndividual"], "nth": [2]},
                {"kind": "false_200", "on": ["registerIndividual"], "nth": [3]},
            ]
        },
        "test",
    )
    onlooker = Recorder()
    statuses = served(Sandbox(scenario, onlooker=onlooker), ["a@example.com", "b@example.com", "c@example.com"])
    assert statuses == [200, 0, 200]
    assert [(fault, status) for _, fault, status in onlooker.told if fault != "arrived"] == [
        ("", 200),
        ("", 200),
        ("drop_after", 200),
        ("false_200", 0),
    ]
    assert [name for name, fault, size in onlooker.told if fault == "arrived" and size] == [
        "createAdminSession",
        *["registerIndividual"] * 3,
    ]


class Refuser(Recorder):
    """Wants registrations unanswered."""

    def arrived(self, call: Seen) -> bool:
        """Let anything else pass."""
        return super().arrived(call) or call.operation != "registerIndividual"

    def settled(self, call: Seen, fault: str, status: int) -> bool:
        """Let anything else pass."""
        return super().settled(call, fault, status) or call.operation != "registerIndividual"


def test_a_call_may_be_left_unanswered_before_or_after_the_work() -> None:
    """Refused at its arrival nothing is done; refused when settled the work is done and no byte leaves."""
    before, after = (
        Sandbox(Scenario(), onlooker=Refuser(arrival=False)),
        Sandbox(Scenario(), onlooker=Refuser(end=False)),
    )
    assert served(before, ["a@example.com"]) == [0]
    assert before.bank.customers == {}
    assert served(after, ["a@example.com"]) == [0]
    assert len(after.bank.customers) == 1


def test_refusals_for_rate_count_among_the_faults() -> None:
    """The bank's limit is one of the things that go wrong on purpose."""
    sandbox = Sandbox(parse({"rate_limit": {"per_second": 2}}, "test"), onlooker=(onlooker := Recorder()))
    assert served(sandbox, ["a@example.com", "b@example.com"]) == [200, 429]
    assert onlooker.told[-1] == ("registerIndividual", "too_many", 0)
    assert sandbox.tally.faults == {"too_many": 1}


def test_nobody_else_can_read_the_record() -> None:
    """Served within another program the bank has no control plane."""
    sandbox = Sandbox(Scenario())

    def asked(base_url: str) -> int:
        wire = Wire(int(base_url.removesuffix(demo.BASE_PATH).rsplit(":", 1)[1]))
        status = wire.raw("GET", "/sandbox/record", None, {}).status
        wire.connection.close()
        return status

    async def serve() -> int:
        async with running(sandbox) as base_url:
            return await asyncio.to_thread(asked, base_url)

    assert asyncio.run(serve()) == 404


def test_a_bank_may_have_other_categories() -> None:
    """They are in its hierarchy, customers may be registered in them, and their risk decides."""
    gold = demo.DemoCategory("GOLD", "cat-gold", "Gold Ünï", "MEDIUM", individual=True)
    desk = Desk()
    desk.sandbox = Sandbox(Scenario(), categories=(*demo.CATEGORIES, gold))
    desk.log_in()
    listed = desk.get(f"/customer/individual/categorization/hierarchy/{demo.TENANT_ID}").data["categories"]
    told = {"databaseId": "cat-gold", "categoryName": "Gold Ünï", "riskLevel": "MEDIUM", "verificationLevel": "BASIC"}
    assert listed["GOLD"] == told
    body = registration("a@example.com", customerCategory={"id": "cat-gold", "name": "Gold Ünï"})
    assert desk.post("/customer/individual/registration", body).status == 200
    assert desk.sandbox.bank.by_email["a@example.com"].risk == "MEDIUM"
