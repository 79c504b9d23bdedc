"""What the definition of a function tells of it, before and without a walk through its body."""

from __future__ import annotations

import ast
from typing import NamedTuple

from policy_cache import base_policy
from policy_cache.analysis.flow.tables import FUNCTION
from policy_cache.source.distributions import STDLIB
from policy_cache.source.resolve import Thing, candidates, resolve
from policy_cache.source.skeleton import functions
from policy_cache.source.syntax import Source, nodes


class Shape(NamedTuple):
    """What can be told of a function before it is walked: its local and its global names."""

    local: frozenset[str]
    declared: frozenset[str]


NO_SHAPE = Shape(frozenset(), frozenset())
_shapes: dict[ast.AST, Shape] = {}
_BINDERS = frozenset(
    [
        *(ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import),
        *(ast.ImportFrom, ast.ExceptHandler, ast.Global),
        *(ast.MatchAs, ast.MatchStar, ast.MatchMapping),
    ]
)
"""Kinds of nodes, beside names, that bind one; a function within another is parsed with it."""


def forget() -> None:
    """Drop what was told of functions."""
    _shapes.clear()


def parameters(function: Thing, skip_first: bool) -> list[str]:
    """Return the names of the positional and keyword parameters of a function.

    The first of a static method is no ``self``; that of ``__new__``, which is one, is the class.
    """
    assert isinstance(function.node, FUNCTION)
    arguments = function.node.args
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    is_new = getattr(function.node, "name", "") == "__new__"
    if skip_first and (is_new or "staticmethod" not in decorator_texts(function.node)):
        names = names[1:]
    names += [a.arg for a in arguments.kwonlyargs]
    names += [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return names


def shape(function: ast.AST) -> Shape:
    """Return the names that a function binds, those of nested functions included."""
    known = _shapes.get(function)
    if known is not None:
        return known
    local: set[str] = set()
    declared: set[str] = set()
    for node in nodes(function):
        if type(node) is ast.Name:
            if type(node.ctx) is not ast.Load:
                local.add(node.id)
        elif type(node) not in _BINDERS:
            continue
        elif isinstance(node, ast.arg):
            local.add(node.arg)
        elif isinstance(node, (*FUNCTION, ast.ClassDef)):
            if node is not function:
                local.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            local |= {a.asname or a.name.partition(".")[0] for a in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            local.add(node.name)
        elif isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            local.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            local.add(node.rest)
    _shapes[function] = found = Shape(frozenset(local - declared), frozenset(declared))
    return found


def decorator_texts(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the decorators of a function as they are written."""
    return {ast.unparse(d) for d in node.decorator_list} if node.decorator_list else set()


def captures(outer: ast.AST, inner: int) -> bool:
    """Tell whether a function within another may use names of that other one.

    Parameters
    ----------
    outer : ast.AST
        The function around.
    inner : int
        The ``id`` of the node of the function within: of a class it is always told.
    """
    every = nodes(outer)
    found = next((node for node in every if id(node) == inner), None)
    if not isinstance(found, (*FUNCTION, ast.Lambda)):
        return True
    within = {id(node) for node in nodes(found)} - {inner}
    around = {name for node in every if id(node) not in within for name in _bound_by(node)}
    return bool(_free_in(found) & around)


def _bound_by(node: ast.AST) -> set[str]:
    """Return the names that a node itself binds."""
    if isinstance(node, ast.arg):
        return {node.arg}
    if isinstance(node, ast.Name):
        return set() if isinstance(node.ctx, ast.Load) else {node.id}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.MatchMapping):
        return {node.rest} if node.rest else set()
    name = getattr(node, "name", None)  # of definitions, handlers of exceptions and patterns
    return {name} if isinstance(name, str) else set()


def _free_in(scope: ast.AST) -> set[str]:
    """Return the names that a function, or a class within one, may use of what is around it.

    What comprehensions and the bodies of classes bind counts as used, and what defaults and
    decorators use is not hidden by what the function binds.
    """
    used: set[str] = set()
    bound: set[str] = set()
    outside = [*getattr(scope, "decorator_list", ())]
    if not isinstance(scope, ast.ClassDef):
        arguments = getattr(scope, "args", None)
        if isinstance(arguments, ast.arguments):
            outside += [*arguments.defaults, *filter(None, arguments.kw_defaults)]
    waiting = [*ast.iter_child_nodes(scope)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*FUNCTION, ast.Lambda, ast.ClassDef)):
            bound |= _bound_by(node)
            used |= _free_in(node)
        elif isinstance(node, ast.comprehension):
            used |= {name for part in ast.walk(node.target) for name in _bound_by(part)}
            waiting += [node.iter, *node.ifs]
        elif isinstance(node, (ast.Nonlocal, ast.Global)):
            outside.append(ast.Tuple([ast.Name(name, ast.Load()) for name in node.names]))
        else:
            bound |= _bound_by(node)
            used |= {node.id} if isinstance(node, ast.Name) else set()
            waiting += ast.iter_child_nodes(node)
    free = used if isinstance(scope, ast.ClassDef) else used - bound
    return free | {n.id for part in outside for n in ast.walk(part) if isinstance(n, ast.Name)}


def alternatives(function: Thing) -> list[Thing]:
    """Return the other functions that the name of a function is bound to."""
    assert isinstance(function.node, FUNCTION)
    if any("property" in d or "." in d for d in decorator_texts(function.node)):
        return []  # a getter and its setter are no alternatives
    outer, _, name = function.name.rpartition(".")
    holder = resolve(function.module, outer) if outer else Thing("module", function.module)
    found = candidates(holder, name) if holder is not None else []
    return [t for t in found if t.kind == "function" and t.node is not function.node]


def wrapping_parameters(maker: Thing) -> list[str]:
    """Return the parameters by which decorators that a function makes get what they decorate."""
    assert isinstance(maker.node, FUNCTION)
    returned = {
        statement.value.id
        for statement in maker.node.body
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name)
    }
    own = set(parameters(maker, False))
    found = []
    for statement in maker.node.body:
        if isinstance(statement, FUNCTION) and statement.name in returned:
            arguments = [*statement.args.posonlyargs, *statement.args.args]
            found += [argument.arg for argument in arguments[:1] if argument.arg not in own]
    return found


def registered(source: Source, name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions of a module that ``name.register`` gets, as decorator or argument."""
    register = f"{name}.register"
    found = []
    passed = {
        argument.id
        for statement in source.tree.body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
        if ast.unparse(statement.value.func) == register
        for argument in [*statement.value.args, *(k.value for k in statement.value.keywords)]
        if isinstance(argument, ast.Name)
    }
    for function in functions(source.tree):
        decorating = [
            ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in function.decorator_list
        ]
        if register in decorating or function.name in passed:
            found.append(function)
    return found


def owned_by_stdlib(thing: Thing) -> bool:
    """Tell whether a thing is of the standard library, or compiled."""
    return thing.source is None or thing.source.module.owner.kind == STDLIB


def is_followed(thing: Thing) -> bool:
    """Tell whether a function is looked into; the table of sinks speaks for standard library."""
    return not owned_by_stdlib(thing) and _vouched(thing) is None


def is_vouched(thing: Thing) -> bool:
    """Tell whether a reviewed line says that a function of a distribution needs no look."""
    return not owned_by_stdlib(thing) and _vouched(thing) is not None


def methods_looked_up(thing: Thing) -> tuple[str, ...]:
    """Return the methods that a function which need not be followed calls on what it is given."""
    line = None if owned_by_stdlib(thing) else _vouched(thing)
    return tuple(line.traits.get("looks_up", ())) if line is not None else ()


def _vouched(thing: Thing) -> base_policy.Line | None:
    """Return the line by which the base policy vouches for a function, if there is one."""
    assert thing.source is not None
    line = base_policy.look_up_definition(thing.source.module.owner.name, thing.key)
    return line if line is not None and line.traits.get("vouched") else None


def binds(thing: Thing, bound: bool) -> bool:
    """Tell whether the first parameter is not among the arguments of a call."""
    assert isinstance(thing.node, FUNCTION)
    decorators = decorator_texts(thing.node)
    return "classmethod" in decorators or (bound and "staticmethod" not in decorators)


def class_of(thing: Thing) -> Thing | None:
    """Return the class of ``Class.method`` called by its class's name."""
    outer = thing.name.rpartition(".")[0]
    if not outer:
        return None
    found = resolve(thing.module, outer)
    return found if found is not None and found.kind == "class" else None


# -- calls, as they are written -----------------------------------------------------------------


def opens_for_writing(node: ast.Call) -> bool:
    """Tell whether an ``open`` may write: with any mode but a literal without w, a, x, +."""
    if any(isinstance(a, ast.Starred) for a in node.args) or None in {k.arg for k in node.keywords}:
        return True
    mode = node.args[1] if len(node.args) > 1 else None
    for keyword in node.keywords:
        if keyword.arg == "mode":
            mode = keyword.value
    if mode is None:
        return False
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return bool(set(mode.value) & set("wax+"))
    return True


def shift(node: ast.Call) -> ast.Call:
    """Return ``path.open(mode)`` as the call ``open(path, mode)``."""
    function = node.func
    holder = function.value if isinstance(function, ast.Attribute) else function
    return ast.copy_location(ast.Call(function, [holder, *node.args], node.keywords), node)


def as_load(node: ast.expr) -> ast.expr:
    """Return the target of an augmented assignment as an expression."""
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(node.id, ast.Load()), node)
    if isinstance(node, ast.Attribute):
        return ast.copy_location(ast.Attribute(node.value, node.attr, ast.Load()), node)
    if isinstance(node, ast.Subscript):
        return ast.copy_location(ast.Subscript(node.value, node.slice, ast.Load()), node)
    return node


def text_of(node: ast.AST) -> str:
    """Return what is called, or the expression itself, as it is written."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ast.unparse(node)
