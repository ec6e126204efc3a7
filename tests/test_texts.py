"""Somebody else's texts, made fit to be shown, and spans of time."""

import pytest

from finhub_onboard.texts import duration, is_label, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Žukėnė 2026 – ‘a’.csv", "Žukėnė 2026 – ‘a’.csv"),  # noqa: RUF001 - letters as they are
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("a\u202eb\u200fc\u2066d", r"a\u202eb\u200fc\u2066d"),
        ("a\x85b\u2028c\x9bd", r"a\x85b\u2028c\x9bd"),
        ("a\udcffb\ud800", r"a\xffb\ud800"),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, shown: str) -> None:
    """Control and direction characters, line ends of all kinds and lone surrogates; letters of any script stay."""
    assert printable(text) == shown
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("Individual Standard", True),
        ("Privatkunden (über 18), Stufe 2", True),
        ("Gold 2026", True),
        ("", False),
        ("a" * 81, False),
        ("Standard\x1b[2J", False),
        ("Standard\nGold", False),
        ("Standard\u202e", False),
        ("Standard ana@example.com", False),
        ("Standard +370 600 00001", False),
        ("Standard 1990-01-02", False),
        ("LT121000011101001000", False),
    ],
)
def test_the_name_of_a_thing(text: str, *, fit: bool) -> None:
    """One short line without an address, a number of a person or a date."""
    assert is_label(text) is fit


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3725, "1 h 2 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_span_of_time_is_written_in_its_two_largest_units(seconds: float, words: str) -> None:
    """Rounded to whole seconds first; never negative."""
    assert duration(seconds) == words
