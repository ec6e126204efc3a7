"""Writes a proposal as the TOML of a profile, for a person to check and complete.

Promises: the chosen part loads as a profile; open questions are comment lines marked ``# OPEN:``. No personal value is
written, and no text of the file can break out of its line.
"""

import json
import re
from collections.abc import Iterator, Sequence

from finhub_onboard.intake.proposing.proposal import Choice, Open, Proposal, Setting
from finhub_onboard.model.columns import CANONICAL_COLUMNS

_SECTIONS = (
    "source",
    "columns",
    "split",
    *(f"values.{column}" for column in CANONICAL_COLUMNS),
    "formats",
)
_WIDTH = 120
_BARE = re.compile(r"[A-Za-z0-9_\-]+", re.ASCII)
_REST = "No line names these columns; they are carried through to the rejects file:"
_NONE = "None of the file's {count} columns is recognised: if its first line is one of data, put the names before it."
"""Where no name is known, the names may be personal values: they are not shown."""
_HEAD = """\
# A proposal from {rows} of the file: check every line. Behind each choice stands how sure it is (0 to 1) and by what,
# and what the cells look like (a: a letter, 9: a digit). Lines marked OPEN wait for you: correct them and remove the
# first "#", or leave them out.
"""


def render(proposal: Proposal, *, name: str = "") -> str:
    """Return the TOML text of a profile; ``name`` is the partner's."""
    rows = "1 row" if proposal.rows == 1 else f"{proposal.rows} rows"
    parts = [_HEAD.format(rows=rows) + "".join(_comment(note.split()) for note in proposal.notes)]
    parts.append("\n".join([f"name = {_text(name)}", "version = 1", *_nulls(proposal)]) + "\n")
    recognised = False
    for section in _SECTIONS:
        lines = list(_section(section, proposal))
        if lines:
            used = any(not line.startswith("#") for line in lines)
            recognised = recognised or (used and section in ("columns", "split"))
            parts.append("\n".join([f"[{section}]" if used else f"# [{section}]", *lines]) + "\n")
    if not recognised:
        parts.append(_comment(_NONE.format(count=len(proposal.rest)).split()))
    elif proposal.rest:
        *first, last = (_text(column) for column in proposal.rest)
        parts.append(_comment([*_REST.split(), *(f"{column}," for column in first), last]))
    return "\n".join(parts)


def _section(section: str, proposal: Proposal) -> Iterator[str]:
    if section == "columns":
        order = {column: place for place, column in enumerate(CANONICAL_COLUMNS)}
        entries: list[Choice | Open] = [*proposal.choices, *_of(section, proposal.open)]
        entries.sort(key=lambda entry: order[entry.column if isinstance(entry, Choice) else entry.key])
        yield from (_choice(entry) if isinstance(entry, Choice) else _open(entry) for entry in entries)
        return
    for setting in (setting for setting in proposal.settings if setting.section == section):
        yield _line(setting)
    for entry in _of(section, proposal.open):
        yield _open(entry)


def _of(section: str, entries: Sequence[Open]) -> list[Open]:
    return [entry for entry in entries if entry.section == section]


def _choice(choice: Choice) -> str:
    shown = "".join(f"; {example}" for example in choice.examples)
    return f"{choice.column} = {_text(choice.origin)}  # {choice.confidence:.2f} by {choice.reason}{shown}"


def _line(setting: Setting) -> str:
    return f"{_key(setting.key)} = {_value(setting.value)}  # {_plain(setting.remark)}"


def _open(entry: Open) -> str:
    first, *others = entry.candidates or ("?",)
    value = _value(first)
    also = f"or {', '.join(map(_value, others))}; " if others else ""
    shown = "".join(f"; {example}" for example in entry.examples)
    return f"# {_key(entry.key)} = {value}  # OPEN: {also}{_plain(entry.remark)}{shown}"


def _nulls(proposal: Proposal) -> Iterator[str]:
    doubts = [f"#   {_value(one.candidates[0])},  # OPEN: {one.remark}" for one in _of("", proposal.open)]
    words = [f"  {_text(null.word)},  # {_cells(null.count)}" for null in proposal.nulls]
    if words:
        yield from ("nulls = [", *words, *doubts, "]")
    elif doubts:
        yield from ("# nulls = [", *doubts, "# ]")


def _comment(words: Sequence[str]) -> str:
    """Write words as lines of a comment."""
    lines = ["#"]
    for word in map(_plain, words):
        if len(lines[-1]) + len(word) >= _WIDTH:
            lines.append("#")
        lines[-1] += f" {word}"
    return "".join(f"{line}\n" for line in lines)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: str | int) -> str:
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    """Write a basic string: JSON's escapes are TOML's, which also wants DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(remark: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]", " ", remark)
