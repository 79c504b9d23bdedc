"""Rules of scipy, scikit-learn and torch."""

from __future__ import annotations

import sys

from policy_cache import policies
from policy_cache.model import CALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard


def scipy_distribution(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
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


def scipy_kd_tree(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook.rules import trees

    return trees.kd_tree(operands[0])


def sklearn_vectorizer(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
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


def sklearn_tree(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    from pickleball_hook.rules import trees

    return trees.decision_tree(target, operands[0])


def sklearn_neighbors_tree(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    """A metric gets its state before the tree has it: what was asked of it then stays true."""
    from pickleball_hook.rules import trees

    state = operands[0]
    metric = state[11] if type(state) is tuple and len(state) > 11 else None
    made = guard.made.get(id(metric))
    if made is not None and not made.built:
        return "the metric of the tree has no state yet"
    return trees.neighbors_tree(state)


def sklearn_mahalanobis(
    guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]
) -> str:
    from pickleball_hook.rules import trees

    return trees.mahalanobis(operands[0])


def torch_state(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``_rebuild_from_type_v2(func, type, args, state)`` (torch/_tensor.py).

    It calls ``func(*args)`` and then sets `state` on the result; the function undergoes a REDUCE
    with those arguments, and the state a BUILD.
    """
    if len(operands) != 4 or type(operands[2]) is not tuple or not isinstance(operands[1], type):
        return "it takes a function, a class, a tuple and a state"
    from pickleball_hook.judging import states

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
    from pickleball_hook.rules.table import apply_rule

    apply_rule(guard, verdict, CALL, func, args)
    return states.reason_against_given_state(guard, cls, state)
