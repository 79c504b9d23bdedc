"""One global to its verdict: located, resolved, and judged operation by operation."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from policy_cache import bare, base_policy, extensions
from policy_cache.distributions import DISTRIBUTION, LOCAL, STDLIB
from policy_cache.flow import BY_NAME, OPERAND_HITS, Hit, Summary, parameters, reach
from policy_cache.flow import STATE as ALL_STATE
from policy_cache.hierarchy import OBJECT, is_enum, lineage, made_class, member
from policy_cache.locate import Module, locate
from policy_cache.model import (
    ABSENT,
    BARE,
    CALL,
    CHOOSY,
    COMPUTES,
    CONSTRUCT,
    DEFERRED,
    FILL,
    INERT,
    METHOD,
    REFER,
    SETS,
    STATE,
    TEXTLESS,
    UNREDUCED,
    UNRESOLVED,
    Verdict,
    refused,
)
from policy_cache.reducers import Reduction
from policy_cache.resolve import Thing, attribute, resolve
from policy_cache.sinks import SEVERE, sink
from policy_cache.skeleton import functions, may_hold
from policy_cache.syntax import nodes
from policy_cache.unasked import (
    FILLERS,
    MADE,
    MOST_IMPLICIT,
    is_made,
    judge_implicit,
    judge_use,
    note_methods,
    python_method,
)

Reductions = Callable[[Module], list[Reduction]]
"""Gives the reductions of the package that a module belongs to (memoized by the caller)."""

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_PLAIN_METACLASSES = frozenset(["abc:ABCMeta", "_py_abc:ABCMeta", "builtins:type", "enum:EnumMeta"])
_STDLIB_NAMES = {f"_{module}": module for module in ("collections", "functools", "io", "typing")}
_NAMING = frozenset(["__name__", "__qualname__", "__doc__", "__module__"])
_PROTOCOL = frozenset(
    name
    for kind in (type, object, int, str, list, dict, set, bytes, memoryview, property, Exception)
    for name in dir(kind)
    if name.startswith("__")
) | frozenset(
    [
        "__setstate__",
        "__getstate__",
        "__getinitargs__",
        "__getnewargs__",
        "__getnewargs_ex__",
        "__del__",
        "__get__",
        "__set__",
        "__delete__",
        "__set_name__",
        "__getattr__",
        "__call__",
        "__enter__",
        "__exit__",
        "__aenter__",
        "__aexit__",
        "__await__",
        "__aiter__",
        "__anext__",
        "__next__",
        "__fspath__",
        "__index__",
        "__complex__",
        "__copy__",
        "__deepcopy__",
        "__missing__",
        "__wrapped__",
        "__signature__",
        "__globals__",
        "__code__",
        "__closure__",
        "__defaults__",
        "__kwdefaults__",
        "__builtins__",
        "__loader__",
        "__spec__",
        "__path__",
        "__file__",
        "__self__",
        "__func__",
        "__array__",
        "__array_finalize__",
        "__array_ufunc__",
        "__array_function__",
        "__array_interface__",
        "__array_struct__",
        "__array_prepare__",
        "__array_wrap__",
        "__torch_function__",
        "__torch_dispatch__",
        "__dlpack__",
        "__dlpack_device__",
        "__cuda_array_interface__",
        "__slots__",
        "__weakref__",
    ]
)
"""Attributes that the interpreter or a common protocol looks for."""
_NAMES_ITSELF = re.compile(rb"\.__\w+__\s*(?:[,:][^=()\n]*)?=|update_wrapper")
_NAMES_ANOTHER = re.compile(rb"\.__(?:name|qualname|doc|module)__\s*=[^=]")
_UPDATES_NAMES = re.compile(r"(^|\.)update_wrapper$")
_KEEPS_NAMES = re.compile(rb"""=\s*["']__\w+__["']""")
_HOLDS_CODE = frozenset(["types:ModuleType", "builtins:module", "types:FunctionType"])


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
        owner = _owner_name(thing)
        line = base_policy.look_up_definition(owner, thing.key)
    if line is not None:
        return _from_line(module, name, thing, line)
    if thing is None and base_policy.alias(located.owner.name, module) != module:
        return _without_module(module, name)
    reason = base_policy.refusal(located.owner.name, f"{module}:{name}")
    if thing is not None and not reason and _owner_name(thing) != STDLIB:
        reason = base_policy.refusal(_owner_name(thing), thing.key)
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
    holder = _enclosing_class(thing)
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


def _owner_name(thing: Thing) -> str:
    located = locate(thing.module)
    if located is None:
        return ""
    return STDLIB if located.owner.kind == STDLIB else located.owner.name


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
        keys += [thing.key, _public(thing.key)]
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


def _public(key: str) -> str:
    module, _, name = key.partition(":")
    return f"{_STDLIB_NAMES.get(module, module)}:{name}"


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
        return _judge_class(module, name, thing)
    if thing.kind == "function":
        return _judge_function(module, name, thing)
    if thing.kind == "external":
        return _judge_external(module, name, thing, located, reductions)
    return _judge_value(module, name, thing, reductions)


# -- classes --------------------------------------------------------------------------------------


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
        return verdict
    case = Case(verdict.module, verdict.name, thing, verdict.kind)
    case.resume(verdict, operation)
    if operation.startswith(METHOD):
        judge_use(case, operation[len(METHOD) :])
    elif operation == FILL:
        _judge_fill(case)
    elif thing.kind == "class":
        _judge_call(case, reductions)
    else:
        _judge_function_call(case, reductions)
    return case.verdict()


def _every(thing: Thing) -> dict[str, Any]:
    """Return the reviewed traits of every class in the distribution that defines a thing."""
    return base_policy.every(_owner_name(thing)) if thing.kind in ("class", "value") else {}


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
        if summary.hits:
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
        traits.update({k: v for k, v in _every(self.thing).items() if k != "why"})
        if self.unproven:
            traits["unproven"] = _fewer(self.unproven)
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


_MOST_SHOWN = 3
"""Places that could not be followed which are kept for each method that a class runs."""


def _fewer(doubts: Iterable[str]) -> list[str]:
    """Return a few of the places that could not be followed, for each method some."""
    kept: dict[str, list[str]] = {}
    for doubt in sorted(set(doubts)):
        kept.setdefault(doubt.partition(": ")[0], []).append(doubt)
    return [doubt for some in kept.values() for doubt in some[:_MOST_SHOWN]]


def _judge_class(module: str, name: str, thing: Thing) -> Verdict:
    case = Case(module, name, thing, "class")
    line = lineage(thing)
    case.files |= {base.source.module.file for base in line.mro if base.source is not None}
    keys = {_public(base.key) for base in line.mro}
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
    own_names = _own_special_names(thing)
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


def _is_own_special(name: str) -> bool:
    """Tell whether a name looks special but is data: a name to show, or nobody's protocol."""
    if not (name.startswith("__") and name.endswith("__")):
        return False
    return name in _NAMING or name not in _PROTOCOL


def _own_special_names(thing: Thing) -> list[str]:
    """Return the naming attributes that the class's own code gives its instances.

    ``numpy.vectorize`` and ``functools.update_wrapper`` users make their instances look like the
    function that they wrap; the names are data on an instance.
    """
    found: set[str] = set()
    for base in lineage(thing).mro:
        if base.kind != "class" or base.node is None or base.source is None:
            continue
        if _KEEPS_NAMES.search(base.source.text):
            found |= _special_names_kept(base.node)
        if base.source.module.owner.kind == STDLIB or not _NAMES_ITSELF.search(base.source.text):
            continue
        for function in functions(base.node):
            if may_hold(function, _NAMES_ITSELF):
                found |= _special_names_set(function)
        for function in functions(base.source.tree):
            if may_hold(function, _NAMES_ANOTHER):
                found |= _special_names_given(function, base.name)
    return sorted(found)


def _special_names_set(function: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in nodes(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and _is_own_special(node.attr):
                found.add(node.attr)
        elif isinstance(node, ast.Call) and _UPDATES_NAMES.search(ast.unparse(node.func)):
            found |= _NAMING
    return found


def _special_names_given(function: ast.AST, cls: str) -> set[str]:
    """Return the names by which a function of the module shows objects of the class.

    pytensor makes elementwise operations look like the functions that describe them
    (pytensor/tensor/elemwise.py, scalar_elemwise).
    """
    found = [*nodes(function)]
    made = {
        target.id
        for node in found
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if isinstance(node.value.func, ast.Name) and node.value.func.id == cls
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        node.attr
        for node in found
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id in made and node.attr in _NAMING
    }


def _special_names_kept(cls: ast.AST) -> set[str]:
    """Return the texts that a class keeps to name attributes by: ``IMMUTABLE = "__immutable__"``.

    yacs' configurations, which training frameworks put into checkpoints, have such (yacs 0.1.8
    config.py). Names of any protocol are none of them, whatever a class keeps.
    """
    kept = {
        statement.value.value
        for statement in getattr(cls, "body", ())
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }
    return {t for t in kept if isinstance(t, str) and _is_own_special(t)} - _NAMING


def _forbidden_base(mro: Iterable[Thing]) -> str:
    for base in mro:
        key = _public(base.key)
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
        known = all(base_policy.look_up(STDLIB, _public(b.key)) for b in externals if b != OBJECT)
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
    _take_state_rule(case)
    if setter is None and is_made(case.thing, "__setstate__"):
        case.refuse(MADE.format("__setstate__"), STATE)
    if setter is None:
        return
    reviewed = base_policy.look_up_definition(_owner_name(setter), setter.key)
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


def _take_state_rule(case: Case) -> None:
    """Take the reviewed rule for the state of a class or of a base, compiled ones among them."""
    for base in lineage(case.thing).mro or [case.thing]:
        line = base_policy.look_up_definition(_owner_name(base), f"{base.key}.__setstate__")
        if line is not None:
            case.traits["state_rule"] = line.rule
            return


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


def _judge_fill(case: Case) -> None:
    """``APPENDS`` and ``SETITEMS`` run the item methods, or those of a builtin base."""
    if FILL in case.refusals:
        return
    keys = {_public(base.key) for base in lineage(case.thing).mro}
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


def _judge_call(case: Case, reductions: Reductions) -> None:
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
        if _public(base.key) in (OBJECT.key, "typing:Generic"):
            continue
        line = base_policy.look_up(STDLIB, _public(base.key))
        if line is not None and CALL in line.ops and line.kind == "class":
            own_init = python_method(thing, "__init__") or python_method(thing, "__new__")
            where = f"{thing.where} inherits the reducer of {_public(base.key)}"
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


# -- functions, values, extension modules ---------------------------------------------------------


def _judge_function(module: str, name: str, thing: Thing) -> Verdict:
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
    owner = _enclosing_class(thing)
    if owner is not None and asked is not None and owner.key in {b.key for b in lineage(asked).mro}:
        owner = asked
    tainted = {*parameters(thing, False), *([ALL_STATE] if owner is not None else ())}
    return reach(thing, owner, frozenset(tainted))


def _judge_function_call(case: Case, reductions: Reductions) -> None:
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


def _enclosing_class(thing: Thing) -> Thing | None:
    return _asked_class(thing.module, thing.name)


def _asked_class(module: str, name: str) -> Thing | None:
    """Return the class of the name of a method."""
    outer = name.rpartition(".")[0]
    found = resolve(module, outer) if outer else None
    return found if found is not None and found.kind == "class" else None


def _judge_value(module: str, name: str, thing: Thing, reductions: Reductions) -> Verdict:
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


def _judge_external(
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
    _take_state_rule(case)
    if known.reduces_to_class or evidence:
        case.grants[CALL] = known.reduces_to_class or evidence
    else:
        case.traits[UNREDUCED] = True
        case.refuse("its files show no reducer that returns it", CALL)
    return case.verdict()
