"""When a run stops by a rule, and the cause that it leaves for the next run to look for."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.engine.stop_rules import Cause, StopRules
from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Journey, Phase, Standing
from tests.engine.support import settings


def ended(standing: Standing, code: str = "refused", *, field: str = "", message: str = "") -> Journey:
    """Return a journey that rests."""
    return Journey(
        key=b"k", fingerprint=b"", standing=standing, code=code, phase="registration", field=field, message=message
    )


def fed(rules: StopRules, journeys: Sequence[Journey]) -> tuple[int, str]:
    """Feed until a reason comes; how many it took."""
    for number, journey in enumerate(journeys, start=1):
        if reason := rules.feed(journey):
            return number, reason
    return 0, ""


def varied(failed: int, fine: int) -> list[Journey]:
    """Return failures of different causes, then customers who are fine."""
    bad = [ended(Standing.FAILED, f"code_{number}") for number in range(failed)]
    return bad + [ended(Standing.COMPLETE, "")] * fine


@pytest.mark.parametrize(
    ("flags", "journeys", "at", "said"),
    [
        ({}, varied(99, 0), 0, ""),
        ({}, varied(100, 0), 100, "100 % of 100"),
        ({}, varied(0, 400), 0, ""),
        ({}, list(reversed(varied(20, 80))), 0, ""),
        ({}, list(reversed(varied(21, 79))), 100, "21 % of 100"),
        ({"stop__min_rows": 10}, varied(10, 0), 10, "max_failed_percent"),
        ({"stop__min_rows": 1, "stop__max_failed_percent": 0}, list(reversed(varied(1, 9))), 10, "10 % of 10"),
        ({"stop__max_failed_percent": 100}, varied(400, 0), 0, ""),
        ({"stop__max_failed_rows": 3}, varied(5, 0), 3, "max_failed_rows"),
        ({"stop__max_failed_rows": 3}, [*varied(2, 500), ended(Standing.IN_DOUBT, "x")], 503, "max_failed_rows"),
        ({}, [ended(Standing.FAILED)] * 60, 50, "same cause: registration, refused"),
        ({"stop__min_rows": 1000}, [ended(Standing.IN_DOUBT)] * 49, 0, ""),
        ({"stop__min_rows": 1000}, [ended(Standing.FAILED)] * 49 + [ended(Standing.COMPLETE)], 0, ""),
        (
            {"stop__min_rows": 1000},
            ([ended(Standing.FAILED)] * 49 + [ended(Standing.FAILED, field="phone")]) * 3,
            0,
            "",
        ),
        (
            {"stop__min_rows": 1000, "stop__max_failed_percent": 100},
            [ended(Standing.FAILED, message=f"reason {n}") for n in range(90)],
            0,
            "",
        ),
        ({"stop__min_rows": 1000}, [ended(Standing.FAILED, message="no phone")] * 60, 50, "refused: no phone"),
        ({"stop__min_rows": 1000, "stop__same_cause_rows": 3}, [ended(Standing.FAILED)] * 9, 3, "same_cause_rows"),
        ({"stop__min_rows": 1000, "stop__same_cause_rows": 0}, [ended(Standing.FAILED)] * 900, 0, ""),
        ({"stop__min_rows": 1}, [ended(Standing.PARKED, "approval_needed")] * 500, 0, ""),
        ({"stop__min_rows": 1}, [ended(Standing.DECLINED, "verification_refused")] * 500, 0, ""),
    ],
)
def test_a_stop_rule_stops_where_it_says(flags: dict[str, Any], journeys: list[Journey], at: int, said: str) -> None:
    """Percent from min_rows on, count, the same cause fifty times in a row; who waits for a person is no failure."""
    found, reason = fed(StopRules(settings(**flags)), journeys)
    assert found == at
    assert said in reason


FAILED, FINE = ended(Standing.FAILED, message="no phone"), ended(Standing.COMPLETE, "")
OTHER = ended(Standing.FAILED, message="no country")
CAUSE = Cause(phase="registration", code="refused", reason="no phone")


def left_by(journeys: Sequence[Journey], *, stopped_by: Cause | None = None, **flags: Any) -> tuple[int, Cause | None]:
    """Feed a run's customers: after how many it stopped, and what it leaves for the next run to look for."""
    rules = StopRules(settings(stop__min_rows=1000, **flags), stopped_by=stopped_by)
    return fed(rules, journeys)[0], rules.stopped_by


def test_the_first_customer_after_a_stop_for_one_cause_is_looked_at() -> None:
    """It ends alike: stop at once, and look again next time. Anything else: go on as ever."""
    at, cause = left_by([FAILED] * 60)
    assert (at, cause) == (50, CAUSE)
    assert left_by([FAILED] * 60, stopped_by=cause) == (1, cause)
    assert left_by([FINE] + [FAILED] * 40, stopped_by=cause) == (0, None)
    assert left_by([OTHER] + [FAILED] * 40, stopped_by=cause) == (0, None)
    assert left_by([FINE] + [FAILED] * 60, stopped_by=cause) == (51, cause)


def test_a_run_that_looked_at_nobody_leaves_the_look_to_the_next() -> None:
    """The bank was down before one customer rested. With the rule off nobody is looked at."""
    assert left_by([], stopped_by=CAUSE) == (0, CAUSE)
    assert left_by([FAILED] * 60, stopped_by=left_by([FAILED] * 50)[1], stop__same_cause_rows=0) == (0, None)


def test_another_rule_leaves_nothing_to_look_for() -> None:
    """Only a stop for one cause is looked into."""
    assert left_by([FAILED] * 9, stop__max_failed_rows=3) == (3, None)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", None),
        ("a cause that nobody wrote", None),
        ("registration, refused", Cause(phase="registration", code="refused")),
        ("consents, refused in terms", Cause(phase="consents", code="refused", field="terms")),
        (
            "registration, refused in phone: no phone, no call: refused in doubt",
            Cause(phase="registration", code="refused", field="phone", reason="no phone, no call: refused in doubt"),
        ),
        ("session, login_refused: who in all", Cause(phase="session", code="login_refused", reason="who in all")),
    ],
)
def test_a_cause_is_read_from_what_earlier_versions_wrote(text: str, cause: Cause | None) -> None:
    """Ledgers keep the sentence; what is no cause leaves nothing to look for."""
    assert Cause.parse(text) == cause
    assert cause is None or str(cause) == text


@given(st.sampled_from(list(Phase)), st.sampled_from(list(Code)), st.from_regex(r"[a-z_]*", fullmatch=True), st.text())
def test_a_cause_survives_the_ledger(phase: str, code: str, field: str, reason: str) -> None:
    """Whatever the bank gave as its reason: the text brings back the same value."""
    cause = Cause(phase=phase, code=code, field=field, reason=reason)
    assert Cause.parse(str(cause)) == cause


def test_causes_that_read_alike_are_told_apart_by_their_fields() -> None:
    """The bank's reason may look like a field: the values decide, not the sentence."""
    one = ended(Standing.FAILED, field="phone", message="bad")
    other = ended(Standing.FAILED, "refused in phone", message="bad")
    assert str(Cause.of(one)) == str(Cause.of(other))
    assert left_by([one, other] * 60) == (0, None)
