"""Rules of what looks up or gives a class: `getattr`, tables of types, type expressions."""

from __future__ import annotations

import types
from enum import Enum

from pickleball_hook.rules.values import CONTAINERS, SCALARS, is_literal
from policy_cache import policies
from policy_cache.model import CALL, REFER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard
    from policy_cache.model import Verdict


def type_of_singleton(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    called = operation == CALL and len(operands) == 1
    if called and any(operands[0] is literal for literal in (None, NotImplemented, Ellipsis)):
        return ""
    return "type() is only for None, NotImplemented and Ellipsis"


def enum_call(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation != CALL:
        return "members of an Enum are looked up, never made or changed"
    if len(operands) == 1 and (is_literal(operands[0]) or isinstance(operands[0], Enum)):
        return ""
    return "an Enum is called with one literal, the value of a member"


def attribute_of(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``getattr(x, "name")`` is how pickle writes methods, nested classes and Enum members."""
    if len(operands) != 2 or type(operands[1]) is not str:
        return "it takes an object and an exact name"
    holder, name = operands
    if name.startswith("__") and not _is_special_method(holder, name):
        return f"{name} is no plain method"
    if isinstance(holder, type):
        if guard.verdict_of(holder) is None:
            return "the class did not come from a name in the file"
        return _class_attribute(guard, holder, name)
    made = guard.made.get(id(holder))
    if type(holder) in SCALARS or type(holder) in CONTAINERS:
        if made is not None and made.value is holder and not made.fresh:
            return "the container may be somebody else's"
        return _class_attribute(guard, type(holder), name)
    if made is None or made.value is not holder:
        return "the object was not made by this load"
    attributes = getattr(holder, "__dict__", None)
    if isinstance(attributes, dict) and name in attributes:
        return "the object's state shadows the method"
    return _class_attribute(guard, type(holder), name)


_SPECIAL = frozenset(["__hash__", "__call__", "__len__", "__getitem__", "__contains__", "__iter__"])
"""Methods of the data model that programs keep as callables (trimesh its ``__hash__``)."""


def _is_special_method(holder: Any, name: str) -> bool:
    """Tell whether a special name is a method of an object, in Python: to be judged like others."""
    if isinstance(holder, type) or name not in _SPECIAL:
        return False
    return isinstance(look_up(type(holder), name), types.FunctionType)


def _class_attribute(guard: Guard, cls: type, name: str) -> str:
    found = look_up(cls, name)
    if isinstance(found, cls) and isinstance(found, Enum):
        return ""
    if isinstance(
        found,
        (
            types.FunctionType,
            classmethod,
            staticmethod,
            type,
            types.MethodDescriptorType,
            types.ClassMethodDescriptorType,
            types.BuiltinFunctionType,
        ),
    ):
        return ""
    if type(found).__name__ == "cython_function_or_method":
        return ""
    return f"{cls.__module__}.{cls.__qualname__}.{name} is no plain method"


def look_up(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def grant_attribute(guard: Guard, args: tuple[Any, ...], value: object) -> None:
    """Judge what ``getattr`` gave as the global ``Class.name``."""
    from pickleball_hook.judging import names

    if isinstance(value, Enum):
        return
    holder, name = args
    cls = holder if isinstance(holder, type) else type(holder)
    home = next((base for base in cls.__mro__ if name in vars(base)), cls)
    verdict = policies.verdict(home.__module__, f"{home.__qualname__}.{name}")
    if verdict.open or verdict.kind == "live":
        verdict = names.method_verdict(cls, name, value) or verdict
    if REFER not in verdict.grants and CALL not in verdict.grants:
        guard.refuse(
            f"{cls.__module__}.{cls.__qualname__}.{name}", "GLOBAL", verdict.why_not(REFER)
        )
    guard.grant(value, verdict)


def type_table(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``dill._dill._load_type(name)``: an exact name, for a look-up in a table of builtin types."""
    if operation == CALL and len(operands) == 1 and type(operands[0]) is str:
        return ""
    return "it takes the exact name of a type"


def grant_type(guard: Guard, verdict: Verdict, value: object) -> None:
    """Judge a type that a table gave by the name that it bears itself."""
    from pickleball_hook.judging import names

    own = names.own_verdict(value) if isinstance(value, type) else None
    if own is None or not own.grants:
        reason = own.why_not(REFER) if own is not None else "it has no permitted name of its own"
        guard.refuse(getattr(value, "__qualname__", str(type(value))), "GLOBAL", reason)
    else:
        guard.grant(value, own)


def type_expression(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``getitem(List, int)``, ``GenericAlias(list, (int,))``, ``reduce(or_, ...)``: types only."""
    import operator

    if operation != CALL or len(operands) != 2:
        return "it is permitted for parametrized types only"
    form, parameters = operands
    if form is operator.or_:
        return "" if _are_type_parameters(guard, parameters) else "its items are no types"
    if not _is_type_form(guard, form) or not _are_type_parameters(guard, parameters):
        return "it is permitted for parametrized types only"
    subscript = look_up(form, "__class_getitem__") if isinstance(form, type) else None
    function = getattr(subscript, "__func__", None)
    if function is not None and getattr(function, "__module__", "") not in ("typing", "abc"):
        return f"{guard.name(form)} has a __class_getitem__ of its own"
    return ""


_OPERATORS = ("__getitem__", "__or__", "__ror__", "__getattribute__", "__getattr__")


def _is_type_form(guard: Guard, value: Any) -> bool:
    if isinstance(value, type):
        if any(look_up(type(value), name) is not getattr(type, name, None) for name in _OPERATORS):
            return False  # its class of classes has code for what is done to it here
        # ``type(None)`` stands in every Optional; pickle writes it as that call.
        return value is type(None) or guard.verdict_of(value) is not None
    return type(value).__module__ in ("typing", "types") and (
        guard.verdict_of(value) is not None or type(value).__module__ == "typing"
    )


def _are_type_parameters(guard: Guard, value: Any) -> bool:
    if type(value) in (tuple, list):
        return all(_are_type_parameters(guard, part) for part in value)
    return type(value) in SCALARS or value is Ellipsis or _is_type_form(guard, value)
