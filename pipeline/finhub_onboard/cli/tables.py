"""Lay out answers for stdout: facts with their labels, and figures under headings.

Promises: on a terminal, text wraps within its column and nothing is truncated; elsewhere (a pipe, a file, a dumb
terminal) each row is one line of plain text of any length. Control characters are escaped.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from finhub_onboard.cli.streams import is_terminal, wants_color
from finhub_onboard.texts import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNLIMITED = 1_000_000
"""Width where there is no terminal: longer than any row."""
_CONTINUATION_INDENT = 2


def facts(rows: Iterable[tuple[str, str]], *, width: int = 0, style: str = "", stream: TextIO | None = None) -> str:
    """Lay out labels and texts; ``width``: minimum width of the labels; ``style``: of the texts.

    ``stream``: where they are for, if not for stdout.
    """
    return _render(fact_table(rows, width=width, style=style), stream or sys.stdout)


def fact_table(rows: Iterable[tuple[str, str]], *, width: int = 0, style: str = "") -> "Table":
    """The table of ``facts``, for who draws it himself."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(printable(label), "bold"), Text(printable(text), style))
    return table


def figures(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table of names and numbers under headings."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for place, head in enumerate(heads):
        table.add_column(Text(printable(head)), justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return _render(table, sys.stdout)


def columns(rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows of texts without headings."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(
            *(Text(printable(cell), "" if place else "bold", overflow="fold") for place, cell in enumerate(row))
        )
    return _render(table, sys.stdout)


def lines(texts: Iterable[str]) -> str:
    """Lay out lines; continuation lines are indented further."""
    from rich.text import Text

    console, laid_out = _console(sys.stdout), []
    for text in map(printable, texts):
        indent = len(text) - len(text.lstrip())
        wrapped = Text(text.lstrip(), overflow="fold").wrap(
            console, max(1, console.width - indent - _CONTINUATION_INDENT)
        )
        first, *others = (part.plain.rstrip() for part in wrapped) if text else [""]
        laid_out += [" " * indent + first, *(" " * (indent + _CONTINUATION_INDENT) + other for other in others)]
    return "\n".join(laid_out)


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    if is_terminal(stream):
        return Console(file=stream, force_terminal=True)
    if wants_color(stream):
        return Console(file=stream, force_terminal=True, color_system="standard", width=_UNLIMITED)
    return Console(file=stream, force_terminal=False, color_system=None, width=_UNLIMITED)


def _render(table: "Table", stream: TextIO) -> str:
    """Render a table for the kind of stream that it is for."""
    console = _console(stream)
    with console.capture() as drawn:
        console.print(table)
    return "\n".join(line.rstrip() for line in drawn.get().rstrip("\n").split("\n"))


def show_check(name: str, text: str, state: str) -> None:
    """Print a check as soon as it is made."""
    click.echo(facts([(name, text)], width=CHECK_NAME, style=_STATE_STYLES.get(state, "")))


def silent(*_: str) -> None:
    """Print no check."""


CHECK_NAME = 13
"""Length of the longest name of a check: they are printed one by one."""
_STATE_STYLES = {"failed": "red", "not made": "yellow"}
