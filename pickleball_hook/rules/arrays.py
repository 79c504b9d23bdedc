"""Rules of numpy's arrays, scalars and random generators."""

from __future__ import annotations

import math
import sys

from pickleball_hook.rules.dtypes import numpy_module
from pickleball_hook.rules.values import is_literal
from policy_cache.model import CONSTRUCT, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard


def numpy_array(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``ndarray.__setstate__((version, shape, dtype, fortran, data))``.

    numpy itself holds data to the size that shape and dtype give, and takes a list for dtypes
    with objects, bytes for others (numpy/_core/src/multiarray/methods.c, array_setstate).
    """
    if operation != STATE:
        return ""
    state = operands[0]
    numpy = numpy_module()
    if guard.elsewhere and target.size:
        return "an array gets its state before it is used: its memory is replaced"
    if type(state) is tuple and len(state) == 2 and type(state[0]) is tuple:
        state = state[0]  # an ndarray subclass with attributes of its own keeps them second
    if type(state) is not tuple or len(state) not in (4, 5):
        return "the state of an array is an exact tuple of five"
    shape, dtype, _, data = state[-4:]
    if type(shape) is not tuple or not all(type(n) is int for n in shape):
        return "the shape is a tuple of integers"
    if not isinstance(dtype, numpy.dtype):
        return "the dtype is no dtype"
    if dtype.hasobject:
        # numpy reads as many items as the shape says, whatever the list has (_setlist_pkl)
        whole = type(data) is list and len(data) == math.prod(shape)
        return "" if whole else "an array of objects takes a list with an item for each"
    return "" if type(data) in (bytes, bytearray, str) else "an array of numbers takes bytes"


def numpy_reconstruct(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_reconstruct(subtype, shape, code)`` makes an empty array of a class that was named."""
    numpy = numpy_module()
    if len(operands) != 3 or not isinstance(operands[0], type):
        return "it takes a class, a shape and a dtype code"
    cls, shape, code = operands
    if not issubclass(cls, numpy.ndarray):
        return "the class is no array class"
    if not is_literal(shape) or type(code) not in (bytes, str):
        return "it takes a literal shape and code"
    size = 1
    for extent in shape:
        size *= extent
    if size > 1024:
        return "honest files make it empty and fill it by its state"
    if cls is numpy.ndarray:
        return ""
    reason = guard.permits(cls, CONSTRUCT)
    return reason and guard.permits(cls, STATE)


def numpy_scalar(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    numpy = numpy_module()
    if not operands or not isinstance(operands[0], numpy.dtype):
        return "it takes a dtype"
    if operands[0].kind == "O":  # bytes would be an address: numpy raises TypeError
        return "no scalar has the dtype of objects"
    if operands[0].hasobject or len(operands) == 1:
        return ""
    return "" if type(operands[1]) in (bytes, str) else "it takes bytes"


def numpy_frombuffer(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    numpy = numpy_module()
    if len(operands) < 3 or not isinstance(operands[1], (numpy.dtype, str)):
        return "it takes a buffer, a dtype and a shape"
    if isinstance(operands[1], numpy.dtype) and operands[1].hasobject:
        return "a dtype with objects takes no raw bytes"
    return "" if all(map(is_literal, operands[2:])) else "it takes a literal shape and order"


def numpy_mareconstruct(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """``_mareconstruct(subtype, baseclass, shape, code)`` (numpy/ma/core.py)."""
    numpy = numpy_module()
    if len(operands) != 4 or not all(isinstance(cls, type) for cls in operands[:2]):
        return "it takes two classes, a shape and a code"
    for cls in operands[:2]:
        if not issubclass(cls, numpy.ndarray):
            return "the class is no array class"
        reason = guard.permits(cls, STATE)
        if reason:
            return reason
    return "" if is_literal(operands[2]) and type(operands[3]) in (bytes, str) else "literals only"


def numpy_bit_generator(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """``__randomstate_ctor(bit_generator, ctor)`` and kin (numpy/random/_pickle.py)."""
    base = getattr(sys.modules.get("numpy.random"), "BitGenerator", None)
    for value in operands:
        verdict = guard.verdict_of(value)
        if type(value) is str or (base is not None and isinstance(value, base)):
            continue
        if isinstance(value, type) and base is not None and issubclass(value, base) and verdict:
            continue
        if verdict is not None and verdict.name == "__bit_generator_ctor":
            continue
        return "it takes a bit generator or its name"
    return ""
