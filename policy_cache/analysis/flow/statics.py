"""What the names of modules and classes stand for, whatever function is being walked."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from policy_cache.analysis.flow.definitions import owned_by_stdlib, shape
from policy_cache.analysis.values import (
    BOUND,
    CALLER,
    GETTER,
    GLOBAL,
    INSTANCE,
    MADE,
    NAMESPACE,
    NOT_KNOWN,
    NOTHING,
    PARTIAL,
    RESULT,
    UNKNOWN,
    Atom,
    Value,
    join,
    one,
)
from policy_cache.source.hierarchy import lineage
from policy_cache.source.locate import locate
from policy_cache.source.resolve import Thing, candidates, named, resolve
from policy_cache.source.skeleton import functions, matches, may_hold
from policy_cache.source.syntax import absolute, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policy_cache.source.syntax import Source

_ASSIGNS = re.compile(rb"self[\s\\]*\.[\s\\]*(\w+)[\s\\)]*(?:=(?!=)|:(?!=))")
"""An assignment to an attribute, or what may look like one."""


class Statics:
    """The values of global names, of attributes of classes and modules, and what is known of them.

    Parameters
    ----------
    evaluate : callable
        Gives the value of an expression in the body of a module or class.
    """

    def __init__(self, evaluate: Callable[[ast.expr, Source, Thing | None], Value]) -> None:
        self.evaluate = evaluate
        self._values: dict[tuple[str, int], Value] = {}
        self._evaluating: set[tuple[str, int]] = set()
        """Names whose values are being found: what is told of other names meanwhile may be
        incomplete."""
        self._members: dict[tuple[str, int, str], list[tuple[Thing, Thing]]] = {}
        self._assigned: dict[tuple[str, str], Value] = {}
        self._setters: dict[str, dict[str, list[ast.AST]]] = {}
        """For each class the functions in it that assign to an attribute of the object."""
        self._globals: dict[tuple[str, str], Value] = {}
        self._attributes: dict[tuple[str, int, str], Value] = {}

    def forget(self) -> None:
        """Drop every value."""
        self._values.clear()
        self._evaluating.clear()
        self._members.clear()
        self._assigned.clear()
        self._setters.clear()
        self._globals.clear()
        self._attributes.clear()

    def named(self, source: Source, name: str) -> Value:
        """Return the value of a name at the level of a module."""
        key = (source.module.name, name)
        known = self._globals.get(key)
        if known is None:
            things = named(source, name)
            known = join(*map(self.value_of, things)) if things else NOT_KNOWN
            if not self._evaluating:
                self._globals[key] = known
        return known

    def value_of(self, thing: Thing) -> Value:
        """Return the value of a global, looking through assignments."""
        if _is_never_bound(thing):
            return NOTHING
        if thing.kind == "value":
            return join(one(Atom(GLOBAL, thing)), self.of(thing, None))
        return one(Atom(GLOBAL, thing))

    def attribute_of(self, thing: Thing, name: str) -> Value:
        """Return attribute `name` of a module, a class or another global."""
        key = (thing.key, thing.line, name)
        known = self._attributes.get(key)
        if known is None:
            known = self._find_attribute(thing, name)
            if not self._evaluating:
                self._attributes[key] = known
        return known

    def _find_attribute(self, thing: Thing, name: str) -> Value:
        if name == "__dict__" and thing.kind in ("module", "class"):
            return one(Atom(NAMESPACE, thing))
        if thing.kind == "class":
            found = self.members(thing, name)
            if found:
                values = []
                for base, member_thing in found:
                    value = member_thing.kind == "value"
                    values.append(
                        self.of(member_thing, base) if value else one(Atom(GLOBAL, member_thing))
                    )
                return join(*values)
            return one(Atom(GLOBAL, Thing("external", thing.module, f"{thing.name}.{name}")))
        if thing.kind == "value":
            return NOTHING if _is_none_at_first(thing) else NOT_KNOWN
        if thing.kind == "function":
            return one(Atom(GLOBAL, thing))  # of what holds it: a partial's, an object's
        if thing.kind == "external" and thing.name.count(".") > 1:
            return one(Atom(GLOBAL, thing))  # compiled all the same, however far the names go on
        found_things = candidates(thing, name)
        if found_things:
            return join(*[self.value_of(found) for found in found_things])
        if thing.kind == "module":
            return one(Atom(GLOBAL, Thing("external", thing.module, name)))
        return NOTHING

    def of(self, thing: Thing, scope: Thing | None) -> Value:
        """Return what a name that is assigned to may stand for."""
        key = (thing.key, thing.line)
        known = self._values.get(key)
        if known is not None:
            return known
        if thing.source is None or not isinstance(thing.node, ast.expr):
            self._values[key] = NOT_KNOWN
            return NOT_KNOWN
        self._values[key] = NOTHING  # what is made of itself
        self._evaluating.add(key)
        if scope is None and "." in thing.name:
            outer = resolve(thing.module, thing.name.rpartition(".")[0])
            scope = outer if outer is not None and outer.kind == "class" else None
        if scope is not None and scope.module != thing.module:
            scope = None
        known = self.evaluate(thing.node, thing.source, scope)
        if _is_none(thing.node):
            made = _rebound(thing)
            values = [self._made(node, thing.source, within) for node, within in made or ()]
            known = NOT_KNOWN if made is None else join(*values)
        self._values[key] = known
        self._evaluating.discard(key)
        return known

    def members(self, cls: Thing, name: str) -> list[tuple[Thing, Thing]]:
        """Return every definition of an attribute of a class, with the class it is of."""
        key = (cls.key, cls.line, name)
        known = self._members.get(key)
        if known is None:
            known = self._members[key] = _look_up(cls, name)
        return known

    def assigned(self, cls: Thing, name: str) -> Value:
        """Return what the methods of a class assign to an attribute, as far as that can be told.

        Only calls of classes and globals are looked at: they tell whose methods are called on it.
        """
        values = []
        for base in lineage(cls).mro:
            if base.kind != "class" or not isinstance(base.node, ast.ClassDef):
                continue
            key = (base.where, name)
            known = self._assigned.get(key)
            if known is None:
                known = self._assigned[key] = self._assigned_in(base, name)
            values.append(known)
        return join(*values) if any(v.atoms for v in values) else NOT_KNOWN

    def is_assigned(self, cls: Thing, name: str) -> bool:
        """Tell whether a method of a class may assign to an attribute."""
        return any(
            name in self._setters_of(base)
            for base in lineage(cls).mro
            if isinstance(base.node, ast.ClassDef)
        )

    def _setters_of(self, cls: Thing) -> dict[str, list[ast.AST]]:
        assert isinstance(cls.node, ast.ClassDef)
        known = self._setters.get(cls.where)
        if known is None:
            known = self._setters[cls.where] = _setters_in(cls.node)
        return known

    def _assigned_in(self, cls: Thing, name: str) -> Value:
        if owned_by_stdlib(cls):
            return NOTHING
        values = [
            self._made(value, cls.source)
            for function in self._setters_of(cls).get(name, ())
            for attribute, value in assignments(function)
            if attribute == name
        ]
        return join(*values)

    def _made(self, node: ast.expr, source: Source | None, within: ast.AST | None = None) -> Value:
        """Return the value of an expression in a function, if that does not rest on local names.

        Of local names those count as well that the function `within` has imported.
        """
        if isinstance(node, (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Compare, ast.Set)):
            return NOTHING if not getattr(node, "elts", getattr(node, "keys", ())) else NOT_KNOWN
        func = node.func if isinstance(node, ast.Call) else node
        root = func
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or source is None:
            return NOT_KNOWN
        imported = _imported(within, source).get(root.id) if within is not None else None
        things = [imported] if imported is not None else named(source, root.id)
        if not things or not isinstance(func, (ast.Name, ast.Attribute)):
            return NOT_KNOWN
        value = (
            self.evaluate(func, source, None) if imported is None else self._part_of(imported, func)
        )
        if not isinstance(node, ast.Call):
            return value
        atoms = [
            Atom(INSTANCE, atom.thing)
            if atom.thing is not None and atom.thing.kind == "class"
            else Atom(UNKNOWN)
            for atom in value.atoms
        ]
        return Value(False, frozenset(atoms))

    def _part_of(self, thing: Thing, node: ast.expr) -> Value:
        """Return what an expression stands for that begins with the name of a thing."""
        if not isinstance(node, ast.Attribute):
            return self.value_of(thing)
        holder = self._part_of(thing, node.value)
        found = [self.attribute_of(a.thing, node.attr) for a in holder.of(GLOBAL) if a.thing]
        return join(*found) if found else NOT_KNOWN

    def callables(self, thing: Thing, cls: Thing | None) -> tuple[list[Thing], bool]:
        """Return the functions that a class attribute may be, and whether it may be anything else.

        For ``__hash__ = make_hash()`` and the like; None and other plain data are not callable.
        """
        value = self.of(thing, cls)
        functions = [
            a.thing
            for a in value.of(GLOBAL, BOUND)
            if a.thing is not None and a.thing.kind == "function"
        ]
        return functions, bool(value.of(UNKNOWN, RESULT, MADE, INSTANCE, PARTIAL, CALLER, GETTER))


def _look_up(cls: Thing, name: str) -> list[tuple[Thing, Thing]]:
    for base in lineage(cls).mro:
        if base.kind != "class":
            continue
        found = candidates(base, name)
        if found:
            return [(base, thing) for thing in found]
    return []


def _is_never_bound(thing: Thing, left: int = 3) -> bool:
    """Tell whether a global would be part of a module that is not installed.

    ``normalize = gmpy.normalize`` never is, where gmpy is None but for an import that fails.
    """
    root, source = thing.node, thing.source
    while isinstance(root, ast.Attribute):
        root = root.value
    if thing.kind != "value" or not isinstance(root, ast.Name) or source is None or not left:
        return False
    holders = named(source, root.id)
    imported = [b for b in source.scope.names.get(root.id, ()) if b.kind in ("import", "from")]
    missing = any(locate(binding.module) is None for binding in imported)
    return bool(holders or missing) and all(
        _stays_none(holder) or _is_missing(holder) or _is_never_bound(holder, left - 1)
        for holder in holders
    )


def _is_missing(thing: Thing) -> bool:
    return thing.kind == "module" and locate(thing.module) is None


def _stays_none(thing: Thing) -> bool:
    """Tell whether a binding is to None, and no function of the module gives the name another."""
    source = thing.source
    if not _is_none(thing.node) or source is None:
        return False
    return "." not in thing.name and _declared(thing.name).search(source.text) is None


def _is_none(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_none_at_first(thing: Thing) -> bool:
    """Tell whether a private global is None until functions of its module make it an object.

    It is what they assign to it, and nothing else.
    """
    return thing.name.startswith("_") and _is_none(thing.node) and bool(_rebound(thing))


def _declared(name: str) -> re.Pattern[bytes]:
    """Return a pattern of ``global`` statements with a name."""
    quoted = re.escape(name.encode())
    return re.compile(rb"global\b[^\n;#]*(?:\\\n[^\n;#]*)*\b" + quoted + rb"\b")


def _rebound(thing: Thing) -> list[tuple[ast.expr, ast.AST]] | None:
    """Return what functions assign to a global of their module, None if they do it otherwise.

    With the function that does, whose imports the expression may rest on.
    """
    source, name = thing.source, thing.name
    declared = _declared(name)
    if source is None or "." in name or declared.search(source.text) is None:
        return []
    found: list[tuple[ast.expr, ast.AST]] = []
    stored = 0
    for function in functions(source.tree):
        if not may_hold(function, declared):
            continue
        if not any(isinstance(n, ast.Global) and name in n.names for n in nodes(function)):
            continue
        stored += sum(_binds(node, name) for node in nodes(function))
        local = shape(function).local - _imported(function, source).keys()
        for node in nodes(function):
            if isinstance(node, ast.Assign) and _root(node.value) not in local:
                targets = [t for t in node.targets if isinstance(t, ast.Name) and t.id == name]
                found += [(node.value, function) for _ in targets]
    return found if len(found) == stored else None


def _imported(function: ast.AST, source: Source) -> dict[str, Thing]:
    """Return what the local names of a function stand for that one import in it binds."""
    found: dict[str, Thing | None] = {}
    for node in nodes(function):
        for name, thing in _bound_by_import(node, source):
            found[name] = thing if found.get(name, thing) == thing else None
    for node in nodes(function) if found else ():
        if isinstance(node, ast.arg):
            found.pop(node.arg, None)
        elif not isinstance(node, (ast.Import, ast.ImportFrom, ast.alias)):
            for name in [name for name in found if _binds(node, name)]:
                del found[name]
    return {name: thing for name, thing in found.items() if thing is not None}


def _bound_by_import(node: ast.AST, source: Source) -> Iterator[tuple[str, Thing]]:
    """Yield the names that an import statement binds, and what they stand for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            module = alias.name if alias.asname else top
            yield alias.asname or top, Thing("module", module)
    elif isinstance(node, ast.ImportFrom):
        origin = absolute(source.module, node.module, node.level)
        for alias in node.names:
            thing = resolve(origin, alias.name) or Thing("external", origin, alias.name)
            yield alias.asname or alias.name, thing


def _root(node: ast.expr) -> str:
    """Return the name that what is called or looked up begins with."""
    part = node.func if isinstance(node, ast.Call) else node
    while isinstance(part, ast.Attribute):
        part = part.value
    return part.id if isinstance(part, ast.Name) else ""


def _binds(node: ast.AST, name: str) -> bool:
    """Tell whether a node binds a name."""
    if isinstance(node, ast.Name):
        return node.id == name and type(node.ctx) is ast.Store
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any((a.asname or a.name.partition(".")[0]) == name for a in node.names)
    return getattr(node, "name", "") == name


def _setters_in(cls: ast.ClassDef) -> dict[str, list[ast.AST]]:
    """Return the functions in a class by the attributes that they may assign to."""
    found: dict[str, list[ast.AST]] = {}
    for function in functions(cls):
        mentioned = matches(function, _ASSIGNS)
        if mentioned is None:
            names = {name for name, _ in assignments(function)}
        else:
            names = {name.decode() for name in mentioned}
        for name in names:
            found.setdefault(name, []).append(function)
    return found


def assignments(function: ast.AST | None) -> list[tuple[str, ast.expr]]:
    """Return what a function assigns to attributes of ``self``."""
    found: list[tuple[str, ast.expr]] = []
    for node in nodes(function) if function is not None else ():
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        found += [
            (target.attr, node.value)
            for target in targets
            if isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id == "self"
            and node.value is not None
        ]
    return found
