"""Finds exact duplicates of a key over all inputs: candidates by hash, confirmed by digests of the values.

Promises: memory hardly grows with the rows: beyond ``MAX_HELD_HASHES`` the hashes are written to an unlinked temporary
file, partitioned, and each partition is examined alone. Only hashes are written, with a random seed that is not stored,
so that no value can be looked up. A row is a duplicate only if the 128-bit digest of its value equals another's: a
hash collision rejects no good row. Memory for confirming grows with the candidates. Rows are numbered from 0 over all
inputs. Knows series of texts, no inputs.
"""

import io
import os
import secrets
import tempfile
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import IO, Self

import polars as pl

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.intake.cells import OUTER_SPACE, clean_text
from finhub_onboard.intake.checking.elementwise import map_matching

MAX_SHOWN = 5
"""How many of the other copies are named."""
MAX_HELD_HASHES = 2_000_000
"""How many hashes of all keys are kept in memory; each takes 12 bytes with its row number."""
_PARTS = 64
_HEAVY_ROWS = 4_000_000
"""From this many rows in a partition, most must have the same key: count by hash before listing rows."""
_PHONE_TAIL = 6
_WORKERS = 2
_DIGEST_BYTES = 16
_ROW = pl.get_index_type


class Collector:
    """Finds the candidates: add all rows in order, then call ``suspects``, then close it."""

    def __init__(self, keys: Sequence[str], *, held: int = MAX_HELD_HASHES) -> None:
        self._waiting: dict[str, list[pl.DataFrame]] = {key: [] for key in keys}
        self._held = held
        self._count = 0
        self._rows = 0
        self._seed = secrets.randbits(64)
        self._file: IO[bytes] | None = None
        self._written: defaultdict[tuple[str, int], list[_Segment]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release memory and disk."""
        self._waiting = {key: [] for key in self._waiting}
        self._written.clear()
        if self._file:
            self._file.close()
            self._file = None

    @property
    def rows(self) -> int:
        """How many rows were fed."""
        return self._rows

    def feed(self, keys: Mapping[str, pl.Series]) -> int:
        """Add the next rows, with a text or number for each key; '' and null are no key. Return how many rows."""
        return self.add(self.hash_keys(keys))

    def hash_keys(self, keys: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
        """Hash the keys of some rows: most of the work of ``feed``, without side effects."""
        return {key: hash_values(values, self._seed) for key, values in keys.items()}

    def add(self, hashed: Mapping[str, pl.Series]) -> int:
        """Add the next rows by their hashes; return how many."""
        lengths = {series.len() for series in hashed.values()}
        if hashed.keys() != self._waiting.keys() or len(lengths) > 1:
            raise ValueError("every key needs a value or null for every row")
        for key, values in hashed.items():
            there = values.alias("hash").to_frame().with_row_index("row", offset=self._rows).drop_nulls("hash")
            self._waiting[key].append(there)
            self._count += there.height
        rows = max(lengths, default=0)
        self._rows += rows
        if self._count > self._held:
            self._spill()
        return rows

    def suspects(self) -> dict[str, pl.Series]:
        """Return for each key the numbers of the rows whose hash occurs more than once, in order."""
        if self._file:
            self._spill()
        # Threads, because polars uses one core per key for most of this.
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            rows = pool.map(lambda key: pl.concat([_none(), *self._find_suspects(key)]).sort(), self._waiting)
            return dict(zip(self._waiting, rows, strict=True))

    def _find_suspects(self, key: str) -> Iterator[pl.Series]:
        """Yield a key's candidates by partition; equal hashes are in the same partition."""
        if not self._file:
            if self._waiting[key]:
                yield _find_repeated(pl.concat(self._waiting[key]))
            return
        for part in range(_PARTS):
            segments = self._written[key, part]
            if sum(segment.rows for segment in segments) < _HEAVY_ROWS:
                if segments:
                    yield _find_repeated(pl.concat(map(self._read, segments)))
                continue
            counts = pl.DataFrame(schema={"hash": pl.UInt64, "times": pl.get_index_type()})
            for segment in segments:
                here = self._read(segment).group_by("hash").agg(times=pl.len())
                counts = pl.concat([counts, here]).group_by("hash").agg(pl.col("times").sum())
            often = counts.filter(pl.col("times") > 1).get_column("hash").implode()
            for segment in segments:
                yield self._read(segment).filter(pl.col("hash").is_in(often)).get_column("row")

    def _spill(self) -> None:
        """Write the waiting hashes to the file, by partition."""
        try:
            if not self._file:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
            for key, frames in self._waiting.items():
                if not frames:
                    continue
                parts = pl.concat(frames).with_columns(part=pl.col("hash") % _PARTS)
                for (part,), frame in parts.partition_by("part", as_dict=True, include_key=False).items():
                    self._written[key, int(part)].append(self._write(self._file, frame))
                frames.clear()
            self._file.flush()
        except OSError as error:
            raise ConfigurationError(
                f"the search for copies cannot write to the temporary folder: {error.strerror}",
                hint="set TMPDIR to a folder with 100 bytes free per row of the inputs",
            ) from None
        self._count = 0

    @staticmethod
    def _write(file: IO[bytes], frame: pl.DataFrame) -> "_Segment":
        buffer = io.BytesIO()
        frame.write_ipc_stream(buffer)
        start = file.seek(0, io.SEEK_END)
        file.write(buffer.getbuffer())
        return _Segment(start=start, size=buffer.tell(), rows=frame.height)

    def _read(self, segment: "_Segment") -> pl.DataFrame:
        assert self._file
        return pl.read_ipc_stream(io.BytesIO(os.pread(self._file.fileno(), segment.size, segment.start)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """Where rows of one key and part stand in the file."""

    start: int
    size: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Rows whose key is not unique: ``members`` has ``row`` and ``group``, in order of rows.

    ``groups`` has for each ``group`` the ``first`` rows with this key, and how many ``copies`` there are in all.
    """

    members: pl.DataFrame
    groups: pl.DataFrame

    def within(self, first: int, rows: int) -> Iterable[tuple[int, list[int], int]]:
        """Yield (row, up to ``MAX_SHOWN`` other rows, how many more) for copies among consecutive rows."""
        part = self.members[slice(*span(self.members.get_column("row"), first, rows))]
        shared = part.join(self.groups, on="group", how="left", maintain_order="left")
        for row, firsts, copies in shared.select("row", "first", "copies").iter_rows():
            others = [other for other in firsts if other != row][:MAX_SHOWN]
            yield row, others, copies - 1 - len(others)


class Proof:
    """Confirms the candidates of one key: add their values in order of rows, then call ``copies``."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []

    def feed(self, rows: pl.Series, values: pl.Series) -> None:
        """Add the next candidates: their row numbers and values; '' and null are no key."""
        there = pl.DataFrame({"row": rows, "value": values}).filter(pl.col("value") != "")
        # One digest per distinct value, so that a value that fills a column costs one digest and 4 bytes per row.
        distinct = there.group_by("value", maintain_order=True).agg("row")
        digests = [blake2b(value.encode(), digest_size=_DIGEST_BYTES).digest() for value in distinct["value"]]
        halves = {
            name: pl.Series([int.from_bytes(digest[half]) for digest in digests], dtype=pl.UInt64)
            for name, half in (("high", slice(8)), ("low", slice(8, None)))
        }
        self._parts.append(distinct.select("row").with_columns(**halves))

    def copies(self) -> Copies:
        """Return the confirmed duplicates, grouped by value."""
        none = pl.DataFrame(schema={"row": pl.List(_ROW()), "high": pl.UInt64, "low": pl.UInt64})
        parts = pl.concat([none, *self._parts])
        rows = pl.col("row")
        groups = (
            parts.group_by("high", "low", maintain_order=True)
            .agg(
                first=rows.list.head(MAX_SHOWN + 1).explode().head(MAX_SHOWN + 1),
                copies=rows.list.len().sum(),
            )
            .filter(pl.col("copies") > 1)
            .with_row_index("group")
        )
        members = parts.join(groups.select("group", "high", "low"), on=["high", "low"]).select("row", "group")
        return Copies(
            members=members.explode("row").sort("row"),
            groups=groups.select("group", "first", "copies"),
        )


def hash_values(keys: pl.Series, seed: int) -> pl.Series:
    """Return 8 bytes per key; null for a key that is absent."""
    there = keys != "" if keys.dtype == pl.String else keys.is_not_null()
    return pl.select(pl.when(there).then(keys.hash(seed))).to_series()


def select_between(numbers: pl.Series, first: int, rows: int) -> pl.Series:
    """Return the sorted row numbers that lie in a range of rows."""
    return numbers[slice(*span(numbers, first, rows))]


def span(numbers: pl.Series, first: int, rows: int) -> tuple[int, int]:
    """Return the slice of sorted row numbers that lie in a range of rows."""
    # bisect costs less than a search by polars, and there may be thousands of small inputs.
    return bisect_left(numbers, first), bisect_left(numbers, first + rows)


def phone_birth_key(phone: pl.Series, date_of_birth: pl.Series) -> pl.Series:
    """Return the last digits of the number and the birth date, '' if either is absent.

    A key for candidates only: a number keeps its last six digits in every notation, with or without a trunk prefix.
    """
    digits = map_matching(phone, r"[^+0-9]", lambda odd: odd.str.replace_all(r"[^0-9]+", ""))
    return join_parts(digits.str.tail(_PHONE_TAIL), date_of_birth.str.strip_chars(OUTER_SPACE))


def document_key(number: pl.Series, *issued: pl.Series) -> pl.Series:
    """Return the letters and digits of a document's number, in upper case.

    ``issued``, such as the type, distinguishes documents of the same number; it may be absent.
    """
    upper = number.str.to_uppercase()
    bare = map_matching(upper, r"[^A-Z0-9]", lambda odd: clean_text(odd).str.replace_all(r"[^\p{L}\p{N}]+", ""))
    return join_parts(bare) if not issued else _join([*issued, bare], bare != "")


def join_parts(*parts: pl.Series) -> pl.Series:
    """Join the parts of a key; '' when one of them is absent."""
    there = pl.select(pl.all_horizontal(part != "" for part in parts)).to_series()
    return _join(parts, there)


def _join(parts: Sequence[pl.Series], there: pl.Series) -> pl.Series:
    joined = pl.concat_str(parts, separator="|", ignore_nulls=True)
    return pl.select(pl.when(there).then(joined).otherwise(pl.lit(""))).to_series()


def _none() -> pl.Series:
    return pl.Series([], dtype=_ROW())


def _find_repeated(hashed: pl.DataFrame) -> pl.Series:
    # Most partitions have no duplicate, and counting is cheaper than listing.
    if hashed.get_column("hash").n_unique() == hashed.height:
        return _none()
    return hashed.filter(pl.col("hash").is_duplicated()).get_column("row")
