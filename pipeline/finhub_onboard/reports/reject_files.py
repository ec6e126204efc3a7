"""Writes the rows of a run's inputs that somebody must correct or complete, batch by batch.

Combines the intake, which copies the original rows, and the report folder, which renames files into place. Promise 7:
no reject is kept in memory after its batch, but a few of a Parquet input.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from finhub_onboard.intake.first_pass import Survey
from finhub_onboard.intake.judge import JudgedBatch
from finhub_onboard.intake.rejects import RejectMark, Rejects, file_name, rejects_of
from finhub_onboard.reports.files.atomic import plainly
from finhub_onboard.reports.files.folder import REJECTS, ReportFolder

if TYPE_CHECKING:
    from pathlib import Path


class RejectFiles:
    """The reject files of all inputs; use as a context manager, ``add`` batches in order, then ``close``.

    ``name`` is the folder beside the reports: ``rejects``, or another whose files are shaped like these.
    """

    def __init__(self, survey: Survey, folder: ReportFolder, name: str = REJECTS, *, hints: bool = False) -> None:
        self._hints = hints
        self._folder = folder
        self._name = name
        self._tables = {table.name: table for table in survey.tables}
        self._source = ""
        self._target: Path | None = None
        self._rejects: Rejects | None = None
        self.names: dict[str, str] = {}
        """By input: the name of the file with its rows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # After an error the folder removes its temporary files: a full disk does not matter any more.
        if self._rejects:
            with suppress(OSError):
                self._rejects.close()

    def add(self, batch: JudgedBatch, marks: Mapping[int, Sequence[RejectMark]]) -> None:
        """Write the marked rows of a batch. Inputs come one after the other: the file of the previous one is closed."""
        if not marks:
            return
        if batch.source != self._source:
            self.close()
            table = self._tables[batch.source]
            self._source, self._target = batch.source, self._folder.reserve(f"{self._name}/{file_name(table)}")
            self.names[batch.source] = self._folder.name_of(self._target)
            with plainly(self._target):
                self._rejects = rejects_of(table, self._target, hints=self._hints)
        assert self._rejects
        assert self._target
        with plainly(self._target):
            self._rejects.add(batch.batch, marks)

    def close(self) -> None:
        """Close the current file; only one is open at a time."""
        if self._rejects and self._target:
            with plainly(self._target):
                self._rejects.close()
        self._rejects = None
