"""Metrics of a run as a file for Prometheus' textfile collector.

Promises: the file is there whole or as it was before, readable for the collector's user; names stay; no personal data.
A file that cannot be written is said once and costs the run nothing.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from finhub_onboard.events import Envelope, Handler, Notice, Progress
from finhub_onboard.subscribers.figures import Figure, Figures

_READABLE = 0o644


class Textfile:
    """A subscriber that writes the newest figures, ``interval_s`` apart."""

    def __init__(self, path: Path, interval_s: float, version: str, emit: Handler) -> None:
        self._path = path
        self._interval_s = interval_s
        self._emit = emit
        self._figures = Figures(version)
        self._written_at = 0.0
        self._failed = False

    def __call__(self, envelope: Envelope) -> None:
        """Take an event."""
        self._figures.take(envelope)
        if isinstance(envelope.event, Progress) and envelope.at - self._written_at < self._interval_s:
            return
        if text := "".join(line for figure in self._figures.at(envelope.at) for line in _lines(figure)):
            self._written_at = envelope.at
            self._write(text)

    def _write(self, text: str) -> None:
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.chmod(_READABLE)
            beside.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            if not self._failed:
                self._failed = True
                self._emit(Notice(message=f"metrics.textfile {self._path} cannot be written: {error.strerror}"))


def _lines(figure: Figure) -> Iterator[str]:
    yield f"# HELP {figure.name} {figure.text}.\n# TYPE {figure.name} {figure.kind}\n"
    for labels, value in figure.samples:
        inner = ",".join(f'{label}="{_escaped(content)}"' for label, content in labels.items())
        yield f"{figure.name}{{{inner}}} {float(value)!r}\n" if inner else f"{figure.name} {float(value)!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
