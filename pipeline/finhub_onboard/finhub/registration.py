"""The body of a registration, which is made of more members than any other: those of the job, and the tenant's own."""

import json
from collections.abc import Mapping
from typing import Any

from finhub_onboard.finhub.parametrization import PREFIX, relations
from finhub_onboard.model import Category, Customer

OWN_MEMBERS = frozenset(
    {
        *("firstName", "lastName", "email", "phone", "password", "matchingPassword", "dateOfBirth", "nationality"),
        *("gender", "placeOfBirth", "pincode", "roleIds", "customerCategory"),
        *(
            f"individualCustomer.{name}"
            for name in ("tenantId", "customerName", "person.addresses", "user", "categorization")
        ),
    }
)
"""What the job fills itself; no column ``extra.*`` may."""


def is_own(member: str) -> bool:
    """Whether the job fills the member itself, or a part of it."""
    return any(f"{own}.".startswith(f"{member}.") or f"{member}.".startswith(f"{own}.") for own in OWN_MEMBERS)


def registration_body(
    customer: Customer, category: Category, *, tenant_id: str, password: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that is known about the customer (API.md, sections 4 and 14); what is absent is left out.

    ``parameters`` are the values that the category's features ask for, by key.
    """
    optional = {"gender": customer.gender, "placeOfBirth": customer.place_of_birth, "pincode": customer.pincode}
    individual: dict[str, Any] = {
        "tenantId": tenant_id,
        "customerName": f"{customer.first_name} {customer.last_name}",
    }
    if chosen := relations(category, parameters):
        individual["categorization"] = {"categoryFeatureRelations": chosen}
    if address := _address(customer):
        individual["person"] = {"addresses": [address]}
    body: dict[str, Any] = {
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "password": password,
        "matchingPassword": password,
        "dateOfBirth": customer.date_of_birth,
        "nationality": customer.nationality,
        **{name: value for name, value in optional.items() if value},
        "roleIds": ["ACCOUNT_OWNER", "USER"],
        "customerCategory": {"id": category.id, "name": category.name},
        "individualCustomer": individual,
    }
    for member, value in (json.loads(customer.extra) if customer.extra else {}).items():
        if member.startswith(PREFIX):
            continue
        *path, last = member.split(".")
        place = body
        for name in path:
            place = place.setdefault(name, {})
        place[last] = value
    return body


def _address(customer: Customer) -> dict[str, Any]:
    """The address, if the row has a part of it besides the ``pincode``, which has a member of its own."""
    parts = {
        "street": customer.street,
        "city": customer.city,
        "state": customer.region,
        "postalCode": customer.postal_code,
        "country": customer.country,
    }
    if not any(parts.values()):
        return {}
    parts["postalCode"] = parts["postalCode"] or customer.pincode
    return {"type": "HOME", **{name: value for name, value in parts.items() if value}, "isPrimary": True}
