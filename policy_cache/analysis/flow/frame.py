"""What a walk through a function holds: names, what they stand for, and what was found."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from policy_cache.analysis.flow.arguments import Call
from policy_cache.analysis.flow.definitions import NO_SHAPE, decorator_texts, shape
from policy_cache.analysis.flow.summary import OPERAND_HITS, Given, Hit, Question
from policy_cache.analysis.flow.tables import DATA_BASES, EVERYTHING, FUNCTION
from policy_cache.analysis.values import (
    DATA,
    NAMESPACE,
    NOTHING,
    PARAMETER,
    SELF,
    Atom,
    Value,
    join,
)
from policy_cache.source.hierarchy import lineage
from policy_cache.source.resolve import Thing

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_DOUBTS = 8
"""How many places that could not be followed are named: one is enough to be unproven."""


class Done(NamedTuple):
    """A part of a function that was walked: what it read, and when."""

    read: set[str]
    clock: int
    tokens: int


class Frame(ABC):
    """The function that is walked, what its names stand for, and what was found in it.

    The walk is built in layers, each on the one below: this, then `following`, `attributes`,
    `storing`, `lookups`, `calls`, `expressions`, and the statements of `walk`. The three methods
    without a body are what lower layers need of higher ones.
    """

    def __init__(
        self,
        function: Thing,
        owner: Thing | None,
        tainted: frozenset[str],
        given: Given,
        depth: int,
        question: Question,
    ) -> None:
        assert function.source is not None
        self.function = function
        self.node = function.node if isinstance(function.node, FUNCTION) else None
        self.source = function.source
        self.owner = owner
        self.tokens = set(tainted)
        """Tainted parameters and attributes of ``self``."""
        self.given = given
        self.depth = depth
        self.question = question
        self.statics = question.statics
        self.shape = shape(self.node) if self.node is not None else NO_SHAPE
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
        self.done: dict[ast.AST, Done] = {}
        self.leaves = False
        """Whether the method that was followed last left data in the attributes of its object."""
        self.handed: set[Atom] = set()
        """Objects handed to code without source, while their methods are followed for it."""
        self.instances: set[str] = set()
        """First parameters of the methods of nested classes."""
        self.frames: list[int] = []
        """Nested functions around the statement."""
        self.taken: list[set[str]] = []
        """Their parameters."""
        self.returned: dict[int, Value] = {}
        self.hits: dict[tuple[str, str], Hit] = {}
        """For each sink one way to it, the shortest: ways multiply with every call."""
        self.calls: set[str] = set()
        self.constructs: set[str] = set()
        self.methods: set[str] = set()
        self.near: set[str] = set()
        """Those of them that the function itself looks up, and no other that it calls."""
        self.wraps: set[tuple[str, Atom]] = set()
        self.unproven: dict[str, None] = {}
        self.files = {function.source.module.file}
        self.defining: Thing | None = None
        self.self_name = ""
        self.class_name = ""
        if self.node is not None:
            self.defining = self._defining_class()
            self._name_first_parameter()

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
        decorators = decorator_texts(self.node)
        if self.owner is None or not arguments or "staticmethod" in decorators:
            return
        implied = self.node.name in ("__new__", "__init_subclass__", "__class_getitem__")
        if "classmethod" in decorators or implied:
            self.class_name = arguments[0].arg
        else:
            self.self_name = arguments[0].arg

    def _is_global(self, name: str) -> bool:
        return name not in self.env and name not in self.shape.local

    def _held(self, atom: Atom) -> bool:
        if atom.kind == SELF:
            return any(token.startswith("self.") for token in self.tokens)
        return atom.held

    def _as_data(self, value: Value) -> Value:
        """Return a value, and data where it is the object itself and that holds data as a dict."""
        if not value.of(SELF) or value.tainted or not self._held(Atom(SELF)):
            return value
        bases = lineage(self.owner).mro if self.owner is not None else ()
        return join(value, DATA) if any(base.key in DATA_BASES for base in bases) else value

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

    def _looks_up(self, value: Value, *names: str) -> None:
        """Note attributes that are looked up on a value which may be of a class of the file's."""
        if value.carries:
            found = asked(value, names)
            self.methods |= found
            self.near |= found

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
        self.changed[name] = self.changed[EVERYTHING] = self.clock

    def _give(self, value: Value) -> None:
        frame = self.frames[-1] if self.frames else 0
        known = self.returned.get(frame, NOTHING)
        self.returned[frame] = joined = join(known, value)
        if frame and joined != known:
            self.clock += 1
            self.returned_at = self.clock

    @abstractmethod
    def eval(self, node: ast.expr) -> Value:
        """Return what an expression may stand for, noting what evaluating it does."""

    @abstractmethod
    def _invoke(self, node: ast.AST, callee: Value, call: Call) -> Value:
        """Call a value."""

    @abstractmethod
    def _nested_body(
        self, node: ast.AST, arguments: ast.arguments, body: Iterable[ast.AST]
    ) -> None:
        """Walk a function within the function."""


def asked(value: Value, names: Iterable[str]) -> set[str]:
    """Return attributes of a value as a summary lists them: by parameter, or of anything."""
    holders = [atom.text for atom in value.atoms if atom.kind == PARAMETER and atom.held]
    if value.tainted and not value.of(NAMESPACE):
        holders.append("")
    return {f"{holder}.{name}" for holder in holders for name in names}
