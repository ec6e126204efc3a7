"""The results of ``onboard check``: one per check, and the exit code of all."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from finhub_onboard.errors import ExitCode, OnboardError
from finhub_onboard.model import Category

_MOST_SERIOUS_FIRST = (ExitCode.UNEXPECTED, ExitCode.USAGE, ExitCode.REFUSED, ExitCode.LOCKED)
OK, FAILED, NOT_MADE = "ok", "failed", "not made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: ``state`` is ``ok``, ``failed`` or ``not made``; ``text`` is the finding."""

    name: str
    state: str
    text: str
    hint: str = ""
    exit_code: ExitCode = ExitCode.OK

    @property
    def fact(self) -> str:
        """The text that people read beside the name."""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{self.state if self.state == OK else self.state.upper()}: {self.text}{hint}"


@dataclass(slots=True, kw_only=True)
class Checks:
    """The results of all checks."""

    results: list[Check] = field(default_factory=list)
    categories: tuple[Category, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The most serious one: 2 before 5 before 6 before 4; 0 if all hold."""
        codes = [check.exit_code for check in self.results if check.state == FAILED]
        return next((code for code in _MOST_SERIOUS_FIRST if code in codes), codes[0] if codes else ExitCode.OK)

    def line(self) -> str:
        """Sum the checks up in a line."""
        counts = Counter(check.state for check in self.results)
        words = ", ".join(f"{counts[state]} {state}" for state in (OK, FAILED, NOT_MADE) if counts[state])
        return f"check: {words}; exit code {int(self.exit_code)}"

    def next_steps(self) -> list[tuple[str, str]]:
        """What to do next, for people: the hint of each check that failed, or that nothing is left to do."""
        hints = [(check.name, check.hint) for check in self.results if check.state == FAILED and check.hint]
        nothing = "nothing" if not self.exit_code else "see the checks that failed"
        return [(f"next: {name}", hint) for name, hint in hints] or [("next", nothing)]

    def as_json(self) -> str:
        """Return one JSON object for programs."""
        return json.dumps(
            {
                "ok": not self.exit_code,
                "exit_code": int(self.exit_code),
                "checks": [
                    {"name": each.name, "state": each.state, "message": each.text, "hint": each.hint}
                    for each in self.results
                ],
                "categories": [
                    {"key": each.key, "id": each.id, "name": each.label, "risk": each.risk} for each in self.categories
                ],
            },
            indent=2,
        )

    def find(self, name: str, look: Callable[[], str]) -> bool:
        """Make a check; ``look`` returns the finding or raises. Return whether it succeeded."""
        try:
            self.results.append(Check(name=name, state=OK, text=look()))
        except OnboardError as error:
            self.fail(name, error)
            return False
        return True

    def fail(self, name: str, error: OnboardError) -> None:
        """Record a failed check."""
        text = "; ".join((str(error), *error.details))
        self.results.append(Check(name=name, state=FAILED, text=text, hint=error.hint, exit_code=error.exit_code))

    def skip(self, needs: str, *names: str) -> None:
        """Record checks that cannot be made because another one failed."""
        self.results += [Check(name=name, state=NOT_MADE, text=f"it needs {needs}") for name in names]
