"""``onboard config show``: the settings in force, and where each value came from.

Promises: no secret is shown, only whether it is set. Sends nothing and opens no ledger.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finhub_onboard.config.credentials import variable
from finhub_onboard.config.loading import FILE, FLAG, Loaded, load_with_origins
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.texts import nearest

ENVIRONMENT, DEFAULT, PRACTICE = "environment", "default", "practice"
_SECRETS = "credentials"
_HIDDEN, _UNSET = "set (hidden)", "not set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting in force: ``origin`` is flag, environment, file, default or practice; ``given_by``: by what exactly."""

    key: str
    value: Any
    origin: str
    given_by: str = ""


def config_show(
    path: Path | None, flags: Mapping[str, Any], *, environ: Mapping[str, str] | None = None, only: str = ""
) -> list[Setting]:
    """List the settings in force; ``only``: a section or a single key.

    Raises :class:`ConfigurationError` for a configuration that a run would refuse, and for an unknown ``only``.
    """
    loaded = load_with_origins(path, flags=flags, environ=environ)
    every = list(_settings(loaded, str(path or "")))
    chosen = [each for each in every if only in ("", each.key, each.key.partition(".")[0])]
    if not chosen:
        names = [name for each in every for name in (each.key, each.key.partition(".")[0])]
        near = nearest(only, names, least=0.0)
        raise ConfigurationError(f"no setting is called {only}", hint=f"the nearest known name is {near}")
    return chosen


def as_json(settings: list[Setting]) -> str:
    """One JSON object for programs."""
    return json.dumps({"settings": [asdict(each) for each in settings]}, indent=2)


def as_rows(settings: list[Setting]) -> Iterator[tuple[str, str, str]]:
    """Yield key, value and origin, for people."""
    for each in settings:
        is_plain = each.value is None or each.key.startswith(_SECRETS)
        value = str(each.value or "none") if is_plain else json.dumps(each.value)
        yield each.key, value, f"{each.origin}{f': {each.given_by}' if each.given_by else ''}"


def _settings(loaded: Loaded, file: str) -> Iterator[Setting]:
    settings = loaded.settings
    tree = settings.model_dump(mode="json", by_alias=True, exclude={_SECRETS})
    for section in Settings.model_fields:
        if section == _SECRETS:
            yield from _secrets(loaded)
            continue
        for key, value in tree[section].items():
            origin, given_by = _origin(loaded, section, key, file)
            yield Setting(key=f"{section}.{key}", value=value, origin=origin, given_by=given_by)


def _origin(loaded: Loaded, section: str, key: str, file: str) -> tuple[str, str]:
    if (section, key) in loaded.settings.of_practice:
        return PRACTICE, ""
    match loaded.origins.get((section, key), ""):
        case "":
            return DEFAULT, ""
        case "file":
            return FILE, file
        case "flag":
            return FLAG, ""
        case name:
            return ENVIRONMENT, name


def _secrets(loaded: Loaded) -> Iterator[Setting]:
    secrets = loaded.settings.credentials
    for name in type(secrets).model_fields:
        origin, given_by = _origin(loaded, _SECRETS, name, "")
        value = _HIDDEN if secrets.reveal(name) else f"{_UNSET} ({variable(name)})"
        yield Setting(key=f"{_SECRETS}.{name}", value=value, origin=origin, given_by=given_by)
