"""Applies a partner's profile: maps the file's columns and values onto the canonical ones.

Promises: a profile that names a missing column, or a file without a required one, is refused in one sentence before any
row is read; the result for a row does not depend on other rows. For each canonical column: null words are emptied,
cells are taken, composed or split, and the value is mapped by ``values``, else parsed by ``formats``. A value that
cannot be mapped stays, or becomes one that the rules refuse: no row is dropped and no value guessed. Knows no file and
no rules.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import polars as pl

from finhub_onboard.config.profile import Profile, pieces
from finhub_onboard.errors import ConfigurationError, UnreadableInputError
from finhub_onboard.intake.cells import OUTER_SPACE, Cells, Kind, clean_one, cleaned, kind_of
from finhub_onboard.intake.checking import contacts, countries
from finhub_onboard.intake.checking.elementwise import map_texts
from finhub_onboard.intake.checking.normalise import INSTANT_COLUMNS
from finhub_onboard.intake.header import advice, list_names, show_names, showable
from finhub_onboard.intake.mapping import extra, formats, splitting
from finhub_onboard.model.columns import CANONICAL_COLUMNS, EXTRA, REQUIRED_COLUMNS, ROW_COLUMNS

_SPLIT = ("first_name", "last_name")
_PROSE = frozenset({*_SPLIT, "place_of_birth"})
"""Columns of names, which may be damaged."""
_HALF = "\0half:"
"""Prefix of the column names of a split cell's parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The mapping of one input.

    ``wanted``: the file's columns that are read, in file order. ``origin``: for each canonical column those of the
    file that it is made of (none: a constant, or absent). ``constant``: the canonical columns that the profile fills
    with the same text in all rows, which are no keys for duplicates. ``columns``: the canonical columns that are made,
    ``unclean``: those of them that are not cleaned.
    """

    wanted: tuple[str, ...]
    origin: Mapping[str, tuple[str, ...]]
    constant: frozenset[str]
    profile: Profile
    typed: bool
    columns: tuple[str, ...] = ROW_COLUMNS
    unclean: frozenset[str] = frozenset()

    def only(self, columns: Sequence[str], unclean: Iterable[str] = ()) -> "Plan":
        """Return the plan restricted to some canonical columns, at least one of them with an origin."""
        wanted = _wanted_columns(self.wanted, self.origin, columns)
        return replace(self, columns=tuple(columns), wanted=wanted, unclean=frozenset(unclean))

    def read(self, file: pl.DataFrame) -> Cells:
        """Clean the file's columns named as ``wanted``, and turn them into the canonical ones."""
        telling = _PROSE if self.columns == ROW_COLUMNS else ()  # where only keys are read, nothing is reported
        names = {name for column in telling for name in self.origin[column]}
        cells = cleaned(file, self._kinds(), names)
        frame = self.apply(cells.frame)
        changed = [(values != cells.frame.get_column(name)).arg_true() for name, values in cells.earlier.items()]
        if "email" in self.columns:
            changed.append(contacts.rewritten(frame.get_column("email")))
        if "nationality" in self.columns and (own := self.profile.texts("nationality")):
            other = [name for name in own if countries.english_name(name) != name and not countries.is_code(name)]
            changed.append(frame.get_column("nationality").is_in(other).arg_true())
        places = pl.concat(changed).unique().sort() if changed else pl.Series([], dtype=pl.get_index_type())
        codes = {column: _merge_codes(cells.codes, self.origin[column]) for column in self.columns}
        if telling and (split := self.profile.split):
            codes["last_name"] = splitting.find_doubtful(
                cells.frame.get_column(split.column), split.order, codes["last_name"]
            )
        return Cells(
            frame=frame,
            dialled=self._read_given("phone", self._cells(cells.frame)) if "phone" in self.columns else None,
            codes={column: column_codes for column, column_codes in codes.items() if column_codes is not None},
            places=places,
            earlier=self.apply(cells.frame.with_columns(**cells.earlier)[places]) if places.len() else frame.clear(),
        )

    def _kinds(self) -> dict[str, Kind]:
        """Return the kinds of the file's columns, by the canonical columns made of them."""
        canonical = {name: {column for column in ROW_COLUMNS if name in self.origin[column]} for name in self.wanted}
        return {name: kind_of(columns) for name, columns in canonical.items() if columns - self.unclean}

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Turn text columns named as ``wanted`` ('' is absent) into the canonical columns, text as well.

        Null words and the keys of ``values`` are compared without case and outer white space. Constants
        and mapped values are not parsed by ``formats``.
        """
        cells = self._cells(frame)
        return pl.DataFrame({column: self._make_column(column, cells, frame.height) for column in self.columns})

    def _cells(self, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """Return the file's columns without null words, and the parts of a split one."""
        cells = {column: _without_nulls(frame.get_column(column), self.profile.nulls) for column in self.wanted}
        if self.profile.split and self.profile.split.column in cells:
            first, last = splitting.split_names(cells[self.profile.split.column], self.profile.split.order)
            cells |= {_HALF + "first_name": first, _HALF + "last_name": last}
        return cells

    def _make_column(self, column: str, cells: Mapping[str, pl.Series], height: int) -> pl.Series:
        if column == EXTRA:
            members = self.profile.extra_columns
            return extra.joined(
                [(member, self._make_column(name, cells, height)) for name, member in members.items()], height
            )
        given = self._read_given(column, cells)
        if given is None:
            text = clean_one(self.profile.constants.get(column, "")) or _value_map(self.profile, column).get("", "")
            return pl.Series(dtype=pl.String).extend_constant(text, height)
        written = self._apply_formats(column, given)
        known = _value_map(self.profile, column)
        if not known:
            return written
        ours = map_texts(given, lambda value: known.get(_key(value)))
        return pl.select(pl.coalesce(ours, written)).to_series()

    def _read_given(self, column: str, cells: Mapping[str, pl.Series]) -> pl.Series | None:
        """Return a canonical column as the partner writes it; None when it has no origin."""
        if not self.origin[column]:
            return None
        if column in self.profile.compose:
            return _fill_template(self.profile.compose[column], cells)
        if self.profile.split and column in _SPLIT:
            return cells[_HALF + column]
        return cells[self.origin[column][0]]

    def _apply_formats(self, column: str, given: pl.Series) -> pl.Series:
        """Parse a column by the stated formats."""
        stated = self.profile.formats
        if column == "date_of_birth":
            return formats.birth_dates(given, stated, typed=self.typed)
        if column in INSTANT_COLUMNS:
            return formats.instants(given, stated, typed=self.typed)
        if column == "phone" and stated.phone_region:
            return formats.phones(given, stated.phone_region)
        return given


def plan(profile: Profile, columns: Sequence[str], name: str, *, typed: bool = False) -> Plan:
    """Make the plan for an input with these columns; ``typed`` inputs may have ISO dates beside the stated formats.

    Raises :class:`UnreadableInputError` when the file ``name`` lacks a column that the profile names or that is
    required, :class:`ConfigurationError` when the profile cannot be right for any file.
    """
    _check_profile(profile)
    _check_named(profile, columns, name)
    origin = {column: _origin(profile, column, columns) for column in (*CANONICAL_COLUMNS, *profile.extra_columns)}
    origin[EXTRA] = tuple(dict.fromkeys(name for column in profile.extra_columns for name in origin[column]))
    _check_required(profile, origin, columns, name)
    filled = {column for column, names in origin.items() if not names and _value_map(profile, column).get("")}
    return Plan(
        wanted=_wanted_columns(columns, origin, ROW_COLUMNS),
        origin=origin,
        constant=frozenset({*profile.constants, *filled}),
        profile=profile,
        typed=typed,
    )


def _merge_codes(codes: Mapping[str, pl.Series], origin: Sequence[str]) -> pl.Series | None:
    """Return the notices on a canonical column: for each row the first of the cells that it is made of."""
    columns = [codes[name] for name in origin if name in codes]
    return pl.select(pl.coalesce(columns)).to_series() if columns else None


def _origin(profile: Profile, column: str, columns: Sequence[str]) -> tuple[str, ...]:
    if column in profile.constants:
        return ()
    if column in profile.columns:
        return (profile.columns[column],)
    if column in profile.compose:
        return _names_in(profile.compose[column])
    if profile.split and column in _SPLIT:
        return (profile.split.column,)
    return (column,) if column in columns else ()


def _wanted_columns(
    columns: Sequence[str], origin: Mapping[str, tuple[str, ...]], canonical: Iterable[str]
) -> tuple[str, ...]:
    needed = {name for column in canonical for name in origin[column]}
    return tuple(column for column in columns if column in needed)


def _names_in(template: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name in pieces(template) if name))


def _key(value: str) -> str:
    """Return the form in which a partner's value is compared."""
    return unicodedata.normalize("NFC", value.strip(OUTER_SPACE)).casefold()


def _value_map(profile: Profile, column: str) -> dict[str, str]:
    """Return a column's value map by compared form; a constant is ours already."""
    words = {} if column in profile.constants else profile.values.get(column, {})
    return {_key(theirs): clean_one(ours) for theirs, ours in words.items()}


def _without_nulls(values: pl.Series, words: Iterable[str]) -> pl.Series:
    """Empty the cells that hold a null word and nothing else."""
    bare = [pl.escape_regex(word) for word in (word.strip(OUTER_SPACE) for word in words) if word]
    if not bare:
        return values
    space = f"[{pl.escape_regex(OUTER_SPACE)}]*"
    void = values.str.contains(f"(?i)^{space}(?:{'|'.join(bare)}){space}$")
    return values.set(void, "") if void.any() else values


def _fill_template(template: str, cells: Mapping[str, pl.Series]) -> pl.Series:
    """Fill a template; absent when one of its cells is, as half a number is another number."""
    filled = {name: cells[name].str.strip_chars(OUTER_SPACE) for name in _names_in(template)}
    text = [part for literal, name in pieces(template) for part in (pl.lit(literal), pl.lit(filled.get(name, "")))]
    lacking = pl.any_horizontal(pl.lit(cell == "") for cell in filled.values())
    return pl.select(pl.when(lacking).then(pl.lit("")).otherwise(pl.concat_str(text))).to_series()


def _check_profile(profile: Profile) -> None:
    """Refuse a profile that is wrong for every file."""
    stated = profile.formats
    if "external_id" in profile.constants:
        raise ConfigurationError(
            "the profile's constants.external_id would make all rows one customer",
            hint="take external_id from a column of the file, or compose it",
        )
    if stated.phone_region and not formats.knows_region(stated.phone_region):
        raise ConfigurationError(
            f"the profile's formats.phone_region {stated.phone_region} has no phone numbers",
            hint="state a country as ISO alpha-2, such as DE or GB",
        )
    if stated.time_zone and not formats.knows_time_zone(stated.time_zone):
        raise ConfigurationError(
            f"the profile's formats.time_zone {stated.time_zone} cannot be reckoned with",
            hint="state a zone such as Europe/Berlin",
        )
    for column, words in profile.values.items():
        if len(_value_map(profile, column)) < len(words) and column not in profile.constants:
            raise ConfigurationError(
                f"the profile's values.{column} has keys that differ in case or white space only",
                hint="keep one of them: values are compared without either",
            )


def _check_named(profile: Profile, columns: Sequence[str], name: str) -> None:
    """Refuse a file that lacks what the profile names."""
    places: dict[str, tuple[str, ...]] = {f"columns.{column}": (theirs,) for column, theirs in profile.columns.items()}
    places |= {f"compose.{column}": _names_in(template) for column, template in profile.compose.items()}
    places |= {"split.column": (profile.split.column,)} if profile.split else {}
    elsewhere = {*profile.columns, *profile.compose, *profile.constants}
    places |= {f"extra.{name}": (f"extra.{name}",) for name in profile.extra if f"extra.{name}" not in elsewhere}
    lacking = {theirs: place for place, names in places.items() for theirs in names if theirs not in columns}
    if lacking:
        near = {theirs: _near(theirs, columns) for theirs in lacking}
        meant = [f"{near_name} may be meant by {theirs}" for theirs, near_name in near.items() if near_name]
        lacked = list_names([f"{column} ({place})" for column, place in lacking.items()])
        raise UnreadableInputError(
            f"{name} lacks columns that the profile names: {lacked} (found: {show_names(columns)})",
            hint=f"correct the profile: {list_names(meant)}" if meant else _why_not(profile, columns),
        )


def _why_not(profile: Profile, columns: Sequence[str]) -> str:
    """Return the hint for a profile that fits no column of the file."""
    if len(columns) == 1 and profile.source.delimiter:
        return f"the file does not have the profile's source.delimiter = {profile.source.delimiter!r}: state its own"
    return "is this the right profile for this file?"


def _check_required(profile: Profile, origin: Mapping[str, tuple[str, ...]], columns: Sequence[str], name: str) -> None:
    """Refuse a file in which a required column has no origin."""
    required = dict.fromkeys((*REQUIRED_COLUMNS, *profile.required))
    missing = [column for column in required if not origin[column] and column not in profile.constants]
    if not missing:
        return
    if profile == Profile():
        hint = advice(missing, columns)
    else:
        used = {theirs for names in origin.values() for theirs in names}
        free = [column for column in columns if column not in used]
        near = {column: _near(column, free) for column in missing}
        meant = [f"{column} may be {theirs}" for column, theirs in near.items() if theirs]
        hint = f"name them in the profile's columns{': ' if meant else ''}{list_names(meant)}"
    raise UnreadableInputError(
        f"{name}: required columns are missing: {', '.join(missing)} (found: {show_names(columns)})", hint=hint
    )


def _near(name: str, columns: Sequence[str]) -> str:
    """Return the column with the most similar name, or ''."""
    free = {column.casefold().replace(" ", "_"): column for column in showable(columns)}
    matches = get_close_matches(name.casefold().replace(" ", "_"), list(free), n=1)
    return free[matches[0]] if matches else ""
