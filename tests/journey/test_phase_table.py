"""The table of phases is whole: each phase is there, and each call that changes something is settled by its phase."""

import pytest

from finhub_onboard.finhub.calls import CALLS, OF_THE_RUN, CallName
from finhub_onboard.journey.phase_table import BY_CALL, IN_ORDER, PHASES
from finhub_onboard.model import Phase

CHANGING = [name for name, call in CALLS.items() if call.changes]


def test_every_phase_is_there_in_order() -> None:
    """The place of a phase is the number of phases complete before it."""
    assert list(PHASES) == list(Phase)
    assert [IN_ORDER[phase.number - 1] for phase in Phase] == list(PHASES.values())


@pytest.mark.parametrize("name", CHANGING)
def test_a_call_that_changes_something_belongs_to_its_phase(name: CallName) -> None:
    """Its answer moves the journey, its doubt is settled, and a person can be asked about it."""
    rules = BY_CALL[name]
    assert rules is PHASES[CALLS[name].phase]
    assert name in rules.replies
    assert rules.settle is not None
    assert rules.question is not None


def test_every_call_of_a_customer_is_answered_somewhere() -> None:
    """All but the run's own calls."""
    answered = {name for rules in PHASES.values() for name in rules.replies}
    assert answered == set(CallName) - OF_THE_RUN


def test_a_question_names_the_item_of_its_step() -> None:
    """A question names the document or the consent that it is about, and nothing else."""
    with_item = {name for name, rules in BY_CALL.items() if rules.question and "{item}" in rules.question.text}
    assert with_item == {CallName.UPLOAD_DOCUMENT, CallName.ACCEPT_CONSENT}
