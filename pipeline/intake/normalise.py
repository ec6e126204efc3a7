"""Values brought to the form in which they are checked and sent; the library's verdicts beside them.

Promises: normalisation never decides whether a value is good, and never changes what a person would call the value:
outer white space goes, Unicode is composed (NFC), and what has a canonical spelling gets it. A value that cannot be
read stays as it was. Where a library or the file system judges a value, its verdict is a code in a column of its own
(``phone:verdict``; null is fine), made once per distinct value. Knows no schema and no file format.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipeline.intake import contacts, countries, documents, phones
from pipeline.intake.categories import Catalogue
from pipeline.intake.elementwise import mapped, mended, per_distinct
from pipeline.model import CANONICAL_COLUMNS, CONSENTS, DOCUMENT_COLUMNS

OUTER_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200e\u200f"
    "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""White space of every kind, and invisible marks that copying leaves at the ends of a value."""


VERDICT = ":verdict"
NOTE = ":note"
NOTED_COLUMNS = ("first_name", "last_name", "email", "phone")
"""Columns whose change is told where it matters; the others only lose white space or get another spelling."""
JUDGED_COLUMNS = ("email", "phone", "nationality", "category", *DOCUMENT_COLUMNS)
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


def text(values: pl.Series) -> pl.Series:
    """Strip outer white space and compose (NFC)."""
    return mapped(values, _text)


def one(value: str) -> str:
    """Bring a single value to the form that it has in a row."""
    return str(text(pl.Series("value", [value], dtype=pl.String))[0])


def _text(values: pl.Series) -> pl.Series:
    stripped = values.str.strip_chars()
    # Whole columns are told by their sizes, which costs a fraction of looking for characters in each value.
    if stripped.str.len_chars().sum() == stripped.str.len_bytes().sum():
        return stripped
    return mended(stripped, r"[^\x00-\x7f]", lambda odd: odd.str.strip_chars(OUTER_SPACE).str.normalize("NFC"))


def email_key(values: pl.Series) -> pl.Series:
    """Bring addresses to the form in which two of them are the same for the bank: without case."""
    return text(values).str.to_lowercase()


def phone_number(values: pl.Series) -> pl.Series:
    """Bring valid numbers into E.164; others stay as they are."""
    return _phones(text(values))[0]


def normalise(frame: pl.DataFrame, *, catalogue: Catalogue, documents_root: Path, max_bytes: int) -> pl.DataFrame:
    """Return the canonical columns in canonical form, followed by the verdict columns."""
    columns = {column: _canonical(column, frame[column]) for column in CANONICAL_COLUMNS}
    columns["document_type"] = mapped(columns["document_type"], document_type)
    for column in INSTANT_COLUMNS:
        columns[column] = _instants(columns[column])
    judged = {
        "email": _judge(columns["email"], contacts.plain_emails, contacts.email, "email_invalid"),
        "phone": _phones(columns["phone"]),
        "nationality": _judge(columns["nationality"], None, countries.english_name, "nationality_unknown"),
        "category": _judge(columns["category"], None, catalogue.spelling, "category_unknown"),
    }
    columns.update((column, values) for column, (values, _) in judged.items())
    verdicts = {column: verdict for column, (_, verdict) in judged.items()}
    for column in DOCUMENT_COLUMNS:
        verdicts[column] = per_distinct(
            columns[column], lambda path: documents.problem(documents_root, path, max_bytes) if path else None
        )
    result = pl.DataFrame(
        [columns[column].alias(column) for column in CANONICAL_COLUMNS]
        + [verdicts[column].alias(column + VERDICT) for column in JUDGED_COLUMNS]
    )
    return result.hstack(_notes(frame, result))


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """Return columns as far as they can be told without looking anything up: what is absent is an empty text."""
    return frame.select(_canonical(column, frame[column]).alias(column) for column in frame.columns)


def _canonical(column: str, values: pl.Series) -> pl.Series:
    stripped = text(values)
    return mapped(stripped, lambda words: words.str.to_uppercase()) if column in _UPPER else stripped


def _notes(before: pl.DataFrame, after: pl.DataFrame) -> list[pl.Series]:
    """Tell by a code where normalisation changed something that matters; null elsewhere."""
    notes = []
    for column in NOTED_COLUMNS:
        old, new = before[column], after[column]
        changed = (old != new).arg_true()
        pairs = zip(changed, old.gather(changed), new.gather(changed), strict=True)
        told = [(place, code) for place, was, became in pairs if (code := _note(column, was, became))]
        note = pl.repeat(None, after.height, dtype=pl.String, eager=True)
        if told:
            note = note.scatter([place for place, _ in told], [code for _, code in told])
        notes.append(note.alias(column + NOTE))
    return notes


def _note(column: str, was: str, became: str) -> str | None:
    match column:
        case "email":
            return "email_rewritten" if was.strip().lower() != became.lower() else None
        case "phone":
            digits = "".join(filter(str.isdecimal, was)).removeprefix("00")
            return "phone_digits_changed" if digits != became.removeprefix("+") and became.startswith("+") else None
    return "name_cleaned" if was.strip() != became else None


def _judge(
    values: pl.Series,
    surely_good: Callable[[pl.Series], pl.Series] | None,
    canonical: Callable[[str], str | None],
    code: str,
) -> tuple[pl.Series, pl.Series]:
    """Return the canonical values and the verdicts; what is good by its looks is not asked about."""
    settled = values == ""
    if surely_good:
        settled |= surely_good(values)
    if settled.all():
        return values, pl.Series([None], dtype=pl.String).new_from_index(0, values.len())
    asked = values.set(settled, None)
    answers = per_distinct(asked, lambda value: canonical(value) or "")
    good = answers.is_null() | (answers != "")
    return (
        pl.select(pl.when(good).then(pl.coalesce(answers, values)).otherwise(values)).to_series(),
        pl.select(pl.when(~good).then(pl.lit(code))).to_series(),
    )


def _phones(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    dialled = mended(values, "^00", lambda odd: odd.str.replace("^00", "+"))
    return _judge(dialled, phones.plain, _phone, "phone_invalid")


def _phone(value: str) -> str | None:
    """Read a number; without a country code it stays as it is, for another rule to name."""
    return phones.e164(value) if value.startswith("+") else value


def document_type(values: pl.Series) -> pl.Series:
    """Bring the bank's words for documents into their spelling; others stay, in upper case."""
    upper = values.str.to_uppercase()
    bare = upper.str.replace_all(r"[ _'\x{2019}.\-]", "")
    return bare.replace_strict(
        list(_DOCUMENT_TYPES), list(_DOCUMENT_TYPES.values()), default=upper, return_dtype=pl.String
    )


def _instants(values: pl.Series) -> pl.Series:
    """Bring instants to UTC: whole columns where they are written as usual, the rest once per distinct value."""
    places = ((values != "") & ~values.str.contains(_CANONICAL_INSTANT)).arg_true()
    return values.scatter(places, _brought_to_utc(values.gather(places))) if places.len() else values


def _brought_to_utc(values: pl.Series) -> pl.Series:
    usual = pl.select(pl.when(values.str.contains(_INSTANT)).then(values)).to_series()
    parsed = usual.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us", time_zone="UTC")
    canonical = parsed.dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ").str.replace(".000000Z", "Z", literal=True)
    rest = pl.select(pl.when(canonical.is_null() & (values != "")).then(values)).to_series()
    return pl.select(pl.coalesce(canonical, per_distinct(rest, _instant), values)).to_series()


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
