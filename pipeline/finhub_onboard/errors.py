"""What stops a run: one root, each class with its exit code (DESIGN, 3.2).

An error's message says what and where; ``hint`` says what to do next. Expected outcomes of a row or a call are
values (``model``), never exceptions. Messages hold no personal data and no secret.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How a command ends; the README's table is checked against this."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    NEEDS_SOMEBODY = 3
    STOPPED_EARLY = 4
    REFUSED = 5
    LOCKED = 6
    UNREADABLE_INPUT = 7
    INTERRUPTED = 130
    TERMINATED = 143


class OnboardError(Exception):
    """Root of all errors that a user may see; ``str()`` is the message, ``hint`` the next step.

    ``details`` are further lines, where one sentence cannot name all that is wrong.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: str, *, hint: str = "", details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = tuple(details)


class ConfigurationError(OnboardError):
    """The configuration, a profile, a scenario or a flag is wrong; nothing was sent."""

    exit_code = ExitCode.USAGE


class UnreadableInputError(OnboardError):
    """An input cannot be read as a whole; nothing was sent."""

    exit_code = ExitCode.UNREADABLE_INPUT


class LockedError(OnboardError):
    """Another living run holds the ledger's lock."""

    exit_code = ExitCode.LOCKED


class RefusedError(OnboardError):
    """The bank refuses the credentials, the tenant or the role: the whole run is affected."""

    exit_code = ExitCode.REFUSED


class StoppedEarlyError(OnboardError):
    """A stop rule, a deadline or a dead bank ended the run early; the same command resumes it."""

    exit_code = ExitCode.STOPPED_EARLY


class LedgerError(OnboardError):
    """The ledger cannot be opened, read or written; what it holds is as the last commit left it."""

    exit_code = ExitCode.STOPPED_EARLY


class AccountingError(OnboardError):
    """The dispositions do not add up to the rows read: a defect of this program, said loudly (promise 1)."""

    exit_code = ExitCode.UNEXPECTED


class NotAllDoneError(OnboardError):
    """Rows of a run need somebody, or the run stopped early; raised only by who asks for it (``raise_for_status``)."""

    def __init__(self, message: str, *, hint: str, exit_code: ExitCode) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code  # type: ignore[misc]  # that of the run
