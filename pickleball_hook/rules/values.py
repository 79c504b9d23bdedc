"""Rules of values: literals, plain values, pairs, time zones."""

from __future__ import annotations

import sys
from enum import Enum

from policy_cache import policies
from policy_cache.model import CALL, CONSTRUCT, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard


SCALARS = frozenset([int, float, complex, bool, str, bytes, type(None)])
CONTAINERS = frozenset([tuple, list, dict, set, frozenset])
_LITERAL_BUDGET = 1_000_000


def is_literal(value: Any, members: bool = False) -> bool:
    """Tell whether a value is built of exact builtin scalars and containers only.

    Or of those and `members` of enumerations of the standard library: constants that exist anyway.
    """
    waiting = [value]
    for _ in range(_LITERAL_BUDGET):
        if not waiting:
            return True
        value = waiting.pop()
        kind = type(value)
        if kind in SCALARS:
            continue
        if kind not in CONTAINERS:
            if members and isinstance(value, Enum) and _is_standard(kind):
                continue
            return False
        if kind is dict:
            waiting += value.keys()
            waiting += value.values()
        else:
            waiting += value
    return False


def _is_plain(guard: Guard, value: Any) -> bool:
    """Tell whether a value is of an exact builtin type, or of a closed one, without looking in."""
    kind = type(value)
    if kind in SCALARS or kind in CONTAINERS or kind in (bytearray, slice, range):
        return True
    if kind.__module__ == "array" or kind.__name__.endswith("iterator"):
        return kind.__module__ in ("array", "builtins")
    verdict = guard.class_verdict(kind)
    return bool(verdict.traits.get("closed"))


def literal_args(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    literal = all(is_literal(value, members=operation == STATE) for value in operands)
    return "" if literal else "it takes literals only"


def _is_standard(cls: type) -> bool:
    """Tell whether a class is the standard library's own."""

    module = sys.modules.get(cls.__module__)
    if policies.owner_kind(cls.__module__) != "stdlib" or module is None:
        return False
    return vars(module).get(cls.__qualname__) is cls


def plain_args(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation not in (CALL, CONSTRUCT):
        return ""
    return "" if all(_is_plain(guard, v) for v in operands) else "it takes plain values only"


def plain_pairs(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation not in (CALL, CONSTRUCT):
        return ""
    called = guard.verdict_of(target)
    skipped = called.traits.get("calls", ()) if called is not None else ()
    rest = [value for index, value in enumerate(operands) if index not in skipped]
    if not rest or (len(rest) == 1 and type(rest[0]) is dict):
        return ""
    if len(rest) == 1 and type(rest[0]) in (list, tuple):
        pairs = rest[0]
        if all(type(pair) in (list, tuple) or _is_plain(guard, pair) for pair in pairs):
            return ""
    return "it takes an exact dict, or a list of pairs"


def tz_args(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    import datetime

    if operation not in (CALL, CONSTRUCT) or not operands:
        return ""
    *first, last = operands
    if not all(_is_plain(guard, value) for value in first):
        return "it takes plain values and a time zone"
    if _is_plain(guard, last) or isinstance(last, datetime.tzinfo):
        return ""
    return "its last argument is no time zone"
