from pathlib import Path

import pytest

from finhub_onboard.intake.reading.cut import Cut
from tests.intake.reading.dialects import HEADER, ROWS, detected


@pytest.mark.parametrize(
    "text",
    [
        "1,'Bob',Bee,a@b.c,1,2,3,4\n" + ROWS * 3 + '2,Ann,"Van ""Bo"" Dyk",a@b.c,1,2,3,4\n',
        '1,Ann,"Bee\nLee",a@b.c,1,2,3,4\n' + "2,Ann,'s-Graven',a@b.c,1,2,3,4\n3,'Bob','Lee',a@b.c,1,2,3,4\n",
        "1,'Bob',Bee,a@b.c,1,2,3,4\n" + ROWS,
    ],
    ids=["late", "few", "none that needs one"],
)
def test_a_field_in_apostrophes_does_not_make_them_quotes(tmp_path: Path, text: str) -> None:
    """The whole file decides by the records that either quote leaves broken, not the number of fields at its start."""
    assert detected(tmp_path, HEADER + text).cut == Cut()


@pytest.mark.parametrize(
    "text",
    [
        "1,'Bob',Bee,a@b.c,1,2,3,4\n" + ROWS * 3 + "2,Ann,'Van, Bo',a@b.c,1,2,3,4\n",
        "1,'Bob',Bee,a@b.c,1,2,3,4\n2,Ann,'O''Neill',a@b.c,1,2,3,4\n",
        "'1','Ann','Bee','a@b.c','1','2','3','4'\n",
    ],
    ids=["late", "doubled", "every field"],
)
def test_a_file_that_needs_single_quotes_has_them(tmp_path: Path, text: str) -> None:
    """Also where the field that needs them comes long after those that were seen first."""
    assert detected(tmp_path, HEADER + text).cut == Cut(quote="'")


@pytest.mark.parametrize(
    ("header", "rows", "tail"),
    [
        ("a,b,c,", "1,2,3,\n4,5,6,\n", 1),
        ("email,phone,category", "1,2,3,\n4,5,6,\n", 0),
        ("a,b,c,,", "1,2,3,,\n4,5,6,,\n", 2),
        ("a,b,c,", "1,2,3\n4,5,6\n", 1),
        ("a,b,c", "1,2,3\n4,5,6,\n7,8,9\n", 0),
        ("a,b,c,", "1,2,3,x\n4,5,6,\n", 0),
        ("a,b,c", "1,2,3\n", 0),
    ],
)
def test_an_empty_last_column_is_seen(tmp_path: Path, header: str, rows: str, tail: int) -> None:
    """In the header, in the records or in both; one of single records, or with something in it, is none."""
    assert detected(tmp_path, f"{header}\n{rows}").tail == tail
