"""A scenario: what the practice bank does besides its duty, as a TOML file.

Promises that a file either becomes a complete frozen value or a ``ConfigurationError`` that names the file, the key
and the nearest known name. Does not know how faults are carried out; ``faults`` decides, ``delivery`` does.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox.habits import ACTS, KINDS, Fault, Meanwhile, Scenario
from finhub_onboard.sandbox.operations import OPERATION_IDS
from finhub_onboard.small_files import read_small

_TABLES: Final = {entry.name: type(entry.default) for entry in fields(Scenario) if is_dataclass(entry.default)}


def load(path: Path | None) -> Scenario:
    """Read a scenario file; without one the bank is calm."""
    if path is None:
        return Scenario()
    try:
        tree = tomllib.loads(read_small(path).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(
            f"cannot read the scenario {path}: {error.strerror}", hint="give the path of a scenario file (TOML)"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}", hint="correct that line") from None
    return parse(tree, str(path))


def parse(tree: Mapping[str, Any], where: str) -> Scenario:
    """Turn a parsed file into a scenario; ``where`` names it in messages."""
    _refuse_unknown(tree, Scenario, where)
    for name, cls in _TABLES.items():
        if isinstance(tree.get(name), dict):
            _refuse_unknown(tree[name], cls, f"{where}: [{name}]")
    for name, refuse in (("fault", _refuse_bad_fault), ("meanwhile", _refuse_bad_act)):
        entries = tree.get(name, [])
        for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
            if isinstance(entry, dict):
                refuse(entry, f"{where}: [[{name}]] number {number}")
    try:
        return msgspec.convert(tree, Scenario)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}: {error}", hint="correct that value") from None


def _refuse_bad_fault(fault: dict[str, Any], where: str) -> None:
    _refuse_unknown(fault, Fault, where)
    if "kind" in fault:
        _refuse_unknown_name(fault["kind"], KINDS, f"{where}: unknown kind")
    _refuse_unknown_operations(fault.get("on"), where)
    if ("rate" in fault) == ("nth" in fault):
        raise ConfigurationError(f"{where}: give either rate or nth", hint="rate = 0.05, or nth = [1, 3]")


def _refuse_bad_act(act: dict[str, Any], where: str) -> None:
    _refuse_unknown(act, Meanwhile, where)
    if "does" in act:
        _refuse_unknown_name(act["does"], ACTS, f"{where}: unknown act")
    for name in ("before", "after"):
        _refuse_unknown_operations(act.get(name), where)
    if ("before" in act) == ("after" in act):
        raise ConfigurationError(f"{where}: give either before or after", hint='after = ["approveVerification"]')


def _refuse_unknown_operations(named: object, where: str) -> None:
    for operation in named if isinstance(named, list) else []:
        _refuse_unknown_name(operation, OPERATION_IDS, f"{where}: unknown operation")


def _refuse_unknown(table: Mapping[str, Any], cls: type, where: str) -> None:
    for key in table:
        _refuse_unknown_name(key, [entry.name for entry in fields(cls)], f"{where}: unknown key")


def _refuse_unknown_name(name: object, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name in names:
        return
    near = get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(names)}"
    raise ConfigurationError(f'{what} "{name}"; {hint}', hint=hint)


def shipped() -> dict[str, Path]:
    """Find the scenario files that come with the program, by name: in a wheel beside this module, else in configs/."""
    beside = Path(__file__).parent / "scenarios"
    folder = beside if beside.is_dir() else Path(__file__).parents[3] / "configs" / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
