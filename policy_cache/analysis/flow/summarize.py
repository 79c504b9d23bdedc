"""One function to its summary: remembered, and cut where it would go on for ever."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from policy_cache.analysis import values
from policy_cache.analysis.flow import definitions
from policy_cache.analysis.flow.definitions import alternatives, parameters
from policy_cache.analysis.flow.statics import Statics
from policy_cache.analysis.flow.summary import (
    TOO_FAR,
    TOO_MUCH,
    Exhausted,
    Given,
    Hit,
    Key,
    Partial,
    Question,
    Summary,
    either,
)
from policy_cache.analysis.flow.walk import Walk
from policy_cache.analysis.values import (
    COMPUTED,
    DATA,
    INSTANCE,
    NOT_KNOWN,
    NOTHING,
    PARAMETER,
    SELF,
    SUPER,
    Value,
)
from policy_cache.source.resolve import Thing

if TYPE_CHECKING:
    from policy_cache.source.syntax import Source

_DEEPEST = 12
_MOST_FUNCTIONS = 80
"""How many functions may be walked for one question before the rest is unproven."""

_summaries: dict[Key, Summary] = {}
_partial: dict[Key, Partial] = {}
_exhausted: dict[Key, Exhausted] = {}


def forget() -> None:
    """Drop every summary."""
    _summaries.clear()
    _partial.clear()
    _exhausted.clear()
    _statics.forget()
    definitions.forget()
    values.forget()


def instances(thing: Thing) -> list[Thing]:
    """Return the classes of the objects that a global may be."""
    return [atom.thing for atom in _statics.of(thing, None).of(INSTANCE) if atom.thing is not None]


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
    question = Question(most, owner, _reach, _statics)
    found = _reach(function, owner, tainted, frozenset(), 0, question)
    for other in alternatives(function):
        tokens = frozenset(token for token in tainted if token.startswith("self."))
        given = tokens | frozenset(parameters(other, bool(tokens)))
        found = either(found, _reach(other, owner, given, frozenset(), 0, question))
    hits = list(found.hits)
    if any(atom.text != "self" for atom in found.returns.of(COMPUTED)):
        why = "uses an attribute by a name from the file"
        hits.append(Hit("walk", "getattr", why, (function.where,)))
    return found._replace(
        hits=tuple(hits), calls=found.calls & tainted, constructs=found.constructs & tainted
    )


def _reach(
    function: Thing,
    owner: Thing | None,
    tainted: frozenset[str],
    given: Given,
    depth: int,
    question: Question,
) -> Summary:
    key = (function.where, owner.key if owner else "", tainted, given)
    if key in _summaries:
        return _summaries[key]
    if key in question.walking:  # a recursive call adds nothing to its own first round
        question.cuts[-1].add(key)
        return Summary(returns=DATA if tainted else NOTHING)
    known = _partial.get(key)
    if known is not None and depth >= known.depth and known.cut <= question.walking | {TOO_FAR}:
        question.cuts[-1] |= known.cut
        return known.summary
    if depth > _DEEPEST or question.left <= 0:
        question.cuts[-1].add(TOO_FAR if depth > _DEEPEST else TOO_MUCH)
        far = (f"{function.where} is too far to follow",)
        return Summary(unproven=far, returns=DATA if tainted else NOT_KNOWN)
    spent = _exhausted.get(key)
    if spent is not None and spent.holds(question, depth):
        question.left -= spent.cost
        question.cuts[-1] |= spent.cut
        return spent.summary
    before = question.left
    question.left -= 1
    question.walking.add(key)
    question.cuts.append(set())
    summary = Walk(function, owner, tainted, given, depth, question).run()
    question.walking.discard(key)
    cut = question.cuts.pop() - {key}
    question.cuts[-1] |= cut
    if not cut:
        _summaries[key] = summary
    elif TOO_MUCH not in cut:
        _partial[key] = Partial(summary, frozenset(cut), depth)
    else:
        _exhausted[key] = Exhausted(summary, frozenset(cut), depth, before, before - question.left)
    return summary


def _static_value(node: ast.expr, source: Source, scope: Thing | None) -> Value:
    """Return what an expression in the body of a module or class may stand for."""
    walk = Walk(
        Thing("value", source.module.name, "", source, node),
        None,
        frozenset(),
        frozenset(),
        _DEEPEST - 2,
        Question(20, None, _reach, _statics),
    )
    walk.scope = scope
    walk.env = {}
    value = walk.eval(node)
    kept = frozenset(a for a in value.atoms if a.kind not in (PARAMETER, SELF, SUPER))
    return Value(False, kept)


_statics = Statics(_static_value)


def callables(thing: Thing, cls: Thing | None) -> tuple[list[Thing], bool]:
    """Return the functions that a class attribute may be, and whether it may be anything else."""
    return _statics.callables(thing, cls)
