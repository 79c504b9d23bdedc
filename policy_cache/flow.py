"""What a function can reach with data from its arguments.

An interprocedural, flow-insensitive walk over syntax trees, with abstract values (`values`). It
starts from parameters that a file controls and follows the calls that can be resolved, across
modules and distributions. Reported are sinks reached with such data (a reason to refuse),
parameters that are called or constructed (the argument then undergoes that operation and is judged
for it), and what could not be followed (the outcome is unproven).
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, NamedTuple

from policy_cache import base_policy, values
from policy_cache.distributions import STDLIB
from policy_cache.hierarchy import in_class_scope, lineage, member
from policy_cache.locate import Module, locate
from policy_cache.resolve import Thing, attribute, candidates, named, resolve
from policy_cache.sinks import method_sink, sink
from policy_cache.syntax import absolute, class_scope, nodes
from policy_cache.values import (
    BOUND,
    CALLER,
    COMPUTED,
    DATA,
    GLOBAL,
    INSTANCE,
    MADE,
    NAMESPACE,
    NESTED,
    NOT_KNOWN,
    NOTHING,
    PARAMETER,
    PREFIX,
    RESULT,
    SELF,
    SUPER,
    TEXT,
    UNKNOWN,
    WRAPPED,
    Atom,
    Value,
    join,
    one,
    put_in,
    taken_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

STATE = "self.*"
"""Taint of every attribute of the instance: what ``__setstate__`` and ``__del__`` start with."""

_DEEPEST = 12
_MOST_FUNCTIONS = 80
_MOST_ROUNDS = 8
_MOST_DOUBTS = 8
"""How many places that could not be followed are named: one is enough to be unproven."""

_MOST_VISITED = 16
"""How many methods of one prefix are followed; a visitor with more is unproven."""

_MOST_GIVEN = 4
"""Callables handed to one parameter are followed one by one up to here, then all at once."""

_EVERYTHING = "*"
"""Stands for all local names where a statement reads them all."""

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_CALLABLE = (GLOBAL, INSTANCE, BOUND, NESTED, MADE, RESULT, CALLER, COMPUTED)
_PASSED = (GLOBAL, INSTANCE, BOUND, NESTED, MADE, CALLER, COMPUTED)

BY_MACHINE = ("__del__", "__hash__", "__eq__", "__getattribute__", "__getattr__")
"""Methods that the unpickler itself, or the interpreter after it, runs at any time."""

CALLED_OFTEN = ("__iter__", "__next__", "__len__", "__bool__", "__array_finalize__")

IMPLICIT = (
    *BY_MACHINE,
    *CALLED_OFTEN,
    *("__index__", "__int__", "__float__", "__str__", "__repr__", "__format__", "__ne__"),
    *("__contains__", "__getitem__", "__missing__", "__enter__", "__fspath__"),
    *("__array__", "__set_name__", "__aiter__", "__anext__"),
)
"""Methods that the interpreter, or a callable that is handed the object, runs unasked.

They are judged with each class, whatever else its objects undergo (`unasked`).
"""

_PROTOCOL = (
    *("__iter__", "__next__", "__len__", "__str__", "__repr__", "__bool__", "__int__", "__float__"),
    *("__index__", "__hash__", "__eq__", "__contains__", "__getitem__", "__format__", "keys"),
    *("__fspath__", "__array__", "__bytes__", "__reversed__", "__copy__", "__deepcopy__"),
)
"""Methods that builtins and compiled functions run on what they are given."""

_RARE = tuple(name for name in _PROTOCOL if name not in IMPLICIT)
"""Those that are not judged with each class anyway."""

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
    ast.Invert: "invert",
    ast.UAdd: "pos",
    ast.USub: "neg",
    ast.Not: "bool",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.In: "contains",
    ast.NotIn: "contains",
}

_HARMLESS_RESULTS = frozenset(
    f"builtins:{name}"
    for name in (
        *("len", "isinstance", "issubclass", "bool", "int", "float", "id", "hash", "hasattr"),
        *("callable", "abs", "round", "ord"),
    )
)
"""Builtins whose result no longer is what the file gave."""

_ONLY_LOOK = frozenset(
    f"builtins:{name}" for name in ("isinstance", "issubclass", "id", "callable", "hasattr")
)
"""Those of them that run no method of what they are given."""

OPERAND_HITS = ("call", "set")
"""Categories of what is done to the operands themselves: it depends on what they are."""

_MUTATORS = frozenset(
    [
        *("append", "appendleft", "extend", "extendleft", "insert", "add", "push", "put"),
        *("update", "setdefault", "write", "__setitem__"),
    ]
)
"""Methods that put their arguments into the object."""

_READERS = frozenset(["get", "pop", "popitem", "values", "items", "setdefault", "copy", "popleft"])
"""Methods that give what was put into a container."""

_CALLERS = frozenset(
    [
        "builtins:map",
        "builtins:filter",
        "functools:reduce",
        "_functools:reduce",
        "functools:partial",
        "_functools:partial",
        "itertools:starmap",
    ]
)
"""Builtins that call their first argument."""

_SORTERS = frozenset(["builtins:sorted", "builtins:min", "builtins:max"])

OPENERS = frozenset(
    ["builtins:open", "io:open", "codecs:open", "gzip:open", "bz2:open", "lzma:open"]
)
_PARTIAL = frozenset(["functools:partial", "_functools:partial"])
_WRITERS = frozenset(["builtins:setattr", "builtins:delattr"])
_IMPORTERS = frozenset(["builtins:__import__", "importlib:import_module"])
_PROPERTIES = frozenset(["property", "cached_property", "functools.cached_property"])
_PLAIN_DECORATORS = frozenset(
    [
        *("builtins:property", "builtins:staticmethod", "builtins:classmethod"),
        *("functools:wraps", "functools:lru_cache", "functools:cache", "_functools:cache"),
        *("functools:cached_property", "functools:total_ordering", "functools:singledispatch"),
        *("contextlib:contextmanager", "contextlib:asynccontextmanager"),
        *("abc:abstractmethod", "abc:abstractproperty", "typing:overload", "typing:final"),
    ]
)
_PLAIN_METHODS = frozenset(
    name
    for kind in (str, bytes, list, dict, set, tuple, int)
    for name in dir(kind)
    if not name.startswith("__")
) | frozenset(["debug", "info", "warning", "warn", "error", "exception", "critical", "log"])
"""Methods of builtin containers and of loggers: harmless on an object that is not the file's."""


class Hit(NamedTuple):
    """A sink reached with data from the arguments: which, and the chain of calls to it."""

    category: str
    sink: str
    why: str
    chain: tuple[str, ...]

    def __str__(self) -> str:
        return f"reaches {self.sink} ({self.why}): {' -> '.join(self.chain)}"


class Summary(NamedTuple):
    """What one function does with what it is given."""

    hits: tuple[Hit, ...] = ()
    calls: frozenset[str] = frozenset()
    constructs: frozenset[str] = frozenset()
    unproven: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    returns: Value = NOTHING
    kept: frozenset[str] = frozenset()
    """Attributes of its object that it leaves with data of the file (``self.name``)."""
    methods: frozenset[str] = frozenset()
    """Attributes that it looks up on what the file gives, whose methods and properties run.

    ``parameter.name`` on what a parameter is, ``.name`` on what may be anywhere in it.
    """


class _Question:
    """One question: what it may still cost, and which functions are being walked for it."""

    def __init__(self, most: int, owner: Thing | None) -> None:
        self.left = most
        self.owner = owner
        self.walking: set[_Key] = set()
        self.cuts: list[set[_Key]] = [set()]
        """For each function being walked, whose summary it missed: recursive calls, `_TOO_FAR`."""


class _Partial(NamedTuple):
    """A summary that rests on others cut short: good again where they would be cut again."""

    summary: Summary
    cut: frozenset[_Key]
    depth: int


_Given = frozenset[tuple[str, Atom]]
_Key = tuple[str, str, frozenset[str], _Given]
_TOO_FAR: _Key = ("too far", "", frozenset(), frozenset())
_TOO_MUCH: _Key = ("too much", "", frozenset(), frozenset())
_summaries: dict[_Key, Summary] = {}
_partial: dict[_Key, _Partial] = {}
_static_values: dict[tuple[str, int], Value] = {}
_evaluating: set[tuple[str, int]] = set()
"""Names whose values are being found: what is told of other names meanwhile may be incomplete."""
_known_members: dict[tuple[str, int, str], list[tuple[Thing, Thing]]] = {}
_attribute_values: dict[str, dict[str, Value]] = {}
_globals: dict[tuple[str, str], Value] = {}
_global_attributes: dict[tuple[str, int, str], Value] = {}
_shapes: dict[ast.AST, _Shape] = {}


def forget() -> None:
    """Drop every summary."""
    _summaries.clear()
    _partial.clear()
    _static_values.clear()
    _evaluating.clear()
    _attribute_values.clear()
    _known_members.clear()
    _globals.clear()
    _global_attributes.clear()
    _shapes.clear()
    values.forget()


def parameters(function: Thing, skip_first: bool) -> list[str]:
    """Return the names of the positional and keyword parameters of a function."""
    assert isinstance(function.node, _Function)
    arguments = function.node.args
    names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    if skip_first:
        names = names[1:]
    names += [a.arg for a in arguments.kwonlyargs]
    names += [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return names


def reach(
    function: Thing, owner: Thing | None, tainted: frozenset[str], most: int = _MOST_FUNCTIONS
) -> Summary:
    """Summarize what `function` reaches when `tainted` holds data that a file controls.

    Parameters
    ----------
    function : Thing
        A function with source. Where its name is bound several times (``if``/``else``,
        ``try``/``except``), each of the definitions counts.
    owner : Thing or None
        For a method, the class of the instance (where its MRO starts).
    tainted : frozenset of str
        Parameter names, ``self.name`` for single attributes, or :data:`STATE`.
    most : int
        How many functions may be walked before the rest is unproven.
    """
    question = _Question(most, owner)
    found = _reach(function, owner, tainted, frozenset(), 0, question)
    for other in _alternatives(function):
        tokens = frozenset(token for token in tainted if token.startswith("self."))
        given = tokens | frozenset(parameters(other, bool(tokens)))
        found = _either(found, _reach(other, owner, given, frozenset(), 0, question))
    hits = list(found.hits)
    if any(atom.text != "self" for atom in found.returns.of(COMPUTED)):
        why = "uses an attribute by a name from the file"
        hits.append(Hit("walk", "getattr", why, (function.where,)))
    return found._replace(
        hits=tuple(hits), calls=found.calls & tainted, constructs=found.constructs & tainted
    )


def _prefixed(texts: Iterable[str]) -> Value:
    """Return data of the file behind one of these texts."""
    return join(DATA, *(one(Atom(PREFIX, text=text)) for text in texts if text))


def _alternatives(function: Thing) -> list[Thing]:
    """Return the other functions that the name of a function is bound to."""
    assert isinstance(function.node, _Function)
    if any("property" in d or "." in d for d in _decorators(function.node)):
        return []  # a getter and its setter are no alternatives
    outer, _, name = function.name.rpartition(".")
    holder = resolve(function.module, outer) if outer else Thing("module", function.module)
    found = candidates(holder, name) if holder is not None else []
    return [t for t in found if t.kind == "function" and t.node is not function.node]


def _either(one_way: Summary, other: Summary) -> Summary:
    return Summary(
        one_way.hits + other.hits,
        one_way.calls | other.calls,
        one_way.constructs | other.constructs,
        one_way.unproven + other.unproven,
        one_way.files | other.files,
        join(one_way.returns, other.returns),
        one_way.kept | other.kept,
        one_way.methods | other.methods,
    )


def _reach(
    function: Thing,
    owner: Thing | None,
    tainted: frozenset[str],
    given: _Given,
    depth: int,
    question: _Question,
) -> Summary:
    key = (function.where, owner.key if owner else "", tainted, given)
    if key in _summaries:
        return _summaries[key]
    if key in question.walking:  # a recursive call adds nothing to its own first round
        question.cuts[-1].add(key)
        return Summary(returns=DATA if tainted else NOTHING)
    known = _partial.get(key)
    if known is not None and depth >= known.depth and known.cut <= question.walking | {_TOO_FAR}:
        question.cuts[-1] |= known.cut
        return known.summary
    if depth > _DEEPEST or question.left <= 0:
        question.cuts[-1].add(_TOO_FAR if depth > _DEEPEST else _TOO_MUCH)
        far = (f"{function.where} is too far to follow",)
        return Summary(unproven=far, returns=DATA if tainted else NOT_KNOWN)
    question.left -= 1
    question.walking.add(key)
    question.cuts.append(set())
    summary = _Walk(function, owner, tainted, given, depth, question).run()
    question.walking.discard(key)
    cut = question.cuts.pop() - {key}
    question.cuts[-1] |= cut
    if not cut or depth == 0:
        _summaries[key] = summary
    elif _TOO_MUCH not in cut:  # what rests on a summary cut short is good for this question only
        _partial[key] = _Partial(summary, frozenset(cut), depth)
    return summary


class _Call(NamedTuple):
    """The values that a call hands over."""

    node: ast.AST
    positional: list[Value]
    named: dict[str, Value]
    unpacked: Value
    """What ``*args`` and ``**options`` hold."""
    starred_at: int
    """Number of positional arguments before the first ``*args``."""
    opens: ast.Call | None = None

    @property
    def values(self) -> list[Value]:
        return [*self.positional, *self.named.values(), self.unpacked]

    @property
    def carries(self) -> bool:
        return any(value.carries for value in self.values)

    def without_first(self) -> tuple[Value, _Call]:
        """Return the first argument, and the call with the others."""
        if not self.positional:
            return self.unpacked, self
        first, *rest = self.positional
        return first, self._replace(positional=rest, starred_at=max(self.starred_at - 1, 0))


class _Done(NamedTuple):
    """A part of a function that was walked: what it read, and when."""

    read: set[str]
    clock: int
    tokens: int


class _Shape(NamedTuple):
    """What can be told of a function before it is walked: its local and its global names."""

    local: frozenset[str]
    declared: frozenset[str]


def _shape(function: ast.AST) -> _Shape:
    """Return the names that a function binds, those of nested functions included."""
    known = _shapes.get(function)
    if known is not None:
        return known
    local: set[str] = set()
    declared: set[str] = set()
    for node in nodes(function):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                local.add(node.id)
        elif isinstance(node, ast.arg):
            local.add(node.arg)
        elif isinstance(node, (*_Function, ast.ClassDef)):
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
    _shapes[function] = found = _Shape(frozenset(local - declared), frozenset(declared))
    return found


_NO_SHAPE = _Shape(frozenset(), frozenset())


class _Walk:
    """The walk through one function body, or through an expression of a module or class body."""

    def __init__(
        self,
        function: Thing,
        owner: Thing | None,
        tainted: frozenset[str],
        given: _Given,
        depth: int,
        question: _Question,
    ) -> None:
        assert function.source is not None
        self.function = function
        self.node = function.node if isinstance(function.node, _Function) else None
        self.source = function.source
        self.owner = owner
        self.tokens = set(tainted)
        """Tainted parameters and attributes of ``self``."""
        self.given = given
        self.depth = depth
        self.question = question
        self.shape = _shape(self.node) if self.node is not None else _NO_SHAPE
        self.scope: Thing | None = None
        """The class in whose body an expression stands."""
        self.env: dict[str, Value] = {}
        self.reading: set[str] = set()
        """Names that the statement under way has read."""
        self.clock = 0
        """Counts the changes of what names, and calls of nested functions, stand for."""
        self.changed: dict[str, int] = {}
        """When a name came to stand for more of what was walked before: see `_change_seen`."""
        self.again = False
        """Whether everything has been walked once."""
        self.loops = 0
        """Loops around what is walked."""
        self.lazy = 0
        """Generator expressions around what is walked."""
        self.later: set[str] = set()
        """Names that nested functions and generators read, whenever they run."""
        self.returned_at = 0
        self.done: dict[ast.AST, _Done] = {}
        self.leaves = False
        """Whether the method that was followed last left data in the attributes of its object."""
        self.handed: set[Atom] = set()
        """Objects handed to code without source, while their methods are followed for it."""
        self.instances: set[str] = set()
        """First parameters of the methods of nested classes."""
        self.frames: list[int] = []
        """Nested functions around the statement."""
        self.returned: dict[int, Value] = {}
        self.hits: dict[tuple[str, str], Hit] = {}
        """For each sink one way to it, the shortest: ways multiply with every call."""
        self.calls: set[str] = set()
        self.constructs: set[str] = set()
        self.methods: set[str] = set()
        self.unproven: dict[str, None] = {}
        self.files = {function.source.module.file}
        self.defining: Thing | None = None
        self.self_name = ""
        self.class_name = ""
        if self.node is not None:
            self.defining = self._defining_class()
            self._name_first_parameter()

    # -- the function as a whole ----------------------------------------------------------------

    def run(self) -> Summary:
        assert self.node is not None
        self._enter_parameters()
        for _ in range(_MOST_ROUNDS):
            before = self.clock, len(self.tokens)
            for statement in self.node.body:
                self._statement(statement)
            if before == (self.clock, len(self.tokens)):
                break
            self.again = True
        else:
            self.unproven[f"{self.function.where} does not settle"] = None
        self._follow_decorators()
        return Summary(
            tuple(self.hits.values()),
            frozenset(self.calls),
            frozenset(self.constructs),
            tuple(self.unproven),
            frozenset(self.files),
            self._outward(self.returned.get(0, NOTHING)),
            frozenset(token for token in self.tokens if token.startswith("self.")),
            frozenset(self.methods),
        )

    def _outward(self, value: Value) -> Value:
        """Return a returned value as the caller sees it."""
        atoms = set()
        for atom in value.atoms:
            if atom.kind == NESTED:
                atoms.add(Atom(MADE, self.function, self.owner, "", bool(self.tokens)))
            elif atom.kind not in (SUPER, NAMESPACE):
                atoms.add(atom)
        return Value(value.tainted, frozenset(atoms))

    def _enter_parameters(self) -> None:
        assert self.node is not None
        arguments = self.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        for argument in every:
            held = argument.arg in self.tokens
            self.env[argument.arg] = one(Atom(PARAMETER, text=argument.arg, held=held))
        if self.self_name:
            self.env[self.self_name] = one(Atom(SELF))
        if self.class_name and self.owner is not None:
            self.env[self.class_name] = one(Atom(GLOBAL, self.owner))
        for name, atom in self.given:
            self._bind(name, one(atom))
        self._enter_defaults(arguments)

    def _enter_defaults(self, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        for argument, default in zip(
            reversed(positional), reversed(arguments.defaults), strict=False
        ):
            self._bind(argument.arg, self._default(default))
        for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword is not None:
                self._bind(argument.arg, self._default(keyword))

    def _default(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Constant):
            return NOTHING
        return static_value(node, self.source, self.defining)

    def _defining_class(self) -> Thing | None:
        if self.owner is None:
            return None
        outer = self.function.name.rpartition(".")[0]
        for base in lineage(self.owner).mro:
            if base.module == self.function.module and base.name == outer:
                return base
        return None

    def _name_first_parameter(self) -> None:
        assert self.node is not None
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        decorators = _decorators(self.node)
        if self.owner is None or not arguments or "staticmethod" in decorators:
            return
        implied = self.node.name in ("__new__", "__init_subclass__", "__class_getitem__")
        if "classmethod" in decorators or implied:
            self.class_name = arguments[0].arg
        else:
            self.self_name = arguments[0].arg

    def _follow_decorators(self) -> None:
        """Follow what decorators put around the function; its own body is followed already."""
        assert self.node is not None
        for decorator in self.node.decorator_list:
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(made, ast.Attribute) and made.attr in ("setter", "getter", "deleter"):
                continue
            for atom in static_value(made, self.source, self.defining).of(GLOBAL, UNKNOWN):
                self._follow_decorator(decorator, atom)

    def _follow_decorator(self, node: ast.expr, atom: Atom) -> None:
        thing = atom.thing
        if thing is None or thing.kind == "value":
            self._doubt(node, f"is decorated with {ast.unparse(node)}")
        elif thing.key in _PLAIN_DECORATORS:
            return
        elif thing.kind == "function" and _is_followed(thing):
            wrapped = Atom(WRAPPED, self.function)  # called with what the walk has seen
            firsts = _wrapping_parameters(thing) if isinstance(node, ast.Call) else []
            named = frozenset((name, wrapped) for name in firsts)
            self._merge(node, self._below(thing, self._class_of(thing), frozenset(), named))
        elif thing.kind == "class" and _is_followed(thing):
            for name in ("__init__", "__call__", "__get__"):
                found = member(thing, name)
                if found is not None and found[1].kind == "function" and _is_followed(found[1]):
                    given = frozenset(parameters(found[1], True)[1:])
                    self._merge(node, self._below(found[1], thing, given, frozenset()))

    # -- statements -----------------------------------------------------------------------------

    def _statement(self, node: ast.AST) -> None:
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            if isinstance(node, _SIMPLE):
                self._once(node, handler)
            else:
                handler(self, node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._once(child, _Walk.eval)
            else:
                self._statement(child)

    def _once(self, node: ast.AST, handler: Callable[[_Walk, Any], object]) -> None:
        """Walk a part of the body, in later rounds only if what it reads has changed."""
        done = self.done.get(node)
        if (
            done is not None
            and done.tokens == len(self.tokens)
            and done.clock >= self.returned_at
            and all(self.changed.get(name, 0) <= done.clock for name in done.read)
        ):
            return
        around, self.reading = self.reading, set()
        clock, tokens = self.clock, len(self.tokens)
        handler(self, node)
        self.done[node] = _Done(self.reading, clock, tokens)
        self.reading |= around

    def _assign(self, node: ast.Assign) -> None:
        value = self.eval(node.value)
        for target in node.targets:
            self._store(target, value, node.value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._store(node.target, self.eval(node.value), node.value)

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.eval(node.value)
        loaded = self.eval(_as_load(node.target))
        self._operate(node, type(node.op), loaded, value, "i")
        self._store(node.target, join(loaded, value), node.value)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.loops += 1
        self._once(node, _Walk._for_items)
        for statement in node.body:
            self._statement(statement)
        self.loops -= 1
        for statement in node.orelse:
            self._statement(statement)

    def _while(self, node: ast.While) -> None:
        self.loops += 1
        self._once(node.test, _Walk.eval)
        for statement in node.body:
            self._statement(statement)
        self.loops -= 1
        for statement in node.orelse:
            self._statement(statement)

    def _for_items(self, node: ast.For | ast.AsyncFor) -> None:
        self._store(node.target, self._iterate(node, self.eval(node.iter)), None)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        self._once(node, _Walk._with_items)
        for statement in node.body:
            self._statement(statement)

    def _with_items(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.eval(item.context_expr)
            names = ("__enter__", "__exit__", "__aenter__", "__aexit__")
            entered = self._run_implicit(node, value, names)
            if item.optional_vars is not None:
                self._store(item.optional_vars, join(value, entered), None)

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, DATA if self.tokens else NOTHING)
        if node.type is not None:
            self.eval(node.type)
        for statement in node.body:
            self._statement(statement)

    def _match(self, node: ast.Match) -> None:
        subject = self.eval(node.subject)
        for part in ast.walk(node):
            if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                self._bind(part.name, subject)
            elif isinstance(part, ast.MatchMapping) and part.rest:
                self._bind(part.rest, subject)
        for case in node.cases:
            if case.guard is not None:
                self.eval(case.guard)
            for statement in case.body:
                self._statement(statement)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self._give(self.eval(node.value))

    def _give(self, value: Value) -> None:
        frame = self.frames[-1] if self.frames else 0
        known = self.returned.get(frame, NOTHING)
        self.returned[frame] = joined = join(known, value)
        if frame and joined != known:
            self.clock += 1
            self.returned_at = self.clock

    def _nested_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        value = one(Atom(NESTED, text=str(id(node))))
        for decorator in node.decorator_list:
            value = join(value, self.eval(decorator))
        self._bind(node.name, value)
        self._nested_body(node, node.args, node.body)

    def _nested_body(
        self, node: ast.AST, arguments: ast.arguments, body: Iterable[ast.AST]
    ) -> None:
        first = [*arguments.posonlyargs, *arguments.args][:1]
        wrapped = [a for a in first if not self.frames and a.arg in dict(self.given)]
        for argument in ast.walk(arguments):
            if isinstance(argument, ast.arg) and argument not in wrapped:
                # Whoever gets hold of it may call it with anything.
                self._bind(argument.arg, DATA)
        for default in [*arguments.defaults, *filter(None, arguments.kw_defaults)]:
            self.eval(default)
        self._enter_defaults(arguments)
        self.frames.append(id(node))
        for part in body:
            if isinstance(part, ast.expr):
                self._give(self.eval(part))
            else:
                self._statement(part)
        self.frames.pop()

    def _nested_class(self, node: ast.ClassDef) -> None:
        self._bind(node.name, one(Atom(NESTED, text=str(id(node)))))
        for base in [*node.bases, *(keyword.value for keyword in node.keywords)]:
            self.eval(base)
        for statement in node.body:
            if isinstance(statement, _Function) and statement.args.args:
                self.instances.add(statement.args.args[0].arg)
            self._statement(statement)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else bound
            self._bind(bound, one(Atom(GLOBAL, Thing("module", module))))

    def _import_from(self, node: ast.ImportFrom) -> None:
        origin = absolute(self.source.module, node.module, node.level)
        for alias in node.names:
            thing = resolve(origin, alias.name) or Thing("external", origin, alias.name)
            self._bind(alias.asname or alias.name, _global(thing))

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self._run_implicit(node, self.eval(target.value), ("__delitem__",))
                self.eval(target.slice)
            elif isinstance(target, ast.Attribute):
                self._run_implicit(node, self.eval(target.value), ("__delattr__",))

    # -- storing --------------------------------------------------------------------------------

    def _bind(self, name: str, value: Value) -> None:
        known = self.env.get(name)
        joined = value if known is None else join(known, value)
        if joined != known:
            self.env[name] = joined
            if self.again or self.loops or "." in name or name in self.later:
                self._change_seen(name)

    def _change_seen(self, name: str) -> None:
        """Have what was walked before, and may see the change of a name, walked again.

        In a loop and in a nested function it runs after the change, too; what is put into an
        object is seen by all who have the object. Binding a name to another object is seen by
        nothing that stands before; what stands after it is yet to be walked in the first round.
        """
        self.clock += 1
        self.changed[name] = self.changed[_EVERYTHING] = self.clock

    def _store(self, target: ast.expr, value: Value, source: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            if target.id in self.shape.declared:
                self._store_global(target, target.id, value)
            else:
                self._bind(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, value, source)
        elif isinstance(target, ast.Starred):
            self._store(target.value, value, None)
        elif isinstance(target, ast.Attribute):
            self._store_attribute(target, self.eval(target.value), target.attr, value)
            self._keep(target.value, value)
        elif isinstance(target, ast.Subscript):
            self._store_item(target, value)

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, source: ast.expr | None) -> None:
        parts = source.elts if isinstance(source, (ast.Tuple, ast.List)) else []
        paired = len(parts) == len(target.elts)
        starred = any(isinstance(p, ast.Starred) for p in [*parts, *target.elts])
        for index, element in enumerate(target.elts):
            if paired and not starred:
                self._store(element, self.eval(parts[index]), parts[index])
            else:
                self._store(element, taken_out(value), None)

    def _store_global(self, node: ast.AST, name: str, value: Value) -> None:
        if value.carries:
            what = f"{self.source.module.name}:{name}"
            self._hit(node, what, "effect", "changes a global variable")

    def _store_item(self, target: ast.Subscript, value: Value) -> None:
        holder = self.eval(target.value)
        index = self.eval(target.slice)
        for atom in holder.of(NAMESPACE):
            self._store_in_namespace(target, atom, index, value)
        both = join(value, index)
        self._run_implicit(target, holder, ("__setitem__",), index, value)
        if both.carries:
            for atom in holder.of(GLOBAL):
                if atom.thing is not None:
                    self._change(target, atom.thing)
        if isinstance(target.value, ast.Name) and self._is_global(target.value.id):
            self._change_global(target, target.value.id, both)
        self._keep(target.value, both)

    def _store_in_namespace(self, node: ast.AST, atom: Atom, index: Value, value: Value) -> None:
        if atom.thing is not None:
            if value.carries or index.carries:
                self._hit(node, atom.thing.key, "effect", "changes a global variable")
            return
        if not value.carries:
            return
        texts = index.of(TEXT)
        self.tokens |= {f"self.{text.text}" for text in texts}
        if index.carries or not texts:
            self.tokens.add(STATE)

    def _change_global(self, node: ast.AST, name: str, value: Value) -> None:
        """Handle a change of a container that outlives the call."""
        if not value.carries:
            return
        for thing in named(self.source, name):
            self._change(node, thing)
        self._doubt(node, f"keeps data in the global {name}")

    def _change(self, node: ast.AST, thing: Thing) -> None:
        """Handle a change of what may belong to the whole process, ``sys.path`` for one."""
        located = locate(thing.module)
        if located is not None and _is_shared(thing, located):
            self._hit(node, thing.key, "effect", "it belongs to the whole process and is changed")

    def _keep(self, holder: ast.expr, value: Value) -> None:
        """Let an object hold what is put into it."""
        if isinstance(holder, ast.Name):
            if holder.id == self.self_name:
                return
            self.reading.add(holder.id)
            if holder.id in self.env:
                self._keep_in(holder.id, value)
        elif isinstance(holder, ast.Attribute):
            if isinstance(holder.value, ast.Name) and holder.value.id == self.self_name:
                if holder.attr == "__dict__":
                    if value.carries:
                        self.tokens.add(STATE)
                else:
                    self._keep_attribute(holder.attr, put_in(value))
            else:
                self._keep(holder.value, put_in(value))
        elif isinstance(holder, ast.Subscript):
            self._keep(holder.value, put_in(value))
        elif isinstance(holder, ast.Call):
            if ast.unparse(holder) == f"vars({self.self_name})" and value.carries:
                self.tokens.add(STATE)
            elif isinstance(holder.func, ast.Attribute):
                self._keep(holder.func.value, value)

    def _keep_in(self, name: str, value: Value) -> None:
        """Let what a local name stands for hold a value; an object of a known class stays one."""
        known = self.env[name]
        self._put_into(name, known, put_in(value))
        if self.env[name] != known:
            self._change_seen(name)

    def _put_into(self, name: str, known: Value, value: Value) -> None:
        objects = known.of(INSTANCE)
        if objects and not known.tainted:
            if value.carries:
                self._bind(name, Value(False, frozenset(_with_state(objects))))
            self._bind(name, Value(False, frozenset(a for a in value.atoms if _may_act(a))))
        else:
            self._bind(name, Value(value.carries, value.only(*_CALLABLE).atoms))

    def _keep_attribute(self, name: str, value: Value) -> None:
        if value.carries:
            self.tokens.add(f"self.{name}")
        self._bind(f"self.{name}", Value(False, value.atoms))

    def _store_attribute(self, node: ast.AST, holder: Value, name: str, value: Value) -> None:
        """Handle ``holder.name = value``: a property, a setter, or plain data."""
        foreign = holder.tainted or any(a.kind == PARAMETER and a.held for a in holder.atoms)
        if foreign and not self._is_instance(node):
            self._hit_set(node, f"setting {name} of what the file gives")
        for atom in holder.atoms:
            if atom.kind == SELF:
                if name == "__dict__":
                    if value.carries:
                        self.tokens.add(STATE)
                    continue
                self._keep_attribute(name, value)
                self._run_setter(node, atom, self.owner, name, value)
            elif atom.kind == INSTANCE:
                self._run_setter(node, atom, atom.thing, name, value)
            elif _outlives(atom) and value.carries:
                assert atom.thing is not None
                self._hit(node, f"{atom.thing.key}.{name}", "effect", "changes a global variable")

    def _is_instance(self, node: ast.AST) -> bool:
        """Tell whether an attribute is set on the object of a nested class's own method."""
        holder = node.value if isinstance(node, ast.Attribute) else None
        return isinstance(holder, ast.Name) and holder.id in self.instances

    def _run_setter(
        self, node: ast.AST, atom: Atom, cls: Thing | None, name: str, value: Value
    ) -> None:
        """Follow the setter of a property or descriptor, and ``__setattr__`` of other objects.

        That of the object itself is judged with its class: it would be walked for each attribute.
        """
        if cls is None:
            return
        call = _call_of(node, value)
        for base, thing in _members(cls, name):
            if thing.kind == "function" and isinstance(thing.node, _Function):
                if f"{name}.setter" in _decorators(thing.node):
                    self._follow(thing, cls, call, bound=True, held=self._held(atom))
            elif thing.kind == "value":  # a descriptor
                for instance in _static_of(thing, base).of(INSTANCE):
                    self._run_implicit(node, one(instance), ("__set__",), NOTHING, value)
        found = member(cls, "__setattr__") if atom.kind != SELF else None
        if found is not None and found[1].kind == "function":
            given = _call_of(node, one(Atom(TEXT, text=name)), value)
            self._follow(found[1], cls, given, bound=True, held=self._held(atom))

    # -- expressions ----------------------------------------------------------------------------

    def eval(self, node: ast.expr) -> Value:
        """Return what an expression may stand for, noting what evaluating it does."""
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            return handler(self, node)
        children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        return join(*[self.eval(child) for child in children])

    def _constant(self, node: ast.Constant) -> Value:
        text = node.value
        if type(text) is str and len(text) < 60 and (text.isidentifier() or "." in text):
            return one(Atom(TEXT, text=text))
        return NOTHING

    def _name(self, node: ast.Name) -> Value:
        self.reading.add(node.id)
        if self.frames or self.lazy:
            self.later.add(node.id)
        found = self.env.get(node.id)
        if found is not None:
            return found
        if node.id in self.shape.local:
            return NOTHING
        if self.scope is not None:
            thing = in_class_scope(node, self.scope) or attribute(self.scope, node.id)
            own = attribute(self.scope, node.id)
            if own is not None:
                return _global(own)
            if thing is not None:
                return _global(thing)
        key = (self.source.module.name, node.id)
        known = _globals.get(key)
        if known is None:
            things = named(self.source, node.id)
            known = join(*map(_global, things)) if things else NOT_KNOWN
            if not _evaluating:
                _globals[key] = known
        return known

    def _is_global(self, name: str) -> bool:
        return name not in self.env and name not in self.shape.local

    def _attribute(self, node: ast.Attribute) -> Value:
        return self._get(node, self.eval(node.value), node.attr)

    def _get(self, node: ast.AST, holder: Value, name: str) -> Value:
        """Return attribute `name` of a value, running properties."""
        self._looks_up(holder, name)
        found = [DATA] if holder.tainted else []
        for atom in holder.atoms:
            found.append(self._get_of(node, atom, name))
        return join(*found)

    def _get_of(self, node: ast.AST, atom: Atom, name: str) -> Value:
        kind, thing = atom.kind, atom.thing
        if kind == SELF:
            return self._own_attribute(node, name)
        if kind == PARAMETER:
            if name == "__class__" or atom.held:
                return DATA if atom.held else NOT_KNOWN
            return NOT_KNOWN
        if kind == INSTANCE and thing is not None:
            return self._instance_attribute(node, atom, thing, name)
        if kind == GLOBAL and thing is not None:
            return _global_attribute(thing, name)
        if kind == SUPER:
            return self._inherited(name)
        if kind == RESULT:
            return self._get(node, self._forced(node, atom), name)
        if kind in (BOUND, NESTED, MADE, CALLER, TEXT):
            return DATA if atom.held else NOTHING
        if kind == NAMESPACE:
            return one(atom) if name in ("get", "pop", "__getitem__", "setdefault") else NOTHING
        if kind == COMPUTED:
            return DATA
        return NOT_KNOWN

    def _own_attribute(self, node: ast.AST, name: str) -> Value:
        if name == "__class__":
            return one(Atom(GLOBAL, self.owner)) if self.owner is not None else DATA
        if name == "__dict__":
            return one(Atom(NAMESPACE), STATE in self.tokens)
        self.reading.add(f"self.{name}")
        stored = self.env.get(f"self.{name}", NOTHING)
        tainted = f"self.{name}" in self.tokens
        everything = STATE in self.tokens
        found = _members(self.owner, name) if self.owner is not None else []
        if not found:
            known = join(stored, _assigned(self.owner, name) if self.owner else NOTHING)
            if tainted or everything:
                return Value(True, frozenset(_with_state(known.atoms)))
            return known
        values = [stored]
        for base, thing in found:
            values.append(self._member(node, Atom(SELF), self.owner, base, thing, everything))
        return Value(tainted or join(*values).tainted, join(*values).atoms)

    def _member(
        self,
        node: ast.AST,
        atom: Atom,
        cls: Thing | None,
        base: Thing,
        thing: Thing,
        everything: bool,
    ) -> Value:
        """Return what a class's attribute is on an instance, whose state may hide plain data."""
        if thing.kind == "function":
            assert isinstance(thing.node, _Function)
            decorators = _decorators(thing.node)
            if decorators & _PROPERTIES or any(d.endswith("property") for d in decorators):
                call = _call_of(node)
                return self._follow(thing, cls, call, bound=True, held=self._held(atom))
            if any(d.endswith((".setter", ".deleter")) for d in decorators):
                return NOTHING
            return one(Atom(BOUND, thing, cls, "self" if atom.kind == SELF else "", atom.held))
        if thing.kind != "value":
            return one(Atom(GLOBAL, thing))
        value = _static_of(thing, base)
        if not value.of(*_CALLABLE, UNKNOWN):
            return DATA if everything else value
        bound = [
            Atom(BOUND, a.thing, cls, "self" if atom.kind == SELF else "", atom.held)
            if a.kind == GLOBAL and a.thing is not None and a.thing.kind == "function"
            else a
            for a in value.atoms
        ]
        values = Value(everything and bool(value.of(UNKNOWN, INSTANCE)), frozenset(bound))
        for instance in value.of(INSTANCE):
            values = join(values, self._run_implicit(node, one(instance), ("__get__",), DATA))
        return values

    def _instance_attribute(self, node: ast.AST, atom: Atom, cls: Thing, name: str) -> Value:
        if name == "__class__":
            return one(Atom(GLOBAL, cls))
        if name == "__dict__":
            return DATA if atom.held else NOTHING
        found = _members(cls, name)
        if not found:
            known = _assigned(cls, name)
            return Value(True, frozenset(_with_state(known.atoms))) if atom.held else known
        return join(*[self._member(node, atom, cls, b, thing, atom.held) for b, thing in found])

    def _inherited(self, name: str) -> Value:
        """Return ``super().name``."""
        if self.owner is None or self.defining is None:
            return NOT_KNOWN
        mro = lineage(self.owner).mro
        keys = [base.key for base in mro]
        for base in mro[keys.index(self.defining.key) + 1 :]:
            found = candidates(base, name) if base.kind == "class" else []
            if found:
                values = [
                    self._member(self.node or base.node, Atom(SELF), self.owner, base, t, False)  # type: ignore[arg-type]
                    for t in found
                ]
                return join(*values)
        if name in ("__setattr__", "__new__", "__delattr__"):
            return one(Atom(GLOBAL, Thing("external", "builtins", f"object.{name}"), text="super"))
        external = [b for b in mro[keys.index(self.defining.key) + 1 :] if b.kind == "external"]
        base = external[0] if external else Thing("external", "builtins", "object")
        return one(Atom(GLOBAL, Thing("external", base.module, f"{base.name}.{name}")))

    def _subscript(self, node: ast.Subscript) -> Value:
        holder = self.eval(node.value)
        index = self.eval(node.slice)
        found = self._run_implicit(node, holder, ("__getitem__", "__missing__"), index)
        for atom in holder.of(GLOBAL):
            if atom.thing is not None and atom.thing.kind == "class":
                method = member(atom.thing, "__class_getitem__")
                if method is not None and method[1].kind == "function":
                    call = _call_of(node, index)
                    self._follow(method[1], atom.thing, call, bound=True, held=False)
        for atom in holder.of(NAMESPACE):
            found = join(found, self._item_of_namespace(node, atom, index))
        kept = Value(
            holder.carries,
            frozenset(a for a in holder.atoms if a.kind not in (NAMESPACE, SELF, PARAMETER)),
        )
        kept = taken_out(kept)
        if holder.of(PARAMETER) and not kept.tainted:
            kept = join(kept, NOT_KNOWN)
        return join(kept, found)

    def _item_of_namespace(self, node: ast.AST, atom: Atom, index: Value) -> Value:
        texts = index.of(TEXT)
        if atom.thing is None:  # of self
            values = [self._own_attribute(node, text.text) for text in texts]
            tokens = any(token.startswith("self.") for token in self.tokens)
            return join(*values, DATA if tokens and not texts else NOTHING)
        if index.carries:
            self._hit_walk(node, "globals")
        found = [_global_attribute(atom.thing, text.text) for text in texts]
        return join(*found) if found else NOT_KNOWN

    def _lambda(self, node: ast.Lambda) -> Value:
        self._nested_body(node, node.args, [node.body])
        return one(Atom(NESTED, text=str(id(node))))

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        self.loops += 1
        self.lazy += isinstance(node, ast.GeneratorExp)
        for generator in node.generators:
            self._store(generator.target, self._iterate(node, self.eval(generator.iter)), None)
            for condition in generator.ifs:
                self.eval(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        found = join(*[self.eval(part) for part in parts])
        self.lazy -= isinstance(node, ast.GeneratorExp)
        self.loops -= 1
        return found

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        self._store(node.target, value, None)
        return value

    def _conditional(self, node: ast.IfExp) -> Value:
        self.eval(node.test)
        return join(self.eval(node.body), self.eval(node.orelse))

    def _compare(self, node: ast.Compare) -> Value:
        left = self.eval(node.left)
        for operator, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.eval(comparator)
            self._operate(node, type(operator), left, right, "")
            left = right
        return NOTHING

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.eval(node.left), self.eval(node.right)
        texts = [
            a.text + b.text
            for a in left.of(TEXT)
            for b in right.of(TEXT)
            if isinstance(node.op, ast.Add)
        ]
        given = self._operate(node, type(node.op), left, right, "r")
        if isinstance(node.op, ast.Add) and right.carries and left.of(TEXT) and not left.carries:
            return join(given, _prefixed(atom.text for atom in left.of(TEXT)))
        if texts and len(texts) < 20:
            folded = [one(Atom(TEXT, text=text)) for text in texts]
            return join(Value(left.carries or right.carries), *folded)
        plain = Value(left.carries or right.carries)
        kept = join(left, right).only(*_CALLABLE)
        return join(plain, given, Value(False, kept.atoms))

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.eval(node.operand)
        given = self._operate(node, type(node.op), value, NOTHING, "")
        return NOTHING if isinstance(node.op, ast.Not) else join(Value(value.carries), given)

    def _operate(
        self, node: ast.AST, operator: type[ast.AST], left: Value, right: Value, other: str
    ) -> Value:
        """Run the methods behind an operator, where operands are objects of known classes."""
        name = _OPERATORS.get(operator)
        if name is None:
            return NOTHING
        names = (f"__{name}__", f"__{other}{name}__")
        given = self._run_implicit(node, left, names, right)
        return join(given, self._run_implicit(node, right, names, left))

    def _joined(self, node: ast.JoinedStr) -> Value:
        values = [self.eval(part) for part in node.values]
        carries = any(value.carries for value in values)
        first = node.values[0] if node.values else None
        if carries and isinstance(first, ast.Constant) and isinstance(first.value, str):
            return _prefixed([first.value])
        return Value(carries)

    def _formatted(self, node: ast.FormattedValue) -> Value:
        value = self.eval(node.value)
        self._run_implicit(node, value, ("__format__", "__str__", "__repr__"))
        if node.format_spec is not None:
            self.eval(node.format_spec)
        return value

    def _await(self, node: ast.Await) -> Value:
        value = self.eval(node.value)
        return join(value, self._run_implicit(node, value, ("__await__",)))

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            self._give(self.eval(node.value))
        return DATA if self.tokens else NOTHING

    def _iterate(self, node: ast.AST, value: Value) -> Value:
        """Return the items of a value."""
        names = ("__iter__", "__next__", "__aiter__", "__anext__")
        given = self._run_implicit(node, value, names)
        kept = frozenset(a for a in value.atoms if a.kind not in (SELF, PARAMETER, INSTANCE))
        items = taken_out(Value(value.carries, kept))
        if value.of(PARAMETER) and not value.carries:
            items = join(items, NOT_KNOWN)
        return join(items, given)

    # -- calls ----------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            receiver = self.eval(node.func.value)
            call = self._arguments(node)
            return self._call_method(node, node.func, receiver, call)
        callee = self.eval(node.func)
        call = self._arguments(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return one(Atom(SUPER))
        return self._invoke(node, callee, call)

    def _arguments(self, node: ast.Call) -> _Call:
        positional: list[Value] = []
        unpacked: list[Value] = []
        starred_at = -1
        for argument in node.args:
            value = self.eval(argument)
            if isinstance(argument, ast.Starred):
                starred_at = len(positional) if starred_at < 0 else starred_at
                unpacked.append(value)
            elif starred_at >= 0:
                unpacked.append(value)
            else:
                positional.append(value)
        named: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.eval(keyword.value)
            if keyword.arg is None:
                unpacked.append(value)
            else:
                named[keyword.arg] = value
        count = len(positional)
        return _Call(node, positional, named, join(*unpacked), count, node)

    def _call_method(
        self, node: ast.Call, func: ast.Attribute, receiver: Value, call: _Call
    ) -> Value:
        name = func.attr
        given = join(*call.values)
        if name in _MUTATORS:
            for atom in receiver.of(GLOBAL) if given.carries else ():
                if atom.thing is not None:
                    self._change(node, atom.thing)
            is_object = bool(receiver.of(INSTANCE, NAMESPACE))
            if (
                isinstance(func.value, ast.Name)
                and self._is_global(func.value.id)
                and not is_object
            ):
                self._change_global(node, func.value.id, given)
            self._keep(func.value, given)
        for atom in receiver.of(NAMESPACE):
            self._call_namespace(node, atom, name, call)
        if name == "__new__":
            return self._new(node, receiver, call)
        callee = self._get(func, receiver, name)
        plain = self._call_unknown_method(node, name, receiver, call)
        # A method that is known to be the class's own is followed; what else the receiver may
        # be is told by its name alone.
        known = Value(False, frozenset(a for a in callee.atoms if a.kind != UNKNOWN))
        is_own = receiver.of(SELF) and callee.tainted
        if is_own and not plain.of(UNKNOWN):
            self._hit_call(node, f"attribute {name} of the state")
        self.leaves = False
        given = self._invoke(node, known, call) if known.atoms else NOTHING
        if self.leaves and receiver.of(INSTANCE) and isinstance(func.value, ast.Name):
            self._keep(func.value, DATA)
        return join(plain.only(*_CALLABLE), Value(plain.tainted), given)

    def _call_unknown_method(
        self, node: ast.Call, name: str, receiver: Value, call: _Call
    ) -> Value:
        """Handle a method of what is not known to be an object of some class."""
        known = (INSTANCE, SELF, SUPER, GLOBAL, NAMESPACE)
        rest = Value(receiver.tainted, frozenset(a for a in receiver.atoms if a.kind not in known))
        items = _items_of(receiver) if name in _READERS else NOTHING
        if receiver.atoms and not rest.tainted and not rest.atoms:
            return Value(False, items.atoms)
        carries = rest.carries or call.carries
        if name == "open" and rest.carries and opens_for_writing(_shift(node)):
            self._hit(node, ".open()", "write", "opens a file for writing")
            return DATA
        found = method_sink(name)
        if found is not None and carries:
            self._hit(node, f".{found.name}()", found.category, found.why)
            return DATA
        followed = not rest.of(UNKNOWN, PARAMETER) or rest.carries or not call.carries
        if not followed and name not in _PLAIN_METHODS:
            self._doubt(node, f"calls {ast.unparse(node.func)}")
        if name == "sort" and "key" in call.named:
            self._call_back(node, call.named["key"], call, rest.carries)
        kept = join(rest.only(*_CALLABLE), items)
        given_atoms = frozenset(a for a in join(*call.values).atoms if _may_act(a))
        return Value(carries, kept.atoms | given_atoms)

    def _call_namespace(self, node: ast.AST, atom: Atom, name: str, call: _Call) -> None:
        if name not in ("update", "setdefault", "__setitem__", "pop", "popitem", "clear"):
            return
        given = join(*call.values)
        if atom.thing is not None:
            if given.carries:
                self._hit(node, atom.thing.key, "effect", "changes a global variable")
        elif given.carries and name in _MUTATORS:
            keywords = not call.positional and not call.unpacked.carries
            tokens = {f"self.{key}" for key, v in call.named.items() if v.carries}
            self.tokens |= tokens if keywords else {STATE}

    def _new(self, node: ast.Call, receiver: Value, call: _Call) -> Value:
        """Handle ``cls.__new__(cls)``, ``object.__new__(cls)`` and ``super().__new__(cls)``."""
        first, rest = call.without_first()
        made: list[Value] = []
        for atom in receiver.atoms:
            cls = atom.thing
            if atom.kind == SUPER:
                cls = None
                found = self._inherited("__new__")
                for bound in found.of(BOUND):
                    assert bound.thing is not None
                    made.append(self._follow(bound.thing, self.owner, rest, True, False))
            if atom.kind == GLOBAL and cls is not None:
                for _, method in _members(cls, "__new__"):
                    if method.kind == "function":
                        made.append(self._follow(method, cls, rest, True, False))
        for value in (receiver, first):
            for atom in value.of(PARAMETER):
                self.constructs.add(atom.text)
            if value.tainted:
                self._hit_call(node, "the class of an object that the file gives")
            for atom in value.of(GLOBAL):
                if atom.thing is not None and atom.thing.kind == "class":
                    made.append(one(Atom(INSTANCE, atom.thing, held=rest.carries)))
        return join(*made) if made else Value(call.carries)

    def _invoke(self, node: ast.AST, callee: Value, call: _Call) -> Value:
        """Call a value."""
        results: list[Value] = []
        if callee.tainted:
            self._hit_call(node, "a value taken from the arguments")
            results.append(DATA)
        for atom in sorted(callee.atoms, key=lambda atom: atom.key):
            results.append(self._invoke_atom(node, atom, call))
        return join(*results)

    def _invoke_atom(self, node: ast.AST, atom: Atom, call: _Call) -> Value:
        kind, thing = atom.kind, atom.thing
        data = Value(call.carries)
        if kind == PARAMETER:
            self.calls.add(atom.text)
            return Value(call.carries or atom.held, NOT_KNOWN.atoms)
        if kind == GLOBAL and thing is not None:
            return self._enter(node, thing, call, atom.text == "super")
        if kind == BOUND and thing is not None:
            if atom.text == "self" and atom.owner is not None:
                return self._follow(thing, atom.owner, call, True, self._held(Atom(SELF)))
            return self._follow(thing, atom.owner, call, True, atom.held)
        if kind == INSTANCE:
            return self._run_implicit(node, one(atom), ("__call__",), call=call)
        if kind == SELF:
            return self._run_implicit(node, one(atom), ("__call__",), call=call)
        if kind == NESTED:
            return join(self.returned.get(int(atom.text), NOTHING), DATA if self.tokens else data)
        if kind == MADE:
            return self._invoke_made(node, atom, call)
        if kind == RESULT:
            return self._invoke(node, self._forced(node, atom), call)
        if kind == CALLER:
            first, rest = call.without_first()
            if atom.held:
                rest = rest._replace(positional=[DATA, *rest.positional], opens=None)
            got = self._get(node, first, atom.text)
            found = method_sink(atom.text)
            if found is not None and (call.carries or atom.held):
                self._hit(node, f".{found.name}()", found.category, found.why)
            return join(Value(call.carries), self._invoke(node, Value(False, got.atoms), rest))
        if kind == COMPUTED:
            self._hit_walk(node, "getattr")
            return DATA
        if kind == UNKNOWN and call.carries:
            self._doubt(node, f"calls {_text(node)}")
            return join(DATA, NOT_KNOWN)
        return NOT_KNOWN if kind == UNKNOWN else data

    def _invoke_made(self, node: ast.AST, atom: Atom, call: _Call) -> Value:
        """Call a function that another one made: its parameters count as the file's there."""
        if not call.carries and not atom.held:
            return NOTHING
        assert atom.thing is not None
        below = self._below(atom.thing, atom.owner, frozenset(), frozenset())
        self._merge(node, below)
        return DATA

    def _forced(self, node: ast.AST, atom: Atom) -> Value:
        """Return what a call without data of the file gives."""
        assert atom.thing is not None
        below = self._below(atom.thing, atom.owner, frozenset(), frozenset())
        self.files |= below.files
        atoms = frozenset(
            a if a.kind not in (PARAMETER, SELF, RESULT) else Atom(UNKNOWN)
            for a in below.returns.atoms
        )
        return Value(False, atoms)

    def _enter(self, node: ast.AST, thing: Thing, call: _Call, on_self: bool = False) -> Value:
        """Follow a call to what `thing` is."""
        special = _SPECIAL.get(thing.key)
        if special is not None:
            return special(self, node, thing, call)
        if thing.name in ("object.__setattr__", "object.__delattr__"):
            return self._object_setattr(node, call, on_self)
        found = sink(thing.key)
        if found is not None:
            if self._acts(found.name, call):
                self._hit(node, thing.key, found.category, found.why)
            return Value(call.carries)
        if thing.kind == "class":
            return self._construct(node, thing, call)
        if not _is_followed(thing) or thing.kind != "function":
            return self._enter_opaque(node, thing, call)
        owner = self._class_of(thing)
        return self._follow(thing, owner, call, bound=False, held=False)

    def _enter_opaque(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        """Call what has no source here, or is not looked into: what it is given may be called."""
        if thing.kind == "value":
            # Where its expression is a known object, that is among the callees as well.
            if call.carries and not _static_of(thing, None).of(*_CALLABLE):
                self._doubt(node, f"calls the value {thing.key}")
            return Value(call.carries)
        if thing.kind == "module":
            return NOTHING
        if thing.key in _ONLY_LOOK:
            return NOTHING
        if thing.key in _HARMLESS_RESULTS:
            self._call_with_anything(node, join(*call.values).only(INSTANCE, SELF))
            return NOTHING
        self._hand_over(node, call)
        called = self._called_back(thing, call)
        if called is not None:
            self._call_back(node, called, call, False)
        return Value(call.carries, frozenset(a for a in join(*call.values).atoms if _may_act(a)))

    def _hand_over(self, node: ast.AST, call: _Call) -> None:
        """Follow what is handed to code that may call it with the rest: threads, finalizers."""
        values = call.values
        for index, value in enumerate(values):
            others = any(v.carries for i, v in enumerate(values) if i != index)
            for atom in value.of(GLOBAL):
                found = sink(atom.thing.key) if atom.thing is not None else None
                if found is not None and others and found.name not in OPENERS:
                    assert atom.thing is not None
                    self._hit(node, atom.thing.key, found.category, found.why)
            if others or value.carries:
                self._call_with_anything(node, value)

    def _call_with_anything(self, node: ast.AST, value: Value) -> None:
        """Follow callables that code without source is handed along with data of the file."""
        for atom in value.of(GLOBAL, BOUND, RESULT, MADE):
            thing = atom.thing
            if thing is None or thing.kind not in ("function", "class"):
                continue
            if atom.kind in (RESULT, MADE) or thing.kind == "class":
                if atom.kind == MADE:
                    self._invoke_made(node, atom, _call_of(node, DATA))
                continue
            if _is_followed(thing):
                everything = frozenset(parameters(thing, atom.kind == BOUND))
                owner = atom.owner or self._class_of(thing)
                self._merge(node, self._below(thing, owner, everything, frozenset()))
        for atom in value.of(INSTANCE, SELF):
            if self._held(atom) and atom not in self.handed:
                self.handed.add(atom)  # one of the methods may hand it over again
                own = atom.kind == SELF and self.owner == self.question.owner
                self._run_implicit(node, one(atom), _RARE if own else _PROTOCOL)
                self.handed.discard(atom)

    def _called_back(self, thing: Thing, call: _Call) -> Value | None:
        """Return the argument that a builtin is known to call, as ``map`` its first."""
        if thing.key in _SORTERS:
            return call.named.get("key")
        if thing.key in _CALLERS:
            return call.positional[0] if call.positional else call.unpacked
        return None

    def _call_back(self, node: ast.AST, called: Value, call: _Call, carries: bool) -> None:
        for atom in called.of(PARAMETER):
            self.calls.add(atom.text)
        if called.tainted:
            self._hit_call(node, "a value taken from the arguments")
        if called.of(COMPUTED):
            self._hit_walk(node, "getattr")
        if carries or call.carries:
            known = frozenset(a for a in called.atoms if a.kind != PARAMETER and not _opens(a))
            self._invoke(node, Value(False, known), _Call(node, [], {}, DATA, 0))

    def _acts(self, name: str, call: _Call) -> bool:
        if name in OPENERS:
            opens = call.opens
            return call.carries and (opens is None or opens_for_writing(opens))
        return call.carries

    def _class_of(self, thing: Thing) -> Thing | None:
        """Return the class of ``Class.method`` called by its class's name."""
        outer = thing.name.rpartition(".")[0]
        if not outer:
            return None
        found = resolve(thing.module, outer)
        return found if found is not None and found.kind == "class" else None

    def _construct(self, node: ast.AST, cls: Thing, call: _Call) -> Value:
        held = call.carries
        kept = frozenset(a for a in join(*call.values).atoms if _may_act(a))
        made = Value(False, kept | {Atom(INSTANCE, cls, held=held)})
        if _owned_by_stdlib(cls):
            self._hand_over(node, call)
            return Value(held, kept)
        if not held and not any(v.of(*_CALLABLE) for v in call.values):
            return made
        for name in ("__new__", "__init__", "__post_init__"):
            found = member(cls, name)
            if found is None or found[1].kind != "function":
                continue
            if name == "__post_init__":
                call = _call_of(node)
            key = sink(found[1].key)
            if key is not None and held:
                self._hit(node, found[1].key, key.category, key.why)
                continue
            given = self._follow(
                found[1], cls, call, bound=True, held=held and name == "__post_init__"
            )
            if name == "__new__":
                made = join(made, Value(False, given.atoms))
        for metaclass in lineage(cls).metaclasses:
            found = member(metaclass, "__call__") if metaclass.kind == "class" else None
            if found is not None and found[1].kind == "function" and _is_followed(found[1]):
                self._follow(found[1], metaclass, call, bound=True, held=False)
        return made

    def _run_implicit(
        self,
        node: ast.AST,
        value: Value,
        names: tuple[str, ...],
        *given: Value,
        call: _Call | None = None,
    ) -> Value:
        """Run special methods of objects of known classes."""
        self._looks_up(value, *names)
        results: list[Value] = []
        for atom in value.of(INSTANCE, SELF):
            cls = self.owner if atom.kind == SELF else atom.thing
            if cls is None:
                continue
            results += [
                self._run_special(node, atom, cls, name, call or _call_of(node, *given))
                for name in names
            ]
        return join(*results)

    def _run_special(self, node: ast.AST, atom: Atom, cls: Thing, name: str, call: _Call) -> Value:
        results: list[Value] = []
        for base, thing in _members(cls, name):
            if thing.kind == "value":
                callee = Value(False, _static_of(thing, base).atoms)
                if callee.of(*_CALLABLE) and name != "__hash__":
                    given = call._replace(positional=[one(atom), *call.positional])
                    results.append(self._invoke(node, callee, given))
            elif thing.kind == "function":
                results.append(self._follow(thing, cls, call, True, self._held(atom)))
        if name == "__call__" and not results and call.carries:
            self._doubt(node, f"calls an object of {cls.key}")
        return join(*results)

    # -- following ------------------------------------------------------------------------------

    def _held(self, atom: Atom) -> bool:
        if atom.kind == SELF:
            return any(token.startswith("self.") for token in self.tokens)
        return atom.held

    def _follow(
        self, thing: Thing, owner: Thing | None, call: _Call, bound: bool, held: bool
    ) -> Value:
        """Follow a call; `held` tells whether the object's attributes hold data of the file."""
        if not _is_followed(thing):
            if sink(thing.key) is not None:
                found = sink(thing.key)
                assert found is not None
                if call.carries or held:
                    self._hit(call.node, thing.key, found.category, found.why)
            return Value(call.carries or held)
        assert isinstance(thing.node, _Function)
        bound = _binds(thing, bound)
        on_self = False
        tokens: set[str] = set()
        if bound and held and owner is not None:
            same = self.owner is not None and owner.key == self.owner.key
            tokens = {t for t in self.tokens if t.startswith("self.")} if same else set()
            tokens = tokens or {STATE}
        elif not bound and call.positional and owner is not None:
            on_self = bool(call.positional[0].of(SELF))
            if on_self and "staticmethod" not in _decorators(thing.node):
                _, call = call.without_first()
                bound, owner = True, self.owner
                tokens = {t for t in self.tokens if t.startswith("self.")}
            elif call.positional[0].carries:
                tokens = {STATE}
        passed = self._passed(thing, call, bound)
        tainted = {name for name, value in passed.items() if value.carries}
        given = frozenset(self._given(passed))
        if not tainted and not tokens and not given:
            return one(Atom(RESULT, thing, owner))
        below = self._below(thing, owner, frozenset(tainted | tokens), given)
        self._merge(call.node, below, passed)
        self._translate(thing, call, passed, below)
        if bound or on_self:
            self._take_back(owner, below)
        return self._result(below, passed, bool(tainted or tokens))

    def _take_back(self, owner: Thing | None, below: Summary) -> None:
        """Keep what a method left in the attributes of the object."""
        same = self.owner is not None and owner is not None and owner.key == self.owner.key
        if same and self.self_name:
            self.tokens |= below.kept
        self.leaves = self.leaves or bool(below.kept)

    def _given(self, passed: dict[str, Value]) -> list[tuple[str, Atom]]:
        found: list[tuple[str, Atom]] = []
        for name, value in passed.items():
            atoms = []
            for atom in value.of(SELF, *_PASSED):
                if atom.kind == SELF:
                    atoms.append(Atom(INSTANCE, self.owner, held=self._held(atom)))
                elif atom.kind == NESTED:
                    continue  # its body is part of this walk already
                elif atom.kind != GLOBAL or (
                    atom.thing is not None and atom.thing.kind not in ("value",)
                ):
                    atoms.append(atom)
            if len(atoms) > _MOST_GIVEN:
                atoms = [Atom(UNKNOWN)]
            found += [(name, atom) for atom in atoms]
        return found

    def _below(
        self, thing: Thing, owner: Thing | None, tainted: frozenset[str], given: _Given
    ) -> Summary:
        return _reach(thing, owner, tainted, given, self.depth + 1, self.question)

    def _merge(self, node: ast.AST, below: Summary, passed: dict[str, Value] | None = None) -> None:
        at = self._at(node)
        for hit in below.hits:
            self._note(hit._replace(chain=(at, *hit.chain)))
        self._doubts(below.unproven)
        self.files |= below.files
        for method in below.methods:
            holder, _, name = method.rpartition(".")
            self._looks_up(passed.get(holder, DATA) if passed else DATA, name)

    def _looks_up(self, value: Value, *names: str) -> None:
        """Note attributes that are looked up on a value which may be of a class of the file's."""
        if value.tainted and not value.of(NAMESPACE):
            self.methods.update(f".{name}" for name in names)
        for atom in value.atoms:
            if atom.kind == PARAMETER and atom.held:
                self.methods.update(f"{atom.text}.{name}" for name in names)

    def _translate(
        self, thing: Thing, call: _Call, passed: dict[str, Value], below: Summary
    ) -> None:
        """Carry "calls its parameter" one call outwards, to the expression that was passed."""
        for called, kept in ((below.calls, self.calls), (below.constructs, self.constructs)):
            for name in called:
                value = passed.get(name, NOTHING)
                kept |= {atom.text for atom in value.of(PARAMETER)}
                if value.tainted:
                    self._hit_call(call.node, f"parameter {name} of {thing.key}")
                if len(value.of(*_PASSED)) > _MOST_GIVEN:
                    self._call_with_anything(call.node, value)

    def _result(self, below: Summary, passed: dict[str, Value], carries: bool) -> Value:
        """Return what a call gives, as it reads here."""
        values = [Value(below.returns.tainted or (carries and bool(below.unproven)))]
        for atom in below.returns.atoms:
            if atom.kind == PARAMETER:
                values.append(passed.get(atom.text, NOTHING))
            elif atom.kind == SELF:
                values.append(Value(carries))
            else:
                values.append(one(atom))
        return join(*values)

    def _passed(self, thing: Thing, call: _Call, bound: bool) -> dict[str, Value]:
        """Return what each parameter of the function that is called may be given."""
        assert isinstance(thing.node, _Function)
        arguments = thing.node.args
        positional = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
        if bound:
            positional = positional[1:]
        passed: dict[str, Value] = dict(zip(positional, call.positional, strict=False))
        rest = call.positional[len(positional) :]
        named = {*positional, *(a.arg for a in arguments.kwonlyargs)}
        for key, value in call.named.items():
            if key in named:
                passed[key] = join(passed.get(key, NOTHING), value)
        unpacked = call.unpacked
        if unpacked.tainted or unpacked.atoms:
            items = self._iterate(call.node, unpacked)
            for name in named:
                if name not in passed:
                    passed[name] = items
        if arguments.vararg is not None:
            passed[arguments.vararg.arg] = join(*rest, unpacked)
        if arguments.kwarg is not None:
            extra = [value for key, value in call.named.items() if key not in named]
            passed[arguments.kwarg.arg] = join(*extra, unpacked)
        return passed

    # -- builtins that look names up ------------------------------------------------------------

    def _getattr(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        if len(call.positional) < 2:
            return Value(call.carries, NOT_KNOWN.atoms)
        holder, name = call.positional[:2]
        default = call.positional[2] if len(call.positional) > 2 else NOTHING
        if name.carries:
            if holder.of(COMPUTED):
                self._hit_walk(node, "getattr")
            prefixes = [atom.text for atom in name.of(PREFIX)]
            if prefixes and holder.of(SELF) and len(holder.atoms) == 1:
                return join(self._own_by_prefix(node, holder, prefixes), default)
            if holder.of(SELF) and len(holder.atoms) == 1:
                return join(one(Atom(COMPUTED, text="self", held=True)), default)
            return join(one(Atom(COMPUTED, held=True)), default)
        texts = name.of(TEXT)
        found = [self._get(node, holder, text.text) for text in texts]
        if not texts or name.of(UNKNOWN, PARAMETER, RESULT, GLOBAL):
            found.append(Value(holder.carries, NOT_KNOWN.atoms))
        return join(*found, default)

    def _own_by_prefix(self, node: ast.AST, holder: Value, prefixes: list[str]) -> Value:
        """Return the attributes of the class whose names begin so: one of a visitor's methods."""
        bases = lineage(self.owner).mro if self.owner is not None else ()
        scopes = [
            class_scope(base.source, base.node)
            for base in bases
            if base.source is not None and isinstance(base.node, ast.ClassDef)
        ]
        names = {n for scope in scopes for n in scope.names if n.startswith(tuple(prefixes))}
        if not names or len(names) > _MOST_VISITED:
            self._doubt(node, f"uses one of its attributes named {prefixes[0]}...")
            return NOT_KNOWN
        return join(*(self._get(node, holder, name) for name in sorted(names)))

    def _setattr(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        if len(call.positional) < 2:
            if call.carries:
                self._hit_walk(node, "setattr")
            return NOTHING
        holder, name = call.positional[:2]
        value = call.positional[2] if len(call.positional) > 2 else NOTHING
        self._set_by_name(node, thing, holder, name, value)
        for argument in getattr(call.opens, "args", [])[:1]:
            self._keep(argument, value)
        return NOTHING

    def _set_by_name(
        self, node: ast.AST, thing: Thing, holder: Value, name: Value, value: Value
    ) -> None:
        if name.carries:
            foreign = holder.tainted or any(a.kind == PARAMETER and a.held for a in holder.atoms)
            if holder.of(COMPUTED):
                self._hit_walk(node, thing.name)
            elif foreign:
                self._doubt(node, "sets attributes by name")
                self._hit_set(node, "setting an attribute of what the file gives")
            elif not holder.of(SELF):
                self._doubt(node, "sets attributes by name")
            for atom in holder.of(GLOBAL):
                if atom.thing is not None and _outlives(atom):
                    self._hit(node, atom.thing.key, "effect", "changes a global variable")
        for text in name.of(TEXT):
            self._store_attribute(node, holder, text.text, value)
        if holder.of(SELF) and value.carries and (name.carries or not name.of(TEXT)):
            self.tokens.add(STATE)

    def _object_setattr(self, node: ast.AST, call: _Call, on_self: bool) -> Value:
        """``object.__setattr__(x, name, value)``, and ``super().__setattr__(name, value)``."""
        positional = call.positional
        if on_self:
            positional = [one(Atom(SELF)), *positional]
        if len(positional) < 2:
            return NOTHING
        value = positional[2] if len(positional) > 2 else NOTHING
        if positional[0].of(SELF) and value.carries:
            texts = positional[1].of(TEXT)
            self.tokens |= {f"self.{text.text}" for text in texts} or {STATE}
        elif not positional[0].of(SELF):
            thing = Thing("external", "builtins", "setattr")
            self._set_by_name(node, thing, positional[0], positional[1], value)
        return NOTHING

    def _type(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        if len(call.positional) != 1:
            return Value(call.carries)
        return self._get(node, call.positional[0], "__class__")

    def _vars(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        if not call.positional:
            return NOT_KNOWN
        return self._get(node, call.positional[0], "__dict__")

    def _globals(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        return one(Atom(NAMESPACE, Thing("module", self.source.module.name)))

    def _locals_call(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        self.reading.add(_EVERYTHING)
        return join(*self.env.values())

    def _import_call(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        name = call.positional[0] if call.positional else join(*call.values)
        if call.carries:
            found = sink(thing.key)
            assert found is not None
            self._hit(node, thing.key, found.category, found.why)
        texts = [text.text for text in name.of(TEXT)]
        top = thing.key == "builtins:__import__" and len(call.positional) < 2
        modules = [t.partition(".")[0] if top else t for t in texts]
        atoms = [one(Atom(GLOBAL, Thing("module", module))) for module in modules]
        return join(*atoms) if atoms else NOT_KNOWN

    def _partial(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        first, rest = call.without_first()
        self._call_back(node, first, rest, False)
        if rest.carries:  # called later with what it holds
            self._invoke(node, Value(False, first.only(GLOBAL, BOUND, INSTANCE).atoms), rest)
        atoms = first.only(*_CALLABLE).atoms
        return Value(call.carries and not atoms, atoms)

    def _methodcaller(self, node: ast.AST, thing: Thing, call: _Call) -> Value:
        name = call.positional[0] if call.positional else NOTHING
        if name.carries or not call.positional:
            if call.carries:
                self._hit(node, thing.key, "walk", "looks an attribute up by a computed name")
            return NOT_KNOWN
        held = call.carries
        atoms = [one(Atom(CALLER, text=text.text, held=held)) for text in name.of(TEXT)]
        return join(*atoms) if atoms else NOT_KNOWN

    # -- helpers --------------------------------------------------------------------------------

    def _at(self, node: ast.AST) -> str:
        module = self.source.module
        return f"{module.file or module.name}:{getattr(node, 'lineno', 0)}"

    def _doubt(self, node: ast.AST, what: str) -> None:
        self._doubts((f"{self._at(node)} {what}",))

    def _doubts(self, found: Iterable[str]) -> None:
        for doubt in found:
            if len(self.unproven) < _MOST_DOUBTS:
                self.unproven[doubt] = None

    def _hit(self, node: ast.AST, name: str, category: str, why: str) -> None:
        self._note(Hit(category, name, why, (self._at(node),)))

    def _note(self, hit: Hit) -> None:
        key = (hit.category, "" if hit.category in OPERAND_HITS else hit.sink)
        known = self.hits.get(key)
        if known is None or len(hit.chain) < len(known.chain):
            self.hits[key] = hit

    def _hit_walk(self, node: ast.AST, what: str) -> None:
        self._hit(node, what, "walk", "uses an attribute by a name from the file")

    def _hit_call(self, node: ast.AST, what: str) -> None:
        self._hit(node, what, "call", "is called")

    def _hit_set(self, node: ast.AST, what: str) -> None:
        self._hit(node, what, "set", "runs its class's code, or changes what is no object")


_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Delete)

_STATEMENTS: dict[type, Callable[[_Walk, Any], None]] = {
    ast.Assign: _Walk._assign,
    ast.AnnAssign: _Walk._annotated,
    ast.AugAssign: _Walk._augmented,
    ast.For: _Walk._for,
    ast.AsyncFor: _Walk._for,
    ast.While: _Walk._while,
    ast.With: _Walk._with,
    ast.AsyncWith: _Walk._with,
    ast.ExceptHandler: _Walk._handler,
    ast.Match: _Walk._match,
    ast.Return: _Walk._return,
    ast.FunctionDef: _Walk._nested_function,
    ast.AsyncFunctionDef: _Walk._nested_function,
    ast.ClassDef: _Walk._nested_class,
    ast.Import: _Walk._import,
    ast.ImportFrom: _Walk._import_from,
    ast.Delete: _Walk._delete,
}

_EXPRESSIONS: dict[type, Callable[[_Walk, Any], Value]] = {
    ast.Constant: _Walk._constant,
    ast.Name: _Walk._name,
    ast.Attribute: _Walk._attribute,
    ast.Subscript: _Walk._subscript,
    ast.Call: _Walk._call,
    ast.Lambda: _Walk._lambda,
    ast.ListComp: _Walk._comprehension,
    ast.SetComp: _Walk._comprehension,
    ast.GeneratorExp: _Walk._comprehension,
    ast.DictComp: _Walk._comprehension,
    ast.NamedExpr: _Walk._walrus,
    ast.IfExp: _Walk._conditional,
    ast.Compare: _Walk._compare,
    ast.BinOp: _Walk._binary,
    ast.UnaryOp: _Walk._unary,
    ast.JoinedStr: _Walk._joined,
    ast.FormattedValue: _Walk._formatted,
    ast.Await: _Walk._await,
    ast.Yield: _Walk._yield,
    ast.YieldFrom: _Walk._yield,
}

_SPECIAL: dict[str, Callable[[_Walk, ast.AST, Thing, _Call], Value]] = {
    "builtins:getattr": _Walk._getattr,
    "builtins:setattr": _Walk._setattr,
    "builtins:delattr": _Walk._setattr,
    "builtins:type": _Walk._type,
    "builtins:vars": _Walk._vars,
    "builtins:globals": _Walk._globals,
    "builtins:locals": _Walk._locals_call,
    "builtins:__import__": _Walk._import_call,
    "importlib:import_module": _Walk._import_call,
    "functools:partial": _Walk._partial,
    "_functools:partial": _Walk._partial,
    "operator:methodcaller": _Walk._methodcaller,
    "_operator:methodcaller": _Walk._methodcaller,
}


# -- values of modules and classes ----------------------------------------------------------------


def static_value(node: ast.expr, source: Any, scope: Thing | None) -> Value:
    """Return what an expression in the body of a module or class may stand for."""
    walk = _Walk(
        Thing("value", source.module.name, "", source, node),
        None,
        frozenset(),
        frozenset(),
        _DEEPEST - 2,
        _Question(20, None),
    )
    walk.scope = scope
    walk.env = {}
    value = walk.eval(node)
    kept = frozenset(a for a in value.atoms if a.kind not in (PARAMETER, SELF, SUPER))
    return Value(False, kept)


def _global(thing: Thing) -> Value:
    """Return the value of a global, looking through assignments."""
    if thing.kind == "value":
        return join(one(Atom(GLOBAL, thing)), _static_of(thing, None))
    return one(Atom(GLOBAL, thing))


def _global_attribute(thing: Thing, name: str) -> Value:
    """Return attribute `name` of a module, a class or another global."""
    key = (thing.key, thing.line, name)
    known = _global_attributes.get(key)
    if known is None:
        known = _find_global_attribute(thing, name)
        if not _evaluating:
            _global_attributes[key] = known
    return known


def _find_global_attribute(thing: Thing, name: str) -> Value:
    if name == "__dict__" and thing.kind in ("module", "class"):
        return one(Atom(NAMESPACE, thing))
    if thing.kind == "class":
        found = _members(thing, name)
        if found:
            values = []
            for base, member_thing in found:
                value = member_thing.kind == "value"
                values.append(
                    _static_of(member_thing, base) if value else one(Atom(GLOBAL, member_thing))
                )
            return join(*values)
        return one(Atom(GLOBAL, Thing("external", thing.module, f"{thing.name}.{name}")))
    if thing.kind == "value":
        return NOT_KNOWN
    if thing.kind == "function":
        return one(Atom(GLOBAL, thing))  # of what holds it: a partial's, an object's
    if thing.kind == "external" and thing.name.count(".") > 1:
        return one(Atom(GLOBAL, thing))  # compiled all the same, however far the names go on
    found_things = candidates(thing, name)
    if found_things:
        return join(*[_global(found) for found in found_things])
    if thing.kind == "module":
        return one(Atom(GLOBAL, Thing("external", thing.module, name)))
    return NOTHING


def _static_of(thing: Thing, scope: Thing | None) -> Value:
    """Return what a name that is assigned to may stand for."""
    key = (thing.key, thing.line)
    known = _static_values.get(key)
    if known is not None:
        return known
    if thing.source is None or not isinstance(thing.node, ast.expr):
        _static_values[key] = NOT_KNOWN
        return NOT_KNOWN
    _static_values[key] = NOTHING  # what is made of itself
    _evaluating.add(key)
    if scope is None and "." in thing.name:
        outer = resolve(thing.module, thing.name.rpartition(".")[0])
        scope = outer if outer is not None and outer.kind == "class" else None
    if scope is not None and scope.module != thing.module:
        scope = None
    known = _static_values[key] = static_value(thing.node, thing.source, scope)
    _evaluating.discard(key)
    return known


def _members(cls: Thing, name: str) -> list[tuple[Thing, Thing]]:
    """Return every definition that an attribute of a class may have, with the class it is of."""
    key = (cls.key, cls.line, name)
    known = _known_members.get(key)
    if known is None:
        known = _known_members[key] = _look_up(cls, name)
    return known


def _look_up(cls: Thing, name: str) -> list[tuple[Thing, Thing]]:
    for base in lineage(cls).mro:
        if base.kind != "class":
            continue
        found = candidates(base, name)
        if found:
            return [(base, thing) for thing in found]
    return []


def _assigned(cls: Thing, name: str) -> Value:
    """Return what the methods of a class assign to an attribute, as far as that can be told.

    Only calls of classes and globals are looked at: they tell whose methods are called on it.
    """
    values = []
    for base in lineage(cls).mro:
        if base.kind != "class" or not isinstance(base.node, ast.ClassDef):
            continue
        table = _attribute_values.get(base.where)
        if table is None:
            table = _attribute_values[base.where] = _assignments(base)
        values.append(table.get(name, NOTHING))
    return join(*values) if any(v.atoms for v in values) else NOT_KNOWN


def _assignments(cls: Thing) -> dict[str, Value]:
    assert cls.source is not None and isinstance(cls.node, ast.ClassDef)
    table: dict[str, Value] = {}
    if _owned_by_stdlib(cls):
        return table
    for node in nodes(cls.node):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
                continue
            if target.value.id == "self" and node.value is not None:
                value = _made_in_method(node.value, cls)
                table[target.attr] = join(table.get(target.attr, NOTHING), value)
    return table


def _made_in_method(node: ast.expr, cls: Thing) -> Value:
    """Return the value of an expression in a method, if that does not rest on local names."""
    if isinstance(node, (ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Compare, ast.Set)):
        return NOTHING if not getattr(node, "elts", getattr(node, "keys", ())) else NOT_KNOWN
    func = node.func if isinstance(node, ast.Call) else node
    root = func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or cls.source is None:
        return NOT_KNOWN
    things = named(cls.source, root.id)
    if not things or not isinstance(func, (ast.Name, ast.Attribute)):
        return NOT_KNOWN
    value = static_value(func, cls.source, None)
    if not isinstance(node, ast.Call):
        return value
    atoms = [
        Atom(INSTANCE, atom.thing)
        if atom.thing is not None and atom.thing.kind == "class"
        else Atom(UNKNOWN)
        for atom in value.atoms
    ]
    return Value(False, frozenset(atoms))


def _with_state(atoms: Iterable[Atom]) -> list[Atom]:
    return [
        Atom(a.kind, a.thing, a.owner, a.text, True) if a.kind in (INSTANCE, BOUND) else a
        for a in atoms
        if a.kind != UNKNOWN
    ]


def callables(thing: Thing, cls: Thing) -> tuple[list[Thing], bool]:
    """Return the functions that a class attribute may be, and whether it may be anything else.

    For ``__hash__ = make_hash()`` and the like; None and other plain data are not callable.
    """
    value = _static_of(thing, cls)
    functions = [
        a.thing
        for a in value.of(GLOBAL, BOUND)
        if a.thing is not None and a.thing.kind == "function"
    ]
    return functions, bool(value.of(UNKNOWN, RESULT, MADE, INSTANCE, CALLER))


# -- small questions ------------------------------------------------------------------------------


def _opens(atom: Atom) -> bool:
    """Tell whether a global is an ``open``: called with a path alone it only reads."""
    return atom.kind == GLOBAL and atom.thing is not None and atom.thing.key in OPENERS


def _may_act(atom: Atom) -> bool:
    """Tell whether what a function made of an object may act as the object does."""
    if atom.kind == GLOBAL and atom.thing is not None:
        return atom.thing.kind == "function" or sink(atom.thing.key) is not None
    return atom.kind in (BOUND, NESTED, MADE, CALLER, COMPUTED)


def _items_of(receiver: Value) -> Value:
    """Return what a container holds; a module is none, though ``copy`` is also a dict's method."""
    held = receiver.only(GLOBAL, BOUND, NESTED, MADE)
    modules = [
        atom for atom in held.atoms if atom.thing is not None and atom.thing.kind == "module"
    ]
    return taken_out(Value(held.tainted, held.atoms.difference(modules)))


def _outlives(atom: Atom) -> bool:
    """Tell whether what is set on a value stays: on a module or class it does."""
    if atom.kind != GLOBAL or atom.text or atom.thing is None:
        return False  # one with a text is only in the value
    return atom.thing.kind in ("module", "class")


def _is_shared(thing: Thing, located: Module) -> bool:
    """Tell whether a thing is a container of the interpreter's, such as ``sys.path``.

    Looking at what a standard module that is imported already holds runs nothing.
    """
    if located.owner.kind != STDLIB or thing.kind not in ("value", "external"):
        return False
    live = sys.modules.get(thing.module)
    value = vars(live).get(thing.name) if live is not None else None
    if value is None:
        return thing.kind == "value"
    kind = type(value)
    return any(hasattr(kind, method) for method in ("__setitem__", "append", "add"))


def _call_of(node: ast.AST, *values: Value) -> _Call:
    return _Call(node, list(values), {}, NOTHING, len(values))


def _as_load(node: ast.expr) -> ast.expr:
    """Return the target of an augmented assignment as an expression."""
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(node.id, ast.Load()), node)
    if isinstance(node, ast.Attribute):
        return ast.copy_location(ast.Attribute(node.value, node.attr, ast.Load()), node)
    if isinstance(node, ast.Subscript):
        return ast.copy_location(ast.Subscript(node.value, node.slice, ast.Load()), node)
    return node


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {ast.unparse(d) for d in node.decorator_list} if node.decorator_list else set()


def _text(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ast.unparse(node)


def _owned_by_stdlib(thing: Thing) -> bool:
    return thing.source is None or thing.source.module.owner.kind == STDLIB


def _wrapping_parameters(maker: Thing) -> list[str]:
    """Return the parameters by which decorators that a function makes get what they decorate."""
    assert isinstance(maker.node, _Function)
    returned = {
        statement.value.id
        for statement in maker.node.body
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name)
    }
    own = set(parameters(maker, False))
    found = []
    for statement in maker.node.body:
        if isinstance(statement, _Function) and statement.name in returned:
            arguments = [*statement.args.posonlyargs, *statement.args.args]
            found += [argument.arg for argument in arguments[:1] if argument.arg not in own]
    return found


def _is_followed(thing: Thing) -> bool:
    """Tell whether a function is looked into; the table of sinks speaks for standard library."""
    return not _owned_by_stdlib(thing) and not _is_reviewed(thing)


def _binds(thing: Thing, bound: bool) -> bool:
    """Tell whether the first parameter is not among the arguments of a call."""
    assert isinstance(thing.node, _Function)
    decorators = _decorators(thing.node)
    return "classmethod" in decorators or (bound and "staticmethod" not in decorators)


def _is_reviewed(thing: Thing) -> bool:
    """Tell whether the base policy vouches for a function, so that it need not be followed."""
    assert thing.source is not None
    line = base_policy.look_up(thing.source.module.owner.name, thing.key)
    return line is not None and bool(line.traits.get("vouched"))


def _shift(node: ast.Call) -> ast.Call:
    """Return ``path.open(mode)`` as the call ``open(path, mode)``."""
    function = node.func
    holder = function.value if isinstance(function, ast.Attribute) else function
    return ast.copy_location(ast.Call(function, [holder, *node.args], node.keywords), node)


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
