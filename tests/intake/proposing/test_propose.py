from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from finhub_onboard.config.loading import load_profile
from finhub_onboard.config.profile import Formats, Source
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.intake.proposing.preview import preview
from finhub_onboard.intake.proposing.propose import propose, render
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.second_pass import judge_rows
from tests import make_partner
from tests.intake.helpers import CORPORA, ROOT, a_row, rules, told, write
from tests.intake.proposing.support import DIALECT, NOTHING, PARTNER, opened, parsed, partner, people

PROFILE = ROOT / "configs" / "profiles" / "partner_de.toml"


def leaves(tree: Mapping[str, object], place: str = "") -> dict[str, object]:
    """Flatten a profile to its fields."""
    found: dict[str, object] = {}
    for key, value in tree.items():
        found |= leaves(value, f"{place}{key}.") if isinstance(value, dict) else {f"{place}{key}": value}
    return found


FOR_FILMS = ("+493023125", "+494066969", "+496990009", "+492214710", "+498999998", "+4917604069", "+4917139200")
"""Numbers that the Bundesnetzagentur keeps free for films."""


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
    assert all(customer.phone.startswith(FOR_FILMS) and customer.terms_accepted_at for customer in customers)


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
        "region": "state",
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


def test_only_the_first_thousand_rows_count() -> None:
    """A sample is a sample, however much is handed over."""
    frame = people(1001, date_of_birth=["03.10.1990"] * 1000 + ["31.10.1990"])
    proposal = propose(frame, dialect=NOTHING)
    assert proposal.rows == 1000
    assert "formats.date_of_birth" in proposal.left_open


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
