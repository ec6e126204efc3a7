import random

import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake import contacts, phones

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
