"""The C machine behind a ``find_class`` that knows only the closed set of globals.

Streams of plain containers, dates, numbers and the like need no check of operations: everything
they can name is safe in any composition (the ``closed`` lines of the base policy say why). They
run on CPython's C unpickler at its own speed. The first other name stops the machine; nothing
that acts has run by then, and the stream is read again from its start by the reference machine,
which judges everything for itself.
"""

from __future__ import annotations

import copyreg
import sys

from pickleball_hook.originals import CUnpickler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_closed: dict[tuple[str, str], object] | None = None
_absent: set[tuple[str, str]] = set()
"""Closed globals of modules that were not imported when they were looked for."""


class Leave(BaseException):
    """The stream names something that is not closed. Never seen outside this package."""


class Gate(CUnpickler):  # type: ignore[misc]
    """A C unpickler that stops at the first global outside the closed set."""

    def find_class(self, module: str, name: str) -> object:
        """Return a closed global, or leave."""
        return closed_global(self, module, name)


def closed_global(unpickler: Any, module: str, name: str) -> object:
    """Return a closed global through plain ``find_class``.

    Raises
    ------
    Leave
        If the name is not closed, or is not what it was when the set was made.
    """
    try:
        table = _closed_set()
        expected = table.get((module, name), table)
        if expected is table:
            expected = _imported_since(module, name)
    except Exception as error:  # a fault of this package: the checked load refuses for it
        raise Leave from error
    found = CUnpickler.find_class(unpickler, module, name)
    if found is not expected:
        raise Leave
    return found


def _imported_since(module: str, name: str) -> object:
    """Return a closed global of a module that the program has imported meanwhile.

    Raises
    ------
    Leave
        If it is none, or the module is still not there.
    """
    value = _own(module, name) if (module, name) in _absent and module in sys.modules else None
    if value is None:
        raise Leave
    _closed_set()[module, name] = value
    _absent.discard((module, name))
    return value


def usable() -> bool:
    """Tell whether streams may run on the C machine at all.

    Extension codes are served from a cache that bypasses ``find_class`` (RULES: EXT codes), so
    that as soon as any is registered or cached, the reference machine reads every stream.
    """
    return not (copyreg._inverted_registry or copyreg._extension_cache)  # type: ignore[attr-defined]


def _closed_set() -> dict[tuple[str, str], object]:
    """Return the closed globals of the modules that are imported, by name as streams write it."""
    global _closed
    if _closed is None:
        from policy_cache import base_policy, collector

        collector.count_as_old()  # what is read here is the first of much that a load makes
        _closed = {}
        for key in base_policy.closed("stdlib"):
            module, _, name = key.partition(":")
            value = _own(module, name)
            if value is not None:
                _closed[module, name] = value
            elif module not in sys.modules:
                _absent.add((module, name))
    return _closed


def _own(module: str, name: str) -> object:
    """Return an attribute of an imported standard-library module, if it is the module's own."""
    if not _is_stdlib(module):
        return None
    value: object = vars(sys.modules[module]).get(name)
    home = getattr(value, "__module__", module)
    return value if home == module or _is_stdlib(home) else None


def _is_stdlib(module: object) -> bool:
    """Tell whether an imported module is the standard library's."""
    from policy_cache.policies import is_stdlib_file

    holder = sys.modules.get(module) if type(module) is str else None
    file = getattr(holder, "__file__", None)
    if file is None:
        return holder is not None and module in sys.builtin_module_names
    return is_stdlib_file(file)


class Reader:
    """A file interface over a buffer that never copies it.

    ``peek`` may return more than it is asked for, and any buffer will do (Modules/_pickle.c,
    ``_Unpickler_ReadFromFile``), so the C machine runs on the caller's own memory.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: Any) -> None:
        self.data = data
        self.position = 0

    def peek(self, size: int) -> Any:
        """Return all that is left."""
        if not self.position:
            return self.data
        return memoryview(self.data).cast("B")[self.position :]

    def read(self, size: int) -> Any:
        """Return and consume `size` bytes."""
        start = self.position
        self.position = start + size
        return memoryview(self.data).cast("B")[start : start + size]

    def readinto(self, target: Any) -> int:
        """Fill `target` with what comes next, as far as it goes; return how much that was."""
        piece = self.read(len(target))
        target[: len(piece)] = piece
        return len(piece)

    def readline(self) -> Any:
        """Return and consume what is left: a line that is not in there whole is not in there."""
        start = self.position
        rest = memoryview(self.data).cast("B")[start:]
        self.position = start + len(rest)
        return rest
