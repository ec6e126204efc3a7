"""Brings values into the form in which they are checked and sent, with verdicts of libraries beside them.

Promises: normalisation never rejects a value and never changes its meaning: it applies the canonical spelling, and
leaves a value that it cannot read as it is (``cells`` cleaned it before). Where a library or the file system judges a
value, its verdict is a code in a column of its own (``phone:verdict``; null is good), computed once per distinct value.
Knows no schema and no file format.
"""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

from finhub_onboard.intake.checking import contacts, countries, documents, phones
from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.intake.checking.elementwise import distinct_if_few, map_distinct, map_texts, spread
from finhub_onboard.intake.checking.rewritten import is_rewritten
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.model.columns import CONSENTS, DOCUMENT_COLUMNS, ROW_COLUMNS

VERDICT = ":verdict"
JUDGED_COLUMNS = ("email", "phone", "nationality", "category", "country", "consent_ip_address", *DOCUMENT_COLUMNS)
INSTANT_COLUMNS = tuple(f"{consent}_accepted_at" for consent in CONSENTS)
_UPPER = ("gender", "risk_level")

_CANONICAL_INSTANT = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d:[0-5]\d)$"
_LOOSE_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:[0-5]\d)(:[0-5]\d)?(?:[.,](\d{1,9}))? ?(?:([Zz])|([+-]\d\d):?([0-5]\d)?)", re.ASCII
)
_DOCUMENT_TYPES = {
    "PASSPORT": "PASSPORT",
    "IDCARD": "ID_CARD",
    "IDENTITYCARD": "ID_CARD",
    "NATIONALID": "ID_CARD",
    "NATIONALIDCARD": "ID_CARD",
    "NATIONALIDENTITYCARD": "ID_CARD",
    "DRIVERSLICENSE": "DRIVERS_LICENSE",
    "DRIVERSLICENCE": "DRIVERS_LICENSE",
    "DRIVERLICENSE": "DRIVERS_LICENSE",
    "DRIVERLICENCE": "DRIVERS_LICENSE",
    "DRIVINGLICENSE": "DRIVERS_LICENSE",
    "DRIVINGLICENCE": "DRIVERS_LICENSE",
}


def phone_number(values: pl.Series) -> pl.Series:
    """Bring valid numbers into E.164; others stay as they are."""
    return _phones(values)[0]


def normalise(
    frame: pl.DataFrame,
    *,
    catalogue: Catalogue,
    documents_root: Path,
    max_bytes: int,
    look: Callable[[Path, Sequence[str], int], Sequence[str | None]] = documents.problems,
    nationalities: Collection[str] = (),
    email: Callable[[str], str | None] = contacts.email,
) -> pl.DataFrame:
    """Return the canonical columns in canonical form, followed by the verdict columns.

    ``look`` returns the codes of documents' faults, given the root, their paths and the largest size.
    ``nationalities`` are those of the profile: codes, or names that are sent unchanged.
    """
    columns = {column: _canonical(column, frame.get_column(column)) for column in ROW_COLUMNS}
    columns["document_type"] = map_distinct(columns["document_type"], document_type)
    for column in INSTANT_COLUMNS:
        columns[column] = map_distinct(columns[column], _instants)
    judged = {
        "email": _judge(columns["email"], contacts.plain_emails, email, ViolationCode.EMAIL_INVALID),
        "phone": _phones(columns["phone"]),
        "nationality": _nationalities(columns["nationality"], nationalities),
        "category": _categories(columns["category"], catalogue),
        "country": _judge(columns["country"], None, countries.english_name, ViolationCode.COUNTRY_UNKNOWN),
        "consent_ip_address": _judge(
            columns["consent_ip_address"], None, contacts.ip_address, ViolationCode.IP_ADDRESS_INVALID
        ),
    }
    columns.update((column, values) for column, (values, _) in judged.items())
    verdicts = {column: verdict for column, (_, verdict) in judged.items()}
    for column in DOCUMENT_COLUMNS:
        verdicts[column] = _documents(columns[column], lambda paths: look(documents_root, paths, max_bytes))
    return pl.DataFrame(
        [columns[column].alias(column) for column in ROW_COLUMNS]
        + [verdicts[column].alias(column + VERDICT) for column in JUDGED_COLUMNS]
    )


def _documents(values: pl.Series, look: Callable[[Sequence[str]], Sequence[str | None]]) -> pl.Series:
    """Return verdicts; documents of one folder are looked at one after the other."""
    paths = values.unique().sort()
    paths = paths.filter(paths != "")
    verdicts = pl.Series(look(paths.to_list()) if paths.len() else [], dtype=pl.String)
    if verdicts.null_count() == verdicts.len():
        return pl.Series([None], dtype=pl.String).new_from_index(0, values.len())
    return values.replace_strict(paths, verdicts, default=None, return_dtype=pl.String)


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """Normalise columns without libraries and files; an absent value is ''."""
    return frame.select(_canonical(column, frame[column]).alias(column) for column in frame.columns)


def _canonical(column: str, values: pl.Series) -> pl.Series:
    return map_distinct(values, lambda words: words.str.to_uppercase()) if column in _UPPER else values


def _nationalities(values: pl.Series, stated: Collection[str]) -> tuple[pl.Series, pl.Series]:
    """Return English names and verdicts: unknown names, and names of several countries."""
    own = {name for name in stated if not countries.is_code(name)}
    names, verdicts = _judge(
        values, lambda given: given.is_in(list(own)), countries.english_name, ViolationCode.NATIONALITY_UNKNOWN
    )
    if verdicts.null_count() == verdicts.len():
        return names, verdicts
    several = map_texts(
        pl.select(pl.when(verdicts.is_not_null()).then(names)).to_series(),
        lambda name: ViolationCode.NATIONALITY_AMBIGUOUS if countries.candidates(name) else None,
    )
    return names, pl.select(pl.coalesce(several, verdicts)).to_series()


def _categories(values: pl.Series, catalogue: Catalogue) -> tuple[pl.Series, pl.Series]:
    """Return the hierarchy's spellings and verdicts: unknown categories, and those that take no individual."""
    names, verdicts = _judge(values, None, catalogue.spelling, ViolationCode.CATEGORY_UNKNOWN)
    if catalogue.known is None:
        return names, verdicts
    return names, pl.select(pl.coalesce(verdicts, map_texts(names, catalogue.bar))).to_series()


def _judge(
    values: pl.Series,
    surely_good: Callable[[pl.Series], pl.Series] | None,
    canonical: Callable[[str], str | None],
    code: ViolationCode,
) -> tuple[pl.Series, pl.Series]:
    """Return canonical values and verdicts; ``canonical`` is not called for empty and surely good values."""
    distinct = distinct_if_few(values)
    if distinct is not None and distinct.len() < values.len():
        names, verdicts = _judge(distinct, surely_good, canonical, code)
        return spread(values, distinct, names), spread(values, distinct, verdicts)
    settled = values == ""
    if surely_good:
        settled |= surely_good(values)
    if settled.all():
        return values, pl.Series([None], dtype=pl.String).new_from_index(0, values.len())
    asked = values.set(settled, None)
    answers = map_texts(asked, lambda value: canonical(value) or "")
    good = answers.is_null() | (answers != "")
    return (
        pl.select(pl.when(good).then(pl.coalesce(answers, values)).otherwise(values)).to_series(),
        pl.select(pl.when(~good).then(pl.lit(code))).to_series(),
    )


def _phones(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    return _judge(phones.write_prefixes(values), phones.plain, _phone, ViolationCode.PHONE_INVALID)


def _phone(value: str) -> str | None:
    """Return a number in E.164. One without a country code, or rewritten by a tool, stays: other rules report it."""
    return phones.e164(value) if value.startswith("+") and not is_rewritten(value) else value


def document_type(values: pl.Series) -> pl.Series:
    """Normalise document types to the bank's spelling; unknown ones are in upper case."""
    upper = values.str.to_uppercase()
    bare = upper.str.replace_all(r"[ _'\x{2019}.\-]", "")
    return bare.replace_strict(
        list(_DOCUMENT_TYPES), list(_DOCUMENT_TYPES.values()), default=upper, return_dtype=pl.String
    )


def _instants(values: pl.Series) -> pl.Series:
    """Convert instants to UTC: usual spellings by column, others once per distinct value."""
    places = ((values != "") & ~values.str.contains(_CANONICAL_INSTANT)).arg_true()
    # scatter changes its series in place
    return values.clone().scatter(places, _brought_to_utc(values.gather(places))) if places.len() else values


def _brought_to_utc(values: pl.Series) -> pl.Series:
    usual = pl.select(pl.when(values.str.contains(_INSTANT)).then(values)).to_series()
    parsed = usual.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us", time_zone="UTC")
    canonical = parsed.dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ").str.replace(".000000Z", "Z", literal=True)
    rest = pl.select(pl.when(canonical.is_null() & (values != "")).then(values)).to_series()
    return pl.select(pl.coalesce(canonical, map_texts(rest, _instant), values)).to_series()


@lru_cache(maxsize=4096)
def _instant(value: str) -> str | None:
    """Read an instant written with a space, a decimal comma, without seconds, or with a short offset."""
    match = _LOOSE_INSTANT.fullmatch(value)
    if not match:
        return None
    day, clock, seconds, fraction, zulu, hours, minutes = match.groups()
    written = f"{day}T{clock}{seconds or ':00'}.{(fraction or '0')[:6]:0<6}"
    try:
        moment = datetime.fromisoformat(written + ("+00:00" if zulu else f"{hours}:{minutes or '00'}")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return canonical_instant(moment)


def canonical_instant(moment: datetime) -> str:
    """Write an instant as ``YYYY-MM-DDTHH:MM:SS[.ffffff]Z``."""
    # strftime does not pad years before 1000 everywhere; isoformat does.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
