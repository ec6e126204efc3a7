"""What practice has of its own (``base_url = "sandbox:"``): tenant, admin, log-in, categories and ledger.

The sandbox has the same constants in ``sandbox.demo`` and shares nothing with the job; a test compares the two.
Nothing here is a real identifier or secret.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from finhub_onboard.model import B2B, PROHIBITED, Category, Feature

IDENTITY: Final = {
    "tenant_id": "7d0c0a52-6c1e-4b5e-9a63-2f1f5a1b0c01",
    "organization_id": "2a9e4c18-5d73-4f06-8b1a-9c0d3e5f1306",
    "user_id": "0f6b8d2e-4c71-4a93-bd05-1e3c5a7f1405",
}
SUBSCRIPTION_ID: Final = "sandbox-subscription"
CREDENTIALS: Final = {
    "username": "admin@example.com",
    "password": "Example-Adm1n-Pass!",
    "tenant_key": "sample-tenant-key",
    "tenant_secret": "sample-tenant-secret",
    "client_id": "sample-client",
    "client_secret": "sample-client-secret",
    "customer_id": "sample-api-customer",
    "customer_secret": "sample-api-customer-secret",
}
LOGIN_PATHS: Final = {"oauth": "/oauth/token", "password": "/api/v2/auth/token"}
"""Way of logging in -> where the sandbox takes it, for the ways that have an address of their own."""
SEED: Final = "the sandbox's own seed, invented, for practice only"
"""For who gives none."""
_MONITORING = Feature(
    code="TRANSACTION_MONITORING",
    id="sample-feat-monitoring-001",
    mandatory=("riskLevel", "monitoring"),
    allowed=(("riskLevel", ("LOW", "MEDIUM", "HIGH")), ("monitoring", ("WEEKLY", "DAILY", "REAL_TIME"))),
)
CATEGORIES: Final = (
    Category(key="INDIVIDUAL_STANDARD", id="sample-cat-b2c-low-001", name="Individual Standard", risk="LOW"),
    Category(key="INDIVIDUAL_PLUS", id="sample-cat-b2c-medium-001", name="Individual Plus", risk="MEDIUM"),
    Category(key="INDIVIDUAL_PREMIUM", id="sample-cat-b2c-high-001", name="Individual Premium", risk="HIGH"),
    Category(key="B2B_SMALL_BUSINESS", id="sample-cat-b2b-small-001", name="Small Business", risk=B2B),
    Category(
        key="INDIVIDUAL_MONITORED",
        id="sample-cat-b2c-monitored-001",
        name="Individual Monitored",
        risk="LOW",
        features=(_MONITORING,),
    ),
    Category(
        key="INDIVIDUAL_PROHIBITED", id="sample-cat-b2c-prohibited-001", name="Individual Prohibited", risk=PROHIBITED
    ),
)


def ledger_beside(ledger: Path) -> Path:
    """The ledger for practice: beside the real one, so that it never stands in the way of the first real run."""
    return ledger.with_name(f"{ledger.stem}-sandbox{ledger.suffix}") if ledger.name else ledger


def login_url(base_url: str, way: str) -> str:
    """Where the sandbox at this address takes log-ins of this way; empty: below the base URL."""
    path = LOGIN_PATHS.get(way)
    return urlunsplit((*urlsplit(base_url)[:2], path, "", "")) if path else ""
