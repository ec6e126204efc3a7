"""The secrets of a run, and which of them each way of logging in sends (API.md, sections 2 and 14)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import SecretStr

from finhub_onboard.config.section import Section

PREFIX = "ONBOARD_"
LoginWay = Literal["admin-session", "oauth", "password"]
OF_TENANT = ("tenant_key", "tenant_secret")
"""What customers' sessions (phase 3) send, whichever way the job itself logs in."""
SENT_BY: Mapping[LoginWay, tuple[str, ...]] = MappingProxyType(
    {
        "admin-session": ("username", "password", *OF_TENANT),
        "oauth": ("client_id", "client_secret"),
        "password": ("username", "password", "customer_id", "customer_secret"),
    }
)
"""Way of logging in -> the credentials that it sends."""
OF_NOTIFICATIONS = ("webhook_secret", "slack_url", "teams_url", "smtp_password")
"""What has nothing to do with the bank."""


class Credentials(Section):
    """Secrets; only ever from the environment or from files that it names."""

    username: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    tenant_key: SecretStr = SecretStr("")
    tenant_secret: SecretStr = SecretStr("")
    client_id: SecretStr = SecretStr("")
    client_secret: SecretStr = SecretStr("")
    customer_id: SecretStr = SecretStr("")
    customer_secret: SecretStr = SecretStr("")
    client_certificate_password: SecretStr = SecretStr("")
    seed: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    slack_url: SecretStr = SecretStr("")
    teams_url: SecretStr = SecretStr("")
    smtp_password: SecretStr = SecretStr("")

    def reveal(self, name: str) -> str:
        """The secret ``name`` in clear."""
        secret: SecretStr = getattr(self, name)
        return secret.get_secret_value()

    def missing(self, login: LoginWay, *, sessions: bool = True) -> list[str]:
        """Environment variables that are still needed to call the bank; ``sessions``: customers log in, too."""
        needed = {*SENT_BY[login], *(OF_TENANT if sessions else ()), "seed"}
        return [variable(name) for name in type(self).model_fields if name in needed and not self.reveal(name)]


def variable(name: str) -> str:
    """The environment variable of the secret ``name``."""
    return f"{PREFIX}CREDENTIALS__{name.upper()}"
