"""Names that look special but are data: what a class shows its objects by."""

from __future__ import annotations

import ast
import re

from policy_cache.source.distributions import STDLIB
from policy_cache.source.hierarchy import lineage
from policy_cache.source.resolve import Thing
from policy_cache.source.skeleton import functions, may_hold
from policy_cache.source.syntax import mentions, nodes

_NAMING = frozenset(["__name__", "__qualname__", "__doc__", "__module__"])
_PROTOCOL = frozenset(
    name
    for kind in (type, object, int, str, list, dict, set, bytes, memoryview, property, Exception)
    for name in dir(kind)
    if name.startswith("__")
) | frozenset(
    [
        "__setstate__",
        "__getstate__",
        "__getinitargs__",
        "__getnewargs__",
        "__getnewargs_ex__",
        "__del__",
        "__get__",
        "__set__",
        "__delete__",
        "__set_name__",
        "__getattr__",
        "__call__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
        "__await__",
        "__aiter__",
        "__anext__",
        "__next__",
        "__fspath__",
        "__index__",
        "__complex__",
        "__copy__",
        "__deepcopy__",
        "__missing__",
        "__wrapped__",
        "__signature__",
        "__globals__",
        "__code__",
        "__closure__",
        "__defaults__",
        "__kwdefaults__",
        "__builtins__",
        "__loader__",
        "__spec__",
        "__path__",
        "__file__",
        "__self__",
        "__func__",
        "__array__",
        "__array_finalize__",
        "__array_ufunc__",
        "__array_function__",
        "__array_interface__",
        "__array_struct__",
        "__array_prepare__",
        "__array_wrap__",
        "__torch_function__",
        "__torch_dispatch__",
        "__dlpack__",
        "__dlpack_device__",
        "__cuda_array_interface__",
        "__slots__",
        "__weakref__",
    ]
)
"""Attributes that the interpreter or a common protocol looks for."""
_NAMES_ITSELF = re.compile(rb"\.__\w+__\s*(?:[,:][^=()\n]*)?=|update_wrapper")
_NAMES_ANOTHER = re.compile(rb"\.__(?:name|qualname|doc|module)__\s*=[^=]")
_UPDATES_NAMES = re.compile(r"(^|\.)update_wrapper$")
_KEEPS_NAMES = re.compile(rb"""=\s*["']__\w+__["']""")
_DECLARES_NAMES = re.compile(rb"(?m)^\s+__\w+__\s*(?::[^=\n]+)?=[^=]")


def _is_own_special(name: str) -> bool:
    """Tell whether a name looks special but is data: a name to show, or nobody's protocol."""
    if not (name.startswith("__") and name.endswith("__")):
        return False
    return name in _NAMING or name not in _PROTOCOL


def own_special_names(thing: Thing) -> list[str]:
    """Return the naming attributes that the class's own code gives its instances.

    ``numpy.vectorize`` and ``functools.update_wrapper`` users make their instances look like the
    function that they wrap; the names are data on an instance.
    """
    found: set[str] = set()
    for base in lineage(thing).mro:
        if base.kind != "class" or base.node is None or base.source is None:
            continue
        if mentions(base.source, _KEEPS_NAMES):
            found |= _special_names_kept(base.node)
        if mentions(base.source, _DECLARES_NAMES):
            found |= _special_names_declared(base.node)
        if base.source.module.owner.kind == STDLIB or not mentions(base.source, _NAMES_ITSELF):
            continue
        for function in functions(base.node):
            if may_hold(function, _NAMES_ITSELF):
                found |= _special_names_set(function)
        for function in functions(base.source.tree):
            if may_hold(function, _NAMES_ANOTHER):
                found |= _special_names_given(function, base.name)
    return sorted(found)


def _special_names_set(function: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in nodes(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and _is_own_special(node.attr):
                found.add(node.attr)
        elif isinstance(node, ast.Call) and _UPDATES_NAMES.search(ast.unparse(node.func)):
            found |= _NAMING
    return found


def _special_names_given(function: ast.AST, cls: str) -> set[str]:
    """Return the names by which a function of the module shows objects of the class.

    pytensor makes elementwise operations look like the functions that describe them
    (pytensor/tensor/elemwise.py, scalar_elemwise).
    """
    found = [*nodes(function)]
    made = {
        target.id
        for node in found
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if isinstance(node.value.func, ast.Name) and node.value.func.id == cls
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        node.attr
        for node in found
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id in made and node.attr in _NAMING
    }


def _special_names_declared(cls: ast.AST) -> set[str]:
    """Return the attributes that a class has a plain value for, which its instances may change.

    ``__use_weighting__ = False`` (faker 40 providers/__init__.py). What any protocol asks for is
    none of them, and nor is what shows a class.
    """
    found: set[str] = set()
    for statement in getattr(cls, "body", ()):
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = getattr(statement, "targets", None) or [statement.target]  # type: ignore[union-attr]
            if isinstance(statement.value, ast.Constant):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if _is_own_special(name)} - _NAMING


def _special_names_kept(cls: ast.AST) -> set[str]:
    """Return the texts that a class keeps to name attributes by: ``IMMUTABLE = "__immutable__"``.

    yacs' configurations, which training frameworks put into checkpoints, have such (yacs 0.1.8
    config.py). Names of any protocol are none of them, whatever a class keeps.
    """
    kept = {
        statement.value.value
        for statement in getattr(cls, "body", ())
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }
    return {t for t in kept if isinstance(t, str) and _is_own_special(t)} - _NAMING
