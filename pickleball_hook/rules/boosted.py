"""Models of boosted trees that native code reads from text, and follows without a look.

LightGBM keeps a model as the text of its trees (src/io/gbdt_model_text.cpp, src/io/tree.cpp). What
reads it takes the number of leaves for the length of every array, and where nodes, features and
categories lead for granted: a forged text reads and writes memory that is not the model's.
"""

from __future__ import annotations

import itertools
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard

_CATEGORICAL = 1
"""The bit of a decision that compares with a set (include/LightGBM/tree.h, kCategoricalMask)."""
_END = "end of trees"
_NUMBERS = re.compile(r"[-0-9 ]*")
"""Python reads more as a number than LightGBM does."""
_FIRST_TREE = re.compile(r"^Tree=", re.MULTILINE)


def lightgbm_booster(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``Booster.__setstate__`` reads the text under ``_handle``, or ``handle`` in old files.

    The rest become attributes; ``__del__`` asks ``_network`` for its truth
    (lightgbm/basic.py, 4.6.0).
    """
    if operation != "state":
        return "" if not operands else "its __new__ takes nothing"
    state = operands[0]
    if type(state) is not dict:
        return "its state is an exact dict"
    if type(state.get("_network", False)) is not bool:
        return "whether it has a network is an exact bool"
    for key in ("_handle", "handle"):
        text = state.get(key)
        if text is not None and (type(text) is not str or not is_model(text)):
            return "its model is no text whose trees LightGBM may follow"
    return ""


def xgboost_booster(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``Booster.__setstate__`` makes its handle of the bytes under ``handle``.

    xgboost's own reader holds them against each other (xgboost/core.py, 3.2.0;
    src/tree/tree_model.cc). What is no buffer would become the handle, or its memory.
    """
    if operation != "state":
        return "" if not operands else "its __new__ takes nothing"
    state = operands[0]
    if type(state) is not dict:
        return "its state is an exact dict"
    if "handle" not in state or type(state["handle"]) not in (bytearray, type(None)):
        return "its model is an exact bytearray"
    return ""


def is_model(text: str) -> bool:
    """Tell whether each tree of a model of LightGBM has the sizes that it says, and stays in it."""
    if "\r" in text or "\0" in text:  # which end a line, and the text, for LightGBM alone
        return False
    try:
        first = _FIRST_TREE.search(text)
        start = first.start() if first is not None else text.index(_END)
        header = _lines(text[:start])
        highest = _integer(header["max_feature_idx"])
        return _is_consistent(header) and all(
            _is_tree(_lines(tree.partition("\n\n")[0]), highest)
            for tree in _trees(text[start:], header)
        )
    except (KeyError, ValueError, IndexError):
        return False


def _lines(text: str) -> dict[str, str]:
    """Return the values of a text by their names; a name that stands twice is an error."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if not equals:
            continue
        if name in found or name != name.strip():
            raise ValueError(name)
        found[name] = value
    return found


def _is_consistent(header: dict[str, str]) -> bool:
    """Tell whether as many outputs are written as there is room for."""
    classes = _integer(header["num_class"])
    told = [part for part in header.get("objective", "").split() if part.startswith("num_class:")]
    return (
        classes > 0
        and _integer(header["num_tree_per_iteration"]) == classes
        and 0 <= _integer(header["max_feature_idx"]) < 1 << 31
        and all(_integer(part.partition(":")[2]) == classes for part in told)
    )


def _trees(text: str, header: dict[str, str]) -> list[str]:
    """Return the texts of the trees: by the sizes in the header, as LightGBM cuts them."""
    body, end, _ = text.partition(_END)
    if not end or not body.isascii():
        raise ValueError(_END)
    if "tree_sizes" not in header:
        return [f"Tree={tree}" for tree in body.split("Tree=")[1:]]
    found: list[str] = []
    for size in _integers(header["tree_sizes"]):
        found.append(body[:size])
        body = body[size:]
        if size <= 0 or not found[-1].startswith(f"Tree={len(found) - 1}\n"):
            raise ValueError(size)
    if body.strip():
        raise ValueError(body[:10])
    return found


def _is_tree(tree: dict[str, str], highest: int) -> bool:
    leaves = _integer(tree["num_leaves"])
    values = len(tree["leaf_value"].split())
    if leaves < 1 or values != leaves or not _is_linear_or_plain(tree, leaves, highest):
        return False
    if leaves == 1:
        return True
    inner = leaves - 1
    left, right = _integers(tree["left_child"]), _integers(tree["right_child"])
    features = _integers(tree["split_feature"])
    decisions = _integers(tree.get("decision_type", "0 " * inner))
    thresholds = tree["threshold"].split()
    if any(len(array) != inner for array in (left, right, features, decisions, thresholds)):
        return False
    children = [*enumerate(left), *enumerate(right)]
    within = all(-leaves <= child < 0 or node < child < inner for node, child in children)
    return (
        within
        and min(features) >= 0
        and max(features) <= highest
        and _are_categories(tree, [*zip(decisions, thresholds, strict=True)])
    )


def _are_categories(tree: dict[str, str], decisions: list[tuple[int, str]]) -> bool:
    """Tell whether the sets that nodes compare with are among those of the tree."""
    count = _integer(tree.get("num_cat", "0"))
    asked = [_integer(threshold) for kind, threshold in decisions if kind & _CATEGORICAL]
    if not all(0 <= number < count for number in asked):
        return False
    if not count:
        return True
    bounds = _integers(tree["cat_boundaries"])
    rising = all(low <= high for low, high in itertools.pairwise(bounds))
    whole = bounds[0] == 0 and bounds[-1] == len(tree["cat_threshold"].split())
    return len(bounds) == count + 1 and rising and whole


def _is_linear_or_plain(tree: dict[str, str], leaves: int, highest: int) -> bool:
    """Tell whether the linear models in the leaves, if any, use features that there are."""
    if _integer(tree.get("is_linear", "0")) == 0:
        return True
    counts, features = _integers(tree["num_features"]), _integers(tree["leaf_features"])
    return (
        len(counts) == leaves == len(tree["leaf_const"].split())
        and min(counts) >= 0
        and sum(counts) == len(features) == len(tree["leaf_coeff"].split())
        and all(0 <= feature <= highest for feature in features)
    )


def _integers(text: str) -> list[int]:
    if not _NUMBERS.fullmatch(text):
        raise ValueError(text[:10])
    return [*map(int, text.split())]


def _integer(text: str) -> int:
    (found,) = _integers(text)
    return found
