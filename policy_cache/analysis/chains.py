"""The way from a refused global to the sink behind it, for whoever asks why it is refused.

Most of what a file may not use is refused before anybody has looked into it: no reducer returns
it, or it is of the standard library. That decides a load. ``pickleball explain`` looks further,
and says what the call would have come to: also where that is no more than to read a file or to
load a pickle, and where the code could not be followed.
"""

from __future__ import annotations

import re
from contextlib import suppress
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
from policy_cache.analysis.reducers import sources_of
from policy_cache.analysis.sinks import KEPT, SEVERE, method_sink, showing, sink
from policy_cache.analysis.unasked import python_method
from policy_cache.model import CALL, CONSTRUCT, REFER
from policy_cache.model import STATE as BUILD
from policy_cache.source import files
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

_HARMLESS = "comes to nothing that is known to act, whatever the file gives"


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
        on the way, ``could not be followed: ...``, or ``comes to nothing that is known to act``.
    """
    thing = (
        resolve(module, name)
        or _of_object(resolve(module, name.rpartition(".")[0]), name)
        or resolve(home or module, target)
        or _put_there(module, name)
    )
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
    if doubts:
        return f"could not be followed: {doubts[0]}"
    return _HARMLESS if thing.kind in ("function", "class") and thing.source is not None else ""


def _of_object(held: Thing | None, name: str) -> Thing | None:
    """Return the method that a dotted name is of what a module has: ``ops.load``, ``Model.load``.

    Of an object of a class that is known, or a class that inherits it.
    """
    attribute = name.rpartition(".")[2]
    if held is None or "." not in name:
        return None
    for cls in [held] if held.kind == "class" else instances(held) if held.kind == "value" else []:
        found = python_method(cls, attribute)
        if found is not None:
            return found
    return None


def _put_there(module: str, name: str) -> Thing | None:
    """Return what a package has that puts the names of its parts together when it is imported.

    ``transformers`` finds them by looking through its own files (transformers 5.23.0,
    utils/import_utils.py, ``define_import_structure``). Where a single part defines the name, it
    is taken to be that one: good enough to say what a refusal is about, and for nothing else.
    """
    package = locate(module)
    if package is None or not package.package or package.kind != "source":
        return None
    head = re.escape(name.partition(".")[0].encode())
    defined = re.compile(rb"^(?:class|(?:async )?def) %b\b" % head, re.MULTILINE)
    found = []
    for path, part in sources_of(package):
        with suppress(OSError):
            if defined.search(files.read(path)):
                found.append(part)
    if len(found) != 1 or found == [module]:
        return None
    return resolve(found[0], name) or _of_object(resolve(found[0], name.rpartition(".")[0]), name)


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


def _rank(hit: Hit) -> tuple[bool, bool, bool, int]:
    """Sort what acts by itself first, then the shortest way."""
    harmless = hit.category not in SEVERE
    return hit.category in OPERAND_HITS, hit.category == KEPT, harmless, len(hit.chain)
