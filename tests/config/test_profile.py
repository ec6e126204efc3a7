"""Profiles: what is read, what is refused and how it is said."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from finhub_onboard.config.loading import load_profile
from finhub_onboard.config.profile import Profile
from finhub_onboard.errors import ConfigurationError, ExitCode

WHOLE = """
name = "Example Bank"
version = 3
nulls = ["NULL", "n/a"]
required = ["gender"]
[source]
encoding = "cp1252"
delimiter = ";"
quote = ""
skip_lines = 2
[columns]
email = "E-Mail"
[compose]
external_id = "{branch}-{number}"
[constants]
category = "INDIVIDUAL_STANDARD"
[split]
column = "Name"
order = "last, first"
[values.nationality]
Deutschland = "DE"
"" = "LT"
[formats]
date_of_birth = "DD.MM.YY"
accepted_at = "DD.MM.YYYY hh:mm:ss"
time_zone = "Europe/Berlin"
pivot_year = 30
phone_region = "DE"
"""


def loaded(folder: Path, text: str | bytes) -> Profile:
    """Load ``text`` as a file."""
    path = folder / "partner.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_profile(path)


def refused(folder: Path, text: str | bytes) -> str:
    """Load what must be refused; the message."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert caught.value.__cause__ is None
    message = str(caught.value)
    assert message.startswith(str(folder / "partner.toml"))
    return message


def test_a_whole_profile_loads(tmp_path: Path) -> None:
    """Every section is read as it stands."""
    profile = loaded(tmp_path, WHOLE)
    assert (profile.name, profile.version, profile.nulls) == ("Example Bank", 3, ("NULL", "n/a"))
    assert profile.source.quote == ""
    assert profile.values["nationality"] == {"Deutschland": "DE", "": "LT"}
    assert profile.split is not None
    assert profile.split.order == "last, first"
    assert profile.formats.pivot_year == 30
    assert profile.required == ("gender",)


def test_an_empty_file_is_the_empty_profile(tmp_path: Path) -> None:
    """What a profile does not say is as without one, and a byte order mark says nothing."""
    assert loaded(tmp_path, "") == loaded(tmp_path, b"\xef\xbb\xbf") == Profile()


def test_a_profile_is_frozen() -> None:
    """Nobody changes a profile while it is used."""
    with pytest.raises(ValidationError):
        Profile().name = "x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[colums]\nemail = "x"', "unknown key colums; the nearest known name is columns"),
        ("[source]\nskip_line = 1", "unknown key source.skip_line; the nearest known name is source.skip_lines"),
        ('[formats]\ntimezone = "x"', "unknown key formats.timezone; the nearest known name is formats.time_zone"),
        ('[columns]\nemial = "x"', "columns.emial: 'emial' is no canonical column; the nearest is email"),
        ('[compose]\nemial = "{x}"', "compose.emial: 'emial' is no canonical column; the nearest is email"),
        ('[constants]\nemial = "x"', "constants.emial: 'emial' is no canonical column; the nearest is email"),
        ('[values.emial]\na = "x"', "values.emial: 'emial' is no canonical column; the nearest is email"),
        ('required = ["emial"]', "required.0: 'emial' is no canonical column; the nearest is email"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(tmp_path: Path, text: str, told: str) -> None:
    """A misspelt key or column stops the run before anything is read, and the message says what was meant."""
    assert refused(tmp_path, text).endswith(told)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("version = 0", "version"),
        ("version = true", "version"),
        ('nulls = "NULL"', "nulls"),
        ("[columns]\nemail = 5", "columns.email"),
        ('[values]\ngender = "x"', "values.gender"),
        ('[source]\nencoding = "klingon"', "source.encoding"),
        ('[source]\nencoding = "base64"', "source.encoding"),
        ('[source]\ndelimiter = "::"', "source.delimiter"),
        ('[source]\nescape = "x"', "source.escape"),
        ("[source]\nskip_lines = -1", "source.skip_lines"),
        ('[split]\norder = "first last"', "split.column"),
        ('[split]\ncolumn = "Name"', "split.order"),
        ('[split]\ncolumn = "Name"\norder = "first"', "split.order"),
        ('[compose]\nemail = "{a"', "compose"),
        ('[compose]\nemail = "a"', "compose"),
        ('[compose]\nemail = "{}"', "compose"),
        ('[formats]\ntime_zone = "Mars/Olympus_Mons"', "formats.time_zone"),
        ('[formats]\ntime_zone = "../../etc/passwd"', "formats.time_zone"),
        ('[formats]\nphone_region = "de"', "formats.phone_region"),
        ('[formats]\nphone_region = "Germany"', "formats.phone_region"),
        ("[formats]\npivot_year = 100", "formats.pivot_year"),
    ],
)
def test_wrong_values_are_refused_by_name(tmp_path: Path, text: str, key: str) -> None:
    """A value of the wrong kind or out of bounds is an error that names its key."""
    assert f"partner.toml: {key}: " in refused(tmp_path, text)


@pytest.mark.parametrize(
    "written",
    ["DD.MM", "hh:mm", "DD.MM.YYYY DD", "DD de MM YYYY", "dd.mm.yyyy", "DD.MM.YYYYY", "D.M.YY.YYYY", "%d.%m.%Y"],
)
@pytest.mark.parametrize("key", ["date_of_birth", "accepted_at"])
def test_a_format_names_year_month_and_day_once(tmp_path: Path, key: str, written: str) -> None:
    """What is no format is refused, so that no date is read by half of one."""
    assert f"formats.{key}: must name year, month and day" in refused(tmp_path, f'[formats]\n{key} = "{written}"')


@pytest.mark.parametrize("written", ["DD.MM.YYYY", "YYYYMMDD", "D/MMM/YYYY", "YYYY-MM-DDThh:mm:ss", "M/D/YYYY hh:mm"])
def test_usual_formats_are_taken(tmp_path: Path, written: str) -> None:
    """Dates may have any separator, and a clock."""
    assert loaded(tmp_path, f'[formats]\naccepted_at = "{written}"').formats.accepted_at == written


@pytest.mark.parametrize("key", ["date_of_birth", "accepted_at"])
def test_two_digit_years_need_a_pivot(tmp_path: Path, key: str) -> None:
    """The century is never guessed."""
    text = f'[formats]\n{key} = "DD.MM.YY"'
    assert "DD.MM.YY has two-digit years: state pivot_year" in refused(tmp_path, text)
    assert loaded(tmp_path, f"{text}\npivot_year = 0").formats.pivot_year == 0


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('[columns]\nemail = "a"\n[constants]\nemail = "b"', "email"),
        ('[columns]\nemail = "a"\n[compose]\nemail = "{b}"', "email"),
        ('[compose]\nemail = "{a}"\n[constants]\nemail = "b"', "email"),
        ('[columns]\nlast_name = "a"\n[split]\ncolumn = "n"\norder = "last first"', "last_name"),
    ],
)
def test_a_column_has_one_origin(tmp_path: Path, text: str, column: str) -> None:
    """Two origins of one column are an error, not a matter of which wins."""
    assert f"{column} has two origins" in refused(tmp_path, text)


def test_a_file_that_is_no_profile_is_told(tmp_path: Path) -> None:
    """What cannot be read or is not TOML is one sentence."""
    assert "is not valid TOML" in refused(tmp_path, "[columns")
    assert "is not valid TOML" in refused(tmp_path, b"name = '\xff'")
    with pytest.raises(ConfigurationError, match="cannot read the profile"):
        load_profile(tmp_path / "nowhere.toml")


def test_a_wrong_value_is_not_repeated(tmp_path: Path) -> None:
    """A profile may hold a partner's values: messages name keys only."""
    assert "canary" not in refused(tmp_path, '[values.gender]\nm = ["canary"]\n[source]\nencoding = "canary"')
