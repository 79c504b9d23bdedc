"""Callbacks of derived unpicklers that streams can be proven with.

A proof calls no code of the program. The unpicklers listed here have a ``find_class`` that only
looks names up, so that it may be asked before the replay, and a ``persistent_load`` that leaves the
stream alone and gives values of known types, so that it need not be asked before.
"""

from __future__ import annotations

import sys

from pickleball_hook.doors import entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LOOK_UPS = frozenset([("torch.serialization", "_load.<locals>.UnpicklerWrapper.find_class")])
"""Maps old names to new ones and storage classes to their element types; the same every time."""
_PERSISTENT: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("torch.serialization", "_load.<locals>.persistent_load"): (
        ("torch.storage", "TypedStorage"),
        ("torch.storage", "UntypedStorage"),
        ("torch.storage", "_TypedStorage"),  # before torch 1.13
    )
}
"""Reads the record of a tensor, once for each; and what it gives."""


def are_known(outer: Any) -> bool:
    """Tell whether a stream may be proven that an unpickler of the program's is to load.

    It has loaded nothing before, and its callbacks are CPython's own or listed.
    """
    if outer._guard is not None or outer.memo.copy():
        return False
    persistent = getattr(outer, "persistent_load", None)
    if persistent is not None and not entry.is_builtin_default(persistent) and not kinds(outer):
        return False
    own = getattr(outer.find_class, "__func__", None) is not entry.Unpickler.find_class
    return not own or looks_up(outer)


def looks_up(outer: Any) -> bool:
    """Tell whether an unpickler has a ``find_class`` of its own that only looks names up."""
    return _place(getattr(outer.find_class, "__func__", None)) in _LOOK_UPS


def kinds(outer: Any) -> frozenset[type]:
    """Return the types that a listed ``persistent_load`` gives."""
    place = _place(getattr(outer, "persistent_load", None))
    names = next((names for known, names in _PERSISTENT.items() if known == place), ())
    found = [getattr(sys.modules[module], name, None) for module, name in names]
    return frozenset(kind for kind in found if kind is not None)


def _place(function: object) -> tuple[object, object]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", None)
