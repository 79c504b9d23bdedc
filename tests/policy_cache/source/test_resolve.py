"""A name to the definition it stands for."""

from __future__ import annotations

import pytest

from policy_cache.source.resolve import Thing, resolve


def target(library, files: dict[str, str], name: str, module: str = "acme") -> str | None:
    library.install("acme", files)
    found = resolve(module, name)
    return None if found is None else f"{found.kind} {found.key}"


A = {"acme/_a.py": "class A:\n class B:\n  def m(self): pass\ndef f(): pass\n_hidden = 1"}


@pytest.mark.parametrize(
    "text",
    [
        "from ._a import A",
        "from acme._a import A",
        "from acme._a import A as B\nA = B",
        "from . import _a\nA = _a.A",
        "import acme._a\nA = acme._a.A",
        "import acme._a as x\nA = x.A",
        "from ._a import *",
        "from ._b import *",
        "from ._b import A",
        "try:\n from .absent import A\nexcept ImportError:\n from ._a import A",
        "try:\n from ._a import A\nexcept ImportError:\n A = None",
        "A = None\nfrom ._a import A",
        "if x:\n from ._a import A\nelse:\n A = None",
        "from . import _a as _x, _b\nA = _b.A",
        "import importlib\n_TABLE = {'_a': ['A']}\ndef __getattr__(name): ...",
        "_TABLE = {'_a': ('f', 'A')}\ndef __getattr__(name): ...",
        "_TABLE = {'A': '._a'}\ndef __getattr__(name): ...",
        "import importlib as i\ndef __getattr__(n): return getattr(i.import_module('acme._a'), n)",
        "def __getattr__(name):\n import acme._a as a\n return getattr(a, name, None)",
        "_TABLE = {'A': 'acme._a'}\ndef __getattr__(name): ...",
        "_TABLE = {'A': ('acme._a', 'A')}\ndef __getattr__(name): ...",
        "import lazy_loader\n__getattr__, _, _ = lazy_loader.attach(x, submod_attrs={'_a': ['A']})",
    ],
)
def test_class_through(library, text: str) -> None:
    files = {"acme/__init__.py": text, "acme/_b.py": "from ._a import A", **A}
    assert target(library, files, "A") == "class acme._a:A"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A.B", "class acme._a:A.B"),
        ("A.B.m", "function acme._a:A.B.m"),
        ("A.absent", None),
        ("A.B.m.__globals__", None),
        ("f", "function acme._a:f"),
        ("f.__globals__", None),
        ("absent", None),
        ("_a", "module acme._a:"),
        ("_a.A", "class acme._a:A"),
        ("", None),
        ("A.", None),
        ("_hidden", None),  # a star does not export it
    ],
)
def test_dotted_names(library, name: str, expected: str | None) -> None:
    assert target(library, {"acme/__init__.py": "from ._a import *", **A}, name) == expected


def test_star_exports_an_underscore_that_all_lists(library) -> None:
    files = {"acme/__init__.py": "from ._a import *", "acme/_a.py": "__all__ = ['_f']\ndef _f(): 1"}
    assert target(library, files, "_f") == "function acme._a:_f"


def test_later_definition_wins(library) -> None:
    files = {"acme/__init__.py": "from ._a import A\nclass A: pass", **A}
    assert target(library, files, "A") == "class acme:A"


def test_later_star_wins(library) -> None:
    files = {
        "acme/__init__.py": "from ._a import *\nfrom ._b import *",
        "acme/_b.py": "class A: 1",
        **A,
    }
    assert target(library, files, "A") == "class acme._b:A"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\nX = os.system", "external posix:system"),
        ("from os import system as X", "external posix:system"),
        ("import sys\nX = sys", "external sys:"),
        ("X = eval", "external builtins:eval"),
        ("import warnings\nX = warnings.sys.modules", "external sys:modules"),
    ],
)
def test_stands_for_what_it_is(library, text: str, expected: str) -> None:
    found = target(library, {"acme.py": text}, "X")
    assert found in (expected, expected.replace("external sys:", "module sys:"))


def test_re_exported_module_member(library) -> None:
    """``acme.serialization.os.system`` is ``os.system``, not a member of the library."""
    files = {"acme/__init__.py": "", "acme/serialization.py": "import os"}
    assert target(library, files, "os.system", "acme.serialization") == "external posix:system"
    assert target(library, files, "os", "acme.serialization") == "module os:"


@pytest.mark.parametrize(
    "files",
    [
        {"acme.py": "A = A"},
        {"acme.py": "A = B\nB = A"},
        {"acme.py": "from acme import A"},
        {"acme/__init__.py": "from .b import A", "acme/b.py": "from . import A"},
        {"acme/__init__.py": "from .b import *", "acme/b.py": "from . import *"},
        {"acme.py": "_T = {'A': 'acme'}\ndef __getattr__(name): ..."},
    ],
)
def test_cycles_end(library, files: dict[str, str]) -> None:
    library.install("acme", files)
    found = resolve("acme", "A")
    assert found is None or found.kind in ("value", "module")


def test_value(library) -> None:
    assert target(library, {"acme.py": "x = make()"}, "x") == "value acme:x"


def test_strings_in_an_ordinary_module_are_no_lazy_table(library) -> None:
    files = {"acme/__init__.py": "TABLE = {'A': '._a'}", **A}
    assert target(library, files, "A") is None


def test_submodule_needs_no_import_statement(library) -> None:
    assert target(library, {"acme/__init__.py": "", **A}, "_a") == "module acme._a:"


def test_where(library) -> None:
    library.install("acme", {"acme.py": "\nclass A: pass"})
    found = resolve("acme", "A")
    assert found is not None
    assert found.where == f"{library.folder / 'acme.py'}:2"
    assert Thing("external", "sys", "exit").where == "sys:1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n global A\n class A: pass", "class acme:A"),
        ("class T:\n def f(self):\n  global A, B\n  class A:\n   x = A", "class acme:A"),
        ("def f():\n if x:\n  global A\n  @d\n  def A(): pass", "function acme:A"),
        ("def f():\n global A\n class A:\n  def m(self): super().m()", "class acme:A"),
        ("A = 1\ndef f():\n global A\n class A: pass", "value acme:A"),
        ("def f():\n class A: pass", None),
        ("def f():\n global B\n class A: pass\n class B: pass", None),
        ("def f(base):\n global A\n class A(base): pass", None),
        ("def f(run):\n global A\n class A:\n  def __setstate__(self, s): run(s)", None),
        ("def f():\n from os import system as run\n global A\n def A(s): run(s)", None),
    ],
)
def test_class_that_a_function_makes_global(library, text: str, expected: str | None) -> None:
    assert target(library, {"acme/__init__.py": text}, "A") == expected
