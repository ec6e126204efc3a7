"""What tests of proposals share: columns of invented people, and a proposal read as the profile that it is."""

import csv
import io
import random
import tomllib
from collections.abc import Sequence

import polars as pl

from finhub_onboard.config.profile import Profile
from finhub_onboard.intake.proposing.propose import Open, Proposal, render
from finhub_onboard.intake.reading.small_table import Detected
from tests.intake.helpers import SAMPLES

PARTNER = SAMPLES / "partner_de.csv"


DIALECT = Detected(encoding="cp1252", delimiter=";", quote='"', skip_lines=2)


NOTHING = Detected()


def partner() -> pl.DataFrame:
    """Read the partner's file as its dialect says."""
    lines = PARTNER.read_bytes().decode("cp1252").split("\r\n", 2)[2]
    header, *records = csv.reader(io.StringIO(lines, newline=""), delimiter=";")
    return pl.DataFrame(records, schema=header, orient="row")


def people(count: int = 40, /, **columns: Sequence[str]) -> pl.DataFrame:
    """Make a file of invented people; a column that is given has its values repeated, or none for no such column."""
    draw = random.Random(7)
    table: dict[str, Sequence[str]] = {
        "external_id": [f"C-{number}" for number in range(count)],
        "first_name": [draw.choice(("Jonas", "Rūta", "Zoë", "O")) for _ in range(count)],
        "last_name": [draw.choice(("Weiß", "O'Neill", "Šimkus", "Ng")) for _ in range(count)],
        "email": [f"c{number}@example.com" for number in range(count)],
        "phone": [f"+3706123{1000 + number}" for number in range(count)],
        "date_of_birth": [f"19{60 + number % 40}-03-{number % 28 + 1:02d}" for number in range(count)],
        "nationality": ["LT"] * count,
        "category": ["INDIVIDUAL_STANDARD"] * count,
    }
    for name, cells in columns.items():
        table.pop(name, None)
        if cells:
            table[name] = [cells[number % len(cells)] for number in range(count)]
    return pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))


def parsed(proposal: Proposal) -> Profile:
    """Load the profile that is written down."""
    return Profile.model_validate(tomllib.loads(render(proposal)))


def opened(proposal: Proposal, place: str) -> Open:
    """Return the one line that is left open there."""
    (found,) = [one for one in proposal.open if f"{one.section}.{one.key}" == place]
    return found
