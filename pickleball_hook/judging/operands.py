"""What operations are given, held against what their code does with it."""

from __future__ import annotations

import functools
import types

from pickleball_hook.judging import methods, names
from pickleball_hook.judging.callables import library_of
from pickleball_hook.judging.search import find_callable, within
from pickleball_hook.judging.telling import OPCODES, dotted
from policy_cache import policies
from policy_cache.model import (
    ANYTIME,
    BARE,
    CALL,
    CONSTRUCT,
    INERT,
    LASTING,
    OPERATES,
    REFER,
    STATE,
    SUBSCRIPTED,
    TEXTLESS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from pickleball_hook.judging.guard import Guard
    from policy_cache.model import Verdict

_CALLS_BARE = frozenset(["collections:defaultdict", "_collections:defaultdict"])
"""Callables that call what they are given without arguments: a function that may be referred to
reaches no sink whatever it is called with, so it may be called with nothing."""
_FUNCTION_KINDS = (types.FunctionType, types.MethodType, type(functools.lru_cache(len)))
_NUMBERS = frozenset([int, float, complex, bool, type(None)])
_LONGEST_CODE = 8
"""Characters in the code of a dtype."""


def check_operands(guard: Guard, verdict: Verdict, operation: str, values: list[Any]) -> None:
    """Check what a call is given: callables only where they are judged as called."""
    for value in values:
        if type(value) is names.CallOnly:
            guard.refuse(guard.name(value), "GLOBAL", "it may be called, but not handed on")
    if operation in verdict.traits.get(TEXTLESS, ()):
        _check_textless(guard, verdict, operation, values)
    called = methods.called_on(guard, verdict, operation, values)
    if called.reason:
        guard.refuse(dotted(verdict), OPCODES[operation], called.reason)
    positions: dict[str, list[int]] = verdict.traits
    for trait, needed in (("calls", CALL), ("constructs", CONSTRUCT)):
        for index in positions.get(trait, ()):
            if index < len(values) and values[index] is not None:
                _check_operand(guard, verdict, values[index], needed, values)
    judged = {*positions.get("calls", ()), *positions.get("constructs", ())}
    rest = [value for index, value in enumerate(values) if index not in judged]
    if operation not in verdict.traits.get(INERT, ()):
        guard.expose(rest)
        _check_held(guard, verdict, operation, called, values)
        return
    used = [values[index] for index in positions.get("calls", ()) if index < len(values)]

    def handing(value: object) -> str:
        used.append(value)
        return guard.reason_against_handing(verdict, operation, value)

    found = find_callable(rest, handing, guard.untouched, _settled_for(guard, verdict))
    if found is None and used:
        called = methods.called_by(guard, used, values)
        if called.reason:
            guard.refuse(dotted(verdict), OPCODES[operation], called.reason)
    if found is not None:
        if guard.leave is not None:
            raise guard.leave
        guard.refuse(
            dotted(verdict),
            OPCODES[operation],
            f"it may call what it is given, and it is given {guard.name(found)}",
        )
    if verdict.traits.get(ANYTIME):
        for value in within(rest, guard.untouched):
            guard.held[id(value)] = (value, verdict)


def _settled_for(guard: Guard, code: Verdict) -> Collection[int]:
    """Return what the program had before that code may have, whatever that holds."""
    if not guard.settled or policies.owner_kind(code.module) == "program":
        return guard.settled
    return [key for key, library in guard.settled.items() if library == library_of(code)]


def _check_held(
    guard: Guard, verdict: Verdict, operation: str, called: methods.Called, values: list[Any]
) -> None:
    """Check what objects hold whose methods, if they are called, call that, or are that."""
    held = methods.held_by(called.inert, values) if called.inert else []
    held += methods.held_as(called.names, values) if called.names else []
    for value in held:
        if guard.reason_against_use(value, code=verdict, closed=True):
            guard.refuse(
                dotted(verdict),
                OPCODES[operation],
                f"it may call what it is given, and it is given {guard.name(value)}",
            )
            return


def check_operated(guard: Guard, verdict: Verdict, operation: str, values: list[Any]) -> None:
    """Check objects of which the code runs a special method that calls what they hold."""
    direct, deep = verdict.traits.get(OPERATES, {}).get(operation, ((), ()))
    if not direct and not deep:
        return
    operated = guard.watch.operated
    first = {id(value) for value in values}
    objects, asked = [], set()
    for value in within(values, ()):
        if isinstance(value, type):
            run = {*deep, *direct} if id(value) in first else {*deep}
            calls, methods_of = _check_subscripted(guard, verdict, operation, value, run)
            asked.update(methods_of)
            objects += values if calls else []
        for name, (calls, methods_of) in operated.get(type(value), {}).items():
            if name in deep or (name in direct and id(value) in first):
                asked.update(methods_of)
                objects += [value] if calls else []
    reason = methods.called_in(guard, asked, values).reason if asked else ""
    if reason:
        guard.refuse(dotted(verdict), OPCODES[operation], reason)

    def using(value: object) -> str:
        return guard.reason_against_use(value, code=verdict, closed=True)

    found = find_callable(objects, using, guard.untouched) if objects else None
    if found is not None:
        guard.refuse(
            dotted(verdict),
            OPCODES[operation],
            f"it may call what it is given, and it is given {guard.name(found)}",
        )


def _check_subscripted(
    guard: Guard, verdict: Verdict, operation: str, cls: type, run: set[str]
) -> tuple[bool, set[str]]:
    """Check that a class may stand where the code runs special methods.

    Returns
    -------
    tuple of bool and set of str
        Whether one of them calls what it is given, and what methods of that.
    """
    called, asked = False, set()
    rows = guard.class_verdict(cls).traits.get(SUBSCRIPTED, {})
    for name in rows.keys() & run:
        reason, calls, methods_of = rows[name]
        if reason:
            why = f"it may run {name} on {cls.__name__}: {reason}"
            guard.refuse(dotted(verdict), OPCODES[operation], why)
        called = called or calls
        asked.update(methods_of)
    return called, asked


def _check_textless(guard: Guard, verdict: Verdict, operation: str, values: list[Any]) -> None:
    """Check that operands hold no text.

    Instances hide text in their attributes. Those of the same library pass where the base
    policy says that it takes them as they are (``kin``), if this load has made them; for a class
    that derives from another library's, those of that one, too.
    """
    home = verdict.target.partition(":")[0].partition(".")[0]
    kin, lasting = verdict.traits.get("kin"), bool(verdict.traits.get(LASTING))
    named = operation == STATE and not verdict.traits.get("custom_state")
    waiting = _attribute_values(values) if named else list(values)
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in _NUMBERS or id(value) in seen:
            continue
        seen.add(id(value))
        if kind in (list, set, dict) and lasting:
            guard.refuse(
                dotted(verdict),
                OPCODES[operation],
                "it may later run text as code, and it is given a container to be filled",
            )
            return
        if kind in (tuple, list, set, frozenset):
            waiting += value
        elif kind is dict:
            waiting += [*value, *value.values()]
        elif not (kin and _home(kind) in (home, kin) and id(value) in guard.made):
            guard.refuse(
                dotted(verdict),
                OPCODES[operation],
                f"it may run text as code, and it is given {guard.name(value)}",
            )
            return


def _check_operand(
    guard: Guard, verdict: Verdict, value: object, needed: str, operands: list[Any]
) -> None:
    plain = type(value) in _FUNCTION_KINDS
    if needed == CALL and verdict.target in _CALLS_BARE and plain:
        needed = REFER
    if type(value) is functools.partial and id(value) in guard.made:
        reason = guard.reason_against_use(value)  # its arguments were judged when it got them
        if reason and verdict.target in _CALLS_BARE and isinstance(value.func, type):
            reason = guard.reason_against_call(value)
    else:
        reason = guard.permits(value, needed)
    if reason and needed == CALL and verdict.target in _CALLS_BARE:
        reason = "" if _is_called_bare(guard, value) else reason
    if reason and needed == CONSTRUCT:
        reason = guard.permits(value, CALL)
        if reason and names.is_array_class(value) and _is_shape(operands):
            reason = ""  # as for numpy's own subclasses, which are made of it
    if reason:
        guard.refuse(
            guard.name(value),
            f"{OPCODES[needed]} by {dotted(verdict)}",
            reason,
        )


def _is_called_bare(guard: Guard, value: object) -> bool:
    """Tell whether a class may be called with nothing."""
    known = guard.verdict_of(value) if isinstance(value, type) else None
    if known is None or known.traits.get(BARE):
        return known is not None
    return bool(policies.verdict(known.module, known.name, CALL).traits.get(BARE))


def _attribute_values(values: list[Any]) -> list[Any]:
    """Return the values of a state that is written to attributes: their names are no data."""
    found: list[Any] = []
    for state in values:
        for half in state if type(state) is tuple and len(state) == 2 else (state,):
            found += half.values() if type(half) is dict else [half]
    return found


def _home(cls: type) -> str:
    """Return the top package of a class, or of the first base that says one (sympy's do not)."""
    modules = (getattr(base, "__module__", None) for base in cls.__mro__)
    return next((m.partition(".")[0] for m in modules if isinstance(m, str)), "")


def _is_shape(operands: list[Any]) -> bool:
    """Tell whether operands describe an array, and bring neither memory nor addresses."""
    for value in operands:
        if type(value) is tuple:
            if not all(type(extent) is int for extent in value):
                return False
        elif type(value) in (str, bytes):
            if len(value) > _LONGEST_CODE:
                return False
        elif not isinstance(value, type):
            return False
    return True
