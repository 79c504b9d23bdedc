"""A name in a module to the definition it stands for, through re-exports, aliases and stars."""

from __future__ import annotations

import ast
import sys

from policy_cache.source.locate import locate
from policy_cache.source.syntax import Binding, Source, class_scope, nodes, source

_DEEPEST = 40
"""Re-exports nest a few levels deep; a longer chain is a cycle."""


class Thing:
    """What a name stands for.

    Attributes
    ----------
    kind : str
        ``class``, ``function``, ``value`` (an expression), ``module``, or ``external`` (a name
        in a builtin or extension module, where there is no syntax tree to look into).
    module : str
        Module that defines it (for ``module``: the module itself).
    name : str
        Qualified name in that module.
    source : Source or None
    node : ast.AST or None
        The definition, or the expression of a value.
    key : str
        Canonical identity, ``module:qualname``.
    line : int
        Where its definition stands, 0 without one.
    """

    __slots__ = ("key", "kind", "line", "module", "name", "node", "source")

    def __init__(
        self,
        kind: str,
        module: str,
        name: str = "",
        source: Source | None = None,
        node: ast.AST | None = None,
    ) -> None:
        self.kind, self.module, self.name = kind, module, name
        self.source, self.node = source, node
        self.key = f"{module}:{name}"
        self.line: int = getattr(node, "lineno", 0)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Thing):
            return NotImplemented
        return self.kind == other.kind and self.key == other.key and self.node is other.node

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Thing({self.kind!r}, {self.module!r}, {self.name!r}, line {self.line})"

    @property
    def where(self) -> str:
        """File and line, for evidence."""
        file = (self.source.module.file if self.source else "") or self.module
        return f"{file}:{self.line or 1}"


_resolved: dict[tuple[str, str], Thing | None] = {}
_attributes: dict[tuple[str, str], Thing] = {}
_candidates: dict[tuple[str, int, str], list[Thing]] = {}
_named: dict[tuple[str, str], list[Thing]] = {}
_lazy_tables: dict[str, dict[str, list[tuple[str, str]]]] = {}


def forget() -> None:
    """Drop every resolved name."""
    _resolved.clear()
    _attributes.clear()
    _candidates.clear()
    _named.clear()
    _lazy_tables.clear()


def resolve(module: str, qualname: str) -> Thing | None:
    """Resolve a possibly dotted name of `module`.

    Returns
    -------
    Thing or None
        None if static analysis finds no such name.
    """
    key = (module, qualname)
    if key not in _resolved:
        _resolved[key] = None  # what asks for itself while being resolved is a cycle
        _resolved[key] = _resolve(module, qualname, 0)
    return _resolved[key]


def _resolve(module: str, qualname: str, depth: int) -> Thing | None:
    if locate(module) is None:
        return None
    thing: Thing | None = Thing("module", module)
    for part in qualname.split("."):
        if thing is None:
            return None
        thing = attribute(thing, part, depth)
    return thing


def attribute(thing: Thing, name: str, depth: int = 0) -> Thing | None:
    """Resolve attribute `name` of a module or class (its own body only, not its bases)."""
    if depth > _DEEPEST:
        return None
    if thing.kind == "module":
        return _module_attribute(thing.module, name, depth + 1)
    if thing.kind == "class" and thing.source and isinstance(thing.node, ast.ClassDef):
        bindings = class_scope(thing.source, thing.node).names.get(name, [])
        return _first(bindings, thing.source, f"{thing.name}.{name}", depth)
    if thing.kind == "external":
        return Thing("external", thing.module, f"{thing.name}.{name}")
    return None


def candidates(thing: Thing, name: str) -> list[Thing]:
    """Return every definition that attribute `name` of a module or class may have.

    A name is bound several times under ``if``/``else`` and ``try``/``except``, and by a property
    and its setter; which binding holds is known only at run time.
    """
    key = (thing.key, thing.line, name)
    known = _candidates.get(key)
    if known is None:
        known = _candidates[key] = _every(thing, name)
    return known


def _every(thing: Thing, name: str) -> list[Thing]:
    bindings: list[Binding] = []
    src = thing.source
    qualname = name
    if thing.kind == "module":
        src = source(thing.module)
        bindings = src.scope.names.get(name, []) if src is not None else []
    elif thing.kind == "class" and src is not None and isinstance(thing.node, ast.ClassDef):
        bindings = class_scope(src, thing.node).names.get(name, [])
        qualname = f"{thing.name}.{name}"
    if len(bindings) > 1 and src is not None:
        followed = [_follow(binding, src, qualname, 1) for binding in bindings]
        found = {(t.key, id(t.node)): t for t in followed if t is not None}
        if found:
            return list(found.values())
    only = attribute(thing, name)
    return [only] if only is not None else []


def named(src: Source, name: str) -> list[Thing]:
    """Return every definition that a name may have at the level of a module."""
    key = (src.module.name, name)
    known = _named.get(key)
    if known is None:
        known = candidates(Thing("module", src.module.name), name)
        builtin = None if known else _builtin(name)
        _named[key] = known = known if builtin is None else [builtin]
    return known


def _module_attribute(module: str, name: str, depth: int) -> Thing | None:
    known = _attributes.get((module, name))
    if known is None:
        known = _find_module_attribute(module, name, depth)
        if known is not None:  # None may be the depth's doing
            _attributes[module, name] = known
    return known


def _find_module_attribute(module: str, name: str, depth: int) -> Thing | None:
    found = locate(module)
    if found is None or depth > _DEEPEST:
        return None
    if found.kind == "builtin" and found.name in sys.modules:
        # Compiled into the interpreter: nothing runs when it is asked for its names.
        known = name in vars(sys.modules[found.name])
        return Thing("external", found.name, name) if known else None
    if found.kind in ("builtin", "extension"):
        return Thing("external", found.name, name)
    src = source(module)
    if src is not None:
        thing = _first(src.scope.names.get(name, []), src, name, depth)
        if thing is None or thing.kind == "module":
            # ``from . import x`` next to ``from .x import *``: the class replaces the module.
            starred = _through_stars(src, name, depth)
            if thing is None or (starred is not None and starred.kind != "external"):
                thing = starred or thing
            thing = thing or _lazily(src, name, depth)
        if thing is not None:
            return thing
    if found.package and locate(f"{found.name}.{name}") is not None:
        return Thing("module", f"{found.name}.{name}")
    return None


def _first(bindings: list[Binding], src: Source, qualname: str, depth: int) -> Thing | None:
    """Return the last binding that leads somewhere (of ``try``/``except`` imports, the first)."""
    weak: Thing | None = None
    for binding in reversed(bindings):
        thing = _follow(binding, src, qualname, depth + 1)
        if thing is not None and thing.kind != "value":
            return thing
        weak = weak or thing
    return weak


def _follow(binding: Binding, src: Source, qualname: str, depth: int) -> Thing | None:
    if depth > _DEEPEST:
        return None
    if binding.kind in ("class", "function"):
        return Thing(binding.kind, src.module.name, qualname, src, binding.node)
    if binding.kind == "import":
        return Thing("module", binding.module) if locate(binding.module) else None
    if binding.kind == "from":
        if locate(binding.module) is None:
            return None
        if binding.module == src.module.name and binding.name == qualname:
            return _submodule(binding.module, binding.name)
        return _module_attribute(binding.module, binding.name, depth)
    return _follow_value(binding.node, src, qualname, depth)


def _submodule(package: str, name: str) -> Thing | None:
    found = locate(f"{package}.{name}")
    return Thing("module", f"{package}.{name}") if found else None


def _follow_value(node: ast.AST | None, src: Source, qualname: str, depth: int) -> Thing | None:
    """Follow ``X = Y`` and ``X = a.b.Y``; any other expression is a value of this module."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        thing = expression(node, src, depth)
        if thing is not None and thing.key != f"{src.module.name}:{qualname}":
            return thing
    return Thing("value", src.module.name, qualname, src, node)


def expression(node: ast.expr, src: Source, depth: int = 0) -> Thing | None:
    """Resolve a dotted expression as it reads at the level of its module."""
    if depth > _DEEPEST:
        return None
    if isinstance(node, ast.Name):
        thing = _module_attribute(src.module.name, node.id, depth + 1)
        return thing or _builtin(node.id)
    if isinstance(node, ast.Attribute):
        owner = expression(node.value, src, depth + 1)
        return attribute(owner, node.attr, depth + 1) if owner else None
    if isinstance(node, ast.Subscript):  # Generic[T], a parametrized base
        return expression(node.value, src, depth + 1)
    return None


def _builtin(name: str) -> Thing | None:
    import builtins

    return Thing("external", "builtins", name) if hasattr(builtins, name) else None


def _through_stars(src: Source, name: str, depth: int) -> Thing | None:
    """Resolve a name through ``from x import *``; what has source is surer than a compiled module.

    Without running it nobody knows which names an extension module has.
    """
    compiled: Thing | None = None
    for origin in reversed(src.scope.stars):
        if origin == src.module.name or not _exported(origin, name):
            continue
        thing = _module_attribute(origin, name, depth + 1)
        if thing is not None and thing.kind != "external":
            return thing
        compiled = compiled or thing
    return compiled


def _exported(module: str, name: str) -> bool:
    """Tell whether ``from module import *`` may bind `name`."""
    if not name.startswith("_"):
        return True
    src = source(module)
    return src is not None and f'"{name}"'.encode() in src.text.replace(b"'", b'"')


def _lazily(src: Source, name: str, depth: int) -> Thing | None:
    """Resolve a name that a module-level ``__getattr__`` (PEP 562) serves from a literal table.

    Libraries write ``{"submodule": ["Name", ...]}`` (lazy_loader, transformers),
    ``{"Name": "package.submodule"}`` or ``{"Name": ("package.submodule", "Name")}``.
    """
    file = src.module.file
    if file not in _lazy_tables:
        _lazy_tables[file] = _lazy_table(src)
    for submodule, target in _lazy_tables[file].get(name, ()):
        thing = _lazy_target(src, submodule, target, depth)
        if thing is not None:
            return thing
    for module in _lazy_modules(src):
        thing = _module_attribute(module, name, depth + 1) if locate(module) is not None else None
        if thing is not None:
            return thing
    return None


def _lazy_modules(src: Source) -> list[str]:
    """Return the modules that ``__getattr__`` imports by a literal name, to look a name up there.

    ``return getattr(importlib.import_module("ultralytics.models"), name)`` (ultralytics 8.4.190),
    ``import numpy._core.defchararray as char`` and ``getattr(char, name)`` (numpy 2.5, char).
    """
    found = [b.node for b in src.scope.names.get("__getattr__", ()) if b.kind == "function"]
    inside = [n for function in found if function for n in nodes(function)]
    calls = [n for n in inside if type(n) is ast.Call]
    aliases = [a for n in inside if type(n) is ast.Import for a in n.names if a.asname]
    asked = {
        call.args[0].id
        for call in calls
        if ast.unparse(call.func) == "getattr" and call.args and isinstance(call.args[0], ast.Name)
    }
    imported = [alias.name for alias in aliases if alias.asname in asked]
    return imported + [
        call.args[0].value
        for call in calls
        if ast.unparse(call.func).rpartition(".")[2] == "import_module"
        and len(call.args) == 1
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and not call.args[0].value.startswith(".")
    ]


def _lazy_table(src: Source) -> dict[str, list[tuple[str, str]]]:
    """Return name to (submodule, name there), from every dictionary display of the module."""
    table: dict[str, list[tuple[str, str]]] = {}
    replaces_itself = b"sys.modules" in src.text and b"lazy" in src.text.lower()
    if "__getattr__" not in src.scope.names and not replaces_itself:
        return table
    for node in ast.walk(src.tree):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                continue
            constants = [n.value for n in ast.walk(value) if isinstance(n, ast.Constant)]
            strings = [text for text in constants if isinstance(text, str)]
            if strings:
                target = strings[1] if len(strings) > 1 else key.value
                table.setdefault(key.value, []).append((strings[0], target))
            for text in strings:
                table.setdefault(text, []).append((key.value, text))
    return table


def _lazy_target(src: Source, submodule: str, name: str, depth: int) -> Thing | None:
    package = src.module.name
    for module in (f"{package}.{submodule.lstrip('.')}", submodule):
        if submodule and module != package and locate(module) is not None:
            return _module_attribute(module, name, depth + 1) or Thing("module", module)
    return None
