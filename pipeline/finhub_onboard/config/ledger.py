"""The table ``[ledger]``: where the ledger lies."""

from collections.abc import Collection
from pathlib import Path
from typing import Self

from pydantic import field_validator

from finhub_onboard.config.section import Section, from_folder

_SQLITE = "sqlite:///"


class LedgerSettings(Section):
    """Where the ledger lies."""

    url: str = "sqlite:///onboard-ledger.db"

    @field_validator("url")
    @classmethod
    def _sqlite(cls, value: str) -> str:
        if not value.startswith(_SQLITE) or len(value) == len(_SQLITE):
            raise ValueError('must look like "sqlite:///path/to/ledger.db"')
        return value

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(self.url.removeprefix(_SQLITE))

    def at(self, path: Path) -> Self:
        """The same, with the database file ``path``."""
        return self.model_copy(update={"url": f"{_SQLITE}{path}"})

    def anchored(self, folder: Path, names: Collection[str]) -> Self:
        """The address holds a path."""
        return self.at(from_folder(folder, self.path)) if "url" in names else self
