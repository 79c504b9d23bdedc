"""Classes and functions that no source shows, judged as they live: by the names in their bytecode.

What was typed at a prompt that keeps nothing, what a program made with ``type``, a factory or
``exec``, what a frozen application runs. Where data of the file goes in such code is not followed.
So it may not name anything dangerous at all, may not be given anything to call, and whatever else
it names is judged as itself: more is refused than with source, nothing less.
"""

from __future__ import annotations

import functools
import operator
import sys
import types
from enum import Enum
from typing import TYPE_CHECKING, Any

from policy_cache import base_policy
from policy_cache.analysis.sinks import SEVERE, method_sink, sink
from policy_cache.model import (
    BARE,
    CALL,
    CONSTRUCT,
    FILL,
    INERT,
    REFER,
    STATE,
    UNREDUCED,
    UNRESOLVED,
    Verdict,
    joined_traits,
)
from policy_cache.source.distributions import STDLIB
from policy_cache.source.locate import is_stdlib

if TYPE_CHECKING:
    from collections.abc import Iterator

_IMPLICIT = (
    *("__del__", "__hash__", "__eq__", "__getattribute__", "__getattr__", "__iter__", "__len__"),
    *("__bool__", "__index__", "__int__", "__float__", "__str__", "__repr__", "__contains__"),
    *("__getitem__", "__enter__", "__fspath__", "__array__", "__array_finalize__", "__set_name__"),
)
_OF_CLASSES = (
    *(name for name in _IMPLICIT if name not in ("__del__", "__getattr__", "__getattribute__")),
    *("__instancecheck__", "__subclasscheck__"),
)
"""Methods of a metaclass that run where code has one of its classes for an object."""
_FILLERS = ("append", "extend", "__setitem__", "add", "update")
_REDUCERS = ("__reduce__", "__reduce_ex__")
_DEEPEST = 12
_SILENT_BASES = ("typing", "abc", "typing_extensions", "enum")
_OWN_TRAITS = frozenset(["deferred", "fresh", "unproven", "object", "live", UNREDUCED, BARE])
"""Traits of a base that say nothing of what derives from it."""
_MOST_ITEMS = 1000
_WALKED = frozenset(
    [
        *("__globals__", "__builtins__", "__code__", "__closure__", "__subclasses__"),
        *("__loader__", "__spec__", "f_globals", "f_back", "gi_frame", "tb_frame"),
    ]
)
"""Attributes that lead from an object to the rest of the process."""


def verdict(value: object, module: str, qualname: str) -> Verdict | None:
    """Judge a live class or function that analysis does not find.

    Parameters
    ----------
    value : object
        What the name stands for in its module.
    module, qualname : str
        Its own name.

    Returns
    -------
    Verdict or None
        None for anything that is neither a class nor a function.
    """
    function = _function(value)
    if function is not None:
        return _function_verdict(function, module, qualname)
    if not isinstance(value, type) or issubclass(value, types.ModuleType):
        return None
    return _class_verdict(value, module, qualname)


def _function_verdict(function: types.FunctionType, module: str, qualname: str) -> Verdict:
    target = f"{module}:{qualname}"
    mro = _holders(module, qualname)
    reason = _Code(mro).reason(function)
    if reason:
        return Verdict(module, qualname, "function", target, {}, {"*": reason})
    evidence = f"a function of {module}, by the names in its code"
    grants, refusals = {REFER: evidence}, {}
    named = _named_by_a_reducer(sys.modules[module], qualname.rpartition(".")[2])
    reason = _Code(mro, strict=True).reason(function)
    if named and not reason:
        grants[CALL] = f"{evidence}; {named} names it"
    else:
        refusals[CALL] = reason or "no reducer of its module names it"
    traits = {INERT: [CALL]} if _calls_what_it_gets(function, mro) else {}
    return Verdict(module, qualname, "function", target, grants, refusals, "", traits)


def _class_verdict(cls: type, module: str, qualname: str) -> Verdict:
    target = f"{module}:{qualname}"
    evidence = f"a class of {module}, by the names in its code"
    case = Verdict(module, qualname, "class", target, {REFER: evidence}, {}, "", {})
    if issubclass(cls, type):
        reason = "it is a class of classes: making one makes code"
        return case._replace(refusals=dict.fromkeys((CONSTRUCT, CALL, STATE, FILL), reason))
    if issubclass(cls, Enum):
        return _enum_verdict(cls, case)
    own = [base for base in cls.__mro__ if _is_unknown(base)]
    others = [base for base in cls.__mro__ if base not in own and base is not object]
    refusals = _refused_by_bases(others)
    if "*" in refusals:
        return case._replace(grants={}, refusals=refusals)
    traits = _inherited_traits(others)
    for operation, names in (
        (CONSTRUCT, ("__new__",)),
        (STATE, ("__setstate__",)),
        (CALL, ("__new__", "__init__")),
        (FILL, _FILLERS),
    ):
        methods = [method for name in names if (method := _method(cls, name, own))]
        _weigh(cls, methods, (operation,), refusals)
        if any(_calls_what_it_gets(method, cls.__mro__) for method in methods):
            traits[INERT] = sorted({*traits.get(INERT, ()), operation})
    subscripted = _method(cls, "__class_getitem__", own)
    if subscripted is not None:
        _weigh(cls, [subscripted], (REFER, CONSTRUCT, STATE, CALL, FILL), refusals, strict=False)
    implicit = [method for name in _IMPLICIT if (method := _method(cls, name, own))]
    _weigh(cls, implicit, (CONSTRUCT, STATE, CALL, FILL), refusals, strict=False)
    for metaclass in type(cls).__mro__:
        called_first = _function(vars(metaclass).get("__call__"))
        if called_first is not None:
            _weigh(metaclass, [called_first], (CALL,), refusals)
        if any(isinstance(base, metaclass) for base in others):
            continue  # it belongs to the verdict on that base
        hooks = [_function(vars(metaclass).get(name)) for name in _OF_CLASSES]
        known = [hook for hook in hooks if hook is not None]
        _weigh(metaclass, known, (REFER, CONSTRUCT, STATE, CALL, FILL), refusals, strict=False)
    finalizer = _method(cls, "__del__", own)
    if finalizer is not None and _calls_what_it_gets(finalizer, cls.__mro__):
        traits[INERT] = sorted({*traits.get(INERT, ()), STATE, CALL})
    setter, assigner = _method(cls, "__setstate__", own), _method(cls, "__setattr__", own)
    if setter is not None:
        traits |= {"custom_state": True, "computed_keys": True}
    if assigner is not None:
        traits["assigns"] = not _Code(cls.__mro__, strict=True).reason(assigner)
    files = tuple({m.__code__.co_filename for m in (setter,) if m is not None})
    traits["fresh"] = _method(cls, "__new__", own) is None and all(
        base_policy.look_up(STDLIB, f"{base.__module__}:{base.__qualname__}") for base in others
    )
    grants = {op: evidence for op in (REFER, CONSTRUCT, STATE, FILL) if op not in refusals}
    called, rule = _reduces(cls, own, others)
    if CALL not in refusals and called:
        grants[CALL] = called
        traits["call_rule"] = rule
    elif CALL not in refusals:
        traits[UNREDUCED] = traits[BARE] = True
        refusals[CALL] = "no reducer is known that returns it"
    return case._replace(grants=grants, refusals=refusals, traits=traits, files=files)


def _enum_verdict(cls: type[Enum], case: Verdict) -> Verdict:
    """An Enum class is called with one literal, the member's value (``Enum.__reduce_ex__``)."""
    reason = "members of an Enum exist once: they are looked up, never made or changed"
    refusals = dict.fromkeys((CONSTRUCT, STATE, FILL), reason)
    own = [base for base in cls.__mro__ if _is_unknown(base)]
    methods = [_method(cls, name, own) for name in ("_missing_", "__new__", "__init__")]
    _weigh(cls, [method for method in methods if method is not None], (CALL,), refusals)
    grants = dict(case.grants)
    if CALL not in refusals:
        grants[CALL] = "enum.Enum.__reduce_ex__ returns the class and the value"
    return case._replace(kind="enum", grants=grants, refusals=refusals, rule="enum_call")


def _is_unknown(cls: type) -> bool:
    """Tell whether a class is one that analysis does not find either."""
    from policy_cache import policies

    if is_stdlib(cls.__module__) and cls.__module__ != "__main__":
        return False
    found = policies.verdict(cls.__module__, cls.__qualname__)
    return found.open or found.kind == "live"


def _refused_by_bases(bases: list[type]) -> dict[str, str]:
    """Return what the verdicts on the bases forbid, ``*`` if one may not even be referred to."""
    refusals: dict[str, str] = {}
    for base in bases:
        if base.__module__ in _SILENT_BASES:
            continue
        found = _judged(base)
        if REFER not in found.grants:
            reason = f"it derives from {base.__module__}.{base.__qualname__}: "
            return {"*": reason + found.why_not(REFER)}
        if found.kind == UNRESOLVED:
            continue  # compiled, and not shown by the files beside it: as where there is source
        for operation in (CONSTRUCT, STATE, CALL, FILL):
            reason = found.refusals.get(operation, "")
            silent = operation == FILL and not any(hasattr(base, name) for name in _FILLERS)
            if operation == CALL and found.traits.get(UNREDUCED):
                continue
            if reason and not silent and base not in (list, dict, set):
                refusals.setdefault(operation, f"its base {base.__qualname__}: {reason}")
    return refusals


def _judged(base: type) -> Verdict:
    """Return the verdict on a base that analysis finds, with all its operations."""
    from policy_cache import policies

    policies.verdict(base.__module__, base.__qualname__, FILL)
    return policies.verdict(base.__module__, base.__qualname__, CALL)


def _inherited_traits(bases: list[type]) -> dict[str, Any]:
    """Return what the unpickler needs to know of the bases that analysis finds."""
    several: list[dict[str, Any]] = []
    for base in bases:
        if base.__module__ in _SILENT_BASES:
            continue
        several.append(
            {name: value for name, value in _judged(base).traits.items() if name not in _OWN_TRAITS}
        )
    return joined_traits(several)


def _holders(module: str, qualname: str) -> tuple[type, ...]:
    """Return the class that a method is one of, with its bases."""
    found: Any = sys.modules[module]
    for part in qualname.split(".")[:-1]:
        found = getattr(found, part, None)
    return found.__mro__ if isinstance(found, type) else ()


def _weigh(
    cls: type,
    methods: list[types.FunctionType],
    operations: tuple[str, ...],
    refusals: dict[str, str],
    strict: bool = True,
) -> None:
    for method in methods:
        reason = _Code(cls.__mro__, strict).reason(method)
        for operation in operations if reason else ():
            refusals.setdefault(operation, f"{method.__name__} {reason}")


def _method(cls: type, name: str, own: list[type]) -> types.FunctionType | None:
    """Return a special method that one of the unknown classes defines in Python."""
    for base in cls.__mro__:
        if name in vars(base):
            return _function(vars(base)[name]) if base in own else None
    return None


def _function(value: object) -> types.FunctionType | None:
    """Return the function behind a method, a property or a plain wrapper."""
    for _ in range(_DEEPEST):
        if isinstance(value, types.FunctionType):
            return value
        if isinstance(value, property):
            value = value.fget
        elif isinstance(value, (staticmethod, classmethod, types.MethodType)):
            value = value.__func__
        elif isinstance(value, functools.cached_property):
            value = value.func
        elif type(value).__name__ == "_lru_cache_wrapper":
            value = value.__wrapped__  # type: ignore[attr-defined]
        else:
            return None
    return None


def _reduces(cls: type, own: list[type], others: list[type]) -> tuple[str, str]:
    """Return the evidence that a class is called for its instances, and the rule for that."""
    import copyreg

    from policy_cache import policies

    made = [m for name in ("__new__", "__init__") if (m := _method(cls, name, own))]
    for name in _REDUCERS:
        if _method(cls, name, own) is not None:
            return f"{cls.__qualname__}.{name}", ""
    if cls in copyreg.dispatch_table:
        return "a reducer that copyreg has for it", ""
    for base in others:
        found = policies.verdict(base.__module__, base.__qualname__, CALL)
        if CALL in found.grants and found.kind == "class":
            return f"the reducer of {base.__qualname__}", "" if made else found.rule
    if all(base.__module__ in _SILENT_BASES for base in others) and _only_assigns(made):
        return "its constructor only assigns its arguments", ""
    return "", ""


def _only_assigns(constructors: list[types.FunctionType]) -> bool:
    """Tell whether constructors call nothing."""
    import dis

    codes = [code for function in constructors for code in _codes(function.__code__)]
    operations = [i.opname for code in codes for i in dis.get_instructions(code)]
    return not any(operation.startswith(("CALL", "IMPORT", "STORE_G")) for operation in operations)


def _named_by_a_reducer(module: types.ModuleType, name: str) -> str:
    """Return the reducer of a module whose code holds a name."""
    import copyreg

    table = dict(copyreg.dispatch_table)
    found: list[tuple[str, Any]] = [(f"copyreg's for {k.__name__}", f) for k, f in table.items()]
    for cls in list(vars(module).values()):
        if isinstance(cls, type):
            found += [(f"{cls.__name__}.{n}", vars(cls).get(n)) for n in _REDUCERS]
    for where, reducer in found:
        function = _function(reducer)
        if function is None or function.__module__ != module.__name__:
            continue
        if any(name in code.co_names for code in _codes(function.__code__)):
            return where
    return ""


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


class _Code:
    """A look at everything that a function may run.

    Parameters
    ----------
    mro : tuple of type
        The class of the object that a method is called on, and its bases.
    strict : bool
        Whether it is to run on what a file gave, not only to be handed out.
    """

    def __init__(self, mro: tuple[type, ...], strict: bool = False) -> None:
        self.mro = mro
        self.strict = strict
        self.seen: set[int] = set()

    def reason(self, function: types.FunctionType, depth: int = 0) -> str:
        """Return what the function names that it may not, ``""`` if there is nothing."""
        if id(function.__code__) in self.seen:
            return ""
        self.seen.add(id(function.__code__))
        if depth > _DEEPEST:
            return f"{function.__qualname__} calls too deep to be followed"
        used: dict[str, None] = {}
        attributes: set[str] = set()
        imported: list[str] = []
        for code in _codes(function.__code__):
            for name, kind in _names(code):
                if kind == "global":
                    used[name] = None
                elif kind == "attribute":
                    attributes.add(name)
                elif kind == "import":
                    imported.append(name)
                elif kind == "walk":
                    if self.strict:
                        return "looks an attribute up by a computed name"
                elif self.strict:
                    return f"changes the global {name}"
        held = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
        for name in sorted(attributes):
            found = method_sink(name)
            if found is not None or (self.strict and name in _WALKED):
                return f"uses .{name}"
        values = [(name, _global(function, name)) for name in used]
        for name in imported:
            if name not in sys.modules:
                return f"imports {name}"
            values.append((name, sys.modules[name]))
        for name in attributes:
            holder = next((base for base in self.mro if name in vars(base)), object)
            if holder is not object:
                values.append((name, vars(holder)[name]))
        for name, cell in held.items():
            try:
                values.append((name, cell.cell_contents))
            except ValueError:  # not filled yet
                continue
        for name, value in values:
            found_reason = self._reason_against(name, value, attributes, depth)
            if found_reason:
                return found_reason
        return ""

    def _reason_against(self, name: str, value: object, attributes: set[str], depth: int) -> str:
        """Return why code may not use the value of a global, given the attributes that it takes."""
        if isinstance(value, types.ModuleType):
            if depth > _DEEPEST:
                return f"reaches too deep into {name}"
            if value is sys and self.strict and "modules" in attributes:
                return "uses sys.modules"
            for attribute in sorted(attributes & vars(value).keys()):
                inner = vars(value)[attribute]
                reason = self._reason_against(attribute, inner, attributes, depth + 4)
                if reason:
                    return reason
            return ""
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            items = [*(value.values() if isinstance(value, dict) else value)][:_MOST_ITEMS]
            parts = items if depth <= _DEEPEST else []
            reasons = (self._reason_against(name, i, attributes, depth + 4) for i in parts)
            return next((reason for reason in reasons if reason), "")
        function = _function(value)
        if function is not None and function is not value:
            return self._reason_against(name, function, attributes, depth + 1)
        module = getattr(value, "__module__", None)
        qualname = getattr(value, "__qualname__", None)
        if isinstance(value, functools.partial):
            return self._reason_against(name, value.func, attributes, depth + 1)
        if not isinstance(qualname, str) or not callable(value):
            harmless = module in ("typing", "re") or isinstance(value, operator.itemgetter)
            acts = callable(value) and self.strict and not harmless
            return f"calls the object {name}" if acts else ""
        key = f"{module if isinstance(module, str) else 'builtins'}:{qualname}"
        found = sink(key)
        if found is not None:
            refused = found.category in SEVERE or self.strict
            return f"names {key.replace(':', '.')}, which {found.why}" if refused else ""
        if not isinstance(module, str) or (is_stdlib(module) and module != "__main__"):
            return ""
        return self._reason_against_other(value, module, qualname, depth)

    def _reason_against_other(self, value: Any, module: str, qualname: str, depth: int) -> str:
        from policy_cache import policies

        found = policies.verdict(module, qualname, CALL)
        function = _function(value)
        if found.open or found.kind == "live":
            if function is not None:
                return self.reason(function, depth + 1)
            if not isinstance(value, type) or id(value) in self.seen:
                return ""
            self.seen.add(id(value))
            parts = [_function(vars(value).get(name)) for name in ("__new__", "__init__")]
            reasons = (self.reason(part, depth + 1) for part in parts if part is not None)
            return next((reason for reason in reasons if reason), "")
        if isinstance(value, type):
            clean = CALL in found.grants or found.traits.get(UNREDUCED)
            return "" if clean else f"calls {module}.{qualname}: {found.why_not(CALL)}"
        return "" if REFER in found.grants else f"names {module}.{qualname}: {found.why_not(REFER)}"


def _global(function: types.FunctionType, name: str) -> object:
    import builtins

    return function.__globals__.get(name, vars(builtins).get(name))


def _names(code: types.CodeType) -> Iterator[tuple[str, str]]:
    """Return the names that code looks up, and how."""
    import dis

    found = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "PRECALL")]
    for index, instruction in enumerate(found):
        operation = instruction.opname
        if operation.startswith("LOAD_GLOBAL") and instruction.argval == "getattr":
            name = _constant_name(found[index + 1 : index + 6])
            yield (name, "attribute") if name else ("getattr", "walk")
        if operation.startswith(("LOAD_GLOBAL", "LOAD_NAME")):
            yield str(instruction.argval), "global"
        elif operation.startswith(("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER", "IMPORT_FROM")):
            yield str(instruction.argval), "attribute"
        elif operation.startswith("IMPORT_NAME"):
            yield str(instruction.argval), "import"
        elif operation.startswith(("STORE_GLOBAL", "DELETE_GLOBAL")):
            yield str(instruction.argval), "change"


def _constant_name(following: list[Any]) -> str:
    """Return the name in ``getattr(x, "name")``, given the instructions after `getattr`."""
    for instruction in following:
        if instruction.opname == "LOAD_CONST":
            return instruction.argval if type(instruction.argval) is str else ""
        if not instruction.opname.startswith(("LOAD_FAST", "LOAD_ATTR", "LOAD_DEREF", "PUSH_NULL")):
            return ""
    return ""


_KNOWN_METHODS = frozenset(
    name
    for kind in (object, dict, list, set, tuple, str, bytes, int, float, type, Exception)
    for name in dir(kind)
)


def _calls_what_it_gets(function: types.FunctionType, mro: tuple[type, ...]) -> bool:
    """Tell whether code may call something that is neither a global nor a method known by name.

    Every call has its callable from somewhere: those that come from a name are counted.
    """
    import dis

    known = {name for base in mro for name in vars(base)} | _KNOWN_METHODS
    modules = [value for value in function.__globals__.values() if type(value) is types.ModuleType]
    for code in _codes(function.__code__):
        calls = named = 0
        for instruction in dis.get_instructions(code):
            operation, name = instruction.opname, instruction.argval
            if operation.startswith("CALL") and not operation.startswith("CALL_INTRINSIC"):
                calls += 1
            elif operation.startswith(("LOAD_GLOBAL", "LOAD_NAME", "MAKE_FUNCTION", "LOAD_BUILD")):
                named += 1
            elif operation.startswith(("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER")):
                named += name in known or any(name in vars(module) for module in modules)
        if calls > named:
            return True
    return False
