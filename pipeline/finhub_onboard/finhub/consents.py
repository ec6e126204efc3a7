"""The three consents of the contract, as the path, the activation check and the row name them (API.md, section 6)."""

from enum import StrEnum


class Consent(StrEnum):
    """A consent; the value is the last part of its path, used in steps and in the ledger."""

    TERMS = "terms"
    PRIVACY = "privacy"
    DATA_PROCESSING = "data-processing"

    @property
    def in_check(self) -> str:
        """How the activation check names it."""
        return _IN_CHECK[self]

    @property
    def version_column(self) -> str:
        """The column with the accepted version; the setting has the same name."""
        return f"{self.replace('-', '_')}_version"

    @property
    def accepted_at_column(self) -> str:
        """The column of a row that proves the consent."""
        return f"{self.replace('-', '_')}_accepted_at"


_IN_CHECK = {
    Consent.TERMS: "TERMS_AND_CONDITIONS",
    Consent.PRIVACY: "PRIVACY_POLICY",
    Consent.DATA_PROCESSING: "DATA_PROCESSING",
}
