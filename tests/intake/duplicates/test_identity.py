from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.config.profile import Profile
from finhub_onboard.intake.cells import cleaned, kind_of
from finhub_onboard.intake.duplicates import identity
from finhub_onboard.intake.duplicates.exact import Collector
from finhub_onboard.intake.duplicates.identity import COLUMNS, EXACT, LOOSE, PROBABLE, exact_key, loose_keys, prove
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows
from tests.intake.helpers import a_row, rules, write

PEOPLE = (
    ("Ana", "Nowak", "1990-10-03"),
    ("Bjørn", "Heß", "1971-02-28"),
    ("Chloë", "Öztürk", "1985-06-15"),
    ("Dmitri", "Quispe", "1964-12-01"),
    ("Eero", "Vâlcan", "2001-08-09"),
)


def person(number: int, **changes: str) -> dict[str, str]:
    """Return the cells of a person who shares nothing with the others."""
    first, last, born = PEOPLE[number]
    return {
        "external_id": f"C-{number}",
        "first_name": first,
        "last_name": last,
        "email": f"c{number}@example.com",
        "phone": f"+3706123100{number}",
        "date_of_birth": born,
        "document_type": "PASSPORT",
        "document_number": f"A12345{number}",
    } | changes


def people(*changes: dict[str, str]) -> pl.DataFrame:
    """Return as many persons as there are changes, their cells cleaned."""
    table = [person(number, **of_one) for number, of_one in enumerate(changes)]
    frame = pl.DataFrame(table, schema=dict.fromkeys(COLUMNS, pl.String))
    return cleaned(frame, {column: kind_of([column]) for column in COLUMNS}).frame


def companions(frame: pl.DataFrame, *, constant: Collection[str] = (), batch: int = 2) -> dict[str, list[list[int]]]:
    """Return by key each row that has companions, with them: both passes over a frame in batches."""

    def frames(numbers: pl.Series) -> Iterator[pl.DataFrame]:
        starts = range(0, frame.height, batch)
        parts = (numbers.filter(numbers.is_between(start, start + batch, closed="left")) for start in starts)
        return (frame[part] for part in parts if part.len())

    with Collector(LOOSE) as collector:
        for part in frame.iter_slices(batch):
            collector.feed(loose_keys(part, constant))
        found, whole = prove(collector.suspects(), frames)
    assert whole
    assert set(found) == {*EXACT, PROBABLE}
    told = {key: [[row, *others] for row, others, _ in its.within(0, frame.height)] for key, its in found.items()}
    return {key: its for key, its in told.items() if its}


def test_strangers_have_no_companions() -> None:
    """Different people share no key."""
    assert companions(people({}, {}, {}, {}, {})) == {}


@pytest.mark.parametrize(
    ("key", "first", "other"),
    [
        ("external_id", {"external_id": "C-9"}, {"external_id": " C-9 "}),
        ("email", {"email": "ana@example.com"}, {"email": "ANA@Example.COM"}),
        (
            "phone_and_birth_date",
            {"phone": "+370 612 31001", "date_of_birth": "1990-10-03"},
            {"phone": "0037061231001", "date_of_birth": "1990-10-03"},
        ),
        ("document_number", {"document_number": "ab 12-34"}, {"document_number": "AB1234"}),
        (
            PROBABLE,
            {"first_name": "Katharina", "last_name": "Schröder", "date_of_birth": "1990-10-03"},
            {"first_name": "Katarina", "last_name": "Schroeder", "date_of_birth": "1990-10-03"},
        ),
    ],
)
def test_copies_are_found_by_each_key(key: str, first: dict[str, str], other: dict[str, str]) -> None:
    """However it is written, what two rows share makes them copies, also in different batches, and by that key only."""
    assert companions(people(first, {}, {}, other, {})) == {key: [[0, 3], [3, 0]]}


@pytest.mark.parametrize(
    ("first", "other"),
    [
        # The same end of the number and the same birth date, in another country.
        (
            {"phone": "+37061231001", "date_of_birth": "1990-10-03"},
            {"phone": "+37161231001", "date_of_birth": "1990-10-03"},
        ),
        ({"phone": "+37061231001"}, {"phone": "+37061231001"}),
        ({"document_number": "AB1234"}, {"document_number": "AB1234", "document_type": "ID_CARD"}),
    ],
)
def test_suspects_are_cleared_by_their_real_values(first: dict[str, str], other: dict[str, str]) -> None:
    """Half of a key, another country and another kind of document are no copies."""
    assert companions(people(first, other)) == {}


@pytest.mark.parametrize("empty", ["", " \u00a0"])
def test_what_is_absent_is_no_key(empty: str) -> None:
    """Rows without values do not share them."""
    nothing = dict.fromkeys(COLUMNS, empty)
    assert companions(people(nothing, nothing)) == {}
    absent = dict.fromkeys(COLUMNS, pl.Series([None, None], dtype=pl.String))
    assert companions(pl.DataFrame(absent)) == {}


ALIKE = {"first_name": "Ana", "last_name": "Nowak", "date_of_birth": "1990-10-03"}
ALL_ALIKE = ALIKE | {
    "external_id": "C-1",
    "email": "ana@example.com",
    "phone": "+37061231001",
    "document_number": "AB1234",
}


@pytest.mark.parametrize(
    ("constant", "gone"),
    [
        ("external_id", {"external_id"}),
        ("email", {"email"}),
        ("phone", {"phone_and_birth_date"}),
        ("document_number", {"document_number"}),
        ("document_type", set()),
        ("first_name", {PROBABLE}),
        ("last_name", {PROBABLE}),
        ("date_of_birth", {"phone_and_birth_date", PROBABLE}),
        ("gender", set()),
    ],
)
def test_a_column_that_is_made_the_same_for_all_is_no_key(constant: str, gone: set[str]) -> None:
    """What a profile states for every row says nothing of two of them; keys made of other columns stay."""
    frame = people(ALL_ALIKE, ALL_ALIKE)
    # Copies by another key are not told again as probable ones.
    expected = set(EXACT) - gone
    assert set(companions(frame, constant=(constant,))) == expected
    by_name = people(ALIKE | {"phone": "+37061231007"}, ALIKE | {"phone": "+37061231008"})
    assert set(companions(by_name, constant=(constant,))) == ({PROBABLE} - gone)


def test_keys_that_are_none_keep_their_rows() -> None:
    """A key that is left out still has a place for every row, so that rows keep their numbers."""
    frame = people({}, {}, {})
    for series in loose_keys(frame, set(COLUMNS)).values():
        assert (series.len(), series.null_count()) == (3, 3)
    assert {key: its.dtype for key, its in loose_keys(frame, COLUMNS).items()} == {
        key: its.dtype for key, its in loose_keys(frame, ()).items()
    }


def test_without_suspects_nothing_is_read() -> None:
    """A file without copies costs no further look."""

    def frames(_: pl.Series) -> Iterator[pl.DataFrame]:
        raise AssertionError

    with Collector(LOOSE) as collector:
        collector.feed(loose_keys(people({}, {}), ()))
        found, whole = prove(collector.suspects(), frames)
    assert whole
    assert all(list(its.within(0, 2)) == [] for its in found.values())


def test_rows_with_the_same_real_value_are_suspected_together() -> None:
    """What the second look calls copies, the first never parts."""
    frame = people(ALL_ALIKE, ALL_ALIKE | {"email": "Ana@EXAMPLE.com", "phone": "0037061231001"})
    suspected = loose_keys(frame, ())
    for key in EXACT:
        proven = exact_key(frame, key)
        assert proven[0] == proven[1] != "", key
        assert suspected[key][0] == suspected[key][1], key


def test_all_blocks_and_keys_are_made_of_known_columns() -> None:
    """The first pass reads only the columns that keys need: they suffice for every key."""
    assert set(loose_keys(people({}).select(COLUMNS), ())) == set(LOOSE)
    assert set(EXACT) <= set(LOOSE)
    assert identity.PROBABLE not in LOOSE


def told(path: Path, constants: dict[str, str]) -> list[list[str]]:
    """Return what is found against each row of a file under a profile with constants."""
    found = survey([path], batch_rows=100, reading=Reading(profile=Profile(constants=constants)))
    judged = [row for batch in judge_rows(found, rules(), batch_rows=100) for row in batch]
    return [sorted({one.code for one in (*row.violations, *row.findings)}) for row in judged]


def test_a_constant_of_a_profile_is_no_key(tmp_path: Path) -> None:
    """The same document number for all rows by the profile makes no duplicates; written in the file it does."""
    names = [{"first_name": first, "last_name": last, "date_of_birth": born} for first, last, born in PEOPLE[:2]]
    table = [a_row(number, **of_one) for number, of_one in enumerate(names, start=1)]
    header = list(table[0])
    plain = write(tmp_path / "plain.csv", table, header)
    constants = {"document_type": "PASSPORT", "document_number": "AB1234"}
    assert told(plain, constants) == [[], []]
    stated = write(tmp_path / "stated.csv", [row | constants for row in table], [*header, *constants])
    assert told(stated, {}) == [["duplicate_document_number"]] * 2
