"""Policies as a whole: judged, compared, verified, locked, exported, cleared."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest

from policy_cache import policies
from policy_cache.kept import catalogue, store
from tests.conftest import Library

SOURCE = """
import os

class Good:
    pass

class Bad:
    def __setstate__(self, state):
        os.system(state)

class Runs:
    def __init__(self, text):
        os.system(text)

def make(value):
    return Good()

class Reduced:
    def __reduce__(self):
        return make, (1,)
"""


@pytest.fixture
def acme(library: Library) -> Library:
    library.module(SOURCE)
    assert catalogue.judge_all("acme") is not None
    return library


def test_judge_all(acme: Library) -> None:
    (kept,) = catalogue.kept("ACME")
    assert kept.counts
    assert {"acme:Good", "acme:Bad", "acme:Reduced", "acme:make"} <= set(kept.verdicts)
    assert "state" in kept.verdicts["acme:Good"]["grants"]
    assert "state" not in kept.verdicts["acme:Bad"]["grants"]
    assert "acme" not in sys.modules
    assert catalogue.judge_all("no-such-distribution") is None


def test_what_no_longer_counts(acme: Library) -> None:
    acme.install("acme", {"acme.py": SOURCE}, version="2.0")
    (acme.folder / "acme-1.0.dist-info" / "RECORD").unlink()
    old = catalogue.kept("acme", "1.0")
    assert [kept.counts for kept in old] == [False]
    catalogue.judge_all("acme")
    assert catalogue.locked()["distributions"]["acme"]["version"] == "2.0"


def test_difference() -> None:
    before: dict[str, Any] = {
        "a:same": {"grants": {"refer": ""}},
        "a:less": {"grants": {"refer": "", "call": ""}},
        "a:gone": {"grants": {"refer": ""}},
        "a:nothing": {"grants": {}},
    }
    after: dict[str, Any] = {
        "a:same": {"grants": {"refer": "elsewhere"}},
        "a:less": {"grants": {"refer": "", "state": ""}},
        "a:new": {"grants": {"call": ""}},
    }
    assert catalogue.difference(before, after) == {
        "a:less": {"change": "changed", "granted": ["state"], "refused": ["call"]},
        "a:gone": {"change": "gone", "granted": [], "refused": ["refer"]},
        "a:new": {"change": "new", "granted": ["call"], "refused": []},
    }


def test_verify(acme: Library) -> None:
    (row,) = catalogue.verify()
    assert (row["outcome"], row["differing"]) == ("confirmed", [])
    entry = policies._opened().find("acme", sys.path)
    assert entry is not None
    forged = copy.deepcopy(entry.verdicts["acme:Bad"])
    forged["grants"]["state"] = "forged"
    entry.put("acme:Bad", forged)
    policies.flush()
    (row,) = catalogue.verify()
    assert (row["outcome"], row["differing"]) == ("differs", ["acme:Bad"])


def test_policies_of_another_environment(acme: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(acme.folder)])
    assert [kept.counts for kept in catalogue.kept("acme")] == [False]
    assert "acme" not in catalogue.locked()["distributions"]
    assert [row["outcome"] for row in catalogue.verify()] == ["elsewhere"]


def test_lock(acme: Library) -> None:
    locked = catalogue.locked()
    assert catalogue.lock_changes(locked, catalogue.locked()) == []
    assert str(acme.folder) not in str(locked), "the same on every machine"
    other = copy.deepcopy(locked)
    other["distributions"]["acme"]["version"] = "9"
    other["distributions"]["acme"]["globals"]["acme:Bad"]["granted"] = ["state"]
    other["distributions"]["gone"] = {"version": "1", "globals": {}}
    changes = catalogue.lock_changes(other, locked)
    assert "acme 9 is now 1.0" in changes
    assert "gone is gone" in changes
    assert any(change.startswith("acme:Bad was granted state") for change in changes)


@pytest.mark.parametrize("value", [{}, [], {"schema": 2}, {"schema": 1, "python": "3.11"}])
def test_lock_of_another_shape(value: Any) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        catalogue.lock_changes(value, catalogue.locked())


def test_export(acme: Library) -> None:
    table = catalogue.as_pickleball(catalogue.kept("acme"))
    assert "acme.Good" in table["acme"]["globals"]
    assert "acme.make" in table["acme"]["reduces"]
    assert "acme.Runs" not in table["acme"]["reduces"]


def test_clear(acme: Library) -> None:
    assert catalogue.clear(["other"]) == 0
    assert catalogue.clear(["acme"]) == 1
    assert list(store.summaries()) == []
    assert catalogue.clear() == 1, "the index"
