import csv
import io
import random
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.config.loading import load_profile
from finhub_onboard.config.profile import Formats, Profile, Source
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.proposing import dates, evidence, header_names, nations, regions, vocabulary
from finhub_onboard.intake.proposing.preview import preview
from finhub_onboard.intake.proposing.propose import Open, Proposal, propose, render
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.reading.small_table import Detected
from finhub_onboard.intake.second_pass import judge_rows
from finhub_onboard.model import CANONICAL_COLUMNS, REQUIRED_COLUMNS
from tests import make_partner
from tests.intake.helpers import CORPORA, ROOT, SAMPLES, a_row, rules, told, write

PARTNER = SAMPLES / "partner_de.csv"
PROFILE = ROOT / "configs" / "profiles" / "partner_de.toml"
DIALECT = Detected(encoding="cp1252", delimiter=";", quote='"', skip_lines=2)
NOTHING = Detected()
HEADERS = {
    "en": "Customer number|First name|Surname|E-mail|Mobile|Date of birth|Nationality|Product",
    "de": "Kunden-Nr.|Vorname|Familienname|E-Mail-Adresse|Rufnummer|Geb.-Datum|Staatsangehoerigkeit|Kundengruppe",
    "fr": "N° client|Prénom|Nom|Courriel|Téléphone|Date de naissance|Nationalité|Catégorie",
    "es": "Número de cliente|Nombre|Apellidos|Correo electrónico|Móvil|Fecha de nacimiento|Nacionalidad|Producto",
    "it": "Codice cliente|Nome|Cognome|Indirizzo e-mail|Cellulare|Data di nascita|Cittadinanza|Prodotto",
    "pt": "Número do cliente|Nome|Apelido|E-mail|Telemóvel|Data de nascimento|Nacionalidade|Categoria",
    "nl": "Klantnummer|Voornaam|Achternaam|E-mailadres|Telefoonnummer|Geboortedatum|Nationaliteit|Klanttype",
    "pl": "Numer klienta|Imię|Nazwisko|Adres e-mail|Numer telefonu|Data urodzenia|Obywatelstwo|Typ klienta",
    "lt": "Kliento numeris|Vardas|Pavardė|El. paštas|Telefono nr.|Gimimo data|Pilietybė|Kategorija",
    "lv": "Klienta numurs|Vārds|Uzvārds|E-pasts|Tālrunis|Dzimšanas datums|Pilsonība|Kategorija",
    "et": "Kliendi number|Eesnimi|Perekonnanimi|E-post|Telefon|Sünniaeg|Kodakondsus|Kategooria",
    "sv": "Kundnummer|Förnamn|Efternamn|E-postadress|Mobilnummer|Födelsedatum|Medborgarskap|Kundtyp",
}


def partner() -> pl.DataFrame:
    """Read the partner's file as its dialect says."""
    lines = PARTNER.read_bytes().decode("cp1252").split("\r\n", 2)[2]
    header, *records = csv.reader(io.StringIO(lines, newline=""), delimiter=";")
    return pl.DataFrame(records, schema=header, orient="row")


def people(count: int = 40, /, **columns: Sequence[str]) -> pl.DataFrame:
    """Make a file of invented people; a column that is given has its values repeated, or none for no such column."""
    draw = random.Random(7)
    table: dict[str, Sequence[str]] = {
        "external_id": [f"C-{number}" for number in range(count)],
        "first_name": [draw.choice(("Jonas", "Rūta", "Zoë", "O")) for _ in range(count)],
        "last_name": [draw.choice(("Weiß", "O'Neill", "Šimkus", "Ng")) for _ in range(count)],
        "email": [f"c{number}@example.com" for number in range(count)],
        "phone": [f"+3706123{1000 + number}" for number in range(count)],
        "date_of_birth": [f"19{60 + number % 40}-03-{number % 28 + 1:02d}" for number in range(count)],
        "nationality": ["LT"] * count,
        "category": ["INDIVIDUAL_STANDARD"] * count,
    }
    for name, cells in columns.items():
        table.pop(name, None)
        if cells:
            table[name] = [cells[number % len(cells)] for number in range(count)]
    return pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))


def parsed(proposal: Proposal) -> Profile:
    """Load the profile that is written down."""
    return Profile.model_validate(tomllib.loads(render(proposal)))


def opened(proposal: Proposal, place: str) -> Open:
    """Return the one line that is left open there."""
    (found,) = [one for one in proposal.open if f"{one.section}.{one.key}" == place]
    return found


def leaves(tree: Mapping[str, object], place: str = "") -> dict[str, object]:
    """Flatten a profile to its fields."""
    found: dict[str, object] = {}
    for key, value in tree.items():
        found |= leaves(value, f"{place}{key}.") if isinstance(value, dict) else {f"{place}{key}": value}
    return found


# The partner's file -----------------------------------------------------------------------------------------------


def test_the_script_makes_the_partners_file_that_is_here(tmp_path: Path) -> None:
    """Running it again changes nothing."""
    make_partner.main(tmp_path)
    assert (tmp_path / PARTNER.name).read_bytes() == PARTNER.read_bytes()


def test_the_partners_file_is_what_partners_send() -> None:
    """It has what makes such files hard: code page, preamble, CRLF, quotes, its own words and no country codes."""
    text = PARTNER.read_bytes().decode("cp1252")
    assert not PARTNER.read_bytes().decode("cp1257", "replace").isascii()
    assert text.count("\r\n") == text.count("\n") == make_partner.ROWS + 3
    frame = partner()
    assert frame.height == make_partner.ROWS
    assert any(";" in cell and '"' in "".join(frame["Bemerkung"]) for cell in frame["Bemerkung"])
    assert "k.A." in "".join(frame["Geschlecht"])
    assert set(frame["Geschlecht"]) == {"m", "w", "d", "k.A."}
    assert {"DE", "Deutschland", "Türkei"} <= set(frame["Staatsangehörigkeit"])


def test_under_its_profile_all_but_the_planted_faults_are_accepted() -> None:
    """57 rows are customers with consents and documents, and each of the three faults is found."""
    found = survey([PARTNER], batch_rows=25, reading=Reading(profile=load_profile(PROFILE)))
    judged = [row for batch in judge_rows(found, rules(), batch_rows=25) for row in batch]
    assert told(judged) == [(number, *fault[1:3]) for number, fault in make_partner.FAULTS.items()]
    customers = [row.customer for row in judged if row.customer]
    assert len(customers) == make_partner.ROWS - len(make_partner.FAULTS)
    assert {customer.gender for customer in customers} == {"MALE", "FEMALE", ""}
    assert {customer.document_type for customer in customers} == {"PASSPORT", "ID_CARD", "DRIVERS_LICENSE"}
    assert {"Germany", "Türkiye", "Austria"} <= {customer.nationality for customer in customers}
    assert all(customer.phone.startswith("+49") and customer.terms_accepted_at for customer in customers)


@pytest.mark.parametrize("categories", [(), ("INDIVIDUAL_STANDARD", "Individual Standard", "Individual Plus")])
def test_the_partners_profile_is_proposed_but_for_two_fields(categories: tuple[str, ...], tmp_path: Path) -> None:
    """What differs from the profile that was checked by hand is what no file can tell, and is marked as open."""
    proposal = propose(partner(), dialect=DIALECT, categories=categories)
    path = tmp_path / "proposed.toml"
    path.write_text(render(proposal, name="partner_de"), encoding="utf-8")
    proposed = leaves(load_profile(path).model_dump())
    checked = leaves(load_profile(PROFILE).model_dump())
    differing = {key for key in proposed | checked if proposed.get(key) != checked.get(key)}
    assert differing == {"values.gender.d", "formats.time_zone"}
    assert proposal.left_open == ("values.gender", "formats.time_zone")
    assert path.read_text(encoding="utf-8").count("# OPEN:") == len(proposal.open) == 2
    assert proposal.rest == ("Filiale", "Bemerkung")


def test_a_rendered_proposal_holds_no_value_of_a_person() -> None:
    """Names, addresses, numbers, dates and remarks of the file stand nowhere in it."""
    text = render(propose(partner(), dialect=DIALECT))
    personal = partner().drop("Staatsangehörigkeit", "Geschlecht", "Ausweisart", "Produkt")
    versions = [name for name in personal.columns if name.endswith("Version")]
    cells = {cell for column in personal.drop(versions) for cell in column if len(cell) > 2} - {"k.A."}
    # Words such as Karl or Wien may be parts of other words; as values they would stand alone.
    assert [cell for cell in cells if f'"{cell}"' in text or f" {cell}" in text] == []


# Files of others --------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the public test data are not here")
def test_febrl_is_understood() -> None:
    """Leading spaces in names, a compact date that the sample proves, and nothing for what the file lacks."""
    proposal = propose(pl.read_csv(CORPORA / "febrl-dataset1.csv", infer_schema=False), dialect=NOTHING)
    assert {choice.column: choice.origin.strip() for choice in proposal.choices} == {
        "external_id": "rec_id",
        "first_name": "given_name",
        "last_name": "surname",
        "date_of_birth": "date_of_birth",
        "pincode": "postcode",
    }
    assert parsed(proposal).formats == Formats(date_of_birth="YYYYMMDD")
    assert proposal.left_open == ("columns.email", "columns.phone", "columns.nationality", "columns.category")


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the public test data are not here")
def test_mockaroo_is_understood() -> None:
    """A country is asked about, not taken for a nationality; card numbers, salaries and IP addresses are no phones."""
    frame = pl.read_parquet(CORPORA / "userdata1.parquet").cast(pl.String)
    proposal = propose(frame, dialect=NOTHING)
    profile = parsed(proposal)
    assert profile.columns == {
        "external_id": "id",
        "first_name": "first_name",
        "last_name": "last_name",
        "email": "email",
        "date_of_birth": "birthdate",
        "gender": "gender",
    }
    assert profile.formats == Formats(date_of_birth="M/D/YYYY")
    assert profile.values == {}
    assert opened(proposal, "columns.nationality").candidates == ("country",)
    assert opened(proposal, "columns.phone").candidates == ()
    text = render(proposal)
    assert not any(card in text for card in frame["cc"] if card)


# Columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", HEADERS)
def test_headers_are_known_in_twelve_languages(language: str) -> None:
    """The required columns are found by name alone, and the language with them."""
    names = HEADERS[language].split("|")
    proposal = propose(pl.DataFrame({name: [""] for name in names}), dialect=NOTHING)
    assert {choice.origin: choice.column for choice in proposal.choices} == dict(
        zip(names, REQUIRED_COLUMNS, strict=True)
    )
    assert {choice.reason for choice in proposal.choices} == {"name"}
    assert language in header_names.languages(names)


@pytest.mark.parametrize(
    ("header", "column", "at_least", "at_most"),
    [
        ("EMAIL_ADDRESS", "email", 1, 1),
        ("customerEmail", "email", 0.9, 0.99),
        ("Geburtsdtaum", "date_of_birth", 0.7, 0.9),
        ("Kundentelefon", "phone", 0.7, 0.9),
        ("Filialtelefon", "phone", 0, 0.4),
        ("Emergency contact phone number", "phone", 0, 0.4),
        ("Country", "nationality", 0.5, 0.5),
        ("ip_address", "email", 0, 0),
        ("Mother's maiden name", "last_name", 0, 0.4),
        ("Bemerkung", "category", 0, 0),
    ],
)
def test_a_name_is_worth_what_it_says(header: str, column: str, at_least: float, at_most: float) -> None:
    """Exact names are sure, slips and compounds nearly so, and what belongs to somebody else is not."""
    assert at_least <= header_names.matches(header).get(column, 0) <= at_most


def test_canonical_names_and_usual_spellings_tell_a_header() -> None:
    """Whoever looks for the header line finds the names as people write them."""
    assert set(CANONICAL_COLUMNS) <= header_names.spellings()
    assert {"Kundennummer", "Vorname", "Prénom", "Data urodzenia", "AGB Version"} <= header_names.spellings()


def test_a_column_is_taken_once() -> None:
    """Even where several canonical columns could use it, and whatever the file is."""
    proposal = propose(partner(), dialect=DIALECT)
    origins = [choice.origin for choice in proposal.choices]
    assert len(set(origins)) == len(origins)


def test_content_tells_columns_whose_names_say_nothing() -> None:
    """E-mail addresses, phones and genders are known by their looks; ids and birth dates are only asked about."""
    frame = people(gender=("Frau", "Herr")).rename(
        {"email": "f4", "phone": "f5", "date_of_birth": "f6", "gender": "f9", "external_id": "f1"}
    )
    proposal = propose(frame, dialect=NOTHING)
    assert {c.column: c.origin for c in proposal.choices if c.reason == "content"} == {
        "email": "f4",
        "phone": "f5",
        "gender": "f9",
    }
    assert opened(proposal, "columns.external_id").candidates[0] == "f1"
    assert opened(proposal, "columns.date_of_birth").candidates[0] == "f6"


def test_a_name_that_its_cells_contradict_is_not_believed() -> None:
    """A column called ``Telefon`` full of words is asked about at most."""
    proposal = propose(people(phone=(), Telefon=("ja", "nein")), dialect=NOTHING)
    assert proposal.origin("phone") == ""
    assert opened(proposal, "columns.phone").section == "columns"


def test_two_columns_that_are_as_good_as_each_other_are_left_open() -> None:
    """Which of two phones the bank gets is not for us to say."""
    phones = [f"+3706123{number}" for number in range(1000, 1040)]
    proposal = propose(people(phone=(), Telefon=phones, Mobil=phones), dialect=NOTHING)
    assert opened(proposal, "columns.phone").candidates == ("Telefon", "Mobil")
    assert "phone" not in parsed(proposal).columns


def test_what_belongs_to_somebody_else_is_no_rival() -> None:
    """Second addresses and those of a branch are as good by their looks, and are asked about at most."""
    others = [f"b{number}@example.com" for number in range(40)]
    proposal = propose(people(secondary_email=others), dialect=NOTHING)
    assert proposal.origin("email") == "email"
    alone = propose(people(email=(), **{"E-Mail der Filiale": others}), dialect=NOTHING)
    assert opened(alone, "columns.email").candidates == ("E-Mail der Filiale",)


def test_name_beside_vorname_is_the_last_name() -> None:
    """And alone it is no last name."""
    proposal = propose(people(first_name=(), last_name=(), Vorname=("Ana",), Name=("Weiß",)), dialect=NOTHING)
    assert proposal.origin("last_name") == "Name"
    alone = propose(people(first_name=(), last_name=(), Name=("Weiß",)), dialect=NOTHING)
    assert alone.origin("last_name") == ""


@pytest.mark.parametrize(
    ("name", "cells", "order"),
    [
        ("Name", ("Weiß, Ana", "Ng, Jo Ann"), "last, first"),
        ("Vor- und Nachname", ("Ana Weiß", "Jo Ann Ng"), "first last"),
        ("Nom et prénom", ("Weiß Ana", "Ng Jo"), "last first"),
        ("Full name", ("Ana Weiß", "Jo Ann Ng"), None),
        ("Nombre", ("Ana Núñez", "Juan Peña"), None),
    ],
)
def test_a_full_name_is_split_where_its_order_is_known(name: str, cells: tuple[str, ...], order: str | None) -> None:
    """By a comma or by what the column is called; otherwise both lines are open."""
    proposal = propose(people(first_name=(), last_name=(), **{name: cells}), dialect=NOTHING)
    split = parsed(proposal).split
    assert (split and (split.column, split.order)) == (order and (name, order))
    assert not any(one.key in ("first_name", "last_name") for one in proposal.open)
    if not order:
        assert opened(proposal, "split.column").candidates == (name,)
        assert set(opened(proposal, "split.order").candidates) >= {"first last", "last first"}


def test_required_columns_that_are_not_found_are_written_as_open() -> None:
    """The line only needs its ``#`` removed and a name."""
    text = render(propose(people(external_id=(), category=()), dialect=NOTHING))
    assert '# external_id = "?"  # OPEN: ' in text
    assert '# category = "?"  # OPEN: ' in text


def test_a_file_without_a_header_shows_none_of_its_first_row() -> None:
    """What should be names are values of a person: nothing is mapped and nothing shown."""
    first_row = ["C-1", "Ana", "Weiß", "ana.weiss@example.com", "+37061231001", "03.10.1990", "LT"]
    proposal = propose(pl.DataFrame({cell: ["x"] for cell in first_row}), dialect=DIALECT)
    text = render(proposal)
    assert proposal.choices == ()
    assert [cell for cell in first_row if cell in text and len(cell) > 2] == []
    assert "no header" in text
    assert parsed(proposal).source.delimiter == ";"


# Formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (("03.10.1990", "31.12.1980"), ("DD.MM.YYYY",)),
        (("03.10.1990", "31.12.1980", "31.02.1980"), ("DD.MM.YYYY",)),
        (("03.10.1990", "04.05.1980"), ("DD.MM.YYYY", "MM.DD.YYYY")),
        (("3/8/1971", "11/16/1968"), ("M/D/YYYY",)),
        (("3.10.1990", "31.12.1980"), ("D.MM.YYYY",)),
        (("19081209", "19990219"), ("YYYYMMDD",)),
        (("1990-01-02", "1990-03-04"), ("YYYY-MM-DD",)),
        (("1990/01/02", "1990/03/04"), ("YYYY/MM/DD", "YYYY/DD/MM")),
        (("3 Oct 1990", "12 Jan 1991"), ("D MMM YYYY",)),
        (("Oct 3, 1990", "Jan 12, 1991"), ("MMM D, YYYY",)),
        (("14.03.2025 10:15:00", "01.02.2025 08:00:00"), ("DD.MM.YYYY hh:mm:ss",)),
        (("31.10.90", "30.12.80"), ("DD.MM.YY",)),
        (("1990-01-25 00:00:00.000", "1985-02-28 00:00:00.000"), ("YYYY-MM-DD hh:mm:ss.fff",)),
        (("1990-01-05T00:00:00.000Z", "1985-02-28T00:00:00.000Z"), ("YYYY-MM-DDThh:mm:ss.fffZ",)),
        (("1990-01-05T00:00:00+02:00", "1985-02-28T00:00:00Z"), ("YYYY-MM-DDThh:mm:ssZ",)),
        (("1/25/1990 12:00:00 AM", "12/5/1985 12:00:00 AM"), ("M/D/YYYY hh:mm:ss AM",)),
        (("1/25/1990 12:00 a.m.", "12/5/1985 12:00 a.m."), ("M/D/YYYY hh:mm AM",)),
        (("25.01.1990 0:00", "28.02.1985 0:00"), ("DD.MM.YYYY h:mm",)),
        (("14.03.2025 9:15", "01.02.2025 10:00"), ("DD.MM.YYYY h:mm",)),
    ],
)
def test_a_date_format_is_what_the_dates_prove(cells: tuple[str, ...], formats: tuple[str, ...]) -> None:
    """A day after the 12th decides; without one both orders stay."""
    written = dates.written(cells)
    assert written is not None
    assert written.formats == formats
    for text in formats:
        Formats(date_of_birth=text, pivot_year=20)


def test_a_slip_does_not_make_an_order_doubtful_but_a_mixture_does() -> None:
    """One date of the other order among hundreds is a fault of its row; a third of them is another way of writing."""
    days = [f"{day:02d}/05/1980" for day in range(13, 29)] * 10
    slip = dates.written([*days, "05/20/1980"])
    assert slip is not None
    assert slip.formats == ("DD/MM/YYYY",)
    mixed = dates.written([*days, *(f"05/{day}/1980" for day in range(13, 29))] * 2)
    assert mixed is not None
    assert set(mixed.formats) == {"DD/MM/YYYY", "MM/DD/YYYY"}


@pytest.mark.parametrize("cells", [("abc",), ("12345678",), ("0711 123456",), ("99.99.9999",), ("192.168.1.1",)])
def test_what_is_no_date_is_none(cells: tuple[str, ...]) -> None:
    """Ids, phones and addresses have other looks, or no day in the calendar."""
    assert dates.written(cells) is None


def test_an_order_without_proof_is_left_open_with_both_candidates() -> None:
    """The profile keeps its default, so that a forgotten answer rejects rows and turns no date."""
    proposal = propose(people(date_of_birth=("03.10.1990", "04.05.1980")), dialect=NOTHING)
    assert opened(proposal, "formats.date_of_birth").candidates == ("DD.MM.YYYY", "MM.DD.YYYY")
    assert parsed(proposal).formats == Formats()
    assert '# date_of_birth = "DD.MM.YYYY"  # OPEN: or "MM.DD.YYYY"; ' in render(proposal)


def test_the_century_of_two_digit_years_is_left_open() -> None:
    """Nothing in a file proves a pivot; the format waits with it, as a profile needs both."""
    proposal = propose(people(date_of_birth=("31.10.90", "30.12.80")), dialect=NOTHING)
    assert opened(proposal, "formats.date_of_birth").candidates == ("DD.MM.YY",)
    assert opened(proposal, "formats.pivot_year").candidates == ()
    assert parsed(proposal).formats == Formats()


@pytest.mark.parametrize(
    ("cells", "left_open", "accepted_at"),
    [
        (("2025-03-14T10:15:00Z", "2025-03-14 10:15+02:00"), False, ""),
        (("2025-03-14T10:15:00", "2025-03-14 10:15:00"), True, ""),
        (("14.03.2025 10:15", "01.02.2025 08:00"), True, "DD.MM.YYYY hh:mm"),
        (("14.03.2025 10:15 +01:00", "01.02.2025 08:00 Z"), False, "DD.MM.YYYY hh:mm Z"),
    ],
)
def test_a_time_zone_is_never_guessed(cells: tuple[str, ...], accepted_at: str, *, left_open: bool) -> None:
    """Instants that state one need nothing; for others the line is open."""
    proposal = propose(people(terms_accepted_at=cells), dialect=NOTHING)
    assert ("formats.time_zone" in proposal.left_open) == left_open
    assert parsed(proposal).formats.accepted_at == accepted_at


MOBILES = [f"0151 2345{number}" for number in range(1000, 1030)]
STUTTGART = [f"0711 2345{number}" for number in range(100, 110)]


def test_a_phone_region_is_proposed_when_only_one_explains_the_numbers() -> None:
    """German mobiles are Viennese fixed lines as well; numbers of Stuttgart are not."""
    both = regions.of([*MOBILES, *STUTTGART], nationalities=["DE", "AT"], emails=[], languages=["de"])
    assert both.proved
    assert both.valid[0][0] == "DE"
    mobiles = regions.of(MOBILES, nationalities=["DE"], emails=["a@example.at"], languages=[])
    assert [region for region, _ in mobiles.valid] == ["DE", "AT"]
    assert not mobiles.proved
    assert not regions.of(MOBILES, nationalities=[], emails=[], languages=[]).proved


def test_regions_with_one_calling_code_are_no_rivals() -> None:
    """A number of +1 is the same number in both; and nobody in Britain writes one without its zero."""
    numbers = [f"(201) 555-0{number}" for number in range(100, 140)]
    found = regions.of(numbers, nationalities=["US", "CA"], emails=[], languages=["en"])
    assert found.proved
    assert [region for region, _ in found.valid] == ["US"]


def test_zeros_that_a_spreadsheet_took_are_forgiven() -> None:
    """The region is still told by what is left of the numbers."""
    stripped = [number.replace(" ", "")[1:] for number in [*MOBILES, *STUTTGART]]
    found = regions.of(stripped, nationalities=["DE", "FR"], emails=[], languages=[])
    assert found.valid[0] == ("DE", 1.0)


def test_a_phone_region_without_proof_is_left_open_with_its_candidates() -> None:
    """It stands in the text with the shares, and not in the profile."""
    proposal = propose(people(phone=MOBILES, nationality=("DE", "AT")), dialect=NOTHING)
    assert set(opened(proposal, "formats.phone_region").candidates) >= {"DE", "AT"}
    assert parsed(proposal).formats.phone_region == ""
    assert "phone_region" not in render(propose(people(), dialect=NOTHING))


# Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "languages", "read"),
    [
        ("mw", (), {"m": "MALE", "w": "FEMALE"}),
        ("MF", (), {"M": "MALE", "F": "FEMALE"}),
        ("hf", (), {"h": "MALE", "f": "FEMALE"}),
        ("hm", (), {"h": "MALE", "m": "FEMALE"}),
        ("mv", (), {}),
        ("mv", ("nl",), {"m": "MALE", "v": "FEMALE"}),
        ("mv", ("lt",), {"v": "MALE", "m": "FEMALE"}),
        ("m", (), {}),
        ("m", ("de",), {"m": "MALE"}),
        ("mwd", ("de",), {"m": "MALE", "w": "FEMALE"}),
        ("mk", (), {"m": "MALE", "k": "FEMALE"}),
        ("12", (), {}),
    ],
)
def test_letters_of_genders_are_read_as_a_pair(letters: str, languages: tuple[str, ...], read: dict[str, str]) -> None:
    """Where two languages read a letter differently, the header's language decides, or nobody."""
    assert vocabulary.genders(letters, languages) == read


def test_words_become_values_where_the_vocabulary_knows_them() -> None:
    """Words that are ours already need no line; unknown ones are counted and not shown."""
    frame = people(
        gender=("weiblich", "male", "Herr"),
        document_type=("Reisepass", "ID_CARD", "permis de conduire", "Bibliotheksausweis Nr 7"),
        nationality=("Vokietija", "deutsch", "LT", "Poland", "Utopia"),
        risk_level=("niedrig", "HIGH"),
    )
    proposal = propose(frame, dialect=NOTHING)
    assert parsed(proposal).values == {
        "gender": {"weiblich": "FEMALE", "Herr": "MALE"},
        "document_type": {"Reisepass": "PASSPORT", "permis de conduire": "DRIVERS_LICENSE"},
        "nationality": {"Vokietija": "DE", "deutsch": "DE"},
        "risk_level": {"niedrig": "LOW"},
    }
    assert opened(proposal, "values.document_type.?").examples == ("Aaaaaaaaaaaaaaaaaa Aa 9",)
    assert opened(proposal, "values.nationality.?").examples == ("Aaaaaa",)
    assert "Utopia" not in render(proposal)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("deutsch", "DE"),
        ("Oesterreich", "AT"),
        ("Türkei", "TR"),
        ("tuerkisch", "TR"),
        ("Allemagne", "DE"),
        ("Saksamaa", "DE"),
        ("Lietuva", "LT"),
        ("USA", "US"),
        ("NA", "NA"),
        ("Niger", "NE"),
        ("Korea", None),
        ("Congo (which)", None),
        ("LT7", None),
        ('"Bonaire', None),
        ("Utopia", None),
    ],
)
def test_a_country_is_one_country_or_none(word: str, code: str | None) -> None:
    """Names of any of the languages and codes; what two countries share is nobody's."""
    assert nations.code(word) == code


def test_categories_are_mapped_where_they_differ_only_in_writing() -> None:
    """A word of the partner's own is open, as it stands when several rows have it; rare ones are not shown."""
    cells = ["individual-standard", "Individual Plus", "Goldkonto", "individual-standard"] * 10
    cells[2] = "Anas Konto"
    proposal = propose(people(category=cells), dialect=NOTHING, categories=("INDIVIDUAL_STANDARD", "Individual Plus"))
    assert parsed(proposal).values == {"category": {"individual-standard": "INDIVIDUAL_STANDARD"}}
    assert opened(proposal, "values.category.Goldkonto").remark == "9 rows"
    assert "Anas" not in render(proposal)


def test_null_words_are_counted_and_namibia_is_no_null_word() -> None:
    """``NA`` is only asked about, and not at all where it stands for the nationality alone."""
    frame = people(
        gender=("m", "w", "n/a"),
        pincode=("08014", "NULL", "null"),
        nationality=("NA", "LT"),
        place_of_birth=("NA", "Bo"),
    )
    proposal = propose(frame, dialect=NOTHING)
    assert {null.word: null.count for null in proposal.nulls} == {"n/a": 13, "NULL": 26}
    assert set(parsed(proposal).nulls) == {"n/a", "NULL"}
    assert opened(proposal, ".nulls").candidates == ("NA",)
    assert "nulls" not in render(propose(people(nationality=("NA", "LT")), dialect=NOTHING))


def test_a_null_word_among_names_only_may_be_a_name() -> None:
    """Nil and Null are people; a dash is not."""
    proposal = propose(people(first_name=("Ana", "Nil"), last_name=("Weiß", "-")), dialect=NOTHING)
    assert parsed(proposal).nulls == ("-",)
    assert opened(proposal, ".nulls").candidates == ("Nil",)


# The text ---------------------------------------------------------------------------------------------------------


def test_masks_keep_punctuation_only() -> None:
    """Letters of any script and digits of any script go; an address keeps only that it is one."""
    assert evidence.mask("O'Neill-Šimkus 7") == "A'Aaaaa-Aaaaaa 9"
    assert evidence.mask("李 ٣\n") == "a 9 "
    assert evidence.mask("ana.weiss@example.com") == "a@a.aaa"


def test_a_dialect_that_is_not_sure_is_left_open() -> None:
    """What is sure is stated, so that the next file of the partner is read alike."""
    dialect = Detected(encoding="cp1252", delimiter="\t", quote="", skip_lines=0, sure={"encoding": 0.5})
    proposal = propose(people(), dialect=dialect)
    source = parsed(proposal).source
    assert (source.encoding, source.delimiter, source.quote, source.skip_lines) == ("", "\t", "", 0)
    assert opened(proposal, "source.encoding").candidates == ("cp1252",)


def test_only_the_first_thousand_rows_count() -> None:
    """A sample is a sample, however much is handed over."""
    frame = people(1001, date_of_birth=["03.10.1990"] * 1000 + ["31.10.1990"])
    proposal = propose(frame, dialect=NOTHING)
    assert proposal.rows == 1000
    assert "formats.date_of_birth" in proposal.left_open


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.one_of(st.text(max_size=12), st.sampled_from(["Name", "Geschlecht", "Land", "nulls", 'a"b', "Produkt"])),
        st.lists(st.one_of(st.text(max_size=12), st.sampled_from(["NA", "-", "m", 'k"', "Ñ", "1.2.90"])), max_size=3),
        max_size=5,
    )
)
def test_whatever_the_file_holds_the_text_loads_as_a_profile(table: dict[str, list[str]]) -> None:
    """No name and no cell breaks out of its line."""
    columns = {name: [*cells, "", "", ""][:3] for name, cells in table.items()}
    proposal = propose(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), dialect=NOTHING)
    profile = parsed(proposal)
    assert profile.columns == {choice.column: choice.origin for choice in proposal.choices}
    assert len(profile.nulls) == len(proposal.nulls)


@pytest.mark.parametrize("clock", [" 00:00:00.000", "T00:00:00.000Z", "T00:00:00+02:00", " 0:00", " 12:00:00 AM"])
def test_birth_dates_with_a_midnight_are_read_by_the_proposed_profile(tmp_path: Path, clock: str) -> None:
    """What is proposed for them reads them, every one."""
    table = [a_row(n, date_of_birth=f"19{50 + n}-01-{13 + n}{clock}") for n in range(1, 12)]
    path = write(tmp_path / "book.csv", table)
    frame, detected = preview(path, path.name, Source())
    by = parsed(propose(frame, dialect=detected))
    found = survey([path], batch_rows=100, reading=Reading(profile=by))
    read = [row for batch in judge_rows(found, rules(), batch_rows=100) for row in batch]
    assert told(read) == []
    assert [row.customer and row.customer.date_of_birth for row in read] == [
        f"19{50 + n}-01-{13 + n}" for n in range(1, 12)
    ]


def test_names_of_which_none_is_known_are_not_shown() -> None:
    """They may be persons of a file without a header."""
    text = render(
        propose(pl.DataFrame({"Zzerika": ["Zzmax"], "Zzmuster": ["Zzmann"], "Berlin": ["Bonn"]}), dialect=DIALECT)
    )
    assert "Zz" not in text
    assert "Berlin" not in text
    assert "None of the file's 3 columns is recognised" in " ".join(text.replace("#", "").split())
