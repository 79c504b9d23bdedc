"""``check`` says of attacks by operators, methods and metaclasses what the load says of them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pickleball_hook.checking import inspection
from pickleball_hook.checking.remarks import PERMITTED, REFUSED
from policy_cache import policies
from tests.attacks import test_living, test_methods, test_operators
from tests.attacks.harness import Attack

ONLY_LIVE = frozenset(
    [
        "a dict closes what is put into it",
        "a dict closes what is put into it, then asks its base",
        "a finalizer closes what a function has made",
        "a finalizer closes what functions have made, within a list",
        "a finalizer of a class that is not named closes what a function has made",
        "a finalizer of a class that is not named closes what the file holds",
        "a finalizer that is named once a function has made a list of what it closes",
        "a finalizer that is named once a function has made what it closes",
        "a hash is what something says that a function has made",
        "a list closes all that is put into it",
        "a list closes what is put into it",
        "an item of what a function has made of a class that acts",
    ]
)
"""Attacks by what calls give, or what the machine itself puts into an object of a list or dict:
a check has neither."""


@pytest.fixture(autouse=True)
def library(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    policies.forget()


def streams(*modules: object) -> list[Attack]:
    """Return the attacks of test modules that need nothing but the stream."""
    found: list[Attack] = [attack for m in modules for attack in m.ATTACKS]  # type: ignore[attr-defined]
    return [attack for attack in found if not attack.before and "pickle.loads" in attack.load]


def told(attack: Attack, folder: Path) -> str:
    return inspection.check(io.BytesIO(attack.build(str(folder / "canary")))).outcome


@pytest.mark.parametrize(
    "attack", streams(test_operators, test_methods, test_living), ids=lambda attack: attack.name
)
def test_attacks(attack: Attack, tmp_path: Path) -> None:
    assert (told(attack, tmp_path) == PERMITTED) == (attack.name in ONLY_LIVE)


@pytest.mark.parametrize(
    "case", [*test_operators.HONEST, *test_methods.HONEST], ids=lambda case: case.name
)
def test_honest_ones(case: Attack, tmp_path: Path) -> None:
    assert told(case, tmp_path) != REFUSED
