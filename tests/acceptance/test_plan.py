"""`onboard plan`: what it says beforehand is what the run then does; nothing is sent."""

import csv
import itertools
import json
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
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


def test_a_limit_of_a_phase_may_be_the_bottleneck(desk: Desk, tmp_path: Path) -> None:
    """Its calls alone take longer than all of them do at the rate; a limit that is no bottleneck changes nothing."""
    source = head(SAMPLE, 6, tmp_path / "customers.csv")
    desk.configure(FAST + "[limits.registration]\ncalls_per_second = 0.5\n")
    told = plan(desk, source)
    assert (told["seconds"], told["bottleneck"]) == (told["calls"]["registration"] / 0.5, "limits.registration")
    text = desk.onboard("plan", source, "--config", desk.config).stdout
    assert "bottleneck  limits.registration (0.5) for 6 calls of that phase" in text
    assert f"time        12 s, at {told['calls_total'] / 12:.3g} calls per second" in text
    assert plan(desk, source, "--rate", "0.5")["bottleneck"] == "limits.calls_per_second"


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
    parked = Counter(row["code"] for row in desk.table("results.csv") if row["disposition"] == "parked")
    assert told["parked"] == dict(parked)
    assert told["documents"]["uploads"] == summary["calls"]["documents"]["sent"]
    return told


def differing(tmp_path: Path) -> Path:
    """Rows whose own level and whose category's are all pairs there are, and rows that lack a document."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:24]
    pairs = itertools.product(("STANDARD", "PLUS", "PREMIUM"), ("LOW", "MEDIUM", "HIGH", ""), (True, False))
    for row, (category, level, whole) in zip(rows, pairs, strict=True):
        row |= {"category": f"INDIVIDUAL_{category}", "risk_level": level}
        row |= {"address_document": "address.jpg", "funds_document": "funds.png" if whole else ""}
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
    assert first["dispositions"]["rejected"] == 0
    assert first["parked"]["high_risk"] >= 6
    assert first["documents"]["uploads"] > 20
    assert not any("level" in text for text in equal(desk, source)["assumptions"])


def test_documents_are_weighed(desk: Desk, tmp_path: Path) -> None:
    """Those that are uploaded, each time; of a row that parks before it, and of a finished customer, none."""
    source = differing(tmp_path)
    told = equal(desk, source, check=True)
    assert desk.bank is not None
    left = [document["size"] for customer in desk.bank.record()["customers"] for document in customer["documents"]]
    assert told["documents"] == {"uploads": len(left), "bytes": sum(left)}
    assert len(left) > 20
    assert equal(desk, source)["documents"] == {"uploads": 0, "bytes": 0}


def test_what_fits_until_a_deadline(desk: Desk, tmp_path: Path) -> None:
    """The setting's or the flag's; a wrong one is named."""
    source = head(SAMPLE, 5, tmp_path / "customers.csv")
    assert plan(desk, source)["deadline"] is None
    told = plan(desk, source, "--deadline", "2099-01-01T06:00:00Z")["deadline"]
    assert (told["fits"], told["customers"], told["customers_in_time"]) == (True, 5, 5)
    text = desk.onboard("plan", source, "--config", desk.config, "--deadline", "2020-01-01T06:00:00Z").stdout
    assert "is over" in text
    wrong = desk.onboard("plan", source, "--config", desk.config, "--deadline", "6 o'clock")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "stop.deadline" in wrong.stderr
    desk.configure(FAST + '[stop]\ndeadline = "2099-01-01T06:00:00Z"\n')
    assert plan(desk, source)["deadline"]["fits"]


@pytest.mark.exhaustive  # it takes the time that it measures
def test_the_run_takes_the_time_that_was_planned(desk: Desk, tmp_path: Path) -> None:
    """Within a tenth."""
    source = head(SAMPLE, 60, tmp_path / "customers.csv")
    told = plan(desk, source, "--rate", "20")
    assert desk.run(source, "--rate", "20").returncode == 0
    began, ended = (datetime.fromisoformat(desk.summary()[name]) for name in ("started_at", "finished_at"))
    assert (ended - began).total_seconds() == pytest.approx(told["seconds"], rel=0.1)


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


@pytest.mark.parametrize("where", typical(["embedded", "server"], "server"))
def test_what_a_category_asks_for_is_foreseen(tmp_path: Path, where: str) -> None:
    """`plan` and `validate` name the rows that the run then does not register, by what a run read before."""
    by = tmp_path / "profile.toml"
    by.write_text('[extra]\nmonitoring = "parametrization.monitoring"\n', encoding="utf-8")
    words = (monitored(tmp_path / "new.csv", "", "DAILY", "HOURLY", None), "--profile", by)
    with ExitStack() as stack:
        desk = Desk(folder=tmp_path, bank=stack.enter_context(sandbox()) if where == "server" else None)
        desk.configure(FAST).run(head(SAMPLE, 1, tmp_path / "old.csv"))
        assert plan(desk, *words)["dispositions"]["failed"] == 3  # nothing states a riskLevel
        desk.configure(f'{FAST}\n[categories."INDIVIDUAL_MONITORED".parametrization]\nriskLevel = "LOW"\n')
        assert desk.onboard("validate", *words, "--config", desk.config, "--out", desk.out).returncode == 3
        assert desk.counts() == {"rejected": 2, "pending": 2}
        beforehand = errors(desk)
        assert [error[:3] for error in beforehand] == [(row, "category", "category_parameters") for row in ("1", "3")]
        equal(desk, *words)
        assert desk.counts() == {"failed": 2, "onboarded": 2}
        assert errors(desk) == beforehand
        desk.configure(FAST)  # whoever is registered needs nothing more
        assert desk.run(*words, "--dry-run").returncode == 3
        assert desk.counts() == {"rejected": 2, "unchanged": 2}
        equal(desk, *words)
        assert desk.counts() == {"failed": 2, "unchanged": 2}


def test_a_value_that_the_bank_does_not_allow_is_said_beforehand(desk: Desk, tmp_path: Path) -> None:
    """A run would end before the first call; where the bank was not asked yet nobody knows."""
    source = monitored(tmp_path / "new.csv", None)
    desk.configure(f'{FAST}\n[categories."INDIVIDUAL_MONITORED".parametrization]\nmonitoring = "HOURLY"\n')
    words = ("plan", source, "--config", desk.config)
    assert "would be refused" not in desk.onboard(*words).stderr
    assert desk.onboard("check", "--config", desk.config).returncode != 0
    assert "a run would be refused: categories" in desk.onboard(*words).stderr
    assert desk.run(source).returncode == 2


def monitored(path: Path, *values: str | None) -> Path:
    """A row for each value of the column `extra.monitoring`; None: of a category that asks for nothing."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[5 : 5 + len(values)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=[*rows[0], "extra.monitoring"])
        writer.writeheader()
        for row, value in zip(rows, values, strict=True):
            category = "INDIVIDUAL_STANDARD" if value is None else "INDIVIDUAL_MONITORED"
            writer.writerow(row | {"category": category, "risk_level": "LOW", "extra.monitoring": value or ""})
    return path


def errors(desk: Desk) -> list[tuple[str, ...]]:
    """What `errors.csv` says of rows, whoever found it."""
    return [tuple(row[name] for name in ("row_number", "field", "code", "message")) for row in desk.table("errors.csv")]


@pytest.mark.exhaustive  # such a file is onboarded in `test_partner`
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
