"""The settings in force as plain text, for reports: every key with its value.

Promise: no secret; credentials are left out, and an address loses the password in it. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from finhub_onboard.config.settings import Settings

_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/@\s]*@")


def in_force(settings: Settings) -> dict[str, str]:
    """Return all settings but the credentials by their full names, as a configuration writes them."""
    return dict(_flat(settings.model_dump(mode="json", exclude={"credentials"}), ""))


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _USER_OF_ADDRESS.sub("", _text(value))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ", ".join(map(_text, value))
        case float() if value == int(value):
            return str(int(value))
        case _:
            return str(value)
