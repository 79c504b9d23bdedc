"""Builtins that look names up, or make a callable of one."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from policy_cache.analysis.flow.arguments import Call
from policy_cache.analysis.flow.objects import opens, outlives, started
from policy_cache.analysis.flow.storing import Storing
from policy_cache.analysis.flow.tables import BY_NAME, CALLABLE, EVERYTHING, STATE
from policy_cache.analysis.sinks import sink
from policy_cache.analysis.values import (
    BOUND,
    CALLER,
    COMPUTED,
    GETTER,
    GLOBAL,
    INSTANCE,
    NAMESPACE,
    NOT_KNOWN,
    NOTHING,
    PARAMETER,
    PREFIX,
    RESULT,
    SELF,
    TEXT,
    UNKNOWN,
    Atom,
    Value,
    join,
    one,
)
from policy_cache.source.hierarchy import lineage
from policy_cache.source.resolve import Thing
from policy_cache.source.syntax import class_scope

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_VISITED = 16
"""How many methods of one prefix are followed; a visitor with more is unproven."""


class Lookups(Storing):
    """A walk that knows the builtins whose arguments are names."""

    def _getattr(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        if len(call.positional) < 2:
            return Value(call.carries, NOT_KNOWN.atoms)
        holder, name = call.positional[:2]
        default = call.positional[2] if len(call.positional) > 2 else NOTHING
        if name.carries:
            if holder.of(COMPUTED):
                self._hit_walk(node, "getattr")
            prefixes = [atom.text for atom in name.of(PREFIX)]
            if prefixes and holder.of(SELF) and len(holder.atoms) == 1:
                return join(self._own_by_prefix(node, holder, prefixes), default)
            if holder.of(SELF) and len(holder.atoms) == 1:
                return join(one(Atom(COMPUTED, text="self", held=True)), default)
            return join(one(Atom(COMPUTED, held=True)), default)
        texts = name.of(TEXT)
        found = [self._get(node, holder, text.text) for text in texts]
        if not texts or name.of(UNKNOWN, PARAMETER, RESULT, GLOBAL):
            found.append(Value(holder.carries, NOT_KNOWN.atoms))
        return join(*found, default)

    def _own_by_prefix(self, node: ast.AST, holder: Value, prefixes: list[str]) -> Value:
        """Return the attributes of the class whose names begin so: one of a visitor's methods."""
        bases = lineage(self.owner).mro if self.owner is not None else ()
        scopes = [
            class_scope(base.source, base.node)
            for base in bases
            if base.source is not None and isinstance(base.node, ast.ClassDef)
        ]
        names = {n for scope in scopes for n in scope.names if n.startswith(tuple(prefixes))}
        if not names or len(names) > _MOST_VISITED:
            self._doubt(node, f"uses one of its attributes named {prefixes[0]}...")
            return NOT_KNOWN
        return join(*(self._get(node, holder, name) for name in sorted(names)))

    def _setattr(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        if len(call.positional) < 2:
            if call.carries:
                self._hit_walk(node, "setattr")
            return NOTHING
        holder, name = call.positional[:2]
        value = call.positional[2] if len(call.positional) > 2 else NOTHING
        self._set_by_name(node, thing, holder, name, value)
        for argument in getattr(call.opens, "args", [])[:1]:
            self._keep(argument, value)
        return NOTHING

    def _set_by_name(
        self, node: ast.AST, thing: Thing, holder: Value, name: Value, value: Value
    ) -> None:
        if name.carries:
            self.methods.add(f".{BY_NAME}")
            foreign = holder.tainted or any(a.kind == PARAMETER and a.held for a in holder.atoms)
            if holder.of(COMPUTED):
                self._hit_walk(node, thing.name)
            elif foreign:
                self._doubt(node, "sets attributes by name")
                self._hit_set(node, "setting an attribute of what the file gives")
            elif not holder.of(SELF):
                self._doubt(node, "sets attributes by name")
            for atom in holder.of(GLOBAL):
                if atom.thing is not None and outlives(atom):
                    self._hit(node, atom.thing.key, "effect", "changes a global variable")
        for text in name.of(TEXT):
            self._store_attribute(node, holder, text.text, value)
        for atom in holder.of(GLOBAL) if not name.of(TEXT) else ():
            if atom.thing is not None:
                self._show_kept(node, atom.thing.key)
        if holder.of(SELF) and value.carries and (name.carries or not name.of(TEXT)):
            self.tokens.add(STATE)

    def _object_setattr(self, node: ast.AST, call: Call, on_self: bool) -> Value:
        """``object.__setattr__(x, name, value)``, and ``super().__setattr__(name, value)``."""
        positional = call.positional
        if on_self:
            positional = [one(Atom(SELF)), *positional]
        if len(positional) < 2:
            return NOTHING
        value = positional[2] if len(positional) > 2 else NOTHING
        if positional[1].carries:
            self.methods.add(f".{BY_NAME}")
        if positional[0].of(SELF) and value.carries:
            texts = positional[1].of(TEXT)
            self.tokens |= {f"self.{text.text}" for text in texts} or {STATE}
        elif not positional[0].of(SELF):
            thing = Thing("external", "builtins", "setattr")
            self._set_by_name(node, thing, positional[0], positional[1], value)
        return NOTHING

    def _type(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        if len(call.positional) != 1:
            if any(value.carries for value in call.positional[1:]):
                self._hit_call(node, "a class made of what the file gives")
            return Value(call.carries)
        return self._get(node, call.positional[0], "__class__")

    def _vars(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        if not call.positional:
            return NOT_KNOWN
        return self._get(node, call.positional[0], "__dict__")

    def _globals(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        return one(Atom(NAMESPACE, Thing("module", self.source.module.name)))

    def _locals_call(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        self.reading.add(EVERYTHING)
        return join(*self.env.values())

    def _import_call(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        name = call.positional[0] if call.positional else join(*call.values)
        if call.carries and not _is_within_package(call.opens):
            found = sink(thing.key)
            assert found is not None
            self._hit(node, thing.key, found.category, found.why)
        texts = [text.text for text in name.of(TEXT)]
        top = thing.key == "builtins:__import__" and len(call.positional) < 2
        modules = [t.partition(".")[0] if top else t for t in texts]
        atoms = [one(Atom(GLOBAL, Thing("module", module))) for module in modules]
        return join(*atoms) if atoms else NOT_KNOWN

    def _partial(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        first, rest = call.without_first()
        mode = call.named.get("mode", rest.positional[1] if len(rest.positional) > 1 else NOTHING)
        written = any(set(text.text) & set("wax") for text in mode.of(TEXT))
        for atom in filter(opens, first.atoms if written else ()):
            assert atom.thing is not None
            self._hit(node, atom.thing.key, "write", "writes, creates, renames or removes files")
        self._call_back(node, first, rest, False)
        if rest.carries:  # called later with what it holds
            self._invoke(node, Value(False, first.only(GLOBAL, BOUND, INSTANCE).atoms), rest)
        atoms = first.only(*CALLABLE).atoms
        if rest.positional or rest.unpacked.carries or rest.unpacked.atoms:
            atoms = started(Value(False, atoms)).atoms
        return Value(call.carries and not atoms, atoms)

    def _methodcaller(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        name = call.positional[0] if call.positional else NOTHING
        if name.carries or not call.positional:
            if call.carries:
                self._hit(node, thing.key, "walk", "looks an attribute up by a computed name")
            return NOT_KNOWN
        held = call.carries
        atoms = [one(Atom(CALLER, text=text.text, held=held)) for text in name.of(TEXT)]
        return join(*atoms) if atoms else NOT_KNOWN

    def _attrgetter(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        if call.carries:
            self._hit(node, thing.key, "walk", "looks an attribute up by a computed name")
            return NOT_KNOWN
        names = [name.of(TEXT) for name in call.positional]
        if not all(names) or call.unpacked.atoms:
            return NOT_KNOWN
        found = [one(Atom(GETTER, text=text.text)) for texts in names for text in texts]
        return join(*found)


def _is_within_package(call: ast.Call | None) -> bool:
    """Tell whether what is imported is, whatever the text says, a part of one part of a package.

    ``import_module(f"pendulum.locales.{name}.locale")`` (pendulum 3.3.0, locales/locale.py).
    """
    name = call.args[0] if call is not None and call.args else None
    first = name.values[0] if isinstance(name, ast.JoinedStr) and name.values else None
    text = first.value if isinstance(first, ast.Constant) else None
    if not isinstance(text, str) or not text.endswith("."):
        return False
    package, *parts = text[:-1].split(".")
    return package not in sys.stdlib_module_names and bool(parts) and all([package, *parts])


SPECIAL: dict[str, Callable[[Lookups, ast.AST, Thing, Call], Value]] = {
    "builtins:getattr": Lookups._getattr,
    "builtins:setattr": Lookups._setattr,
    "builtins:delattr": Lookups._setattr,
    "builtins:type": Lookups._type,
    "builtins:vars": Lookups._vars,
    "builtins:globals": Lookups._globals,
    "builtins:locals": Lookups._locals_call,
    "builtins:__import__": Lookups._import_call,
    "importlib:import_module": Lookups._import_call,
    "functools:partial": Lookups._partial,
    "_functools:partial": Lookups._partial,
    "operator:methodcaller": Lookups._methodcaller,
    "_operator:methodcaller": Lookups._methodcaller,
    "operator:attrgetter": Lookups._attrgetter,
    "_operator:attrgetter": Lookups._attrgetter,
}
