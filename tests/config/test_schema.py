"""The schemas for editors: in step with the settings, and true of the shipped files."""

import json
import tomllib
from collections.abc import Callable

import jsonschema_rs
import pytest

from finhub_onboard.config.schema import configuration_schema, profile_schema
from tests.acceptance.support import ROOT

CONFIGS = ROOT / "configs"
SCHEMAS = {"onboard.schema.json": configuration_schema, "profile.schema.json": profile_schema}
FILES = [*CONFIGS.glob("*.toml"), *(CONFIGS / "profiles").glob("*.toml")]


@pytest.mark.parametrize(("name", "made"), SCHEMAS.items())
def test_the_shipped_schema_is_that_of_the_settings(name: str, made: Callable[[], str]) -> None:
    """`onboard config schema > configs/onboard.schema.json` (and `--profile`) was done after the last new setting."""
    # As values: older versions of pydantic write 0.0 for 0.
    assert json.loads((CONFIGS / name).read_text(encoding="utf-8")) == json.loads(made())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shipped_file_names_its_schema_and_obeys_it(path: object) -> None:
    """The first line leads an editor to the schema; a key that does not exist breaks it."""
    assert path in FILES
    file = next(each for each in FILES if each == path)
    text = file.read_text(encoding="utf-8")
    start, _, address = text.partition("\n")[0].partition(" ")
    assert start == "#:schema"
    schema = json.loads((file.parent / address).read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    tree = tomllib.loads(text)
    assert [str(error) for error in validator.iter_errors(tree)] == []
    assert not validator.is_valid(tree | {"no_such_section": {}})


def test_no_secret_has_a_place_in_a_file() -> None:
    """Editors do not offer the credentials."""
    assert "credentials" not in json.loads(configuration_schema())["properties"]
    assert "password" not in json.loads(configuration_schema())["$defs"]
