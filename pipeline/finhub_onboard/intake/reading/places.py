"""Refuses paths that are no files, with a hint what to give instead.

Promises: nothing is opened, so that a pipe cannot block. Knows paths only.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from finhub_onboard.errors import UnreadableInputError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
_FETCHES = {"s3": "aws s3 cp", "gs": "gcloud storage cp", "http": "curl -O", "https": "curl -O", "file": ""}
_TWICE = "inputs are read twice: write it to a file first, and give the file"
_LOOKED_AT = 1000


def check(path: Path) -> None:
    """Refuse addresses, standard input, pipes, devices and folders."""
    if str(path) == "-":
        raise UnreadableInputError("- is the standard input, and no file", hint=_TWICE)
    address = _ADDRESS.match(str(path))
    try:
        if path.is_dir():
            raise _folder(path)
        if path.is_file():
            return
        if address:
            fetch = _FETCHES.get(address[1].lower(), "")
            raise UnreadableInputError(
                f"an input is an address ({address[1]}://…), and no file on this machine",
                hint=f"fetch it first{f', for example with {fetch!r}' if fetch else ''}, and give the file",
            )
        if path.exists():
            raise UnreadableInputError(f"{path} is a pipe, a socket or a device, and no regular file", hint=_TWICE)
    except (OSError, ValueError):  # the cause is reported when the file is opened
        return


def _folder(path: Path) -> UnreadableInputError:
    """Say which files a folder has, and what is lost where the names of folders hold values."""
    inner_files = list(islice((inner.relative_to(path) for inner in _files(path)), _LOOKED_AT))
    if not inner_files:
        return UnreadableInputError(f"{path} is a folder without files", hint="give files")
    first = inner_files[0]
    pattern = path.joinpath(*["*"] * (len(first.parts) - 1), f"*{first.suffix}")
    key = next((part.partition("=")[0] for part in first.parts[:-1] if "=" in part), "")
    if key:
        return UnreadableInputError(
            f"{path} is a folder whose folders are named by values ({key}=…), which are not in the files",
            hint=f"write one file that has {key} as a column; the files alone are '{pattern}'",
        )
    return UnreadableInputError(f"{path} is a folder", hint=f"give the files in it: '{pattern}'")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that are not hidden, by name, those of it first."""
    inner = sorted(entry for entry in islice(folder.iterdir(), _LOOKED_AT) if entry.name[0] not in "._")
    yield from (entry for entry in inner if entry.is_file())
    for entry in inner:
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)


def unopened_error(name: str, error: OSError) -> UnreadableInputError:
    """Make the error for an input that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        looked_for = f": {Path(error.filename).absolute()} was looked for" if error.filename else ""
        return UnreadableInputError(f"{name} does not exist", hint=f"check the path{looked_for}")
    if isinstance(error, PermissionError):
        return UnreadableInputError(f"{name} may not be read by this user", hint="check its permissions")
    return UnreadableInputError(f"{name} cannot be read: {error.strerror}", hint="check the path and the disk")
