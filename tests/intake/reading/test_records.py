import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.intake.reading import lines, records
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.intake.reading.lines import Lines, LineTooLongError
from finhub_onboard.intake.reading.records import Record
from tests.intake.helpers import NO_TEXT, filled

CELLS = st.text(
    st.one_of(
        st.sampled_from(",\"\n\r ;'\t\ufeffé"),
        st.characters(exclude_categories=["Cs"], exclude_characters=NO_TEXT, min_codepoint=1),
    )
)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


def read(text: str, width: int, cut: Cut = Cut(), *, rows: int = 1000) -> list[Record]:  # noqa: B008 - frozen
    """Read records of a text, line ends untouched: one by one, and in batches, which must be the same."""
    raw = text.encode("utf-8", "surrogateescape")
    found = list(records.records(Lines(io.BytesIO(raw)), cut, width=width))
    for few in (0, lines.MIN_BLOCK_LINES):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lines, "MIN_BLOCK_LINES", few)
            check_batches(raw, width, cut, rows, found)
    return found


def check_batches(raw: bytes, width: int, cut: Cut, rows: int, found: list[Record]) -> None:
    """Read records in batches: they must be those that are read one by one."""
    place = 0
    for batch in records.batches(Lines(io.BytesIO(raw)), cut, width=width, rows=rows):
        assert 0 < batch.height <= rows
        for at, own in enumerate(batch.raws(range(batch.height))):
            assert own == found[place].raw
            assert batch.others.get(at, found[place]) == found[place]
            if at not in batch.others:
                assert found[place].cells == cut.cells((found[place].raw.decode(),))
            place += 1
    assert place == len(found)


def codes(found: Iterable[Record]) -> list[tuple[str, ...]]:
    """Return the fault codes of each record."""
    return [record.fault.codes if record.fault else () for record in found]


@settings(deadline=None)  # each example is read three times
@given(table=TABLES, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_any_table_reads_back(table: list[list[str]], quoting: int) -> None:
    """Any table of text that the csv module writes reads back with the same cells, and the texts are the file."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=quoting, lineterminator="\r\n").writerows(table)  # type: ignore[arg-type]
    found = read(buffer.getvalue(), len(table[0]))
    assert [record.cells for record in found] == filled(table)
    if filled(table) == table:
        assert b"".join(record.raw for record in found) == buffer.getvalue().encode()


@settings(deadline=None)  # each example is read three times
@given(table=TABLES, end=st.sampled_from(["\n", "\r", "\r\n"]))
def test_every_line_end_is_read(table: list[list[str]], end: str) -> None:
    """LF, CR and CRLF end records alike; inside quotes they stay what they are."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(table)
    assert [record.cells for record in read(buffer.getvalue(), len(table[0]))] == filled(table)


@settings(deadline=None)  # each example is read three times
@given(text=st.text('ab,"\n\r\0\udc80', max_size=60), width=st.integers(1, 9))
def test_no_text_is_lost_whatever_the_file_holds(text: str, width: int) -> None:
    """The texts of all records are the file but for blank lines, and each record is cells or a fault."""
    found = read(text, width)
    raw, place = text.encode("utf-8", "surrogateescape"), 0
    for record in found:
        begins = raw.index(record.raw, place)
        assert not raw[place:begins].strip(b',"\r\n')
        place = begins + len(record.raw)
    assert not raw[place:].strip(b',"\r\n')
    assert all((record.cells is None) == (record.fault is not None) for record in found)
    assert all(len(record.cells) == width for record in found if record.cells is not None)


def test_short_and_long_records_are_faults_and_neighbours_are_read() -> None:
    """A wrong number of fields spoils one record only; its line is told."""
    found = read("1,2,3\n4,5\n\n6,7,8,9\n1,2,3", 3)
    assert codes(found) == [(), ("record_short",), ("record_long",), ()]
    assert [record.fault.line for record in found if record.fault] == [2, 4]
    assert [record.fault.found for record in found if record.fault] == [2, 4]


@pytest.mark.parametrize(
    "bad",
    ['"1,2,3\n', '1,"2,3\n', '1,"2"x,3\n', '1,2,"3" \n'],
    ids=["first", "middle", "text after the closing quote", "space after the closing quote"],
)
def test_a_stray_quote_spoils_one_record(bad: str) -> None:
    """A quote that never closes, or closes too early, does not swallow the lines after it."""
    found = read("1,2,3\n" + bad + "4,5,6\n" * 2000, 3)
    assert codes(found) == [(), ("record_quoting",), *[()] * 2000]
    assert found[1].raw == bad.encode()


def test_two_stray_quotes_do_not_swallow_what_is_between_them() -> None:
    """Lines inside a quoted field that are records themselves are records."""
    width = 10
    good = ",".join("123456789x") + "\n"
    found = read('1,"' + good[2:] + good * 3 + '1,x",' + good[4:] + good, width)
    assert len(found) == 6
    assert codes(found)[:4] == [("record_quoting",), (), (), ()]


def test_quotes_inside_an_unquoted_field_are_characters() -> None:
    """A quote that does not open a field is kept as it is."""
    assert read('37°36\'37.8"N,5" pipe\n', 2)[0].cells == ["37°36'37.8\"N", '5" pipe']


def test_quoted_fields_may_hold_lines_and_large_texts() -> None:
    """A quoted field of many lines, or larger than the csv module's own limit, is read."""
    lines = "\n".join(f"line {number}" for number in range(900))
    found = read(f'1,"{lines}"\n2,"{"x" * 200_000}"\n', 2)
    assert [record.cells for record in found] == [["1", lines], ["2", "x" * 200_000]]


def test_a_record_tells_all_its_faults() -> None:
    """Bytes that are not UTF-8, NUL and a wrong number of fields do not hide each other."""
    assert codes(read("a\udce9,\0\n", 3)) == [("record_encoding", "record_nul", "record_short")]


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than any record stops the reading instead of filling memory."""
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 100)
    with pytest.raises(LineTooLongError):
        read("x" * 101, 1)


@pytest.mark.parametrize(("raw", "end"), [("a\n", "\n"), ("a\r\n", "\r\n"), ("a\r", "\r"), ("a", ""), ('"\n"', "")])
def test_line_ends_are_told_apart(raw: str, end: str) -> None:
    """A record's own line end is known, so that it can be written again."""
    assert lines.line_end(raw.encode()) == end.encode()
    assert lines.without_line_end(raw.encode()) + end.encode() == raw.encode()


@settings(deadline=None)  # each example is read three times
@given(
    table=TABLES,
    delimiter=st.sampled_from(",;\t|"),
    quote=st.sampled_from("\"'"),
    escaped=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    rows=st.integers(1, 4),
)
def test_any_dialect_reads_back(
    table: list[list[str]], delimiter: str, quote: str, *, escaped: bool, end: str, rows: int
) -> None:
    """Any table of text, written in any supported dialect, reads back with the same cells."""
    buffer = io.StringIO(newline="")
    escape = "\\" if escaped else ""
    csv.writer(
        buffer,
        delimiter=delimiter,
        quotechar=quote,
        escapechar=escape or None,
        doublequote=not escaped,
        quoting=csv.QUOTE_ALL,
        lineterminator=end,
    ).writerows(table)
    cut = Cut(delimiter=delimiter, quote=quote, escape=escape)
    assert [record.cells for record in read(buffer.getvalue(), len(table[0]), cut, rows=rows)] == filled(table)


def test_lines_over_the_edge_of_a_block_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a block of the file ends does not matter: in CRLF, in a letter, within quotes, on a stray quote."""
    text = '1,é,3\r\n"a\nb",2,3\n"stray,2,3\n4,5,6\r7,8\n9,0,1'
    whole = read(text, 3)
    for block in range(1, len(text.encode()) + 1):
        monkeypatch.setattr(lines, "_BLOCK_BYTES", block)
        assert read(text, 3) == whole


def test_a_stray_quote_in_narrow_records_does_not_hide_good_ones_in_a_reject() -> None:
    """What two stray quotes enclose is no record of the right width: the records between them are read."""
    found = read('1,2,3\n4,"5,6\n7,8,9\na,b,c\nd",e,f\n', 3)
    assert codes(found) == [(), ("record_quoting",), (), (), ()]
    assert [record.cells for record in found[2:]] == [["7", "8", "9"], ["a", "b", "c"], ['d"', "e", "f"]]


def test_quoted_records_of_thousands_of_fields_are_read() -> None:
    """However many fields a record has, those that are quoted are read."""
    cells = ['a "b"', *["c"] * 9_999]
    line = ",".join(['"a ""b"""', *['"c"'] * 9_999]) + "\n"
    assert [record.cells for record in read(line * 3, 10_000)] == [cells] * 3


BLANKS = (",,", "\t,,", " , , ", '"","",""', ',"",', "", "  ", "\x1a", "\x1a\x1a\r")


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_rows_are_no_records(blank: str, end: str) -> None:
    """Rows of a spreadsheet without anything, and the mark of DOS, wherever they stand; what has anything is one."""
    rows = ["1,2,3", blank, blank, ",5,", blank, ",,x", '" x ",,', "7,8,9", *[blank] * 9]
    found = read(end.join(rows) + end, 3)
    assert [record.cells for record in found] == [
        ["1", "2", "3"],
        ["", "5", ""],
        ["", "", "x"],
        [" x ", "", ""],
        ["7", "8", "9"],
    ]
    assert found[1].raw == f",5,{end}".encode()


def test_a_file_of_blank_rows_has_none() -> None:
    """Also many of them."""
    assert read(",,\r\n" * 2000, 3) == []


def test_a_blank_row_needs_no_number_of_fields() -> None:
    """One that is too short or too long for a record is none either; one with anything in it is a fault."""
    assert codes(read("1,2,3\n,\n,,,,\n,,,x\n", 3)) == [(), ("record_long",)]


@pytest.mark.parametrize("last", ["1,2,3\x1a", "1,2,3\n\x1a", "1,2,3\r\n\x1a\r\n", "1,2,3\n" + "\x1a" * 128])
def test_the_mark_that_ends_a_text_of_dos_is_none_of_it(last: str) -> None:
    """Ctrl-Z behind the last record, on its line or on one of its own."""
    assert [record.cells for record in read("4,5,6\n" + last, 3)] == [["4", "5", "6"], ["1", "2", "3"]]


LOOSE = {
    '1, "Rūta", 3': ["1", "Rūta", " 3"],
    '1,\t"Sample, Jr" , "Sam""ple"': ["1", "Sample, Jr", 'Sam"ple'],
    '"1", "a, ""b"", c",': ["1", 'a, "b", c', ""],
    "\u201c1\u201d,\u201cRūta\u201d,\u201eKalna, Jr\u201c": ["1", "Rūta", "Kalna, Jr"],
    "1, \u201cRūta\u201d,\xabKalna\xbb": ["1", "Rūta", "Kalna"],
    '"1","\u201cRūta\u201d",\u2018O\u2019Neill\u2019': ["1", "Rūta", "O\u2019Neill"],
    '1,\u201cRūta "B" K\u201d,3': ["1", 'Rūta "B" K', "3"],
    '1,\u201eZum Löwen\u201c Inn,5" pipe': ["1", "\u201eZum Löwen\u201c Inn", '5" pipe'],
    '1,"a, ""b"" \u201cc\u201d",3': ["1", 'a, "b" \u201cc\u201d', "3"],
    "1,\u2019t Hooft,O\u2019Neill": ["1", "\u2019t Hooft", "O\u2019Neill"],
}


@pytest.mark.parametrize("line", LOOSE)
def test_quotes_in_other_ways_are_quotes(line: str) -> None:
    """Behind white space and typographic ones; within a text they are a part of it."""
    found = read(f"4,5,6\n{line}\n7,8,9\n", 3)
    assert [record.cells for record in found] == [["4", "5", "6"], LOOSE[line], ["7", "8", "9"]]
    assert found[1].raw.decode() == line + "\n"


@pytest.mark.parametrize("line", ['1, "Rūta, 3', '1, "Rūta" K, 3', "1,\u201cRūta,3", '1,"2" ,3'])
def test_quotes_that_are_not_whole_are_faults(line: str) -> None:
    """What may be a half of a quotation is no value."""
    assert codes(read(f"4,5,6\n{line}\n7,8,9\n", 3)) == [(), ("record_quoting",), ()]


@pytest.mark.parametrize(
    ("line", "fault"),
    [("1,'O''Neill',3", True), ("1,'Bob',3", False), ("1,'t Hooft,O'", False), ("1,\"'a''b'\",3", False)],
)
def test_the_quote_that_was_not_chosen_is_no_text(line: str, *, fault: bool) -> None:
    """Where the quote was guessed, a field that only makes sense in the other one is a fault."""
    guessed = Cut(other="'")
    assert codes(read(f"4,5,6\n{line}\n", 3, guessed)) == [(), ("record_quoting",) if fault else ()]
    assert codes(read(f"4,5,6\n{line}\n", 3)) == [(), ()]
    assert codes(read('1,"Bea",3\n', 3, Cut(quote="'", other='"'))) == [("record_quoting",)]


@pytest.mark.parametrize("row", ["1,2,3,", "1,2,3", '1,2,"3",""', "1,2,3,,"])
def test_an_empty_field_without_a_name_is_ignored(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a record, up to as many as there may be; one that has something in it is a field too many."""
    monkeypatch.setattr(lines, "MIN_BLOCK_LINES", 0)
    text = f"4,5,6,\n{row}\n,,,\n7,8,9,x\n"
    batch = next(records.batches(Lines(io.BytesIO(text.encode())), Cut(), width=3, tail=1, rows=9))
    last = [] if row.endswith(",,") else ["1", "2", "3"]
    assert batch.height == 3
    assert batch.others[2].fault
    assert 0 not in batch.others
    assert (batch.others[1].cells if 1 in batch.others else last) == (last or None)
