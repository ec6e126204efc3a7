"""Collects the findings on a batch: violations, warnings and notices of every row.

Promises: it only combines what the schema, the duplicates and the notices report; the messages are those of
``violation_codes``. Row objects are created on demand, because a check needs only those of bad rows.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import polars as pl

from finhub_onboard.intake import customers, footers, notices
from finhub_onboard.intake.cells import Cells, former_ids
from finhub_onboard.intake.checking import countries, schema
from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.duplicates.identity import CODE_OF, FIELD_OF, MADE_OF, PROBABLE, Companions
from finhub_onboard.intake.findings import Findings, Piece
from finhub_onboard.intake.mapping import extra
from finhub_onboard.intake.needs import Demands, Needs
from finhub_onboard.intake.reading.files import Batch, Table
from finhub_onboard.model import Customer, IntakeRow, Severity, SourceInfo, Violation

_ROWS_FOR_PYTHON = 500
"""Rows up to which a loop in Python is faster than polars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBatch:
    """Consecutive records of one input; ``violations`` and ``findings`` by place. A row without violations is good.

    ``batch`` has the records as read, ``frame`` the canonical columns as sent. ``earlier`` has the rows at ``places``
    as versions up to 0.4.0 sent them. ``passed``: the places of records that the caller needs not.
    """

    source: str
    batch: Batch
    frame: pl.DataFrame
    violations: Mapping[int, Sequence[Violation]]
    findings: Mapping[int, Sequence[Violation]]
    places: pl.Series
    earlier: pl.DataFrame
    passed: Collection[int] = ()

    @property
    def first_row(self) -> int:
        """The row number of the first record."""
        return self.batch.first_row

    @property
    def height(self) -> int:
        """How many records."""
        return self.frame.height

    @property
    def ids(self) -> pl.Series:
        """The ``external_id`` of each record."""
        return self.frame["external_id"]

    def quiet(self, moot: Callable[[Sequence[Violation]], bool]) -> list[int]:
        """Return the places where only ``moot`` things were found and earlier versions read the same.

        A violation is never moot.
        """
        loud = {*self.violations, *self.places}
        unbroken = (place for place in range(self.height) if place not in loud)
        return [place for place in unbroken if place not in self.findings or moot(self.findings[place])]

    def found(self, place: int) -> list[Violation]:
        """Return what was found on the row at a place, its violations first."""
        return [*self.violations.get(place, ()), *self.findings.get(place, ())]

    def any_key(self, pattern: str) -> bool:
        """Tell whether any ``external_id`` matches a pattern."""
        ids = self.ids
        return (
            any(map(re.compile(pattern).search, ids))
            if self.height < _ROWS_FOR_PYTHON
            else ids.str.contains(pattern).any()
        )

    def lines(self, before: str, after: str, key: Callable[[str], str] | None = None) -> list[str]:
        """Return a line per record: ``before``, row number, comma, key (as ``key`` writes it), ``after``."""
        ids = self.ids
        keys = ids if key is None else pl.Series(map(key, ids), dtype=pl.String)
        if self.height < _ROWS_FOR_PYTHON:
            return [f"{before}{number},{key}{after}" for number, key in enumerate(keys, start=self.first_row)]
        numbers = pl.int_range(self.first_row, self.first_row + self.height, eager=True).cast(pl.String)
        return pl.select(pl.concat_str(pl.lit(before), numbers, pl.lit(","), keys, pl.lit(after))).to_series().to_list()

    def rows(self, places: Sequence[int] | None = None) -> list[IntakeRow]:
        """Create the rows at some places, by default all, with their customers."""
        places = range(self.height) if places is None else places
        good = [place for place in places if place not in self.violations]
        numbers = [self.first_row + place for place in good]
        accepted = customers.build(self.frame[good], source=self.source, row_numbers=numbers) if good else []
        by_place: dict[int, Customer] = dict(zip(good, accepted, strict=True))
        earlier = self._earlier(places)
        ids = self.ids
        return [
            IntakeRow(
                source=self.source,
                row_number=self.first_row + place,
                external_id=ids[place],
                customer=by_place.get(place),
                violations=tuple(self.violations.get(place, ())),
                findings=tuple(self.findings.get(place, ())),
                earlier=earlier.get(place),
            )
            for place in places
        ]

    def former_ids(self) -> dict[int, str]:
        """Return by place the ids that versions up to 0.4.0 read differently, as those versions read them."""
        return former_ids(self.ids, self.places, self.earlier["external_id"])

    def _earlier(self, places: Sequence[int]) -> dict[int, Customer]:
        """Return the customers of rows that versions up to 0.4.0 read differently, as those versions read them."""
        if not self.places.len():
            return {}
        wanted = self.places.is_in(pl.Series(places, dtype=self.places.dtype).implode())
        there = self.places.filter(wanted).to_list()
        numbers = [self.first_row + place for place in there]
        built = customers.build(self.earlier.filter(wanted), source=self.source, row_numbers=numbers)
        return dict(zip(there, built, strict=True))


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What is known about all inputs, and the parameters of the messages."""

    sources: Sequence[SourceInfo]
    copies: Mapping[str, Companions]
    catalogue: Catalogue
    min_age: int
    max_document_bytes: int
    reject_probable: bool
    needs: Needs | None = None
    demands: Demands | None = None

    def judge(
        self,
        pieces: Sequence[Piece],
        frame: pl.DataFrame,
        broken: Sequence[schema.BrokenRule],
        *,
        given: Cells,
        earlier: pl.DataFrame,
    ) -> list[JudgedBatch]:
        """Combine all findings on consecutive batches; ``given`` are their cells, ``frame`` is normalised.

        ``earlier`` has the rows at ``given.places`` as versions up to 0.4.0 sent them.
        """
        findings = Findings(pieces, frame["external_id"])
        faulty = {*self._footers(findings, pieces)}
        faulty.update(self._faults(findings, pieces, faulty))
        invalid: set[tuple[int, str]] = set()
        for rule in broken:
            # A record that could not be read has no cells that could break a rule.
            if rule.place not in faulty:
                table, _ = findings.at(rule.place)
                findings.add(rule.place, rule.column, rule.code, self._facts(rule, frame, table))
                invalid.add((rule.place, rule.column))
        first = pieces[0].offset
        for key, copies in self.copies.items():
            warned = key == PROBABLE and not self.reject_probable
            severity = Severity.WARNING if warned else Severity.ERROR
            field, code = FIELD_OF.get(key, key), CODE_OF[key]
            for row, others, more in copies.within(first, frame.height):
                if row - first not in faulty and invalid.isdisjoint((row - first, column) for column in MADE_OF[key]):
                    findings.add(row - first, field, code, {"copies": self._name_rows(others, more)}, severity)
        for place, column, code, severity in notices.find(given, frame):
            if place not in faulty:
                findings.add(place, column, code, {}, severity)
        if self.needs:
            self._lacks(findings, self.needs, frame)
        if self.demands:
            self._demanded(findings, self.demands, frame)
        return list(_split(pieces, frame, findings, given.places, earlier))

    def _footers(self, findings: Findings, pieces: Sequence[Piece]) -> Iterator[int]:
        """Add the records that are totals or notes below the rows; yield their places."""
        rows = {source.name: source.rows for source in self.sources}
        for piece in pieces:
            for within in footers.find(piece, rows[piece.table.name]):
                place = piece.offset - pieces[0].offset + within
                findings.add(place, "", ViolationCode.FOOTER, {})
                yield place

    @staticmethod
    def _faults(findings: Findings, pieces: Sequence[Piece], named: Collection[int]) -> Iterator[int]:
        """Add the faults of records that could not be read and are not ``named`` yet; yield their places."""
        for piece in pieces:
            for within, fault in piece.batch.faults.items():
                place = piece.offset - pieces[0].offset + within
                if place in named:
                    continue
                facts = piece.table.facts(fault)
                for code in fault.codes:
                    findings.add(place, "", code, facts)
                yield place

    @staticmethod
    def _lacks(findings: Findings, needs: Needs, frame: pl.DataFrame) -> None:
        for places in needs.kinds(frame):
            (alike,) = customers.build(frame.slice(places[0], 1), source="", row_numbers=[0])
            if lacking := needs.lacks(alike):
                for place in places:
                    if place not in findings.errors:
                        for lack in lacking:
                            findings.lack(place, lack)

    @staticmethod
    def _demanded(findings: Findings, demands: Demands, frame: pl.DataFrame) -> None:
        places = [place for place in demands.places(frame) if place not in findings.errors]
        rows = customers.build(frame[places], source="", row_numbers=places) if places else []
        for place, customer in zip(places, rows, strict=True):
            for lack in demands.lacks(customer):
                findings.lack(place, lack)

    def _facts(self, fault: schema.BrokenRule, frame: pl.DataFrame, table: Table) -> Mapping[str, object]:
        """Return the parameters of a code's message; none is a value of the row."""
        match fault.code:
            case ViolationCode.TOO_LONG:
                return {"longest": schema.LONGEST[fault.column]}
            case ViolationCode.BIRTH_DATE_FORMAT:
                return {"format": table.reading.profile.formats.date_of_birth}
            case ViolationCode.BIRTH_DATE_UNDER_AGE:
                return {"min_age": self.min_age}
            case ViolationCode.NATIONALITY_AMBIGUOUS:
                return {"candidates": " or ".join(countries.candidates(frame["nationality"][fault.place]))}
            case ViolationCode.DOCUMENT_TOO_LARGE:
                return {"max_bytes": self.max_document_bytes}
            case ViolationCode.CATEGORY_UNKNOWN:
                return {"nearest": self.catalogue.nearest(frame["category"][fault.place])}
            case ViolationCode.EXTRA_TYPE:
                members = table.reading.profile.extra_columns
                return {"columns": ", ".join(extra.of_another_type(frame["extra"][fault.place], members))}
        return {}

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(source.rows for source in self.sources)]

    def _name_rows(self, others: Sequence[int], more: int) -> str:
        """Format a list of row numbers, with the name of the input if there are several."""
        if len(others) == 1 and not more and len(self.sources) == 1:
            return f"row {others[0] + 1}"
        names = [str(other + 1) for other in others]
        if len(self.sources) > 1:
            at = [bisect_right(self._starts, other) - 1 for other in others]
            pairs = zip(others, at, strict=True)
            names = [f"{other - self._starts[place] + 1} of {self.sources[place].name}" for other, place in pairs]
        rows = f"row {names[0]}" if len(names) == 1 and not more else f"rows {', '.join(names)}"
        return f"{rows} and {more} more" if more else rows


def _split(
    pieces: Sequence[Piece], frame: pl.DataFrame, findings: Findings, places: pl.Series, earlier: pl.DataFrame
) -> Iterator[JudgedBatch]:
    """Split the group into its batches again, each with its own findings."""
    errors, others = findings.split(findings.errors), findings.split(findings.others)
    start = begin = 0
    for piece, own_errors, own_others in zip(pieces, errors, others, strict=True):
        height = piece.batch.height
        end = bisect_left(places, start + height)
        yield JudgedBatch(
            source=piece.table.name,
            batch=piece.batch,
            frame=frame.slice(start, height),
            violations=own_errors,
            findings=own_others,
            places=places.slice(begin, end - begin) - start,
            earlier=earlier.slice(begin, end - begin),
            passed=piece.passed,
        )
        start, begin = start + height, end
