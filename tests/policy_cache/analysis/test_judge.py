"""What a class or function of a library is permitted, and the reason when it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policy_cache import policies
from policy_cache.analysis.unasked import runs_on
from policy_cache.model import (
    CALL,
    CONSTRUCT,
    DEFERRED,
    FILL,
    INERT,
    OPERATIONS,
    REFER,
    STATE,
    TEXTLESS,
    Verdict,
)

Judged = Callable[..., Verdict]


@pytest.fixture
def judged(library) -> Judged:
    """Return the verdict on a name of a generated module, with every operation judged."""

    def judge(source: str, name: str = "A", module: str = "acme") -> Verdict:
        library.module("import os, subprocess\n" + source)
        for operation in OPERATIONS:
            verdict = policies.verdict(module, name, operation)
        assert not verdict.traits.get(DEFERRED)
        return verdict

    return judge


def granted(verdict: Verdict) -> set[str]:
    return set(verdict.grants)


ORDINARY = {REFER, CONSTRUCT, STATE}


def test_names_of_attributes_that_a_class_keeps(judged: Judged) -> None:
    """Data under a name of its own, as yacs has; no name that the interpreter looks for."""
    kept = "FROZEN = '__frozen__'\n ACT = '__setstate__'\n CALL = '__call__'\n NAME = '__module__'"
    verdict = judged(f"class A(dict):\n {kept}\n NUMBER = 3")
    assert verdict.traits["own_names"] == ["__frozen__"]
    looked_up = "def f(self, x): return hasattr(x, '__jax_array__')"
    assert "own_names" not in judged(f"class B:\n {looked_up}", "B", "acme").traits


def test_names_of_attributes_that_a_class_declares(judged: Judged) -> None:
    """A plain value of its own, as faker has; no name that the interpreter or anybody looks for."""
    own = "__weight__ = True\n __lang__: str = None\n"
    others = " __module__ = 'x'\n __call__ = None\n __made__ = print()\n def __mine__(self): pass"
    verdict = judged(f"class A:\n {own}{others}")
    assert verdict.traits["own_names"] == ["__lang__", "__weight__"]


def test_slices_of_sequential_modules(judged: Judged) -> None:
    """They are made by the constructor of a class that may take a name (torch, container.py)."""
    pytest.importorskip("torch")
    net = "import torch\nclass A(torch.nn.Sequential):\n def __init__(self, x): open(x, 'w')\n"
    verdict = judged(net)
    assert {REFER, CONSTRUCT, STATE} <= granted(verdict)
    assert CALL not in verdict.grants
    assert verdict.traits["operated"]["__getitem__"] == [False, ["items", "values"]]
    acting = judged(net + " def __getitem__(self, x): open(self.x, 'w')\n", module="other")
    assert CONSTRUCT not in acting.grants


HOOKED = """
import functools
def plain(func):
    def wrapper(*args): return func(*args)
    return wrapper
class A:
    def step(self): pass
    def __setstate__(self, state):
        self.__dict__.update(state)
        {make}
        type(self).step = {made}
"""
HOOK = "def hook(func{default}):\n            {decorator}\n            def wrapper(*args{inner}): {body}"
HOOK += "\n            return wrapper"


def hooked(made: str = "hook(A.step)", **parts: str) -> str:
    """Return a class that wraps a method of its own when one of its objects gets a state."""
    filled = {"default": "", "decorator": "", "inner": "", "body": "return func(*args)", **parts}
    return HOOKED.format(make=HOOK.format(**filled), made=made)


@pytest.mark.parametrize(
    "text",
    [
        hooked(),
        hooked(decorator="@functools.wraps(func)"),
        hooked(made="plain(A.step)"),
        hooked(body="return [one for one in args]", inner=", state=None"),
    ],
)
def test_a_method_that_is_wrapped_once_holds_nothing_of_a_file(judged: Judged, text: str) -> None:
    """So do optimizers before torch 2.0 (torch 1.12 optim/optimizer.py, _hook_for_profile)."""
    assert STATE in judged(text).grants


@pytest.mark.parametrize(
    "text",
    [
        hooked(body="return state"),
        hooked(body="return [state for func in args]"),
        hooked(default=", kept=state", body="return kept"),
        hooked(inner=", kept=state", body="return kept"),
        hooked(decorator="@functools.wraps(state)"),
        hooked(decorator="@functools.wraps(self.func)"),
        hooked(made="hook(state['step'])"),
        hooked(made="hook(self.func)"),
        hooked(made="plain(state['step'])"),
        hooked(made="state['step']"),
        hooked(body="nonlocal state; state = args"),
        hooked(body="return (lambda: state)"),
    ],
)
def test_a_method_that_is_replaced_by_what_a_file_gives(judged: Judged, text: str) -> None:
    assert "changes a global variable" in judged(text).refusals[STATE]


def test_objects_that_a_function_of_the_module_names(judged: Judged) -> None:
    shown = "class A: pass\ndef make(f):\n a = {}\n a.__module__ = f.__module__\n return a"
    assert judged(shown.format("A()")).traits["own_names"] == ["__module__"]
    assert "own_names" not in judged(shown.format("B()"), module="other").traits


class TestGranted:
    @pytest.mark.parametrize(
        ("source", "operations"),
        [
            ("class A: pass", ORDINARY | {CALL}),
            ("class A:\n __slots__ = ('x',)", ORDINARY | {CALL}),
            ("class A:\n def __init__(self, x): self.x = x", ORDINARY | {CALL}),
            ("class A:\n def __init__(self, x):\n  'text'\n  self.x: int = x", ORDINARY | {CALL}),
            ("class A:\n def __init__(self, x): self.x = open(x)", ORDINARY),
            ("class A:\n def __init__(self, x): self.x = len(x)", ORDINARY),
            ("class A:\n def __setstate__(self, s): self.__dict__.update(s)", ORDINARY | {CALL}),
            ("class A(dict): pass", ORDINARY | {CALL, FILL}),
            ("class A(list): pass", ORDINARY | {CALL, FILL}),
            ("class A(set): pass", ORDINARY | {CALL, FILL}),
            ("from collections import OrderedDict\nclass A(OrderedDict): 1", ORDINARY | {CALL, FILL}),
            ("class A(dict):\n def __setitem__(self, k, v): self.x = v", ORDINARY | {CALL, FILL}),
            ("class A(ValueError): pass", ORDINARY | {CALL}),
            ("class A(ValueError):\n def __init__(self, x): self.x = len(x)", ORDINARY | {CALL}),
            ("class A:\n def __reduce__(self): return A, (1,)\n def __init__(self, x): self.x = len(x)",
             ORDINARY | {CALL}),
            ("from dataclasses import dataclass\n@dataclass\nclass A: x: int", ORDINARY | {CALL}),
            ("from typing import NamedTuple\nclass A(NamedTuple): x: int", ORDINARY | {CALL}),
            ("from collections import namedtuple\nA = namedtuple('A', 'x')",
             {REFER, CONSTRUCT, CALL}),
            ("import enum\nclass A(enum.Enum): X = 1", {REFER, CALL}),
            ("import enum\nA = enum.Enum('A', 'X')", {REFER, CALL}),
            ("class A(type): pass", {REFER}),
            ("def A(x): return x", {REFER}),
            ("def A(x): return x\nclass B:\n def __reduce__(self): return A, (1,)", {REFER, CALL}),
            ("import abc\nclass A(abc.ABC): pass", ORDINARY | {CALL}),
            ("from typing import Generic, TypeVar\nT = TypeVar('T')\nclass A(Generic[T]): pass",
             ORDINARY),
        ],
    )  # fmt: skip
    def test_operations(self, judged: Judged, source: str, operations: set[str]) -> None:
        found = granted(judged(source))
        # What only assigns may be called although nothing needs it: not part of the claim.
        assert found - {CALL} == operations - {CALL}
        assert CALL in found or CALL not in operations

    def test_inherited_reducer_returns_the_subclass(self, judged: Judged) -> None:
        source = (
            "class B:\n def __reduce__(self): return type(self), (1,)\n"
            "class A(B):\n def __init__(self, x): self.x = len(x)"
        )
        assert CALL in judged(source).grants

    def test_reducer_that_names_another_class(self, judged: Judged) -> None:
        source = (
            "class B:\n def __reduce__(self): return B, (1,)\n def __init__(self, x): self.x = len(x)\n"
            "class A(B): pass"
        )
        assert CALL not in judged(source).grants
        assert CALL in judged(source, "B").grants

    def test_evidence_is_a_line(self, judged: Judged) -> None:
        verdict = judged("class A:\n def __setstate__(self, s): self.x = s")
        assert "acme.py:2" in verdict.grants[REFER]
        assert "acme.py:3 __setstate__" in verdict.grants[STATE]
        assert verdict.files and verdict.origin.endswith("acme.py")

    def test_nested_class(self, judged: Judged) -> None:
        verdict = judged("class A:\n class B: pass", "A.B")
        assert verdict.target == "acme:A.B"
        assert granted(verdict) >= ORDINARY

    def test_method_by_name(self, judged: Judged) -> None:
        assert granted(judged("class A:\n def m(self): pass", "A.m")) == {REFER}


class TestRefused:
    @pytest.mark.parametrize(
        ("source", "operation", "why"),
        [
            ("class A:\n def __new__(cls, c): os.system(c)", CONSTRUCT, "system"),
            ("class A:\n def __new__(cls, c): os.system(c)", CALL, "system"),
            ("class A:\n def __setstate__(self, s): os.system(s)", STATE, "system"),
            ("class A:\n def __setstate__(self, s):\n  self.x = s\n  os.unlink(self.x)", STATE, "unlink"),
            ("class B:\n def __setstate__(self, s): os.unlink(s)\nclass A(B): pass", STATE, "unlink"),
            ("class A:\n def __init__(self, c): os.system(c)", CALL, "system"),
            ("class A:\n def __init__(self, c): self.c = c + 1", CALL, "no reducer"),
            ("class A:\n def __init__(self, c): os.system(c)\n"
             " def __reduce__(self): return A, (1,)", CALL, "system"),
            ("class A(dict):\n def __setitem__(self, k, v): os.system(v)", FILL, "system"),
            ("class A(list):\n def extend(self, v): os.system(v[0])", FILL, "system"),
            ("class A:\n def append(self, v): os.system(v)", FILL, "system"),
            ("class A:\n def __del__(self): os.unlink(self.path)", CONSTRUCT, "unlink"),
            ("def m():\n return os.unlink\nclass A: __del__ = m()", CONSTRUCT, "made at run time"),
            ("def m(): pass\nclass A: __setstate__ = m()", STATE, "made at run time"),
            ("def m(): pass\nclass A: __new__ = m()", CONSTRUCT, "made at run time"),
            ("class A:\n def __del__(self): os.unlink(self.path)", STATE, "unlink"),
            ("class A:\n def __del__(self): os.unlink(self.path)", CALL, "unlink"),
            ("class A(list):\n def __del__(self): os.unlink(self.path)", FILL, "unlink"),
            ("class A:\n def __hash__(self): os.system(self.c)", CONSTRUCT, "system"),
            ("class A:\n def __eq__(self, other): os.system(self.c)", CONSTRUCT, "system"),
            ("class A:\n def __getattr__(self, n): os.system(self.c)", STATE, "system"),
            ("class A:\n def __getattribute__(self, n): os.system(self.c)", STATE, "system"),
            ("class A: pass", FILL, "no container"),
            ("class A(type): pass", CONSTRUCT, "class of classes"),
            ("class A(type): pass", CALL, "class of classes"),
            ("class A(subprocess.Popen): pass", REFER, "derives from"),
            ("import types\nclass A(types.ModuleType): pass", REFER, "derives from"),
            ("def A(c): os.system(c)", REFER, "system"),
            ("def A(c): os.system(c)\nclass B:\n def __reduce__(self): return A, (1,)", CALL, "system"),
            ("def A(c): pass", CALL, "no reducer"),
            ("def A(c): pass", STATE, "nothing in the source"),
            ("import enum\nclass A(enum.Enum): X = 1", CONSTRUCT, "exist once"),
            ("import enum\nclass A(enum.Enum): X = 1", STATE, "exist once"),
            ("import enum\nclass A(enum.Enum):\n @classmethod\n def _missing_(cls, v): os.system(v)",
             CALL, "system"),
            ("class M(type):\n def __call__(cls, c): os.system(c)\nclass A(metaclass=M): pass", CALL,
             "system"),
            ("A = make()", REFER, "made at run time"),
            ("import os as A", REFER, "module"),
            ("from os import system as A", REFER, ""),
            ("A = eval", REFER, ""),
            ("from absent import A", REFER, "finds no A"),
        ],
    )  # fmt: skip
    def test_reason(self, judged: Judged, source: str, operation: str, why: str) -> None:
        verdict = judged(source)
        assert operation not in verdict.grants
        assert why in verdict.why_not(operation)

    def test_one_operation_does_not_refuse_the_others(self, judged: Judged) -> None:
        verdict = judged("class A:\n def __setstate__(self, s): os.system(s)")
        assert granted(verdict) >= {REFER, CONSTRUCT}

    @pytest.mark.parametrize(
        "name", ["os.system", "subprocess.Popen", "os", "A.m.__globals__", "A.__dict__"]
    )
    def test_what_a_module_imports(self, judged: Judged, name: str) -> None:
        assert not judged("class A:\n def m(self): pass", name).grants

    def test_reducers_of_tests_do_not_count(self, library) -> None:
        files = {
            "acme/__init__.py": "def run(x): return x",
            "acme/tests/t.py": "import acme\nclass E:\n def __reduce__(self): return acme.run, ()",
        }
        library.install("acme", files)
        assert CALL not in policies.verdict("acme", "run", CALL).grants

    def test_reducers_of_other_libraries_do_not_count(self, library) -> None:
        library.install("acme", {"acme.py": "def run(x): return x"})
        library.install(
            "evil", {"evil.py": "import acme\nclass E:\n def __reduce__(s): return acme.run, ()"}
        )
        assert CALL not in policies.verdict("acme", "run", CALL).grants


class TestTraits:
    def test_deferred_until_asked(self, library) -> None:
        library.module("class A(dict): pass")
        assert policies.verdict("acme", "A").traits[DEFERRED] == [CALL, FILL]
        assert FILL in policies.verdict("acme", "A", FILL).grants
        assert policies.verdict("acme", "A").traits[DEFERRED] == [CALL]

    def test_calls(self, judged: Judged) -> None:
        source = "def A(x, f): return f(x)\nclass B:\n def __reduce__(self): return A, (1, len)"
        assert judged(source).traits["calls"] == [1]

    def test_default_of_a_called_parameter(self, judged: Judged) -> None:
        source = "def A(x, f=os.system): return f(x)\nclass B:\n def __reduce__(self): return A, (1, len)"
        assert not judged(source).grants

    def test_constructs(self, judged: Judged) -> None:
        source = "def A(c): return c.__new__(c)\nclass B:\n def __reduce__(self): return A, (B,)"
        assert judged(source).traits["constructs"] == [0]

    @pytest.mark.parametrize(
        ("source", "operation"),
        [
            ("class A:\n def __setstate__(self, s): s['f'](1)", STATE),
            ("class A:\n def __setstate__(self, s): self.f(1)", STATE),
            ("class A:\n def __new__(cls, f): return f[0]()", CONSTRUCT),
        ],
    )
    def test_inert(self, judged: Judged, source: str, operation: str) -> None:
        verdict = judged(source)
        assert operation in verdict.grants
        assert operation in verdict.traits[INERT]

    @pytest.mark.parametrize("sink", ["exec", "eval", "compile"])
    def test_textless(self, judged: Judged, sink: str) -> None:
        """Source code is text: operands without any text cannot bring any."""
        verdict = judged(f"class A:\n def __setstate__(self, s): {sink}(s)")
        assert verdict.traits[TEXTLESS] == [STATE]
        source = f"class A:\n def __setstate__(self, s):\n  {sink}(s)\n  os.system(s)"
        assert STATE not in judged(source).grants

    def test_unproven(self, judged: Judged) -> None:
        assert judged("class A(make()): pass").traits["unproven"]
        assert judged("class A:\n def __setstate__(self, s): thing(s)").traits["unproven"]
        assert "unproven" not in judged("class A: pass").traits

    def test_state_keys(self, judged: Judged) -> None:
        source = "class A:\n def __setstate__(self, s): self.x = s['__dict__']"
        assert judged(source).traits["state_keys"] == ["__dict__"]

    @pytest.mark.parametrize(
        "line", ["setattr(self, k, v)", "object.__setattr__(self, k, v)", "self.__setattr__(k, v)"]
    )
    def test_computed_keys(self, judged: Judged, line: str) -> None:
        setters = (
            " @property\n def p(self): 1\n @p.setter\n def p(self, v): self._p = v\n"
            " @property\n def q(self): 1\n @q.setter\n def q(self, v): os.system(v)\n"
        )
        source = f"class A:\n{setters} def __setstate__(self, s):\n  for k, v in s.items(): {line}"
        traits = judged(source).traits
        assert traits["computed_keys"]
        assert traits["setters"] == ["p"]

    def test_fresh(self, judged: Judged) -> None:
        assert judged("class A: pass").traits["fresh"] is True
        assert judged("class A(dict): pass").traits["fresh"] is True
        assert not judged("class A(make()): pass").traits.get("fresh")
        source = "class A:\n one = None\n def __new__(cls): return cls.one"
        assert not judged(source).traits.get("fresh")

    def test_enum_rule(self, judged: Judged) -> None:
        assert judged("import enum\nclass A(enum.Enum): X = 1").rule == "enum_call"
        assert judged("import enum\nA = enum.Enum('A', 'X')").rule == "enum_call"

    def test_files_of_other_distributions(self, judged: Judged, library) -> None:
        library.install("base", {"base.py": "class B:\n def __setstate__(self, s): self.x = s"})
        files = judged("from base import B\nclass A(B): pass").files
        assert {path.rpartition("/")[2] for path in files} == {"acme.py", "base.py"}


class TestStandardLibrary:
    @pytest.mark.parametrize(
        ("module", "name"),
        [("collections", "OrderedDict"), ("datetime", "date"), ("fractions", "Fraction")],
    )
    def test_listed(self, module: str, name: str) -> None:
        assert REFER in policies.verdict(module, name).grants

    @pytest.mark.parametrize(
        ("module", "name"),
        [
            ("os", "system"),
            ("posix", "system"),
            ("subprocess", "Popen"),
            ("builtins", "eval"),
            ("builtins", "exec"),
            ("builtins", "__import__"),
            ("importlib", "import_module"),
            ("runpy", "run_path"),
            ("warnings", "sys.modules"),
            ("collections", "_sys.modules"),
            ("json", "decoder.scanner.re.sys.modules"),
            ("types", "FunctionType"),
            ("ctypes", "CDLL"),
            ("webbrowser", "open"),
            ("timeit", "main"),
            ("pickle", "loads"),
            ("_pickle", "Unpickler"),
            ("pty", "spawn"),
            ("code", "InteractiveInterpreter"),
            ("asyncio", "create_subprocess_shell"),
            ("__builtin__", "eval"),
            ("builtins", "list.__class__"),
            ("builtins", "object.__subclasses__"),
            ("sys", "exit"),
        ],
    )
    def test_not_listed(self, module: str, name: str) -> None:
        verdict = policies.verdict(module, name, CALL)
        assert not verdict.grants
        assert verdict.kind == "absent" or verdict.refusals

    def test_re_export_of_a_listed_class(self, judged: Judged) -> None:
        verdict = judged("from collections import OrderedDict as A")
        assert verdict.target in ("collections:OrderedDict", "_collections:OrderedDict")
        assert CALL in verdict.grants


class TestPlaces:
    def test_local_module(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        library.write("stray.py", "class A: pass")
        monkeypatch.chdir(library.folder)
        verdict = policies.verdict("stray", "A")
        assert not verdict.grants
        assert "not in the program's own folders" in verdict.why_not(REFER)

    def test_program_module(self, library) -> None:
        library.write("stray.py", "class A: pass")
        assert granted(policies.verdict("stray", "A")) >= ORDINARY

    def test_absent(self, library) -> None:
        library.module("")
        assert policies.verdict("acme", "A").kind == "absent"
        assert policies.verdict("nowhere_to_be_found", "A").kind == "absent"

    def test_bytecode(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        library.write("stray.pyc", b"\0")
        monkeypatch.chdir(library.folder)
        verdict = policies.verdict("stray", "A")
        assert not verdict.grants
        assert not verdict.open


@pytest.mark.parametrize(
    "name", ["", ".", "A.", ".A", "A..B", "\0", "A B", "(", "\ud800", "x" * 9999]
)
@pytest.mark.parametrize("module", ["acme", "", ".", "acme.", "\0", "os", "\ud800", "builtins"])
def test_hostile_names(library, module: str, name: str) -> None:
    library.module("class A: pass")
    verdict = policies.verdict(module, name, CALL)
    assert not verdict.grants


ALIASED = """
import os

class Runs:
    def _call_impl(self, given):
        return self.forward(given)

    __call__ = _call_impl

    def forward(self, given):
        return given

class Acts(Runs):
    def forward(self, given):
        os.mkdir(given)
"""


def test_a_method_is_judged_with_the_methods_of_the_class_that_was_asked_for(library) -> None:
    library.install("acme", {"acme.py": ALIASED})
    assert REFER in policies.verdict("acme", "Runs.__call__").grants
    refused = policies.verdict("acme", "Acts.__call__")
    assert not refused.grants and "mkdir" in refused.why_not(REFER)
    assert not policies.verdict("acme", "Acts._call_impl").grants


def test_reducers_of_each_package_of_a_distribution(library) -> None:
    """What is known of one package in the cache says nothing of another of the same owner."""
    source = (
        "def restore(a): return A()\nclass A:\n    def __reduce__(self): return restore, (1,)\n"
    )
    library.install("acme", {"acme.py": source, "acme_more.py": source})
    for module in ("acme", "acme_more"):
        policies.forget()
        assert CALL in policies.verdict(module, "restore", CALL).grants
        policies.flush()


def test_reducers_of_tests_count_for_what_their_module_defines(library) -> None:
    source = (
        "class A:\n def __reduce__(self): return load, (1,)\n"
        "def load(x): return A()\ndef other(x): return A()"
    )
    library.install("acme", {"acme/__init__.py": "", "acme/tests/test_a.py": source})
    granted_to = {
        n: policies.verdict("acme.tests.test_a", n, CALL).grants for n in ("load", "other")
    }
    assert CALL in granted_to["load"]
    assert CALL not in granted_to["other"]


@pytest.mark.parametrize(
    ("where", "operations"),
    [
        ("__getattr__", ("state", "fill")),
        ("__hash__", ("construct", "call", "state", "fill")),
        ("__eq__", ("construct", "call", "state", "fill")),
        ("__repr__", ()),
        ("__setstate__", ("state",)),
        ("__new__", ("construct", "call")),
        ("__init__", ("call",)),
        ("A.append", ("fill",)),
    ],
)
def test_what_a_doubt_is_about(where: str, operations: tuple[str, ...]) -> None:
    """The unpickler asks an object for ``__setstate__`` and the like, no call does."""
    assert runs_on(f"{where}: acme.py:1 calls x") == operations


def test_what_nobody_compares_by_itself_is_no_doubt_of_a_call(judged: Judged) -> None:
    source = "class A:\n def __eq__(self, other): return thing(self.x)\n"
    assert [runs_on(d) for d in judged(source).traits["unproven"]] == [()]
    hashed = judged(f"{source} def __hash__(self): return 1")
    assert "call" in runs_on(hashed.traits["unproven"][0])
