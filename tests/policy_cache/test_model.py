"""Verdicts as values."""

from __future__ import annotations

import json

import pytest

from policy_cache.model import (
    CALL,
    INERT,
    METHODS,
    OPERATED,
    REFER,
    STATE,
    Verdict,
    joined_traits,
    refused,
)

VERDICT = Verdict(
    "acme",
    "A",
    "class",
    "acme._a:A",
    {REFER: "line 1"},
    {CALL: "it runs"},
    "literal_args",
    {"calls": [0]},
    "/site/acme/_a.py",
    ("/site/acme/_a.py",),
)


def test_survives_json() -> None:
    assert Verdict.from_json(json.loads(json.dumps(VERDICT.to_json()))) == VERDICT


@pytest.mark.parametrize(
    "change",
    [
        {"files": 3},
        {"grants": ["call"]},
        {"refusals": "no"},
        {"traits": None},
        {"module": None},
        {"target": 7},
        {"rule": None},
        {"unheard_of": 1},
    ],
)
def test_damaged_json_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((TypeError, KeyError, ValueError)):
        Verdict.from_json({**VERDICT.to_json(), **change})


def test_missing_field_is_refused() -> None:
    value = VERDICT.to_json()
    del value["grants"]
    with pytest.raises((TypeError, KeyError, ValueError)):
        Verdict.from_json(value)


def test_reasons() -> None:
    assert VERDICT.why_not(CALL) == "it runs"
    assert "nothing in the source" in VERDICT.why_not(STATE)
    assert refused("acme", "f", "for a reason").why_not(STATE) == "for a reason"


def test_refused_grants_nothing() -> None:
    verdict = refused("acme", "f", "for a reason")
    assert not verdict.grants
    assert verdict.key == "acme:f"


def test_open_means_that_only_the_live_object_can_tell() -> None:
    assert refused("acme", "f", "", "absent").open
    assert refused("acme", "f", "", "unresolved").open
    assert not refused("acme", "f", "").open
    assert not VERDICT.open
    assert not VERDICT._replace(kind="unresolved").open


def test_classes_that_are_one_have_the_restrictions_of_all() -> None:
    first = {
        INERT: [STATE],
        METHODS: {STATE: [["close"], []]},
        OPERATED: {"__getitem__": [False, ["get"]]},
        "assigns": True,
        "setters": ["x"],
    }
    second = {
        INERT: [CALL],
        METHODS: {STATE: [[], ["open"]], CALL: [[], ["run"]]},
        OPERATED: {"__getitem__": [True, []]},
        "assigns": False,
    }
    expected = {
        INERT: [CALL, STATE],
        METHODS: {STATE: [["close"], ["open"]], CALL: [[], ["run"]]},
        OPERATED: {"__getitem__": [True, ["get"]]},
        "assigns": False,
        "setters": [],
    }
    assert joined_traits([first, second]) == expected
    assert joined_traits([second, first]) == expected
    assert joined_traits([{}, {}]) == {}
