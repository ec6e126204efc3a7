"""What a row must be: the specification of an input, as a pandera schema over normalised batches.

Promises: :func:`specification` can be read as the list of rules; each check is named by its violation code, and
:func:`broken` returns every (row, column, code) that fails, none hiding another, without any value. Knows no words
for a person and no file.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from finhub_onboard.intake.checking import rules
from finhub_onboard.intake.checking.elementwise import few
from finhub_onboard.intake.checking.normalise import INSTANT_COLUMNS, JUDGED_COLUMNS, VERDICT
from finhub_onboard.model import CANONICAL_COLUMNS, CONSENTS, DOCUMENT_COLUMNS, REQUIRED_COLUMNS, Risk

LONGEST = {
    **dict.fromkeys(("external_id", "first_name", "last_name", "gender", "place_of_birth", "pincode", "category"), 200),
    **dict.fromkeys(("document_number", *(f"{consent}_version" for consent in CONSENTS)), 64),
}
"""Free texts and the characters that each may have."""
DOCUMENT_TYPES = ("PASSPORT", "ID_CARD", "DRIVERS_LICENSE")
_VERDICT_CHECK = "verdict"
"""The one check that is not named by its code: the code is the verdict itself."""
Rule = tuple[str, Callable[[str], pl.Expr]]
"""A violation code, and the condition on a column under which there is none."""
Part = tuple[tuple[str, tuple[str, ...]], ...]
"""Some columns, and of each the codes of some rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A rule that fails: the row's place in the batch, the canonical column, the violation code."""

    place: int
    column: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a normalised batch must be: for each column the conditions of its rules, by violation code.

    ``surely`` are cheap conditions under which all of a column's own hold, for the columns where nearly every value
    differs; they need not hold for every good value.
    """

    rules: Mapping[str, Mapping[str, pl.Expr]]
    surely: Mapping[str, pl.Expr]
    parts: dict["Part", pa.DataFrameSchema] = field(default_factory=dict)

    @property
    def schema(self) -> pa.DataFrameSchema:
        """All rules as a pandera schema."""
        return self.part(tuple((column, tuple(rules)) for column, rules in self.rules.items()))

    def part(self, part: "Part") -> pa.DataFrameSchema:
        """Return a schema of some rules only; what many batches break is made once.

        pandera takes a millisecond for each check, and of the many there are a batch breaks a few.
        """
        if part not in self.parts:
            self.parts[part] = pa.DataFrameSchema(
                {
                    column: pa.Column(
                        pl.String, [_check(code, self.rules[column][code]) for code in codes], nullable=True
                    )
                    for column, codes in part
                }
            )
        return self.parts[part]

    def good(self, column: str) -> pl.Expr:
        """Return the condition under which a value breaks no rule of its column."""
        return pl.all_horizontal(self.rules[column].values())

    def broken_part(self, frame: pl.DataFrame) -> "Part":
        """Return which rules the columns of a frame break at all."""
        found = []
        for column in frame.columns:
            rules = self.rules[column]
            holds = frame.select(condition.all().alias(code) for code, condition in rules.items()).row(0)
            found.append((column, tuple(code for code, always in zip(rules, holds, strict=True) if not always)))
        return tuple(found)


def specification(*, now: datetime, min_age: int, required: Collection[str] = ()) -> Specification:
    """Return the rules of a normalised batch, as of an instant; ``required`` are columns of a profile's own."""
    today = now.date().isoformat()
    columns: dict[str, list[Rule]] = {
        "external_id": [("number_imprecise", rules.not_rewritten)],
        "first_name": [("name_without_letter", rules.has_letter)],
        "last_name": [("name_without_letter", rules.has_letter)],
        "email": [],
        "phone": [
            ("phone_without_country_code", rules.international_phone),
            ("number_imprecise", rules.not_rewritten),
        ],
        "date_of_birth": [
            ("birth_date_format", rules.date_written),
            ("birth_date_with_time", rules.date_at_midnight),
            ("birth_date_impossible", rules.date_real),
            ("birth_date_future", lambda column: rules.date_not_after(column, today)),
            ("birth_date_before_1900", rules.date_not_before_1900),
            ("birth_date_under_age", lambda column: rules.adult(column, now, min_age)),
        ],
        "nationality": [],
        "category": [],
        "gender": [],
        "place_of_birth": [],
        "pincode": [("number_imprecise", rules.no_number)],
        "risk_level": [("risk_level_unknown", lambda column: rules.one_of(column, tuple(Risk)))],
        "document_type": [("document_type_unknown", lambda column: rules.one_of(column, DOCUMENT_TYPES))],
        "document_number": [("number_imprecise", rules.not_rewritten)],
        **{column: [] for column in DOCUMENT_COLUMNS},
        **{f"{consent}_version": [] for consent in CONSENTS},
        **{
            column: [
                ("instant_format", rules.instant_written),
                ("instant_without_offset", rules.instant_has_offset),
                ("instant_in_future", lambda column: rules.instant_not_after(column, now)),
            ]
            for column in INSTANT_COLUMNS
        },
    }
    columns = {name: [*_common(name, required), *own] for name, own in columns.items()}
    # E-mail, phone, nationality, category and documents: judged by libraries and the file system, once per value.
    columns |= {column + VERDICT: [(_VERDICT_CHECK, rules.no_verdict)] for column in JUDGED_COLUMNS}
    return Specification(
        rules={name: {code: holds(name) for code, holds in own} for name, own in columns.items() if own},
        surely={
            **{column: rules.surely_text(column, longest) for column, longest in LONGEST.items()},
            **{column: rules.surely_past_instant(column, now) for column in INSTANT_COLUMNS},
            "date_of_birth": rules.surely_adult("date_of_birth", now, min_age),
        },
    )


def load() -> None:
    """Load what pandera loads at its first validation (0.5 s): a run does it before it talks to the bank."""
    pa.DataFrameSchema({"": pa.Column(pl.String, pa.Check(lambda _: True))}).validate(pl.DataFrame({"": ["x"]}))


def broken(by: Specification, frame: pl.DataFrame) -> list[Broken]:
    """Return every rule that a batch breaks, ordered by row, column and rule.

    Columns and rows that are good as a whole, nearly all of nearly every batch, are told apart first; pandera names
    what is wrong with the others.
    """
    suspicious = {column: _places(by, frame[column]) for column in by.rules}
    bad = [column for column, found in suspicious.items() if found.len()]
    if not bad:
        return []
    places = pl.concat([suspicious[column] for column in bad]).unique().sort()
    frame = frame.select(bad)[places]
    try:
        by.part(by.broken_part(frame)).validate(frame, lazy=True)
    except SchemaErrors as errors:
        # Only where and which: pandera's own column of failing values is personal data.
        found = errors.failure_cases.select("index", "column", "check").rows()
    else:
        return []
    order = {column: place for place, column in enumerate(CANONICAL_COLUMNS)}
    faults = [
        Broken(
            place=places[place],
            column=column.removesuffix(VERDICT),
            code=frame[column][place] if check == _VERDICT_CHECK else check,
        )
        for place, column, check in found
    ]
    return sorted(faults, key=lambda fault: (fault.place, order[fault.column]))


def _places(by: Specification, values: pl.Series) -> pl.Series:
    """Return the places at which a column breaks a rule of its own."""
    name = values.name
    if name.endswith(VERDICT):
        return values.is_not_null().arg_true()
    distinct = few(values)
    if distinct is not None:
        bad = distinct.filter(~_holding(by.good(name), distinct))
        if not bad.len():
            return pl.Series(name, [], dtype=pl.get_index_type())
        return values.is_in(bad.implode()).arg_true()
    places = (~_holding(by.surely.get(name, by.good(name)), values)).arg_true()
    return places.filter(~_holding(by.good(name), values.gather(places)))


def _holding(condition: pl.Expr, values: pl.Series) -> pl.Series:
    return values.to_frame().select(condition).to_series()


def _common(name: str, required: Collection[str]) -> list[Rule]:
    """Rules that many columns share: required, longest, no control characters, not garbled, no error of a cell."""
    found: list[Rule] = [("required_missing", rules.present)] if name in REQUIRED_COLUMNS or name in required else []
    if name in LONGEST:
        longest = LONGEST[name]
        found += [
            ("too_long", lambda column: rules.at_most(column, longest)),
            ("control_characters", rules.no_controls),
            ("garbled_text", rules.not_garbled),
            ("cell_error", rules.no_cell_error),
        ]
    return found


def _check(code: str, holds: pl.Expr) -> pa.Check:
    return pa.Check(lambda data: data.lazyframe.select(holds), name=code)
