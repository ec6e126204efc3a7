"""What the intake's tests share: a good row, files made of rows, and the judgement of a file."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from finhub_onboard.intake.first_pass import Survey, survey
from finhub_onboard.intake.reading.quirks import END_OF_FILE, OPENERS, SPACES
from finhub_onboard.intake.second_pass import Rules, judge_rows
from finhub_onboard.model import Category, IntakeRow
from finhub_onboard.model.columns import CANONICAL_COLUMNS

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "sample_data"
CORPORA = ROOT.parent / "shared" / "corpora"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CATEGORIES = tuple(
    Category(key=key, id=str(number), name=name)
    for number, (key, name) in enumerate(
        (
            ("INDIVIDUAL_STANDARD", "Individual Standard"),
            ("INDIVIDUAL_PLUS", "Individual Plus"),
            ("INDIVIDUAL_PREMIUM", "Individual Premium"),
            ("B2B_SMALL_BUSINESS", "Small Business"),
        ),
        start=101,
    )
)
NO_TEXT = END_OF_FILE + OPENERS
"""Signs that mean something to the reader of a CSV file, besides delimiters, quotes and line ends."""
GOOD = {
    "first_name": "Rūta",
    "last_name": "O'Neill-Šimkus",
    "date_of_birth": "1990-10-03",
    "nationality": "LT",
    "category": "INDIVIDUAL_STANDARD",
}


def a_row(number: int = 1, **changes: str) -> dict[str, str]:
    """Return a row that is accepted, with changes."""
    own = {"external_id": f"C-{number}", "email": f"c{number}@example.com", "phone": f"+3706{1231000 + number}"}
    return own | GOOD | changes


def csv_text(table: Iterable[dict[str, str]], columns: Sequence[str] = CANONICAL_COLUMNS, end: str = "\n") -> str:
    """Return rows as CSV with a header."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator=end)
    writer.writeheader()
    writer.writerows(table)
    return buffer.getvalue()


def write(path: Path, table: Iterable[dict[str, str]], columns: Sequence[str] = CANONICAL_COLUMNS) -> Path:
    """Write rows as a CSV file."""
    path.write_text(csv_text(table, columns), encoding="utf-8", newline="")
    return path


def rules(
    root: Path = SAMPLES / "documents",
    *,
    now: datetime = NOW,
    min_age: int = 18,
    categories: tuple[Category, ...] | None = CATEGORIES,
) -> Rules:
    """Return rules with everything known."""
    return Rules(now=now, min_age=min_age, documents_root=root, max_document_bytes=1_048_576, categories=categories)


def judged(
    *inputs: Path, by: Rules | None = None, batch_rows: int = 100_000, limit: int | None = None
) -> tuple[Survey, list[IntakeRow]]:
    """Survey and judge inputs."""
    found = survey(inputs, batch_rows=batch_rows, limit=limit)
    return found, [row for batch in judge_rows(found, by or rules(), batch_rows=batch_rows) for row in batch]


def told(found: Iterable[IntakeRow]) -> list[tuple[int, str, str]]:
    """Return what speaks against rows as (row number, field, code)."""
    return [(violation.row_number, violation.field, violation.code) for row in found for violation in row.violations]


def filled(table: Iterable[list[str]]) -> list[list[str]]:
    """Return the rows that have something in them: blank rows of a spreadsheet are none."""
    return [row for row in table if len(row) == 1 or any(cell.strip(SPACES) for cell in row)]
