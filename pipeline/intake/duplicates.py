"""Copies of a key over all inputs of a run: found on hashes, proven on digests of the real values.

Promises: memory is 8 bytes per row and key while looking; a row is called a copy only when the 128-bit
digest of its value equals another's, so that a collision of hashes rejects no good row; rows are numbered over all
inputs from 0. Knows series of texts, no files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import polars as pl

SHOWN = 5
"""How many of the other copies are named."""
_SEED = 20260101
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Rows whose key is not unique: ``frame`` has ``row``, ``first`` (the first rows with this key) and ``copies``."""

    frame: pl.DataFrame

    def within(self, first: int, rows: int) -> Iterable[tuple[int, list[int], int]]:
        """Yield (row, up to ``SHOWN`` other rows, how many more) for copies among consecutive rows."""
        part = self.frame.filter(pl.col("row").is_between(first, first + rows, closed="left"))
        for row, firsts, copies in part.iter_rows():
            others = [other for other in firsts if other != row][:SHOWN]
            yield row, others, copies - 1 - len(others)


def hashes(keys: pl.Series) -> pl.Series:
    """Return 8 bytes per key; null for a key that is absent."""
    return pl.select(pl.when(keys != "").then(keys.hash(_SEED))).to_series()


def suspects(parts: list[pl.Series]) -> pl.Series:
    """Return the numbers of the rows whose hash occurs more than once, in order."""
    if not parts:
        return pl.Series([], dtype=pl.get_index_type())
    every = pl.concat(parts)
    return (every.is_duplicated() & every.is_not_null()).arg_true()


def digests(keys: pl.Series) -> pl.Series:
    """Return a digest per key that two different keys do not share."""
    return pl.Series([blake2b(key.encode(), digest_size=_DIGEST_BYTES).digest() for key in keys], dtype=pl.Binary)


def proven(rows: list[pl.Series], digested: list[pl.Series]) -> Copies:
    """Return the suspects that are copies indeed, with their companions."""
    empty = pl.DataFrame(
        schema={"row": pl.get_index_type(), "first": pl.List(pl.get_index_type()), "copies": pl.UInt32}
    )
    if not rows:
        return Copies(frame=empty)
    together = pl.DataFrame({"row": pl.concat(rows), "digest": pl.concat(digested)})
    groups = together.group_by("digest").agg(first=pl.col("row").sort().head(SHOWN + 1), copies=pl.len())
    copies = together.join(groups.filter(pl.col("copies") > 1), on="digest").sort("row")
    return Copies(frame=copies.select("row", "first", "copies"))
