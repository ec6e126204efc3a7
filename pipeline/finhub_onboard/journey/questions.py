"""The questions to an operator about an unresolved step, and the possible answers."""

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """The answers; the first two are for registrations."""

    EXISTS = "exists"
    ABSENT = "does not exist"
    DONE = "done"
    NOT_DONE = "not done"

    @property
    def happened(self) -> bool:
        """Whether the step was carried out."""
        return self in (Word.EXISTS, Word.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What has to be found out at the bank.

    ``yes`` and ``no`` are the possible answers. ``brings`` are the ids that come with a yes: the first is required, the
    others help. ``{item}`` in the text is the step's.
    """

    text: str
    yes: Word = Word.DONE
    no: Word = Word.NOT_DONE
    brings: tuple[str, ...] = ()
