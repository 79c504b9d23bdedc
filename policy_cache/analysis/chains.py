"""The way from a refused global to the sink behind it, for whoever asks why it is refused.

Most of what a file may not use is refused before anybody has looked into it: no reducer returns
it, or it is of the standard library. That decides a load. ``pickleball explain`` looks further,
and says what the call would have come to: also where that is no more than to read a file or to
load a pickle, and where the code could not be followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_cache.analysis.flow import (
    OPERAND_HITS,
    STATE,
    callables,
    forget,
    instances,
    parameters,
    reach,
)
from policy_cache.analysis.sinks import SEVERE, method_sink, showing, sink
from policy_cache.analysis.unasked import python_method
from policy_cache.model import CALL, CONSTRUCT, REFER
from policy_cache.model import STATE as BUILD
from policy_cache.source.hierarchy import lineage
from policy_cache.source.locate import locate
from policy_cache.source.resolve import Thing, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_cache.analysis.flow import Summary
    from policy_cache.analysis.flow.summary import Hit

_RUN_BY = {
    REFER: ("__del__", "__call__"),
    CONSTRUCT: ("__new__", "__del__"),
    CALL: ("__init__", "__new__", "__post_init__", "__del__"),
    BUILD: ("__setstate__", "__setattr__", "__del__"),
}
"""Methods of a class that an operation on it runs, at once or when the object is dropped."""


def chain(module: str, name: str, operation: str, home: str = "", target: str = "") -> str:
    """Return what an operation on a global reaches, and by which calls; ``""`` for nothing known.

    Parameters
    ----------
    module, name : str
        As the file names it, Python 2 names already mapped.
    operation : str
        One of `policy_cache.model.OPERATIONS`.
    home, target : str
        The same by the verdict on it, which may have found it where no source shows it.

    Returns
    -------
    str
        ``is os:system, which starts a process``, ``reaches ...`` with file and line of each call
        on the way, or ``could not be followed: ...``.
    """
    thing = resolve(module, name) or _of_instance(module, name) or resolve(home or module, target)
    key = thing.key if thing is not None else f"{module}:{name}"
    found = sink(f"{module}:{name}") or sink(key)
    if found is not None:
        return f"is {key}, which {found.why}"
    method = method_sink(name.rpartition(".")[2]) if "." in name else None
    if method is not None and (thing is None or thing.kind in ("external", "constant")):
        return f"is .{method.name}(): {method.why}"
    if thing is None:
        there = locate(module)
        known = there is not None and there.kind == "source"
        return "is not found in the source of the version that is installed" if known else ""
    summaries = [*_summaries(thing, operation)]
    hits = _sorted(summaries)
    if not hits:
        forget()
        with showing():
            hits = _sorted(_summaries(thing, operation))
        forget()
    if hits:
        return str(hits[0])
    doubts = [doubt for summary in summaries for doubt in summary.unproven]
    return f"could not be followed: {doubts[0]}" if doubts else ""


def _of_instance(module: str, name: str) -> Thing | None:
    """Return the method that a dotted name is of the object that a module has: ``ops.load``."""
    holder, dot, attribute = name.rpartition(".")
    held = resolve(module, holder) if dot else None
    for cls in instances(held) if held is not None and held.kind == "value" else ():
        found = python_method(cls, attribute)
        if found is not None:
            return found
    return None


def _summaries(thing: Thing, operation: str) -> Iterator[Summary]:
    if thing.kind == "function":
        outer = thing.name.rpartition(".")[0]
        owner = resolve(thing.module, outer) if outer else None
        owner = owner if owner is not None and owner.kind == "class" else None
        tainted = {*parameters(thing, False), *([STATE] if owner is not None else ())}
        yield reach(thing, owner, frozenset(tainted))
    if thing.kind == "value":
        for function in callables(thing, None)[0]:
            yield from _summaries(function, operation)
        for cls in instances(thing):
            yield from _methods(cls, ("__call__",))
    if thing.kind == "class":
        yield from _methods(thing, _RUN_BY.get(operation, ()))
        for metaclass in lineage(thing).metaclasses if operation == CALL else ():
            called = python_method(metaclass, "__call__") if metaclass.kind == "class" else None
            if called is not None:
                yield reach(called, metaclass, frozenset(parameters(called, True)))


def _methods(cls: Thing, names: tuple[str, ...]) -> Iterator[Summary]:
    for name in names:
        method = python_method(cls, name)
        if method is not None:
            tainted = {*parameters(method, True), *(() if name == "__init__" else (STATE,))}
            yield reach(method, cls, frozenset(tainted))


def _sorted(summaries: Iterable[Summary]) -> list[Hit]:
    return sorted((hit for summary in summaries for hit in summary.hits), key=_rank)


def _rank(hit: Hit) -> tuple[bool, bool, int]:
    """Sort what acts by itself first, then the shortest way."""
    return hit.category in OPERAND_HITS, hit.category not in SEVERE, len(hit.chain)
