"""The profile's lines apart from columns: dialect, split, formats and null words.

Promises: a line is chosen only if the sample proves it; everything else stays open, with its candidates. Knows columns
of a sample, no file.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from finhub_onboard.intake.checking import countries
from finhub_onboard.intake.proposing import evidence, header_names, regions
from finhub_onboard.intake.proposing.choosing import Pair
from finhub_onboard.intake.proposing.dates import ISO, Written
from finhub_onboard.intake.proposing.evidence import Column
from finhub_onboard.intake.proposing.proposal import NullWord, Open, Setting
from finhub_onboard.intake.proposing.synonyms import FULL_NAME
from finhub_onboard.intake.reading.small_table import Detected
from finhub_onboard.model.columns import CONSENTS

Line = Setting | Open

_MIN_CONFIDENCE = 0.8
"""The minimum confidence at which a detected setting is stated."""
_MIN_SHARE = 0.9
_MAX_RUBBISH_SHARE = 0.02
"""The maximum share of invalid cells."""
_NAMES = ("first_name", "last_name", FULL_NAME)


def source(detected: Detected) -> Iterator[Line]:
    """State the dialect of the file."""
    for key in ("encoding", "delimiter", "quote", "escape", "skip_lines", "sheet"):
        value = getattr(detected, key)
        if value is None or (value == "" and key != "quote"):
            continue
        sure = detected.sure.get(key, 1.0)
        if sure >= _MIN_CONFIDENCE:
            yield Setting(section="source", key=key, value=value, remark=f"{sure:.2f}")
        else:
            yield Open(section="source", key=key, candidates=(value,), remark=f"{sure:.2f}: look whether it reads well")


def split(pair: Pair) -> Iterator[Line]:
    """State how the column of full names is split, if its cells or its name show it."""
    commas = pair.column.share(lambda cell: cell.count(",") == 1)
    named = header_names.order(pair.column.name)
    remark = f"{pair.confidence:.2f} by {pair.reason}"
    if commas >= _MIN_SHARE:
        order, why = "last, first", "nearly all have a comma"
    elif named and commas <= _MAX_RUBBISH_SHARE:
        order, why = named, "so the name says"
    else:
        remark = f"{remark}; say which name stands first, and both lines hold"
        yield Open(
            section="split",
            key="column",
            candidates=(pair.column.name,),
            remark=remark,
            examples=pair.column.examples,
        )
        either = ("first last", "last first", "last, first")
        yield Open(section="split", key="order", candidates=either, remark="the cells do not prove it")
        return
    shown = "".join(f"; {example}" for example in pair.column.examples)
    yield Setting(section="split", key="column", value=pair.column.name, remark=remark + shown)
    yield Setting(section="split", key="order", value=order, remark=why)


def formats(sure: Mapping[str, Pair], languages: Collection[str]) -> Iterator[Line]:
    """State the formats of dates, instants and phone numbers."""
    births = sure.get("date_of_birth")
    if births and births.column.dates:
        yield from _date("date_of_birth", births.column.dates, usual=ISO)
    elif births and births.column.cells:
        yield Open(section="formats", key="date_of_birth", remark="no format fits most cells of the column")
    yield from _instants([sure[name].column for c in CONSENTS if (name := f"{c}_accepted_at") in sure])
    yield from _region(sure, languages)


def nulls(pairs: Sequence[Pair]) -> tuple[list[NullWord], list[Line]]:
    """State the null words of the mapped columns; they apply to all of them, so ambiguous ones stay open."""
    spelled: dict[str, str] = {}
    places: dict[str, Counter[str]] = {}
    for pair in pairs:
        for word, times in pair.column.nulls.items():
            key = word.casefold()
            spelled.setdefault(key, word)
            places.setdefault(key, Counter())[pair.canonical] += times
    words: list[NullWord] = []
    doubts: list[Line] = []
    for key, counts in sorted(places.items()):
        if doubt := _doubt(key, counts):
            doubts.append(Open(section="", key="nulls", candidates=(spelled[key],), remark=doubt))
        elif not _is_country(key):
            words.append(NullWord(word=spelled[key], count=counts.total()))
    return words, doubts


def _doubt(word: str, counts: Counter[str]) -> str:
    """Say what else a null word may mean; empty if nothing else."""
    elsewhere = counts.total() - counts["nationality"]
    if _is_country(word) and elsewhere:
        country = f"and {counts['nationality']} of nationality" if counts["nationality"] else "of other columns"
        return f"{elsewhere} cells {country}; as a nationality it is a country, and would be none in any row"
    if any(sign.isalpha() for sign in word) and set(counts) <= set(_NAMES):
        return f"{counts.total()} cells, all of them names, and it may be one"
    return ""


def _is_country(word: str) -> bool:
    return countries.english_name(word) is not None


def _date(key: str, written: Written, *, usual: str) -> Iterator[Line]:
    if not written.proved:
        yield Open(
            section="formats", key=key, candidates=written.formats, remark="no day after the 12th tells day from month"
        )
    elif written.two_digit_years:
        yield Open(section="formats", key=key, candidates=written.formats, remark="it holds once pivot_year is stated")
    elif written.formats[0] != usual:
        proofs = f"{written.share:.1%} are such dates, {written.proofs} prove the order"
        yield Setting(section="formats", key=key, value=written.formats[0], remark=proofs)
    if written.two_digit_years:
        remark = "two-digit years up to this one are 20YY, later ones 19YY; the file cannot tell"
        yield Open(section="formats", key="pivot_year", remark=remark)


def _instants(columns: Sequence[Column]) -> Iterator[Line]:
    """Judge all columns of consents as one: a profile has one format for them."""
    cells = tuple(cell for column in columns for cell in column.cells)
    if not cells:
        return
    together = Column(name="", cells=cells, nulls={})
    zoned, naive = evidence.zones(together)
    if zoned + naive < _MIN_SHARE * len(cells):
        if together.dates:
            yield from _date("accepted_at", together.dates, usual="")
        else:
            yield Open(section="formats", key="accepted_at", remark="no format fits most cells of these columns")
        naive = 0 if together.dates and together.dates.formats[0].endswith("Z") else len(cells)
    if naive > _MAX_RUBBISH_SHARE * len(cells):
        remark = "the instants state none; ask the partner, for example UTC or Europe/Berlin"
        yield Open(section="formats", key="time_zone", remark=remark)


def _region(sure: Mapping[str, Pair], languages: Collection[str]) -> Iterator[Line]:
    numbers = sure["phone"].column.cells if "phone" in sure else ()
    without = len(regions.bare(numbers))
    if without <= _MAX_RUBBISH_SHARE * len(numbers):
        return

    def cells(canonical: str) -> tuple[str, ...]:
        return sure[canonical].column.cells if canonical in sure else ()

    guess = regions.find_region(numbers, nationalities=cells("nationality"), emails=cells("email"), languages=languages)
    shares = ", ".join(f"{region} {share:.0%}" for region, share in guess.valid[:4])
    remark = f"{without} numbers have no country code; valid in {shares or 'no country that the file hints at'}"
    if guess.proved:
        yield Setting(section="formats", key="phone_region", value=guess.valid[0][0], remark=remark)
    else:
        candidates = tuple(region for region, _ in guess.valid)
        yield Open(section="formats", key="phone_region", candidates=candidates, remark=remark)
