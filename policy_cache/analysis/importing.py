"""Whether a module may be imported because a file names it: importing is an operation too."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable

from policy_cache import base_policy
from policy_cache.analysis import quiet
from policy_cache.analysis.flow import OPENERS, opens_for_writing
from policy_cache.analysis.quiet import executed
from policy_cache.analysis.sinks import Sink, sink
from policy_cache.source.distributions import DISTRIBUTION, LOCAL, PROGRAM, STDLIB
from policy_cache.source.locate import Module, locate
from policy_cache.source.resolve import expression
from policy_cache.source.syntax import Source, absolute, source

_NEVER = frozenset(["__main__", "tests", "test", "conftest", "setup", "examples", "scripts"])
"""Parts of a module name that no honest object's class lives under, and that act on import."""

_MOST_IMPORTED = 100
"""Modules of a package that are read to see whether it imports another of them itself."""

_ACTING = frozenset(["process", "network"])


def reason_against(name: str, seen: Iterable[str] = ()) -> str:
    """Return why the module `name` must not be imported for a file, ``""`` if it may be.

    Parameters
    ----------
    name : str
        Absolute name; its parents are judged by calls of their own.
    seen : iterable of str
        Modules of the program whose imports led here.

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
    # What the environment's own installer compiled is trusted as what it installed is.
    acts = (
        _acts(src) if kind == DISTRIBUTION else quiet.reason_against(src) or _is_other_code(located)
    )
    if acts and kind == DISTRIBUTION and _comes_with_package(name):
        return ""
    if acts:
        return f"{acts}: import it in your program first"
    return "" if kind == DISTRIBUTION else _reason_against_imported(src, {name, *seen})


def _comes_with_package(name: str) -> bool:
    """Tell whether importing the package of a module imports the module in any case.

    Then nothing is gained by naming it that naming any quiet module beside it would not give.
    """
    top = name.partition(".")[0]
    waiting = [top]
    seen = {top}
    for module in waiting:  # which grows
        src = source(module)
        found = _imported(src) if src is not None and module != name else set()
        inside = {other for other in found if other.startswith(f"{top}.")} - seen
        if name in inside:
            return True
        seen |= inside
        waiting += sorted(inside)[: _MOST_IMPORTED - len(waiting)]
    return False


def reason_beside(name: str, file: str) -> str:
    """Return why a module that is not imported yet must not be, for a file that lies beside it.

    Whoever could put the file there could put the module there too.
    """
    top = locate(name.partition(".")[0])
    located = locate(name)
    if top is None or located is None or not file or located.owner.kind != PROGRAM:
        return ""
    folder = os.path.dirname(os.path.realpath(file))
    roots = {os.path.dirname(path) for path in top.path} if top.package else set()
    holding = {*roots, *(os.path.dirname(m.file) for m in (top, located) if m.file)}
    if folder not in {os.path.realpath(path) for path in holding}:
        return ""
    return (
        f"{name} lies in the folder of the file that is loaded: import it in your program first "
        "if it is yours"
    )


def _is_other_code(located: Module) -> str:
    from policy_cache.source import bytecode

    return bytecode.reason_against(located.file)


def _reason_against_imported(src: Source, seen: set[str]) -> str:
    """Return why a module of the program must not be imported for what it imports itself.

    What it imports of installed distributions is the program's choice; its own folders may hold
    what nobody has chosen.
    """
    for module in _imported(src):
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            part = ".".join(parts[:end])
            located = locate(part) if part not in sys.modules and part not in seen else None
            if located is None or located.owner.kind not in (PROGRAM, LOCAL):
                continue
            reason = reason_against(part, seen)
            if reason:
                return f"importing {src.module.name} imports {part}: {reason}"
            seen.add(part)
    return ""


def _imported(src: Source) -> set[str]:
    """Return the modules that a module may import as it is imported."""
    found: set[str] = set()
    for node in executed(src.tree.body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(src.module, node.module, node.level)
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return found


def _listed(name: str) -> bool:
    return base_policy.lists_module(STDLIB, name)


def _acts(src: Source) -> str:
    """Return what the body of a library's module does that a file must not bring about.

    The functions of the module that its body calls belong to the body.
    """
    for node in _executed_with_own_functions(src):
        what = _edits_path(node, src)
        if isinstance(node, ast.Call):
            thing = expression(node.func, src)
            found = sink(thing.key) if thing is not None else None
            if found is not None and _acts_on_import(found, node):
                what = found.why
        if what:
            return f"importing {src.module.name} {what} (line {getattr(node, 'lineno', 0)})"
    return ""


def _acts_on_import(found: Sink, node: ast.Call) -> bool:
    """Tell whether a sink that an import reaches acts: files that are only read do not."""
    if found.category in _ACTING:
        return True
    return found.name in OPENERS and opens_for_writing(node)


def _edits_path(node: ast.AST, src: Source) -> str:
    """Return a phrase if a statement changes ``sys.path``, by a method or by an assignment."""
    if isinstance(node, ast.Call):
        edits = ast.unparse(node.func).startswith("sys.path.")
        edits = edits and not _appends_own_folder(node, src)
    elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
        target = node.value if isinstance(node, ast.Subscript) else node
        thing = expression(target, src)
        edits = thing is not None and thing.key == "sys:path"
    else:
        edits = False
    return "edits sys.path" if edits else ""


def _executed_with_own_functions(src: Source) -> list[ast.AST]:
    """Walk what runs on import, through calls of functions that the module defines itself."""
    found: list[ast.AST] = []
    waiting: list[list[ast.stmt]] = [src.tree.body]
    entered: set[str] = set()
    while waiting:
        run = executed(waiting.pop())
        found += run
        for node in run:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name not in entered:
                entered.add(name)
                bound = [binding.node for binding in src.scope.names.get(name, [])]
                waiting += [f.body for f in bound if isinstance(f, ast.FunctionDef)]
    return found


_PATH_NAMES = frozenset(["__file__", "Path", "pathlib", "os", "str"])


def _appends_own_folder(node: ast.Call, src: Source) -> bool:
    """Tell whether a call is ``sys.path.append`` of a folder computed from ``__file__`` alone.

    Some libraries were made from a checkout and find themselves so (yolov5/models/yolo.py). What is
    appended is asked last: it replaces no module that is there already.
    """
    if ast.unparse(node.func) != "sys.path.append" or len(node.args) != 1:
        return False
    used: set[str] = set()
    waiting: list[ast.expr] = [node.args[0]]
    while waiting:
        for part in ast.walk(waiting.pop()):
            if not isinstance(part, ast.Name) or part.id in used:
                continue
            used.add(part.id)
            bound = [b.node for b in src.scope.names.get(part.id, []) if b.kind == "value"]
            waiting += [value for value in bound if isinstance(value, ast.expr)]
    made = {name for name in used if name not in _PATH_NAMES and not _is_value(name, src)}
    return "__file__" in used and not made


def _is_value(name: str, src: Source) -> bool:
    """Tell whether a name is bound by plain assignments of the module only."""
    bindings = src.scope.names.get(name, [])
    return bool(bindings) and all(binding.kind == "value" for binding in bindings)
