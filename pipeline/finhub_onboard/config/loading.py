"""Where settings come from: TOML and environment become ``config.settings.Settings`` (DESIGN, 3.4).

Flags win over the environment, the environment over the file, the file over the defaults. Unknown keys are errors
that name the nearest known one. Secrets come from the environment or from files it names, never from the TOML.
Relative paths of a configuration begin at the folder of its file, wherever the command is given; those of flags and of
the environment at the current folder.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic import ValidationError

from finhub_onboard.config.credentials import PREFIX
from finhub_onboard.config.placeholders import without_placeholders
from finhub_onboard.config.profile import Profile
from finhub_onboard.config.section import Section
from finhub_onboard.config.settings import SANDBOX_URL, Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.small_files import read_small


def parsed(text: str) -> dict[str, Any]:
    """Parse TOML that this program wrote."""
    return tomllib.loads(text)


def load(
    path: Path | None, *, flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read ``path`` (or only defaults), lay the environment and then ``flags`` (dotted keys) over it.

    Raises :class:`ConfigurationError` with the file, the key and the nearest known name.
    """
    where = str(path) if path else "the environment"
    tree = _read(path) if path else {}
    if "credentials" in tree:
        raise ConfigurationError(
            f"{where}: [credentials] does not belong in a file",
            hint=f"set {PREFIX}CREDENTIALS__PASSWORD and its siblings, or …_FILE with the path of a secret file",
        )
    if path is None:
        tree = {"api": {"base_url": SANDBOX_URL}}
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
    try:
        settings = Settings.model_validate(without_placeholders(tree, where))
    except ValidationError as error:
        hint = "correct these keys; the README's settings table names all of them"
        raise _explain(error, where, Settings, variables, hint=hint) from None
    # By the file's own folder, whatever links it was named by: one configuration has one ledger.
    return settings.beginning_at(path.resolve().parent, but=variables.keys() | of_flags) if path else settings


def load_profile(path: Path) -> Profile:
    """Read a partner's mapping profile. Raises :class:`ConfigurationError` with the key and the nearest known name."""
    try:
        return Profile.model_validate(_read(path, "profile"))
    except ValidationError as error:
        raise _explain(error, str(path), Profile, hint="correct these keys; the README has them all") from None


def _read(path: Path, kind: str = "configuration") -> dict[str, Any]:
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
                if name.startswith(start) and name.removeprefix(start).lower() in _known(Settings, (section, "")):
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
    info = model.annotation.model_fields.get(name) if model and _is_section(model.annotation) else None  # type: ignore[union-attr]
    return str(info.annotation) if info else ""


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _known(model: type[Section], location: tuple[Any, ...]) -> list[str]:
    """The names that may stand where an unknown one was found."""
    for part in location[:-1]:
        if isinstance(part, int):  # the place in a list
            continue
        field = model.model_fields.get(str(part))
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_section(kind)] if field else []
        if not kinds:
            return []
        model = kinds[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _explain(
    error: ValidationError,
    where: str,
    model: type[Section],
    variables: Mapping[tuple[str, str], str] = MappingProxyType({}),
    *,
    hint: str,
) -> ConfigurationError:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        location = tuple(part for part in problem["loc"] if part != "[key]")
        key = ".".join(str(part) for part in location)
        given_by = [name for pair, name in variables.items() if location and pair[: len(location)] == location[:2]]
        key += f" ({given_by[0]})" if given_by else ""
        if problem["type"] == "extra_forbidden":
            near = get_close_matches(str(location[-1]), _known(model, location), n=1, cutoff=0.0)
            prefix = "".join(f"{part}." for part in location[:-1])
            lines.append(f"unknown key {key}" + (f"; the nearest known name is {prefix}{near[0]}" if near else ""))
        elif problem["type"] == "model_type":
            lines.append(f"{key}: must be a table, [{key}]")
        else:
            said = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{key}: {said}" if key else said)
    return ConfigurationError(f"{where}: " + "; ".join(lines), hint=hint)
