"""The ``pickleball`` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; those of the process by default.

    Returns
    -------
    int
        Exit status: 0 done, 1 not possible, 2 not understood.
    """
    options = _parser().parse_args(arguments)
    command = _COMMANDS[options.command]
    return command(options)


def _parser() -> argparse.ArgumentParser:
    from pickleball_hook import __version__

    parser = argparse.ArgumentParser(
        prog="pickleball",
        description="Every pickle that Python loads is held to a policy.",
    )
    parser.add_argument("--version", action="version", version=f"pickleball-auto {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    status = commands.add_parser("status", help="say what is guarded, how, and why")
    status.add_argument("--json", action="store_true", help="print one JSON object")

    commands.add_parser("enable", help="guard every interpreter of this environment")
    commands.add_parser("disable", help="stop guarding them; the package stays installed")

    run = commands.add_parser("run", help="run a script guarded, whether enabled or not")
    run.add_argument("script", help="path of a Python script")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")

    explain = commands.add_parser("explain", help="say what a file may do with a global, and why")
    explain.add_argument("name", metavar="MODULE:NAME", help="such as collections:OrderedDict")
    return parser


def _status(options: argparse.Namespace) -> int:
    import json

    from pickleball_hook import report

    facts = report.collect(ask_plain_python=True)
    print(json.dumps(facts, indent=1) if options.json else report.text(facts))
    return 0


def _enable(options: argparse.Namespace) -> int:
    from pickleball_hook import activation, settings

    try:
        written = activation.enable()
    except OSError as error:
        return _failed(f"cannot write the start-up file: {error}")
    for path in written:
        print(f"wrote {path}")
    print("every interpreter of this environment that is started from now on is guarded")
    mode = settings.mode()
    if mode.value != "enforce":
        print(f"but the mode is {mode.value} ({mode.source})")
    return 0


def _disable(options: argparse.Namespace) -> int:
    from pickleball_hook import activation

    try:
        removed = activation.disable()
    except OSError as error:
        return _failed(f"cannot remove the start-up file: {error}")
    for path in removed:
        print(f"removed {path}")
    foreign = activation.startup_files()
    for file in foreign:
        print(f"left {file.path}, which is not of this environment alone: it still guards it")
    if not foreign:
        print("interpreters of this environment that are started from now on are not guarded")
    print("`pickleball enable` puts the files back; so does installing the package again")
    return 0


def _run(options: argparse.Namespace) -> int:
    import builtins
    import io
    import os
    from importlib.machinery import SourceFileLoader
    from types import ModuleType

    import pickleball_hook

    pickleball_hook.install()
    script = options.script
    path = os.path.abspath(script)
    try:
        with io.open_code(path) as file:
            code = compile(file.read(), script, "exec", dont_inherit=True)
    except OSError as error:
        return _failed(f"cannot open {script}: {error.strerror}")
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
    sys.argv = [script, *options.arguments]
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(path)
    exec(code, vars(main_module))
    return 0


def _explain(options: argparse.Namespace) -> int:
    module, colon, name = options.name.partition(":")
    if not (module and colon and name):
        return _failed(f"not a global: {options.name!r}; write it as MODULE:NAME", status=2)
    from policy_cache import policies

    verdict = policies.verdict(module, name)
    print(f"{module}:{name}")
    print(f"  {verdict.kind} {verdict.target}")
    for operation, evidence in verdict.grants.items():
        print(f"  {operation:<10} granted  {evidence}")
    for operation, reason in verdict.refusals.items():
        print(f"  {'all' if operation == '*' else operation:<10} refused  {reason}")
    return 0


def _failed(message: str, status: int = 1) -> int:
    print(f"pickleball: {message}", file=sys.stderr)
    return status


_COMMANDS = {
    "status": _status,
    "enable": _enable,
    "disable": _disable,
    "run": _run,
    "explain": _explain,
}
