"""How to use a sandbox that serves: a configuration for a job, and the lines that export its credentials. Pure."""

import shlex
from pathlib import Path

from finhub_onboard.sandbox import demo

_CREDENTIALS = {
    "USERNAME": demo.USERNAME,
    "PASSWORD": demo.PASSWORD,
    "TENANT_KEY": demo.TENANT_KEY,
    "TENANT_SECRET": demo.TENANT_SECRET,
    "SEED": demo.SEED,
}
FILE = "my-sandbox.toml"


def how_to_use(base_url: str, certificate: Path | None = None) -> str:
    """The text for a person: what to save, what to export, and how to look whether it works."""
    trust = [f'ca_file = "{certificate.absolute()}"'] if certificate else []
    exports = [f"export ONBOARD_CREDENTIALS__{name}={shlex.quote(value)}" for name, value in _CREDENTIALS.items()]
    lines = [
        f"# save as {FILE}",
        "[api]",
        f'base_url = "{base_url}"',
        f'tenant_id = "{demo.TENANT_ID}"',
        f'organization_id = "{demo.ORGANIZATION_ID}"',
        f'user_id = "{demo.USER_ID}"',
        f'webhook_subscription_id = "{demo.SUBSCRIPTION_ID}"',
        *trust,
        "[limits]",
        "calls_per_second = 500",
        "max_in_flight = 32",
        "[approval]",
        'mode = "auto"',
        "[ledger]",
        'url = "sqlite:///my-sandbox-ledger.db"',
        "[documents]",
        'root = "sample_data/documents"',
        "",
        "# in another terminal",
        *exports,
        f"onboard check --config {FILE}",
        f"onboard run sample_data/customers.csv --config {FILE}",
    ]
    return "\n".join(lines)
