"""States: what an object may be given by BUILD, key by key.

A state is written into attributes or handed to a ``__setstate__`` in which it was followed. It must
not forge what an object is, nor put code where the object's methods are looked up.
"""

from __future__ import annotations

import functools
import sys
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType
from typing import TYPE_CHECKING, Any, cast

from pickleball_hook.judging import methods, names, parts
from pickleball_hook.rules.dtypes import changes_nothing
from pickleball_hook.rules.table import OWNS_STATE, apply_rule
from policy_cache.model import STATE, Verdict, depends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pickleball_hook.judging.guard import Guard

_UNBOUND_KINDS = (
    type,
    BuiltinFunctionType,
    MethodType,
    classmethod,
    functools.partial,
    functools.partialmethod,
    property,
    staticmethod,
)
"""Kinds of class attributes that call something else than a method of the instance."""
_NAMING = frozenset(["__name__", "__qualname__", "__module__"])
_ALLOWED_DUNDERS = frozenset(["__orig_class__", "__notes__", "__doc__"])
"""Special names that are data: typing's, PEP 678's and a text."""


def check_build(guard: Guard, inst: Any, state: Any) -> None:
    """Check that `inst` may be given `state`.

    Raises
    ------
    PolicyViolation
    """
    cls = type(inst)
    made = guard.made.get(id(inst))
    if made is None or made.value is not inst:
        guard.refuse(
            guard.name(inst), "BUILD", "only an object that this load has made is given a state"
        )
    elif not made.fresh:
        if changes_nothing(inst, state):
            return
        guard.refuse(guard.name(inst), "BUILD", "the object existed before this load, or is shared")
    elif made.built:
        guard.refuse(guard.name(inst), "BUILD", "an object is given its state once")
    else:
        made.built = True
        guard.untouched.discard(id(inst))
    verdict = class_verdict(guard, cls)
    if STATE not in verdict.grants and guard.permits(cls, STATE):
        guard.refuse(full_name(cls), "BUILD", verdict.why_not(STATE))
    verdict = class_verdict(guard, cls)  # the question may have told more
    check_setter(guard, cls, verdict)
    check_own_setter(guard, inst)
    guard.check_addition(inst, STATE, [state])
    apply_rule(guard, verdict, STATE, inst, (state,))
    if verdict.rule in OWNS_STATE:
        return  # the rule has looked at the whole of it
    check_state(guard, cls, verdict, state)
    if depends(verdict.traits, STATE):
        guard.check_operands(verdict, STATE, (state,))
    elif verdict.traits.get("custom_state"):
        guard.expose((state,))
        guard.check_operated(verdict, STATE, (state,))


def reason_against_given_state(guard: Guard, cls: type, state: Any) -> str:
    """Return why library code may not give a new instance a state, ``""`` if it may.

    Raises
    ------
    PolicyViolation
        If the state is what forbids it.
    """
    reason = guard.permits(cls, STATE)
    if reason:
        return reason
    verdict = class_verdict(guard, cls)
    check_setter(guard, cls, verdict)
    apply_rule(guard, verdict, STATE, cls, (state,))
    check_state(guard, cls, verdict, state)
    if depends(verdict.traits, STATE):
        guard.check_operands(verdict, STATE, (state,))
    elif verdict.traits.get("custom_state"):
        guard.expose((state,))
        guard.check_operated(verdict, STATE, (state,))
    return ""


def class_verdict(guard: Guard, cls: type) -> Verdict:
    """Return the verdict on the class of an instance, proven to be about that very class."""
    known = guard.verdict_of(cls)
    if known is None:
        names.accept(guard, cls, None, names.home_of(cls), cls.__qualname__)
        known = guard.verdict_of(cls) or guard.class_verdict(cls)
    return known


def full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def check_setter(guard: Guard, cls: type, verdict: Verdict) -> None:
    """Check that a ``__setstate__`` in Python is the one that was analysed.

    attrs and dataclasses make one for classes with slots; theirs only assign the fields.
    """
    setter = static(cls, "__setstate__")
    if issubclass(type(setter), _UNBOUND_KINDS):  # whatever class it says it is of
        guard.refuse(full_name(cls), "BUILD", "its __setstate__ is no method and is not analysed")
    if not isinstance(setter, FunctionType):
        return
    if "base policy" in verdict.grants.get(STATE, "") or "__main__" in verdict.grants.get(
        STATE, ""
    ):
        return
    maker = sys.modules.get(setter.__globals__.get("__name__", ""))
    if maker is not None and maker.__name__ in ("attr._make", "dataclasses"):
        return
    code = setter.__code__
    if code.co_filename in verdict.files and code.co_name == "__setstate__":
        return
    if _is_analysed(cls):
        return
    guard.refuse(
        full_name(cls), "BUILD", "its __setstate__ was put in place at run time and is not analysed"
    )


def check_own_setter(guard: Guard, inst: Any) -> None:
    """Check that what BUILD will call is the ``__setstate__`` of the object's class.

    An object may have been made with an attribute of that name, and a ``__getattr__`` that hands on
    to what it holds gives the ``__setstate__`` of another object, which is judged by nobody.
    """
    cls = type(inst)
    if "__setstate__" in (parts.attributes(inst) or ()):
        guard.refuse(full_name(cls), "BUILD", "its attributes hold a __setstate__ of their own")
    if not computes_attributes(cls):
        return
    expected = static(cls, "__setstate__")
    guard.calling = True
    given = methods.computed(inst, "__setstate__")
    guard.calling = False
    own = type(given) is MethodType and given.__self__ is inst and given.__func__ is expected
    native = expected is not None and not isinstance(expected, FunctionType)
    if callable(given) and not own and not native:
        guard.refuse(full_name(cls), "BUILD", "its __setstate__ is that of something else")


def computes_attributes(cls: type) -> bool:
    """Tell whether code of its own gives the ``__setstate__`` of a class's instances.

    Native code too: proxies written in C hand on every attribute (wrapt, src/wrapt/_wrappers.c).
    """
    if static(cls, "__getattribute__") is not object.__getattribute__:
        return not _is_builtin(static(cls, "__getattribute__"))
    return static(cls, "__setstate__") is None and isinstance(
        static(cls, "__getattr__"), FunctionType
    )


def _is_builtin(function: object) -> bool:
    """Tell whether a method is one that a builtin class has in C."""
    holder = getattr(function, "__objclass__", None)
    return isinstance(holder, type) and holder.__module__ == "builtins"


def _is_analysed(cls: type) -> bool:
    """Tell whether the live class that defines ``__setstate__`` has been judged with it.

    A base that a module imports if it can (``try: from sklearn.base import ...``) is another one
    for the analysis than for the interpreter.
    """
    base = next(base for base in cls.__mro__ if "__setstate__" in vars(base))
    verdict = names.own_verdict(base)
    if verdict is None or not verdict.traits.get("custom_state"):
        return False
    return STATE in verdict.grants


def check_state(guard: Guard, cls: type, verdict: Verdict, state: Any) -> None:
    """Check the keys of a state: none forges what an object is, none shadows a method with code.

    Raises
    ------
    PolicyViolation
    """
    own_keys = frozenset(verdict.traits.get("state_keys", ()))
    custom = bool(verdict.traits.get("custom_state"))
    attributes, slots = halves(state)
    if isinstance(slots, dict):
        _check_slots(guard, cls, slots, custom, own_keys)
        state = attributes
    elif not custom:
        state = attributes
    assigns = issubclass(cls, BaseException) or bool(verdict.traits.get("computed_keys"))
    if isinstance(state, dict):
        _check_keys(guard, cls, dict.items(state), own_keys, exact=not custom)
        if assigns:
            judged = frozenset(verdict.traits.get("setters", ()))
            _check_setters(guard, cls, dict.keys(state), judged)
    if custom:
        judged = frozenset(verdict.traits.get("setters", ()))
        _check_nested(guard, cls, state, own_keys, judged if assigns else None)


def halves(state: Any) -> tuple[Any, Any]:
    """Split a state into attributes and slots, by its real items (a tuple may be of any class)."""
    if isinstance(state, tuple) and tuple.__len__(state) == 2:
        attributes, slots = tuple.__iter__(state)
        return attributes, slots
    return state, None


def _check_nested(
    guard: Guard, cls: type, state: Any, own_keys: frozenset[str], judged: frozenset[str] | None
) -> None:
    """Check the tables and pairs within a state: a setter may take attributes from any of them.

    `judged` are the properties that a setter may set which assigns by name, None for others.
    """
    seen: set[int] = set()
    waiting = [state]
    while waiting:
        value = waiting.pop()
        if not isinstance(value, (dict, list, tuple)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            if judged is None and _is_data(value):
                continue
            pairs = [*dict.items(value)]
            waiting += dict.values(value)
        else:
            base: Any = list if isinstance(value, list) else tuple
            items = [*base.__iter__(value)]
            if _SCALARS.issuperset(map(type, items)):
                continue
            pairs = [pair for pair in map(_pair, items) if pair is not None]
            waiting += items
        if value is not state or not isinstance(value, dict):
            _check_keys(guard, cls, pairs, own_keys, exact=False, special=judged is not None)
            if judged is not None:
                _check_setters(guard, cls, [key for key, _ in pairs], judged)


def _is_data(table: dict[Any, Any]) -> bool:
    """Tell whether a dict has nothing but texts and numbers, under names that are not special.

    Vocabularies have ten thousands of them: this asks for each without a step in Python.
    """
    names = [*dict.keys(table)]
    if not _SCALARS.issuperset(map(type, dict.values(table))) or {*map(type, names)} - {str}:
        return False
    return "\n__" not in "\n" + "\n".join(names)


def _pair(value: Any) -> tuple[Any, Any] | None:
    """Return the two items of a pair as a setter would unpack it, None for anything else."""
    if type(value) in (list, tuple) and len(value) == 2 and isinstance(value[0], str):
        return value[0], value[1]
    return None


def _check_keys(
    guard: Guard,
    cls: type,
    pairs: Iterable[tuple[Any, Any]],
    own_keys: frozenset[str],
    exact: bool,
    special: bool = True,
) -> None:
    """Check names of attributes, and callables under the names of methods.

    A str of a derived class (numpy has one) finds attributes like the text that it equals, and
    so may a key of any other class: where keys are attributes they are exact.
    """
    own_names = guard.class_verdict(cls).traits.get("own_names", ())
    for key, value in pairs:
        if type(key) is not str:
            if exact or (isinstance(key, str) and special):
                guard.refuse(full_name(cls), "BUILD", "the keys of a state are exact str")
            continue
        if key.startswith("__") and key.endswith("__"):
            if key in own_names and (key not in _NAMING or value is None or type(value) is str):
                continue  # the class's own code gives its instances this attribute
            forged = key == "__class__" and isinstance(value, type)
            # A class of its own in a table that nobody assigns from (flair's embeddings).
            forged = forged and (special or not any(value is base for base in cls.__mro__))
            if (special and key not in own_keys and key not in _ALLOWED_DUNDERS) or forged:
                guard.refuse(
                    full_name(cls), f"BUILD of {key}", "a state may not set special attributes"
                )
        elif guard.is_callable(value):
            guard.note_key(key)
            _check_shadow(guard, cls, key, value)
            reason = guard.watch.reason_against_item(guard, key, value)
            if reason:
                guard.refuse(guard.name(value), f"BUILD of {full_name(cls)}.{key}", reason)


def _check_setters(guard: Guard, cls: type, keys: Iterable[Any], judged: frozenset[str]) -> None:
    """A setter that assigns computed keys runs properties: plain members, or analysed ones."""
    for key in keys:
        found = static(cls, key) if type(key) is str else None
        if not hasattr(type(found), "__set__") or isinstance(found, MemberDescriptorType):
            continue
        if not (isinstance(found, property) and key in judged):
            guard.refuse(
                full_name(cls), f"BUILD of {key}", "assigning it runs a property of the class"
            )


def _check_shadow(
    guard: Guard, cls: type, key: str, value: object, operation: str = "BUILD"
) -> None:
    reason = _reason_against_shadow(guard, cls, key, value)
    if reason:
        guard.refuse(
            guard.name(value),
            f"{operation} of {full_name(cls)}.{key}",
            f"it shadows a method: {reason}",
        )


def _reason_against_shadow(guard: Guard, cls: type, key: str, value: object) -> str:
    """A callable that takes the place of a method will be called in its stead.

    A function that may be referred to reaches no sink whatever it is called with.
    """
    found = static(cls, key)
    if isinstance(found, MemberDescriptorType):
        return ""
    if not callable(found) and not hasattr(type(found), "__get__"):
        return ""
    reason = guard.reason_against_call(value)
    if isinstance(found, type) and isinstance(value, type) and guard.is_constructor(value):
        return ""  # one class in the place of another, for the program to make objects of
    return reason and guard.reason_against_use(value, guard.class_verdict(cls)) and reason


# -- tables that calls are given -------------------------------------------------------------------

_FORGING = frozenset(
    [
        *("__class__", "__setstate__", "__getstate__", "__reduce__", "__reduce_ex__"),
        *("__copy__", "__deepcopy__", "append", "extend", "add"),
    ]
)
"""Attributes of an instance that the interpreter, pickle or copy take for what the object is."""
_SCALARS = frozenset([int, float, complex, bool, str, bytes, bytearray, type(None)])
_TABLES = (dict, list, tuple)


def has_table(values: Iterable[Any]) -> bool:
    """Tell whether values hold callables, or what may be such, under names: in dicts or pairs."""
    return any(True for _ in _named_values(values))


def _named_values(values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Give names and values, but literals, of the dicts and pairs among values."""
    seen: set[int] = set()
    waiting = [value for value in values if issubclass(type(value), _TABLES)]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if issubclass(type(value), dict):
            items = [*dict.values(value)]
            pairs: Any = dict.items(value)
        else:
            base: Any = list if issubclass(type(value), list) else tuple
            items = [*base.__iter__(value)]
            pairs = (items,) if len(items) == 2 else ()
        if _SCALARS.issuperset(map(type, items)):
            continue
        for key, held in pairs:
            if issubclass(type(key), str) and type(held) not in _SCALARS:
                yield str(key), held
        waiting += [item for item in items if issubclass(type(item), _TABLES)]


def check_given(guard: Guard, target: Any, verdict: Verdict, operands: tuple[Any, ...]) -> None:
    """Check tables that a call is given: it may make them attributes of what it makes.

    What must not be in the state of a class's instances must not come to them so either. Which
    class a function makes is known if it is given that.

    Raises
    ------
    PolicyViolation
    """
    if not has_table(operands):
        return
    if any("base policy" in evidence for evidence in verdict.grants.values()):
        return
    classes = [value for value in (target, *operands) if isinstance(value, type)]
    for key, value in _named_values(operands):
        if not guard.is_callable(value):
            continue
        if key in _FORGING and (isinstance(value, type) or guard.reason_against_use(value)):
            guard.refuse(
                guard.name(value),
                f"an attribute {key}",
                f"{guard.name(target)} may give what it makes an attribute that is special",
            )
        for cls in classes:
            _check_shadow(guard, cls, key, value, "an attribute")
        reason = guard.watch.reason_against_item(guard, key, value)
        if reason:
            guard.refuse(guard.name(value), f"an attribute {key}", reason)


def check_made(guard: Guard, value: Any) -> None:
    """Check attributes that a call has given to what it made of a table with callables.

    What must not be there is taken away: nobody may call it when the object goes.
    """
    cls = type(value)
    held = parts.attributes(value)
    for key, part in [*(held or {}).items()]:
        if type(key) is not str or not guard.is_callable(part):
            continue
        own = isinstance(part, MethodType) and part.__self__ is value
        reason = "" if own else _reason_against_shadow(guard, cls, key, part)
        if not reason:
            continue
        if guard.enforcing and held is not None:
            del held[key]
        guard.refuse(
            guard.name(part),
            f"an attribute {full_name(cls)}.{key}",
            f"it shadows a method: {reason}",
        )


def _check_slots(
    guard: Guard, cls: type, table: dict[Any, Any], custom: bool, own_keys: frozenset[str]
) -> None:
    assigner = static(cls, "__setattr__")
    judged = guard.class_verdict(cls).traits.get("assigns") is True
    if table and not custom and not judged and not _is_builtin(assigner):
        guard.refuse(full_name(cls), "BUILD", "slot state would run the __setattr__ of the class")
    for key in dict.keys(table):
        found = static(cls, key) if type(key) is str else None
        if custom and type(key) is str and not key.startswith("__"):
            continue
        if not isinstance(found, MemberDescriptorType) and (found is not None or key in own_keys):
            guard.refuse(full_name(cls), f"BUILD of {key}", "slot state may only fill slots")
    _check_keys(guard, cls, dict.items(table), own_keys, exact=True)


def static(cls: type, name: str) -> object:
    """Look an attribute up along the MRO without running anything."""
    for base in type.mro(cls) if cls is type else type.__getattribute__(cls, "__mro__"):
        if name in vars(base):  # None too: a class may take a property of its base away
            return cast("object", vars(base)[name])
    return None
