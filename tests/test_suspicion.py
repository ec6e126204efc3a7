"""One row alone is told from all: who is refused, who waits, and when the run stops."""

import pytest
from msgspec.structs import replace

from pipeline.calls import CallName, step
from pipeline.errors import ExitCode
from pipeline.journey.policy import Judgement, Verdict
from pipeline.suspicion import Suspicion

REGISTER, CHECK = step(CallName.REGISTER), step(CallName.CHECK)
FORBIDDEN = Judgement(verdict=Verdict.FATAL, code="forbidden", message="denied")
CATEGORY = Judgement(verdict=Verdict.REFUSED, code="category_refused", message="not taken")
DONE = Judgement(verdict=Verdict.DONE)


def weighed(suspicion: Suspicion, judgement: Judgement, *keys: bytes) -> list[Verdict]:
    """Weigh the same for several customers."""
    return [suspicion.weigh(REGISTER, judgement, key).verdict for key in keys]


@pytest.mark.parametrize(
    ("judgement", "keys", "verdicts"),
    [
        (FORBIDDEN, [b"a", b"b"], [Verdict.RETRY, Verdict.FATAL]),
        (FORBIDDEN, [b"a", b"a", b"a"], [Verdict.RETRY, Verdict.RETRY, Verdict.FATAL]),
        (replace(FORBIDDEN, code="role_refused"), [b"a"], [Verdict.FATAL]),
        (CATEGORY, [b"a", b"b", b"c"], [Verdict.RETRY, Verdict.RETRY, Verdict.FATAL]),
        (CATEGORY, [b"a", b"a", b"b", b"a"], [Verdict.RETRY, Verdict.RETRY, Verdict.RETRY, Verdict.REFUSED]),
    ],
)
def test_what_nobody_came_through_is_the_runs(judgement: Judgement, keys: list[bytes], verdicts: list[Verdict]) -> None:
    """Two customers for a 403, three for a category; with nobody to compare with it is what it looks like."""
    assert weighed(Suspicion(), judgement, *keys) == verdicts


def test_a_role_that_worked_for_others_is_there() -> None:
    """A 403 on one approval among many is about that customer."""
    suspicion, approve = Suspicion(), step(CallName.APPROVE)
    suspicion.weigh(approve, DONE, b"a")
    role = replace(FORBIDDEN, code="role_refused")
    assert suspicion.weigh(approve, role, b"b").verdict is Verdict.REFUSED


@pytest.mark.parametrize("judgement", [FORBIDDEN, CATEGORY])
def test_once_the_call_has_worked_a_refusal_is_the_rows(judgement: Judgement) -> None:
    """However many rows are refused then: stop rules count them, and nobody else is held up."""
    suspicion = Suspicion()
    assert weighed(suspicion, judgement, b"a") == [Verdict.RETRY]
    suspicion.weigh(REGISTER, DONE, b"b")
    assert weighed(suspicion, judgement, b"a", b"c", b"d", b"e") == [Verdict.REFUSED] * 4


def test_calls_are_weighed_each_for_itself() -> None:
    """That customers can be registered does not show that they can be checked."""
    suspicion = Suspicion()
    suspicion.weigh(REGISTER, DONE, b"a")
    assert suspicion.weigh(CHECK, FORBIDDEN, b"a").verdict is Verdict.RETRY
    found = suspicion.weigh(CHECK, FORBIDDEN, b"b")
    assert (found.verdict, found.exit_code) == (Verdict.FATAL, ExitCode.REFUSED)
    assert found.message == "denied: it is the same for all 2 customers so far"


@pytest.mark.parametrize("code", ["refused", "missing_header", "rate_refused"])
@pytest.mark.parametrize("verdict", [Verdict.FATAL, Verdict.REFUSED, Verdict.RETRY])
def test_everything_else_stays_as_it_was_judged(code: str, verdict: Verdict) -> None:
    """A missing header is always the run's, refused data always the row's."""
    judgement = Judgement(verdict=verdict, code=code)
    assert Suspicion().weigh(REGISTER, judgement, b"a") == judgement
