"""The sample to rehearse: rows spread over the whole input, including rejects, as files in the input's own form.

Promises: the same input gives the same rows, byte for byte, in the input's dialect and encoding. The input is streamed
and never held; only some candidates are judged, so that not all documents are opened. Knows no bank.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from finhub_onboard.config.order import Order
from finhub_onboard.config.profile import Profile, Source
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.documents_root import refuse_if_missing
from finhub_onboard.intake.first_pass import Survey, survey
from finhub_onboard.intake.reading.files import Reading
from finhub_onboard.intake.rejects import RejectMark, file_name, write_rejects
from finhub_onboard.intake.second_pass import Rules, judge_rows
from finhub_onboard.model import Customer, IntakeRow
from finhub_onboard.model.columns import CONSENTS, DOCUMENT_COLUMNS

_CANDIDATES = 20
"""Rows that are judged per sampled row: enough to find the kinds of rows of an input."""
_ONE_REJECT_IN = 5
_BATCH_ROWS = 100_000
_GOLDEN = 0.618034
_AS_IT_STANDS = (RejectMark(field="", code="", message=""),)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """A row of the sample: its place in the sample and in the input, and its customer if it is accepted."""

    source: str
    row_number: int
    origin: str
    customer: Customer | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Files to run, how they are read (``profile`` says the same as a file), and what stands in them."""

    files: tuple[Path, ...]
    reading: Reading
    profile: Path
    rows: tuple[SampleRow, ...]

    @property
    def customers(self) -> list[Customer]:
        """The accepted rows."""
        return [row.customer for row in self.rows if row.customer is not None]


def draw(order: Order, settings: Settings, folder: Path, *, wanted: int) -> Sample:
    """Choose ``wanted`` rows of the inputs and copy them into ``folder``.

    Raises :class:`UnreadableInputError` when an input cannot be read as a whole.
    """
    found = _surveyed(order.inputs, Reading.configured(order.profile, settings.intake), settings)
    profile = _stated(order.profile, found)
    reading = Reading.configured(profile, settings.intake)
    places = spread(found.rows, wanted * _CANDIDATES)
    some = _surveyed(_copied(found, places, folder / "candidates"), reading, settings)
    chosen = choose(_judged(some, settings), wanted)
    files = _copied(some, chosen, folder / "input")
    for source in some.sources:
        Path(source.path).unlink()
    written = folder / "profile.toml"
    written.write_text(toml(profile.model_dump(mode="json", exclude_defaults=True)), encoding="utf-8")
    origins = [_origin(found, places[place]) for place in chosen]
    return _sample(files, origins, reading, written, settings)


def alone(sample: Sample, row: SampleRow, settings: Settings, folder: Path) -> Sample:
    """One row of a sample as a sample of its own."""
    found = _surveyed(sample.files, sample.reading, settings)
    files = _copied(found, [sample.rows.index(row)], folder)
    return _sample(files, [row.origin], sample.reading, sample.profile, settings)


def _sample(
    files: tuple[Path, ...], origins: Sequence[str], reading: Reading, profile: Path, settings: Settings
) -> Sample:
    judged = _judged(_surveyed(files, reading, settings), settings)
    known = tuple(
        SampleRow(source=row.source, row_number=row.row_number, origin=origin, customer=row.customer)
        for row, origin in zip(judged, origins, strict=True)
    )
    return Sample(files=files, reading=reading, profile=profile, rows=known)


def spread(total: int, wanted: int, *, phase: float = 0.5) -> list[int]:
    """Choose up to ``wanted`` of ``total`` places, one per equal stretch, at this offset (0 to 1) into it."""
    if wanted >= total:
        return list(range(total))
    return [int((place + phase) * total / wanted) for place in range(wanted)]


def choose(candidates: Sequence[IntakeRow], wanted: int) -> list[int]:
    """Take places of as many kinds of rows as there are, each kind spread over the candidates; some are rejects."""
    kinds: dict[bool, dict[Hashable, list[int]]] = {True: defaultdict(list), False: defaultdict(list)}
    for place, row in enumerate(candidates):
        kinds[row.customer is not None][_kind(row)].append(place)
    good = sum(map(len, kinds[True].values()))
    rejects = max(wanted // _ONE_REJECT_IN, wanted - good)
    bad = _of_each(list(kinds[False].values()), rejects)
    return sorted([*bad, *_of_each(list(kinds[True].values()), wanted - len(bad))])


def _kind(row: IntakeRow) -> Hashable:
    """What changes a row's way through the journey; for a reject, its reason."""
    customer = row.customer
    if customer is None:
        return tuple(sorted({violation.code for violation in row.violations}))
    present = [*DOCUMENT_COLUMNS, *(f"{consent}_accepted_at" for consent in CONSENTS), "document_number"]
    return (customer.category, customer.risk_level, *(bool(getattr(customer, column)) for column in present))


def _of_each(groups: list[list[int]], wanted: int) -> list[int]:
    """Take one of each group in turn, larger groups first, until there are enough; within a group evenly spread.

    Each group at another phase, so that they do not all meet in the same places.
    """
    groups = sorted(groups, key=len, reverse=True)
    shares = [0] * len(groups)
    left = min(wanted, sum(map(len, groups)))
    while left > 0:
        for number, group in enumerate(groups):
            if left and shares[number] < len(group):
                shares[number] += 1
                left -= 1
    return [
        group[place]
        for number, (group, share) in enumerate(zip(groups, shares, strict=True))
        for place in spread(len(group), share, phase=(0.5 + number * _GOLDEN) % 1)
    ]


def _surveyed(inputs: Sequence[Path], reading: Reading, settings: Settings) -> Survey:
    found = survey(inputs, batch_rows=settings.intake.batch_rows, reading=reading)
    refuse_if_missing(found, settings.documents.root, batch_rows=settings.intake.batch_rows)
    return found


def _judged(found: Survey, settings: Settings) -> list[IntakeRow]:
    """Judge all rows; every category passes, as the rehearsal's bank has those of the sample."""
    rules = Rules(
        now=datetime.now(UTC),
        min_age=settings.intake.min_age,
        documents_root=settings.documents.root,
        max_document_bytes=settings.documents.max_bytes,
        categories=None,
        reject_probable=settings.intake.reject_probable_duplicates,
    )
    return [row for batch in judge_rows(found, rules, batch_rows=settings.intake.batch_rows) for row in batch]


def _copied(found: Survey, places: Sequence[int], folder: Path) -> tuple[Path, ...]:
    """Copy rows, by their places over all inputs from 0, into a file per input."""
    marks: dict[int, dict[int, Sequence[RejectMark]]] = defaultdict(dict)
    for place in places:
        source, row_number = _place_of(found, place)
        marks[source][row_number] = _AS_IT_STANDS
    files = []
    for number, of_source in sorted(marks.items()):
        target = folder / str(number + 1) / file_name(found.tables[number])
        write_rejects(found.tables[number], target, of_source, _BATCH_ROWS)
        files.append(target)
    return tuple(files)


def _place_of(found: Survey, place: int) -> tuple[int, int]:
    """Number of the input from 0, and of the row in it from 1."""
    ends = list(accumulate(source.rows for source in found.sources))
    source = bisect_right(ends, place)
    return source, place + 1 - (ends[source] - found.sources[source].rows)


def _origin(found: Survey, place: int) -> str:
    source, row_number = _place_of(found, place)
    return f"row {row_number}" + (f" of {found.sources[source].name}" if len(found.sources) > 1 else "")


def _stated(profile: Profile, found: Survey) -> Profile:
    """State in the profile what was detected on the whole input: a sample may be too little to detect it again.

    Inputs that are written in several ways are left to be detected, as a profile is one for all.
    """
    dialects = {table.dialect for table in found.tables}
    dialect = dialects.pop()
    if dialects or dialect is None:
        return profile
    stated = {
        "encoding": dialect.encoding.name,
        "delimiter": dialect.cut.delimiter,
        "quote": dialect.cut.quote,
        "escape": dialect.cut.escape,
        "skip_lines": dialect.skip_lines,
    }
    source = Source.model_validate(profile.source.model_dump() | stated)
    return profile.model_copy(update={"source": source})


def toml(tree: Mapping[str, Any]) -> str:
    """Write a tree of texts, numbers, lists and tables as TOML."""
    return "".join(f"{_value(key)} = {_value(value)}\n" for key, value in tree.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's texts, numbers and truths are TOML's, which also wants DEL escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
