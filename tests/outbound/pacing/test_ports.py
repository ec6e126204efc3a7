"""A client keeps to the rate budget's protocol, whoever fulfils it."""

from collections.abc import Mapping

import pytest

from finhub_onboard.finhub.calls import CallName, Reply
from finhub_onboard.finhub.requests import Outgoing
from finhub_onboard.outbound.pacing.ports import Hold, Permit
from tests.outbound.support import Scripted, ScriptedTransport, client, run_virtually

REGISTER = Outgoing(method="POST", path="/customer/individual/registration", body=b"{}")


class Shared:
    """A budget that grants so many permits and notes what it is told; it knows nothing of the pacer."""

    max_wait_s = 60.0
    asked = 5.0
    rate = 4.0

    def __init__(self, permits: int = 1) -> None:
        self.permits = [Permit(at=float(number)) for number in range(permits)]
        self.told: list[object] = []

    def change(self, calls_per_second: float, by_kind: Mapping[str, float]) -> None:
        """Keep to its permits."""

    is_settled = True

    def is_limited(self, kind: str) -> bool:
        """Limit no kind of calls."""
        del kind
        return False

    async def reserve(self, kind: str) -> Permit | None:
        """Keep nothing."""
        del kind
        return None

    async def acquire(self, reserved: Permit | None = None, *, kind: str = "", urgent: bool = False) -> Permit | None:
        """Grant the next permit."""
        del reserved
        self.told.append(("acquire", kind, urgent))
        return self.permits.pop() if self.permits else None

    async def wait_due(self, permit: Permit) -> None:
        """Note it."""
        self.told.append(("due", permit.at))

    def sent(self, permit: Permit) -> None:
        """Note it."""
        self.told.append(("sent", permit.at))

    def written(self, permit: Permit) -> None:
        """Note it."""
        self.told.append(("written", permit.at))

    def answered(self, permit: Permit) -> None:
        """Note it."""
        self.told.append(("answered", permit.at))

    def accepted(self, call: str, seconds: float, *, who: str = "") -> None:
        """Note it."""
        del seconds
        self.told.append(("accepted", call, who))

    def refused(self, permit: Permit, asked_s: float | None, *, who: str = "") -> Hold:
        """Note it, and hold for what was asked."""
        self.told.append(("refused", permit.at, asked_s, who))
        return Hold(seconds=asked_s or 0.0, cut=False)


def sent_with(budget: Shared, answer: Scripted) -> tuple[Reply, ScriptedTransport]:
    """Send one request under this budget to a bank that gives ``answer``."""
    transport = ScriptedTransport([answer])

    async def main() -> Reply:
        return (await client(transport, budget).send(CallName.REGISTER, REGISTER))[0]

    return run_virtually(main()), transport


@pytest.mark.parametrize(
    ("answer", "told"),
    [((200, {"code": 200}), ("accepted", "register", "")), ((429, {}), ("refused", 0.0, None, ""))],
)
def test_a_call_acquires_a_permit_and_tells_what_became_of_it(answer: Scripted, told: object) -> None:
    """Acquired, due, sent, written, answered, and then what the bank thinks of the rate."""
    budget = Shared()
    sent_with(budget, answer)
    parts = [(part, 0.0) for part in ("due", "sent", "written", "answered")]
    assert budget.told == [("acquire", "registration", False), *parts, told]


def test_nothing_leaves_without_a_permit() -> None:
    """A budget that grants none is not told of anything sent either."""
    budget = Shared(permits=0)
    reply, transport = sent_with(budget, (200, {"code": 200}))
    assert (reply.sent, transport.sent, budget.told) == (False, [], [("acquire", "registration", False)])
