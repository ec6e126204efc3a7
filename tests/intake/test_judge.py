from pathlib import Path

from finhub_onboard.intake.findings import Lack
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.needs import Demands
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows
from tests.intake.helpers import a_row, judged, rules, told, write
from tests.intake.mapping.support import profile
from tests.values import replace


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


def test_a_value_of_another_type_is_told_with_its_column(tmp_path: Path) -> None:
    """The columns extra.* are judged as one text, but a person must find the cell."""
    by = profile(
        extra={
            "income": {"member": "income", "type": "number"},
            "pep": {"member": "pep", "type": "boolean"},
            "job": "job",
        }
    )
    row = a_row() | {"extra.income": "much", "extra.pep": "maybe", "extra.job": "judge"}
    path = write(tmp_path / "x.csv", [row], tuple(row))
    found = survey([path], batch_rows=10, reading=Reading(profile=by))
    [[judged_row]] = judge_rows(found, rules(), batch_rows=10)
    [violation] = judged_row.violations
    assert (violation.code, violation.message) == ("extra_type", "extra.income, extra.pep: not of the profile's type")


def test_what_a_category_demands_is_a_warning_of_its_good_rows(tmp_path: Path) -> None:
    """Row by row, whatever the batches are; other categories and rows that break a rule are not asked."""
    table = [a_row(number, gender="" if number % 2 else "MALE") for number in range(8)]
    table[3] |= {"category": "INDIVIDUAL_PLUS"}
    table[5] |= {"email": "none"}
    found = survey([write(tmp_path / "x.csv", table, tuple(table[0]))], batch_rows=10)
    lack = Lack(field="category", code="category_parameters", message="m", hint="h")
    demands = Demands(
        lacks=lambda customer: () if customer.gender else (lack,), categories=["INDIVIDUAL_STANDARD", "other"]
    )
    for size in (1, 3, 10):
        rows = [row for rows in judge_rows(found, replace(rules(), demands=demands), batch_rows=size) for row in rows]
        told_of = [(row.row_number, finding.code) for row in rows for finding in row.findings]
        assert [number for number, code in told_of if code == "category_parameters"] == [2, 8]


def test_values_that_are_invalid_are_not_searched_for_copies(tmp_path: Path) -> None:
    """The same word in place of an e-mail, or the same impossible birth date, does not make two rows one person."""
    table = [
        a_row(1, email="none"),
        a_row(2, email="none"),
        a_row(3, phone="+37061231003", date_of_birth="1990-02-30", first_name="Same", last_name="Name"),
        a_row(4, phone="+37061231003", date_of_birth="1990-02-30", first_name="Same", last_name="Name"),
        a_row(5, email="same@example.com", first_name=""),
        a_row(6, email="same@example.com"),
    ]
    _, found = judged(write(tmp_path / "x.csv", table))
    assert told(found) == [
        (1, "email", "email_invalid"),
        (2, "email", "email_invalid"),
        (3, "date_of_birth", "birth_date_impossible"),
        (4, "date_of_birth", "birth_date_impossible"),
        (5, "first_name", "required_missing"),
        (5, "email", "duplicate_email"),
        (6, "email", "duplicate_email"),
    ]
