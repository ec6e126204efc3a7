"""The sample that shows parking, and the README's table of it."""

import csv
from pathlib import Path

from finhub_onboard.model.columns import CONSENTS
from tests.acceptance.support import ROOT, Desk
from tests.test_readme import named, table

PARKING = ROOT / "sample_data" / "customers_parking.csv"
ADDED: dict[int, dict[str, str]] = {
    5: {f"{consent}_accepted_at": "2025-03-01T10:00:00Z" for consent in CONSENTS},
    6: {"identity_document": "identity.pdf"},
    7: {"address_document": "address.jpg", "funds_document": "funds.png"},
    8: {"document_number": "H00000008"},
}
"""What people add to rows that lack something."""


def test_what_waits_is_what_the_readme_says_and_goes_on_when_people_acted(desk: Desk, tmp_path: Path) -> None:
    """Exit 3 with dispositions and codes of the table; approved and completed, the rows are onboarded."""
    assert desk.bank is not None
    said = [(row[0], *named(row[2])) for row in table("| row | what it is | becomes |")]
    source = tmp_path / PARKING.name
    source.write_bytes(PARKING.read_bytes())
    assert desk.run(source).returncode == 3
    rows = [(row["row_number"], row["disposition"], row["code"]) for row in desk.table("results.csv")]
    assert [tuple(filter(None, row)) for row in rows] == said
    assert {(row["row_number"], "parked", row["code"]) for row in desk.table("parked.csv")} < set(said)
    for row in desk.table("results.csv"):
        if row["code"] == "high_risk":
            desk.bank.post(f"/sandbox/approve/{row['verification_id']}")
    with source.open(encoding="utf-8", newline="") as stream:
        people = [row | ADDED.get(number, {}) for number, row in enumerate(csv.DictReader(stream), start=1)]
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, people[0])
        writer.writeheader()
        writer.writerows(people)
    desk.run(source)
    assert desk.counts() == {"onboarded": 6, "unchanged": 2, "rejected": 2}
