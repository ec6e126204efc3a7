"""Finds probable duplicates: rows with the same birth date and similar names, over all inputs of a run.

Promises: only rows of one block are compared, by their real values, so that the cost stays linear. A block is a birth
date with the beginnings, or the ends, of both names; of a block of more than ``MAX_BLOCK_NAMES`` names only neighbours
in sorted order are compared. Memory grows with the rows that share a block, up to ``MAX_ROWS`` of them. Case, accents,
punctuation and the order of names do not matter. A match is a guess for a person to judge: twins may match, and a
person under a new name does not. Knows series of texts, no inputs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import polars as pl
from rapidfuzz import fuzz, process

from finhub_onboard.intake.cells import OUTER_SPACE
from finhub_onboard.intake.checking.elementwise import map_distinct, map_matching
from finhub_onboard.intake.duplicates.exact import MAX_SHOWN, Copies, span

BLOCKS = ("name_starts", "name_ends")
"""Keys of the blocks, for a :class:`~finhub_onboard.intake.duplicates.exact.Collector`."""
MAX_ROWS = 2_500_000
"""The most rows that are compared."""
MAX_BLOCK_NAMES = 200
"""The most distinct names of a block that are all compared with each other."""
_NEIGHBOURS = 20
"""In a larger block a name is compared with this many that follow it in sorted order."""

# On FEBRL 90 finds 82 % of the altered copies that kept the birth date (85: 84 %; most others have another name), and
# takes 1 of 114,481 pairs of different persons for one, had they all the same birth date (85: 3).
_MIN_RATIO = 90
_MIN_NAME_RATIO = 50
"""What first and last name must each exceed; ``_MIN_RATIO`` is for both together."""
_SHORT_NAME_LETTERS = 2
"""Names of up to this many letters match only if they are equal."""
_CONSIDERED = 2 * MAX_SHOWN
_SLICE = 50_000
_THERE = (pl.col("first") != "") & (pl.col("last") != "") & pl.col("born").is_not_null()
_Person = tuple[int, str, str]
"""The number of its first row, first and last name."""

_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032\uff07"
_LETTERS = (
    dict.fromkeys(_APOSTROPHES, "")
    | dict(
        pair.split(":") for pair in ("ß:ss", "æ:ae", "œ:oe", "ø:o", "ł:l", "đ:d", "ð:d", "þ:th", "ħ:h", "ŧ:t", "ŋ:n")
    )
    | {"\u0131": "i", "\u03c2": "\u03c3"}
)
"""Letters that Unicode does not decompose, and signs that are removed without a gap."""
_MARKS = r"[\x{300}-\x{36F}\x{591}-\x{5C7}\x{64B}-\x{65F}\x{670}]"
"""Accents, and the points that Hebrew and Arabic may leave out; in other scripts a mark may be a vowel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Rows that probably are the same person: ``frame`` has ``row``, the first ``others``, and how many ``more``."""

    frame: pl.DataFrame

    def within(self, first: int, rows: int) -> Iterable[tuple[int, list[int], int]]:
        """Yield (row, up to ``MAX_SHOWN`` other rows, how many more) for such rows among consecutive ones."""
        return self.frame[slice(*span(self.frame.get_column("row"), first, rows))].iter_rows()


def fold(names: pl.Series, gap: str = "") -> pl.Series:
    """Return names in lower case without accents, with ``gap`` for what stands between their letters."""
    return map_matching(names.fill_null("").str.to_lowercase(), r"[^a-z]", lambda odd: _fold(odd, gap))


def block_keys(first_name: pl.Series, last_name: pl.Series, date_of_birth: pl.Series) -> dict[str, pl.Series]:
    """Return the keys of the blocks of each row; null where a name or the birth date is absent."""
    frame = _frame(map_distinct(first_name, fold), map_distinct(last_name, fold), date_of_birth)
    first, last = pl.col("first"), pl.col("last")
    return frame.select(pl.when(_THERE).then(key).alias(name) for name, key in _keys(first, last).items()).to_dict()


def choose_suspects(suspects: Mapping[str, pl.Series]) -> tuple[pl.Series, bool]:
    """Return the rows to compare, in order, and whether these are all that share a block.

    Where they are more than ``MAX_ROWS``, those of the smallest block key are taken, or those that share a block under
    every key: rows with equal names are among either.
    """
    every = pl.concat(suspects.values()).unique().sort()
    if every.len() <= MAX_ROWS:
        return every, True
    least = min(suspects.values(), key=len)
    if least.len() <= MAX_ROWS:
        return least, False
    for rows in suspects.values():
        least = least.filter(least.is_in(rows.implode()))
    return least.head(MAX_ROWS), False


class Names:
    """Compares the candidates: add their names and birth dates in order of rows, then call ``alike`` once."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []

    def feed(self, rows: pl.Series, first_name: pl.Series, last_name: pl.Series, date_of_birth: pl.Series) -> None:
        """Add the next candidates: their row numbers, names and birth dates."""
        frame = _frame(fold(first_name, " "), fold(last_name, " "), date_of_birth)
        self._parts.append(frame.with_columns(row=rows).filter(_THERE))

    def alike(self, known: Iterable[Copies] = ()) -> Alike:
        """Return the matching rows, without pairs that are ``known`` to share a key.

        Only the first ten matches of a row are checked for this, so that the number of further ones may include some.
        """
        if not self._parts:
            return Alike(frame=_none())
        rows = pl.concat(self._parts, rechunk=True)
        self._parts.clear()
        same = _keep_shared(rows.select("row", value=pl.col("born") + pl.col("first").hash(2) + pl.col("last").hash(3)))
        # Rows with the same name and birth date are compared as one person, identified by the first row.
        several = same.group_by("value").agg(person=pl.col("row").min(), row=pl.col("row").sort()).drop("value")
        others = several.get_column("row").list.slice(1).explode()
        pairs = set[tuple[int, int]]()
        for key in BLOCKS:
            shared = _shared(rows, key, others)
            pairs.update(_matching_twos(rows, shared))
            for block in _larger_blocks(rows, shared):
                pairs.update(_pairs(block))
        return Alike(frame=_list_companions(*_both_ways(several, pairs), tuple(known)))


def _frame(first: pl.Series, last: pl.Series, date_of_birth: pl.Series) -> pl.DataFrame:
    """Put folded names beside a hash of the birth date; null where it is absent."""
    born = date_of_birth.str.strip_chars(OUTER_SPACE)
    there = pl.col("born") != ""
    frame = pl.DataFrame({"first": first, "last": last, "born": born})
    return frame.with_columns(born=pl.when(there).then(pl.col("born").hash()))


def _fold(names: pl.Series, gap: str) -> pl.Series:
    """Fold names that hold more than the letters a to z, each different one once."""
    distinct = names.unique()
    letters = distinct.str.replace_many(list(_LETTERS), list(_LETTERS.values()))
    plain = letters.str.normalize("NFKD").str.replace_all(_MARKS, "").str.normalize("NFC").str.to_lowercase()
    bare = map_matching(plain, r"[^\p{L}\p{M}]", lambda odd: odd.str.replace_all(r"[^\p{L}\p{M}]+", gap))
    return names.replace_strict(distinct, bare.str.strip_chars(" "))


def _keys(first: pl.Expr, last: pl.Expr) -> dict[str, pl.Expr]:
    """Build the keys of the blocks from the letters of both names and ``born``.

    Each takes both names, in whichever order: a block of one name's beginning would hold some hundred persons in a
    book of millions. An altered letter leaves one of the two, but in the midst of a name of four letters or fewer; a
    second name that moved to the other column may leave none.
    """
    pieces = {"name_starts": (first.str.head(2), last.str.head(2)), "name_ends": (first.str.tail(3), last.str.tail(3))}
    # A sum of hashes does not depend on the order of names, and costs a quarter of sorting them.
    return {key: pl.col("born") + one.hash(1) + other.hash(1) for key, (one, other) in pieces.items()}


def _shared(rows: pl.DataFrame, key: str, without: pl.Series) -> pl.DataFrame:
    """Return the places of all persons who share a block, those of one block together.

    ``next`` is the place of the other person where a block has two and this is the first one; ``larger``: it has more.
    """
    first, last = (pl.col(name).str.replace_all(" ", "", literal=True) for name in ("first", "last"))
    keyed = rows.select("row", value=_keys(first, last)[key]).with_row_index("place")
    shared = _keep_shared(keyed.filter(~pl.col("row").is_in(without.implode())))
    before, beyond = (pl.col("value").shift(by).eq_missing(pl.col("value")) for by in (1, -2))
    begins = ~before & ~beyond
    ends = begins.shift(1).fill_null(value=False)
    following = pl.when(begins).then(pl.col("place").shift(-1))
    return shared.select("place", "value", next=following, larger=~(begins | ends))


def _matching_twos(rows: pl.DataFrame, shared: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """Yield the matching pairs of blocks of two, which most blocks are, the lower number first."""
    for part in shared.drop_nulls("next").iter_slices(_SLICE):
        persons = (rows.select("row", "first", "last")[part[places]] for places in ("place", "next"))
        columns = [column.to_list() for frame in persons for column in frame]
        for row, first, last, other, given, family in zip(*columns, strict=True):
            full, name = f"{first} {last}", f"{given} {family}"
            if (
                fuzz.ratio(full, name, score_cutoff=_MIN_RATIO)
                or fuzz.ratio(f"{last} {first}", name, score_cutoff=_MIN_RATIO)
            ) and _each_alike((row, first, last), (other, given, family)):
                yield min(row, other), max(row, other)


def _larger_blocks(rows: pl.DataFrame, shared: pl.DataFrame) -> Iterator[list[_Person]]:
    """Yield the persons of each block of more than two."""

    def stream() -> Iterator[tuple[int, _Person]]:
        for part in shared.filter("larger").iter_slices(_SLICE):
            names = rows.select("row", "first", "last")[part["place"]]
            yield from zip(part["value"], names.iter_rows(), strict=True)

    for _, block in groupby(stream(), key=itemgetter(0)):
        yield [person for _, person in block]


def _keep_shared(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose ``value`` is not unique, sorted by it."""
    # Sorting needs less memory than a table of all values.
    value = pl.col("value")
    return frame.sort("value").filter((value == value.shift(1)) | (value == value.shift(-1)))


def _pairs(block: list[_Person]) -> Iterator[tuple[int, int]]:
    """Yield the matching pairs, the lower number first."""
    for one, other in _near_pairs(block):
        if _each_alike(one, other):
            yield min(one[0], other[0]), max(one[0], other[0])


def _near_pairs(block: list[_Person]) -> Iterator[tuple[_Person, _Person]]:
    """Yield the pairs whose full names are similar, in either order."""
    reach = len(block)
    if reach > MAX_BLOCK_NAMES:
        block, reach = sorted(block, key=itemgetter(1, 2)), _NEIGHBOURS
    names = [f"{first} {last}" for _, first, last in block]
    turned = [f"{last} {first}" for _, first, last in block]
    for place, person in enumerate(block):
        after = names[place + 1 : place + 1 + reach]
        near = (
            process.extract(name, after, scorer=fuzz.ratio, score_cutoff=_MIN_RATIO, limit=None)
            for name in (names[place], turned[place])
        )
        for index in {index for matches in near for _, _, index in matches}:
            yield person, block[place + 1 + index]


def _each_alike(one: _Person, other: _Person) -> bool:
    """Tell whether both names match one by one: a long name must not outweigh a short one that differs."""
    (_, first, last), (_, given, family) = one, other
    straight = _near(first, given) and _near(last, family)
    return straight or (_near(first, family) and _near(last, given))


def _near(one: str, other: str) -> bool:
    return one == other or (
        min(len(one), len(other)) > _SHORT_NAME_LETTERS and fuzz.ratio(one, other) > _MIN_NAME_RATIO
    )


def _both_ways(several: pl.DataFrame, pairs: Iterable[tuple[int, int]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of each person, and the pairs in both directions, each person paired with itself as well."""
    one_way = pl.DataFrame(
        list(pairs), schema={"person": pl.get_index_type(), "other": pl.get_index_type()}, orient="row"
    )
    paired = pl.concat([one_way["person"], one_way["other"]]).unique().to_frame("person")
    single = paired.join(several, on="person", how="anti").with_columns(row=pl.concat_list("person"))
    persons = pl.concat([several.select("person", "row"), single])
    oneself = persons.select("person", other="person")
    return persons, pl.concat([one_way, one_way.select(person="other", other="person"), oneself])


def _list_companions(persons: pl.DataFrame, pairs: pl.DataFrame, known: Sequence[Copies]) -> pl.DataFrame:
    """Return for each row its first matches that are not known already, and how many more there are."""
    rows = pl.col("row")
    heads = persons.select(other="person", heads=rows.list.head(_CONSIDERED), size=rows.list.len())
    others = (
        pairs.join(heads, on="other")
        .group_by("person")
        .agg(other=pl.col("heads").explode().sort().head(_CONSIDERED), all=pl.col("size").sum())
    )
    slices = persons.explode("row").iter_slices(_SLICE)
    return pl.concat([_none(), *(_name_others(part.join(others, on="person"), known) for part in slices)]).sort("row")


def _name_others(rows: pl.DataFrame, known: Sequence[Copies]) -> pl.DataFrame:
    """Return for these rows the matches to show, and how many more of ``all`` there are."""
    others = rows.select("row", "other").explode("other").filter(pl.col("row") != pl.col("other"))
    others = others.with_columns(known=pl.lit(value=False))
    for copies in known:
        mine = copies.members.select("row", mine="group")
        theirs = copies.members.select(other="row", theirs="group")
        shared = (pl.col("mine") == pl.col("theirs")).fill_null(value=False)
        others = others.join(mine, on="row", how="left", maintain_order="left")
        others = others.join(theirs, on="other", how="left", maintain_order="left")
        others = others.select("row", "other", known=pl.col("known") | shared)
    hidden = others.filter("known").group_by("row").agg(hidden=pl.len())
    named = others.filter(~pl.col("known")).group_by("row").agg(others=pl.col("other").head(MAX_SHOWN))
    listed = rows.select("row", "all").join(named, on="row").join(hidden, on="row", how="left")
    more = pl.col("all") - 1 - pl.col("hidden").fill_null(0) - pl.col("others").list.len()
    return listed.select("row", "others", more=more)


def _none() -> pl.DataFrame:
    index = pl.get_index_type()
    return pl.DataFrame(schema={"row": index, "others": pl.List(index), "more": index})
