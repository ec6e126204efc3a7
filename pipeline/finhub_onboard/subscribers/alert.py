"""A notification as a value, and how it reads as text and as JSON. Pure.

Promises: run id, counts, reasons and paths of our own only; no personal data and no secret.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

_VERSION = 1
_TITLES = {
    "finished": "ended with exit code {exit_code}",
    "failed": "failed with exit code {exit_code}",
    "stopping": "is stopping",
    "stalled": "has come to a standstill",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What happened to a run at a Unix time; ``event`` is ``finished``, ``failed``, ``stopping`` or ``stalled``."""

    event: str
    at: float
    run_id: str = ""
    exit_code: int | None = None
    reason: str = ""
    hint: str = ""
    dispositions: Mapping[str, int] = field(default_factory=dict)
    out: str = ""

    @property
    def title(self) -> str:
        """One line."""
        name = f"run {self.run_id}" if self.run_id else "a run that had not begun"
        return f"finhub-onboard: {name} {_TITLES[self.event].format(exit_code=self.exit_code)}"

    @property
    def text(self) -> str:
        """The title and what is known besides, a line for each."""
        counts = ", ".join(f"{rows:,} {name.replace('_', ' ')}" for name, rows in self.dispositions.items() if rows)
        lines = [
            self.title,
            counts,
            self.reason,
            self.hint and f"Next: {self.hint}",
            self.out and f"Reports: {self.out}",
        ]
        return "\n".join(line for line in lines if line)

    def as_json(self) -> bytes:
        """For programs; ``version`` changes if a member does."""
        told = {"version": _VERSION} | asdict(self) | {"dispositions": dict(self.dispositions), "text": self.text}
        return json.dumps(told).encode()
