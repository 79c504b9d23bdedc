"""Argument and state rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pickleball_hook.rules import OWNS_STATE, RULES
from policy_cache import base_policy

BASE = Path(base_policy.__file__).with_name("base")


@pytest.mark.parametrize("path", sorted(BASE.glob("*.json")), ids=lambda path: path.stem)
def test_every_rule_of_a_base_policy_exists(path: Path) -> None:
    data = json.loads(path.read_text())
    lines = [*data.get("globals", {}).values(), *data.get("patterns", {}).values()]
    assert {line["rule"] for line in lines if line.get("rule")} <= set(RULES)


def test_rules_that_own_the_state_exist() -> None:
    assert set(RULES) >= OWNS_STATE
