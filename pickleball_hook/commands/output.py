"""What commands print: text that a hostile file cannot steer a terminal with, tables, JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

COLOURS = {
    "permitted": "green",
    "granted": "green",
    "refused": "red",
    "unknown": "yellow",
    "at load": "cyan",
    "no pickle": "dim",
}


def safe(text: object) -> str:
    """Return a text that moves no cursor, sets no title and breaks no line.

    Names of files and globals are chosen by whoever made the file.
    """
    kept = str(text)
    if kept.isprintable():
        return kept
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in kept
    )


def console(stderr: bool = False) -> Console:
    """Return a console of rich's; without colour when ``NO_COLOR`` is set or it is no terminal."""
    from rich.console import Console

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else 200
    return Console(stderr=stderr, highlight=False, markup=False, width=width, soft_wrap=True)


def coloured(word: str) -> str:
    """Return a word of a verdict in its colour."""
    colour = COLOURS.get(word)
    if colour == "dim" or colour is None:
        return word
    return click.style(word, fg=colour)


def echo(text: str = "") -> None:
    """Print a line; colours are left out where nobody would see them (``NO_COLOR`` too)."""
    import os

    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def json_option(command: Any) -> Any:
    """Give a command the option ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")(command)


def print_json(value: Any) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=True))


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: of rich's on a terminal, columns apart by two blanks elsewhere."""
    from rich.table import Table
    from rich.text import Text

    kept = [[safe(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        cells = [list(titles), *kept]
        widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
        for row in cells:
            padded = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
            click.echo("  ".join(padded).rstrip())
        return
    table = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for row in kept:
        table.add_row(*[Text(cell, style=COLOURS.get(cell, "")) for cell in row])
    console().print(table)


def write(path: str, text: str) -> None:
    """Write a file; a named pipe that nobody reads fails at once, as what cannot be written does.

    Raises
    ------
    click.exceptions.Exit
    """
    import os

    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
        if os.name == "posix":
            os.set_blocking(descriptor, True)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        fail(f"cannot write {path}: {getattr(error, 'strerror', None) or error}")


def fail(message: str, status: int = 1) -> NoReturn:
    """Print what went wrong on stderr and end the command.

    Raises
    ------
    click.exceptions.Exit
    """
    click.echo(f"pickleball: {safe(message)}", err=True)
    raise click.exceptions.Exit(status)
