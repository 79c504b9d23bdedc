"""Rules of functions of copyreg that make an instance of the class they are given."""

from __future__ import annotations

import types

from pickleball_hook.rules.values import is_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard


def newobj(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook.engines.machine import check_construct

    if not operands or not isinstance(operands[0], type):
        return "it takes a class"
    check_construct(guard, operands[0], tuple(operands[1:]), "NEWOBJ")
    return ""


def newobj_ex(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook.engines.machine import check_construct, check_keywords

    if len(operands) != 3 or not isinstance(operands[0], type):
        return "it takes a class, a tuple and a dict"
    cls, args, kwargs = operands
    if type(args) is not tuple or type(kwargs) is not dict:
        return "it takes a class, a tuple and a dict"
    check_construct(guard, cls, (*args, *kwargs.values()), "NEWOBJ_EX")
    check_keywords(guard, cls, kwargs)
    return ""


def reconstructor(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``copyreg._reconstructor(cls, base, state)``: protocols 0 and 1's NEWOBJ.

    With a base other than ``object`` it runs ``base.__new__(cls, state)`` and, where the base has
    an ``__init__`` of its own, ``base.__init__(obj, state)`` (CPython Lib/copyreg.py).
    """
    from pickleball_hook.engines.machine import check_construct

    if len(operands) != 3 or not isinstance(operands[0], type):
        return "it takes a class, a base and a state"
    cls, base, state = operands
    check_construct(guard, cls, (), "NEWOBJ")
    if base is object:
        return "" if state is None else "base object has no state"
    if (
        base.__module__ != "builtins"
        or base not in cls.__mro__
        or isinstance(base, types.FunctionType)
    ):
        return "the base is a builtin type of the class"
    if type(state) is not base and not is_literal(state):
        return "the state of a builtin base is an exact value of it"
    return ""
