"""Whether a refusal that may concern the whole run does: one row alone is told from all.

API.md, section 7: a 403 and a refused category stop the job if it is the same for all rows. So as long as that call
has worked for nobody in this run, a customer that is refused like this waits and tries again, as if nothing had
happened; once it has worked for another customer the refusal is the row's own; once others are refused alike, it is
the run's. Pure but for what it remembers.
"""

from collections import defaultdict

from msgspec.structs import replace

from pipeline.calls import CallName, Step
from pipeline.errors import ExitCode
from pipeline.journey.policy import Judgement, Verdict

_CUSTOMERS = {"role_refused": 1, "forbidden": 2, "category_refused": 3}
"""How many customers it takes until a refusal is the run's."""
_TRIES = 3


class Suspicion:
    """Weighs the judgements of one run."""

    def __init__(self) -> None:
        self._working: set[CallName] = set()
        self._tries: dict[tuple[CallName, str], dict[bytes, int]] = defaultdict(dict)

    def weigh(self, step: Step, judgement: Judgement, key: bytes) -> Judgement:
        """The judgement in view of how the same call went for other customers."""
        name, code = step.call.name, judgement.code
        if judgement.verdict is Verdict.DONE:
            self._working.add(name)
        if code not in _CUSTOMERS or judgement.verdict not in (Verdict.FATAL, Verdict.REFUSED):
            return judgement
        if name in self._working:
            return replace(judgement, verdict=Verdict.REFUSED)
        tries = self._tries[name, code]
        tries[key] = tries.get(key, 0) + 1
        if 1 < len(tries) >= _CUSTOMERS[code]:
            message = f"{judgement.message}: it is the same for all {len(tries)} customers so far"
            return replace(judgement, verdict=Verdict.FATAL, message=message, exit_code=ExitCode.REFUSED)
        # Nobody to compare with: then it is what it looks like.
        alone = _CUSTOMERS[code] == 1 or tries[key] >= _TRIES
        return judgement if alone else replace(judgement, verdict=Verdict.RETRY)
