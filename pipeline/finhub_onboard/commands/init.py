"""``onboard init``: a folder to start from, with commented configurations, the sample data and a partner's profile.

Promises: it works from an installed wheel as well; no existing file is overwritten, and nothing is written if one is in
the way. The files are those of the project, in the same folders, so that the README's commands work on them.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from finhub_onboard.errors import ConfigurationError

_FOLDERS = ("configs", "sample_data")
_NOT_TO_START_FROM = ("scenarios",)
NEXT = "onboard run sample_data/customers.csv --config configs/sandbox.toml"
"""The command that shows in the new folder what the job does."""


def write_starter(folder: Path) -> list[Path]:
    """Write the files below ``folder``, which may exist; return their paths, relative to it.

    Raises :class:`ConfigurationError` if one of them is there already or cannot be written.
    """
    source = _source()
    names = [path.relative_to(source) for name in _FOLDERS for path in _files(source / name)]
    for name in names:
        if os.path.lexists(folder / name):
            raise ConfigurationError(
                f"{folder / name} is there already; nothing was written", hint="name an empty folder: onboard init DIR"
            )
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, folder / name)
    except OSError as error:
        hint = "name a folder that can be written"
        raise ConfigurationError(f"cannot write into {folder}: {error.strerror}", hint=hint) from None
    return names


def _source() -> Path:
    """Where the files are: in a wheel beside the package's modules, else in the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "starter"
    return installed if installed.is_dir() else package.parents[1]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not {*_NOT_TO_START_FROM, "__pycache__"} & {*path.relative_to(folder).parts}:
            yield path
