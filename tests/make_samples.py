"""Make ``sample_data/`` anew: ``python tests/make_samples.py [FOLDER]``, with the package installed.

Everybody in it is invented: common names of many countries drawn with a fixed seed, addresses under example.com,
numbers made from the example numbers of the phonenumbers library. The same seed gives the same files, so a change of
this script shows as a change of the samples. Written are

- ``customers.csv`` and ``customers.parquet``: 500 customers, the same rows, all of them accepted;
- ``documents/``: small valid files of the three kinds, and the faulty ones that the messy file names;
- ``customers_messy.csv``: good rows, and rows with one planted fault each;
- ``customers_messy.expected.csv``: what is planted, as ``row_number,field,code``.
"""

import csv
import io
import random
import struct
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from finhub_onboard.model import CANONICAL_COLUMNS, CONSENTS, LATER_COLUMNS

COLUMNS = tuple(column for column in CANONICAL_COLUMNS if column not in LATER_COLUMNS)
"""The samples are those of earlier versions, which had no other columns."""
SEED = 20260107
ROWS = 500
OVERSIZED_BYTES = 1_048_577
"""One more than ``documents.max_bytes`` in the sandbox's configuration."""

Row = dict[str, str]

# Country, spellings of the nationality, start of a valid mobile number (four digits follow), first and last names.
COUNTRIES = (
    ("LT", "Lithuania", "+3706123", "Jonas Rūta Žygimantas Eglė Š", "Kazlauskas Petrauskienė Žukauskaitė Šimkus"),
    ("LV", "LVA", "+3712123", "Jānis Līga Ģirts Ķērsta", "Bērziņš Kalniņa Ozoliņš Šķēle"),
    ("EE", "Estonia", "+3725123", "Jüri Õnne Mägi Ülle", "Tamm Kõiv Mägi-Saar Pärn"),
    ("PL", "PL", "+4851234", "Łukasz Małgorzata Świętosław Żaneta", "Wiśniewski Wójcik Kowalska-Nowak Ścibor"),
    ("DE", "Germany", "+491512345", "Jürgen Käthe Hans-Peter Zoë", "Müller Weiß Schröder-Groß Böhm"),
    ("FR", "FRA", "+3361234", "François Zoé Jean-Luc Noël", "L'Hôte Lefèvre D'Arc Bénard"),
    ("ES", "Spain", "+3461234", "José Begoña Íñigo Lucía", "Núñez García-Márquez Peña Ibáñez"),
    ("IT", "IT", "+39312345", "Niccolò Chloé Matteo Giù", "D'Angelo Dell'Acqua Rossi Sforza"),
    ("PT", "Portugal", "+35191234", "João Inês Conceição Luís", "Gonçalves Magalhães Sá-Carneiro Simões"),
    ("GB", "United Kingdom", "+44740012", "Siân Alfie Mary-Jane O", "O'Connor Smith-Jones Brontë Ng"),
    ("IE", "IRL", "+35385012", "Seán Aoife Pádraig Niamh", "Ó'Briain O'Sullivan MacGiolla Ní-Dhomhnaill"),
    ("SE", "Sweden", "+4670123", "Åsa Björn Märta Östen", "Sjöberg Ångström Öberg Lindqvist"),
    ("NO", "NO", "+474061", "Øyvind Åse Jørn Ø", "Bjørnson Ødegård Sæther Å"),
    ("IS", "Iceland", "+354611", "Þór Guðrún Æsa Örn", "Sigurðsson Jónsdóttir Þorsteinsson Ægisdóttir"),
    ("CZ", "Czechia", "+42060112", "Jiří Šárka Ondřej Zdeňka", "Dvořák Nováková Růžička Šťastný"),
    ("HU", "HUN", "+3620123", "György Erzsébet Ödön Ágnes", "Szőke Kőszegi Nagy-Tóth Fűzfa"),
    ("RO", "Romania", "+4071203", "Ștefan Ioana Mădălina Țuțu", "Ionescu Țăran Brâncuși Știrbei"),
    ("TR", "Turkey", "+90501234", "İbrahim Gülşah Çağla Ömer", "Yılmaz Öztürk Şahin Gündoğdu"),  # noqa: RUF001 - a Turkish name
    ("VN", "Vietnam", "+8491234", "Nguyệt Đức Thảo Ý", "Nguyễn Trần Đặng Phạm"),
    ("GR", "Greece", "+30691234", "Γιώργος Ελένη Δημήτρης Σοφία", "Παπαδόπουλος Νικολάου Γεωργίου Ιωάννου"),
    ("BG", "Bulgaria", "+3594301", "Георги Мария Йордан Цветана", "Иванов Петрова Димитров Ангелова"),
    ("UA", "UKR", "+38050123", "Олена Андрій Їванна Євген", "Шевченко Коваль-Бойко Ґалаґан Мельник"),
    ("GE", "Georgia", "+99555512", "გიორგი ნინო ლევან თამარ", "ბერიძე კაპანაძე გელაშვილი მაისურაძე"),
    ("AM", "Armenia", "+3747712", "Արամ Անահիտ Տիգրան Լուսինե", "Պետրոսյան Հակոբյան Սարգսյան Գրիգորյան"),
    ("IL", "ISR", "+97250234", "נועה דוד יעל אבי", "כהן לוי בן־דוד מזרחי"),
    ("EG", "Egypt", "+20100123", "محمد فاطمة أحمد ليلى", "حسن عبدالله السيد إبراهيم"),
    ("SA", "Saudi Arabia", "+96651234", "عبدالله نورة خالد سارة", "العتيبي القحطاني الغامدي الشهري"),
    ("ET", "Ethiopia", "+25191123", "አበበ ሳራ ዳዊት ሄለን", "በቀለ ተስፋዬ ገብረማርያም ወልደ"),
    ("IN", "India", "+91812345", "अर्जुन प्रिया राहुल अनन्या", "शर्मा गुप्ता सिंह वर्मा"),
    ("TH", "THA", "+6681234", "สมชาย มาลี อรุณ กานดา", "ใจดี ศรีสุข ทองคำ แก้วมณี"),
    ("CN", "China", "+861312345", "伟 秀英 娜 建国", "王 李 张 欧阳"),
    ("JP", "Japan", "+81901234", "太郎 さくら ケンジ 結衣", "佐藤 鈴木 高橋 渡辺"),
    ("KR", "South Korea", "+82102000", "민준 서연 지후 이", "김 이 박 최"),
    ("TW", "Taiwan", "+88691234", "志明 春嬌 淑芬 家豪", "陳 林 黃 歐陽"),
    ("NA", "NA", "+26481123", "Ndapewa Hage !Nanub Tuli", "Shikongo ǀUirab ||Garoëb Nghidinwa"),  # noqa: RUF001 - a Khoekhoe name
    ("BO", "Bolivia", "+5917123", "Evo Wara Ñusta Inti", "Mamani Quispe Choque Condori"),
    ("BR", "BRA", "+551196123", "Antônio Conceição Júlia Ubiratã", "D'Ávila Gusmão Sant'Anna Araújo"),
    ("US", "USA", "+1201555", "Renée Malcolm X", "O'Neill Vander-Bilt Peña E"),
)
DOCUMENT_TYPES = ("PASSPORT", "Passport", "ID_CARD", "id card", "DRIVERS_LICENSE", "Driver's License")


def main(folder: Path) -> None:
    """Write all samples below a folder."""
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    _write_documents(folder / "documents")
    rows = list(_customers(random.Random(SEED)))
    _write_csv(folder / "customers.csv", rows)
    _write_parquet(folder / "customers.parquet", rows)
    _write_messy(folder)


def _customers(draw: random.Random) -> Iterator[Row]:
    for number in range(1, ROWS + 1):
        yield _customer(draw, number, f"CUST-{number:06d}", f"customer{number:04d}@example.com")


def _customer(draw: random.Random, number: int, external_id: str, email: str) -> Row:
    code, nationality, start, first_names, last_names = COUNTRIES[number % len(COUNTRIES)]
    medium = number % 5 == 0
    row = dict.fromkeys(CANONICAL_COLUMNS, "")
    row |= {
        "external_id": external_id,
        "first_name": draw.choice(first_names.split()),
        "last_name": draw.choice(last_names.split()),
        "email": email,
        "phone": _phone(start, number),
        "date_of_birth": (date(1941, 1, 1) + timedelta(days=draw.randrange(64 * 365))).isoformat(),
        "nationality": draw.choice((nationality, code)),
        "category": "Individual Plus" if medium else "INDIVIDUAL_STANDARD",
        "gender": draw.choice(("MALE", "FEMALE", "female", "")),
        "place_of_birth": draw.choice(("Vilnius", "São Paulo", "Αθήνα", "東京", "")),
        "pincode": draw.choice((f"{draw.randrange(10000):05d}", "SW1A 1AA", "")),
        "risk_level": draw.choice(("MEDIUM", "medium") if medium else ("LOW", "Low", "")),
        "document_type": draw.choice(DOCUMENT_TYPES),
        "document_number": f"{draw.choice('ABCDEFGH')}{draw.randrange(10**8):08d}",
        "identity_document": draw.choice(("identity.pdf", "identity.jpg")),
        "address_document": "address.jpg" if medium else draw.choice(("address.jpg", "")),
        "funds_document": "funds.png" if medium else "",
    }
    accepted = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(300 * 86400))
    for place, consent in enumerate(CONSENTS):
        row[f"{consent}_version"] = "1.0"
        row[f"{consent}_accepted_at"] = f"{accepted + timedelta(seconds=2 * place):%Y-%m-%dT%H:%M:%SZ}"
    return row


def _phone(start: str, number: int) -> str:
    """Write a number that nobody else has, in one of the spellings that people use."""
    digits = f"{start}{1000 + number:04d}"
    spaced = f"{digits[:4]} {digits[4:8]} {digits[8:]}"
    return (digits, spaced, "00" + digits[1:])[number % 7 % 3]


def _write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: list[Row]) -> None:
    frame = (
        pl.DataFrame(rows, schema=dict.fromkeys(CANONICAL_COLUMNS, pl.String))
        .select(COLUMNS)
        .with_columns(pl.all().replace("", None))
    )
    instants = [f"{consent}_accepted_at" for consent in CONSENTS]
    frame.with_columns(
        pl.col("date_of_birth").str.to_date(),
        pl.col(instants).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"),
    ).write_parquet(path)


# The messy file ---------------------------------------------------------------------------------------------------

FAULTS: tuple[tuple[str, str, str], ...] = (
    # Column, code, what stands there instead; the order is that of the rows.
    *((column, "required_missing", "") for column in COLUMNS[:8]),
    ("first_name", "too_long", "A" * 201),
    ("document_number", "too_long", "9" * 65),
    ("last_name", "control_characters", "Smith\tJones"),
    ("place_of_birth", "control_characters", "New\nYork"),
    ("last_name", "garbled_text", "M\ufffdller"),
    ("first_name", "name_without_letter", "-"),
    ("last_name", "name_without_letter", "12345"),
    ("email", "email_invalid", "name.example.com"),
    ("email", "email_invalid", "two@@example.com"),
    ("phone", "phone_without_country_code", "061234567"),
    ("phone", "phone_invalid", "+370 6"),
    ("phone", "phone_invalid", "+370 call me"),
    ("date_of_birth", "birth_date_format", "03.10.1990"),
    ("date_of_birth", "birth_date_impossible", "1990-02-30"),
    ("date_of_birth", "birth_date_future", "2199-01-01"),
    ("date_of_birth", "birth_date_before_1900", "1099-10-03"),
    ("date_of_birth", "birth_date_under_age", "2020-05-17"),
    ("nationality", "nationality_unknown", "Lituania"),
    ("nationality", "nationality_unknown", "XX"),
    ("category", "category_unknown", "INDIVIDUAL_STANDRAD"),
    ("risk_level", "risk_level_unknown", "VERY LOW"),
    ("document_type", "document_type_unknown", "Library card"),
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
RECORD_FAULTS = ("record_short", "record_long", "record_encoding", "record_quoting", "record_nul")
COPIED = ("external_id", "email")
GOOD_EVERY = 4


def _write_messy(folder: Path) -> None:
    """Write good rows, a row per fault, and copies; after every few faults stands a good row."""
    draw = random.Random(SEED + 1)
    records: list[bytes] = []
    planted: list[tuple[int, str, str]] = []

    def add(change: Row, field: str = "", code: str = "") -> None:
        number = len(records) + 1
        row = _customer(draw, 1 + number % 4, f"MESSY-{number:03d}", f"messy{number:03d}@example.com")
        record = _record(row | {"phone": f"+3706199{number:04d}"[:12]} | change)
        records.append(_spoiled(record, code))
        if code:
            planted.append((number, field, code))

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
    one = {"phone": "+37061990000", "date_of_birth": "1988-08-08"}
    add(one, "phone", "duplicate_phone_and_birth_date")
    add(one | {"phone": "00370 6199 0000"}, "phone", "duplicate_phone_and_birth_date")
    add({})
    passport = {"document_type": "PASSPORT", "document_number": "MESSY 4711"}
    add(passport, "document_number", "duplicate_document_number")
    add(passport | {"document_number": "messy-4711"}, "document_number", "duplicate_document_number")
    alike = {"first_name": "Katharina", "last_name": "Schneider", "date_of_birth": "1979-05-04"}
    add(alike)
    add(alike | {"first_name": "Katarina"})
    header = ",".join(COLUMNS).encode() + b"\n"
    (folder / "customers_messy.csv").write_bytes(header + b"".join(records))
    with (folder / "customers_messy.expected.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("row_number", "field", "code"))
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
    return record


# Documents --------------------------------------------------------------------------------------------------------


def _write_documents(folder: Path) -> None:
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


if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else root / "sample_data")
