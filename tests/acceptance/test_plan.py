"""`onboard plan`: what it says beforehand is what the run then does; nothing is sent."""

import csv
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from finhub_onboard.sandbox import demo
from tests.acceptance.conftest import FAST
from tests.acceptance.interposed import interposed, told
from tests.acceptance.support import MESSY, ROOT, SAMPLE, Desk, head, sandbox
from tests.support import typical

ROWS = 14


def plan(desk: Desk, *words: str | Path) -> dict[str, Any]:
    """What `onboard plan --json` prints."""
    done = desk.onboard("plan", *words, "--config", desk.config, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_run_does_what_was_planned(desk: Desk, tmp_path: Path) -> None:
    """Calls by phase to the last one; then only the new rows are left to do, and the others are unchanged."""
    assert desk.bank is not None
    first, all_rows = head(SAMPLE, 10, tmp_path / "some.csv"), head(SAMPLE, ROWS, tmp_path / "all.csv")
    for source, ledger in ((first, {"new": 10}), (all_rows, {"new": ROWS - 10, "unchanged": 10})):
        before = desk.bank.record()["calls"]
        told = plan(desk, source)
        assert desk.bank.record()["calls"] == before
        assert told["ledger"] == ledger
        assert desk.run(source).returncode == 0
        assert told["calls"] == {phase: calls["sent"] for phase, calls in desk.summary()["calls"].items()}
        ends = {end["disposition"]: end["rows"] for end in told["then"]}
        assert ends == desk.counts()
    assert plan(desk, all_rows)["calls_total"] == 1


def test_resumable_rejected_and_parked_rows_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    """A run that was cut short, a messy file, and approvals that wait for a person."""
    assert desk.bank is not None
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    desk.run(source, "--until", "verification")
    told = plan(desk, source)
    assert (told["ledger"], told["calls"]["registration"]) == ({"resumable": 5}, 0)
    assert desk.run(source).returncode == 0
    assert told["calls"] == {phase: calls["sent"] for phase, calls in desk.summary()["calls"].items()}

    desk.configure(FAST.replace('mode = "auto"', 'mode = "manual"'))
    messy = plan(desk, MESSY)
    assert desk.run(MESSY).returncode == 3
    assert {end["disposition"]: end["rows"] for end in messy["then"]} == desk.counts()
    assert sum(messy["ledger"].values()) == messy["rows"]


def test_a_row_that_breaks_a_rule_is_foreseen_as_its_customer_stands(desk: Desk, tmp_path: Path) -> None:
    """A registered customer whose row was spoilt costs no call and is not called rejected, as in the run."""
    source = head(SAMPLE, 3, tmp_path / "customers.csv")
    desk.run(source, "--until", "registration")
    source.write_text(source.read_text(encoding="utf-8").replace("customer0001@example.com", "no e-mail"), "utf-8")
    told = plan(desk, source)
    assert told["ledger"] == {"pending, to be corrected": 1, "resumable": 2}
    assert desk.run(source).returncode == 3
    assert {end["disposition"]: end["rows"] for end in told["then"]} == desk.counts() == {"pending": 1, "onboarded": 2}
    assert told["calls"] == {phase: calls["sent"] for phase, calls in desk.summary()["calls"].items()}


def test_the_time_and_the_bottleneck(desk: Desk, tmp_path: Path) -> None:
    """At the configured rate, unless the bank is so slow that the places for calls under way decide."""
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    told = plan(desk, source, "--rate", "2")
    assert (told["seconds"], told["bottleneck"]) == (round(told["calls_total"] / 2, 3), "limits.calls_per_second")
    text = desk.onboard("plan", source, "--config", desk.config, "--rate", "2").stdout
    assert "rows        5: 5 new" in text
    assert "bottleneck  limits.calls_per_second (2); from 8 s per answer on, limits.max_in_flight (16)" in text
    desk.run(source)
    fast = head(SAMPLE, 9, tmp_path / "more.csv")
    desk.configure(
        FAST.replace("calls_per_second = 400", "calls_per_second = 100000").replace("flight = 16", "flight = 1")
    )
    told = plan(desk, fast)
    assert told["bottleneck"] == "limits.max_in_flight"
    assert 0 < told["latency_s"] < 1
    assert abs(told["seconds"] - told["calls_total"] * told["latency_s"]) < 0.01


def test_a_plan_needs_no_configuration_and_makes_no_ledger(tmp_path: Path) -> None:
    """As `validate`: the checks need nothing but the file."""
    desk = Desk(folder=tmp_path)
    env = {"ONBOARD_DOCUMENTS__ROOT": str(ROOT / "sample_data" / "documents")}
    done = desk.onboard("plan", head(SAMPLE, 3, tmp_path / "customers.csv"), "--until", "registration", env=env)
    assert done.returncode == 0, done.stderr
    assert "3 registration" in done.stdout
    assert not list(tmp_path.glob("*.db*"))


def equal(desk: Desk, *words: str | Path, check: bool = False) -> dict[str, Any]:
    """What was planned, and is what the run then does: dispositions and calls by phase, to the last one."""
    if check:
        assert desk.onboard("check", "--config", desk.config).returncode == 0
    told = plan(desk, *words)
    desk.run(*words)
    summary = desk.summary()
    assert {name: rows for name, rows in told["dispositions"].items() if rows} == desk.counts()
    assert told["calls"] == {phase: calls["sent"] for phase, calls in summary["calls"].items()}
    return told


def differing(tmp_path: Path) -> Path:
    """Rows whose own level and whose category's are all pairs there are, and rows that lack a document."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:24]
    pairs = itertools.product(("STANDARD", "PLUS", "PREMIUM"), ("LOW", "MEDIUM", "HIGH", ""), (True, False))
    for row, (category, level, whole) in zip(rows, pairs, strict=True):
        row |= {"category": f"INDIVIDUAL_{category}", "risk_level": level}
        row |= {"address_document": "address.jpg", "funds_document": "funds.pdf" if whole else ""}
    path = tmp_path / "differing.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("mode", "path"),
    typical(
        itertools.product(("manual", "auto"), ("customer", "verifications")),
        ("manual", "customer"),
    ),
)
def test_the_category_decides_where_the_row_says_otherwise(tmp_path: Path, mode: str, path: str) -> None:
    """On the embedded sandbox also the first plan; then the second night with nobody having approved."""
    desk = Desk(folder=tmp_path).configure(FAST.replace('"auto"', f'"{mode}"'), verification_path=path)
    source = differing(tmp_path)
    first = equal(desk, source)
    assert first["assumptions"] == []
    assert not any("level" in text for text in equal(desk, source)["assumptions"])


def test_what_check_read_is_enough(desk: Desk, tmp_path: Path) -> None:
    """A bank over HTTP: before it was asked the levels are assumed, with a range; after that they are known."""
    source = differing(tmp_path)
    guessed = plan(desk, source)
    assert any("LOW..MEDIUM" in text for text in guessed["assumptions"])
    told = equal(desk, source, check=True)
    assert told["assumptions"] == []
    assert guessed["calls_range"]["from"] <= told["calls_total"] <= guessed["calls_range"]["to"]


@pytest.mark.parametrize(
    ("source", "words"),
    typical(
        itertools.product((MESSY, SAMPLE), ("", "--limit 40", "--until documents", "--until registration")),
        *((MESSY, "--limit 40"), (SAMPLE, "--until documents")),
    ),
)
def test_a_first_plan_on_the_embedded_sandbox_is_the_run(tmp_path: Path, source: Path, words: str) -> None:
    """Also of a file with rows that break rules, among them a category that does not exist."""
    desk = Desk(folder=tmp_path).configure(FAST)
    equal(desk, head(SAMPLE, 30, tmp_path / "some.csv") if source == SAMPLE else source, *words.split())


def test_what_came_out_before_is_the_source_where_the_bank_tells_no_level(tmp_path: Path) -> None:
    """A hierarchy without risk levels: the first plan guesses, the second one goes by the ledger, as the run does."""
    hierarchy = {each.key: {"databaseId": each.id, "categoryName": each.name} for each in demo.CATEGORIES}
    quiet = told(200, "Success", categories=hierarchy)
    with sandbox() as bank, interposed(bank.root, lambda path, _: quiet if "hierarchy" in path else None) as between:
        desk = Desk(folder=tmp_path, bank=bank).configure(FAST, base_url=between.base_url)
        first, second = head(SAMPLE, 8, tmp_path / "some.csv"), head(SAMPLE, 20, tmp_path / "all.csv")
        assert any("level" in text for text in plan(desk, first)["assumptions"])
        desk.run(first)
        assert not any("level" in text for text in equal(desk, second)["assumptions"])


def test_a_partners_file_with_its_profile(tmp_path: Path) -> None:
    """Rows without documents and evidence park where it was said."""
    desk = Desk(folder=tmp_path).configure(FAST)
    words = ("--profile", ROOT / "configs" / "profiles" / "partner_de.toml")
    equal(desk, ROOT / "sample_data" / "partner_de.csv", *words)


def test_the_second_night(tmp_path: Path) -> None:
    """Unchanged, changed, pending and parked rows in one file."""
    desk = Desk(folder=tmp_path).configure(FAST.replace('"auto"', '"manual"'))
    some = head(SAMPLE, 10, tmp_path / "customers.csv")
    desk.run(some)
    desk.configure(FAST)
    equal(desk, some)
    some.write_text(some.read_text(encoding="utf-8").replace("customer0001@example.com", "new@example.com"), "utf-8")
    equal(desk, some)
    more = head(SAMPLE, 20, tmp_path / "customers.csv")
    equal(desk, more, "--until", "verification")
    equal(desk, more)
