import csv
import gzip
import io
import json
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finhub_onboard.commands.profile import proposed_profile, write_new
from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.errors import OnboardError, UnreadableInputError
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.reading import csv_file, dialect, files
from finhub_onboard.intake.reading.records import Fault
from finhub_onboard.model.columns import CANONICAL_COLUMNS, REQUIRED_COLUMNS
from tests.intake.helpers import CORPORA, NO_TEXT, a_row, csv_text, filled, judged, told, write

if sys.version_info >= (3, 14):  # it is part of Python from there on
    from compression import zstd
else:
    from backports import zstd


def packed_with_a_long_window() -> bytes:
    """Pack a text as ``zstd --long=30`` does."""
    packer = zstd.ZstdCompressor(
        options={zstd.CompressionParameter.window_log: 30, zstd.CompressionParameter.content_size_flag: 0}
    )
    return packer.compress(b"external_id,email\n" * 9) + packer.flush()


def packed_with_a_dictionary() -> bytes:
    """Pack a text with a dictionary that is not in it."""
    words = zstd.train_dict([f"external_id,{number},first_name,x{number}".encode() for number in range(5000)], 2000)
    return zstd.compress(b"external_id,email\n" * 9, zstd_dict=words)


PLAIN = Source(encoding="utf-8", delimiter=",", quote='"', skip_lines=0)
needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="the public test data is not here")


def refused(path: Path) -> str:
    """Return the sentence that refuses an input, and its hint."""
    with pytest.raises(UnreadableInputError) as caught:
        survey([path], batch_rows=10)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.hint
    return f"{message} | {caught.value.hint}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n\n", "is empty"),
        (b"PK\x03\x04rest", "ZIP archive"),
        (b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument"),
        (b"PK\x03\x04....word/document.xml", "Word document"),
        (b"PK\x03\x04....Index/Document.iwa", "Numbers"),
        (b"a" * 257 + b"ustar\x00", "TAR archive"),
        (b"Rar!\x1a\x07\x01\x00", "RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
        (rb"{\rtf1\ansi hello}", "RTF"),
        (b"-----BEGIN PGP MESSAGE-----\n", "gpg --decrypt"),
        (gzip.compress(gzip.compress(b"external_id\n1\n", mtime=0), mtime=0), "gunzip"),
        (gzip.compress(b"PAR1....", mtime=0), "is a Parquet file in a gzip archive"),
        (bytes(range(1, 256)) * 4, "binary"),
        (b"\n<!-- log in --><body>", "HTML"),
        (b"<customers><customer/></customers>", "XML"),
        (b"-- -- --\n" * 999 + b"INSERT INTO customers VALUES (1);", "SQL"),
        (b"-- " * 20_000, "is it a table?"),
        (b"BEGIN:VCARD\nVERSION:3.0\n", "vCard"),
        (b"From: a@example.com\nSubject: x\n", "e-mail"),
        (b"Dear colleague,\nplease find the file attached.\nBest\n", "is it a table?"),
        (csv_text([]).replace(",", "^").encode(), 'separated by ^: state [source] delimiter = "^"'),
        (csv_text([]).replace(",", "\x01").encode(), "separated by what no CSV has"),
        (b'"external_id,first_name,email"\n"1,2,3"\n', "each line stands in quotes"),
        (b"external_id  first_name email\n1            Ann        a\n", "fixed width"),
        (b"external_id first_name email\n1           Ann        a\n", "fixed width"),
        (b"Kundennr  Vorname    Nachname\n1         Ann        Bee\n", "fixed width"),
        (b"<html><table border=1><tr><td>external_id</td>", "save the sheet as CSV"),
        (b"\xef\xbb\xbf\r\n<TABLE><TR><TD>external_id</TD>", "save the sheet as CSV"),
        (b"<html><table><tr><form action=login>", "an HTML page"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "save the sheet as CSV"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n", "save the sheet as CSV"),
        (packed_with_a_long_window(), "packed by zstd with a window of more than 128 MB"),
        (packed_with_a_dictionary(), "packed by zstd with a dictionary"),
        (b"external_id,first_name,last_name,mail," + b"x" * 10_000, "x…) | rename columns"),
        (csv_text([], [*CANONICAL_COLUMNS, *[""] * 999, "x"]).encode(), "and 959 more"),
        (csv_text([], [*REQUIRED_COLUMNS[1:], "external\nid"]).encode(), "external id may be external_id"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel"),
        (b"%PDF-1.4", "PDF"),
        (b"\x1f\x8b\x08rest", "broken archive"),
        (b"\x28\xb5\x2f\xfdrest", "broken archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b'[{"external_id": 1}]', "JSON"),
        ("external_id,email\n".encode("utf-16"), "found: external_id, email"),
        ("external_id,email\n".encode("utf-16-le"), "found: external_id, email"),
        ("external_id,email\n".encode("utf-32"), "found: external_id, email"),
        ("external_id,email\n".encode("utf-16")[:-1], "utf-16-le text throughout"),
        (b"a,\x00b\n", "binary"),
        (b"PAR1 and then nothing of the kind", "corrupt Parquet"),
        (b"PAREencrypted", "encrypted"),
        ("external_id,first_name\n1,Muñoz\n".encode("cp1252"), "it may be cp1252 or cp1250"),
        (b'"external_id,email\n1,2\n', "badly quoted"),
        (b"external_id;first_name;email\n1;2;3\n", "found: external_id, first_name, email"),
        (b"external_id\tfirst_name\temail\n", "found: external_id, first_name, email"),
        (b"a|b|c\n1|2|3\n", "found: column 1, column 2, column 3"),
        (b"email|phone|c\n1|2|3\n", "found: email, phone, c"),
        (csv_text([]).encode(), "no data rows"),
        (csv_text([], [*CANONICAL_COLUMNS, "email"]).encode(), "more than once: email"),
        (csv_text([], [*CANONICAL_COLUMNS, "", "x"]).encode(), f"no name for column {len(CANONICAL_COLUMNS) + 1}"),
        (b"external_id,first_name,last_name,e_mail,phone\n", "missing: email, date_of_birth, nationality, category"),
        (b"external_id,first_name,last_name,e_mail,phone\n", "e_mail may be email"),
        (b"external_id,first_name,last_name,e_mail,phone\n", "found: external_id, first_name"),
    ],
)
def test_file_level_trouble_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    """What cannot be read as a whole is refused by name, with a hint."""
    path = tmp_path / "input.csv"
    path.write_bytes(content)
    said = refused(path)
    assert said.startswith("input.csv")
    assert words in said


@pytest.mark.parametrize("start", ["", "Export of customers\n\n"], ids=["first line", "after others"])
@pytest.mark.parametrize("kept", [("email",), ("phone",), ("date_of_birth",), ("email", "phone", "date_of_birth")])
def test_data_without_a_header_is_not_shown(tmp_path: Path, start: str, kept: tuple[str, ...]) -> None:
    """A line of data in the place of the header is told as such, and nothing of it is repeated."""
    path = tmp_path / "input.csv"
    row = {column: value if column in kept else "Anything" for column, value in a_row().items()}
    path.write_text(start + csv_text([row] * 3, REQUIRED_COLUMNS).partition("\n")[2], encoding="utf-8")
    said = refused(path)
    assert "input.csv has no header" in said
    assert not [value for value in row.values() if value in said]


def test_data_in_an_unknown_dialect_is_not_shown(tmp_path: Path) -> None:
    """Where the fields cannot be told, a person's e-mail address in what was taken for a name tells that it is none."""
    path = tmp_path / "input.csv"
    table = (
        csv_text([a_row(1, place_of_birth="x"), a_row(2, place_of_birth="x")])
        .replace(",", "^")
        .replace("^x^", "^x, y^")
    )
    path.write_text("a^b\n" + table.partition("\n")[2], encoding="utf-8")
    assert "has no header" in refused(path)


def test_a_header_in_other_words_is_shown(tmp_path: Path) -> None:
    """Names that nobody knows are names beside some that are known, also with numbers in them."""
    path = tmp_path / "input.csv"
    path.write_text("Kundennummer;Vorname;Tel. 1;2024;Straße 12/13\n1;2;3;4;5\n", encoding="utf-8")
    assert "found: Kundennummer, Vorname, Tel. 1, 2024, Straße 12/13" in refused(path)


@pytest.mark.parametrize("line", ["C-1;Rūta;Kalna", "C-1;Land;Emile", "Rūta"])
def test_a_header_of_which_nothing_is_known_may_be_a_person(tmp_path: Path, line: str) -> None:
    """Its columns are told by their places, also in what is said to be near to what."""
    path = tmp_path / "input.csv"
    path.write_text(f"{line}\nC-2;Owen;Marsh\n", encoding="utf-8")
    said = refused(path)
    assert "found: column 1" in said
    assert not [value for value in line.split(";") if value in said]


ROW = "C-1,Rūta,Kalna,ruta.kalna@example.com,+37061231001,1990-10-03,LT,INDIVIDUAL_STANDARD"
JOINTS = (
    "",
    ",",
    "\x85",
    "\f",
    "\v",
    "\u2028",
    "\u2029",
    "\x1e",
    "\x1c",
    "\x15",
    "\x00",
    "\u2424",
    "\\n",
    "\\r\\n",
    "<br>",
    "<BR/>",
)


@pytest.mark.parametrize("whole", [False, True], ids=["only the header", "all lines"])
@pytest.mark.parametrize("joint", JOINTS)
@pytest.mark.parametrize("before", ["", "Export of customers\n"], ids=["first line", "after others"])
def test_a_row_behind_the_header_is_shown_nowhere(tmp_path: Path, joint: str, before: str, *, whole: bool) -> None:
    """Whatever stands for the line end between them: the file is refused with the cause, or read; so is a proposal."""
    path = tmp_path / "input.csv"
    rows = [ROW, *(ROW.replace("C-1", f"C-{number}") for number in (2, 3))]
    text = ",".join(REQUIRED_COLUMNS) + joint + (joint if whole else "\n").join(rows) + "\n"
    path.write_text(before + text, encoding="utf-8", newline="")
    for said in (refused(path), proposed(path)):
        assert not [value for value in ROW.split(",") if value in said]


@pytest.mark.parametrize("row", ["C-1,Rūta,Kalna,none,n/a,unknown,LT,INDIVIDUAL_STANDARD", "C-1,Rūta,Kalna,,,,,"])
def test_no_name_of_a_row_behind_the_header_is_proposed(tmp_path: Path, row: str) -> None:
    """Also where no e-mail address tells that it is one."""
    path = tmp_path / "input.csv"
    text = ",".join(REQUIRED_COLUMNS) + f",{row}\n{ROW}\n{ROW}\n"
    path.write_text(text, encoding="utf-8", newline="")
    said = proposed(path) + refused(path)
    assert not [value for value in row.split(",") if value and value in said]


def proposed(path: Path) -> str:
    """Return the profile that is proposed for a file, or the sentence that refuses it."""
    try:
        return proposed_profile(path, encoding="", sheet="")
    except UnreadableInputError as error:
        return f"{error} {error.hint}"


def test_a_proposal_is_for_its_owner_only(tmp_path: Path) -> None:
    """What is written is the file's own words."""
    write_new(tmp_path / "profile.toml", "")
    assert (tmp_path / "profile.toml").stat().st_mode & 0o777 == 0o600


def test_places_that_are_no_files_are_refused(tmp_path: Path) -> None:
    """A path that leads nowhere, or to a folder, is refused."""
    assert "does not exist" in refused(tmp_path / "nothing.csv")
    assert "is a folder" in refused(tmp_path)


def test_a_file_is_what_it_holds_not_what_it_is_called(tmp_path: Path) -> None:
    """Parquet is told by its first bytes."""
    path = tmp_path / "customers.csv"
    pl.DataFrame([a_row()]).write_parquet(path)
    assert files.open_table(path, "x", files.Reading()).kind is files.Kind.PARQUET


def test_header_cells_are_stripped_and_a_mark_is_skipped(tmp_path: Path) -> None:
    """White space around names and a byte order mark do not matter; other columns and old marks are ignored."""
    columns = ["\ufeff\u200b external_id \xa0", *CANONICAL_COLUMNS[1:], "note", "_err_code"]
    path = tmp_path / "input.csv"
    row = {columns[0] if name == "external_id" else name: value for name, value in a_row().items()}
    path.write_text("\ufeff" + csv_text([row | {"note": "x", "_err_code": "y"}], columns), encoding="utf-8")
    _, found = judged(path)
    assert [row.customer is not None for row in found] == [True]


def test_one_bad_byte_spoils_one_record(tmp_path: Path) -> None:
    """A record in another encoding is a fault, its neighbours are read."""
    path = tmp_path / "input.csv"
    body = csv_text([a_row(1), a_row(2, first_name="Rene"), a_row(3)]).encode().replace(b"Rene", b"Ren\xe9")
    path.write_bytes(body)
    _, found = judged(path)
    assert told(found) == [(2, "", "record_encoding")]


def test_parquet_types_are_text_or_what_they_mean(tmp_path: Path) -> None:
    """Dates, instants, categories and columns of nulls are taken; null is absent."""
    path = tmp_path / "input.parquet"
    frame = pl.DataFrame([a_row(1), a_row(2)]).with_columns(
        pl.col("date_of_birth").str.to_date(),
        pl.col("category").cast(pl.Categorical),
        gender=pl.lit(None),
        terms_accepted_at=pl.lit(datetime(2025, 1, 1, 12)).dt.replace_time_zone("Europe/Vilnius"),  # noqa: DTZ001
    )
    frame.write_parquet(path)
    _, found = judged(path)
    customer = found[1].customer
    assert customer is not None
    assert customer.date_of_birth == "1990-10-03"
    assert customer.terms_accepted_at == "2025-01-01T10:00:00Z"
    assert customer.gender == ""


def test_a_naive_instant_in_parquet_is_no_evidence(tmp_path: Path) -> None:
    """An instant without a time zone is a violation like its text would be."""
    path = tmp_path / "input.parquet"
    pl.DataFrame([a_row()]).with_columns(terms_accepted_at=pl.lit(datetime(2025, 1, 1, 12))).write_parquet(path)  # noqa: DTZ001
    assert told(judged(path)[1]) == [(1, "terms_accepted_at", "instant_without_offset")]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("phone", 37061231001, "column phone is Int64, it must be text"),
        ("date_of_birth", datetime(1990, 10, 3, tzinfo=UTC), "it must be text or a date"),
        ("terms_accepted_at", date(2025, 1, 1), "it must be text or an instant"),
    ],
)
def test_other_parquet_types_are_refused(tmp_path: Path, column: str, value: object, words: str) -> None:
    """A number or a wrong kind of time is refused by name instead of guessed at."""
    path = tmp_path / "input.parquet"
    pl.DataFrame([{**a_row(), column: value}]).write_parquet(path)
    assert words in refused(path)


@needs_corpora
@pytest.mark.parametrize("name", ["apache-ARROW-GH-41317", "duckdb-broken_date"])
def test_corrupt_parquet_is_one_message(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Also where the library panics, and its own output stays away from the terminal."""
    assert "corrupt Parquet" in refused(CORPORA / "parquet" / f"{name}.parquet")
    assert capfd.readouterr().err == ""


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    """A file that was copied in part is corrupt."""
    whole = tmp_path / "whole.parquet"
    pl.DataFrame([a_row(number) for number in range(100)]).write_parquet(whole)
    path = tmp_path / "input.parquet"
    path.write_bytes(whole.read_bytes()[:-200])
    assert "corrupt Parquet" in refused(path)


def all_cells(path: Path, source: Source = PLAIN) -> tuple[list[dict[str, str]], dict[int, Fault]]:
    """Read a CSV file whatever its columns are."""
    written = dialect.detect(path, path.name, source, (), files.MAX_UNPACKED)
    columns = csv_file.columns(path, path.name, written, files.MAX_UNPACKED)
    found = csv_file.frames(path, path.name, columns, 10_000, dialect=written, most=files.MAX_UNPACKED)
    frame, faults = next(found, (pl.DataFrame(), {}))
    return frame.to_dicts(), faults


CELLS = st.text(
    st.one_of(
        st.sampled_from(',"\n\r \t#\ufeffé'),
        st.characters(exclude_categories=["Cs"], exclude_characters=NO_TEXT, min_codepoint=1),
    ),
    max_size=6,
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES, end=st.sampled_from(["\n", "\r", "\r\n"]))
def test_any_table_comes_out_as_it_went_in(tmp_path: Path, table: list[list[str]], end: str) -> None:
    """Cells that are cut in bulk and cells that are parsed one by one come out alike, in order."""
    path = tmp_path / "x.csv"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=end)
    writer.writerow([f"column {place}" for place in range(len(table[0]))])
    for row in table:
        # The csv module leaves line ends of other kinds unquoted: quote rows that have one.
        quoting = csv.QUOTE_ALL if any("\n" in cell or "\r" in cell for cell in row) else csv.QUOTE_MINIMAL
        csv.writer(buffer, lineterminator=end, quoting=quoting).writerow(row)  # type: ignore[arg-type]
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    cells, faults = all_cells(path)
    assert not faults
    assert [list(row.values()) for row in cells] == filled(table)


@needs_corpora
def test_csv_spectrum_reads_as_its_answers() -> None:
    """Cells are equal to the published answers."""
    for path in sorted((CORPORA / "csv-spectrum" / "csvs").glob("*.csv")):
        answer = json.loads((CORPORA / "csv-spectrum" / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        cells, faults = all_cells(path)
        assert not faults, path.name
        # Some answers have LF inside a cell where the file has CRLF.
        plain = [{key: value.replace("\r\n", "\n") for key, value in row.items()} for row in cells]
        wanted = [
            {key: value.replace("\r\n", "\n") for key, value in row.items()}
            for row in (answer if isinstance(answer, list) else [answer])
        ]
        if path.stem == "location_coordinates":
            # The published answer has another telephone number than the published file.
            wanted[0]["Contact Phone Number"] = plain[0]["Contact Phone Number"]
        assert plain == wanted, path.name


@needs_corpora
@pytest.mark.parametrize(
    ("name", "rows", "faults"),
    [
        ("source", 83, []),
        ("file_no_trailing_newline", 83, []),
        ("file_record_delimiter_0xD", 83, []),
        ("file_field_delimiter_0x3B", 83, []),
        ("file_preamble", 83, []),
        ("row_less_sep_row5_col3", 83, [("record_short",)]),
    ],
)
def test_pollock_loses_no_row(name: str, rows: int, faults: list[tuple[str, ...]]) -> None:
    """Each polluted file has all its rows, or a fault per broken one."""
    cells, found = all_cells(CORPORA / "pollock" / f"{name}.csv", Source())
    assert len(cells) == rows
    truth, _ = all_cells(CORPORA / "pollock" / "source.csv")
    assert [row for place, row in enumerate(cells) if place not in found] == [
        row for place, row in enumerate(truth) if place not in found
    ]
    assert [fault.codes for fault in found.values()] == faults


@needs_corpora
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pollock/file_field_delimiter_0x3B.csv", "missing"),
        ("pollock/file_header_only.csv", "missing"),
        ("pollock/file_preamble.csv", "missing"),
        ("encodings/duckdb-utf16.csv", "missing"),
        ("encodings/duckdb-latin1.csv", "it may be cp1252 or"),
        ("febrl-dataset1.csv", "missing"),
        ("userdata1.parquet", "missing"),
    ],
)
def test_public_files_without_our_columns_are_refused(name: str, words: str, tmp_path: Path) -> None:
    """The cause is named."""
    path = tmp_path / Path(name).name
    shutil.copy(CORPORA / name, path)
    assert words in refused(path)


@needs_corpora
def test_names_of_all_scripts_are_names(tmp_path: Path) -> None:
    """Every published forename is accepted, also of one character."""
    cells, _ = all_cells(CORPORA / "names-forenames-by-country.csv")
    names = [row["Localized Name"] for row in cells if row["Localized Name"]]
    _, found = judged(write(tmp_path / "x.csv", [a_row(place, first_name=name) for place, name in enumerate(names)]))
    assert len(found) > 2000
    assert told(found) == []


@needs_corpora
def test_files_in_other_encodings_are_read_as_stated_or_told() -> None:
    """Latin-1 as a profile states it, UTF-16 by its own mark: no letter is lost, none is garbage."""
    latin, utf16 = CORPORA / "encodings" / "duckdb-latin1.csv", CORPORA / "encodings" / "duckdb-utf16.csv"
    for path, source, codec in ((latin, Source(encoding="latin-1"), "latin-1"), (utf16, Source(), "utf-16")):
        cells, faults = all_cells(path, source)
        text = path.read_bytes().decode(codec)
        assert not faults
        assert all(value in text for row in cells for value in row.values())
        assert len(cells) == len(text.splitlines()) - 1


_CELL = st.text(st.sampled_from("ab1 \t'\";,|\\é\u201c\x1a\0"), max_size=4)
_RECORD = st.lists(_CELL, min_size=len(REQUIRED_COLUMNS), max_size=len(REQUIRED_COLUMNS))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delimiter=st.sampled_from(",;\t|"),
    bodies=st.tuples(*[st.lists(st.one_of(_RECORD, st.lists(_CELL, max_size=3)), max_size=5)] * 2),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
    source=st.sampled_from([Source(), Source(quote="'"), Source(encoding="utf-8", skip_lines=0)]),
)
@pytest.mark.exhaustive  # a thousand small inputs are read always
def test_an_input_like_the_one_before_is_opened_as_if_it_came_alone(
    tmp_path: Path,
    delimiter: str,
    bodies: tuple[list[list[str]], ...],
    end: str,
    codec: str,
    source: Source,
    *,
    last: bool,
) -> None:
    """What is taken over from the one before, with the same header, is what its own records would tell."""
    reading = files.Reading(profile=Profile(source=source))
    header = delimiter.join(REQUIRED_COLUMNS)
    paths = []
    for number, body in enumerate(bodies):
        text = end.join([header, *(delimiter.join(cells) for cells in body)]) + (end if last else "")
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_bytes(text.encode(codec, "replace"))
    first, alone = opened_or_said(paths[0], reading), opened_or_said(paths[1], reading)
    assert opened_or_said(paths[1], reading, first if isinstance(first, files.Table) else None) == alone


def opened_or_said(path: Path, reading: files.Reading, like: files.Table | None = None) -> files.Table | str:
    """Open an input, or say why that cannot be."""
    try:
        return files.open_table(path, path.name, reading, like)
    except OnboardError as error:
        return str(error)


def test_an_input_like_the_one_before_is_not_judged_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand files of one export the first one's writing is tried, the others are only looked through."""
    paths = [write(tmp_path / f"{number}.csv", [a_row(number)], [*REQUIRED_COLUMNS, "note"]) for number in range(3)]
    first = files.open_table(paths[0], "0", files.Reading())
    monkeypatch.setattr(dialect, "detect", None)
    for path in paths[1:]:
        assert files.open_table(path, path.name, files.Reading(), first).columns == first.columns


@pytest.mark.parametrize("column", ["external_id", "email"])
def test_an_input_with_other_quotes_than_the_one_before_is_judged_by_itself(tmp_path: Path, column: str) -> None:
    """Values in apostrophes, be they first in their lines or not, tell another way of writing."""
    first = files.open_table(write(tmp_path / "0.csv", [a_row(0)]), "0", files.Reading())
    rows = [a_row(number) for number in range(1, 4)]
    quoted = write(tmp_path / "1.csv", [{**row, column: f"'{row[column]}'"} for row in rows])
    table = files.open_table(quoted, "1", files.Reading(), first)
    assert table.dialect
    assert table.dialect.cut.quote == "'"


@pytest.mark.parametrize("agree", [True, False])
def test_batches_are_cut_together_as_they_are_apart(tmp_path: Path, agree: bool) -> None:  # noqa: FBT001
    """Plain lines, quoted ones and faults of several inputs come out in order, be these written alike or not."""
    texts = []
    for number in range(4):
        delimiter = "," if agree or number % 2 else ";"
        lines = csv_text([a_row(10 * number + place, first_name='"Q"') for place in range(2)], REQUIRED_COLUMNS).split(
            "\n"
        )
        plain = csv_text([a_row(10 * number + 5)], REQUIRED_COLUMNS).split("\n")[1]
        texts.append("\n".join([*lines[:2], "short", plain, *lines[2:]]).replace(",", delimiter))
    batches = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.csv"
        path.write_text(text, encoding="utf-8")
        batches += list(files.batches(files.open_table(path, path.name, files.Reading()), batch_rows=3))
    together = files.make_cells(batches).frame
    assert together.equals(pl.concat([files.make_cells([batch]).frame for batch in batches]))
    assert together["external_id"].to_list() == [
        key for number in range(4) for key in (f"C-{10 * number}", "", f"C-{10 * number + 5}", f"C-{10 * number + 1}")
    ]
    places = pl.Series([0, 2, 7, 13])
    assert files.make_cells(batches, places).frame.equals(together[places])
