"""Pictures that look like scanned pages, as bytes that are the same everywhere: no library encodes them.

A page has a margin, lines of words and, on an identity document, a photograph; nothing on it can be read. JPEG is
written block by block with codes of its own; PNG holds its pixels uncompressed, because what a compressor writes
depends on its version.
"""

import random
import struct
import zlib
from collections.abc import Iterator

_MARGIN, _LINE = 8, 4
"""Blocks around the page, and from one line of words to the next."""
_PAPER, _INK, _PHOTOGRAPH = 105, 10, -20
"""Mean brightness, from -128 to 127."""
_KINDS = 64
"""Different blocks of each sort."""


def jpeg(seed: int, columns: int, rows: int, *, photograph: bool) -> bytes:
    """Draw a grey page of so many blocks of eight by eight pixels."""
    draw = random.Random(seed)
    # All codes of a table are equally long: four bits for the twelve sizes of a change of brightness, three for "no
    # more details" and the six sizes of a detail.
    brightness = bytes([0, 0, 0, 12, *[0] * 12, *range(12)])
    details = bytes([0, 0, 7, *[0] * 13, *range(7)])
    bits = "".join(_blocks(draw, columns, rows, photograph=photograph))
    bits += "1" * (-len(bits) % 8)
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\x00\x01\x01\x01\x00\x64\x00\x64\x00\x00"),
            _segment(0xDB, bytes([0] + [8] * 64)),
            _segment(0xC0, struct.pack(">BHHBBBB", 8, rows * 8, columns * 8, 1, 1, 0x11, 0)),
            _segment(0xC4, b"\x00" + brightness),
            _segment(0xC4, b"\x10" + details),
            _segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00"),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _blocks(draw: random.Random, columns: int, rows: int, *, photograph: bool) -> Iterator[str]:
    """Yield the bits of each block: how its brightness differs from the last one's, and its details."""
    details = {
        _PAPER: [_details(draw, count=3, size=1) for _ in range(_KINDS)],
        _INK: [_details(draw, count=9, size=5) for _ in range(_KINDS)],
        _PHOTOGRAPH: [_details(draw, count=12, size=3) for _ in range(_KINDS)],
    }
    last = 0
    for row, words in enumerate(_page(draw, columns, rows)):
        beside = photograph and _MARGIN <= row < rows // 3
        for column, is_ink in enumerate(words):
            in_picture = beside and _MARGIN <= column < columns // 3
            sort = _PHOTOGRAPH if in_picture else _INK if is_ink else _PAPER
            level = sort + draw.randrange(-2, 3)
            yield _number(level - last, width=4) + draw.choice(details[sort])
            last = level


def _details(draw: random.Random, *, count: int, size: int) -> str:
    numbers = (draw.choice((-1, 1)) * draw.randrange(1 << size - 1, 1 << size) for _ in range(count))
    return "".join(_number(number, width=3) for number in numbers) + "000"


def _number(value: int, *, width: int) -> str:
    """Write a number as JPEG does: its size in a code of so many bits, then its digits."""
    size = abs(value).bit_length()
    digits = value if value > 0 else value + (1 << size) - 1
    return f"{size:0{width}b}" + (f"{digits:0{size}b}" if size else "")


def png(seed: int, columns: int, rows: int) -> bytes:
    """Draw a page in black and white, of so many bytes by pixels."""
    draw = random.Random(seed)
    words = list(_page(draw, columns, rows // 8 + 1))
    pixels = b"".join(
        b"\x00" + bytes(draw.randrange(256) if is_ink else 255 for is_ink in words[row // 8]) for row in range(rows)
    )
    header = struct.pack(">IIBBBBB", columns * 8, rows, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(pixels)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored(content: bytes) -> bytes:
    """Wrap bytes as a zlib stream that compresses nothing."""
    parts = [content[start : start + 0xFFFF] for start in range(0, len(content), 0xFFFF)]
    wrapped = (struct.pack("<BHH", part is parts[-1], len(part), len(part) ^ 0xFFFF) + part for part in parts)
    return b"\x78\x01" + b"".join(wrapped) + struct.pack(">I", zlib.adler32(content))


def _page(draw: random.Random, columns: int, rows: int) -> Iterator[list[bool]]:
    """Yield where words are in each row of blocks."""
    for row in range(rows):
        is_line = _MARGIN <= row < rows - _MARGIN and row % _LINE == 0
        end = columns - _MARGIN - draw.randrange(columns // 3)
        yield [is_line and _MARGIN <= column < end and draw.random() < 0.85 for column in range(columns)]
