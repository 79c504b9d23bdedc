"""Operations of somebody else's: opcodes that a class derived from ``pickle._Unpickler`` handles.

joblib and pandas have their own BUILD, REDUCE and NEWOBJ. Those run after the check of what they
are about to do; what they leave on the stack is booked.
"""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING, Any

from pickleball_hook.engines.machine import (
    BOOKED,
    FRESH_REFERENCES,
    check_call,
    check_construct,
    check_fill,
    check_keywords,
    count,
    is_replaced_in_place,
)
from pickleball_hook.judging import states
from pickleball_hook.judging.states import check_build
from pickleball_hook.rules.dtypes import has_already
from pickleball_hook.rules.table import after_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from pickleball_hook.judging.guard import Guard


def _keep(self: Any) -> None:
    """Nothing is left to be done after the operation."""


def _book_result(self: Any) -> None:
    """Remember what the operation left on the stack."""
    value = self.stack[-1]
    fresh = sys.getrefcount(value) <= FRESH_REFERENCES + 1
    self._guard.made_here(value, fresh)


def _before_reduce(self: Any) -> Callable[[Any], None]:
    func, args = self.stack[-2:]
    if not isinstance(args, tuple):
        raise TypeError("argument list must be a tuple")
    args = tuple(tuple.__iter__(args))
    guard: Guard = self._guard
    verdict = guard.verdict_of(func)
    self.stack[-2:] = [check_call(guard, func, args, "REDUCE"), args]
    if verdict is None:
        return _book_result

    tabled = states.has_table(args)

    def close(self: Any) -> None:
        after_call(guard, verdict, args, self.stack[-1])
        _book_result(self)
        if tabled:
            states.check_made(guard, self.stack[-1])

    return close


def _before_newobj(self: Any) -> Callable[[Any], None]:
    cls, args = self.stack[-2:]
    if not isinstance(args, tuple) or not isinstance(cls, type):
        raise pickle.UnpicklingError("NEWOBJ expected a class and an arg tuple")
    args = tuple(tuple.__iter__(args))
    check_construct(self._guard, cls, args, "NEWOBJ")
    self.stack[-1] = args
    return _book_result


def _before_newobj_ex(self: Any) -> Callable[[Any], None]:
    cls, args, kwargs = self.stack[-3:]
    if not isinstance(args, tuple) or not isinstance(kwargs, dict) or not isinstance(cls, type):
        raise pickle.UnpicklingError("NEWOBJ_EX expected a class, an arg tuple and a dict")
    args, kwargs = tuple(tuple.__iter__(args)), dict(dict.items(kwargs))
    check_construct(self._guard, cls, (*args, *kwargs.values()), "NEWOBJ_EX")
    check_keywords(self._guard, cls, kwargs)
    self.stack[-2:] = [args, kwargs]
    return _book_result


def _before_build(self: Any) -> Callable[[Any], None]:
    guard: Guard = self._guard
    guard.check_alive()
    inst, state = self.stack[-2:]
    guard.elsewhere = 0
    if is_replaced_in_place(inst):
        guard.elsewhere = sys.getrefcount(inst) - BOOKED - count(self.memo, inst)
    if has_already(guard, inst, state):
        if guard.enforcing:
            self.stack[-1] = {}  # what the object has stays, and is not what the file may change
        return _keep
    check_build(guard, inst, state)
    made = guard.made.get(id(inst))
    if made is None:
        return _keep
    made.built = False  # the operation may come back to the checked one

    def close(self: Any) -> None:
        made.built = True

    return close


def _before_append(self: Any) -> Callable[[Any], None]:
    check_fill(self._guard, self.stack[-2], "APPENDS", self.stack[-1:])
    return _keep


def _before_setitem(self: Any) -> Callable[[Any], None]:
    check_fill(self._guard, self.stack[-3], "SETITEMS", self.stack[-2:])
    return _keep


def _before_marked(opcode: str) -> Callable[[Any], Callable[[Any], None]]:
    def check(self: Any) -> Callable[[Any], None]:
        check_fill(self._guard, self.metastack[-1][-1], opcode, self.stack)
        return _keep

    return check


def _before_persid(self: Any) -> Callable[[Any], None]:
    return _book_given


def _book_given(self: Any) -> None:
    """Remember that what a persistent id stands for is the program's."""
    self._guard.made_here(self.stack[-1], fresh=False)


CHECKS: dict[bytes, Callable[[Any], Callable[[Any], None]]] = {
    pickle.PERSID: _before_persid,
    pickle.BINPERSID: _before_persid,
    pickle.REDUCE: _before_reduce,
    pickle.NEWOBJ: _before_newobj,
    pickle.NEWOBJ_EX: _before_newobj_ex,
    pickle.BUILD: _before_build,
    pickle.APPEND: _before_append,
    pickle.APPENDS: _before_marked("APPENDS"),
    pickle.SETITEM: _before_setitem,
    pickle.SETITEMS: _before_marked("SETITEMS"),
    pickle.ADDITEMS: _before_marked("ADDITEMS"),
}
"""Opcode to the check that an operation of somebody's own is put behind; gives what follows it.

The opcodes that name a class themselves are not among them: ours takes their place.
"""
