"""The vocabulary of a policy: operations, owners and verdicts, as plain values."""

from __future__ import annotations

from typing import Any, NamedTuple

REFER = "refer"
"""Be on the stack or be an argument: the object is handed out, nothing of it runs."""
CONSTRUCT = "construct"
"""``NEWOBJ``, ``NEWOBJ_EX``: runs ``cls.__new__`` only."""
CALL = "call"
"""``REDUCE``, ``INST``, ``OBJ``: runs a function, or ``__new__`` and ``__init__``."""
STATE = "state"
"""``BUILD`` on an instance: runs ``__setstate__``, or writes ``__dict__`` and slots."""
FILL = "fill"
"""``APPEND(S)``, ``SETITEM(S)``, ``ADDITEMS`` on an instance that is no plain container."""

OPERATIONS = (REFER, CONSTRUCT, CALL, STATE, FILL)

ABSENT = "absent"
UNRESOLVED = "unresolved"

DEFERRED = "deferred"
"""Trait that lists the operations which are judged only when a file asks for them."""
TEXTLESS = "textless"
"""Trait that lists the operations whose operands may hold no text: it would be run as code."""
LASTING = "lasting"
"""Trait of classes that run text of their own later: what they keep may not change either."""
INERT = "inert"
"""Trait that lists the operations that call what they are given: it is judged for being called."""
ANYTIME = "anytime"
"""Trait of classes that call what they hold at any time: when they go, are hashed or iterated.

What they hold may not come to hold what may not be called.
"""
ADOPTS = "adopts"
"""Trait of a class or function that may make the very dict that it is given an object's attributes.

What comes into that dict later comes into the object, beside all that was judged.
"""
SETS = "sets"
"""Trait that lists those of them that set its attributes: it may hold no class or function."""
CHOOSY = "choosy"
"""Trait of a function that a file may refer to, but not everybody may call with what they have.

It lists the categories of what the function does with it.
"""
METHODS = "methods"
"""Trait: operation to the methods that it may call on its operands, and on what is in them.

Under `LATER` those that a finalizer calls, at any time: on whatever the instance came to hold.
Under `AS_KEY` those that hash and equality call, and under `COMPARED` what equality looks up on
the other key.
"""
LATER = "later"
AS_KEY = "as a key"
COMPARED = "compared"
OPERATED = "operated"
"""Trait of a class: special method to whether it calls what the object holds, and what methods.

Such as code runs by an operator or a statement, and not the interpreter at any time (`ANYTIME`).
"""
SUBSCRIPTED = "subscripted"
"""Trait of a class: special method to what it does where code runs it on the class itself.

Why it may not, whether it calls what it is given, and what methods of that.
"""
OPERATES = "operates"
"""Trait: operation to the special methods that its code runs so on its operands; and within."""
METHOD = "method "
"""Prefix of a method's name where it is asked about like an operation."""
USED = "used"
"""Trait: method to what was found when it was asked about, a `Use`."""
COMPUTES = "computes"
"""Trait of a class whose class of classes may act when the class is asked for a name."""
UNREDUCED = "unreduced"
"""Trait of a class whose call is refused for one reason only: no reducer is known to return it."""
SETTLED = "settled"
"""Trait of a function that gives what the program had before the load, for literals."""
BARE = "bare_call"
"""Trait of an unreduced class that may be called with nothing, as for a missing key."""


class Use(NamedTuple):
    """What code may do that calls a method of an object whose state a file has written.

    Attributes
    ----------
    reason : str
        Why the object must not be there to be called, ``""`` if it may.
    inert : bool
        Whether the method calls what the object holds, or what it is given.
    methods : list of str
        Methods that it calls in turn on what it finds.
    """

    reason: str
    inert: bool
    methods: list[str]


def depends(traits: dict[str, Any], operation: str) -> bool:
    """Tell whether the operands of an operation are to be looked at."""
    return any(operation in traits.get(name, ()) for name in (INERT, TEXTLESS, METHODS))


def joined_traits(several: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the traits of classes that are one class now: each restriction of any holds."""
    joined: dict[str, Any] = {}
    for traits in several:
        for name, value in traits.items():
            joined[name] = _joined(joined[name], value) if name in joined else value
    for name in ("assigns", "fresh"):  # permissions: all the others are facts or restrictions
        if name in joined:
            joined[name] = all(traits.get(name, name == "assigns") for traits in several)
    if "setters" in joined:  # judged for each class with its own bases
        joined["setters"] = []
    joined.pop(DEFERRED, None)
    return joined


def _joined(one: Any, other: Any) -> Any:
    """Return what two classes have together of a trait: names, rows, or tables of them."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: _joined(one[key], other[key]) for key in one.keys() & other.keys()}
        return {**one, **other, **both}
    if not isinstance(one, (list, tuple)) or not isinstance(other, (list, tuple)):
        return one or other
    if any(isinstance(part, (list, tuple)) for part in (*one, *other)):
        return [_joined(*parts) for parts in zip(one, other, strict=True)]
    return sorted({*one, *other})


class Verdict(NamedTuple):
    """What one global may do, and why.

    Attributes
    ----------
    module, name : str
        The global as the file names it, after the Python 2 name mapping.
    kind : str
        ``class``, ``function``, ``constant``, ``enum``; ``absent`` (static analysis finds no such
        name), ``unresolved`` (a value made at run time: the live object must tell), ``live``
        (a module that exists in this process only), ``module``, ``external`` or ``refused``.
    target : str
        Canonical identity, ``module:qualname``, once re-exports and aliases are followed.
    grants : dict of str to str
        Permitted operation to evidence.
    refusals : dict of str to str
        Operation to the reason why it is not permitted.
    rule : str
        Name of an argument rule that the unpickler applies to a call, or ``""``.
    traits : dict of str to object
        Facts that the unpickler needs with the exact values in hand: ``calls`` (indexes of the
        arguments that the callable calls), ``state_keys`` (literal keys that ``__setstate__``
        reads), ``fresh`` (construction is proven to return a new object), ``live`` (type that
        the live object must have), ``unproven`` (dynamic code that could not be followed).
    origin : str
        File that the module named by `target` must have been loaded from; ``""`` for a module
        that is compiled into the interpreter.
    files : tuple of str
        Every file whose content the verdict rests on.
    """

    module: str
    name: str
    kind: str
    target: str
    grants: dict[str, str]
    refusals: dict[str, str]
    rule: str = ""
    traits: dict[str, Any] = {}  # noqa: RUF012 (a default of a NamedTuple, never written to)
    origin: str = ""
    files: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether only the live object can tell what it is, if there is one at all."""
        return self.kind in (ABSENT, UNRESOLVED) and not self.grants

    @property
    def key(self) -> str:
        """``module:name`` as asked."""
        return f"{self.module}:{self.name}"

    def why_not(self, operation: str) -> str:
        """Return the reason why `operation` is not granted."""
        reason = self.refusals.get(operation) or self.refusals.get("*")
        return (
            reason or f"nothing in the source shows that an honest pickle needs to {operation} it"
        )

    def to_json(self) -> dict[str, Any]:
        """Return a value for ``json`` from which :meth:`from_json` restores the verdict."""
        return self._asdict()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Verdict:
        """Restore a verdict.

        Raises
        ------
        TypeError, KeyError, ValueError
            If `value` has not the shape that :meth:`to_json` gives.
        """
        verdict = cls(**{**value, "files": tuple(value["files"])})
        texts = (verdict.module, verdict.name, verdict.kind, verdict.target, verdict.rule)
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a verdict's names must be strings")
        if not all(
            isinstance(table, dict) for table in (verdict.grants, verdict.refusals, verdict.traits)
        ):
            raise TypeError("a verdict's tables must be objects")
        return verdict


def refused(module: str, name: str, reason: str, kind: str = "refused") -> Verdict:
    """Return a verdict that grants nothing, for the one `reason`."""
    return Verdict(module, name, kind, f"{module}:{name}", {}, {"*": reason})
