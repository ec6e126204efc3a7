"""Reads the physical lines of a file.

Promises: every byte of the stream is in exactly one line, and lines can be read again until their record is complete.
Unambiguous records (right number of fields, each wholly quoted or not at all, valid UTF-8 without NUL) are recognised a
block at a time, and a block of only such records is not even split into lines. Knows no records over several lines and
no column names.
"""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

import polars as pl
from polars.exceptions import ComputeError

from finhub_onboard.intake.reading.cut import Cut, plain
from finhub_onboard.intake.reading.quirks import END_OF_FILE

MAX_LINE_BYTES = 16 * 1024 * 1024
"""The longest physical line; a longer one means that the file is no table."""
_BLOCK_BYTES = 1024 * 1024
MIN_BLOCK_LINES = 64
"""Up to this many lines are examined one by one, which is faster than as a block."""
_MAX_COUNTED_FIELDS = 1000
"""Fields of a record up to which a pattern counts quoted ones; patterns of some thousand are refused by the library."""


class LineTooLongError(Exception):
    """A physical line is longer than any record may be."""


class Stream(Protocol):
    """A source of UTF-8; bytes that could not be decoded in the file's encoding are invalid UTF-8 here."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Consecutive lines that are unambiguous records."""

    body: bytes
    lines: int


class Lines:
    """Physical lines of a stream with line ends, which can be read again; ``number`` counts the lines read.

    After ``expect`` has set the number of fields, runs of unambiguous records come as a whole. ``known`` keeps, from
    one reading of a file to the next, the blocks of nothing else: offset -> number of lines.
    """

    def __init__(self, stream: Stream, *, number: int = 0, known: dict[int, int] | None = None) -> None:
        self._stream = stream
        self._rest = b""
        self._whole: Run | None = None
        self._block: list[bytes] = []
        self._odd: list[int] = []
        self._next_odd = 0
        self._at = self._mark = 0
        self._before = number
        self._cut = Cut()
        self._width: int | None = None
        self._tail = 0
        self._end = 0
        self._known: dict[int, int] = {} if known is None else known

    @property
    def number(self) -> int:
        """The line taken last, from 1."""
        return self._before + self._at

    def expect(self, cut: Cut, width: int, tail: int = 0) -> None:
        """Set how records are split from here on: ``width`` fields, and ``tail`` empty ones without a name."""
        self._cut, self._width, self._tail = cut, width + tail, tail
        self._before += self._at
        self._block = self._block[self._at :]
        self._at = self._mark = self._next_odd = 0
        body = b"".join(self._block)
        if lines := self._plain(body):
            self._whole, self._block = Run(body=body, lines=lines), []
        self._odd = self._odd_places(self._block)

    def take(self) -> bytes:
        """Return the next line, b'' at the end."""
        if self._at >= len(self._block) and not self._refill():
            return b""
        self._split()
        line = self._block[self._at]
        self._at += 1
        return line

    def mark(self) -> None:
        """Remember the line taken last."""
        self._mark = self._at

    def rewind(self) -> None:
        """Go back to right after the remembered line."""
        self._at = self._mark

    def waiting(self) -> int:
        """Return the number of lines in the current block if it is all unambiguous records; it is best taken whole."""
        if self._at >= len(self._block) and not self._whole:
            self.mark()
            self._refill()
        return self._whole.lines if self._whole else 0

    def run(self, most: int) -> Run | None:
        """Take the lines from here that are unambiguous records, up to so many; none if the next one is not."""
        if 0 < self.waiting() <= most:
            whole, self._whole = self._whole, None
            assert whole
            self._before += whole.lines
            return whole
        self._split()
        while self._next_odd < len(self._odd) and self._odd[self._next_odd] < self._at:
            self._next_odd += 1
        end = self._odd[self._next_odd] if self._next_odd < len(self._odd) else len(self._block)
        end = min(end, self._at + most)
        lines = self._block[self._at : end]
        self._at = end
        return Run(body=b"".join(lines), lines=len(lines)) if lines else None

    def _split(self) -> None:
        """Cut a block that cannot be taken whole into its lines."""
        if self._whole:
            self._block, self._odd = self._whole.body.splitlines(keepends=True), []
            self._whole = None

    def _refill(self) -> bool:
        """Read more lines; keep those since the mark, so that they can be taken again."""
        if self._whole:
            return True
        body = self._read()
        kept = self._block[self._mark :]
        self._odd = [place - self._mark for place in self._odd[bisect_left(self._odd, self._mark) :]]
        self._next_odd = 0
        self._before += self._mark
        self._at -= self._mark
        self._mark = 0
        self._block = kept
        self._end += len(body)
        if not kept and (lines := self._plain(body)):
            self._whole = Run(body=body, lines=lines)
            return True
        new = body.splitlines(keepends=True)
        self._odd += [len(kept) + place for place in self._odd_places(new)]
        self._block = kept + new
        return bool(new)

    def _read(self) -> bytes:
        """Read a block of whole lines, b'' at the end."""
        while chunk := self._stream.read(_BLOCK_BYTES):
            if end := chunk.rfind(b"\n") + 1:  # a block must be copied only once
                body, self._rest = b"".join((self._rest, memoryview(chunk)[:end])), chunk[end:]
            else:
                whole = self._rest + chunk
                # A \r at the end may be the first half of \r\n.
                end = whole.rfind(b"\r", 0, -1) + 1
                body, self._rest = whole[:end], whole[end:]
            if len(self._rest) >= MAX_LINE_BYTES:
                raise LineTooLongError
            if body:
                return body
        body, self._rest = self._rest.rstrip(END_OF_FILE.encode()), b""
        return body

    def _plain(self, body: bytes) -> int:
        """Count the lines that were read last if all are unambiguous records, else return 0."""
        if self._width is None:
            return 0
        begin = self._end - len(body)
        if begin not in self._known:
            self._known[begin] = plain(body, self._cut, self._width, self._tail)
        return self._known[begin]

    def _odd_places(self, lines: list[bytes]) -> list[int]:
        """Find the lines that are no unambiguous records: by quotes, number of fields, NUL, bytes that are no text."""
        if self._width is None or self._width < 2 or len(lines) < MIN_BLOCK_LINES:  # noqa: PLR2004 - one column: nothing to count
            return list(range(len(lines)))
        try:
            series = pl.Series(lines, dtype=pl.Binary).cast(pl.String)
        except ComputeError:  # some of it is no UTF-8
            lines = [line if is_text(line) else b"\0" for line in lines]
            series = pl.Series(lines, dtype=pl.Binary).cast(pl.String)
        odd = series.str.count_matches(self._cut.delimiter, literal=True) != self._width - 1
        if self._tail:
            odd |= ~series.str.strip_chars_end("\r\n").str.ends_with(self._cut.delimiter * self._tail)
        text = b"".join(lines)
        if self._cut.quote and self._cut.quote.encode() in text:
            quoted = series.str.contains(self._cut.quote, literal=True)
            odd |= quoted
            if self._width <= _MAX_COUNTED_FIELDS:
                well = series.filter(quoted).str.contains(self._cut.whole(self._width))
                odd = odd.scatter(quoted.arg_true(), ~well)
        ways = self._cut.quirks
        odd |= series.str.contains(ways.blank)
        if (ways.other or not text.isascii()) and ways.marks and series.str.contains_any(list(ways.marks)).any():
            odd |= series.str.contains(ways.strange)
        for special in (self._cut.escape, "\0"):
            if special and special.encode() in text:
                odd |= series.str.contains(special, literal=True)
        return odd.arg_true().to_list()


def line_end(raw: bytes) -> bytes:
    """Return the line end of a record (nothing when the file ends without one)."""
    return raw[len(without_line_end(raw)) :]


def without_line_end(raw: bytes) -> bytes:
    """Return a record without its one line end."""
    return raw.removesuffix(b"\n").removesuffix(b"\r") if raw.endswith(b"\n") else raw.removesuffix(b"\r")


def text_of(raw: bytes) -> str:
    """Decode UTF-8; invalid bytes become surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def is_text(raw: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
