"""The public files of persons: with a profile each gives exactly the counts that its description states."""

import csv
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.commands.validate import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.settings import Settings
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.model import Disposition, IntakeRow
from tests.intake.helpers import CORPORA, rules

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the public test data is not here")
MADE = {"phone": "+37061231001", "nationality": "AU", "category": "INDIVIDUAL_STANDARD"}
FEBRL = Profile.model_validate(
    {
        "columns": {
            "external_id": "rec_id",
            "first_name": "given_name",
            "last_name": "surname",
            "pincode": "postcode",
        },
        "compose": {"email": "{rec_id}@example.com"},
        "constants": MADE,
        "formats": {"date_of_birth": "YYYYMMDD"},
    }
)
MOCKAROO = Profile.model_validate(
    {
        "columns": {"external_id": "id", "date_of_birth": "birthdate"},
        "constants": MADE,
        "values": {"gender": {"Male": "MALE", "Female": "FEMALE"}},
        "formats": {"date_of_birth": "M/D/YYYY"},
        "required": ["gender"],
    }
)


def read(name: str, profile: Profile) -> list[IntakeRow]:
    """Judge a corpus; age is no matter here."""
    found = survey([CORPORA / name], batch_rows=300, reading=Reading(profile=profile))
    return [row for batch in judge_rows(found, rules(min_age=0), batch_rows=300) for row in batch]


def faults(row: IntakeRow) -> set[tuple[str, str]]:
    """What is said against a row."""
    return {(violation.field, violation.code) for violation in row.violations}


def test_febrl_gives_896_of_1000() -> None:
    """41 rows lack a birth date, 3 have an impossible one, 62 lack a name; all others are accepted."""
    found = read("febrl-dataset1.csv", FEBRL)
    codes = Counter(fault for row in found for fault in faults(row))
    assert len(found) == 1000
    assert sum(row.customer is not None for row in found) == 896
    assert codes[("date_of_birth", "required_missing")] == 41
    assert codes[("date_of_birth", "birth_date_impossible")] == 3
    assert (
        sum(bool(faults(row) & {(n, "required_missing") for n in ("first_name", "last_name")}) for row in found) == 62
    )
    assert {field for field, _ in codes} == {"date_of_birth", "first_name", "last_name"}
    assert {code for _, code in codes} == {"required_missing", "birth_date_impossible"}


def test_febrl_cells_are_true() -> None:
    """The space before every header and cell goes, leading zeros of post codes stay."""
    with (CORPORA / "febrl-dataset1.csv").open(encoding="utf-8", newline="") as stream:
        truth = list(csv.DictReader(stream, skipinitialspace=True))
    zeros = 0
    for row, cells in zip(read("febrl-dataset1.csv", FEBRL), truth, strict=True):
        assert row.external_id == cells["rec_id"]
        if row.customer:
            born = cells["date_of_birth"]
            assert row.customer.first_name == cells["given_name"].strip()
            assert row.customer.last_name == cells["surname"].strip()
            assert row.customer.pincode == cells["postcode"].strip()
            assert row.customer.date_of_birth == f"{born[:4]}-{born[4:6]}-{born[6:8]}"
            zeros += row.customer.pincode.startswith("0")
    assert zeros


def test_mockaroo_gives_736_of_1000() -> None:
    """By names, e-mail, gender and a real birth date 736 are usable, and the shifted row is not."""
    found = read("userdata1.parquet", MOCKAROO)
    assert len(found) == 1000
    assert sum(row.customer is not None for row in found) == 736
    shifted = next(row for row in found if row.external_id == "588")
    assert shifted.customer is None
    assert ("date_of_birth", "birth_date_format") in faults(shifted)


def test_mockaroo_is_accepted_as_its_cells_say() -> None:
    """Rows are accepted exactly where every wanted cell is there, and a birth date is that of the cell."""
    truth = pl.read_parquet(CORPORA / "userdata1.parquet").to_dicts()
    for row, cells in zip(read("userdata1.parquet", MOCKAROO), truth, strict=True):
        assert row.external_id == str(cells["id"])
        wanted = ("first_name", "last_name", "email", "gender", "birthdate")
        assert (row.customer is not None) == (all(cells[name] for name in wanted) and cells["id"] != 588)
        if row.customer:
            month, day, year = map(int, cells["birthdate"].split("/"))
            assert row.customer.date_of_birth == f"{year:04d}-{month:02d}-{day:02d}"
            assert row.customer.gender == cells["gender"].upper()


def test_card_numbers_are_in_no_output_but_the_rejects(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Reports, events and the terminal hold none; rejects, which are the rows themselves, only those of their rows."""
    path = CORPORA / "userdata1.parquet"
    told: list[str] = []
    settings = Settings.model_validate({"api": {"base_url": "sandbox:"}, "intake": {"min_age": 0}})
    order = Order(inputs=[path], profile=MOCKAROO, out=tmp_path / "out")
    written = validate(order, settings, lambda event: told.append(repr(event)))
    assert written.dispositions[Disposition.PENDING] == 736
    assert written.dispositions[Disposition.REJECTED] == 264
    cards = {card for card in pl.read_parquet(path)["cc"] if card}
    assert len(cards) > 500
    texts = [*told, *capfd.readouterr()]
    texts += [
        file.read_text(encoding="utf-8")
        for file in (tmp_path / "out").rglob("*")
        if file.is_file() and file.parent.name != "rejects"
    ]
    assert len(texts) >= 6
    assert not [card for card in cards for text in texts if card in text]
    rejected = {row["id"]: row["cc"] for row in pl.read_parquet(tmp_path / "out" / "rejects" / path.name).to_dicts()}
    original = pl.read_parquet(path)
    assert rejected == dict(original.filter(pl.col("id").is_in(list(rejected))).select("id", "cc").rows())
