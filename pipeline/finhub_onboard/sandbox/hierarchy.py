"""How the categories are listed, in the newest form and in the older one.

Promises the members that the documentation shows, and the levels that its categorization page speaks of. Pure.
"""

from collections.abc import Iterable
from typing import Any

from finhub_onboard.sandbox import demo


def newest(known: Iterable[demo.DemoCategory]) -> dict[str, Any]:
    """What a registration needs of each category, and its levels, which only some banks tell."""
    categories = {
        c.key: {"databaseId": c.id, "categoryName": c.name, "riskLevel": c.risk, "verificationLevel": c.level}
        | ({"availableFeatures": _codes(c)} if c.features else {})
        for c in known
    }
    return {"tenantId": demo.TENANT_ID, "categories": categories, "features": _features(demo.MONITORING)}


def older(known: Iterable[demo.DemoCategory]) -> dict[str, Any]:
    """The January reference's form: no levels, and the features of each category."""
    categories = {
        c.key: {"databaseId": c.id, "categoryId": c.key, "categoryName": c.name, "availableFeatures": _codes(c)}
        for c in known
    }
    return {
        "tenantId": demo.TENANT_ID,
        "tenantName": demo.TENANT_NAME,
        "complianceLevel": "NON_REGULATED",
        "categories": categories,
        "features": _features(demo.MONITORING),
    }


def _codes(category: demo.DemoCategory) -> list[str]:
    return [feature.code for feature in category.features]


def _features(*known: demo.Feature) -> dict[str, Any]:
    """List features by their codes."""
    return {
        feature.code: {
            "databaseId": feature.id,
            "featureCode": feature.code,
            "featureName": feature.name,
            "mandatoryKeys": list(feature.mandatory_keys),
            "allowedValues": {key: list(values) for key, values in feature.allowed_values.items()},
        }
        for feature in known
    }
