"""Torture: every way of writing x every pollution, every encoding x every pollution, and hostile text in every field.

Of each file every record must come out, in order: as the cells that were written, or as a reject that names its line.
"""

import csv
import itertools
import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pytest

from finhub_onboard.commands.validate import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.cells import OUTER_SPACE
from finhub_onboard.intake.reading import csv_file, unpack
from finhub_onboard.intake.reading.files import Reading, open_table
from finhub_onboard.intake.reading.records import Fault
from finhub_onboard.intake.rejects import RejectMark, write_rejects
from finhub_onboard.model import Disposition
from finhub_onboard.model.columns import CANONICAL_COLUMNS, ERROR_COLUMNS, REQUIRED_COLUMNS
from finhub_onboard.reports.files.rows import as_cell, from_cell
from tests.intake.helpers import SAMPLES, a_row, judged
from tests.support import typical

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
    Script("shift_jis", "shift_jis", b"", "shift_jis", frozenset({"cp932", "shift_jis"}), JAPANESE, b"\x81\xff"),
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


def cells_of(number: int, way: Way, script: Script, first: int = 0) -> tuple[str, ...]:
    """The true cells of a record: delimiters and quotes stand inside some of them."""
    names = script.names
    row = a_row(first + number, first_name=names[number % len(names)], last_name=names[(number + 1) % len(names)])
    row |= {"pincode": f"00{number}", "gender": "FEMALE"}
    row |= {"place_of_birth": f"{names[number % 3]}{way.delimiter.strip()} {number}"}
    row |= {
        "note": f"says {way.quote}{names[0]}{way.quote}{way.delimiter} and {number}"
        if number % 2
        else f"so{way.delimiter} so"
    }
    if number == INVALID:
        row["email"] = f"nobody{first + number}"
    return tuple(row[column] for column in COLUMNS)


def plain(way: Way, script: Script, first: int = 0) -> File:
    """A file without pollution."""
    file = File(way=way, script=script)
    file.header = file.encoded(way.record(COLUMNS))
    for number in range(1, RECORDS + 1):
        cells = cells_of(number, way, script, first)
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
    before = file.encoded(file.way.record(cells[:-2]) + file.way.delimiter)
    quote = file.encoded(file.way.quote) if file.way.full else b""
    spoilt = quote + file.encoded("a") + file.script.spoilt + file.encoded("b") + quote
    after = file.encoded(file.way.delimiter + file.way.record(cells[-1:]))
    file.spoil(POLLUTED, before + spoilt + after, "record_encoding")


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


Pollute = Callable[[File], None]
POLLUTIONS: tuple[Pollute, ...] = (
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


def stated(way: Way, script: Script) -> Reading:
    """The profile that says all there is to say of a file."""
    return Reading(
        profile=Profile(
            source=Source.model_validate(
                {"encoding": script.stated, "delimiter": way.delimiter, "quote": way.quote, "escape": way.escape}
            )
        )
    )


def read(path: Path, reading: Reading) -> list[tuple[str, ...] | Fault]:
    """Every record of a file in order: its cells as they stand, or why it has none."""
    table = open_table(path, path.name, reading)
    assert table.dialect is not None
    columns = [column for column in table.columns if column not in ERROR_COLUMNS]
    found: list[tuple[str, ...] | Fault] = []
    for frame, faults in csv_file.frames(path, path.name, columns, 4, dialect=table.dialect, most=reading.max_unpacked):
        found += [faults.get(place, row) for place, row in enumerate(frame.rows())]
    return found


def marks_of(truth: Sequence[Written]) -> dict[int, list[RejectMark]]:
    """Marks of the records that are rejected, with words that must be quoted."""
    return {
        number: [
            RejectMark(field=column, code=code, message=f"line {record.line}, {code}; 'quoted', \"too\" | yes\t.")
            for column, code in record.violations
        ]
        for number, record in enumerate(truth, start=1)
        if record.violations
    }


def rejects_of(file: File, truth: Sequence[Written], marks: dict[int, list[RejectMark]]) -> bytes:
    """What the rejects file must be, byte for byte."""
    way = file.way._replace(full=False)
    delimiter = way.delimiter
    expected = file.script.mark + b"".join(file.before) + file.header
    expected += file.encoded(delimiter + delimiter.join(ERROR_COLUMNS)) + file.end(0)
    for number, told in sorted(marks.items()):
        raw = truth[number - 1].raw
        end = next(file.encoded(end) for end in ("\r\n", "\r", "\n", "") if raw.endswith(file.encoded(end)))
        cells = (
            str(number),
            *("; ".join(getattr(mark, name) for mark in told) for name in ("field", "code", "message")),
        )
        own = raw[: len(raw) - len(end)]
        expected += own + file.encoded(delimiter + way.record(cells)) + (end or file.end(0))
    return expected


def torture(folder: Path, way: Way, script: Script, pollute: Pollute) -> None:
    """Write a file, read it detected and stated, and hold all that comes out against the truth."""
    file = plain(way, script)
    pollute(file)
    content, truth = file.settle()
    path, again = folder / "book.csv", folder / "again" / "book.csv"
    with unpack.packed(path, file.packing) as sink:
        sink.write(content)
    marks = marks_of(truth)
    for reading in (Reading(), stated(way, script)):
        try:
            found = read(path, reading)
        except UnreadableInputError as error:
            told = str(error)
        else:
            told = ""
        if told:
            # Only letters may be in doubt, never the dialect, and never once they are stated.
            assert reading == Reading(), told
            assert "it may be" in told
            # Bytes that are no text in it hide even the right one.
            assert pollute is bad_bytes or any(name in told for name in script.named), told
            continue
        assert [(record.codes, record.line) if isinstance(record, Fault) else record for record in found] == [
            (record.faults, record.line) if record.faults else record.cells for record in truth
        ]
        write_rejects(open_table(path, path.name, reading), again, marks, 4)
        with unpack.opened(again, again.name, reading.max_unpacked) as stream:
            assert stream.read() == rejects_of(file, truth, marks)
        assert unpack.packing(again) == file.packing
        try:
            twice = read(again, reading)
        except UnreadableInputError as error:
            told = str(error)
        if told:
            # Of a few spoilt letters nobody can tell what they were.
            assert reading == Reading(), told
            assert "it may be" in told
            continue
        assert [record.codes if isinstance(record, Fault) else record for record in twice] == [
            truth[number - 1].faults or truth[number - 1].cells for number in sorted(marks)
        ]


def ids(part: object) -> str:
    """Name a dialect, an encoding or a pollution as a test's id."""
    if isinstance(part, Way):
        return named(part)
    return part.label if isinstance(part, Script) else str(getattr(part, "__name__", part))


def pairs() -> list[tuple[Way, Pollute]]:
    """Few cases in which every two of delimiter, kind of quoting, line end and pollution meet."""
    covered: set[tuple[object, ...]] = set()
    chosen = []
    for way, pollute in random.Random(5).sample([*itertools.product(WAYS, POLLUTIONS)], len(WAYS) * len(POLLUTIONS)):
        levels = (("delimiter", way.delimiter), ("quoting", way.quote, way.escape, way.full), ("end", way.end))
        met = set(itertools.combinations((*levels, ("pollution", pollute)), 2))
        if met - covered:
            covered |= met
            chosen.append((way, pollute))
    return chosen


@pytest.mark.parametrize(("way", "pollute"), [pytest.param(*pair, id="-".join(map(ids, pair))) for pair in pairs()])
def test_dialects_with_pollutions(tmp_path: Path, way: Way, pollute: Pollute) -> None:
    """In UTF-8 every record is accounted for, good cells are true, and rejects stand as they stood."""
    torture(tmp_path, way, UTF8, pollute)


ENCODED = [
    pytest.param(script, place, id=f"{script.label}-{ids(pollute)}")
    for script in SCRIPTS[1:]
    for place, pollute in enumerate(POLLUTIONS)
    if script.stated != "utf-16" or (place % 2) == (script.label == "utf-16-be")  # its two orders take turns
]


@pytest.mark.parametrize(("script", "place"), ENCODED)
def test_encodings_with_pollutions(tmp_path: Path, script: Script, place: int) -> None:
    """An encoding is read rightly, or refused by its name and read once it is stated."""
    way = TWO_WAYS[(SCRIPTS.index(script) + place) % 2]
    torture(tmp_path, way, script, POLLUTIONS[place])


@pytest.mark.parametrize("pollute", typical(POLLUTIONS, *POLLUTIONS[::3]), ids=ids)
def test_judged_together_rejects_name_their_lines(tmp_path: Path, pollute: Pollute) -> None:
    """In a run of many dialects spoilt records are rejects with their lines, all others are judged by rules."""
    inputs, truth = [], []
    for place, way in enumerate(WAYS[POLLUTIONS.index(pollute) % 24 :: 24]):
        file = plain(way, UTF8, place * RECORDS)
        pollute(file)
        content, records = file.settle()
        path = tmp_path / f"book{place}.csv"
        with unpack.packed(path, file.packing) as sink:
            sink.write(content)
        inputs.append(path)
        truth += records
    found, judged_rows = judged(*inputs)
    assert found.rows == len(judged_rows) == len(truth)
    for row, record in zip(judged_rows, truth, strict=True):
        assert [(violation.field, violation.code) for violation in row.violations] == list(record.violations)
        assert (row.customer is None) == bool(record.violations)
        for violation in row.violations if record.faults else ():
            assert re.search(rf"\bline {record.line}\b", violation.message)
        known = dict(zip(COLUMNS, record.cells, strict=True))
        for column in ("external_id", "first_name", "last_name", "place_of_birth", "pincode") if row.customer else ():
            assert getattr(row.customer, column) == known[column]


# Hostile text.

SPACES = "\t\v\f\x1c\x1d\x1e\x1f \x85\xa0\u1680\u180e\u2028\u2029\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x2010))
)
PAYLOADS = (
    *(
        "' OR '1'='1",
        "'; DROP TABLE customers;--",
        '" OR ""="',
        "1; SELECT pg_sleep(9)",
        "admin'--",
        "x' UNION SELECT 1",
    ),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td><b>", "&lt;b&gt;", "&#x41;", "<!--", "]]>"),
    *(
        "$(reboot)",
        "`id`",
        "; rm -rf /",
        "| cat /etc/passwd",
        "&& true",
        "${HOME}",
        "$PATH",
        "%PATH%",
        "!!",
        "\\",
        '\\"',
    ),
    *("../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini", "C:\\CON", "NUL", "file:///etc/hosts", "\\\\host\\share"),
    *("{0}", "{}", "{name}", "{{", "}}", "%s", "%n%n%n", "%(x)s", "${jndi:ldap://x/a}", "{{7*7}}", "<%= 1 %>", "#{1}"),
    *(
        "null",
        "NULL",
        "None",
        "nil",
        "NaN",
        "N/A",
        "NA",
        "#N/A",
        "undefined",
        "-",
        "--",
        "?",
        "inf",
        "-inf",
        "true",
        "False",
    ),
    *(
        "0",
        "-0",
        "1e309",
        "0x1F",
        "1_000",
        "007",
        "9" * 400,
        "1.5",
        "1,5",
        "\u0661\u0662",
        "\u00bd",
        "\u2460",
        "1970-01-01",
    ),
    *('"', '""', '"""', "'", "''", "`", "\u201c", "\u2019", ",", ";", "|", ",,,,", ";;", '","', '",\n"', "a,b", "a;b"),
    *(
        "a\nb",
        "a\r\nb",
        "a\rb",
        "a\n=1+1",
        "a;=1+1",
        "a\t=1+1",
        "a\r@x",
        "\n",
        "\r",
        "a" * 5000,
        "\u00e9" * 3000,
        " " * 999,
    ),
    *(
        "\u202eevil\u202c",
        "\u05d0\u05d1",
        "\u0645\u062d\u0645\u062f",
        "\u2066a\u2069",
        "\u200b",
        "\u200d",
        "\ufeffx",
        "a\u00adb",
    ),
    *("\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1f1\U0001f1f9", "\u2764\ufe0f", "\U00020bb7"),
    *(
        "e\u0301",
        "\u0301",
        "Z" + "\u0334\u0321\u035c" * 40,
        "\u1100\u1161\u11a8",
        "\u212b",
        "\ufb01",
        "\u1e9e",
        "\u0130",
        "\u0131",
    ),
    *(
        "\ufffd",
        "\ufffe",
        "\uffff",
        "\U0010ffff",
        "\ue000",
        "\ufdd0",
        "M\u00c3\u00bcller",
        "xn--mnchen-3ya",
        "a@b",
        "a@b.c@d",
    ),
    *(
        "a@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        '"a b"@example.com',
        "a@[127.0.0.1]",
        "+",
        "++1",
        "+00000000000",
        "tel:1",
    ),
)
FORMULAS = tuple(
    f"{before}{mark}{after}"
    for before in ("", " ", "'", "\t", "\u200b")
    for mark in ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    for after in ("", "1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x","y")')
)
HOSTILE = tuple(
    dict.fromkeys(
        (
            *map(chr, [*range(0x21), *range(0x7F, 0xA1)]),
            *(f"a{chr(code)}b" for code in (*range(0x20), *range(0x7F, 0xA0))),
            *(f"{before}{space}{after}" for space in SPACES for before, after in (("", ""), ("a", "b"), (" a", "b "))),
            *FORMULAS,
            *PAYLOADS,
        )
    )
)


def hostile_file(folder: Path, column: str, place: int, *, of: int = 1) -> tuple[Path, list[str]]:
    """A file whose rows are good but for hostile text in one column, and the texts: all, or one ``of`` so many."""
    texts = HOSTILE[place % of :: of]
    path = folder / f"{column}.csv"
    first = 10_000 * (place + 1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(CANONICAL_COLUMNS)
        for number, text in enumerate(texts):
            row = a_row(first + number, phone=f"+3706{1231000 + place * 1000 + number}") | {column: text}
            writer.writerow([row.get(name, "") for name in CANONICAL_COLUMNS])
    return path, list(texts)


def test_there_are_enough_hostile_strings() -> None:
    """At least 500 different ones."""
    assert len(HOSTILE) >= 500


@pytest.mark.parametrize("of", typical([1, 3]))
def test_hostile_text_in_every_field(tmp_path: Path, of: int) -> None:
    """Each is accepted or rejected, never a crash; what is accepted is the text; no report holds a formula."""
    files, texts = zip(
        *(hostile_file(tmp_path, column, place, of=of) for place, column in enumerate(CANONICAL_COLUMNS)), strict=True
    )
    settings = Settings.model_validate({"api": {"base_url": "sandbox:"}, "documents": {"root": SAMPLES / "documents"}})
    out = tmp_path / "out"
    written = validate(Order(inputs=files, out=out), settings, lambda _: None)
    total = sum(map(len, texts))
    assert sum(written.dispositions.values()) == total
    assert set(written.dispositions) >= {"rejected", "pending"}
    for name, least in (("results.csv", total), ("errors.csv", written.dispositions[Disposition.REJECTED])):
        with (out / name).open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream, strict=True))
        assert len(lines) - 1 >= least
        assert {len(line) for line in lines} == {len(lines[0])}
        for cell in itertools.chain.from_iterable(lines):
            assert as_cell(from_cell(cell)) == cell
            assert not re.match("[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]", cell)
    for path in (out / "rejects").iterdir():
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream, strict=True))
        assert {len(line) for line in lines} == {len(CANONICAL_COLUMNS) + len(ERROR_COLUMNS)}


@pytest.mark.parametrize("column", ["first_name", "place_of_birth", "pincode", "document_number", "external_id"])
def test_accepted_hostile_text_is_what_was_written(tmp_path: Path, column: str) -> None:
    """Outer white space goes and Unicode is composed; nothing else changes, whatever the text is."""
    path, texts = hostile_file(tmp_path, column, 0)
    _, found = judged(path)
    assert len(found) == len(texts)
    for row, text in zip(found, texts, strict=True):
        assert (row.customer is None) == bool(row.violations)
        if row.customer:
            value = getattr(row.customer, column)
            assert value in unicodedata.normalize("NFC", text)
            assert value == unicodedata.normalize("NFC", text.strip(OUTER_SPACE))
