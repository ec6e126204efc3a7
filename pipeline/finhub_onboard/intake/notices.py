"""Notices and warnings on a row: values that were changed while reading, and values that look wrong.

Promises: a change that matters is always reported, and a value that only looks wrong does not reject its row. Cheap
patterns select the few cells that are examined one by one. Knows codes only; the messages are in ``violation_codes``.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from finhub_onboard.intake.cells import Cells
from finhub_onboard.intake.checking import rewritten
from finhub_onboard.intake.checking.elementwise import distinct_if_few
from finhub_onboard.intake.checking.phones import loses_digits
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.reading.quirks import OPENERS
from finhub_onboard.model import Severity

_NOTHING = (
    r"^(?i:[#(\[<]?(?:n/a|null|none|not available|not applicable|unknown|undefined|no value)[)\]>]?|n\.a\.?)$"
    r"|^(?:nan|NaN|NAN|[-\u2010-\u2015_.?*]+)$"
)
"""Words and signs for no value. ``NA`` and ``Nan`` are names of persons."""
_MAYBE_NOTHING = ("external_id", "first_name", "last_name", "place_of_birth", "pincode", "document_number")
_DOUBTFUL_NUMBERS = ("external_id", "document_number")
_QUOTED = rf"""^["'{OPENERS}].*["'{OPENERS}\u2019]$"""
"""A straight apostrophe at both ends, or typographic quotes; CSV's own are gone by now."""
_NO_BIRTH_DATE = "1900-01-01"
_PERSONAL = r"^(?:\S+@\S+\.\S+|(?:\+|00)[0-9][0-9 ()./-]{6,18}[0-9])$"
"""An e-mail, or a phone number with country code."""
_SEVERITY = {
    ViolationCode.MISREAD_TEXT: Severity.WARNING,
    ViolationCode.HTML_ENTITY: Severity.WARNING,
    ViolationCode.NAME_SPLIT_DOUBTFUL: Severity.WARNING,
}


class Notice(NamedTuple):
    """A notice or warning: the row's place in the batch, the canonical column, the code, the severity."""

    place: int
    column: str
    code: ViolationCode
    severity: Severity


def find(given: Cells, frame: pl.DataFrame) -> Iterator[Notice]:
    """Yield the notices on a batch; ``given`` are its cells, ``frame`` is normalised."""
    for column, codes in given.codes.items():
        for place in codes.is_not_null().arg_true():
            code = ViolationCode(codes[place])
            yield Notice(place, column, code, _SEVERITY.get(code, Severity.NOTICE))
    for place in _rewritten_emails(given.frame["email"], frame["email"]):
        yield Notice(place, "email", ViolationCode.EMAIL_REWRITTEN, Severity.NOTICE)
    if given.dialled is not None:
        for place in loses_digits(given.dialled, frame["phone"]):
            yield Notice(place, "phone", ViolationCode.PHONE_DIGITS_CHANGED, Severity.NOTICE)
    yield from _doubtful(frame)


def _doubtful(frame: pl.DataFrame) -> Iterator[Notice]:
    """Yield placeholders, and values that a tool may have changed."""
    for column in _MAYBE_NOTHING:
        values = frame[column]
        pattern = f"{_NOTHING}|{_QUOTED}" + (f"|{rewritten.DOUBTFUL}" if column in _DOUBTFUL_NUMBERS else "")
        for place in _matching(values, pattern):
            yield Notice(place, column, _doubt_of(values[place], column), Severity.WARNING)
    for place in _matching(frame["external_id"], _PERSONAL):
        yield Notice(place, "external_id", ViolationCode.EXTERNAL_ID_PERSONAL, Severity.WARNING)
    for place in (frame["date_of_birth"] == _NO_BIRTH_DATE).arg_true():
        yield Notice(place, "date_of_birth", ViolationCode.BIRTH_DATE_PLACEHOLDER, Severity.WARNING)


def _doubt_of(value: str, column: str) -> ViolationCode:
    if column in _DOUBTFUL_NUMBERS and value[0].isdigit():
        return ViolationCode.NUMBER_IMPRECISE
    return ViolationCode.QUOTED_VALUE if re.search(_QUOTED, value) else ViolationCode.PLACEHOLDER


def _matching(values: pl.Series, pattern: str) -> pl.Series:
    """Return the places of the values that match a pattern; tests distinct values only, where they are few."""
    distinct = distinct_if_few(values)
    if distinct is None:
        return values.str.contains(pattern).arg_true()
    matching = distinct.filter(distinct.str.contains(pattern))
    return values.is_in(matching.implode()).arg_true() if matching.len() else pl.Series([], dtype=pl.get_index_type())


def _rewritten_emails(given: pl.Series, sent: pl.Series) -> Iterator[int]:
    """Yield the places of addresses that changed by more than case."""
    changed = (given != sent).arg_true()
    pairs = zip(changed, given.gather(changed), sent.gather(changed), strict=True)
    yield from (place for place, was, became in pairs if was.lower() != became.lower())
