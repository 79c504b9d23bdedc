"""The ``pickleball`` command: which commands there are, each imported when it is called."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from policy_cache.collector import resting

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "status": ("environment", "say what is guarded, how, and why"),
    "enable": ("environment", "guard every interpreter of this environment"),
    "disable": ("environment", "stop guarding them; the package stays installed"),
    "run": ("environment", "run a script guarded, whether enabled or not"),
    "check": ("check", "say what would become of files, without loading anything"),
    "explain": ("explain", "say what a file or a global may do, and why"),
    "policy": ("policy", "see, compare, make, verify, lock and export policies"),
    "warm": ("policy", "make the policies that files or distributions need"),
    "trust": ("decisions", "load files as plain Python does: by content, folder or call site"),
    "allow": ("decisions", "permit operations on a global that reaches nothing dangerous"),
    "log": ("records", "show what was refused, or would have been"),
    "report": ("page", "write the policies, refusals and evidence as one HTML page"),
}
"""Command to its module in `pickleball_hook.commands` and what it does."""


class _Commands(click.Group):
    """The commands above: what one needs is imported when that one runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with resting:  # importing makes no garbage
            module = import_module(f"pickleball_hook.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from pickleball_hook import __version__

    click.echo(f"pickleball-auto {__version__}")
    ctx.exit()


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done or permitted, 1 refused or not possible, 2 not judged or not "
    'understood. Completion: eval "$(_PICKLEBALL_COMPLETE=bash_source pickleball)".',
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Print the version.",
)  # fmt: skip
def group() -> None:
    """Every pickle that Python loads is held to a policy."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        Exit status: 0 done or permitted, 1 refused or not possible, 2 not judged or not
        understood.
    """
    if arguments is not None:
        return _run(list(arguments))
    status = _run(None)
    gc.freeze()  # what is left of the process is its end, which would look at all that was imported
    return status


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = group.main(arguments, prog_name="pickleball", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # `pickleball log | head`: the reader has what it wants, and nothing is left to be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if callable(result):
        result()
    return result if isinstance(result, int) else 0
