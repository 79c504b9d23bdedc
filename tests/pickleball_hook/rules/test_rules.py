"""Argument and state rules."""

from __future__ import annotations

import functools
import json
import operator
import pickle
from pathlib import Path

import pytest

from pickleball_hook import originals
from pickleball_hook.doors import entry
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.judging import names
from pickleball_hook.rules import library_rules
from pickleball_hook.rules.table import OWNS_STATE, RULES
from policy_cache import base_policy

BASE = Path(base_policy.__file__).with_name("base")


@pytest.mark.parametrize("path", sorted(BASE.glob("*.json")), ids=lambda path: path.stem)
def test_every_rule_of_a_base_policy_exists(path: Path) -> None:
    data = json.loads(path.read_text())
    lines = [*data.get("globals", {}).values(), *data.get("patterns", {}).values()]
    assert {line["rule"] for line in lines if line.get("rule")} <= {
        *RULES,
        *library_rules.LIBRARY_RULES,
    }


def test_rules_that_own_the_state_exist() -> None:
    assert set(RULES) >= OWNS_STATE


@pytest.mark.parametrize(
    ("name", "acts"),
    [
        *(("imwrite", True), ("from_file", True), ("writeOpticalFlow", True), ("runAll", True)),
        *(("gelu", False), ("relu_", False), ("cvtColor", False), ("profile_of", False)),
        *(("customer", False), ("GaussianBlur", False), ("total", False)),
    ],
)
def test_names_of_compiled_functions(name: str, acts: bool) -> None:
    assert names._sounds_like_acting(name) is acts


PARTIAL = b"cfunctools\npartial\n(cacme\n%s\ntR(cacme\n%s\n(I1\nt(dNtb."


class Reduced:
    """Is pickled as a call and a state."""

    def __init__(self, *reduced: object) -> None:
        self.reduced = reduced

    def __reduce__(self) -> tuple[object, ...]:
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("constant", [None, NotImplemented, Ellipsis])
def test_classes_of_constants_are_called(protocol: int, constant: object) -> None:
    stream = pickle.dumps([Reduced(type(constant), ())], protocol)
    assert entry.loads(stream) == [constant]


def test_classes_of_constants_get_no_state() -> None:
    for state in ({"append": 1}, (None, {"__doc__": 1})):
        with pytest.raises(PolicyViolation):
            entry.loads(pickle.dumps(Reduced(type, (None,), state)))


class TestPartialsOfClasses:
    """A partial keeps arguments of the file's for a class that the program will call."""

    @pytest.fixture
    def acme(self, library) -> None:  # type: ignore[no-untyped-def]
        library.module(
            "import os\n"
            "class Layer:\n def __init__(self, size): self.weights = [0.0] * size\n"
            "class Acts:\n def __init__(self, text): self.code = os.system(text)\n"
            "class Runs:\n def __init__(self, text): self.value = eval(text)\n"
        )

    def test_constructor_without_sinks(self, acme: None) -> None:
        found = entry.loads(PARTIAL % (b"Layer", b"Layer"))
        assert found().weights == [0.0]

    @pytest.mark.parametrize("name", [b"Acts", b"Runs"])
    def test_constructor_that_acts(self, acme: None, name: bytes) -> None:
        with pytest.raises(PolicyViolation, match="partial"):
            entry.loads(PARTIAL % (name, name))

    @pytest.mark.parametrize("protocol", range(2, 6))
    def test_looks_like_its_function(self, protocol: int) -> None:
        plain = functools.partial(operator.add, 1)
        found = entry.loads(pickle.dumps(functools.update_wrapper(plain, operator.add), protocol))
        assert found(2) == 3
        assert vars(found) == vars(plain)

    @pytest.mark.parametrize(
        "attributes",
        [{"__doc__": [1]}, {"other": ""}, {"__wrapped__": operator.sub}, {"__class__": None}, [1]],
    )
    def test_has_no_other_attributes(self, attributes: object) -> None:
        function = operator.add
        partial = Reduced(functools.partial, (function,), (function, (1,), {}, attributes))
        with pytest.raises(PolicyViolation, match="names and texts"):
            entry.loads(pickle.dumps(partial))

    def test_not_called_by_the_file(self, acme: None) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(PARTIAL[:-1] % (b"Layer", b"Layer") + b"(tR.")


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
OLD_ARRAYS = [
    # numpy 0.9: no version, no flags; 1.0: a version; 1.4, Python 2: as now, but for the flags
    b"\x80\x02cnumpy.core._internal\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x04\x85"
    b"cnumpy\ndtype\nU\x02i1K\x00K\x01\x87R(U\x01|NNJ\xff\xff\xff\xffJ\xff\xff\xff\xfftb\x89"
    b"U\x04\x01\x02\x03\x04tb.",
    b"\x80\x02cnumpy.core._internal\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02"
    b"\x85cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R(K\x01U\x01|NNJ\xff\xff\xff\xffJ\xff\xff\xff\xfftb"
    b"\x89](K\x01U\x01xetb.",
    b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'U1'\nI0\nI1\ntR(I3\nS'<'\nNNNI4\nI4\nI0\ntb"
    b"S',o\\x00\\x00'\ntR.",
    ARRAY + b"(I1\n(I1\ntcnumpy\ndtype\n(S'V8'\nI0\nI1\ntR(I3\nS'|'\nN(S'name'\np1\nt(dg1\n"
    b"(cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI0\ntsI8\nI1\nI0\ntb"
    b"I00\nS'O\\x81\\xb7Z\\xaa:\\xabY'\ntb.",
]


@pytest.mark.parametrize("stream", OLD_ARRAYS)
@pytest.mark.parametrize("encoding", ["latin1", "bytes"])
def test_arrays_of_older_numpy(stream: bytes, encoding: str) -> None:
    """As numpy's own tests have them (numpy/_core/tests/test_multiarray.py, TestPickling)."""
    pytest.importorskip("numpy")
    value = entry.loads(stream, encoding=encoding)
    plain = originals.c_loads(stream, encoding=encoding)
    assert value.dtype == plain.dtype
    assert value.tolist() == plain.tolist()


@pytest.mark.parametrize(
    "state",
    [
        b"(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb",  # pointers, and flags that say there are none
        b"(I3\nS'|'\nNNNI-1\nI-1\nI8\ntb",
        b"(I3\nS'|'\nNNNI-1\nI-1\nI16\ntb",
        b"(I3\nS'|'\nNNNI-1\nI-1\nI55\ntb",  # pointers that would not be set to nothing first
        b"(S'|'\nN(S'a'\ntI-1\nI-1\ntb",
        b"(I3\nS'|'\nNNI-1\nI-1\ntb",
    ],
)
def test_forged_flags_of_an_object_dtype(state: bytes) -> None:
    pytest.importorskip("numpy")
    stream = b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR" + state + b"."
    for encoding in ("latin1", "bytes"):
        with pytest.raises(PolicyViolation):
            entry.loads(stream, encoding=encoding)


def aligned(flags: int) -> bytes:
    """A dtype with a number and, where `flags` are those of pointers, an object."""
    second = b"S'O8'" if flags & 0x01 else b"S'f8'"
    order, sub = (b"|", b"I63") if flags & 0x01 else (b"<", b"I0")
    return (
        b"cnumpy\ndtype\n(S'V16'\nI0\nI1\ntR(I3\nS'|'\nN(S'a'\nS'b'\nt(dS'a'\n(cnumpy\ndtype\n"
        b"(S'i1'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI0\ntsS'b'\n(cnumpy\ndtype\n("
        + second
        + b"\nI0\nI1\ntR(I3\nS'"
        + order
        + b"'\nNNNI-1\nI-1\n"
        + sub
        + b"\ntbI8\ntsI16\nI8\nI%d\ntb." % flags
    )


@pytest.mark.parametrize("flags", [-112, -101])
def test_flags_of_aligned_structures_below_numpy_2(flags: int) -> None:
    """They were written as one signed character (numpy 1.26 core/src/multiarray/descriptor.c)."""
    pytest.importorskip("numpy")
    stream = aligned(flags)
    assert entry.loads(stream).__reduce__() == originals.c_loads(stream).__reduce__()


@pytest.mark.parametrize("flags", [-112 + 0x02, -101 - 0x08, -101 - 0x10, -112 - 0x100, 0x1000090])
def test_forged_flags_of_aligned_structures(flags: int) -> None:
    pytest.importorskip("numpy")
    with pytest.raises(PolicyViolation):
        entry.loads(aligned(flags))


def test_a_registered_dtype_keeps_its_state() -> None:
    """Such a dtype exists once: a state that changes it is refused, its own is not."""
    numpy = pytest.importorskip("numpy")
    rational = pytest.importorskip("numpy._core._rational_tests").rational
    array = numpy.array([rational(1, 2)])
    stream = pickle.dumps(array)
    assert (entry.loads(stream) == array).all()
    stream = (
        b"cnumpy\ndtype\n(cnumpy._core._rational_tests\nrational\nI00\nI01\ntR"
        b"(I3\nS'>'\nNNNI8\nI4\nI0\ntb."
    )
    before = array.dtype.__reduce__()
    with pytest.raises(PolicyViolation):
        entry.loads(stream)
    assert array.dtype.__reduce__() == before


def test_no_scalar_is_of_objects() -> None:
    """Its bytes would be an address."""
    numpy = pytest.importorskip("numpy")
    rule = RULES["numpy_scalar"]
    assert not rule(None, "call", None, (numpy.dtype("f8"), bytes(8)))  # type: ignore[arg-type]
    assert rule(None, "call", None, (numpy.dtype("O"), bytes(8)))  # type: ignore[arg-type]


def test_handles_of_hooks_before_torch_2() -> None:
    """Their state is a pair, of a table by numbers and a number (torch 1.12, utils/hooks.py)."""
    hooks = pytest.importorskip("torch.utils.hooks")
    before = hooks.RemovableHandle.next_id
    stream = (
        b"\x80\x02ctorch.utils.hooks\nRemovableHandle\n)\x81ccollections\nOrderedDict\n)R%b\x86b."
    )
    try:
        assert entry.loads(stream % b"(K\x05I01\nuK\x05").id == 5
        with pytest.raises(PolicyViolation):
            entry.loads(stream % b"(K\x05cos\nsystem\nuK\x05")
    finally:
        hooks.RemovableHandle.next_id = before
