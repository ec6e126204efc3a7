"""Columns ``extra.*`` become one text, by the members that they are sent as."""

import pytest

from finhub_onboard.config.profile import Profile
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.checking import schema
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.mapping.columns import plan
from finhub_onboard.model.columns import REQUIRED_COLUMNS
from tests.intake.checking.test_schema import batch
from tests.intake.helpers import NOW
from tests.intake.mapping.support import mapped, profile

BY = profile(
    extra={
        "tax": "individualCustomer.person.taxResidency",
        "income": {"member": "income", "type": "number"},
        "pep": {"member": "individualCustomer.pep", "type": "boolean"},
    },
    columns={"extra.tax": "Steuerland"},
    values={"extra.pep": {"ja": "yes"}},
    nulls=["-"],
)


def joined(by: Profile, **columns: list[str]) -> list[str]:
    """Map columns of a file; return the texts."""
    return mapped(by, {name.replace("extra_", "extra."): cells for name, cells in columns.items()})["extra"].to_list()


def test_values_are_joined_by_member_and_type_and_absent_ones_leave_nothing() -> None:
    """Renamed, mapped and emptied like any column; a text may hold anything that JSON can."""
    found = joined(
        BY,
        Steuerland=["LT", 'a "b"\u00e9', "-"],
        extra_income=["1234.50", "", "-"],
        extra_pep=["ja", "FALSE", ""],
    )
    assert found == [
        '{"income":1234.50,"individualCustomer.pep":true,"individualCustomer.person.taxResidency":"LT"}',
        '{"individualCustomer.pep":false,"individualCustomer.person.taxResidency":"a \\"b\\"\u00e9"}',
        "",
    ]


def test_the_order_of_the_profiles_lines_changes_nothing() -> None:
    """A customer who is finished stays unchanged when somebody sorts the profile."""
    first, second = (profile(extra=dict(pairs)) for pairs in ((("a", "x"), ("b", "y")), (("b", "y"), ("a", "x"))))
    assert joined(first, extra_a=["1"], extra_b=["2"]) == joined(second, extra_a=["1"], extra_b=["2"])


def test_without_a_member_nothing_is_joined() -> None:
    """A column of the file that the profile does not map is the partner's own."""
    assert joined(profile(), extra_tax=["LT"]) == [""]


def test_a_constant_is_the_same_in_all_rows() -> None:
    """No column of the file is needed for it."""
    by = profile(extra={"source": "individualCustomer.source"}, constants={"extra.source": "legacy"})
    assert joined(by, email=["a@example.com", "b@example.com"]) == ['{"individualCustomer.source":"legacy"}'] * 2


def test_a_column_that_the_file_lacks_is_missed_before_any_row_is_read() -> None:
    """Like every other that the profile names."""
    with pytest.raises(UnreadableInputError, match=r"extra\.tax \(extra\.tax\)"):
        plan(profile(extra={"tax": "individualCustomer.tax"}), REQUIRED_COLUMNS, "book.csv")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", []),
        ('{"individualCustomer.person.taxResidency":"income","income":5,"individualCustomer.pep":true}', []),
        (r'{"individualCustomer.person.taxResidency":"C:\\new\\u0007"}', []),
        ('{"income":"much"}', [ViolationCode.EXTRA_TYPE]),
        ('{"individualCustomer.pep":"maybe"}', [ViolationCode.EXTRA_TYPE]),
        ('{"individualCustomer.person.taxResidency":"a\\u0007b"}', [ViolationCode.CONTROL_CHARACTERS]),
        ('{"individualCustomer.person.taxResidency":"' + "x" * 4000 + '"}', [ViolationCode.TOO_LONG]),
    ],
)
def test_what_is_no_number_no_boolean_or_no_text_is_a_violation(text: str, codes: list[ViolationCode]) -> None:
    """The rules find it in the joined text."""
    specification = schema.specification(now=NOW, min_age=18, typed=BY.typed_members)
    found = schema.validate(specification, batch(1, extra=[text]))
    assert [(rule.column, rule.code) for rule in found] == [("extra", code) for code in codes]
