"""The results of ``onboard check`` for people."""

from finhub_onboard.commands.check_results import Checks
from finhub_onboard.errors import ConfigurationError


def test_the_next_steps_are_the_hints_of_what_failed() -> None:
    """Each check that failed says what to do; if all hold nothing is left to do."""
    checks = Checks()
    checks.find("disk", lambda: "room enough")
    assert checks.next_steps() == [("next", "nothing")]
    checks.fail("ledger", ConfigurationError("it is gone", hint="put it back"))
    checks.fail("bank", ConfigurationError("it is silent"))
    assert checks.next_steps() == [("next: ledger", "put it back")]
