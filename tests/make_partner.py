"""Make ``sample_data/partner_de.csv`` anew: ``python -m tests.make_partner``, with the package installed.

It is what a German partner's system exports: cp1252, semicolons, CRLF, two lines before the header, German names of
columns, dates, countries and documents, phone numbers without country code, ``k.A.`` where nothing is known, and two
columns that mean nothing to us. The 60 customers are invented: common names drawn with a fixed seed, addresses under
example.com, phone numbers in ranges that are kept free for films (Bundesnetzagentur, notice 148/2021). Three rows have
one planted fault each, see :data:`FAULTS`; the other 57 can be onboarded under ``configs/profiles/partner_de.toml``.
Letters are only those that no other code page for Latin alphabets reads differently, as in most German files.
"""

import csv
import io
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

SEED = 20260115
ROWS = 60
NAME = "partner_de.csv"
PREAMBLE = ("Kundenexport der Beispielbank Musterstadt eG", "Stand: 15.01.2026")
FAULTS = {
    # Row number: the file's column, the violation's field and code, what stands there instead.
    17: ("Geburtsdatum", "date_of_birth", "birth_date_impossible", "31.02.1985"),
    34: ("E-Mail", "email", "email_invalid", "kunde034(at)example.com"),
    51: ("Telefon", "phone", "phone_invalid", "0711 12"),
}
COLUMNS = (
    "Kundennummer",
    "Vorname",
    "Nachname",
    "E-Mail",
    "Telefon",
    "Geburtsdatum",
    "Staatsangehörigkeit",
    "Produkt",
    "Geschlecht",
    "Geburtsort",
    "PLZ",
    "Ausweisart",
    "Ausweisnummer",
    "Ausweiskopie",
    "Adressnachweis",
    "Mittelherkunft",
    "AGB-Version",
    "AGB akzeptiert am",
    "Datenschutz-Version",
    "Datenschutz akzeptiert am",
    "Datenverarbeitung-Version",
    "Datenverarbeitung akzeptiert am",
    "Filiale",
    "Bemerkung",
)
WOMEN = ("Käthe", "Jana", "Änne", "Ülkü", "Anna-Lena", "Renée", "Grit", "Sibylle")
MEN = ("Jürgen", "Hans-Peter", "Götz", "Björn", "André", "Özgür", "Karl", "Uwe", "Matthäus")
LAST_NAMES = (
    *("Müller", "Weiß", "Schröder-Groß", "Böhm", "Kühn", "Strauß", "Jäger", "von der Höh", "Öztürk", "Nowak"),
    *("Großmann", "Lüdtke", "Färber", "Heß", "O'Brien", "Meyer"),
)
NATIONALITIES = (
    # In words and in codes, as people at counters type them; most are German.
    *("deutsch", "Deutschland", "DE", "deutsch", "DE", "Deutschland"),
    *("Österreich", "AT", "Türkei", "Polen", "PL", "Italien", "Griechenland", "Schweiz"),
)
LINES = (
    # Start and digits that follow; mobiles outnumber fixed lines.
    *(("0176 040690", 2), ("0176/040690", 2), ("0176 040690", 2), ("0171 39200", 2)),
    *(("030 23125", 3), ("040 66969", 3), ("069 90009", 3), ("0221 4710", 3), ("089 99998", 3)),
)
TOWNS = ("Köln", "Düsseldorf", "Würzburg", "Görlitz", "Nürnberg", "Wien", "k.A.")
BRANCHES = ("Hauptstelle", "Südvorstadt", "Am Weißen Tor", "Köln-Mülheim")
REMARKS = (
    *("", "", "", "Wünscht Rückruf; bitte abends", 'Firma "Müller & Söhne"', "zieht um; neue Straße folgt", "k.A."),
    'nennt sich "Käthe"; Ausweis geprüft',
)

Row = dict[str, str]


def main(folder: Path) -> None:
    """Write the file below a folder."""
    buffer = io.StringIO()
    for line in PREAMBLE:
        buffer.write(f"{line}\r\n")
    writer = csv.DictWriter(buffer, COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_customers(random.Random(SEED)))
    (folder / NAME).write_bytes(buffer.getvalue().encode("cp1252"))


def _customers(draw: random.Random) -> Iterator[Row]:
    for number in range(1, ROWS + 1):
        row = _customer(draw, number)
        if number in FAULTS:
            column, _, _, value = FAULTS[number]
            row[column] = value
        yield row


def _customer(draw: random.Random, number: int) -> Row:
    medium = number % 6 == 0
    gender = "d" if number in (23, 44) else draw.choice(("m", "w"))
    accepted = datetime(2025, 2, 3, 8) + timedelta(days=draw.randrange(250), seconds=draw.randrange(10 * 3600))  # noqa: DTZ001 - the partner writes no zone
    consents = [(accepted + timedelta(seconds=40 * place)).strftime("%d.%m.%Y %H:%M:%S") for place in range(3)]
    values = (
        f"K-{100200 + 7 * number}",
        draw.choice(WOMEN if gender == "w" else MEN),
        draw.choice(LAST_NAMES),
        f"kunde{number:03d}@example.com",
        _phone(draw, number),
        (date(1946, 1, 1) + timedelta(days=draw.randrange(58 * 365))).strftime("%d.%m.%Y"),
        draw.choice(NATIONALITIES),
        "Individual Plus" if medium else "INDIVIDUAL_STANDARD",
        "k.A." if number % 15 == 1 else gender,
        draw.choice(TOWNS),
        draw.choice((f"{draw.randrange(1000, 99999):05d}", f"0{draw.randrange(1000, 9999)}", "k.A.")),
        draw.choice(("Reisepass", "Personalausweis", "Personalausweis", "Führerschein")),
        f"{draw.choice('CFGHJK')}{draw.randrange(10**8):08d}",
        draw.choice(("identity.pdf", "identity.jpg")),
        "address.jpg" if medium else "",
        "funds.png" if medium else "",
        *(part for at in consents for part in ("1.0", at)),
        draw.choice(BRANCHES),
        draw.choice(REMARKS),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _phone(draw: random.Random, number: int) -> str:
    """Write a number that nobody else has; few have a country code."""
    start, digits = draw.choice(LINES)
    local = f"{start}{number:02d}" if digits == 2 else f"{start}{number + 100}"
    return f"+49 {local[1:]}" if number % 9 == 0 else local


if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    main(root / "sample_data")
