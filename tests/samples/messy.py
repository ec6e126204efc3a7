"""The messy sample: good rows, and rows with one planted fault, warning or notice each."""

import csv
import io
import random
from pathlib import Path

from tests.samples.people import COLUMNS as OF_ALL
from tests.samples.people import SEED, Row, customer

COLUMNS = (*OF_ALL, "document_issued_on", "document_expires_on")
"""Two columns more than in the other samples: their rules need rows, too."""
FAULTS: tuple[tuple[str, str, str], ...] = (
    # Column, code, what stands there instead; the order is that of the rows.
    *((column, "required_missing", "") for column in COLUMNS[:8]),
    ("first_name", "too_long", "A" * 201),
    ("document_number", "too_long", "9" * 65),
    ("last_name", "control_characters", "Smith\tJones"),
    ("place_of_birth", "control_characters", "New\nYork"),
    ("last_name", "garbled_text", "M\ufffdller"),
    ("last_name", "cell_error", "#REF!"),
    ("first_name", "name_without_letter", "/"),
    ("last_name", "name_without_letter", "12345"),
    ("email", "email_invalid", "name.example.com"),
    ("email", "email_invalid", "two@@example.com"),
    ("phone", "phone_without_country_code", "061234567"),
    ("phone", "phone_invalid", "+370 6"),
    ("phone", "phone_invalid", "+370 call me"),
    ("phone", "number_imprecise", "3,70612E+10"),
    ("date_of_birth", "birth_date_format", "03.10.1990"),
    ("date_of_birth", "birth_date_impossible", "1990-02-30"),
    ("date_of_birth", "birth_date_future", "2199-01-01"),
    ("date_of_birth", "birth_date_before_1900", "1099-10-03"),
    ("date_of_birth", "birth_date_under_age", "2020-05-17"),
    ("nationality", "nationality_unknown", "Lituania"),
    ("nationality", "nationality_unknown", "XX"),
    ("nationality", "nationality_ambiguous", "Congo"),
    ("category", "category_unknown", "INDIVIDUAL_STANDRAD"),
    ("risk_level", "risk_level_unknown", "VERY LOW"),
    ("document_type", "document_type_unknown", "Library card"),
    ("document_issued_on", "document_date_invalid", "2025-02-30"),
    ("document_issued_on", "document_issued_in_future", "2199-01-01"),
    ("document_expires_on", "document_expired", "2020-01-31"),
    ("terms_accepted_at", "instant_format", "yesterday"),
    ("privacy_accepted_at", "instant_without_offset", "2025-03-01T10:00:00"),
    ("data_processing_accepted_at", "instant_in_future", "2199-01-01T00:00:00Z"),
    ("identity_document", "document_path_absolute", "/etc/hostname"),
    ("identity_document", "document_outside_root", "../customers.csv"),
    ("identity_document", "document_not_found", "no-such-file.pdf"),
    ("address_document", "document_not_a_file", "folder"),
    ("address_document", "document_empty", "empty.pdf"),
    ("funds_document", "document_too_large", "oversized.pdf"),
    ("funds_document", "document_kind", "text.pdf"),
)
WARNINGS = (
    ("first_name", "misread_text", "JosÃ©"),
    ("last_name", "html_entity", "Garc&iacute;a"),
    ("place_of_birth", "placeholder", "n/a"),
    ("last_name", "quoted_value", "'Smith'"),
)
NOTICES = (
    ("pincode", "spreadsheet_text", '="00123"'),
    ("document_number", "invisible_characters", "A\u200b12345678"),
    ("email", "email_rewritten", "full.width@\uff45xample.com"),
    ("phone", "phone_digits_changed", "+44 (0)20 7946 0999"),
    ("first_name", "name_cleaned", "Zoe\u0308"),
)
"""What costs the row nothing."""
RECORD_FAULTS = ("record_short", "record_long", "record_encoding", "record_quoting", "record_nul")
COPIED = ("external_id", "email")
GOOD_EVERY = 4


def write_messy(folder: Path, expected: Path) -> None:
    """Write good rows, a row per fault, and copies; after every few faults stands a good row.

    ``expected`` is told what is planted, as ``row_number,field,code,severity``.
    """
    draw = random.Random(SEED + 1)
    records: list[bytes] = []
    planted: list[tuple[int, str, str, str]] = []

    def add(change: Row, field: str = "", code: str = "", severity: str = "error") -> None:
        number = len(records) + 1
        row = customer(draw, 1 + number % 4, f"MESSY-{number:03d}", f"messy{number:03d}@example.com")
        record = _record(row | {"phone": f"+442079460{number:03d}"} | change)
        records.append(_spoiled(record, code))
        if code:
            planted.append((number, field, code, severity))

    for column, code, value in FAULTS:
        if len(records) % GOOD_EVERY == 0:
            add({})
        add({column: value}, column, code)
    for code in RECORD_FAULTS:
        add({}, "", code)
        add({})
    for column in COPIED:
        copied = {"external_id": f"MESSY-{len(records) + 1:03d}", "email": f"messy{len(records) + 1:03d}@example.com"}
        add({}, column, f"duplicate_{column}")
        add({})
        add({column: copied[column].upper()}, column, f"duplicate_{column}")
    one = {"phone": "+442079460990", "date_of_birth": "1988-08-08"}
    add(one, "phone", "duplicate_phone_and_birth_date")
    add(one | {"phone": "0044 20 7946 0990"}, "phone", "duplicate_phone_and_birth_date")
    add({})
    passport = {"document_type": "PASSPORT", "document_number": "MESSY 4711"}
    add(passport, "document_number", "duplicate_document_number")
    add(passport | {"document_number": "messy-4711"}, "document_number", "duplicate_document_number")
    alike = {"first_name": "Katharina", "last_name": "Schneider", "date_of_birth": "1979-05-04"}
    add(alike, "last_name", "probable_duplicate", "warning")
    add(alike | {"first_name": "Katarina"}, "last_name", "probable_duplicate", "warning")
    for severity, found in (("warning", WARNINGS), ("notice", NOTICES)):
        for column, code, value in found:
            add({column: value}, column, code, severity)
    add({}, "", "footer")
    header = ",".join(COLUMNS).encode() + b"\n"
    (folder / "customers_messy.csv").write_bytes(header + b"".join(records))
    with expected.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("row_number", "field", "code", "severity"))
        writer.writerows(planted)


def _record(row: Row) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([row[column] for column in COLUMNS])
    return buffer.getvalue().encode()


def _spoiled(record: bytes, code: str) -> bytes:
    """Break a record itself, where that is the fault."""
    match code:
        case "record_short":
            return record.replace(b",", b"", 1)
        case "record_long":
            return record.replace(b",", b",Dr,", 1)
        case "record_encoding":
            return record.replace(b",", b",Ren\xe9 ", 1)
        case "record_quoting":
            return record.replace(b",", b',"', 1)
        case "record_nul":
            return record.replace(b",", b",\x00", 1)
        case "footer":
            return b"Total: 94\n"
    return record
