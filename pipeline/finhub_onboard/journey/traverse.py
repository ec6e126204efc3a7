"""One customer's loop: ask for the next move, write the intent, send, judge, write the outcome.

Promises 2, 3 and 5 hold here together: an intent is durable before its call is sent, an outcome before the customer's
next call, and each customer has one request at a time. Calls that change something (phases 2 and 4 to 8) have their
intent on disk first; log-ins and reads need none and are written together with their outcome. The decisions are made
elsewhere (``next_move``, ``state``, ``policy``).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from finhub_onboard.errors import ExitCode
from finhub_onboard.finhub.calls import STOPPED, Reply, Step, Token
from finhub_onboard.finhub.calls import step as make_step
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.journey import claims, progress, state
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.move_kinds import Advance, Doubt, JourneyRules, Resolve, Rest, Revise, Send
from finhub_onboard.journey.next_move import next_move
from finhub_onboard.journey.phase_table import BY_CALL, PHASES
from finhub_onboard.journey.policy import judge
from finhub_onboard.journey.ports import Bank, Problem, Recorder, Stop
from finhub_onboard.journey.sent_documents import is_replaced_in_doubt
from finhub_onboard.journey.verdicts import DONE, TRIED_AGAIN, Judgement, Verdict, judgement
from finhub_onboard.journey.visit import Visit
from finhub_onboard.model import CallRecord, Customer, Journey, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a traverser needs; the same for all customers of a run."""

    bank: Bank
    ledger: Recorder
    stop: Stop
    rules: JourneyRules
    patience: Patience
    run: int
    now: Callable[[], float]
    number: Callable[[], int]


class Traverser:
    """Takes one customer as far as this run can."""

    def __init__(self, tools: Tools, customer: Customer, journey: Journey, visit: Visit) -> None:
        self._tools = tools
        self._customer = customer
        self._journey = journey
        self._visit = visit
        self._posted: Awaitable[None] | None = None
        self._token = ""
        self._set_back = 0
        self.is_aside = False
        """Whether the customer must be tried again after all others."""

    async def carry(self) -> Journey:
        """Continue until the customer stops; the returned state is durable."""
        for name in self._tools.bank.disproved(self._journey):
            if name not in self._journey.claimed:
                continue  # removed together with an earlier id
            self._journey = state.disown(self._journey, name, now=self._tools.now())
        while True:
            move = next_move(self._journey, self._customer, self._visit, self._tools.rules)
            if isinstance(move, Rest):
                rest = await self._weigh_rest(move) if move.fatal else move
                if rest is not None:
                    return await self._rest(rest)
                continue
            if isinstance(move, Send):
                if self._tools.stop.requested:
                    return await self._rest(Rest(standing=Standing.OPEN))
                if move.poll:  # wait 1, 2, 4, … seconds before reading again what may lag behind
                    await self._tools.stop.pause(self._tools.patience.steady_s(move.poll))
                await self._send(move.step)
                if self.is_aside:
                    return await self._rest(Rest(standing=Standing.OPEN))
            else:
                self._move_without_call(move)

    def _move_without_call(self, move: Advance | Resolve | Doubt | Revise) -> None:
        now = self._tools.now()
        match move:
            case Advance(phase=phase):
                self._journey = progress.advance(self._journey, phase, now=now)
                self._visit = replace(self._visit, check=None, polls=0)
            case Resolve(step=step):
                # A read that shows the step counts like the lost answer.
                self._journey, self._visit = state.conclude(
                    self._journey, self._visit, step, Reply(), DONE, max_tries=self._tools.rules.max_tries, now=now
                )
            case Doubt():
                self._journey, self._visit = state.assume_attempt(self._journey, self._visit, move, now=now)
            case Revise(journey=journey, visit=visit):
                self._journey, self._visit = journey, visit

    async def _send(self, step: Step) -> None:
        tools = self._tools
        async with tools.bank.in_flight(step, self._customer) as reserved:
            request = await tools.bank.prepare(step, self._customer, self._journey)
            if isinstance(request, Problem):
                self._fail_unsendable(step, request)
                return
            if request.document and is_replaced_in_doubt(self._journey, request.document):
                self._fail_unsendable(step, _REPLACED)
                return
            # Intent after permit: a crash must not leave a step in doubt that was only waiting for the rate.
            # The token also comes late: it must be valid when the request is sent.
            permit = await tools.bank.permit(step, reserved)
            token = await self._token_for(step) if permit is not None else ""
            if permit is None or tools.stop.requested:
                return
            earlier, now = state.earlier_attempts(self._journey, self._visit, step), tools.now()
            self._journey, self._visit = state.record_intent(
                self._journey, self._visit, step, document=request.document, now=now
            )
            call = self._make_intent(step, now)
            if step.call.changes:
                self._post([call])
            await self._await_durable()
            # The run may have stopped meanwhile, such as for a full disk: then send nothing.
            stopped = self._is_stopped()
            reply = STOPPED if stopped else await request.send(token, permit)
            judgement = judge(step, reply, earlier_doubts=earlier)
            judgement = self._weigh(step, token, judgement)
            wait_s = self._wait_s(step, reply, judgement)
            tools.stop.compare(step, judgement, reply.facts, self._journey)
            now = tools.now()
            self._take(step, reply, judgement, now)
            # Post at once, so that a crash leaves few outcomes unknown; only the next call waits for it.
            self._post([_with_outcome(call, reply, judgement, wait_s=wait_s, now=now)])
        tools.bank.observe(reply)
        if judgement.verdict is Verdict.FATAL:
            tools.stop.fatal(judgement, _message_of(judgement, reply))
        if wait_s and self._journey.standing is Standing.OPEN and reply.hold_s is None:
            await tools.stop.pause(wait_s)  # a refusal for rate holds all calls already
        if judgement.verdict is Verdict.EXPIRED and self._visit.renewed == step.label and not tools.stop.requested:
            await tools.bank.token(refused=token)

    def _is_stopped(self) -> bool:
        return self._tools.stop.requested

    def _take(self, step: Step, reply: Reply, judgement: Judgement, now: float) -> None:
        """Apply the judgement to the journey; keep the customer's own token for calls that accept it."""
        before = self._journey.customer_id
        self._journey, self._visit = state.conclude(
            self._journey,
            self._visit,
            step,
            reply,
            judgement,
            max_tries=self._tools.rules.max_tries,
            now=now,
        )
        if self._journey.customer_id != before:
            self._tools.bank.give(self._journey)  # a search found it
        if judgement.verdict is Verdict.DONE and reply.facts.token:
            self._token = reply.facts.token

    async def _token_for(self, step: Step) -> str:
        if step.call.token is Token.NONE:
            return ""
        own = BY_CALL.get(step.call.name)
        by_admin = own is not None and own.needs_admin(self._tools.rules)
        if step.call.token is Token.EITHER and self._token and not by_admin:
            return self._token
        return await self._tools.bank.token()

    def _weigh(self, step: Step, token: str, judgement: Judgement) -> Judgement:
        """Adjust a judgement that may concern the whole run to what happened to other customers."""
        if judgement.verdict is Verdict.EXPIRED:
            judgement = self._weigh_expired(step, token, judgement)
        if self._journey.claimed and claims.disproved_by(judgement.code, step, self._journey):
            weighed = judgement  # what an operator said about this customer says nothing about others
        else:
            weighed = self._tools.stop.weigh(step, judgement, self._journey.key, self._customer.category)
        again = weighed.verdict is Verdict.SUSPECT or (weighed is not judgement and weighed.verdict is Verdict.EXPIRED)
        self._set_back = self._set_back + 1 if again else 0
        self.is_aside = weighed.verdict is Verdict.ASIDE
        return weighed

    def _weigh_expired(self, step: Step, token: str, judgement: Judgement) -> Judgement:
        """A refused token: the customer's own is replaced by the admin's; a second admin token is weighed."""
        if token and token == self._token:
            self._token = ""
            return judgement
        if self._visit.renewed == step.label:
            return replace(judgement, verdict=Verdict.FATAL, exit_code=ExitCode.REFUSED)
        self._visit = replace(self._visit, renewed=step.label)
        return judgement

    def _wait_s(self, step: Step, reply: Reply, judgement: Judgement) -> float:
        if self._set_back:
            return self._tools.patience.steady_s(self._set_back)
        if judgement.verdict not in _AFTER_A_PAUSE:
            return 0.0
        if reply.hold_s is not None:
            return reply.hold_s
        again = self._visit.tried == step.label
        tries = 1 + max(self._visit.tries, self._visit.refused_for_rate) if again else 1
        return self._tools.patience.asked_s(max(tries, self._journey.doubts), reply.retry_after_s)

    def _fail_unsendable(self, step: Step, problem: Problem) -> None:
        judgement, reply = problem.judgement, Reply(field=problem.field)
        now = self._tools.now()
        call = replace(self._make_intent(step, now), sent=False)
        self._journey = state.stop_unsendable(self._journey, step, reply, judgement, now=now)
        self._post([replace(_with_outcome(call, reply, judgement, wait_s=0.0, now=now), sent=False)])

    def _make_intent(self, step: Step, now: float) -> CallRecord:
        tried = self._visit.tries if self._visit.tried == step.label else 0
        return CallRecord(
            number=self._tools.number(),
            key=self._journey.key,
            run=self._tools.run,
            phase=step.phase,
            step=step.label,
            attempt=max(tried + 1, self._journey.doubts if self._journey.step == step.label else 1),
            changes=step.call.changes,
            intent_at=now,
        )

    async def _weigh_rest(self, rest: Rest) -> Rest | None:
        """Adjust a stop that would end the run to what happened to other customers; ``None``: try again."""
        refused = judgement(Verdict.FATAL, rest.code)
        call = PHASES[rest.phase].call
        assert call is not None, f"{rest.phase} has no call that could be refused"
        step = make_step(call)
        weighed = self._weigh(step, "", refused)
        if weighed.verdict is Verdict.SUSPECT:
            await self._tools.stop.pause(self._wait_s(step, Reply(), weighed))
            self._visit = replace(self._visit, check=None, polls=0, role_refused=False)
            return None
        if weighed.verdict is Verdict.GIVEN_UP:  # other approvals pass: it concerns this customer only
            return Rest(standing=Standing.PARKED, code=rest.code, phase=rest.phase)
        if weighed.verdict is Verdict.FATAL:
            self._tools.stop.fatal(weighed, weighed.message)
        return Rest(standing=Standing.OPEN)

    async def _rest(self, rest: Rest) -> Journey:
        if rest.code:
            self._journey = state.rest(
                self._journey,
                rest.standing,
                rest.code,
                rest.phase,
                field=rest.field,
                item=rest.item,
                now=self._tools.now(),
            )
        self._post([])
        await self._await_durable()
        return self._journey

    def _post(self, calls: Sequence[CallRecord]) -> None:
        self._posted = self._tools.ledger.post(self._journey, calls)

    async def _await_durable(self) -> None:
        """Wait until everything posted is durable."""
        if self._posted is not None:
            await self._posted
            self._posted = None


_AFTER_A_PAUSE = frozenset({Verdict.RETRY, Verdict.DOUBT})
_REPLACED = Problem(
    code=Code.ROW_CHANGED_IN_DOUBT,
    message=Code.ROW_CHANGED_IN_DOUBT.message,
    hint=Code.ROW_CHANGED_IN_DOUBT.hint,
    field="",
)


def _with_outcome(call: CallRecord, reply: Reply, judgement: Judgement, *, wait_s: float, now: float) -> CallRecord:
    done = judgement.verdict is Verdict.DONE
    return replace(
        call,
        outcome_at=now,
        outcome=judgement.verdict,
        sent=reply.sent,
        http_status=reply.status,
        code=judgement.code,
        field="" if done else reply.field,
        message="" if done else _message_of(judgement, reply),
        hint=judgement.hint,
        retriable=judgement.verdict in TRIED_AGAIN,
        wait_s=wait_s,
        seconds=reply.seconds,
    )


def _message_of(judgement: Judgement, reply: Reply) -> str:
    return f"{judgement.message} ({reply.message})" if reply.message else judgement.message
