"""What is sent of a row at its registration."""

from typing import Any

import pytest

from finhub_onboard.finhub.registration import OWN_MEMBERS, is_own, registration_body
from finhub_onboard.model import Category
from tests.outbound.support import customer

PLAIN = Category(key="K", id="k-1", name="K name")


def body(**columns: str) -> dict[str, Any]:
    """Make the body for a customer with these columns."""
    return registration_body(customer(**columns), PLAIN, tenant_id="t-1", password="secret", parameters={})


def test_an_address_is_sent_with_the_parts_that_are_there() -> None:
    """The postal code is the pincode where the row has no other; a pincode alone is no address."""
    assert "person" not in body(pincode="08014")["individualCustomer"]
    assert body(city="Vilnius", region="V", pincode="08014")["individualCustomer"]["person"] == {
        "addresses": [{"type": "HOME", "city": "Vilnius", "state": "V", "postalCode": "08014", "isPrimary": True}]
    }
    whole = body(street="S 1", city="C", region="R", postal_code="1", country="Lithuania", pincode="2")
    (address,) = whole["individualCustomer"]["person"]["addresses"]
    assert (address["street"], address["postalCode"], address["country"]) == ("S 1", "1", "Lithuania")
    assert whole["pincode"] == "2"


def test_further_members_are_put_where_the_profile_says() -> None:
    """Beside what the job sends, whatever their depth, with their types."""
    extra = '{"individualCustomer.person.taxResidency":"LT","income":5.5,"individualCustomer.pep":true}'
    found = body(extra=extra, city="Vilnius")
    assert found["income"] == 5.5
    assert found["individualCustomer"]["pep"] is True
    assert found["individualCustomer"]["person"].keys() == {"addresses", "taxResidency"}
    assert found["individualCustomer"]["tenantId"] == "t-1"


def leaves(members: dict[str, Any], path: str = "") -> set[str]:
    """Name the members of a body that the job fills, down to those that are its own."""
    found = set()
    for name, value in members.items():
        whole = f"{path}{name}"
        inner = isinstance(value, dict) and whole not in OWN_MEMBERS
        found |= leaves(value, f"{whole}.") if inner else {whole}
    return found


def test_every_member_that_the_job_sends_is_its_own() -> None:
    """No column of a partner may fill it, nor what it is a part of, nor a part of it."""
    whole = body(gender="MALE", place_of_birth="x", pincode="1", street="s")
    assert leaves(whole) <= OWN_MEMBERS
    assert all(is_own(member) for member in leaves(whole))


@pytest.mark.parametrize(
    ("member", "own"),
    [
        ("individualCustomer", True),
        ("individualCustomer.person", True),
        ("individualCustomer.person.addresses.city", True),
        ("customerCategory.id", True),
        ("individualCustomer.person.taxResidency", False),
        ("emails", False),
    ],
)
def test_a_part_and_a_whole_of_an_own_member_are_own(member: str, own: bool) -> None:  # noqa: FBT001
    """By names, not by letters."""
    assert is_own(member) is own
