"""Argument and state rules: what is safe only with some values, judged with those values in hand.

Each rule of ``policy_cache/base/README.md`` is one function of this room. It gets the operation,
the object that undergoes it and the operands, and returns the reason why not, or ``""``. A rule
that is named in a policy but not defined refuses.
"""

from __future__ import annotations

from pickleball_hook.rules.arrays import (
    numpy_array,
    numpy_bit_generator,
    numpy_frombuffer,
    numpy_mareconstruct,
    numpy_reconstruct,
    numpy_scalar,
)
from pickleball_hook.rules.attributes import (
    attribute_of,
    enum_call,
    grant_attribute,
    grant_type,
    type_expression,
    type_of_singleton,
    type_table,
)
from pickleball_hook.rules.constructors import newobj, newobj_ex, reconstructor
from pickleball_hook.rules.dtypes import numpy_dtype
from pickleball_hook.rules.science import (
    scipy_distribution,
    scipy_kd_tree,
    sklearn_mahalanobis,
    sklearn_neighbors_tree,
    sklearn_tree,
    sklearn_vectorizer,
    torch_state,
)
from pickleball_hook.rules.standard import (
    bytesio,
    codecs_encode,
    cookie,
    itemgetter,
    nested_load,
    partial_call,
    regex,
    sibling_file,
    signature_parts,
    text_codec,
)
from pickleball_hook.rules.values import literal_args, plain_args, plain_pairs, tz_args
from policy_cache.model import CALL, CONSTRUCT, FILL, REFER, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pickleball_hook.judging.guard import Guard
    from policy_cache.model import Verdict


def apply_rule(
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
    reason = find_rule(name)(guard, operation, target, operands)
    if reason:
        guard.refuse(guard.name(target), _OPCODES[operation], reason)


def find_rule(name: str) -> Callable[[Guard, str, Any, tuple[Any, ...]], str]:
    """Return the rule of a name; one that is not known refuses everything."""
    rule = RULES.get(name)
    if rule is None:
        from pickleball_hook.rules import library_rules

        rule = library_rules.LIBRARY_RULES.get(name)
    return rule or (lambda *operands: f"the rule {name} is not known")


_OPCODES = {CALL: "REDUCE", CONSTRUCT: "NEWOBJ", STATE: "BUILD", FILL: "APPENDS/SETITEMS"}

OWNS_STATE = frozenset(
    ["literal_args", "bytesio", "partial", "signature", "cookie", "numpy_dtype", "numpy_array"]
)
"""Rules that look at the whole state themselves."""


def after_call(guard: Guard, verdict: Verdict, args: tuple[Any, ...], value: object) -> None:
    """Judge what a call gave, where that is a name of its own (``getattr``)."""
    if verdict.rule == "getattr":
        grant_attribute(guard, args, value)
    elif verdict.rule == "type":  # attrs, whose cached hashes are None in files, calls NoneType
        grants = dict.fromkeys((REFER, CALL), "the class of a constant, which it gives again")
        name = type.__getattribute__(type(args[0]), "__name__")
        guard.grant(value, verdict._replace(module="types", name=name, grants=grants, rule=""))
    elif verdict.rule == "type_table":
        grant_type(guard, verdict, value)
    elif verdict.rule == "type_expression":
        guard.grant(value, verdict._replace(grants={REFER: "a parametrized type"}))
    elif verdict.rule == "named_function":
        from pickleball_hook.rules import library_rules

        library_rules.grant_named_function(guard, value)
    elif verdict.rule in ("spark_type", "spark_row"):
        from pickleball_hook.rules import library_rules

        library_rules.grant_spark(guard, verdict, value)


RULES: dict[str, Callable[[Guard, str, Any, tuple[Any, ...]], str]] = {
    "literal_args": literal_args,
    "sibling_file": sibling_file,
    "plain_args": plain_args,
    "plain_pairs": plain_pairs,
    "tz_args": tz_args,
    "text_codec": text_codec,
    "codecs_encode": codecs_encode,
    "regex": regex,
    "getattr": attribute_of,
    "type": type_of_singleton,
    "reconstructor": reconstructor,
    "newobj": newobj,
    "newobj_ex": newobj_ex,
    "enum_call": enum_call,
    "partial": partial_call,
    "itemgetter": itemgetter,
    "bytesio": bytesio,
    "signature": signature_parts,
    "cookie": cookie,
    "type_expression": type_expression,
    "type_table": type_table,
    "numpy_dtype": numpy_dtype,
    "numpy_array": numpy_array,
    "numpy_reconstruct": numpy_reconstruct,
    "numpy_scalar": numpy_scalar,
    "numpy_frombuffer": numpy_frombuffer,
    "numpy_mareconstruct": numpy_mareconstruct,
    "numpy_bit_generator": numpy_bit_generator,
    "scipy_distribution": scipy_distribution,
    "scipy_kd_tree": scipy_kd_tree,
    "sklearn_mahalanobis": sklearn_mahalanobis,
    "sklearn_neighbors_tree": sklearn_neighbors_tree,
    "sklearn_tree": sklearn_tree,
    "sklearn_vectorizer": sklearn_vectorizer,
    "torch_state": torch_state,
    "nested_load": nested_load,
}
"""Name of a rule in a policy to what it checks."""
