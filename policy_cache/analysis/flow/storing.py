"""What is stored, and where it stays: names, attributes, items, globals."""

from __future__ import annotations

import ast

from policy_cache.analysis.flow.arguments import call_of
from policy_cache.analysis.flow.attributes import Attributes
from policy_cache.analysis.flow.definitions import decorator_texts
from policy_cache.analysis.flow.objects import is_shared, may_act, outlives, with_state
from policy_cache.analysis.flow.tables import CALLABLE, FUNCTION, STATE
from policy_cache.analysis.sinks import KEPT, is_showing
from policy_cache.analysis.values import (
    DATA,
    GLOBAL,
    INSTANCE,
    NAMESPACE,
    NOTHING,
    PARAMETER,
    SELF,
    TEXT,
    Atom,
    Value,
    join,
    one,
    put_in,
)
from policy_cache.source.hierarchy import member
from policy_cache.source.locate import locate
from policy_cache.source.resolve import Thing, named


class Storing(Attributes):
    """A walk that keeps what is stored."""

    def _store(self, target: ast.expr, value: Value, source: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            if target.id in self.shape.declared:
                self._store_global(target, target.id, value)
            else:
                self._bind(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, source)
        elif isinstance(target, ast.Starred):
            self._store(target.value, value, None)
        elif isinstance(target, ast.Attribute):
            self._store_attribute(target, self.eval(target.value), target.attr, value)
            if target.attr == "__class__" and isinstance(target.value, ast.Name):
                self._become(target.value.id, value)
            else:
                self._keep(target.value, value)
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, source: ast.expr | None) -> None:
        parts = source.elts if isinstance(source, (ast.Tuple, ast.List)) else []
        paired = len(parts) == len(target.elts)
        starred = any(isinstance(p, ast.Starred) for p in [*parts, *target.elts])
        for index, element in enumerate(target.elts):
            if paired and not starred:
                self._store(element, self.eval(parts[index]), parts[index])
            else:
                self._store(element, self._iterate(target, value), None)

    def _store_global(self, node: ast.AST, name: str, value: Value) -> None:
        what = f"{self.source.module.name}:{name}"
        if value.carries:
            self._hit(node, what, "effect", "changes a global variable")
        else:
            self._show_kept(node, what)

    def _show_kept(self, node: ast.AST, what: str) -> None:
        """Tell of what is set for the whole process, for whoever asks what a call comes to."""
        if is_showing():
            self._hit(node, what, KEPT, "sets it for the whole process")

    def _become(self, name: str, classes: Value) -> None:
        """Let what a name stands for be an object of other classes: ``x.__class__ = C``."""
        held = self.env.get(name, NOTHING).carries
        made = [Atom(INSTANCE, a.thing, held=held) for a in classes.of(GLOBAL) if not a.text]
        self._bind(name, Value(classes.tainted, frozenset(made)))

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        holder = self.eval(target.value)
        index = self.eval(target.slice)
        for atom in holder.of(NAMESPACE):
            self._store_in_namespace(target, atom, index, value)
        both = join(value, index)
        self._run_implicit(target, holder, ("__setitem__",), index, value)
        if both.carries:
            for atom in holder.of(GLOBAL):
                if atom.thing is not None:
                    self._change(target, atom.thing)
        if isinstance(target.value, ast.Name) and self._is_global(target.value.id):
            self._change_global(target, target.value.id, both)
        self._keep(target.value, both)

    def _store_in_namespace(self, node: ast.AST, atom: Atom, index: Value, value: Value) -> None:
        if atom.thing is not None:
            if value.carries or index.carries:
                self._hit(node, atom.thing.key, "effect", "changes a global variable")
            return
        if not value.carries:
            return
        texts = index.of(TEXT)
        self.tokens |= {f"self.{text.text}" for text in texts}
        if index.carries or not texts:
            self.tokens.add(STATE)

    def _store_attribute(self, node: ast.AST, holder: Value, name: str, value: Value) -> None:
        """Handle ``holder.name = value``: a property, a setter, or plain data."""
        foreign = holder.tainted or any(a.kind == PARAMETER and a.held for a in holder.atoms)
        if foreign and name == "__doc__":
            self._looks_up(DATA, "__setattr__")  # a text that nobody acts on; how it is set may act
        elif foreign and not self._is_instance(node):
            self._hit_set(node, f"setting {name} of what the file gives")
        for atom in holder.atoms:
            if atom.kind == SELF:
                if name == "__dict__":
                    if value.carries:
                        self.tokens.add(STATE)
                    continue
                self._keep_attribute(name, value)
                self._run_setter(node, atom, self.owner, name, value)
            elif atom.kind == INSTANCE:
                self._run_setter(node, atom, atom.thing, name, value)
                if value.carries:
                    self._end(node, one(atom))
            elif outlives(atom) and value.carries:
                assert atom.thing is not None
                self._hit(node, f"{atom.thing.key}.{name}", "effect", "changes a global variable")
            elif atom.kind == GLOBAL and atom.thing is not None:
                self._show_kept(node, atom.thing.key)

    def _is_instance(self, node: ast.AST) -> bool:
        """Tell whether an attribute is set on the object of a nested class's own method."""
        holder = node.value if isinstance(node, ast.Attribute) else None
        return isinstance(holder, ast.Name) and holder.id in self.instances

    def _run_setter(
        self, node: ast.AST, atom: Atom, cls: Thing | None, name: str, value: Value
    ) -> None:
        """Follow the setter of a property or descriptor, and ``__setattr__`` of other objects.

        That of the object itself is judged with its class: it would be walked for each attribute.
        """
        if cls is None:
            return
        call = call_of(node, value)
        for base, thing in self.statics.members(cls, name):
            if thing.kind == "function" and isinstance(thing.node, FUNCTION):
                if f"{name}.setter" in decorator_texts(thing.node):
                    self._follow(thing, cls, call, bound=True, held=self._held(atom))
            elif thing.kind == "value":  # a descriptor
                for instance in self.statics.of(thing, base).of(INSTANCE):
                    self._run_implicit(node, one(instance), ("__set__",), NOTHING, value)
        found = member(cls, "__setattr__") if atom.kind != SELF else None
        if found is not None and found[1].kind == "function":
            given = call_of(node, one(Atom(TEXT, text=name)), value)
            self._follow(found[1], cls, given, bound=True, held=self._held(atom))

    def _change_global(self, node: ast.AST, name: str, value: Value) -> None:
        """Handle a change of a container that outlives the call."""
        if not value.carries:
            return
        for thing in named(self.source, name):
            self._change(node, thing)
        self._doubt(node, f"keeps data in the global {name}")

    def _change(self, node: ast.AST, thing: Thing) -> None:
        """Handle a change of what may belong to the whole process, ``sys.path`` for one."""
        located = locate(thing.module)
        if located is not None and is_shared(thing, located):
            self._hit(node, thing.key, "effect", "it belongs to the whole process and is changed")

    def _keep(self, holder: ast.expr, value: Value) -> None:
        """Let an object hold what is put into it."""
        if isinstance(holder, ast.Name):
            if holder.id == self.self_name:
                return
            self.reading.add(holder.id)
            if holder.id in self.env:
                self._keep_in(holder.id, value)
        elif isinstance(holder, ast.Attribute):
            if isinstance(holder.value, ast.Name) and holder.value.id == self.self_name:
                if holder.attr == "__dict__":
                    if value.carries:
                        self.tokens.add(STATE)
                else:
                    self._keep_attribute(holder.attr, put_in(value))
            else:
                self._keep(holder.value, put_in(value))
        elif isinstance(holder, ast.Subscript):
            self._keep(holder.value, put_in(value))
        elif isinstance(holder, ast.Call):
            if ast.unparse(holder) == f"vars({self.self_name})" and value.carries:
                self.tokens.add(STATE)
            elif isinstance(holder.func, ast.Attribute):
                self._keep(holder.func.value, value)

    def _keep_in(self, name: str, value: Value) -> None:
        """Let what a local name stands for hold a value; an object of a known class stays one."""
        known = self.env[name]
        self._put_into(name, known, put_in(value))
        if self.env[name] != known:
            self._change_seen(name)

    def _put_into(self, name: str, known: Value, value: Value) -> None:
        objects = known.of(INSTANCE)
        if objects and not known.tainted:
            if value.carries:
                self._bind(name, Value(False, frozenset(with_state(objects))))
            self._bind(name, Value(False, frozenset(a for a in value.atoms if may_act(a))))
        else:
            # What is in something that the file gave counts as given by the file already.
            is_given = known.atoms and all(a.kind == PARAMETER and a.held for a in known.atoms)
            tainted = value.carries and (known.tainted or not is_given)
            self._bind(name, Value(tainted, value.only(*CALLABLE).atoms))

    def _keep_attribute(self, name: str, value: Value) -> None:
        if value.carries:
            self.tokens.add(f"self.{name}")
        self._bind(f"self.{name}", Value(False, value.atoms))
