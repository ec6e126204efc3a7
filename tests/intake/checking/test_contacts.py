import random

import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.intake.checking import contacts, phones

LOCAL = st.text(st.sampled_from("abZ09.+-_'\"é @"), min_size=0, max_size=12)
DOMAIN = st.sampled_from(
    (
        *("example.com", "EXAMPLE.com", "x.test", "test", "localhost", "a.local", "a-.com", "-a.com", "a..com"),
        *("ex_a.com", "xn--bcher-kva.example", "bücher.example", "1.2.3.4", "[1.2.3.4]", "example.com.", "", "a.c"),
        "b" * 64 + ".com",
    )
)


@given(emails=st.lists(st.builds(lambda local, domain: f"{local}@{domain}", LOCAL, DOMAIN), min_size=1, max_size=20))
def test_plain_emails_are_what_the_library_takes_as_it_is(emails: list[str]) -> None:
    """Whatever is decided without the library, the library would decide alike."""
    sure = contacts.plain_emails(pl.Series(emails))
    assert all(contacts.email(email) == email for email, good in zip(emails, sure, strict=True) if good)


def test_usual_emails_are_decided_without_the_library() -> None:
    """The short cut is one: usual addresses never reach the library."""
    usual = ["ann.lee@example.com", "a+b_c-d.9@mail.example.org", "x@y.test"]
    assert contacts.plain_emails(pl.Series(usual)).all()
    assert contacts.plain_emails(pl.Series([f"{'a' * 64}@example.com", f"{'a' * 65}@example.com"])).to_list() == [
        True,
        False,
    ]


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
    monkeypatch.setattr(phones, "_WORTH_COMPILING", 1)
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
    "address",
    [
        "ruta@b\u00fccher.example",
        "ruta@xn--bcher-kva.example",
        "Ruta@XN--BCHER-KVA.example",
        "ruta@B\u00dcCHER.example",
        "ruta@b\u00fccher\u3002example",
        "ruta@b\u00fccher\uff0eexample",
        "\uff52\uff55\uff54\uff41@b\u00fccher.example",
        "ruta\uff20b\u00fccher.example",
        "ruta@\uff42\u00fccher.example",
        "ruta@bu\u0308cher.example",
    ],
)
def test_one_mailbox_in_any_writing_has_one_key(address: str) -> None:
    """Punycode, full width, ideographic stops and compatibility letters: one canonical address, for the bank too."""
    assert contacts.email_key(pl.Series([address, "x"])).to_list() == ["ruta@b\u00fccher.example", "x"]
    assert (contacts.email(address) or "").lower() == "ruta@b\u00fccher.example"


def test_what_is_no_address_keeps_its_own_key() -> None:
    """Two that cannot be read are the same only if they are written so."""
    assert contacts.email_key(pl.Series(["", "No Address", "\u00e9", "xn--"])).to_list() == [
        "",
        "no address",
        "\u00e9",
        "xn--",
    ]


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
    dialled = phones.dialled(pl.Series([number]))[0]
    assert phones.e164(dialled) == "+37061231001"
    assert list(phones.loses_digits(pl.Series([number]), pl.Series(["+37061231001"]))) == []


@pytest.mark.parametrize(
    "number", ["061231001", "tel:061231001;phone-context=+370", "(612) 31001", "x", "", "call +", "12 +370"]
)
def test_numbers_without_a_country_code_get_none(number: str) -> None:
    """Whatever stands in them, nothing is guessed."""
    assert not (phones.e164(phones.dialled(pl.Series([number]))[0]) or "").startswith("+370612")


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
