"""What is wrong with a configuration or a profile, in plain English: pydantic's findings as a person needs them.

Pure; no value of a setting is repeated, since it may be a secret. An unknown key is answered with the name that was
probably meant: the nearest one there, or where the same name stands.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_args

from pydantic import ValidationError

from finhub_onboard.config.section import Section
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.texts import nearest

_WORDS: Mapping[str, str] = {
    "int": "must be a whole number",
    "float": "must be a number",
    "finite_number": "must be a number that is not infinite",
    "bool": "must be true or false",
    "string_too_short": "must not be empty",
    "string": "must be text in quotes",
    "path": "must be a path in quotes",
    "tuple": "must be a list in brackets",
    "list": "must be a list in brackets",
    "dict": "must be a table",
    "missing": "is missing",
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
}
"""Kind of finding, by how its name begins -> what to say; the first that fits counts."""
_PATTERNS: Mapping[str, str] = {
    "delimiter": 'must be one character that is no letter and no digit, such as ";"',
    "quote": "must be one character that is no letter and no digit, or empty",
    "phone_region": "must be a country's two capital letters, such as DE",
}
"""Setting -> what its pattern means."""
_MEANT: Mapping[str, str] = {
    **dict.fromkeys(("rate", "speed", "rps", "tps", "qps", "per_second", "limit"), "calls_per_second"),
    **dict.fromkeys(("since", "start", "starts", "begin", "begins"), "from"),
    **dict.fromkeys(("until", "end", "ends", "till"), "to"),
    **dict.fromkeys(("url", "address", "host", "endpoint"), "base_url"),
    **dict.fromkeys(("tenant",), "tenant_id"),
    **dict.fromkeys(("path", "folder", "directory"), "dir"),
    **dict.fromkeys(("concurrency", "workers", "parallel"), "max_in_flight"),
}
"""What people write -> what it is called here; only where that may stand."""
_FEW = 8


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def known_names(model: type[Section], location: tuple[Any, ...]) -> list[str]:
    """The names that may stand where ``location`` leads; its last part is not looked at."""
    for part in location[:-1]:
        if isinstance(part, int):  # the place in a list
            continue
        field = model.model_fields.get(str(part))
        kinds = [kind for kind in _inner(field.annotation) if _is_section(kind)] if field else []
        if not kinds:
            return []
        model = kinds[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner(annotation: Any) -> list[Any]:
    """A type and those that it is made of."""
    return [annotation, *(kind for part in get_args(annotation) for kind in _inner(part))]


def complaint(
    error: ValidationError,
    where: str,
    model: type[Section],
    variables: Mapping[tuple[str, str], str] = MappingProxyType({}),
    *,
    hint: str,
) -> ConfigurationError:
    """The error for a person; ``variables``: settings -> the environment variables that gave them."""
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        location = tuple(part for part in problem["loc"] if part != "[key]")
        key = ".".join(str(part) for part in location)
        given_by = [name for pair, name in variables.items() if location and pair[: len(location)] == location[:2]]
        key += f" ({given_by[0]})" if given_by else ""
        if problem["type"] == "extra_forbidden":
            lines.append(f"unknown key {key}{_suggestion(model, location)}")
        elif problem["type"] == "model_type":
            lines.append(f"{key}: must be a table, [{key}]")
        else:
            said = _plain(problem, str(location[-1]) if location else "")
            lines.append(f"{key}: {said}" if key else said)
    return ConfigurationError(f"{where}: " + "; ".join(lines), hint=hint)


def _plain(problem: Mapping[str, Any], name: str) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("literal_error", "enum"):
        return f"must be {str(context['expected']).replace(chr(39), chr(34))}"
    if kind == "string_pattern_mismatch" and name in _PATTERNS:
        return _PATTERNS[name]
    words = next((words for start, words in _WORDS.items() if kind.startswith(start)), "")
    return _numbers(words, context) if words else str(problem["msg"]).removeprefix("Value error, ")


def _numbers(words: str, context: Mapping[str, Any]) -> str:
    return words.format(**{name: f"{value:,g}" for name, value in context.items() if isinstance(value, int | float)})


def _suggestion(model: type[Section], location: tuple[Any, ...]) -> str:
    """What was probably meant by an unknown key."""
    known, name = known_names(model, location), str(location[-1])
    before = "".join(f"{part}." for part in location[:-1])
    meant = _MEANT.get(name.lower(), "")
    if near := (meant if meant in known else nearest(name, known)):
        return f"; the nearest known name is {before}{near}"
    elsewhere = [section for section in model.model_fields if name in known_names(model, (section, name))]
    if len(location) > 1 and len(elsewhere) == 1:
        return f"; the nearest known name is {elsewhere[0]}.{name}"
    if 0 < len(known) <= _FEW:
        return f"; the known names there are {', '.join(known)}"
    near = nearest(name, known, least=0.0)
    return f"; the nearest known name is {before}{near}" if near else ""
