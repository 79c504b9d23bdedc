"""Streams that run on the C machine, each operation checked as it executes.

What a proof cannot tell without the real objects is here asked of them, by the very functions of
the reference machine, and only opcodes that run no code are left to the C unpickler. The shadow
pass shows which names are only called or constructed: the replay has functions and classes in
their places that check, and then do it. It shows which objects get a state: those are of a class
that knows nothing but BUILD until they have it. And it shows that no container is filled after
code has got it, which is what the reference machine would look at in between.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sys
import types
from _thread import get_ident
from abc import ABC
from collections import deque
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from pickleball_hook.engines import machine
from pickleball_hook.engines.prover import (
    RESULTS,
    SCALARS,
    Abandoned,
    Named,
    StandInClass,
    Unknown,
    Unsure,
    attributes_of,
    content_of,
    is_changed,
    is_finalized_by_code,
    is_risky,
)
from pickleball_hook.judging import parts
from pickleball_hook.judging.guard import Guard
from policy_cache.model import CONSTRUCT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pickleball_hook.context import Load
    from pickleball_hook.engines.prover import Prover
    from policy_cache.model import Verdict

# -- in the shadow --------------------------------------------------------------------------------


class Outcome(Unknown):
    """Stands for what a call or a constructor will give."""

    __slots__ = ("index",)
    named: Named
    prover: Prover
    index: int

    def __hash__(self) -> int:
        self.prover.look_again()
        return id(self) >> 4

    def __call__(self, *args: Any) -> Any:
        """Call a method that ``getattr`` has given, and that goes nowhere else."""
        prover, named = self.prover, self.named
        if named.real is not getattr:
            raise Unsure
        if self.index not in named.bound:
            method = Named(None, named.verdict)
            named.bound[self.index] = (self, method, caller(prover, method))
        return named.bound[self.index][2](*args)

    def __setstate__(self, state: Any) -> None:
        """Take note that it gets a state, which is judged when it is replayed."""
        prover, named = self.prover, self.named
        if self.index in named.later or id(self) in prover.early:
            raise Unsure
        named.later[self.index] = None
        prover.acted.append(True)
        prover.kept.append((self, state))
        note(prover, state)


def caller(prover: Prover, named: Named) -> Any:
    """Return what a call does in the shadow."""
    keep, acted, make = prover.kept.append, prover.acted, _outcomes(prover, named)

    def call(*args: Any) -> Any:
        keep(args)
        note(prover, *args)
        acted.append(True)
        named.stepped = True
        value = make()
        value.index = named.calls
        named.calls += 1
        keep((value,))
        return value

    return call


def maker(prover: Prover, named: Named) -> Any:
    """Return the hook for NEWOBJ of a class whose instances are made, or built, step by step."""
    ready: list[Any] = []
    keep, acted = prover.kept.append, prover.acted

    def __new__(cls: Any, *args: Any, **keywords: Any) -> Any:
        if not ready:
            if prover.permits(named.real, CONSTRUCT):
                raise Unsure
            ready.append(_outcomes(prover, named))
        keep((args, keywords))
        note(prover, args, keywords)
        acted.append(True)
        named.stepped = named.called = True
        value = ready[0]()
        value.index = named.calls
        named.calls += 1
        keep((value,))
        return value

    return __new__


def _outcomes(prover: Prover, named: Named) -> Any:
    body = {"__slots__": (), "named": named, "prover": prover}
    return type("Outcome", (Outcome,), body)


def note(prover: Prover, *values: Any) -> None:
    """Remember what is in the containers that code gets: nothing may come in later.

    And the objects that it gets before these have their state.
    """
    waiting = [*values]
    noted = prover.noted
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in SCALARS:
            continue
        if issubclass(kind, Outcome):
            if value.index not in kind.named.later:
                prover.early.add(id(value))
            continue
        if type(kind) is StandInClass:
            prover.early.add(id(value))  # if it has its state by now, it gets no other
        if kind in RESULTS and kind is not deque:
            waiting += parts.hidden(value)
            continue
        table = issubclass(kind, dict)
        if not table and not issubclass(kind, (list, tuple, set, frozenset, deque)):
            continue
        if id(value) in noted:
            continue
        grows = kind in _ONLY_GROWING
        noted[id(value)] = (value, len(value) if grows else content_of(value))
        if kind is list and _are_texts(value):
            continue
        waiting += parts.weighty([*(dict.values(value) if table else value)])
        waiting += parts.weighty([*value]) if table else ()
        waiting += attributes_of(value)


def _are_texts(values: list[Any]) -> bool:
    """Tell whether all are ``str``, of which the shadow has no derived class."""
    try:
        for start in range(0, len(values), _JOINED):
            "".join(values[start : start + _JOINED])
    except TypeError:
        return False
    return True


_JOINED = 4096
_ONLY_GROWING = frozenset([set, tuple, frozenset])
"""What has as many items as before has the same: opcodes only add some. Those of lists they replace
as well (SETITEM; CPython Modules/_pickle.c, do_setitems)."""


def noting(prover: Prover, build: Any) -> Any:
    """Return a hook for BUILD that takes note of what code may come by."""

    def __setstate__(self: Any, state: Any) -> None:
        if id(self) in prover.early:
            raise Unsure
        note(prover, state)
        build(self, state)

    return __setstate__


def noting_items(prover: Prover, build: Any) -> Any:
    """Return the same for arrays, which hold the items of a list, and not the list."""

    def __setstate__(self: Any, state: Any) -> None:
        if id(self) in prover.early:
            raise Unsure
        build(self, state)
        if type(state[-1]) is list and not _are_texts(state[-1]):
            note(prover, *state[-1])

    return __setstate__


def settle(prover: Prover) -> None:
    """Check that nothing has come into containers after code has got them.

    Raises
    ------
    Unsure
    """
    for named in prover.named.values():
        for method, _, _ in named.bound.values():
            if sys.getrefcount(method) > _ONLY_CALLED:
                raise Unsure
    for value, before in prover.noted.values():
        if is_changed(value, before):
            raise Unsure


_ONLY_CALLED = 4
"""References to a method that is only called: the books, the one for it, the loop, the count."""


# -- in the replay --------------------------------------------------------------------------------


class _StepGuard(Guard):
    """Leaves it to the reference machine to refuse, and to tell why."""

    stepper: Stepper

    def refuse(self, name: str, operation: str, reason: str, remedy: str = "") -> None:
        """Leave the replay.

        Raises
        ------
        Abandoned
        """
        raise Abandoned

    def grant(self, value: object, verdict: Verdict) -> None:
        """Look at the objects that wait as what they are: they are beside what is named."""
        with self.stepper.shown():
            super().grant(value, verdict)

    def _check_beside(self, value: object) -> None:
        with self.stepper.shown():
            super()._check_beside(value)


class Stepper(machine.Stepped):
    """Checks the operations of one replay.

    Parameters
    ----------
    load : context.Load
    prover : Prover
        Of the proof that is replayed.
    """

    def __init__(self, load: Load, prover: Prover) -> None:
        guard = _StepGuard(load, True, prover.file, "")
        guard.leave = Abandoned
        super().__init__(guard)
        guard.stepper = self
        self.thread = get_ident()
        parts.scalars["known"] = parts.Scalars()
        self._prover = prover
        self._stand_ins: dict[int, Any] = {}
        self.hidden: dict[int, tuple[Any, type]] = {}
        """Objects that wait for their state, with their classes."""
        self._kinds: set[type] = set()
        """Classes of what calls gave that are known to need no second look."""
        self.touched = False
        """Whether anybody in its thread has asked one of those for anything."""

    def stand_in(self, named: Named) -> Any:
        """Return what the stream gets for a global: itself if nothing is done with it."""
        guard = self._guard
        if guard.verdict_of(named.real) is None:
            known = self._prover.verdict_of(named.real)
            guard.grant(named.real, known or named.verdict)
        if not named.trampoline:
            return named.real
        known = self._stand_ins.get(id(named))
        if known is None:
            known = self._stand_ins[id(named)] = self._checking(named, named.real)
        return known

    def _checking(self, named: Named, real: Any) -> Any:
        later, bound = named.later, named.bound
        count = itertools.count()

        def call(*args: Any) -> Any:
            value = machine.call(self, real, args, "REDUCE")
            self._check_kind(type(value))
            index = next(count)
            if index in bound:
                return self._checking(bound[index][1], value)
            return self._given(value, index in later)

        def new(_: Any, *args: Any, **keywords: Any) -> Any:
            opcode = "NEWOBJ_EX" if keywords else "NEWOBJ"
            value = machine.construct(self, real, args, keywords, opcode)
            return self._given(value, next(count) in later)

        if not isinstance(real, type):
            return call
        return _Maker("Maker", (), {"__slots__": (), "__new__": new, "call": staticmethod(call)})

    def _check_kind(self, cls: type) -> None:
        """Check that what a call gives makes the stream none that had to be looked at again."""
        if cls in self._kinds or not cls.__flags__ & _HEAP_TYPE:
            return
        risky = is_risky(self._guard.class_verdict(cls))
        if risky and (not self._prover.risky or is_finalized_by_code(cls)):
            raise Abandoned
        self._kinds.add(cls)

    def _given(self, value: Any, later: bool) -> Any:
        """Return what an operation gave; nothing is done with it until it has its state."""
        if issubclass(type(value), _FILLED):
            self._guard.untouched.discard(id(value))  # the C machine may fill it
        if not later:
            return value
        made = self._guard.made.get(id(value))
        kind = hiding(type(value))
        if kind is None or made is None or made.value is not value or not made.fresh:
            raise Abandoned
        self._hide(value, kind)
        return value

    def _hide(self, value: Any, kind: type) -> None:
        cls = type(value)
        try:
            _set_class(value, kind)
        except TypeError:
            _hidings[cls] = None
            raise Abandoned from None
        self.hidden[id(value)] = (value, cls)
        _waiting[id(value)] = self

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Give the objects that wait their classes again, for as long as this lasts."""
        shown = [*self.hidden.values()]
        for value, cls in shown:
            _set_class(value, cls)
        try:
            yield
        finally:
            for value, cls in shown:
                _set_class(value, _hidings[cls])

    def build(self, value: Any, state: Any) -> None:
        """Give an object its class again, and its state."""
        del _waiting[id(value)]
        _, cls = self.hidden.pop(id(value))
        _set_class(value, cls)
        self._guard.check_alive()
        if machine.is_replaced_in_place(value):
            raise Abandoned
        machine.build(self, value, state)

    def close(self) -> bool:
        """Give all objects their classes again; tell whether all was as the shadow has seen it."""
        parts.scalars["known"] = None
        complete = not self.hidden and not self.touched and not self._guard.call_only
        while self.hidden:
            key, (value, cls) = self.hidden.popitem()
            _waiting.pop(key, None)
            _set_class(value, cls)
        return complete


class _Maker(type):
    """The class of what stands for a class that is called or constructed."""

    def __call__(cls, *args: Any) -> Any:
        return cls.call(*args)  # type: ignore[attr-defined]


_FILLED = (dict, list, set, deque)
_waiting: dict[int, Stepper] = {}
"""Who knows the objects that wait for their state, by their ids."""
_set_class: Any = object.__dict__["__class__"].__set__
_HEAP_TYPE, _BASE_TYPE, _FIXED_TYPE = 1 << 9, 1 << 10, 1 << 8
"""CPython Include/object.h, ``Py_TPFLAGS_HEAPTYPE``, ``_BASETYPE`` and ``_IMMUTABLETYPE``."""
_hidings: WeakKeyDictionary[type, type | None] = WeakKeyDictionary()
_kinds: dict[type, type | None] = {}
"""Bases that have neither attributes nor weak references, and what waits that is derived from them.
"""


def _get(self: Any, name: str) -> Any:
    """Give what BUILD asks for; whoever asks for anything else has it too early."""
    stepper = _waiting.get(id(self))
    if stepper is None or stepper.thread != get_ident():
        return object.__getattribute__(self, name)  # a thread that goes through all objects
    if name == "__setstate__":
        return functools.partial(stepper.build, self)
    stepper.touched = True
    raise Abandoned


def _stop(self: Any, *_: Any) -> Any:
    stepper = _waiting.get(id(self))
    if stepper is not None:
        stepper.touched = True
    raise Abandoned


_HOOKS = {
    "__getattribute__": _get,
    **{name: _stop for name in ("__setattr__", "__hash__", "__eq__", "__call__", "__iter__")},
    **{name: _stop for name in ("__len__", "__getitem__", "__reduce_ex__", "__repr__")},
}
"""Of an object that waits for its state. It is callable: a search takes it for the worst."""


def hiding(cls: type) -> type | None:
    """Return a class that objects of another one may be of while they wait, None if there is none.

    It has the same layout (CPython Objects/typeobject.c, ``object_set_class``), by the same base
    written in C.
    """
    if not cls.__flags__ & _HEAP_TYPE or cls.__flags__ & _FIXED_TYPE or issubclass(cls, type):
        return None
    if cls not in _hidings:
        base = cls
        while base.__flags__ & _HEAP_TYPE and (base.__dictoffset__ or base.__weakrefoffset__):
            base = base.__base__  # type: ignore[assignment]
        if base not in _kinds:
            _kinds[base] = _derived(base)
        _hidings[cls] = _kinds[base]
    return _hidings[cls]


def _derived(base: type) -> type | None:
    """Return a class derived from one written in C, None from any other.

    `ABC` and `Generic` have no layout of their own, and do nothing with what is derived from them.
    """
    if base is ABC or base is Generic:
        bases = (base,) if base is ABC else (base[_Any],)  # type: ignore[index]
        return types.new_class("Waiting", bases, {}, lambda body: body.update(_HOOKS))
    if type(base) is not type or not base.__flags__ & _BASE_TYPE:
        return None
    if any("__init_subclass__" in vars(part) for part in base.__mro__[:-1]):
        return None
    if any(isinstance(part, types.FunctionType) for part in vars(base).values()):
        return None
    try:
        return type("Waiting", (base,), {**_HOOKS})
    except Exception:  # it may not be derived from
        return None


_Any = TypeVar("_Any")
