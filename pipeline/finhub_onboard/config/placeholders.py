"""Placeholders such as ``<tenant-id>`` in ``[api]``: what a shipped configuration leaves to be filled in. Pure."""

import re
from typing import Any

from finhub_onboard.config.addresses import SANDBOX_URL
from finhub_onboard.errors import ConfigurationError

_PLACEHOLDER = re.compile(r"<[^<>]+>")


def without_placeholders(tree: dict[str, Any], where: str) -> dict[str, Any]:
    """The settings for practice without those that are still to be filled in: it has its own.

    Raises :class:`ConfigurationError` that names them if the settings are for a real bank.
    """
    api = tree.get("api")
    if not isinstance(api, dict):
        return tree
    left = [name for name, value in api.items() if isinstance(value, str) and _PLACEHOLDER.search(value)]
    if left and api.get("base_url") != SANDBOX_URL:
        names = ", ".join(f"api.{name}" for name in left)
        raise ConfigurationError(
            f"{where}: {names} must be filled in: a placeholder is still there",
            hint="the bank and its Admin Portal name them; ONBOARD_API__BASE_URL=sandbox: practises without",
        )
    return {**tree, "api": {name: value for name, value in api.items() if name not in left}}
