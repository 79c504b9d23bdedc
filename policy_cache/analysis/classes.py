"""What may be done with a class: referred to, constructed, called, given state, filled."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from policy_cache import base_policy
from policy_cache.analysis import bare
from policy_cache.analysis.case import Case, Reductions, owner_name, public_name, take_state_rule
from policy_cache.analysis.flow import BY_NAME, Summary, parameters, reach
from policy_cache.analysis.flow import STATE as ALL_STATE
from policy_cache.analysis.own_names import own_special_names
from policy_cache.analysis.sinks import sink
from policy_cache.analysis.unasked import (
    FILLERS,
    MADE,
    MOST_IMPLICIT,
    is_made,
    judge_implicit,
    python_method,
)
from policy_cache.model import (
    BARE,
    CALL,
    COMPUTES,
    CONSTRUCT,
    DEFERRED,
    FILL,
    REFER,
    STATE,
    UNREDUCED,
    Verdict,
)
from policy_cache.source import extensions
from policy_cache.source.distributions import STDLIB
from policy_cache.source.hierarchy import OBJECT, is_enum, lineage
from policy_cache.source.locate import locate
from policy_cache.source.resolve import Thing

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)

_PLAIN_METACLASSES = frozenset(["abc:ABCMeta", "_py_abc:ABCMeta", "builtins:type", "enum:EnumMeta"])
_HOLDS_CODE = frozenset(["types:ModuleType", "builtins:module", "types:FunctionType"])


def judge_class(module: str, name: str, thing: Thing) -> Verdict:
    """Judge a class; what is costly to judge is left for when it is asked for."""
    case = Case(module, name, thing, "class")
    line = lineage(thing)
    case.files |= {base.source.module.file for base in line.mro if base.source is not None}
    keys = {public_name(base.key) for base in line.mro}
    if "builtins:type" in keys:
        case.grants[REFER] = f"{thing.where} class statement"
        case.refuse("it is a class of classes: making one makes code", CONSTRUCT, CALL, STATE, FILL)
        return case.verdict()
    forbidden = _forbidden_base(line.mro)
    if forbidden:
        case.refuse(forbidden, "*")
        return case.verdict()
    if is_enum(thing):
        return _judge_enum(case)
    case.grants[REFER] = f"{thing.where} class statement"
    _judge_construct(case)
    _judge_state(case)
    case.traits[DEFERRED] = [CALL, FILL]
    assigner = python_method(thing, "__setattr__")
    if assigner is not None:
        tainted = frozenset([*parameters(assigner, True), ALL_STATE])
        case.traits["assigns"] = not reach(assigner, thing, tainted, MOST_IMPLICIT).hits
    if _computes_attributes(line.metaclasses):
        case.traits[COMPUTES] = True
    own_names = own_special_names(thing)
    if own_names:
        case.traits["own_names"] = own_names
    judge_implicit(case)
    if line.unknown:
        case.unproven.append(f"unresolved bases of {thing.name}: {', '.join(line.unknown)}")
    return case.verdict()


def _computes_attributes(metaclasses: Iterable[Thing]) -> bool:
    """Tell whether asking a class for any name reaches a sink with that name.

    ``__getattr__`` of its class of classes runs for what a dotted name in a file asks it for.
    """
    for metaclass in metaclasses:
        for hook in ("__getattr__", "__getattribute__"):
            found = python_method(metaclass, hook) if metaclass.kind == "class" else None
            if found is None or metaclass.key in _PLAIN_METACLASSES:
                continue
            summary = reach(found, metaclass, frozenset(parameters(found, True)))
            if summary.hits or summary.unproven:
                return True
    return False


def _forbidden_base(mro: Iterable[Thing]) -> str:
    for base in mro:
        key = public_name(base.key)
        found = sink(key)
        if key in _HOLDS_CODE:
            return f"it derives from {key}, which holds code"
        if found is not None:
            return f"it derives from {key}, which {found.why}"
    return ""


def _judge_construct(case: Case) -> None:
    """``NEWOBJ`` runs ``__new__`` with arguments from the file."""
    if is_made(case.thing, "__new__"):
        case.refuse(MADE.format("__new__"), CONSTRUCT, CALL)
        return
    new = python_method(case.thing, "__new__")
    case.grants[CONSTRUCT] = f"{case.thing.where} class statement"
    if new is None:
        externals = [b for b in lineage(case.thing).mro if b.kind == "external"]
        known = all(
            base_policy.look_up(STDLIB, public_name(b.key)) for b in externals if b != OBJECT
        )
        case.traits["fresh"] = known and not lineage(case.thing).unknown
        return
    summary = reach(new, case.thing, frozenset(parameters(new, True)))
    case.weigh(summary, "__new__", CONSTRUCT, CALL)


def _judge_state(case: Case) -> None:
    """``BUILD`` runs ``__setstate__`` with a state from the file, or writes attributes."""
    setter = python_method(case.thing, "__setstate__")
    case.grants[STATE] = (
        f"{(setter or case.thing).where} {'__setstate__' if setter else 'class statement'}"
    )
    take_state_rule(case)
    if setter is None and is_made(case.thing, "__setstate__"):
        case.refuse(MADE.format("__setstate__"), STATE)
    if setter is None:
        return
    reviewed = base_policy.look_up_definition(owner_name(setter), setter.key)
    by_name = False
    if reviewed is not None:
        case.traits["state_rule"] = reviewed.rule
        case.grants[STATE] = f"base policy: {reviewed.why} [{reviewed.source}]"
    else:
        tainted = frozenset([*parameters(setter, True), ALL_STATE])
        summary = reach(setter, case.thing, tainted)
        case.weigh(summary, "__setstate__", STATE)
        by_name = f".{BY_NAME}" in summary.methods
    assert setter.node is not None
    texts = {n.value for n in ast.walk(setter.node) if isinstance(n, ast.Constant)}
    keys = sorted(
        t for t in texts if isinstance(t, str) and t.startswith("__") and t.isidentifier()
    )
    case.traits["custom_state"] = True
    if by_name or any(_assigns_by_name(node) for node in ast.walk(setter.node)):
        case.traits["computed_keys"] = True
        case.traits["setters"] = _judged_setters(case)
    if keys:
        case.traits["state_keys"] = keys


def _judged_setters(case: Case) -> list[str]:
    """Return the properties whose setters may be given values from a state."""
    judged: dict[str, bool] = {}
    for base in lineage(case.thing).mro:
        if base.source is None or not isinstance(base.node, ast.ClassDef):
            continue
        for node in base.node.body:
            if not isinstance(node, ast.FunctionDef) or node.name in judged:
                continue
            if any(ast.unparse(d) == f"{node.name}.setter" for d in node.decorator_list):
                setter = Thing(
                    "function", base.module, f"{base.name}.{node.name}", base.source, node
                )
                tainted = frozenset([*parameters(setter, True), ALL_STATE])
                summary = reach(setter, case.thing, tainted, MOST_IMPLICIT)
                case.files |= summary.files
                judged[node.name] = not summary.hits
    return sorted(name for name, clean in judged.items() if clean)


def _assigns_by_name(node: ast.AST) -> bool:
    """Tell whether a node is ``setattr(x, name, value)`` with a name that is no literal."""
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return False
    function = ast.unparse(node.func)
    if function.rpartition(".")[2] not in ("setattr", "__setattr__"):
        return False
    name = node.args[0] if len(node.args) == 2 else node.args[1]
    return not isinstance(name, ast.Constant)


def judge_fill(case: Case) -> None:
    """``APPENDS`` and ``SETITEMS`` run the item methods, or those of a builtin base."""
    if FILL in case.refusals:
        return
    keys = {public_name(base.key) for base in lineage(case.thing).mro}
    builtin = next((key for key in sorted(keys) if _grants_fill(key)), "")
    methods = [m for m in (python_method(case.thing, name) for name in FILLERS) if m is not None]
    if not builtin and not methods:
        case.refuse("it is no container", FILL)
        return
    case.grants[FILL] = f"{case.thing.where} " + (
        f"items of {builtin}" if builtin else "item methods"
    )
    for method in methods:
        tainted = frozenset([*parameters(method, True), ALL_STATE])
        case.weigh(reach(method, case.thing, tainted), method.name, FILL)


def _grants_fill(key: str) -> bool:
    if key in ("builtins:list", "builtins:dict", "builtins:set"):
        return True
    line = base_policy.look_up(STDLIB, key)
    return line is not None and FILL in line.ops


def judge_call(case: Case, reductions: Reductions) -> None:
    """``REDUCE`` runs ``__init__`` too: for what a reducer returns, or what only assigns."""
    if CALL in case.refusals:
        return
    evidence = _called_by_reducer(case.thing, reductions)
    evidence = evidence or _called_by_compiled_reducer(case.thing)
    if not evidence:
        evidence, rule = _called_by_builtin_reducer(case.thing)
        case.traits["call_rule"] = rule
    if not evidence and _only_assigns(case.thing):
        evidence = f"{case.thing.where} the constructor only assigns its arguments"
    case.grants[CALL] = evidence
    _judge_constructor(case)
    if not evidence and CALL not in case.refusals:
        # The live class may show the reducer of a compiled base, which its file does not name.
        case.traits[UNREDUCED] = True
        case.traits[BARE] = not bare.reason_against(case.thing)
        case.refuse(
            "no reducer of its library returns it, and its constructor does more than assign", CALL
        )


def _judge_constructor(case: Case) -> None:
    """What a call runs beside ``__new__``: ``__init__``, and the ``__call__`` of a metaclass."""
    init = python_method(case.thing, "__init__")
    summary = Summary()
    if init is not None:
        summary = reach(init, case.thing, frozenset(parameters(init, True)))
    case.weigh(summary, "__init__", CALL)
    for name in ("__post_init__", "__attrs_post_init__"):  # what a generated __init__ ends with
        found = python_method(case.thing, name)
        if found is not None:
            tainted = frozenset([*parameters(found, True), ALL_STATE])
            case.weigh(reach(found, case.thing, tainted), name, CALL)
    strange = [m for m in lineage(case.thing).metaclasses if m.key not in _PLAIN_METACLASSES]
    for metaclass in strange:
        called = python_method(metaclass, "__call__") if metaclass.kind == "class" else None
        if called is None:
            continue
        tainted = frozenset(parameters(called, True))
        case.weigh(reach(called, metaclass, tainted), f"{metaclass.name}.__call__", CALL)


def _called_by_reducer(thing: Thing, reductions: Reductions) -> str:
    """Return the evidence that a reducer of the class's library, or of a base's, returns it."""
    bases = [base for base in lineage(thing).mro if base.kind == "class"]
    keys = {base.key for base in bases}
    for base in bases:
        located = locate(base.module)
        if located is None or located.owner.kind == STDLIB:
            continue
        for reduction in reductions(located):
            own = reduction.own_class and reduction.target in keys
            if reduction.target == thing.key or own:
                return f"{reduction.where} returned by a reducer"
    return ""


def _called_by_compiled_reducer(thing: Thing) -> str:
    """Return the evidence that the reducer of a compiled base returns the class of the object."""
    if python_method(thing, "__reduce__") or python_method(thing, "__reduce_ex__"):
        return ""
    for base in lineage(thing).mro[1:]:
        located = locate(base.module) if base.kind == "external" else None
        if located is not None and located.kind == "extension" and located.owner.kind != STDLIB:
            known = extensions.look_up(located, base.name)
            if known is not None and known.reduces_to_class:
                return known.reduces_to_class
    return ""


def _called_by_builtin_reducer(thing: Thing) -> tuple[str, str]:
    """Return evidence and argument rule where a builtin base reduces to a call of the class."""
    if python_method(thing, "__reduce__") or python_method(thing, "__reduce_ex__"):
        return "", ""
    for base in lineage(thing).mro[1:]:
        if public_name(base.key) in (OBJECT.key, "typing:Generic"):
            continue
        line = base_policy.look_up(STDLIB, public_name(base.key))
        if line is not None and CALL in line.ops and line.kind == "class":
            own_init = python_method(thing, "__init__") or python_method(thing, "__new__")
            where = f"{thing.where} inherits the reducer of {public_name(base.key)}"
            return where, "" if own_init else line.rule
    return "", ""


def _only_assigns(thing: Thing) -> bool:
    """Tell whether constructing provably does nothing but assign its arguments."""
    if python_method(thing, "__new__") is not None or lineage(thing).unknown:
        return False
    if any(b.kind == "external" and b != OBJECT for b in lineage(thing).mro):
        return False
    init = python_method(thing, "__init__")
    if init is None:
        return _is_plain_dataclass(thing)
    assert isinstance(init.node, _Function)
    return all(_is_plain_assignment(statement) for statement in init.node.body)


def _is_plain_dataclass(thing: Thing) -> bool:
    if python_method(thing, "__post_init__") is not None or not isinstance(
        thing.node, ast.ClassDef
    ):
        return False
    names = {
        ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in thing.node.decorator_list
    }
    return not names or bool(names & {"dataclass", "dataclasses.dataclass"})


def _is_plain_assignment(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        return isinstance(node.value, (ast.Name, ast.Constant))
    return False


def _judge_enum(case: Case) -> Verdict:
    """An Enum class is called with one literal, the member's value (``Enum.__reduce_ex__``)."""
    case.kind = "enum"
    case.grants[REFER] = f"{case.thing.where} class statement"
    case.grants[CALL] = (
        f"{case.thing.where} enum.Enum.__reduce_ex__ returns the class and the value"
    )
    case.rule = "enum_call"
    reason = "members of an Enum exist once: they are looked up, never made or changed"
    case.refuse(reason, CONSTRUCT, STATE, FILL)
    for name in ("_missing_", "__new__", "__init__"):
        method = python_method(case.thing, name)
        if method is None or (method.source and method.source.module.owner.kind == STDLIB):
            continue
        case.weigh(reach(method, case.thing, frozenset(parameters(method, True))), name, CALL)
    return case.verdict()
