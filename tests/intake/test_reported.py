"""The inputs of a report: each is read as its author meant it, or refused with the cause, and nobody is shown."""

from pathlib import Path

import pytest

from pipeline.errors import UnreadableInputError
from pipeline.intake.validate import survey
from pipeline.proposal import proposed_profile
from tests.intake.helpers import CORPORA

REPORTED = CORPORA / "reported"
pytestmark = pytest.mark.skipif(not REPORTED.is_dir(), reason="the reported inputs are not here")


def refused(name: str) -> str:
    """Return the sentence that refuses an input, and its hint."""
    with pytest.raises(UnreadableInputError) as caught:
        survey([REPORTED / name], batch_rows=10)
    return f"{caught.value} | {caught.value.hint}"


def proposed(name: str) -> str:
    """Return the profile that is proposed for a file, or the sentence that refuses it."""
    try:
        return proposed_profile(Path(REPORTED / name), encoding="", sheet="")
    except UnreadableInputError as error:
        return f"{error} | {error.hint}"


@pytest.mark.parametrize(
    "name", ["01-header-joined-with-row.csv", "01b-header-comma-row.csv", "01e-literal-backslash-n.csv"]
)
def test_a_row_behind_the_header_is_shown_nowhere(name: str) -> None:
    """Neither the refusal nor a proposal repeats the values of the person in it."""
    said = refused(name) + proposed(name)
    assert "on one line" in said
    assert not [value for value in ("Rūta", "Kalna", "ruta", "61231001", "1990-10-03", "C-1") if value in said]
