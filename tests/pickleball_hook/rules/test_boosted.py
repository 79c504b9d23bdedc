"""Models of boosted trees, as text and bytes."""

from __future__ import annotations

from typing import Any

import pytest

from pickleball_hook.rules import boosted

TREES = [
    """Tree=0
num_leaves=3
num_cat=1
split_feature=0 3
split_gain=300 2
threshold=0.5 0
decision_type=2 1
left_child=1 -1
right_child=-2 -3
leaf_value=-0.2 0.1 -0.2
cat_boundaries=0 2
cat_threshold=5 1
is_linear=0
shrinkage=1


""",
    """Tree=1
num_leaves=2
num_cat=0
split_feature=1
threshold=0.4
decision_type=2
left_child=-1
right_child=-2
leaf_value=0.4 0.5
is_linear=1
leaf_const=0.4 0.5
num_features=1 0
leaf_features=2  
leaf_coeff=8.8  
shrinkage=1


""",
    "Tree=2\nnum_leaves=1\nnum_cat=0\nleaf_value=0.5\nshrinkage=1\n\n\n",
]
HEADER = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=3
objective=binary sigmoid:1
feature_names=a b=c d e
tree_sizes={}

"""


def model(trees: list[str], header: str = HEADER, sizes: str | None = None) -> str:
    """Return a model as LightGBM writes it."""
    told = " ".join(str(len(tree)) for tree in trees) if sizes is None else sizes
    return header.replace("{}", told) + "".join(trees) + "end of trees\n\nparameters:\n[x: 1]\n"


def test_honest_models() -> None:
    assert boosted.is_model(model(TREES))
    assert boosted.is_model(model(TREES, HEADER.replace("tree_sizes={}\n", "")))
    assert boosted.is_model(model([], sizes=""))
    old = TREES[1].replace("decision_type=2\n", "")
    assert boosted.is_model(model([old.replace("Tree=1", "Tree=0")]))


@pytest.mark.parametrize(
    ("honest", "forged"),
    [
        ("num_leaves=3", "num_leaves=999999999"),
        ("num_leaves=3", "num_leaves=3\nnum_leaves=9"),
        ("num_leaves=3", " num_leaves=9\nnum_leaves=3"),
        ("num_leaves=2\n", "\nnum_leaves=2\n"),
        ("num_leaves=3", "num_leaves=0"),
        ("split_feature=0 3", "split_feature=0 4"),
        ("split_feature=0 3", "split_feature=-1 3"),
        ("split_feature=0 3", "split_feature=0"),
        ("left_child=1 -1", "left_child=2 -1"),
        ("left_child=1 -1", "left_child=0 -1"),
        ("left_child=1 -1", "left_child=-4 -1"),
        ("right_child=-2 -3", "right_child=-2"),
        ("threshold=0.5 0", "threshold=0.5"),
        ("threshold=0.5 0", "threshold=0.5 1"),
        ("threshold=0.5 0", "threshold=0.5 0_0"),
        ("decision_type=2 1", "decision_type=1 1"),
        ("decision_type=2 1", "decision_type=2"),
        ("leaf_value=-0.2 0.1 -0.2", "leaf_value=-0.2"),
        ("cat_boundaries=0 2", "cat_boundaries=0 3"),
        ("cat_boundaries=0 2", "cat_boundaries=-1 2"),
        ("cat_boundaries=0 2", "cat_boundaries=0"),
        ("num_features=1 0", "num_features=2 0"),
        ("num_features=1 0", "num_features=2 -1"),
        ("leaf_features=2", "leaf_features=4"),
        ("leaf_coeff=8.8", "leaf_coeff="),
        ("leaf_const=0.4 0.5", "leaf_const=0.4"),
        ("Tree=1", "Tree=7"),
        ("shrinkage=1", "shrinkage=\u0661"),
    ],
)
def test_trees_that_lead_out_of_themselves(honest: str, forged: str) -> None:
    trees = [tree.replace(honest, forged) for tree in TREES]
    assert trees != TREES
    assert not boosted.is_model(model(trees))


@pytest.mark.parametrize(
    ("honest", "forged"),
    [
        ("num_class=1", "num_class=2"),
        ("num_class=1", "num_class=0"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=9"),
        ("max_feature_idx=3", "max_feature_idx=-1"),
        ("max_feature_idx=3", "max_feature_idx=4294967299"),
        ("max_feature_idx=3", "max_feature_idx=3_0"),
        ("max_feature_idx=3\n", ""),
        ("sigmoid:1", "num_class:9"),
        ("version=v4", "version=v4\rTree=0"),
        ("version=v4", "version=v4\0"),
        ("version=v4", "version=v4\nTree=0"),
    ],
)
def test_headers_that_contradict_themselves(honest: str, forged: str) -> None:
    assert not boosted.is_model(model(TREES, HEADER.replace(honest, forged)))


@pytest.mark.parametrize("sizes", ["1 2 3", "", "0 0 0", "99999 1 1", "-5 1 1"])
def test_sizes_that_are_not_those_of_the_trees(sizes: str) -> None:
    assert not boosted.is_model(model(TREES, sizes=sizes))


def judged(rule: Any, state: Any) -> str:
    reason: str = rule(None, "state", None, (state,))
    return reason


def test_states_of_lightgbm() -> None:
    text = model(TREES)
    assert judged(boosted.lightgbm_booster, {"_handle": text, "_network": False}) == ""
    assert judged(boosted.lightgbm_booster, {"handle": text}) == ""
    assert judged(boosted.lightgbm_booster, {"_handle": None}) == ""
    for state in (
        {"_handle": 12},
        {"_handle": text[:-99]},
        {"_handle": text, "handle": 12},
        {"_handle": text, "_network": []},
        [("_handle", text)],
    ):
        assert judged(boosted.lightgbm_booster, state)


def test_states_of_xgboost() -> None:
    assert judged(boosted.xgboost_booster, {"handle": bytearray(b"{}")}) == ""
    assert judged(boosted.xgboost_booster, {"handle": None}) == ""
    for state in ({"handle": 12}, {"handle": b"x"}, {}, []):
        assert judged(boosted.xgboost_booster, state)


def test_models_of_the_installed_lightgbm() -> None:
    numpy = pytest.importorskip("numpy")
    lightgbm = pytest.importorskip("lightgbm")
    random = numpy.random.default_rng(0)
    data = random.random((200, 3))
    data[:, 2] = random.integers(0, 9, 200)
    settings = {"verbose": -1, "num_leaves": 6, "min_data_per_group": 2, "max_cat_to_onehot": 1}
    for more in ({}, {"linear_tree": True}, {"objective": "multiclass", "num_class": 3}):
        labels = (data[:, 2] % 3).astype(int)
        named = lightgbm.Dataset(data, labels, categorical_feature=[2])
        text = lightgbm.train({**settings, **more}, named, 4).__getstate__()["_handle"]
        assert boosted.is_model(text)
