"""How a command was given, and the commands that follow from it: what a person can copy into a shell.

Promises: the command that goes on is the one that was typed, word by word, quoted for a shell and printable; a command
derived from it loses or gains only what it says. Pure: knows no shell and no file.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

_FLAG_OF_CONFIG = "--config"
_SOME_CONFIG = (_FLAG_OF_CONFIG, "FILE")
"""Where no configuration is known: a run needs one."""
_LIMIT, _UNTIL, _OUT, _DRY_RUN, _JSON = "--limit", "--until", "--out", "--dry-run", "--json"
VALIDATE, RUN = "validate", "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A command as it was given: its ``words`` after ``onboard``, its inputs, the folder of its reports.

    ``options`` are those that any other command on these rows needs too (``--config``, ``--profile``, ``--rate`` ...).
    Without ``words``, as for a caller in a program, the command is made of these.
    """

    inputs: tuple[str, ...]
    out: str
    options: tuple[str, ...] = _SOME_CONFIG
    words: tuple[str, ...] = ()
    limit: int | None = None
    until: str = ""

    @property
    def is_check(self) -> bool:
        """Whether the command sent nothing by its nature."""
        return bool(self.words) and (self.words[0] == VALIDATE or _DRY_RUN in self.words)

    def again(self) -> str:
        """The very command."""
        return self._said(self._every)

    def for_all_rows(self) -> str:
        """The command without ``--limit``."""
        return self._said(_without(self._every, _LIMIT))

    def to_the_end(self) -> str:
        """The command without ``--until``."""
        return self._said(_without(self._every, _UNTIL))

    def for_real(self) -> str:
        """The run that a check was made for."""
        words = _without_flags(self._every, _DRY_RUN, _JSON)
        if words[0] == VALIDATE:
            words = (RUN, *_without(words[1:], _OUT))
        return self._said(words)

    def run(self, *inputs: str) -> str:
        """The run of other inputs under the same rules; it has a folder of reports of its own."""
        return self._said((RUN, *inputs, *self.options))

    def command(self, *words: str) -> str:
        """Another command, with the configuration of this one."""
        return _joined(("onboard", *words, *self._config))

    def beside(self, *parts: str) -> str:
        """The path of a file in the folder of the reports."""
        return str(PurePath(self.out, *parts))

    @property
    def _config(self) -> tuple[str, ...]:
        place = self.options.index(_FLAG_OF_CONFIG) if _FLAG_OF_CONFIG in self.options else len(self.options)
        return self.options[place : place + 2]

    @property
    def _every(self) -> tuple[str, ...]:
        if self.words:
            return self.words
        limit = (_LIMIT, str(self.limit)) if self.limit else ()
        return (RUN, *self.inputs, *self.options, *limit)

    def _said(self, words: Iterable[str]) -> str:
        """A command line; a configuration that the environment named is said, since another shell may not have it."""
        said = tuple(words)
        named = any(word.partition("=")[0] == _FLAG_OF_CONFIG for word in said)
        return _joined(("onboard", *said, *(() if named else self._config or _SOME_CONFIG)))


def _without(words: Iterable[str], option: str) -> tuple[str, ...]:
    """These words without an option and its value."""
    kept: list[str] = []
    left = iter(words)
    for word in left:
        if word == option:
            next(left, None)
        elif word.partition("=")[0] != option:
            kept.append(word)
    return tuple(kept)


def _without_flags(words: Iterable[str], *flags: str) -> tuple[str, ...]:
    return tuple(word for word in words if word not in flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFiles:
    """The files with rows as they stood, by input: those that must be corrected, and those that must be completed."""

    rejects: Mapping[str, str] = field(default_factory=dict)
    incomplete: Mapping[str, str] = field(default_factory=dict)


def _joined(words: Iterable[str]) -> str:
    """Write words as a shell reads them, with printable characters only."""
    return " ".join(shlex.quote(word) if word.isprintable() else _escaped(word) for word in words)


def _escaped(word: str) -> str:
    """Write a word in those quotes of bash, zsh and ksh that know escapes: it may turn or end a line."""
    return "$'" + "".join(_letter(letter) for letter in word) + "'"


def _letter(letter: str) -> str:
    number = ord(letter)
    if letter in "\\'":
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    if "\udc80" <= letter <= "\udcff":  # a byte that is no text (PEP 383)
        return f"\\x{number - 0xDC00:02x}"
    return f"\\U{number:08x}"
