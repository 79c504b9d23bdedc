"""``cls.__new__`` as a name in the stream: a call of it is NEWOBJ, that of a partial NEWOBJ_EX.

``partial(cls.__new__, cls, *args, **kwargs)()`` is how protocols 2 and 3 write NEWOBJ_EX.

Which is what ``__getnewargs_ex__`` comes to (CPython Lib/pickle.py save_reduce, Modules/_pickle.c
save_reduce, both since 3.4). In the stream these are five steps: ``getattr(cls, "__new__")``, a
partial of it, the state of the partial, and a call of the partial with nothing. The call is judged
as the NEWOBJ_EX that it stands for.

In between there is code on the stack that nobody may have: a stand-in that can be used for the
next step only, as for every global that may be called but not handed out.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from pickleball_hook.judging import names
from pickleball_hook.judging.guard import Guard
from policy_cache.model import Verdict

_Bound = tuple[type, tuple[Any, ...], dict[str, Any]]


class Maker(NamedTuple):
    """What has been said so far.

    Attributes
    ----------
    value : object
        ``cls.__new__``, or the partial of it.
    holder : type
        The class whose ``__new__`` was asked for: `cls`, or the base that defines it.
    bound : tuple or None
        The class to make, the positional and the keyword arguments, once the partial has them.
    """

    value: Any
    holder: type
    bound: _Bound | None = None


def find(guard: Guard, value: object) -> Maker | None:
    """Return the maker that an object on the stack is."""
    found = guard.behind(value) if type(value) is names.CallOnly else guard.makers.get(id(value))
    return found if type(found) is Maker else None


def begin(guard: Guard, func: Any, args: tuple[Any, ...]) -> Maker | None:
    """Return the maker that a call gives: ``getattr(cls, "__new__")``, or a partial of such.

    None if the call is another one.
    """
    called = guard.behind(func)
    if called is getattr and len(args) == 2 and type(args[1]) is str and args[1] == "__new__":
        holder = args[0]
        if isinstance(holder, type) and guard.verdict_of(holder) is not None:
            return Maker(holder.__new__, holder)
    if called is functools.partial and len(args) == 1:
        known = find(guard, args[0])
        if known is not None and not isinstance(known.value, functools.partial):
            return Maker(functools.partial(known.value), known.holder)
    return None


def asked(maker: Maker, args: tuple[Any, ...]) -> _Bound | None:
    """Return what calling a maker makes, None if it may not be called so.

    A class method may write ``object.__new__, (cls,)`` for a class with a ``__new__`` of its own.
    """
    if maker.bound is not None:
        return None if args else maker.bound
    if isinstance(maker.value, functools.partial) or not args or not isinstance(args[0], type):
        return None
    cls = args[0]
    plain = maker.holder is object and len(args) == 1
    return (cls, args[1:], {}) if plain or cls.__new__ == maker.holder.__new__ else None


def put(guard: Guard, maker: Maker) -> object:
    """Return what stands on the stack for a maker: in audit mode, the real thing."""
    if not guard.enforcing:
        guard.makers[id(maker.value)] = maker
        return maker.value
    guard.stepwise = True
    stand_in = names.CallOnly()
    home, name = maker.holder.__module__, f"{maker.holder.__qualname__}.__new__"
    guard.keep(stand_in, (maker, Verdict(home, name, "function", f"{home}:{name}", {}, {})))
    return stand_in


def bind(guard: Guard, inst: object, maker: Maker, state: Any) -> Maker | None:
    """Return the maker with the arguments that BUILD gives to the partial, None if it may not."""
    if maker.bound is not None or not isinstance(maker.value, functools.partial):
        return None
    if type(state) is not tuple or len(state) != 4:
        return None
    func, args, kwargs, attributes = state
    if attributes is not None and not (type(attributes) is dict and not attributes):
        return None
    known = find(guard, func)
    if known is None or known.holder is not maker.holder or type(args) is not tuple or not args:
        return None
    cls = args[0]
    if type(kwargs) is not dict or not isinstance(cls, type) or cls.__new__ != maker.holder.__new__:
        return None
    bound = maker._replace(bound=(cls, args[1:], dict(kwargs)))
    if guard.enforcing:
        guard.mean(inst, bound)
    else:
        guard.makers[id(maker.value)] = bound
    return bound


def are_steps(value: object) -> bool:
    """Tell whether a value of the memo is the arguments, or the state, of a step.

    The pickler memoizes them as any tuple, and comes back to none of them.
    """
    return type(value) is tuple and any(type(part) is names.CallOnly for part in value)
