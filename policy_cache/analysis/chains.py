"""The way from a refused global to the sink behind it, for whoever asks why it is refused.

Most of what a file may not use is refused before anybody has looked into it: no reducer returns
it, or it is of the standard library. That decides a load. ``pickleball explain`` looks further,
and says what the call would have come to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_cache.analysis.flow import OPERAND_HITS, STATE, callables, parameters, reach
from policy_cache.analysis.sinks import SEVERE, sink
from policy_cache.analysis.unasked import python_method
from policy_cache.model import CALL, CONSTRUCT, REFER
from policy_cache.model import STATE as BUILD
from policy_cache.source.hierarchy import lineage
from policy_cache.source.resolve import Thing, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_cache.analysis.flow import Hit

_RUN_BY = {
    REFER: ("__del__",),
    CONSTRUCT: ("__new__", "__del__"),
    CALL: ("__init__", "__new__", "__post_init__", "__del__"),
    BUILD: ("__setstate__", "__setattr__", "__del__"),
}
"""Methods of a class that an operation on it runs, at once or when the object is dropped."""


def chain(module: str, name: str, operation: str) -> str:
    """Return what an operation on a global reaches, and by which calls; ``""`` for nothing known.

    Parameters
    ----------
    module, name : str
        As the file names it, Python 2 names already mapped.
    operation : str
        One of `policy_cache.model.OPERATIONS`.

    Returns
    -------
    str
        ``is os:system, which starts a process``, or ``reaches ...`` with file and line of each
        call on the way.
    """
    thing = resolve(module, name)
    key = thing.key if thing is not None else f"{module}:{name}"
    found = sink(f"{module}:{name}") or sink(key)
    if found is not None:
        return f"is {key}, which {found.why}"
    if thing is None:
        return ""
    hits = sorted(_hits(thing, operation), key=_rank)
    return str(hits[0]) if hits else ""


def _hits(thing: Thing, operation: str) -> Iterator[Hit]:
    if thing.kind == "function":
        outer = thing.name.rpartition(".")[0]
        owner = resolve(thing.module, outer) if outer else None
        owner = owner if owner is not None and owner.kind == "class" else None
        tainted = {*parameters(thing, False), *([STATE] if owner is not None else ())}
        yield from reach(thing, owner, frozenset(tainted)).hits
    if thing.kind == "value":
        for function in callables(thing, None)[0]:
            yield from _hits(function, operation)
    if thing.kind != "class":
        return
    for name in _RUN_BY.get(operation, ()):
        method = python_method(thing, name)
        if method is not None:
            tainted = {*parameters(method, True), *(() if name in ("__init__",) else (STATE,))}
            yield from reach(method, thing, frozenset(tainted)).hits
    for metaclass in lineage(thing).metaclasses if operation == CALL else ():
        called = python_method(metaclass, "__call__") if metaclass.kind == "class" else None
        if called is not None:
            yield from reach(called, metaclass, frozenset(parameters(called, True))).hits


def _rank(hit: Hit) -> tuple[bool, bool, int]:
    """Sort what acts by itself first, then the shortest way."""
    return hit.category in OPERAND_HITS, hit.category not in SEVERE, len(hit.chain)
