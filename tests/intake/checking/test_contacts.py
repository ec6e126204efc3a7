import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.intake.checking import contacts

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
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("FE80:0:0::1", "fe80::1"),
        ("127.0.0.1, 127.0.0.2", None),
        ("127.0.0.1:80", None),
        ("fe80::1%eth0", None),
        ("fe80::1%é", None),
        ("fe80::1%a\nX-Other: 1", None),
    ],
)
def test_an_ip_address_is_one_that_a_header_can_have(text: str, address: str | None) -> None:
    """A zone may be any text; one that is no ASCII ended the whole run."""
    assert contacts.ip_address(text) == address
