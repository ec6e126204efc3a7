"""The settings that say how fast the bank may be called."""

from pathlib import Path

import pytest

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.model import Phase


def loaded(folder: Path, text: str = "", **environ: str) -> Settings:
    """Load a configuration for the embedded sandbox with this text."""
    file = folder / "onboard.toml"
    file.write_text(f'[api]\nbase_url = "sandbox:"\n{text}', encoding="utf-8")
    return load(file, environ=environ)


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_may_have_a_limit(phase: Phase, tmp_path: Path) -> None:
    """By its name; the environment, which holds no tables, names the rate itself."""
    assert loaded(tmp_path).limits.by_phase == {}
    text = f"[limits]\ncalls_per_second = 9\n[limits.{phase}]\ncalls_per_second = 2.5\n"
    assert loaded(tmp_path, text).limits.by_phase == {phase: 2.5}
    variable = f"ONBOARD_LIMITS__{phase.upper()}"
    assert loaded(tmp_path, text, **{variable: "4"}).limits.by_phase == {phase: 4}
    assert loaded(tmp_path, text, **{variable: ""}).limits.by_phase == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[limits.registraton]\ncalls_per_second = 1", "limits.registration"),
        ("[limits.registration]\ncalls_per_scond = 1", "limits.registration.calls_per_second"),
        ("[limits.registration]\ncalls_per_second = 0", "limits.registration.calls_per_second"),
        ("[limits.registration]\ncalls_per_second = true", "limits.registration.calls_per_second"),
        ("[limits.registration]", "limits.registration.calls_per_second"),
        ("[limits]\nregistration = 1", "limits.registration"),
        ("[limits]\nregistration = true", "limits.registration"),
    ],
)
def test_what_is_no_limit_is_refused_by_name(text: str, named: str, tmp_path: Path) -> None:
    """The message says where, or the nearest known name."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    assert named in str(caught.value)
