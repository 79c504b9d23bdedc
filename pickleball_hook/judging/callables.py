"""Which callables library code may have that calls what it is given, with whatever it has."""

from __future__ import annotations

import functools
import sys
import types
import weakref

from policy_cache import policies
from policy_cache.model import CALL, CHOOSY, INERT, REFER, SETS, TEXTLESS, UNREDUCED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from policy_cache.model import Verdict

_DATA_TYPES = frozenset([bool, int, float, complex, str, tuple, list, dict, set, frozenset])
_CONVERTERS = frozenset(
    [
        "typing:Any",  # a class since Python 3.11; calling it is a TypeError
        "inspect:_empty",  # a mark that something is not there
        "decimal:Decimal",  # takes numbers, text and tuples as they are, else it is a TypeError
        *(f"builtins:{kind.__name__}" for kind in _DATA_TYPES),
    ]
)
"""Types that make plain data of what they are called with, by methods that are judged with it."""
_LOOKS = frozenset(["items", "keys", "values", "copy"])
"""Methods of plain containers that call nothing."""


def takes_anything(verdict: Verdict, code: Verdict | None = None, closed: bool = False) -> bool:
    """Tell whether a judged class or function may be called with whatever others have.

    Parameters
    ----------
    verdict : Verdict
        With the call judged.
    code : Verdict, optional
        On the class or function whose code would call it.
    closed : bool
        Whether all that it may be called with is judged so: then it may call that.
    """
    traits = verdict.traits
    if verdict.target in _CONVERTERS and REFER in verdict.grants:
        return True
    if verdict.kind == "enum":
        return CALL in verdict.grants
    if verdict.rule or any(traits.get(name) for name in ("call_rule", "calls", "constructs")):
        return False
    own = code is not None and library_of(code) == library_of(verdict)
    unwanted = [TEXTLESS, *([] if closed else [INERT]), *([] if closed and own else [SETS])]
    if any(CALL in traits.get(name, ()) for name in unwanted):
        return False
    choosy = frozenset(traits.get(CHOOSY, ()))
    if choosy - {"set"} or ((choosy or traits.get("unproven")) and not own):
        return False
    if verdict.kind == "class":
        return CALL in verdict.grants or bool(traits.get(UNREDUCED))
    return verdict.kind == "function" and REFER in verdict.grants


def reason_of_choice(verdict: Verdict | None) -> str:
    """Return why a function is not called with whatever there is, ``""`` if it may be.

    One that looks attributes up by a name that it is given calls anything of anything.
    """
    choosy = verdict is not None and {*verdict.traits.get(CHOOSY, ())} - {"set"}
    return "what it is called with would have to be judged" if choosy else ""


def bound_verdict(method: types.MethodType) -> Verdict | None:
    """Return the verdict on a method of the object that it is bound to, None if it is not its own.

    What it calls on the object are the methods of the object's class, whatever class defines it.
    """
    holder = method.__self__
    cls = holder if isinstance(holder, type) else type(holder)
    name = getattr(method.__func__, "__name__", "")
    for base in type.__getattribute__(cls, "__mro__"):
        found = vars(base).get(name)
        if found is None:
            continue
        if getattr(found, "__func__", found) is not method.__func__:
            return None
        verdict = policies.verdict(cls.__module__, f"{cls.__qualname__}.{name}")
        if verdict.open or verdict.kind == "live":
            verdict = policies.verdict(base.__module__, f"{base.__qualname__}.{name}")
        return verdict
    return None


def only_looks(function: Any) -> bool:
    """Tell whether a bound method gives what is in a plain container, and runs no other code.

    Libraries keep such methods: ``self._nodes_nbrs = self._adjdict.items`` (networkx,
    classes/reportviews.py).
    """
    if type(function) is not types.BuiltinFunctionType or type(function.__self__) not in (
        dict,
        list,
        set,
    ):
        return False
    return function.__name__ in _LOOKS


def is_remover(function: Any) -> bool:
    """Tell whether a function is what a weak container keeps to drop an item that is gone."""
    return type(function) is types.FunctionType and function.__code__ in _removers()


@functools.cache
def _removers() -> frozenset[types.CodeType]:
    """Return the code of the functions that the containers of weakref make."""
    kinds = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)
    parts_of = [part for kind in kinds for part in kind.__init__.__code__.co_consts]
    return frozenset(part for part in parts_of if isinstance(part, types.CodeType))


def is_data_type(value: object) -> bool:
    if any(value is kind for kind in _DATA_TYPES):  # a class of classes may compare by itself
        return True
    numpy: Any = sys.modules.get("numpy")  # a dtype holds the class of its scalars
    return numpy is not None and any(
        value is kind for kind in getattr(numpy, "sctypeDict", {}).values()
    )


def is_mark(value: object) -> bool:
    """Tell whether a value is a class that signatures, which functions may keep, have in them.

    The mark for nothing, and the kinds of parameters: calling these gives one that there is.
    numpy's functions keep their signature once somebody has asked for it (numpy 2.4).
    """
    inspect: Any = sys.modules.get("inspect")
    marks = [getattr(inspect, name, None) for name in ("_empty", "_ParameterKind")]
    return any(value is mark for mark in marks if mark is not None)


def is_number_type(value: object) -> bool:
    """Tell whether a value is one of numpy's own classes of numbers: calling it makes a number."""
    numpy: Any = sys.modules.get("numpy")
    return (
        numpy is not None
        and isinstance(value, type)
        and is_data_type(value)
        and issubclass(value, (numpy.number, numpy.bool_))
    )


def library_of(verdict: Verdict) -> str:
    return verdict.target.partition(":")[0].partition(".")[0]
