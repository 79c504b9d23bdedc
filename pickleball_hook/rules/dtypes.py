"""Rules of numpy's dtypes: what one is made of, and what state changes nothing of it."""

from __future__ import annotations

import sys

from pickleball_hook.rules.values import is_literal
from policy_cache.model import CALL, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard


def numpy_module() -> Any:
    return sys.modules["numpy"]


def numpy_dtype(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``numpy.dtype(code, align, copy)`` and its state (numpy/_core/src/multiarray/descriptor.c).

    The state carries flags that say whether elements are pointers: a forged one makes the array's
    destructor follow addresses that the file chose. So the state must be the one that numpy itself
    gives for a dtype with the same names, fields and sizes.
    """
    if operation == CALL:
        return "" if all(map(_is_dtype_argument, operands)) else "a dtype is made from literals"
    if operation != STATE:
        return "a dtype is made by calling numpy.dtype"
    if guard.elsewhere:
        return "a dtype gets its state before it is used"
    state = _in_text(_in_full(target, operands[0]))
    expected = _expected_dtype(target, state)
    if expected is None:
        return "the state of the dtype has an unknown layout"
    return "" if _same_state(expected, state) else "the state of the dtype contradicts itself"


_HOLDS_OBJECTS = 0x01 | 0x04
_ADDED_FLAGS = 0x08 | 0x10
"""``NPY_NEEDS_INIT`` and ``NPY_NEEDS_PYAPI``, which numpy came to set for text and structured
dtypes and lacks in older files; where there are pointers they are part of what is safe."""


def _is_dtype_argument(value: Any) -> bool:
    """A dtype is made from a code, or from a compiled scalar type (records, ml_dtypes)."""
    from pickleball_hook.judging.names import is_compiled

    if isinstance(value, type):
        own = value.__module__.startswith("numpy")
        return issubclass(value, numpy_module().generic) and (own or is_compiled(value))
    return is_literal(value)


def changes_nothing(inst: Any, state: Any) -> bool:
    """Tell whether a state is the one that a shared object has already.

    A dtype that another library has registered exists once, and is pickled with its state all the
    same (numpy/_core/src/multiarray/descriptor.c, arraydescr_reduce).
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(inst, numpy.dtype) or inst.names or inst.subdtype:
        return False
    return is_literal(state) and bool(state == inst.__reduce__()[2])


def has_already(guard: Guard, inst: Any, state: Any) -> bool:
    """Tell whether an object that exists once, or has its state, has these attributes already.

    A reducer may look its object up and give the state all the same (astropy/units/core.py,
    ``IrreducibleUnit.__reduce__``), and an object that its own arguments lead to is given its state
    once for each time that it was met (CPython Lib/pickle.py, ``save_reduce``). Then nothing is
    written: neither the attributes, nor what the file could change afterwards.
    """
    made = guard.made.get(id(inst))
    if made is None or made.value is not inst or type(state) is not dict:
        return False
    if made.fresh and not made.built:
        return False
    held = getattr(inst, "__dict__", None)
    if type(held) is not dict or getattr(type(inst), "__setstate__", None) is not None:
        return False
    return all(key in held and _is_same(held[key], state[key]) for key in state)


def _is_same(held: Any, given: Any) -> bool:
    """Tell whether two values are one object, or equal literals."""
    return held is given or (is_literal(held) and is_literal(given) and bool(held == given))


def _in_full(target: Any, state: Any) -> Any:
    """Return the state of a dtype without parts that was written before numpy 1.3.

    It lacks the version or the flags, which numpy then finds by itself (arraydescr_setstate).
    """
    if type(state) is not tuple or not 5 <= len(state) <= 7:
        return state
    if len(state) > 5 and (type(state[0]) is not int or not 0 <= state[0] <= 2):
        return state
    order, *parts, size, alignment = state if len(state) == 5 else state[1:]
    if any(part is not None for part in parts):
        return state
    return (3, order, None, None, None, size, alignment, target.flags)


def _in_text(state: Any) -> Any:
    """Return a dtype's state as numpy reads it when Python 2's strings were loaded as bytes.

    It decodes order and names as ASCII (arraydescr_setstate).
    """
    if type(state) is not tuple or len(state) < 8 or type(state[1]) is not bytes:
        return state
    version, order, subarray, names, fields, *rest = state
    if names is not None:
        if type(names) is not tuple or type(fields) is not dict:
            return state
        if any(type(name) is not bytes for name in (*names, *fields)):
            return state
        try:
            names = tuple(name.decode("ascii") for name in names)
            fields = {name.decode("ascii"): row for name, row in fields.items()}
        except UnicodeDecodeError:
            return state
    return (version, order.decode("latin1"), subarray, names, fields, *rest)


def _expected_dtype(target: Any, state: Any) -> Any:
    """Return the state that numpy gives for the dtype that `state` describes, None if it cannot."""
    if type(state) is not tuple or not 8 <= len(state) <= 9 or not _has_exact_parts(state):
        return None
    numpy = numpy_module()
    try:
        order, subarray, fields_names, fields, size, _, flags = state[1:8]
        if fields_names is not None:
            made = _structured(numpy, fields_names, fields, size, bool(flags & 0x80))
        elif subarray is not None:
            made = numpy.dtype((subarray[0], subarray[1]))
        elif target.kind in "SUV":
            made = numpy.dtype(f"{target.kind}{size // (4 if target.kind == 'U' else 1)}")
        else:
            made = numpy.dtype(target.str[1:] if target.kind in "mM" else target.char)
        if target.kind in "mM" and len(state) > 8 and state[8]:
            unit, step = state[8][1][0], state[8][1][1]
            text = unit.decode() if isinstance(unit, bytes) else unit
            made = numpy.dtype(
                f"{target.kind}8[{step}{text}]" if text != "generic" else target.char
            )
        if order in ("<", ">"):
            made = made.newbyteorder(order)
        return made.__reduce__()[2]
    except Exception:  # numpy's own complaint about a description that makes no dtype
        return None


def _has_exact_parts(state: tuple[Any, ...]) -> bool:
    """Tell whether a dtype's state holds what numpy reads as it is compared here.

    An object of some other class could equal what it is compared with and be read as another.
    """
    version, order, subarray, names, fields, size, alignment, flags = state[:8]
    if version not in (3, 4) or type(order) is not str:
        return False
    if not all(type(number) is int for number in (version, size, alignment, flags)):
        return False
    if subarray is not None and (
        type(subarray) is not tuple
        or len(subarray) != 2
        or not isinstance(subarray[0], numpy_module().dtype)
        or not is_literal(subarray[1])
    ):
        return False
    if names is None or fields is None:
        return names is None and fields is None
    if type(names) is not tuple or type(fields) is not dict:
        return False
    rows_exact = all(
        type(row) is tuple
        and 2 <= len(row) <= 3
        # numpy compares a dtype equal to text, and reads a pointer
        and isinstance(row[0], numpy_module().dtype)
        and is_literal(row[1:])
        for row in fields.values()
    )
    return rows_exact and all(type(name) is str for name in (*names, *fields))


def _structured(numpy: Any, names: Any, fields: Any, size: Any, aligned: bool) -> Any:
    if type(names) is not tuple or (type(fields) is not dict and not hasattr(fields, "keys")):
        raise ValueError("no fields")
    rows = [fields[name] for name in names]
    return numpy.dtype(
        {
            "names": list(names),
            "formats": [row[0] for row in rows],
            "offsets": [row[1] for row in rows],
            "itemsize": size,
            "titles": [row[2] if len(row) > 2 else None for row in rows],
        },
        align=aligned,
    )


def _same_state(expected: Any, state: Any) -> bool:
    """Compare two dtype states, leaving aside what numpy versions write differently.

    Versions 3 and 4 differ by the metadata at the end; ``=`` and the native order mean the same.
    """
    ours, theirs = list(expected[1:8]), list(state[1:8])
    native = "<" if sys.byteorder == "little" else ">"
    for values in (ours, theirs):
        values[0] = native if values[0] == "=" else values[0]
        if values[1] is not None:
            values[1] = (
                values[1][0],
                values[1][1] if type(values[1][1]) is tuple else (values[1][1],),
            )
        values[3] = dict(values[3].items()) if values[3] is not None else None
        # Below numpy 2 they were one signed character: so for structures that are aligned.
        values[6] = values[6] & 0xFF if -0x80 <= values[6] < 0 else values[6]
    if not (ours[6] | theirs[6]) & _HOLDS_OBJECTS:
        ours[6], theirs[6] = ours[6] & ~_ADDED_FLAGS, theirs[6] & ~_ADDED_FLAGS
    return bool(ours == theirs)
