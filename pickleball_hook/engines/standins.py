"""Stand-ins: what the shadow pass has in the place of everything that a stream names.

A stand-in lets CPython's C unpickler go on where the verdict on the real thing is known to permit
the operation, and raises :class:`Unsure` where it is not. Nothing real is called, constructed or
written to: what an operation gives is a stand-in again, or a value of a closed or literal type.

Checks that need no more than names and literals are made at once, by the reference machine's own
functions. What is checked later in bulk, because a Python call for each object would cost more
than the load, is only what later opcodes cannot take back: keys of a dict are never removed.
"""

from __future__ import annotations

from pickleball_hook.engines import arrays, machine, stepping
from pickleball_hook.engines.prover import (
    LARGE_ITEM,
    PLAIN,
    RESULTS,
    SCALARS,
    Constant,
    Given,
    Mixed,
    StandInClass,
    Unknown,
    Unsure,
    defines,
    is_compared_by_code,
    is_fixed,
    note_containers,
    note_dicts,
    stop,
)
from pickleball_hook.engines.setters import STATE_RULES, Result, arms, search, setter
from pickleball_hook.judging import methods, parts, states
from pickleball_hook.rules.table import RULES
from policy_cache.model import (
    ANYTIME,
    CALL,
    CONSTRUCT,
    FILL,
    INERT,
    METHODS,
    OPERATED,
    REFER,
    STATE,
    TEXTLESS,
    depends,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.engines.prover import Named, Prover
    from policy_cache.model import Verdict


_TRAITS = frozenset(
    [
        *(
            "assigns",
            "bare_call",
            "bare_new",
            "call_rule",
            "calls",
            "choosy",
            "closed",
            "computed_keys",
            "computes",
            "constructs",
        ),
        *(
            "adopts",
            "anytime",
            "custom_state",
            "deferred",
            "fresh",
            "inert",
            "kin",
            "live",
            "own_names",
            "sets",
        ),
        "setters",
        *("state_keys", "state_rule", "textless", "unproven", "unreduced", "vouched"),
        *("methods", "operated", "operates", "used"),
    ]
)
"""Traits of verdicts that are understood here."""
_IN_REPLAY = frozenset(
    [
        *("", "literal_args", "plain_args", "plain_pairs", "regex", "itemgetter"),
        *("numpy_bit_generator", "numpy_mareconstruct"),
    ]
)
"""Argument rules that need the exact values and nothing else: a trampoline checks them then."""


def stand_in_for(prover: Prover, named: Named) -> Any:
    real, verdict = named.real, named.verdict
    if not _TRAITS.issuperset(verdict.traits):
        raise Unsure
    if verdict.traits.get("closed") and isinstance(real, type):
        return _closed(prover, named)
    if isinstance(real, type):
        return _class(prover, named)
    if callable(real):
        return _function(prover, named)
    if REFER not in verdict.grants:
        raise Unsure
    return Constant()


def _function(prover: Prover, named: Named) -> Any:
    """Return a function that stands for one: a function to all who look at it."""
    ready: list[Any] = []

    def stand_in(*args: Any) -> Any:
        if not ready:
            _may_be_called(prover, named)
            ready.append(_called(prover, named))
        named.checked |= named.checks
        return ready[0](*args)

    return _inert(stand_in, named)


def _called(prover: Prover, named: Named) -> Any:
    """Return what a call does."""
    rule = named.verdict.rule
    if prover.stepping and rule not in _STEADY:
        return stepping.caller(prover, named)
    maker = _MAKERS.get(rule)
    return maker(prover, named) if maker else _caller(prover, named)


def _inert(stand_in: Any, named: Named) -> Any:
    """Return a function that no state can be given to."""
    stand_in.__setstate__ = stop
    stand_in.named = named
    return stand_in


def _may_be_called(prover: Prover, named: Named) -> None:
    """Check what does not depend on the arguments of a call."""
    if prover.permits(named.real, CALL):
        raise Unsure
    named.verdict = prover.verdict_of(named.real) or named.verdict
    if machine.is_replaced(named.real, named.verdict):
        raise Unsure
    named.called = True


def _is_simple(verdict: Verdict, operation: str) -> bool:
    """Tell whether an operation is permitted whatever the operands are."""
    traits = verdict.traits
    if verdict.rule or traits.get("call_rule") or traits.get("calls") or traits.get("constructs"):
        return False
    return not depends(traits, operation)


def _caller(prover: Prover, named: Named) -> Any:
    """Return what a call does whose result may be anything."""
    verdict = named.verdict
    searched = _asks_operands_only(verdict)
    if not searched and not _is_simple(verdict, CALL):
        rule = verdict.rule or verdict.traits.get("call_rule", "")
        if rule not in _IN_REPLAY or CALL in verdict.traits.get(TEXTLESS, ()):
            raise Unsure
        named.checks = True
    keep, acted, real = prover.kept.append, prover.acted, named.real
    operated = OPERATED in verdict.traits
    if isinstance(real, type) and issubclass(real, _CONTAINERS):

        def call(*args: Any) -> Any:
            keep(args)
            note_dicts(prover, args)
            prover.armed |= operated and arms(prover, args)
            if searched and ANYTIME in verdict.traits:
                raise Unsure  # what it holds may not change any more
            named.checked |= searched or _has_table(args)
            acted.append(True)
            return Unknown() if is_fixed(args) else Mixed()

    else:
        body = {"__slots__": (), "named": named, "prover": prover}
        make: Any = type("Result", (Result,), body)

        def call(*args: Any) -> Any:
            keep(args)
            note_dicts(prover, args)
            prover.armed |= operated and arms(prover, args)
            harmless = searched and _are_harmless(prover, verdict, args)
            if searched and not harmless:
                if ANYTIME in verdict.traits:
                    raise Unsure  # what it holds may not change any more
                named.checked = True
            named.checked |= _has_table(args)
            acted.append(True)
            value = make()
            value.args, value.index = () if harmless else args, named.calls
            named.calls += 1
            return value

    return call


def _has_table(values: tuple[Any, ...]) -> bool:
    """Tell whether operands have names for what may be callable, or hide such a table.

    What calls gave is none: then the replay sees to it.
    """
    if SCALARS.issuperset(map(type, values)):
        return False
    if states.has_table(values):
        return True
    waiting: list[Any] = [*values]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if issubclass(kind, Mixed):
            return True
        if issubclass(kind, Result):
            kind.named.flat = True
        elif issubclass(kind, (dict, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            waiting += parts.weighty([*(value.values() if issubclass(kind, dict) else value)])
    return False


def _asks_operands_only(verdict: Verdict) -> bool:
    """Tell whether a call is permitted with all operands that hold nothing with code of its own."""
    if not depends(verdict.traits, CALL):
        return False
    traits = {key: row for key, row in verdict.traits.items() if key not in (INERT, METHODS)}
    return _is_simple(verdict._replace(traits=traits), CALL)


def _are_harmless(prover: Prover, verdict: Verdict, args: tuple[Any, ...]) -> bool:
    """Tell whether it is seen here already that operands have no code that the call could run.

    What other calls gave is left to the replay, which sees it.
    """
    rest = [value for value in args if type(value) is not Given and not is_fixed(value)]
    if rest and not all(map(_is_empty, rest)):
        try:
            found = methods.within(rest)
            if found is None or any(issubclass(kind, Result) for kind in found[0]):
                return False
            search(prover, rest, verdict, CALL)
        except Unsure:
            return False
    if rest:
        note_containers(prover, *rest)
    if CALL not in verdict.traits.get(METHODS, ()):
        return True
    return not methods.called_on_kinds(prover, verdict, CALL, {*prover.given}).reason


def _is_empty(value: Any) -> bool:
    """Tell whether a value is a container with nothing in it, not even attributes."""
    kind = type(value)
    if kind is not dict and kind is not list and not issubclass(kind, _ordered_dict()):
        return False
    return not value and not getattr(value, "__dict__", None)


_CONTAINERS = (dict, list, tuple, set, frozenset, str, bytes, bytearray)


def _codecs_encode(prover: Prover, named: Named) -> Any:
    """Text to bytes by a text codec, as protocols below 3 write them: done at once."""

    def call(*args: Any) -> Any:
        if RULES["codecs_encode"](prover, CALL, named.real, args):
            raise Unsure
        return named.real(*args)

    return call


def _reconstructor(prover: Prover, named: Named) -> Any:
    """``copyreg._reconstructor(cls, object, None)``: NEWOBJ of protocols 0 and 1."""

    def call(cls: Any, base: Any, state: Any) -> Any:
        owner = prover.named.get(id(object))
        if owner is None or base is not owner.stand_in or state is not None:
            raise Unsure
        if not isinstance(cls, StandInClass):
            raise Unsure
        stand_in: Any = cls
        if prover.stepping and "__new__" in vars(cls):
            raise Unsure  # the replay would not see it
        return stand_in.__new__(stand_in)

    return call


def _nested_load(prover: Prover, named: Named) -> Any:
    def call(data: Any) -> Any:
        if type(data) not in (bytes, bytearray):
            raise Unsure
        return _Nested()

    return call


class _Nested(Mixed):
    """Stands for what another stream gave: what it does as a key has not been asked."""

    __slots__ = ()
    __hash__ = stop


def _enum_call(prover: Prover, named: Named) -> Any:
    def call(value: Any) -> Any:
        if not is_fixed(value):
            raise Unsure
        return Unknown()

    return call


def _literal_args(prover: Prover, named: Named) -> Any:
    def call(*args: Any) -> Any:
        if not is_fixed(args):
            raise Unsure
        return Unknown()

    return call


def _closed(prover: Prover, named: Named) -> Any:
    """Return what stands for a closed type: calls give real instances, which nothing can harm."""
    real = named.real
    ordered = real is _ordered_dict()
    if not ordered and real not in _OPERANDS:
        return _inert(lambda *_: stop(), named)
    made: Any = _ordered(prover, named) if ordered else real
    filled = ordered or real is _deque()

    def stand_in(*args: Any) -> Any:
        if not named.called:
            _may_be_called(prover, named)
            if filled and prover.permits(real, FILL):
                raise Unsure
        for value in args:
            kind = type(value)
            if kind not in _OPERANDS or (kind is bytes and len(value) > LARGE_ITEM) or ordered:
                raise Unsure
        return made(*args)

    return _inert(stand_in, named)


def _ordered_dict() -> type:
    from collections import OrderedDict

    return OrderedDict


def _deque() -> type:
    from collections import deque

    return deque


def _ordered(prover: Prover, named: Named) -> Any:
    """Return what stands for ``OrderedDict``: it is one, but takes its attributes by this hook."""
    cls = named.real

    def __setstate__(self: Any, state: Any) -> None:
        if vars(self):
            raise Unsure  # it has its state
        vars(self)["state"] = state
        if prover.permits(cls, STATE) or type(state) is not dict:
            raise Unsure
        states.check_state(prover, cls, named.verdict, state)
        if any(hook in state for hook in machine.INSTANCE_HOOKS):
            raise Unsure
        note_containers(prover, state)

    return type("OrderedDict", (cls,), {"__setstate__": __setstate__})


_OPERANDS = PLAIN | RESULTS


def _text_codec(prover: Prover, named: Named) -> Any:
    """``bytearray(b"...")`` and the like: done at once."""
    real = named.real
    if real not in (bytes, bytearray):
        raise Unsure

    def call(*args: Any) -> Any:
        if len(args) > 1 or any(type(v) is not bytes or len(v) > LARGE_ITEM for v in args):
            raise Unsure
        return real(*args)

    return call


def _default_dict(prover: Prover, named: Named) -> Any:
    """``defaultdict(factory)``, which then gets its items."""
    from collections import defaultdict

    if named.real is not defaultdict:
        return stepping.caller(prover, named) if prover.stepping else _caller(prover, named)
    if prover.permits(named.real, FILL):
        raise Unsure
    keep = prover.kept.append
    named.checks = True
    made: Any = type("defaultdict", (dict,), {"__setstate__": stop, "__slots__": ("factory",)})

    def call(*args: Any) -> Any:
        if len(args) > 1:
            raise Unsure
        keep(args)
        value = made()
        value.factory = args[0] if args else None
        return value

    return call


class _Instance:
    """Stands for an instance. Without a field of its own it is nothing to the garbage collector."""

    __slots__ = ()


class _Table(dict):  # type: ignore[type-arg]
    """Stands for a dict of a derived class: it holds what the real one will."""

    __slots__ = ("built",)


def _table(prover: Prover, named: Named) -> dict[str, Any]:
    """Return the hooks of what stands for a class of dicts: it is filled as a dict is."""
    cls = named.real
    build = setter(prover, named)
    if prover.stepping:
        build = stepping.noting(prover, build) if named.late else stop
    ready: list[bool] = []
    operated = OPERATED in named.verdict.traits

    def __new__(made: Any, *args: Any) -> Any:
        return dict.__new__(made)

    def __setitem__(self: Any, key: Any, value: Any) -> None:
        if not ready:
            if prover.permits(cls, FILL):
                raise Unsure
            verdict = prover.verdict_of(cls) or named.verdict
            if verdict.rule or depends(verdict.traits, FILL):
                raise Unsure
            ready.append(True)
        prover.armed |= operated and arms(prover, key, value)
        dict.__setitem__(self, key, value)

    def __setstate__(self: Any, state: Any) -> None:
        if hasattr(self, "built"):
            raise Unsure  # an object was given a state twice
        self.built = True
        build(self, state)
        named.made.pop()  # who has it is counted

    return {"__new__": __new__, "__setitem__": __setitem__, "__setstate__": __setstate__}


def _is_table(cls: type) -> bool:
    """Tell whether instances are made and filled as a dict is, whatever else they do."""
    if not issubclass(cls, dict) or cls.__new__ is not dict.__new__:
        return False
    plain = states.static(cls, "__setitem__") is dict.__setitem__
    return plain and states.static(cls, "__getattribute__") is dict.__getattribute__


def _class(prover: Prover, named: Named) -> Any:
    """Return a class that stands for one, with the hooks that the verdict leaves open."""
    cls, verdict = named.real, named.verdict
    kind: Any = type(cls)
    if kind.__hash__ is not type.__hash__ or kind.__eq__ is not type.__eq__:
        raise Unsure
    if REFER not in verdict.grants:
        raise Unsure
    body: dict[str, Any] = {"__slots__": (), "__module__": cls.__module__}
    table = _is_table(cls)
    if is_compared_by_code(cls) and not table:
        body["__hash__"] = prover.hashing()
    bare = cls.__new__ is object.__new__ and cls.__getattribute__ is object.__getattribute__
    if defines(cls, "__call__"):
        body["__call__"] = stop
    if verdict.rule == "numpy_array":
        body["__new__"] = stop
        build = arrays.array_setter(prover, named)
        body["__setstate__"] = stepping.noting_items(prover, build) if prover.stepping else build
    elif prover.stepping and not table:
        body["__setstate__"] = stepping.noting(prover, setter(prover, named))
        simple = bare and named.late and _is_simple_construct(verdict)
        if not simple or prover.permits(cls, CONSTRUCT):
            body["__new__"] = stepping.maker(prover, named)
            body["__setstate__"] = stop
    elif bare and not prover.permits(cls, CONSTRUCT) and _is_simple_construct(verdict):
        body["__setstate__"] = setter(prover, named)
    elif table and not prover.permits(cls, CONSTRUCT) and _is_simple_construct(verdict):
        body.update(_table(prover, named))
    else:
        table = False
        body["__new__"] = _late_maker(prover, named)
        body["__setstate__"] = setter(prover, named)
    made: Any = StandInClass(cls.__name__, (_Table if table else _Instance,), body)
    made.named = named
    if "__call__" not in body and not table:
        prover.inert.add(made)
    made.call = _late_caller(prover, named)
    return made


def _is_simple_construct(verdict: Verdict) -> bool:
    traits = verdict.traits
    if traits.get("calls") or traits.get("constructs") or verdict.rule not in STATE_RULES:
        return False
    return not depends(traits, CONSTRUCT)


def _late_maker(prover: Prover, named: Named) -> Any:
    """Return the hook for NEWOBJ of a class that makes its instances itself."""
    ready: list[bool] = []
    keep = prover.kept.append

    def __new__(cls: Any, *args: Any, **keywords: Any) -> Any:
        if not ready:
            if prover.permits(named.real, CONSTRUCT):
                raise Unsure
            named.verdict = prover.verdict_of(named.real) or named.verdict
            literal = _is_literal_maker(named.verdict)
            bare = named.verdict.traits.get("bare_new")
            if not literal and (bare or not _is_simple(named.verdict, CONSTRUCT)):
                raise Unsure
            ready.append(literal)
        if ready[0] and not (is_fixed(args) and not keywords):
            raise Unsure
        if _has_table((args, keywords)):
            raise Unsure
        named.called = True
        prover.acted.append(True)
        prover.armed |= OPERATED in named.verdict.traits and arms(prover, args, keywords)
        keep((args, keywords))
        note_dicts(prover, args)
        return Unknown() if is_fixed(args) and not keywords else Mixed()

    return __new__


def _is_literal_maker(verdict: Verdict) -> bool:
    return verdict.rule == "literal_args" and _is_simple(verdict._replace(rule=""), CONSTRUCT)


def _late_caller(prover: Prover, named: Named) -> Any:
    """Return what a REDUCE of a class does."""
    ready: list[Any] = []

    def call(*args: Any) -> Any:
        if not ready:
            _may_be_called(prover, named)
            ready.append(_called(prover, named))
        named.checked |= named.checks
        return ready[0](*args)

    return call


_MAKERS: dict[str, Any] = {
    "codecs_encode": _codecs_encode,
    "reconstructor": _reconstructor,
    "nested_load": _nested_load,
    "enum_call": _enum_call,
    "literal_args": _literal_args,
    "plain_pairs": _default_dict,
    "text_codec": _text_codec,
    **arrays.MAKERS,
}
"""Argument rule to what makes the function that checks a call by it, on literals."""
_STEADY = frozenset(["codecs_encode", "reconstructor", "plain_pairs", "text_codec", *arrays.MAKERS])
"""Those of them by which nothing is left to be asked of the real objects."""
