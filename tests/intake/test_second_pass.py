import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard import job
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.events import Event, Surveyed
from finhub_onboard.intake import small_inputs
from finhub_onboard.intake.duplicates import exact, identity
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading import stamps
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.model import IntakeRow
from tests.intake.helpers import a_row, csv_text, judged, rules, told, write


def test_copies_name_each_other(tmp_path: Path) -> None:
    """All copies of an external_id or an e-mail are rejects; white space and, in e-mails, case do not matter."""
    table = [
        a_row(1),
        a_row(2, external_id="C-1 "),
        a_row(3, external_id="c-1"),
        a_row(4, email="C3@EXAMPLE.COM"),
        a_row(5),
    ]
    _, found = judged(write(tmp_path / "x.csv", table), batch_rows=2)
    assert told(found) == [
        (1, "external_id", "duplicate_external_id"),
        (2, "external_id", "duplicate_external_id"),
        (3, "email", "duplicate_email"),
        (4, "email", "duplicate_email"),
    ]
    assert [row.violations[0].message.rpartition(" in ")[2] for row in found[:4]] == [
        "row 2",
        "row 1",
        "row 4",
        "row 3",
    ]


def test_many_copies_name_some_of_the_others(tmp_path: Path) -> None:
    """The list of companions is short, and says how many there are more."""
    table = [a_row(number, external_id="same") for number in range(1, 10)]
    _, found = judged(write(tmp_path / "x.csv", table))
    assert found[0].violations[0].message.endswith("in rows 2, 3, 4, 5, 6 and 3 more")
    assert found[8].violations[0].message.endswith("in rows 1, 2, 3, 4, 5 and 3 more")


def test_copies_are_found_over_all_inputs(tmp_path: Path) -> None:
    """With several inputs a companion is named with its file."""
    one = write(tmp_path / "one.csv", [a_row(1), a_row(2)])
    two = write(tmp_path / "two.csv", [a_row(3), a_row(4, email="c2@example.com")])
    found = judged(one, two)[1]
    assert [(row.source, row.row_number) for row in found] == [
        ("one.csv", 1),
        ("one.csv", 2),
        ("two.csv", 1),
        ("two.csv", 2),
    ]
    assert found[1].violations[0].message.endswith("in row 2 of two.csv")
    assert found[3].violations[0].message.endswith("in row 2 of one.csv")


def test_a_collision_of_hashes_rejects_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal hashes are only a suspicion; the real values decide."""
    monkeypatch.setattr(exact, "hashes", lambda keys, seed: pl.repeat(7, keys.len(), dtype=pl.UInt64, eager=True))  # noqa: ARG005
    table = [a_row(1), a_row(2), a_row(3), a_row(4, email="c2@example.com")]
    _, found = judged(write(tmp_path / "x.csv", table), batch_rows=3)
    assert told(found) == [(2, "email", "duplicate_email"), (4, "email", "duplicate_email")]


def test_broken_records_and_empty_keys_are_no_copies(tmp_path: Path) -> None:
    """A malformed record has no key, and neither has an absent value."""
    path = tmp_path / "x.csv"
    path.write_text(
        csv_text([a_row(1, external_id=""), a_row(2, external_id="")]) + "C-1,short\nC-1,short\n", encoding="utf-8"
    )
    assert {code for _, _, code in told(judged(path)[1])} == {"required_missing", "record_short"}


def test_a_limit_counts_over_all_inputs(tmp_path: Path) -> None:
    """Only the first records are read; copies beyond them do not matter."""
    one = write(tmp_path / "one.csv", [a_row(number) for number in range(1, 4)])
    two = write(tmp_path / "two.csv", [a_row(number) for number in range(4, 7)] + [a_row(7, external_id="C-1")])
    for limit, split in ((2, [2, 0]), (3, [3, 0]), (5, [3, 2]), (100, [3, 4])):
        found, judgement = judged(one, two, limit=limit, batch_rows=3)
        assert [source.rows for source in found.sources] == split
        assert found.rows == len(judgement) == min(limit, 7)
    assert told(judged(one, two, limit=6)[1]) == []


def test_inputs_with_one_name_are_shown_as_given(tmp_path: Path) -> None:
    """Reports can tell two files of the same name apart; the same file twice is a mistake."""
    (tmp_path / "a").mkdir()
    one = write(tmp_path / "x.csv", [a_row(1)])
    two = write(tmp_path / "a" / "x.csv", [a_row(2)])
    assert [source.name for source in survey([one, two], batch_rows=9).sources] == [str(one), str(two)]
    with pytest.raises(ConfigurationError, match="given twice"):
        survey([one, tmp_path / "a" / ".." / "x.csv"], batch_rows=9)


def test_the_second_pass_can_be_made_again(tmp_path: Path) -> None:
    """Two second passes of one survey give the same rows, whatever the batches are."""
    path = write(tmp_path / "x.csv", [a_row(number, email=f"c{number % 7}@example.com") for number in range(20)])
    found = survey([path], batch_rows=6)
    passes = [[row for batch in judge_rows(found, rules(), batch_rows=size) for row in batch] for size in (20, 20, 7)]
    assert passes[0] == passes[1] == passes[2]
    assert [len(batch) for batch in judge_rows(found, rules(), batch_rows=18)] == [12, 8]


def test_an_input_that_changes_is_refused(tmp_path: Path) -> None:
    """Row numbers of a survey mean nothing in another file."""
    path = write(tmp_path / "x.csv", [a_row(1)])
    found = survey([path], batch_rows=6)
    write(path, [a_row(2)])
    with pytest.raises(UnreadableInputError, match="changed"):
        list(judge_rows(found, rules(), batch_rows=6))


def test_an_input_that_grows_while_it_is_counted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted and what was hashed are the same bytes, or rows could be missed in silence."""
    path = write(tmp_path / "x.csv", [a_row(number) for number in range(9)])
    digest = stamps.sha256

    def late(path: Path, name: str) -> str:
        write(path, [a_row(number) for number in range(10)])
        return digest(path, name)

    monkeypatch.setattr(stamps, "sha256", late)
    with pytest.raises(UnreadableInputError, match="changed"):
        survey([path], batch_rows=2)


@pytest.mark.parametrize("later", ["external_id\n1\n", "", csv_text([a_row(1)])])
def test_an_input_that_changes_before_copies_are_proven_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    """Whatever stands in the file then, it is said plainly."""
    path = write(tmp_path / "x.csv", [a_row(1), a_row(1)])
    prove = identity.prove

    def late(
        suspects: Mapping[str, pl.Series], frames: Callable[[pl.Series], Iterator[pl.DataFrame]]
    ) -> tuple[dict[str, identity.Companions], bool]:
        path.write_text(later, encoding="utf-8")
        return prove(suspects, frames)

    monkeypatch.setattr(identity, "prove", late)
    with pytest.raises(UnreadableInputError, match="changed"):
        survey([path], batch_rows=2)


def test_an_input_that_is_cut_off_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Rows that are missing at the end are not passed over."""
    path = write(tmp_path / "x.csv", [a_row(number) for number in range(40_000)])
    found = survey([path], batch_rows=10_000)
    batches = judge_rows(found, rules(), batch_rows=10_000)
    assert next(batches)
    os.truncate(path, path.stat().st_size * 3 // 4)
    with pytest.raises(UnreadableInputError, match="changed"):
        list(batches)


def test_an_input_that_is_only_touched_is_read_on(tmp_path: Path) -> None:
    """A backup that links a file, or a chmod, is no change."""
    path = write(tmp_path / "x.csv", [a_row(number) for number in range(9)])
    found = survey([path], batch_rows=2)
    batches = judge_rows(found, rules(), batch_rows=2)
    read = len(next(batches))
    (tmp_path / "link").hardlink_to(path)
    path.chmod(0o600)
    assert read + sum(map(len, batches)) == 9


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "loop.csv"])
def test_paths_that_lead_nowhere_are_said_plainly(tmp_path: Path, name: str) -> None:
    """A name that is too long and a link to itself are inputs that cannot be read."""
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(UnreadableInputError, match=r"cannot be read|does not exist"):
        survey([tmp_path / name], batch_rows=9)


def test_names_that_are_no_text_are_told_apart(tmp_path: Path) -> None:
    """Two file names that differ in bytes only that are no text are two inputs in the reports."""
    paths = [tmp_path / os.fsdecode(name) for name in (b"\xff.csv", b"\xfe.csv")]
    try:
        for number, path in enumerate(paths):
            write(path, [a_row(number)])
    except OSError:
        pytest.skip("this file system takes names of text only")
    assert [source.name for source in survey(paths, batch_rows=9).sources] == ["\\xff.csv", "\\xfe.csv"]


LINES = st.lists(
    st.sampled_from(["good", "short", "long", "quote", "bytes", "nul", "blank", "bad value"]), min_size=1, max_size=9
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=LINES, batch_rows=st.sampled_from([4, 100]))
def test_every_record_is_accepted_or_rejected(tmp_path: Path, kinds: list[str], batch_rows: int) -> None:
    """Accepted and rejected rows are the records of the file, in order, each with the verdict it deserves."""
    body = [csv_text([a_row(number)]).splitlines()[1] + "\n" for number in range(len(kinds))]
    spoil: dict[str, tuple[str, str]] = {
        "short": (",", ""),
        "long": (",", ",,"),
        "quote": (",", ',"'),
        "bytes": (",", ",\udcff"),
        "nul": (",", ",\0"),
        "bad value": ("1990-10-03", "1990-10-33"),
    }
    codes = {
        "short": "record_short",
        "long": "record_long",
        "quote": "record_quoting",
        "bytes": "record_encoding",
        "nul": "record_nul",
        "bad value": "birth_date_impossible",
    }
    lines = [
        "\n" if kind == "blank" else line.replace(*spoil.get(kind, ("", "")), 1)
        for kind, line in zip(kinds, body, strict=True)
    ]
    path = tmp_path / "x.csv"
    path.write_bytes((csv_text([]) + "".join(lines)).encode(errors="surrogateescape"))
    records = [kind for kind in kinds if kind != "blank"]
    if not records:
        with pytest.raises(UnreadableInputError):
            survey([path], batch_rows=batch_rows)
        return
    found = judged(path, batch_rows=batch_rows)[1]
    assert [row.row_number for row in found] == list(range(1, len(records) + 1))
    assert [row.violations[0].code if row.violations else None for row in found] == [
        codes.get(kind) for kind in records
    ]
    assert all((row.customer is None) == bool(row.violations) for row in found)


@pytest.mark.parametrize("together", [1, 3, 5_000])
def test_small_inputs_that_are_judged_together_are_judged_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    """Rows, what is said against them and copies over several inputs are the same however many are taken at once."""
    monkeypatch.setattr(small_inputs, "TOGETHER", together)
    inputs = []
    for number in range(12):
        rows = [a_row(10 * number + place) for place in range(number % 4 + 1)]
        if number % 3 == 0:
            rows[-1]["email"] = "nobody"
        inputs.append(write(tmp_path / f"{number}.csv", rows))
    inputs.append(write(tmp_path / "copy.csv", [a_row(999), a_row(20)]))
    found, judged_rows = judged(*inputs)
    assert [source.rows for source in found.sources] == [n % 4 + 1 for n in range(12)] + [2]
    assert [(row.source, row.row_number) for row in judged_rows] == [
        (source.name, number) for source in found.sources for number in range(1, source.rows + 1)
    ]
    invalid = [(row.source, row.row_number) for row in judged_rows if "email_invalid" in codes_of(row)]
    assert invalid == [(f"{number}.csv", number % 4 + 1) for number in (0, 3, 6, 9)]
    exact = [(row.source, row.row_number) for row in judged_rows if "duplicate_external_id" in codes_of(row)]
    assert exact == [("2.csv", 1), ("copy.csv", 2)]
    assert any("row 2 of copy.csv" in violation.message for row in judged_rows for violation in row.violations)


def codes_of(row: IntakeRow) -> set[str]:
    """Return what is said against a row."""
    return {violation.code for violation in row.violations}


def test_many_inputs_are_told_in_a_tenth_of_the_lines(tmp_path: Path) -> None:
    """Ten at a time, with their rows together; a few get a line each."""
    inputs = [write(tmp_path / f"{number:02}.csv", [a_row(number)]) for number in range(25)]
    for given_inputs, lines in ((inputs, 3), (inputs[:5], 5)):
        events: list[Event] = []
        job.read(Order(inputs=given_inputs), Settings.model_validate({"api": {"base_url": "sandbox:"}}), events.append)
        told_of = [event for event in events if isinstance(event, Surveyed)]
        assert len(told_of) == lines
        assert sum(event.rows for event in told_of) == len(given_inputs)
    assert [event.source for event in told_of[:1]] == ["00.csv"]
