"""Stand-ins: what the shadow pass has in the place of everything that a stream names.

A stand-in lets CPython's C unpickler go on where the verdict on the real thing is known to permit
the operation, and raises :class:`Unsure` where it is not. Nothing real is called, constructed or
written to: what an operation gives is a stand-in again, or a value of a closed or literal type.

Checks that need no more than names and literals are made at once, by the reference machine's own
functions. What is checked later in bulk, because a Python call for each object would cost more
than the load, is only what later opcodes cannot take back: keys of a dict are never removed.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
import types
from types import NoneType

from pickleball_hook import machine, rules, states
from pickleball_hook.guard import Guard
from pickleball_hook.originals import CUnpickler
from policy_cache.model import CALL, CONSTRUCT, FILL, INERT, REFER, STATE, TEXTLESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pickleball_hook.context import Load
    from policy_cache.model import Verdict


class Unsure(BaseException):
    """It is not proven that the reference machine would permit it. Never leaves this package."""


def _stop(*_: object) -> Any:
    raise Unsure


_SCALARS = frozenset([int, float, complex, bool, str, bytes, type(None)])
_PLAIN = _SCALARS | {tuple, list, dict, set, frozenset, bytearray}
_SIMPLE_CODE = re.compile(r"[<>=|]?[biufcmMSUVO?][0-9]{0,9}")
LARGE_ITEM = 1 << 16
"""Items beyond this size may not have been read by the shadow: nothing is made from them."""
_COPIED = 1 << 24
"""Bytes of arrays that rules may look into before the replay has them."""
_MEMO_BUDGET = 2_000_000
"""Entries of memos that are looked through in one load."""
_SOLE = next(map(sys.getrefcount, [{}]))
"""References of an object that one list holds, as ``map`` sees them."""
_LISTED = next(sys.getrefcount(held) for held in [object()])
"""The same, as a loop over the list sees them."""

_TRAITS = frozenset(
    [
        *("assigns", "bare_new", "call_rule", "calls", "closed", "computed_keys", "constructs"),
        *("custom_state", "deferred", "fresh", "inert", "kin", "live", "own_names", "setters"),
        *("state_keys", "state_rule", "textless", "unproven", "unreduced", "vouched"),
    ]
)
"""Traits of verdicts that are understood here."""

_IN_REPLAY = frozenset(
    ["", "literal_args", "regex", "itemgetter", "numpy_bit_generator", "numpy_mareconstruct"]
)
"""Argument rules that need the exact values and nothing else: a trampoline checks them then."""


class Named:
    """A global of the stream: what it is, what stands for it, what was done with it.

    Attributes
    ----------
    real : object
        What the stream will get.
    stand_in : object
        What the shadow has instead.
    made : list
        Stand-ins of the instances that were given a state, in that order.
    states : list
        The states that library code may have come by.
    keys, slots : set
        All keys of the states, and of their second halves.
    types : set of type
        The types of the extents of arrays.
    checked : bool
        Whether each call is to be checked with the real arguments.
    opaque : bool
        Whether a call must be seen to give neither a container nor a callable.
    searched : bool
        Whether a call must be seen to give nothing that holds a callable.
    late : bool
        Whether the states in `made` are still to be judged.
    later : dict of int to object
        The states that the results of calls get, by the number of the call.
    """

    __slots__ = (
        "called",
        "calls",
        "checked",
        "count",
        "keys",
        "late",
        "later",
        "made",
        "opaque",
        "real",
        "replayed",
        "searched",
        "slots",
        "stand_in",
        "states",
        "types",
        "verdict",
    )

    def __init__(self, real: Any, verdict: Verdict) -> None:
        self.real = real
        self.verdict = verdict
        self.stand_in: Any = None
        self.made: list[Any] = []
        self.states: list[Any] = []
        self.keys: set[Any] = set()
        self.slots: set[Any] = set()
        self.types: set[type] = set()
        self.count = 0
        self.calls = 0
        self.replayed = itertools.count()
        self.later: dict[int, Any] = {}
        self.called = self.checked = self.late = self.opaque = self.searched = False

    @property
    def trampoline(self) -> bool:
        """Whether something is to be seen of each call when it is replayed."""
        return self.checked or self.opaque or self.searched or bool(self.later)


class Prover(Guard):
    """A guard that refuses by :class:`Unsure`, and keeps what has to be looked at in the end."""

    def __init__(self, load: Load, file: str = "") -> None:
        super().__init__(load, True, file, "")
        self.named: dict[int, Named] = {}
        self.setters: dict[type, Any] = {}
        """Hooks for the states of real objects, by class."""
        self.kept: list[Any] = []
        """Arguments of calls: what they hold is not gone."""
        self.contents: dict[int, Any] | None = None
        """States of arrays by the ids of their stand-ins, where a rule looks into arrays."""
        self.has_all = self.needs_all = False
        """Whether the shadow has read what is in large items, and whether a rule asks for it."""
        self.copied = 0
        self.acted: list[bool] = []
        """Not empty once library code would have run, which may change what is judged later."""
        self.inert: set[Any] = {_Number, _Buffered, DType, *_SCALARS, *_RESULTS}
        """Types of the shadow that stand for neither containers nor callables."""
        self.memo: Callable[[], dict[int, Any]] = dict
        """Gives a copy of the memo of the shadow."""
        self.budget = _MEMO_BUDGET
        self.judged: list[tuple[Any, tuple[Any, ...]]] = []
        """Dicts and lists that a library may keep, and what was in them when it got them."""
        self.alone: list[Any] = []
        """Containers whose content was judged: library code must not reach them elsewhere."""

    def refuse(self, name: str, operation: str, reason: str, remedy: str = "") -> None:
        """Leave it to the reference machine, which will tell why."""
        raise Unsure

    def check_alive(self) -> None:
        """Leave a load that is refused already to the reference machine."""
        if self.load.violation is not None:
            raise Unsure

    def reason_against_call(self, value: object) -> str:
        """Judge a stand-in as what it stands for."""
        kind: Any = type(value)
        if kind is types.FunctionType or kind is _Class:
            stand_in: Any = value
            return super().reason_against_call(stand_in.named.real)
        if type(kind) is _Class:
            return self.reason_against_instance(kind.named.real)
        return super().reason_against_call(value)

    def reason_against_operands(self, value: object) -> str:
        """Judge a stand-in as what it stands for."""
        if type(value) is types.FunctionType or type(value) is _Class:
            stand_in: Any = value
            return super().reason_against_operands(stand_in.named.real)
        return super().reason_against_operands(value)

    def remembered(self, value: object) -> int:
        """Return how often the memo of the shadow has an object."""
        memo = self.memo()
        self.budget -= len(memo)
        if self.budget < 0:
            raise Unsure
        return [*memo.values()].count(value)

    def slim(self) -> None:
        """Let go of what is not needed once the proof has been made."""
        for named in self.named.values():
            named.made.clear()
            named.states.clear()
        self.kept.clear()
        self.alone.clear()
        self.judged.clear()
        self.memo = dict
        self.contents = None

    def close(self) -> None:
        """Let go of everything: stand-ins, their classes and this guard hold each other."""
        self.slim()
        for named in self.named.values():
            named.later.clear()
            named.stand_in = None
        self.named = {}

    def is_callable(self, value: object) -> bool:
        """Take what is not known for a callable."""
        return type(value) is _Unknown or super().is_callable(value)

    def stand_in(self, value: object) -> Named:
        """Return what stands for a judged global."""
        known = self.named.get(id(value))
        if known is None:
            verdict = self.verdict_of(value)
            if verdict is None:
                raise Unsure
            known = self.named[id(value)] = Named(value, verdict)
            known.stand_in = _stand_in(self, known)
            known.count = sys.getrefcount(known.stand_in)
        return known


def _stand_in(prover: Prover, named: Named) -> Any:
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
    return _Unknown()


# -- values ---------------------------------------------------------------------------------------


class _Unknown:
    """A value of which nothing is known: whoever asks what it is leaves the shadow."""

    __slots__ = ()
    __class__ = property(_stop)


class _Result:
    """What a call gave. Whoever asks what it is is told that it is no container and no callable.

    Then the replay must see that it is none (:attr:`Named.opaque`). If it gets a state, that is
    judged when the replay shows whose state it is (:attr:`Named.later`).
    """

    __slots__ = ("index",)
    named: Named
    prover: Prover
    index: int

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        self.named.opaque = True
        return _Result

    def __setstate__(self, state: Any) -> None:
        """Keep a state until it is known what it is for."""
        named = self.named
        if self.index in named.later:
            raise Unsure
        self.prover.acted.append(True)
        _note_containers(self.prover, state)
        rule = named.verdict.traits.get("state_rule", "")
        if rule in _CONTENT_RULES:
            state = _with_arrays(self.prover, state)
        named.later[self.index] = state


def _with_arrays(prover: Prover, state: Any) -> Any:
    """Return a state with arrays of our own in the place of their stand-ins."""
    if type(state) is not dict:
        raise Unsure
    return {key: _with_array(prover, value) for key, value in state.items()}


def _with_array(prover: Prover, value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is not _Buffered and (type(kind) is not _Class or not _is_array(kind)):
        raise Unsure
    if not prover.contents:
        raise Unsure
    _, shape, dtype, fortran, data = prover.contents[id(value)]
    if type(data) not in (bytes, bytearray) or dtype.objects:
        raise Unsure
    if type(data) is bytearray:
        prover.alone.append(data)
        data = bytes(data)
    prover.copied += len(data)
    if prover.copied > _COPIED:
        raise Unsure
    if len(data) > LARGE_ITEM and not prover.has_all:
        prover.needs_all = True
        raise Unsure
    numpy = sys.modules["numpy"]
    return numpy.ndarray(shape, dtype.real, data, order="F" if fortran else "C")


class _Number:
    """A numpy scalar that is no text, or an array that gets no state: no container, no callable."""

    __slots__ = ()


class _Buffered(_Number):
    """Stands for an array that a rule may look into."""

    __slots__ = ()


def _is_fixed(value: Any) -> bool:
    """Tell whether a value is a literal in which nothing can change any more."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return all(map(_is_fixed, value))
    return kind in _SCALARS


# -- functions ------------------------------------------------------------------------------------


def _function(prover: Prover, named: Named) -> Any:
    """Return a function that stands for one: a function to all who look at it."""
    maker = _MAKERS.get(named.verdict.rule)
    ready: list[Any] = []

    def stand_in(*args: Any) -> Any:
        if not ready:
            _may_be_called(prover, named)
            ready.append(maker(prover, named) if maker else _caller(prover, named))
        return ready[0](*args)

    return _inert(stand_in, named)


def _inert(stand_in: Any, named: Named) -> Any:
    """Return a function that no state can be given to."""
    stand_in.__setstate__ = _stop
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
    return operation not in traits.get(INERT, ()) and operation not in traits.get(TEXTLESS, ())


def _caller(prover: Prover, named: Named) -> Any:
    """Return what a call does whose result may be anything."""
    verdict = named.verdict
    if not _is_simple(verdict, CALL):
        rule = verdict.rule or verdict.traits.get("call_rule", "")
        if rule not in _IN_REPLAY or CALL in verdict.traits.get(TEXTLESS, ()):
            raise Unsure
        named.checked = True
    keep, acted, real = prover.kept.append, prover.acted, named.real
    if isinstance(real, type) and issubclass(real, _CONTAINERS):

        def call(*args: Any) -> Any:
            keep(args)
            _note_dicts(prover, args)
            acted.append(True)
            return _Unknown()

    else:
        body = {"__slots__": (), "named": named, "prover": prover}
        make: Any = type("Result", (_Result,), body)

        def call(*args: Any) -> Any:
            keep(args)
            _note_dicts(prover, args)
            acted.append(True)
            value = make()
            value.index = named.calls
            named.calls += 1
            return value

    return call


_CONTAINERS = (dict, list, tuple, set, frozenset, str, bytes, bytearray)


def _codecs_encode(prover: Prover, named: Named) -> Any:
    """Text to bytes by a text codec, as protocols below 3 write them: done at once."""

    def call(*args: Any) -> Any:
        if rules.RULES["codecs_encode"](prover, CALL, named.real, args):
            raise Unsure
        return named.real(*args)

    return call


def _reconstructor(prover: Prover, named: Named) -> Any:
    """``copyreg._reconstructor(cls, object, None)``: NEWOBJ of protocols 0 and 1."""

    def call(cls: Any, base: Any, state: Any) -> Any:
        owner = prover.named.get(id(object))
        if owner is None or base is not owner.stand_in or state is not None:
            raise Unsure
        if not isinstance(cls, _Class):
            raise Unsure
        stand_in: Any = cls
        return stand_in.__new__(stand_in)

    return call


def _nested_load(prover: Prover, named: Named) -> Any:
    def call(data: Any) -> Any:
        if type(data) not in (bytes, bytearray):
            raise Unsure
        return _Unknown()

    return call


def _enum_call(prover: Prover, named: Named) -> Any:
    def call(value: Any) -> Any:
        if not _is_fixed(value):
            raise Unsure
        return _Unknown()

    return call


def _literal_args(prover: Prover, named: Named) -> Any:
    def call(*args: Any) -> Any:
        if not _is_fixed(args):
            raise Unsure
        return _Unknown()

    return call


# -- closed types ---------------------------------------------------------------------------------


def _closed(prover: Prover, named: Named) -> Any:
    """Return what stands for a closed type: calls give real instances, which nothing can harm."""
    real = named.real
    ordered = real is _ordered_dict()
    if not ordered and real not in _OPERANDS:
        return _inert(lambda *_: _stop(), named)
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


def _result_types() -> frozenset[type]:
    """Return the closed types whose instances have no attributes that could be written."""
    from collections import deque
    from datetime import date, datetime, time, timedelta, timezone

    return frozenset([deque, date, datetime, time, timedelta, timezone, slice])


def _ordered(prover: Prover, named: Named) -> Any:
    """Return what stands for ``OrderedDict``: it is one, but takes its attributes by this hook."""
    cls = named.real

    def __setstate__(self: Any, state: Any) -> None:
        if vars(self):
            raise Unsure  # it has its state
        vars(self)["built"] = True
        if prover.permits(cls, STATE) or type(state) is not dict:
            raise Unsure
        states.check_state(prover, cls, named.verdict, state)
        if any(hook in state for hook in machine.INSTANCE_HOOKS):
            raise Unsure
        prover.kept.append((state,))
        _note_containers(prover, state)

    return type("OrderedDict", (cls,), {"__setstate__": __setstate__})


_RESULTS = _result_types()
_OPERANDS = _PLAIN | _RESULTS


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

    if named.real is not defaultdict or prover.permits(named.real, FILL):
        raise Unsure
    keep = prover.kept.append
    named.checked = True
    made = type("defaultdict", (dict,), {"__setstate__": _stop, "__slots__": ()})

    def call(*args: Any) -> Any:
        if len(args) > 1:
            raise Unsure
        keep(args)
        return made()

    return call


# -- classes --------------------------------------------------------------------------------------


class _Class(type):
    """The class of stand-ins for classes; whatever is done to the class itself comes here."""

    named: Named

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        return cls.call(*args)

    call = _stop
    __getinitargs__ = property(_stop)
    __setstate__ = property(_stop)
    append = property(_stop)
    extend = property(_stop)
    add = property(_stop)


class _Instance:
    """Stands for an instance. Without a field of its own it is nothing to the garbage collector."""

    __slots__ = ()


_careful: set[tuple[str, str]] = set()
"""Classes of which files have set attributes that need a look at their values, by name."""


def _class(prover: Prover, named: Named) -> Any:
    """Return a class that stands for one, with the hooks that the verdict leaves open."""
    cls, verdict = named.real, named.verdict
    kind: Any = type(cls)
    if kind.__hash__ is not type.__hash__ or kind.__eq__ is not type.__eq__:
        raise Unsure
    if REFER not in verdict.grants:
        raise Unsure
    body: dict[str, Any] = {"__slots__": (), "__module__": cls.__module__}
    bare = cls.__new__ is object.__new__ and cls.__getattribute__ is object.__getattribute__
    if _defines(cls, "__call__"):
        body["__call__"] = _stop
    if verdict.rule == "numpy_array":
        body["__new__"] = _stop
        body["__setstate__"] = _array_setter(prover, named)
    elif bare and not prover.permits(cls, CONSTRUCT) and _is_simple_construct(verdict):
        body["__setstate__"] = _setter(prover, named)
    else:
        body["__new__"] = _late_maker(prover, named)
        body["__setstate__"] = _setter(prover, named)
    made: Any = _Class(cls.__name__, (_Instance,), body)
    made.named = named
    if "__call__" not in body:
        prover.inert.add(made)
    made.call = _late_caller(prover, named)
    return made


def _defines(cls: type, name: str) -> bool:
    return any(name in vars(base) for base in cls.__mro__[:-1])


def _is_simple_construct(verdict: Verdict) -> bool:
    traits = verdict.traits
    if traits.get("calls") or traits.get("constructs") or verdict.rule not in _STATE_RULES:
        return False
    return CONSTRUCT not in traits.get(INERT, ()) and CONSTRUCT not in traits.get(TEXTLESS, ())


def _writer(prover: Prover, named: Named) -> Any:
    """Return the hook for BUILD of a class whose state is just written into its instances.

    It runs for every object of a stream, and collects what :func:`settle` looks at in the end.
    """
    mark, keep = named.made.append, named.states.append
    update_keys, update_slots = named.keys.update, named.slots.update

    def __setstate__(self: Any, state: Any) -> None:
        mark(self)
        keep(state)
        if type(state) is dict:
            update_keys(state)
        elif state is not None:
            attributes, table = state
            if type(state) is not tuple or type(table) not in (dict, NoneType):
                raise Unsure
            if table:
                update_slots(table)
            if attributes is not None:
                if type(attributes) is not dict:
                    raise Unsure
                update_keys(attributes)

    return __setstate__


def _array_setter(prover: Prover, named: Named) -> Any:
    """Return the hook for ``ndarray.__setstate__((version, shape, dtype, fortran, data))``."""
    mark, keep, alone = named.made.append, prover.kept.append, prover.alone.append
    add_types = named.types.update

    def __setstate__(self: Any, state: Any) -> None:
        mark(self)
        if prover.contents is not None:
            prover.contents[id(self)] = state
        version, shape, dtype, fortran, data = state
        if type(state) is not tuple or type(shape) is not tuple or type(dtype) is not DType:
            raise Unsure
        add_types(map(type, shape))
        dtype.used = True
        if type(data) is not bytes or dtype.objects:
            keep((data,))
            if (type(data) is list) is not dtype.objects or type(data) not in _ARRAY_DATA:
                raise Unsure
            if dtype.objects:
                alone(data)
                if len(data) != math.prod(shape):
                    raise Unsure
        if type(version) is not int or type(fortran) not in (int, bool):
            raise Unsure

    return __setstate__


_ARRAY_DATA = (bytes, list, bytearray, str)

_STATE_RULES = frozenset(["", "scipy_distribution", "literal_args"])
_CONTENT_RULES = frozenset(["sklearn_tree"])
"""Rules that look into the arrays of a state."""


def _setter(prover: Prover, named: Named) -> Any:
    """Return the hook for BUILD."""
    try:
        return _checked_setter(prover, named) if STATE in named.verdict.grants else _stop
    except Unsure:
        return _stop  # instances that get no state are none of it


def _checked_setter(prover: Prover, named: Named, live: bool = False) -> Any:
    """Return the hook for BUILD; `live` ones judge at once, and for real instances."""
    cls, verdict = named.real, named.verdict
    traits = verdict.traits
    rule = verdict.rule or traits.get("state_rule", "")
    if rule in _CONTENT_RULES and not live:
        prover.contents = prover.contents or {}
        raise Unsure
    if rule not in _STATE_RULES and rule not in _CONTENT_RULES:
        raise Unsure
    inert = STATE in traits.get(INERT, ())
    if STATE in traits.get(TEXTLESS, ()) or (inert and live):
        raise Unsure
    states.check_setter(prover, cls, verdict)
    plain = not _defines(cls, "__setstate__") and not _defines(cls, "__getattr__")
    special = rule or traits.get("custom_state") or traits.get("computed_keys")
    named.late = plain and not special and (cls.__module__, cls.__qualname__) not in _careful
    if named.late and not live:
        return _writer(prover, named)
    check = rules.RULES[rule] if rule else None
    mark = named.made.append
    layouts: set[tuple[str, ...]] = set()

    def __setstate__(self: Any, state: Any) -> None:
        mark(self)
        if not plain:
            prover.acted.append(True)
        flat = type(state) is dict and _is_flat(prover, state)
        if check is not None and check(prover, STATE, self, (state,)):
            raise Unsure
        if flat and not inert and (*state,) in layouts:
            prover.kept.append((state,))
            prover.alone.append(state)
            prover.judged.append((state, _content(state)))
            return
        if rule not in rules.OWNS_STATE:
            states.check_state(prover, cls, verdict, state)
        prover.kept.append((state,))
        _note_containers(prover, state)
        if inert:
            _search(prover, state)
        if flat and not any(map(_is_special, state)):
            layouts.add((*state,))

    return __setstate__


def _is_flat(prover: Prover, state: dict[Any, Any]) -> bool:
    """Tell whether the values of a state are neither containers nor callables."""
    kinds = set(map(type, state.values()))
    if kinds <= prover.inert:
        return True
    for kind in kinds - prover.inert:
        if issubclass(kind, _Result):
            kind.named.opaque = True
            prover.inert.add(kind)
    return kinds <= prover.inert


def _search(prover: Prover, state: Any) -> None:
    """Check that a state holds nothing that could be called.

    Raises
    ------
    Unsure
    """
    waiting = [state]
    seen = set()
    while waiting:
        value = waiting.pop()
        kind: Any = type(value)
        if kind in _SCALARS or id(value) in seen:
            continue
        seen.add(id(value))
        if issubclass(kind, (dict, list, tuple, set, frozenset)):
            waiting += value
            waiting += value.values() if isinstance(value, dict) else ()
        elif issubclass(kind, _Result):
            named = kind.named
            named.searched = True
            prover.alone.append(value)
            waiting += [named.later[value.index]] if value.index in named.later else []
        elif kind not in prover.inert or (type(kind) is _Class and not _is_array(kind)):
            raise Unsure


def _is_array(kind: Any) -> bool:
    return bool(kind.named.verdict.rule == "numpy_array")


def _is_special(key: Any) -> bool:
    return type(key) is not str or key.startswith("__")


def _note_containers(prover: Prover, state: Any) -> None:
    """Remember the containers of a state that was judged, and is kept."""
    waiting = [state]
    seen = set()
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if not issubclass(kind, (dict, list, tuple)) or id(value) in seen or value == ():
            continue
        seen.add(id(value))
        prover.alone.append(value)
        prover.judged.append((value, _content(value)))
        waiting += value.values() if isinstance(value, dict) else value


def _note_dicts(prover: Prover, args: tuple[Any, ...]) -> None:
    """Remember what is in the dicts that a callable is given: it may make them attributes."""
    prover.judged += [(value, _content(value)) for value in args if issubclass(type(value), dict)]


def _content(value: Any) -> tuple[Any, ...]:
    return (*dict.items(value),) if issubclass(type(value), dict) else (*value,)


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
        if ready[0] and not (_is_fixed(args) and not keywords):
            raise Unsure
        prover.acted.append(True)
        keep((args, keywords))
        _note_dicts(prover, args)
        return _Unknown()

    return __new__


def _is_literal_maker(verdict: Verdict) -> bool:
    return verdict.rule == "literal_args" and _is_simple(verdict._replace(rule=""), CONSTRUCT)


def _late_caller(prover: Prover, named: Named) -> Any:
    """Return what a REDUCE of a class does."""
    ready: list[Any] = []

    def call(*args: Any) -> Any:
        if not ready:
            _may_be_called(prover, named)
            maker = _MAKERS.get(named.verdict.rule)
            ready.append(maker(prover, named) if maker else _caller(prover, named))
        return ready[0](*args)

    return call


# -- numpy ----------------------------------------------------------------------------------------


class DType:
    """Stands for a dtype, and knows what the real one would be like."""

    __slots__ = ("objects", "prover", "real", "used")

    def __init__(self, prover: Prover, real: Any) -> None:
        self.prover = prover
        self.real = real
        self.objects: bool = real.hasobject
        self.used = False

    def __setstate__(self, state: Any) -> None:
        """Check a state by the reference machine's rule, on a dtype of our own."""
        held = sys.getrefcount(self)
        if self.used or type(state) is not tuple:
            raise Unsure
        if held > _most_references() + self.prover.remembered(self):
            raise Unsure  # something else has it
        self.used = True
        state = _real_state(self.prover, state)
        kind = type(self.real)
        if STATE not in states.class_verdict(self.prover, kind).grants:
            raise Unsure
        self.prover.elsewhere = 0
        if rules.RULES["numpy_dtype"](self.prover, STATE, self.real, (state,)):
            raise Unsure
        self.real.__setstate__(state)
        self.objects = self.real.hasobject


def _real_state(prover: Prover, state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a dtype's state with our own dtypes in the place of their stand-ins."""
    parts = list(state)
    if len(parts) >= 6:
        subarray, fields = parts[2], parts[4]
        if type(subarray) is tuple:
            parts[2] = tuple(_real_dtype(part) for part in subarray)
        if type(fields) is dict:
            prover.alone.append(fields)
            parts[4] = {
                key: tuple(map(_real_dtype, row)) if type(row) is tuple else row
                for key, row in fields.items()
            }
    rest = [part for index, part in enumerate(parts) if index not in (2, 4)]
    if len(parts) == 9 and type(parts[8]) is tuple and parts[8][:1] == ({},):
        rest[-1] = parts[8][1:]  # datetimes: no metadata of anybody's, and the unit
    if not _is_fixed(tuple(rest)):
        raise Unsure
    return tuple(parts)


def _real_dtype(value: Any) -> Any:
    if type(value) is not DType:
        return value
    value.used = True
    return value.real


_counted: list[int] = []


def _most_references() -> int:
    """Return how many references an object has when BUILD comes to it: the stack and the call."""
    if not _counted:

        class Probe:
            __slots__ = ()

            def __setstate__(self, state: object) -> None:
                held = sys.getrefcount(self)
                _counted.append(held)

        class Counting(CUnpickler):  # type: ignore[misc]
            def find_class(self, module: str, name: str) -> object:
                return Probe

        import io

        Counting(io.BytesIO(b"cx\ny\n)RNb.")).load()
    return _counted[0]


def _numpy_dtype(prover: Prover, named: Named) -> Any:
    """``numpy.dtype(code, False, True)``: a copy, which is new."""

    def call(*args: Any) -> Any:
        if len(args) != 3 or type(args[0]) is not str or not _SIMPLE_CODE.fullmatch(args[0]):
            raise Unsure
        if args[1:] != (False, True):
            raise Unsure
        return DType(prover, named.real(*args))

    return call


def _numpy_reconstruct(prover: Prover, named: Named) -> Any:
    """``_reconstruct(ndarray, (0,), b'b')``: an empty array, that gets all by its state."""
    numpy = sys.modules["numpy"]
    known = prover.named.get(id(numpy.ndarray))
    if known is None:
        raise Unsure
    array = known.stand_in
    make = object.__new__
    if prover.permits(numpy.ndarray, STATE):
        raise Unsure

    def call(cls: Any, shape: Any, code: Any) -> Any:
        if cls is not array or type(shape) is not tuple or len(shape) != 1:
            raise Unsure
        if type(shape[0]) is not int or shape[0] or type(code) not in (bytes, str):
            raise Unsure
        return make(array)

    return call


def _numpy_scalar(prover: Prover, named: Named) -> Any:
    def call(dtype: Any, data: Any = b"") -> Any:
        if type(dtype) is not DType or dtype.objects or type(data) not in (bytes, str):
            raise Unsure
        dtype.used = True
        return _Number() if dtype.real.kind in "biufcmM" else _Unknown()

    return call


def _numpy_frombuffer(prover: Prover, named: Named) -> Any:
    def call(buffer: Any, dtype: Any, *shape: Any) -> Any:
        if type(dtype) is not DType or dtype.objects or not shape or not _is_fixed(shape):
            raise Unsure
        if type(buffer) not in (bytes, bytearray):
            raise Unsure
        dtype.used = True
        if prover.contents is None or len(shape) != 2:
            return _Number()
        array = _Buffered()
        prover.contents[id(array)] = (1, shape[0], dtype, shape[1] == "F", buffer)
        prover.kept.append((array,))
        return array

    return call


_MAKERS: dict[str, Any] = {
    "codecs_encode": _codecs_encode,
    "reconstructor": _reconstructor,
    "nested_load": _nested_load,
    "enum_call": _enum_call,
    "literal_args": _literal_args,
    "plain_pairs": _default_dict,
    "text_codec": _text_codec,
    "numpy_dtype": _numpy_dtype,
    "numpy_reconstruct": _numpy_reconstruct,
    "numpy_scalar": _numpy_scalar,
    "numpy_frombuffer": _numpy_frombuffer,
}
"""Argument rule to what makes the function that checks a call by it, on literals."""


# -- the end --------------------------------------------------------------------------------------


def settle(prover: Prover) -> None:
    """Check, now that the shadow has come to the end of the stream, what was put off.

    Raises
    ------
    Unsure
    """
    for named in prover.named.values():
        if named.made:
            _settle_states(named)
    if prover.acted:
        if any(_content(value) != before for value, before in prover.judged):
            raise Unsure  # an opcode has changed it since
        prover.judged.clear()
        _settle_alone(prover)
    for named in prover.named.values():
        if named.trampoline or REFER not in named.verdict.grants:
            _settle_handed_out(named)


def _settle_alone(prover: Prover) -> None:
    """Check that nothing else has a container whose content was judged: code of a library ran."""
    for named in prover.named.values():
        if named.states and max(map(sys.getrefcount, named.states)) > _SOLE:
            raise Unsure
        for state in named.states:
            for half in state if type(state) is tuple else ():
                if type(half) is dict and sys.getrefcount(half) > _LISTED:
                    raise Unsure
    if prover.alone and max(map(sys.getrefcount, prover.alone)) > _SOLE + 1:
        raise Unsure


def _settle_states(named: Named) -> None:
    """Check the states of the instances of one class."""
    if len(set(named.made)) != len(named.made):
        raise Unsure  # an object was given a state twice
    if not named.types <= {int}:
        raise Unsure
    if not named.late:
        return  # judged one by one
    cls = named.real
    if not set(map(type, named.keys | named.slots)) <= {str}:
        raise Unsure
    for key in named.keys:
        if (key.startswith("__") and key.endswith("__")) or _is_sensitive(cls, key):
            _careful.add((cls.__module__, cls.__qualname__))
            raise Unsure
    if named.slots and isinstance(states.static(cls, "__setattr__"), types.FunctionType):
        raise Unsure
    for key in named.slots:
        if not isinstance(states.static(cls, key), types.MemberDescriptorType):
            raise Unsure


def _is_sensitive(cls: type, key: str) -> bool:
    """Tell whether a callable under a key would be called in the stead of the class's own."""
    found = states.static(cls, key)
    if found is None or isinstance(found, types.MemberDescriptorType):
        return False
    return callable(found) or hasattr(type(found), "__get__")


def _settle_handed_out(named: Named) -> None:
    """Check that what may only be called is nothing that the stream keeps."""
    if sys.getrefcount(named.stand_in) > named.count:
        raise Unsure


# -- the replay -----------------------------------------------------------------------------------


def permit_late(prover: Prover, value: object, state: Any) -> None:
    """Check that a real object may be given what the shadow saw it get.

    Raises
    ------
    Unsure
    """
    cls = type(value)
    hook = prover.setters.get(cls)
    if hook is None:
        verdict = states.class_verdict(prover, cls)
        if STATE not in verdict.grants and prover.permits(cls, STATE):
            raise Unsure
        named = Named(cls, prover.class_verdict(cls))
        if "numpy" in sys.modules:
            prover.inert.add(sys.modules["numpy"].ndarray)
        hook = prover.setters[cls] = _checked_setter(prover, named, live=True)
    hook(value, state)
