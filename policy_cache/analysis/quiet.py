"""Whether the body of a program's own module only defines, imports and makes values."""

from __future__ import annotations

import ast
import json
import os
from functools import lru_cache
from typing import Any

from policy_cache import base_policy
from policy_cache.analysis.sinks import sink
from policy_cache.model import CALL
from policy_cache.source.distributions import DISTRIBUTION, STDLIB
from policy_cache.source.locate import locate
from policy_cache.source.resolve import expression
from policy_cache.source.syntax import Source

_MAKERS = (
    *("collections:namedtuple", "logging:getLogger", "re:compile"),
    *("typing:", "_typing:"),  # where TypeVar and its like are defined since Python 3.12
    *(f"builtins:{name}" for name in ("len", "sorted", "min", "max", "sum", "range", "zip")),
    *(f"builtins:{name}" for name in ("property", "staticmethod", "classmethod", "print")),
    *(f"builtins:{name}" for name in ("enumerate", "isinstance", "hasattr", "super", "str")),
)
"""What a module may call without acting, besides what the base policy lets files call."""

_DISPLAYS = (ast.Dict, ast.DictComp, ast.List, ast.ListComp, ast.Set, ast.SetComp)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    """Return the table of ``quiet.json``: calls, and methods of what calls give."""
    path = os.path.join(os.path.dirname(__file__), "quiet.json")
    with open(path, encoding="utf-8") as stream:
        found: dict[str, Any] = json.load(stream)
    return found


def reason_against(src: Source) -> str:
    """Return the first statement of a program's module that is more than a definition."""
    nodes = executed(src.tree.body)
    decorators = [d for node in nodes for d in getattr(node, "decorator_list", [])]
    applied = [d.func if isinstance(d, ast.Call) else d for d in decorators]
    for node in nodes:
        acting = ""
        if isinstance(node, ast.Call) and node not in decorators:
            acting = "" if _is_harmless(node, src) else f"runs {ast.unparse(node.func)}"
        elif node in applied:
            acting = "" if _is_plain_decorator(node, src) else f"runs {ast.unparse(node)}"
        elif isinstance(node, (ast.Delete, ast.While)):
            acting = "does more than define"
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            acting = "" if _is_own(node, src) else f"changes {ast.unparse(node)}"
        if acting:
            return f"importing {src.module.name} {acting} (line {getattr(node, 'lineno', 0)})"
    return ""


def _is_harmless(call: ast.Call, src: Source) -> bool:
    """Tell whether a call at module level only makes a value."""
    func = call.func
    if isinstance(func, ast.Attribute):
        if isinstance(func.value, (ast.Constant, ast.JoinedStr)):
            return True  # methods of texts and numbers call nothing
        if func.attr in _table()["methods"].get(_made_by(func.value, src), ()):
            return True
    thing = expression(func, src)
    if thing is not None and sink(thing.key) is not None:
        return False
    if thing is None:
        return _spelled(func, src) in _table()["calls"] or _fills_own(func, src)
    if {thing.key, f"{thing.module}:*"} & _table()["calls"].keys():
        located = locate(thing.module)  # a folder of the program's may have the name of a library
        return located is not None and located.owner.kind in (STDLIB, DISTRIBUTION)
    line = base_policy.look_up(STDLIB, thing.key)
    if not thing.key.startswith(_MAKERS) and (line is None or CALL not in line.ops):
        return False
    positions = line.traits.get("calls", ()) if line is not None else ()
    called = [call.args[at] for at in positions if at < len(call.args)]
    called += [keyword.value for keyword in call.keywords if keyword.arg == "key"]
    return all(_may_be_called(value, src) for value in called)


def _may_be_called(node: ast.expr, src: Source) -> bool:
    """Tell whether what `node` stands for may be called, at once, with what the module has."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Lambda):
        return not any(isinstance(part, ast.Call) for part in ast.walk(node.body))
    if isinstance(node, ast.Call):
        return _is_harmless(node, src)
    return _is_harmless(ast.Call(node, [], []), src)


def _fills_own(func: ast.expr, src: Source) -> bool:
    """Tell whether a call puts something into a plain container of the module's own."""
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return False
    bound = src.scope.names.get(func.value.id, [])
    own = bool(bound) and all(isinstance(binding.node, _DISPLAYS) for binding in bound)
    return own and func.attr in ("add", "append", "extend", "insert", "setdefault", "update")


def _made_by(node: ast.expr, src: Source) -> str:
    """Return the class whose call an expression starts from: ``Path(__file__).parent``."""
    while isinstance(node, ast.Attribute) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    thing = expression(node.func, src) if isinstance(node, ast.Call) else None
    return thing.key if thing is not None else ""


def _spelled(func: ast.expr, src: Source) -> str:
    """Return the global that an expression spells by the name of an imported module."""
    root = func
    while isinstance(root, ast.Attribute):
        root = root.value
    bound = src.scope.names.get(root.id, []) if isinstance(root, ast.Name) else []
    modules = {binding.module if binding.kind == "import" else "" for binding in bound}
    rest = ast.unparse(func).partition(".")[2]
    return f"{modules.pop()}:{rest}" if len(modules) == 1 else ""


def _is_plain_decorator(node: ast.AST, src: Source) -> bool:
    """Tell whether a decorator is an installed one that is no sink, or a property's."""
    assert isinstance(node, ast.expr)
    if isinstance(node, ast.Attribute) and node.attr in ("setter", "getter", "deleter"):
        return True
    thing = expression(node, src)
    located = locate(thing.module) if thing is not None else None
    if thing is None or located is None or sink(thing.key) is not None:
        return False
    return located.owner.kind in (STDLIB, DISTRIBUTION)


def _is_own(node: ast.expr, src: Source) -> bool:
    """Tell whether what is assigned to is part of something that the module itself defines."""
    root = node
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    thing = expression(root, src)
    return thing is not None and thing.module == src.module.name and thing.kind != "module"


def _is_main_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def executed(body: list[ast.stmt]) -> list[ast.AST]:
    """Walk what runs on import: not the bodies of functions, nor of a ``__main__`` block."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            waiting += getattr(node, "decorator_list", [])
        elif isinstance(node, ast.If) and _is_main_block(node):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
    return found
