"""The rejects of a run's inputs, written while their judged batches pass.

A joiner of the intake, which writes rows as they stood, and the folder of reports, which moves files into place.
Promise 7: but for Parquet, nothing is held for a reject once its batch has passed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from pipeline.intake.judge import Judged
from pipeline.intake.rejects import RejectMark, Rejects, file_name, rejects_of
from pipeline.intake.validate import Survey
from pipeline.reports.disk import plainly
from pipeline.reports.files import ReportFolder

if TYPE_CHECKING:
    from pathlib import Path


class RejectFiles:
    """The rejects of each input that has some; use as a context manager, ``add`` in order, then ``close``."""

    def __init__(self, survey: Survey, folder: ReportFolder) -> None:
        self._folder = folder
        self._inputs = {
            table.name: (source, table) for source, table in zip(survey.sources, survey.tables, strict=True)
        }
        self._begun: dict[str, tuple[Path, Rejects]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # After an error the folder takes its hidden files away; what the disk did not hold is no news then.
        for _target, rejects in self._begun.values():
            with suppress(OSError):
                rejects.close()

    def add(self, batch: Judged, marks: Mapping[int, Sequence[RejectMark]]) -> None:
        """Write the marked rows of a batch."""
        if not marks:
            return
        if batch.source not in self._begun:
            source, table = self._inputs[batch.source]
            target = self._folder.reserve(f"rejects/{file_name(source)}")
            with plainly(target):
                self._begun[batch.source] = target, rejects_of(table, target)
        target, rejects = self._begun[batch.source]
        with plainly(target):
            rejects.add(batch.batch, marks)

    def close(self) -> None:
        """End all files."""
        while self._begun:
            target, rejects = self._begun.popitem()[1]
            with plainly(target):
                rejects.close()
