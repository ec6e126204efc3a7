"""What tests of dialects share."""

from pathlib import Path

from finhub_onboard.config.profile import Source
from finhub_onboard.intake.reading import dialect, files
from finhub_onboard.intake.reading.dialect import Dialect
from finhub_onboard.model.columns import REQUIRED_COLUMNS


def detected(folder: Path, text: str, source: Source | None = None) -> Dialect:
    """Judge a text."""
    path = folder / "x.csv"
    path.write_bytes(text.encode())
    return dialect.detect(path, path.name, source or Source(), REQUIRED_COLUMNS, files.MAX_UNPACKED)


ROWS = "".join(f"{n},Ann,Bee,a@b.c,1,2,3,4\n" for n in range(1500))


HEADER = ",".join(REQUIRED_COLUMNS) + "\n"
