"""Whether a class may be called with nothing."""

from __future__ import annotations

import pytest

from policy_cache.analysis import bare
from policy_cache.source.resolve import resolve

SOURCE = """
import os, threading
from pathlib import Path

def clean():
    os.remove("x")

def count(values):
    return len(values)

class Base:
    def __init__(self):
        self.items = []

class Fills(Base):
    def __init__(self, path="x"):
        super().__init__()
        self.lock = threading.Lock()
        self.size = count(self.items)
        self.path = path

class Reads:
    def __init__(self):
        self.text = open("x").read()

class Writes:
    def __init__(self):
        self.stream = open("x", "w")

class Removes(Base):
    def __new__(cls):
        os.remove("x")
        return super().__new__(cls)

class ThroughAFunction:
    def __init__(self):
        clean()

class ThroughAMethod:
    def __init__(self):
        self.begin()
    def begin(self):
        self.carry_on()
    def carry_on(self):
        os.system("x")

class Inherits(ThroughAMethod):
    pass

class Overrides(ThroughAMethod):
    def begin(self):
        self.items = []

class Strange(unknown()):
    def __init__(self):
        self.x = [1]
"""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Fills", ""),
        ("Reads", ""),
        ("Overrides", ""),
        ("Writes", "open"),
        ("Removes", "remove"),
        ("ThroughAFunction", "remove"),
        ("ThroughAMethod", "system"),
        ("Inherits", "system"),
        ("Strange", "bases"),
    ],
)
def test_what_happens_with_nothing(library, name: str, reason: str) -> None:
    library.install("acme", {"acme.py": SOURCE})
    cls = resolve("acme", name)
    assert cls is not None
    found = bare.reason_against(cls)
    assert (reason in found) if reason else not found
