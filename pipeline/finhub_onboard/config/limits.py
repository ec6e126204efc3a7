"""How fast the bank may be called: the settings ``[limits]`` (API.md, section 8)."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from finhub_onboard.config.section import Section
from finhub_onboard.model import Phase

Rate = Annotated[float, Field(gt=0, le=100_000)]
"""Calls per second."""


class PhaseLimit(Section):
    """How fast the bank may be called for one phase."""

    calls_per_second: Rate


def _from_variable(value: Any) -> Any:
    """The environment holds no tables: ``ONBOARD_LIMITS__REGISTRATION=2`` is the rate, empty is none."""
    return ({"calls_per_second": value} if value else None) if isinstance(value, str) else value


_PhaseLimit = Annotated[PhaseLimit | None, BeforeValidator(_from_variable)]


class Limits(Section):
    """All calls together, and those of a phase further."""

    calls_per_second: Rate = 5
    max_in_flight: int = Field(default=4, ge=1, le=4096)
    categorization: _PhaseLimit = None
    registration: _PhaseLimit = None
    session: _PhaseLimit = None
    verification: _PhaseLimit = None
    documents: _PhaseLimit = None
    approval: _PhaseLimit = None
    consents: _PhaseLimit = None
    activation: _PhaseLimit = None

    @property
    def by_phase(self) -> dict[Phase, float]:
        """The phases with a limit of their own, and that limit in calls per second."""
        limits: dict[Phase, PhaseLimit | None] = {phase: getattr(self, phase) for phase in Phase}
        return {phase: limit.calls_per_second for phase, limit in limits.items() if limit}
