"""States of compiled trees, whose setters follow the indexes in them without a look.

scipy and scikit-learn keep trees as flat arrays of nodes that name each other by number. Their
``__setstate__`` copy what they are given, and the compiled code then reads wherever the numbers
lead: a forged state reads, and in scipy's case writes, memory that is not the tree's.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONTRADICTION = "the nodes of the tree lead out of it"


def kd_tree(state: Any) -> str:
    """Return why a ``scipy.spatial.cKDTree`` may not be given `state`, ``""`` if it may.

    ``__setstate__`` copies the first item into an array of ``ckdtreenode`` and turns the numbers
    of the children into pointers, from the root down (scipy/spatial/_ckdtree.pyx,
    ``_post_init_traverse``; ckdtree/src/ckdtree_decl.h).
    """
    if type(state) is not tuple or len(state) != 10:
        return "the state of the tree is an exact tuple of ten"
    tree, data, count, width, leafsize, highest, lowest, indexes, _, box = state
    if not all(type(number) is int and number >= 0 for number in (count, width, leafsize)):
        return "the sizes of the tree are integers"
    numpy: Any = sys.modules["numpy"]
    whole = (
        _is_array(data, numpy.float64, (count, width))
        and _is_array(indexes, numpy.intp, (count,))
        and _is_array(highest, numpy.float64, (width,))
        and _is_array(lowest, numpy.float64, (width,))
        and (box is None or _is_array(box, numpy.float64, (2 * width,)))
        and type(tree) is numpy.ndarray
        and tree.dtype.itemsize == 1
        and tree.ndim == 1
        and tree.flags.c_contiguous
    )
    if not whole:
        return "the arrays of the tree have not the sizes that it says"
    kind = _kd_node(numpy)
    if not tree.nbytes or tree.nbytes % kind.itemsize:
        return "the nodes of the tree have another layout"
    if count and (indexes.min() < 0 or indexes.max() >= count):
        return _CONTRADICTION
    return "" if _are_kd_nodes(tree.view(kind), count, width) else _CONTRADICTION


def _kd_node(numpy: Any) -> Any:
    """Return the dtype of ``ckdtreenode``."""
    number = numpy.intp
    names = ("axis", "children")
    rest = ("start", "end", "less_pointer", "greater_pointer", "less", "greater")
    fields = [(name, number) for name in names] + [("split", numpy.float64)]
    return numpy.dtype([*fields, *((name, number) for name in rest)], align=True)


def _are_kd_nodes(nodes: Any, count: int, width: int) -> bool:
    """Tell whether each node's children come after it and share its points between them.

    So no node is reached twice, and the walk from the root ends.
    """
    numpy: Any = sys.modules["numpy"]
    if nodes["start"][0] != 0 or nodes["end"][0] != count:
        return False
    if not ((nodes["start"] <= nodes["end"]) & (nodes["start"] >= 0)).all():
        return False
    own = numpy.flatnonzero(nodes["axis"] != -1)
    inner = nodes[own]
    less, greater = inner["less"], inner["greater"]
    within = (inner["axis"] >= 0) & (inner["axis"] < width)
    within &= (less > own) & (less < len(nodes)) & (greater > own) & (greater < len(nodes))
    if not within.all():
        return False
    below, above = nodes[less], nodes[greater]
    shared = (below["start"] == inner["start"]) & (below["end"] == above["start"])
    shared &= (above["end"] == inner["end"]) & (below["start"] < below["end"])
    return bool((shared & (above["start"] < above["end"])).all())


def decision_tree(tree: Any, state: Any) -> str:
    """Return why a ``sklearn.tree._tree.Tree`` may not be given `state`, ``""`` if it may.

    ``__setstate__`` compares the sizes of the arrays, but neither the number of nodes that the
    state gives with them, nor where the nodes lead (sklearn/tree/_tree.pyx). What has not the
    layout of this version's nodes is left to scikit-learn's own complaint.
    """
    if type(state) is not dict:
        return "the state of the tree is an exact dict"
    numpy: Any = sys.modules["numpy"]
    if state.get("nodes") is None:
        return ""
    for key in ("nodes", "values"):
        # joblib maps arrays from its file. What is judged is what is copied into the tree, whatever
        # somebody writes to the file meanwhile.
        if type(state.get(key)) is numpy.memmap:
            state[key] = numpy.array(state[key], subok=False)
    nodes, count = state["nodes"], state.get("node_count")
    if type(nodes) is not numpy.ndarray or type(state.get("values")) is not numpy.ndarray:
        return "the nodes and values of the tree are exact arrays"
    names = nodes.dtype.names or ()
    if nodes.ndim != 1 or not {"left_child", "right_child", "feature"} <= set(names):
        return ""
    if not isinstance(count, (int, numpy.integer)) or count != len(nodes):
        return "the tree has not as many nodes as it says"
    own = numpy.arange(len(nodes))
    left, right, feature = nodes["left_child"], nodes["right_child"], nodes["feature"]
    inner = left != -1
    within = (left > own) & (left < len(nodes)) & (right > own) & (right < len(nodes))
    within &= (feature >= 0) & (feature < tree.n_features)
    return "" if bool((within | ~inner).all()) else _CONTRADICTION


def _is_array(value: Any, kind: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether a value is a plain array of numbers, in the order of the machine."""
    numpy: Any = sys.modules["numpy"]
    return (
        type(value) is numpy.ndarray
        and value.dtype == kind
        and value.dtype.isnative
        and value.shape == shape
        and bool(value.flags.c_contiguous)
    )
