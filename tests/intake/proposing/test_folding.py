import pytest

from finhub_onboard.intake.proposing.folding import fold, fold_variants


@pytest.mark.parametrize(
    ("text", "expected"), [("E-Mail", "email"), ("Prénom ", "prenom"), ("GEBURTS_DATUM", "geburtsdatum")]
)
def test_only_letters_and_digits_are_left(text: str, expected: str) -> None:
    """Without case and marks."""
    assert fold(text) == expected
    assert fold(text) in fold_variants(text)


def test_an_umlaut_folds_both_ways() -> None:
    """``Straße`` and ``Strasse``, ``Müller`` and ``Mueller`` share a form."""
    for one, other in (("Straße", "Strasse"), ("Müller", "Mueller"), ("Müller", "Muller")):
        assert fold_variants(one) & fold_variants(other)
