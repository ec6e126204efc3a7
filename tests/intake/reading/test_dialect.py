"""Dialects: what is detected is how the file was written, and any table in any dialect and encoding reads back."""

import codecs
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.config.profile import Source
from finhub_onboard.intake.reading import csv_file, dialect, files
from finhub_onboard.intake.reading.cut import Cut
from finhub_onboard.model.columns import REQUIRED_COLUMNS
from tests.intake.helpers import NO_TEXT
from tests.intake.reading.dialects import HEADER, ROWS, detected

ENCODINGS = {
    "utf-8": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": b"",
    **dict.fromkeys(("cp1252", "cp1250", "cp1251", "latin-1", "shift_jis", "gb18030", "euc_kr"), b""),
}


CELLS = st.text(
    st.one_of(
        st.sampled_from(",;\t|\"'\\\n\r #aé ßłЖ山\u2028\x85\x1c\ufeff"),
        st.characters(exclude_categories=["Cs"], exclude_characters=NO_TEXT, min_codepoint=1),
    ),
    max_size=6,
)


TABLES = st.integers(2, 10).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


def written(cells: list[str], cut: Cut, *, full: bool) -> str:
    """Write one record."""
    fields = []
    for cell in cells:
        inner = cell.replace("\\", "\\\\") if cut.escape else cell
        inner = inner.replace(cut.quote, (cut.escape or cut.quote) + cut.quote)
        plain = not full and not any(mark in cell for mark in (cut.delimiter, cut.quote, "\r", "\n", "\\"))
        fields.append(cell if plain else f"{cut.quote}{inner}{cut.quote}")
    return cut.delimiter.join(fields)


def read(path: Path, source: Source) -> tuple[list[list[str]], dict[int, Any]]:
    """Read a file as stated."""
    found = dialect.detect(path, path.name, source, (), files.MAX_UNPACKED)
    columns = csv_file.columns(path, path.name, found, files.MAX_UNPACKED)
    cells: list[list[str]] = []
    faults: dict[int, Any] = {}
    for frame, broken in csv_file.frames(path, path.name, columns, 4, dialect=found, most=files.MAX_UNPACKED):
        faults |= {len(cells) + place: fault for place, fault in broken.items()}
        cells += map(list, frame.rows())
    return cells, faults


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=TABLES,
    cut=st.builds(
        Cut,
        delimiter=st.sampled_from([",", ";", "\t", "|"]),
        quote=st.sampled_from(['"', "'"]),
        escape=st.sampled_from(["", "\\"]),
    ),
    end=st.sampled_from(["\n", "\r", "\r\n"]),
    codec=st.sampled_from(list(ENCODINGS)),
    full=st.booleans(),
)
def test_any_table_in_any_dialect_and_encoding_reads_back(
    tmp_path: Path, table: list[list[str]], cut: Cut, end: str, codec: str, *, full: bool
) -> None:
    """What an encoding can hold comes out as it went in, cell by cell."""
    # A blank line is no row, so the first cell is never blank; a mark at the start of a text would be one of the file.
    table = [[held(f"a{row[0]}", codec), *(held(cell, codec) for cell in row[1:])] for row in table]
    header = [f"column {place}" for place in range(len(table[0]))]
    text = "".join(written(row, cut, full=full) + end for row in (header, *table))
    path = tmp_path / "x.csv"
    path.write_bytes(ENCODINGS[codec] + text.encode(codec))
    source = Source.model_validate(
        {"encoding": codec, "delimiter": cut.delimiter, "quote": cut.quote, "escape": cut.escape, "skip_lines": 0}
    )
    assert read(path, source) == (table, {})


def held(text: str, codec: str) -> str:
    """Leave out what an encoding cannot hold, or gives back as something else."""
    return "".join(
        letter for letter in text if letter.encode(codec, "ignore").decode(codec) == letter and letter != "\0"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_delimiter_is_told_by_known_names(tmp_path: Path, delimiter: str) -> None:
    """A header alone is enough, also when cells are full of other delimiters."""
    header = delimiter.join(REQUIRED_COLUMNS)
    others = "".join(set(",;\t|") - {delimiter}) * 9
    assert detected(tmp_path, header).cut == Cut(delimiter=delimiter)
    row = delimiter.join([others] * len(REQUIRED_COLUMNS))
    assert detected(tmp_path, f"{header}\n{row}\n{row}\n").cut == Cut(delimiter=delimiter)


def test_an_apostrophe_in_a_name_is_no_quote(tmp_path: Path) -> None:
    """Names such as O'Neill and 't Hooft leave the quote what it usually is."""
    header = ",".join(REQUIRED_COLUMNS)
    rows = "".join(f"{n},'t Hooft,O'Neill,a@b.c,1,2,3,4\n" for n in range(5))
    assert detected(tmp_path, f"{header}\n{rows}").cut == Cut()


@pytest.mark.parametrize("name", ["'O''Neill'", "'Bad Tölz, Bayern'"])
def test_single_quotes_are_seen_where_they_are_used(tmp_path: Path, name: str) -> None:
    """Also when every quoted field holds an apostrophe, which is the only reason to quote it."""
    header = ",".join(REQUIRED_COLUMNS)
    rows = "".join(f"{n},Ann,{name},a@b.c,1,2,3,4\n" for n in range(5))
    assert detected(tmp_path, f"{header}\n{rows}").cut == Cut(quote="'")


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("rows", [1, 5])
def test_escaped_quotes_are_seen_in_files_of_any_length(tmp_path: Path, before: int, rows: int) -> None:
    """Lines before the header do not hide them."""
    preamble = "Customers of our bank\n" * before
    header = ",".join(REQUIRED_COLUMNS)
    text = preamble + header + "\n" + '1,Ann,"Bee \\"B\\", Lady",a@b.c,1,2,3,4\n' * rows
    found = detected(tmp_path, text)
    assert found.cut == Cut(escape="\\")
    assert found.skip_lines == before


def test_what_is_stated_wins(tmp_path: Path) -> None:
    """Each part that is stated is taken, whatever the file looks like; the others are detected."""
    text = ";".join(REQUIRED_COLUMNS) + "\n"
    assert detected(tmp_path, text, Source(delimiter=",")).cut.delimiter == ","
    assert detected(tmp_path, text, Source(quote="")).cut == Cut(delimiter=";", quote="")
    assert detected(tmp_path, text, Source(skip_lines=7)).skip_lines == 7
    assert detected(tmp_path, "x\n\n" + text).skip_lines == 2
    assert "header on line 3" in detected(tmp_path, "x\n\n" + text).words


@pytest.mark.parametrize("sign", "~^!;\t")
def test_a_first_line_that_states_the_delimiter_is_believed(tmp_path: Path, sign: str) -> None:
    """Excel reads such a line; the header is the next one."""
    found = detected(tmp_path, f"sep={sign}\n" + (HEADER + ROWS).replace(",", sign))
    assert (found.cut.delimiter, found.skip_lines) == (sign, 1)


@pytest.mark.parametrize("mark", ["\ufeff" * 2, "\ufeff\xef\xbb\xbf", "\xef\xbb\xbf\ufeff" + "\ufeff"])
def test_any_number_of_marks_is_no_part_of_the_text(tmp_path: Path, mark: str) -> None:
    """Programs put one before another, or before what they took for letters."""
    path = tmp_path / "x.csv"
    found = detected(tmp_path, mark + HEADER + ROWS)
    assert csv_file.columns(path, path.name, found, files.MAX_UNPACKED) == REQUIRED_COLUMNS


def test_a_stated_quote_that_no_field_stands_in_is_no_trouble(tmp_path: Path) -> None:
    """The delimiter is found among records without a quote."""
    path = tmp_path / "x.csv"
    path.write_text(";".join(REQUIRED_COLUMNS) + "\n" + ";".join("abcdefgh") + "\n", encoding="utf-8")
    found = dialect.detect(path, path.name, Source(quote="'"), REQUIRED_COLUMNS, files.MAX_UNPACKED)
    assert (found.cut.delimiter, found.cut.quote) == (";", "'")


@pytest.mark.parametrize(
    ("delimiter", "codec", "titles"),
    [(";", "cp1252", 3), (";", "utf-8-sig", 3), (";", "utf-8", 0), (",", "utf-8-sig", 0), ("\t", "utf-16", 0)],
)
def test_rejects_are_read_with_the_profile_of_their_input_however_a_spreadsheet_saved_them(
    tmp_path: Path, delimiter: str, codec: str, titles: int
) -> None:
    """The profile states how the partner wrote; what saved the corrected rows has a way of its own."""
    source = Source(encoding="cp1252", delimiter=";", quote='"', skip_lines=3)
    lines = [["Partner"]] * titles + [[*REQUIRED_COLUMNS, "_err_row"], ["é", *"bcdefgh", "1"], ["Š", *"bcdefgh", "2"]]
    path = tmp_path / "rejects.csv"
    path.write_bytes("".join(delimiter.join(cells) + "\n" for cells in lines).encode(codec))
    cells, faults = read(path, source)
    assert faults == {}
    assert cells == [["é", *"bcdefgh", "1"], ["Š", *"bcdefgh", "2"]]


def test_a_mark_goes_before_a_stated_encoding(tmp_path: Path) -> None:
    """No text begins with one: another program has saved the file since."""
    path = tmp_path / "x.csv"
    path.write_text(",".join(REQUIRED_COLUMNS) + "\né,b,c,d,e,f,g,h\n", encoding="utf-8-sig")
    assert read(path, Source(encoding="cp1252"))[0] == [["é", *"bcdefgh"]]


def test_rejects_of_a_dialect_that_nobody_guesses_are_read_as_stated(tmp_path: Path) -> None:
    """As the job itself wrote them: what is stated still fits."""
    path = tmp_path / "x.csv"
    path.write_text("~".join([*REQUIRED_COLUMNS, "_err_row"]) + "\n" + "~".join("abcdefgh1") + "\n", encoding="utf-8")
    assert read(path, Source(delimiter="~"))[0] == [list("abcdefgh1")]


@pytest.mark.parametrize(("shifted", "refused"), [([1], False), ([1, 2, 3], True)])
def test_a_record_that_is_too_long_does_not_spoil_a_file_with_trailing_delimiters(
    tmp_path: Path, shifted: list[int], *, refused: bool
) -> None:
    """One is a fault of its own; where most have something in the nameless column it lacks its name."""
    path = tmp_path / "x.csv"
    rows = [";".join("abcdefgh") + (";i" if number in shifted else ";") for number in range(5)]
    path.write_text("\n".join([";".join(REQUIRED_COLUMNS) + ";", *rows]) + "\n", encoding="utf-8")
    found = dialect.detect(path, path.name, Source(), REQUIRED_COLUMNS, files.MAX_UNPACKED)
    assert found.tail == (0 if refused else 1)
    if not refused:
        cells, faults = read(path, Source())
        assert [fault.codes for fault in faults.values()] == [("record_long",)]
        assert cells[0] == list("abcdefgh")
