import hashlib
import os
from pathlib import Path

import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading.stamps import sha256, stamp, verify
from finhub_onboard.model import SourceInfo


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    """And is the same for a file that nobody touched; a file that is gone has one like no other."""
    path = tmp_path / "x"
    path.write_bytes(b"a")
    before = stamp(path)
    assert stamp(path) == before
    path.write_bytes(b"ab")
    assert stamp(path) != before
    path.unlink()
    assert stamp(path) not in (before, stamp(tmp_path))


def test_a_change_right_after_the_last_look_is_seen(tmp_path: Path) -> None:
    """Within the grain of the clock, with the same size and times."""
    path = tmp_path / "x"
    for content in (b"a", b"b"):
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))
        assert sha256(path, "x") == hashlib.sha256(content).hexdigest()


def test_an_input_that_is_another_one_is_refused(tmp_path: Path) -> None:
    """What counts is the content."""
    path = tmp_path / "x"
    path.write_bytes(b"a")
    source = SourceInfo(name="x", path=str(path), sha256=sha256(path, "x"), rows=1)
    verify(source)
    path.write_bytes(b"b")
    with pytest.raises(UnreadableInputError, match="changed while"):
        verify(source)
