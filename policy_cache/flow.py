"""What a function can reach with data from its arguments.

An interprocedural, flow-insensitive taint walk over syntax trees. It starts from parameters that a
file controls and follows the calls that can be resolved, across modules and distributions. Three
things are reported: sinks reached with such data (a reason to refuse), parameters that are called
or constructed (the argument then undergoes that operation and is judged for it), and what could
not be followed (the outcome is unproven).
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from policy_cache import base_policy
from policy_cache.distributions import STDLIB
from policy_cache.hierarchy import in_class_scope, lineage, member
from policy_cache.locate import Module, locate
from policy_cache.resolve import Thing, attribute, expression
from policy_cache.sinks import method_sink, sink
from policy_cache.syntax import absolute, nodes

STATE = "self.*"
"""Taint of every attribute of the instance: what ``__setstate__`` and ``__del__`` start with."""

_DEEPEST = 12
_MOST_FUNCTIONS = 250
_HARMLESS_RESULTS = frozenset(
    [
        "len",
        "isinstance",
        "issubclass",
        "bool",
        "int",
        "float",
        "type",
        "id",
        "hash",
        "hasattr",
        "callable",
        "abs",
        "round",
    ]
)
_MUTATORS = frozenset(
    [
        *("append", "appendleft", "extend", "extendleft", "insert", "add", "push", "put"),
        *("update", "setdefault", "write"),
    ]
)
"""Methods that put their arguments into the object."""

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

_OPENERS = frozenset(
    ["builtins:open", "io:open", "codecs:open", "gzip:open", "bz2:open", "lzma:open"]
)
_PROPERTIES = frozenset(["property", "cached_property", "functools.cached_property"])
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_CARRIERS = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.NamedExpr,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.withitem,
    ast.Call,
    ast.Match,
)
"""Nodes that carry taint from one name to another."""


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


class _Question:
    """One question: what it may still cost, and which functions are being walked for it."""

    def __init__(self, most: int) -> None:
        self.left = most
        self.walking: set[_Key] = set()
        self.cut: set[_Key] = set()
        """Functions whose summary was not at hand: recursive calls, and what lay too far."""


_Key = tuple[str, str, frozenset[str]]
_summaries: dict[_Key, Summary] = {}


def forget() -> None:
    """Drop every summary."""
    _summaries.clear()


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
        A function with source.
    owner : Thing or None
        For a method, the class of the instance (where its MRO starts).
    tainted : frozenset of str
        Parameter names, ``self.name`` for single attributes, or :data:`STATE`.
    most : int
        How many functions may be walked before the rest is unproven.
    """
    return _reach(function, owner, tainted, 0, _Question(most))


def _reach(
    function: Thing, owner: Thing | None, tainted: frozenset[str], depth: int, question: _Question
) -> Summary:
    key = (function.where, owner.key if owner else "", tainted)
    if key in _summaries:
        return _summaries[key]
    if key in question.walking:  # a recursive call adds nothing to its own first round
        question.cut.add(key)
        return Summary()
    if depth > _DEEPEST or question.left <= 0:
        question.cut.add(key)
        return Summary(unproven=(f"{function.where} is too far to follow",))
    question.left -= 1
    question.walking.add(key)
    summary = _Walk(function, owner, tainted, depth, question).run()
    question.walking.discard(key)
    question.cut.discard(key)
    if not question.cut or depth == 0:
        # Anything that rests on a summary cut short is good for this question only.
        _summaries[key] = summary
    return summary


class _Walk:
    """The walk through one function body."""

    def __init__(
        self,
        function: Thing,
        owner: Thing | None,
        tainted: frozenset[str],
        depth: int,
        question: _Question,
    ) -> None:
        assert function.source is not None and isinstance(function.node, _Function)
        self.function = function
        self.node = function.node
        self.source = function.source
        self.owner = owner
        self.depth = depth
        self.question = question
        self.defining = self._defining_class()
        self.self_name = self._first_parameter()
        self.tainted = set(tainted)
        self.computed: set[str] = set()
        """Local names bound to an attribute that was looked up by a name from the file."""
        self.hits: list[Hit] = []
        self.calls: set[str] = set()
        self.constructs: set[str] = set()
        self.unproven: list[str] = []
        self.files = {function.source.module.file}
        self.locals = _Locals(function)

    def run(self) -> Summary:
        self._spread_taint()
        for node in nodes(self.node):
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self._property(node)
            elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
                self._write(node)
        return Summary(
            tuple(dict.fromkeys(self.hits)),
            frozenset(self.calls),
            frozenset(self.constructs),
            tuple(dict.fromkeys(self.unproven)),
            frozenset(self.files),
        )

    def _defining_class(self) -> Thing | None:
        if self.owner is None:
            return None
        outer = self.function.name.rpartition(".")[0]
        for base in lineage(self.owner).mro:
            if base.module == self.function.module and base.name == outer:
                return base
        return None

    def _first_parameter(self) -> str:
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        decorators = {ast.unparse(d) for d in self.node.decorator_list}
        if self.owner is None or not arguments or "staticmethod" in decorators:
            return ""
        return arguments[0].arg

    # -- taint ----------------------------------------------------------------------------------

    def _spread_taint(self) -> None:
        """Let assignments carry taint until nothing changes (a few rounds are enough)."""
        for inner in nodes(self.node):
            if inner is not self.node and isinstance(inner, (*_Function, ast.Lambda)):
                self.tainted.update(a.arg for a in ast.walk(inner.args) if isinstance(a, ast.arg))
        carriers = [node for node in nodes(self.node) if isinstance(node, _CARRIERS)]
        for _ in range(5):
            before = len(self.tainted)
            for node in carriers:
                self._carry(node)
            if len(self.tainted) == before:
                return

    def _carry(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            if self.is_tainted(node.value):
                for target in node.targets:
                    self._taint(target)
                    if isinstance(target, ast.Name) and self._is_computed_attribute(node.value):
                        self.computed.add(target.id)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            if node.value is not None and self.is_tainted(node.value):
                self._taint(node.target)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            if self.is_tainted(node.iter):
                self._taint(node.target)
        elif isinstance(node, ast.withitem) and self.is_tainted(node.context_expr):
            self._taint(node.optional_vars)
        elif isinstance(node, ast.Call) and self._has_tainted_argument(node):
            self._carry_into_object(node)
        elif isinstance(node, ast.Match) and self.is_tainted(node.subject):
            for part in ast.walk(node):
                if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                    self.tainted.add(part.name)
                elif isinstance(part, ast.MatchMapping) and part.rest:
                    self.tainted.add(part.rest)

    def _carry_into_object(self, node: ast.Call) -> None:
        """Carry taint through ``x.append(value)`` and ``setattr(x, name, value)``."""
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in _MUTATORS:
            if not self._is_self(func.value):
                self._taint(func.value)
        elif isinstance(func, ast.Name) and func.id == "setattr" and len(node.args) == 3:
            holder, name, _ = node.args
            if not self._is_self(holder):
                self._taint(holder)
            elif isinstance(name, ast.Constant):
                self.tainted.add(f"self.{name.value!s}")
            else:
                self.tainted.add(STATE)

    def _taint(self, target: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self.tainted.add(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._taint(element)
        elif isinstance(target, ast.Starred):
            self._taint(target.value)
        elif isinstance(target, ast.Attribute) and self._is_self(target.value):
            self.tainted.add(STATE if target.attr == "__dict__" else f"self.{target.attr}")
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            if not self._is_own_class(target.value):  # a hit of its own, if it is one
                self._taint(target.value)
        elif isinstance(target, ast.Call) and ast.unparse(target) == f"vars({self.self_name})":
            self.tainted.add(STATE)

    def _is_self(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and bool(self.self_name) and node.id == self.self_name

    def is_tainted(self, node: ast.AST) -> bool:
        """Tell whether an expression may carry data from the file."""
        if isinstance(node, ast.Name):
            return node.id in self.tainted
        if isinstance(node, (ast.Constant, ast.Compare)):
            return False
        if isinstance(node, ast.Attribute):
            if self._is_self(node.value):
                return self._is_tainted_attribute(node.attr)
            return self.is_tainted(node.value)
        if isinstance(node, ast.Call):
            return self._is_tainted_call(node)
        if isinstance(node, ast.IfExp):
            return self.is_tainted(node.body) or self.is_tainted(node.orelse)
        return any(self.is_tainted(child) for child in ast.iter_child_nodes(node))

    def _is_tainted_attribute(self, name: str) -> bool:
        if f"self.{name}" in self.tainted:
            return True
        if name in ("__class__", "__dict__"):
            return name == "__dict__" and STATE in self.tainted
        # An attribute that the class itself defines is not the file's: state may not shadow it.
        if STATE not in self.tainted:
            return False
        return self.owner is None or member(self.owner, name) is None

    def _is_tainted_call(self, node: ast.Call) -> bool:
        if isinstance(node.func, ast.Name) and node.func.id in _HARMLESS_RESULTS:
            return False
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if any(self.is_tainted(value) for value in values):
            return True
        if isinstance(node.func, ast.Attribute):
            if self._is_self(node.func.value):
                return any(token.startswith("self.") for token in self.tainted)
            return self.is_tainted(node.func.value)
        if isinstance(node.func, ast.Name) and self.locals.is_nested(node.func.id):
            return bool(self.tainted)
        return self.is_tainted(node.func)

    # -- calls ----------------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> None:
        self._hand_over(node)
        self._write_by_call(node)
        self._call_as(node, node.func)

    def _call_as(self, node: ast.Call, func: ast.expr) -> None:
        """Handle a call of what the expression `func` gives."""
        if isinstance(func, ast.Name):
            self._call_name(node, func)
        elif isinstance(func, ast.Attribute):
            self._call_attribute(node, func)
        elif isinstance(func, (ast.IfExp, ast.BoolOp)):
            for choice in _choices(func):
                self._call_as(node, choice)
        elif self._is_type_of_self(func):
            self._construct_owner(node)
        elif self._is_computed_attribute(func):
            self._hit_walk(node, "getattr")
        elif (found := _constant_getattr(func)) is not None:
            self._call_attribute(node, found)
        elif self.is_tainted(func):
            self._hit_call(node, "a value taken from the arguments")
        elif self._has_tainted_argument(node) and not isinstance(func, ast.Lambda):
            self.unproven.append(f"{self._at(node)} calls {ast.unparse(func)}")

    def _hand_over(self, node: ast.Call) -> None:
        """Handle callables among the arguments: whoever is given one may call it."""
        if isinstance(node.func, ast.Name) and node.func.id in _HARMLESS_RESULTS:
            return
        if not isinstance(node.func, (ast.Name, ast.Attribute)):
            return
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        for value in values:
            if not isinstance(value, (ast.Name, ast.Attribute)) or self._is_local(value):
                continue
            thing = self._resolve(value)
            found = sink(thing.key) if thing is not None and thing.key not in _OPENERS else None
            if found is not None and any(self.is_tainted(v) for v in values if v is not value):
                self._hit(node, thing.key if thing else "", found.category, found.why)
        called = self._called_back(node)
        if called is not None:
            self._call_back(node, called)

    def _called_back(self, node: ast.Call) -> ast.expr | None:
        """Return the argument that a builtin is known to call, as ``map`` its first."""
        if self._is_local(node.func) and not _is_sort(node.func):
            return None
        for keyword in node.keywords:
            if keyword.arg == "key" and _is_sort(node.func):
                return keyword.value
        thing = self._resolve(node.func) if node.args else None
        return node.args[0] if thing is not None and thing.key in _CALLERS else None

    def _call_back(self, node: ast.Call, called: ast.expr) -> None:
        if isinstance(called, ast.Name) and called.id in self.locals.parameters:
            if called.id in self.tainted:
                self.calls.add(called.id)
        elif self.is_tainted(called) and not isinstance(called, ast.Lambda):
            self._hit_call(node, "a value taken from the arguments")
        elif isinstance(called, (ast.Name, ast.Attribute)) and self._has_tainted_argument(node):
            thing = None if self._is_local(called) else self._resolve(called)
            if thing is not None and thing.kind == "function" and _is_followed(thing):
                everything = frozenset(parameters(thing, False))
                self._merge(node, self._below(thing, self._class_of(thing), everything))

    def _call_name(self, node: ast.Call, func: ast.Name) -> None:
        if func.id == self.self_name and self._is_classmethod():
            self._construct_owner(node)
        elif func.id in ("getattr", "setattr", "delattr") and not self.locals.has(func.id):
            self._attribute_by_name(node, func.id)
        elif self.locals.is_nested(func.id):
            pass  # its body is part of this walk
        elif func.id in self.computed:
            self._hit_walk(node, "getattr")
        elif func.id in self.locals.parameters:
            self._call_parameter(node, func.id)
        else:
            things = self.locals.aliases(func.id) or [self._resolve(func)]
            for thing in things:
                if thing is not None:
                    self._enter(thing, node)
            if func.id in self.tainted:
                self._hit_call(node, "a value taken from the arguments")
            elif None in things and self._has_tainted_argument(node):
                self.unproven.append(f"{self._at(node)} calls {func.id}")

    def _call_parameter(self, node: ast.Call, name: str) -> None:
        default = self.locals.default(name)
        if name in self.tainted:
            self.calls.add(name)
        if default is not None:  # what runs when the file gives no such argument
            thing = self._resolve(default)
            if thing is not None:
                self._enter(thing, node)

    def _call_attribute(self, node: ast.Call, func: ast.Attribute) -> None:
        if self._is_super(func.value):
            self._call_super(node, func.attr)
        elif self._is_self(func.value):
            self._call_own(node, func.attr)
        elif func.attr == "__class__":
            self._construct_owner(node)
        elif func.attr == "__new__":
            self._construct_given(node, func)
        else:
            thing = None if self._is_local(func.value) else self._resolve(func)
            if thing is not None and self._is_own_method(thing, node):
                shifted = ast.copy_location(ast.Call(func, node.args[1:], node.keywords), node)
                self._enter(thing, shifted, self.owner)
            elif thing is not None:
                self._enter(thing, node)
            else:
                self._call_method(node, func)

    def _is_own_method(self, thing: Thing, node: ast.Call) -> bool:
        """Tell whether a call is ``Base.method(self, ...)``."""
        called_on_self = bool(node.args) and self._is_self(node.args[0])
        return called_on_self and thing.kind == "function" and "." in thing.name

    def _call_method(self, node: ast.Call, func: ast.Attribute) -> None:
        """Handle a method of an object that is not known here."""
        if func.attr == "open" and self.is_tainted(func.value) and _opens_for_writing(_shift(node)):
            self._hit(node, ".open()", "write", "opens a file for writing")
            return
        found = method_sink(func.attr)
        if found is not None and (self.is_tainted(func.value) or self._has_tainted_argument(node)):
            self._hit(node, f".{found.name}()", found.category, found.why)
            return
        cls = self._class_made_by(func.value)
        method = member(cls, func.attr) if cls is not None else None
        if method is not None and method[1].kind == "function":
            held = frozenset([STATE]) if self.is_tainted(func.value) else frozenset()
            self._follow(method[1], node, cls, True, held)
        elif not self.is_tainted(func.value) and self._has_tainted_argument(node):
            self.unproven.append(f"{self._at(node)} calls {ast.unparse(func)}")

    def _call_own(self, node: ast.Call, name: str) -> None:
        found = member(self.owner, name) if self.owner else None
        if found is not None:
            base, thing = found
            if thing.kind == "value" and isinstance(thing.node, ast.expr):
                aliased = in_class_scope(thing.node, base)
                thing = aliased or thing
            self._enter(thing, node, self.owner)
        elif self._is_tainted_attribute(name):
            self._hit_call(node, f"attribute {name} of the state")

    def _call_super(self, node: ast.Call, name: str) -> None:
        if self.owner is None or self.defining is None:
            return
        mro = lineage(self.owner).mro
        keys = [base.key for base in mro]
        start = keys.index(self.defining.key) + 1
        for base in mro[start:]:
            found = attribute(base, name) if base.kind == "class" else None
            if found is not None:
                self._enter(found, node, self.owner)
                return

    def _construct_owner(self, node: ast.Call) -> None:
        if self.owner is not None:
            self._enter(self.owner, node)

    def _class_made_by(self, node: ast.expr) -> Thing | None:
        """Return the class of ``Class(...)``, or of a local that is bound to just that."""
        if isinstance(node, ast.Name):
            value = self.locals.only_value(node.id)
            return self._class_made_by(value) if isinstance(value, ast.Call) else None
        if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
            return None
        thing = None if self._is_local(node.func) else self._resolve(node.func)
        return thing if thing is not None and thing.kind == "class" else None

    def _construct_given(self, node: ast.Call, func: ast.Attribute) -> None:
        """Handle ``cls.__new__(cls, ...)`` and ``object.__new__(cls, ...)`` of an argument."""
        cls: ast.expr | None = func.value
        if not self.is_tainted(func.value):
            thing = None if self._is_local(func.value) else self._resolve(func)
            if thing is not None:
                self._enter(thing, node)
            cls = node.args[0] if node.args else None
        if cls is None or self._is_self(cls) or not self.is_tainted(cls):
            return
        if isinstance(cls, ast.Name) and cls.id in self.locals.parameters:
            self.constructs.add(cls.id)
        else:
            self._hit_call(node, f"the class {ast.unparse(cls)}")

    def _attribute_by_name(self, node: ast.Call, function: str) -> None:
        if len(node.args) < 2 or not self.is_tainted(node.args[1]):
            return
        if function == "getattr":
            # One attribute is data; calling it, or going on from it, is another matter.
            if self._goes_on(node):
                self._hit_walk(node, "getattr")
        elif not self._is_self(node.args[0]):
            self.unproven.append(f"{self._at(node)} sets attributes by name")

    def _enter(self, thing: Thing, node: ast.Call, owner: Thing | None = None) -> None:
        """Follow a call to what `thing` is."""
        found = sink(thing.key)
        if found is not None:
            if self._acts(found.name, node):
                self._hit(node, thing.key, found.category, found.why)
        elif thing.kind == "function":
            self._follow(thing, node, owner or self._class_of(thing), owner is not None)
        elif thing.kind == "class":
            self._follow_constructor(thing, node)
        elif thing.kind == "value" and self._has_tainted_argument(node):
            self.unproven.append(f"{self._at(node)} calls the value {thing.key}")

    def _acts(self, name: str, node: ast.Call) -> bool:
        if name in _OPENERS:
            return self._has_tainted_argument(node) and _opens_for_writing(node)
        return self._has_tainted_argument(node)

    def _class_of(self, thing: Thing) -> Thing | None:
        """Return the class of ``Class.method`` called by its class's name."""
        outer = thing.name.rpartition(".")[0]
        if not outer:
            return None
        from policy_cache.resolve import resolve

        found = resolve(thing.module, outer)
        return found if found is not None and found.kind == "class" else None

    def _follow_constructor(self, cls: Thing, node: ast.Call) -> None:
        for name in ("__new__", "__init__"):
            found = member(cls, name)
            if found is not None and found[1].kind == "function":
                self._follow(found[1], node, cls, True)

    def _follow(
        self,
        thing: Thing,
        node: ast.Call,
        owner: Thing | None,
        bound: bool,
        held: frozenset[str] = frozenset(),
    ) -> None:
        """Follow a call; `held` is the taint of the attributes of an object that is not self."""
        if not _is_followed(thing):
            return
        bound = _binds(thing, node, bound)
        on_self = bool(node.args) and self._is_self(node.args[0]) and not bound
        tainted = self._passed(thing, node, bound)
        if held:
            tainted = frozenset(t for t in tainted if not t.startswith("self.")) | held
        elif bound or on_self:
            tainted |= {token for token in self.tainted if token.startswith("self.")}
        if not tainted:
            return
        below = self._below(thing, self.owner if on_self else owner, tainted)
        self._merge(node, below)
        self._translate(thing, node, bound, below)

    def _below(self, thing: Thing, owner: Thing | None, tainted: frozenset[str]) -> Summary:
        return _reach(thing, owner, tainted, self.depth + 1, self.question)

    def _merge(self, node: ast.Call, below: Summary) -> None:
        at = self._at(node)
        self.hits += [hit._replace(chain=(at, *hit.chain)) for hit in below.hits]
        self.unproven += below.unproven
        self.files |= below.files

    def _translate(self, thing: Thing, node: ast.Call, bound: bool, below: Summary) -> None:
        """Carry "calls its parameter" one call outwards, to the expression that was passed."""
        names = parameters(thing, bound)
        for called, kept in ((below.calls, self.calls), (below.constructs, self.constructs)):
            for name in called:
                value = _argument(node, names, name)
                if isinstance(value, ast.Name) and value.id in self.locals.parameters:
                    kept.add(value.id)
                elif value is None or self.is_tainted(value):
                    self._hit_call(node, f"parameter {name} of {thing.key}")

    def _passed(self, thing: Thing, node: ast.Call, bound: bool) -> frozenset[str]:
        """Return the tainted parameters of the function that is called."""
        names = parameters(thing, bound)
        passed = {n for n in names if self._is_tainted_argument(node, names, n)}
        passed |= self._variadic(thing, node, names)
        if self._is_tainted_unpacking(node):
            passed |= {n for n in names if _argument(node, names, n) is None}
        return frozenset(passed)

    def _is_tainted_unpacking(self, node: ast.Call) -> bool:
        """Tell whether ``*args`` or ``**options`` of a call carry data from the file."""
        return any(isinstance(a, ast.Starred) and self.is_tainted(a) for a in node.args) or any(
            k.arg is None and self.is_tainted(k.value) for k in node.keywords
        )

    def _is_tainted_argument(self, node: ast.Call, names: list[str], name: str) -> bool:
        value = _argument(node, names, name)
        return value is not None and self.is_tainted(value)

    def _variadic(self, thing: Thing, node: ast.Call, names: list[str]) -> set[str]:
        assert isinstance(thing.node, _Function)
        found = set()
        arguments = thing.node.args
        count = len(arguments.posonlyargs) + len(arguments.args)
        if arguments.vararg and any(self.is_tainted(a) for a in node.args[max(count - 1, 0) :]):
            found.add(arguments.vararg.arg)
        if arguments.kwarg and any(
            k.arg not in names and self.is_tainted(k.value) for k in node.keywords
        ):
            found.add(arguments.kwarg.arg)
        return found

    def _property(self, node: ast.Attribute) -> None:
        """Follow ``self.name`` where it is a property: reading it runs code."""
        if self.owner is None or not self._is_self(node.value):
            return
        found = member(self.owner, node.attr)
        if found is None or not isinstance(found[1].node, _Function):
            return
        if {ast.unparse(d) for d in found[1].node.decorator_list} & _PROPERTIES:
            call = ast.copy_location(ast.Call(node, [], []), node)
            self._follow(found[1], call, self.owner, True)

    # -- writes ---------------------------------------------------------------------------------

    def _write(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> None:
        """Look at what is assigned to that belongs to the whole process."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for part in ast.walk(target):
                if not isinstance(part, (ast.Attribute, ast.Subscript)):
                    continue
                if not isinstance(part.ctx, ast.Store):
                    continue
                value = node.value is not None and self._is_given(node.value)
                key = isinstance(part, ast.Subscript) and self.is_tainted(part.slice)
                if value or key:
                    self._write_to(part, part.value, isinstance(part, ast.Attribute))

    def _is_given(self, node: ast.expr) -> bool:
        """Tell whether a value is the file's, or made of it: not what a method makes of itself."""
        func = node.func if isinstance(node, ast.Call) else None
        if isinstance(func, ast.Attribute) and self._is_self(func.value):
            assert isinstance(node, ast.Call)
            return self._has_tainted_argument(node)
        return self.is_tainted(node)

    def _write_by_call(self, node: ast.Call) -> None:
        """``sys.path.insert(0, value)``, ``setattr(type(self), name, value)``."""
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in _MUTATORS:
            if self._has_tainted_argument(node):
                self._write_to(node, func.value, False)
            return
        sets = isinstance(func, ast.Name) and func.id == "setattr" and len(node.args) == 3
        if sets and any(self.is_tainted(argument) for argument in node.args[1:]):
            self._write_to(node, node.args[0], True)

    def _write_to(self, node: ast.AST, holder: ast.expr, attribute: bool) -> None:
        """Hit if `holder` is the interpreter's, or a class that gets an attribute."""
        if self._is_self(holder) and not self._is_classmethod():
            return
        thing = None if self._is_super(holder) else self._resolve(holder)
        located = locate(thing.module) if thing is not None else None
        if thing is not None and located is not None and _is_shared(thing, located):
            self._hit(node, thing.key, "effect", "it belongs to the whole process and is changed")
        elif attribute and (self._is_own_class(holder) or (thing and thing.kind == "class")):
            self._hit(node, ast.unparse(holder), "effect", "it is a class that is changed")

    def _is_own_class(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Attribute) and node.attr == "__class__":
            return self._is_self(node.value)
        if self._is_self(node):
            return self._is_classmethod()
        return self._is_type_of_self(node)

    # -- helpers --------------------------------------------------------------------------------

    def _resolve(self, node: ast.expr) -> Thing | None:
        root = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if isinstance(root, ast.Name):
            local = self.locals.imported(root.id, self.source.module.name)
            if local is not None:
                return _walk_attributes(local, node, root)
            if self.locals.has(root.id):
                return None
        if isinstance(node, ast.Subscript):
            return None
        return expression(node, self.source)

    def _is_local(self, node: ast.expr) -> bool:
        root = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if not isinstance(root, ast.Name):
            return True
        return self.locals.has(root.id) and not self.locals.is_import(root.id)

    def _is_super(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "super"
        )

    def _is_type_of_self(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "type"
            and len(node.args) == 1
            and self._is_self(node.args[0])
        )

    def _is_computed_attribute(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "getattr"
            and len(node.args) >= 2
            and self.is_tainted(node.args[1])
        )

    def _goes_on(self, node: ast.Call) -> bool:
        """Tell whether what ``getattr`` gives is looked into again, or is what the reducer gives.

        ``obj = getattr(obj, part)`` in a loop walks a dotted name to anything.
        """
        holder = node.args[0]
        for statement in nodes(self.node):
            if isinstance(statement, ast.Assign) and statement.value is node:
                targets = [t.id for t in statement.targets if isinstance(t, ast.Name)]
                if isinstance(holder, ast.Name) and holder.id in targets:
                    return True
            elif isinstance(statement, ast.Return) and statement.value is node:
                return self.depth == 0 and not self._is_self(holder)
            elif isinstance(statement, ast.Call) and node in statement.args:
                goes_on = ast.unparse(statement.func) in ("getattr", "setattr", "reduce")
                if goes_on:
                    return True
        return False

    def _is_classmethod(self) -> bool:
        return any(ast.unparse(d) == "classmethod" for d in self.node.decorator_list)

    def _has_tainted_argument(self, node: ast.Call) -> bool:
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        return any(self.is_tainted(value) for value in values)

    def _at(self, node: ast.AST) -> str:
        return f"{self.source.module.file}:{getattr(node, 'lineno', 0)}"

    def _hit(self, node: ast.AST, name: str, category: str, why: str) -> None:
        self.hits.append(Hit(category, name, why, (self._at(node),)))

    def _hit_walk(self, node: ast.AST, what: str) -> None:
        self._hit(node, what, "walk", "uses an attribute by a name from the file")

    def _hit_call(self, node: ast.AST, what: str) -> None:
        self._hit(node, what, "call", "is called")


class _Locals:
    """The local names of a function: parameters, imports, nested functions, simple aliases."""

    def __init__(self, function: Thing) -> None:
        assert function.source is not None and isinstance(function.node, _Function)
        self._function = function
        self.parameters = frozenset(parameters(function, False))
        self._imports: dict[str, tuple[str, str]] = {}
        self._nested: set[str] = set()
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in nodes(function.node):
            self._collect(node)

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self._imports[bound] = (alias.name if alias.asname else bound, "")
        elif isinstance(node, ast.ImportFrom):
            assert self._function.source is not None
            origin = absolute(self._function.source.module, node.module, node.level)
            for alias in node.names:
                self._imports[alias.asname or alias.name] = (origin, alias.name)
        elif isinstance(node, (*_Function, ast.ClassDef)) and node is not self._function.node:
            self._nested.add(node.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self._assigned.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self._assigned.setdefault(node.id, [])

    def has(self, name: str) -> bool:
        return (
            name in self.parameters
            or name in self._imports
            or name in self._nested
            or name in self._assigned
        )

    def is_import(self, name: str) -> bool:
        return name in self._imports

    def is_nested(self, name: str) -> bool:
        return name in self._nested

    def imported(self, name: str, module: str) -> Thing | None:
        if name not in self._imports:
            return None
        from policy_cache.resolve import resolve

        origin, attr = self._imports[name]
        if attr:
            return resolve(origin, attr) or Thing("external", origin, attr)
        return Thing("module", origin)

    def only_value(self, name: str) -> ast.expr | None:
        """Return what a local is bound to, if that is one expression."""
        values = self._assigned.get(name, [])
        return values[0] if len(values) == 1 else None

    def aliases(self, name: str) -> list[Thing | None]:
        """Resolve what a local may be bound to; None stands for what is no dotted global name."""
        found: list[Thing | None] = []
        for value in self._assigned.get(name, []):
            found += [self._global(choice) for choice in _choices(value)]
        return found

    def _global(self, value: ast.expr) -> Thing | None:
        value = _constant_getattr(value) or value
        root = value
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or self.has(root.id):
            return None
        assert self._function.source is not None
        return expression(value, self._function.source)

    def default(self, name: str) -> ast.expr | None:
        assert isinstance(self._function.node, _Function)
        arguments = self._function.node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = zip(reversed(positional), reversed(arguments.defaults), strict=False)
        for argument, value in pairs:
            if argument.arg == name:
                return value
        for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if argument.arg == name:
                return keyword
        return None


def _is_shared(thing: Thing, located: Module) -> bool:
    """Tell whether a thing is a value or module of the interpreter's; ``dict.update(self, x)`` is
    written like a change of one."""
    if located.owner.kind != STDLIB or thing.kind == "class" or thing.module == "builtins":
        return False
    line = base_policy.look_up(STDLIB, thing.key)
    return line is None or line.kind != "class"


def _choices(node: ast.expr) -> list[ast.expr]:
    """Return the expressions that ``a if x else b`` or ``a or b`` chooses from."""
    if isinstance(node, ast.IfExp):
        return [*_choices(node.body), *_choices(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [choice for value in node.values for choice in _choices(value)]
    return [node]


def _constant_getattr(node: ast.expr) -> ast.Attribute | None:
    """Return ``x.name`` for ``getattr(x, "name")``."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != "getattr":
        return None
    if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
        return None
    name = ast.Attribute(node.args[0], str(node.args[1].value), ast.Load())
    return ast.copy_location(name, node)


def _is_sort(func: ast.expr) -> bool:
    name = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
    return name in ("sorted", "min", "max", "sort")


def _is_followed(thing: Thing) -> bool:
    """Tell whether a function is looked into; the table of sinks speaks for standard library."""
    if thing.source is None or thing.source.module.owner.kind == "stdlib":
        return False
    return not _is_reviewed(thing)


def _binds(thing: Thing, node: ast.Call, bound: bool) -> bool:
    """Tell whether the first parameter is not among the arguments of a call."""
    assert isinstance(thing.node, _Function)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "__new__":
        return False
    decorators = {ast.unparse(d) for d in thing.node.decorator_list}
    return "classmethod" in decorators or (bound and "staticmethod" not in decorators)


def _is_reviewed(thing: Thing) -> bool:
    """Tell whether the base policy vouches for a function, so that it need not be followed."""
    assert thing.source is not None
    line = base_policy.look_up(thing.source.module.owner.name, thing.key)
    return line is not None and bool(line.traits.get("vouched"))


def _walk_attributes(start: Thing, node: ast.expr, root: ast.Name) -> Thing | None:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if node is not root:
        return None
    thing: Thing | None = start
    for name in reversed(names):
        if thing is None:
            return None
        deeper = attribute(thing, name)
        if deeper is None and thing.kind == "module":
            deeper = Thing("external", thing.module, name)
        thing = deeper
    return thing


def _argument(node: ast.Call, names: list[str], name: str) -> ast.expr | None:
    """Return the expression that a call passes for a parameter, if it names one."""
    for keyword in node.keywords:
        if keyword.arg == name:
            return keyword.value
    index = names.index(name)
    before = node.args[: index + 1]
    if index < len(node.args) and not any(isinstance(a, ast.Starred) for a in before):
        return node.args[index]
    return None


def _shift(node: ast.Call) -> ast.Call:
    """Return ``path.open(mode)`` as the call ``open(path, mode)``."""
    function = node.func
    holder = function.value if isinstance(function, ast.Attribute) else function
    return ast.copy_location(ast.Call(function, [holder, *node.args], node.keywords), node)


def _opens_for_writing(node: ast.Call) -> bool:
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
