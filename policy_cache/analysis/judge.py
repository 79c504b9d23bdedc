"""One global to its verdict: located, resolved, and judged operation by operation."""

from __future__ import annotations

import ast

from policy_cache import base_policy
from policy_cache.analysis.case import Case, Reductions, owner_name, public_name
from policy_cache.analysis.classes import judge_call, judge_class, judge_fill
from policy_cache.analysis.functions import (
    enclosing_class,
    judge_external,
    judge_function,
    judge_function_call,
    judge_value,
)
from policy_cache.analysis.sinks import sink
from policy_cache.analysis.unasked import (
    judge_use,
)
from policy_cache.model import (
    ABSENT,
    FILL,
    METHOD,
    USED,
    Verdict,
    refused,
)
from policy_cache.source.distributions import DISTRIBUTION, LOCAL, STDLIB
from policy_cache.source.hierarchy import member
from policy_cache.source.locate import Module, locate
from policy_cache.source.resolve import Thing, attribute, resolve


def judge(module: str, name: str, reductions: Reductions) -> Verdict:
    """Judge what the global `name` of `module` may do.

    Parameters
    ----------
    module, name : str
        As the file names it, Python 2 names already mapped.
    reductions : callable
        What the reducers of a package return.

    Returns
    -------
    Verdict
    """
    located = locate(module)
    if located is None:
        return _without_module(module, name)
    if located.owner.kind == LOCAL:
        return refused(
            module,
            name,
            f"module {module} is importable from {located.file or located.path[0]}, but it belongs "
            "to no installed distribution, is not in the program's own folders and the program "
            "has not imported it",
        )
    if located.owner.kind == STDLIB:
        return _judge_stdlib(module, name, located)
    line = base_policy.look_up(located.owner.name, f"{module}:{name}")
    thing = _named_in_class(resolve(module, name) or _inherited_attribute(module, name))
    if line is None and thing is not None:
        owner = owner_name(thing)
        line = base_policy.look_up_definition(owner, thing.key)
    if line is not None:
        return _from_line(module, name, thing, line)
    if thing is None and base_policy.alias(located.owner.name, module) != module:
        return _without_module(module, name)
    reason = base_policy.refusal(located.owner.name, f"{module}:{name}")
    if thing is not None and not reason and owner_name(thing) != STDLIB:
        reason = base_policy.refusal(owner_name(thing), thing.key)
    if reason:
        return refused(module, name, reason)
    if thing is None:
        if located.kind == "live":
            return Verdict(module, name, "live", f"{module}:{name}", {}, {})
        return _absent(module, name, located)
    return _judge_thing(module, name, thing, reductions)


def _named_in_class(thing: Thing | None) -> Thing | None:
    """Follow ``__call__ = _call_impl`` in a class body to the method of that name."""
    if thing is None or thing.kind != "value" or not isinstance(thing.node, ast.Name):
        return thing
    holder = enclosing_class(thing)
    found = attribute(holder, thing.node.id) if holder is not None else None
    return found if found is not None and found.kind == "function" else thing


def _inherited_attribute(module: str, name: str) -> Thing | None:
    """Resolve ``Class.attribute`` where the attribute is a base's."""
    outer, _, attribute = name.rpartition(".")
    cls = resolve(module, outer) if outer else None
    if cls is None or cls.kind != "class":
        return None
    found = member(cls, attribute)
    return found[1] if found is not None else None


def _without_module(module: str, name: str) -> Verdict:
    """Handle a module that does not exist, or one that its library has renamed."""
    top = locate(module.partition(".")[0])
    if top is not None and top.owner.kind == DISTRIBUTION:
        moved = base_policy.alias(top.owner.name, module)
        line = base_policy.look_up(top.owner.name, f"{moved}:{name}")
        if line is not None:
            return _from_line(module, name, resolve(moved, name), line)
    return refused(module, name, f"there is no module {module}", ABSENT)


def _absent(module: str, name: str, located: Module) -> Verdict:
    where = located.file or module
    return refused(module, name, f"static analysis of {where} finds no {name}", ABSENT)


def _from_line(module: str, name: str, thing: Thing | None, line: base_policy.Line) -> Verdict:
    target = thing.key if thing is not None else f"{module}:{name}"
    located = locate(target.partition(":")[0])
    return base_policy.verdict(module, name, target, located.file if located else "", line)


def _judge_stdlib(module: str, name: str, located: Module) -> Verdict:
    """Look a standard-library name up: base policy only, under its public or canonical name."""
    asked = base_policy.look_up(STDLIB, f"{module}:{name}")
    if asked is not None:
        return _from_line(module, name, None, asked)
    thing = resolve(module, name)
    keys = [f"{module}:{name}"]
    if thing is not None:
        keys += [thing.key, public_name(thing.key)]
    for key in keys[1:]:
        line = base_policy.look_up(STDLIB, key)
        if line is not None:
            return _from_line(module, name, thing, line)
    for key in keys:
        reason = base_policy.refusal(STDLIB, key)
        found = sink(key)
        if reason or found is not None:
            why = reason or f"{key} {found.why}"  # type: ignore[union-attr]
            return refused(module, name, why, thing.kind if thing else ABSENT)
    if thing is None:
        return _absent(module, name, located)
    return refused(
        module, name, "of the standard library only what the base policy lists", thing.kind
    )


def _judge_thing(module: str, name: str, thing: Thing, reductions: Reductions) -> Verdict:
    located = locate(thing.module)
    if thing.kind == "module":
        return refused(module, name, "it is a module: a file may not hold one", "module")
    if located is None or located.owner.kind == LOCAL:
        return refused(module, name, f"{thing.module} is not part of an installed distribution")
    if located.owner.kind == STDLIB:
        verdict = _judge_stdlib(thing.module, thing.name, located)
        return verdict._replace(module=module, name=name)
    if thing.kind == "class":
        return judge_class(module, name, thing)
    if thing.kind == "function":
        return judge_function(module, name, thing)
    if thing.kind == "external":
        return judge_external(module, name, thing, located, reductions)
    return judge_value(module, name, thing, reductions)


def complete(verdict: Verdict, operation: str, reductions: Reductions) -> Verdict:
    """Judge an operation that :func:`judge` left for when it is needed.

    Parameters
    ----------
    verdict : Verdict
        With `operation` among its deferred ones.
    operation : str
        ``call`` or ``fill``.
    reductions : callable
        What the reducers of a package return.
    """
    thing = resolve(*verdict.target.split(":", 1))
    if thing is None or thing.kind not in ("class", "function"):
        if operation.startswith(METHOD):  # compiled: asked, and not to be asked again
            used = {**verdict.traits.get(USED, {}), operation[len(METHOD) :]: None}
            return verdict._replace(traits={**verdict.traits, USED: used})
        return verdict
    case = Case(verdict.module, verdict.name, thing, verdict.kind)
    case.resume(verdict, operation)
    if operation.startswith(METHOD):
        judge_use(case, operation[len(METHOD) :])
    elif operation == FILL:
        judge_fill(case)
    elif thing.kind == "class":
        judge_call(case, reductions)
    else:
        judge_function_call(case, reductions)
    return case.verdict()
