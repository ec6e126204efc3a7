import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.intake.duplicates import exact
from finhub_onboard.intake.duplicates.exact import (
    Collector,
    Copies,
    Proof,
    document_key,
    join_parts,
    phone_birth_key,
    select_between,
)

KEYS = st.lists(st.sampled_from(["", None, "a", "b", "c", "d", "e", "f", "Ž", "a|b"]), max_size=40)
BATCHES = st.integers(1, 7)


def texts(values: Sequence[str | None]) -> pl.Series:
    """Return a series of texts."""
    return pl.Series(values, dtype=pl.String)


def numbers(values: Sequence[int]) -> pl.Series:
    """Return a series of row numbers."""
    return pl.Series(values, dtype=pl.get_index_type())


def proven(values: Sequence[str | None], batch: int = 3) -> Copies:
    """Prove copies among rows that are all suspects."""
    proof = Proof()
    for start in range(0, len(values), batch):
        here = values[start : start + batch]
        proof.feed(numbers(range(start, start + len(here))), texts(here))
    return proof.copies()


def repeated(values: Sequence[str | None]) -> list[int]:
    """Find the rows whose value is not unique, naively."""
    times = Counter(values)
    return [row for row, value in enumerate(values) if value and times[value] > 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=KEYS, batch=BATCHES, held=st.sampled_from([0, 3, 1000]), heavy=st.sampled_from([1, 3, 1000]))
def test_suspects_are_the_rows_that_share_a_key(
    monkeypatch: pytest.MonkeyPatch, one: list[str | None], batch: int, held: int, heavy: int
) -> None:
    """Whether in memory or on disk, in light or in heavy parts: each key's repeated rows, and no other, in order."""
    monkeypatch.setattr(exact, "_HEAVY_ROWS", heavy)
    other = [value if row % 3 else "same" for row, value in enumerate(one)]
    with Collector(["one", "other"], held=held) as collector:
        for start in range(0, len(one), batch):
            end = start + batch
            collector.feed({"one": texts(one[start:end]), "other": texts(other[start:end])})
        assert collector.rows == len(one)
        found = collector.suspects()
    assert {key: rows.to_list() for key, rows in found.items()} == {"one": repeated(one), "other": repeated(other)}
    assert {rows.dtype for rows in found.values()} == {pl.get_index_type()}


def test_a_key_may_be_a_number() -> None:
    """Zero is a key, null is none."""
    with Collector(["key"]) as collector:
        collector.feed({"key": pl.Series([0, None, 7, None, 0], dtype=pl.UInt64)})
        assert collector.suspects()["key"].to_list() == [0, 4]


def test_keys_have_a_value_for_every_row() -> None:
    """A batch that lacks a key or a row would shift the numbers: it is refused."""
    collector = Collector(["one", "other"])
    with pytest.raises(ValueError, match="every row"):
        collector.feed({"one": texts(["a"])})
    with pytest.raises(ValueError, match="every row"):
        collector.feed({"one": texts(["a"]), "other": texts(["a", "b"])})


def test_only_hashes_are_written_and_cannot_be_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No value is on disk, and the same values look different in every run."""
    written = []
    for _ in range(2):
        file = (tmp_path / "hashes").open("w+b")
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda file=file: file)
        collector = Collector(["email"], held=0)
        collector.feed({"email": texts(["somebody.particular@example.com"] * 2)})
        assert collector.suspects()["email"].to_list() == [0, 1]
        written.append((tmp_path / "hashes").read_bytes())
        collector.close()
        assert file.closed
    assert all(bytes_ and b"particular" not in bytes_ for bytes_ in written)
    assert written[0] != written[1]


def test_a_full_disk_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do stands in the hint."""

    def full() -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    collector = Collector(["key"], held=0)
    with pytest.raises(ConfigurationError, match="No space left") as caught:
        collector.feed({"key": texts(["a"])})
    assert "TMPDIR" in caught.value.hint


@given(values=KEYS, batch=BATCHES, window=BATCHES)
def test_copies_are_proven_by_their_values(values: list[str | None], batch: int, window: int) -> None:
    """Every copy comes out once, with its first companions and the number of the rest."""
    found = proven(values, batch)
    told = [told for start in range(0, len(values), window) for told in found.within(start, window)]
    groups = defaultdict(list)
    for row, value in enumerate(values):
        groups[value].append(row)
    expected = []
    for row in repeated(values):
        others = [other for other in groups[values[row]] if other != row]
        expected.append((row, others[:5], len(others[5:])))
    assert told == expected


def test_suspects_that_are_no_copies_are_cleared() -> None:
    """Equal hashes are only a suspicion; the values decide, and without suspects there is nothing."""
    assert list(proven(["a", "b", "", None]).within(0, 4)) == []
    assert list(Proof().copies().within(0, 10)) == []


def test_a_column_that_is_all_the_same_is_told_shortly() -> None:
    """Some companions and a number, however many there are."""
    found = proven(["x"] * 1000, batch=100)
    assert found.groups.height == 1
    assert list(found.within(998, 5)) == [(998, [0, 1, 2, 3, 4], 994), (999, [0, 1, 2, 3, 4], 994)]


def test_between_takes_consecutive_rows() -> None:
    """The first belongs to them, the one after the last does not."""
    assert select_between(numbers([1, 4, 5, 9]), 4, 5).to_list() == [4, 5]
    assert select_between(numbers([]), 4, 5).to_list() == []


@pytest.mark.parametrize(
    "phone",
    ["+37061231001", "0037061231001", " +370 612-31001 ", "+370 (612) 31.001", "8 612 31001", "+370(0)61231001"],
)
def test_a_phone_may_be_written_in_many_ways(phone: str) -> None:
    """What the number is in the end, its last digits show."""
    assert phone_birth_key(texts([phone]), texts(["1990-10-03 "])).to_list() == ["231001|1990-10-03"]


def test_a_phone_alone_is_no_key() -> None:
    """Families share a phone: without the birth date, and without digits, there is none."""
    phones, births = texts(["+37061231001", "", "n/a", "+37061231001"]), texts(["", "1990-10-03", "1990-10-03", " "])
    assert phone_birth_key(phones, births).to_list() == ["", "", "", ""]


def test_a_document_number_may_be_written_in_many_ways() -> None:
    """Only letters and digits count, and no case."""
    written = texts(["ab 12-34", "AB1234", " Ab.1234", "žā/7", "z\u030ca\u0304 7", "--", ""])
    assert document_key(written).to_list() == ["AB1234", "AB1234", "AB1234", "ŽĀ7", "ŽĀ7", "", ""]


def test_a_document_number_counts_within_its_kind() -> None:
    """The same number of another type is another document; an absent type is a type too."""
    types = texts(["PASSPORT", "ID_CARD", "", "PASSPORT"])
    assert document_key(texts(["1", "1", "1", ""]), types).to_list() == ["PASSPORT|1", "ID_CARD|1", "|1", ""]


def test_a_joined_key_needs_all_its_parts() -> None:
    """One absent part makes it absent."""
    assert join_parts(texts(["a", "", "b", None]), texts(["1", "2", "", "4"])).to_list() == ["a|1", "", "", ""]
