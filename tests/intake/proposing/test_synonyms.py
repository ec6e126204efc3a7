import pytest

from finhub_onboard.intake.proposing.synonyms import CONSENT_PARTS, CONSENT_TOPICS, FULL_NAME, SYNONYMS
from finhub_onboard.model.columns import CANONICAL_COLUMNS, CONSENTS

LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "lt", "lv", "et", "sv"}


@pytest.mark.parametrize("table", [SYNONYMS, CONSENT_TOPICS, CONSENT_PARTS])
def test_every_table_speaks_every_language(table: dict[str, str]) -> None:
    """Each entry has names in all twelve, none of them empty."""
    for names in table.values():
        spoken = [part.partition(":") for part in names.split(";")]
        assert {language.strip() for language, _, _ in spoken} == LANGUAGES
        assert all(name.strip() for _, _, row in spoken for name in row.split("|"))


def test_the_columns_are_ours() -> None:
    """Besides full names; the columns of consents are made of topics and parts."""
    consents = {f"{topic}_{part}" for topic in CONSENT_TOPICS for part in CONSENT_PARTS}
    assert set(CONSENT_TOPICS) == set(CONSENTS)
    assert {*SYNONYMS, *consents} - {FULL_NAME} == set(CANONICAL_COLUMNS)
