"""``onboard profile``: read a file and propose a mapping profile for it.

Combines parts of the intake; writes nothing but the requested file.
"""

import json
import os
from pathlib import Path

from finhub_onboard.config.loading import parsed
from finhub_onboard.config.profile import Source
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.intake.proposing.preview import preview
from finhub_onboard.intake.proposing.propose import propose, render
from finhub_onboard.texts import printable


def proposed_profile(path: Path, *, encoding: str, sheet: str) -> str:
    """Propose a profile for a partner's file, as TOML with comments; uncertain keys are left open."""
    if not _is_codec(encoding):
        raise ConfigurationError(f"--encoding {encoding} is not known", hint="write it as cp1252, latin-1 or utf-16")
    frame, detected = preview(path, printable(path.name), Source(encoding=encoding, sheet=sheet))
    return render(propose(frame, dialect=detected), name=printable(path.stem))


def as_json(text: str) -> str:
    """Return a proposed profile for programs; what is left open stands in the comments of its TOML only."""
    return json.dumps({"profile": parsed(text), "toml": text}, indent=2, ensure_ascii=False)


def _is_codec(name: str) -> bool:
    try:
        "".encode(name or "utf-8")
    except LookupError:
        return False
    return True


def write_new(path: Path, text: str) -> None:
    """Create a file, readable by its owner only. An existing one is not overwritten: somebody may have edited it."""
    try:
        with open(path, "x", encoding="utf-8", opener=_private) as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already", hint="name another file, or remove it") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}", hint="name another file") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
