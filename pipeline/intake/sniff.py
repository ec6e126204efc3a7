"""What a file looks like from its first bytes, in words for a person.

Promises: a file that is no table of text is named for what it is, so that nobody reads garbage as customers. Knows
neither columns nor rules: it gets bytes and gives one sentence, or nothing when the bytes may be CSV.
"""

import zipfile
from pathlib import Path

PARQUET_MAGIC = b"PAR1"
BOM = b"\xef\xbb\xbf"

_SIGNATURES = (
    (b"PARE", "a Parquet file with an encrypted footer", "write it again without encryption"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it first: unzip"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV UTF-8"),
    (b"%PDF", "a PDF document", "ask for the data as CSV or Parquet"),
    (b"BZh", "a bzip2 archive", "unpack it first: bunzip2"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first: unxz"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"Obj\x01", "an Avro file", "convert it to CSV or Parquet"),
    (b"ORC", "an ORC file", "convert it to CSV or Parquet"),
    (b"ARROW1", "an Arrow file", "convert it to CSV or Parquet"),
    (b"\x89PNG", "a PNG image", "give a CSV or Parquet file"),
    (b"\xff\xd8\xff", "a JPEG image", "give a CSV or Parquet file"),
)
_MARKUP = (
    (b"<!doctype html", "an HTML page", "it may be a login or an error page: download the file again"),
    (b"<html", "an HTML page", "it may be a login or an error page: download the file again"),
    (b"<?xml", "an XML document", "ask for the data as CSV or Parquet"),
    (b"{", "JSON", "convert it to CSV or Parquet"),
    (b"[", "JSON", "convert it to CSV or Parquet"),
)
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def foreign(head: bytes) -> tuple[str, str] | None:
    """Return what the bytes are and what to do about it, when they are neither CSV nor Parquet."""
    for signature, name, hint in _SIGNATURES:
        if head.startswith(signature) and not _only_text(signature, head):
            return name, hint
    text = head.removeprefix(BOM).lstrip().lower()
    for signature, name, hint in _MARKUP:
        if text.startswith(signature):
            return name, hint
    if b"\x00" in head[: _line_end(head)]:
        return "a binary file", "give a CSV or Parquet file"
    return None


def is_workbook(path: Path) -> bool:
    """Tell whether a file is an Excel workbook, plain or encrypted, or an old one."""
    with path.open("rb") as stream:
        head = stream.read(len(_OLE_MAGIC))
        if head == _OLE_MAGIC:
            return True
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.startswith("xl/") for member in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _only_text(signature: bytes, head: bytes) -> bool:
    """Whether a signature of plain letters starts what reads on as a header line: ``ORC,external_id`` is CSV."""
    return signature.isalnum() and signature != PARQUET_MAGIC and b"," in head[: _line_end(head)]


def _line_end(head: bytes) -> int:
    ends = [place for mark in (b"\n", b"\r") if (place := head.find(mark)) >= 0]
    return min(ends, default=len(head))
