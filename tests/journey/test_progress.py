"""What all phases do to a journey: complete a phase, settle attempts, forget what was wrong."""

from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.progress import advance, clear_reason, settle_attempts
from finhub_onboard.model import Journey, Phase, Repeat, Standing
from tests.journey.world import KEYS, a_customer
from tests.values import replace

BASE = Journey(
    key=b"k", fingerprint=KEYS.fingerprint(a_customer()), first_run=1, last_run=1, started_at=5.0, step="register",
    doubts=2, repeat=Repeat.SENT, doubt_at=3.0, doubt_email=b"e", code=Code.NO_ANSWER, field="f", message="m", hint="h",
    http_status=500,
)  # fmt: skip


def test_completion_is_noted_once_with_its_run() -> None:
    """The run that activates the customer is the one that completed it."""
    done = advance(replace(BASE, last_run=4, done=7), Phase.ACTIVATION, now=8.0)
    assert (done.standing, done.completed_run, done.finished_at) == (Standing.COMPLETE, 4, 8.0)
    half = advance(BASE, Phase.SESSION, now=8.0)
    assert (half.standing, half.completed_run, half.finished_at) == (Standing.OPEN, 0, 0.0)


def test_what_is_complete_leaves_no_attempt_and_no_words_behind() -> None:
    """Whatever was in doubt or wrong before."""
    done = advance(BASE, Phase.REGISTRATION, now=8.0)
    assert (done.done, done.phase, done.doubts, done.step, done.code, done.message) == (
        2,
        "registration",
        0,
        "",
        "",
        "",
    )


def test_what_a_registration_in_doubt_knew_is_kept_while_an_id_is_only_claimed() -> None:
    """Should the claim be wrong, the doubt is as it was."""
    assert (settle_attempts(BASE).doubt_at, settle_attempts(BASE).doubt_email) == (0.0, b"")
    claimed = settle_attempts(replace(BASE, claimed=("customer_id",)))
    assert (claimed.doubts, claimed.doubt_at, claimed.doubt_email) == (0, 3.0, b"e")


def test_a_reason_goes_as_a_whole_and_nothing_else_with_it() -> None:
    """Code, field, words and status."""
    bare = replace(BASE, code="", field="", message="", hint="", http_status=None)
    assert clear_reason(BASE) == bare
    assert bare.standing is Standing.OPEN
