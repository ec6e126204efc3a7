"""What a file looks like from its first bytes, in words for a person.

Promises: a file that is no table of text is named for what it is, so that nobody reads garbage as customers. Knows
neither columns nor rules: it gets bytes and gives one sentence, or nothing when the bytes may be CSV.
"""

import re
import zipfile
from pathlib import Path

PARQUET_MAGIC = b"PAR1"
BOM = b"\xef\xbb\xbf"

_AS_TABLE = "ask for the data as CSV or Parquet"
_SIGNATURES = (
    (b"PARE", "a Parquet file with an encrypted footer", "write it again without encryption"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV UTF-8"),
    (b"%PDF", "a PDF document", _AS_TABLE),
    (b"{\\rtf", "an RTF document", _AS_TABLE),
    (b"BZh", "a bzip2 archive", "unpack it first: bunzip2"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first: unxz"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive", "unpack it first: lz4 -d"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first: 7z x"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first: unrar x"),
    (b"\x1f\x8b", "a gzip archive in another archive", "unpack it once: gunzip"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive in another archive", "unpack it once: unzstd"),
    (b"-----BEGIN PGP MESSAGE", "a message encrypted by PGP", "decrypt it first: gpg --decrypt"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"Obj\x01", "an Avro file", "convert it to CSV or Parquet"),
    (b"ORC", "an ORC file", "convert it to CSV or Parquet"),
    (b"ARROW1", "an Arrow file", "convert it to CSV or Parquet"),
    (b"\x89PNG", "a PNG image", "give a CSV or Parquet file"),
    (b"\xff\xd8\xff", "a JPEG image", "give a CSV or Parquet file"),
)
_ZIPPED = (
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument file", "save the sheet as CSV UTF-8"),
    (b"word/", "a Word document", _AS_TABLE),
    (b"ppt/", "a presentation", _AS_TABLE),
    (b".iwa", "a Numbers or Pages document", "export the table as CSV UTF-8"),
    (b"", "a ZIP archive", "unpack it first: unzip"),
)
"""What a ZIP archive is by what its beginning holds."""
_ZIP_MAGIC = b"PK\x03\x04"
_TAR_MAGIC, _TAR_AT = b"ustar", 257
_AS_SHEET = "open it in a spreadsheet program and save the sheet as CSV UTF-8"
_TEXTS = (
    (
        re.compile(rb"(?=<)(?!.*<(?:form|input)\b).*?<table[\s>]", re.DOTALL),
        "an HTML table, which some programs save as .xls",
        _AS_SHEET,
    ),
    (
        re.compile(rb"<\?xml.*?(excel\.sheet|urn:schemas-microsoft-com:office:spreadsheet)", re.DOTALL),
        "an XML spreadsheet, which some programs save as .xls",
        _AS_SHEET,
    ),
    (
        re.compile(rb"mime-version: .*?multipart/related", re.DOTALL),
        "a web archive (MHTML), which some programs save as .xls",
        _AS_SHEET,
    ),
    (
        re.compile(rb"<(!doctype|html|head|body|script|meta|div|!--)"),
        "an HTML page",
        "it may be a login or an error page: download the file again",
    ),
    (re.compile(rb"<[a-z!?]"), "an XML document", _AS_TABLE),
    (re.compile(rb"\{\s*[\"}]|\[\s*[\[{\"\]\d]"), "JSON", "convert it to CSV or Parquet"),
    (
        re.compile(rb"(--[^\n]*\n\s*)*(insert into|create table|drop table) "),
        "an SQL script",
        "export the table as CSV",
    ),
    (re.compile(rb"begin:vcard\s"), "a file of contacts (vCard)", _AS_TABLE),
    (re.compile(rb"(from|received|return-path|mime-version): "), "an e-mail", "save the file that is attached to it"),
)
"""What texts that are no tables begin with, in small letters."""
_SPACE = b" \t\r\n\v\f"
_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1a"})
_MIN_BINARY_CONTROLS = 6
"""Control characters of so many kinds are in no header."""
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def foreign(head: bytes) -> tuple[str, str] | None:
    """Return what the bytes are and what to do about it, when they are neither CSV nor Parquet."""
    if head.startswith(_ZIP_MAGIC):
        return next((name, hint) for mark, name, hint in _ZIPPED if mark in head)
    for signature, name, hint in _SIGNATURES:
        if head.startswith(signature) and not _only_text(signature, head):
            return name, hint
    if head.startswith(_TAR_MAGIC, _TAR_AT):
        return "a TAR archive", "unpack it first: tar -xf"
    text = head.lstrip(BOM + _SPACE).lower()
    for pattern, name, hint in _TEXTS:
        if pattern.match(text):
            return name, hint
    header = head[: _line_end(head)]
    if b"\x00" in header or len({*header} & {*_CONTROLS}) >= _MIN_BINARY_CONTROLS:
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
