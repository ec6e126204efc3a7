import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake import header


@pytest.mark.parametrize(
    "names",
    [("Ana", "Petrova", "ana@example.com"), ("Ana", "+370 61 231 001"), ("Ana", "1987-03-10"), ("Ana", "x@y", "x@y")],
)
def test_a_first_row_is_never_shown_as_a_header(names: tuple[str, ...]) -> None:
    """The first line of a file without a header is a person: the message says so and names none of it."""
    with pytest.raises(UnreadableInputError, match="has no header") as caught:
        header.check("input.csv", names)
    assert not any(name in f"{caught.value} {caught.value.hint}" for name in names)


@pytest.mark.parametrize("names", [("external_id", "email", "in 2023-10-03"), ("Kundennummer", "E-Mail", "Straße 2")])
def test_names_of_columns_are_no_row(names: tuple[str, ...]) -> None:
    """Digits in a name make no row of it, nor does a date where a known name stands beside it."""
    header.check("input.csv", names)
