"""States of compiled trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.rules import trees


@pytest.fixture
def tree() -> Any:
    numpy = pytest.importorskip("numpy")
    fitted = pytest.importorskip("sklearn.tree").DecisionTreeClassifier()
    return fitted.fit(numpy.arange(8.0).reshape(4, 2), [0, 1, 0, 1]).tree_


def mapped(folder: Path, array: Any) -> Any:
    """Return an array as joblib maps it from its file."""
    import numpy

    path = folder / "array"
    path.write_bytes(array.tobytes())
    return numpy.memmap(path, dtype=array.dtype, mode="r", shape=array.shape)


@pytest.mark.parametrize("key", ["nodes", "values"])
def test_mapped_arrays_are_read_once(tree: Any, tmp_path: Path, key: str) -> None:
    import numpy

    state = tree.__getstate__()
    before = state[key].tolist()
    state[key] = mapped(tmp_path, state[key])
    assert trees.decision_tree(tree, state) == ""
    assert type(state[key]) is numpy.ndarray
    (tmp_path / "array").write_bytes(b"\0" * state[key].nbytes)
    assert state[key].tolist() == before


def test_mapped_nodes_are_judged(tree: Any, tmp_path: Path) -> None:
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    nodes["left_child"][0] = 1 << 20
    state["nodes"] = mapped(tmp_path, nodes)
    assert trees.decision_tree(tree, state)


def test_arrays_of_other_classes_are_not_taken(tree: Any) -> None:
    import numpy

    state = tree.__getstate__()
    state["nodes"] = state["nodes"].view(numpy.recarray)
    assert "exact arrays" in trees.decision_tree(tree, state)


@pytest.mark.parametrize(("feature", "suits"), [(0, True), (1, True), (2, False), (-1, False)])
@pytest.mark.parametrize("left", [1, 0, 9])
def test_condensed_states_suit_the_same_trees(
    tree: Any, feature: int, suits: bool, left: int
) -> None:
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"]["feature"][0] = feature
    state["nodes"]["left_child"][0] = left
    small = trees.condensed(state)
    assert (trees.decision_tree(tree, state) == "") is (suits and left == 1)
    assert (small is not None and trees.decision_tree(tree, small) == "") is (suits and left == 1)


def test_condensed_states_of_leaves_and_others(tree: Any) -> None:
    state = tree.__getstate__()
    leaf = {**state, "nodes": state["nodes"][-1:].copy(), "node_count": 1}
    for given in (leaf, {**state, "nodes": None}):
        small = trees.condensed(given)
        assert trees.decision_tree(tree, given) == trees.decision_tree(tree, small) == ""
    assert trees.condensed([state]) is None
    assert trees.condensed({**state, "node_count": 99}) is None
    assert trees.condensed({**state, "nodes": state["values"]}) is None


@pytest.fixture
def neighbors() -> list[Any]:
    numpy = pytest.importorskip("numpy")
    made = pytest.importorskip("sklearn.neighbors").KDTree
    state: list[Any] = list(made(numpy.arange(80.0).reshape(40, 2), leaf_size=3).__getstate__())
    state[2] = state[2].copy()
    return state


def test_honest_trees_of_neighbors(neighbors: list[Any]) -> None:
    assert trees.neighbors_tree(tuple(neighbors)) == ""


@pytest.mark.parametrize(
    ("place", "forge"),
    [
        (0, lambda data: data[:, :1]),
        (0, lambda data: data.tolist()),
        (1, lambda indexes: indexes[:-1]),
        (1, lambda indexes: indexes - 1),
        (2, lambda nodes: nodes[:-1]),
        (2, lambda nodes: nodes["idx_end"]),
        (3, lambda bounds: bounds[:, :2]),
        (3, lambda bounds: bounds[0]),
        (5, lambda levels: levels + 1),
        (5, lambda levels: 1 << 40),
        (6, lambda count: count - 1),
        (6, lambda count: -1),
        (8, lambda leaves: None),
        (11, lambda metric: None),
        (11, lambda metric: type(metric)),
        *((place, lambda value: None) for place in range(7)),
    ],
)
def test_forged_trees_of_neighbors(neighbors: list[Any], place: int, forge: Any) -> None:
    neighbors[place] = forge(neighbors[place])
    assert trees.neighbors_tree(tuple(neighbors))


@pytest.mark.parametrize(
    ("field", "node", "value"),
    [
        ("idx_end", 3, 1 << 40),
        ("idx_start", 3, -1),
        ("idx_start", 3, 39),
        ("is_leaf", -1, 0),
    ],
)
def test_forged_nodes_of_neighbors(neighbors: list[Any], field: str, node: int, value: int) -> None:
    neighbors[2][field][node] = value
    assert trees.neighbors_tree(tuple(neighbors))


def test_metrics_suit_the_data(neighbors: list[Any]) -> None:
    metrics = pytest.importorskip("sklearn.metrics").DistanceMetric
    for metric, suits in (
        (metrics.get_metric("seuclidean", V=[1.0, 2.0]), True),
        (metrics.get_metric("seuclidean", V=[1.0]), False),
        (metrics.get_metric("haversine"), True),
    ):
        neighbors[11] = metric
        assert (trees.neighbors_tree(tuple(neighbors)) == "") is suits


def test_matrices_of_metrics_are_square() -> None:
    numpy = pytest.importorskip("numpy")
    assert trees.mahalanobis((2.0, numpy.zeros(1), numpy.eye(2))) == ""
    for matrix in (numpy.zeros((2, 1)), numpy.zeros(4), [[1.0]]):
        assert trees.mahalanobis((2.0, numpy.zeros(1), matrix))
    assert trees.mahalanobis([2.0, numpy.zeros(1), numpy.eye(2)])
