import csv

import pytest

from finhub_onboard.intake.reading.cut import Cut, plain


@pytest.mark.parametrize(
    ("cut", "line", "cells"),
    [
        (Cut(), 'a,"b,""c""",\n', ["a", 'b,"c"', ""]),
        (Cut(delimiter=";", quote="'"), "a;'b;c'\n", ["a", "b;c"]),
        (Cut(quote=""), 'a,"b\n', ["a", '"b']),
        (Cut(escape="\\"), '"a\\"b",c\n', ['a"b', "c"]),
    ],
)
def test_a_record_is_cut_as_its_dialect_says(cut: Cut, line: str, cells: list[str]) -> None:
    """By delimiter, quote and escape."""
    assert cut.cells([line]) == cells


def test_a_badly_quoted_record_is_an_error() -> None:
    """It is not guessed at."""
    with pytest.raises(csv.Error):
        Cut().cells(['"a"b,c\n'])


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"a,b\nc,d\n", 2),
        (b"a,b\r\nc,d\r\n", 2),
        ("\u00e9,b\n".encode(), 1),
        (b"a,b\nc\n", 0),
        (b'a,"b"\n', 0),
        (b"\xe9,b\n", 0),
        (b"a,b\0\n", 0),
        (b"a,b\rc,d\n", 0),
    ],
)
def test_lines_are_counted_only_where_all_are_records_beyond_doubt(body: bytes, lines: int) -> None:
    """No quote, no NUL, no other width, nothing that is no UTF-8, one kind of line end."""
    assert plain(body, Cut(), 2) == lines


def test_empty_fields_without_a_name_are_part_of_every_line() -> None:
    """A line without them is no record beyond doubt."""
    assert plain(b"a,b,\nc,d,\n", Cut(), 3, tail=1) == 2
    assert plain(b"a,b,\nc,d,x\n", Cut(), 3, tail=1) == 0
