"""What may be done with a function, a value made at run time, a name of an extension module."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from policy_cache.analysis.case import Case, Reductions, take_state_rule
from policy_cache.analysis.flow import STATE as ALL_STATE
from policy_cache.analysis.flow import Summary, parameters, reach
from policy_cache.analysis.reducers import Reduction
from policy_cache.analysis.sinks import SEVERE
from policy_cache.analysis.unasked import (
    note_methods,
)
from policy_cache.model import (
    CALL,
    CHOOSY,
    CONSTRUCT,
    DEFERRED,
    FILL,
    REFER,
    STATE,
    UNREDUCED,
    UNRESOLVED,
    Verdict,
)
from policy_cache.source import extensions
from policy_cache.source.hierarchy import lineage, made_class
from policy_cache.source.locate import Module, locate
from policy_cache.source.resolve import Thing, resolve

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def judge_function(module: str, name: str, thing: Thing) -> Verdict:
    """Judge a function as a value; whether it may be called is left for when it is asked for."""
    case = Case(module, name, thing, "function")
    summary = _function_summary(thing, _asked_class(module, name))
    case.files |= summary.files
    case.unproven += [f"{thing.name}: {doubt}" for doubt in summary.unproven]
    note_methods(case, summary, thing.name, REFER, CALL)
    severe = [hit for hit in summary.hits if hit.category in SEVERE]
    if severe:
        case.refuse(str(severe[0]), "*")
        return case.verdict()
    choosy = sorted({hit.category for hit in summary.hits} - {"call"})
    if choosy:
        case.traits[CHOOSY] = choosy
    case.grants[REFER] = f"{thing.where} no sink is reachable from its arguments"
    case.traits[DEFERRED] = [CALL]
    return case.verdict()


def _function_summary(thing: Thing, asked: Thing | None) -> Summary:
    """Summarize a function with every argument of the file's choice; a method, its object too.

    What a method calls on its object are the methods of the class that was asked for.
    """
    owner = enclosing_class(thing)
    if owner is not None and asked is not None and owner.key in {b.key for b in lineage(asked).mro}:
        owner = asked
    tainted = {*parameters(thing, False), *([ALL_STATE] if owner is not None else ())}
    return reach(thing, owner, frozenset(tainted))


def judge_function_call(case: Case, reductions: Reductions) -> None:
    """``REDUCE`` of a function is for what a reducer of its library returns."""
    located = locate(case.thing.module)
    evidence = _returned(case.thing.key, reductions(located)) if located else ""
    if not evidence and located is not None:
        evidence = extensions.returned_beside(located, case.thing.name)
    if not evidence:
        case.refuse("no reducer of its library returns it", CALL)
        return
    case.grants[CALL] = evidence
    summary = _function_summary(case.thing, _asked_class(case.module, case.name))
    case.weigh(summary, case.thing.name, CALL)
    names = parameters(case.thing, False)
    used = summary.calls | summary.constructs
    if case.thing.name.endswith(".__call__"):  # on an object: it is not among the operands
        own, *names = names
        if own in used:
            case.refuse("it calls its own object", CALL)
            return
    elif "." in case.thing.name and used - {*names[:1]}:
        case.refuse("a method that calls what it is given", CALL)
        return
    for trait, called in (("calls", summary.calls), ("constructs", summary.constructs)):
        indexes = sorted(names.index(n) for n in called if n in names)
        if indexes:
            case.traits[trait] = indexes


def _returned(key: str, reductions: Iterable[Reduction]) -> str:
    for reduction in reductions:
        if reduction.target == key and not reduction.own_class:
            return f"{reduction.where} returned by a reducer"
    return ""


def enclosing_class(thing: Thing) -> Thing | None:
    """Return the class in whose body a thing is defined."""
    return _asked_class(thing.module, thing.name)


def _asked_class(module: str, name: str) -> Thing | None:
    """Return the class of the name of a method."""
    outer = name.rpartition(".")[0]
    found = resolve(module, outer) if outer else None
    return found if found is not None and found.kind == "class" else None


def judge_value(module: str, name: str, thing: Thing, reductions: Reductions) -> Verdict:
    """A module-level assignment: a class made by a known maker, or what a reducer names."""
    made = made_class(thing)
    case = Case(module, name, thing, "class")
    case.files = {thing.source.module.file} if thing.source else set()
    if made is not None and made.key == "builtins:tuple":
        evidence = f"{thing.where} named tuple"
        case.grants = dict.fromkeys((REFER, CONSTRUCT, CALL), evidence)
        case.traits["fresh"] = True
        return case.verdict()
    if made is not None:
        case.kind, case.rule = "enum", "enum_call"
        case.grants = dict.fromkeys((REFER, CALL), f"{thing.where} functional Enum")
        return case.verdict()
    located = locate(thing.module)
    evidence = _returned(thing.key, reductions(located)) if located else ""
    case.kind = "constant"
    if evidence:
        case.grants[REFER] = evidence
        return case.verdict()
    case.kind = UNRESOLVED
    case.refuse(f"{thing.where} is a value made at run time, and no reducer names it", "*")
    return case.verdict()


def judge_external(
    module: str, name: str, thing: Thing, located: Module, reductions: Reductions
) -> Verdict:
    """A name of an extension module: what its sources, stubs or binary say."""
    case = Case(module, name, thing, UNRESOLVED)
    case.files |= set(extensions.files(located))
    evidence = _returned(thing.key, reductions(located))
    known = extensions.look_up(located, thing.name) if "." not in thing.name else None
    if known is None and not evidence:
        case.traits["live"] = "numpy"  # a ufunc can be told from the live object alone
        case.grants[REFER] = f"{located.file} a ufunc or scalar type, as the live object must show"
        case.refuse(
            f"the files of {located.name} do not say what it is", CONSTRUCT, CALL, STATE, FILL
        )
        return case.verdict()
    if known is None or known.kind == "function":
        case.kind = "function"
        evidence = evidence or (known.returned if known else "")
        if evidence:
            case.grants = {REFER: evidence, CALL: evidence}
            case.unproven.append(f"{thing.key} is compiled")
            if thing.name.startswith("__pyx_unpickle_"):
                case.traits["constructs"] = [0]
                case.traits["fresh"] = True
        else:
            case.refuse("a compiled function that no reducer returns", "*")
        return case.verdict()
    case.kind = "class"
    case.unproven.append(f"{thing.key} is compiled")
    case.grants = dict.fromkeys((REFER, CONSTRUCT, STATE), f"{known.evidence} extension type")
    case.traits["bare_new"] = not known.newargs
    take_state_rule(case)
    if known.reduces_to_class or evidence:
        case.grants[CALL] = known.reduces_to_class or evidence
    else:
        case.traits[UNREDUCED] = True
        case.refuse("its files show no reducer that returns it", CALL)
    return case.verdict()
