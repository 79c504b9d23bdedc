"""What the reducers of a distribution return: the callables that an honest pickle of it calls.

Every ``__reduce__``, ``__reduce_ex__`` and every function registered through ``copyreg.pickle`` or
a ``dispatch_table`` is read (the ``reducer_override`` of a private pickler says nothing of files);
the first element of each tuple it can return is followed through local variables, helper
functions, ``super()`` and conditional expressions.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from policy_cache.source import files
from policy_cache.source.hierarchy import in_class_scope, lineage, member
from policy_cache.source.locate import Module, locate
from policy_cache.source.resolve import Thing, attribute, expression, resolve
from policy_cache.source.skeleton import may_hold, mentioning
from policy_cache.source.syntax import Source, absolute, read, source, stamp

_METHODS = ("__reduce__", "__reduce_ex__")
_SETTER = 5
"""Place of the callable that gives an object its state, in what a reducer returns (since 3.8)."""

_MARKS = (b"__reduce", b"copyreg", b"dispatch_table", b"copy_reg")
_REGISTERS = re.compile(
    rb"copy_?reg\.pickle\b|from copy_?reg import|import copy_?reg as|dispatch_table(?:\[|\s*[:=])"
)
_ASSIGNS = re.compile(rb"\.__reduce(?:_ex)?__\s*=[^=]")
_DEFINES = re.compile(
    rb"def __reduce(?:_ex)?__\b|__reduce(?:_ex)?__\s*=[^=]|def reducer_override\b"
)
_NAMES_REGISTRIES = re.compile(rb"pickle|dispatch_table|__reduce")
_NAMES_METHODS = re.compile(rb"__reduce")
_SKIPPED_FOLDERS = frozenset(["tests", "test", "testing", "__pycache__", "node_modules"])
_DEEPEST = 8
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class Reduction(NamedTuple):
    """One callable that a reducer returns.

    Attributes
    ----------
    target : str
        ``module:qualname`` of the callable; for ``type(self)`` the class that defines the reducer.
    own_class : bool
        Whether it is the class of the object itself (so subclasses are meant too).
    where : str
        File and line of the ``return``.
    """

    target: str
    own_class: bool
    where: str


def of_package(top: Module) -> list[Reduction]:
    """Return what all reducers in the package or module `top` return."""
    found: list[Reduction] = []
    for name in _marked_modules(top):
        src = source(name)
        if src is not None:
            found += _of_source(src)
    return sorted(set(found))


def of_left_out(located: Module) -> list[Reduction]:
    """Return what the reducers of a module return that is looked at only when it is asked about.

    Packages are searched without their tests. A program that runs them has imported them itself.
    """
    if _SKIPPED_FOLDERS.isdisjoint(located.name.split(".")[1:]):
        return []
    src = source(located.name)
    return _of_source(src) if src is not None and _is_marked(src.text) else []


def state_of(top: Module) -> object:
    """Return what changes when a source file of the package or module `top` does."""
    if not top.package:
        return stamp(top)
    return [(path, files.stamp(path)) for path, _ in sources_of(top)]


def _marked_modules(top: Module) -> list[str]:
    """Find the modules whose text mentions reducers: a text search is cheap, parsing is not."""
    if not top.package:
        with contextlib.suppress(OSError):
            return [top.name] if _is_marked(read(top)) else []
        return []
    found = []
    for path, name in sources_of(top):
        with contextlib.suppress(OSError):
            if _is_marked(files.read(path)):
                found.append(name)
    return found


def sources_of(top: Module) -> Iterator[tuple[str, str]]:
    """Yield the source files of a package, with the modules that they are."""
    for root in top.path:
        for path, below in files.python_files(root, _SKIPPED_FOLDERS):
            *inner, name = below
            last = [] if name == "__init__.py" else [name[:-3]]
            yield path, ".".join([top.name, *inner, *last])


def _is_marked(text: bytes) -> bool:
    if not any(mark in text for mark in _MARKS):
        return False
    return bool(_DEFINES.search(text) or _REGISTERS.search(text))


def _of_source(src: Source) -> list[Reduction]:
    found: list[Reduction] = []
    for cls, function in _reducer_methods(src.tree, ""):
        owner = resolve(src.module.name, cls) if cls else None
        if owner is None or owner.kind != "class":
            owner = Thing("class", src.module.name, cls, src, None) if cls else None
        found += _returns(
            Thing("function", src.module.name, function.name, src, function), owner, 0
        )
    for registered in _registered(src) if _registers(src) else ():
        if registered.kind == "function":
            found += _returns(registered, None, 0)
    return found


def _reducer_methods(tree: ast.AST, outer: str) -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            found += _reducer_methods(node, f"{outer}.{node.name}" if outer else node.name)
        elif isinstance(node, ast.FunctionDef) and node.name in _METHODS:
            found.append((outer, node))
        elif isinstance(node, (ast.If, ast.Try, ast.With)) or (
            isinstance(node, _Function) and may_hold(node, _NAMES_METHODS)
        ):
            found += _reducer_methods(node, outer)
    return found


def _registers(src: Source) -> bool:
    return bool(_REGISTERS.search(src.text) or _ASSIGNS.search(src.text))


def _registered(src: Source) -> list[Thing]:
    """Return functions given to ``copyreg.pickle(cls, f)`` or put in a ``dispatch_table``."""
    found = []
    for node in mentioning(src.tree, _NAMES_REGISTRIES):
        value: ast.expr | None = None
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            thing = expression(node.func, src) if _names_pickle(node.func) else None
            if thing is not None and thing.key in ("copyreg:pickle", "copy_reg:pickle"):
                value = node.args[1]
        elif isinstance(node, ast.Assign) and isinstance(
            node.targets[0], (ast.Subscript, ast.Attribute)
        ):
            text = ast.unparse(node.targets[0])
            if "dispatch_table" in text or text.endswith(_METHODS):
                value = node.value
        if isinstance(value, ast.Lambda):
            found.append(Thing("function", src.module.name, "<lambda>", src, named_lambda(value)))
            continue
        resolved = expression(value, src) if value is not None else None
        if resolved is not None:
            found.append(resolved)
        elif isinstance(value, ast.Name):
            found += _inner_functions(value.id, src)
    return found


def _inner_functions(name: str, src: Source) -> list[Thing]:
    """Return the functions of this name that are defined within others, and registered there."""
    return [
        Thing("function", src.module.name, name, src, node)
        for node in mentioning(src.tree, re.compile(re.escape(name).encode()))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]


def named_lambda(node: ast.Lambda) -> ast.FunctionDef:
    """Return a function statement that does what a lambda expression does."""
    body: list[ast.stmt] = [ast.copy_location(ast.Return(node.body), node)]
    function = ast.FunctionDef("<lambda>", node.args, body, [])
    return ast.copy_location(function, node)


def _names_pickle(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "pickle") or (
        isinstance(node, ast.Name) and node.id == "pickle"
    )


def _returns(function: Thing, owner: Thing | None, depth: int) -> list[Reduction]:
    """Return the callables that a reducer, or a helper it returns the result of, can return."""
    if depth > _DEEPEST or not isinstance(function.node, _Function) or function.source is None:
        return []
    scope = _Scope(function, owner)
    found: list[Reduction] = []
    for node in _own_statements(function.node):
        if isinstance(node, ast.Return) and node.value is not None:
            found += _returned(node.value, scope, depth)
    return found


def _own_statements(function: ast.AST) -> list[ast.AST]:
    """Walk a function without the functions nested in it."""
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (*_Function, ast.Lambda, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return found


class _Scope:
    """A reducer's function, its class, its local variables and imports."""

    def __init__(self, function: Thing, owner: Thing | None) -> None:
        assert function.source is not None and isinstance(function.node, _Function)
        self.function = function
        self.source = function.source
        self.owner = owner
        arguments = function.node.args.args
        self.self_name = arguments[0].arg if arguments and owner is not None else ""
        self.values: dict[str, list[ast.expr]] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        for node in _own_statements(function.node):
            self._collect(node)

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.values.setdefault(target.id, []).append(node.value)
                elif isinstance(target, ast.Tuple) and target.elts:
                    first = target.elts[0]  # ``func, args = ...``: the first part is the callable
                    parts = node.value.elts if isinstance(node.value, ast.Tuple) else []
                    if isinstance(first, ast.Name):
                        chosen = parts[0] if parts else _First(node.value)
                        self.values.setdefault(first.id, []).append(chosen)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            self.values.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(self.source.module, node.module, node.level)
            for alias in node.names:
                self.imports[alias.asname or alias.name] = (origin, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self.imports[bound] = (alias.name if alias.asname else bound, "")

    def resolve(self, node: ast.expr) -> Thing | None:
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.imports:
            origin, attr = self.imports[root.id]
            thing = resolve(origin, attr) if attr else Thing("module", origin)
            return _descend(thing, node, root)
        if isinstance(root, ast.Name) and root.id in self.values:
            return None
        if self.owner is not None and self.owner.node is not None:
            return in_class_scope(node, self.owner)
        return expression(node, self.source)


class _First(ast.expr):
    """The first element of whatever an expression gives (``func, args = helper()``)."""

    def __init__(self, whole: ast.expr) -> None:
        super().__init__()
        self.whole = whole
        self.lineno = whole.lineno


def _descend(thing: Thing | None, node: ast.expr, root: ast.expr) -> Thing | None:
    names: list[str] = []
    while node is not root and isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    for name in reversed(names):
        thing = attribute(thing, name) if thing is not None else None
    return thing


def _returned(node: ast.expr, scope: _Scope, depth: int) -> list[Reduction]:
    """Follow a returned expression to the first element of the tuple that it is."""
    if depth > _DEEPEST:
        return []
    if isinstance(node, ast.Tuple) and node.elts:
        if isinstance(node.elts[0], ast.Starred):
            return _returned(node.elts[0].value, scope, depth + 1)
        setters = [r for part in node.elts[_SETTER:] for r in _callable(part, scope, depth)]
        return _callable(node.elts[0], scope, depth) + _handed(node, scope) + setters
    if isinstance(node, ast.IfExp):
        return _returned(node.body, scope, depth) + _returned(node.orelse, scope, depth)
    if isinstance(node, ast.BoolOp):
        return [r for value in node.values for r in _returned(value, scope, depth)]
    if isinstance(node, ast.BinOp):  # ``super().__reduce__() + (state,)``
        return _returned(node.left, scope, depth + 1)
    if isinstance(node, ast.Name):
        values = scope.values.get(node.id, [])
        return [r for value in values for r in _returned(value, scope, depth + 1)]
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return _returned(node.value, scope, depth + 1)
    if isinstance(node, ast.Call):
        return _returned_call(node, scope, depth)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _callable_global(node.value, scope, node)
    return []


def _handed(node: ast.Tuple, scope: _Scope) -> list[Reduction]:
    """Handle ``return helper, (type(self), rebuild, ...)``: the helper may call what it gets."""
    arguments = node.elts[1] if len(node.elts) > 1 else None
    found: list[Reduction] = []
    for element in arguments.elts if isinstance(arguments, ast.Tuple) else ():
        if _is_own_class(element, scope):
            found += _own(scope, node)
            continue
        local = scope.values.get(element.id, []) if isinstance(element, ast.Name) else []
        for named in local or [element]:
            thing = scope.resolve(named) if isinstance(named, (ast.Name, ast.Attribute)) else None
            if thing is not None and thing.kind == "function":
                found.append(_reduction(thing, scope, element))
    return found


def _returned_call(node: ast.Call, scope: _Scope, depth: int) -> list[Reduction]:
    """Follow ``return helper(...)``, ``return super().__reduce__()``, ``tuple(values)``."""
    func = node.func
    if isinstance(func, ast.Name) and func.id in ("tuple", "list", "cast") and node.args:
        return _returned(node.args[-1], scope, depth + 1)
    if isinstance(func, ast.Attribute) and scope.owner is not None:
        if isinstance(func.value, ast.Name) and func.value.id == scope.self_name:
            found = member(scope.owner, func.attr) if scope.owner.node is not None else None
            return _returns(found[1], scope.owner, depth + 1) if found else []
        if isinstance(func.value, ast.Call) and ast.unparse(func.value.func) == "super":
            return _inherited(func.attr, scope, depth)
    thing = scope.resolve(func)
    if thing is not None and thing.kind == "function":
        owner = scope.owner if "." in thing.name else None
        return _returns(thing, owner, depth + 1)
    if thing is not None and thing.kind == "external" and func_name(func) in _METHODS:
        return _own(scope, node)
    return []


def func_name(node: ast.expr) -> str:
    """Return the last part of a called expression."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _inherited(name: str, scope: _Scope, depth: int) -> list[Reduction]:
    owner = scope.owner
    if owner is None or owner.node is None:
        return []
    for base in lineage(owner).mro[1:]:
        found = attribute(base, name) if base.kind == "class" else None
        if found is not None and found.kind == "function":
            return _returns(found, base, depth + 1)
    # What a C base or ``object`` returns rebuilds the object's own class.
    return [Reduction(owner.key, True, scope.function.where)]


def _own(scope: _Scope, node: ast.AST) -> list[Reduction]:
    if scope.owner is None:
        return []
    where = f"{scope.source.module.file}:{getattr(node, 'lineno', 0)}"
    return [Reduction(scope.owner.key, True, where)]


def _callable(node: ast.expr, scope: _Scope, depth: int) -> list[Reduction]:
    """Follow the first element of a reducer's tuple to the callable it is."""
    if depth > _DEEPEST:
        return []
    if isinstance(node, _First):
        return _returned(node.whole, scope, depth + 1)
    if _is_own_class(node, scope):
        return _own(scope, node)
    if isinstance(node, ast.IfExp):
        return _callable(node.body, scope, depth) + _callable(node.orelse, scope, depth)
    if isinstance(node, ast.Name) and node.id in scope.values:
        values = scope.values[node.id]
        return [r for value in values for r in _callable(value, scope, depth + 1)]
    if isinstance(node, ast.Call):  # ``Getter(), (cls,)``: an object that is called
        thing = scope.resolve(node.func) if isinstance(node.func, ast.Name) else None
        found = member(thing, "__call__") if thing is not None and thing.kind == "class" else None
        return [_reduction(found[1], scope, node)] if found is not None else []
    if isinstance(node, ast.Subscript):  # ``reduced[0]`` of an inherited reduction
        return _returned(node.value, scope, depth + 1)
    if isinstance(node, ast.Attribute) and _is_own(node.value, scope) and scope.owner:
        found = member(scope.owner, node.attr) if scope.owner.node is not None else None
        return [_reduction(found[1], scope, node)] if found else []
    thing = scope.resolve(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    return [_reduction(thing, scope, node)] if thing is not None else []


def _is_own_class(node: ast.expr, scope: _Scope) -> bool:
    if not scope.self_name:
        return False
    text = ast.unparse(node) if not isinstance(node, _First) else ""
    return text in (f"type({scope.self_name})", f"{scope.self_name}.__class__")


def _is_own(node: ast.expr, scope: _Scope) -> bool:
    named = isinstance(node, ast.Name) and node.id == scope.self_name
    return bool(scope.self_name) and (named or _is_own_class(node, scope))


def _reduction(thing: Thing, scope: _Scope, node: ast.AST) -> Reduction:
    where = f"{scope.source.module.file}:{getattr(node, 'lineno', 0)}"
    return Reduction(thing.key, False, where)


def _callable_global(name: str, scope: _Scope, node: ast.AST) -> list[Reduction]:
    """Handle a reducer that returns a string: the object is that global of its module."""
    thing = resolve(scope.source.module.name, name) if name.isidentifier() else None
    return [_reduction(thing, scope, node)] if thing is not None else []


def located_top(name: str) -> Module | None:
    """Return the top-level package or module of `name`."""
    return locate(name.partition(".")[0])
