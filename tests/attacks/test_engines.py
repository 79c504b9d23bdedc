"""Every attack ends the same way whether streams are proven and replayed or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks import (
    test_analysis,
    test_arguments,
    test_implicit,
    test_methods,
    test_names,
    test_operations,
    test_state,
    test_tampering,
)
from tests.attacks.harness import REFERENCE, Arenas

MODULES = [
    test_analysis,
    test_arguments,
    test_implicit,
    test_methods,
    test_names,
    test_operations,
    test_state,
    test_tampering,
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_engines_agree(module: object, site: Path, tmp_path: Path) -> None:
    attacks = module.ATTACKS  # type: ignore[attr-defined]
    found = Arenas(site, tmp_path, attacks)
    differ = [
        (attack.name, proven, alone)
        for attack in attacks
        if (proven := found.outcome(attack, "enforce"))
        != (alone := found.outcome(attack, REFERENCE))
    ]
    assert not differ
