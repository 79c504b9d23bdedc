"""States of compiled trees, whose setters follow the indexes in them without a look.

scipy and scikit-learn keep trees as flat arrays of nodes that name each other by number. Their
``__setstate__`` keep what they are given, and the compiled code then reads wherever the numbers
lead: a forged state reads, and in scipy's case writes, memory that is not the tree's.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_METRICS = ("sklearn.metrics._dist_metrics", "sklearn.neighbors._dist_metrics")
"""Where scikit-learn has its metrics, and had them before 1.1."""
_CONTRADICTION = "the nodes of the tree lead out of it"

NO_DICT = "the state of the tree is an exact dict"
NO_ARRAYS = "the nodes and values of the tree are exact arrays"
NO_RECORDS = "the nodes of the tree are no records"
OTHER_COUNT = "the tree has not as many nodes as it says"
NO_THIRTEEN = "the state of the tree is an exact tuple of thirteen"
NO_NEIGHBORS = "the data, indexes, nodes and bounds of the tree are exact arrays"


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
    reason, features = _judged(state)
    return reason or ("" if features <= tree.n_features else _CONTRADICTION)


def condensed(state: Any) -> Any:
    """Return what a tree may be given if, and only if, it may be given `state`, without the arrays.

    None if no tree may be given it.
    """
    reason, features = _judged(state)
    if reason:
        return None
    return {**state, "nodes": _Judged(features), "values": None}


class _Judged:
    """Stands for nodes that were judged, but for the number of features that they need."""

    __slots__ = ("features",)

    def __init__(self, features: int) -> None:
        self.features = features


def _judged(state: Any) -> tuple[str, int]:
    """Return why no tree may be given a state, and how many features a tree must have for it."""
    if type(state) is not dict:
        return NO_DICT, 0
    numpy: Any = sys.modules["numpy"]
    nodes = state.get("nodes")
    if type(nodes) is _Judged:
        return "", nodes.features
    if nodes is None:
        return "", 0
    for key in ("nodes", "values"):
        # joblib maps arrays from its file. What is judged is what is copied into the tree, whatever
        # somebody writes to the file meanwhile.
        if type(state.get(key)) is numpy.memmap:
            state[key] = numpy.array(state[key], subok=False)
    nodes, count = state["nodes"], state.get("node_count")
    if type(nodes) is not numpy.ndarray or type(state.get("values")) is not numpy.ndarray:
        return NO_ARRAYS, 0
    names = nodes.dtype.names or ()
    if not names:
        return NO_RECORDS, 0
    if nodes.ndim != 1 or not {"left_child", "right_child", "feature"} <= set(names):
        return "", 0
    if not isinstance(count, (int, numpy.integer)) or count != len(nodes):
        return OTHER_COUNT, 0
    return _followed(numpy, nodes)


def _followed(numpy: Any, nodes: Any) -> tuple[str, int]:
    """Tell where the nodes lead: each to nodes after it; and by how many features."""
    left = nodes["left_child"]
    if not left.ndim == nodes["right_child"].ndim == nodes["feature"].ndim == 1:
        return _CONTRADICTION, 0
    inner = numpy.flatnonzero(left != -1)
    if not len(inner):
        return "", 0
    left, right, feature = left[inner], nodes["right_child"][inner], nodes["feature"][inner]
    within = ((left > inner) & (right > inner)).all() and feature.min() >= 0
    if not within or left.max() >= len(nodes) or right.max() >= len(nodes):
        return _CONTRADICTION, 0
    return "", int(feature.max()) + 1


def neighbors_tree(state: Any) -> str:
    """Return why a ``KDTree`` or ``BallTree`` may not be given `state`, ``""`` if it may.

    ``__setstate__`` takes the arrays and sizes over as they are, and the queries follow them from
    node ``i`` to nodes ``2 i + 1`` and ``2 i + 2`` (sklearn/neighbors/_binary_tree.pxi.tp). Whether
    the metric suits the data is asked only when a tree is fitted, so it is asked here.
    """
    if type(state) is not tuple or len(state) != 13:
        return NO_THIRTEEN
    data, indexes, nodes, bounds, leaf_size, levels, count = state[:7]
    numpy: Any = sys.modules["numpy"]
    arrays = (data, indexes, nodes, bounds)
    if not all(type(array) in (numpy.ndarray, numpy.memmap) for array in arrays):
        return NO_NEIGHBORS
    if not all(type(number) is int and number >= 0 for number in (*state[4:11], leaf_size)):
        return "the sizes of the tree are integers"
    if data.ndim != 2 or bounds.ndim != 3 or not nodes.dtype.names:
        return "the arrays of the tree have not the sizes that it says"
    rows, width = data.shape
    sides = bounds.shape[0] in (1, 2) and bounds.shape[1:] == (count, width)
    whole = indexes.shape == (rows,) and nodes.shape == (count,) and sides
    if not whole or not rows or levels > 62 or count != 2**levels - 1:
        return "the arrays of the tree have not the sizes that it says"
    if not _suits(state[11], data):
        return "the metric of the tree does not suit its data"
    if indexes.min() < 0 or indexes.max() >= rows or not _are_neighbor_nodes(nodes, rows):
        return _CONTRADICTION
    return ""


def _are_neighbor_nodes(nodes: Any, rows: int) -> bool:
    """Tell whether each node has points of the tree, and all that are no leaves two nodes below."""
    if not {"idx_start", "idx_end", "is_leaf"} <= set(nodes.dtype.names):
        return False
    start, end = nodes["idx_start"], nodes["idx_end"]
    bottom = nodes["is_leaf"][len(nodes) // 2 :]
    return bool(((start >= 0) & (start <= end) & (end <= rows)).all() and (bottom != 0).all())


def _suits(metric: Any, data: Any) -> bool:
    """Ask a metric of scikit-learn whether it can be used for some data."""
    kind = type(metric)
    homes = [sys.modules.get(name) for name in _METRICS]
    named = any(getattr(home, kind.__name__, None) is kind for home in homes)
    if not named or "Distance" not in kind.__name__:
        return False
    try:
        metric._validate_data(data)
    except ValueError:
        return False
    return True


def mahalanobis(state: Any) -> str:
    """Return why a ``MahalanobisDistance`` may not be given `state`, ``""`` if it may.

    It reads as many columns of its matrix as this has rows (sklearn/metrics/_dist_metrics.pyx.tp).
    """
    numpy: Any = sys.modules["numpy"]
    if type(state) is not tuple or len(state) != 3 or type(state[2]) is not numpy.ndarray:
        return "the state of the metric is an exact tuple with its matrix"
    matrix = state[2]
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
    return "" if square else "the matrix of the metric is not square"


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
