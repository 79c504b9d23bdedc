"""Live classes and functions that no source shows."""

from __future__ import annotations

import json
import sys
import textwrap
import types

import pytest

from policy_cache import policies
from policy_cache.analysis import living
from policy_cache.model import CALL, CONSTRUCT, FILL, INERT, REFER, STATE, UNRESOLVED, Verdict

PRELUDE = """
import collections, copyreg, enum, functools, os, subprocess, sys, threading
from typing import NamedTuple
"""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs source in a module of no file, and judges a name of it."""
    module = types.ModuleType("typed_nowhere")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(PRELUDE, vars(module))
    policies.forget()

    def judge(name: str, source: str) -> Verdict:
        exec(textwrap.dedent(source), vars(module))
        value = module
        for part in name.split("."):
            value = getattr(value, part)
        found = living.verdict(value, module.__name__, name)
        assert found is not None
        return found

    return judge


ACTING = {
    "directly": "def __setstate__(self, s): os.mkdir(s['p'])",
    "through a method": """def __setstate__(self, s): self.run(s)
    def run(self, s): os.mkdir(s['p'])""",
    "through a method of another name": """def __setstate__(self, s): self.act(s['p'])
    act = staticmethod(os.mkdir)""",
    "through a function": """def __setstate__(self, s): helper(s['p'])
def helper(p): os.mkdir(p)""",
    "through an import": """def __setstate__(self, s):
        from os import mkdir as m
        m(s['p'])""",
    "through a lambda": "def __setstate__(self, s): (lambda p: os.mkdir(p))(s['p'])",
    "through a partial": """def __setstate__(self, s): P(s['p'])
P = functools.partial(os.mkdir)""",
    "through a table": """def __setstate__(self, s): T['m'](s['p'])
T = {'m': os.mkdir}""",
    "through a closure": """pass
def made(action):
    def __setstate__(self, s): action(s['p'])
    return __setstate__
C.__setstate__ = made(os.mkdir)""",
    "by a computed name": "def __setstate__(self, s): getattr(os, s['n'])(s['p'])",
    "by a constant name": "def __setstate__(self, s): getattr(os, 'mkdir')(s['p'])",
    "by eval": "def __setstate__(self, s): eval(s['p'])",
    "by a class": """def __setstate__(self, s): D(s['p'])
class D:
    def __init__(self, p): os.mkdir(p)""",
    "by a process": "def __setstate__(self, s): subprocess.run(s['p'])",
    "by sys.modules": "def __setstate__(self, s): sys.modules[s['n']] = s['p']",
    "by a callable object": """def __setstate__(self, s): O(s['p'])
class D:
    def __call__(self, p): os.mkdir(p)
O = D()""",
    "on the globals": """def __setstate__(self, s):
        global helper
        helper = s['p']""",
}


@pytest.mark.parametrize("body", ACTING.values(), ids=ACTING)
def test_state_setter_that_acts(typed, body: str) -> None:
    found = typed("C", f"class C:\n    {body}\n")
    assert STATE not in found.grants and found.refusals[STATE]


def test_inherited_setter(typed) -> None:
    source = "class B:\n    def __setstate__(self, s): eval(s['p'])\nclass C(B): pass\n"
    assert "eval" in typed("C", source).refusals[STATE]


@pytest.mark.parametrize("name", ["__del__", "__hash__", "__eq__", "__getattr__", "__iter__"])
def test_what_runs_unasked(typed, name: str) -> None:
    found = typed("C", f"class C:\n    def {name}(self, *a): os.rmdir(self.path)\n")
    assert REFER in found.grants
    assert not found.grants.keys() & {CONSTRUCT, CALL, STATE, FILL}


@pytest.mark.parametrize(
    "body",
    [
        "self.__dict__.update(s)",
        "self.a, self.lock = s['a'], threading.Lock()",
        "super().__init__()\n        self.a = s.get('a')",
        "[setattr(self, k, v) for k, v in s.items()]",
        "self.a = getattr(self, 'b', None)",
        "self.clean(s)\n    def clean(self, s): self.a = sorted(s)",
    ],
)
def test_honest_setter(typed, body: str) -> None:
    found = typed("C", f"class C:\n    def __setstate__(self, s):\n        {body}\n")
    assert STATE in found.grants
    assert STATE not in found.traits.get(INERT, ())


def test_setter_that_calls_what_it_gets_takes_nothing_to_call(typed) -> None:
    found = typed("C", "class C:\n    def __setstate__(self, s): self.r = s['f'](s['a'])\n")
    assert STATE in found.grants
    assert found.traits[INERT] == [STATE]


def test_finalizer_that_calls_what_the_object_holds(typed) -> None:
    found = typed("C", "class C:\n    def __del__(self): self.hook(1)\n")
    assert set(found.traits[INERT]) == {CALL, STATE}


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("class C:\n    def __init__(self, a): self.a = a", True),
        ("class C:\n    def __init__(self, a): self.a = open(a, 'w')", False),
        ("class C:\n    def __init__(self, a): self.a = list(a)", False),
        (
            "class C:\n    def __init__(self, a): self.a = list(a)\n"
            "    def __reduce__(self): return C, (self.a,)",
            True,
        ),
        (
            "class C:\n    def __init__(self, a): os.mkdir(a)\n"
            "    def __reduce__(self): return C, (self.a,)",
            False,
        ),
        ("class C(set): pass", True),
        ("class C(ValueError):\n    def __init__(self, a): super().__init__(str(a))", True),
        ("class M(type):\n    pass\nclass C(metaclass=M):\n    pass", True),
        (
            "class M(type):\n    def __call__(cls, *a): os.mkdir(a[0])\n"
            "class C(metaclass=M):\n    pass",
            False,
        ),
        ("class C(enum.Enum):\n    A = 1", True),
        (
            "class C(enum.Enum):\n    A = 1\n"
            "    @classmethod\n    def _missing_(cls, value): os.mkdir(value)",
            False,
        ),
    ],
)
def test_call(typed, source: str, called: bool) -> None:
    assert (CALL in typed("C", source).grants) is called


def test_class_of_classes_is_referred_to_only(typed) -> None:
    assert set(typed("C", "class C(type): pass").grants) == {REFER}


def test_base_that_nobody_may_have(typed) -> None:
    assert not typed("C", "class C(subprocess.Popen): pass").grants


@pytest.mark.parametrize(
    ("operations", "kind", "granted"),
    [
        ({REFER}, UNRESOLVED, True),
        (set(), UNRESOLVED, False),
        ({REFER}, "class", False),
    ],
)
def test_base_that_is_compiled(
    typed, monkeypatch: pytest.MonkeyPatch, operations: set[str], kind: str, granted: bool
) -> None:
    """What its files do not show counts as it does for a class with source."""

    def judged(module: str, name: str, operation: str = "") -> Verdict:
        refusals = dict.fromkeys((CONSTRUCT, STATE, CALL, FILL), "its files do not say")
        return Verdict(module, name, kind, "", dict.fromkeys(operations, "it"), refusals)

    monkeypatch.setattr(policies, "verdict", judged)
    verdict = typed("C", "class C(collections.deque): pass")
    assert ({CONSTRUCT, STATE} <= set(verdict.grants)) is granted


def test_functions(typed) -> None:
    assert REFER in typed("f", "def f(x): return sorted(x)").grants
    assert not typed("g", "def g(x): os.remove(x)").grants
    assert REFER in typed("h", "@functools.lru_cache\ndef h(x): return x").grants


def test_function_that_a_reducer_returns_is_called(typed) -> None:
    source = """
    def restore(a): return C(a)
    def other(a): return C(a)
    def hidden(a): os.mkdir(a)
    class C:
        def __init__(self, a): self.a = a
        def __reduce__(self): return (restore if self.a else hidden), (self.a,)
    """
    assert CALL in typed("restore", source).grants
    assert CALL not in typed("other", source).grants
    assert CALL not in typed("hidden", source).grants


def test_project_that_is_worked_on(library, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    library.install("acme", {"acme.py": ""})
    tree = tmp_path / "project" / "src"
    tree.mkdir(parents=True)
    (tree / "mine.py").write_text("")
    info = "mine-1.0.dist-info"
    library.write(f"{info}/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    library.write(f"{info}/RECORD", f"{info}/METADATA,,\n")
    url = {"url": (tmp_path / "project").as_uri(), "dir_info": {"editable": True}}
    library.write(f"{info}/direct_url.json", json.dumps(url))
    monkeypatch.syspath_prepend(str(tree))
    policies.forget()
    assert policies.owner_kind("mine") == policies.owner_kind("acme") == "distribution"
    assert policies.is_worked_on("mine")
    assert not policies.is_worked_on("acme")
    assert not policies.is_worked_on("collections")
    assert not policies.is_worked_on("nowhere_at_all")
