"""A class to its linearized bases, across modules and distributions, from source alone."""

from __future__ import annotations

import ast
from typing import NamedTuple

from policy_cache.source.distributions import STDLIB
from policy_cache.source.resolve import Thing, attribute, expression, resolve

_DEEPEST = 60


class Lineage(NamedTuple):
    """A class and its bases in method resolution order.

    Attributes
    ----------
    mro : tuple of Thing
        Classes with source, and ``external`` ones (builtins, extension types), nearest first.
    unknown : tuple of str
        Base expressions that could not be resolved, as source text.
    metaclasses : tuple of Thing
        Explicit ``metaclass=`` arguments along the way.
    """

    mro: tuple[Thing, ...]
    unknown: tuple[str, ...]
    metaclasses: tuple[Thing, ...]


OBJECT = Thing("external", "builtins", "object")
_TUPLE = Thing("external", "builtins", "tuple")
_ENUM_MAKERS = ("enum:Enum", "enum:IntEnum", "enum:Flag", "enum:IntFlag", "enum:StrEnum")
_lineages: dict[str, Lineage] = {}


def forget() -> None:
    """Drop every linearized class."""
    _lineages.clear()


def lineage(cls: Thing) -> Lineage:
    """Return the method resolution order of `cls` (C3, Python 2.3's and later's)."""
    key = f"{cls.key}@{getattr(cls.node, 'lineno', 0)}"
    if key not in _lineages:
        _lineages[key] = Lineage((cls, OBJECT), (), ())  # a class that inherits from itself
        _lineages[key] = _linearize(cls, 0)
    return _lineages[key]


def _linearize(cls: Thing, depth: int) -> Lineage:
    if cls.kind != "class" or not isinstance(cls.node, ast.ClassDef) or depth > _DEEPEST:
        return Lineage((cls,) if cls.key == OBJECT.key else (cls, OBJECT), (), ())
    bases, unknown = direct_bases(cls)
    metaclasses = _metaclass(cls)
    sequences = []
    for base in bases:
        above = lineage(base)
        sequences.append(list(above.mro))
        unknown += above.unknown
        metaclasses += above.metaclasses
    mro = _merge([*sequences, list(bases)])
    return Lineage((cls, *mro), tuple(unknown), tuple(metaclasses))


def direct_bases(cls: Thing) -> tuple[list[Thing], list[str]]:
    """Return the resolved direct bases of a class statement, and the text of the others."""
    assert isinstance(cls.node, ast.ClassDef)
    bases: list[Thing] = []
    unknown: list[str] = []
    for node in cls.node.bases:
        found = _base(node, cls)
        if found is None:
            unknown.append(ast.unparse(node))
        bases += [base for base in found or () if base.key not in {b.key for b in bases}]
    return bases or [OBJECT], unknown


def _base(node: ast.expr, cls: Thing) -> list[Thing] | None:
    if isinstance(node, ast.Starred):
        return None
    if isinstance(node, ast.Call):
        return _made_base(node, cls)
    thing = in_class_scope(node, cls)
    if thing is None:
        return None
    if thing.key in ("typing:NamedTuple", "typing_extensions:NamedTuple"):
        return [_TUPLE]
    if thing.module in ("typing", "typing_extensions"):
        return [OBJECT] if thing.name != "NamedTuple" else [_TUPLE]
    if thing.kind == "value":
        if thing.source is not None and thing.source.module.owner.kind == STDLIB:
            return [Thing("external", thing.module, thing.name)]  # types.ModuleType = type(sys)
        made = made_class(thing)
        return [made] if made else None
    return [thing] if thing.kind in ("class", "external") else None


def in_class_scope(node: ast.expr, cls: Thing) -> Thing | None:
    """Resolve an expression in a class statement: enclosing classes first, then the module."""
    assert cls.source is not None
    root = node
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    if isinstance(root, ast.Name) and "." in cls.name:
        outer = resolve(cls.module, cls.name.rpartition(".")[0])
        if outer is not None and isinstance(node, ast.Name):
            nested = attribute(outer, node.id)
            if nested is not None:
                return nested
    return expression(node, cls.source)


def _made_base(node: ast.Call, cls: Thing) -> list[Thing] | None:
    """Resolve a base that is a call: ``namedtuple(...)`` or ``with_metaclass(Meta, Base)``."""
    maker = in_class_scope(node.func, cls)
    if maker is None:
        return None
    if maker.key in ("collections:namedtuple", "typing:NamedTuple"):
        return [_TUPLE]
    if maker.name == "with_metaclass" and node.args:
        found: list[Thing] = []
        for argument in node.args[1:]:
            bases = _base(argument, cls)
            if bases is None:
                return None
            found += bases
        return found or [OBJECT]
    return None


def made_class(thing: Thing) -> Thing | None:
    """Return the nearest known class of ``X = maker(...)``, or None.

    Known makers are ``namedtuple``, ``NamedTuple`` and the functional form of ``Enum``.
    """
    if not isinstance(thing.node, ast.Call) or thing.source is None:
        return None
    maker = expression(thing.node.func, thing.source)
    if maker is None:
        return None
    if maker.key in ("collections:namedtuple", "typing:NamedTuple"):
        return _TUPLE
    if maker.key in _ENUM_MAKERS or (maker.kind == "class" and is_enum(maker)):
        return maker
    return None


def is_enum(cls: Thing) -> bool:
    """Tell whether `cls` is, or derives from, :class:`enum.Enum`."""
    return any(base.key == "enum:Enum" for base in lineage(cls).mro)


def _metaclass(cls: Thing) -> tuple[Thing, ...]:
    """Return the metaclasses that a class statement names itself.

    ``with_metaclass(Meta, Base)`` among the bases and ``@add_metaclass(Meta)`` are six's ways
    (six.py); libraries bring functions of these names of their own.
    """
    assert isinstance(cls.node, ast.ClassDef)
    named = [keyword.value for keyword in cls.node.keywords if keyword.arg == "metaclass"]
    named += [call.args[0] for call in map(_as_maker, cls.node.bases) if call is not None]
    named += [call.args[0] for call in map(_as_maker, cls.node.decorator_list) if call is not None]
    found = ((node, in_class_scope(node, cls)) for node in named)
    return tuple(thing or Thing("value", cls.module, ast.unparse(node)) for node, thing in found)


def _as_maker(node: ast.expr) -> ast.Call | None:
    """Return a call that gives a class another metaclass."""
    if not isinstance(node, ast.Call) or not node.args:
        return None
    maker = ast.unparse(node.func).rpartition(".")[2]
    return node if maker in ("with_metaclass", "add_metaclass") else None


def _merge(sequences: list[list[Thing]]) -> list[Thing]:
    """Merge linearizations; an order that C3 cannot satisfy falls back to first come."""
    result: list[Thing] = []
    seen: set[str] = set()
    sequences = [list(sequence) for sequence in sequences if sequence]
    while sequences:
        tails = {thing.key for sequence in sequences for thing in sequence[1:]}
        heads = [sequence[0] for sequence in sequences]
        chosen = next((head for head in heads if head.key not in tails), heads[0])
        if chosen.key not in seen:
            seen.add(chosen.key)
            result.append(chosen)
        for sequence in sequences:
            sequence[:] = [thing for thing in sequence if thing.key != chosen.key]
        sequences = [sequence for sequence in sequences if sequence]
    return result


def is_hashed(cls: Thing) -> bool:
    """Tell whether objects of a class may be keys: then they are compared with each other.

    A class that defines ``__eq__`` and no ``__hash__`` has None for it (data model,
    ``object.__hash__``). What decorators, metaclasses and compiled bases do about it is not known.
    """
    line = lineage(cls)
    unclear = bool(line.unknown) or any(map(_mentions_hash, line.metaclasses))
    for base in line.mro:
        if base.kind != "class" or not isinstance(base.node, ast.ClassDef):
            return True
        unclear = unclear or any(_may_hash(d, base) for d in base.node.decorator_list)
        own = attribute(base, "__hash__")
        if own is not None:
            return not (isinstance(own.node, ast.Constant) and own.node.value is None)
        if attribute(base, "__eq__") is not None:
            return unclear
    return True


def _may_hash(decorator: ast.expr, cls: Thing) -> bool:
    """Tell whether a decorator may give a class a ``__hash__``, as ``dataclass`` does.

    Not one whose module never mentions the name.
    """
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    thing = in_class_scope(made, cls)
    return thing is None or thing.kind != "function" or _mentions_hash(thing)


def _mentions_hash(thing: Thing) -> bool:
    if thing.module in ("abc", "_py_abc"):
        return False
    return thing.source is None or b"__hash__" in thing.source.text


def member(cls: Thing, name: str) -> tuple[Thing, Thing] | None:
    """Find attribute `name` along the MRO of `cls`.

    Returns
    -------
    tuple of Thing or None
        The class that has it and what it is; for an external class that is not ``object`` the
        search cannot look inside and goes on.
    """
    for base in lineage(cls).mro:
        if base.kind != "class":
            continue
        found = attribute(base, name)
        if found is not None:
            return base, found
    return None
