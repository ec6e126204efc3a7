"""What is wrong with a configuration, in plain English."""

from pathlib import Path

import pytest

from finhub_onboard.config.loading import load, load_profile
from finhub_onboard.errors import ConfigurationError

SANDBOX = '[api]\nbase_url = "sandbox:"\n'
PROFILE = 'name = "Partner"\n[columns]\nexternal_id = "Nr"\n'


def refused(folder: Path, text: str, *, profile: bool = False) -> ConfigurationError:
    """Load what must be refused."""
    path = folder / "my.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_profile(path) if profile else load(path, environ={})
    return caught.value


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[limits]\nmax_in_flight = 1.5", "limits.max_in_flight: must be a whole number"),
        ('[limits]\ncalls_per_second = "fast"', "limits.calls_per_second: must be a number"),
        ("[limits]\ncalls_per_second = 0", "limits.calls_per_second: must be more than 0"),
        ("[limits]\ncalls_per_second = 1000000", "limits.calls_per_second: must be 100,000 or less"),
        ("[retry]\nmax_attempts = 0", "retry.max_attempts: must be 1 or more"),
        ('[approval]\nmode = "maybe"', 'approval.mode: must be "manual" or "auto"'),
        ('[journey]\nuntil = "never"', 'journey.until: must be "categorization", "registration"'),
        ("[journey]\nactivation_code = 5", "journey.activation_code: must be text in quotes"),
        ('[consents]\nterms_version = ""', "consents.terms_version: must not be empty"),
        ("[approval]\nauto_levels = 3", "approval.auto_levels: must be a list in brackets"),
        ("[documents]\nroot = 3", "documents.root: must be a path in quotes"),
        ('[intake]\nreject_probable_duplicates = "perhaps"', "must be true or false"),
        ('[documents]\nroot = "s3://bucket/documents"', "documents.root: is an address (s3://…), and no path on"),
        ('[reports]\ndir = "gs://bucket/out"', "reports.dir: is an address (gs://…), and no path on"),
    ],
)
def test_plain_english(tmp_path: Path, lines: str, said: str) -> None:
    """The key, and what its value must be; none of a library's words."""
    message = str(refused(tmp_path, SANDBOX + lines))
    assert said in message
    assert "Input should be" not in message
    assert "valid" not in message


@pytest.mark.parametrize(
    ("lines", "near"),
    [
        ("[[limits.window]]\nrate = 5", "limits.window.0.calls_per_second"),
        ("[[limits.window]]\nstart = '05:00'", "limits.window.0.from"),
        ("[[limits.window]]\nuntil = '05:00'", "limits.window.0.to"),
        ("[limits]\nrate = 5", "limits.calls_per_second"),
        ("[limits]\ncall_per_second = 5", "limits.calls_per_second"),
        ("[retry]\nCalls_Per_Second = 5", "the known names there are max_attempts, max_wait_s"),
        ("[retry]\nbase_url = 5", "the nearest known name is api.base_url"),
        ("[limit]\nx = 5", "the nearest known name is limits"),
    ],
)
def test_an_unknown_key_is_answered_with_what_was_meant(tmp_path: Path, lines: str, near: str) -> None:
    """By what people write, by likeness, or by where the name stands; nonsense is not offered."""
    assert near in str(refused(tmp_path, SANDBOX + lines))


def test_a_profile_is_no_configuration_and_the_reverse(tmp_path: Path) -> None:
    """Each is recognised in the other's place, and the right option is named."""
    error = refused(tmp_path, PROFILE)
    assert "is a partner's mapping profile, and no configuration" in str(error)
    assert "--profile" in error.hint
    error = refused(tmp_path, SANDBOX, profile=True)
    assert "is a configuration, and no mapping profile" in str(error)
    assert "--config" in error.hint


def test_an_address_is_no_file() -> None:
    """A configuration is not fetched; one slash is lost in a path."""
    with pytest.raises(ConfigurationError, match=r"is an address \(s3://…\), and no file on this machine"):
        load(Path("s3://bucket/my.toml"), environ={})
    with pytest.raises(ConfigurationError, match="the profile is an address"):
        load_profile(Path("https://example.com/p.toml"))
