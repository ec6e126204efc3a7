"""What a row must be: the table of rules, and what pandera needs to judge by it.

Promises: pandera judges every value of every row of a normalised batch. :func:`specification` can be read as the list
of rules; each check is named by its violation code, and :func:`validate` returns every (row, column, code) that fails,
none hiding another, without any value. Knows no words for a person and no file.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from finhub_onboard.intake.checking import rules
from finhub_onboard.intake.checking.elementwise import map_distinct
from finhub_onboard.intake.checking.normalise import INSTANT_COLUMNS, JUDGED_COLUMNS, VERDICT
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model import Risk
from finhub_onboard.model.columns import CONSENTS, DOCUMENT_COLUMNS, EXTRA, REQUIRED_COLUMNS, ROW_COLUMNS

LONGEST = {
    **dict.fromkeys(("external_id", "first_name", "last_name", "gender", "place_of_birth", "pincode", "category"), 200),
    **dict.fromkeys(("street", "city", "region", "postal_code"), 200),
    EXTRA: 4000,  # all values together, as JSON
    **dict.fromkeys(("document_number", *(f"{consent}_version" for consent in CONSENTS)), 64),
}
"""Columns of free text, and how many characters each may have."""
DOCUMENT_TYPES = ("PASSPORT", "ID_CARD", "DRIVERS_LICENSE")
_VERDICT_CHECK = "verdict"
"""The one check that is not named by its code: the code is the verdict itself."""
Condition = Callable[[str], pl.Expr]
"""Makes of the name of a column the condition on its values."""
Rule = tuple[ViolationCode, Condition]
"""A violation code, and the condition under which there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRule:
    """A rule that fails: the row's place in the batch, the canonical column, the violation code."""

    place: int
    column: str
    code: ViolationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a normalised batch must be, twice from the same table of rules.

    ``columns`` is a schema with one check per column, that all rules of the column hold. ``rules`` are the rules by
    column and name of the check, for a schema that names the rule that fails: only those that fail are in it.
    """

    columns: pa.DataFrameSchema
    rules: Mapping[str, Mapping[str, Condition]]


@lru_cache(maxsize=4)
def specification(
    *, now: datetime, min_age: int, required: tuple[str, ...] = (), typed: tuple[str, ...] = ()
) -> Specification:
    """Make the schemas, as of an instant; the passes of a run share one.

    ``required`` are further columns that the profile requires, ``typed`` the members of ``extra`` that are no text.
    """
    today = now.date().isoformat()
    columns: dict[str, list[Rule]] = {
        "external_id": [(ViolationCode.NUMBER_IMPRECISE, rules.not_rewritten)],
        "first_name": [(ViolationCode.NAME_WITHOUT_LETTER, rules.has_letter)],
        "last_name": [(ViolationCode.NAME_WITHOUT_LETTER, rules.has_letter)],
        "email": [],
        "phone": [
            (ViolationCode.PHONE_WITHOUT_COUNTRY_CODE, rules.international_phone),
            (ViolationCode.NUMBER_IMPRECISE, rules.not_rewritten),
        ],
        "date_of_birth": [
            (ViolationCode.BIRTH_DATE_FORMAT, rules.date_written),
            (ViolationCode.BIRTH_DATE_WITH_TIME, rules.date_at_midnight),
            (ViolationCode.BIRTH_DATE_IMPOSSIBLE, rules.date_real),
            (ViolationCode.BIRTH_DATE_FUTURE, lambda column: rules.date_not_after(column, today)),
            (ViolationCode.BIRTH_DATE_BEFORE_1900, rules.date_not_before_1900),
            (ViolationCode.BIRTH_DATE_UNDER_AGE, lambda column: rules.adult(column, now, min_age)),
        ],
        "nationality": [],
        "category": [],
        "gender": [],
        "place_of_birth": [],
        "pincode": [(ViolationCode.NUMBER_IMPRECISE, rules.no_number)],
        "risk_level": [(ViolationCode.RISK_LEVEL_UNKNOWN, lambda column: rules.one_of(column, tuple(Risk)))],
        "document_type": [(ViolationCode.DOCUMENT_TYPE_UNKNOWN, lambda column: rules.one_of(column, DOCUMENT_TYPES))],
        "document_number": [(ViolationCode.NUMBER_IMPRECISE, rules.not_rewritten)],
        **{column: [] for column in DOCUMENT_COLUMNS},
        "document_issued_on": [
            (ViolationCode.DOCUMENT_DATE_INVALID, rules.date_valid),
            (ViolationCode.DOCUMENT_ISSUED_IN_FUTURE, lambda column: rules.date_not_after(column, today)),
        ],
        "document_expires_on": [
            (ViolationCode.DOCUMENT_DATE_INVALID, rules.date_valid),
            (ViolationCode.DOCUMENT_EXPIRED, lambda column: rules.date_not_before(column, today)),
        ],
        **{column: [] for column in ("street", "city", "region", "country", "consent_ip_address")},
        "postal_code": [(ViolationCode.NUMBER_IMPRECISE, rules.no_number)],
        EXTRA: [
            (ViolationCode.CONTROL_CHARACTERS, rules.no_escapes),
            *([(ViolationCode.EXTRA_TYPE, lambda column: rules.no_text_for(column, typed))] if typed else []),
        ],
        **{f"{consent}_version": [] for consent in CONSENTS},
        **{
            column: [
                (ViolationCode.INSTANT_FORMAT, rules.instant_written),
                (ViolationCode.INSTANT_WITHOUT_OFFSET, rules.instant_has_offset),
                (ViolationCode.INSTANT_IN_FUTURE, lambda column: rules.instant_not_after(column, now)),
            ]
            for column in INSTANT_COLUMNS
        },
    }
    table = {name: dict([*_common(name, required), *own]) for name, own in columns.items()}
    single: dict[str, dict[str, Condition]] = {
        name: {str(code): rule for code, rule in own.items()} for name, own in table.items() if own
    }
    whole = {name: {name: _all_hold(name, own.values())} for name, own in single.items()}
    # Libraries and the file system have judged these once per distinct value; the schema reads their verdicts.
    verdicts: dict[str, dict[str, Condition]] = {
        column + VERDICT: {_VERDICT_CHECK: rules.no_verdict} for column in JUDGED_COLUMNS
    }
    return Specification(
        columns=pa.DataFrameSchema(_columns(whole, _check_whole) | _columns(_conditions(verdicts), _check)),
        rules=single | verdicts,
    )


def _conditions(table: Mapping[str, Mapping[str, Condition]]) -> dict[str, dict[str, pl.Expr]]:
    return {column: {name: rule(column) for name, rule in own.items()} for column, own in table.items()}


def load() -> None:
    """Make pandera load its backends now (0.5 s), not at the first validation, when the run talks to the bank."""
    pa.DataFrameSchema({"": pa.Column(pl.String, pa.Check(lambda _: True))}).validate(pl.DataFrame({"": ["x"]}))


def validate(by: Specification, frame: pl.DataFrame) -> list[BrokenRule]:
    """Return every rule that a batch breaks, ordered by row, column and rule.

    The whole batch is validated with a check per column. The values that failed are validated once more with a check
    per rule that any of them breaks, to name the rules: pandera takes half a millisecond for each check, and there are
    four times as many rules as columns.
    """
    failed = _failures(by.columns, frame)
    if failed is None:
        return []
    failing = set(failed["column"])
    columns = [column for column in frame.columns if column in failing]
    places = failed["index"].unique().sort()
    frame = frame[places, columns]
    conditions = _conditions({column: by.rules[column] for column in columns})
    table = {column: _broken(own, frame) for column, own in conditions.items()}
    named = _failures(pa.DataFrameSchema(_columns(table, _check)), frame)
    assert named is not None, "where the check of a column fails, one of its rules does"
    order = {column: place for place, column in enumerate(ROW_COLUMNS)}
    verdicts = {column: frame[column].to_list() for column in columns if column.endswith(VERDICT)}
    rows = places.to_list()
    broken = [
        BrokenRule(
            place=rows[index],
            column=column.removesuffix(VERDICT),
            code=ViolationCode(verdicts[column][index] if check == _VERDICT_CHECK else check),
        )
        for index, column, check in named.rows()
    ]
    return sorted(broken, key=lambda rule: (rule.place, order[rule.column]))


def _broken(conditions: Mapping[str, pl.Expr], frame: pl.DataFrame) -> dict[str, pl.Expr]:
    """Return the conditions that do not hold for all rows."""
    held = frame.select(holds.all().alias(name) for name, holds in conditions.items()).row(0, named=True)
    return {name: holds for name, holds in conditions.items() if not held[name]}


def _failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> pl.DataFrame | None:
    """Return row, column and check of every failure, or None. pandera's failing values are personal data: left out."""
    try:
        # PANDERA_VALIDATION_ENABLED and PANDERA_VALIDATION_DEPTH in the environment must not switch rules off.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        failures: pl.DataFrame = errors.failure_cases.select("index", "column", "check")
    else:
        return None
    if failures["index"].null_count():
        checks = failures.filter(pl.col("index").is_null())["check"]
        raise RuntimeError(f"these checks could not be made: {', '.join(checks)}")
    return failures


def _common(name: str, required: Collection[str]) -> list[Rule]:
    """Return the rules that many columns share."""
    common: list[Rule] = []
    if name in REQUIRED_COLUMNS or name in required:
        common.append((ViolationCode.REQUIRED_MISSING, rules.present))
    if name in LONGEST:
        longest = LONGEST[name]
        common += [
            (ViolationCode.TOO_LONG, lambda column: rules.at_most(column, longest)),
            (ViolationCode.CONTROL_CHARACTERS, rules.no_controls),
            (ViolationCode.GARBLED_TEXT, rules.not_garbled),
            (ViolationCode.CELL_ERROR, rules.no_cell_error),
        ]
    return common


def _all_hold(column: str, own: Collection[Condition]) -> pl.Expr:
    """Return the condition that all rules hold; several patterns are searched as one, in half of the time."""
    patterns = [rule.pattern for rule in own if isinstance(rule, rules.Lacks)]
    others = [rule(column) for rule in own if not isinstance(rule, rules.Lacks)]
    return pl.all_horizontal(*others, *([rules.Lacks("|".join(patterns))(column)] if patterns else []))


def _columns(
    table: Mapping[str, Mapping[str, pl.Expr]], make: Callable[[str, pl.Expr], pa.Check]
) -> dict[str, pa.Column]:
    """Make the columns of a schema, all of text, each with conditions by the name of their check."""
    return {
        column: _uncopied(pa.Column(pl.String, [make(name, holds) for name, holds in checks.items()], nullable=True))
        for column, checks in table.items()
    }


def _uncopied(column: pa.Column) -> pa.Column:
    """Let a column be its own deep copy: pandera makes one in each schema and one in each validation, a third of both.

    It gives them the name of the column and turns coercion off, which is off: so one object serves them all.
    """
    vars(column)["__deepcopy__"] = lambda _: column
    return column


def _check(name: str, holds: pl.Expr) -> pa.Check:
    return pa.Check(lambda data: data.lazyframe.select(holds), name=name)


def _check_whole(name: str, holds: pl.Expr) -> pa.Check:
    """Make a check that judges a value once, where values of a long column repeat."""

    def evaluate(values: pl.Series) -> pl.Series:
        return values.to_frame().lazy().select(holds).collect().to_series()

    def check(data: pa.PolarsData) -> pl.LazyFrame | bool:
        values = data.lazyframe.select(data.key).collect().to_series()
        answers = map_distinct(values, evaluate)
        # One answer for a good column: pandera copies a frame of answers several times.
        return True if answers.all() else answers.to_frame().lazy()

    return pa.Check(check, name=name)
