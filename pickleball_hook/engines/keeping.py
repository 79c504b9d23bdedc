"""Provers kept from one load to the next, with the stand-ins that they have made.

To judge a name and to make what stands for it costs more than most small loads. What both rest on
is compared before they serve again: the user's settings, the policies in memory, the object that
the name stands for now, and every attribute of a class and its bases. A file can change none of
these, but the program may, and the reference machine would see it.
"""

from __future__ import annotations

import sys
import types
import weakref

from pickleball_hook.engines.prover import Prover
from pickleball_hook.judging import safe_globals
from pickleball_hook.user import settings
from policy_cache import policies
from policy_cache.source.locate import main_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.context import Load
    from pickleball_hook.engines.prover import Named

_idle: list[Prover] = []
_MOST_PROVERS = 4
_MOST_NAMES = 256
"""Globals that a prover may know to be kept: it keeps them alive."""
_HEAP_TYPE = 1 << 9
"""CPython Include/object.h, ``Py_TPFLAGS_HEAPTYPE``: only such classes can be changed."""
_attributes: Any = type.__dict__["__dict__"].__get__
_lineage: Any = type.__dict__["__mro__"].__get__


def prover_for(load: Load, file: str, stepping: bool = False) -> Prover:
    """Return a prover for a load: one that knows names already, if its settings still hold."""
    for _ in range(0 if safe_globals.listed() else len(_idle)):
        try:
            prover = _idle.pop()
        except IndexError:  # another thread has it
            break
        if prover.stepping is not stepping:
            _idle.insert(0, prover)
        elif prover.rests_on == _settings():
            prover.begin(load, file)
            return prover
    prover = Prover(load, file, stepping)
    if not safe_globals.listed():
        prover.rests_on = _settings()
    return prover


def _settings() -> tuple[object, ...]:
    return policies.epoch(), settings.allowances(), _typed()


def _typed() -> object:
    """Return what changes when lines or cells have been added to the program."""
    main = sys.modules.get("__main__")
    if main is None or main_file():
        return None
    from policy_cache.source import cells

    return cells.state(main)


def exchanged(prover: Prover, first: tuple[str, str]) -> Prover:
    """Return an idle prover whose last stream began with a global, for another one."""
    for other in _idle:
        if other.stepping is not prover.stepping:
            continue
        if other.first == first and other.rests_on == prover.rests_on is not None:
            try:
                _idle.remove(other)
            except ValueError:  # another thread has it
                return prover
            prover.load.guards.remove(weakref.ref(prover))
            other.begin(prover.load, prover.file)
            other.given = prover.given
            _idle.append(prover)
            return other
    return prover


def give_back(prover: Prover, first: tuple[str, str] | None = None) -> None:
    """Keep a prover for the next load, if nothing of this one is left with its stand-ins.

    `first` is the global that its stream began with.
    """
    if (
        prover.rests_on is None
        or len(_idle) >= _MOST_PROVERS
        or len(prover.names) > _MOST_NAMES
        or any(sys.getrefcount(named.stand_in) != named.count for named in prover.named.values())
    ):
        prover.close()
    else:
        prover.end()
        if first in prover.varied or len(prover.granted) != len(prover.named):
            prover.forget_names()
        else:
            prover.first = first
        _idle.append(prover)


def forget() -> None:
    """Keep none of the provers."""
    _idle.clear()


def keep(prover: Prover, module: str, name: str, named: Named) -> None:
    """Keep what was found out about a global, if it is of a kind that can be compared later."""
    named.snapshot = _snapshot(prover, named.real)
    if named.snapshot is not None:
        home = named.verdict.target.partition(":")[0]
        prover.names[module, name] = (named, home)


def _snapshot(prover: Prover, real: Any) -> tuple[Any, ...] | None:
    """Return what can be changed of a class or function, None if that cannot be told."""
    if isinstance(real, type):
        kinds = (*_lineage(real), *_lineage(type(real)))
        changeable = [kind for kind in kinds if kind.__flags__ & _HEAP_TYPE]
        return (_lineage(real), type(real), [_table(prover, kind) for kind in changeable])
    if type(real) is types.FunctionType:
        return (real.__code__,)
    return () if type(real) is types.BuiltinFunctionType else None


def _table(prover: Prover, kind: type) -> tuple[type, dict[str, Any]]:
    """Return a class with its attributes: the same object for all that derive from it."""
    known = prover.tables.get(kind)
    if known is None or not _is_equal(known):
        known = prover.tables[kind] = (kind, {**_attributes(kind)})
    return known


def _is_equal(row: tuple[type, dict[str, Any]]) -> bool:
    kind, table = row
    try:
        return bool(_attributes(kind) == table)
    except Exception:  # an attribute that was replaced, and cannot be compared
        return False


def is_as_it_was(prover: Prover, named: Named) -> bool:
    """Tell whether a class or function is still what its stand-in was made for."""
    snapshot, real = named.snapshot, named.real
    if not snapshot:
        return snapshot is not None
    if len(snapshot) == 1:
        return real.__code__ is snapshot[0]
    lineage, kind, tables = snapshot
    if _lineage(real) is not lineage or type(real) is not kind:
        return False
    compared = prover.compared
    for row in tables:
        if id(row) not in compared:
            if not _is_equal(row):
                return False
            compared.add(id(row))
    return True
