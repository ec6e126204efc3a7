"""The three consents: each has columns in the row, a setting, and a name in the activation check."""

import pytest

from finhub_onboard.config.settings import Settings
from finhub_onboard.finhub.consents import Consent
from finhub_onboard.model.columns import CANONICAL_COLUMNS, CONSENTS


def test_there_are_as_many_consents_as_the_row_has() -> None:
    """In the same order."""
    assert [consent.accepted_at_column for consent in Consent] == [f"{name}_accepted_at" for name in CONSENTS]


@pytest.mark.parametrize("consent", Consent)
def test_a_consent_has_its_columns_and_its_setting(consent: Consent) -> None:
    """The version that the row lacks comes from the setting of the same name."""
    assert {consent.version_column, consent.accepted_at_column} <= set(CANONICAL_COLUMNS)
    assert consent.version_column in Settings.model_fields["consents"].annotation.model_fields  # type: ignore[union-attr]


def test_the_activation_check_has_other_names() -> None:
    """API.md, section 6."""
    assert [consent.in_check for consent in Consent] == ["TERMS_AND_CONDITIONS", "PRIVACY_POLICY", "DATA_PROCESSING"]
