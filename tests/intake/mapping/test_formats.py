import random
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import polars as pl
import pytest

from finhub_onboard.config.profile import Formats, Profile
from finhub_onboard.intake.checking import schema
from finhub_onboard.intake.checking.categories import Catalogue
from finhub_onboard.intake.checking.normalise import INSTANT_COLUMNS, normalise
from finhub_onboard.intake.mapping import formats
from tests.intake.helpers import CATEGORIES, NOW
from tests.intake.mapping.support import column, mapped, profile


def codes(by: Profile, name: str, values: list[str], *, typed: bool = False) -> list[str]:
    """Return the code of the rule that each value of one column breaks, '' for none."""
    frame = mapped(by, {name: values}, typed=typed)
    catalogue = Catalogue(known=CATEGORIES)
    whole = normalise(frame, catalogue=catalogue, documents_root=Path(), max_bytes=1)
    found = [""] * len(values)
    for fault in schema.validate(schema.specification(now=NOW, min_age=18), whole):
        assert (fault.column, found[fault.place]) == (name, "")
        found[fault.place] = fault.code
    return found


def test_time_zones_are_tried() -> None:
    """A zone that Python has and the frames have not is found before a row is read."""
    assert formats.knows_time_zone("Europe/Berlin")
    assert not formats.knows_time_zone("Mars/Olympus_Mons")


DATES = {
    "DD.MM.YYYY": {"03.10.1990": "1990-10-03", "31.02.1990": "1990-02-31", "3.10.1990": "?", "03.10.90": "?"},
    "D.M.YYYY": {"3.1.1990": "1990-01-03", "03.10.1990": "1990-10-03", "003.1.1990": "?", "3-1-1990": "?"},
    "M/D/YY": {"1/2/31": "1931-01-02", "12/31/30": "2030-12-31", "1/2/00": "2000-01-02", "1/2/1990": "?"},
    "DD-MMM-YYYY": {"03-Oct-1990": "1990-10-03", "03-OCT-1990": "1990-10-03", "03-Okt-1990": "?", "03-10-1990": "?"},
    "DMMMYYYY": {"3oct1990": "1990-10-03", "13Dec1990": "1990-12-13"},
    "YYYYMMDD": {"19901003": "1990-10-03", "1990-10-03": "?", "199010031": "?"},
    "YYYY-M-D": {"1990-1-3": "1990-01-03", "1990-10-03": "1990-10-03"},
    "DMYYYY": {"03101990": "1990-10-03", "3101990": "?", "1121990": "?"},
    "YYYY-MM-DDThh:mm:ss": {"1990-10-03T00:00:00": "1990-10-03", "1990-10-02T22:00:00": "?time", "1990-10-03": "?"},
    "DD·MM·YYYY hh:mm": {"03·10·1990 00:00": "1990-10-03", "03·10·1990 00:01": "?time", "03.10.1990 00:00": "?"},
}


@pytest.mark.parametrize("written", list(DATES))
def test_dates_are_read_by_their_format(written: str) -> None:
    """The whole value must be written so; the calendar is not asked; what is not written so is no date."""
    by = profile(formats={"date_of_birth": written, "pivot_year": 30})
    assert column(by, "date_of_birth", list(DATES[written])) == list(DATES[written].values())
    assert column(by, "date_of_birth", [f"\u00a0{value}\t" for value in DATES[written]]) == list(
        DATES[written].values()
    )
    assert column(by, "date_of_birth", ["", " ", "x", "\u0660\u0663.10.1990", "1990-10-3\n"])[:2] == ["", ""]


def test_iso_by_luck_is_no_date() -> None:
    """A date that is not written as stated breaks one rule by name, even where it looks like ISO; no row is guessed."""
    by = profile(formats={"date_of_birth": "DD.MM.YYYY"})
    values = ["03.10.1990", "1990-10-03", "31.02.1990", "x", ""]
    found = ["", "birth_date_format", "birth_date_impossible", "birth_date_format", "required_missing"]
    assert codes(by, "date_of_birth", values) == found


def test_iso_is_left_alone() -> None:
    """Where dates are ISO, which is the default, what is not stays for the rules; typed midnight is a day."""
    values = [" 1990-10-03", "03.10.1990", "1990-10-03T00:00:00", ""]
    for by in (Profile(), profile(formats={"date_of_birth": ""})):
        assert column(by, "date_of_birth", values) == values
        assert column(by, "date_of_birth", values, typed=True) == ["1990-10-03", "?", "1990-10-03", ""]


def test_typed_dates_are_taken_beside_the_format() -> None:
    """A cell that was a date is one, with midnight or without; another hour is the trace of a lost time zone."""
    by = profile(formats={"date_of_birth": "DD.MM.YYYY"})
    values = ["03.10.1990", "1990-10-03", "1990-10-03T00:00:00.000000", "1990-10-03 00:00", "1990-10-02T22:00:00", "x"]
    assert column(by, "date_of_birth", values, typed=True) == ["1990-10-03"] * 4 + ["?time", "?"]


def test_instants_are_read_by_their_format_and_zone() -> None:
    """They become ISO with the offset that the zone had at that time."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm:ss", "time_zone": "Europe/Berlin"})
    values = ["01.07.2024 12:30:00", "01.01.2024 12:30:00", "01.07.1996 12:30:00", "", "2024-07-01T12:30:00Z", "x"]
    found = ["2024-07-01T12:30:00+02:00", "2024-01-01T12:30:00+01:00", "1996-07-01T12:30:00+02:00", "", "?", "?"]
    assert column(by, "terms_accepted_at", values) == found
    assert column(by, "privacy_accepted_at", values) == found


def test_an_hour_that_is_twice_or_never_is_refused() -> None:
    """Around the change of clocks nothing is guessed: what is ambiguous or was never shown has no offset."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm", "time_zone": "Europe/Berlin"})
    values = [
        *("31.03.2024 01:59", "31.03.2024 02:00", "31.03.2024 03:00"),
        *("27.10.2024 01:59", "27.10.2024 02:30", "27.10.2024 03:00"),
        *("31.02.2024 10:00", "01.01.2024 25:00", "01.01.2024"),
    ]
    assert column(by, "terms_accepted_at", values) == [
        *("2024-03-31T01:59:00+01:00", "2024-03-31T02:00:00", "2024-03-31T03:00:00+02:00"),
        *("2024-10-27T01:59:00+02:00", "2024-10-27T02:30:00", "2024-10-27T03:00:00+01:00"),
        *("2024-02-31T10:00:00", "2024-01-01T25:00:00+01:00", "?"),
    ]
    lacking = "instant_without_offset"
    assert codes(by, "terms_accepted_at", values) == [
        "",
        lacking,
        "",
        "",
        lacking,
        "",
        lacking,
        *("instant_format",) * 2,
    ]


def test_without_a_zone_instants_lack_their_offset() -> None:
    """Evidence needs an offset, and the machine's own zone is nobody's statement."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm:ss"})
    assert column(by, "terms_accepted_at", ["01.07.2024 12:30:00"]) == ["2024-07-01T12:30:00"]
    assert codes(by, "terms_accepted_at", ["01.07.2024 12:30:00"]) == ["instant_without_offset"]


def test_a_format_without_clock_means_the_start_of_the_day() -> None:
    """A partner who states days gives days."""
    by = profile(formats={"accepted_at": "M/D/YYYY", "time_zone": "America/New_York"})
    values = ["7/1/2024", "12/31/2024", "11/3/2024", ""]
    offsets = ["2024-07-01T00:00:00-04:00", "2024-12-31T00:00:00-05:00", "2024-11-03T00:00:00-04:00", ""]
    assert column(by, "terms_accepted_at", values) == offsets


def test_a_zone_alone_is_for_iso_instants_without_offset() -> None:
    """Those with an offset keep it, and a day alone is no instant."""
    by = profile(formats={"time_zone": "Asia/Kolkata"})
    values = {
        "2024-07-01T12:30:00": "2024-07-01T12:30:00+05:30",
        " 2024-07-01 12:30": "2024-07-01T12:30:00+05:30",
        "2024-07-01t12:30:00,25": "2024-07-01T12:30:00.25+05:30",
        "2024-07-01T12:30:00Z": "2024-07-01T12:30:00Z",
        "2024-07-01T12:30:00-01:00": "2024-07-01T12:30:00-01:00",
        "2024-07-01": "2024-07-01",
        "01.07.2024": "01.07.2024",
        "": "",
    }
    assert column(by, "terms_accepted_at", list(values)) == list(values.values())
    lacking = ["instant_without_offset", "instant_format", ""]
    assert codes(by, "terms_accepted_at", list(values)) == [""] * 5 + lacking


def test_fractions_of_seconds_stay() -> None:
    """On days on which clocks change, too."""
    by = profile(formats={"time_zone": "Europe/Berlin"})
    values = ["2024-07-01T12:30:00.123", "2024-10-27T12:30:00,123", "1996-10-27T00:30:00.5"]
    assert column(by, "terms_accepted_at", values) == [
        *("2024-07-01T12:30:00.123+02:00", "2024-10-27T12:30:00.123+01:00", "1996-10-27T00:30:00.5+02:00"),
    ]


def test_typed_instants_are_taken_beside_the_format() -> None:
    """A cell that was an instant or a date is one; it gets the zone's offset if it has none."""
    by = profile(formats={"accepted_at": "DD.MM.YYYY hh:mm", "time_zone": "UTC"})
    values = ["01.07.2024 12:30", "2024-07-01T12:30:00.000000", "2024-07-01T12:30:00+02:00", "2024-07-01", "x"]
    assert column(by, "terms_accepted_at", values, typed=True) == [
        *("2024-07-01T12:30:00+00:00", "2024-07-01T12:30:00.000000+00:00", "2024-07-01T12:30:00+02:00"),
        *("2024-07-01T00:00:00+00:00", "?"),
    ]
    only_zone = profile(formats={"time_zone": "UTC"})
    assert column(only_zone, "terms_accepted_at", ["2024-07-01"], typed=True) == ["2024-07-01T00:00:00+00:00"]


def test_without_formats_instants_are_left_alone() -> None:
    """Normalisation reads ISO instants; nothing needs doing here."""
    values = ["2024-07-01 12:30", " x", ""]
    assert column(Profile(), INSTANT_COLUMNS[0], values) == values


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo"]
)
def test_offsets_are_those_of_the_zone(zone: str) -> None:
    """Python's own reckoning gives the same offset at every time, and finds the same hours twice or never."""
    place, draw = ZoneInfo(zone), random.Random(zone)
    start = datetime(1996, 1, 1)  # noqa: DTZ001 - the zone is what is looked for
    times = [start + timedelta(minutes=draw.randrange(29 * 365 * 1440)) for _ in range(500)]
    days = [start + timedelta(days=number) for number in range(29 * 365)]
    changes = [
        day
        for day in days
        if day.replace(tzinfo=place).utcoffset() != (day + timedelta(1)).replace(tzinfo=place).utcoffset()
    ]
    times += [day + timedelta(minutes=minutes) for day in changes for minutes in range(0, 1440, 15)]
    stated = Formats(accepted_at="YYYYMMDDhhmm", time_zone=zone)
    found = formats.instants(pl.Series([f"{time:%Y%m%d%H%M}" for time in times]), stated, typed=False)
    expected = []
    for time in times:
        early, late = (time.replace(tzinfo=place, fold=fold) for fold in (0, 1))
        sure = early.utcoffset() == late.utcoffset()
        expected.append((early if sure else time).isoformat())
    assert found.to_list() == expected
    assert any("+" not in text[10:] and "-" not in text[10:] for text in expected)


@pytest.mark.parametrize(
    ("region", "given_", "found"),
    [
        ("DE", "030 123456", "+4930123456"),
        ("DE", "(030) 12 34-56", "+4930123456"),
        ("DE", " 0171/2345678\u00a0", "+491712345678"),
        ("DE", "+37061231001", "+37061231001"),
        ("DE", "0037061231001", "0037061231001"),
        ("DE", " +370 612", " +370 612"),
        ("DE", "", ""),
        ("DE", "unknown", "unknown"),
        ("DE", "0171 2345678 ext. 5", "0171 2345678 ext. 5"),
        ("DE", "0171 FLOWERS", "0171 FLOWERS"),
        ("DE", "030 123456; 030 123457", "030 123456; 030 123457"),
        ("DE", "\u0660\u0663\u0660123456", "\u0660\u0663\u0660123456"),
        ("DE", "1", "1"),
        ("GB", "020 7946 0000", "+442079460000"),
        ("GB", "442079460000", "+442079460000"),
        ("US", "(201) 555-0123", "+12015550123"),
        ("US", "1-201-555-0123", "+12015550123"),
        ("US", "011 44 20 7946 0000", "+442079460000"),
        ("CA", "1 416 555 0123", "+14165550123"),
        ("IT", "06 698 82000", "+390669882000"),
        ("LT", "8 612 31001", "+37061231001"),
        ("AR", "011 15 2345-6789", "+5491123456789"),
        ("ES", "612 345 678", "+34612345678"),
    ],
)
def test_national_numbers_get_their_country_code(region: str, given_: str, found: str) -> None:
    """As the library reads them in the region; what is international or cannot be read stays as it is."""
    assert column(profile(formats={"phone_region": region}), "phone", [given_]) == [found]


def test_without_a_region_numbers_are_left_alone() -> None:
    """A country is never guessed."""
    assert column(Profile(), "phone", ["030 123456"]) == ["030 123456"]


def some_numbers(region: str, draw: random.Random) -> list[str]:
    """Return numbers of a region as its people write them, of every kind, and texts near them."""
    found = []
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    for kind in range(11):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        bare, prefix = phonenumbers.national_significant_number(example), metadata.national_prefix or ""
        for text in (
            phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL),
            *(bare, prefix + bare, f"{example.country_code}{bare}", f"{example.country_code}{prefix}{bare}"),
        ):
            cut = draw.randrange(1, len(text))
            near = text[: cut - 1] + draw.choice("0123456789") + text[cut:]
            found += [text, near, near[: draw.randrange(3, 20)], near + draw.choice("059"), draw.choice("0135") + near]
            found += [text[:cut] + draw.choice(" -/().\xa0\u2013\t") + text[cut:], f"({near[:cut]}) {near[cut:]}."]
    return found


def test_numbers_are_read_as_the_library_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """On numbers of every region and kind, near misses too, what is decided without the library agrees with it."""
    draw, asked, total = random.Random(7), 0, 0

    def ask(*_: str) -> None:
        nonlocal asked
        asked += 1

    original = formats._parsed
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        numbers = some_numbers(region, draw)
        with monkeypatch.context() as patch:
            patch.setattr(formats, "_parsed", ask)
            decided = formats.phones(pl.Series(numbers), region).to_list()
        total += len(numbers)
        wrong = [
            number
            for number, answer in zip(numbers, decided, strict=True)
            if answer != number and original(number.strip(), region) != answer
        ]
        assert (region, wrong) == (region, [])
    assert total > 40_000
    assert asked < total * 0.6


@pytest.mark.parametrize("region", ["AT", "CA", "CH", "DE", "ES", "FR", "GB", "IN", "IT", "LT", "NL", "PL", "SE", "US"])
def test_usual_numbers_are_read_without_the_library(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short cut is one: numbers as people write them never reach the library."""
    draw = random.Random(region)
    mobile = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert mobile is not None
    text = phonenumbers.format_number(mobile, phonenumbers.PhoneNumberFormat.NATIONAL)
    numbers = [text[:-2] + f"{draw.randrange(100):02d}" for _ in range(20)]
    monkeypatch.setattr(formats, "_parsed", lambda *_: pytest.fail("asked"))
    assert all(number.startswith("+") for number in formats.phones(pl.Series(numbers), region))
