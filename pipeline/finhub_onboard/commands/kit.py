"""``onboard init --kit``: files that let a scheduler run the nightly import, to be read, changed and kept.

Promises: no existing file is overwritten; what is written runs the installed command with the named configuration, and
treats each exit code as the README says. Knows no scheduler: what each needs stands in the templates.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from finhub_onboard import __version__
from finhub_onboard.errors import ConfigurationError

_TEMPLATE = ".tmpl"
_TOKEN = re.compile(r"@([A-Z]+)@")
_SAFE = re.compile(r"[\w@+=:,./~-]+")
_COMMAND = "finhub-onboard"


class Kit(StrEnum):
    """The schedulers for which there is a kit."""

    SYSTEMD = "systemd"
    CRON = "cron"
    KUBERNETES = "kubernetes"
    AIRFLOW = "airflow"
    DAGSTER = "dagster"
    PREFECT = "prefect"


def write_kit(kit: Kit, folder: Path, *, config: Path, source: Path) -> list[Path]:
    """Write the files of a kit into ``folder``; return their paths.

    They run ``source`` with the configuration ``config``; relative paths begin at the current folder. Raises
    :class:`ConfigurationError` if a file is there already or cannot be written.
    """
    values = _values(folder.absolute(), config.absolute(), source.absolute())
    made = {folder / name: _filled(text, values) for name, text in _templates(kit).items()}
    for path in made:
        if os.path.lexists(path):
            raise ConfigurationError(f"{path} is there already", hint="name another folder, or move the file away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755 if text.startswith("#!") else 0o644)
    except OSError as error:
        hint = "name a folder that can be written"
        raise ConfigurationError(f"the kit cannot be written into {folder}: {error.strerror}", hint=hint) from None
    return list(made)


def _values(folder: Path, config: Path, source: Path) -> Mapping[str, str]:
    values = {
        "COMMAND": _command(),
        "CONFIG": str(config),
        "FOLDER": str(config.parent),
        "HERE": str(folder),
        "INPUT": str(source),
        "VERSION": __version__,
    }
    for name, value in values.items():
        # Quotes, dollars, percent signs, spaces and line ends mean something else to one scheduler or another.
        if not _SAFE.fullmatch(value):
            hint = "use a path of letters, digits and . _ - / only"
            raise ConfigurationError(f"a scheduler cannot be given the path {value!r} ({name.lower()})", hint=hint)
    return values


def _command() -> str:
    """The installed command of this environment: a scheduler has another search path."""
    beside = Path(sys.executable).with_name(_COMMAND)
    return str(beside) if beside.exists() else shutil.which(_COMMAND) or _COMMAND


def _templates(kit: Kit) -> dict[str, str]:
    folder = files("finhub_onboard.commands").joinpath("kits", kit.value)
    found = sorted(folder.iterdir(), key=lambda each: each.name)
    return {each.name.removesuffix(_TEMPLATE): each.read_text(encoding="utf-8") for each in found}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda token: values[token[1]], text)
