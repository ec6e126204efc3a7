"""Log lines that OpenTelemetry writes on our account are dropped: what matters of them is a notice of the run.

Promises: lines of a program around the run that uses the library, too, stay as they are.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ours = threading.local()


class _NotOurs(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Drop what the library logs on our account; a program around the run may use it, too."""
        del record
        return not getattr(_ours, "is_quiet", False)


_NOT_OURS = _NotOurs()


def mute() -> None:
    """Let ``unlogged`` hold for the loggers that there are, which stays so."""
    # A filter of a logger does not hold for those below it. It stays: a request may outlive the run.
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if name.startswith("opentelemetry") and isinstance(logger, logging.Logger):
            logger.addFilter(_NOT_OURS)


@contextmanager
def unlogged() -> Iterator[None]:
    """What the library logs in here, on this thread, is dropped."""
    before, _ours.is_quiet = getattr(_ours, "is_quiet", False), True
    try:
        yield
    finally:
        _ours.is_quiet = before
