from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from finhub_onboard.intake.duplicates import probable
from finhub_onboard.intake.duplicates.exact import Collector, Copies, Proof
from finhub_onboard.intake.duplicates.probable import BLOCKS, Names, block_keys, choose_suspects, fold
from tests.intake.helpers import CORPORA

BORN = "1990-10-03"
Row = tuple[str, str, str]
Told = dict[int, tuple[list[int], int]]


def columns(rows: Sequence[Row]) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return first names, last names and birth dates as series."""
    first, last, born = zip(*rows, strict=True) if rows else ((), (), ())
    return pl.Series(first, dtype=pl.String), pl.Series(last, dtype=pl.String), pl.Series(born, dtype=pl.String)


def numbers(values: Sequence[int]) -> pl.Series:
    """Return a series of row numbers."""
    return pl.Series(values, dtype=pl.get_index_type())


def found(rows: Sequence[Row], *, batch: int = 1000, known: Sequence[Copies] = ()) -> Told:
    """Search as the intake does: suspects by blocks, then their names; return what each row is told."""
    with Collector(BLOCKS) as collector:
        for start in range(0, len(rows), batch):
            collector.feed(block_keys(*columns(rows[start : start + batch])))
        suspects, _ = choose_suspects(collector.suspects())
    names = Names()
    for place in range(0, suspects.len(), batch):
        here = suspects[place : place + batch]
        names.feed(here, *columns([rows[row] for row in here]))
    return {row: (others, more) for row, others, more in names.alike(known).within(0, len(rows))}


def alike(*names: str, born: str = BORN) -> bool:
    """Tell whether two persons "first name, last name" of the same birth date are told of each other."""
    first, second = (tuple(name.split(", ")) for name in names)
    told = found([(first[0], first[1], born), (second[0], second[1], born)])
    assert told in ({}, {0: ([1], 0), 1: ([0], 0)})
    return bool(told)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rūta", "ruta"),
        (" O'Neill-Šimkus ", "oneill simkus"),
        ("O\u2019Neill", "oneill"),
        ("Straße Łódź", "strasse lodz"),
        ("BJØRN Æsir", "bjorn aesir"),
        ("D\u0130LA I\u015f\u0131k", "dila isik"),
        ("\uff2d\uff41\uff58", "max"),
        ("Ёлкина", "елкина"),
        ("Σοφος Ελένη", "σοφοσ ελενη"),
        ("김민수", "김민수"),
        ("सुनीता", "सुनीता"),
        ("مُحَمَّد", "محمد"),
        ("J. R. 3rd", "j r rd"),
        ("- 7 -", ""),
        (None, ""),
    ],
)
def test_names_are_folded(name: str | None, expected: str) -> None:
    """Case, accents and punctuation go; letters of every script stay, and vowel signs that make another name."""
    assert fold(pl.Series([name], dtype=pl.String), " ").to_list() == [expected]
    assert fold(pl.Series([name], dtype=pl.String)).to_list() == [expected.replace(" ", "")]


@pytest.mark.parametrize(
    "other",
    [
        "Kristina, Jankauskas",
        "JANKAUSKAS, KRISTINA",
        "Kristína, Jankáuskas",
        "Cristina, Jankauskas",
        "Krsitina, Jankauskas",
        "Kristina, Jankauska",
        "Kristina, Yankauskas",
        "Kristin, Jankauskass",
        "Yankauskas, Kristina",
    ],
)
def test_nearly_the_same_name_is_told(other: str) -> None:
    """An altered, missing or added letter, other accents and exchanged names are seen through."""
    assert alike("Kristina, Jankauskas", other)


@pytest.mark.parametrize(
    "other",
    ["Kristina, Petrauskas", "Martynas, Jankauskas", "Ana, Jankauskas", "Kristina, ", "-, Jankauskas", ", "],
)
def test_another_name_is_not_told(other: str) -> None:
    """One name in common is a family, and an absent name is nobody's."""
    assert not alike("Kristina, Jankauskas", other)


@pytest.mark.parametrize(
    "pair",
    [
        ("Li, Wei", "Lu, Wei"),
        ("Bo, Li", "Bo, Lin"),
        ("J, Featherstonehaugh", "A, Featherstonehaugh"),
        ("Jo, Featherstonehaugh", "Bo, Featherstonehaugh"),
        ("伟, 王", "芳, 王"),
        ("Jack, Featherstonehaugh", "Noah, Featherstonehaugh"),
    ],
)
def test_short_names_do_not_match_everything(pair: tuple[str, str]) -> None:
    """A long family name does not outweigh another given name, and one of two letters has no room for an error."""
    assert not alike(*pair)


@pytest.mark.parametrize("pair", [("Li, Wei", "Wei, Li"), ("伟, 王", "王, 伟"), ("Bo, Li", "BO, LI")])
def test_short_names_that_are_equal_are_told(pair: tuple[str, str]) -> None:
    """However short, in either order."""
    assert alike(*pair)


def test_the_birth_date_must_be_the_same() -> None:
    """Another birth date is another person, and an absent one is nobody's; white space does not matter."""
    names = ("Kristina", "Jankauskas")
    assert found([(*names, BORN), (*names, "1990-10-04"), (*names, ""), (*names, "")]) == {}
    assert found([(*names, BORN), (*names, f" {BORN} ")]) == {0: ([1], 0), 1: ([0], 0)}


@pytest.mark.parametrize("place", range(8))
def test_an_error_anywhere_leaves_a_block(place: int) -> None:
    """Either the beginnings or the ends of two names stay the same."""
    wrong = "kristina"[:place] + "x" + "kristina"[place + 1 :]
    assert alike("Kristina, Jankauskas", f"{wrong}, Jankauskas")


def test_many_rows_are_told_shortly() -> None:
    """Some others and the number of the rest; the same over batches."""
    rows = [("Kristina", "Jankauskas", BORN)] * 7 + [("Kristina", "Jankauskass", BORN)] * 2
    for batch in (2, 1000):
        told = found(rows, batch=batch)
        assert told[0] == ([1, 2, 3, 4, 5], 3)
        assert told[8] == ([0, 1, 2, 3, 4], 3)
        assert len(told) == 9


def test_what_is_known_is_not_told_again() -> None:
    """Two that share a proven key are not guessed at; a third row is still told of both."""
    rows = [("Kristina", "Jankauskas", BORN)] * 3
    proof = Proof()
    proof.feed(numbers([0, 1]), pl.Series(["c-1", "c-1"]))
    assert found(rows, known=[proof.copies()]) == {0: ([2], 0), 1: ([2], 0), 2: ([0, 1], 0)}
    assert found(rows[:2], known=[proof.copies()]) == {}


def test_of_a_large_block_only_neighbours_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost stays linear; neighbours in sorted order are still found."""
    monkeypatch.setattr(probable, "MAX_BLOCK_NAMES", 4)
    monkeypatch.setattr(probable, "_NEIGHBOURS", 1)
    middles = ["aaaaaaaa", "aaaaaaab", "mmmmmmmm", "mmmmmmmn", "zzzzzzzz"]
    rows = [(f"kri{middle}na", "Jankauskas", BORN) for middle in middles]
    assert found(rows) == {0: ([1], 0), 1: ([0], 0), 2: ([3], 0), 3: ([2], 0)}


def test_too_many_suspects_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """All while there is room, then the smallest key's, then those of both keys; and it is said."""
    suspects = {"name_starts": numbers([1, 2, 3, 7]), "name_ends": numbers([2, 3, 9])}
    expected = {5: ([1, 2, 3, 7, 9], True), 4: ([2, 3, 9], False), 2: ([2, 3], False), 1: ([2], False)}
    for limit, (rows, whole) in expected.items():
        monkeypatch.setattr(probable, "MAX_ROWS", limit)
        taken, all_of_them = choose_suspects(suspects)
        assert (taken.to_list(), all_of_them) == (rows, whole)


def test_without_suspects_nothing_is_told() -> None:
    """No rows, or none that share a block."""
    assert found([]) == {}
    assert found([("Kristina", "Jankauskas", BORN), ("Petras", "Petraitis", BORN)]) == {}


def naive(rows: Sequence[Row]) -> Told:
    """Compare every row with every other."""
    told = defaultdict(list)
    for (one, (a, b, born)), (other, (c, d, day)) in combinations(enumerate(rows), 2):
        starts = sorted((a[:2], b[:2])) == sorted((c[:2], d[:2]))
        ends = sorted((a[-3:], b[-3:])) == sorted((c[-3:], d[-3:]))
        near = max(fuzz.ratio(f"{a} {b}", f"{c} {d}"), fuzz.ratio(f"{b} {a}", f"{c} {d}")) >= 90
        each = any(
            all(x == y or (min(len(x), len(y)) > 2 and fuzz.ratio(x, y) > 50) for x, y in pairs)
            for pairs in (((a, c), (b, d)), ((a, d), (b, c)))
        )
        if all((a, b, c, d, born)) and born == day and (starts or ends) and near and each:
            told[one].append(other)
            told[other].append(one)
    return {row: (sorted(others)[:5], len(others[5:])) for row, others in sorted(told.items())}


NAMES = st.sampled_from(["", "kristina", "kristin", "cristina", "krstina", "jan", "jane", "li", "janina", "janinna"])


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(rows=st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", BORN, BORN, "2000-01-01"])), max_size=10))
def test_the_search_finds_what_comparing_all_with_all_finds(rows: list[Row]) -> None:
    """Blocks, persons of several rows and pairs change the cost, not the answer."""
    assert found(rows, batch=4) == naive(rows)


@pytest.mark.skipif(not CORPORA.exists(), reason="the public test data is not here")
def test_copies_in_public_data_are_found() -> None:
    """FEBRL: four of five altered copies that have both names and the same birth date, and no wrong one."""
    table = pl.read_csv(CORPORA / "febrl-dataset1.csv", infer_schema=False).rename(str.strip)
    table = table.with_columns(pl.all().str.strip_chars().fill_null(""))
    person = table["rec_id"].str.extract(r"rec-(\d+)")
    rows = list(zip(table["given_name"], table["surname"], table["date_of_birth"], strict=True))
    pairs = {tuple(sorted((row, other))) for row, (others, _) in found(rows).items() for other in others}
    true = {
        (one, other)
        for one, other in combinations(range(len(rows)), 2)
        if person[one] == person[other] and all(rows[one]) and all(rows[other]) and rows[one][2] == rows[other][2]
    }
    assert len(true) == 406
    assert pairs <= true
    assert len(pairs) == 334
