"""A source file to its symbol table."""

from __future__ import annotations

import ast
import warnings

import pytest

from policy_cache.source.locate import locate
from policy_cache.source.syntax import Scope, absolute, class_scope, parse, source


def scope(library, text: str) -> Scope:
    library.module(text)
    src = source("acme")
    assert src is not None
    return src.scope


def kinds(found: Scope) -> dict[str, list[str]]:
    return {name: [binding.kind for binding in bindings] for name, bindings in found.names.items()}


def test_bindings(library) -> None:
    text = """
    import a, b.c, d.e as f
    from g import h, i as j
    from k import *
    class C: pass
    def F(): inner = 1
    async def G(): pass
    x = y = 1
    z: int = 2
    only_annotated: int
    p, (q, *r) = 1, (2, 3)
    """
    found = scope(library, text)
    assert kinds(found) == {
        **{name: ["import"] for name in "abf"},
        **{name: ["from"] for name in "hj"},
        "C": ["class"],
        **{name: ["function"] for name in "FG"},
        **{name: ["value"] for name in "xyzpq"},
    }
    assert found.stars == ["k"]
    assert found.names["b"][0].module == "b"
    assert found.names["f"][0].module == "d.e"


@pytest.mark.parametrize(
    "text",
    [
        "try:\n from fast import X\nexcept ImportError:\n from slow import X",
        "if a:\n from fast import X\nelse:\n from slow import X",
        "for _ in ():\n from fast import X\nelse:\n from slow import X",
        "with a:\n from fast import X\nfrom slow import X",
        "try: pass\nfinally:\n from fast import X\nfrom slow import X",
        "match a:\n case 1:\n  from fast import X\n case _:\n  from slow import X",
    ],
)
def test_all_branches_count(library, text: str) -> None:
    assert [b.module for b in scope(library, text).names["X"]] == ["fast", "slow"]


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_type_checking_never_runs(library, test: str) -> None:
    assert not scope(library, f"if {test}:\n from a import X\n from b import *").names


def test_type_checking_alternative_runs(library) -> None:
    text = "if TYPE_CHECKING:\n from a import X\nelse:\n from b import X"
    assert "X" in scope(library, text).names


def test_unpacked_values_are_paired(library) -> None:
    found = scope(library, "a, b = first, second")
    assert ast.unparse(found.names["b"][0].node) == "second"  # type: ignore[arg-type]


def test_class_scope(library) -> None:
    scope(library, "class A:\n x = 1\n def m(self): y = 2\n class B: z = 3")
    src = source("acme")
    assert src is not None
    (node,) = src.tree.body
    assert isinstance(node, ast.ClassDef)
    assert set(class_scope(src, node).names) == {"x", "m", "B"}


@pytest.mark.parametrize(
    ("module", "name", "level", "meant"),
    [
        ("acme", "x", 0, "x"),
        ("acme", "x", 1, "acme.x"),
        ("acme.a", "x", 1, "acme.x"),
        ("acme.a", None, 1, "acme"),
        ("acme.p", "x", 1, "acme.p.x"),
        ("acme.p.b", "x", 2, "acme.x"),
        ("acme.p", None, 2, "acme"),
    ],
)
def test_relative_imports(library, module: str, name: str | None, level: int, meant: str) -> None:
    names = ["acme/__init__.py", "acme/a.py", "acme/p/__init__.py", "acme/p/b.py"]
    library.install("acme", dict.fromkeys(names, ""))
    found = locate(module)
    assert found is not None
    assert absolute(found, name, level) == meant


@pytest.mark.parametrize(
    "content",
    [
        b"def f(:",
        b"\0",
        b"\xff\xfe",
        b"# coding: unheard-of\n",
        b"(" * 100_000,
        b"x = " + b"-" * 50_000,
    ],
)
def test_what_is_no_source(library, content: bytes) -> None:
    library.install("acme", {"acme.py": content})
    assert source("acme") is None


def test_declared_encoding(library) -> None:
    library.install("acme", {"acme.py": "# coding: latin-1\nx = 'é'".encode("latin-1")})
    src = source("acme")
    assert src is not None
    assert "x" in src.scope.names


def test_no_warning_from_foreign_source() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = parse(b"x = '\\d'\ny = 1 is 1")
    assert len(tree.body) == 2


@pytest.mark.parametrize("name", ["builtins", "_json", "nowhere_to_be_found"])
def test_no_source(name: str) -> None:
    assert source(name) is None


def test_one_file_under_two_names(library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that others import too is ``__main__`` and a module: each has its own names."""
    library.module("class C: pass")
    first = source("acme")
    assert first is not None
    from policy_cache.source import syntax

    other = first.module._replace(name="script")
    monkeypatch.setattr(syntax, "locate", lambda name: other if name == "script" else None)
    second = source("script")
    assert second is not None
    assert (first.module.name, second.module.name) == ("acme", "script")
