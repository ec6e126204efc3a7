"""Nights: what needs somebody is told apart from what was known to need somebody, with the real command and bank."""

import csv
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import FAST
from tests.acceptance.support import SAMPLE, Desk, head, sandbox

ROWS = 8
BAD = {1: {"email": "no address"}, 3: {"phone": "+370"}, 5: {"external_id": "", "first_name": "Nameless"}}
ON_NEW = '[stop]\nexit_on = "new"\n'
Change = Callable[[int, dict[str, str]], Mapping[str, str]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a book in which three rows are bad."""
    with sandbox() as bank:
        made = Desk(folder=tmp_path, bank=bank).configure(FAST)
        edit(head(SAMPLE, ROWS, tmp_path / "book.csv"), lambda number, _: BAD.get(number, {}))
        yield made


def edit(source: Path, change: Change, *, name: str = "") -> Path:
    """Change rows, numbered from 1, of a file, or of a copy of this name beside it."""
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    target = source.parent / name if name else source
    with target.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(row | dict(change(number, row)) for number, row in enumerate(rows, start=1))
    return target


def night(desk: Desk, *words: str | Path, source: str | Path = "book.csv") -> tuple[int, tuple[int, int, int]]:
    """Run the book; the exit code, and how many bad rows are new, known and solved."""
    done = desk.run(source, *words)
    assert done.returncode in (0, 3), done.stderr
    since = desk.summary()["since_last_run"]
    return done.returncode, (since["new"], since["known"], since["solved"])


def page(desk: Desk) -> str:
    """The report's page."""
    return (desk.out / "report.html").read_text(encoding="utf-8")


def test_two_nights_with_the_same_bad_rows(desk: Desk) -> None:
    """The second night says that nothing is new; with `exit_on = "new"` it ends with 0, and the first one with 3."""
    desk.configure(FAST + ON_NEW)
    assert night(desk) == (3, (3, 0, 0))
    first = desk.summary()
    assert first["since_last_run"]["run_id"] == ""
    assert night(desk) == (0, (0, 3, 0))
    assert desk.summary()["since_last_run"]["run_id"] == first["run_id"]
    assert desk.counts() == {"unchanged": 5, "rejected": 3}
    assert "0 new, 3 known" in page(desk)
    assert "No row needs somebody that did not in the last run" in page(desk)
    third = desk.run("book.csv")
    assert third.stdout.endswith(f"; 0 new, 3 known; exit code 0; {desk.out}/report.html\n")
    assert "3 rejected (0 new, 3 known); reports are in" in third.stderr


def test_what_only_a_stopped_run_found_is_new(desk: Desk) -> None:
    """A scheduler starts it again by itself: nobody has been told of its rows yet."""
    assert desk.run("book.csv", "--until", "registration").returncode == 4
    code, since = night(desk)
    assert (code, since[:2]) == (3, (3, 0))


def test_by_default_known_rows_still_need_somebody(desk: Desk) -> None:
    """Exit 3 means what it meant; what is new is said beside it."""
    assert night(desk) == (3, (3, 0, 0))
    assert night(desk) == (3, (0, 3, 0))


def test_another_cause_or_row_is_new(desk: Desk) -> None:
    """A row that is bad in another way is new, and so is one that was good; rows that move are the same."""
    desk.configure(FAST + ON_NEW)
    night(desk)
    edit(desk.folder / "book.csv", lambda number, _: {1: {"email": "a@example.com", "phone": "12"}}.get(number, {}))
    assert night(desk) == (3, (1, 2, 0))
    edit(
        desk.folder / "book.csv", lambda number, _: {2: {"last_name": ""}, 3: {"phone": "+37061234599"}}.get(number, {})
    )
    assert night(desk) == (3, (1, 2, 1))
    lines = (desk.folder / "book.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (desk.folder / "book.csv").write_text("".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    assert night(desk) == (0, (0, 3, 0))


def test_a_row_corrected_through_its_rejects_is_solved_in_the_book(desk: Desk) -> None:
    """The book still has the row as it stood: it needs nobody any more, until it changes again."""
    desk.configure(FAST + ON_NEW)
    night(desk)
    fixed = {1: {"email": "mended@example.com"}, 2: {"phone": "+37061234598"}}
    corrected = edit(desk.out / "rejects" / "book.csv", lambda number, _: fixed.get(number, {}))
    kept = desk.folder / "mine.csv"
    corrected.rename(kept)
    assert night(desk, source=kept)[0] == 3  # the row without an id is left
    assert desk.counts() == {"onboarded": 2, "rejected": 1}
    assert night(desk) == (0, (0, 1, 2))
    assert desk.counts() == {"unchanged": 7, "rejected": 1}
    assert [row["row_number"] for row in desk.table("results.csv") if row["code"]] == ["1", "3", "5"]
    assert len(desk.table("rejects/book.csv")) == 1
    assert night(desk) == (0, (0, 1, 0))
    edit(desk.folder / "book.csv", lambda number, _: {1: {"email": "worse"}}.get(number, {}))
    assert night(desk) == (3, (1, 1, 0))
    assert desk.counts() == {"unchanged": 6, "rejected": 2}


def test_a_finished_row_that_breaks_later_stays_bad(desk: Desk) -> None:
    """Nobody corrected it: it is new once and known from then on, never solved."""
    night(desk)
    edit(desk.folder / "book.csv", lambda number, _: {2: {"email": "broken"}}.get(number, {}))
    assert night(desk) == (3, (1, 3, 0))
    assert night(desk) == (3, (0, 4, 0))
    assert desk.counts() == {"unchanged": 4, "rejected": 4}


def test_a_row_that_the_bank_refused_is_solved_the_same_way(desk: Desk) -> None:
    """The book's row differs from what was sent since: known as corrected, it is not reported as changed."""
    edit(desk.folder / "book.csv", lambda number, _: {2: {"date_of_birth": "1900-01-01"}}.get(number, {}))
    assert night(desk) == (3, (4, 0, 0))
    assert desk.counts() == {"onboarded": 4, "rejected": 3, "failed": 1}
    mine = edit(
        desk.out / "rejects" / "book.csv",
        lambda _, row: {"date_of_birth": row["date_of_birth"].replace("1900-", "1980-")},
    )
    mine.rename(desk.folder / "mine.csv")
    night(desk, source="mine.csv")
    assert desk.counts() == {"onboarded": 1, "rejected": 3}
    assert night(desk) == (3, (0, 3, 1))
    assert desk.counts() == {"unchanged": 5, "rejected": 3}
    edit(desk.folder / "book.csv", lambda number, _: {2: {"last_name": "Another"}}.get(number, {}))
    night(desk)
    assert desk.counts() == {"unchanged": 4, "rejected": 3, "changed": 1}


def test_a_row_that_was_completed_through_its_own_file_is_solved(desk: Desk) -> None:
    """What only its owner could complete, such as the evidence of a consent, is not reported as changed in the book."""
    edit(desk.folder / "book.csv", lambda number, _: {2: {"terms_accepted_at": ""}}.get(number, {}))
    assert night(desk) == (3, (4, 0, 0))
    assert desk.counts() == {"onboarded": 4, "rejected": 3, "parked": 1}
    mine = edit(desk.out / "incomplete" / "book.csv", lambda *_: {"terms_accepted_at": "2025-06-30T09:15:00Z"})
    mine.rename(desk.folder / "mine.csv")
    night(desk, source="mine.csv")
    assert desk.counts() == {"onboarded": 1}
    assert night(desk) == (3, (0, 3, 1))
    assert desk.counts() == {"unchanged": 5, "rejected": 3}


def test_some_rows_are_another_job(desk: Desk) -> None:
    """What `--limit` leaves out is neither solved nor new afterwards, and a dry run compares without remembering."""
    night(desk)
    assert night(desk, "--limit", "2") == (3, (1, 0, 0))
    assert night(desk, "--dry-run") == (3, (0, 3, 0))
    edit(desk.folder / "book.csv", lambda number, _: {2: {"email": "broken"}}.get(number, {}))
    assert night(desk, "--dry-run") == (3, (1, 3, 0))
    assert night(desk) == (3, (1, 3, 0))


def test_files_of_other_names_are_compared_by_their_pattern(desk: Desk) -> None:
    """Each night may bring a file of another name: what was in yesterday's is known."""
    book = desk.folder / "book.csv"
    (desk.folder / "in").mkdir()
    for number, found in enumerate([(3, 0, 0), (0, 3, 0)]):
        for left in (desk.folder / "in").iterdir():
            left.unlink()
        edit(book, lambda *_: {}, name=f"in/{number}.csv")
        assert night(desk, source="in/*.csv") == (3, found)


def test_reports_that_are_written_again_say_the_same(desk: Desk) -> None:
    """What was new in a night stays what was new in it."""
    ids = []
    for _ in range(2):
        night(desk)
        ids.append(desk.summary()["run_id"])
    said: list[Any] = []
    for run_id in ids:
        done = desk.onboard("report", run_id, "--config", desk.config, "--out", desk.out)
        assert done.returncode == 0, done.stderr
        said.append(desk.summary()["since_last_run"])
    assert [(one["new"], one["known"]) for one in said] == [(3, 0), (0, 3)]


def test_what_the_ledger_remembers_tells_nothing(desk: Desk) -> None:
    """The memory of bad rows has no value of a row, and none of them twice the same across inputs."""
    night(desk)
    with closing(sqlite3.connect(desk.folder / "ledger.db")) as db:
        notes = dict(db.execute("SELECT * FROM meta WHERE key LIKE 'note_bad_rows%'"))
    assert len(notes) == 2
    for value in notes.values():
        assert "Nameless" not in value
        assert "no address" not in value
    assert json.loads((desk.out / "summary.json").read_text(encoding="utf-8"))["since_last_run"]["new"] == 3


def test_latest_leads_to_the_newest_run(desk: Desk) -> None:
    """A morning's script reads `out/latest/summary.json`; checks and runs with `--out` leave it alone."""
    words = ("book.csv", "--config", desk.config)
    for _ in range(2):
        done = desk.onboard("run", *words)
        latest = (desk.folder / "out" / "latest").resolve()
        assert done.stdout.startswith(f"{latest.name}: 8 rows")
        assert json.loads((latest / "summary.json").read_text(encoding="utf-8"))["run_id"] == latest.name
    desk.onboard("validate", *words)
    desk.onboard("run", *words, "--out", desk.folder / "other")
    assert (desk.folder / "out" / "latest").resolve() == latest


def test_personal_data_does_not_stay_longer_than_asked(desk: Desk) -> None:
    """At the end of a run what is older is deleted, also of checks and of runs elsewhere, and the deletion recorded."""
    desk.configure(FAST + "[reports]\nkeep_days = 30\n")
    words = ("book.csv", "--config", desk.config)
    desk.onboard("run", *words)
    desk.onboard("validate", *words)
    desk.onboard("run", *words, "--out", desk.folder / "other")
    desk.onboard("run", *words)
    folders = sorted(path for path in (desk.folder / "out").iterdir() if not path.is_symlink())
    old = time.time() - 31 * 24 * 3600
    aged = [*folders[:2], desk.folder / "other"]
    for folder in aged:
        os.utime(folder / "rejects" / "book.csv", (old, old))
    done = desk.onboard("run", *words)
    assert "deleted 3 files with personal data that were older than 30 days" in done.stderr
    assert [(folder / "rejects").exists() for folder in aged] == [False] * 3
    assert (folders[2] / "rejects" / "book.csv").exists()
    run_id = (desk.folder / "out" / "latest").readlink().name
    for folder in aged:
        (record,) = json.loads((folder / "deleted.json").read_text(encoding="utf-8"))
        assert (record["by_run"], record["files"]) == (run_id, ["rejects/book.csv"])
    assert all((folder / "results.csv").exists() for folder in aged)
