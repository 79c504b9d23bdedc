"""Whether a module may be imported because a file names it: importing is an operation too."""

from __future__ import annotations

import ast

from policy_cache import base_policy
from policy_cache.distributions import DISTRIBUTION, LOCAL, STDLIB
from policy_cache.locate import locate
from policy_cache.resolve import expression
from policy_cache.sinks import sink
from policy_cache.syntax import Source, source

_NEVER = frozenset(["__main__", "tests", "test", "conftest", "setup", "examples", "scripts"])
"""Parts of a module name that no honest object's class lives under, and that act on import."""

_ACTING = frozenset(["process", "network"])
_QUIET_STATEMENTS = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.Pass,
    ast.Global,
)


def reason_against(name: str) -> str:
    """Return why the module `name` must not be imported for a file, ``""`` if it may be.

    Parameters
    ----------
    name : str
        Absolute name; its parents are judged by calls of their own.

    Returns
    -------
    str
        A library's module may be imported unless its own body starts processes, opens
        connections or edits ``sys.path``; a module of the program's own folders only if its body
        consists of definitions, imports and constants; nothing else may be.
    """
    last = name.rpartition(".")[2]
    if last in _NEVER:
        return f"modules named {last} are never imported for a file"
    located = locate(name)
    if located is None:
        return ""  # plain Python's own ModuleNotFoundError tells it best
    kind = located.owner.kind
    if kind == STDLIB:
        return "" if _listed(name) else f"{name} holds nothing that the base policy lists"
    if kind == LOCAL:
        return (
            f"{name} is neither part of an installed distribution nor one of the program's own "
            "modules: import it in your program first if it is yours"
        )
    src = source(name)
    if located.kind != "source":
        return "" if kind == DISTRIBUTION else f"{name} has no readable source"
    if src is None:
        return f"the source of {name} cannot be read"
    acts = _acts(src) if kind == DISTRIBUTION else _is_not_quiet(src)
    return f"{acts}: import it in your program first" if acts else ""


def _listed(name: str) -> bool:
    return base_policy.lists_module(STDLIB, name)


def _acts(src: Source) -> str:
    """Return what the body of a library's module does that a file must not bring about."""
    for node in _executed(src.tree.body):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        if text.startswith("sys.path."):
            return f"importing {src.module.name} edits sys.path (line {node.lineno})"
        thing = expression(node.func, src)
        found = sink(thing.key) if thing is not None else None
        if found is not None and found.category in _ACTING:
            return f"importing {src.module.name} {found.why} (line {node.lineno})"
    return ""


def _is_not_quiet(src: Source) -> str:
    """Return the first statement of a program's module that is more than a definition."""
    for node in src.tree.body:
        if isinstance(node, _QUIET_STATEMENTS) or _is_main_block(node):
            continue
        calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
        risky = [call for call in calls if not _is_harmless(call, src)]
        if risky:
            line = risky[0].lineno
            return f"importing {src.module.name} runs {ast.unparse(risky[0].func)} (line {line})"
    return ""


def _is_harmless(call: ast.Call, src: Source) -> bool:
    """Tell whether a call at module level only makes a value."""
    thing = expression(call.func, src)
    if thing is None:
        return False
    if sink(thing.key) is not None:
        return False
    line = base_policy.look_up(STDLIB, thing.key)
    makers = ("collections:namedtuple", "typing:", "logging:getLogger", "builtins:", "re:compile")
    return line is not None or thing.key.startswith(makers)


def _is_main_block(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _executed(body: list[ast.stmt]) -> list[ast.AST]:
    """Walk what runs on import: not the bodies of functions, nor a ``__main__`` block."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and _is_main_block(node):
            continue
        waiting += ast.iter_child_nodes(node)
    return found
