"""Arbitrary replies, crashes, restarts, changed rows and people's decisions against a model of the bank."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipeline.calls import CallName, Step, step_from_label
from pipeline.journey.operator import Answer, answered, is_in_doubt, may_open, opened_again, question_about
from pipeline.model import Journey, Phase, Standing
from pipeline.projection import disposition_of
from tests.journey.world import AUTO, FAULTS, KEYS, NEVER, Bank, World, a_customer, no_fault
from tests.values import replace

CHANGES = (
    {"email": "other@example.com"},
    {"phone": "+37061231999"},
    {"first_name": "Onute"},
    {"category": "GONE"},
    {"document_number": "X2"},
    {"identity_document": "gone.pdf"},
    {"identity_document": ""},
    {"terms_accepted_at": ""},
)
_LATER = {"customer_id", "user_id", "verification_id"}


class Onboarding(RuleBasedStateMachine):
    """One customer of a job that is run again and again while everything goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.row = self.world.customer
        self.before: Journey | None = None
        self.answers = 0

    @initialize(
        risk=st.sampled_from(["LOW", "MEDIUM", "HIGH", ""]),
        lag=st.sampled_from([0, 0, 1, 3]),
        users=st.booleans(),
        auto=st.booleans(),
        webhooks=st.booleans(),
        lazy=st.booleans(),
    )
    def begin(self, *, risk: str, lag: int, users: bool, auto: bool, webhooks: bool, lazy: bool) -> None:
        """Choose the customer, the bank's habits and the settings."""
        self.row = a_customer(risk_level=risk)
        rules = replace(AUTO if auto else replace(AUTO, auto_levels=frozenset()), webhooks=webhooks, max_tries=3)
        self.world = World(self.row, rules=rules, bank=Bank(lag_checks=lag, users=users), lazy=lazy)

    @rule(faults=st.lists(st.sampled_from(["", "", *FAULTS]), max_size=14), die_after=st.none() | st.integers(0, 40))
    def run_with_faults(self, faults: list[str], die_after: int | None) -> None:
        """Run the job; its calls meet these faults in turn, and perhaps it is killed."""
        coming = iter(faults)

        def plan(step: Step, occurrence: int) -> str:
            del step, occurrence
            return next(coming, "")

        self.world.plan = plan
        self._run(self.world.live_or_die, NEVER if die_after is None else len(self.world.points) + die_after)

    @rule(stop_after=st.integers(0, 6))
    def run_and_stop(self, stop_after: int) -> None:
        """Run the job and stop it after some calls."""
        until = self.world.bank.requests.total() + stop_after

        def plan(step: Step, occurrence: int) -> str:
            del step, occurrence
            self.world.life.requested = self.world.bank.requests.total() >= until
            return ""

        self.world.plan = plan
        self._run(self.world.live_or_die, NEVER)

    @rule()
    def run_undisturbed(self) -> None:
        """Run the job while nothing goes wrong; afterwards the customer rests for a reason, or is complete."""
        self.world.plan = no_fault
        self._run(self.world.live_or_die, NEVER)
        journey = self.world.journey
        assert journey.standing is not Standing.OPEN
        assert journey.standing is Standing.COMPLETE or journey.code

    def _run(self, live: Callable[[], bool], crash_at: int) -> None:
        self.world.crash_at = crash_at
        self.world.bank.requests.clear()
        live()
        self.world.crash_at = NEVER

    @rule(change=st.sampled_from(CHANGES))
    def change_the_row(self, change: dict[str, str]) -> None:
        """Somebody edits the input."""
        self.world.change(**change)

    @rule()
    def restore_the_row(self) -> None:
        """Somebody puts the input back."""
        self.world.customer = self.row

    @rule(power=st.booleans())
    def somebody_approves(self, power: bool) -> None:  # noqa: FBT001
        """A person approves in the portal."""
        for person in self.world.bank.people.values():
            person.approved = person.approved or person.verifications > 0
            person.power_approved = person.approved and power

    @rule()
    def somebody_activates(self) -> None:
        """A person activates in the portal whom the bank would activate."""
        for person in self.world.bank.people.values():
            if person.approved and len(set(person.consents)) == 3:
                person.status = "ACTIVE"

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
        self.answers += at.call.name is CallName.REGISTER and not happened
        self._act(answered(journey, answer, run=self.world.run + 1, now=self.world.now()))

    @rule()
    def a_redrive_opens_the_customer(self) -> None:
        """A person lets everybody be tried again who failed or was declined."""
        journey = self.world.ledger.journeys.get(self.world.key)
        if journey is not None and may_open(journey, declined=True):
            self._act(opened_again(journey, run=self.world.run + 1))

    def _act(self, journey: Journey) -> None:
        self.world.run += 1
        self.world.ledger.journeys[self.world.key] = journey

    @invariant()
    def nobody_is_registered_twice(self) -> None:
        """One registration per external id, and of those whose outcome was unknown at most one repeat.

        One more for each time that an operator has looked and found nobody.
        """
        bank = self.world.bank
        assert bank.carried_out["register"] <= 1
        assert self.world.unknown_registrations.total() <= 2 + self.answers
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
        if journey.standing is Standing.COMPLETE:
            assert (people[0].status, journey.done, journey.doubts) == ("ACTIVE", 8, 0)
        before, self.before = self.before, journey
        if before is None:
            return
        if before.standing is Standing.COMPLETE:
            assert journey == before
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


TestOnboarding = Onboarding.TestCase
TestOnboarding.settings = settings(
    max_examples=120, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
