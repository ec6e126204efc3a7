"""Decides whether a refusal concerns the whole run or one row.

API.md, section 7: a refused token, a missing header, a 403 and a refused category stop the job if everybody gets them;
if others are accepted with the same token, headers, role and category, they are the row's own. So this module counts,
per kind of call, who passes and who is refused:

- A refused customer tries again after a pause, while the others continue.
- Refused ``TRIES`` times while others pass: the refusal is the row's own. This run gives the customer up, a later run
  tries again (a refused category is final: the row must be corrected).
- ``ENOUGH`` different customers refused alike since anybody passed: it is the run's.
- A category is refused as such: whoever else has it is refused at once, as the row's own. It is the run's only if the
  inputs use no other category than those that are refused.
- A customer whom the bank does not know (404) fails at once. ``ENOUGH`` in a row show that its data were reset.
- Nobody has passed yet: the customer is set aside until all others were tried. If still nobody has passed then, the
  refusal is taken at face value. But a customer whom an earlier run gave up is known: its refusal is still the row's
  own, and says nothing about the run.

Knows no clock and no bank; pure except for its counts.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from finhub_onboard.finhub.calls import OPTIONAL_READS, CallName, Step, Token
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.verdicts import Judgement, Verdict
from finhub_onboard.model import Journey, Standing

UsesOthers = Callable[[frozenset[str]], bool | None]
"""Whether any row has a category that is none of these, None while that is not known; the run sets it."""
ENOUGH = 5
"""So many different customers refused alike in a row show that a refusal is the run's."""
TRIES = 3
_CODES = frozenset(
    {
        Code.TOKEN_REFUSED,
        Code.CATEGORY_REFUSED,
        Code.MISSING_HEADER,
        Code.FORBIDDEN,
        Code.ROLE_REFUSED,
        Code.CONSENT_VERSION_REFUSED,
    }
)
_ANSWERS = frozenset(
    {
        Verdict.DONE,
        Verdict.DECLINED,
        Verdict.PARKED,
        Verdict.EXISTS,
        Verdict.CONSENTS_AGAIN,
        Verdict.DOCUMENTS_AGAIN,
        Verdict.VERIFICATION_AGAIN,
    }
)
_ABOUT_THE_ROW = frozenset({Verdict.REFUSED, Verdict.CONFIRM})
"""These show that the call as such passes, except for the refusals that are weighed here."""
_RESET = (
    "if the bank's data were reset, name a new ledger in ledger.url, so that all are registered again;"
    " `run --verify N` looks at finished customers first"
)
_GRACE: dict[str, int] = {Code.TOKEN_REFUSED: 1}
"""Refusals that are not counted: another log-in of the same user invalidates the tokens of all calls in flight."""

_KIND_BY_CODE: dict[str, Callable[[Step], str]] = {
    Code.TOKEN_REFUSED: lambda _: Code.TOKEN_REFUSED,
    Code.CONSENT_VERSION_REFUSED: lambda step: step.label,
}
"""Of what these refusals are: the token, whatever the call is; one of the consents. Others are of the kind of call."""


@dataclass(slots=True)
class _Kind:
    """The results of one kind of call.

    ``passed``: up to two customers for whom it passed. ``tries``: the number of refusals of currently refused
    customers. ``since``: by code, the refusals per customer since anybody passed.
    """

    passed: set[bytes] = field(default_factory=set)
    tries: dict[bytes, int] = field(default_factory=dict)
    since: defaultdict[str, dict[bytes, int]] = field(default_factory=lambda: defaultdict(dict))

    def passes(self, key: bytes) -> None:
        """The call passed for this customer."""
        if len(self.passed) < 2:  # noqa: PLR2004 - one more than oneself
            self.passed.add(key)
        self.since.clear()
        self.tries.pop(key, None)

    def refuses(self, code: str, key: bytes) -> int:
        """Count a refusal of this customer; return its number of refusals."""
        since = self.since[code]
        if key not in self.tries:
            since[key] = 0
        if key in since:
            since[key] += 1
        self.tries[key] = self.tries.get(key, 0) + 1
        return self.tries[key]


class Suspicion:
    """Weighs the judgements of one run."""

    def __init__(self) -> None:
        self._kinds: defaultdict[str, _Kind] = defaultdict(_Kind)
        self._known: set[bytes] = set()
        self._refused_categories: frozenset[str] = frozenset()
        self.uses_others: UsesOthers = lambda _: False

    def take_up(self, journey: Journey) -> None:
        """Note how an earlier run left a customer."""
        given_up = journey.standing in (Standing.FAILED, Standing.PARKED) and not journey.final
        if given_up and journey.code in _CODES:
            self._known.add(journey.key)

    def weigh(self, step: Step, judgement: Judgement, key: bytes, category: str = "") -> Judgement:
        """Adjust the judgement to the results of the same kind of call for other customers.

        A refusal that may be the run's becomes ``SUSPECT`` or ``EXPIRED`` (try again after a pause; ``EXPIRED`` with a
        new token), ``ASIDE`` (try again after all others), ``GIVEN_UP`` (the row's own), or stays ``FATAL``.
        """
        verdict, code = judgement.verdict, judgement.code
        if verdict is Verdict.REFUSED and code == Code.CATEGORY_REFUSED:
            return self._category(judgement, key, category)
        if verdict is Verdict.REFUSED and code == Code.NOT_FOUND and step.call.name not in OPTIONAL_READS:
            return self._not_found(step, judgement, key)
        if verdict is Verdict.FATAL:
            return self._refusal(step, judgement, key) if code in _CODES else judgement
        if verdict in _ANSWERS or (verdict in _ABOUT_THE_ROW and code not in _CODES):
            self._kinds[step.call.name].passes(key)
            if step.item:
                self._kinds[step.label].passes(key)
            if step.call.token is Token.ADMIN:
                self._kinds[Code.TOKEN_REFUSED].passes(key)
            if step.call.name is CallName.REGISTER and verdict is Verdict.DONE:
                self._kinds[Code.CATEGORY_REFUSED].passes(key)
                self._kinds[_of(category)].passes(key)
        return judgement

    def _refusal(self, step: Step, judgement: Judgement, key: bytes) -> Judgement:
        code = judgement.code
        kind = self._kinds[_KIND_BY_CODE[code](step) if code in _KIND_BY_CODE else step.call.name]
        tries = kind.refuses(code, key)
        if key in self._known:
            kind.since[code].pop(key, None)
        alike = sum(times > _GRACE.get(code, 0) for times in kind.since[code].values())
        others_pass = bool(kind.passed - {key})
        if alike >= ENOUGH:
            return _runs(judgement, alike, "since somebody passed" if kind.passed else "so far")
        if tries >= TRIES:
            return _rows_own(judgement) if others_pass or key in self._known else judgement
        if not others_pass and tries == TRIES - 1:
            return replace(judgement, verdict=Verdict.ASIDE)
        new_token = code == Code.TOKEN_REFUSED and key in kind.since[code]
        return replace(judgement, verdict=Verdict.EXPIRED if new_token else Verdict.SUSPECT)

    def _not_found(self, step: Step, judgement: Judgement, key: bytes) -> Judgement:
        """A customer whom the bank does not know fails at once; one after the other, the bank has lost its data."""
        kind = self._kinds[step.call.name]
        kind.refuses(judgement.code, key)
        alike = len(kind.since[judgement.code])
        if alike < ENOUGH:
            return judgement
        return replace(_runs(judgement, alike, "since somebody passed" if kind.passed else "so far"), hint=_RESET)

    def _category(self, judgement: Judgement, key: bytes, category: str) -> Judgement:
        kind = self._kinds[_of(category)]
        if category in self._refused_categories and not kind.passed:
            return judgement
        tries = kind.refuses(judgement.code, key)
        if key in self._known:
            kind.since[judgement.code].pop(key, None)
        alike = len(kind.since[judgement.code])
        if kind.passed - {key}:
            return judgement if tries >= TRIES else replace(judgement, verdict=Verdict.SUSPECT)
        others_pass = bool(self._kinds[Code.CATEGORY_REFUSED].passed - {key})
        refused = self._refused_categories | {category}
        if alike >= ENOUGH and not others_pass:
            uses_others = self.uses_others(refused)
            if uses_others is None:  # nobody fails before it is known whose the refusal is
                return replace(judgement, verdict=Verdict.SUSPECT)
            if not uses_others:
                return _runs(judgement, alike, "so far")
        if alike >= ENOUGH or tries >= TRIES:
            self._refused_categories = refused if alike >= ENOUGH or others_pass else self._refused_categories
            return judgement
        aside = not others_pass and tries == TRIES - 1
        return replace(judgement, verdict=Verdict.ASIDE if aside else Verdict.SUSPECT)


def _of(category: str) -> str:
    return f"{Code.CATEGORY_REFUSED} {category.casefold()}"


def _runs(judgement: Judgement, alike: int, since: str) -> Judgement:
    message = f"{judgement.message}: it is the same for all {alike} customers {since}"
    return replace(judgement, verdict=Verdict.FATAL, message=message)


def _rows_own(judgement: Judgement) -> Judgement:
    return replace(
        judgement,
        verdict=Verdict.GIVEN_UP,
        message=f"{judgement.message}; but only for this customer, others pass",
        hint="look at this customer in the Admin Portal, tell the bank if it stays; the next run tries again",
    )
