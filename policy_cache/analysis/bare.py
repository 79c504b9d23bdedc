"""Whether a class may be called with nothing, whoever calls it and whenever.

``defaultdict(Class)`` does so for each missing key. What a file chooses is then only that it
happens: the constructor has no data of the file. It may do whatever stays in the new object.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from policy_cache.analysis.flow import OPENERS, opens_for_writing
from policy_cache.analysis.sinks import SEVERE, sink
from policy_cache.source.hierarchy import lineage, member
from policy_cache.source.resolve import expression
from policy_cache.source.syntax import nodes

if TYPE_CHECKING:
    from policy_cache.source.resolve import Thing

_CONSTRUCTORS = ("__new__", "__init__", "__post_init__")
_MOST_FOLLOWED = 60
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def reason_against(cls: Thing) -> str:
    """Return what calling a class with nothing does beyond making an object, ``""`` if nothing.

    Parameters
    ----------
    cls : Thing
        A class with source. Its constructors are followed through the functions and own methods
        that they call by name.
    """
    if lineage(cls).unknown:
        return "not all of its bases are known"
    waiting = [
        found
        for base in lineage(cls).mro
        if base.kind == "class"
        for name in _CONSTRUCTORS
        if (found := _method(base, name)) is not None
    ]
    for function in waiting:  # which grows
        if len(waiting) > _MOST_FOLLOWED:
            return "its constructor is too long to follow"
        for node in nodes(function.node) if function.node is not None else ():
            if not isinstance(node, ast.Call):
                continue
            called = _called(node.func, function, cls)
            found_sink = sink(called.key) if called is not None else None
            if found_sink is not None and found_sink.category in SEVERE:
                if found_sink.name not in OPENERS or opens_for_writing(node):
                    return f"{function.where} {called.key if called else ''} {found_sink.why}"
            elif called is not None and isinstance(called.node, _Function):
                known = any(called.node is other.node for other in waiting)
                waiting += [] if known else [called]
    return ""


def _method(cls: Thing, name: str) -> Thing | None:
    found = member(cls, name)
    method = found[1] if found is not None and found[0].key == cls.key else None
    return method if method is not None and method.kind == "function" else None


def _called(node: ast.expr, function: Thing, cls: Thing) -> Thing | None:
    """Resolve what is called: a name of the module, or a method of the object itself."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        arguments = function.node.args.args if isinstance(function.node, _Function) else []
        if arguments and "." in function.name and node.value.id == arguments[0].arg:
            found = member(cls, node.attr)
            return found[1] if found is not None else None
    return expression(node, function.source) if function.source is not None else None
