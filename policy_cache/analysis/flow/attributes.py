"""What an attribute of a value is: looked up on its class, its object, or a module."""

from __future__ import annotations

import ast

from policy_cache.analysis.flow.arguments import call_of
from policy_cache.analysis.flow.definitions import decorator_texts
from policy_cache.analysis.flow.following import Following
from policy_cache.analysis.flow.objects import may_act, with_state
from policy_cache.analysis.flow.tables import (
    CALLABLE,
    FUNCTION,
    NATIVE,
    PLAIN_METHODS,
    PROPERTIES,
    STATE,
)
from policy_cache.analysis.sinks import gives_library
from policy_cache.analysis.values import (
    BOUND,
    CALLER,
    COMPUTED,
    DATA,
    GETTER,
    GLOBAL,
    INSTANCE,
    MADE,
    NAMESPACE,
    NESTED,
    NOT_KNOWN,
    NOTHING,
    PARAMETER,
    RESULT,
    SELF,
    SUPER,
    TEXT,
    UNKNOWN,
    Atom,
    Value,
    join,
    one,
)
from policy_cache.source.hierarchy import lineage, member
from policy_cache.source.resolve import Thing, candidates

_OF_ANY = ("__getattribute__", "__setattr__", "__delattr__", "__reduce__", "__reduce_ex__")
"""Methods that every object has from ``object``: a state with such keys is refused."""


class Attributes(Following):
    """A walk that knows what attributes are."""

    def _get(self, node: ast.AST, holder: Value, name: str) -> Value:
        """Return attribute `name` of a value, running properties."""
        self._looks_up(holder, name)
        found = [DATA] if holder.tainted else []
        for atom in holder.atoms:
            found.append(self._get_of(node, atom, name))
        objects = holder.of(INSTANCE)
        if objects and name not in PLAIN_METHODS:  # callables were put into an object
            acting = (a for a in holder.atoms if may_act(a) and a.kind != COMPUTED)
            found.append(Value(False, frozenset(acting)))
        if len(holder.atoms) == 1:  # one of several may be what the object holds, or is held by
            found += [self._ask_for(node, a, a.thing, name) for a in objects]
        return join(*found)

    def _get_of(self, node: ast.AST, atom: Atom, name: str) -> Value:
        kind, thing = atom.kind, atom.thing
        if kind == SELF:
            return self._own_attribute(node, name)
        if kind == PARAMETER:
            if name == "__class__" or atom.held:
                return DATA if atom.held else NOT_KNOWN
            return NOT_KNOWN
        if kind == INSTANCE and thing is not None:
            return self._instance_attribute(node, atom, thing, name)
        if kind == GLOBAL and thing is not None:
            return self.statics.attribute_of(thing, name)
        if kind == SUPER:
            return self._inherited(name)
        if kind == RESULT:
            return self._get(node, self._forced(node, atom), name)
        if kind in (BOUND, NESTED, MADE, CALLER, GETTER, TEXT):
            return DATA if atom.held else NOTHING
        if kind == NAMESPACE:
            return one(atom) if name in ("get", "pop", "__getitem__", "setdefault") else NOTHING
        if kind == COMPUTED:
            return DATA
        return NOT_KNOWN

    def _own_attribute(self, node: ast.AST, name: str) -> Value:
        if name == "__class__":
            return one(Atom(GLOBAL, self.owner)) if self.owner is not None else DATA
        if name == "__dict__":
            return one(Atom(NAMESPACE), STATE in self.tokens)
        self.reading.add(f"self.{name}")
        if name in _OF_ANY and self.owner is not None and member(self.owner, name) is None:
            return one(Atom(GLOBAL, Thing("external", "builtins", f"object.{name}")))
        stored = self.env.get(f"self.{name}", NOTHING)
        tainted = f"self.{name}" in self.tokens
        everything = STATE in self.tokens
        found = self.statics.members(self.owner, name) if self.owner is not None else []
        if not found:
            known = stored
            if self.owner is not None and not any(
                given == f"self.{name}" for given, _ in self.given
            ):
                known = join(stored, self.statics.assigned(self.owner, name))
            known = join(known, self._ask_for(node, Atom(SELF), self.owner, name))
            if tainted or everything:
                return Value(True, frozenset(with_state(known.atoms)))
            return known
        values = [stored]
        for base, thing in found:
            values.append(self._member(node, Atom(SELF), self.owner, base, thing, everything))
        return Value(tainted or join(*values).tainted, join(*values).atoms)

    def _member(
        self,
        node: ast.AST,
        atom: Atom,
        cls: Thing | None,
        base: Thing,
        thing: Thing,
        everything: bool,
    ) -> Value:
        """Return what a class's attribute is on an instance, whose state may hide plain data."""
        if thing.kind == "function":
            assert isinstance(thing.node, FUNCTION)
            decorators = decorator_texts(thing.node)
            if decorators & PROPERTIES or any(d.endswith("property") for d in decorators):
                call = call_of(node)
                return self._follow(thing, cls, call, bound=True, held=self._held(atom))
            if any(d.endswith((".setter", ".deleter")) for d in decorators):
                return NOTHING
            return one(Atom(BOUND, thing, cls, "self" if atom.kind == SELF else "", atom.held))
        if thing.kind != "value":
            return one(Atom(GLOBAL, thing))
        value = self.statics.of(thing, base)
        if not value.of(*CALLABLE, UNKNOWN):
            return DATA if everything else value
        bound = [
            Atom(BOUND, a.thing, cls, "self" if atom.kind == SELF else "", atom.held)
            if a.kind == GLOBAL and a.thing is not None and a.thing.kind == "function"
            else a
            for a in value.atoms
        ]
        values = Value(everything and bool(value.of(UNKNOWN, INSTANCE)), frozenset(bound))
        for instance in value.of(INSTANCE):
            values = join(values, self._run_implicit(node, one(instance), ("__get__",), DATA))
        return values

    def _instance_attribute(self, node: ast.AST, atom: Atom, cls: Thing, name: str) -> Value:
        if name == "__class__":
            return one(Atom(GLOBAL, cls))
        if name == "__dict__":
            return DATA if atom.held else NOTHING
        found = self.statics.members(cls, name)
        if not found and gives_library(cls.key):
            return one(Atom(GLOBAL, NATIVE))
        if not found:
            known = self.statics.assigned(cls, name)
            return Value(True, frozenset(with_state(known.atoms))) if atom.held else known
        return join(*[self._member(node, atom, cls, b, thing, atom.held) for b, thing in found])

    def _ask_for(self, node: ast.AST, atom: Atom, cls: Thing | None, name: str) -> Value:
        """Return what ``__getattr__`` gives for an attribute that no method assigns to."""
        found = member(cls, "__getattr__") if cls is not None else None
        if found is None or found[1].kind != "function" or cls is None:
            return NOTHING
        if name.startswith("__") or self.statics.is_assigned(cls, name) or member(cls, name):
            return NOTHING
        call = call_of(node, one(Atom(TEXT, text=name)))
        return self._follow(found[1], cls, call, bound=True, held=self._held(atom))

    def _inherited(self, name: str) -> Value:
        """Return ``super().name``."""
        if self.owner is None or self.defining is None:
            return NOT_KNOWN
        mro = lineage(self.owner).mro
        keys = [base.key for base in mro]
        for base in mro[keys.index(self.defining.key) + 1 :]:
            found = candidates(base, name) if base.kind == "class" else []
            if found:
                values = [
                    self._member(self.node or base.node, Atom(SELF), self.owner, base, t, False)  # type: ignore[arg-type]
                    for t in found
                ]
                return join(*values)
        if name in ("__setattr__", "__new__", "__delattr__"):
            return one(Atom(GLOBAL, Thing("external", "builtins", f"object.{name}"), text="super"))
        external = [b for b in mro[keys.index(self.defining.key) + 1 :] if b.kind == "external"]
        base = external[0] if external else Thing("external", "builtins", "object")
        return one(Atom(GLOBAL, Thing("external", base.module, f"{base.name}.{name}")))

    def _item_of_namespace(self, node: ast.AST, atom: Atom, index: Value) -> Value:
        texts = index.of(TEXT)
        if atom.thing is None:  # of self
            values = [self._own_attribute(node, text.text) for text in texts]
            tokens = any(token.startswith("self.") for token in self.tokens)
            return join(*values, DATA if tokens and not texts else NOTHING)
        if index.carries:
            self._hit_walk(node, "globals")
        found = [self.statics.attribute_of(atom.thing, text.text) for text in texts]
        return join(*found) if found else NOT_KNOWN
