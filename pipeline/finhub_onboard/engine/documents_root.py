"""Checks the folder of documents as a whole: one refusal if it is unusable, instead of a reject per row.

A joiner of settings and intake. Single documents are checked by the intake.
"""

import os
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.second_pass import any_filled
from finhub_onboard.model.columns import DOCUMENT_COLUMNS


def refusal(root: Path) -> ConfigurationError | None:
    """Why no document below ``root`` can be read; ``None``: some may be."""
    try:
        if not root.exists():
            wrong = "does not exist"
        elif not root.is_dir():
            wrong = "is no folder"
        elif not os.access(root, os.X_OK):
            wrong = "may not be entered by this user"
        else:
            return None
    except OSError as error:
        wrong = f"cannot be looked at: {error.strerror}"
    return ConfigurationError(
        f"documents.root {root} {wrong}",
        hint="correct documents.root; a relative path begins at the folder of the configuration file",
    )


def refuse_if_missing(inputs: Survey, root: Path, *, batch_rows: int) -> None:
    """Raise :class:`ConfigurationError` if rows name documents and ``root`` is unusable. Nothing was judged yet."""
    error = refusal(root)
    if error is not None and any_filled(inputs, DOCUMENT_COLUMNS, batch_rows=batch_rows):
        raise error
