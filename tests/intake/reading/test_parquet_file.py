import base64
import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import pytest

from finhub_onboard.config.profile import ExtraMember
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading import parquet_file
from finhub_onboard.model.columns import CANONICAL_COLUMNS
from tests.intake.mapping.support import profile

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="the public test data is not here")
ENDLESS = base64.b64decode(
    "UEFSMRUEFQwVDEwVAhUAAAACAAAATFQVABUOFQ4sFYDQrPMOFRAVBhUGAAABgNCs8w4AFQIZLEgGc2NoZW1hFQIAFQwlABgLZXh0ZXJuYWxfaWQl"
    "AAAWgNCs8w4ZHBkcJggcFQwZFRAZGAtleHRlcm5hbF9pZBUAFoDQrPMOFl4WXiYuJggAABZeFoDQrPMOAABfAAAAUEFSMQ=="
)
"""A file of 152 bytes made by hand: external_id is the text LT in 2,000,000,000 rows, as one run in one page."""
NAIVE = datetime(1990, 10, 3)  # noqa: DTZ001 - a time without a time zone is what is tested


def parquet(path: Path, table: dict[str, Any], **options: Any) -> Path:
    """Write a table."""
    pl.DataFrame(table).write_parquet(path, **options)
    return path


def read(path: Path, *wanted: str, batch_rows: int = 1000) -> pl.DataFrame:
    """Read the columns, all by default."""
    names = wanted or parquet_file.columns(path, "x")
    frames = [frame for frame, _ in parquet_file.frames(path, "x", names, batch_rows, quiet=True)]
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def refused(path: Path) -> str:
    """Return the sentence that refuses a file, and its hint."""
    with pytest.raises(UnreadableInputError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return f"{caught.value} | {caught.value.hint}"


def type_trouble(path: Path, extra: Mapping[str, ExtraMember] = MappingProxyType({}), /, **columns: str) -> str:
    """Return what speaks against the types of columns, given as file column = canonical column."""
    try:
        parquet_file.check_types(path, "x", columns, extra)
    except UnreadableInputError as error:
        return f"{error} | {error.hint}"
    return ""


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pl.Series(["é", "", None]), ["é", "", ""]),
        (pl.Series(["a", None], dtype=pl.Categorical), ["a", ""]),
        (pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])), ["a", "b"]),
        (pl.Series([None, None]), ["", ""]),
        (pl.Series([date(1990, 10, 3), None]), ["1990-10-03", ""]),
        (pl.Series([date.min, date.max]), ["0001-01-01", "9999-12-31"]),
        (pl.Series([-(2**31), 2**31 - 1, 0], dtype=pl.Int32).cast(pl.Date), ["out of range"] * 2 + ["1970-01-01"]),
        (pl.Series([NAIVE, None]), ["1990-10-03T00:00:00.000000", ""]),
        (pl.Series([NAIVE + timedelta(microseconds=1)]).cast(pl.Datetime("ns")), ["1990-10-03T00:00:00.000001"]),
        (pl.Series([NAIVE]).cast(pl.Datetime("ms")), ["1990-10-03T00:00:00.000000"]),
        (pl.Series([NAIVE], dtype=pl.Datetime("us", "Europe/Vilnius")), ["1990-10-03T00:00:00.000000Z"]),
        (pl.Series([NAIVE]).dt.replace_time_zone("Europe/Vilnius"), ["1990-10-02T22:00:00.000000Z"]),
        (pl.Series([2**63 - 1, 0]).cast(pl.Datetime("ms")), ["out of range", "1970-01-01T00:00:00.000000"]),
        (pl.Series([2**63 - 1, None]).cast(pl.Datetime("us", "Asia/Tokyo")), ["out of range", ""]),
        (pl.Series([-7, 2**63 - 1]), ["-7", "9223372036854775807"]),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), ["18446744073709551615"]),
        (pl.Series([Decimal(12345678901234567890)], dtype=pl.Decimal(38, 0)), ["12345678901234567890"]),
        (pl.Series([Decimal("1.50")], dtype=pl.Decimal(10, 2)), ["1.50"]),
        (pl.Series([1.5, 2.0, None]), ["1.5", "2.0", ""]),
        (pl.Series([True, False, None]), ["true", "false", ""]),
    ],
)
def test_values_come_out_as_they_are_meant(tmp_path: Path, values: pl.Series, texts: list[str]) -> None:
    """Text as it is, days and instants in ISO, instants with a zone in UTC, whole numbers as digits, null as ''."""
    assert read(parquet(tmp_path / "x", {"a": values}))["a"].to_list() == texts


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([b"a"]),
        pl.Series([["a"]]),
        pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2)),
        pl.Series([{"a": "b"}]),
        pl.Series([timedelta(1)]),
        pl.Series([NAIVE.time()]),
    ],
    ids=lambda values: str(values.dtype.base_type()),
)
def test_types_without_one_text_are_refused_by_name(tmp_path: Path, values: pl.Series) -> None:
    """Wherever they are wanted; beside the wanted columns they do not matter."""
    path = parquet(tmp_path / "x", {"a": values, "b": ["text"]})
    assert f"x: column a is {values.dtype}, it must be text" in refused(path)
    assert read(path, "b")["b"].to_list() == ["text"]
    for canonical in CANONICAL_COLUMNS:
        assert f"column a, which is {canonical}, is {values.dtype}, it must be text" in type_trouble(path, a=canonical)


TYPES = {
    "text": pl.Series(["1"]),
    "whole": pl.Series([1]),
    "decimal": pl.Series([Decimal(1)], dtype=pl.Decimal(10, 0)),
    "day": pl.Series([date(1990, 10, 3)]),
    "local": pl.Series([NAIVE]),
    "instant": pl.Series([NAIVE]).dt.replace_time_zone("UTC"),
    "fraction": pl.Series([1.5]),
    "flag": pl.Series([True]),
}


@pytest.mark.parametrize(
    ("canonical", "accepted"),
    [
        ("external_id", "text whole decimal"),
        ("category", "text whole decimal"),
        ("nationality", "text whole decimal"),
        ("gender", "text whole decimal"),
        ("terms_version", "text whole decimal day"),
        ("date_of_birth", "text day local"),
        ("terms_accepted_at", "text local instant"),
        ("phone", "text"),
        ("pincode", "text"),
        ("document_number", "text"),
        ("first_name", "text"),
        ("email", "text"),
        ("identity_document", "text"),
    ],
)
def test_each_canonical_column_has_its_types(tmp_path: Path, canonical: str, accepted: str) -> None:
    """A type is taken where it loses nothing, and refused where it would have to be guessed."""
    path = parquet(tmp_path / "x", TYPES)
    assert [name for name in TYPES if not type_trouble(path, **{name: canonical})] == accepted.split()


@pytest.mark.parametrize(
    ("kind", "accepted"), [("text", "text day"), ("number", "text whole decimal fraction"), ("boolean", "text flag")]
)
def test_a_column_of_extra_has_the_types_that_the_profile_names(tmp_path: Path, kind: str, accepted: str) -> None:
    """Numbers and booleans are stored as such by whoever writes Parquet."""
    path = parquet(tmp_path / "x", TYPES)
    extra = profile(extra={"a": {"member": "a", "type": kind}}).extra_columns
    taken = [name for name in TYPES if not type_trouble(path, extra, **{name: "extra.a"})]
    assert taken == accepted.split()


@pytest.mark.parametrize(
    ("file", "canonical", "words"),
    [
        ("phone", "phone", "column phone is Int64, it must be text | "),
        ("Telefon", "phone", "column Telefon, which is phone, is Int64, it must be text | "),
        ("pincode", "pincode", "leading zeros"),
        ("date_of_birth", "date_of_birth", "it must be text or a date"),
        ("terms_accepted_at", "terms_accepted_at", "it must be text or an instant"),
    ],
)
def test_what_speaks_against_a_type_is_said(tmp_path: Path, file: str, canonical: str, words: str) -> None:
    """The file's name for the column, what it should be, and why."""
    assert words in type_trouble(parquet(tmp_path / "x", {file: [1]}), **{file: canonical})


@pytest.mark.parametrize("batch_rows", [1, 3, 7, 10, 100])
@pytest.mark.parametrize("group", [1, 4, 100])
def test_every_row_comes_out_once_and_in_order(tmp_path: Path, batch_rows: int, group: int) -> None:
    """Whatever the row groups and the batches are."""
    path = parquet(tmp_path / "x", {"a": [str(number) for number in range(10)], "b": range(10)}, row_group_size=group)
    assert read(path, "b", "none", "a", batch_rows=batch_rows).rows() == [(str(n), "", str(n)) for n in range(10)]
    assert read(path, "none", batch_rows=batch_rows).height == 10


def test_no_rows_give_no_batch(tmp_path: Path) -> None:
    """A file with columns only, and one with nothing at all."""
    path = parquet(tmp_path / "x", {"a": pl.Series([], dtype=pl.String)})
    assert parquet_file.columns(path, "x") == ("a",)
    assert list(parquet_file.frames(path, "x", ["a"], 10, quiet=True)) == []
    assert parquet_file.columns(parquet(tmp_path / "y", {}), "y") == ()
    assert list(parquet_file.frames(tmp_path / "y", "y", ["a"], 10, quiet=True)) == []


def test_names_are_taken_as_they_are(tmp_path: Path) -> None:
    """Spaces around them go; what looks like a pattern is a name."""
    names = {" a b ": ["1"], "*": ["2"], "^.*$": ["3"], "{x}": ["4"], "\0row": ["5"], "": ["6"]}
    path = parquet(tmp_path / "x [1]*.parquet", names)
    assert parquet_file.columns(path, "x") == ("a b", "*", "^.*$", "{x}", "\0row", "")
    assert read(path, "^.*$", "a b", "*").rows() == [("3", "1", "2")]
    assert type_trouble(parquet(tmp_path / "y", {" a ": [1]}), a="phone").startswith("x: column a, which is phone,")


def test_the_same_name_twice_is_said(tmp_path: Path) -> None:
    """Which the library refuses to read."""
    path = parquet(tmp_path / "x", {"email_1": ["a"], "email_2": ["b"]}, statistics=False)
    path.write_bytes(path.read_bytes().replace(b"email_2", b"email_1"))
    assert "the header has the name email_1 more than once" in refused(path)


def test_a_tiny_file_of_endless_rows_is_read_by_batches(tmp_path: Path) -> None:
    """Memory is bounded by the batch: all of it would be 32 GB."""
    (tmp_path / "x").write_bytes(ENDLESS)
    frames = parquet_file.frames(tmp_path / "x", "x", ["external_id"], 50_000, quiet=True)
    for frame, _ in islice(frames, 3):
        assert frame.height == 50_000
        assert frame["external_id"].unique().to_list() == ["LT"]


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_texts_that_are_stored_once_do_not_fill_the_memory(
    tmp_path: Path, kind: type[pl.DataType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A huge cell, and a batch of large ones, are refused before they are worked on."""
    huge = parquet(tmp_path / "x", {"a": pl.Series(["ok", "x" * (parquet_file.MAX_CELL_BYTES + 1)], dtype=kind)})
    assert "column a has a text of 1048577 bytes" in refused(huge)
    monkeypatch.setattr(parquet_file, "MAX_BATCH_BYTES", 5_000_000)
    large = parquet(tmp_path / "y", {"a": pl.Series(["x" * 1_000_000] * 10, dtype=kind)})
    assert "10 rows of column a do not fit into memory | lower intake.batch_rows" in refused(large)
    assert read(large, batch_rows=5).height == 10


def test_an_encrypted_file_is_said_to_be_one(tmp_path: Path) -> None:
    """By the mark of an encrypted footer."""
    path = parquet(tmp_path / "x", {"a": ["1"]})
    path.write_bytes(b"PARE" + path.read_bytes()[4:-4] + b"PARE")
    assert "encrypted" in refused(path)


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1",
        b"PAR1PAR1",
        b"PAR1" + bytes(4) + b"PAR1",
        b"PAR1" + b"\xff\xff\xff\xff" + b"PAR1",
        b"PAR1\0\0\0\x7fPAR1",
    ],
)
def test_a_footer_that_is_none_is_corrupt(tmp_path: Path, content: bytes) -> None:
    """Empty, too long or not there."""
    (tmp_path / "x").write_bytes(content)
    assert "corrupt Parquet" in refused(tmp_path / "x")


def test_damage_never_loses_a_row_in_silence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A damaged file is one sentence or has all its rows, wherever the damage is; a panic stays off the terminal."""
    table = {"a": [f"name {number}" for number in range(300)], "b": [NAIVE] * 300}
    whole = parquet(tmp_path / "whole", table, row_group_size=100).read_bytes()
    seed = random.Random(7)
    outcomes = set()
    for attempt in range(120):
        broken = bytearray(whole)
        if attempt % 3:
            broken[seed.randrange(4, len(whole) - 8)] ^= 1 << seed.randrange(8)
        else:
            del broken[seed.randrange(4, len(whole)) :]
        (tmp_path / "x").write_bytes(broken)
        try:
            height = read(tmp_path / "x", "a", "b", batch_rows=70).height
        except UnreadableInputError:
            height = -1
        outcomes.add(height)
    assert outcomes == {-1, 300}
    assert capfd.readouterr().err == ""


@needs_corpora
@pytest.mark.parametrize("name", ["apache-ARROW-GH-41317", "duckdb-broken_date"])
def test_public_corrupt_files_are_one_sentence(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Also where the library panics."""
    assert "corrupt Parquet" in refused(CORPORA / "parquet" / f"{name}.parquet")
    assert capfd.readouterr().err == ""


@needs_corpora
def test_the_public_persons_are_read() -> None:
    """A whole number is an id, absent text stays '', the salary that nobody wants does not matter."""
    path = CORPORA / "userdata1.parquet"
    columns = {"id": "external_id", "first_name": "first_name", "birthdate": "date_of_birth", "country": "nationality"}
    assert type_trouble(path, **columns) == ""
    assert "Float64" in type_trouble(path, **columns, salary="pincode")
    frame = read(path, *columns, "registration_dttm", batch_rows=300)
    assert frame.height == 1000
    assert frame["id"].to_list() == [str(number) for number in range(1, 1001)]
    assert frame["registration_dttm"][0] == "2016-02-03T07:55:29.000000"
    assert frame.null_count().sum_horizontal().item() == 0
