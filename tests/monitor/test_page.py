"""The monitor's page: what is shown in each state, escaped, with a script that the policy allows by its hash."""

import base64
import hashlib
import re
from typing import Any

import pytest

from finhub_onboard.commands.run_status import status_of
from finhub_onboard.matching.run_facts import RunProgress
from finhub_onboard.model import Disposition
from finhub_onboard.monitor import page
from finhub_onboard.monitor.view import View
from tests.commands.test_run_status import LATEST, record
from tests.values import replace


def view(progress: RunProgress, *, holds_lock: bool = True, **fields: Any) -> View:
    """A ledger with one run."""
    return View(ledger="/srv/ledger.db", runs=[status_of(record(progress, **fields), holds_lock=holds_lock)])


def test_the_policy_allows_the_pages_script_and_no_other() -> None:
    """By the hash of exactly what stands between the tags; nothing is loaded from anywhere."""
    [script] = re.findall(r"<script>(.*?)</script>", page.render(View(ledger="x")), re.DOTALL)
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{known}';" in page.policy()
    assert "default-src 'none'" in page.policy()
    assert not re.search(r"""(src|href)=["'](?!data:)""", page.render(view(RunProgress(latest=LATEST))))


def test_a_running_run_is_shown_with_all_that_it_notes() -> None:
    """Funnel, pace, refusals, doubts, causes and time left."""
    doubtful = replace(LATEST, dispositions={Disposition.ONBOARDED: 297, Disposition.IN_DOUBT: 7})
    shown = page.render_state(view(RunProgress(latest=doubtful)))
    text = re.sub(r"<[^>]+>|\s+", " ", shown)
    for words in ("304 of 1,200 rows done", "About 3 min 20 s left", "26 of 50", "slowed to 28", "4 of 8"):
        assert words in re.sub(r" +", " ", text)
    for label, value in (("refused for their rate", "12"), ("in doubt", "7"), ("calls", "3,000")):
        assert re.search(rf"<dt>{label}</dt><dd>{value}</dd>", shown)
    assert re.search(
        r"<td>activation</td><td class=\"n\">300</td><td class=\"bar\"><span style=\"width:25.00%\">", shown
    )
    assert re.search(r"<td>intake</td><td><code>code_4</code></td><td class=\"n\">4</td>", shown)
    assert re.search(r"not done yet</td>\s*<td class=\"n\">896</td>", shown)


ENDED: dict[str, Any] = {"finished_at": 1100.0, "exit_code": 4, "stopped_because": "it is <06:00> & late"}


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (View(ledger="/srv/ledger.db"), "No run yet"),
        (View(ledger="/srv/ledger.db", trouble="it is locked", hint="wait"), "The ledger cannot be read now"),
        (view(RunProgress()), "The run logs in"),
        (view(RunProgress(latest=LATEST, started=3)), "the reports of 1,200 rows are written"),
        (view(RunProgress(latest=LATEST), holds_lock=False), "The last run died"),
        (view(RunProgress(reported={Disposition.PENDING: 1200}), **ENDED), "it is &lt;06:00&gt; &amp; late"),
    ],
)
def test_every_state_has_its_words(seen: View, words: str) -> None:
    """Also those in which there is little to show; what others wrote is escaped."""
    assert words in page.render(seen)


def test_old_runs_are_counted_and_not_shown() -> None:
    """A ledger of years makes no endless page."""
    assert "7 older runs" in page.render(View(ledger="x", runs=view(RunProgress()).runs, more=7))


def test_control_characters_are_escaped() -> None:
    """A ledger's name may hold any."""
    names = {"a\u202eb": "a\\u202eb", "a<b>": "a&lt;b&gt;"}
    for name, shown in names.items():
        assert f"Monitor · {shown}" in page.render(View(ledger=name))
