"""A name in the stream to the live object, and the proof that it is the one that was judged."""

from __future__ import annotations

import os
import sys
import types

from pickleball_hook.judging import safe_globals
from policy_cache import policies
from policy_cache.model import (
    CALL,
    COMPUTES,
    CONSTRUCT,
    FILL,
    REFER,
    STATE,
    UNREDUCED,
    Verdict,
    joined_traits,
    refused,
)
from policy_cache.source.locate import main_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from pickleball_hook.judging.guard import Guard

_MAIN = ("__main__", "__mp_main__")

CALLABLE_KINDS = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.ModuleType,
    types.GenericAlias,
)
"""Types whose instances run code, or lead to some, when they are used."""
_COMPILED = frozenset(["cython_function_or_method", "fused_cython_function"])
"""Types of functions, in a module by Cython's version (Cython/Utility/CythonFunction.c)."""


class CallOnly:
    """Stands on the stack for a global that may be called but not handed out.

    ``getattr`` and its like are needed by honest files as the callable of a REDUCE. As data they
    would be tools in whoever's hands; a stand-in that reaches the result refuses the file.
    """

    __slots__ = ()


def is_compiled_function(value: object) -> bool:
    """Tell whether a value is a function of Cython's: what its module has is not held by it."""
    kind = type(value)
    return kind.__name__ in _COMPILED and home_of(kind).startswith("_cython_")


def home_of(cls: type) -> str:
    """Return the name of the module of a class.

    Before 3.2, Cython's classes of functions have a member ``__module__`` for their instances,
    which the class shows for its own. What a class is called by ``repr`` is then its whole name
    (CPython Objects/typeobject.c, ``type_repr``).
    """
    module = cls.__module__
    if isinstance(module, str):
        return module
    return type.__repr__(cls)[len("<class '") : -len("'>")].rpartition(".")[0]


def mapped(module: str, name: str, proto: int, fix_imports: bool) -> tuple[str, str]:
    """Map a Python 2 name, as ``find_class`` does below protocol 3 (CPython Lib/pickle.py)."""
    if proto < 3 and fix_imports:
        import _compat_pickle

        if (module, name) in _compat_pickle.NAME_MAPPING:
            return _compat_pickle.NAME_MAPPING[module, name]
        return _compat_pickle.IMPORT_MAPPING.get(module, module), name
    return module, name


def judge_request(guard: Guard, module: str, name: str) -> Verdict | None:
    """Judge a name before anything of it is imported.

    Returns
    -------
    Verdict or None
        None if static analysis finds no such name: plain Python then decides whether there is
        one, and what it finds is judged by its own identity.

    Raises
    ------
    PolicyViolation
        If the name resolves to something that may not even be referred to.
    """
    listed = safe_globals.verdict(module, name)
    if listed is not None:
        return listed
    verdict = policies.verdict(module, name)
    if verdict.open:
        reason = policies.reason_against_import(module) or reason_against_walk(module, name)
        if reason:
            guard.refuse(f"{module}.{name}", "GLOBAL", reason)
        return None
    if not verdict.grants and verdict.kind != "live":
        if is_missing(module, name):
            return None
        guard.refuse(_named(verdict), "GLOBAL", verdict.why_not(REFER))
        return verdict
    home = verdict.target.partition(":")[0]
    reason = policies.reason_against_import(module, guard.file)
    reason = reason or policies.reason_against_import(home, guard.file)
    if reason:
        guard.refuse(_named(verdict), "GLOBAL", reason)
    return verdict


def is_missing(module: str, name: str) -> bool:
    """Tell whether an imported module lacks a name, and plain Python will say so.

    Nothing computes the attributes of a plain module without a ``__getattr__`` (PEP 562), nor those
    of a function. Below protocol 4 a dotted name is one name.
    """
    holder = sys.modules.get(module)
    if type(holder) is not types.ModuleType or "__getattr__" in vars(holder):
        return False
    first, *rest = name.split(".")
    if name in vars(holder) or first not in vars(holder):
        return name not in vars(holder)
    found = vars(holder)[first]
    return type(found) in _FUNCTIONS and not hasattr(found, rest[0])


_FUNCTIONS = (types.BuiltinFunctionType, types.FunctionType)


def reason_against_walk(module: str, name: str) -> str:
    """Return why the parts of a dotted name that analysis does not find are not looked up.

    A library may import a module when it is asked for its name as an attribute (PEP 562), and
    attributes of objects may be computed.
    """
    holder, dot, _ = name.rpartition(".")
    if not dot:
        return ""
    found = policies.verdict(module, holder)
    if found.traits.get(COMPUTES):
        return f"{module}.{holder} computes its attributes, by code that may act"
    if found.kind in ("class", "enum") or _is_own_class(module, holder):
        return ""
    return f"{module}.{holder} is no class whose attributes a file may name"


def _is_own_class(module: str, name: str) -> bool:
    """Tell whether a name is a live class of the program: nothing is computed to find it."""
    if module not in _MAIN and not policies.is_worked_on(module):
        return False
    holder: object = sys.modules.get(module)
    for part in name.split("."):
        holder = vars(holder).get(part) if isinstance(holder, (type, types.ModuleType)) else None
    return isinstance(holder, type)


def accept(guard: Guard, value: object, verdict: Verdict | None, module: str, name: str) -> None:
    """Check that a resolved object is what was judged, and remember it under its verdict.

    Raises
    ------
    PolicyViolation
        If it is something else that is not permitted in its own right.
    """
    if guard.verdict_of(value) is not None:
        return
    if verdict is not None and verdict.kind != "live" and _is_target(value, verdict):
        guard.grant(value, _compiled_enum_verdict(value, verdict) or verdict)
        return
    own = (
        own_verdict(value)
        or _member_verdict(value, module, name)
        or _singleton_verdict(value, module, name)
        or _compiled_verdict(value, module, name)
        or _named_tuple_verdict(value, module, name)
        or _derived_verdict(value)
        or _message_verdict(value)
    )
    if own is None:
        guard.refuse(
            f"{module}.{name}",
            "GLOBAL",
            f"it resolves to {_describe(value)}, which is not what the source of {module} says, "
            "and has no permitted name of its own",
        )
        return
    if not own.grants:
        guard.refuse(_named(own), f"GLOBAL (named {module}.{name})", own.why_not(REFER))
    guard.grant(value, own)


def inherit(guard: Guard, values: Iterable[object]) -> None:
    """Judge what earlier loads of the same unpickler left in its memo, by its own names."""
    for value in values:
        own = own_verdict(value) if isinstance(value, CALLABLE_KINDS) else None
        if own is not None and own.grants:
            guard.grant(value, own)


def accept_from_program(guard: Guard, value: object, outer: object, module: str, name: str) -> None:
    """Judge what the program's own ``find_class`` or ``persistent_load`` gave for a name.

    Data it may give as it likes. A class or function is judged by its own identity, unless the
    program itself defines it, or it comes from the module of the very unpickler that gives it.
    """
    if guard.verdict_of(value) is not None:
        return
    if not isinstance(value, CALLABLE_KINDS) and not callable(value):
        grants = {REFER: f"{type(outer).__qualname__} of the program gave it for {module}.{name}"}
        target = f"{type(value).__module__}:{type(value).__qualname__}"
        guard.grant(value, Verdict(module, name, "constant", target, grants, {}))
        return
    home = getattr(value, "__module__", None)
    own = isinstance(home, str) and (
        home == type(outer).__module__ or policies.owner_kind(home) == "program"
    )
    if own and own_verdict(value) is None:
        evidence = f"{type(outer).__qualname__} of the program gave it for {module}.{name}"
        operations = (REFER, CONSTRUCT, CALL, STATE, FILL)
        target = f"{home}:{getattr(value, '__qualname__', name)}"
        grants = dict.fromkeys(operations, evidence)
        kind = "class" if isinstance(value, type) else "function"
        guard.grant(value, Verdict(module, name, kind, target, grants, {}))
        return
    accept(guard, value, None, module, name)


def _named(verdict: Verdict) -> str:
    asked, target = f"{verdict.module}.{verdict.name}", verdict.target.replace(":", ".")
    return asked if asked == target else f"{asked} (that is {target})"


def _describe(value: object) -> str:
    kind = type(value)
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str):
        return f"{getattr(value, '__module__', None)}.{name}"
    return f"an instance of {kind.__module__}.{kind.__qualname__}"


def _is_target(value: object, verdict: Verdict) -> bool:
    """Tell whether `value` is the very object that the canonical name of a verdict stands for."""
    live = verdict.traits.get("live")
    if live is not None:
        return live == "numpy" and is_numpy_kind(value)
    if "object" in verdict.traits:
        return verdict.traits["object"] is value
    module, _, qualname = verdict.target.partition(":")
    holder = sys.modules.get(module)
    if holder is None or not _is_from(holder, verdict.origin):
        return False
    found = _walk(holder, qualname)
    if found is not value and not _same_method(found, value):
        return False
    return verdict.kind in ("constant", "unresolved") or _fits_kind(value, verdict.kind)


def _same_method(found: object, value: object) -> bool:
    """Bound methods are made anew at each look-up: equal ones are the same method."""
    return (
        type(found) is type(value)
        and isinstance(value, (types.MethodType, types.BuiltinMethodType))
        and bool(found == value)
    )


def _fits_kind(value: object, kind: str) -> bool:
    if kind in ("class", "enum"):
        return isinstance(value, type)
    return not isinstance(value, (type, types.ModuleType))


def _is_from(module: types.ModuleType, origin: str) -> bool:
    """Tell whether a live module was loaded from the file that was analysed."""
    file = getattr(module, "__file__", None)
    if not origin:
        is_main = module is sys.modules.get("__main__") and not main_file()
        return file is None or is_main or policies.is_stdlib_file(file)
    if not isinstance(file, str):
        return policies.is_stdlib_file(origin)  # frozen
    return _same_file(file, origin)


def _same_file(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.endswith((".so", ".pyd")) and other.endswith(".py"):  # compiled from that very file
        return os.path.realpath(one).partition(".")[0] == os.path.realpath(other).partition(".")[0]
    return os.path.realpath(one) == os.path.realpath(other)


def _walk(holder: object, qualname: str) -> object:
    for part in qualname.split("."):
        if part == "<locals>":
            return None
        try:
            holder = getattr(holder, part)
        except Exception:  # a module may import what it is asked for (PEP 562), and fail
            return None
    return holder


def is_numpy_kind(value: object) -> bool:
    """Tell whether an object is a ufunc, scalar type or dtype class of numpy's kind."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        return False
    if type(value) is numpy.ufunc:
        return True
    return isinstance(value, type) and issubclass(value, (numpy.generic, numpy.dtype))


def is_array_class(value: object) -> bool:
    """Tell whether an object is numpy's own class of arrays."""
    numpy: Any = sys.modules.get("numpy")
    return numpy is not None and value is numpy.ndarray


def own_verdict(value: object) -> Verdict | None:
    """Judge an object by the name that it bears itself.

    For what the program has put in place of a library's object before the load (tracing proxies,
    patched classes) and for names that a module makes at run time.
    """
    is_numpys = is_numpy_kind(value)
    if is_numpys and _is_nameless_dtype(value):
        return policies.verdict("numpy", "dtype")
    verdict = _named_verdict(value) or _builtin_kind(value)
    return policies.numpy_kind() if verdict is None and is_numpys else verdict


def _is_nameless_dtype(value: Any) -> bool:
    """Tell whether a class is that of numpy's dtypes of one scalar type, ``dtype[float64]``.

    Before numpy 1.25 they were no attributes of a module (NEP 42; numpy/core/src/multiarray/
    dtypemeta.c, dtypemeta_wrap_legacy_descriptor).
    """
    numpy: Any = sys.modules["numpy"]
    if not isinstance(value, type) or value.__module__ != "numpy":
        return False
    if not issubclass(value, numpy.dtype) or value is numpy.dtype:
        return False
    scalar = getattr(value, "type", None)
    return isinstance(scalar, type) and type(numpy.dtype(scalar)) is value


def _builtin_kind(value: object) -> Verdict | None:
    """Judge a builtin type that no module exports (iterators), by the name that it bears."""
    heap_type = 1 << 9  # CPython Include/object.h, Py_TPFLAGS_HEAPTYPE
    if not isinstance(value, type) or value.__flags__ & heap_type or value.__module__ != "builtins":
        return None
    verdict = policies.verdict("builtins", value.__qualname__)
    return verdict if verdict.grants else None


def _member_verdict(value: object, module: str, name: str) -> Verdict | None:
    """Judge a member of an Enum that its module gives a name of its own (``ssl.PROTOCOL_TLS``).

    Python 3.10 to 3.12 write the members of converted and global Enums by that name (CPython
    Lib/enum.py, ``_convert_`` and ``global_enum``).
    """
    from enum import Enum

    if not isinstance(value, Enum):
        return None
    cls = own_verdict(type(value))
    if cls is None or cls.kind != "enum" or REFER not in cls.grants:
        return None
    evidence = f"a member of {type(value).__module__}.{type(value).__qualname__}"
    return Verdict(module, name, "constant", f"{module}:{name}", {REFER: evidence}, {})


def _singleton_verdict(value: object, module: str, name: str) -> Verdict | None:
    """Judge an instance that its own reducer pickles by this very name (``pandas.NA``).

    The reducer is library code run on the library's own object, which exists already.
    """
    if isinstance(value, (type, types.FunctionType, types.ModuleType)):
        return None
    if isinstance(value, types.BuiltinFunctionType) and _sounds_like_acting(name):
        return None
    if policies.owner_kind(module) not in ("distribution", "program"):
        return None
    try:
        reduced = type(value).__reduce_ex__(value, 4)
    except Exception:  # it cannot be pickled at all
        return None
    if not isinstance(reduced, str) or reduced != name:
        return None
    evidence = f"{type(value).__module__}.{type(value).__qualname__}.__reduce__ returns its name"
    return Verdict(module, name, "constant", f"{module}:{name}", {REFER: evidence}, {})


_ACTING = frozenset(
    [
        *("call", "connect", "delete", "dump", "dumps", "eval", "exec", "execute", "file", "fork"),
        *("import", "kill", "load", "loads", "mkdir", "open", "process", "remove", "rename", "run"),
        *("save", "send", "spawn", "system", "unlink", "unpickle", "write"),
    ]
)
"""Words in the names of compiled functions that do more than compute."""


def _sounds_like_acting(name: str) -> bool:
    """Tell whether a compiled function's name has such a word: ``imwrite``, ``from_file``.

    What it does cannot be read, and who has been handed it may call it with texts of the file.
    """
    import re

    words = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower())
    return any(word in _ACTING or word.endswith(("write", "save")) for word in words)


_CONSTRUCTORS = ("__new__", "__init__", "__post_init__", "__reduce__", "__reduce_ex__")
_ACTING_MODULES = ("subprocess", "socket", "_socket", "ctypes", "_ctypes", "io", "_io", "mmap")


def is_compiled(cls: type, only: bool = False) -> bool:
    """Tell whether a class and all its bases, or it `only`, run no Python code of themselves."""
    for base in (cls,) if only else cls.__mro__:
        for name, value in vars(base).items():
            part = getattr(value, "__func__", value)
            added = isinstance(part, types.FunctionType) and _is_called_by_name(name)
            if _has_python_code(part) and not added:
                return False
        if base.__module__ in _ACTING_MODULES:
            return False
    return True


def _has_python_code(part: object) -> bool:
    """Tell whether an attribute of a class is a function, or a property with one.

    pybind11 makes properties of builtin functions, nanobind of compiled methods of its own.
    """
    if isinstance(part, property):
        return not all(map(_is_compiled_accessor, (part.fget, part.fset, part.fdel)))
    return isinstance(part, types.FunctionType)


def _is_compiled_accessor(accessor: object) -> bool:
    kind = type(accessor)
    return kind in (type(None), types.BuiltinFunctionType) or kind.__module__ == "nanobind"


def _is_called_by_name(name: str) -> bool:
    """Tell whether a method runs only when somebody calls it: libraries add such (rdkit does)."""
    return not name.startswith("__") and name not in ("append", "extend", "add")


def inherits_reducer(cls: object, verdict: Verdict) -> bool:
    """Tell whether a class reduces to itself by the reducer of a compiled base.

    Which base a compiled class has cannot be read from its file; the live class shows it. What
    else a call runs has been judged: this only stands in for the reducer that the source does not
    show. A base whose line in the base policy grants no call has been reviewed (numpy's arrays
    reduce to a function, and so do their subclasses).
    """
    if not isinstance(cls, type) or not verdict.traits.get(UNREDUCED):
        return False
    for base in cls.__mro__:
        if "__reduce__" in vars(base) and base is not object:
            if base is cls or _is_generated(vars(base)["__reduce__"]):
                return False
            known = policies.verdict(base.__module__, base.__qualname__, CALL)
            if CALL in known.grants and _is_target(base, known):
                return True
            if any("base policy" in evidence for evidence in known.grants.values()):
                return False
            return policies.owner_kind(base.__module__) == "distribution" and is_compiled(base)
        if base is not cls and _has_constructor(base):
            return False  # the analysis may have seen another base in its place
    return False


def _is_generated(reducer: object) -> bool:
    """Tell whether Cython has put a reducer in place: it names ``__pyx_unpickle_X``, or only fails.

    Never the class itself (Cython Compiler/ParseTreeTransforms.py, ``_inject_pickle_methods``).
    """
    return getattr(reducer, "__name__", "") == "__reduce_cython__"


def _has_constructor(cls: type) -> bool:
    return any(isinstance(vars(cls).get(name), types.FunctionType) for name in _CONSTRUCTORS)


def _named_tuple_verdict(value: object, module: str, name: str) -> Verdict | None:
    """Judge a tuple class that a library's own factory has made, and that is plain but for that.

    ``scipy.stats`` and others build such result classes at run time, by a template of their own.
    """
    if not isinstance(value, type) or not issubclass(value, tuple):
        return None
    if (
        policies.owner_kind(module) != "distribution"
        or _walk(sys.modules[module], name) is not value
    ):
        return None
    acting = ("__setstate__", "__del__", "__getattribute__", "__hash__", "__eq__", "__reduce__")
    for base in value.__mro__:
        if base not in (tuple, object) and any(method in vars(base) for method in acting):
            return None
    evidence = f"a tuple class that {module} makes at run time"
    grants = dict.fromkeys((REFER, CONSTRUCT, STATE), evidence)
    return Verdict(module, name, "class", f"{module}:{name}", grants, {}, "", {"fresh": True})


_NO_CODE = frozenset(
    [
        *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__slotnames__"),
        *("__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__", "__hash__"),
        *("__annotations__", "__firstlineno__", "__static_attributes__", "__slots__"),
    ]
)
"""What a class statement or ``type(name, bases, {})`` leaves in a class that adds no code."""

_WHEN_PICKLED = frozenset(["__reduce__", "__reduce_ex__", "__getstate__", "__repr__"])
"""Methods that run when an object is pickled or shown, never for its load."""


def _derived_verdict(value: object) -> Verdict | None:
    """Judge a class that is made at run time of others, and adds nothing to them.

    All that runs is its bases' (``torch_geometric`` joins a batch and a kind of graph so), and
    what they permit together it permits, under whatever name it goes.
    """
    if not isinstance(value, type) or not all(_is_bare(*item) for item in vars(value).items()):
        return None
    if vars(value).get("__hash__") is not None or vars(value).get("__slots__"):
        return None
    bases = [own_verdict(base) for base in value.__bases__]
    judged = [verdict for verdict in bases if verdict is not None]
    if len(judged) < len(bases) or any(
        verdict.kind != "class" or _is_ruled(verdict) for verdict in judged
    ):
        return None
    shared = [op for op in (REFER, CONSTRUCT, STATE) if all(op in v.grants for v in judged)]
    evidence = f"made of {', '.join(verdict.target for verdict in judged)}, with nothing of its own"
    traits = joined_traits([verdict.traits for verdict in judged])
    files = tuple(sorted({file for verdict in judged for file in verdict.files}))
    grants = dict.fromkeys(shared, evidence)
    module, name = value.__module__, value.__qualname__
    target = f"{module}:{name}"
    return Verdict(module, name, "class", target, grants, {}, "", traits, judged[0].origin, files)


def _is_bare(name: str, value: object) -> bool:
    """Tell whether an attribute of a class has no code that a load runs."""
    if name in _NO_CODE or (name in _WHEN_PICKLED and isinstance(value, types.FunctionType)):
        return True
    return not name.startswith("__") and type(value) in (str, int, float, bool, type(None))


def _is_ruled(verdict: Verdict) -> bool:
    return bool(verdict.rule or verdict.traits.get("state_rule"))


def _message_verdict(value: object) -> Verdict | None:
    """Judge a class of protocol buffer messages, which its module makes of a description.

    ``Message.__reduce__`` calls the class without arguments and sets the bytes of the message
    (google/protobuf/message.py); the classes themselves are compiled and add no code.
    """
    home = sys.modules.get("google.protobuf.message")
    message = getattr(home, "Message", None)
    if not isinstance(message, type) or not isinstance(value, type):
        return None
    if not issubclass(value, message) or policies.owner_kind("google.protobuf.message") != (
        "distribution"
    ):
        return None
    own = value.__mro__[: value.__mro__.index(message)]
    if not all(is_compiled(base, only=True) or _only_shows(base) for base in own):
        return None
    file = str(getattr(home, "__file__", ""))
    evidence = f"{file} a message class: its reducer returns it, its state is bytes"
    grants = dict.fromkeys((REFER, CONSTRUCT, CALL, STATE), evidence)
    target = f"{value.__module__}:{value.__qualname__}"
    traits: dict[str, Any] = {"custom_state": True, "fresh": True}
    module, name = value.__module__, value.__qualname__
    return Verdict(module, name, "class", target, grants, {}, "literal_args", traits, file, (file,))


def _only_shows(cls: type) -> bool:
    """Tell whether the Python code of a message class is a judged ``__repr__`` (onnx adds one)."""
    functions = {n: part for n, part in vars(cls).items() if isinstance(part, types.FunctionType)}
    shown = own_verdict(functions.pop("__repr__", None))
    return shown is not None and REFER in shown.grants and not functions


def _compiled_verdict(value: object, module: str, name: str) -> Verdict | None:
    """Judge a class of an extension module whose files do not name it (pybind11, Boost.Python).

    Such a class is made for pickling if it has a reducer of its own; Boost.Python says so by
    ``__safe_for_unpickling__``, since its base class has a ``__reduce__`` that only complains.
    """
    if not isinstance(value, type) or issubclass(value, (type, types.ModuleType)):
        return None
    holder = sys.modules.get(module)
    bases = value.__mro__
    if holder is None or _walk(holder, name) is not value:
        return None
    if policies.owner_kind(module) != "distribution" or not is_compiled(value):
        return None
    if any("__class__" in vars(base) for base in bases if base is not object):
        return refused(module, name, "its objects stand for others, whose attributes they hand on")
    evidence = f"a compiled class of {getattr(holder, '__file__', module)}"
    grants = dict.fromkeys((REFER, CONSTRUCT, STATE), evidence)
    reducers = [
        n for n in ("__reduce__", "__reduce_ex__") if getattr(value, n) is not getattr(object, n)
    ]
    reducers = [n for n in reducers if not _is_generated(getattr(value, n))]
    boost = any(base.__module__.startswith("Boost.Python") for base in bases)
    if reducers and (not boost or getattr(value, "__safe_for_unpickling__", False)):
        grants[CALL] = f"{evidence} that defines {reducers[0]}"
    traits = {"bare_new": True, "unproven": [f"{module}:{name} is compiled"]}
    return Verdict(module, name, "class", f"{module}:{name}", grants, {}, "", traits)


def _compiled_enum_verdict(value: object, verdict: Verdict) -> Verdict | None:
    """Judge an Enum of an extension module, which its files show as a class (``pandas`` has some).

    Its members are written as calls of it with their values (CPython Lib/enum.py,
    ``Enum.__reduce_ex__``), which look them up and run nothing of the class.
    """
    if not isinstance(value, type) or verdict.kind != "class" or verdict.origin.endswith(".py"):
        return None
    enum: Any = sys.modules.get("enum")  # imported, if there are any
    if enum is None or type(value) is not enum.EnumMeta:
        return None
    missing: Any = value._missing_  # type: ignore[attr-defined]
    if (
        value.__new__ is not enum.Enum.__new__
        or missing.__func__ is not enum.Enum._missing_.__func__
    ):
        return None
    evidence = f"{verdict.grants.get(REFER, verdict.origin)}, an Enum"
    grants = dict.fromkeys((REFER, CALL), evidence)
    reason = "members of an Enum exist once: they are looked up, never made or changed"
    refusals = dict.fromkeys((CONSTRUCT, STATE, FILL), reason)
    return verdict._replace(kind="enum", grants=grants, refusals=refusals, rule="enum_call")


def _named_verdict(value: object) -> Verdict | None:
    module, qualname = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualname, str):
        return None
    if isinstance(value, types.ModuleType) or module not in sys.modules:
        return None
    verdict = policies.verdict(module, qualname)
    if verdict.kind == "live" or verdict.open:
        own = module in _MAIN or policies.is_worked_on(module)
        return _live_verdict(value, module, qualname) if own else None
    return verdict if _is_target(value, verdict) else None


def _live_verdict(value: object, module: str, qualname: str) -> Verdict | None:
    """Judge what no source of the program shows: typed at a prompt, or made at run time."""
    if _walk(sys.modules[module], qualname) is not value:
        return None
    from policy_cache.analysis import living

    return living.verdict(value, module, qualname)


def method_verdict(cls: type, name: str, value: object) -> Verdict | None:
    """Judge an attribute of a class of the program that no source shows."""
    if isinstance(value, type):
        return own_verdict(value)
    module = cls.__module__
    if module not in _MAIN and not policies.is_worked_on(module):
        return None
    from policy_cache.analysis import living

    return living.verdict(value, module, f"{cls.__qualname__}.{name}")
