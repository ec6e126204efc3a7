"""The documents of the samples: scans of the three kinds, and the faulty ones that the messy file names.

A scan has some 50 kB, as a page that was photographed and made smaller; together they may stand in a repository.
"""

from pathlib import Path

from tests.samples.pictures import jpeg, png

OVERSIZED_BYTES = 1_048_577
"""One more than ``documents.max_bytes`` in the sandbox's configuration."""
_COLUMNS, _ROWS = 96, 130
"""Blocks of eight by eight pixels: A4 at some 90 dots per inch."""


def write_documents(folder: Path) -> None:
    """Write all below a folder."""
    card = jpeg(1, _COLUMNS, _ROWS, photograph=True)
    files = {
        "identity.pdf": _pdf(card),
        "identity.jpg": card,
        "address.jpg": jpeg(2, _COLUMNS, _ROWS, photograph=False),
        "funds.png": png(3, 70, 760),
        "empty.pdf": b"",
        "text.pdf": b"This is a text, whatever its name says.\n",
        "oversized.pdf": _pdf(b"").ljust(OVERSIZED_BYTES, b"\n"),
        "folder/README.txt": b"A folder is no document.\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def _pdf(picture: bytes) -> bytes:
    """Make a page of a picture, cross-reference table and all; without one, an empty page."""
    drawn = b"q 595 0 0 842 0 0 cm /Scan Do Q" if picture else b""
    image = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray" % (_COLUMNS * 8, _ROWS * 8)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /XObject << /Scan 5 0 R >> >> >>"
        ),
        _stream(b"", drawn),
        _stream(image + b" /BitsPerComponent 8 /Filter /DCTDecode", picture),
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


def _stream(members: bytes, content: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (members, len(content), content)
