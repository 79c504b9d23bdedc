"""A call: what is called, what it is handed, and what comes of it."""

from __future__ import annotations

import ast
import re

from policy_cache.analysis.flow.arguments import Call, call_of
from policy_cache.analysis.flow.definitions import (
    captures,
    class_of,
    is_followed,
    methods_looked_up,
    opens_for_writing,
    owned_by_stdlib,
    shift,
    text_of,
)
from policy_cache.analysis.flow.lookups import SPECIAL, Lookups
from policy_cache.analysis.flow.objects import (
    is_data_class,
    items_of,
    may_act,
    modules_named,
    opens,
    whole,
)
from policy_cache.analysis.flow.tables import (
    ASKED,
    BY_CODE,
    CALLABLE,
    CALLERS,
    CALLS_BACK,
    FORMATTERS,
    HARMLESS_RESULTS,
    MANY,
    MUTATORS,
    NAMESPACES,
    NATIVE,
    ONLY_LOOK,
    OPENERS,
    PLAIN_METHODS,
    POINTERS,
    READERS,
    REFERENCES,
    STATE,
    TEXT_MAKERS,
    TEXTS,
)
from policy_cache.analysis.sinks import gives_library, is_showing, method_sink, sink
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
    PARTIAL,
    RESULT,
    SELF,
    SUPER,
    UNKNOWN,
    WRAPPED,
    Atom,
    Value,
    join,
    one,
)
from policy_cache.source.hierarchy import OBJECT, lineage, member
from policy_cache.source.resolve import Thing

_CLASS_HOOKS = {
    "builtins:isinstance": "__instancecheck__",
    "builtins:issubclass": "__subclasscheck__",
}
_FIELDS = re.compile(r"\{([^{}!:]*)")
_ATTRIBUTES = re.compile(r"\.([A-Za-z_]\w*)")
"""Attributes that replacement fields of a format look up."""


class Calls(Lookups):
    """A walk that follows calls."""

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            receiver = self.eval(node.func.value)
            call = self._arguments(node)
            return self._call_method(node, node.func, receiver, call)
        callee = self.eval(node.func)
        call = self._arguments(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return one(Atom(SUPER))
        return self._invoke(node, callee, call)

    def _arguments(self, node: ast.Call) -> Call:
        positional: list[Value] = []
        unpacked: list[Value] = []
        starred_at = -1
        for argument in node.args:
            value = self.eval(argument)
            if isinstance(argument, ast.Starred):
                starred_at = len(positional) if starred_at < 0 else starred_at
                unpacked.append(value)
            elif starred_at >= 0:
                unpacked.append(value)
            else:
                positional.append(value)
        named: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.eval(keyword.value)
            if keyword.arg is None:
                self._looks_up(value, "keys")
                unpacked.append(value)
            else:
                named[keyword.arg] = value
        count = len(positional)
        return Call(node, positional, named, join(*unpacked), count, node)

    def _call_method(
        self, node: ast.Call, func: ast.Attribute, receiver: Value, call: Call
    ) -> Value:
        name = func.attr
        given = join(*call.values)
        if name == "update":
            self._looks_up(join(*call.positional), "keys")
        if name in MUTATORS:
            for atom in receiver.of(GLOBAL) if given.carries else ():
                if atom.thing is not None:
                    self._change(node, atom.thing)
            is_object = bool(receiver.of(INSTANCE, NAMESPACE))
            holder: ast.expr = func.value
            if is_data_class(receiver) and node.args:  # ``list.append(self, item)``
                holder, is_object = node.args[0], True
            if isinstance(holder, ast.Name) and self._is_global(holder.id) and not is_object:
                self._change_global(node, holder.id, given)
            self._keep(holder, given)
        for atom in receiver.of(NAMESPACE):
            self._call_namespace(node, atom, name, call)
        if name == "__new__":
            return self._new(node, receiver, call)
        if name in FORMATTERS:
            self._format(node, func.value, receiver, call)
        callee = self._get(func, receiver, name)
        plain = self._call_unknown_method(node, name, receiver, call)
        if call.carries and name not in PLAIN_METHODS and self._is_dark(node, receiver):
            self._doubt(node, f"calls {ast.unparse(func)}")
        # A method that is known to be the class's own is followed; what else the receiver may
        # be is told by its name alone.
        known = Value(False, frozenset(a for a in callee.atoms if a.kind != UNKNOWN))
        is_own = callee.tainted and (receiver.of(SELF) or self._is_plain(receiver))
        if is_own and not plain.of(UNKNOWN):
            self._hit_call(node, f"attribute {name} of the state")
        if name == "send" and call.carries:
            for atom in receiver.of(RESULT):  # what ``yield`` gives in a generator
                assert atom.thing is not None
                sent = frozenset(["yield"])
                self._merge(node, self._below(atom.thing, atom.owner, sent, frozenset()))
        self.leaves = False
        given = self._invoke(node, known, call) if known.atoms else NOTHING
        if name in READERS and call.positional:
            given = join(given, modules_named(receiver, call.positional[0]))
        if name in READERS or name == "keys":
            given = join(given, Value(self._as_data(receiver).tainted))
        if self.leaves and receiver.of(INSTANCE) and isinstance(func.value, ast.Name):
            self._keep(func.value, DATA)
            self._end(node, receiver)
        return join(plain.only(*CALLABLE), Value(plain.tainted), given)

    def _is_dark(self, node: ast.AST, receiver: Value) -> bool:
        """Tell whether a receiver is what a call gives of which nobody knows what it is."""
        return any(self._forced(node, atom).of(UNKNOWN) for atom in receiver.of(RESULT))

    def _is_plain(self, receiver: Value) -> bool:
        """Tell whether a value is an object without methods that are not known."""
        classes = [atom.thing for atom in receiver.of(INSTANCE) if atom.thing is not None]
        bases = [base for cls in classes for base in lineage(cls).mro]
        external = [
            b for b in bases if b.kind == "external" and b != OBJECT and b.key not in NAMESPACES
        ]
        known = not external and not any(lineage(cls).unknown for cls in classes)
        return bool(classes) and known and not receiver.tainted

    def _call_unknown_method(self, node: ast.Call, name: str, receiver: Value, call: Call) -> Value:
        """Handle a method of what is not known to be an object of some class."""
        known = (INSTANCE, SELF, SUPER, GLOBAL, NAMESPACE)
        rest = Value(receiver.tainted, frozenset(a for a in receiver.atoms if a.kind not in known))
        items = items_of(receiver) if name in READERS else NOTHING
        self._hand_over_sinks(node, call)
        if receiver.atoms and not rest.tainted and not rest.atoms:
            return Value(False, items.atoms)
        carries = rest.carries or call.carries
        if name not in PLAIN_METHODS:
            self._looks_up(join(*call.values), *BY_CODE)
        if name == "open" and rest.carries and opens_for_writing(shift(node)):
            self._hit(node, ".open()", "write", "opens a file for writing")
            return DATA
        found = method_sink(name)
        if found is not None and carries:
            self._hit(node, f".{found.name}()", found.category, found.why)
            return DATA
        followed = not rest.of(UNKNOWN, PARAMETER) or rest.carries or not call.carries
        if not followed and name not in PLAIN_METHODS:
            self._doubt(node, f"calls {ast.unparse(node.func)}")
        if name == "sort" and "key" in call.named:
            self._call_back(node, call.named["key"], call, rest.carries)
        kept = join(rest.only(*CALLABLE), items)
        given_atoms = frozenset(a for a in join(*call.values).atoms if may_act(a))
        return Value(carries, kept.atoms | given_atoms)

    def _format(self, node: ast.Call, text: ast.expr, receiver: Value, call: Call) -> None:
        """Handle ``text.format(...)``: what is in the arguments, and named in the text, is shown.

        A format names attributes and items (``"{0.x}"``; the library reference, "Format String
        Syntax").
        """
        self._run_implicit(node, join(*call.values), TEXTS)
        if receiver.carries and call.carries and node.func.attr.startswith("format"):  # type: ignore[attr-defined]
            self._doubt(node, "formats by a text of the file")
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            for field in _FIELDS.findall(text.value):
                for name in _ATTRIBUTES.findall(field):
                    self._get(node, join(*call.values), name)

    def _call_namespace(self, node: ast.AST, atom: Atom, name: str, call: Call) -> None:
        if name not in ("update", "setdefault", "__setitem__", "pop", "popitem", "clear"):
            return
        given = join(*call.values)
        if atom.thing is not None:
            if given.carries:
                self._hit(node, atom.thing.key, "effect", "changes a global variable")
        elif given.carries and name in MUTATORS:
            keywords = not call.positional and not call.unpacked.carries
            tokens = {f"self.{key}" for key, v in call.named.items() if v.carries}
            self.tokens |= tokens if keywords else {STATE}

    def _new(self, node: ast.Call, receiver: Value, call: Call) -> Value:
        """Handle ``cls.__new__(cls)``, ``object.__new__(cls)`` and ``super().__new__(cls)``."""
        first, rest = call.without_first()
        made: list[Value] = []
        held = rest.carries and not self._is_empty_handed(receiver)
        for atom in receiver.atoms:
            cls = atom.thing
            if atom.kind == SUPER:
                cls = None
                found = self._inherited("__new__")
                for bound in found.of(BOUND):
                    assert bound.thing is not None
                    made.append(self._follow(bound.thing, self.owner, rest, True, False))
            if atom.kind == GLOBAL and cls is not None:
                for _, method in self.statics.members(cls, "__new__"):
                    if method.kind == "function":
                        made.append(self._follow(method, cls, rest, True, False))
        for value in (receiver, first):
            for atom in value.of(PARAMETER):
                self.constructs.add(atom.text)
            if value.tainted:
                self._hit_call(node, "the class of an object that the file gives")
            for atom in value.of(GLOBAL):
                if atom.thing is not None and atom.thing.kind == "class":
                    made.append(one(Atom(INSTANCE, atom.thing, held=held)))
        return join(*made) if made else Value(call.carries)

    def _is_empty_handed(self, receiver: Value) -> bool:
        """Tell whether a ``__new__`` is that of ``object``, which keeps nothing of its arguments.

        It takes none but the class, or ignores them (CPython Objects/typeobject.c, object_new).
        """
        if receiver.tainted or not receiver.atoms:
            return False
        for atom in receiver.atoms:
            if atom.kind == SUPER:
                if self.owner is None or self.defining is None:
                    return False
                mro = lineage(self.owner).mro
                rest = mro[[base.key for base in mro].index(self.defining.key) + 1 :]
                if lineage(self.owner).unknown or any(member(base, "__new__") for base in rest):
                    return False
                if any(base.kind != "class" and base != OBJECT for base in rest):
                    return False
            elif atom.kind != GLOBAL or atom.thing is None or atom.thing.key != "builtins:object":
                return False
        return True

    def _invoke(self, node: ast.AST, callee: Value, call: Call) -> Value:
        """Call a value."""
        results: list[Value] = []
        if not callee.tainted and not callee.atoms:  # what a builtin made: a class of tuples
            return Value(call.carries)
        if callee.tainted:
            self._hit_call(node, "a value taken from the arguments")
            results.append(DATA)
        for atom in sorted(callee.atoms, key=lambda atom: atom.key):
            results.append(self._invoke_atom(node, atom, call))
        return join(*results)

    def _invoke_atom(self, node: ast.AST, atom: Atom, call: Call) -> Value:
        kind, thing = atom.kind, atom.thing
        data = Value(call.carries)
        if kind == PARAMETER:
            self.calls.add(atom.text)
            return Value(call.carries or atom.held, NOT_KNOWN.atoms)
        if kind == GLOBAL and thing is not None:
            return self._enter(node, thing, call, atom.text == "super")
        if kind == BOUND and thing is not None:
            if atom.text == "self" and atom.owner is not None:
                return self._follow(thing, atom.owner, call, True, self._held(Atom(SELF)))
            return self._follow(thing, atom.owner, call, True, atom.held)
        if kind == INSTANCE:
            return self._run_implicit(node, one(atom), ("__call__",), call=call)
        if kind == SELF:
            return self._run_implicit(node, one(atom), ("__call__",), call=call)
        if kind == NESTED:
            known = self.node is not None and not captures(self.node, int(atom.text))
            given = data if known or not self.tokens else DATA
            return join(self.returned.get(int(atom.text), NOTHING), given)
        if kind == MADE:
            return self._invoke_made(node, atom, call)
        if kind == RESULT:
            return self._invoke(node, self._forced(node, atom), call)
        if kind == CALLER:
            first, rest = call.without_first()
            if atom.held:
                rest = rest._replace(positional=[DATA, *rest.positional], opens=None)
            got = self._get(node, first, atom.text)
            found = method_sink(atom.text)
            if found is not None and (call.carries or atom.held):
                self._hit(node, f".{found.name}()", found.category, found.why)
            return join(Value(call.carries), self._invoke(node, Value(False, got.atoms), rest))
        if kind == GETTER:
            got, _ = call.without_first()
            for name in atom.text.split("."):
                got = self._get(node, got, name)
            return got
        if kind == COMPUTED:
            self._hit_walk(node, "getattr")
            return DATA
        if kind == PARTIAL:  # whatever it has already, none of these is known to come first
            given = join(*call.positional, call.unpacked)
            return self._invoke_atom(node, whole(atom), Call(node, [], call.named, given, 0))
        if kind == WRAPPED:
            for index, value in enumerate(call.positional):
                self._hand_wrapped(str(index), value)
            for name, value in call.named.items():
                self._hand_wrapped(name, value)
        if kind == UNKNOWN and call.carries:
            self._doubt(node, f"calls {text_of(node)}")
            return join(DATA, NOT_KNOWN)
        return NOT_KNOWN if kind == UNKNOWN else data

    def _enter(self, node: ast.AST, thing: Thing, call: Call, on_self: bool = False) -> Value:
        """Follow a call to what `thing` is."""
        if thing.key in ASKED:
            asked = join(*call.values)
            self._looks_up(asked, *ASKED[thing.key])
            self._run_implicit(node, asked.only(INSTANCE), ASKED[thing.key], DATA)
        special = SPECIAL.get(thing.key)
        if special is not None:
            return special(self, node, thing, call)
        if thing.name in ("object.__setattr__", "object.__delattr__"):
            return self._object_setattr(node, call, on_self)
        found = sink(thing.key)
        if found is not None:
            if any(value.of(SELF) for value in call.values):
                given = [self._as_data(value) for value in call.positional]
                call = call._replace(positional=given)
            if call.carries:
                self._looks_up(DATA, *methods_looked_up(thing))
            if self._acts(found.name, call):
                self._hit(node, thing.key, found.category, found.why)
            elif is_showing() and call.carries and found.name in OPENERS:
                self._hit(node, thing.key, "read", "reads files")
            elif gives_library(thing.key):
                return one(Atom(GLOBAL, NATIVE))
            elif thing.kind == "class" and thing.key not in POINTERS:
                return one(Atom(GLOBAL, thing))  # its methods may get data yet
            return Value(call.carries)
        if thing.kind == "class":
            return self._construct(node, thing, call)
        if not is_followed(thing) or thing.kind != "function":
            return self._enter_opaque(node, thing, call)
        owner = class_of(thing)
        return self._follow(thing, owner, call, bound=False, held=False)

    def _enter_opaque(self, node: ast.AST, thing: Thing, call: Call) -> Value:
        """Call what has no source here, or is not looked into: what it is given may be called."""
        if thing.key in NAMESPACES:
            kept = frozenset(a for a in join(*call.values).atoms if may_act(a))
            return Value(False, kept | {Atom(INSTANCE, thing, held=call.carries)})
        if thing.kind == "value":
            # Where its expression is a known object, that is among the callees as well.
            if call.carries and not self.statics.of(thing, None).of(*CALLABLE):
                self._doubt(node, f"calls the value {thing.key}")
            return Value(call.carries)
        if thing.kind == "module":
            return NOTHING
        if thing.key in ONLY_LOOK:
            self._ask_class(node, thing, call)
            return NOTHING
        self._looks_up(join(*call.values), *BY_CODE)
        if thing.key in HARMLESS_RESULTS:
            self._call_with_anything(node, join(*call.values).only(INSTANCE, SELF))
            return NOTHING
        if thing.key not in REFERENCES or len(call.positional) > 1:
            self._hand_over(node, call)
        if thing.key in TEXT_MAKERS:
            self._run_implicit(node, join(*call.values), TEXTS)
        if call.carries:
            self._looks_up(DATA, *methods_looked_up(thing))
        called = self._called_back(thing, call)
        if called is not None and thing.key in MANY:
            for atom in filter(opens, called.atoms if call.carries else ()):
                assert atom.thing is not None
                self._hit(node, atom.thing.key, "write", "is called with more than a path")
        if called is not None:
            self._call_back(node, called, call, False)
        return Value(call.carries, frozenset(a for a in join(*call.values).atoms if may_act(a)))

    def _ask_class(self, node: ast.AST, thing: Thing, call: Call) -> None:
        """Follow what the class of a class does in ``isinstance`` and ``issubclass``."""
        hook = _CLASS_HOOKS.get(thing.key)
        if hook is None or len(call.positional) != 2:
            return
        asked, classes = call.positional
        for atom in classes.of(GLOBAL):
            line = lineage(atom.thing) if atom.thing is not None else None
            for metaclass in line.metaclasses if line is not None else ():
                found = member(metaclass, hook) if metaclass.kind == "class" else None
                if found is not None and found[1].kind == "function":
                    self._follow(found[1], metaclass, call_of(node, asked), True, False)

    def _called_back(self, thing: Thing, call: Call) -> Value | None:
        """Return the argument that a builtin is known to call, as ``map`` its first."""
        if thing.key in CALLS_BACK:
            position, name = CALLS_BACK[thing.key]
            found = [call.named[name]] if name in call.named else []
            found += call.positional[position : position + 1] if position >= 0 else []
            return join(*found, call.unpacked)
        if thing.key in CALLERS:
            return call.positional[0] if call.positional else call.unpacked
        return None

    def _acts(self, name: str, call: Call) -> bool:
        if name in OPENERS:
            opens = call.opens
            return call.carries and (opens is None or opens_for_writing(opens))
        return call.carries

    def _construct(self, node: ast.AST, cls: Thing, call: Call) -> Value:
        held = call.carries
        kept = frozenset(a for a in join(*call.values).atoms if may_act(a))
        made = Value(False, kept | {Atom(INSTANCE, cls, held=held)})
        if owned_by_stdlib(cls):
            self._looks_up(join(*call.values), *BY_CODE)
            self._hand_over(node, call)
            called = self._called_back(cls, call)
            if called is not None:
                self._call_back(node, called, call, False)
            return Value(held, kept)
        if not held and not any(v.of(*CALLABLE) for v in call.values):
            return made
        for name in ("__new__", "__init__", "__post_init__"):
            found = member(cls, name)
            if found is None or found[1].kind != "function":
                continue
            if name == "__post_init__":
                call = call_of(node)
            key = sink(found[1].key)
            if key is not None and held:
                self._hit(node, found[1].key, key.category, key.why)
                continue
            given = self._follow(
                found[1], cls, call, bound=True, held=held and name == "__post_init__"
            )
            if name == "__new__":
                made = join(made, Value(False, given.atoms))
        for metaclass in lineage(cls).metaclasses:
            found = member(metaclass, "__call__") if metaclass.kind == "class" else None
            if found is not None and found[1].kind == "function" and is_followed(found[1]):
                self._follow(found[1], metaclass, call, bound=True, held=False)
        self._end(node, made)
        return made
