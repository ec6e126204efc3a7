"""A row that is given somebody else's e-mail while its registration is in doubt: the stranger stays a stranger."""

from math import floor
from pathlib import Path
from time import time

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head, sandbox
from tests.acceptance.test_changed_rows import edit
from tests.acceptance.test_resolve import fill, resolve
from tests.acceptance.test_stopping import until
from tests.support import typical

MINE, THEIRS = "customer0001@example.com", "somebody.else@example.com"


def lost(email: str, calls: str, kind: str = "drop_before") -> str:
    """These registrations of one e-mail get no answer."""
    return f'[[fault]]\nkind = "{kind}"\non = ["registerIndividual"]\nof = ["{email}"]\nnth = {calls}\n'


@pytest.mark.parametrize(
    "again", typical(["", lost(THEIRS, "[2, 3]"), lost(THEIRS, "[2]", "drop_after")], lost(THEIRS, "[2]", "drop_after"))
)
def test_a_stranger_is_never_taken_over(tmp_path: Path, again: str) -> None:
    """Answered "does not exist", corrected to an e-mail that is somebody else's: with webhooks on, and answers lost."""
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(lost(MINE, "[1, 2]") + again, encoding="utf-8")
    other, mine = tmp_path / "other", tmp_path / "mine"
    other.mkdir()
    mine.mkdir()
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=mine, bank=bank).configure(FAST, webhook_subscription_id=demo.SUBSCRIPTION_ID)
        source = head(SAMPLE, 1, mine / "customers.csv")
        assert_no_traceback(desk.run(source))
        assert desk.counts() == {"in_doubt": 1}
        answers = {"CUST-000001": {"answer": "does not exist"}}
        assert resolve(desk, fill(desk, answers, tmp_path / "answers.csv"))[0] == 0

        stranger = Desk(folder=other, bank=bank).configure(FAST)
        theirs = head(SAMPLE, 1, other / "customers.csv")
        edit(theirs, lambda _: {"email": THEIRS, "external_id": "THEIRS-1"})
        assert_no_traceback(stranger.run(theirs, "--until", "session"))
        [person] = bank.record()["customers"]
        # The bank's instants are whole seconds: who is made in the second of our own attempt cannot be told from ours.
        made_by = floor(time())
        until(lambda: floor(time()) > made_by)

        edit(source, lambda _: {"email": THEIRS})
        assert_no_traceback(desk.run(source))
        [row] = desk.table("results.csv")
        assert row["customer_id"] == ""
        assert (row["disposition"], row["code"]) in {
            ("failed", "duplicate_email"),
            ("in_doubt", "exists_after_doubt"),
            ("in_doubt", "registration_in_doubt"),
        }
        assert bank.record()["customers"] == [person], "nothing was done to the stranger"
