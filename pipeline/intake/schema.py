"""What a row must be: the specification of an input, as a pandera schema over normalised batches.

Promises: :func:`specification` can be read as the list of rules; each check is named by its violation code, and
:func:`broken` returns every (row, column, code) that fails, none hiding another, without any value. Knows no words
for a person and no file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from pipeline.intake import rules
from pipeline.intake.normalise import INSTANT_COLUMNS, JUDGED_COLUMNS, VERDICT
from pipeline.model import CANONICAL_COLUMNS, CONSENTS, DOCUMENT_COLUMNS, REQUIRED_COLUMNS, Risk

LONGEST = {
    **dict.fromkeys(("external_id", "first_name", "last_name", "gender", "place_of_birth", "pincode", "category"), 200),
    **dict.fromkeys(("document_number", *(f"{consent}_version" for consent in CONSENTS)), 64),
}
"""Free texts and the characters that each may have."""
DOCUMENT_TYPES = ("PASSPORT", "ID_CARD", "DRIVERS_LICENSE")
_VERDICT_CHECK = "verdict"
"""The one check that is not named by its code: the code is the verdict itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that fails: the row's place in the batch, the canonical column, the violation code."""

    place: int
    column: str
    code: str


def specification(*, now: datetime, min_age: int) -> pa.DataFrameSchema:
    """Return the schema of a normalised batch, as of an instant."""
    today = now.date().isoformat()
    columns = {
        "external_id": [],
        "first_name": [_rule("name_without_letter", rules.has_letter)],
        "last_name": [_rule("name_without_letter", rules.has_letter)],
        "email": [],
        "phone": [_rule("phone_without_country_code", rules.international_phone)],
        "date_of_birth": [
            _rule("birth_date_format", rules.date_written),
            _rule("birth_date_impossible", rules.date_real),
            _rule("birth_date_future", lambda column: rules.date_not_after(column, today)),
            _rule("birth_date_before_1900", rules.date_not_before_1900),
            _rule("birth_date_under_age", lambda column: rules.adult(column, now, min_age)),
        ],
        "nationality": [],
        "category": [],
        "gender": [],
        "place_of_birth": [],
        "pincode": [],
        "risk_level": [_rule("risk_level_unknown", lambda column: rules.one_of(column, tuple(Risk)))],
        "document_type": [_rule("document_type_unknown", lambda column: rules.one_of(column, DOCUMENT_TYPES))],
        "document_number": [],
        **{column: [] for column in DOCUMENT_COLUMNS},
        **{f"{consent}_version": [] for consent in CONSENTS},
        **{
            column: [
                _rule("instant_format", rules.instant_written),
                _rule("instant_without_offset", rules.instant_has_offset),
                _rule("instant_in_future", lambda column: rules.instant_not_after(column, now)),
            ]
            for column in INSTANT_COLUMNS
        },
    }
    # E-mail, phone, nationality, category and documents: judged by libraries and the file system, once per value.
    verdicts = {column + VERDICT: [_rule(_VERDICT_CHECK, rules.no_verdict)] for column in JUDGED_COLUMNS}
    return pa.DataFrameSchema(
        {name: pa.Column(pl.String, [*_common(name), *checks]) for name, checks in columns.items()}
        | {name: pa.Column(pl.String, checks, nullable=True) for name, checks in verdicts.items()}
    )


def load() -> None:
    """Load what pandera loads at its first validation (0.5 s): a run does it before it talks to the bank."""
    pa.DataFrameSchema({"": pa.Column(pl.String, pa.Check(lambda _: True))}).validate(pl.DataFrame({"": ["x"]}))


def broken(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[Broken]:
    """Return every rule that a batch breaks, ordered by row, column and rule."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        # Only where and which: pandera's own column of failing values is personal data.
        found = errors.failure_cases.select("index", "column", "check").rows()
    else:
        return []
    order = {column: place for place, column in enumerate(CANONICAL_COLUMNS)}
    faults = [
        Broken(
            place=place,
            column=column.removesuffix(VERDICT),
            code=frame[column][place] if check == _VERDICT_CHECK else check,
        )
        for place, column, check in found
    ]
    return sorted(faults, key=lambda fault: (fault.place, order[fault.column]))


def _common(name: str) -> list[pa.Check]:
    """Rules that many columns share: required, longest, no control characters, not garbled."""
    checks = [_rule("required_missing", rules.present)] if name in REQUIRED_COLUMNS else []
    if name in LONGEST:
        longest = LONGEST[name]
        checks += [
            _rule("too_long", lambda column: rules.at_most(column, longest)),
            _rule("control_characters", rules.no_controls),
            _rule("garbled_text", rules.not_garbled),
        ]
    return checks


def _rule(code: str, holds: Callable[[str], pl.Expr]) -> pa.Check:
    return pa.Check(lambda data: data.lazyframe.select(holds(data.key)), name=code)
