"""A class to its linearized bases."""

from __future__ import annotations

import pytest

from policy_cache.source.hierarchy import (
    Lineage,
    is_enum,
    is_hashed,
    lineage,
    made_class,
    member,
)
from policy_cache.source.resolve import Thing, resolve


def thing(name: str) -> Thing:
    found = resolve("acme", name)
    assert found is not None
    return found


def line(library, text: str, name: str = "A") -> Lineage:
    library.module(text)
    return lineage(thing(name))


def names(found: Lineage) -> list[str]:
    return [base.key.removeprefix("acme:") for base in found.mro]


SHAPES = {
    "plain": "class A: pass",
    "chain": "class C: pass\nclass B(C): pass\nclass A(B): pass",
    "diamond": "class O: pass\nclass B(O): pass\nclass C(O): pass\nclass A(B, C): pass",
    "c3": (  # the example of the Python 2.3 paper on the method resolution order
        "class O: pass\nclass D(O): pass\nclass E(O): pass\nclass F(O): pass\n"
        "class B(D, E): pass\nclass C(D, F): pass\nclass A(B, C): pass"
    ),
    "builtin": "class B(dict): pass\nclass A(B): pass",
    "builtin_second": "class B: pass\nclass A(B, dict): pass",
    "nested": "class X:\n class B: pass\n class C(B): pass\nclass A(X.C): pass",
    "exception": "class A(ValueError): pass",
    "object": "class A(object): pass",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_order_is_the_interpreters(library, text: str) -> None:
    space: dict[str, type] = {}
    exec(text, {"__name__": "acme"}, space)
    bases = [base for base in space["A"].__mro__ if base.__module__ == "acme"]
    found = line(library, text)
    assert [base.name for base in found.mro if base.module == "acme"] == [
        base.__qualname__ for base in bases
    ]
    assert found.mro[-1].key == "builtins:object"
    assert not found.unknown


def test_across_distributions(library) -> None:
    library.install(
        "base", {"base/__init__.py": "from ._b import B", "base/_b.py": "class B(list): 1"}
    )
    found = line(library, "import base\nclass A(base.B): pass")
    assert names(found)[:3] == ["A", "base._b:B", "builtins:list"]


def test_nested_base(library) -> None:
    found = line(library, "class A:\n class B: pass\n class C(B): pass", "A.C")
    assert names(found)[:2] == ["A.C", "A.B"]


@pytest.mark.parametrize(
    "base",
    [
        "collections.namedtuple('B', 'x y')",
        "namedtuple('B', 'x y')",
        "typing.NamedTuple('B', [('x', int)])",
        "typing.NamedTuple",
        "B",
    ],
)
def test_named_tuples(library, base: str) -> None:
    text = (
        "import collections, typing\nfrom collections import namedtuple\n"
        f"B = namedtuple('B', 'x')\nclass A({base}): pass"
    )
    assert "builtins:tuple" in names(line(library, text))


@pytest.mark.parametrize("text", ["class A(Generic[T]): pass", "class A(B[int]): pass"])
def test_parametrized_bases(library, text: str) -> None:
    head = "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass B(Generic[T]): pass\n"
    found = line(library, head + text)
    assert not found.unknown
    assert found.mro[-1].key == "builtins:object"


def test_with_metaclass(library) -> None:
    text = "from six import with_metaclass\nclass M(type): pass\nclass B: pass\n"
    library.install("six", {"six.py": "def with_metaclass(meta, *bases): pass"})
    assert names(line(library, text + "class A(with_metaclass(M, B)): pass"))[:2] == ["A", "B"]


@pytest.mark.parametrize(
    "base", ["make()", "absent.B", "*bases", "B if x else C", "bases[0]", "value"]
)
def test_what_is_unknown_is_said(library, base: str) -> None:
    found = line(library, f"bases = ()\nvalue = make()\nclass A({base}): pass")
    assert found.unknown == (base,)
    assert line(library, "class A(absent): pass\nclass Z(A): pass", "Z").unknown == ("absent",)


@pytest.mark.parametrize(
    "text",
    ["class A(A): pass", "class A(B): pass\nclass B(A): pass", "class A(A.B):\n class B(A): pass"],
)
def test_cycles_end(library, text: str) -> None:
    assert names(line(library, text))[0] == "A"


def test_order_that_cannot_be(library) -> None:
    text = "class B: pass\nclass C(B): pass\nclass A(B, C): pass"
    assert set(names(line(library, text))) == {"A", "B", "C", "builtins:object"}


def test_metaclasses_are_inherited(library) -> None:
    text = "import abc\nclass M(type): pass\nclass B(metaclass=M): pass\nclass A(B): pass"
    assert [m.key for m in line(library, text).metaclasses] == ["acme:M"]
    text = "class A(metaclass=make()): pass"
    assert [m.kind for m in line(library, text).metaclasses] == ["value"]


class TestMember:
    def test_nearest(self, library) -> None:
        line(library, "class B:\n def m(self): 1\nclass A(B):\n def m(self): 2\nclass Z(A): pass")
        found = member(thing("Z"), "m")
        assert found is not None
        assert found[1].name == "A.m"

    def test_absent(self, library) -> None:
        line(library, "class A(dict): pass")
        assert member(thing("A"), "update") is None

    def test_conditional(self, library) -> None:
        line(library, "class A:\n if x:\n  def m(self): 1\n try:\n  n = len\n except E: pass")
        assert member(thing("A"), "m") is not None
        assert member(thing("A"), "n") is not None


class TestEnum:
    @pytest.mark.parametrize(
        "text",
        [
            "class A(enum.Enum): X = 1",
            "class A(enum.IntFlag): X = 1",
            "class A(str, enum.Enum): X = 1",
            "class B(enum.Enum): pass\nclass A(B): X = 1",
        ],
    )
    def test_statement(self, library, text: str) -> None:
        line(library, f"import enum\n{text}")
        assert is_enum(thing("A"))

    def test_not(self, library) -> None:
        line(library, "class A: pass")
        assert not is_enum(thing("A"))

    @pytest.mark.parametrize(
        ("text", "made"),
        [
            ("A = enum.Enum('A', 'x y')", "enum:Enum"),
            ("A = enum.IntFlag('A', 'x y')", "enum:IntFlag"),
            ("class B(enum.Enum): pass\nA = B('A', 'x y')", "acme:B"),
            ("A = collections.namedtuple('A', 'x y')", "builtins:tuple"),
            ("A = make('A')", None),
            ("A = 3", None),
            ("class B: pass\nA = B()", None),
        ],
    )
    def test_made(self, library, text: str, made: str | None) -> None:
        line(library, f"import enum, collections\nclass Any: pass\n{text}", "Any")
        found = made_class(thing("A"))
        assert (found and found.key) == made


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        ("class A: pass", True),
        ("class A:\n def __eq__(self, other): pass", False),
        ("class A:\n def __eq__(self, other): pass\n def __hash__(self): pass", True),
        ("class A(str):\n def __eq__(self, other): pass\n __hash__ = str.__hash__", True),
        ("class A:\n def __hash__(self): pass\nclass B(A):\n def __eq__(self, other): pass", False),
        ("class B:\n def __hash__(self): pass\nclass A(B):\n __hash__ = None", False),
        ("def d(c): pass\n@d\nclass A:\n def __eq__(self, other): pass", False),
        ("def d(c): c.__hash__ = f\n@d\nclass A:\n def __eq__(self, other): pass", True),
        ("@d\nclass A:\n def __eq__(self, other): pass", True),
        ("class B:\n def __eq__(self, other): pass\n@d\nclass A(B): pass", True),
        ("class A(metaclass=M):\n def __eq__(self, other): pass", True),
        ("import abc\nclass A(metaclass=abc.ABCMeta):\n def __eq__(self, other): pass", False),
        ("class M(type): pass\nclass A(metaclass=M):\n def __eq__(self, o): pass", False),
        ("class A(unknown()):\n def __eq__(self, other): pass", True),
        ("class B:\n def __eq__(self, other): pass\nclass A(str, B): pass", True),
    ],
)
def test_hashed(library, text: str, hashed: bool) -> None:
    """Data model, ``object.__hash__``: who defines ``__eq__`` alone has None for it."""
    library.module(text)
    assert is_hashed(thing("B" if "class B(A)" in text else "A")) is hashed
