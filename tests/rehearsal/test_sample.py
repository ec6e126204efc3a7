"""The sample: spread over the whole input, of all kinds of rows, byte for byte as they stand there."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.config.loading import load_profile
from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.rehearsal.sample import Sample, alone, choose, draw, spread, toml
from tests.intake.helpers import ROOT, SAMPLES, a_row, csv_text, judged, rules, write

SETTINGS = Settings.model_validate(
    {"api": {"base_url": "sandbox:"}, "documents": {"root": SAMPLES / "documents", "max_bytes": 1_048_576}}
)


def drawn(folder: Path, *inputs: Path, wanted: int = 20, profile: Profile | None = None) -> Sample:
    """Draw from inputs."""
    return draw(Order(inputs=inputs, profile=profile or Profile()), SETTINGS, folder, wanted=wanted)


@pytest.mark.parametrize(
    ("total", "wanted", "expected"),
    [
        (0, 5, []),
        (3, 5, [0, 1, 2]),
        (5, 5, [0, 1, 2, 3, 4]),
        (9, 1, [4]),
        (9, 0, []),
        (9, 2, [2, 6]),
        (100, 5, [10, 30, 50, 70, 90]),
        (10_000_000, 2, [2_500_000, 7_500_000]),
    ],
)
def test_places_are_evenly_spread_over_the_whole(total: int, wanted: int, expected: list[int]) -> None:
    """Never more than asked, never one twice."""
    assert spread(total, wanted) == expected


def test_the_inputs_are_read_by_the_settings(tmp_path: Path) -> None:
    """What a run would refuse to unpack is not unpacked for a rehearsal either."""
    packed = tmp_path / "x.csv.gz"
    packed.write_bytes(gzip.compress((SAMPLES / "customers.csv").read_bytes()))
    intake = SETTINGS.intake.model_copy(update={"max_unpacked_bytes": 1000})
    with pytest.raises(UnreadableInputError, match=r"unpacks to more than 1,000 bytes"):
        draw(
            Order(inputs=(packed,), profile=Profile()),
            SETTINGS.model_copy(update={"intake": intake}),
            tmp_path / "sample",
            wanted=2,
        )


def test_rows_come_from_the_whole_input_and_are_the_same_each_time(tmp_path: Path) -> None:
    """Not the first rows: each quarter of the file is there; a second draw gives the same bytes."""
    first, second = (drawn(tmp_path / name, SAMPLES / "customers.csv", wanted=40) for name in ("a", "b"))
    numbers = [int(row.origin.removeprefix("row ")) for row in first.rows]
    assert numbers == sorted(set(numbers))
    quarters = Counter((number - 1) * 4 // 500 for number in numbers)
    assert min(quarters[quarter] for quarter in range(4)) >= 5
    assert first.files[0].read_bytes() == second.files[0].read_bytes()
    lines = (SAMPLES / "customers.csv").read_text(encoding="utf-8").splitlines()
    with first.files[0].open(encoding="utf-8", newline="") as stream:
        original = {line["external_id"]: line for line in csv.DictReader(lines)}
        for line, row in zip(csv.DictReader(stream), first.rows, strict=True):
            assert original[line["external_id"]].items() <= line.items()
            assert row.customer is not None
            assert row.customer.external_id == line["external_id"]


def test_rejects_are_in_the_sample_but_not_most_of_it(tmp_path: Path) -> None:
    """A file that is half bad gives a fifth of rejects, of as many kinds as fit; what is broken stays broken."""
    sample = drawn(tmp_path, SAMPLES / "customers_messy.csv", wanted=30)
    assert len(sample.rows) == 30
    assert sum(row.customer is None for row in sample.rows) == 6
    _, rows = judged(*sample.files, by=rules(categories=None))
    assert sum(row.customer is None for row in rows) == 6
    assert len({row.violations[0].code for row in rows if row.violations}) == 6


def test_every_kind_of_customer_is_there(tmp_path: Path) -> None:
    """A rare category is in the sample, though most rows are alike."""
    table = [a_row(number, category="INDIVIDUAL_STANDARD") for number in range(1, 200)]
    table[120]["category"] = "RARE"
    table[7]["risk_level"] = "HIGH"
    sample = drawn(tmp_path, write(tmp_path / "book.csv", table), wanted=10)
    assert Counter(customer.category for customer in sample.customers)["RARE"] == 1
    assert Counter(customer.risk_level for customer in sample.customers)["HIGH"] == 1
    assert len(sample.rows) == 10


def test_with_few_good_rows_the_rest_are_rejects(tmp_path: Path) -> None:
    """As many rows as asked for, if the input has them."""
    table = [a_row(number, email="" if number > 2 else "a@example.com") for number in range(1, 11)]
    table[1]["email"] = "b@example.com"
    _, rows = judged(write(tmp_path / "book.csv", table))
    assert len(choose(rows, 8)) == 8
    assert {0, 1} <= set(choose(rows, 8))
    assert choose(rows, 50) == list(range(10))


@pytest.mark.parametrize("packed", [False, True])
def test_a_partners_file_is_read_by_what_was_found_on_the_whole(packed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Encoding, delimiter and lines before the header are stated for the sample, which may be too little to tell."""
    source = SAMPLES / "partner_de.csv"
    if packed:
        source = tmp_path / "partner_de.csv"
        source.write_bytes(gzip.compress((SAMPLES / "partner_de.csv").read_bytes()))
    profile = load_profile(ROOT / "configs" / "profiles" / "partner_de.toml")
    sample = drawn(tmp_path / "rehearsal", source, wanted=5, profile=profile)
    assert len(sample.customers) >= 4
    written = load_profile(sample.profile)
    assert written == sample.reading.profile
    assert (written.source.encoding, written.source.delimiter, written.source.skip_lines) == ("cp1252", ";", 2)
    assert (sample.files[0].read_bytes()[:2] == b"\x1f\x8b") is packed


def test_several_inputs_are_one_sample(tmp_path: Path) -> None:
    """Rows come from all inputs, each in its own format, and are named by input and row."""
    one = write(tmp_path / "one.csv", [a_row(number) for number in range(1, 31)])
    two = tmp_path / "two.parquet"
    pl.DataFrame([a_row(number) for number in range(31, 61)]).write_parquet(two)
    sample = drawn(tmp_path / "rehearsal", one, two, wanted=10)
    assert {row.source for row in sample.rows} == {"one.csv", "two.parquet"}
    for row in sample.rows:
        assert row.customer is not None
        number = int(row.customer.external_id.removeprefix("C-"))
        assert row.origin == (f"row {number} of one.csv" if number <= 30 else f"row {number - 30} of two.parquet")


def test_inputs_of_the_same_name_stay_apart(tmp_path: Path) -> None:
    """Two files may be called alike in two folders."""
    for number, name in enumerate(("jan", "feb")):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "book.csv", [a_row(10 * number + place) for place in range(1, 6)])
    sample = drawn(tmp_path / "r", *(tmp_path / name / "book.csv" for name in ("jan", "feb")), wanted=10)
    assert len(sample.files) == len(set(sample.files)) == 2
    assert len({(row.source, row.row_number) for row in sample.rows}) == 10


def test_a_row_alone_is_a_sample_of_its_own(tmp_path: Path) -> None:
    """The same row, with its place in the input."""
    sample = drawn(tmp_path / "all", SAMPLES / "customers.csv", wanted=10)
    single = alone(sample, sample.rows[6], SETTINGS, tmp_path / "one")
    (row,) = single.rows
    assert (row.origin, row.row_number) == (sample.rows[6].origin, 1)
    assert [customer.external_id for customer in single.customers] == [sample.customers[6].external_id]


def test_copies_are_private(tmp_path: Path) -> None:
    """The files with people's data are their owner's only, and the candidates that were not taken are gone."""
    sample = drawn(tmp_path, write(tmp_path / "book.csv", [a_row(number) for number in range(1, 41)]), wanted=10)
    assert all(path.stat().st_mode & 0o077 == 0 for path in sample.files)
    assert not [path for path in (tmp_path / "candidates").rglob("*") if path.is_file()]


def test_toml_says_what_the_profile_says(tmp_path: Path) -> None:
    """Odd names and values of a profile survive being written down."""
    profile = Profile.model_validate(
        {
            "name": 'of "Ünï\\code" \x7f\n',
            "columns": {"first_name": "Name, given", "last_name": "a = b"},
            "values": {"gender": {"": "MALE", "w\t": "FEMALE"}},
            "source": {"delimiter": "\t", "quote": ""},
            "nulls": ["n/a", "'"],
            "formats": {"date_of_birth": "DD.MM.YY", "pivot_year": 30},
        }
    )
    path = tmp_path / "profile.toml"
    path.write_text(toml(profile.model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    assert load_profile(path) == profile
    assert csv_text([]).startswith("external_id")
