"""Loaders that other modules took by name before they were replaced.

``from pickle import loads`` in a module that was imported before the hook was installed keeps
CPython's own function. Modules and the classes in them are searched for such names; what is held
elsewhere (a closure, a default argument, a C extension) comes to the audit hook's backstop, and so
does a class that was derived from ``Unpickler`` before: its base cannot be exchanged any more, and
its module calls the methods of that base by the name it has for it (dill does).
"""

from __future__ import annotations

import sys
from types import ModuleType

from pickleball_hook.originals import CUnpickler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_OWN = ("pickleball_hook", "policy_cache")
_REPLACED_ELSEWHERE = frozenset(["pickle", "_pickle"])


def holders(replacements: Mapping[int, Any]) -> Iterator[tuple[Any, str, Any]]:
    """Find the namespaces that hold one of some objects.

    Parameters
    ----------
    replacements : mapping of int to object
        By the id of what is looked for: what is to take its place.

    Yields
    ------
    tuple
        Module or class, the name in it, and the replacement.
    """
    derived = {cls.__module__ for cls in CUnpickler.__subclasses__()}
    for name, module in [*sys.modules.items()]:
        if not isinstance(module, ModuleType) or name in _REPLACED_ELSEWHERE:
            continue
        if name.partition(".")[0] in _OWN:
            continue
        for attribute, value in [*vars(module).items()]:
            if id(value) in replacements:
                if value is not CUnpickler or name not in derived:
                    yield module, attribute, replacements[id(value)]
            elif issubclass(type(value), type) and value.__module__ == name:
                yield from _in_class(value, replacements)


def _in_class(cls: type, replacements: Mapping[int, Any]) -> Iterator[tuple[Any, str, Any]]:
    """Find attributes of a class: held bare, or as a static method."""
    for attribute, value in [*vars(cls).items()]:
        if id(value) in replacements:
            yield cls, attribute, replacements[id(value)]
        elif isinstance(value, staticmethod) and id(value.__func__) in replacements:
            yield cls, attribute, staticmethod(replacements[id(value.__func__)])
