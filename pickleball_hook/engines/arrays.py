"""Stand-ins for numpy's dtypes and arrays: what their states make of them, judged on our own."""

from __future__ import annotations

import math
import re
import sys

from pickleball_hook.engines.prover import (
    INERT_KINDS,
    SCALARS,
    Buffered,
    Number,
    StandInClass,
    Unknown,
    Unsure,
    is_array,
    is_fixed,
)
from pickleball_hook.judging import states
from pickleball_hook.originals import CUnpickler
from pickleball_hook.rules.table import RULES
from policy_cache.model import STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.engines.prover import Named, Prover


_SIMPLE_CODE = re.compile(r"[<>=|]?[biufcmMSUVO?][0-9]{0,9}")
_MOST_DTYPES = 256
"""Dtypes with their states that a prover remembers."""
_LOOKED_INTO = 1 << 28
"""Bytes of arrays that rules may look into before the replay has them."""
_ARRAY_DATA = (bytes, list, bytearray, str)


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
        others = sys.getrefcount(self) - _most_references()
        if self.used or type(state) is not tuple:
            raise Unsure
        if others > 0 and not self.prover.remembers(self, others):
            raise Unsure  # something else than the memo has it
        self.used = True
        asked = (self.real.str, state, (*map(type, state),)) if is_fixed(state) else None
        if asked is None or asked not in self.prover.dtypes:
            state = self._checked(state)
            if asked is not None and len(self.prover.dtypes) < _MOST_DTYPES:
                self.prover.dtypes.add(asked)
        self.real.__setstate__(state)
        self.objects = self.real.hasobject

    def _checked(self, state: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a state that the rule permits, with our own dtypes in it."""
        state = _real_state(self.prover, state)
        kind = type(self.real)
        if STATE not in states.class_verdict(self.prover, kind).grants:
            raise Unsure
        self.prover.elsewhere = 0
        if RULES["numpy_dtype"](self.prover, STATE, self.real, (state,)):
            raise Unsure
        return state


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
    if not is_fixed(tuple(rest)):
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


def array_setter(prover: Prover, named: Named) -> Any:
    """Return the hook for ``ndarray.__setstate__((version, shape, dtype, fortran, data))``."""
    mark, keep, alone = named.made.append, prover.kept.append, prover.alone.append
    add_types = named.types.update

    def __setstate__(self: Any, state: Any) -> None:
        mark(self)
        if prover.contents is not None and type(state[-1]) is not list:
            prover.contents[id(self)] = state
        version, shape, dtype, fortran, data = state
        if type(state) is not tuple or type(shape) is not tuple or type(dtype) is not DType:
            raise Unsure
        add_types(map(type, shape))
        dtype.used = True
        if type(data) is not bytes or dtype.objects:
            if not dtype.objects:
                keep((data,))
            if (type(data) is list) is not dtype.objects or type(data) not in _ARRAY_DATA:
                raise Unsure
            if dtype.objects:
                if id(self) in prover.objects:
                    raise Unsure
                prover.objects[id(self)] = (self, data)
                alone(data)
                if len(data) != math.prod(shape):
                    raise Unsure
        if type(version) is not int or type(fortran) not in (int, bool):
            raise Unsure

    return __setstate__


def with_arrays(prover: Prover, state: Any) -> Any:
    """Return a state with arrays of our own in the place of their stand-ins."""
    if type(state) is not dict:
        raise Unsure
    return {key: _with_array(prover, value) for key, value in state.items()}


def _with_array(prover: Prover, value: Any) -> Any:
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is not Buffered and (type(kind) is not StandInClass or not is_array(kind)):
        raise Unsure
    if not prover.contents:
        raise Unsure
    _, shape, dtype, fortran, data = prover.contents[id(value)]
    if type(data) not in (bytes, bytearray) or dtype.objects:
        raise Unsure
    prover.looked += len(data)
    if prover.looked > _LOOKED_INTO:
        raise Unsure
    if type(data) is bytearray:
        prover.alone.append(data)
    data = prover.content(bytes(data))
    numpy = sys.modules["numpy"]
    return numpy.ndarray(shape, dtype.real, data, order="F" if fortran else "C")


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
    make = object.__new__
    if prover.permits(numpy.ndarray, STATE):
        raise Unsure

    def call(cls: Any, shape: Any, code: Any) -> Any:
        array = known.stand_in
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
        return Number() if dtype.real.kind in "biufcmM" else Unknown()

    return call


def _numpy_frombuffer(prover: Prover, named: Named) -> Any:
    def call(buffer: Any, dtype: Any, *shape: Any) -> Any:
        if type(dtype) is not DType or dtype.objects or not shape or not is_fixed(shape):
            raise Unsure
        if type(buffer) not in (bytes, bytearray):
            raise Unsure
        dtype.used = True
        if prover.contents is None or len(shape) != 2:
            return Number()
        array = Buffered()
        prover.contents[id(array)] = (1, shape[0], dtype, shape[1] == "F", buffer)
        prover.kept.append((array,))
        return array

    return call


MAKERS: dict[str, Any] = {
    "numpy_dtype": _numpy_dtype,
    "numpy_reconstruct": _numpy_reconstruct,
    "numpy_scalar": _numpy_scalar,
    "numpy_frombuffer": _numpy_frombuffer,
}
"""Argument rule to what makes the function that checks a call by it."""
INERT_KINDS.add(DType)
