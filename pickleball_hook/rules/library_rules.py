"""Argument and state rules of single libraries, as those of `judging.rules`.

Their reducers and setters look things up by name, or make classes: the values in hand tell which.
"""

from __future__ import annotations

import sys

from pickleball_hook.engines import machine
from pickleball_hook.judging import states
from pickleball_hook.rules.boosted import lightgbm_booster, xgboost_booster
from pickleball_hook.rules.standard import referable
from pickleball_hook.rules.table import RULES
from pickleball_hook.rules.values import is_literal
from policy_cache import policies
from policy_cache.model import CALL, REFER, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pickleball_hook.judging.guard import Guard
    from policy_cache.model import Verdict

_NAMING = frozenset(["__doc__", "__name__", "__qualname__", "__module__"])
_FLAGS = frozenset(["_has_unknown_args"])
"""What toolz remembers of a curried function's signature."""


def _django_model(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``model_unpickle((app_label, object_name))`` (django/db/models/base.py).

    It looks a model up among those that the program has installed, and makes it by ``__new__``.
    """
    (model,) = operands if len(operands) == 1 else (None,)
    if type(model) is tuple and len(model) == 2 and all(type(part) is str for part in model):
        return ""
    return "it takes the label and the name of a model"


_TRANSLATIONS = frozenset(
    f"django.utils.translation:{name}"
    for name in ("gettext", "gettext_noop", "ngettext", "pgettext", "npgettext")
)


def _django_lazy(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_lazy_proxy_unpickle(func, args, kwargs, *classes)`` (django/utils/functional.py).

    Whoever shows the result calls the function: one that translates literals to text.
    """
    if len(operands) < len(("func", "args", "kwargs")):
        return "it takes a function, its arguments and the classes of what it gives"
    func, args, keywords, *classes = operands
    verdict = guard.verdict_of(func)
    if verdict is None or verdict.target not in _TRANSLATIONS:
        return "what is called when the result is shown translates text"
    if type(args) is not tuple or type(keywords) is not dict or any(c is not str for c in classes):
        return "a translation takes a tuple and a dict, and gives text"
    plain = all(type(value) in (str, int) for value in (*args, *keywords, *keywords.values()))
    return "" if plain else "a translation takes text and numbers"


def _named_triggers(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """State of a combining trigger (apscheduler/triggers/combining.py).

    ``{"triggers": [("module:Class", state), ...]}``: the setter imports each class, makes an
    instance and sets its state. So each is judged as a global that undergoes NEWOBJ and BUILD.
    """
    if operation != STATE:
        return ""
    state = operands[0]
    if type(state) is not dict or type(state.get("triggers")) is not list:
        return "its state is an exact dict with a list of triggers"
    for row in state["triggers"]:
        if type(row) is not tuple or len(row) != 2 or type(row[0]) is not str:
            return "a trigger is given by the name of its class and its state"
        reason = _reason_against_instance(guard, *row)
        if reason:
            return reason
    return ""


def _reason_against_instance(guard: Guard, reference: str, state: Any) -> str:
    """Judge an instance that a library makes of ``module:Class`` and a state."""
    module, _, name = reference.partition(":")
    cls = machine.find_global(guard, module, name)
    if not isinstance(cls, type):
        return f"{reference} is no class"
    machine.check_construct(guard, cls, (), "NEWOBJ")
    return states.reason_against_given_state(guard, cls, state)


def _own_metadata(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """State of an OmegaConf container (omegaconf/basecontainer.py, ``__setstate__``).

    The setter brings the types in the metadata up to date and keeps the rest. The metadata has to
    be an object of this load: on a class, the types would be set for the whole process.
    """
    if operation != STATE:
        return ""
    state = operands[0]
    metadata = state.get("_metadata") if type(state) is dict else None
    made = guard.made.get(id(metadata))
    if made is None or made.value is not metadata or isinstance(metadata, type):
        return "its metadata is an object of this load"
    return ""


def _graph_batch(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``DynamicInheritanceGetter()(cls, base_cls)`` (torch_geometric/data/batch.py).

    It makes the class that is a batch of some kind of graphs, once, and an empty object of it.
    """
    data = sys.modules.get("torch_geometric.data")
    if data is None or len(operands) != 2 or not all(isinstance(v, type) for v in operands):
        return "it takes two classes"
    cls, base = operands
    if not issubclass(cls, data.Batch) or not issubclass(base, data.data.BaseData):
        return "it takes a class of batches and a class of graphs"
    for value in operands:
        machine.check_construct(guard, value, (), "NEWOBJ")
    return ""


def _curried(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_restore_curry(cls, func, args, kwargs, attributes, decorated)`` (toolz/functoolz.py).

    A text ``module:name`` for `func` is imported: it is judged as a global that is handed out.
    Otherwise what comes of it is a partial of `func`, with attributes that tell of it.
    """
    if len(operands) != 6:
        return "it takes a class, a function, its arguments, attributes and a flag"
    cls, func, args, kwargs, attributes, decorated = operands
    home = sys.modules.get(getattr(cls, "__module__", None) or "")
    if not isinstance(cls, type) or cls is not getattr(home, "curry", None):
        return "its class is the library's own"
    if type(args) is not tuple or type(kwargs) not in (dict, type(None)):
        return "it takes exact arguments"
    if type(func) is str:
        module, _, name = func.rpartition(":")
        value = machine.find_global(guard, module, name)
        reason = guard.permits(value, REFER)
        if not reason and not decorated and type(value) is not cls:
            reason = "the text names no curried function"
    else:
        reason = referable(guard, func, (*args, *(kwargs or {}).values()))
    return reason or _reason_against_attributes(attributes)


def _reason_against_attributes(attributes: Any) -> str:
    """Say why pairs may not become attributes of a curried function."""
    if type(attributes) is not tuple or not is_literal(attributes):
        return "its attributes are literals"
    for pair in attributes:
        if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not str:
            return "its attributes are pairs of a name and a value"
        name, value = pair
        flag = name in _FLAGS and type(value) in (bool, type(None))
        if name.startswith("_") and name not in _NAMING and not flag:
            return f"it has no attribute {name} of a file's"
    return ""


def _device_array(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_reconstruct_array(fun, args, state, aval_state)`` (jax/_src/array.py).

    It makes a numpy array, gives it its state and puts it on a device: as the stream would.
    """
    if len(operands) != 4 or type(operands[1]) is not tuple:
        return "it takes a function, its arguments and two states"
    func, args, state, traits = operands
    verdict = guard.verdict_of(func)
    if verdict is None or verdict.rule != "numpy_reconstruct":
        return "its function is the one that numpy arrays reduce to"
    if type(traits) is not dict or not is_literal(traits):
        return "what it says of the array are literals"
    reason = guard.permits(func, CALL) or RULES[verdict.rule](guard, CALL, func, args)
    if reason:
        return reason
    empty = sys.modules["numpy"].empty(0)
    return RULES["numpy_array"](guard, STATE, empty, (state,))


def _array_value(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``convert_to_tensor(array)`` (tensorflow/python/framework/ops.py)."""
    array = getattr(sys.modules.get("numpy"), "ndarray", None)
    if len(operands) == 1 and (type(operands[0]) is array or is_literal(operands[0])):
        return ""
    return "it takes one array"


def _named_function(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_rebuild_undef(name, assumptions)`` (sympy/core/function.py): an undefined function.

    ``Function(name, **assumptions)`` makes a class that is its name and what is assumed of it.
    """
    if len(operands) != 2 or type(operands[0]) is not str or type(operands[1]) is not dict:
        return "it takes a name and assumptions"
    name, assumptions = operands
    if not name.isprintable() or not all(
        type(key) is str and not key.startswith("_") and value in (True, False, None)
        for key, value in assumptions.items()
    ):
        return "assumptions are true or false"
    known = sys.modules.get("sympy.core.assumptions")
    if known is None or not known._assume_defined.issuperset({*assumptions} - {"nargs"}):
        return "it takes assumptions that sympy knows"
    return ""


def _statsmodels_formula(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """``ModelData.__setstate__`` evaluates the formula of its state (statsmodels/base/data.py)."""
    from pickleball_hook.rules import formulas

    state = operands[0]
    if type(state) is not dict:
        return "its state is an exact dict"
    if "restore_model_spec" not in state:
        return ""
    return formulas.reason_against(state.get("formula"), state.get("frame"))


def _spark_type(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_parse_datatype_json_string(json_string)`` (pyspark/sql/types.py, PySpark 4.3).

    It makes types of Spark's own. One of the user's is imported by its name, and called.
    """
    import json

    if len(operands) != 1 or type(operands[0]) is not str:
        return "it takes the text of a type"
    try:
        waiting: list[Any] = [json.loads(operands[0])]
    except (ValueError, RecursionError):
        return "it takes the text of a type"
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get("type") == "udt" or "pyClass" in value:
                return "the text names a class, which would be imported and called"
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return ""


def _spark_row(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_create_row_inbound_converter(dataType)`` (pyspark/sql/types.py)."""
    known = guard.verdict_of(operands[0]) if len(operands) == 1 else None
    return "" if known is not None and known.rule == "spark_values" else "it takes a type of Spark"


def _spark_values(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``dataType.fromInternal(values)``: dates are computed, whatever else is kept."""
    row = getattr(sys.modules.get("pyspark.sql.types"), "Row", None)
    decimal = getattr(sys.modules.get("decimal"), "Decimal", None)
    waiting = list(operands)
    while waiting:
        value = waiting.pop()
        if type(value) is row:
            waiting += tuple.__iter__(value)
        elif type(value) in (list, tuple):
            waiting += value
        elif type(value) is dict:
            waiting += [*value.keys(), *value.values()]
        elif type(value) not in (bytearray, decimal) and not is_literal(value):
            return "a row is made of plain values"
    return ""


def grant_spark(guard: Guard, verdict: Verdict, value: object) -> None:
    """Judge what the calls of Spark's rows give: a type, and what makes rows of that type."""
    operation = REFER if verdict.rule == "spark_type" else CALL
    grants = {operation: verdict.grants[CALL]}
    guard.grant(value, verdict._replace(grants=grants, rule="spark_values"))


def _unit(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``Quantity.__new__(cls, name, abbrev)`` and its state (sympy/physics/units/quantities.py).

    A third argument and those after it would be kept on the class.
    """
    values = operands
    if operation == STATE:
        state = operands[0]
        if type(state) is not dict or not all(map(_is_own_attribute, state)):
            return "its state is an exact dict of its own attributes"
        values = tuple(v for k, v in state.items() if type(v) is not str or not _is_shown(k))
    elif len(operands) > 2:
        return "it takes a name and an abbreviation"
    for value in values:
        own = id(value) in guard.made and str(type(value).__module__).startswith("sympy.")
        text = type(value) is str and operation != STATE
        if not own and not text and type(value) not in (bool, type(None)):
            return "it takes symbols"
    return ""


def _is_own_attribute(key: Any) -> bool:
    return type(key) is str and key.startswith("_") and not key.startswith("__")


def _is_shown(key: str) -> bool:
    return key.endswith("_repr")


def grant_named_function(guard: Guard, value: object) -> None:
    """Judge the class that an undefined function is: one without code of its own.

    Its instances are the function applied to something (sympy/core/function.py, AppliedUndef).
    """
    applied = policies.verdict("sympy.core.function", "AppliedUndef")
    bases = getattr(sys.modules.get("sympy.core.function"), "AppliedUndef", None)
    if isinstance(value, type) and isinstance(bases, type) and issubclass(value, bases):
        guard.grant(value, applied)


LIBRARY_RULES: dict[str, Callable[[Guard, str, Any, tuple[Any, ...]], str]] = {
    "django_model": _django_model,
    "django_lazy": _django_lazy,
    "named_triggers": _named_triggers,
    "statsmodels_formula": _statsmodels_formula,
    "own_metadata": _own_metadata,
    "graph_batch": _graph_batch,
    "curried": _curried,
    "device_array": _device_array,
    "array_value": _array_value,
    "named_function": _named_function,
    "unit": _unit,
    "spark_type": _spark_type,
    "spark_row": _spark_row,
    "spark_values": _spark_values,
    "lightgbm_booster": lightgbm_booster,
    "xgboost_booster": xgboost_booster,
}
"""Name of a rule in a policy to what it checks."""
