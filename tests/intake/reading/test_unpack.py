from pathlib import Path

import pytest

from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake.reading.unpack import opened, packed, packing

TEXT = b"external_id,email\n" * 1000


@pytest.mark.parametrize("kind", ["", "gzip", "zstd"])
def test_what_was_packed_is_read_as_it_was(kind: str, tmp_path: Path) -> None:
    """How a file is packed is told by its content; the same bytes are packed alike."""
    paths = (tmp_path / "one", tmp_path / "two")
    for path in paths:
        with packed(path, kind) as sink:
            sink.write(TEXT)
        assert packing(path) == kind
        with opened(path, path.name, len(TEXT)) as stream:
            assert stream.read() == TEXT
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_unpacks_to_more_than_it_may_is_refused(kind: str, tmp_path: Path) -> None:
    """The error names the setting that allows more."""
    path = tmp_path / "x"
    with packed(path, kind) as sink:
        sink.write(TEXT)
    with opened(path, "x", len(TEXT) - 1) as stream, pytest.raises(UnreadableInputError) as caught:
        stream.read()
    assert "max_unpacked_bytes" in caught.value.hint


def test_a_broken_archive_is_one_sentence(tmp_path: Path) -> None:
    """One that was cut off cannot be read."""
    path = tmp_path / "x"
    with packed(path, "gzip") as sink:
        sink.write(TEXT)
    path.write_bytes(path.read_bytes()[:-10])
    with opened(path, "x", 10**9) as stream, pytest.raises(UnreadableInputError, match="broken archive"):
        stream.read()
