"""Methods that a permitted callable calls on what a file gives it, judged for the classes in hand.

A state setter that ends with ``state["log"].close()`` runs the ``close`` of whatever class the file
has put there. The analysis lists such names with the verdict; here they are looked up on the
classes of the operands, and of all that is in them, and what those methods do is asked for
(`analysis.unasked`): whether they reach a sink, call what they hold, or call further
methods. What finalizers call, and what keys of a dict call when they are hashed, is called on what
was filled in meanwhile: that is held against every class of the load.
"""

from __future__ import annotations

from collections import namedtuple
from types import GetSetDescriptorType, MemberDescriptorType

from pickleball_hook.judging import names, parts
from policy_cache import policies
from policy_cache.model import (
    AS_KEY,
    CALL,
    COMPARED,
    DEFERRED,
    LATER,
    METHOD,
    METHODS,
    OPERATED,
    OPERATES,
    REFER,
    SUBSCRIPTED,
    USED,
    Use,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NamedTuple

    from pickleball_hook.judging.guard import Guard
    from policy_cache.model import Verdict

    class Called(NamedTuple):
        """What comes of the methods that some code calls on what it is given.

        Attributes
        ----------
        reason : str
            Why it may not be given that, ``""`` if it may.
        inert : frozenset of type
            Classes of which one of the methods calls what its object holds, or what it gets.
        names : frozenset of str
            All methods that are called, directly or by others.
        """

        reason: str = ""
        inert: frozenset[type] = frozenset()
        names: frozenset[str] = frozenset()

else:
    Called = namedtuple("Called", "reason inert names", defaults=("", frozenset(), frozenset()))

_HEAP_TYPE = 1 << 9
"""CPython Include/object.h, ``Py_TPFLAGS_HEAPTYPE``: builtin types have no methods in Python."""
_SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset)
_CONTAINERS = frozenset([dict, *_SEQUENCES])
_SCALARS = frozenset([str, bytes, bytearray, int, float, complex, bool, type(None)])
_DEEPEST_LOOK = 100_000
_MOST_ANSWERS = 10_000
"""Answers that a load remembers."""
_TOO_MUCH = "there is too much of it to be looked through"


def called_on(guard: Guard, verdict: Verdict, operation: str, operands: list[Any]) -> Called:
    """Judge the methods that an operation calls on its operands.

    Parameters
    ----------
    guard : Guard
        Knows the verdicts on classes.
    verdict : Verdict
        Of what is called, constructed or given a state.
    operation : str
    operands : list
        Exact arguments, or the state.
    """
    direct, deep = verdict.traits.get(METHODS, {}).get(operation, ((), ()))
    if not deep:
        if not direct:
            return Called()
        kinds = {type(value) for value in operands}
        return of_classes(guard, _called(guard, kinds, set(direct)), operands)
    found = within(operands)
    if found is None:
        return Called(_TOO_MUCH)
    kinds, receivers = found[0], frozenset(map(type, operands))
    return of_classes(guard, called_on_kinds(guard, verdict, operation, kinds, receivers), found[1])


def of_classes(guard: Guard, called: Called, callables: Iterable[Any]) -> Called:
    """Judge the same methods where a class is in the place of the object: ``state["log"].open()``.

    A static or class method then runs with all arguments, any other one with the first for `self`;
    a method of the metaclass as one of an object.
    """
    for value in callables if not called.reason else ():
        if not isinstance(value, type):
            continue
        asked = ((holder, name) for holder in (value, type(value)) for name in called.names)
        for holder, name in asked:
            if not holder.__flags__ & _HEAP_TYPE:
                continue
            verdict = guard.method_verdict(holder, name)
            if verdict is None or verdict.open or verdict.kind == "live":
                continue
            if REFER not in verdict.grants:
                reason = verdict.why_not(REFER)
                who = f"{holder.__module__}.{holder.__qualname__}"
                return called._replace(reason=f"it may call {who}.{name}(): {reason}")
    return called


def called_by(guard: Guard, callables: Iterable[Any], operands: list[Any]) -> Called:
    """Judge the methods that callables among the operands call: with what else is among them."""
    asked = _asked_by(guard, callables)
    found = within(operands) if asked else None
    if found is None:
        return Called(_TOO_MUCH) if asked else Called()
    return of_classes(guard, _called(guard, found[0], asked), found[1])


def called_among(
    guard: Guard, callables: Iterable[Any], kinds: set[type], beside: Iterable[Any]
) -> Called:
    """Judge the same of operands that are, or hold, instances of classes and callables."""
    return of_classes(guard, _called(guard, kinds, _asked_by(guard, callables)), beside)


def called_in(guard: Guard, asked: set[str], operands: list[Any]) -> Called:
    """Judge methods that are called on whatever is in operands."""
    found = within(operands)
    return Called(_TOO_MUCH) if found is None else _called(guard, found[0], asked)


def called_on_classes(guard: Guard, asked: Iterable[str], kinds: set[type]) -> str:
    """Return why methods may not be called on objects of classes, ``""`` if they may."""
    question = (frozenset(asked), frozenset(kinds))
    known = guard.watch.answers.get(question)
    if known is None:
        known = guard.watch.answers[question] = _called(guard, kinds, set(question[0])).reason
    return known


def _asked_by(guard: Guard, callables: Iterable[Any]) -> set[str]:
    """Return the names of methods that callables call on what they are given."""
    asked: set[str] = set()
    for value in callables:
        known = guard.verdict_when_called(value)
        if known is not None and DEFERRED in known.traits:
            known = policies.verdict(known.module, known.name, CALL)
        for names_of in known.traits.get(METHODS, {}).get(CALL, ()) if known is not None else ():
            asked.update(names_of)
    return asked


def called_on_kinds(
    guard: Guard,
    verdict: Verdict,
    operation: str,
    kinds: set[type],
    receivers: frozenset[type] | None = None,
) -> Called:
    """Judge an operation on operands that are, or hold, instances of classes, and no callable.

    Only the `receivers` among the classes are those of an operand itself; any may be if not given.
    """
    question = (id(verdict), operation, frozenset(kinds), receivers)
    known = guard.answers.get(question)
    if known is None:
        direct, deep = verdict.traits.get(METHODS, {}).get(operation, ((), ()))
        theirs = {kind: {*direct} for kind in (kinds if receivers is None else receivers)}
        known = (_called(guard, kinds, {*deep}, theirs=theirs), verdict)
        if len(guard.answers) < _MOST_ANSWERS:
            guard.answers[question] = known
    return known[0]


def within(values: Iterable[Any]) -> tuple[set[type], list[Any]] | None:
    """Return the classes of values and of what they hold, and the callables among them.

    None if that is too much to look at.
    """
    kinds: set[type] = set()
    callables: list[Any] = []
    seen: set[int] = set()
    waiting: list[Any] = list(values)
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if id(value) in seen:
            continue
        if isinstance(value, names.CALLABLE_KINDS) or names.is_compiled_function(value):
            callables.append(value)
            continue
        kinds.add(kind)
        if kind in _SCALARS:
            continue
        seen.add(id(value))
        if len(seen) > _DEEPEST_LOOK:
            return None
        if isinstance(value, dict):
            waiting += parts.weighty([*dict.keys(value)])
            waiting += parts.weighty([*dict.values(value)])
        for base in _SEQUENCES:
            if isinstance(value, base):
                waiting += parts.weighty([*base.__iter__(value)])
        waiting += parts.weighty(parts.hidden(value))
    return kinds, callables


def _called(
    guard: Guard,
    kinds: set[type],
    asked: set[str],
    named: bool = False,
    theirs: dict[type, set[str]] | None = None,
) -> Called:
    """Judge that objects of these classes have these methods called, and what follows.

    With `named`, no operators: what follows are methods that code names. What is `theirs` is
    called on objects of single classes only.
    """
    inert: set[type] = set()
    fresh, own = asked, theirs or {}
    asked = asked.union(*own.values())
    while fresh or own:
        further: set[str] = set()
        for kind in kinds:
            wanted = fresh | own.get(kind, set())
            uses = {name: use_of(guard, kind, name) for name in guard.defined(kind, wanted)}
            lacking = len(uses) < len(wanted) or None in uses.values()
            if lacking and kind not in inert and _gives_what_it_holds(guard, kind):
                inert.add(kind)
            for name, use in uses.items():
                if use is None:
                    continue
                if use.reason:
                    who = f"an instance of {kind.__module__}.{kind.__qualname__}"
                    return Called(f"it may call {name}() of {who}: {use.reason}")
                if use.inert:
                    inert.add(kind)
                further.update(m for m in use.methods if not (named and m.endswith("__")))
        known = asked if not own else asked - set().union(*own.values()) | fresh
        fresh, own = further - known, {}
        asked = asked | fresh
    return Called("", frozenset(inert), frozenset(asked))


def _gives_what_it_holds(guard: Guard, cls: type) -> bool:
    """Tell whether a ``__getattr__`` of a class may give what is in the object, to be called."""
    for hook in _COMPUTED:
        if guard.defines(cls, hook):
            use = use_of(guard, cls, hook)
            if use is None or use.inert or use.reason:
                return True
    return False


_COMPUTED = ("__getattr__", "__getattribute__")
_DATA = (MemberDescriptorType, GetSetDescriptorType)


def held_as(called: frozenset[str], values: Iterable[Any]) -> list[Any]:
    """Return the callables that objects hold, among values, under the names of methods."""
    found: list[Any] = []
    seen: set[int] = set()
    waiting: list[Any] = list(values)
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in _SCALARS or id(value) in seen or isinstance(value, names.CALLABLE_KINDS):
            continue
        seen.add(id(value))
        if len(seen) > _DEEPEST_LOOK:
            return [type]  # too much to look through: treated as found
        inner = parts.hidden(value)
        if kind not in _CONTAINERS:
            attributes = parts.attributes(value) or {}
            found += [attributes[name] for name in called if callable(attributes.get(name))]
            if any(_is_data(kind, name) for name in called):
                found += filter(callable, inner)
        if isinstance(value, dict):
            inner += [*dict.keys(value), *dict.values(value)]
        for base in _SEQUENCES:
            if isinstance(value, base):
                inner += base.__iter__(value)
        waiting += parts.weighty(inner)
    return found


def _is_data(cls: type, name: str) -> bool:
    """Tell whether an attribute of instances is a slot, or a member of a native object."""
    found = (vars(base)[name] for base in cls.__mro__ if name in vars(base))
    return type(next(found, None)) in _DATA


def held_by(kinds: frozenset[type], values: Iterable[Any]) -> list[Any]:
    """Return the callables that instances of classes hold themselves, among values."""
    found: list[Any] = []
    seen: set[tuple[int, bool]] = set()
    waiting: list[tuple[Any, bool]] = [(value, False) for value in values]
    while waiting:
        value, is_held = waiting.pop()
        if isinstance(value, names.CALLABLE_KINDS):
            if is_held:
                found.append(value)
            continue
        is_held = (is_held and type(value) in _CONTAINERS) or type(value) in kinds
        if (id(value), is_held) in seen:
            continue
        seen.add((id(value), is_held))
        if len(seen) > _DEEPEST_LOOK:
            return [type]  # too much to look through: treated as found
        items = parts.hidden(value)
        if isinstance(value, dict):
            items += [*dict.keys(value), *dict.values(value)]
        for base in _SEQUENCES:
            if isinstance(value, base):
                items += base.__iter__(value)
        waiting += [(item, is_held) for item in parts.weighty(items)]
    return found


def use_of(guard: Guard, cls: type, name: str) -> Use | None:
    """Return what calling a method of a class's instances does, None if it has no such in Python.

    What the base policy has reviewed, and what is compiled, is taken to be what it looks like.
    """
    if not cls.__flags__ & _HEAP_TYPE or not guard.defines(cls, name):
        return None
    verdict = guard.class_verdict(cls)
    if any("base policy" in evidence for evidence in verdict.grants.values()):
        return None
    if verdict.kind == "live":
        return Use("its source is not known", False, [])
    found = policies.verdict(verdict.module, verdict.name, METHOD + name)
    rows = found.traits.get(USED, {}).get(name)
    return Use(*rows) if rows is not None else None


class Watch:
    """The classes of a load, and the methods that their finalizers and hashes call at any time."""

    __slots__ = ("answers", "asked", "compared", "kinds", "operated", "operates")

    def __init__(self) -> None:
        self.asked: dict[str, set[str]] = {}
        self.compared: set[str] = set()
        """What keys look up on others that they are compared with."""
        self.kinds: set[type] = set()
        self.operated: dict[type, dict[str, list[Any]]] = {}
        """Those of the classes whose special methods call what their objects hold: which do."""
        self.operates: set[str] = set()
        """Special methods that finalizers run on what they find."""
        self.answers: dict[tuple[Any, ...], str] = {}
        """Why methods may not be called on objects of classes."""

    def copy(self) -> Watch:
        """Return another that knows the same."""
        other = Watch()
        other.asked, other.kinds = dict(self.asked), set(self.kinds)
        other.compared = set(self.compared)
        other.operated, other.operates = dict(self.operated), set(self.operates)
        return other

    def reason_against(self, guard: Guard, cls: type, verdict: Verdict) -> str:
        """Return why objects of a class may not be in a load with those that it has already."""
        if cls in self.kinds:
            return ""
        self.kinds.add(cls)
        reason = self._reason_against_operators(cls, verdict)
        grown = False
        for when in (LATER, AS_KEY):
            direct, deep = verdict.traits.get(METHODS, {}).get(when, ((), ()))
            known = self.asked.get(when, set())
            asked = {*known, *direct, *deep}
            if not asked:
                continue
            found = _called(guard, {cls}, set(asked), named=when == AS_KEY)
            if when == LATER:  # what its methods call is called on whatever the load will have
                asked |= found.names
            if asked != known:
                grown = True
                found = _called(guard, self.kinds, set(asked), named=when == AS_KEY)
                self.asked[when] = asked | (found.names if when == LATER else set())
            reason = reason or _reason_at_any_time(found, when)
        reason = reason or self._reason_when_compared(guard, cls, verdict)
        if grown and not reason:  # of what is in the objects of the load, only now is it asked
            reason = self._within(guard.present(), guard)
        return reason

    def _reason_when_compared(self, guard: Guard, cls: type, verdict: Verdict) -> str:
        """Return why a class may not be there with keys that are compared with others.

        What the methods of the other key call in turn is not followed: in a library of tables
        those are hundreds.
        """
        direct, deep = verdict.traits.get(METHODS, {}).get(COMPARED, ((), ()))
        added = {*direct, *deep} - self.compared
        self.compared |= added
        for kind, asked in ((cls, self.compared), *((kind, added) for kind in self.kinds if added)):
            for name in guard.defined(kind, asked) if asked else ():
                use = use_of(guard, kind, name)
                if use is not None and use.reason:
                    who = f"an instance of {kind.__module__}.{kind.__qualname__}"
                    return f"it may call {name}() of {who}: {use.reason}"
        return ""

    def _reason_against_operators(self, cls: type, verdict: Verdict) -> str:
        """Return why special methods that finalizers run may not be there."""
        traits = verdict.traits
        if OPERATED in traits or SUBSCRIPTED in traits:
            rows = traits.get(SUBSCRIPTED, {}).items()
            subscripted = {name: [False, []] for name, row in rows if row[0] or row[1]}
            self.operated[cls] = {**subscripted, **traits.get(OPERATED, {})}
        self.operates.update(*traits.get(OPERATES, {}).get(LATER, ()))
        if not self.operates or not self.operated:
            return ""
        if any(not self.operates.isdisjoint(table) for table in self.operated.values()):
            return "a finalizer may run a method that calls what its object holds"
        return ""

    def reason_against_made(self, guard: Guard, value: object) -> str:
        """Return why what a call gave, or a constant is, may not be beside what the load has."""
        if self.asked:
            return self._within([value], guard)
        return self._reason_against_kind(type(value), guard)

    def reason_against_item(self, guard: Guard, key: str, value: Any) -> str:
        """Return why an object may not have an attribute: a finalizer may call it as a method."""
        if key not in self.asked.get(LATER, ()) or not guard.reason_against_use(value):
            return ""
        return f"a finalizer may call what an object has as its {key}"

    def _within(self, values: list[object], guard: Guard) -> str:
        found = within(values)
        if found is None:
            return _TOO_MUCH
        for cls in found[0] - self.kinds:
            reason = self._reason_against_kind(cls, guard)
            if reason:
                return reason
        names = frozenset(self.asked.get(LATER, ()))
        held = held_as(names, values) if names else []
        if any(map(guard.reason_against_use, held)):
            return "a finalizer may call what an object has under the name of a method"
        return ""

    def _reason_against_kind(self, cls: type, guard: Guard) -> str:
        """Ask about the class of an object: one that is built in has no method in Python."""
        if cls in self.kinds or not cls.__flags__ & _HEAP_TYPE:
            return ""
        return self.reason_against(guard, cls, guard.class_verdict(cls))


def _reason_at_any_time(found: Called, when: str) -> str:
    """Return why methods may not be called at any time, whatever their objects hold by then."""
    if found.inert and when == LATER and not found.reason:
        return "a finalizer may call a method that calls what its object holds"
    return found.reason


def computed(inst: Any, name: str) -> Any:
    """Return what an object's own code gives for an attribute, None for nothing.

    Here and not where it is judged: what that code brings about is the stream's doing, and the
    effect guard takes what happens below the judging modules for the guard's own.
    """
    return getattr(inst, name, None)
