"""What an expression may stand for: the abstract values of the gadget analysis.

A value may be data of the file, and it may be any of some objects that are known by name: a global,
an object of a known class, a bound method, a parameter of the function under analysis. Containers
are the join of what is put into them: an item of a dispatch table is any of its functions.
"""

from __future__ import annotations

from typing import NamedTuple

from policy_cache.resolve import Thing

GLOBAL = "global"
"""The thing itself: a module, class, function or compiled name."""
INSTANCE = "instance"
"""An object of the class that the thing is."""
BOUND = "bound"
"""The function that the thing is, bound to an object of the class that its owner is."""
PARAMETER = "parameter"
"""A parameter of the function under analysis, by its name."""
SELF = "self"
"""The object whose method is under analysis."""
SUPER = "super"
NAMESPACE = "namespace"
"""The dictionary of names of the module or class that the thing is; of ``self`` without one."""
NESTED = "nested"
"""A function or class within the function under analysis: its body is part of the walk."""
MADE = "made"
"""A function within another one that returned it: what it does is in the summary of its maker."""
RESULT = "result"
"""What a call of the function gives; looked into only when it matters."""
CALLER = "caller"
"""``operator.methodcaller(name)``."""
TEXT = "text"
"""A literal that may name an attribute."""
PREFIX = "prefix"
"""A text of the file behind a literal one: what visitors name their methods by."""
COMPUTED = "computed"
"""An attribute that was looked up by a name from the file."""
UNKNOWN = "unknown"
"""It is not known what it is."""

WITHIN = "within"
"""Text of a class or module that is not the value but was put into it, as attribute or item.

Once for each step: what was put into an item of the value has it twice.
"""

_DEPTHS = ("", WITHIN, WITHIN * 2, WITHIN * 3)
_MOST_ATOMS = 48


class Atom:
    """One object that a value may be.

    Attributes
    ----------
    kind : str
        One of the constants of this module.
    thing, owner : Thing or None
    text : str
        Name of a parameter or attribute.
    held : bool
        Whether the state of the object, or the parameter, holds data of the file.
    """

    __slots__ = ("held", "key", "kind", "owner", "text", "thing")

    def __init__(
        self,
        kind: str,
        thing: Thing | None = None,
        owner: Thing | None = None,
        text: str = "",
        held: bool = False,
    ) -> None:
        self.kind, self.thing, self.owner = kind, thing, owner
        self.text, self.held = text, held
        line = getattr(thing.node, "lineno", 0) if thing is not None else 0
        self.key = (
            kind,
            thing.module if thing is not None else "",
            thing.name if thing is not None else "",
            line,
            owner.key if owner is not None else "",
            text,
            held,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Atom{self.key}"


class Value(NamedTuple):
    """What an expression may stand for: data of the file or not, and objects known by name."""

    tainted: bool = False
    atoms: frozenset[Atom] = frozenset()

    @property
    def carries(self) -> bool:
        """Whether data of the file is in it or in an object that it is."""
        return self.tainted or any(atom.held for atom in self.atoms)

    def of(self, *kinds: str) -> list[Atom]:
        """Return the atoms of some kinds, in a stable order."""
        found = [atom for atom in self.atoms if atom.kind in kinds]
        return sorted(found, key=lambda atom: atom.key) if len(found) > 1 else found

    def only(self, *kinds: str) -> Value:
        """Return the value without atoms of other kinds."""
        return Value(self.tainted, frozenset(a for a in self.atoms if a.kind in kinds))


NOTHING = Value()
"""Plain data that is not the file's."""
DATA = Value(True)
"""Data of the file."""
NOT_KNOWN = Value(False, frozenset([Atom(UNKNOWN)]))


def one(atom: Atom, tainted: bool = False) -> Value:
    """Return the value that is a single object."""
    return Value(tainted, frozenset([atom]))


def put_in(value: Value) -> Value:
    """Return a value as what some object holds: its classes and modules are in the object."""
    return _moved(value, "", WITHIN)


def taken_out(value: Value) -> Value:
    """Return what an object holds as a value of its own: an item, a part."""
    return _moved(value, WITHIN, "")


def _moved(value: Value, out: str, into: str) -> Value:
    if not any(_is_movable(atom, out) for atom in value.atoms):
        return value
    atoms = frozenset(
        Atom(GLOBAL, a.thing, a.owner, into + a.text.removeprefix(out), a.held)
        if _is_movable(a, out)
        else a
        for a in value.atoms
    )
    return Value(value.tainted, atoms)


def _is_movable(atom: Atom, prefix: str) -> bool:
    if atom.kind != GLOBAL or atom.thing is None or atom.thing.kind not in ("class", "module"):
        return False
    return atom.text in (_DEPTHS[1:] if prefix else _DEPTHS[:-1])


def join(*values: Value) -> Value:
    """Return the value that may be any of some."""
    chosen = [value for value in values if value.tainted or value.atoms]
    if not chosen:
        return NOTHING
    first = chosen[0]
    if len(chosen) == 1:
        return first
    tainted = any(value.tainted for value in chosen)
    atoms = first.atoms.union(*(value.atoms for value in chosen[1:]))
    if len(atoms) > _MOST_ATOMS:
        atoms = _fewer(atoms)
    return Value(tainted, atoms)


def _fewer(atoms: frozenset[Atom]) -> frozenset[Atom]:
    """Drop literals where there are too many objects; what is still too much is not known."""
    named = frozenset(atom for atom in atoms if atom.kind != TEXT)
    if len(named) == len(atoms) or len(named) > _MOST_ATOMS:
        kept = sorted(named, key=lambda atom: atom.key)[:_MOST_ATOMS]
        named = frozenset(kept)
    return named | NOT_KNOWN.atoms
