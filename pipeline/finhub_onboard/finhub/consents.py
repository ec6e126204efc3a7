"""The three consents of the contract, as the path, the activation check and the row name them (API.md, section 6)."""

from enum import StrEnum
from typing import Self


class Consent(StrEnum):
    """A consent; the value is the last part of its path, used in steps and in the ledger."""

    TERMS = "terms", "TERMS_AND_CONDITIONS"
    PRIVACY = "privacy", "PRIVACY_POLICY"
    DATA_PROCESSING = "data-processing", "DATA_PROCESSING"

    in_check: str
    """How the activation check names it."""
    version_column: str
    """The column with the accepted version; the setting has the same name."""
    accepted_at_column: str
    """The column of a row that proves the consent."""

    def __new__(cls, path: str, in_check: str = "") -> Self:
        """Name it in all three places."""
        self = str.__new__(cls, path)
        self._value_, self.in_check = path, in_check
        self.version_column = f"{path.replace('-', '_')}_version"
        self.accepted_at_column = f"{path.replace('-', '_')}_accepted_at"
        return self
