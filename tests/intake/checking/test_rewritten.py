"""Numbers as tools rewrite them, told from keys and numbers that only look so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.intake.checking.rewritten import is_rewritten

SURE = [
    *(
        "1e+05",
        "1E5",
        "1e5",
        "60150001022e3",
        "60150001022E+3",
        "1.2345678901234568e+18",
        "1,23E+15",
        "1.0E+05",
        "1.2E9",
    ),
    *(
        "12345678.0",
        "8014.0",
        "8014,00",
        "12345.0",
        "12345.000000",
        "12345.000",
        "-1.5e+10",
        "1.E+05",
        "12E+15",
        "9E+99",
    ),
]
NOT_SURE = [
    *(
        "12E4",
        "123456e7",
        "12345e67",
        "1E1500",
        "12.000",
        "1.000.0",
        "12.5",
        "1.2.0",
        "00123",
        "e5",
        "E5",
        "5E",
        "1e-",
        "A1E5",
    ),
    *("12E-4", "0x1e5", "550e8400", "", "1 E5", "12.345.678", "10-00"),
]


@pytest.mark.parametrize("text", SURE)
def test_rewritten_numbers_are_known(text: str) -> None:
    """With an exponent or with zeros behind the point, in any writing."""
    assert is_rewritten(text)


@pytest.mark.parametrize("text", NOT_SURE)
def test_what_may_be_a_key_is_not(text: str) -> None:
    """Digits and letters that no tool writes for a number."""
    assert not is_rewritten(text)


@given(st.integers(min_value=10**15, max_value=10**22))
def test_what_tools_write_for_long_numbers_is_known(number: int) -> None:
    """Python, R, spreadsheets and their decimal commas."""
    for written in (
        repr(float(number)),
        f"{number:.5E}",
        f"{number:.4e}".replace(".", ","),
        f"{number:.0e}",
        f"{number}.0",
    ):
        assert is_rewritten(written), written


@given(st.text(st.sampled_from("0123456789abcdef"), min_size=8, max_size=8))
def test_short_keys_in_hexadecimal_are_not(key: str) -> None:
    """Eight digits, the usual length, are never taken for a number, whatever stands in them."""
    assert not is_rewritten(key)
