"""A table of the configuration: what all of them have in common."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def is_address(path: Path) -> bool:
    """Whether a path is none, but an address such as ``s3://bucket/name``; one slash is lost in a path."""
    return _ADDRESS.match(str(path)) is not None


def from_folder(folder: Path, path: Path) -> Path:
    """``path`` seen from ``folder``, which is no link; written without the ``..`` that it begins with."""
    while path.parts[:1] == ("..",):
        folder, path = folder.parent, Path(*path.parts[1:])
    return folder / path


class Section(BaseModel):
    """A table of the configuration: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_flag(cls, value: Any, info: ValidationInfo) -> Any:
        """TOML's true is no number, though Python takes it for one."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError("must not be true or false")
        return value

    @field_validator("*")
    @classmethod
    def _local(cls, value: Any) -> Any:
        """Files are read from this machine only."""
        if isinstance(value, Path) and is_address(value):
            raise ValueError(f"is an address ({str(value).partition(':')[0]}://…), and no path on this machine")
        return value

    def anchored(self, folder: Path, names: Collection[str]) -> Self:
        """The same, with the relative paths among the settings ``names`` beginning at ``folder``."""
        values = {name: getattr(self, name) for name in names}
        paths = {name: from_folder(folder, value) for name, value in values.items() if isinstance(value, Path)}
        return self.model_copy(update=paths)


Value = TypeVar("Value")


class Table(dict[str, Value]):
    """A table of the configuration with keys of the user's own, frozen and hashable like a section."""

    def __hash__(self) -> int:  # type: ignore[override]
        """Tell equal tables alike, in whatever order they were written."""
        return hash(frozenset(self.items()))

    def __setitem__(self, key: str, value: Value) -> None:
        """Nobody changes a setting while a run goes on."""
        raise TypeError("settings are frozen")

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Value]]]:
        """A copy is made of a plain dict."""
        return type(self), (dict(self),)
