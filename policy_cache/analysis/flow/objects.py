"""What single objects that a value may be do, hold and belong to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from policy_cache.analysis.flow.tables import DATA_BASES, OPENERS
from policy_cache.analysis.sinks import sink
from policy_cache.analysis.values import (
    BOUND,
    CALLER,
    COMPUTED,
    DATA,
    GETTER,
    GLOBAL,
    INSTANCE,
    MADE,
    NESTED,
    NOTHING,
    PARTIAL,
    PREFIX,
    RESULT,
    TEXT,
    UNKNOWN,
    Atom,
    Value,
    join,
    one,
    taken_out,
)
from policy_cache.source.distributions import STDLIB
from policy_cache.source.resolve import Thing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policy_cache.source.locate import Module


def prefixed(texts: Iterable[str]) -> Value:
    """Return data of the file behind one of these texts."""
    return join(DATA, *(one(Atom(PREFIX, text=text)) for text in texts if text))


def with_state(atoms: Iterable[Atom]) -> list[Atom]:
    """Return objects as those whose state holds data of the file."""
    return [
        Atom(a.kind, a.thing, a.owner, a.text, True) if a.kind in (INSTANCE, BOUND) else a
        for a in atoms
        if a.kind != UNKNOWN
    ]


_STARTED = (GLOBAL, BOUND, INSTANCE, RESULT, MADE)


def started(value: Value) -> Value:
    """Return callables as those that have some of their arguments already."""
    atoms = frozenset(
        Atom(PARTIAL, a.thing, a.owner, f"{a.kind}:{a.text}", a.held) if a.kind in _STARTED else a
        for a in value.atoms
    )
    return Value(value.tainted, atoms)


def whole(atom: Atom) -> Atom:
    """Return the callable that has some of its arguments already, or the object itself."""
    if atom.kind != PARTIAL:
        return atom
    kind, _, text = atom.text.partition(":")
    return Atom(kind, atom.thing, atom.owner, text, atom.held)


def wholes(value: Value) -> Value:
    """Return a value with callables in the place of those that have some of their arguments."""
    return Value(value.tainted, frozenset(map(whole, value.atoms)))


def opens(atom: Atom) -> bool:
    """Tell whether a global is an ``open``: called with a path alone it only reads."""
    return atom.kind == GLOBAL and atom.thing is not None and atom.thing.key in OPENERS


def may_act(atom: Atom) -> bool:
    """Tell whether what a function made of an object may act as the object does."""
    if atom.kind == GLOBAL and atom.thing is not None:
        return atom.thing.kind == "function" or sink(atom.thing.key) is not None
    return atom.kind in (BOUND, NESTED, MADE, CALLER, GETTER, COMPUTED, PARTIAL)


def items_of(receiver: Value) -> Value:
    """Return what a container holds; a module is none, though ``copy`` is also a dict's method."""
    held = receiver.only(GLOBAL, BOUND, NESTED, MADE)
    modules = [
        atom for atom in held.atoms if atom.thing is not None and atom.thing.kind == "module"
    ]
    return taken_out(Value(held.tainted, held.atoms.difference(modules)))


def modules_named(holder: Value, name: Value) -> Value:
    """Return the modules that ``sys.modules`` has under names that are known."""
    if not any(a.thing is not None and a.thing.key == "sys:modules" for a in holder.of(GLOBAL)):
        return NOTHING
    return join(*(one(Atom(GLOBAL, Thing("module", text.text))) for text in name.of(TEXT)))


def is_data_class(receiver: Value) -> bool:
    """Tell whether a value is a class of data itself: its methods work on their first argument."""
    things = [atom.thing for atom in receiver.atoms if atom.kind == GLOBAL]
    return bool(things) and all(thing is not None and thing.key in DATA_BASES for thing in things)


def outlives(atom: Atom) -> bool:
    """Tell whether what is set on a value stays: on a module or class it does."""
    if atom.kind != GLOBAL or atom.text or atom.thing is None:
        return False  # one with a text is only in the value
    return atom.thing.kind in ("module", "class")


def is_shared(thing: Thing, located: Module) -> bool:
    """Tell whether a thing is a container of the interpreter's, such as ``sys.path``.

    Looking at what a standard module that is imported already holds runs nothing.
    """
    if located.owner.kind != STDLIB or thing.kind not in ("value", "external"):
        return False
    live = sys.modules.get(thing.module)
    value = vars(live).get(thing.name) if live is not None else None
    if value is None:
        return thing.kind == "value"
    kind = type(value)
    return any(hasattr(kind, method) for method in ("__setitem__", "append", "add"))
