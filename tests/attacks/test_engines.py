"""Every attack ends the same way whether streams are proven and replayed or not."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tests.attacks.harness import REFERENCE, Arenas

MODULES = """
analysis arguments implicit methods names operations state tampering
""".split()


@pytest.mark.parametrize("module", MODULES)
def test_engines_agree(module: str, site: Path, tmp_path: Path) -> None:
    attacks = importlib.import_module(f"tests.attacks.test_{module}").ATTACKS
    found = Arenas(site, tmp_path, attacks)
    differ = [
        (attack.name, proven, alone)
        for attack in attacks
        if (proven := found.outcome(attack, "enforce"))
        != (alone := found.outcome(attack, REFERENCE))
    ]
    assert not differ
