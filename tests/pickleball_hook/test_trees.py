"""States of compiled trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import trees


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
