"""Detects how a text file is written: encoding, delimiter, quotes, lines before the header.

Promises: what is stated wins; the rest is detected from the file's beginning, with a confidence, by known names in the
header and by records of equal width. (``csv.Sniffer`` is often wrong, and loading clevercsv takes longer than a run of
a thousand rows.) An unclear file is refused in one plain sentence, never guessed. Knows no rules.
"""

import codecs
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from finhub_onboard.config.profile import Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.cells import OUTER_SPACE
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.header import FIXED_WIDTH
from finhub_onboard.intake.reading import encoding, proof, unpack
from finhub_onboard.intake.reading.cut import Cut, plain
from finhub_onboard.intake.reading.lines import Lines
from finhub_onboard.intake.reading.records import Record, records
from finhub_onboard.model.columns import ERROR_COLUMNS

_SAMPLE_BYTES = 64 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_OTHER = {'"': "'", "'": '"'}
"""The quotes, the more common one first, each with the other one."""
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_HEADER_SEARCH_RECORDS = 50
"""Among how many records the header is searched, if the lines before it are not stated."""
_MIN_COLUMNS = 2
_ALIGNED = "  "
_BLOCK_BYTES = 1024 * 1024
_SAID = re.compile(
    r"[\ufeff]*\"?sep=([\t\x20-\x21\x23-\x26\x28-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e])\"?[\r\n]", re.IGNORECASE
)
"""A first line that states the delimiter for Excel."""
_OURS = ERROR_COLUMNS[0].encode()
"""A column of rejects files only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The dialect of a file. ``sure`` is the confidence in delimiter and quotes, from 0 to 1.

    ``tail`` is how many empty fields without a name records may end with.
    """

    encoding: encoding.Encoding
    cut: Cut
    skip_lines: int
    packing: str
    sure: float
    tail: int = 0

    @property
    def usual(self) -> bool:
        """Whether it is plain CSV in UTF-8 from the first line on, as in the README."""
        return self.encoding.name == "utf-8" and self.cut == Cut() and not self.skip_lines and not self.packing

    def tells(self, source: Source) -> bool:
        """Tell whether another file with this header and only plain records certainly has the same dialect.

        What is not stated must be the default: only special records could show anything else.
        """
        quote, escape = source.quote if source.quote is not None else '"', source.escape
        special = self.encoding.mark or self.packing or self.skip_lines or self.tail or self.encoding.rivals
        return self.encoding.name == "utf-8" and (self.cut.quote, self.cut.escape) == (quote, escape) and not special

    @property
    def words(self) -> str:
        """Describe it for messages: ``cp1252, semicolons, header on line 3``."""
        parts = [self.encoding.name, _NAMES.get(self.cut.delimiter, repr(self.cut.delimiter))]
        if self.cut.quote != '"':
            parts.append(f"quote {self.cut.quote}" if self.cut.quote else "no quotes")
        if self.cut.escape:
            parts.append(f"quotes escaped by {self.cut.escape}")
        if self.skip_lines:
            parts.append(f"header on line {self.skip_lines + 1}")
        if self.packing:
            parts.append(self.packing)
        return ", ".join(parts)


def detect(
    path: Path, name: str, source: Source, known: Collection[str], most: int, *, doubtful: bool = False
) -> Dialect:
    """Detect the dialect. ``known`` are names that the header may have, ``most`` the bytes that the file may unpack to.

    Raises :class:`UnreadableInputError` if the encoding is ambiguous, unless ``doubtful``.
    """
    charset = _encoding(path, source, most)
    if charset.rivals and not doubtful:
        raise UnreadableInputError(
            f"{name} is not UTF-8; it may be {charset.name} or {', '.join(charset.rivals)}, which read its letters "
            "differently",
            hint=f'state it in a profile, for example [source] encoding = "{charset.name}", or save the file as UTF-8',
        )
    with unpack.opened(path, name, most) as stream:
        head = stream.read(_SAMPLE_BYTES)
    text = head.removeprefix(charset.mark).decode(charset.name, "replace")
    if len(head) == _SAMPLE_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    source = _still_true(source, text)
    if not source.delimiter and (separator := _SAID.match(text)):
        source = source.model_copy(update={"delimiter": separator[1]})
    cut, rival, sure = _choose_cut(text, source, known)
    if rival:
        skip = _count_skipped(text, cut, source, known)
        cut = proof.choose_quote(path, name, most, charset, skip, cut, rival)
    skip = _count_skipped(text, cut, source, known)
    header, rows = _below(text, cut, skip)
    if cut.delimiter == " " and _ALIGNED in "\n".join(map(" ".join, (header, *rows))):
        raise UnreadableInputError(f"{name} has more than one space between fields", hint=FIXED_WIDTH)
    tail = proof.count_tail(name, cut, header, rows)
    return Dialect(encoding=charset, cut=cut, skip_lines=skip, packing=unpack.packing(path), sure=sure, tail=tail)


def holds(written: Dialect, body: bytes, width: int) -> bool:
    """Tell whether everything after a header of so many names certainly has this dialect.

    All records have so many fields, no quote occurs, all of it is UTF-8: no other dialect can fit better.
    """
    if not body.endswith((b"\n", b"\r")):
        body += b"\n"
    # With the apostrophe first, the search takes a fraction of the time of a search for two characters.
    quoted = rf"'(?<=[\n{re.escape(written.cut.delimiter)}]')".encode()
    return plain(body, written.cut, width) > 0 and not re.search(quoted, body) and body[:1] != b"'"


def _count_skipped(text: str, cut: Cut, source: Source, known: Collection[str]) -> int:
    return source.skip_lines if source.skip_lines is not None else _preamble(text, cut, known)


def _below(text: str, cut: Cut, skip: int) -> tuple[list[str], list[list[str]]]:
    """Return the header and the well-formed records after it."""
    lines = _lines_of(text)
    for _ in range(skip):
        lines.take()
    header, *rest = [record.cells for record in records(lines, cut, width=None)] or [None]
    return header or [], [cells for cells in rest if cells is not None]


def _encoding(path: Path, source: Source, most: int) -> encoding.Encoding:
    with unpack.opened(path, path.name, most) as stream:
        head = stream.read(_SAMPLE_BYTES)
        marked = encoding.detect_mark(head)
        if marked and marked.mark:  # a byte order mark outweighs the profile: another program has saved the file
            return marked
        stated = codecs.lookup(source.encoding).name.removesuffix("-sig") if source.encoding else ""
        if stated and _OURS not in head:
            return encoding.Encoding(name=stated)
        detected = marked or encoding.detect(_telling(head, stream))
        is_utf8 = detected.name == "utf-8" and detected.confidence == 1
        return encoding.Encoding(name=stated) if stated and not is_utf8 else detected


def _still_true(source: Source, text: str) -> Source:
    """Return the stated source; of a rejects file that another program has saved only the stated sheet.

    The profile of a partner's file is also used for its rejects, which may have been saved in another dialect.
    """
    ours = ERROR_COLUMNS[0]
    if ours not in text:
        return source
    header = "".join(text.splitlines()[source.skip_lines or 0 :][:1])
    names = re.split(f"[{re.escape(source.delimiter or ''.join(_DELIMITERS))}]", header)
    if ours in {name.strip("\"' ") for name in names}:
        return source
    return source.model_copy(update={"delimiter": "", "quote": None, "escape": "", "skip_lines": None})


def _telling(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines to detect the encoding by; of a rejects file without the lines of encoding faults.

    Among few rejects these would be most of the non-ASCII text and make the detection choose another encoding than the
    input's.
    """
    lines = _lines(head, stream)
    return (line for line in lines if ViolationCode.RECORD_ENCODING.encode() not in line) if _OURS in head else lines


def _lines(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Yield lines; pure ASCII comes in whole blocks, which is cheaper."""
    rest = head
    while block := stream.read(_BLOCK_BYTES):
        end = rest.rfind(b"\n") + 1 or len(rest)
        yield from (rest[:end],) if rest[:end].isascii() else rest[:end].splitlines()
        rest = rest[end:] + block
    yield from rest.splitlines()


def _choose_cut(text: str, source: Source, known: Collection[str]) -> tuple[Cut, Cut | None, float]:
    """Choose delimiter, quote and escape: as stated, else the best candidate.

    The second result is the best candidate with the less common quote, where fields use it.
    """
    if source.delimiter and source.quote is not None:
        stated = Cut(delimiter=source.delimiter, quote=source.quote, escape=source.escape)
        return stated, None, 1.0
    candidates = [
        Cut(
            delimiter=source.delimiter or delimiter,
            quote=quote,
            escape=source.escape or escape,
            other=_OTHER[quote] if source.quote is None else "",
        )
        for delimiter in _DELIMITERS
        for quote in (_OTHER if source.quote is None else (source.quote,))
        for escape in (("", "\\") if f"\\{quote}" in text else ("",))
    ]
    guessed = source.quote is None
    seen = [cut for cut in dict.fromkeys(candidates) if not guessed or cut.quote == '"' or proof.find_quoted(text, cut)]
    scores = {cut: _score(text, cut, known) for cut in seen}
    best = max(scores, key=lambda cut: scores[cut])  # the first of equals, which is the more common one
    sure = round(scores[best][2], 2)
    if source.quote is not None:
        return best, None, sure
    usual, rival = (
        max(
            (cut for cut in seen if cut.delimiter == best.delimiter and cut.quote == quote),
            key=lambda cut: scores[cut],
            default=None,
        )
        for quote in _OTHER
    )
    assert usual
    if rival and scores[usual][0] != scores[rival][0]:  # only one of them has the header
        return best, None, sure
    return usual, rival, sure


def _score(text: str, cut: Cut, known: Collection[str]) -> tuple[int, bool, float, int, int]:
    """Score a candidate: known names in a header, several columns, equal widths, bad quotes, number of columns."""
    cells_of = [record.cells for record in _records(text, cut)]
    named, header = max(
        ((_count_named(cells, known), -place) for place, cells in enumerate(cells_of[:_HEADER_SEARCH_RECORDS])),
        default=(0, 0),
    )
    if named > 1:
        cells_of = cells_of[-header:]
    widths = Counter(len(cells or ()) for cells in cells_of)
    width, times = widths.most_common(1)[0] if widths else (0, 0)
    if named > 1:
        width = len(cells_of[0] or ())
        times = widths[width]
    share = times / len(cells_of) if cells_of else 0.0
    return named, width > 1, share, -sum(cells is None for cells in cells_of), width


def _preamble(text: str, cut: Cut, known: Collection[str]) -> int:
    """Count the lines before the header: the first record with most known names, or of the file's width."""
    lines = _lines_of(text)
    heads = [(lines.number - _height(record.raw), record) for record in records(lines, cut, width=None)]
    width, _ = Counter(len(record.cells or ()) for _, record in heads).most_common(1)[0] if heads else (0, 0)
    heads = heads[:_HEADER_SEARCH_RECORDS]
    most = max((_count_named(record.cells, known) for _, record in heads), default=0)
    for before, record in heads:
        named = _count_named(record.cells, known)
        if named == most if most > 1 else _is_whole(record.cells or [], width):
            return before
    return 0


def _is_whole(cells: list[str], width: int) -> bool:
    """Tell whether a record has the file's width, except for empty fields at its end."""
    filled = len(proof.without_tail(cells))
    return len(cells) >= width and filled >= min(width, _MIN_COLUMNS) and all(cell.strip() for cell in cells[:filled])


def _height(raw: bytes) -> int:
    """Count the lines of a record."""
    return len(raw.splitlines())


def _count_named(cells: Collection[str] | None, known: Collection[str]) -> int:
    return len({cell.strip(OUTER_SPACE) for cell in cells or ()} & set(known))


def _records(text: str, cut: Cut) -> Iterator[Record]:
    return records(_lines_of(text), cut, width=None)


def _lines_of(text: str) -> Lines:
    return Lines(io.BytesIO(text.encode("utf-8", "replace")))
