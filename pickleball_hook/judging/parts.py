"""What an object holds, looked at without running code of its class and without changing it."""

from __future__ import annotations

import functools
import gc
import io
import sys
from types import (
    BuiltinFunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any


def attributes(value: object) -> dict[str, Any] | None:
    """Return the instance dictionary of an object, None if it has none.

    An exception, a partial and a buffer in memory get theirs when it is asked for, and are from
    then on pickled with it (CPython Objects/exceptions.c, ``BaseException_reduce``;
    Modules/_functoolsmodule.c, ``partial_reduce``; Modules/_io/stringio.c and bytesio.c,
    ``__getstate__``): theirs is found among what the garbage collector sees, if it is there.
    """
    kind = type(value)
    if issubclass(kind, _WITH_LATE_ATTRIBUTES):
        found = [held for held in gc.get_referents(value) if type(held) is dict]
        keywords = 1 if issubclass(kind, functools.partial) else 0
        return found[-1] if len(found) > keywords else None
    for base in kind.__mro__:
        getter: Any = vars(base).get("__dict__")
        if type(getter) in (GetSetDescriptorType, MemberDescriptorType):
            own = getter.__get__(value)
            return own if type(own) is dict else None
    return None


_WITH_LATE_ATTRIBUTES = (BaseException, functools.partial, io.BytesIO, io.StringIO)

_PLAIN = frozenset([dict, list, tuple, set, frozenset, str, bytes, bytearray, int, float, bool])
"""Exact types that hold nothing but their items."""


_SCALARS = frozenset([int, float, complex, bool, str, bytes, bytearray, type(None)])


def weighty(items: Collection[Any]) -> Collection[Any]:
    """Return items, or none if all are exact scalars, which a look at C speed tells."""
    return () if _SCALARS.issuperset(map(type, items)) else items


def hidden(value: object) -> list[Any]:
    """Return what an object holds beside the items of a dict, list, tuple or set.

    Attributes, slots, and what native objects keep (a deque, an iterator, a slice, an exception)
    are what the garbage collector sees. It sees nothing in numpy's arrays: theirs are asked for.

    Parameters
    ----------
    value : object
        No class, function or module. Of a partial all but its function is given, of a method the
        object that it is bound to.
    """
    kind = type(value)
    if kind in _PLAIN:
        return []
    if issubclass(kind, (MethodType, BuiltinFunctionType)):
        return _bound_to(value)
    if issubclass(kind, functools.partial):
        held = [*(attributes(value) or {}).values(), *value.args, *value.keywords.values()]  # type: ignore[attr-defined]
        return held + _bound_to(value.func)  # type: ignore[attr-defined]
    typing: Any = sys.modules.get("typing")
    if typing is not None and kind is typing._SpecialForm:
        return []  # a function of typing's own; no file can make a form
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.dtype):
        return _metadata(value)  # it holds the class of its scalars as well
    held = [part for part in gc.get_referents(value) if part is not kind]
    dtypes: Any = sys.modules.get("pandas.core.dtypes.base")
    if dtypes is not None and issubclass(kind, dtypes.ExtensionDtype):
        return _without_index_class(value, held)
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return held + _elements(numpy.ndarray.view(value, numpy.ndarray))
    if numpy is not None and issubclass(kind, numpy.void):
        return held + _elements(numpy.asarray(value))
    return held


def _bound_to(function: object) -> list[Any]:
    """Return the object that a method is bound to."""
    if not isinstance(function, (MethodType, BuiltinFunctionType)):
        return []
    holder: Any = function.__self__
    return [] if holder is None or isinstance(holder, (type, ModuleType)) else [holder]


def _metadata(dtype: Any) -> list[Any]:
    return [*dtype.metadata.values()] if dtype.metadata else []


_INDEX_CLASSES = (
    *("Index", "RangeIndex", "CategoricalIndex", "IntervalIndex"),
    *("DatetimeIndex", "TimedeltaIndex", "PeriodIndex"),
)


def _without_index_class(dtype: Any, held: list[Any]) -> list[Any]:
    """Return what a dtype of pandas holds, but for the class of indexes that it gives when asked.

    It remembers that class (pandas/core/dtypes/base.py, ``ExtensionDtype.index_class``, a
    ``cache_readonly``), and so it is in pickles. One of pandas' own is what code finds there in
    every program; any other is what the file has put there.
    """
    own = attributes(dtype) or {}
    cache = own.get("_cache")
    if type(cache) is not dict:
        return held
    pandas: Any = sys.modules.get("pandas")
    classes = [getattr(pandas, name, None) for name in _INDEX_CLASSES]
    found = [part for part in held if part is not own and part is not cache]
    found += [value for value in own.values() if value is not cache]
    for key, value in cache.items():
        if not (type(key) is str and key == "index_class" and any(value is c for c in classes)):
            found += [key, value]
    return found


def _elements(array: Any) -> list[Any]:
    """Return the objects of a plain array: none that only the list would keep alive."""
    found = _metadata(array.dtype)
    for name in array.dtype.names or ():
        found += _elements(array[name])
    if array.dtype.hasobject and not array.dtype.names and not _has_scalars_only(array):
        found += array.ravel().tolist()
    return found


class Scalars:
    """Large arrays of objects in which one load has found nothing but exact scalars.

    The same array is part of many operands. To see that its items are the same as when they were
    looked at costs less than to look at them: they are kept, so that none of another kind can come
    to be where one of them was.
    """

    def __init__(self) -> None:
        self._items: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def has(self, array: Any) -> bool:
        """Tell whether an array has scalars only."""
        place = (array.__array_interface__["data"], array.shape, array.strides)
        items = array.ravel()
        known = self._items.get(place)
        if known is not None and _are_same(known[1], items):
            return True
        if not all(_SCALARS.issuperset(map(type, piece.tolist())) for piece in _pieces(items)):
            return False
        if len(self._items) < _MOST_ARRAYS:
            self._items[place] = (array, items.copy())  # the array, so that its memory stays
        return True


_LARGE = 1000
_MOST_ARRAYS = 1000
_PIECE = 8192
scalars: dict[str, Scalars | None] = {"known": None}
"""What the load under way knows, if it is one that looks at everything many times."""


def _has_scalars_only(array: Any) -> bool:
    known = scalars["known"]
    return known is not None and array.size >= _LARGE and known.has(array)


def _pieces(items: Any) -> Iterator[Any]:
    for start in range(0, len(items), _PIECE):
        yield items[start : start + _PIECE]


def _are_same(items: Any, others: Any) -> bool:
    """Tell whether two arrays hold the very same objects: their bytes are addresses."""
    pairs = zip(_pieces(items), _pieces(others))  # noqa: B905 (3.10)
    return all(piece.tobytes() == other.tobytes() for piece, other in pairs)
