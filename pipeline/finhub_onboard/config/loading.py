"""Where settings come from: TOML and environment become ``config.settings.Settings`` (DESIGN, 3.4).

Flags win over the environment, the environment over the file, the file over the defaults. Unknown keys are errors
that name the nearest known one. Secrets come from the environment or from files it names, never from the TOML.
Relative paths of a configuration begin at the folder of its file, wherever the command is given; those of flags and of
the environment at the current folder.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from finhub_onboard.config.complaints import complaint, known_names
from finhub_onboard.config.credentials import PREFIX
from finhub_onboard.config.placeholders import without_placeholders
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.section import Section, is_address
from finhub_onboard.config.settings import SANDBOX_URL, Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.small_files import read_small

FILE, FLAG = "file", "flag"


def parsed(text: str) -> dict[str, Any]:
    """Parse TOML that this program wrote."""
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, and where each that was given came from: ``file``, the name of a variable, or ``flag``."""

    settings: Settings
    origins: Mapping[tuple[str, str], str]


def load(
    path: Path | None, *, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read ``path`` (or only defaults), lay the environment and then ``flags`` (dotted keys) over it.

    Raises :class:`ConfigurationError` with the file, the key and the nearest known name.
    """
    return load_with_origins(path, flags=flags, environ=environ).settings


def load_with_origins(
    path: Path | None, *, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Loaded:
    """Read the settings as ``load`` does, and tell where each came from."""
    where = str(path) if path else "the environment"
    tree = _read(path) if path else {}
    if "credentials" in tree:
        raise ConfigurationError(
            f"{where}: [credentials] does not belong in a file",
            hint=f"set {PREFIX}CREDENTIALS__PASSWORD and its siblings, or …_FILE with the path of a secret file",
        )
    if _is_meant_for(tree, Profile, Settings):
        raise ConfigurationError(
            f"{where} is a partner's mapping profile, and no configuration", hint="give it with --profile"
        )
    if path is None:
        tree = {"api": {"base_url": SANDBOX_URL}}
    origins = {
        (section, key): FILE
        for section, table in (tree.items() if path else ())
        for key in (table if isinstance(table, dict) else ())
    }
    variables: dict[tuple[str, str], str] = {}
    of_flags: set[tuple[str, str]] = set()
    for name, (key, text) in _from_environment(os.environ if environ is None else environ).items():
        _put(tree, key, text, where)
        variables[key] = name
    for flag, value in (flags or {}).items():
        if value is not None:
            section, _, name = flag.partition(".")
            _put(tree, (section, name), value, where)
            variables.pop((section, name), None)
            of_flags.add((section, name))
    origins |= variables | dict.fromkeys(of_flags, FLAG)
    try:
        settings = Settings.model_validate(without_placeholders(tree, where))
    except ValidationError as error:
        hint = "correct these keys; the README's settings table names all of them"
        raise complaint(error, where, Settings, variables, hint=hint) from None
    # By the file's own folder, whatever links it was named by: one configuration has one ledger.
    if path:
        settings = settings.beginning_at(path.resolve().parent, but=variables.keys() | of_flags)
    return Loaded(settings=settings, origins=origins)


def _is_meant_for(tree: Mapping[str, Any], other: type[Section], model: type[Section]) -> bool:
    """Whether a file has names of the other kind only."""
    return bool(tree.keys() & other.model_fields.keys()) and not tree.keys() & model.model_fields.keys()


def load_profile(path: Path) -> Profile:
    """Read a partner's mapping profile. Raises :class:`ConfigurationError` with the key and the nearest known name."""
    tree = _read(path, "profile")
    if _is_meant_for(tree, Settings, Profile):
        raise ConfigurationError(f"{path} is a configuration, and no mapping profile", hint="give it with --config")
    try:
        return Profile.model_validate(tree)
    except ValidationError as error:
        raise complaint(error, str(path), Profile, hint="correct these keys; the README has them all") from None


def _read(path: Path, kind: str = "configuration") -> dict[str, Any]:
    if is_address(path) and not path.exists():
        raise ConfigurationError(
            f"the {kind} is an address ({str(path).partition(':')[0]}://…), and no file on this machine",
            hint="fetch it first, and give the file",
        )
    try:
        return tomllib.loads(read_small(path).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the {kind} {path}: {error.strerror}", hint="check its path and who may read it"
        ) from None
    except RecursionError:
        raise ConfigurationError(f"{path} is nested too deeply", hint="no setting is deeper than two levels") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}", hint="correct that line") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], str]]:
    """``ONBOARD_LIMITS__CALLS_PER_SECOND`` -> ("limits", "calls_per_second"); ``…_FILE`` only for credentials."""
    found: dict[str, tuple[tuple[str, str], str]] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        if "__" not in name:
            # Other programs' variables may begin alike; one underscore too few must not be passed over in silence.
            for section in Settings.model_fields:
                start = f"{PREFIX}{section.upper()}_"
                if name.startswith(start) and name.removeprefix(start).lower() in known_names(Settings, (section, "")):
                    raise ConfigurationError(
                        f"{name} has no effect", hint=f"write {start}_{name.removeprefix(start)}, with two underscores"
                    )
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        value = environ[name]
        if section == "credentials" and key.endswith("_file"):
            key = key.removesuffix("_file")
            if name.removesuffix("_FILE") in environ:
                raise ConfigurationError(
                    f"{name} and {name.removesuffix('_FILE')} are both set", hint="unset one of them: they may differ"
                )
            if not value:
                raise ConfigurationError(f"{name} is empty", hint="set it to the path of a secret file, or unset it")
            try:
                value = read_small(Path(value)).decode("utf-8-sig").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                said = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
                raise ConfigurationError(
                    f"{name}: cannot read the file that it names: {said}", hint="check its path and who may read it"
                ) from None
        found[name] = (section, key), value
    return found


def _put(tree: dict[str, Any], key: tuple[str, str], value: Any, where: str) -> None:
    section, name = key
    branch = tree.setdefault(section, {})
    if not isinstance(branch, dict):
        raise ConfigurationError(f"{where}: {section} must be a table", hint=f"write [{section}]")
    annotation = _field_type(section, name)
    if isinstance(value, str) and annotation.startswith("tuple"):
        value = [part.strip() for part in value.split(",") if part.strip()]
    branch[name] = value


def _field_type(section: str, name: str) -> str:
    model = Settings.model_fields.get(section)
    kind = model.annotation if model else None
    info = kind.model_fields.get(name) if isinstance(kind, type) and issubclass(kind, Section) else None
    return str(info.annotation) if info else ""
