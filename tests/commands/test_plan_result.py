"""What a plan makes of its counts: what fits until a deadline, what it takes, who will be parked."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from finhub_onboard.commands import plan_words
from finhub_onboard.commands.plan_result import Deadline, Plan
from finhub_onboard.model import Disposition, Phase

AT = datetime(2026, 5, 4, 6, tzinfo=UTC)
CALLS = Counter({Phase.REGISTRATION: 1, Phase.CONSENTS: 4})


def planned(seconds: float, **fields: object) -> Plan:
    """A hundred customers of five calls each at ten calls a second: 50 seconds."""
    plan = Plan(rate=10.0, in_flight=4, deadline=Deadline(at=AT, seconds=seconds), **fields)  # type: ignore[arg-type]
    plan.ledger_states["new"] = 100
    for _ in range(100):
        plan.carries(CALLS)
    return plan


def said(plan: Plan) -> str:
    """What people read."""
    return "\n".join(f"{label}: {text}" for label, text in plan_words.as_rows(plan))


@pytest.mark.parametrize(("seconds", "customers"), [(60.0, 100), (50.0, 100), (25.0, 50), (0.4, 0), (-1.0, 0)])
def test_as_many_customers_fit_as_their_calls(seconds: float, customers: int) -> None:
    """In the order of the input; whoever is not through by then does not count."""
    plan = planned(seconds)
    assert plan.deadline is not None
    assert plan.deadline.customers == customers


def test_what_it_takes_to_be_over_in_time() -> None:
    """The rate of all calls; that of a phase only if its own limit is too low, and places only if they are too few."""
    assert planned(25.0).needed == {"limits.calls_per_second": 20.0}
    assert planned(25.0, phase_rates={Phase.REGISTRATION: 4.0}).needed == {"limits.calls_per_second": 20.0}
    assert planned(25.0, phase_rates={Phase.REGISTRATION: 3.0}, latency_s=0.3).needed == {
        "limits.calls_per_second": 20.0,
        "limits.registration": 4.0,
        "limits.max_in_flight": 6.0,
    }
    assert planned(-1.0).needed == {}


def test_a_phases_limit_decides_what_fits() -> None:
    """Its calls alone take longer than all others."""
    plan = planned(50.0, phase_rates={Phase.REGISTRATION: 1.0})
    assert plan.deadline is not None
    assert (plan.seconds, plan.deadline.customers) == (100.0, 50)


def test_the_words_of_a_deadline() -> None:
    """What fits, what it takes (never too little by rounding), and that it is over."""
    assert "in 25 s: 50 of 100 customers fit" in said(planned(25.0))
    assert "in 1 min 0 s: all of it fits" in said(planned(60.0))
    assert "is over" in said(planned(-1.0))
    assert "it takes limits.calls_per_second = 71.5" in said(planned(7.0)), "71.4 would be too little"
    assert "it takes limits.calls_per_second = 20" in said(planned(25.0))


def test_who_is_parked_and_why() -> None:
    """By code, the commonest first, with its meaning; documents with their size."""
    plan = planned(60.0, documents=3, document_bytes=28_300_000)
    plan.ends |= Counter({(Disposition.PARKED, "high_risk"): 1, (Disposition.PARKED, "document_missing"): 2})
    plan.ends[Disposition.ONBOARDED, ""] = 97
    assert plan.parked == {"document_missing": 2, "high_risk": 1}
    assert list(plan.parked) == ["document_missing", "high_risk"]
    text = said(plan)
    assert "2 parked: document_missing (the bank asks for a document that the row does not have)" in text
    assert "documents: 3 to upload, 28.3 MB" in text
    assert "reports on this machine" not in text
    plan.beside_s = 61
    assert "and about 1 min 1 s to read the inputs and write the reports on this machine" in said(plan)


@pytest.mark.parametrize(
    ("day", "latency_s", "seconds"),
    [
        (((10.0, 10.0), (86390.0, 2.0)), None, 10 + 400 / 2),
        (((100.0, 5.0), (86300.0, 50.0)), None, 100.0),
        (((10.0, 10.0), (86390.0, 100.0)), 0.1, 10 + 400 / 40),
        (((5.0, 10.0), (5.0, 30.0)), None, 2 * 10 + 5 + 50 / 30),
    ],
)
def test_rates_by_the_time_of_day(
    day: tuple[tuple[float, float], ...], latency_s: float | None, seconds: float
) -> None:
    """The day goes round as often as it takes; too few places for calls under way hold in each span."""
    plan = planned(60.0, day=day, latency_s=latency_s)
    assert plan.seconds == pytest.approx(seconds)
    assert "limits.window" in said(plan)
