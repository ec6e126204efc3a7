"""The documents of the samples: small valid files of the three kinds, and the faulty ones that the messy file names."""

import struct
import zlib
from pathlib import Path

OVERSIZED_BYTES = 1_048_577
"""One more than ``documents.max_bytes`` in the sandbox's configuration."""


def write_documents(folder: Path) -> None:
    """Write all below a folder."""
    files = {
        "identity.pdf": _pdf("Invented identity document"),
        "identity.jpg": _jpeg(0x11),
        "address.jpg": _jpeg(0x07),
        "funds.png": _png(),
        "empty.pdf": b"",
        "text.pdf": b"This is a text, whatever its name says.\n",
        "oversized.pdf": _pdf("Too large").ljust(OVERSIZED_BYTES, b"\n"),
        "folder/README.txt": b"A folder is no document.\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def _pdf(text: str) -> bytes:
    """Make a page with one line of text, cross-reference table and all."""
    stream = f"BT /F1 18 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R>>>>>>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, len(body))
    )


def _jpeg(step: int) -> bytes:
    """Make eight by eight grey pixels: one quantisation table, one code per Huffman table, one block."""

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

    one_code = bytes([1] + [0] * 15 + [0])
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\x00\x01\x01\x01\x00H\x00H\x00\x00"),
            segment(0xDB, bytes([0] + [step] * 64)),
            segment(0xC0, struct.pack(">BHHBBBB", 8, 8, 8, 1, 1, 0x11, 0)),
            segment(0xC4, b"\x00" + one_code),
            segment(0xC4, b"\x10" + one_code),
            segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            b"\x3f\xff\xd9",
        )
    )


def _png() -> bytes:
    """Make eight by eight grey pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    pixels = zlib.compress((b"\x00" + b"\x80" * 8) * 8)
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
