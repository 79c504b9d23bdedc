"""The way into another function: what is handed over, and what its summary says here."""

from __future__ import annotations

import ast

from policy_cache.analysis.flow.arguments import Call, call_of
from policy_cache.analysis.flow.definitions import (
    binds,
    class_of,
    decorator_texts,
    is_followed,
    methods_looked_up,
    parameters,
)
from policy_cache.analysis.flow.frame import Frame, asked
from policy_cache.analysis.flow.objects import opens, wholes, with_state
from policy_cache.analysis.flow.summary import Given, Summary, by_holder
from policy_cache.analysis.flow.tables import (
    CALLABLE,
    FUNCTION,
    OPENERS,
    PASSED,
    POINTERS,
    PROTOCOL,
    RARE,
    STATE,
)
from policy_cache.analysis.sinks import is_showing, sink
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
    NOT_KNOWN,
    NOTHING,
    PARAMETER,
    RESULT,
    SELF,
    TEXT,
    UNKNOWN,
    Atom,
    Value,
    join,
    one,
    taken_out,
)
from policy_cache.source.hierarchy import member
from policy_cache.source.resolve import Thing

_MOST_GIVEN = 4
"""Callables handed to one parameter are followed one by one up to here, then all at once."""


class Following(Frame):
    """A walk that goes on in the functions it comes to."""

    def _follow(
        self, thing: Thing, owner: Thing | None, call: Call, bound: bool, held: bool
    ) -> Value:
        """Follow a call; `held` tells whether the object's attributes hold data of the file."""
        found = sink(thing.key)
        if found is not None or not is_followed(thing):
            if found is not None and (call.carries or held):
                self._hit(call.node, thing.key, found.category, found.why)
            if call.carries or held:
                self._looks_up(DATA, *methods_looked_up(thing))
            return Value(call.carries or held)
        assert isinstance(thing.node, FUNCTION)
        bound = binds(thing, bound)
        on_self = False
        tokens: set[str] = set()
        if bound and held and owner is not None:
            same = self.owner is not None and owner.key == self.owner.key
            tokens = {t for t in self.tokens if t.startswith("self.")} if same else set()
            tokens = tokens or {STATE}
        elif not bound and call.positional and owner is not None:
            on_self = bool(call.positional[0].of(SELF))
            if on_self and "staticmethod" not in decorator_texts(thing.node):
                _, call = call.without_first()
                bound, owner = True, self.owner
                tokens = {t for t in self.tokens if t.startswith("self.")}
            elif call.positional[0].carries:
                tokens = {STATE}
        passed = self._passed(thing, call, bound)
        tainted = {name for name, value in passed.items() if value.carries}
        given = frozenset(self._given(passed))
        if not tainted and not tokens and not given:
            if is_showing() and not self.depth:
                self._merge(call.node, self._below(thing, owner, frozenset(), frozenset()))
            return one(Atom(RESULT, thing, owner))
        below = self._below(thing, owner, frozenset(tainted | tokens), given)
        self._merge(call.node, below, passed)
        self._translate(thing, call, passed, below)
        if bound or on_self:
            self._take_back(owner, below)
        return self._result(below, passed, bool(tainted or tokens))

    def _below(
        self, thing: Thing, owner: Thing | None, tainted: frozenset[str], given: Given
    ) -> Summary:
        return self.question.summarize(thing, owner, tainted, given, self.depth + 1, self.question)

    def _merge(self, node: ast.AST, below: Summary, passed: dict[str, Value] | None = None) -> None:
        at = self._at(node)
        for hit in below.hits:
            self._note(hit._replace(chain=(at, *hit.chain)))
        self._doubts(below.unproven)
        self.files |= below.files
        for holder, names in by_holder(below.methods):
            if holder and passed:
                self.methods |= asked(passed.get(holder, DATA), names)
            else:
                self.methods.update(f".{name}" for name in names)

    def _translate(
        self, thing: Thing, call: Call, passed: dict[str, Value], below: Summary
    ) -> None:
        """Carry "calls its parameter" one call outwards, to the expression that was passed."""
        for called, kept in ((below.calls, self.calls), (below.constructs, self.constructs)):
            for name in called:
                value = passed.get(name, NOTHING)
                kept |= {atom.text for atom in value.of(PARAMETER)}
                if value.tainted:
                    self._hit_call(call.node, f"parameter {name} of {thing.key}")
                if len(value.of(*PASSED)) > _MOST_GIVEN:
                    self._call_with_anything(call.node, value)
                self._call_results(call, value)
        for where, atom in below.wraps:
            handed = passed.get(atom.text, NOTHING) if atom.kind == PARAMETER else one(atom)
            self._hand_wrapped(where, handed)

    def _call_results(self, call: Call, called: Value) -> None:
        """Call what calls have given, where it is handed to a function that calls it with more.

        What a call gives is looked into only here: most of what is handed on is never called.
        """
        if not call.carries:
            return
        results = [atom for atom in called.of(RESULT) if atom not in self.handed]
        self.handed.update(results)
        for atom in results:
            given = self._forced(call.node, atom)
            known = frozenset(a for a in given.atoms if a.kind != UNKNOWN and not opens(a))
            self._invoke(call.node, Value(False, known), Call(call.node, [], {}, DATA, 0))
        self.handed.difference_update(results)

    def _hand_wrapped(self, where: str, value: Value) -> None:
        """Note what the function that a decorator is put around is handed, beside data."""
        atoms = value.of(PARAMETER, *PASSED)
        self.wraps |= {(where, atom) for atom in atoms if atom.kind != NESTED}

    def _take_back(self, owner: Thing | None, below: Summary) -> None:
        """Keep what a method left in the attributes of the object."""
        same = self.owner is not None and owner is not None and owner.key == self.owner.key
        if same and self.self_name:
            self.tokens |= below.kept
        self.leaves = self.leaves or bool(below.kept)

    def _given(self, passed: dict[str, Value]) -> list[tuple[str, Atom]]:
        found: list[tuple[str, Atom]] = []
        for name, value in passed.items():
            atoms = []
            for atom in value.of(SELF, *PASSED):
                if atom.kind == SELF:
                    atoms.append(Atom(INSTANCE, self.owner, held=self._held(atom)))
                elif atom.kind == NESTED:
                    continue  # its body is part of this walk already
                elif atom.kind != GLOBAL or (
                    atom.thing is not None and atom.thing.kind not in ("value",)
                ):
                    atoms.append(atom)
            if len(atoms) > _MOST_GIVEN:
                atoms = [Atom(UNKNOWN)]
            found += [(name, atom) for atom in atoms]
        return found

    def _passed(self, thing: Thing, call: Call, bound: bool) -> dict[str, Value]:
        """Return what each parameter of the function that is called may be given."""
        assert isinstance(thing.node, FUNCTION)
        arguments = thing.node.args
        positional = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
        if bound:
            positional = positional[1:]
        passed: dict[str, Value] = dict(zip(positional, call.positional, strict=False))
        rest = call.positional[len(positional) :]
        named = {*positional, *(a.arg for a in arguments.kwonlyargs)}
        for key, value in call.named.items():
            if key in named:
                passed[key] = join(passed.get(key, NOTHING), value)
        unpacked = call.unpacked
        if unpacked.tainted or unpacked.atoms:
            items = self._iterate(call.node, unpacked)
            for name in positional if call.by_position else named:
                if name not in passed:
                    passed[name] = items
        if arguments.vararg is not None:
            passed[arguments.vararg.arg] = join(*rest, unpacked)
        if arguments.kwarg is not None:
            extra = [value for key, value in call.named.items() if key not in named]
            passed[arguments.kwarg.arg] = join(*extra, unpacked)
        return passed

    def _result(self, below: Summary, passed: dict[str, Value], carries: bool) -> Value:
        """Return what a call gives, as it reads here."""
        values = [Value(below.returns.tainted or (carries and bool(below.unproven)))]
        for atom in below.returns.atoms:
            if atom.kind == PARAMETER:
                values.append(passed.get(atom.text, NOTHING))
            elif atom.kind == SELF:
                values.append(Value(carries))
            else:
                values.append(one(atom))
        return join(*values)

    def _iterate(self, node: ast.AST, value: Value) -> Value:
        """Return the items of a value."""
        names = ("__iter__", "__next__", "__aiter__", "__anext__")
        given = self._run_implicit(node, value, names)
        self._looks_up(value, "__getitem__")  # of an object without an iterator
        value = self._as_data(value)
        kept = frozenset(a for a in value.atoms if a.kind not in (SELF, PARAMETER))
        items = taken_out(Value(value.carries, kept))
        if value.of(PARAMETER) and not value.carries:
            items = join(items, NOT_KNOWN)
        return join(items, given)

    def _run_implicit(
        self,
        node: ast.AST,
        value: Value,
        names: tuple[str, ...],
        *given: Value,
        call: Call | None = None,
    ) -> Value:
        """Run special methods of objects of known classes."""
        self._looks_up(value, *names)
        if not value.atoms:
            return NOTHING
        results: list[Value] = []
        for atom in value.of(INSTANCE, SELF):
            cls = self.owner if atom.kind == SELF else atom.thing
            if cls is None:
                continue
            results += [
                self._run_special(node, atom, cls, name, call or call_of(node, *given))
                for name in names
            ]
        return join(*results)

    def _end(self, node: ast.AST, value: Value) -> None:
        """Follow the finalizers of objects that hold data of the file: they run when those go."""
        for atom in value.of(INSTANCE):
            if atom.thing is not None and member(atom.thing, "__del__") is not None:
                self._run_implicit(node, one(with_state([atom])[0]), ("__del__",))

    def _run_special(self, node: ast.AST, atom: Atom, cls: Thing, name: str, call: Call) -> Value:
        results: list[Value] = []
        for base, thing in self.statics.members(cls, name):
            if thing.kind == "value":
                callee = Value(False, self.statics.of(thing, base).atoms)
                if callee.of(*CALLABLE) and name != "__hash__":
                    given = call._replace(positional=[one(atom), *call.positional])
                    results.append(self._invoke(node, callee, given))
            elif thing.kind == "function":
                results.append(self._follow(thing, cls, call, True, self._held(atom)))
        if name == "__call__" and not results and call.carries:
            self._doubt(node, f"calls an object of {cls.key}")
        return join(*results)

    def _forced(self, node: ast.AST, atom: Atom, left: int = 3) -> Value:
        """Return what a call without data of the file gives."""
        assert atom.thing is not None
        below = self._below(atom.thing, atom.owner, frozenset(), frozenset())
        self.files |= below.files
        atoms = frozenset(_seen_outside(a, atom.owner) for a in below.returns.atoms)
        found = Value(False, frozenset(a for a in atoms if a.kind != RESULT))
        deeper = Value(False, atoms).of(RESULT)
        if left <= 0:
            return join(found, NOT_KNOWN) if deeper else found
        return join(found, *(self._forced(node, a, left - 1) for a in deeper))

    def _invoke_made(self, node: ast.AST, atom: Atom, call: Call) -> Value:
        """Call a function that another one made: its parameters count as the file's there."""
        assert atom.thing is not None
        below = self._below(atom.thing, atom.owner, frozenset(), frozenset())
        self.files |= below.files
        given = Value(False, frozenset(_seen_outside(a, atom.owner) for a in below.inner.atoms))
        if not call.carries and not atom.held:
            return given
        self._merge(node, below)
        return join(DATA, given)

    def _hand_over(self, node: ast.AST, call: Call) -> None:
        """Follow what is handed to code that may call it with the rest: threads, finalizers."""
        if not call.carries:
            return
        values = call.values
        self._hand_over_sinks(node, call)
        for index, value in enumerate(values):
            others = any(v.carries for i, v in enumerate(values) if i != index)
            if others or value.carries:
                self._call_with_anything(node, value)

    def _hand_over_sinks(self, node: ast.AST, call: Call) -> None:
        """Handle a sink that is handed to code which may call it with the rest.

        An ``open`` counts where a text beside it may be a mode of writing.
        """
        values = [wholes(value) for value in call.values] if call.carries else []
        for index, value in enumerate(values):
            others = [v for i, v in enumerate(values) if i != index]
            if not value.of(GLOBAL) or not any(v.carries for v in others):
                continue
            writes = any(set(a.text) & set("wax") for v in others for a in v.of(TEXT))
            for atom in value.of(GLOBAL):
                if atom.thing is None or atom.thing.key in POINTERS:
                    continue
                found = sink(atom.thing.key)
                if found is not None and (writes or found.name not in OPENERS):
                    self._hit(node, atom.thing.key, found.category, found.why)

    def _call_with_anything(self, node: ast.AST, value: Value) -> None:
        """Follow callables that code without source is handed along with data of the file."""
        value = wholes(value)
        for atom in value.of(GLOBAL, BOUND, RESULT, MADE):
            thing = atom.thing
            if thing is None or thing.kind not in ("function", "class"):
                continue
            if atom.kind in (RESULT, MADE) or thing.kind == "class":
                if atom.kind == MADE:
                    self._invoke_made(node, atom, call_of(node, DATA))
                continue
            if is_followed(thing):
                everything = frozenset(parameters(thing, atom.kind == BOUND))
                owner = atom.owner or class_of(thing)
                self._merge(node, self._below(thing, owner, everything, frozenset()))
        for atom in value.of(CALLER, GETTER):
            self._invoke(node, one(atom), call_of(node, DATA))
        for atom in value.of(INSTANCE, SELF):
            if self._held(atom) and atom not in self.handed:
                self.handed.add(atom)  # one of the methods may hand it over again
                own = atom.kind == SELF and self.owner == self.question.owner
                self._run_implicit(node, one(atom), RARE if own else PROTOCOL)
                self.handed.discard(atom)

    def _call_back(self, node: ast.AST, called: Value, call: Call, carries: bool) -> None:
        for atom in called.of(PARAMETER):
            self.calls.add(atom.text)
        if called.tainted:
            self._hit_call(node, "a value taken from the arguments")
        if called.of(COMPUTED):
            self._hit_walk(node, "getattr")
        if carries or call.carries:
            known = frozenset(a for a in called.atoms if a.kind != PARAMETER and not opens(a))
            rest = [value for value in call.values if value is not called]
            plain = not call.named and not call.unpacked.carries
            given = Call(node, [], {}, join(DATA, *rest), 0, by_position=plain)
            self._invoke(node, Value(False, known), given)
            objects = join(*call.values).only(INSTANCE)
            for getter in called.of(GETTER):
                self._invoke(node, one(getter), call_of(node, objects))


def _seen_outside(atom: Atom, owner: Thing | None) -> Atom:
    """Return what a call without data gives, as whoever calls it sees it."""
    if atom.kind == SELF and owner is not None:
        return Atom(INSTANCE, owner)
    return atom if atom.kind not in (PARAMETER, SELF) else Atom(UNKNOWN)
