"""The source of a ``__main__`` that has no file: given with ``-c``, in cells, or at a prompt.

Who ran such a text has kept it: the interpreter its command line, IPython and its kernels the
cells in the order of their execution, ``linecache`` the lines typed at the prompt of Python 3.13.
Nobody has the lines typed at the prompt of earlier versions, or read from a pipe.
"""

from __future__ import annotations

import os
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPED = ("<stdin>", "<python-input-", "<ipython-input-", "<pyshell#", "<console>")
"""How a text that was typed is called: the prompts of CPython, IPython, IDLE, the ``code`` module.

``python -c`` is ``<string>`` as whatever is given to ``exec`` is: its text comes from the command
line.
"""
_KERNEL = f"{os.sep}ipykernel_"  # a folder that is never made (ipykernel/compiler.py)

_LONE_OPTIONS = frozenset("bBdEhiIOPqRsSuvVx?")
_OPTIONS_WITH_VALUE = frozenset("WX")

_texts: dict[str, bool] = {}
"""Whether a text parses: what did not never ran."""


_known: list[tuple[object, str]] = []
"""The last text that was put together, and the state that it belongs to."""


def state(main: types.ModuleType) -> object:
    """Return what changes when `main` gets more source: cheap, to be asked at each load."""
    linecache = sys.modules.get("linecache")
    return (
        len(_executed(main)),
        len(vars(linecache).get("cache", ())) if linecache is not None else 0,
        len(vars(main)),
    )


def text(main: types.ModuleType) -> str:
    """Return the texts that `main` was made of, one after the other, the latest last.

    Parameters
    ----------
    main : module
        ``__main__``, without a ``__file__``.

    Returns
    -------
    str
        ``""`` if none is known.
    """
    now = state(main)
    if not _known or _known[0][0] != now:
        found = [*_files(main), command(), *_typed(), *_executed(main)]
        latest = dict.fromkeys(reversed(found))  # a cell that ran again counts where it ran last
        parts = [one for one in reversed(latest) if one and _parses(one)]
        _known[:] = [(now, "\n".join(parts))]
    return _known[0][1]


def command(arguments: list[str] | None = None) -> str:
    """Return the text of ``python -c text``, ``""`` if Python was started in another way.

    Parameters
    ----------
    arguments : list of str, optional
        The command line; that of this process if not given. It is read as CPython does
        (Python/getopt.c): options stand together, the first ``-c`` or ``-m`` ends them.
    """
    waiting = list(sys.orig_argv if arguments is None else arguments)[1:]
    while waiting:
        option = waiting.pop(0)
        if option == "--check-hash-based-pycs":
            waiting = waiting[1:]
            continue
        if not option.startswith("-") or option in ("-", "--"):
            return ""
        for place, letter in enumerate(option[1:], 2):
            rest = option[place:]
            if letter == "c":
                return rest or (waiting[0] if waiting else "")
            if letter in _OPTIONS_WITH_VALUE:
                waiting = waiting if rest else waiting[1:]
                break
            if letter not in _LONE_OPTIONS:
                return ""
    return ""


def _executed(main: types.ModuleType) -> list[str]:
    """Return the cells that IPython ran, in that order (``In``, HistoryManager.input_hist_parsed).

    They are Python already: magics and shell escapes have been translated.
    """
    cells = vars(main).get("In")
    if "get_ipython" not in vars(main) or not isinstance(cells, list):
        return []
    return [cell for cell in cells if type(cell) is str]


def _typed() -> list[str]:
    linecache = sys.modules.get("linecache")
    cache = vars(linecache).get("cache") if linecache is not None else None
    if not isinstance(cache, dict):
        return []
    return [
        "".join(entry[2])
        for name, entry in list(cache.items())
        if len(entry) == 4 and (name.startswith(_TYPED) or _KERNEL in name)
    ]


def _files(main: types.ModuleType) -> Iterable[str]:
    """Return the texts of the files that functions of `main` come from.

    Of scripts that went on at a prompt (``python -i``, ``%run``).
    """
    names: dict[str, None] = {}
    for value in list(vars(main).values()):
        functions = vars(value).values() if isinstance(value, type) else (value,)
        for function in functions:
            # What decorators put in place says it is of `main`, but has globals of its own.
            space = function.__globals__ if isinstance(function, types.FunctionType) else {}
            if space.get("__name__") == main.__name__:
                names[function.__code__.co_filename] = None
    for name in names:
        if name.endswith((".py", ".pyw")) and os.path.isabs(name):
            try:
                with open(name, encoding="utf-8") as stream:
                    yield stream.read()
            except (OSError, ValueError):
                continue


def _parses(one: str) -> bool:
    if one not in _texts:
        from policy_cache.source.syntax import parse

        try:
            parse(one.encode())
            _texts[one] = True
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            _texts[one] = False
    return _texts[one]
