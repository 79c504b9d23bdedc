"""The verdict on a class or function while it is being built."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from policy_cache import base_policy
from policy_cache.analysis.flow import OPERAND_HITS, Hit, Summary
from policy_cache.analysis.flow.definitions import owned_by_stdlib
from policy_cache.analysis.reducers import Reduction
from policy_cache.analysis.unasked import (
    note_methods,
)
from policy_cache.model import (
    ADOPTS,
    DEFERRED,
    INERT,
    SETS,
    TEXTLESS,
    Verdict,
)
from policy_cache.source.distributions import STDLIB
from policy_cache.source.hierarchy import lineage
from policy_cache.source.locate import Module, locate
from policy_cache.source.resolve import Thing

Reductions = Callable[[Module], list[Reduction]]
"""Gives the reductions of the package that a module belongs to (memoized by the caller)."""
_STDLIB_NAMES = {f"_{module}": module for module in ("collections", "functools", "io", "typing")}


def owner_name(thing: Thing) -> str:
    """Return the distribution that defines a thing, or that the standard library does."""
    located = locate(thing.module)
    if located is None:
        return ""
    return STDLIB if located.owner.kind == STDLIB else located.owner.name


def public_name(key: str) -> str:
    """Return the name of a thing of the standard library by the module that documents it."""
    module, _, name = key.partition(":")
    return f"{_STDLIB_NAMES.get(module, module)}:{name}"


def _every(thing: Thing) -> dict[str, Any]:
    """Return the reviewed traits of every class in the distribution that defines a thing."""
    return base_policy.every(owner_name(thing)) if thing.kind in ("class", "value") else {}


def _inherited(thing: Thing) -> dict[str, Any]:
    """Return the traits of the nearest base of another distribution with reviewed ones.

    A class of torch's that derives from one of sympy's sympifies its arguments as that does.
    """
    own = owner_name(thing)
    for base in lineage(thing).mro[1:] if thing.kind == "class" else ():
        owner = owner_name(base) if base.kind == "class" else own
        if owner != own and base_policy.look_up(owner, base.key) is not None:
            return {}
        if owner != own and base_policy.every(owner):
            traits = base_policy.every(owner)
            return {**traits, "kin": base.module.partition(".")[0]} if "kin" in traits else traits
    return {}


class Case:
    """The verdict on a class or function while it is being built."""

    def __init__(self, module: str, name: str, thing: Thing, kind: str) -> None:
        self.module, self.name, self.thing, self.kind = module, name, thing, kind
        self.grants: dict[str, str] = {}
        self.refusals: dict[str, str] = {}
        self.traits: dict[str, Any] = {}
        self.unproven: list[str] = []
        self.files: set[str] = set()
        self.rule = ""

    def resume(self, verdict: Verdict, operation: str) -> None:
        """Continue an earlier verdict with one of its deferred operations."""
        self.grants = dict(verdict.grants)
        self.refusals = dict(verdict.refusals)
        self.traits = dict(verdict.traits)
        self.files = set(verdict.files)
        self.rule = verdict.rule
        self.unproven = list(verdict.traits.get("unproven", ()))
        waiting = [name for name in verdict.traits.get(DEFERRED, ()) if name != operation]
        self.traits[DEFERRED] = waiting

    def weigh(self, summary: Summary, what: str, *operations: str) -> Hit | None:
        """Refuse `operations` if a summary of `what` they run gives reason to.

        A call of something taken from the operands is no reason by itself: then the unpickler
        checks what they hold. Where it sets attributes of it, they hold no class or function.
        """
        self.files |= summary.files
        self.unproven += [f"{what}: {doubt}" for doubt in summary.unproven]
        note_methods(self, summary, what, *operations)
        acting = [hit for hit in summary.hits if hit.category not in OPERAND_HITS]
        if acting and all(hit.category == "code" for hit in acting):
            # Source code is text: without any text in the operands there is none to run.
            textless = set(self.traits.get(TEXTLESS, ())) | set(operations)
            self.traits[TEXTLESS] = sorted(textless)
            self.unproven.append(f"{what} {acting[0]}")
        elif acting:
            self.refuse(f"{what} {acting[0]}", *operations)
            return acting[0]
        calls = summary.calls | summary.constructs
        if summary.hits or (calls and self.kind == "class"):  # a function is told which argument
            self.add(INERT, *operations)
            if any(hit.category == "set" for hit in summary.hits):
                self.add(SETS, *operations)
        return None

    def add(self, trait: str, *operations: str) -> None:
        """Add operations to those that a trait lists."""
        self.traits[trait] = sorted({*self.traits.get(trait, ()), *operations})

    def refuse(self, reason: str, *operations: str) -> None:
        for operation in operations:
            self.grants.pop(operation, None)
            self.refusals[operation] = reason

    def verdict(self) -> Verdict:
        located = locate(self.thing.module)
        origin = located.file if located else ""
        traits = dict(self.traits)
        reviewed = _every(self.thing) or _inherited(self.thing)
        traits.update({k: v for k, v in reviewed.items() if k != "why"})
        if self.unproven:
            traits["unproven"] = _fewer(self.unproven)
        if any(map(_adopts, lineage(self.thing).mro if self.kind == "class" else [self.thing])):
            traits[ADOPTS] = True
        files = sorted(file for file in self.files | {origin} if file)
        return Verdict(
            self.module,
            self.name,
            self.kind,
            self.thing.key,
            self.grants,
            self.refusals,
            self.rule,
            traits,
            origin,
            tuple(files),
        )


_ADOPTION = re.compile(rb"""__dict__\s*=(?!=)|__dict__\s*,[^()\n]*=(?!=)|['"]__dict__['"]\s*,""")


def _adopts(thing: Thing) -> bool:
    """Tell whether a module may make a dict that it is given the attributes of an object.

    ``self.__dict__ = state``, or by ``setattr``: wherever it stands, for it may be in a helper.
    """
    source = thing.source
    if source is None or owned_by_stdlib(thing):
        return False
    key = (source.module.file, hash(source.text))
    if key not in _adopting:
        _adopting[key] = _ADOPTION.search(source.text) is not None
    return _adopting[key]


_adopting: dict[tuple[str, int], bool] = {}
"""Files with what they hold: most are a module of a base of many classes."""
_MOST_SHOWN = 3
"""Places that could not be followed which are kept for each method that a class runs."""


def _fewer(doubts: Iterable[str]) -> list[str]:
    """Return a few of the places that could not be followed, for each method some."""
    kept: dict[str, list[str]] = {}
    for doubt in sorted(set(doubts)):
        kept.setdefault(doubt.partition(": ")[0], []).append(doubt)
    return [doubt for some in kept.values() for doubt in some[:_MOST_SHOWN]]


def take_state_rule(case: Case) -> None:
    """Take the reviewed rule for the state of a class or of a base, compiled ones among them."""
    for base in lineage(case.thing).mro or [case.thing]:
        line = base_policy.look_up_definition(owner_name(base), f"{base.key}.__setstate__")
        if line is not None:
            case.traits["state_rule"] = line.rule
            return
