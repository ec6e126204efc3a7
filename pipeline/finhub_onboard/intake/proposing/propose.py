"""Proposes a mapping profile from a sample of a partner's file: :func:`propose`, and :func:`render` as TOML.

Promises: a column of the file is used once; what is uncertain stays open; a proposal contains no personal value. A
person must check it. Knows no file: it gets a frame of texts under the file's own names.
"""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from finhub_onboard.intake.proposing import details, evidence, header_names, valuemaps
from finhub_onboard.intake.proposing.choosing import Chosen, Pair, choose
from finhub_onboard.intake.proposing.draft import render
from finhub_onboard.intake.proposing.proposal import Choice, NullWord, Open, Proposal, Setting
from finhub_onboard.intake.proposing.synonyms import FULL_NAME
from finhub_onboard.intake.reading.small_table import Detected
from finhub_onboard.model.columns import CANONICAL_COLUMNS, REQUIRED_COLUMNS

__all__ = ["Choice", "NullWord", "Open", "Proposal", "Setting", "propose", "render"]

_SAMPLE_ROWS = 1000
_MAX_CANDIDATES = 3


def propose(frame: pl.DataFrame, *, dialect: Detected, categories: Sequence[str] = ()) -> Proposal:
    """Propose a profile from the first rows of a file.

    ``frame`` has a column of texts per column of the file; ``categories`` are the keys and names of the bank's
    hierarchy, as far as they are known.
    """
    if evidence.headless(frame.columns):
        return _headless(frame, dialect)
    columns = evidence.columns(frame.head(_SAMPLE_ROWS))
    chosen = choose(columns, categories)
    languages = header_names.languages(frame.columns)
    pairs = dict(chosen.sure)
    full = pairs.pop(FULL_NAME, None)
    mapped = [*pairs.values(), *([full] if full else [])]
    words, doubts = details.nulls(mapped)
    lines = [
        *details.source(dialect),
        *(details.split(full) if full else ()),
        *valuemaps.lines(pairs, languages, categories),
        *details.formats(pairs, languages),
        *doubts,
        *_columns(chosen, pairs, full),
    ]
    return Proposal(
        rows=min(frame.height, _SAMPLE_ROWS),
        choices=tuple(pairs[column].choice for column in CANONICAL_COLUMNS if column in pairs),
        settings=tuple(line for line in lines if isinstance(line, Setting)),
        nulls=tuple(words),
        open=tuple(line for line in lines if isinstance(line, Open)),
        rest=_rest(frame.columns, chosen),
        notes=tuple(_notes(pairs, full, chosen, categories)),
    )


def _columns(chosen: Chosen, pairs: Mapping[str, Pair], full: Pair | None) -> Iterator[Open]:
    """Leave open what is uncertain, and every required column without an origin."""
    for column in CANONICAL_COLUMNS:
        if column in pairs or (full and column in ("first_name", "last_name")):
            continue
        candidates = chosen.candidates.get(column, ())
        if candidates:
            shown = candidates[:_MAX_CANDIDATES]
            yield Open(
                section="columns",
                key=column,
                candidates=tuple(pair.column.name for pair in shown),
                remark=f"{' or '.join(f'{pair.confidence:.2f}' for pair in shown)} by {candidates[0].reason}",
                examples=candidates[0].column.examples,
            )
        elif column in REQUIRED_COLUMNS:
            remark = "no column looks like it; it may also stand in [constants] or [compose]"
            yield Open(section="columns", key=column, remark=remark)


def _rest(names: Sequence[str], chosen: Chosen) -> tuple[str, ...]:
    used = {pair.column.name for pair in chosen.sure.values()}
    used |= {pair.column.name for pairs in chosen.candidates.values() for pair in pairs[:_MAX_CANDIDATES]}
    return tuple(name for name in names if name not in used)


def _notes(pairs: Mapping[str, Pair], full: Pair | None, chosen: Chosen, categories: Sequence[str]) -> Iterator[str]:
    mapped = {*pairs, *chosen.candidates, *(("first_name", "last_name") if full else ())}
    if absent := [column for column in CANONICAL_COLUMNS if column not in mapped and column not in REQUIRED_COLUMNS]:
        yield f"No column was found for {', '.join(absent)}; none of them is required."
    if "category" in pairs and not categories:
        yield "The bank's categories were not at hand: whether it has those of the file is not checked."


def _headless(frame: pl.DataFrame, dialect: Detected) -> Proposal:
    """Propose nothing but the dialect; the names of the columns may be a person's values, so they are not shown."""
    written = list(details.source(dialect))
    remark = "the file seems to have no header: add one, or state skip_lines"
    return Proposal(
        rows=min(frame.height, _SAMPLE_ROWS),
        choices=(),
        settings=tuple(line for line in written if isinstance(line, Setting)),
        nulls=(),
        open=(
            *(line for line in written if isinstance(line, Open)),
            *(Open(section="columns", key=column, remark=remark) for column in REQUIRED_COLUMNS),
        ),
        rest=(),
    )
