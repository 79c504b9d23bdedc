"""The finder that waits for loaders, and finds this package's own modules again."""

from __future__ import annotations

import subprocess
import sys

FORGETFUL = """
import importlib, pickle, sys
from fractions import Fraction
from unittest import mock
import pickleball_hook
pickleball_hook.install()
DATA = pickle.dumps(Fraction(1, 2), 2)
with mock.patch.dict(sys.modules):
    from pickleball_hook.doors import own
    own.remember_nothing()
    assert pickle.loads(DATA) == Fraction(1, 2)
    first = sys.modules["pickleball_hook.engines.prover"]
assert first.__name__ not in sys.modules
prover = importlib.import_module(first.__name__)
assert prover is first and prover.__spec__.loader is prover.__loader__
own.remember_nothing()
assert pickle.loads(DATA) == Fraction(1, 2)
"""


def test_modules_that_were_forgotten_are_found_again() -> None:
    """As ``mock.patch.dict(sys.modules)`` forgets what was imported within it."""
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
