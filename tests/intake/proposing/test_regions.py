from finhub_onboard.intake.proposing import regions
from finhub_onboard.intake.proposing.propose import propose, render
from tests.intake.proposing.support import NOTHING, opened, parsed, people

MOBILES = [f"0151 2345{number}" for number in range(1000, 1030)]


STUTTGART = [f"0711 2345{number}" for number in range(100, 110)]


def test_a_phone_region_is_proposed_when_only_one_explains_the_numbers() -> None:
    """German mobiles are Viennese fixed lines as well; numbers of Stuttgart are not."""
    both = regions.find_region([*MOBILES, *STUTTGART], nationalities=["DE", "AT"], emails=[], languages=["de"])
    assert both.proved
    assert both.valid[0][0] == "DE"
    mobiles = regions.find_region(MOBILES, nationalities=["DE"], emails=["a@example.at"], languages=[])
    assert [region for region, _ in mobiles.valid] == ["DE", "AT"]
    assert not mobiles.proved
    assert not regions.find_region(MOBILES, nationalities=[], emails=[], languages=[]).proved


def test_regions_with_one_calling_code_are_no_rivals() -> None:
    """A number of +1 is the same number in both; and nobody in Britain writes one without its zero."""
    numbers = [f"(201) 555-0{number}" for number in range(100, 140)]
    found = regions.find_region(numbers, nationalities=["US", "CA"], emails=[], languages=["en"])
    assert found.proved
    assert [region for region, _ in found.valid] == ["US"]


def test_zeros_that_a_spreadsheet_took_are_forgiven() -> None:
    """The region is still told by what is left of the numbers."""
    stripped = [number.replace(" ", "")[1:] for number in [*MOBILES, *STUTTGART]]
    found = regions.find_region(stripped, nationalities=["DE", "FR"], emails=[], languages=[])
    assert found.valid[0] == ("DE", 1.0)


def test_a_phone_region_without_proof_is_left_open_with_its_candidates() -> None:
    """It stands in the text with the shares, and not in the profile."""
    proposal = propose(people(phone=MOBILES, nationality=("DE", "AT")), dialect=NOTHING)
    assert set(opened(proposal, "formats.phone_region").candidates) >= {"DE", "AT"}
    assert parsed(proposal).formats.phone_region == ""
    assert "phone_region" not in render(propose(people(), dialect=NOTHING))
