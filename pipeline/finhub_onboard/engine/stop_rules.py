"""Stop rules (``[stop]``): failures are too many, or all have the same cause. Pure but for its counts."""

import re
from dataclasses import dataclass
from typing import Self

from finhub_onboard.config.settings import Settings
from finhub_onboard.journey.codes import Code
from finhub_onboard.model import Journey, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a customer failed; as text it is what a person reads and what the ledger keeps of a run."""

    phase: str
    code: str
    field: str = ""
    reason: str = ""

    @classmethod
    def of(cls, journey: Journey) -> Self:
        """The cause that a failed journey ended with."""
        return cls(phase=journey.phase, code=journey.code, field=journey.field, reason=journey.message)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a cause from its text, as every version writes it; None where there is none."""
        found = _TEXT.fullmatch(text)
        return cls(**found.groupdict(default="")) if found else None

    def __str__(self) -> str:
        field = f" in {self.field}" if self.field else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.phase}, {self.code}{field}{reason}"


_TEXT = re.compile(r"(?P<phase>\w*), (?P<code>\w*)(?: in (?P<field>\w+))?(?:: (?P<reason>.*))?", re.DOTALL)


class StopRules:
    """Counts the customers of a run that have finished.

    ``stopped_by`` is the cause that stopped a run because customer after customer ended with it: at first of the last
    run, until a customer of this one has finished; then of this one.
    """

    def __init__(self, settings: Settings, *, stopped_by: Cause | None = None) -> None:
        self._stop = settings.stop
        self.stopped_by = stopped_by if self._stop.same_cause_rows else None
        self._last: Cause | None = None
        self._same = 0
        self.finished = 0
        self.failed = 0

    def feed(self, journey: Journey) -> str:
        """Count one finished customer; the reason to stop, or nothing."""
        self.finished += 1
        before, self.stopped_by = self.stopped_by, None
        if journey.standing not in (Standing.FAILED, Standing.IN_DOUBT):
            self._same, self._last = 0, None
            return ""
        self.failed += 1
        cause = Cause.of(journey)
        if journey.code == Code.CATEGORY_REFUSED:  # that a category concerns the run is decided by ``refusal_scope``
            self._same, self._last = 0, None
            return self._too_many()
        self._same = self._same + 1 if cause == self._last else 1
        self._last = cause
        if cause == before:
            self.stopped_by = cause
            return f"the first customer ended with the same cause that stopped the last run: {cause}"
        if 0 < self._stop.same_cause_rows <= self._same:
            self.stopped_by = cause
            return f"{self._same} customers in a row ended with the same cause: {cause} (stop.same_cause_rows)"
        return self._too_many()

    def _too_many(self) -> str:
        if self._stop.max_failed_rows and self.failed >= self._stop.max_failed_rows:
            return f"{self.failed} customers failed or are in doubt (stop.max_failed_rows)"
        percent = 100 * self.failed / self.finished
        if self.finished >= self._stop.min_rows and percent > self._stop.max_failed_percent:
            return f"{percent:.0f} % of {self.finished} customers failed or are in doubt (stop.max_failed_percent)"
        return ""
