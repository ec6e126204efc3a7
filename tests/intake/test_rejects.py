import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.intake import rejects as module
from finhub_onboard.intake.reading.files import Reading, open_table
from finhub_onboard.intake.rejects import RejectMark, write_rejects
from finhub_onboard.model import IntakeRow
from finhub_onboard.model.columns import CANONICAL_COLUMNS, ERROR_COLUMNS, REQUIRED_COLUMNS
from tests.intake.helpers import a_row, csv_text, judged, told, write

MARK = RejectMark(field="email", code="email_invalid", message='not valid, "really"')
OTHER = RejectMark(field="", code="x", message="second")


def marks_of(found: list[IntakeRow]) -> dict[int, list[RejectMark]]:
    """Return the marks of judged rows."""
    return {
        row.row_number: [RejectMark(field=v.field, code=v.code, message=v.message) for v in row.violations]
        for row in found
        if row.violations
    }


def rejects(path: Path, marks: dict[int, list[RejectMark]]) -> bytes:
    """Write the rejects of a file and return their bytes."""
    destination = path.parent / "out" / path.name
    # Stated, because of a few spoilt bytes nobody can tell what they were.
    reading = Reading(profile=Profile(source=Source(encoding="utf-8", delimiter=",", quote='"')))
    write_rejects(open_table(path, path.name, reading), destination, marks, 2)
    return destination.read_bytes()


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_fields_stand_as_they_stood(tmp_path: Path, bom: bytes, end: str) -> None:
    """Quotes, spaces, line ends and the byte order mark are those of the input, byte for byte."""
    header = ",".join(REQUIRED_COLUMNS) + ",note"
    kept = f' C-1 ,"Ann",""," x""y{end}z",,é,"""",,"a,b"'
    path = tmp_path / "x.csv"
    path.write_bytes(bom + f"{header}{end}C-0,,,,,,,,{end}{kept}{end}{end}C-2,,,,,,,,{end}".encode())
    assert (
        rejects(path, {2: [MARK, OTHER]})
        == bom
        + (
            f"{header},_err_row,_err_field,_err_code,_err_message{end}"
            f'{kept},2,email; ,email_invalid; x,"not valid, ""really""; second"{end}'
        ).encode()
    )


@pytest.mark.parametrize("spoilt", [b"Zo\xeb", b"M\xfcller"], ids=["doubtful", "the same in many encodings"])
def test_rejects_that_are_no_text_are_read_as_their_input_was(tmp_path: Path, spoilt: bytes) -> None:
    """Rows with bytes that are no UTF-8, alone in the rejects, do not make them a file in another encoding."""
    plain = {"first_name": "Ann", "last_name": "Doe"}
    table = [a_row(1), a_row(2, **plain | {"first_name": "?"}), a_row(3, **plain | {"nationality": "?"})]
    path = write(tmp_path / "x.csv", table)
    path.write_bytes(path.read_bytes().replace(b",?,", b"," + spoilt + b",", 1))
    once = judged(path)[1]
    again = path
    for _ in range(2):
        destination = again.parent / "out" / path.name
        write_rejects(open_table(again, again.name, Reading()), destination, marks_of(judged(again)[1]), 2)
        again = destination
        expected = [(row - 1, field, code) for row, field, code in told(once)]
        assert told(judged(again)[1]) == expected
    assert (2, "", "record_encoding") in told(once)


def test_broken_records_keep_their_bytes(tmp_path: Path) -> None:
    """A short record stays short, a long one long, bad bytes and quotes stay; marks end the line."""
    body = [b"a,b", b"1,2,3,4,5,6,7,8,9,10", b"\xe9,\x00,3,4,5,6,7,8", b'"a,2,3,4,5,6,7,8', b"1,2,3,4,5,6,7,8"]
    path = tmp_path / "x.csv"
    path.write_bytes(",".join(REQUIRED_COLUMNS).encode() + b"\n" + b"\n".join(body))
    lines = rejects(path, {number: [OTHER] for number in range(1, 6)}).splitlines()[1:]
    assert lines == [
        b"a,b,1,,x,second",
        body[1] + b",2,,x,second",
        body[2] + b",3,,x,second",
        body[3] + b",4,,x,second",
        body[4] + b",5,,x,second",
    ]


def test_a_rejects_file_is_an_input_and_its_marks_are_written_anew(tmp_path: Path) -> None:
    """Given again, the marks are ignored on reading and replaced on writing."""
    path = write(tmp_path / "x.csv", [a_row(1, email="a"), a_row(2), a_row(3, phone="1", last_name='O"N, x')])
    first = tmp_path / "first.csv"
    first.write_bytes(rejects(path, marks_of(judged(path)[1])))
    _, found = judged(first)
    assert told(found) == [(1, "email", "email_invalid"), (2, "phone", "phone_without_country_code")]
    second = tmp_path / "second.csv"
    second.write_bytes(rejects(first, marks_of(found)))
    one, two = (list(csv.reader(file.read_text(encoding="utf-8").splitlines())) for file in (first, second))
    assert two[0] == one[0] == [*CANONICAL_COLUMNS, *ERROR_COLUMNS]
    width = len(CANONICAL_COLUMNS)
    assert [row[:width] for row in two] == [row[:width] for row in one]
    assert [row[width] for row in two] == ["_err_row", "1", "2"]


def test_marks_in_the_middle_of_a_file_are_taken_out(tmp_path: Path) -> None:
    """Wherever a spreadsheet has put the old marks, they go, and the other fields stay as they stood."""
    columns = ["_err_row", *REQUIRED_COLUMNS, "_err_code", "note"]
    path = tmp_path / "x.csv"
    path.write_text(",".join(columns) + '\n7,"C-1",a,b,c,d,e,f,g,old,"x,""y"\n', encoding="utf-8")
    assert rejects(path, {1: [OTHER]}).decode().splitlines() == [
        ",".join([*REQUIRED_COLUMNS, "note", *ERROR_COLUMNS]),
        '"C-1",a,b,c,d,e,f,g,"x,""y",1,,x,second',
    ]


def test_parquet_is_the_same_however_few_rejects_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joined of parts, in order, of the original's types, for its owner's eyes only; no part is left behind."""
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame([a_row(number) for number in range(1, 10)]).with_columns(
        number=pl.int_range(9),
        day=date(2026, 5, 4),
        kind=pl.Series([*"aabbaabba"], dtype=pl.Categorical),
        many=[[1, 2]],
    )
    frame.write_parquet(path)
    marks = {number: [MARK] for number in (1, 2, 3, 5, 8, 9)}
    rejects(path, marks)
    whole = pl.read_parquet(tmp_path / "out" / "x.parquet")
    monkeypatch.setattr(module, "_ROWS", 2)
    (tmp_path / "out" / "x.parquet").unlink()
    rejects(path, marks)
    assert pl.read_parquet(tmp_path / "out" / "x.parquet").equals(whole)
    assert pl.read_parquet_schema(tmp_path / "out" / "x.parquet") == whole.schema
    assert whole["number"].to_list() == [0, 1, 2, 4, 7, 8]
    (left,) = (tmp_path / "out").iterdir()
    assert left.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("held", [2, 10_000], ids=["in parts", "at once"])
def test_a_full_disk_is_the_systems_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    """So that it is told as one, whatever polars makes of it."""
    path = tmp_path / "x.parquet"
    pl.DataFrame([a_row(number) for number in range(1, 10)]).write_parquet(path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.parquet").symlink_to("/dev/full")
    monkeypatch.setattr(module, "_ROWS", held)
    with pytest.raises(OSError, match="No space left"):
        rejects(path, {number: [MARK] for number in range(1, 10)})
    assert len([*(tmp_path / "out").iterdir()]) == 1


def test_parquet_stays_parquet(tmp_path: Path) -> None:
    """The same schema and values, four columns of text after them."""
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame([a_row(number) | {"amount": number, "_err_row": "9"} for number in range(1, 6)])
    frame = frame.with_columns(date_of_birth=pl.lit(date(1990, 1, 1)))
    frame.write_parquet(path)
    rejects(path, {2: [MARK], 5: [MARK, OTHER]})
    written = pl.read_parquet(tmp_path / "out" / "x.parquet")
    assert written.drop(ERROR_COLUMNS).equals(frame.drop("_err_row")[[1, 4]])
    assert written["_err_row"].to_list() == ["2", "5"]
    assert written["_err_code"].to_list() == ["email_invalid", "email_invalid; x"]


def test_no_marks_give_a_header(tmp_path: Path) -> None:
    """Without a marked row only the header is written, in both formats."""
    path = write(tmp_path / "x.csv", [a_row(1)])
    assert rejects(path, {}).count(b"\n") == 1
    parquet = tmp_path / "x.parquet"
    pl.DataFrame([a_row(1)]).write_parquet(parquet)
    rejects(parquet, {})
    assert pl.read_parquet(tmp_path / "out" / "x.parquet").height == 0


def test_a_short_record_given_again_is_short_again(tmp_path: Path) -> None:
    """Uncorrected, it is rejected anew and its text does not grow: no padding may turn it into a full row."""
    path = tmp_path / "x.csv"
    path.write_bytes(",".join(REQUIRED_COLUMNS).encode() + b"\na,b,c\n")
    first = tmp_path / "first.csv"
    first.write_bytes(rejects(path, {1: [OTHER]}))
    _, found = judged(first)
    assert told(found) == [(1, "", "record_short")]
    assert rejects(first, {1: [OTHER]}) == first.read_bytes()


def test_rejects_of_a_file_with_an_empty_last_column_are_read_again(tmp_path: Path) -> None:
    """The fields without a name go, as columns with names follow; a record of the wrong length stays as it is."""
    rows = [a_row(1, email="nobody"), a_row(2), a_row(3, email="none")]
    first, *lines = csv_text(rows, REQUIRED_COLUMNS).splitlines()
    lines = [*(f"{line}," for line in lines), "C-9,short,"]
    path = tmp_path / "in.csv"
    path.write_text("\n".join([f"{first},", *lines, "", ",,,,,,,,"]) + "\n", encoding="utf-8")
    _, found = judged(path)
    assert [row.row_number for row in found if row.violations] == [1, 3, 4]
    table = open_table(path, "in.csv", Reading())
    write_rejects(table, tmp_path / "again.csv", marks_of(found), 100)
    text = (tmp_path / "again.csv").read_text(encoding="utf-8").splitlines()
    assert text[0] == f"{first},_err_row,_err_field,_err_code,_err_message"
    assert text[1].startswith(lines[0][:-1] + ",1,email,")
    _, once_more = judged(tmp_path / "again.csv")
    assert [[v.code for v in row.violations] for row in once_more] == [
        ["email_invalid"],
        ["email_invalid"],
        ["record_short"],
    ]
