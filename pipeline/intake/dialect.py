"""How a text file is written: encoding, delimiter, quotes, lines before the header; stated by a profile or detected.

Promises: what is stated wins; what is not is judged on the file's beginning, with a confidence: by whether the header
then has names that are known, and whether records are of one width. (Of the libraries, ``csv.Sniffer`` is often wrong,
and loading clevercsv takes longer than a run of a thousand rows.) Too little to go by is one plain sentence, never a
guess. Knows no rules.
"""

import codecs
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UnreadableInputError
from pipeline.intake import encoding, unpack
from pipeline.intake.lines import Cut, Lines
from pipeline.intake.normalise import OUTER_SPACE
from pipeline.intake.records import NO_TEXT, Record, records
from pipeline.model import ERROR_COLUMNS
from pipeline.profile import Source

_SAMPLE = 64 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_QUOTES = ('"', "'")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_HEADER_WITHIN = 50
"""Records among which the header is looked for when lines before it are not stated."""
_BLOCK = 1024 * 1024
_OURS = ERROR_COLUMNS[0].encode()
"""A column that only files of rejects have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a file is written. ``sure`` is 0 to 1: of the encoding, and of the cut into fields."""

    encoding: encoding.Encoding
    cut: Cut
    skip_lines: int
    packing: str
    sure: float

    @property
    def usual(self) -> bool:
        """Whether it is plain CSV in UTF-8 from the first line on, as in the README."""
        return self.encoding.name == "utf-8" and self.cut == Cut() and not self.skip_lines and not self.packing

    @property
    def words(self) -> str:
        """Say it for a person: ``cp1252, semicolons, header on line 3``."""
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
    """Judge a file. ``known`` are names that its header may have, ``most`` the bytes that it may unpack to.

    Raises :class:`UnreadableInputError` when its letters cannot be told, unless a ``doubtful`` reading will do.
    """
    found = _encoding(path, source, most)
    if found.rivals and not doubtful:
        raise UnreadableInputError(
            f"{name} is not UTF-8; it may be {found.name} or {', '.join(found.rivals)}, which read its letters "
            "differently",
            hint=f'state it in a profile, for example [source] encoding = "{found.name}", or save the file as UTF-8',
        )
    with unpack.opened(path, name, most) as stream:
        head = stream.read(_SAMPLE)
    text = head.removeprefix(found.mark).decode(found.name, "replace")
    if len(head) == _SAMPLE:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    cut, sure = _cut(text, source, known)
    skip = source.skip_lines if source.skip_lines is not None else _preamble(text, cut, known)
    return Dialect(encoding=found, cut=cut, skip_lines=skip, packing=unpack.packing(path), sure=sure)


def _encoding(path: Path, source: Source, most: int) -> encoding.Encoding:
    with unpack.opened(path, path.name, most) as stream:
        head = stream.read(_SAMPLE)
        marked = encoding.of_mark(head)
        if source.encoding:
            stated = codecs.lookup(source.encoding).name.removesuffix("-sig")
            # A mark is no part of the text, whoever stated the encoding, and tells the order of its bytes.
            if marked and marked.mark and marked.name.startswith(stated):
                return marked
            return encoding.Encoding(name=stated)
        return marked or encoding.detect(_telling(head, stream))


def _telling(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines that tell the encoding: of a file of rejects, not those that were no text in the input's own.

    Among few rejects they would be most of what is not ASCII, and be read in another encoding than the input was.
    """
    lines = _lines(head, stream)
    return (line for line in lines if NO_TEXT.encode() not in line) if _OURS in head else lines


def _lines(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """Yield what follows in pieces that end at line ends; pure ASCII comes in whole blocks, which costs nothing."""
    rest = head
    while block := stream.read(_BLOCK):
        end = rest.rfind(b"\n") + 1 or len(rest)
        yield from (rest[:end],) if rest[:end].isascii() else rest[:end].splitlines()
        rest = rest[end:] + block
    yield from rest.splitlines()


def _cut(text: str, source: Source, known: Collection[str]) -> tuple[Cut, float]:
    """Choose delimiter, quote and escape: what is stated, else the candidate that fits best."""
    if source.delimiter and source.quote is not None:
        stated = Cut(delimiter=source.delimiter, quote=source.quote, escape=source.escape)
        return stated, 1.0
    candidates = [
        Cut(
            delimiter=source.delimiter or delimiter,
            quote=quote if source.quote is None else source.quote,
            escape=source.escape or escape,
        )
        for delimiter in _DELIMITERS
        for quote in (_quote(text, source.delimiter or delimiter),)
        for escape in (("", "\\") if f"\\{quote}" in text else ("",))
    ]
    scores = {cut: _score(text, cut, known) for cut in dict.fromkeys(candidates)}
    best = max(scores, key=lambda cut: scores[cut])  # the first of equals: the more usual one
    return best, round(scores[best][2], 2)


def _quote(text: str, delimiter: str) -> str:
    """Return the quote that more fields stand in; a single one must be seen to be used."""
    end = re.escape(delimiter)
    double, single = (
        len(
            re.findall(
                rf"(?:^|{end}){quote}(?:[^{quote}\\\r\n]|{quote}{quote}|\\.)*{quote}(?={end}|\r|$)", text, re.MULTILINE
            )
        )
        for quote in _QUOTES
    )
    return _QUOTES[single > double]


def _score(text: str, cut: Cut, known: Collection[str]) -> tuple[int, bool, float, int, int]:
    """Rate a candidate: known names in a header, more than one column, records of one width, bad quotes, columns."""
    found = [record.cells for record in _records(text, cut)]
    named, header = max(
        ((_named(cells, known), -place) for place, cells in enumerate(found[:_HEADER_WITHIN])), default=(0, 0)
    )
    if named > 1:
        found = found[-header:]
    widths = Counter(len(cells or ()) for cells in found)
    width, times = widths.most_common(1)[0] if widths else (0, 0)
    if named > 1:
        width = len(found[0] or ())
        times = widths[width]
    share = times / len(found) if found else 0.0
    return named, width > 1, share, -sum(cells is None for cells in found), width


def _preamble(text: str, cut: Cut, known: Collection[str]) -> int:
    """Count the lines before the header: the first record with half of the known names, or of the file's width."""
    lines = Lines(io.BytesIO(text.encode("utf-8", "replace")))
    heads = [(lines.number - _height(record.raw), record) for record in records(lines, cut, width=None)]
    width, _ = Counter(len(record.cells or ()) for _, record in heads).most_common(1)[0] if heads else (0, 0)
    heads = heads[:_HEADER_WITHIN]
    most = max((_named(record.cells, known) for _, record in heads), default=0)
    for before, record in heads:
        named = _named(record.cells, known)
        whole = len(record.cells or ()) == width and all(cell.strip() for cell in record.cells or ())
        if named == most if most > 1 else whole:
            return before
    return 0


def _height(raw: bytes) -> int:
    """Count the lines of a record."""
    return len(raw.splitlines())


def _named(cells: Collection[str] | None, known: Collection[str]) -> int:
    return len({cell.strip(OUTER_SPACE) for cell in cells or ()} & set(known))


def _records(text: str, cut: Cut) -> Iterator[Record]:
    return records(Lines(io.BytesIO(text.encode("utf-8", "replace"))), cut, width=None)
