"""Run facts and progress in the ledger: what any version wrote is read, and written so that any version reads it."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.config.profile import Profile
from finhub_onboard.errors import LedgerError
from finhub_onboard.events import CauseCount, Progress
from finhub_onboard.journey.move_kinds import JourneyRules
from finhub_onboard.keys import Keys
from finhub_onboard.ledger.records import CallCounts
from finhub_onboard.matching.requirements import Asked
from finhub_onboard.matching.run_facts import (
    RunFacts,
    RunProgress,
    read_facts,
    read_progress,
    report_command,
    to_json,
)
from finhub_onboard.model import Category, Disposition, Phase, SourceInfo
from finhub_onboard.model.nights import SinceLastRun
from tests.values import replace

KEYS = Keys("a seed for tests only, invented", "tenant")
FACTS = RunFacts(
    run_id="20260504T060000-a1b2",
    inputs=(
        SourceInfo(name="a.csv", path="/srv/a.csv", sha256="ab12", rows=3),
        SourceInfo(name="b.csv", path="/srv/b.csv", sha256="cd34", rows=4),
    ),
    limit=5,
    now=datetime(2026, 5, 4, 6, 0, 0, 250_000, tzinfo=UTC),
    min_age=18,
    documents_root=Path("/srv/documents"),
    max_document_bytes=1000,
    out=Path("/srv/out/r"),
    words=("run", "a.csv", "--limit", "5"),
    exit_on_new=True,
    named=("/srv/*.csv",),
    settings={"limits.calls_per_second": "5"},
    lang="de",
    options="--config '/srv/c d.toml' --limit 5",
    rate_asked=5.0,
    profile=Profile.model_validate({"columns": {"email": "mail"}}),
    max_unpacked=2000,
    reject_probable=True,
    asked=Asked(
        rules=JourneyRules(
            auto_levels=frozenset({"MEDIUM", "LOW"}), evidence_required=False, webhooks=True, max_tries=7
        ),
        reject=True,
    ),
    ledger_restored=True,
    verify=9,
)
PROGRESS = RunProgress(
    categories=(Category(key="INDIVIDUAL_STANDARD", id="c-1", name="Individual Standard", risk="LOW"),),
    highest_rate=6.0,
    rate_reached=4.5,
    max_in_1s=5,
    calls=CallCounts(sent=3, retried=1, refused_for_rate=1),
    levels={"INDIVIDUAL_STANDARD": {"LOW": 2}},
    started=2,
    stopped_by="no_answer",
    since=SinceLastRun(run_id="20260503T060000-a1b2", new=1, known=2, solved=3),
    latest=Progress(
        at=2.5,
        rows_done=1,
        rows_total=7,
        dispositions={Disposition.PARKED: 1},
        phases={Phase.REGISTRATION: 2},
        calls=3,
        calls_per_second=2.0,
        in_flight=1,
        places=4,
        rate_asked=4.5,
        rate_limit=5.0,
        refused=1,
        causes=(CauseCount(stage="approval", code="high_risk", rows=1),),
        eta_s=15.0,
    ),
    reported={Disposition.PARKED: 3},
)
STORED: dict[str, Any] = json.loads("""
{"run_id": "20260504T060000-a1b2",
 "inputs": [{"name": "a.csv", "path": "/srv/a.csv", "sha256": "ab12", "rows": 3},
            {"name": "b.csv", "path": "/srv/b.csv", "sha256": "cd34", "rows": 4}],
 "limit": 5, "now": "2026-05-04T06:00:00.250000+00:00", "min_age": 18, "documents_root": "/srv/documents",
 "max_document_bytes": 1000, "out": "/srv/out/r", "options": "--config '/srv/c d.toml' --limit 5", "rate_asked": 5.0,
 "max_unpacked": 2000, "reject_probable": true,
 "asked": {"reject": true, "until": "activation", "auto_levels": ["LOW", "MEDIUM"], "evidence_required": false,
           "verification_needs_document": true, "verification_by_admin": false, "webhooks": true, "max_tries": 7},
 "highest_rate": 6.0, "rate_reached": 4.5, "max_in_1s": 5,
 "calls": [3, 1, 1], "levels": {"INDIVIDUAL_STANDARD": {"LOW": 2}},
 "started": 2, "stopped_by": "no_answer", "verify": 9, "ledger_restored": true,
 "words": ["run", "a.csv", "--limit", "5"], "exit_on_new": true,
 "named": ["/srv/*.csv"], "settings": {"limits.calls_per_second": "5"}, "lang": "de",
 "since": {"run_id": "20260503T060000-a1b2", "new": 1, "known": 2, "solved": 3}, "reported": {"parked": 3},
 "latest": {"at": 2.5, "rows_done": 1, "rows_total": 7, "dispositions": {"parked": 1}, "phases": {"registration": 2},
            "calls": 3, "calls_per_second": 2.0, "in_flight": 1, "places": 4, "rate_asked": 4.5, "rate_limit": 5.0,
            "refused": 1, "causes": [{"stage": "approval", "code": "high_risk", "rows": 1}], "eta_s": 15.0}}
""")
"""What this version writes, but for what is sealed."""
CLEAR: dict[str, Any] = {
    "profile": {"columns": {"email": "mail"}},
    "categories": [
        {"key": "INDIVIDUAL_STANDARD", "id": "c-1", "name": "Individual Standard", "risk": "LOW"},
    ],
}
SEALED = {**STORED, "sealed": KEYS.seal_text(json.dumps(CLEAR))}


@pytest.mark.parametrize("stored", [SEALED, STORED | CLEAR], ids=["sealed", "in the clear, as up to 0.4.0"])
def test_what_a_run_left_is_read_back(stored: dict[str, Any]) -> None:
    """Every field as the value that it is, and nothing of it as text."""
    assert read_facts(stored, KEYS) == FACTS
    assert read_progress(stored, KEYS) == PROGRESS


def test_it_is_written_as_other_versions_read_it() -> None:
    """The same names and JSON, so that an older version can go on with the ledger; no word of others in the clear."""
    written = json.loads(json.dumps(to_json(FACTS, PROGRESS, KEYS)))
    sealed = json.loads(KEYS.unseal_text(written.pop("sealed")))
    assert written == STORED
    assert sealed == {"profile": FACTS.profile.model_dump(mode="json"), "categories": CLEAR["categories"]}
    assert set(written) | set(sealed) == {each.name for part in (FACTS, PROGRESS) for each in fields(part)}


def test_without_the_seed_all_but_what_is_sealed_is_known() -> None:
    """Who shows the state of runs needs no secret, whatever an old profile would be told today."""
    assert read_facts(SEALED) == replace(FACTS, profile=Profile())
    assert read_progress(SEALED) == replace(PROGRESS, categories=None)
    assert read_facts({**STORED, "profile": {"no": "profile"}}) == replace(FACTS, profile=Profile())


def test_what_a_version_did_not_write_has_its_default_and_what_it_added_is_left_alone() -> None:
    """Ledgers are taken up by older and by newer versions."""
    later = (
        "max_unpacked",
        "reject_probable",
        "asked",
        "ledger_restored",
        "verify",
        "levels",
        "started",
        "stopped_by",
        "calls",
        "highest_rate",
    )
    first = {name: value for name, value in STORED.items() if name not in later}
    facts, progress = read_facts(first), read_progress(first)
    assert (facts.asked, facts.ledger_restored, facts.max_unpacked) == (None, False, 16 * 1024**3)
    assert (progress.started, progress.stopped_by, progress.levels, progress.calls) == (None, "", {}, CallCounts())
    assert progress.highest_rate == 0
    assert read_facts({**STORED, "of_tomorrow": 1}) == read_facts(STORED)
    assert read_progress({**STORED, "of_tomorrow": 1}) == read_progress(STORED)


def test_a_seal_that_is_broken_is_said() -> None:
    """Rows must not be judged by an empty profile because somebody damaged the real one."""
    for read in (read_facts, read_progress):
        with pytest.raises(LedgerError, match=FACTS.run_id):
            read({**STORED, "sealed": SEALED["sealed"][:-2] + "00"}, KEYS)


def test_the_command_for_the_reports_names_run_and_configuration() -> None:
    """Other options of the run are not those of the report."""
    assert report_command(FACTS) == f"onboard report {FACTS.run_id} --config '/srv/c d.toml'"
    assert report_command(replace(FACTS, options="--limit 5")) == f"onboard report {FACTS.run_id}"


def test_the_rows_of_all_inputs_are_counted() -> None:
    """Together."""
    assert FACTS.rows == 7
