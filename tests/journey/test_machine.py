"""Arbitrary replies, crashes, restarts, changed rows and people's decisions against a model of the bank."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from finhub_onboard.finhub import calls
from finhub_onboard.finhub.calls import OF_THE_RUN, CallName, Step, step_from_label
from finhub_onboard.journey.operator import Answer, apply_answer, is_in_doubt, may_open, open_again, question_about
from finhub_onboard.journey.phases.p4_verification import EVIDENCE_COLUMNS
from finhub_onboard.keys import changed_columns
from finhub_onboard.ledger.sqlite import database, store
from finhub_onboard.ledger.sqlite.calls import write_calls
from finhub_onboard.ledger.sqlite.kinds import KindNumbers
from finhub_onboard.ledger.sqlite.recent import write_journeys
from finhub_onboard.model import CallRecord, Journey, Phase, Standing
from finhub_onboard.reports.projection import disposition_of
from tests.journey.world import AUTO, FAULTS, KEYS, NEVER, UNKNOWN, Bank, Ledger, Person, World, a_customer, no_fault
from tests.support import typical
from tests.values import replace

OTHER_EMAIL = "other@example.com"
RISKS, LAGS = ("LOW", "MEDIUM", "HIGH", ""), (0, 0, 1, 3)
CHANGES = (
    {"email": OTHER_EMAIL},
    {"phone": "+37061231999"},
    {"first_name": "Onute"},
    {"category": "GONE"},
    {"document_number": "X2"},
    {"identity_document": "gone.pdf"},
    {"identity_document": ""},
    {"identity_document": "other.pdf"},
    {"terms_accepted_at": ""},
    {"privacy_version": "2.0"},
    {"risk_level": "HIGH"},
)
_LOST_BEFORE = [name for name in FAULTS if name in UNKNOWN]
_LOST_AFTER = [name for name in FAULTS if name.endswith(("_after", "_2xx"))]
_CLEAR = [name for name in FAULTS if name not in (*_LOST_BEFORE, *_LOST_AFTER)]
KINDS = (_LOST_BEFORE, _LOST_AFTER, _CLEAR)
ANY_FAULT = st.one_of(st.just(""), *map(st.sampled_from, KINDS))
CALLS = [name for name in CallName if name not in OF_THE_RUN]
CHANGING = [name for name in CALLS if calls.CALLS[name].changes]
LOST = ("", "before", "after")
UNTIL = (*Phase, *[Phase.ACTIVATION] * 8)
CUSTOMER = KEYS.customer(a_customer().external_id)
EVENTS = (
    *CHANGES,
    "restored",
    "approved",
    "approved by power",
    "rejected",
    "activated",
    "a stranger",
    *["somebody else"] * 3,
)
_LATER = {"customer_id", "user_id", "verification_id"}


class Onboarding(RuleBasedStateMachine):
    """One customer of a job that is run again and again while everything goes wrong."""

    kept_in: type[Ledger] = Ledger

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.row = self.world.customer
        self.before: Journey | None = None
        self.absent: Counter[str] = Counter()

    @initialize(
        risk=st.sampled_from(RISKS),
        lag=st.sampled_from(LAGS),
        users=st.booleans(),
        auto=st.booleans(),
        webhooks=st.booleans(),
        others_pass=st.booleans(),
        lazy=st.booleans(),
        reached=st.sampled_from(list(Phase)[:-1]),
        lost=st.sampled_from(LOST),
    )
    def begin(
        self,
        *,
        risk: str,
        lag: int,
        users: bool,
        auto: bool,
        webhooks: bool,
        others_pass: bool,
        lazy: bool,
        reached: Phase,
        lost: str,
    ) -> None:
        """Choose the customer, the bank's habits and the settings; a run came so far, and the next perhaps died."""
        self.row = a_customer(risk_level=risk)
        rules = replace(AUTO if auto else replace(AUTO, auto_levels=frozenset()), webhooks=webhooks, max_tries=3)
        self.world = World(
            self.row, rules=rules, bank=Bank(lag_checks=lag, users=users), lazy=lazy, kept_in=self.kept_in
        )
        self.world.others_pass = others_pass
        self.world.rules = replace(rules, until=reached)
        self._run(NEVER)
        self.world.rules = rules
        if lost:
            self.world.crash_on = lambda point: point.endswith(f"{lost} the work") and _of(point) in CHANGING
            self._run(NEVER)

    @rule(seed=st.integers(0, 2**32))
    def run_with_faults(self, seed: int) -> None:
        """Run the job; any of its calls may meet any fault, and perhaps it is killed."""
        draw = Random(seed)

        def plan(step: Step, occurrence: int) -> str:
            del step, occurrence
            return draw.choice(draw.choice(KINDS)) if draw.random() < 0.3 else ""

        self.world.plan = plan
        self._run(NEVER if draw.random() < 0.5 else len(self.world.points) + draw.randint(0, 40))

    @rule(
        faults=st.dictionaries(
            st.sampled_from(CALLS), st.lists(ANY_FAULT, min_size=1, max_size=3), min_size=1, max_size=4
        ),
        dies=st.none() | st.tuples(st.sampled_from(CHANGING), st.sampled_from(["before", "after"])),
    )
    def run_with_faults_of_calls(self, faults: dict[CallName, list[str]], dies: tuple[CallName, str] | None) -> None:
        """Run the job; the calls of a name meet its faults in turn, and perhaps it is killed around one call."""
        coming = {name: iter(of_name) for name, of_name in faults.items()}

        def plan(step: Step, occurrence: int) -> str:
            del occurrence
            if dies and dies[0] is step.call.name:
                self.world.crash_on = lambda point: point == f"send {step.label} {dies[1]} the work"
            return next(coming.get(step.call.name, iter(())), "")

        self.world.plan = plan
        self._run(NEVER)

    @rule(stop_after=st.integers(0, 6))
    def run_and_stop(self, stop_after: int) -> None:
        """Run the job and stop it after some calls."""
        until = self.world.bank.requests.total() + stop_after

        def plan(step: Step, occurrence: int) -> str:
            del step, occurrence
            self.world.life.requested = self.world.bank.requests.total() >= until
            return ""

        self.world.plan = plan
        self._run(NEVER)

    @rule()
    def run_undisturbed(self) -> None:
        """Run the job while nothing goes wrong; afterwards the customer rests for a reason, or is complete."""
        self.world.plan = no_fault
        before = self.world.ledger.journeys.get(self.world.key)
        opened = self.world.bank.carried_out["open_verification"]
        self._run(NEVER)
        journey = self.world.journey
        if before is not None and before.standing is Standing.DECLINED and self._has_other_evidence(before):
            anew = self.world.bank.carried_out["open_verification"] > opened
            assert anew or journey.standing is not Standing.DECLINED, "other evidence never left"
        if self.world.rules.until is not Phase.ACTIVATION:
            return
        assert journey.standing is not Standing.OPEN
        assert journey.standing is Standing.COMPLETE or journey.code

    def _has_other_evidence(self, before: Journey) -> bool:
        row = KEYS.fingerprint(self.world.customer)
        return bool(EVIDENCE_COLUMNS.intersection(changed_columns(before.fingerprint, row)))

    def _run(self, crash_at: int) -> None:
        self.world.crash_at = crash_at
        self.world.bank.requests.clear()
        self.world.live_or_die()
        self.world.crash_at, self.world.crash_on = NEVER, lambda _: False

    @rule(event=st.sampled_from(EVENTS))
    def something_happens(self, event: dict[str, str] | str) -> None:
        """Somebody edits the input or puts it back, a person decides in the portal, the bank gets another customer."""
        people = self.world.bank.people.values()
        match event:
            case "restored":
                self.world.customer = self.row
            case "approved" | "approved by power":
                for person in people:
                    person.approved = person.approved or person.verifications > 0
                    person.power_approved = person.approved and event == "approved by power"
            case "rejected":
                for person in people:
                    person.refused = person.verifications > 0 and not person.approved
            case "activated":
                for person in people:
                    if person.approved and len(set(person.consents)) == 3:
                        person.status = "ACTIVE"
            case "a stranger":
                self._the_other_email_is_a_strangers()
            case "somebody else":
                self._another_customer_appears()
            case dict():
                self.world.change(**event)

    @rule(until=st.sampled_from(UNTIL), auto=st.booleans(), evidence=st.booleans())
    def somebody_changes_the_settings(self, *, until: Phase, auto: bool, evidence: bool) -> None:
        """How far, who approves, and whether a consent needs evidence."""
        levels = AUTO.auto_levels if auto else frozenset[str]()
        self.world.rules = replace(self.world.rules, until=until, auto_levels=levels, evidence_required=evidence)

    def _another_customer_appears(self) -> None:
        """The bank tells the same subscription of them."""
        bank = self.world.bank
        name = f"other-{len(bank.people)}"
        email = f"{name}@example.com"
        bank.people[email] = Person(id=name, external_id=f"X-{name}", email=email, risk="LOW", status="ACTIVE")
        bank.tell("customer.created", {"data": {"customerId": name, "email": email}})
        bank.tell("customer.activated", {"data": {"customerId": name}})

    def _the_other_email_is_a_strangers(self) -> None:
        """Whose e-mail the row may be given by mistake; not ours, whatever is in doubt."""
        bank = self.world.bank
        if OTHER_EMAIL not in bank.people:
            bank.people[OTHER_EMAIL] = Person(id="stranger", external_id="X-stranger", email=OTHER_EMAIL, risk="LOW")
            bank.tell("customer.created", {"data": {"customerId": "stranger", "email": OTHER_EMAIL}})

    @rule()
    def the_operator_answers(self) -> None:
        """A person looks at the bank and says how the step in doubt ended."""
        journey = self.world.ledger.journeys.get(self.world.key)
        if journey is None or not is_in_doubt(journey):
            return
        people = self.world.bank.of(self.row.external_id)
        asked, at = question_about(journey), step_from_label(journey.step)
        happened = (
            bool(people)
            and {
                CallName.REGISTER: True,
                CallName.OPEN_VERIFICATION: people[0].verifications > 0,
                CallName.UPLOAD_DOCUMENT: at.item in people[0].documents,
                CallName.APPROVE: people[0].approved,
                CallName.ACCEPT_CONSENT: at.item in people[0].consents,
                CallName.ACTIVATE: people[0].status == "ACTIVE",
            }[at.call.name]
        )
        ids = {}
        if happened:
            ids = {"customer_id": people[0].id, "verification_id": f"v{people[0].verifications}-{people[0].id}"}
        answer = Answer(word=asked.yes if happened else asked.no, **ids)
        if at.call.name is CallName.REGISTER and not happened and self.world.bank.registered_rows:
            self.absent[self.world.bank.registered_rows[-1][1]] += 1
        if not happened:
            self.world.promises.vouched(at.label)
        self._act(apply_answer(journey, answer, run=self.world.run + 1, now=self.world.now()))

    @rule()
    def a_redrive_opens_the_customer(self) -> None:
        """A person lets everybody be tried again who failed or was declined."""
        journey = self.world.ledger.journeys.get(self.world.key)
        if journey is not None and may_open(journey, declined=True):
            self._act(open_again(journey, run=self.world.run + 1))

    def _act(self, journey: Journey) -> None:
        self.world.run += 1
        self.world.ledger.write(journey, ())

    @invariant()
    def nobody_is_registered_twice(self) -> None:
        """One registration per external id, and of those whose outcome was unknown at most one repeat for each e-mail.

        One more for each time that an operator has looked for that e-mail and found nobody.
        """
        bank = self.world.bank
        assert bank.carried_out["register"] <= 1
        for email, times in self.world.unknown_registrations.items():
            assert times <= 2 + self.absent[email]
        assert bank.carried_out["activate"] <= 1

    @invariant()
    def nothing_is_lost(self) -> None:
        """Who is registered is known by id or remembered as in doubt; who is complete is active and stays so."""
        journey = self.world.ledger.journeys.get(self.world.key)
        people = self.world.bank.of(self.row.external_id)
        if journey is None:
            assert not people
            return
        if people and not journey.customer_id:
            assert (journey.step, journey.doubts > 0) == ("register", True)
            assert journey.standing in (Standing.OPEN, Standing.IN_DOUBT)
        if journey.customer_id:
            assert [person.id for person in people] == [journey.customer_id]
        self.world.promises.check(journey, people[0] if people else None)
        if journey.standing is Standing.COMPLETE:
            assert (people[0].status, journey.done, journey.doubts) == ("ACTIVE", 8, 0)
        if journey.doubts:
            assert journey.standing in (Standing.OPEN, Standing.IN_DOUBT, Standing.PARKED), "a doubt became an answer"
        done = self.world.bank.carried_out
        for label, phase in (("approve", Phase.APPROVAL), ("activate", Phase.ACTIVATION)):
            known = journey.done >= phase.number or (journey.step == label and journey.doubts > 0)
            assert known or not done[label], f"nobody remembers that {label} was done"
        before, self.before = self.before, journey
        if before is None:
            return
        if before.standing is Standing.COMPLETE:
            assert journey == before
        disowned = bool(before.claimed) and not journey.claimed and journey.code == "claim_unknown"
        may_be_anew = before.standing is Standing.DECLINED or self.world.promises.expired
        anew = may_be_anew and journey.verification_id != before.verification_id
        if disowned or anew:
            return
        assert journey.done >= before.done or (before.done, journey.done) == (
            Phase.CONSENTS.number,
            Phase.APPROVAL.number,
        )
        for name in _LATER:
            held = getattr(before, name)
            assert not held or getattr(journey, name) == held

    @invariant()
    def every_row_has_one_disposition(self) -> None:
        """Whatever happened, there is a disposition."""
        known = self.world.ledger.journeys.get(self.world.key)
        assert disposition_of(known, KEYS.fingerprint(self.world.customer), run=self.world.run)


def _of(point: str) -> str:
    """The name of the call whose crash point this is; no call's for a write."""
    return point.split()[1].partition("/")[0]


TestOnboarding = Onboarding.TestCase
TestOnboarding.settings = settings(
    max_examples=120, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


STORIES = 0.2
"""How often a walk begins with a story that chance alone hardly ever tells."""


def a_strangers_email(draw: Random, machine: Onboarding) -> None:
    """Answered "does not exist", the row is given an e-mail that is somebody else's."""
    lost = ["dropped_before", "timeout_before"]
    machine.run_with_faults_of_calls(faults={CallName.REGISTER: lost}, dies=None)
    if draw.random() < 0.5:
        machine.the_operator_answers()
    events: list[dict[str, str] | str] = ["a stranger", {"email": OTHER_EMAIL}]
    for event in draw.sample(events, 2):
        machine.something_happens(event=event)
    second = {CallName.REGISTER: [draw.choice(["", "dropped_before", "500_before"])]}
    machine.run_with_faults_of_calls(faults=second, dies=None)


def other_evidence(draw: Random, machine: Onboarding) -> None:
    """Rejected by a person, the row is given other evidence, or something else."""
    machine.run_undisturbed()
    machine.something_happens(event="rejected")
    machine.run_undisturbed()
    machine.something_happens(event=draw.choice([{"document_number": "X2"}, {"identity_document": "other.pdf"}]))
    machine.run_undisturbed()


def walk(draw: Random, machine: Onboarding) -> None:
    """The machine's rules in a random order: denser in faults than what hypothesis tries first, and not shrunk."""
    machine.begin(
        risk=draw.choice(RISKS),
        lag=draw.choice(LAGS),
        users=draw.random() < 0.8,
        auto=draw.random() < 0.8,
        webhooks=draw.random() < 0.5,
        others_pass=draw.random() < 0.5,
        lazy=draw.random() < 0.5,
        reached=draw.choice((Phase.CATEGORIZATION, *list(Phase)[:-1])),
        lost=draw.choice(LOST),
    )
    if draw.random() < STORIES:
        draw.choice((a_strangers_email, other_evidence))(draw, machine)
    for _ in range(draw.randint(1, 7)):
        match draw.randrange(8):
            case 0 | 1:
                machine.run_with_faults(seed=draw.getrandbits(32))
            case 2 | 3:
                names = draw.sample(CHANGING, 2) + draw.sample(CALLS, 2)
                faults = {name: [draw.choice(draw.choice(KINDS)) for _ in range(draw.randint(1, 3))] for name in names}
                machine.run_with_faults_of_calls(faults=faults, dies=(draw.choice(CHANGING), draw.choice(LOST[1:])))
            case 4:
                machine.something_happens(event=draw.choice(EVENTS))
            case 5:
                draw.choice((machine.run_undisturbed, lambda: machine.run_and_stop(stop_after=draw.randint(0, 6))))()
            case 6:
                draw.choice((machine.the_operator_answers, machine.a_redrive_opens_the_customer))()
            case 7:
                machine.somebody_changes_the_settings(
                    until=draw.choice(UNTIL), auto=draw.random() < 0.7, evidence=draw.random() < 0.7
                )
        machine.nobody_is_registered_twice()
        machine.nothing_is_lost()
        machine.every_row_has_one_disposition()


@pytest.mark.parametrize("seed", typical(range(4)))
def test_random_walks_keep_what_the_machine_promises(seed: int) -> None:
    """Four hundred customers a seed; the same seed walks the same way."""
    draw = Random(seed)
    for _ in range(400):
        walk(draw, Onboarding())


def test_random_walks_over_the_real_ledger(tmp_path: Path) -> None:
    """The same with SQLite in between: each life begins with what the file says, and what is asserted is read back."""

    class OnDisk(Ledger):
        """The ledger's own statements on a real file; a transaction that the process does not survive is not there."""

        def __init__(self, point: Callable[[str], None], held: Ledger | None = None, *, lazy: bool = True) -> None:
            super().__init__(point, held, lazy=lazy)
            self.journeys = real.find([CUSTOMER])
            self.calls = {call.number: call for call in real.calls([CUSTOMER])}

        def write(self, journey: Journey, calls: Sequence[CallRecord]) -> None:
            with db:
                write_journeys(db, [journey])
                write_calls(db, calls, KindNumbers())
            assert real.find([CUSTOMER]) == {CUSTOMER: journey}
            self.journeys[CUSTOMER] = real.find([CUSTOMER])[CUSTOMER]
            self.calls |= {call.number: call for call in calls}

    draw = Random(7)
    for number in range(60):
        path = tmp_path / f"{number}.db"
        with store.SqliteLedger.open(path, tenant_id="t", seed="s") as real, closing(database.connect(path)) as db:
            db.execute("PRAGMA synchronous = OFF")  # these processes die, the machine does not
            machine = Onboarding()
            machine.kept_in = OnDisk
            walk(draw, machine)
