import random

import phonenumbers
import polars as pl
import pytest

from finhub_onboard.intake.checking import phones


def some_numbers() -> list[str]:
    """Return valid numbers of every region and kind, and numbers near them."""
    draw = random.Random(7)
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            found.append(text)
            for _ in range(6):
                digits = list(text)
                for _ in range(draw.randrange(1, 4)):
                    digits[draw.randrange(2, len(digits))] = draw.choice("0123456789")
                found += [
                    "".join(digits),
                    "".join(digits)[: draw.randrange(5, 16)],
                    "".join(digits) + draw.choice("059"),
                ]
    return found


def test_plain_phones_are_what_the_library_takes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """On numbers of every region, kind and near miss the short cut agrees with the library."""
    monkeypatch.setattr(phones, "_MIN_NUMBERS_TO_COMPILE", 1)
    numbers = some_numbers()
    sure = phones.plain(pl.Series(numbers))
    assert len(numbers) > 10_000
    assert [number for number, good in zip(numbers, sure, strict=True) if good and phones.e164(number) != number] == []
    valid = [good for number, good in zip(numbers, sure, strict=True) if phones.e164(number) == number]
    assert sum(valid) > len(valid) * 0.5


def test_no_phones_at_all_are_decided() -> None:
    """Empty columns and texts that are no numbers are left alone."""
    assert phones.plain(pl.Series(["", "x", "+", "+0123456789"])).to_list() == [False] * 4


@pytest.mark.parametrize(
    "number",
    [
        *(
            "+37061231001",
            "0037061231001",
            "(+370) 612 31001",
            "(00370) 612 31001",
            "tel:+370-612-31001",
            "TEL: +37061231001",
        ),
        *("'+37061231001", "\uff0b37061231001", "\uff0b\uff13\uff17\uff10 612 31001", "+\u0663\u0667\u066061231001"),
        *("+370\u202f612\u202f31001", "[+370] 612 31001", "+(370) 612 31001", "Mob. +370 612 31001"),
    ],
)
def test_numbers_with_a_country_code_are_read_in_any_writing(number: str) -> None:
    """As the library reads them, and without a word: no digit is lost."""
    dialled = phones.write_prefixes(pl.Series([number]))[0]
    assert phones.e164(dialled) == "+37061231001"
    assert list(phones.loses_digits(pl.Series([number]), pl.Series(["+37061231001"]))) == []


@pytest.mark.parametrize(
    "number", ["061231001", "tel:061231001;phone-context=+370", "(612) 31001", "x", "", "call +", "12 +370"]
)
def test_numbers_without_a_country_code_get_none(number: str) -> None:
    """Whatever stands in them, nothing is guessed."""
    assert not (phones.e164(phones.write_prefixes(pl.Series([number]))[0]) or "").startswith("+370612")


@pytest.mark.parametrize(
    ("given_", "sent", "told"),
    [
        ("061231001", "+37061231001", False),
        ("861231001", "+37061231001", False),
        ("61231001", "+37061231001", False),
        ("370 612 31001", "+37061231001", False),
        ("1 (11) 500 555-0187", "+15005550187", True),
        ("(11) 500 555-0188", "+15005550188", True),
        ("1 201 555 0123", "+12015550123", False),
        ("(201) 555-0123", "+12015550123", False),
        ("011 370 612 31001", "+37061231001", False),
        ("+44 (0)20 7946 0000", "+442079460000", True),
        ("0011 5555 1234", "+541155551234", True),
        ("02 234 5678", "+39022345678", False),
        ("061231001", "061231001", False),
    ],
)
def test_digits_that_come_or_go_are_told(given_: str, sent: str, told: bool) -> None:  # noqa: FBT001
    """All but the country code and the trunk prefix of a national number."""
    assert list(phones.loses_digits(pl.Series(["x", given_]), pl.Series(["x", sent]))) == ([1] if told else [])
