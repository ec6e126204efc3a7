"""The second pass over the inputs: every record of them, judged.

Promises: every record of every input comes out exactly once, in input order, as a customer or with the violations that
say why not; a second call gives the same rows. Memory is bounded by the batch. Knows no bank and no ledger.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from finhub_onboard.intake import passes, small_inputs
from finhub_onboard.intake.checking import contacts, documents, schema
from finhub_onboard.intake.checking.categories import Catalogue, words_of
from finhub_onboard.intake.checking.normalise import canonical, normalise
from finhub_onboard.intake.findings import Piece
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.judge import Judge, JudgedBatch
from finhub_onboard.intake.needs import Demands, Needs
from finhub_onboard.intake.pipelined import group_items, map_in_order
from finhub_onboard.intake.reading import files, stamps
from finhub_onboard.intake.reading.files import Batch
from finhub_onboard.model import Category, Customer, IntakeRow
from finhub_onboard.model.columns import REQUIRED_COLUMNS

_SLICE_ROWS = 1000
"""Rows that become objects at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The parameters of the rules; ``now`` is fixed for the whole run, ``categories`` is None while not known.

    ``needs``, ``demands``: what the journey, and the row's category, will need of a good row; a warning where it is
    missing. ``documents_may_fail``: treat a
    document that cannot be read because of the machine as good, instead of stopping the pass.
    """

    now: datetime
    min_age: int
    documents_root: Path
    max_document_bytes: int
    categories: tuple[Category, ...] | None
    reject_probable: bool = False
    needs: Needs | None = None
    demands: Demands | None = None
    documents_may_fail: bool = False


def judge_batches(
    survey: Survey, rules: Rules, *, batch_rows: int, passed_over: Callable[[Batch], Collection[int]] = lambda _: ()
) -> Iterator[JudgedBatch]:
    """Make the second pass: yield every record in input order, judged, a batch at a time.

    ``passed_over`` returns the places of records that the caller needs not; a batch of such records only is left out,
    any other is judged as a whole.
    """
    profile = survey.reading.profile
    specification = schema.specification(
        now=rules.now, min_age=rules.min_age, required=profile.required, typed=profile.typed_members
    )
    catalogue = Catalogue(known=rules.categories)
    judge = Judge(
        sources=survey.sources,
        copies=survey.copies,
        catalogue=catalogue,
        min_age=rules.min_age,
        max_document_bytes=rules.max_document_bytes,
        reject_probable=rules.reject_probable,
        needs=rules.needs,
        demands=rules.demands,
    )

    normalised = partial(
        normalise,
        catalogue=catalogue,
        documents_root=rules.documents_root,
        max_bytes=rules.max_document_bytes,
        look=documents.known_problems if rules.documents_may_fail else documents.problems,
        nationalities=survey.reading.profile.texts("nationality"),
    )

    def judge_group(group: Sequence[Piece]) -> list[JudgedBatch]:
        given = files.make_cells([piece.batch for piece in group])
        frame, earlier = normalised(given.frame), given.earlier
        if earlier.height:
            earlier = normalised(earlier, nationalities=(), email=contacts.earlier_email)
        return judge.judge(group, frame, schema.validate(specification, frame), given=given, earlier=earlier)

    pieces, most = _read_pieces(survey, batch_rows, passed_over), small_inputs.rows_together(batch_rows)
    groups = group_items(pieces, lambda piece: piece.batch.height, most, alike=lambda piece: piece.table.plan)
    yield from chain.from_iterable(map_in_order(judge_group, groups))


def _read_pieces(survey: Survey, batch_rows: int, passed_over: Callable[[Batch], Collection[int]]) -> Iterator[Piece]:
    """Yield the batches that are needed; an input that changed since the survey is refused."""
    offset = 0
    for source, table in zip(survey.sources, survey.tables, strict=True):
        if source.rows:
            stamps.verify(source)
        for batch in passes.read_surveyed(source, table, batch_rows):
            passed = passed_over(batch)
            if len(passed) < batch.height:
                yield Piece(table=table, batch=batch, offset=offset, passed=passed)
            offset += batch.height


def judge_rows(survey: Survey, rules: Rules, *, batch_rows: int) -> Iterator[list[IntakeRow]]:
    """Make the second pass and yield rows in small slices, so that a caller can stop early."""
    for batch in judge_batches(survey, rules, batch_rows=batch_rows):
        for start in range(0, batch.height, _SLICE_ROWS):
            yield batch.rows(range(start, min(start + _SLICE_ROWS, batch.height)))


def may_lack(survey: Survey, needs: Needs, *, batch_rows: int) -> bool:
    """Tell whether any record may lack something that it needs; only the columns that decide it are read.

    An upper bound: records that break a rule count as well. For the exact answer make the second pass.
    """
    columns = (*needs.worth, *needs.filled)
    tables = [replace(table, plan=table.plan.only(("external_id", *columns))) for table in survey.tables]
    for source, table in zip(survey.sources, tables, strict=True):
        for batch in passes.read_surveyed(source, table, batch_rows):
            frame = canonical(files.make_cells([batch]).frame.select(columns))
            if any(needs.lacks(_blank(frame.row(places[0], named=True))) for places in needs.kinds(frame)):
                return True
    return False


def any_filled(survey: Survey, columns: Sequence[str], *, batch_rows: int) -> bool:
    """Tell whether any record has a value in one of these columns; an input without such a column is not read."""
    for source, table in zip(survey.sources, survey.tables, strict=True):
        if not any(table.plan.origin[column] or column in table.plan.constant for column in columns):
            continue
        plan = table.plan.only(("external_id", *columns))
        for batch in passes.read_surveyed(source, replace(table, plan=plan), batch_rows):
            frame = canonical(files.make_cells([batch]).frame.select(columns))
            if frame.select(pl.any_horizontal(pl.all() != "").any()).item():
                return True
    return False


def uses_others(
    survey: Survey,
    categories: Sequence[Category],
    refused: Collection[str],
    is_wanted: Callable[[], bool],
    *,
    batch_rows: int,
) -> bool:
    """Tell whether any record has one of the categories, but none of those that a word of ``refused`` means.

    True as well once nobody wants to know.
    """
    folded = {word.casefold() for word in refused}
    words = [{word.casefold() for word in words_of(category)} for category in categories]
    left = sorted(set[str]().union(*(own for own in words if not own & folded)))
    for source, table in zip(survey.sources, survey.tables, strict=True):
        plan = table.plan.only(("external_id", "category"))
        for batch in passes.read_surveyed(source, replace(table, plan=plan), batch_rows):
            category = files.make_cells([batch]).frame["category"].str.to_lowercase()
            if not is_wanted() or category.is_in(left).any():
                return True
    return False


def _blank(values: Mapping[str, str]) -> Customer:
    """Make a customer of these values, with every other field empty."""
    return Customer(**{"source": "", "row_number": 0, **dict.fromkeys(REQUIRED_COLUMNS, ""), **values})  # type: ignore[arg-type]
