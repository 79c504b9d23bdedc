"""Whether the bytecode that an import would run is what the source says.

Python runs the file in ``__pycache__`` if its header holds the size and time of the source, or if
it says that nobody needs to compare them (PEP 552). Both can be forged: an archive that somebody
has unpacked beside a program may bring harmless source and other bytecode for it.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import types

_HEADER = 16  # magic number, flags, then time and size or a hash (PEP 552)
_HASHED = 0b01
_CHECKED = 0b10
_COMPARED = (
    *("co_name", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_code"),
    *("co_names", "co_varnames", "co_freevars", "co_cellvars", "co_exceptiontable"),
)
"""What decides what a code object does; its file's name and its line numbers do not."""


def reason_against(file: str) -> str:
    """Return why importing a source file would run something else, ``""`` if it would not.

    Parameters
    ----------
    file : str
        The source.

    Returns
    -------
    str
    """
    try:
        with open(importlib.util.cache_from_source(file), "rb") as stream:
            cached = stream.read()
        with open(file, "rb") as stream:
            source = stream.read()
        status = os.stat(file)
    except (OSError, NotImplementedError, ValueError):
        return ""  # no bytecode: the source is what runs
    if not _is_used(cached, status):
        return ""
    try:
        found = marshal.loads(cached[_HEADER:])
        expected = compile(source, file, "exec", dont_inherit=True)
    except (ValueError, EOFError, TypeError, SyntaxError) as error:
        return f"the bytecode of {file} is damaged: {error}"
    return "" if _is_same(found, expected) else f"the bytecode of {file} is not that of its source"


def _is_used(cached: bytes, status: os.stat_result) -> bool:
    """Tell whether Python runs bytecode with such a header without looking at the source.

    A checked hash is compared with the source by the interpreter itself.
    """
    if len(cached) < _HEADER or cached[:4] != importlib.util.MAGIC_NUMBER:
        return False
    flags = int.from_bytes(cached[4:8], "little")
    if flags & _HASHED:
        return not flags & _CHECKED
    time, size = int.from_bytes(cached[8:12], "little"), int.from_bytes(cached[12:16], "little")
    return time == int(status.st_mtime) & 0xFFFFFFFF and size == status.st_size & 0xFFFFFFFF


def _is_same(found: object, expected: object) -> bool:
    """Compare two constants of code, code objects by what they do."""
    if type(found) is not type(expected):
        return False
    if isinstance(expected, types.CodeType):
        if any(getattr(found, n, None) != getattr(expected, n, None) for n in _COMPARED):
            return False
        return _is_same(found.co_consts, expected.co_consts)  # type: ignore[attr-defined]
    if isinstance(expected, tuple):
        assert isinstance(found, tuple)
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    if isinstance(expected, frozenset):
        assert isinstance(found, frozenset)
        return sorted(map(repr, found)) == sorted(map(repr, expected))
    return repr(found) == repr(expected)  # equality would take -0.0 for 0.0
