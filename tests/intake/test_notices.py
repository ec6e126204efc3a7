from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.model.columns import REQUIRED_COLUMNS
from tests.intake.helpers import a_row, judged, told
from tests.intake.reported_values import findings, read, sent


def test_what_may_be_a_number_of_its_own_is_a_warning(tmp_path: Path) -> None:
    """`12E4` may be a document's or a customer's own; as a post code it is none."""
    (row,) = read(tmp_path, a_row(1, external_id="12E4", document_type="PASSPORT", document_number="12E4"))
    assert findings([row]) == [
        (1, column, "number_imprecise", "warning") for column in ("external_id", "document_number")
    ]
    assert sent(row, "document_number") == "12E4"
    assert told(read(tmp_path, a_row(1, pincode="12E4"))) == [(1, "pincode", "number_imprecise")]


def test_values_that_look_wrong_are_warnings(tmp_path: Path) -> None:
    """A person may be called Null, and be born on the first day that systems know: no row is lost."""
    table = [
        a_row(1, first_name="Jos\u00c3\u00a9", last_name="O&#39;Neil", place_of_birth="M\u00c3\u0192\u00c2\u00bcnchen"),
        a_row(2, first_name="None", last_name="Null", date_of_birth="1900-01-01"),
        a_row(3, external_id="N/A", pincode="n/a", document_number="-", place_of_birth="nan"),
        a_row(4, first_name="Nan", last_name="Na", date_of_birth="1991-01-01"),
    ]
    found = read(tmp_path, *table)
    assert told(found) == []
    assert sorted(findings(found)) == sorted(
        (row, field, code, "warning")
        for row, field, code in [
            (1, "first_name", "misread_text"),
            (1, "last_name", "html_entity"),
            (1, "place_of_birth", "misread_text"),
            (2, "first_name", "placeholder"),
            (2, "last_name", "placeholder"),
            (2, "date_of_birth", "birth_date_placeholder"),
            (3, "external_id", "placeholder"),
            (3, "pincode", "placeholder"),
            (3, "document_number", "placeholder"),
            (3, "place_of_birth", "placeholder"),
        ]
    )


def test_digits_that_a_region_drops_are_told(tmp_path: Path) -> None:
    """A number is not changed in silence, whether the profile's region or the rules read it."""
    table = [a_row(1, phone="1 (11) 500 555-0187"), a_row(2, phone="(201) 555-0123"), a_row(3, phone="1-201-555-0124")]
    found = read(tmp_path, *table, profile={"formats": {"phone_region": "US"}})
    assert told(found) == []
    assert [finding for finding in findings(found) if finding[1] == "phone"] == [
        (1, "phone", "phone_digits_changed", "notice")
    ]


@pytest.mark.parametrize("name", ["“Maria”", "„Maria“", "«Maria»", "\u2018Maria\u2019", "'Maria'", '"Maria"'])
def test_quotes_that_are_a_part_of_a_cell_are_told(tmp_path: Path, name: str) -> None:
    """Of a Parquet file or a workbook no reader takes them off: they would go to the bank in silence."""
    rows = [a_row(1, first_name=name), a_row(2, first_name="D'Arcy", last_name="'t Hooft")]
    columns = {column: [row[column] for row in rows] for column in REQUIRED_COLUMNS}
    pl.DataFrame(columns).write_parquet(tmp_path / "x.parquet")
    found = judged(tmp_path / "x.parquet")[1]
    assert [(row.row_number, one.field) for row in found for one in row.findings if one.code == "quoted_value"] == [
        (1, "first_name")
    ]
