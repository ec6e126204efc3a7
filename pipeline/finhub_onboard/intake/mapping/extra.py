"""Joins the columns ``extra.*`` of a row into one text: JSON of their values by the member that they are sent as.

Promises: absent values leave nothing, a row without any has an empty text, and the order of the profile's lines changes
nothing. A number or boolean that is none stays a text, which the rules find. Knows no file and no body.
"""

import json
import re
from collections.abc import Mapping, Sequence

import polars as pl

from finhub_onboard.config.profile import ExtraMember

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})([.][0-9]{1,9})?")
_BOOLEANS = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}


def joined(columns: Sequence[tuple[ExtraMember, pl.Series]], height: int) -> pl.Series:
    """Return the joined text of each row."""
    if not columns:
        return pl.Series(dtype=pl.String).extend_constant("", height)
    columns = sorted(columns, key=lambda column: column[0].member)  # the text is compared with that of earlier runs
    members = [(json.dumps(member.member), member.type) for member, _ in columns]
    rows = zip(*(values.to_list() for _, values in columns), strict=True)
    return pl.Series((_text(members, row) for row in rows), dtype=pl.String)


def of_another_type(text: str, columns: Mapping[str, ExtraMember]) -> list[str]:
    """Name the columns whose values in a joined text should be numbers or booleans, and are texts."""
    values = json.loads(text)
    return [name for name, one in columns.items() if one.type != "text" and isinstance(values.get(one.member), str)]


def _text(members: Sequence[tuple[str, str]], values: Sequence[str]) -> str:
    pairs = [f"{member}:{_value(value, kind)}" for (member, kind), value in zip(members, values, strict=True) if value]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _value(value: str, kind: str) -> str:
    if kind == "number" and _NUMBER.fullmatch(value):
        return value
    if kind == "boolean" and value.casefold() in _BOOLEANS:
        return _BOOLEANS[value.casefold()]
    return json.dumps(value, ensure_ascii=False)
