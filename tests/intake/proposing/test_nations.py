import pytest

from finhub_onboard.intake.proposing import nations


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
