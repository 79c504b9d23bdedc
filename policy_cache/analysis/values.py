"""What an expression may stand for: the abstract values of the gadget analysis.

A value may be data of the file, and it may be any of some objects that are known by name: a global,
an object of a known class, a bound method, a parameter of the function under analysis. Containers
are the join of what is put into them: an item of a dispatch table is any of its functions.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_cache.source.resolve import Thing

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
GETTER = "getter"
"""``operator.attrgetter(name)``."""
PARTIAL = "partial"
"""A callable that has some of its positional arguments already: others are not its first.

Its text is the kind of the callable, and that one's text.
"""
TEXT = "text"
"""A literal that may name an attribute."""
PREFIX = "prefix"
"""A text of the file behind a literal one: what visitors name their methods by."""
WRAPPED = "wrapped"
"""The function that a decorator is put around: whichever it is, it is followed by itself."""
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
    """One object that a value may be; equal ones are one.

    Attributes
    ----------
    kind : str
        One of the constants of this module.
    thing, owner : Thing or None
    text : str
        Name of a parameter or attribute.
    held : bool
        Whether the state of the object, or the parameter, holds data of the file.
    key : tuple
        All of that, to sort by.
    """

    __slots__ = ("held", "key", "kind", "owner", "text", "thing", "value")
    kind: str
    thing: Thing | None
    owner: Thing | None
    text: str
    held: bool
    key: tuple[str, str, int, str, str, bool]
    value: Value

    def __new__(
        cls,
        kind: str,
        thing: Thing | None = None,
        owner: Thing | None = None,
        text: str = "",
        held: bool = False,
    ) -> Atom:
        """Return the atom of these attributes."""
        key = (
            kind,
            thing.key if thing is not None else "",
            thing.line if thing is not None else 0,
            owner.key if owner is not None else "",
            text,
            held,
        )
        known = _atoms.get(key)
        if known is None:
            known = object.__new__(cls)
            known.kind, known.thing, known.owner = kind, thing, owner
            known.text, known.held, known.key = text, held, key
            known.value = Value(False, frozenset([known]))
            # Threads may get here at once: the first one's is everybody's.
            known = _atoms.setdefault(key, known)
        return known

    def __repr__(self) -> str:
        return f"Atom{self.key}"


class Value:
    """What an expression may stand for: data of the file or not, and objects known by name.

    Attributes
    ----------
    tainted : bool
    atoms : frozenset of Atom
    carries : bool
        Whether data of the file is in it or in an object that it is.
    """

    __slots__ = ("atoms", "carries", "tainted")

    def __init__(self, tainted: bool = False, atoms: frozenset[Atom] = frozenset()) -> None:
        self.tainted, self.atoms = tainted, atoms
        self.carries = tainted
        for atom in atoms:
            if atom.held:
                self.carries = True
                break

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value):
            return NotImplemented
        return self.tainted == other.tainted and self.atoms == other.atoms

    def __hash__(self) -> int:
        return hash((self.tainted, self.atoms))

    def __repr__(self) -> str:
        return f"Value({self.tainted}, {set(self.atoms)})"

    def of(self, *kinds: str) -> list[Atom]:
        """Return the atoms of some kinds, in a stable order."""
        if not self.atoms:
            return []
        found = [atom for atom in self.atoms if atom.kind in kinds]
        return sorted(found, key=_key) if len(found) > 1 else found

    def only(self, *kinds: str) -> Value:
        """Return the value without atoms of other kinds."""
        return Value(self.tainted, frozenset(a for a in self.atoms if a.kind in kinds))


_key = operator.attrgetter("key")
_atoms: dict[tuple[str, str, int, str, str, bool], Atom] = {}


def forget() -> None:
    """Drop the atoms, which hold on to the sources of what they are."""
    atoms = [atom for atom in _atoms.values() if atom not in NOT_KNOWN.atoms]
    for atom in atoms:
        del _atoms[atom.key]
        del atom.value  # which holds the atom in turn: no tree is to wait for the collector


NOTHING = Value()
"""Plain data that is not the file's."""
DATA = Value(True)
"""Data of the file."""
NOT_KNOWN = Value(False, frozenset([Atom(UNKNOWN)]))


def one(atom: Atom, tainted: bool = False) -> Value:
    """Return the value that is a single object."""
    return Value(True, atom.value.atoms) if tainted else atom.value


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
    joined = NOTHING
    for value in values:
        if value is joined or not (value.tainted or value.atoms):
            continue
        if joined is NOTHING:
            joined = value
        elif not (value.atoms <= joined.atoms and value.tainted <= joined.tainted):
            atoms = joined.atoms | value.atoms
            joined = Value(joined.tainted or value.tainted, atoms)
    return joined if len(joined.atoms) <= _MOST_ATOMS else _limited(joined)


def _limited(value: Value) -> Value:
    """Drop literals where there are too many objects; what is still too much is not known."""
    named = frozenset(atom for atom in value.atoms if atom.kind != TEXT)
    if len(named) == len(value.atoms) or len(named) > _MOST_ATOMS:
        named = frozenset(sorted(named, key=_key)[:_MOST_ATOMS])
    return Value(value.tainted, named | NOT_KNOWN.atoms)
