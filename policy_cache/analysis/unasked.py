"""What runs of a class without being named in a file: hooks, finalizers, methods others call.

The interpreter runs some methods of any object, builtins and libraries others of what they are
given: those are judged with the class, since having such an object at all is enough. Whatever
other method a permitted callable calls on what a file gave it is judged when it comes to that: the
unpickler asks for each class in hand (:func:`judge_use`).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from policy_cache.analysis.flow import (
    BY_CODE,
    BY_MACHINE,
    BY_NAME,
    CALLED_OFTEN,
    IMPLICIT,
    OPERAND_HITS,
    TEXTS,
    callables,
    parameters,
    reach,
)
from policy_cache.analysis.flow import STATE as ALL_STATE
from policy_cache.analysis.flow.definitions import (
    is_vouched,
    methods_looked_up,
    owned_by_stdlib,
)
from policy_cache.analysis.reducers import named_lambda
from policy_cache.analysis.sinks import SEVERE
from policy_cache.model import (
    ANYTIME,
    AS_KEY,
    CALL,
    COMPARED,
    CONSTRUCT,
    FILL,
    INERT,
    LASTING,
    LATER,
    METHOD,
    METHODS,
    OPERATED,
    OPERATES,
    REFER,
    SETS,
    STATE,
    SUBSCRIPTED,
    TEXTLESS,
    USED,
    Use,
)
from policy_cache.source.hierarchy import in_class_scope, is_hashed, lineage, member
from policy_cache.source.resolve import Thing

if TYPE_CHECKING:
    from policy_cache.analysis.case import Case
    from policy_cache.analysis.flow import Hit, Summary

_COMPUTING = ("__getattr__", "__getattribute__")
"""Methods that give what is looked up on an object."""

_UNASKED = frozenset([*IMPLICIT, "__class__", "__dict__", "__aenter__", "__aexit__", BY_NAME])
"""Attributes of objects of the file's that need no question when they are looked up."""

_BY_CODE = {*BY_CODE}

MOST_IMPLICIT = 20
"""Functions followed for what runs unasked: such methods are short, or nothing can be proven."""

_MOST_METHODS = 500
"""Attributes that a callable may look up on what it is given before it counts as unproven."""

_ALL = (CONSTRUCT, CALL, STATE, FILL)
FILLERS = ("append", "extend", "__setitem__", "add", "update")
"""Methods that the unpickler fills a container by."""
MADE = "{} is made at run time: its source cannot be followed"


def python_method(cls: Thing, name: str) -> Thing | None:
    """Find a Python method along the MRO."""
    found = member(cls, name)
    if found is None:
        return None
    base, thing = found
    if thing.kind == "value" and isinstance(thing.node, ast.Lambda):
        return Thing("function", thing.module, thing.name, thing.source, named_lambda(thing.node))
    if thing.kind == "value" and isinstance(thing.node, (ast.Name, ast.Attribute)):
        thing = in_class_scope(thing.node, base) or thing
    if thing.kind == "value":  # ``__del__ = close``, ``__reduce__ = staticmethod(f)``
        functions, unknown = callables(thing, base)
        return functions[0] if functions and not unknown else None
    return thing if thing.kind == "function" else None


def is_made(cls: Thing, name: str) -> bool:
    """Tell whether a special method is what some call gives: ``__del__ = make_finalizer()``."""
    found = member(cls, name)
    if found is None or found[1].kind != "value" or python_method(cls, name) is not None:
        return False
    return callables(found[1], found[0])[1]


def runs_on(doubt: str) -> tuple[str, ...]:
    """Return the operations that an entry of the trait ``unproven`` is about.

    Parameters
    ----------
    doubt : str
        ``method: place``. What only others call on such an object is about none of them. The
        unpickler looks ``__setstate__``, ``extend`` and the like up on an object
        (CPython Modules/_pickle.c, load_build, do_append, load_additems): an object without
        them is asked by its ``__getattr__``. A constructor that asks is followed there.
    """
    where, colon, _ = doubt.partition(": ")
    if where == "__getattr__":
        return (STATE, FILL)
    if not colon or where in BY_MACHINE:
        return _ALL
    if where in IMPLICIT:
        return ()
    if where == "__setstate__":
        return (STATE,)
    if where == "__new__":
        return (CONSTRUCT, CALL)
    return (FILL,) if where.rpartition(".")[2] in FILLERS else (CALL,)


def judge_implicit(case: Case) -> None:
    """What the interpreter runs unasked belongs to having such an object at all.

    The object's own state is the file's. The other operand of ``__eq__`` is another key with the
    same hash: what reaches a sink with it counts, and the methods that are called on it.
    """
    for name in IMPLICIT:
        found = python_method(case.thing, name)
        if found is None:
            if name == "__del__" and is_made(case.thing, name):
                case.refuse(MADE.format(name), *_ALL)
            continue
        if is_vouched(found):
            asked = sorted(methods_looked_up(found))
            if asked:
                case.traits[OPERATED] = {**case.traits.get(OPERATED, {}), name: [False, asked]}
            continue
        summary = reach(found, case.thing, frozenset([ALL_STATE]), MOST_IMPLICIT)
        case.files |= summary.files
        compared = name == "__eq__" and not is_hashed(case.thing)  # by nobody but others
        where = "__ne__" if compared else name
        case.unproven += [f"{where}: {doubt}" for doubt in summary.unproven]
        _weigh_implicit(case, name, summary)
        if name == "__eq__" and not compared:
            _judge_with_another(case, found, summary)
    _judge_as_object(case)


def _judge_with_another(case: Case, found: Thing, alone: Summary) -> None:
    """Judge what an ``__eq__`` does to the other key."""
    tainted = frozenset([ALL_STATE, *parameters(found, True)])
    both = reach(found, case.thing, tainted, MOST_IMPLICIT)
    case.files |= both.files
    severe = [hit for hit in both.hits if hit.category in SEVERE]
    if severe:
        case.refuse(f"__eq__ {severe[0]}", *_ALL)
    added = frozenset(m for m in both.methods - alone.methods if not m.endswith("__"))
    compared = both._replace(methods=added, near=added & both.near)
    note_methods(case, compared, "__eq__", COMPARED)


def _judge_as_object(case: Case) -> None:
    """Judge what a class does where it stands in the place of an object: its metaclass's methods.

    What the interpreter runs of them at any time, or a builtin that is handed the class, belongs
    to having the class at all. What code runs by an operator is held against such code.
    """
    asked = [("__getitem__", "__class_getitem__", case.thing)]
    for metaclass in lineage(case.thing).metaclasses:
        if metaclass.kind == "class" and not owned_by_stdlib(metaclass):
            asked += [(name, name, metaclass) for name in _OF_CLASSES]
    for name, method, holder in asked:
        found = python_method(holder, method)
        if found is None or owned_by_stdlib(found):
            continue
        summary = reach(found, holder, frozenset(parameters(found, True)), MOST_IMPLICIT)
        case.files |= summary.files
        severe = [str(hit) for hit in summary.hits if hit.category in SEVERE]
        if severe and name not in _BY_CODE:
            case.refuse(f"{method} of its metaclass {severe[0]}", REFER, *_ALL)
        if name in _BY_CODE:
            _note_subscripted(case, name, f"its {method} {severe[0]}" if severe else "", summary)


def _note_subscripted(case: Case, name: str, reason: str, summary: Summary) -> None:
    """Keep what becomes of it when code applies an operator to the class."""
    calls = bool(summary.hits or summary.calls or summary.constructs)
    methods = _named_methods(summary.near if summary.unproven else summary.methods)
    if reason or calls or methods:
        table = case.traits.get(SUBSCRIPTED, {})
        case.traits[SUBSCRIPTED] = {**table, name: [reason, calls, methods]}


_OF_CLASSES = (
    *sorted({*IMPLICIT} - {"__del__", *_COMPUTING}),
    *("__instancecheck__", "__subclasscheck__"),
)
"""Methods of a metaclass that run where code has one of its classes for an object."""


def _weigh_implicit(case: Case, name: str, summary: Summary) -> None:
    calls = any(hit.category in OPERAND_HITS for hit in summary.hits)
    often = (*BY_MACHINE, *CALLED_OFTEN, *TEXTS)
    if calls and name in often and (name != "__eq__" or is_hashed(case.thing)):
        _add(case.traits, INERT, *_given(case.thing))
        case.traits[ANYTIME] = True
    if calls and name == "__del__":
        _add(case.traits, SETS, *_given(case.thing))
    if name in BY_CODE:
        _note_operated(case, name, summary)
    if name == "__del__":
        note_methods(case, summary, name, LATER)
    elif name == "__hash__" or (name == "__eq__" and is_hashed(case.thing)):
        named = frozenset(m for m in summary.methods if not m.endswith("__"))  # no arithmetic
        note_methods(case, summary._replace(methods=named, near=named & summary.near), name, AS_KEY)
    severe = SEVERE | {"walk"} if name in ("__del__", "__hash__") else SEVERE
    hits = [hit for hit in summary.hits if hit.category in severe]
    if hits and all(hit.category == "code" for hit in hits):
        # Only text in the object's own state can be run as code: it is to have none, at any
        # later time either.
        case.traits[LASTING] = True
        _add(case.traits, TEXTLESS, *_ALL)
        case.unproven.append(f"{name} {hits[0]}")
    elif hits:
        case.refuse(f"{name} {hits[0]}", *_ALL)


def _note_operated(case: Case, name: str, summary: Summary) -> None:
    """Keep what a special method that code runs by an operator calls of what its object holds.

    Of code that could not be followed to its end, the calls that stand in the method itself.
    """
    followed = not summary.unproven
    calls = any(
        hit.category in (*OPERAND_HITS, "walk") and (followed or len(hit.chain) == 1)
        for hit in summary.hits
    )
    methods = _named_methods(frozenset() if summary.unproven else summary.methods)
    if calls or methods:
        table = case.traits.get(OPERATED, {})
        case.traits[OPERATED] = {**table, name: [calls, methods]}


def _named_methods(asked: frozenset[str]) -> list[str]:
    """Return the names of methods among attributes that code looks up, if they are few."""
    names = {name.rpartition(".")[2] for name in asked} - _UNASKED
    named = sorted(name for name in names if not name.endswith("__"))
    return named if len(named) <= _MOST_OPERATED else []


_MOST_OPERATED = 2
"""Methods of what it holds that a special method may call to have them asked of every class.

Those of tables and arrays call dozens of their parts: asking for all would take seconds.
"""

_KEEP_NOTHING = frozenset(
    f"builtins:{kind}" for kind in ("object", "list", "dict", "set", "bytearray")
)
"""Classes whose ``__new__`` keeps nothing of its arguments: those are for ``__init__``."""


def _given(cls: Thing) -> tuple[str, ...]:
    """Return the operations by which an object of a class comes to hold something."""
    line = lineage(cls)
    bases = {base.key for base in line.mro if base.kind == "external"}
    keeps = line.unknown or not bases <= _KEEP_NOTHING or python_method(cls, "__new__")
    return _ALL if keeps else (CALL, STATE, FILL)


def _add(traits: dict[str, Any], trait: str, *operations: str) -> None:
    traits[trait] = sorted({*traits.get(trait, ()), *operations})


def note_methods(case: Case, summary: Summary, what: str, *operations: str) -> None:
    """Keep which methods of the operands, and of what is in them, some code may call.

    Of code that could not be followed to its end, those that it looks up itself.
    """
    met = summary.near if summary.unproven else summary.methods
    asked = [m.rpartition(".") for m in met]
    direct = {name for holder, _, name in asked if holder}
    deep = {name for holder, _, name in asked if not holder}
    _add_methods(case, OPERATES, _BY_CODE & direct, _BY_CODE & deep, *operations)
    direct -= _UNASKED
    deep -= _UNASKED
    if not direct and not deep:
        return
    if len(direct | deep) > _MOST_METHODS:
        case.unproven.append(f"{what} uses {len(direct | deep)} attributes of what it is given")
        return
    _add_methods(case, METHODS, direct, deep, *operations)


def _add_methods(
    case: Case, trait: str, direct: set[str], deep: set[str], *operations: str
) -> None:
    """Add methods to those that a trait has for operations."""
    if not direct and not deep:
        return
    table: dict[str, list[list[str]]] = dict(case.traits.get(trait, {}))
    for operation in operations:
        known = table.get(operation, ((), ()))
        table[operation] = [sorted({*known[0], *direct}), sorted({*known[1], *deep})]
    case.traits[trait] = table


def judge_use(case: Case, name: str) -> None:
    """Judge what a method, or property, does of an object whose state a file has written.

    Its arguments are the file's as well: some permitted callable passes on what it was given.
    """
    traits, unproven = case.traits, case.unproven
    case.traits = {}
    operation = METHOD + name
    for cls, found in _definitions(case.thing, name):
        tainted = frozenset([*parameters(found, True), ALL_STATE])
        summary = reach(found, cls, tainted, MOST_IMPLICIT)
        case.weigh(
            summary._replace(hits=tuple(map(_on_what_it_holds, summary.hits))), name, operation
        )
        if name in _COMPUTING and (summary.returns.carries or summary.unproven):
            case.add(INERT, operation)  # what it gives is called, and may be what the object holds
    inert = any(operation in case.traits.get(trait, ()) for trait in (INERT, TEXTLESS))
    direct, deep = case.traits.get(METHODS, {}).get(operation, ((), ()))
    use = Use(case.refusals.pop(operation, ""), inert, sorted({*direct, *deep}))
    case.traits = {**traits, USED: {**traits.get(USED, {}), name: list(use)}}
    case.unproven = unproven


def _on_what_it_holds(hit: Hit) -> Hit:
    """Return a hit of an attribute by name as one of a call: it is of what the object holds."""
    return hit._replace(category="call") if hit.category == "walk" else hit


def _definitions(cls: Thing, name: str) -> list[tuple[Thing, Thing]]:
    """Return the functions that an attribute of an object may run, with the class of the object."""
    found = python_method(cls, name)
    if found is not None:
        return [(cls, found)]
    defined = member(cls, name)
    if defined is None or defined[1].kind != "value":
        return []
    functions, _ = callables(defined[1], defined[0])
    return [(cls, function) for function in functions]
