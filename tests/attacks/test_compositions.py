"""No composition of what files name acts, or changes what belongs to the whole process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.harness import HERE, TIMEOUT, variables

STREAMS = 1500


def told(site: Path, folder: Path, seed: int, mode: str) -> dict[str, Any]:
    """Run random streams in a child and return what it says of them."""
    child = subprocess.run(
        [
            *(sys.executable, str(HERE / "compositions.py"), str(site)),
            *(str(seed), str(STREAMS), str(folder / "canary")),
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=folder,
        env=variables(folder, mode),
    )
    assert child.returncode == 0, child.stderr
    found: dict[str, Any] = json.loads(child.stdout)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_random_streams(site: Path, tmp_path: Path, seed: int) -> None:
    found = told(site, tmp_path, seed, "enforce")
    assert "stream" not in found, found
    # The grammar is no use if everything is refused, or nothing is.
    counts = found["outcomes"]
    assert min(counts.get("loaded", 0), counts.get("PolicyViolation", 0)) > STREAMS / 10, counts


def test_some_of_them_act_in_plain_python(site: Path, tmp_path: Path) -> None:
    assert "stream" in told(site, tmp_path, 0, "off")
