"""``onboard profile``: a file looked at, and what a mapping profile for it might be.

A joiner of the intake's parts; changes nothing but the file it is told to write.
"""

import os
from pathlib import Path

from finhub_onboard.config.profile import Source
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.intake.proposing.preview import preview
from finhub_onboard.intake.proposing.propose import propose, render
from finhub_onboard.texts import printable


def proposed_profile(path: Path, *, encoding: str, sheet: str) -> str:
    """A profile for a partner's file, as TOML with comments; what is not sure is left open."""
    if not _is_codec(encoding):
        raise ConfigurationError(f"--encoding {encoding} is not known", hint="write it as cp1252, latin-1 or utf-16")
    frame, detected = preview(path, printable(path.name), Source(encoding=encoding, sheet=sheet))
    return render(propose(frame, dialect=detected), name=printable(path.stem))


def _is_codec(name: str) -> bool:
    try:
        "".encode(name or "utf-8")
    except LookupError:
        return False
    return True


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, for its owner only: somebody may have worked on one that is."""
    try:
        with open(path, "x", encoding="utf-8", opener=_private) as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already", hint="name another file, or remove it") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}", hint="name another file") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
