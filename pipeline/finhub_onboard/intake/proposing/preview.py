"""The first rows and the dialect of a file without a profile: the input of a proposal.

Promises: only the beginning is read, however large the file is. Knows the names of the vocabulary, no rules.
"""

from pathlib import Path

import polars as pl

from finhub_onboard.config.profile import Source
from finhub_onboard.errors import UnreadableInputError
from finhub_onboard.intake import header
from finhub_onboard.intake.proposing import header_names
from finhub_onboard.intake.reading.small_table import Detected, open_small


def preview(path: Path, name: str, source: Source) -> tuple[pl.DataFrame, Detected]:
    """Return the first rows as text under the file's own names, and how the file is written.

    ``source`` is what is stated of it. Raises :class:`UnreadableInputError`.
    """
    table = open_small(path, name, source, header_names.spellings(), lenient=True)
    columns = table.columns
    if len(columns) == 1:
        raise UnreadableInputError(
            f"{name} has one column: {header.show_names(columns)}", hint=header.advice((), columns)
        )
    frame, _ = next(table.frames, (pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), {}))
    return frame, table.detected
