"""Torture: every way of writing x every pollution, every encoding x every pollution, and hostile text in every field.

Of each file every record must come out, in order: as the cells that were written, or as a reject that names its line.
"""

import csv
import gzip
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline import job
from pipeline.errors import UnreadableInputError
from pipeline.facts import Order
from pipeline.intake import csvfile, unpack
from pipeline.intake.files import Reading
from pipeline.intake.rejects import RejectMark, write_rejects
from pipeline.intake.validate import Survey, rows, survey
from pipeline.model import CANONICAL_COLUMNS, ERROR_COLUMNS, REQUIRED_COLUMNS, IntakeRow
from pipeline.profile import Profile, Source
from pipeline.reports.rows import as_cell, from_cell
from tests.intake.helpers import a_row, rules

COLUMNS = (*REQUIRED_COLUMNS, "gender", "place_of_birth", "pincode", "note")
RECORDS = 6
POLLUTED, INVALID = 3, 5
"""The record that a pollution spoils, and one that breaks a rule in every file."""


class Way(NamedTuple):
    """A dialect: ``escape`` empty is a doubled quote; ``full`` quotes every field."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    end: str = "\n"
    full: bool = False

    def cell(self, text: str) -> str:
        """Write one cell."""
        if not self.full and not any(mark in text for mark in (self.delimiter, self.quote, "\r", "\n", "\\")):
            return text
        inner = text.replace("\\", "\\\\") if self.escape else text
        return f"{self.quote}{inner.replace(self.quote, (self.escape or self.quote) + self.quote)}{self.quote}"

    def record(self, cells: Sequence[str]) -> str:
        """Write one record without its line end."""
        return self.delimiter.join(map(self.cell, cells))


class Script(NamedTuple):
    """An encoding, the mark before it, and names that its users have."""

    label: str
    codec: str
    mark: bytes
    stated: str
    named: frozenset[str]
    names: tuple[str, ...]
    spoilt: bytes = b""
    """Bytes that are no text in it."""


GERMAN = ("Jörg", "Käthe", "Müller", "Weiß", "Böhm-Größ", "Schäfer")
POLISH = ("Łukasz", "Małgorzata", "Wiśniewski", "Żółć", "Gąsior", "Święcicka")
RUSSIAN = ("Фёдор", "Наталья", "Щукина", "Объедков", "Юрий", "Царёв")
JAPANESE = ("ソラ", "ポール", "表参道", "山田太郎", "能登", "橋ミソ")
MIXED = ("Zoë", "Łukasz", "Фёдор", "北京", "𠮷野", "Νίκος")
SCRIPTS = (
    Script("utf-8", "utf-8", b"", "utf-8", frozenset(), MIXED, b"\xff\xc3"),
    Script("utf-8-bom", "utf-8", b"\xef\xbb\xbf", "utf-8", frozenset(), MIXED, b"\xff\xc3"),
    Script("utf-16-le", "utf-16-le", b"\xff\xfe", "utf-16", frozenset(), MIXED, b"\x00\xd8"),
    Script("utf-16-be", "utf-16-be", b"\xfe\xff", "utf-16", frozenset(), MIXED, b"\xd8\x00"),
    Script("cp1252", "cp1252", b"", "cp1252", frozenset({"cp1252", "iso8859_15"}), GERMAN, b"\x81"),
    Script("cp1250", "cp1250", b"", "cp1250", frozenset({"cp1250"}), POLISH, b"\x81"),
    Script("cp1251", "cp1251", b"", "cp1251", frozenset({"cp1251"}), RUSSIAN, b"\x98"),
    Script("shift_jis", "shift_jis", b"", "shift_jis", frozenset({"cp932", "shift_jis"}), JAPANESE, b"\xff"),
)
UTF8 = SCRIPTS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One record as it was written: its bytes, the cells that are true, what must be said against it, its line."""

    raw: bytes
    cells: tuple[str, ...]
    line: int = 0
    faults: tuple[str, ...] = ()
    violations: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True, kw_only=True)
class File:
    """A file under construction: text before the header, the header, records with line ends, how it is packed."""

    way: Way
    script: Script
    before: list[bytes] = field(default_factory=list)
    header: bytes = b""
    records: list[Written] = field(default_factory=list)
    blanks: dict[int, bytes] = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)
    packing: str = ""

    def encoded(self, text: str) -> bytes:
        """Text in the file's encoding."""
        return text.encode(self.script.codec)

    def end(self, number: int) -> bytes:
        """The line end of a record."""
        return self.encoded(self.ends[number % len(self.ends)]) if self.ends else self.encoded(self.way.end)

    def spoil(self, number: int, raw: bytes, *faults: str) -> None:
        """Put a broken record in the place of one."""
        old = self.records[number - 1]
        self.records[number - 1] = replace(old, raw=raw, faults=faults, violations=tuple(("", code) for code in faults))

    def settle(self) -> tuple[bytes, list[Written]]:
        """Join everything; every record learns its line end and its line."""
        content = b"".join(self.before) + self.header + self.end(0)
        settled = []
        for number, record in enumerate(self.records, start=1):
            content += self.blanks.get(number, b"")
            text = content.decode(self.script.codec, "replace")
            line = len(re.findall("\r\n|\r|\n", text)) + 1
            end = b"" if self.ends[-1:] == ["none"] and number == len(self.records) else self.end(number)
            settled.append(replace(record, raw=record.raw + end, line=line))
            content += settled[-1].raw
        return self.script.mark + content, settled


def cells_of(number: int, way: Way, script: Script) -> tuple[str, ...]:
    """The true cells of a record: delimiters and quotes stand inside some of them."""
    names = script.names
    row = a_row(number, first_name=names[number % len(names)], last_name=names[(number + 1) % len(names)])
    row |= {"pincode": f"00{number}", "gender": "FEMALE", "place_of_birth": f"{names[number % 3]}{way.delimiter} {number}"}
    row |= {"note": f"says {way.quote}{names[0]}{way.quote}{way.delimiter} and {number}" if number % 2 else ""}
    if number == INVALID:
        row["email"] = "nobody"
    return tuple(row[column] for column in COLUMNS)


def plain(way: Way, script: Script) -> File:
    """A file without pollution."""
    file = File(way=way, script=script)
    file.header = file.encoded(way.record(COLUMNS))
    for number in range(1, RECORDS + 1):
        cells = cells_of(number, way, script)
        violations = (("email", "email_invalid"),) if number == INVALID else ()
        file.records.append(Written(raw=file.encoded(way.record(cells)), cells=cells, violations=violations))
    return file


def short_record(file: File) -> None:
    """The polluted record lacks its last three fields."""
    file.spoil(POLLUTED, file.encoded(file.way.record(file.records[POLLUTED - 1].cells[:-3])), "record_short")


def long_record(file: File) -> None:
    """The polluted record has two fields too many."""
    cells = (*file.records[POLLUTED - 1].cells, "more", "and more")
    file.spoil(POLLUTED, file.encoded(file.way.record(cells)), "record_long")


def stray_quote(file: File) -> None:
    """The polluted record starts with a quote that nothing closes."""
    file.spoil(POLLUTED, file.encoded(file.way.quote) + file.records[POLLUTED - 1].raw, "record_quoting")


def unclosed_last_field(file: File) -> None:
    """The polluted record's last field has an opening quote only, and what follows are good records."""
    cells = file.records[POLLUTED - 1].cells[:-1]
    text = file.way.record(cells) + file.way.delimiter + file.way.quote + "open"
    file.spoil(POLLUTED, file.encoded(text), "record_quoting")


def blank_lines(file: File) -> None:
    """Empty lines, and one of spaces, stand between records."""
    file.blanks = {1: file.end(1), 3: file.end(3) * 3, 5: file.encoded("  ") + file.end(5)}


def nul(file: File) -> None:
    """A cell of the polluted record holds NUL."""
    cells = file.records[POLLUTED - 1].cells
    raw = file.encoded(file.way.record((*cells[:-2], "0\x000", cells[-1])))
    file.spoil(POLLUTED, raw, "record_nul")


def preamble(file: File) -> None:
    """Two lines of prose stand before the header."""
    file.before = [file.encoded(text) + file.end(0) for text in ("Customers of our bank", "as of 1 March 2026")]


def no_last_newline(file: File) -> None:
    """The last record ends with the file."""
    file.ends = [file.way.end] * RECORDS + ["none"]


def bad_bytes(file: File) -> None:
    """A cell of the polluted record holds bytes that are no text."""
    cells = file.records[POLLUTED - 1].cells
    head, tail = file.way.record((*cells[:-2], "@")).split("@")[0], file.way.record(("00", cells[-1]))
    assert head
    raw = file.encoded(file.way.record(cells[:-2]) + file.way.delimiter)
    spoilt = file.script.spoilt
    quote = file.encoded(file.way.quote) if file.way.full else b""
    last = file.encoded(file.way.delimiter + tail.split(file.way.delimiter, 1)[1])
    file.spoil(POLLUTED, raw + quote + file.encoded("a") + spoilt + file.encoded("b") + quote + last, "record_encoding")


def ragged_tail(file: File) -> None:
    """The last record is cut off in the middle and the one before it has a field too many."""
    before, last = (record.cells for record in file.records[-2:])
    file.spoil(RECORDS - 1, file.encoded(file.way.record((*before, ""))), "record_long")
    file.spoil(RECORDS, file.encoded(file.way.record(last[:2])), "record_short")
    no_last_newline(file)


def quoted_newlines(file: File) -> None:
    """Cells of two records run over lines, with line ends of every kind."""
    for number, text in ((2, "one\ntwo\r\n\r\nthree"), (POLLUTED, "a\rb"), (RECORDS, "\nx\n")):
        cells = (*file.records[number - 1].cells[:-1], text)
        file.records[number - 1] = Written(raw=file.encoded(file.way.record(cells)), cells=cells)


def mixed_line_ends(file: File) -> None:
    """Every line ends in another way."""
    file.ends = ["\n", "\r\n", "\r", "\r\n", "\n"]


def spaced_header(file: File) -> None:
    """White space stands around the header's names."""
    file.header = file.encoded(file.way.record([f" {column}  " for column in COLUMNS]))


def inner_quote(file: File) -> None:
    """A quote stands inside an unquoted field, which makes it a character like any other."""
    cells = file.records[POLLUTED - 1].cells
    place = f"5{file.way.quote} up"
    text = file.way.record(cells[:9]) + f"{file.way.delimiter}{place}{file.way.delimiter}" + file.way.record(cells[10:])
    true = (*cells[:9], place, *cells[10:])
    file.records[POLLUTED - 1] = Written(raw=file.encoded(text), cells=true)


def gzipped(file: File) -> None:
    """The file is packed by gzip."""
    file.packing = "gzip"


def zstandard(file: File) -> None:
    """The file is packed by zstd."""
    file.packing = "zstd"


def nothing(file: File) -> None:
    """The file is as it should be."""
    assert file.records


POLLUTIONS = (
    *(nothing, short_record, long_record, stray_quote, unclosed_last_field, inner_quote, blank_lines, nul, preamble),
    *(no_last_newline, bad_bytes, ragged_tail, quoted_newlines, mixed_line_ends, spaced_header, gzipped, zstandard),
)
WAYS = tuple(
    Way(delimiter, quote, escape, end, full)
    for delimiter, quote, escape, end, full in itertools.product(
        (",", ";", "\t", "|"), ('"', "'"), ("", "\\"), ("\n", "\r\n", "\r"), (False, True)
    )
)
TWO_WAYS = (Way(), Way(";", "'", "", "\r\n", full=True))


def named(way: Way) -> str:
    """Name a dialect as a test's id."""
    marks = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", '"': "double", "'": "single", "": "doubled"}
    ends = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}
    escape = "escaped" if way.escape else "doubled"
    return "-".join((marks[way.delimiter], marks[way.quote], escape, ends[way.end], "full" if way.full else "minimal"))


def stated(way: Way, script: Script) -> Profile:
    """The profile that says all there is to say."""
    return Profile(
        source=Source(encoding=script.stated, delimiter=way.delimiter, quote=way.quote, escape=way.escape)  # type: ignore[arg-type]
    )


def judge(path: Path, profile: Profile) -> tuple[Survey, list[IntakeRow]]:
    """Survey and judge a file under a profile."""
    found = survey([path], batch_rows=4, reading=Reading(profile=profile))
    return found, [row for batch in rows(found, rules(), batch_rows=4) for row in batch]


def against(found: Sequence[IntakeRow]) -> list[list[tuple[str, str]]]:
    """What is said against each row."""
    return [[(violation.field, violation.code) for violation in row.violations] for row in found]


def check_rows(found: Survey, judged: Sequence[IntakeRow], truth: Sequence[Written]) -> None:
    """Hold every row against what was written."""
    assert found.rows == len(truth)
    assert [row.row_number for row in judged] == list(range(1, len(truth) + 1))
    assert against(judged) == [list(record.violations) for record in truth]
    for row, record in zip(judged, truth, strict=True):
        if record.faults:
            assert [f"on line {record.line} " in f"{violation.message} " for violation in row.violations] == [
                True for _ in record.faults
            ]
        if not record.violations:
            assert row.customer is not None
            known = dict(zip(COLUMNS, record.cells, strict=True))
            for column in ("external_id", "first_name", "last_name", "email", "phone", "place_of_birth", "pincode"):
                assert getattr(row.customer, column) == known[column].strip(), column


def check_cells(found: Survey, truth: Sequence[Written]) -> None:
    """Hold every cell, also of columns that nothing is mapped to, against what was written."""
    table = found.tables[0]
    assert table.dialect is not None
    most = table.reading.max_unpacked
    frames = csvfile.frames(table.path, table.name, table.columns, 4, dialect=table.dialect, most=most)
    cells = [row for frame, _ in frames for row in frame.rows()]
    empty = ("",) * len(COLUMNS)
    assert cells == [empty if record.faults else record.cells for record in truth]


def marks_of(judged: Sequence[IntakeRow]) -> dict[int, list[RejectMark]]:
    """The marks of rejected rows."""
    return {
        row.row_number: [RejectMark(field=v.field, code=v.code, message=v.message) for v in row.violations]
        for row in judged
        if row.violations
    }


def check_rejects(found: Survey, judged: Sequence[IntakeRow], file: File, truth: Sequence[Written]) -> None:
    """The rejects are the records' own bytes and the marks; read again under the same profile, they are the same."""
    path = found.tables[0].path
    again = path.parent / "again" / path.name
    reading = found.reading
    marks = marks_of(judged)
    write_rejects(found.sources[0], reading, again, marks, 4)
    way = file.way
    minimal = way._replace(full=False)
    expected = file.script.mark + b"".join(file.before) + file.header
    expected += file.encoded(way.delimiter + way.delimiter.join(ERROR_COLUMNS)) + file.end(0)
    for number, against in sorted(marks.items()):
        raw = truth[number - 1].raw
        end = next(e for e in ("\r\n", "\r", "\n", "") if raw.endswith(file.encoded(e)))
        cells = (str(number), *("; ".join(getattr(m, a) for m in against) for a in ("field", "code", "message")))
        body = raw[: len(raw) - len(file.encoded(end))]
        expected += body + file.encoded(way.delimiter + minimal.record(cells)) + (file.encoded(end) or file.end(0))
    with unpack.opened(again, again.name, reading.max_unpacked) as stream:
        assert stream.read() == expected
    assert unpack.packing(again) == file.packing
    try:
        _, twice = judge(again, reading.profile)
    except UnreadableInputError as error:
        # Of a few spoilt letters nobody can tell what they were: it must be said, and stating it must do.
        assert not reading.profile.source.encoding
        assert "it may be" in str(error)
        _, twice = judge(again, stated(file.way, file.script))
    assert against_rejected(twice) == against_rejected(judged)
    assert len(twice) == len(marks)


def against_rejected(judged: Sequence[IntakeRow]) -> list[list[tuple[str, str]]]:
    """What is said against the rows that are rejected."""
    return [found for found in against(judged) if found]


def torture(folder: Path, way: Way, script: Script, pollute: "object") -> None:
    """Write a file, read it detected and stated, and hold all that comes out against the truth."""
    file = plain(way, script)
    assert callable(pollute)
    pollute(file)
    content, truth = file.settle()
    path = folder / "book.csv"
    with unpack.packed(path, file.packing) as sink:
        sink.write(content)
    profiles = [Profile(), stated(way, script)]
    for profile in profiles:
        try:
            found, judged = judge(path, profile)
        except UnreadableInputError as error:
            assert profile == Profile(), error
            assert "it may be" in str(error), error
            assert any(name in str(error) for name in script.named), error
            continue
        check_rows(found, judged, truth)
        check_cells(found, truth)
        check_rejects(found, judged, file, truth)


@pytest.mark.parametrize("pollute", POLLUTIONS, ids=lambda pollute: pollute.__name__)
@pytest.mark.parametrize("way", WAYS, ids=named)
def test_every_dialect_with_every_pollution(tmp_path: Path, way: Way, pollute: object) -> None:
    """In UTF-8 every record is accounted for, good cells are true, and rejects stand as they stood."""
    torture(tmp_path, way, UTF8, pollute)


@pytest.mark.parametrize("pollute", POLLUTIONS, ids=lambda pollute: pollute.__name__)
@pytest.mark.parametrize("script", SCRIPTS[1:], ids=lambda script: script.label)
@pytest.mark.parametrize("way", TWO_WAYS, ids=named)
def test_every_encoding_with_every_pollution(tmp_path: Path, way: Way, script: Script, pollute: object) -> None:
    """An encoding is read rightly, or refused by its name and read once it is stated."""
    torture(tmp_path, way, script, pollute)
