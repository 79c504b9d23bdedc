"""What is known of an extension module without running it."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from policy_cache import policies
from policy_cache.model import CALL
from policy_cache.source import extensions
from policy_cache.source.extensions import Name
from policy_cache.source.locate import locate

SUFFIX = EXTENSION_SUFFIXES[0]


def known(library, name: str, files: dict[str, str | bytes], binary: bytes = b"\0") -> Name | None:
    everything = {"acme/__init__.py": "", f"acme/_fast{SUFFIX}": binary}
    library.install("acme", everything | {f"acme/_fast{end}": text for end, text in files.items()})
    module = locate("acme._fast")
    assert module is not None
    return extensions.look_up(module, name)


PYX = """
cdef class Tree:
    cdef int depth

    def __getnewargs__(self):
        return ()

    def __reduce__(self):
        return (Tree, (self.depth,))

cdef class Forest(Tree):
    def __reduce__(self):
        return type(self), ()

cdef class Bare:
    pass

    # a remark

    def grow(self):
        return (Bare, ())

cdef class Other:
    def __reduce__(self):
        return (rebuild, ())

def rebuild():
    pass

cpdef double unused(x):
    pass
"""


class TestCythonSource:
    @pytest.mark.parametrize(
        ("name", "kind", "calls", "newargs"),
        [
            ("Tree", "class", True, True),
            ("Forest", "class", True, False),
            ("Bare", "class", False, False),
            ("Other", "class", False, False),
        ],
    )
    def test_class(self, library, name: str, kind: str, calls: bool, newargs: bool) -> None:
        found = known(library, name, {".pyx": PYX})
        assert found is not None
        assert (found.kind, bool(found.reduces_to_class), found.newargs) == (kind, calls, newargs)
        assert found.evidence.endswith("_fast.pyx")

    def test_function(self, library) -> None:
        returned = known(library, "rebuild", {".pyx": PYX})
        unused = known(library, "unused", {".pyx": PYX})
        assert returned is not None and unused is not None
        assert (returned.kind, unused.kind) == ("function", "function")
        assert returned.returned
        assert not unused.returned

    @pytest.mark.parametrize("head", ["def", "cpdef", "cpdef tuple"])
    def test_heads_of_reducers(self, library, head: str) -> None:
        text = PYX.replace("def __reduce__", f"{head} __reduce__")
        returned, tree = (known(library, name, {".pyx": text}) for name in ("rebuild", "Tree"))
        assert returned is not None and tree is not None
        assert returned.returned
        assert tree.reduces_to_class

    @pytest.mark.parametrize("name", ["depth", "grow", "Absent", "Tre", "__reduce__", "cdef"])
    def test_no_name_of_the_module(self, library, name: str) -> None:
        assert known(library, name, {".pyx": PYX}) is None

    def test_template(self, library) -> None:
        text = (
            "cdef class Tree{{suffix}}:\n    def __reduce__(self):\n        return T{{suffix}}, ()"
        )
        found = known(library, "Tree64", {".pyx.tp": text})
        assert found is not None
        assert found.reduces_to_class
        assert known(library, "Forest64", {".pyx.tp": text}) is None

    def test_included_source(self, library) -> None:
        assert known(library, "Tree", {".pxi": PYX}) is not None

    def test_source_of_another_module(self, library) -> None:
        assert known(library, "Tree", {"er.pyx": PYX}) is None


class TestStub:
    def test_reducer(self, library) -> None:
        stub = "class Base:\n    def __reduce__(self) -> tuple[type[Self], tuple]: ...\nclass A(Base): ..."
        found = known(library, "A", {".pyi": stub}, b"\0A.__init__\0acme._fast.A.x")
        assert found is not None
        assert "_fast.pyi" in found.reduces_to_class

    def test_stub_alone_makes_no_class(self, library) -> None:
        assert known(library, "A", {".pyi": "class A: ..."}) is None

    def test_inheritance_may_be_circular(self, library) -> None:
        stub = "class A(B): ...\nclass B(A): ..."
        assert known(library, "A", {".pyi": stub}, b"\0A.__init__\0") is not None


class TestBinary:
    @pytest.mark.parametrize(
        ("binary", "calls", "newargs"),
        [
            (b"\0A.__init__\0", False, False),
            (b"\0acme._fast.A.run\0", False, False),
            (b"\0A.__reduce__\0", True, False),
            (b"\0A.__reduce_ex__\0A.__getnewargs__\0", True, True),
            (b"__pyx_unpickle_A\0", False, False),
            (b"\0A.__init__\0__pyx_pw_4acme_5_fast_1A_3__reduce__\0", True, False),
        ],
    )
    def test_class(self, library, binary: bytes, calls: bool, newargs: bool) -> None:
        found = known(library, "A", {}, binary)
        assert found is not None
        assert (found.kind, bool(found.reduces_to_class), found.newargs) == (
            "class",
            calls,
            newargs,
        )

    @pytest.mark.parametrize("binary", [b"\0", b"A", b"\0AB.__init__\0", b"\0acme._fast.A\0"])
    def test_no_class(self, library, binary: bytes) -> None:
        assert known(library, "A", {}, binary) is None

    @pytest.mark.parametrize(
        "name", ["__pyx_unpickle_A", "_unpickle_thing", "_rebuild", "_reconstruct_tree", "_newobj"]
    )
    def test_unpickler(self, library, name: str) -> None:
        found = known(library, name, {}, b"\0" + name.encode() + b"\0")
        assert found is not None
        assert (found.kind, bool(found.returned)) == ("function", True)
        assert known(library, name, {}, b"\0") is None

    def test_other_function(self, library) -> None:
        assert known(library, "system", {}, b"\0system\0acme._fast.system\0") is None

    def test_name_is_no_pattern(self, library) -> None:
        assert known(library, "A|.*", {}, b"\0B.__reduce__\0") is None
        assert known(library, "(", {}, b"\0") is None
        assert known(library, "", {}, b"\0") is None


def test_evidence_files(library) -> None:
    known(library, "A", {".pyx": PYX, ".pyi": ""})
    module = locate("acme._fast")
    assert module is not None
    names = [path.rpartition("/")[2] for path in extensions.files(module)]
    assert names == [f"_fast{SUFFIX}", "_fast.pyx", "_fast.pyi"]


@pytest.mark.parametrize(
    "registers", ["copyreg.pickle(Tree, shrink)", "copy_reg.pickle(Tree, shrink, grow)"]
)
def test_functions_that_a_source_registers(library, registers: str) -> None:
    text = f"cdef class Tree:\n    pass\n\ndef shrink(tree):\n    return (grow, ())\n\ndef grow():\n    pass\n\n{registers}\n"
    found = known(library, "grow", {".pyx": text})
    assert found is not None
    assert found.returned
    found = known(library, "shrink", {".pyx": text})
    assert found is not None
    assert not found.returned


HELPERS = """
import os

def rebuild(cls, arguments):
    return cls(*arguments)

def rebuild_file(path):
    os.mkdir(path)

def rebuild_other(cls):
    return cls()

def convert(cls):
    return cls()
"""
NAMES = b"\0__reduce__\0acme._helpers\0rebuild\0rebuild_file\0convert\0"


@pytest.mark.parametrize(
    ("name", "binary", "called"),
    [
        ("rebuild", NAMES, True),
        ("rebuild", NAMES.replace(b"__reduce__", b"__repr__"), False),
        ("rebuild", NAMES.replace(b"_helpers", b"_others"), False),
        ("rebuild_file", NAMES, False),  # it reaches a sink
        ("rebuild_other", NAMES, False),
        ("convert", NAMES, False),
    ],
)
def test_python_function_that_a_compiled_reducer_returns(
    library, name: str, binary: bytes, called: bool
) -> None:
    files = {"acme/__init__.py": "", "acme/_helpers.py": HELPERS, f"acme/_fast{SUFFIX}": binary}
    library.install("acme", files)
    verdict = policies.verdict("acme._helpers", name, CALL)
    assert (CALL in verdict.grants) is called
    assert verdict.traits.get("calls") == ([0] if called else None)
