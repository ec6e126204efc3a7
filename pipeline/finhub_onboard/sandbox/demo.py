"""The sandbox's invented world: one tenant, one admin, a few categories.

Promises constants only and imports nothing heavy, so that whoever needs the demo credentials can read them without
starting a bank. Does not know HTTP, state or scenarios. Nothing here is a real identifier or secret.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

BASE_PATH: Final = "/api/v2.1"
TENANT_ID: Final = "7d0c0a52-6c1e-4b5e-9a63-2f1f5a1b0c01"
TENANT_NAME: Final = "Sample Tenant"
POWER_TENANT_ID: Final = "7d0c0a52-6c1e-4b5e-9a63-2f1f5a1b0c99"
ORGANIZATION_ID: Final = "2a9e4c18-5d73-4f06-8b1a-9c0d3e5f1306"
USER_ID: Final = "0f6b8d2e-4c71-4a93-bd05-1e3c5a7f1405"
USERNAME: Final = "admin@example.com"
PASSWORD: Final = "Example-Adm1n-Pass!"  # noqa: S105  (invented; the sandbox's own)
TENANT_KEY: Final = "sample-tenant-key"
TENANT_SECRET: Final = "sample-tenant-secret"  # noqa: S105  (invented; the sandbox's own)
CLIENT_ID: Final = "sample-client"
CLIENT_SECRET: Final = "sample-client-secret"  # noqa: S105  (invented; the sandbox's own)
CUSTOMER_ID: Final = "sample-api-customer"
CUSTOMER_SECRET: Final = "sample-api-customer-secret"  # noqa: S105  (invented; the sandbox's own)
LOGIN_PATHS: Final = {"oauth": "/oauth/token", "password": "/api/v2/auth/token"}
"""Way of logging in -> where, for the ways that have an address of their own."""
SEED: Final = "the sandbox's own seed, invented, for practice only"
SUBSCRIPTION_ID: Final = "sandbox-subscription"


class Feature(NamedTuple):
    """A feature of a category: the keys that a registration must bring for it, and the values that some may have."""

    code: str
    id: str
    name: str
    mandatory_keys: tuple[str, ...]
    allowed_values: Mapping[str, tuple[str, ...]]


class DemoCategory(NamedTuple):
    """One category of the hierarchy; ``risk`` is the level of a customer in it, ``individual`` who may use it.

    ``level`` is how thoroughly it verifies: BASIC (id), STANDARD (id, address) or ENHANCED (id, address, funds).
    """

    key: str
    id: str
    name: str
    risk: str
    individual: bool
    level: str = "BASIC"
    features: tuple[Feature, ...] = ()


MONITORING: Final = Feature(
    code="TRANSACTION_MONITORING",
    id="sample-feat-monitoring-001",
    name="Transaction Monitoring",
    mandatory_keys=("riskLevel", "monitoring"),
    allowed_values={"riskLevel": ("LOW", "MEDIUM", "HIGH"), "monitoring": ("WEEKLY", "DAILY", "REAL_TIME")},
)
CATEGORIES: Final = (
    DemoCategory("INDIVIDUAL_STANDARD", "sample-cat-b2c-low-001", "Individual Standard", "LOW", individual=True),
    DemoCategory(
        *("INDIVIDUAL_PLUS", "sample-cat-b2c-medium-001", "Individual Plus", "MEDIUM"),
        individual=True,
        level="ENHANCED",
    ),
    DemoCategory(
        *("INDIVIDUAL_PREMIUM", "sample-cat-b2c-high-001", "Individual Premium", "HIGH"),
        individual=True,
        level="ENHANCED",
    ),
    DemoCategory("B2B_SMALL_BUSINESS", "sample-cat-b2b-small-001", "Small Business", "LOW", individual=False),
    DemoCategory(
        *("INDIVIDUAL_MONITORED", "sample-cat-b2c-monitored-001", "Individual Monitored", "LOW"),
        individual=True,
        features=(MONITORING,),
    ),
    DemoCategory(
        *("INDIVIDUAL_PROHIBITED", "sample-cat-b2c-prohibited-001", "Individual Prohibited", "PROHIBITED"),
        individual=True,
        level="ENHANCED",
    ),
)
