"""Argument and state rules: what is safe only with some values, judged with those values in hand.

Each rule of ``policy_cache/base/README.md`` is one function here. It gets the operation, the
object that undergoes it and the operands, and returns the reason why not, or ``""``. A rule that
is named in a policy but not defined refuses. Those of single libraries are in `library_rules`.
"""

from __future__ import annotations

import functools
import math
import sys
import types
from enum import Enum

from policy_cache import policies
from policy_cache.model import CALL, CONSTRUCT, FILL, REFER, STATE, TEXTLESS, UNREDUCED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pickleball_hook.guard import Guard
    from policy_cache.model import Verdict

_SCALARS = frozenset([int, float, complex, bool, str, bytes, type(None)])
_CONTAINERS = frozenset([tuple, list, dict, set, frozenset])
_TEXT_CODECS = frozenset(
    ["latin1", "latin-1", "utf-8", "utf8", "ascii", "raw_unicode_escape", "raw-unicode-escape"]
)
_LITERAL_BUDGET = 1_000_000
_RE_DEBUG = 128


def check(
    guard: Guard, verdict: Verdict, operation: str, target: Any, operands: tuple[Any, ...]
) -> None:
    """Apply the rule of a verdict to an operation.

    Raises
    ------
    PolicyViolation
        If the rule forbids the operands.
    """
    name = verdict.rule
    if not name:
        name = verdict.traits.get({CALL: "call_rule", STATE: "state_rule"}.get(operation, ""), "")
    if not name:
        return
    rule = RULES.get(name) or _of_library(name)
    reason = rule(guard, operation, target, operands) if rule else f"the rule {name} is not known"
    if reason:
        guard.refuse(guard.name(target), _OPCODES[operation], reason)


def _of_library(name: str) -> Callable[[Guard, str, Any, tuple[Any, ...]], str] | None:
    from pickleball_hook import library_rules

    return library_rules.RULES.get(name)


_OPCODES = {CALL: "REDUCE", CONSTRUCT: "NEWOBJ", STATE: "BUILD", FILL: "APPENDS/SETITEMS"}

OWNS_STATE = frozenset(
    ["literal_args", "bytesio", "partial", "signature", "cookie", "numpy_dtype", "numpy_array"]
)
"""Rules that look at the whole state themselves."""


def after_call(guard: Guard, verdict: Verdict, args: tuple[Any, ...], value: object) -> None:
    """Judge what a call gave, where that is a name of its own (``getattr``)."""
    if verdict.rule == "getattr":
        _grant_attribute(guard, args, value)
    elif verdict.rule == "type_table":
        _grant_type(guard, verdict, value)
    elif verdict.rule == "type_expression":
        guard.grant(value, verdict._replace(grants={REFER: "a parametrized type"}))
    elif verdict.rule == "named_function":
        from pickleball_hook import library_rules

        library_rules.grant_named_function(guard, value)
    elif verdict.rule in ("spark_type", "spark_row"):
        from pickleball_hook import library_rules

        library_rules.grant_spark(guard, verdict, value)


# -- values ---------------------------------------------------------------------------------------


def is_literal(value: Any, members: bool = False) -> bool:
    """Tell whether a value is built of exact builtin scalars and containers only.

    Or of those and `members` of enumerations of the standard library: constants that exist anyway.
    """
    waiting = [value]
    for _ in range(_LITERAL_BUDGET):
        if not waiting:
            return True
        value = waiting.pop()
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind not in _CONTAINERS:
            if members and isinstance(value, Enum) and _is_standard(kind):
                continue
            return False
        if kind is dict:
            waiting += value.keys()
            waiting += value.values()
        else:
            waiting += value
    return False


def _is_plain(guard: Guard, value: Any) -> bool:
    """Tell whether a value is of an exact builtin type, or of a closed one, without looking in."""
    kind = type(value)
    if kind in _SCALARS or kind in _CONTAINERS or kind in (bytearray, slice, range):
        return True
    if kind.__module__ == "array" or kind.__name__.endswith("iterator"):
        return kind.__module__ in ("array", "builtins")
    verdict = guard.class_verdict(kind)
    return bool(verdict.traits.get("closed"))


def _literal_args(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    literal = all(is_literal(value, members=operation == STATE) for value in operands)
    return "" if literal else "it takes literals only"


def _is_standard(cls: type) -> bool:
    """Tell whether a class is the standard library's own."""
    from policy_cache import policies

    module = sys.modules.get(cls.__module__)
    if policies.owner_kind(cls.__module__) != "stdlib" or module is None:
        return False
    return vars(module).get(cls.__qualname__) is cls


def _plain_args(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation not in (CALL, CONSTRUCT):
        return ""
    return "" if all(_is_plain(guard, v) for v in operands) else "it takes plain values only"


def _plain_pairs(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation not in (CALL, CONSTRUCT):
        return ""
    called = guard.verdict_of(target)
    skipped = called.traits.get("calls", ()) if called is not None else ()
    rest = [value for index, value in enumerate(operands) if index not in skipped]
    if not rest or (len(rest) == 1 and type(rest[0]) is dict):
        return ""
    if len(rest) == 1 and type(rest[0]) in (list, tuple):
        pairs = rest[0]
        if all(type(pair) in (list, tuple) or _is_plain(guard, pair) for pair in pairs):
            return ""
    return "it takes an exact dict, or a list of pairs"


def _tz_args(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    import datetime

    if operation not in (CALL, CONSTRUCT) or not operands:
        return ""
    *first, last = operands
    if not all(_is_plain(guard, value) for value in first):
        return "it takes plain values and a time zone"
    if _is_plain(guard, last) or isinstance(last, datetime.tzinfo):
        return ""
    return "its last argument is no time zone"


# -- builtins and the standard library ------------------------------------------------------------


def _text_codec(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation != CALL:
        return ""
    if not operands:
        return ""
    if len(operands) == 1:
        allowed = type(operands[0]) in (bytes, bytearray, int, str, list)
        return (
            ""
            if (allowed and is_literal(operands[0])) or type(operands[0]) is bytearray
            else "text only"
        )
    if type(operands[0]) in (str, bytes, bytearray) and operands[1] in _TEXT_CODECS:
        return "" if all(type(v) is str for v in operands[1:]) else "encodings are exact strings"
    return "only text codecs are permitted"


def _codecs_encode(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation == CALL and len(operands) in (1, 2) and all(type(v) is str for v in operands):
        codecs = [codec.lower() for codec in operands[1:]]
        return "" if all(codec in _TEXT_CODECS for codec in codecs) else "only text codecs"
    return "only exact text with a text codec is permitted"


def _regex(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    flags = operands[1] if len(operands) > 1 else 0
    import re

    if type(flags) is not int and not isinstance(flags, re.RegexFlag):
        return "flags are an integer"
    if int(flags) & _RE_DEBUG:
        return "re.DEBUG prints"
    return _literal_args(guard, operation, target, operands[:1])


def _type(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    called = operation == CALL and len(operands) == 1
    if called and any(operands[0] is literal for literal in (None, NotImplemented, Ellipsis)):
        return ""
    return "type() is only for None, NotImplemented and Ellipsis"


def _enum_call(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation != CALL:
        return "members of an Enum are looked up, never made or changed"
    if len(operands) == 1 and (is_literal(operands[0]) or isinstance(operands[0], Enum)):
        return ""
    return "an Enum is called with one literal, the value of a member"


def _itemgetter(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    parts = [p for v in operands for p in ((v.start, v.stop, v.step) if type(v) is slice else (v,))]
    return "" if all(map(is_literal, parts)) else "it takes literals only"


def _bytesio(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation != STATE:
        allowed = len(operands) == 0 or (
            len(operands) <= 2 and all(type(v) in (bytes, str, type(None)) for v in operands)
        )
        return "" if allowed else "it takes one exact bytes or str"
    state = operands[0]
    if type(state) is tuple and is_literal(state) and not (state and state[-1]):
        return ""
    return "its state is an exact tuple without attributes"


def _signature(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation == STATE:
        state = operands[0]
        if type(state) is tuple and len(state) == 2:
            state = state[1]
        exact = type(state) is dict and all(type(key) is str for key in state)
        return "" if exact else "its state is an exact dict"
    for value in operands:
        parts = value if type(value) in (tuple, list) else (value,)
        for part in parts:
            if not (type(part) is str or isinstance(part, Enum) or id(part) in guard.made):
                return "it takes parameters of this load"
    return ""


def _cookie(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    for value in operands:
        kind = type(value)
        if not is_literal(value) and (kind.__module__, kind.__name__) != ("http.cookies", "Morsel"):
            return "its items are exact strings and morsels"
    return ""


def _partial(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``partial(f)`` and its state: the program will call ``f``, with arguments from the file."""
    if operation == CALL:
        if not operands:
            return "it takes a function"
        return referable(guard, operands[0], operands[1:])
    state = operands[0]
    if type(state) is not tuple or len(state) != 4:
        return "its state is an exact tuple of four"
    func, args, kwargs, attributes = state
    if func is not target.func:
        return "its state names another function"
    if type(args) is not tuple or type(kwargs) is not dict or attributes not in (None, {}):
        return "its state holds an exact tuple and dict"
    return referable(guard, func, (*args, *kwargs.values()))


def referable(guard: Guard, func: Any, operands: tuple[Any, ...]) -> str:
    """Tell why a callable may not be kept with arguments that the file chose, ``""`` if it may."""
    if type(func) is functools.partial:
        return referable(guard, func.func, (*func.args, *func.keywords.values(), *operands))
    verdict = guard.verdict_of(func)
    if verdict is None and id(func) in guard.made:
        return guard.reason_against_call(func)
    if verdict is None or not isinstance(func, type):
        return guard.permits(func, REFER)
    if not operands or _only_lacks_reducer(verdict):
        return guard.permits(func, REFER)
    return guard.permits(func, CALL)


def _only_lacks_reducer(verdict: Verdict) -> bool:
    """Tell whether a call of a class is refused for want of a reducer that returns it, only.

    Its constructor then reaches no sink, as a function that may be referred to. No file calls it:
    what a partial makes is the program's to ask for.
    """
    traits = policies.verdict(verdict.module, verdict.name, CALL).traits
    return bool(traits.get(UNREDUCED)) and CALL not in traits.get(TEXTLESS, ())


def _newobj(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook.machine import check_construct

    if not operands or not isinstance(operands[0], type):
        return "it takes a class"
    check_construct(guard, operands[0], tuple(operands[1:]), "NEWOBJ")
    return ""


def _newobj_ex(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook.machine import check_construct, check_keywords

    if len(operands) != 3 or not isinstance(operands[0], type):
        return "it takes a class, a tuple and a dict"
    cls, args, kwargs = operands
    if type(args) is not tuple or type(kwargs) is not dict:
        return "it takes a class, a tuple and a dict"
    check_construct(guard, cls, (*args, *kwargs.values()), "NEWOBJ_EX")
    check_keywords(guard, cls, kwargs)
    return ""


def _reconstructor(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``copyreg._reconstructor(cls, base, state)``: protocols 0 and 1's NEWOBJ.

    With a base other than ``object`` it runs ``base.__new__(cls, state)`` and, where the base has
    an ``__init__`` of its own, ``base.__init__(obj, state)`` (CPython Lib/copyreg.py).
    """
    from pickleball_hook.machine import check_construct

    if len(operands) != 3 or not isinstance(operands[0], type):
        return "it takes a class, a base and a state"
    cls, base, state = operands
    check_construct(guard, cls, (), "NEWOBJ")
    if base is object:
        return "" if state is None else "base object has no state"
    if (
        base.__module__ != "builtins"
        or base not in cls.__mro__
        or isinstance(base, types.FunctionType)
    ):
        return "the base is a builtin type of the class"
    if type(state) is not base and not is_literal(state):
        return "the state of a builtin base is an exact value of it"
    return ""


def _getattr(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``getattr(x, "name")`` is how pickle writes methods, nested classes and Enum members."""
    if len(operands) != 2 or type(operands[1]) is not str:
        return "it takes an object and an exact name"
    holder, name = operands
    if name.startswith("__") and not _is_special_method(holder, name):
        return f"{name} is no plain method"
    if isinstance(holder, type):
        if guard.verdict_of(holder) is None:
            return "the class did not come from a name in the file"
        return _class_attribute(guard, holder, name)
    made = guard.made.get(id(holder))
    if type(holder) in _SCALARS or type(holder) in _CONTAINERS:
        if made is not None and made.value is holder and not made.fresh:
            return "the container may be somebody else's"
        return _class_attribute(guard, type(holder), name)
    if made is None or made.value is not holder:
        return "the object was not made by this load"
    attributes = getattr(holder, "__dict__", None)
    if isinstance(attributes, dict) and name in attributes:
        return "the object's state shadows the method"
    return _class_attribute(guard, type(holder), name)


_SPECIAL = frozenset(["__hash__", "__call__", "__len__", "__getitem__", "__contains__", "__iter__"])
"""Methods of the data model that programs keep as callables (trimesh its ``__hash__``)."""


def _is_special_method(holder: Any, name: str) -> bool:
    """Tell whether a special name is a method of an object, in Python: to be judged like others."""
    if isinstance(holder, type) or name not in _SPECIAL:
        return False
    return isinstance(_lookup(type(holder), name), types.FunctionType)


def _class_attribute(guard: Guard, cls: type, name: str) -> str:
    found = _lookup(cls, name)
    if isinstance(found, cls) and isinstance(found, Enum):
        return ""
    if isinstance(
        found,
        (
            types.FunctionType,
            classmethod,
            staticmethod,
            type,
            types.MethodDescriptorType,
            types.ClassMethodDescriptorType,
            types.BuiltinFunctionType,
        ),
    ):
        return ""
    if type(found).__name__ == "cython_function_or_method":
        return ""
    return f"{cls.__module__}.{cls.__qualname__}.{name} is no plain method"


def _lookup(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def _grant_attribute(guard: Guard, args: tuple[Any, ...], value: object) -> None:
    """Judge what ``getattr`` gave as the global ``Class.name``."""
    from pickleball_hook import names
    from policy_cache import policies

    if isinstance(value, Enum):
        return
    holder, name = args
    cls = holder if isinstance(holder, type) else type(holder)
    home = next((base for base in cls.__mro__ if name in vars(base)), cls)
    verdict = policies.verdict(home.__module__, f"{home.__qualname__}.{name}")
    if verdict.open or verdict.kind == "live":
        verdict = names.method_verdict(cls, name, value) or verdict
    if REFER not in verdict.grants and CALL not in verdict.grants:
        guard.refuse(
            f"{cls.__module__}.{cls.__qualname__}.{name}", "GLOBAL", verdict.why_not(REFER)
        )
    guard.grant(value, verdict)


def _type_table(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``dill._dill._load_type(name)``: an exact name, for a look-up in a table of builtin types."""
    if operation == CALL and len(operands) == 1 and type(operands[0]) is str:
        return ""
    return "it takes the exact name of a type"


def _grant_type(guard: Guard, verdict: Verdict, value: object) -> None:
    """Judge a type that a table gave by the name that it bears itself."""
    from pickleball_hook import names

    own = names.own_verdict(value) if isinstance(value, type) else None
    if own is None or not own.grants:
        reason = own.why_not(REFER) if own is not None else "it has no permitted name of its own"
        guard.refuse(getattr(value, "__qualname__", str(type(value))), "GLOBAL", reason)
    else:
        guard.grant(value, own)


def _type_expression(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``getitem(List, int)``, ``GenericAlias(list, (int,))``, ``reduce(or_, ...)``: types only."""
    import operator

    if operation != CALL or len(operands) != 2:
        return "it is permitted for parametrized types only"
    form, parameters = operands
    if form is operator.or_:
        return "" if _are_type_parameters(guard, parameters) else "its items are no types"
    if not _is_type_form(guard, form) or not _are_type_parameters(guard, parameters):
        return "it is permitted for parametrized types only"
    subscript = _lookup(form, "__class_getitem__") if isinstance(form, type) else None
    function = getattr(subscript, "__func__", None)
    if function is not None and getattr(function, "__module__", "") not in ("typing", "abc"):
        return f"{guard.name(form)} has a __class_getitem__ of its own"
    return ""


_OPERATORS = ("__getitem__", "__or__", "__ror__", "__getattribute__", "__getattr__")


def _is_type_form(guard: Guard, value: Any) -> bool:
    if isinstance(value, type):
        if any(_lookup(type(value), name) is not getattr(type, name, None) for name in _OPERATORS):
            return False  # its class of classes has code for what is done to it here
        # ``type(None)`` stands in every Optional; pickle writes it as that call.
        return value is type(None) or guard.verdict_of(value) is not None
    return type(value).__module__ in ("typing", "types") and (
        guard.verdict_of(value) is not None or type(value).__module__ == "typing"
    )


def _are_type_parameters(guard: Guard, value: Any) -> bool:
    if type(value) in (tuple, list):
        return all(_are_type_parameters(guard, part) for part in value)
    return type(value) in _SCALARS or value is Ellipsis or _is_type_form(guard, value)


# -- numpy ----------------------------------------------------------------------------------------


def _numpy() -> Any:
    return sys.modules["numpy"]


def _numpy_dtype(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``numpy.dtype(code, align, copy)`` and its state (numpy/_core/src/multiarray/descriptor.c).

    The state carries flags that say whether elements are pointers: a forged one makes the array's
    destructor follow addresses that the file chose. So the state must be the one that numpy itself
    gives for a dtype with the same names, fields and sizes.
    """
    if operation == CALL:
        return "" if all(map(_is_dtype_argument, operands)) else "a dtype is made from literals"
    if operation != STATE:
        return "a dtype is made by calling numpy.dtype"
    if guard.elsewhere:
        return "a dtype gets its state before it is used"
    state = _in_text(_in_full(target, operands[0]))
    expected = _expected_dtype(target, state)
    if expected is None:
        return "the state of the dtype has an unknown layout"
    return "" if _same_state(expected, state) else "the state of the dtype contradicts itself"


_HOLDS_OBJECTS = 0x01 | 0x04
_ADDED_FLAGS = 0x08 | 0x10
"""``NPY_NEEDS_INIT`` and ``NPY_NEEDS_PYAPI``, which numpy came to set for text and structured
dtypes and lacks in older files; where there are pointers they are part of what is safe."""


def _is_dtype_argument(value: Any) -> bool:
    """A dtype is made from a code, or from a compiled scalar type (records, ml_dtypes)."""
    from pickleball_hook.names import is_compiled

    if isinstance(value, type):
        own = value.__module__.startswith("numpy")
        return issubclass(value, _numpy().generic) and (own or is_compiled(value))
    return is_literal(value)


def changes_nothing(inst: Any, state: Any) -> bool:
    """Tell whether a state is the one that a shared object has already.

    A dtype that another library has registered exists once, and is pickled with its state all the
    same (numpy/_core/src/multiarray/descriptor.c, arraydescr_reduce).
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(inst, numpy.dtype) or inst.names or inst.subdtype:
        return False
    return is_literal(state) and bool(state == inst.__reduce__()[2])


def has_already(guard: Guard, inst: Any, state: Any) -> bool:
    """Tell whether an object that exists once, or has its state, has these attributes already.

    A reducer may look its object up and give the state all the same (astropy/units/core.py,
    ``IrreducibleUnit.__reduce__``), and an object that its own arguments lead to is given its state
    once for each time that it was met (CPython Lib/pickle.py, ``save_reduce``). Then nothing is
    written: neither the attributes, nor what the file could change afterwards.
    """
    made = guard.made.get(id(inst))
    if made is None or made.value is not inst or type(state) is not dict:
        return False
    if made.fresh and not made.built:
        return False
    held = getattr(inst, "__dict__", None)
    if type(held) is not dict or getattr(type(inst), "__setstate__", None) is not None:
        return False
    return all(key in held and _is_same(held[key], state[key]) for key in state)


def _is_same(held: Any, given: Any) -> bool:
    """Tell whether two values are one object, or equal literals."""
    return held is given or (is_literal(held) and is_literal(given) and bool(held == given))


def _in_full(target: Any, state: Any) -> Any:
    """Return the state of a dtype without parts that was written before numpy 1.3.

    It lacks the version or the flags, which numpy then finds by itself (arraydescr_setstate).
    """
    if type(state) is not tuple or not 5 <= len(state) <= 7:
        return state
    if len(state) > 5 and (type(state[0]) is not int or not 0 <= state[0] <= 2):
        return state
    order, *parts, size, alignment = state if len(state) == 5 else state[1:]
    if any(part is not None for part in parts):
        return state
    return (3, order, None, None, None, size, alignment, target.flags)


def _in_text(state: Any) -> Any:
    """Return a dtype's state as numpy reads it when Python 2's strings were loaded as bytes.

    It decodes order and names as ASCII (arraydescr_setstate).
    """
    if type(state) is not tuple or len(state) < 8 or type(state[1]) is not bytes:
        return state
    version, order, subarray, names, fields, *rest = state
    if names is not None:
        if type(names) is not tuple or type(fields) is not dict:
            return state
        if any(type(name) is not bytes for name in (*names, *fields)):
            return state
        try:
            names = tuple(name.decode("ascii") for name in names)
            fields = {name.decode("ascii"): row for name, row in fields.items()}
        except UnicodeDecodeError:
            return state
    return (version, order.decode("latin1"), subarray, names, fields, *rest)


def _expected_dtype(target: Any, state: Any) -> Any:
    """Return the state that numpy gives for the dtype that `state` describes, None if it cannot."""
    if type(state) is not tuple or not 8 <= len(state) <= 9 or not _has_exact_parts(state):
        return None
    numpy = _numpy()
    try:
        order, subarray, fields_names, fields, size, _, flags = state[1:8]
        if fields_names is not None:
            made = _structured(numpy, fields_names, fields, size, bool(flags & 0x80))
        elif subarray is not None:
            made = numpy.dtype((subarray[0], subarray[1]))
        elif target.kind in "SUV":
            made = numpy.dtype(f"{target.kind}{size // (4 if target.kind == 'U' else 1)}")
        else:
            made = numpy.dtype(target.str[1:] if target.kind in "mM" else target.char)
        if target.kind in "mM" and len(state) > 8 and state[8]:
            unit, step = state[8][1][0], state[8][1][1]
            text = unit.decode() if isinstance(unit, bytes) else unit
            made = numpy.dtype(
                f"{target.kind}8[{step}{text}]" if text != "generic" else target.char
            )
        if order in ("<", ">"):
            made = made.newbyteorder(order)
        return made.__reduce__()[2]
    except Exception:  # numpy's own complaint about a description that makes no dtype
        return None


def _has_exact_parts(state: tuple[Any, ...]) -> bool:
    """Tell whether a dtype's state holds what numpy reads as it is compared here.

    An object of some other class could equal what it is compared with and be read as another.
    """
    version, order, subarray, names, fields, size, alignment, flags = state[:8]
    if version not in (3, 4) or type(order) is not str:
        return False
    if not all(type(number) is int for number in (version, size, alignment, flags)):
        return False
    if subarray is not None and (
        type(subarray) is not tuple
        or len(subarray) != 2
        or not isinstance(subarray[0], _numpy().dtype)
        or not is_literal(subarray[1])
    ):
        return False
    if names is None or fields is None:
        return names is None and fields is None
    if type(names) is not tuple or type(fields) is not dict:
        return False
    rows_exact = all(
        type(row) is tuple
        and 2 <= len(row) <= 3
        and isinstance(row[0], _numpy().dtype)  # numpy compares equal to text, and reads a pointer
        and is_literal(row[1:])
        for row in fields.values()
    )
    return rows_exact and all(type(name) is str for name in (*names, *fields))


def _structured(numpy: Any, names: Any, fields: Any, size: Any, aligned: bool) -> Any:
    if type(names) is not tuple or (type(fields) is not dict and not hasattr(fields, "keys")):
        raise ValueError("no fields")
    rows = [fields[name] for name in names]
    return numpy.dtype(
        {
            "names": list(names),
            "formats": [row[0] for row in rows],
            "offsets": [row[1] for row in rows],
            "itemsize": size,
            "titles": [row[2] if len(row) > 2 else None for row in rows],
        },
        align=aligned,
    )


def _same_state(expected: Any, state: Any) -> bool:
    """Compare two dtype states, leaving aside what numpy versions write differently.

    Versions 3 and 4 differ by the metadata at the end; ``=`` and the native order mean the same.
    """
    ours, theirs = list(expected[1:8]), list(state[1:8])
    native = "<" if sys.byteorder == "little" else ">"
    for values in (ours, theirs):
        values[0] = native if values[0] == "=" else values[0]
        if values[1] is not None:
            values[1] = (
                values[1][0],
                values[1][1] if type(values[1][1]) is tuple else (values[1][1],),
            )
        values[3] = dict(values[3].items()) if values[3] is not None else None
    if not (ours[6] | theirs[6]) & _HOLDS_OBJECTS:
        ours[6], theirs[6] = ours[6] & ~_ADDED_FLAGS, theirs[6] & ~_ADDED_FLAGS
    return bool(ours == theirs)


def _numpy_array(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``ndarray.__setstate__((version, shape, dtype, fortran, data))``.

    numpy itself holds data to the size that shape and dtype give, and takes a list for dtypes
    with objects, bytes for others (numpy/_core/src/multiarray/methods.c, array_setstate).
    """
    if operation != STATE:
        return ""
    state = operands[0]
    numpy = _numpy()
    if guard.elsewhere and target.size:
        return "an array gets its state before it is used: its memory is replaced"
    if type(state) is tuple and len(state) == 2 and type(state[0]) is tuple:
        state = state[0]  # an ndarray subclass with attributes of its own keeps them second
    if type(state) is not tuple or len(state) not in (4, 5):
        return "the state of an array is an exact tuple of five"
    shape, dtype, _, data = state[-4:]
    if type(shape) is not tuple or not all(type(n) is int for n in shape):
        return "the shape is a tuple of integers"
    if not isinstance(dtype, numpy.dtype):
        return "the dtype is no dtype"
    if dtype.hasobject:
        # numpy reads as many items as the shape says, whatever the list has (_setlist_pkl)
        whole = type(data) is list and len(data) == math.prod(shape)
        return "" if whole else "an array of objects takes a list with an item for each"
    return "" if type(data) in (bytes, bytearray, str) else "an array of numbers takes bytes"


def _numpy_reconstruct(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_reconstruct(subtype, shape, code)`` makes an empty array of a class that was named."""
    numpy = _numpy()
    if len(operands) != 3 or not isinstance(operands[0], type):
        return "it takes a class, a shape and a dtype code"
    cls, shape, code = operands
    if not issubclass(cls, numpy.ndarray):
        return "the class is no array class"
    if not is_literal(shape) or type(code) not in (bytes, str):
        return "it takes a literal shape and code"
    size = 1
    for extent in shape:
        size *= extent
    if size > 1024:
        return "honest files make it empty and fill it by its state"
    if cls is numpy.ndarray:
        return ""
    reason = guard.permits(cls, CONSTRUCT)
    return reason and guard.permits(cls, STATE)


def _numpy_scalar(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    numpy = _numpy()
    if not operands or not isinstance(operands[0], numpy.dtype):
        return "it takes a dtype"
    if operands[0].hasobject or len(operands) == 1:
        return ""
    return "" if type(operands[1]) in (bytes, str) else "it takes bytes"


def _numpy_frombuffer(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    numpy = _numpy()
    if len(operands) < 3 or not isinstance(operands[1], (numpy.dtype, str)):
        return "it takes a buffer, a dtype and a shape"
    if isinstance(operands[1], numpy.dtype) and operands[1].hasobject:
        return "a dtype with objects takes no raw bytes"
    return "" if all(map(is_literal, operands[2:])) else "it takes a literal shape and order"


def _numpy_mareconstruct(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """``_mareconstruct(subtype, baseclass, shape, code)`` (numpy/ma/core.py)."""
    numpy = _numpy()
    if len(operands) != 4 or not all(isinstance(cls, type) for cls in operands[:2]):
        return "it takes two classes, a shape and a code"
    for cls in operands[:2]:
        if not issubclass(cls, numpy.ndarray):
            return "the class is no array class"
        reason = guard.permits(cls, STATE)
        if reason:
            return reason
    return "" if is_literal(operands[2]) and type(operands[3]) in (bytes, str) else "literals only"


def _numpy_bit_generator(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """``__randomstate_ctor(bit_generator, ctor)`` and kin (numpy/random/_pickle.py)."""
    base = getattr(sys.modules.get("numpy.random"), "BitGenerator", None)
    for value in operands:
        verdict = guard.verdict_of(value)
        if type(value) is str or (base is not None and isinstance(value, base)):
            continue
        if isinstance(value, type) and base is not None and issubclass(value, base) and verdict:
            continue
        if verdict is not None and verdict.name == "__bit_generator_ctor":
            continue
        return "it takes a bit generator or its name"
    return ""


# -- scipy ----------------------------------------------------------------------------------------


def _scipy_distribution(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """``rv_generic.__setstate__`` executes the text under ``_parse_arg_template``.

    scipy makes that text from its own template and the names of the shape parameters
    (scipy/stats/_distn_infrastructure.py, ``_construct_argparser``); nothing else is executed.
    """
    import re

    state = operands[0]
    home, name = "scipy.stats._distn_infrastructure", "parse_arg_template"
    live = sys.modules.get(home)
    template = getattr(live, name, None) if live else policies.text_of(home, name)
    if type(state) is not dict or type(template) is not str:
        return "its state is an exact dict"
    text = state.get("_parse_arg_template")
    pattern = re.sub(r"%\\\((\w+)\\\)s", r"[\\w=., ]*", re.escape(template))
    if type(text) is not str or not re.fullmatch(pattern, text):
        return "it would execute source text that scipy did not make"
    return ""


def _scipy_kd_tree(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook import trees

    return trees.kd_tree(operands[0])


# -- scikit-learn ---------------------------------------------------------------------------------


def _sklearn_vectorizer(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """A vectorizer reads texts, or what a file object gives; not files that texts name.

    A service that vectorizes what strangers send would open files of the strangers' choice by a
    single word of the model's state (sklearn/feature_extraction/text.py, ``decode``).
    """
    state = operands[0]
    if type(state) is not dict:
        return "its state is an exact dict"
    given = state.get("input", "content")
    exact = type(given) is str and given in ("content", "file")
    return "" if exact else "it would open the files that texts name (input='filename')"


def _sklearn_tree(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook import trees

    return trees.decision_tree(target, operands[0])


# -- torch ----------------------------------------------------------------------------------------


def _torch_state(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_rebuild_from_type_v2(func, type, args, state)`` (torch/_tensor.py).

    It calls ``func(*args)`` and then sets `state` on the result; the function undergoes a REDUCE
    with those arguments, and the state a BUILD.
    """
    if len(operands) != 4 or type(operands[2]) is not tuple or not isinstance(operands[1], type):
        return "it takes a function, a class, a tuple and a state"
    from pickleball_hook import states

    func, cls, args, state = operands
    tensor = getattr(sys.modules.get("torch"), "Tensor", None)
    if tensor is None or not issubclass(cls, tensor):
        return "the class is no class of tensors"
    verdict = guard.verdict_of(func)
    if verdict is None or verdict.target.partition(".")[0] != "torch":
        return "the function is none of torch"
    reason = guard.permits(func, CALL)
    if reason:
        return reason
    guard.check_operands(verdict, CALL, args)
    check(guard, verdict, CALL, func, args)
    return states.reason_against_given_state(guard, cls, state)


def _nested_load(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    return (
        "" if len(operands) == 1 and type(operands[0]) in (bytes, bytearray) else "it takes bytes"
    )


def _sibling_file(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """State of a wrapper for an array in a file beside the pickle (joblib up to 0.9).

    joblib writes the name without its folder and joins it with the pickle's own; an absolute path
    would win over that, and reach any file, device or share.
    """
    if operation != STATE:
        return ""
    state = operands[0]
    name = state.get("filename") if type(state) is dict else None
    if type(name) is str and name not in ("", ".", "..") and not {*"/\\:\0"} & {*name}:
        return ""
    return "it names a file beside this one, without a folder"


RULES: dict[str, Callable[[Guard, str, Any, tuple[Any, ...]], str]] = {
    "literal_args": _literal_args,
    "sibling_file": _sibling_file,
    "plain_args": _plain_args,
    "plain_pairs": _plain_pairs,
    "tz_args": _tz_args,
    "text_codec": _text_codec,
    "codecs_encode": _codecs_encode,
    "regex": _regex,
    "getattr": _getattr,
    "type": _type,
    "reconstructor": _reconstructor,
    "newobj": _newobj,
    "newobj_ex": _newobj_ex,
    "enum_call": _enum_call,
    "partial": _partial,
    "itemgetter": _itemgetter,
    "bytesio": _bytesio,
    "signature": _signature,
    "cookie": _cookie,
    "type_expression": _type_expression,
    "type_table": _type_table,
    "numpy_dtype": _numpy_dtype,
    "numpy_array": _numpy_array,
    "numpy_reconstruct": _numpy_reconstruct,
    "numpy_scalar": _numpy_scalar,
    "numpy_frombuffer": _numpy_frombuffer,
    "numpy_mareconstruct": _numpy_mareconstruct,
    "numpy_bit_generator": _numpy_bit_generator,
    "scipy_distribution": _scipy_distribution,
    "scipy_kd_tree": _scipy_kd_tree,
    "sklearn_tree": _sklearn_tree,
    "sklearn_vectorizer": _sklearn_vectorizer,
    "torch_state": _torch_state,
    "nested_load": _nested_load,
}
"""Name of a rule in a policy to what it checks."""
