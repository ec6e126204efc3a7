"""The changes of a journey that all phases share: completing a phase, settling an attempt. Pure."""

from msgspec.structs import replace

from finhub_onboard.model import Journey, Phase, Repeat, Standing


def advance(journey: Journey, phase: Phase, *, now: float) -> Journey:
    """Complete a phase."""
    journey = clear_reason(settle_attempts(journey))
    complete = phase is Phase.ACTIVATION
    return replace(
        journey,
        done=phase.number,
        phase=phase,
        standing=Standing.COMPLETE if complete else journey.standing,
        completed_run=journey.last_run if complete else 0,
        finished_at=now if complete else 0.0,
    )


def settle_attempts(journey: Journey) -> Journey:
    """No attempt is unresolved any more. A registration's evidence is kept while its id is only a claim."""
    if journey.claimed:
        return replace(journey, doubts=0, step="", repeat=Repeat.UNUSED)
    return replace(journey, doubts=0, step="", repeat=Repeat.UNUSED, doubt_at=0.0, doubt_email=b"")


def clear_reason(journey: Journey) -> Journey:
    """Remove the reason why the journey stopped."""
    return replace(journey, code="", field="", message="", hint="", http_status=None)
