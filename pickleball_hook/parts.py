"""What an object holds, looked at without running code of its class and without changing it."""

from __future__ import annotations

import functools
import gc
from types import GetSetDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def attributes(value: object) -> dict[str, Any] | None:
    """Return the instance dictionary of an object, None if it has none.

    An exception and a partial get theirs when it is asked for, and are from then on pickled with it
    (CPython Objects/exceptions.c, ``BaseException_reduce``; Modules/_functoolsmodule.c,
    ``partial_reduce``): theirs is found among what the garbage collector sees, if it is there.
    """
    kind = type(value)
    if issubclass(kind, (BaseException, functools.partial)):
        found = [held for held in gc.get_referents(value) if type(held) is dict]
        keywords = 1 if issubclass(kind, functools.partial) else 0
        return found[-1] if len(found) > keywords else None
    for base in kind.__mro__:
        getter = vars(base).get("__dict__")
        if type(getter) is GetSetDescriptorType:
            own = getter.__get__(value)
            return own if type(own) is dict else None
    return None
