"""Validate an operator's answers as a whole: which to apply, which are known already, which are wrong. Pure.

Promises: an answer counts only for the doubt that its row is about: one that is older than the newest attempt is
refused, so that a file given twice never answers a later doubt; until a run has worked on the customer, an answer may
be corrected. The caller applies nothing while anything is wrong.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from finhub_onboard.journey.claims import is_id, reopen
from finhub_onboard.journey.operator import IDS, Answer, answer_given, is_in_doubt, phase_in_doubt, question_about
from finhub_onboard.journey.questions import Word
from finhub_onboard.model import CallRecord, Journey, Phase
from finhub_onboard.reports.projection import disposition_of

_TRUNCATION_S, _SPREADSHEET_S = 0.001, 1.0
"""Tolerance of ``since``: it is truncated to milliseconds, and a spreadsheet that reads it as a date saves seconds."""
_SCIENTIFIC = re.compile(r"\d[.,]?\d*E\+\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One row of the operator's file; absent values are empty. ``broken``: the record cannot be read."""

    row: int
    external_id: str = ""
    answer: str = ""
    phase: str = ""
    since: str = ""
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the ledger knows of a customer: states in order, all calls, the numbers of the runs of ``resolve``.

    ``corrects``: the last state is shown without the answer that was applied to it, which the row replaces.
    ``yielding``: customers with an unproven id for which the same file gives another one.
    """

    states: Sequence[Journey]
    calls: Sequence[CallRecord]
    acts: frozenset[int]
    corrects: bool = False
    yielding: Mapping[tuple[str, str], set[bytes]] = field(default_factory=dict)

    @property
    def doubt(self) -> Journey:
        """The customer's state before the answers that no run has used yet."""
        return next((state for state in reversed(self.states) if state.last_run not in self.acts), self.states[-1])

    @property
    def given(self) -> list[tuple[Journey, Journey]]:
        """Earlier answers: the state that each was about, and the state after it."""
        answers, doubt = [], self.states[0]
        for state in self.states:
            if state.last_run in self.acts:
                answers.append((_reopened(doubt), state))
            else:
                doubt = state
        return answers

    @property
    def attempted_at(self) -> float:
        """When the newest attempt of the step in doubt was sent."""
        tried = (call for call in self.calls if call.changes and call.sent and call.step == self.doubt.step)
        return max((call.intent_at for call in tried), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why an answer cannot be applied: row and field of the file, and what to do, in plain words."""

    row: int
    field: str
    message: str


@dataclass(slots=True, kw_only=True)
class Verdict:
    """The result for the whole file: answers to apply with their states, rows that need nothing, and faults."""

    answers: list[tuple[Journey, Answer]] = field(default_factory=list)
    before: list[AnswerRow] = field(default_factory=list)
    unanswered: list[AnswerRow] = field(default_factory=list)
    wrong: list[Fault] = field(default_factory=list)


def judge(
    rows: Sequence[AnswerRow], known: Mapping[str, History], owners: Mapping[tuple[str, str], set[bytes]]
) -> Verdict:
    """Validate all rows; ``owners``: customers of the ledger who have one of the ids in the file."""
    rows, again = _without_repetitions(rows)
    yielding = _withdrawn_ids(rows, known)
    known = {external_id: replace(one, yielding=yielding) for external_id, one in known.items()}
    verdict = Verdict(wrong=list(_duplicates(rows)), before=again)
    for row in rows:
        if row.broken:
            verdict.wrong.append(
                Fault(row=row.row, field="", message="is no complete record: check quotes and delimiters")
            )
        elif not row.external_id:
            verdict.wrong.append(Fault(row=row.row, field="external_id", message="is empty"))
        elif row.external_id in known:
            _judge(row, known[row.external_id], owners, verdict)
        elif row.answer:
            text = "the ledger does not know it; a spreadsheet may have changed it, such as dropped leading zeros"
            verdict.wrong.append(Fault(row=row.row, field="external_id", message=text))
        else:
            verdict.unanswered.append(row)
    verdict.wrong.sort(key=lambda wrong: wrong.row)
    return verdict


def _without_repetitions(rows: Sequence[AnswerRow]) -> tuple[list[AnswerRow], list[AnswerRow]]:
    """Separate the rows from repetitions that add nothing: a customer with two rows is asked about twice."""
    answered = {row.external_id for row in rows if row.answer}
    seen: set[AnswerRow] = set()
    first: list[AnswerRow] = []
    again: list[AnswerRow] = []
    for row in rows:
        same = replace(row, row=0)
        silent = not row.answer and row.external_id in answered
        is_repeated = bool(row.external_id) and not row.broken and (silent or same in seen)
        (again if is_repeated else first).append(row)
        seen.add(same)
    return first, again


def _withdrawn_ids(rows: Sequence[AnswerRow], known: Mapping[str, History]) -> dict[tuple[str, str], set[bytes]]:
    """Return ids that an operator gave to a customer and this file withdraws: (column, id) -> customer keys."""
    withdrawn: dict[tuple[str, str], set[bytes]] = {}
    for row in rows:
        if not row.answer or row.external_id not in known:
            continue
        now = known[row.external_id].states[-1]
        for name in now.claimed:
            if getattr(row, name) != getattr(now, name):
                withdrawn.setdefault((name, getattr(now, name)), set()).add(now.key)
    return withdrawn


def _duplicates(rows: Sequence[AnswerRow]) -> Iterator[Fault]:
    """Find customers with two answers, and ids of two customers."""
    for name, what in (
        ("external_id", "stands in more than one row"),
        *((name, "is another row's, too") for name in IDS),
    ):
        times = Counter(getattr(row, name) for row in rows if row.answer)
        for row in rows:
            if row.answer and getattr(row, name) and times[getattr(row, name)] > 1:
                yield Fault(row=row.row, field=name, message=what)


def _judge(row: AnswerRow, known: History, owners: Mapping[tuple[str, str], set[bytes]], verdict: Verdict) -> None:
    """Validate a row of a customer that the ledger knows."""
    word = _word(row.answer)
    known = _corrected(row, word, known)
    doubt = known.doubt
    if not row.answer:
        _judge_unanswered(row, doubt, verdict)
    elif not is_in_doubt(doubt):
        if _was_given(row, word, known):
            verdict.before.append(row)
        else:
            now = known.states[-1]
            stands = disposition_of(now, now.fingerprint, run=now.completed_run)
            verdict.wrong.append(Fault(row=row.row, field="external_id", message=f"is not in doubt: it is {stands}"))
    elif _was_given(row, word, known) and (_is_about_earlier(row, known) or _is_newest(row, word, known)):
        verdict.before.append(row)
    elif wrong := list(_find_faults(row, word, known, owners)):
        verdict.wrong += wrong
    else:
        assert word is not None
        verdict.answers.append((doubt, _answer(row, word, doubt)))


def _reopened(state: Journey, name: str = "") -> Journey:
    """Reopen the question that an operator's id answered; a state with a step in doubt is returned unchanged."""
    if (state.doubts and not name) or not state.claimed:
        return state
    return reopen(state, name or ("verification_id" if "verification_id" in state.claimed else "customer_id"))


def _corrected(row: AnswerRow, word: Word | None, known: History) -> History:
    """Reopen the question that an earlier answer gave an id for, if the row gives another id.

    Only for ids that no accepted call has proved.
    """
    now = known.states[-1]
    if now.last_run in known.acts:  # not used yet: the row is about the state before it
        states = tuple(_reopened(state) if state is known.doubt else state for state in known.states)
        return replace(known, states=states, corrects=states != tuple(known.states))
    if word is None or not now.claimed:
        return known
    by_customer = row.phase == Phase.REGISTRATION and "customer_id" in now.claimed
    before = _reopened(now, "customer_id" if by_customer or "verification_id" not in now.claimed else "verification_id")
    brought = {getattr(row, each) for each in question_about(before).brings} - {""}
    is_other = not word.happened or not brought <= {getattr(now, each) for each in now.claimed}
    asked = row.phase in ("", phase_in_doubt(before))
    if not is_other or not asked or (now.doubts and not row.phase):
        return known
    return replace(known, states=(*known.states[:-1], before), corrects=True)


def _judge_unanswered(row: AnswerRow, doubt: Journey, verdict: Verdict) -> None:
    if not is_in_doubt(doubt):
        verdict.before.append(row)
        return
    brings = question_about(doubt).brings
    if filled := [name for name in brings if getattr(row, name) not in ("", getattr(doubt, name))]:
        verdict.wrong.append(Fault(row=row.row, field="answer", message=f"is empty, though {filled[0]} is filled in"))
    else:
        verdict.unanswered.append(row)


def _was_given(row: AnswerRow, word: Word | None, known: History) -> bool:
    """Whether the ledger has exactly this answer already."""
    return word is not None and any(
        answer_given(given) == _answer(row, word, doubt) and row.phase in ("", phase_in_doubt(doubt))
        for doubt, given in known.given
    )


def _is_about_earlier(row: AnswerRow, known: History) -> bool:
    """Whether the row is about an earlier doubt: another attempt was sent since."""
    since = _instant(row.since)
    return since is not None and known.attempted_at > since + (_TRUNCATION_S if "." in row.since else _SPREADSHEET_S)


def _find_faults(
    row: AnswerRow, word: Word | None, known: History, owners: Mapping[tuple[str, str], set[bytes]]
) -> Iterator[Fault]:
    doubt = known.doubt
    asked, phase = question_about(doubt), phase_in_doubt(doubt)
    newest = "take the row from the newest in_doubt.csv"
    if word not in (asked.yes, asked.no):
        yield Fault(row=row.row, field="answer", message=f"takes `{asked.yes}` or `{asked.no}` for {phase}")
    if row.phase and row.phase != phase:
        yield Fault(row=row.row, field="phase", message=f"the customer is in doubt at {phase} by now: {newest}")
    elif row.since and _instant(row.since) is None:
        yield Fault(row=row.row, field="since", message="is no instant any more: empty it, or put it back")
    elif _is_about_earlier(row, known) or (not row.since and not known.corrects and _answered_earlier(known)):
        yield Fault(row=row.row, field="since", message=f"there was another attempt since: {newest}")
    for name in IDS:
        value, brought = getattr(row, name), name in asked.brings
        if brought and word is asked.yes and not value and name == asked.brings[0]:
            yield Fault(row=row.row, field=name, message=f"is needed with `{word}`")
        elif brought and value and word is asked.no:
            yield Fault(row=row.row, field=name, message=f"contradicts `{word}`: empty one of the two")
        elif value and not brought and value != getattr(doubt, name):
            yield Fault(row=row.row, field=name, message="differs from what the ledger has: leave it as it was written")
        elif value and (not is_id(value) or _SCIENTIFIC.fullmatch(value)):
            yield Fault(
                row=row.row, field=name, message="is no id as the bank writes them; a spreadsheet may have changed it"
            )
        elif value and owners.get((name, value), set()) - {doubt.key} - known.yielding.get((name, value), set()):
            message = (
                "is another customer's in the ledger; if an earlier answer gave it by mistake, correct that one first"
            )
            yield Fault(row=row.row, field=name, message=message)


def _answered_earlier(known: History) -> bool:
    """Whether an operator answered about the customer before this doubt arose."""
    return any(state.last_run in known.acts and state.last_run < known.doubt.last_run for state in known.states)


def _is_newest(row: AnswerRow, word: Word | None, known: History) -> bool:
    """Whether exactly this answer made the customer's current state."""
    now = known.states[-1]
    return word is not None and now.last_run in known.acts and answer_given(now) == _answer(row, word, known.doubt)


def _answer(row: AnswerRow, word: Word, doubt: Journey) -> Answer:
    brings = question_about(doubt).brings if word.happened else ()
    return Answer(word=word, **{name: getattr(row, name) for name in brings})


def _word(answer: str) -> Word | None:
    """Parse an answer, ignoring case and spacing."""
    plain = " ".join(re.split(r"[\s_-]+", answer.strip().casefold()))
    return next((word for word in Word if word == plain), None)


def _instant(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
