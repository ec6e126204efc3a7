"""What a file looks like from its first bytes, in words for a person.

Promises: a file that is no table of text is named for what it is, so that nobody reads garbage as customers. Knows
neither columns nor rules: it gets bytes and gives one sentence, or nothing when the bytes may be CSV.
"""

from collections.abc import Sequence

PARQUET_MAGIC = b"PAR1"
BOM = b"\xef\xbb\xbf"

_SIGNATURES = (
    (b"PARE", "a Parquet file with an encrypted footer", "write it again without encryption"),
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive", "save the sheet as CSV UTF-8, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV UTF-8"),
    (b"%PDF", "a PDF document", "ask for the data as CSV or Parquet"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first: gunzip"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first: unzstd"),
    (b"BZh", "a bzip2 archive", "unpack it first: bunzip2"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first: unxz"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"Obj\x01", "an Avro file", "convert it to CSV or Parquet"),
    (b"ORC", "an ORC file", "convert it to CSV or Parquet"),
    (b"ARROW1", "an Arrow file", "convert it to CSV or Parquet"),
    (b"\x89PNG", "a PNG image", "give a CSV or Parquet file"),
    (b"\xff\xd8\xff", "a JPEG image", "give a CSV or Parquet file"),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32 text", "save it as UTF-8"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
)
_MARKUP = (
    (b"<!doctype html", "an HTML page", "it may be a login or an error page: download the file again"),
    (b"<html", "an HTML page", "it may be a login or an error page: download the file again"),
    (b"<?xml", "an XML document", "ask for the data as CSV or Parquet"),
    (b"{", "JSON", "convert it to CSV or Parquet"),
    (b"[", "JSON", "convert it to CSV or Parquet"),
)
_DELIMITERS = ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars"))


def foreign(head: bytes) -> tuple[str, str] | None:
    """Return what the bytes are and what to do about it, when they are neither CSV nor Parquet."""
    for signature, name, hint in _SIGNATURES:
        if head.startswith(signature) and not _only_text(signature, head):
            return name, hint
    text = head.removeprefix(BOM).lstrip().lower()
    for signature, name, hint in _MARKUP:
        if text.startswith(signature):
            return name, hint
    first_line = head[: _line_end(head)]
    if b"\x00" in first_line:
        if first_line[1::2].count(0) > len(first_line) // 3 or first_line[::2].count(0) > len(first_line) // 3:
            return "UTF-16 text without a byte order mark", "save it as UTF-8"
        return "a binary file", "give a CSV or Parquet file"
    return None


def _only_text(signature: bytes, head: bytes) -> bool:
    """Whether a signature of plain letters starts what reads on as a header line: ``ORC,external_id`` is CSV."""
    return signature.isalnum() and signature != PARQUET_MAGIC and b"," in head[: _line_end(head)]


def _line_end(head: bytes) -> int:
    ends = [place for mark in (b"\n", b"\r") if (place := head.find(mark)) >= 0]
    return min(ends, default=len(head))


def other_delimiter(header: str, known: Sequence[str]) -> str | None:
    """Name the delimiter that fits the header line better than the comma does."""

    def hits(delimiter: str) -> int:
        return len({cell.strip().strip('"') for cell in header.split(delimiter)} & set(known))

    by_comma = hits(",")
    for delimiter, name in _DELIMITERS:
        if hits(delimiter) > by_comma or ("," not in header and header.count(delimiter) > 1):
            return name
    return None
