"""Trusted channels: call sites that receive messages of the program's own processes.

What `multiprocessing` and its like send through pipes and sockets is not a file, holds functions
and open handles, and must arrive as it was sent. `channels.json` lists the functions that call
pickle in such a channel's own receive path. A function is listed with the outer functions it must
be ``under`` when other ways lead to it too, above all ways from a file: Dask's serializer also
reads what was spilled to disk, and that is judged like any file. A cache that a library writes
for itself is listed with the local variable that holds the open ``file``, or the one that has been
``read`` and may be closed by now: it is a channel between runs of one user as long as nobody else
can write to that file, or to a folder above it.

Being a call site is not enough: the caller has to see to it that no trust is given inside a
guarded load, where a file may have brought about the call. Modules that such a load imports are the
exception, for what they keep in files (`of_import`): which one they read is up to them. For the
same reason the analysis of what a permitted callable can reach has to take a listed function for a
loader without a guard.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # importing ``typing`` costs more than a small load
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType, FrameType
    from typing import Any

    Site = tuple[str, str]
    # True: a call site. A set: a call site under one of these. False: none. A pair: a call site
    # that reads the file in this local variable, and whether it may have closed it.
    Trust = bool | frozenset[Site] | tuple[str, bool]

_MOST_OTHERS = 512
_FARTHEST = 32

# Decorators put frames of these between the frames of a package.
_NEUTRAL = frozenset({"contextlib", "functools"})

_table: dict[str, dict[str, Trust]] | None = None
# By id, since equal code objects need not be of the same file; holding them keeps the ids taken.
_sites: dict[int, tuple[CodeType, Trust]] = {}
_others: dict[int, tuple[CodeType, Trust]] = {}


def trusted(frame: FrameType) -> bool:
    """Return whether a load is the reception of a message.

    Parameters
    ----------
    frame : frame
        The direct caller of the loader.

    Returns
    -------
    bool
        Whether it is a listed call site, running the very code that the imported module holds.
    """
    trust = _trust(frame)
    if isinstance(trust, tuple):
        return _has_read_own_file(frame, *trust)
    return trust if isinstance(trust, bool) else _is_under(frame, trust)


def of_import(frame: FrameType) -> bool:
    """Return whether a load, within a guarded one, is of what a module being imported has kept.

    numba's eagerly compiled functions are read from its cache when their module is imported.

    Parameters
    ----------
    frame : frame
        The direct caller of the loader.
    """
    trust = _trust(frame)
    if not isinstance(trust, tuple):
        return False
    from pickleball_hook.net import attribution

    return attribution.is_of_import(frame) and _has_read_own_file(frame, *trust)


def _trust(frame: FrameType) -> Trust:
    code = frame.f_code
    key = id(code)
    known = _sites.get(key) or _others.get(key)
    return known[1] if known is not None and known[0] is code else _judge(frame)


def refresh() -> None:
    """Forget what is known, so that the next load reads the user's settings again."""
    global _table
    _table = None
    _sites.clear()
    _others.clear()


def _judge(frame: FrameType) -> Trust:
    """Find out about a caller that is seen for the first time."""
    global _table
    if _table is None:
        _table = _read_table()
    for name in _names(frame.f_globals):
        for function, trust in _table.get(name, {}).items():
            if _is_at(frame, (name, function)):
                # Kept apart, never to be crowded out: when a worker has replaced its __main__,
                # the receiving function could not be recognized a second time.
                _sites[id(frame.f_code)] = frame.f_code, trust
                return trust
    if len(_others) >= _MOST_OTHERS:
        _others.clear()
    _others[id(frame.f_code)] = frame.f_code, False
    return False


def _read_table() -> dict[str, dict[str, Trust]]:
    """Return the listed call sites by module, the user's included."""
    import json
    import os

    from pickleball_hook.user import settings

    with open(os.path.join(os.path.dirname(__file__), "channels.json"), "rb") as file:
        rows = json.loads(file.read())
    table: dict[str, dict[str, Trust]] = {}
    for row in rows:
        under = frozenset((module, function) for module, function in row.get("under", ()))
        table.setdefault(row["module"], {})[row["function"]] = under or _own_file(row) or True
    for module, function in settings.channels():
        table.setdefault(module, {})[function] = True
    return table


def _own_file(row: Mapping[str, Any]) -> tuple[str, bool] | None:
    if "read" in row:
        return row["read"], True
    return (row["file"], False) if "file" in row else None


def _is_under(frame: FrameType, sites: Iterable[Site]) -> bool:
    """Return whether a call came from one of these functions by way of its own package alone.

    A worker runs the user's functions under its receiving loop: what they load is no message.
    """
    own = _package(frame)
    outer = frame.f_back
    for _ in range(_FARTHEST):
        if outer is None:
            return False
        if any(_is_at(outer, site) for site in sites):
            return True
        if _package(outer) not in (own, *_NEUTRAL):
            return False
        outer = outer.f_back
    return False


def _has_read_own_file(frame: FrameType, variable: str, closes: bool) -> bool:
    """Return whether a local variable is a file that nobody but the user can have written.

    Of a closed one nobody can tell any more that it was the one which is there now. But who could
    have put another one there could write to its folder, and is told by that.
    """
    import io
    import os

    from policy_cache.kept import folders

    file = frame.f_locals.get(variable)
    if type(file) is not io.BufferedReader or not isinstance(file.name, str):
        return False
    real = os.path.realpath(file.name)
    try:
        same = closes if file.closed else os.path.samestat(os.fstat(file.fileno()), os.lstat(real))
    except OSError:
        return False
    return same and folders.reason_against_file(real) is None


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _names(namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a module: its own and, for ``python -m``, the one it was found under."""
    name = namespace.get("__name__")
    found = getattr(namespace.get("__spec__"), "name", None) if name == "__main__" else None
    return tuple(n for n in (name, found) if isinstance(n, str))


def _is_at(frame: FrameType, site: Site) -> bool:
    """Return whether a frame runs a function of a module, by identity and not by name.

    Code that was executed under a borrowed ``__name__`` has other globals than the module, or is
    not the code that the module's function holds.
    """
    name, function = site
    namespace = frame.f_globals
    if name not in _names(namespace):
        return False
    module = sys.modules.get(namespace["__name__"])
    if module is None or module.__dict__ is not namespace:
        return False
    code = frame.f_code
    if function == "<module>":
        return code.co_name == "<module>" and code.co_filename == _source(namespace)
    return any(code is candidate for candidate in _codes(namespace, function.split(".")))


def _source(namespace: Mapping[str, Any]) -> str | None:
    origin = getattr(namespace.get("__spec__"), "origin", None)
    return origin if origin is not None else namespace.get("__file__")


def _codes(namespace: Mapping[str, Any], path: list[str]) -> list[CodeType]:
    """Return the code of a function given by its qualified name, several when it has namesakes."""
    value: Any = None
    attributes: Mapping[str, Any] = namespace
    for index, part in enumerate(path):
        if part == "<locals>":
            return _nested_codes(_code(value, namespace), path[index:])
        value = attributes.get(part)
        attributes = value.__dict__ if isinstance(value, type) else {}
    return _code(value, namespace)


def _code(value: Any, namespace: Mapping[str, Any]) -> list[CodeType]:
    """Return the code of a function of this module, beneath its decorators."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    for _ in range(_FARTHEST):
        value = getattr(value, "__wrapped__", value)
    code = getattr(value, "__code__", None)
    return [code] if code and getattr(value, "__globals__", None) is namespace else []


def _nested_codes(codes: list[CodeType], path: list[str]) -> list[CodeType]:
    """Return the codes of functions defined in others: ``["<locals>", "inner", ...]``."""
    kind = type(sys._getframe().f_code)
    for part in path:
        if part != "<locals>":
            inner = [c for code in codes for c in code.co_consts if isinstance(c, kind)]
            codes = [code for code in inner if code.co_name == part]
    return codes
