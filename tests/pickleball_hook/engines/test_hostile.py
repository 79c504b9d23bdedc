"""What the reference machine refuses of hostile streams, proof and replay refuse as well."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.conftest import site as site
from tests.attacks.harness import TIMEOUT, variables
from tests.pickleball_hook.engines import hostile


class Judge:
    """A child interpreter that loads streams by both engines."""

    def __init__(self, site: Path, folder: Path) -> None:
        self.canary = str(folder / "canary")
        self.child = subprocess.Popen(
            [sys.executable, hostile.__file__, str(site), self.canary],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=variables(folder, "enforce"),
        )
        self._watch = threading.Timer(TIMEOUT, self.child.kill)
        self._watch.start()
        self.classes, self.functions = [
            hostile.permitted(shapes, lambda data: str(self(data)["reference"]))
            for shapes in hostile.shapes()
        ]

    def __call__(self, data: bytes) -> dict[str, Any]:
        """Return what came of a stream."""
        assert self.child.stdin is not None and self.child.stdout is not None
        self.child.stdin.write(base64.b64encode(data).decode() + "\n")
        self.child.stdin.flush()
        found: dict[str, Any] = json.loads(self.child.stdout.readline())
        return found

    def close(self) -> None:
        """End the child."""
        self._watch.cancel()
        self.child.communicate(timeout=TIMEOUT)


@pytest.fixture(scope="module")
def judge(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    judging = Judge(site, tmp_path_factory.mktemp("judge"))
    yield judging
    judging.close()


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_engines_agree_on_hostile_streams(judge: Judge, chance: random.Random) -> None:
    data = hostile.Writer(chance, judge.canary, judge.classes, judge.functions).stream()
    found = judge(data)
    assert not hostile.differ(found), (found, data)


def test_streams_are_refused_and_loaded(judge: Judge) -> None:
    """The grammar is no use if everything is refused, or nothing is."""
    counts: dict[str, int] = {}
    for seed in range(1500):
        writer = hostile.Writer(
            random.Random(str(seed)), judge.canary, judge.classes, judge.functions
        )
        found = judge(writer.stream())
        assert not hostile.differ(found)
        counts[found["proof"]] = counts.get(found["proof"], 0) + 1
    assert min(counts["loaded"], counts["PolicyViolation"]) > 50, counts
