"""The search for callables in what library code gets, without running any code on the way."""

from __future__ import annotations

import functools
import types
import weakref

from pickleball_hook.judging import names, parts
from pickleball_hook.judging.callables import bound_verdict, reason_of_choice
from policy_cache.model import REFER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Any

_BOUND_KINDS = (types.MethodType, types.BuiltinFunctionType)
"""Callables that may have an object of the file's in them."""
_SCALARS = frozenset([int, float, complex, bool, str, bytes, bytearray, type(None)])
_DEEPEST_LOOK = 100_000


def find_callable(
    values: Iterable[Any],
    reason_against_use: Callable[[object], str],
    untouched: Collection[int] = (),
    settled: Collection[int] = (),
) -> object | None:
    """Find something among `values` that may not be called, containers and states included.

    Containers and instance dictionaries are searched; what a native object hides is its own. What
    `untouched` objects hold is their library's, and only has to be what a file may refer to; what
    the `settled` ones of them hold need not be.
    """
    found: object
    kept: list[object] = []
    for count, value in enumerate(within(values, untouched)):
        is_one = callable(value) or isinstance(value, names.CALLABLE_KINDS)
        if (is_one and reason_against_use(value)) or count > _DEEPEST_LOOK:
            found = value  # or too much to look through: treated as found
            return found
        if id(value) in untouched and id(value) not in settled:
            kept.append(value)
    for count, value in enumerate(within(kept, ())):
        if (_is_code(value) and not _may_be_data(value)) or count > _DEEPEST_LOOK:
            found = value
            return found
    return None


def _is_code(value: object) -> bool:
    return isinstance(value, (*names.CALLABLE_KINDS, functools.partial))


def _may_be_data(value: Any) -> bool:
    """Tell whether a file may name a class or function: it then reaches no sink by itself."""
    while isinstance(value, functools.partial):
        value = value.func
    verdict = bound_verdict(value) if isinstance(value, types.MethodType) else None
    verdict = verdict or names.own_verdict(getattr(value, "__func__", value))
    return verdict is not None and REFER in verdict.grants and not reason_of_choice(verdict)


def within(values: Iterable[Any], untouched: Collection[int]) -> Iterator[Any]:
    """Give values, and what containers and attributes among them hold, but for literals."""
    seen: set[int] = set()
    waiting: list[Any] = list(values)
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in _SCALARS or kind is weakref.ref or id(value) in seen:
            continue  # calling a weak reference gives its object, and no file can make one
        seen.add(id(value))
        yield value
        if id(value) in untouched:
            continue
        if isinstance(value, names.CALLABLE_KINDS):
            waiting += parts.hidden(value) if isinstance(value, _BOUND_KINDS) else ()
            continue
        if isinstance(value, dict):
            waiting += parts.weighty([*dict.keys(value)])
            waiting += parts.weighty([*dict.values(value)])
        elif isinstance(value, (list, tuple, set, frozenset)):
            waiting += parts.weighty(
                [*kind.__iter__(value)] if kind in (list, tuple, set, frozenset) else _items(value)
            )
        waiting += parts.weighty(parts.hidden(value))


def _items(value: Any) -> list[Any]:
    """Return the items of a container, without running methods that its class derives."""
    bases: tuple[Any, ...] = (list, tuple, set, frozenset)
    return next(([*base.__iter__(value)] for base in bases if isinstance(value, base)), [])
