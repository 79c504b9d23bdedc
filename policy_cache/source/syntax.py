"""A source file to its symbol table: what each module-level or class-level name is bound to."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from policy_cache.source import cells, files, progress, skeleton
from policy_cache.source.distributions import DISTRIBUTION, LOCAL, PROGRAM, STDLIB, Owner
from policy_cache.source.locate import Module, locate

if TYPE_CHECKING:
    import symtable

_MOST_BYTES = 8_000_000
"""A larger source file is generated data, not code that defines a class."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_GLOBAL = re.compile(rb"^[ \t]+global[ \t]+([\w, \t]+)", re.MULTILINE)
_INDENTED = re.compile(rb"^[ \t]+(?:class|(?:async[ \t]+)?def)[ \t]+(\w+)", re.MULTILINE)


class Binding(NamedTuple):
    """One place where a name is bound.

    Attributes
    ----------
    kind : str
        ``class``, ``function``, ``import`` (a module), ``from`` (a name of a module), ``value``.
    node : ast.AST or None
        The definition, or the expression of a value.
    module, name : str
        What an import binds: the absolute module and, for ``from``, the name in it.
    """

    kind: str
    node: ast.AST | None = None
    module: str = ""
    name: str = ""


class Scope(NamedTuple):
    """The names of a module or a class body, in the order of their statements."""

    names: dict[str, list[Binding]]
    stars: list[str]


class Source(NamedTuple):
    """A parsed module."""

    module: Module
    tree: ast.Module
    text: bytes
    scope: Scope


_sources: dict[tuple[str, str], Source | None] = {}
"""By file and module name: a script is ``__main__`` and, imported by others, a module."""

_stamps: dict[tuple[str, str], object] = {}
"""Of the program's own modules: what changes when the source does. Cells are added and run again,
a module in the making is edited and reloaded, in the life of one process."""

_class_scopes: dict[tuple[str, int, str], Scope] = {}
_nodes: dict[ast.AST, list[ast.AST]] = {}
_mentioned: dict[tuple[str, str, re.Pattern[bytes]], bool] = {}
_PLAIN_FIELDS = frozenset(
    [
        *("ctx", "op", "ops", "id", "attr", "arg", "asname", "module", "level", "kind", "rest"),
        *("type_comment", "conversion", "simple", "is_async", "kwd_attrs"),
    ]
)
"""Fields that hold no statement or expression in any kind of node."""

_holding: dict[type, tuple[str, ...]] = {}
"""The other fields, for each kind of node."""


def forget() -> None:
    """Drop every parsed file."""
    _sources.clear()
    _stamps.clear()
    _class_scopes.clear()
    _nodes.clear()
    _mentioned.clear()


def held() -> int:
    """Return how many bytes of source are held as trees."""
    return sum(len(src.text) for src in _sources.values() if src is not None)


def nodes(root: ast.AST) -> list[ast.AST]:
    """Return a node and all below it, breadth first, but for expression contexts and operators.

    The same as :func:`ast.walk`, kept: the taint walk asks for the same functions again and again.
    """
    found = _nodes.get(root)
    if found is None:
        found = [root]
        for node in found:  # which grows while it is walked
            kind = type(node)
            fields = _holding.get(kind)
            if fields is None:
                fields = _holding[kind] = tuple(f for f in node._fields if f not in _PLAIN_FIELDS)
            for field in fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    found += [item for item in value if isinstance(item, ast.AST)]
                elif isinstance(value, ast.AST):
                    found.append(value)
        _nodes[root] = found
    return found


def mentions(src: Source, pattern: re.Pattern[bytes]) -> bool:
    """Tell whether a pattern matches anywhere in the text of a module; kept for each pattern."""
    key = (src.module.file, src.module.name, pattern)
    known = _mentioned.get(key)
    if known is None:
        known = _mentioned[key] = pattern.search(src.text) is not None
    return known


def source(name: str) -> Source | None:
    """Return the parsed module `name`, or None if it has no readable Python source."""
    module = locate(name)
    if module is None or module.kind != "source":
        return None
    key = (module.file, module.name)
    if key not in _sources:
        if module.owner.kind in (PROGRAM, LOCAL):
            _stamps[key] = stamp(module)
        _sources[key] = _parse(module)
    return _sources[key]


def is_stale() -> bool:
    """Tell whether the source of a module of the program's own has changed since it was parsed."""
    for (file, name), known in _stamps.items():
        module = Module(name, "source", file, False, (), Owner(PROGRAM, name))
        if stamp(module) != known:
            return True
    return False


def stamp(module: Module) -> object:
    """Return what changes when the source of a module does."""
    if module.file:
        return files.stamp(module.file)
    main = sys.modules.get(module.name)
    return cells.text(main) if main is not None else None


def read(module: Module) -> bytes:
    """Return the source of a module.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if module.file:
        return files.read(module.file, _MOST_BYTES + 1)
    main = sys.modules.get(module.name)
    return cells.text(main).encode() if main is not None else b""


def _parse(module: Module) -> Source | None:
    progress.tick(module.name)
    try:
        text = read(module)
        if len(text) > _MOST_BYTES:
            return None
        # What the program's own folders hold is read whole: whoever wrote it may know this code.
        installed = module.owner.kind in (DISTRIBUTION, STDLIB)
        tree = parse(text, skeleton.parse if installed else ast.parse)
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    scope = _scope(tree.body, module)
    _collect_globals(text, tree, scope)
    return Source(module, tree, text, scope)


def parse(text: bytes, parser: Callable[[bytes], ast.Module] = ast.parse) -> ast.Module:
    """Parse source text without the warnings that compiling it may give.

    Raises
    ------
    SyntaxError, ValueError
        If `text` is no Python source.
    """
    with _no_warnings():
        return parser(text)


@contextmanager
def _no_warnings() -> Iterator[None]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def class_scope(src: Source, node: ast.ClassDef) -> Scope:
    """Return the names bound in a class body."""
    key = (src.module.file, node.lineno, node.name)
    if key not in _class_scopes:
        _class_scopes[key] = _scope(node.body, src.module)
    return _class_scopes[key]


def _scope(body: list[ast.stmt], module: Module) -> Scope:
    scope = Scope({}, [])
    for statement in body:
        _collect(statement, module, scope)
    return scope


def _collect(node: ast.stmt, module: Module, scope: Scope) -> None:
    if isinstance(node, ast.ClassDef):
        _bind(scope, node.name, Binding("class", node))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        _bind(scope, node.name, Binding("function", node))
    elif isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            _bind(scope, bound, Binding("import", module=alias.name if alias.asname else bound))
    elif isinstance(node, ast.ImportFrom):
        _collect_from(node, module, scope)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            _collect_target(target, node.value, scope)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        _collect_target(node.target, node.value, scope)
    else:
        for child in _blocks(node):
            _collect(child, module, scope)


def _collect_from(node: ast.ImportFrom, module: Module, scope: Scope) -> None:
    origin = absolute(module, node.module, node.level)
    for alias in node.names:
        if alias.name == "*":
            scope.stars.append(origin)
        else:
            _bind(scope, alias.asname or alias.name, Binding("from", None, origin, alias.name))


def _collect_target(target: ast.expr, value: ast.expr, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        _bind(scope, target.id, Binding("value", value))
    elif isinstance(target, (ast.Tuple, ast.List)):
        parts = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        for index, element in enumerate(target.elts):
            paired = parts[index] if len(parts) == len(target.elts) else value
            _collect_target(element, paired, scope)


def _collect_globals(text: bytes, tree: ast.Module, scope: Scope) -> None:
    """Bind the classes and functions that a function puts among the globals of its module."""
    if b"global" not in text:  # found faster than that no line begins with it
        return
    names = {name.strip() for found in _GLOBAL.findall(text) for name in found.decode().split(",")}
    names.difference_update(scope.names)
    if names:
        names.intersection_update(name.decode() for name in _INDENTED.findall(text))
    if names:
        shared = {(t.get_name(), t.get_lineno()): outer for t, outer in _shared(text, names)}
        for node in ast.walk(tree):
            outer = shared.get((getattr(node, "name", ""), getattr(node, "lineno", 0)))
            if (
                isinstance(node, _DEFINITIONS)
                and outer is not None
                and not _header_names(node) & outer
            ):
                kind = "class" if isinstance(node, ast.ClassDef) else "function"
                _bind(scope, node.name, Binding(kind, node))


def _header_names(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the names in the head of a definition: bases, decorators, defaults."""
    head: list[ast.AST] = [*node.decorator_list]
    head += [*node.bases, *node.keywords] if isinstance(node, ast.ClassDef) else [node.args]
    return {n.id for part in head for n in ast.walk(part) if isinstance(n, ast.Name)}


def _shared(text: bytes, names: set[str]) -> list[tuple[symtable.SymbolTable, set[str]]]:
    """Return the definitions of these names that functions declare ``global``.

    Each with the names that are local where it stands. Not those that use such a name: nothing in
    the module stands for that.
    """
    import symtable

    found: list[tuple[symtable.SymbolTable, set[str]]] = []
    with _no_warnings():
        waiting = [symtable.symtable(text.decode(errors="replace"), "", "exec")]
    for table in waiting:  # which grows while it is walked
        waiting += table.get_children()
        if table.get_type() == "function":
            local = {s.get_name() for s in table.get_symbols() if s.is_local() or s.is_free()}
            found += [
                (child, local)
                for child in table.get_children()
                if child.get_name() in names
                and table.lookup(child.get_name()).is_declared_global()
                and not _has_free_names(child)
            ]
    return found


def _has_free_names(table: symtable.SymbolTable) -> bool:
    free = (s.get_name() for s in table.get_symbols() if s.is_free())
    # ``super()`` in a method makes ``__class__`` one of its free names.
    return any(name != "__class__" for name in free) or any(
        map(_has_free_names, table.get_children())
    )


def _bind(scope: Scope, name: str, binding: Binding) -> None:
    scope.names.setdefault(name, []).append(binding)


def absolute(module: Module, name: str | None, level: int) -> str:
    """Return the absolute name that a relative import of `module` means."""
    if not level:
        return name or ""
    package = module.name.split(".")
    if not module.package:
        package.pop()
    package = package[: len(package) - (level - 1)]
    return ".".join([*package, *([name] if name else [])])


def _is_for_type_checkers(node: ast.stmt) -> bool:
    """Tell whether `node` is an ``if TYPE_CHECKING:`` statement: its body never runs."""
    if not isinstance(node, ast.If):
        return False
    test = node.test
    name = test.id if isinstance(test, ast.Name) else getattr(test, "attr", "")
    return name == "TYPE_CHECKING"


def _blocks(node: ast.stmt) -> list[ast.stmt]:
    statements: list[ast.stmt] = []
    skipped = "body" if _is_for_type_checkers(node) else ""
    for field in ("body", "orelse", "finalbody"):
        if field == skipped:
            continue
        statements += getattr(node, field, [])
    for handler in getattr(node, "handlers", []):
        statements += handler.body
    for case in getattr(node, "cases", []):
        statements += case.body
    return statements
