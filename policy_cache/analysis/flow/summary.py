"""What is told of one function, and the question that it is told for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from policy_cache.analysis.values import NOTHING, Atom, Value, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_cache.analysis.flow.statics import Statics
    from policy_cache.source.resolve import Thing

    Summarize = Callable[[Thing, Thing | None, frozenset[str], "Given", int, "Question"], "Summary"]

OPERAND_HITS = ("call", "set")
"""Categories of what is done to the operands themselves: it depends on what they are."""


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
    wraps: frozenset[tuple[str, Atom]] = frozenset()
    """What a decorator hands the function it is put around, beside data.

    Position or keyword, and the object.
    """
    methods: frozenset[str] = frozenset()
    """Attributes that it looks up on what the file gives, whose methods and properties run.

    ``parameter.name`` on what a parameter is, ``.name`` on what may be anywhere in it.
    """
    near: frozenset[str] = frozenset()
    """Those of them that it looks up itself, and no function that it calls."""
    inner: Value = NOTHING
    """What the functions in it return, beside data."""


def either(one_way: Summary, other: Summary) -> Summary:
    """Return the summary of a function that may be any of two."""
    return Summary(
        one_way.hits + other.hits,
        one_way.calls | other.calls,
        one_way.constructs | other.constructs,
        one_way.unproven + other.unproven,
        one_way.files | other.files,
        join(one_way.returns, other.returns),
        one_way.kept | other.kept,
        one_way.wraps | other.wraps,
        one_way.methods | other.methods,
        one_way.near | other.near,
        join(one_way.inner, other.inner),
    )


@lru_cache(maxsize=1024)
def by_holder(methods: frozenset[str]) -> list[tuple[str, list[str]]]:
    """Return the attributes of :attr:`Summary.methods`, those of a holder together."""
    found: dict[str, list[str]] = {}
    for method in methods:
        holder, _, name = method.rpartition(".")
        found.setdefault(holder, []).append(name)
    return [*found.items()]


Given = frozenset[tuple[str, Atom]]
"""What single parameters are given, where that is known by name."""
Key = tuple[str, str, frozenset[str], Given]
"""Of a summary: function, class of its object, tainted names, what parameters are given."""
TOO_FAR: Key = ("too far", "", frozenset(), frozenset())
TOO_MUCH: Key = ("too much", "", frozenset(), frozenset())


class Partial(NamedTuple):
    """A summary that rests on others cut short: good again where they would be cut again."""

    summary: Summary
    cut: frozenset[Key]
    depth: int


class Exhausted(NamedTuple):
    """A summary that was cut short because the question might cost no more.

    A question that may cost as much or less would be cut short no later: walking the function
    again would tell it less, at the same cost.
    """

    summary: Summary
    cut: frozenset[Key]
    depth: int
    left: int
    """How many functions might be walked when its walk began."""
    cost: int
    """How many were."""

    def holds(self, question: Question, depth: int) -> bool:
        """Tell whether a question at a depth would learn no more."""
        missed = self.cut - {TOO_FAR, TOO_MUCH}
        return question.left <= self.left and depth >= self.depth and missed <= question.walking


class Question:
    """One question: what it may still cost, and which functions are being walked for it."""

    def __init__(
        self, most: int, owner: Thing | None, summarize: Summarize, statics: Statics
    ) -> None:
        self.left = most
        self.owner = owner
        self.summarize = summarize
        self.statics = statics
        self.walking: set[Key] = set()
        self.cuts: list[set[Key]] = [set()]
        """For each function being walked, whose summary it missed: recursive calls, `TOO_FAR`."""
