"""JSON Schemas of a configuration and of a profile, for editors that complete and check TOML.

Promises: made from the settings themselves; secrets are not in it, since they do not belong in a file. Pure.
"""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from finhub_onboard.config.profile import Profile
from finhub_onboard.config.section import Section
from finhub_onboard.config.settings import Settings

_SECRETS = "Credentials"


class _Quiet(GenerateJsonSchema):
    """Leaves defaults out that JSON cannot write."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as pydantic declares it


def configuration_schema() -> str:
    """The schema of a configuration."""
    tree = _tree(Settings, "Configuration of onboard")
    del tree["properties"]["credentials"], tree["$defs"][_SECRETS]
    return _written(tree)


def profile_schema() -> str:
    """The schema of a partner's mapping profile."""
    return _written(_tree(Profile, "Mapping profile of onboard"))


def _tree(model: type[Section], title: str) -> dict[str, Any]:
    tree: dict[str, Any] = _of_toml(model.model_json_schema(schema_generator=_Quiet))
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title} | tree


def _of_toml(part: Any) -> Any:
    """Without null, which TOML does not have, and without titles, which only repeat names."""
    if isinstance(part, list):
        return [_of_toml(each) for each in part]
    if not isinstance(part, dict):
        return part
    is_schema = "type" in part or "anyOf" in part or "$ref" in part
    kept = {
        name: _of_toml(value)
        for name, value in part.items()
        if not (is_schema and name == "title" and isinstance(value, str)) and not (name == "default" and value is None)
    }
    choices = kept.get("anyOf")
    if isinstance(choices, list):
        kept["anyOf"] = [choice for choice in choices if choice != {"type": "null"}]
        if len(kept["anyOf"]) == 1:
            return kept.pop("anyOf")[0] | kept
    return kept


def _written(tree: dict[str, Any]) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False)
