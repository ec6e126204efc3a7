"""Cells: what copying and spreadsheets leave goes, what a person wrote stays."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finhub_onboard.intake import cells
from finhub_onboard.intake.cells import Kind

MARKS = [
    "\u00ad",
    "\u061c",
    "\u180e",
    *map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))),
    "\ufeff",
]


def read(value: str, kind: Kind = Kind.KEY, *, name: bool = False) -> tuple[str, str | None]:
    """Return what one cell means and what is told of it."""
    found = cells.cleaned(pl.DataFrame({"x": [value]}), {"x": kind}, {"x"} if name else set())
    return found.frame["x"][0], found.codes["x"][0] if "x" in found.codes else None


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("kind", list(Kind))
def test_invisible_marks_go_at_the_ends(mark: str, kind: Kind) -> None:
    """In every kind of column, before and behind, also between white space, without a word."""
    assert read(f"{mark}C-5{mark}", kind) == ("C-5", None)
    assert read(f" {mark} \u00a0C-5{mark}{mark} ", kind) == ("C-5", None)
    assert read(mark, kind) == ("", None)


@pytest.mark.parametrize("mark", MARKS)
def test_invisible_marks_inside_are_told(mark: str) -> None:
    """A name or a key keeps them, what is read by its letters only loses them; a notice either way."""
    assert read(f"Hor{mark}vat", Kind.FREE) == (f"Hor{mark}vat", "invisible_characters")
    assert read(f"C{mark}5", Kind.KEY) == (f"C{mark}5", "invisible_characters")
    assert read(f"1968{mark}-06-15", Kind.CODED) == ("1968-06-15", "invisible_characters")


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "ക്\u200dഷ",
        "അനില്\u200d",
        "क्\u200cष",
        "ශ්\u200dරී",
        "နန္\u200cဒာ",
    ],
)
def test_joiners_that_shape_letters_are_no_fault(name: str) -> None:
    """In Persian and Indic names they are spelling: kept, and nothing is told."""
    for kind in (Kind.FREE, Kind.CODED):
        assert read(name, kind, name=True) == (unicodedata.normalize("NFC", name), None)


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ('="00123"', "00123"),
        ('= "00123" ', "00123"),
        ('="say ""x"""', 'say "x"'),
        ("'00123", "00123"),
        ("'SW1A 1AA", "SW1A 1AA"),
        ('\'="00123"', "00123"),
        ("\u202a'00123\u202c", "00123"),
    ],
)
def test_a_spreadsheets_marks_for_text_are_undone(cell: str, meant: str) -> None:
    """What it was told to take as text is the text, and a notice says so."""
    assert read(cell) == (meant, "spreadsheet_text")


@pytest.mark.parametrize("name", ["'s-Hertogenbosch", "'t Hooft", "O'Neill", "d'Arc'"])
def test_an_apostrophe_of_a_name_stays(name: str) -> None:
    """Names and places may begin with one."""
    assert read(name, Kind.FREE, name=True) == (name, None)


@pytest.mark.parametrize("value", ["=1+1", "'", "''", "'x'", "' or 1=1", "-17", '="', '"00123"'])
def test_what_is_no_mark_stays(value: str) -> None:
    """Nothing else is taken for a spreadsheet's mark."""
    assert read(value) == (value, None)


@pytest.mark.parametrize("value", ['="\u200c"', '="x\u200c"', ' ="\u200cx"'])
def test_invisible_marks_go_within_a_spreadsheets_quotes_too(value: str) -> None:
    """At the ends of the text that is meant."""
    assert read(value, Kind.FREE)[0] == value.replace("\u200c", "").strip(' ="')


@given(st.lists(st.text(st.sampled_from("aB0é '=\"\u200c\u200e\u00ad\u202eമ്ی \u00a0"), max_size=8), max_size=6))
def test_to_read_twice_is_to_read_once(values: list[str]) -> None:
    """Of free text and of coded values: the outcome is stable, and has no marks at its ends."""
    for kind in (Kind.FREE, Kind.CODED):
        once = cells.cleaned(pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}), {"x": kind}).frame
        unwrapped = [text for text in once["x"] if not text.startswith(("=", "'"))]
        again = cells.cleaned(pl.DataFrame({"x": pl.Series(unwrapped, dtype=pl.String)}), {"x": kind}).frame
        assert again["x"].to_list() == unwrapped
        assert all(text == text.strip() and text[:1] not in MARKS for text in unwrapped)


def test_columns_do_not_change_the_frame_they_came_from() -> None:
    """The file's own cells stay as they are: rejects are made of them."""
    file = pl.DataFrame({"x": ["\u202aC-5\u202c", "a"]})
    cells.cleaned(file, {"x": Kind.KEY})
    assert file["x"].to_list() == ["\u202aC-5\u202c", "a"]


def test_earlier_readings_are_remembered() -> None:
    """What versions up to 0.4.0 made of a cell stands beside, where it is another text."""
    found = cells.cleaned(pl.DataFrame({"x": [" '00123", "\u202aA", "\u200bB", "C"]}), {"x": Kind.KEY})
    assert found.frame["x"].to_list() == ["00123", "A", "B", "C"]
    assert found.earlier["x"].to_list() == ["'00123", "\u202aA", "B", "C"]
    assert cells.cleaned(pl.DataFrame({"x": ["\u200bB"]}), {"x": Kind.KEY}).earlier == {}
    assert cells.readings(' ="00123"') == ("00123", '="00123"')


@given(st.text(alphabet=st.sampled_from("ab1 &;'=\"\t~!\x7f"), max_size=8), st.booleans())
def test_what_the_pattern_calls_plain_needs_no_cleaning(text: str, name: bool) -> None:  # noqa: FBT001 - drawn
    """The quick look agrees with the careful one wherever it says that nothing is to be done."""
    pattern = cells._PLAIN_NAME if name else cells._PLAIN
    if pattern.fullmatch(text):
        assert cells._are_plain.__wrapped__(frozenset([text]), name=name)
