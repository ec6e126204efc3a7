import polars as pl
import pytest

from finhub_onboard.intake.proposing import header_names
from finhub_onboard.intake.proposing.propose import propose
from finhub_onboard.model.columns import CANONICAL_COLUMNS, REQUIRED_COLUMNS
from tests.intake.proposing.support import NOTHING

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
