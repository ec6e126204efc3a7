from finhub_onboard.intake.proposing.propose import propose, render
from tests.intake.proposing.support import NOTHING, opened, parsed, people


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


def test_categories_are_mapped_where_they_differ_only_in_writing() -> None:
    """A word of the partner's own is open, as it stands when several rows have it; rare ones are not shown."""
    cells = ["individual-standard", "Individual Plus", "Goldkonto", "individual-standard"] * 10
    cells[2] = "Anas Konto"
    proposal = propose(people(category=cells), dialect=NOTHING, categories=("INDIVIDUAL_STANDARD", "Individual Plus"))
    assert parsed(proposal).values == {"category": {"individual-standard": "INDIVIDUAL_STANDARD"}}
    assert opened(proposal, "values.category.Goldkonto").remark == "9 rows"
    assert "Anas" not in render(proposal)
