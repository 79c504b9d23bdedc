"""What a refused global would come to: the sink that it is, or the way to one."""

from __future__ import annotations

import pytest

from policy_cache.analysis import chains, sinks
from policy_cache.model import CALL, CONSTRUCT, STATE

SOURCE = """
import ctypes, os, pickle

def clean(x): return [x]
def act(x): return inner(x)
def inner(x): os.system(x)

alias = act

class Calm:
    def __init__(self, x): self.x = x

class Made:
    def __new__(cls, x): os.mkdir(x)

class Called:
    def __init__(self, x): os.mkdir(x)

class Meta(type):
    def __call__(cls, x): os.mkdir(x)

class ByMeta(metaclass=Meta): pass

class Restored:
    def __setstate__(self, state): os.mkdir(state)

class Dropped:
    def __del__(self): os.mkdir(self.path)
    def run(self, x): os.mkdir(x)

class Heir(Dropped): pass

class Twice:
    def __init__(self, f, x):
        f(x)
        os.mkdir(x)

def read(path): return open(path).read()
def nested(data): return pickle.loads(data)
def switch(): flip("safe", False)
def flip(name, value): setattr(SWITCHES, name, value)
def turn():
    global state
    state = 1
class Switches: pass
SWITCHES = Switches()

def dark(x): return getattr(unknown, "f")(x)

class Tools:
    def __call__(self, x): os.mkdir(x)
    def load(self, x): ctypes.CDLL(x)

tools = Tools()
"""


@pytest.fixture(autouse=True)
def acme(library) -> None:
    library.module(SOURCE)


def test_the_sink_itself() -> None:
    found = chains.chain("os", "system", CALL)
    assert found.startswith("is ") and found.endswith("which starts or signals a process")


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("act", CALL),
        ("Made", CALL),
        ("Made", CONSTRUCT),
        ("Called", CALL),
        ("ByMeta", CALL),
        ("Restored", STATE),
        ("Dropped", STATE),
        ("Dropped", CONSTRUCT),
        ("Dropped.run", CALL),
    ],
)
def test_the_way_to_a_sink(name: str, operation: str) -> None:
    found = chains.chain("acme", name, operation)
    assert found.startswith("reaches ")
    assert "acme.py:" in found


def test_each_call_on_the_way() -> None:
    assert chains.chain("acme", "act", CALL).count("acme.py:") == 2


def test_what_acts_by_itself_comes_first() -> None:
    assert "mkdir" in chains.chain("acme", "Twice", CALL)


@pytest.mark.parametrize(
    ("name", "operation"),
    [("clean", CALL), ("Calm", CALL), ("Called", CONSTRUCT), ("Restored", CALL)],
)
def test_nothing_that_acts(name: str, operation: str) -> None:
    assert chains.chain("acme", name, operation).startswith("comes to nothing")


def test_of_what_has_no_source_nothing_is_said() -> None:
    assert chains.chain("builtins", "list", CALL) == ""


def test_a_function_that_has_another_name() -> None:
    assert chains.chain("acme", "alias", CALL).startswith("reaches ")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("tools", "mkdir"),
        ("tools.load", "native code"),
        ("read", "reads files"),
        ("nested", "loads a pickle, which meets the same guard"),
        ("switch", "sets it for the whole process"),
        ("turn", "sets it for the whole process"),
    ],
)
def test_objects_of_modules_and_what_does_no_harm(name: str, what: str) -> None:
    found = chains.chain("acme", name, CALL)
    assert found.startswith("reaches ") and what in found


def test_what_does_no_harm_is_no_reason_to_refuse() -> None:
    assert not sinks.is_showing()
    assert sinks.sink("pickle:loads") is None
    with sinks.showing():
        assert sinks.sink("pickle:loads") is not None
    assert sinks.sink("pickle:loads") is None


def test_what_could_not_be_followed_and_what_is_not_there() -> None:
    assert chains.chain("acme", "dark", CALL).startswith("could not be followed: ")
    assert chains.chain("acme", "none", CALL).startswith("is not found")
    assert chains.chain("acme", "none", CALL, "acme", "act").startswith("reaches ")
    assert chains.chain("no_such_module", "none", CALL) == ""


def test_a_method_that_is_inherited() -> None:
    assert chains.chain("acme", "Heir.run", CALL).startswith("reaches ")


def test_names_that_a_package_collects_from_its_parts(library) -> None:
    files = {
        "gathered/__init__.py": "import sys\nsys.modules[__name__] = collect()",
        "gathered/one.py": "import os\nclass Model:\n def load(self, x): os.mkdir(x)",
    }
    library.install("gathered", files)
    assert chains.chain("gathered", "Model.load", CALL).startswith("reaches ")
    assert chains.chain("gathered", "Model.save", CALL).startswith("is not found")
    library.install("gathered", {**files, "gathered/two.py": "class Model: pass"})
    assert chains.chain("gathered", "Model.load", CALL).startswith("is not found")


def test_methods_that_are_sinks_by_their_name() -> None:
    assert chains.chain("_acme", "Array.tofile", CALL).startswith("is .tofile()")
