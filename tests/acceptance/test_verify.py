"""`run --verify`: whether the bank still has those who are finished, before anything is sent for others."""

from pathlib import Path

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, head, sandbox


def test_a_ledger_that_went_stale_is_noticed_before_anything_is_sent(desk: Desk, tmp_path: Path) -> None:
    """With its data the bank answers, and the run goes on; once they are reset it ends with 5 and says what to do."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    assert desk.run(source, "--verify", "5").returncode == 0  # nobody is finished yet
    done = desk.run(source, "--verify", "2")
    assert (done.returncode, "the bank knows 2 of the last 2 finished customers" in done.stderr) == (0, True), (
        done.stderr
    )
    assert desk.bank is not None
    assert desk.bank.record()["calls"]["checkActivation"]["received"] == 3 + 2
    assert desk.run(source, "--verify", "2", "--dry-run").returncode == 2
    with sandbox() as reset:
        desk.configure(FAST, base_url=reset.base_url)
        done = desk.run(head(SAMPLE, 5, source), "--verify", "5", "--same-bank")
        assert_no_traceback(done)
        assert done.returncode == 5, done.stderr
        assert "does not know 3 of the 3 customers who were finished last" in done.stderr
        assert "ledger.url" in done.stderr
        assert set(reset.record()["calls"]) == {"createAdminSession", "getCategorizationHierarchy", "checkActivation"}
        assert desk.counts() == {"unchanged": 3, "pending": 2}
