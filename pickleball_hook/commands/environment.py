"""``status``, ``enable``, ``disable``, ``run``: whether this environment is guarded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pickleball_hook.commands.output import fail, json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Say what is guarded, how, and why."""
    from pickleball_hook.user import report

    facts = report.collect(ask_plain_python=True)
    if as_json:
        print_json(facts)
    else:
        click.echo(report.text(facts))


@click.command()
@json_option
def enable(as_json: bool) -> None:
    """Guard every interpreter of this environment."""
    from pickleball_hook.user import activation, settings

    try:
        written = activation.enable()
    except OSError as error:
        fail(f"cannot write the start-up file: {error}")
    if as_json:
        print_json({"wrote": list(map(str, written)), "mode": settings.mode().value})
        return
    for path in written:
        click.echo(f"wrote {path}")
    click.echo("every interpreter of this environment that is started from now on is guarded")
    mode = settings.mode()
    if mode.value != "enforce":
        click.echo(f"but the mode is {mode.value} ({mode.source})")


@click.command()
@json_option
def disable(as_json: bool) -> None:
    """Stop guarding them; the package stays installed."""
    from pickleball_hook.user import activation

    try:
        removed = activation.disable()
    except OSError as error:
        fail(f"cannot remove the start-up file: {error}")
    foreign = activation.startup_files()
    if as_json:
        left = [str(file.path) for file in foreign]
        print_json({"removed": list(map(str, removed)), "left": left})
        return
    for path in removed:
        click.echo(f"removed {path}")
    for file in foreign:
        click.echo(f"left {file.path}, which is not of this environment alone: it still guards it")
    if not foreign:
        click.echo("interpreters of this environment that are started from now on are not guarded")
    click.echo("`pickleball enable` puts the files back; so does installing the package again")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(script: str, arguments: tuple[str, ...]) -> Callable[[], None]:
    """Run SCRIPT guarded, whether this environment is enabled or not.

    \f
    The script runs when the command line is done with, so that what it raises is its own affair.
    """
    import builtins
    import io
    import os
    from importlib.machinery import SourceFileLoader
    from types import ModuleType

    import pickleball_hook

    pickleball_hook.install()
    path = os.path.abspath(script)
    try:
        with io.open_code(path) as file:
            code = compile(file.read(), script, "exec", dont_inherit=True)
    except OSError as error:
        fail(f"cannot open {script}: {error.strerror}")
    # What `python script.py` sets up, and left in place: threads, atexit functions and child
    # processes look at `__main__` after the last line, which runpy.run_path would have undone.
    main_module = ModuleType("__main__")
    vars(main_module).update(
        __file__=path,
        __loader__=SourceFileLoader("__main__", path),
        __builtins__=builtins,
        __cached__=None,
    )
    sys.modules["__main__"] = main_module
    sys.argv = [script, *arguments]
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(path)
    return lambda: exec(code, vars(main_module))
