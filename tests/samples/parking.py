"""The sample that shows parking: two good rows, rows that wait for somebody, and categories that take nobody."""

import random
from collections.abc import Iterator

from tests.samples.people import SEED, Row, customer

CHANGES: tuple[tuple[int, Row], ...] = (
    (1149, {}),
    (1220, {}),
    (1151, {"risk_level": "HIGH"}),
    (1177, {"category": "INDIVIDUAL_PREMIUM", "risk_level": ""}),
    (1183, {"terms_accepted_at": "", "privacy_accepted_at": "", "data_processing_accepted_at": ""}),
    (1187, {"identity_document": ""}),
    (1265, {"address_document": "", "funds_document": ""}),
    (1144, {"document_number": ""}),
    (1291, {"category": "B2B_SMALL_BUSINESS"}),
    (1259, {"category": "INDIVIDUAL_PROHIBITED"}),
)
"""The person of each row, by a number behind those of the book, and what is different.

The numbers are of countries that keep phone numbers free for films; those that five divides are of medium risk.
"""


def parking() -> Iterator[Row]:
    """Yield the rows."""
    draw = random.Random(SEED + 6)
    for place, (number, change) in enumerate(CHANGES, start=1):
        yield customer(draw, number, f"PARK-{place:03d}", f"parked{place:03d}@example.com") | change
