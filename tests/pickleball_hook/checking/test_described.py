"""What a check says of arrays that it has only by description is what the rules say of them."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest

from pickleball_hook.checking import inspection
from pickleball_hook.checking.inspection import FileVerdict
from pickleball_hook.checking.remarks import PERMITTED, REFUSED
from pickleball_hook.rules import trees
from tests.attacks.assembler import build, call, name, stream

numpy = pytest.importorskip("numpy")
sklearn_tree = pytest.importorskip("sklearn.tree")


class Forged:
    """Is written as what the reducer of another object would, with a state of one's own."""

    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


def of(value: object, protocol: int) -> FileVerdict:
    return inspection.check(io.BytesIO(pickle.dumps(value, protocol)))


def refusals(verdict: FileVerdict) -> list[str]:
    return [found.remark.reason for found in verdict.refusals]


@pytest.fixture
def fitted() -> Any:
    model = sklearn_tree.DecisionTreeClassifier()
    return model.fit(numpy.arange(8.0).reshape(4, 2), [0, 1, 0, 1]).tree_


TREES: dict[str, tuple[Any, bool]] = {
    "no dict": (lambda state: (1, 2), True),
    "no array": (lambda state: {**state, "nodes": [1]}, True),
    "no values": (lambda state: {**state, "values": None}, True),
    "no records": (lambda state: {**state, "nodes": numpy.zeros(3)}, True),
    "another count": (lambda state: {**state, "node_count": 1 << 20}, True),
    "nodes that lead out of it": (
        lambda state: {**state, "nodes": numpy.ones(state["node_count"], state["nodes"].dtype)},
        False,
    ),
}


@pytest.mark.parametrize(("forge", "settled"), TREES.values(), ids=TREES.keys())
@pytest.mark.parametrize("protocol", [2, 4])
def test_forged_trees(fitted: Any, forge: Any, settled: bool, protocol: int) -> None:
    cls, args, state = fitted.__reduce__()
    state = forge(state)
    said = refusals(of(Forged(cls, args, state), protocol))
    reason = trees.decision_tree(fitted, state)
    assert reason
    assert said == ([reason] if settled else [])


@pytest.mark.parametrize("protocol", range(2, 6))
def test_honest_trees(fitted: Any, protocol: int) -> None:
    assert of(fitted, protocol).outcome == PERMITTED
    cls, args, state = fitted.__reduce__()
    empty = {key: part for key, part in state.items() if key != "nodes"}
    assert of(Forged(cls, args, empty), protocol).outcome == PERMITTED


NEIGHBORS: dict[str, Any] = {
    "too short": lambda state: state[:-1],
    "no tuple": lambda state: [*state],
    "no data": lambda state: (None, *state[1:]),
    "no bounds": lambda state: (*state[:3], 1.5, *state[4:]),
}


@pytest.mark.parametrize("forge", NEIGHBORS.values(), ids=NEIGHBORS.keys())
@pytest.mark.parametrize("kind", ["KDTree", "BallTree"])
def test_forged_trees_of_neighbors(kind: str, forge: Any) -> None:
    import sklearn.neighbors

    make, args, state = getattr(sklearn.neighbors, kind)(numpy.zeros((4, 2))).__reduce__()
    verdict = of(Forged(make, args, state), 4)
    assert verdict.outcome == PERMITTED
    forged = forge(state)
    verdict = of(Forged(make, args, forged), 4)
    assert verdict.outcome == REFUSED
    assert refusals(verdict) == [trees.neighbors_tree(forged)]


def test_dtypes_that_hide_objects() -> None:
    objects = call(name("numpy", "dtype"), "O8", False, True)
    inner = build(objects, (3, "|", None, None, None, -1, -1, 63))
    outer = call(name("numpy", "dtype"), "V8", False, True)
    state = (3, "|", None, ("a",), {"a": (inner, 0)}, 8, 1, 0)
    verdict = inspection.check(io.BytesIO(stream(build(outer, state))))
    assert refusals(verdict) == ["the state of the dtype contradicts itself"]
