"""The guarded loaders give what CPython's own give: objects, errors, positions."""

from __future__ import annotations

import array
import collections
import copy
import datetime
import decimal
import fractions
import functools
import inspect
import io
import operator
import pickle
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pickleball_hook import originals
from pickleball_hook.doors import entry
from pickleball_hook.engines import gate
from pickleball_hook.errors import PolicyViolation

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

zones = st.sampled_from(
    [None, datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=2))]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.binary().map(bytearray),
    st.dates(),
    st.datetimes(timezones=zones),
    st.times(),
    st.timedeltas(),
    st.just(...),
)
"""What the C machine may load behind the gate, and bytearray, which it may not."""
others = st.one_of(
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.integers(0, 9).map(range),
    st.builds(slice, st.integers(), st.integers()),
    st.lists(st.floats(), max_size=3).map(lambda v: array.array("d", v)),
    st.just(NotImplemented),
    st.just(len),
    st.just(int),
    st.text(max_size=3).map(operator.itemgetter),
    st.text(max_size=3).map(ValueError),
    st.integers(0, 3).map(lambda n: functools.partial(int, n)),
)


def grown(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.one_of(st.integers(), st.text(), st.binary(), st.dates())
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner),
            st.lists(inner).map(tuple),
            st.lists(inner).map(collections.deque),
            st.dictionaries(keys, inner),
            st.dictionaries(keys, inner).map(collections.OrderedDict),
            st.dictionaries(keys, inner).map(lambda d: collections.defaultdict(list, d)),
            st.sets(keys),
            st.frozensets(keys),
            inner.map(lambda v: [v, v, {"again": v}]),
            inner.map(knotted),
        ),
        max_leaves=12,
    )


def knotted(value: Any) -> list[Any]:
    """Return a list that holds itself, directly and through a tuple and a dict."""
    knot: list[Any] = [value]
    knot += [knot, (knot, value), {"knot": knot}]
    return knot


closed_graphs = grown(scalars)
graphs = grown(st.one_of(scalars, others))


def same(one: Any, other: Any) -> bool:
    """Compare by pickling again: sharing and types show there, and NaN equals itself."""
    return pickle.dumps(one, 4) == pickle.dumps(other, 4)


class TestSameObjects:
    @quick
    @given(closed_graphs, st.sampled_from(PROTOCOLS))
    def test_closed(self, value: Any, protocol: int) -> None:
        data = pickle.dumps(value, protocol)
        assert same(entry.loads(data), originals.c_loads(data))

    @quick
    @given(graphs, st.sampled_from(PROTOCOLS))
    def test_listed(self, value: Any, protocol: int) -> None:
        data = pickle.dumps(value, protocol)
        assert same(entry.loads(data), originals.c_loads(data))

    @quick
    @given(graphs, st.sampled_from(PROTOCOLS))
    def test_python_unpickler(self, value: Any, protocol: int) -> None:
        data = pickle.dumps(value, protocol)
        guarded = entry.load_in_python(originals.PythonUnpickler(io.BytesIO(data)))
        assert same(guarded, originals.c_loads(data))

    @quick
    @given(graphs)
    @pytest.mark.parametrize("form", [bytes, bytearray, memoryview, pickle.PickleBuffer])
    def test_buffers(self, form: Callable[[bytes], Any], value: Any) -> None:
        data = pickle.dumps(value)
        assert same(entry.loads(form(data)), originals.c_loads(data))

    @quick
    @given(st.lists(graphs, min_size=1, max_size=3), st.sampled_from(PROTOCOLS))
    def test_several_in_one_file(self, tmp_path: Path, values: list[Any], protocol: int) -> None:
        path = tmp_path / "several.pkl"
        path.write_bytes(b"".join(pickle.dumps(value, protocol) for value in values) + b"rest")
        with path.open("rb") as plain, path.open("rb") as guarded:
            for _ in values:
                assert same(entry.load(guarded), originals.c_load(plain))
                assert guarded.tell() == plain.tell()
            assert guarded.read() == b"rest"

    @quick
    @given(st.lists(graphs, min_size=1, max_size=3))
    def test_one_unpickler_for_several(self, values: list[Any]) -> None:
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream)
        for value in [*values, values]:
            pickler.dump(value)
        data = stream.getvalue()
        plain = originals.CUnpickler(io.BytesIO(data))
        guarded = entry.Unpickler(io.BytesIO(data))
        for _ in [*values, values]:
            assert same(guarded.load(), plain.load())

    def test_numpy_is_not_needed(self) -> None:
        assert entry.loads(pickle.dumps([decimal.Decimal(1), fractions.Fraction(1, 2)]))

    def test_file_that_cannot_seek(self) -> None:
        class Pipe(io.RawIOBase):
            def __init__(self, data: bytes) -> None:
                self.stream = io.BytesIO(data)

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                return self.stream.readinto(buffer)

        value = [uuid.UUID(int=1), {"x": datetime.date(2020, 1, 1)}]
        assert entry.load(io.BufferedReader(Pipe(pickle.dumps(value)))) == value

    def test_file_with_only_read_and_readline(self) -> None:
        class Least:
            def __init__(self, data: bytes) -> None:
                stream = io.BytesIO(data)
                self.read, self.readline = stream.read, stream.readline

        for value in ([1, 2], [uuid.UUID(int=1)]):
            for protocol in PROTOCOLS:
                assert entry.load(Least(pickle.dumps(value, protocol))) == value

    def test_loads_does_not_keep_the_buffer(self) -> None:
        data = bytearray(pickle.dumps(["x" * 5000, uuid.UUID(int=1)]))
        found = entry.loads(data)
        data.clear()  # BufferError if a view of it were alive
        assert found == ["x" * 5000, uuid.UUID(int=1)]
        assert not data

    @pytest.mark.parametrize("protocol", [0, 1, 2])
    def test_encoding(self, protocol: int) -> None:
        data = b"(S'\\xe9'\nU\x01\xe9l."
        for options in ({"encoding": "latin-1"}, {"encoding": "bytes"}, {"errors": "replace"}):
            assert entry.loads(data, **options) == originals.c_loads(data, **options)  # type: ignore[arg-type]

    def test_buffers_out_of_band(self) -> None:
        buffers: list[Any] = []
        data = pickle.dumps(pickle.PickleBuffer(b"abc"), 5, buffer_callback=buffers.append)
        assert bytes(entry.loads(data, buffers=buffers)) == b"abc"  # type: ignore[call-overload]


STREAMS = [
    pickle.dumps(value, protocol)
    for protocol in (0, 2, 5)
    for value in (
        {"a": [1, (2.5, "x")], "b": {3}},
        [uuid.UUID(int=5), decimal.Decimal("1.5"), ValueError("x")],
        [datetime.datetime(2020, 1, 1), collections.OrderedDict(x=1)],
    )
]


def outcome(load: Callable[[bytes], object], data: bytes) -> tuple[object, ...]:
    try:
        return ("value", pickle.dumps(load(data)))
    except PolicyViolation:
        return ("refused",)
    except Exception as error:
        return (type(error), str(error))


class TestSameErrors:
    @pytest.mark.parametrize("data", STREAMS)
    def test_truncated(self, data: bytes) -> None:
        for end in range(len(data)):
            piece = data[:end]
            assert outcome(entry.loads, piece) == outcome(originals.c_loads, piece), piece

    @pytest.mark.parametrize("data", STREAMS)
    def test_truncated_file(self, data: bytes) -> None:
        for end in range(len(data)):
            guarded = outcome(lambda piece: entry.load(io.BytesIO(piece)), data[:end])
            plain = outcome(lambda piece: originals.c_load(io.BytesIO(piece)), data[:end])
            assert guarded == plain, data[:end]

    @quick
    @given(st.binary(max_size=40))
    def test_garbage(self, data: bytes) -> None:
        """Nothing that these bytes can name is permitted to act: data, an error, or refused."""
        guarded = outcome(entry.loads, data)
        if guarded != ("refused",):
            assert guarded == outcome(originals.c_loads, data)

    @pytest.mark.parametrize(
        "data",
        [
            b"cos\nno_such_name\n.",
            b"cno_such_module\nx\n.",
            b"\x80\x04\x8c\x02os\x94K\x01\x93.",
            b"ccollections\nOrderedDict\nK\x01R.",
            b"ccollections\nOrderedDict\n(K\x01tR.",
            b"K\x01K\x01\x81.",
            b"K\x01)\x81.",
            b"K\x01}\x92.",
            b"K\x01}b.",
            b"K\x01a.",
            b"]K\x01K\x02s.",
            b"(K\x01u.",
            b"}(K\x01u.",
            b"}(]K\x01u.",
            b"\x8f(]\x90.",
            b"(]o.",
            b"(o.",
            b"P1\n.",
            b"K\x01Q.",
            b"\x82\x01.",
            b"\x97.",
            b"h\x05.",
            b"g5\n.",
            b"I1",
            b"Ix\n.",
            b"\x80\xff.",
            b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
            b"0.",
            b"(1.",
            b"2.",
            *(
                b"ctypes\nSimpleNamespace\n)R" + rest
                for rest in (b"Nb.", b"]b.", b")b.", b"NN\x86b.", b"}N\x86b.", b"N]\x86b.")
            ),
            *(
                b"cfractions\nFraction\n(K\x01K\x02tR" + rest
                for rest in (b"(e.", b"(u.", b"(\x90.")
            ),
        ],
    )
    def test_odd_streams(self, data: bytes) -> None:
        assert outcome(entry.loads, data) == outcome(originals.c_loads, data)
        assert outcome(lambda d: entry.load(io.BytesIO(d)), data) == outcome(
            lambda d: originals.c_load(io.BytesIO(d)), data
        )

    @pytest.mark.parametrize(
        "call",
        [
            lambda f: f(),
            lambda f: f(3),
            lambda f: f(None),
            lambda f: f("text"),
            lambda f: f(b"N.", 1),
            lambda f: f(b"N.", unknown=1),
            lambda f: f(b"N.", encoding=3),
            lambda f: f(b"N.", fix_imports="x"),
            lambda f: f(b"N.", buffers=3),
            lambda f: f(io.BytesIO(b"N.")),
            lambda f: f(object()),
        ],
    )
    def test_wrong_arguments(self, call: Callable[[Any], object]) -> None:
        for guarded, plain in (
            (entry.loads, originals.c_loads),
            (entry.load, originals.c_load),
            (entry.Unpickler, originals.CUnpickler),
        ):
            results = []
            for function in (guarded, plain):
                try:
                    results.append(type(call(function)).__name__)
                except Exception as error:
                    results.append(type(error).__name__)
            assert results[0] == results[1], guarded

    def test_uninitialized_unpickler(self) -> None:
        bare = entry.Unpickler.__new__(entry.Unpickler)
        with pytest.raises(pickle.UnpicklingError, match="not called"):
            bare.load()


class TestLikeBuiltins:
    @pytest.mark.parametrize("name", ["load", "loads"])
    def test_functions(self, name: str) -> None:
        ours, plain = getattr(entry, name), getattr(originals, f"c_{name}")
        assert (ours.__name__, ours.__module__, ours.__doc__) == (name, "_pickle", plain.__doc__)
        assert inspect.signature(ours) == inspect.signature(plain)
        assert callable(ours)

        class Holder:
            function = ours

        assert Holder().function is ours  # does not bind, as a builtin does not

    @pytest.mark.parametrize("name", ["load", "loads"])
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_pickled_under_the_standard_name(
        self, name: str, protocol: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        function = getattr(entry, name)
        for module in ("_pickle", "pickle"):
            monkeypatch.setattr(f"{module}.{name}", function)
        data = pickle.dumps(function, protocol)
        assert b"pickleball" not in data
        assert copy.copy(function) is function

    def test_class(self) -> None:
        assert entry.Unpickler.__name__ == "Unpickler"
        assert entry.Unpickler.__module__ == "_pickle"
        assert issubclass(entry.Unpickler, originals.CUnpickler)
        assert set(dir(originals.CUnpickler)) <= set(dir(entry.Unpickler))


class TestUnpicklerObjects:
    def test_find_class_of_a_subclass(self) -> None:
        class Mine(entry.Unpickler):
            def find_class(self, module: str, name: str) -> object:
                asked.append((module, name))
                return super().find_class(module, name)

        asked: list[tuple[str, str]] = []
        assert Mine(io.BytesIO(pickle.dumps(uuid.UUID(int=1)))).load() == uuid.UUID(int=1)
        assert asked[0] == ("uuid", "UUID")

    def test_find_class_of_a_subclass_is_guarded(self) -> None:
        class Mine(entry.Unpickler):
            def find_class(self, module: str, name: str) -> object:
                return super().find_class(module, name)

        with pytest.raises(PolicyViolation):
            Mine(io.BytesIO(b"cos\nsystem\n.")).load()

    def test_find_class_that_gives_what_it_likes_is_judged(self) -> None:
        import os

        class Mine(entry.Unpickler):
            def find_class(self, module: str, name: str) -> object:
                return os.system

        with pytest.raises(PolicyViolation):
            Mine(io.BytesIO(b"cmath\nsqrt\n(Vtrue\ntR.")).load()

    def test_find_class_set_later(self) -> None:
        import os

        class Mine(entry.Unpickler):
            pass

        Mine.find_class = lambda self, module, name: os.system  # type: ignore[method-assign]
        with pytest.raises(PolicyViolation):
            Mine(io.BytesIO(b"cmath\nsqrt\n(Vtrue\ntR.")).load()

    def test_persistent_load(self) -> None:
        class Mine(entry.Unpickler):
            def persistent_load(self, pid: Any) -> object:
                return ["stored", pid]

        data = b"(P1\nK\x02Qt."
        assert Mine(io.BytesIO(data)).load() == (["stored", "1"], ["stored", 2])

    def test_persistent_load_on_the_instance(self) -> None:
        class Mine(entry.Unpickler):
            pass

        unpickler = Mine(io.BytesIO(b"P1\n."))
        unpickler.persistent_load = lambda pid: f"stored {pid}"  # type: ignore[method-assign]
        assert unpickler.load() == "stored 1"

    def test_find_class_alone(self) -> None:
        unpickler = entry.Unpickler(io.BytesIO(b""))
        assert unpickler.find_class("uuid", "UUID") is uuid.UUID
        with pytest.raises(PolicyViolation):
            unpickler.find_class("os", "system")

    def test_memo(self) -> None:
        data = pickle.dumps([["x"], uuid.UUID(int=1)], 4)
        guarded, plain = entry.Unpickler(io.BytesIO(data)), originals.CUnpickler(io.BytesIO(data))
        guarded.load(), plain.load()
        ours, theirs = guarded.memo.copy(), plain.memo.copy()
        assert set(ours) == set(theirs)
        again = entry.Unpickler(io.BytesIO(b"h\x01."))
        again.memo = {1: "kept"}
        assert again.load() == "kept"


ATTACKS = [
    b"cos\nsystem\n(Vtrue\ntR.",
    b"cposix\nsystem\n(Vtrue\ntR.",
    b"cnt\nsystem\n.",
    b"cbuiltins\neval\n(V1\ntR.",
    b"c__builtin__\neval\n(V1\ntR.",
    b"(ios\nsystem\nVtrue\n.",
    b"(cos\nsystem\nVtrue\no.",
    b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    b"\x80\x04\x8c\x0bcollections\x8c\x18_sys.modules.__getitem__\x93.",
    b"\x80\x04\x8c\x08builtins\x8c\x12dict.__class__.mro\x93.",
    b"csubprocess\nPopen\n.",
    b"ccommands\ngetoutput\n(Vtrue\ntR.",
    b"cpickle\nloads\n.",
    b"c_pickle\nUnpickler\n.",
    b"cfunctools\npartial\n(cos\nsystem\ntR.",
    b"cbuiltins\ngetattr\n(cos\nsystem\nV__call__\ntR.",
    b"cbuiltins\ngetattr\n(cuuid\nUUID\nV__init__\ntR.",
    b"cbuiltins\ntype\n(cbuiltins\nlen\ntR.",
    b"cbuiltins\nmap\n(cos\nsystem\n(Vtrue\nltR.",
    b"ctypes\nFunctionType\n.",
    b"coperator\nattrgetter\n.",
    b"cuuid\nUUID\n)\x81}\x8c\x09__class__cuuid\nUUID\nsb.",
    b"cuuid\nUUID\n}\x8c\x01xK\x01sb.",
    b"clogging\ngetLogger\n(Vauth\ntR}\x8c\x08disabled\x88sb.",
    b"csignal\nSignals\n(K\x02tR}\x8c\x01xK\x01sb.",
]


@pytest.mark.parametrize("data", ATTACKS)
@pytest.mark.parametrize(
    "load",
    [
        entry.loads,
        lambda d: entry.load(io.BytesIO(d)),
        lambda d: entry.Unpickler(io.BytesIO(d)).load(),
        lambda d: entry.load_in_python(originals.PythonUnpickler(io.BytesIO(d))),
    ],
    ids=["loads", "load", "Unpickler", "_Unpickler"],
)
def test_refused_by_every_loader(load: Callable[[bytes], object], data: bytes) -> None:
    plain_fails = data.startswith((b"cnt\n",))
    with pytest.raises(Exception) as caught:  # noqa: B017, PT011
        load(data)
    assert plain_fails or isinstance(caught.value, PolicyViolation), caught.value


class TestGate:
    """Which names let a stream run on the C machine without a look at its operations."""

    def test_a_module_that_is_imported_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = sys.modules["datetime"]
        monkeypatch.setattr(gate, "_closed", None)
        monkeypatch.setattr(gate, "_absent", set())
        stream = b"cdatetime\ndate\n(C\x04\x07\xe0\x02\x1dtR."
        monkeypatch.delitem(sys.modules, "datetime")
        gate._closed_set()
        with pytest.raises(gate.Leave):
            gate.Gate(gate.Reader(stream)).load()
        monkeypatch.setitem(sys.modules, "datetime", module)
        assert gate.Gate(gate.Reader(stream)).load() == datetime.date(2016, 2, 29)

    def test_a_class_that_the_program_has_put_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "_closed", None)
        monkeypatch.setattr(gate, "_absent", set())
        monkeypatch.setattr(datetime, "date", type("date", (), {}))
        with pytest.raises(gate.Leave):
            gate.Gate(gate.Reader(b"cdatetime\ndate\n(tR.")).load()

    def test_short_streams_do_not_take_each_other_s_way(self) -> None:
        """Their beginnings tell nothing of what they name."""
        outcome(entry.loads, b"cos\nx\n.")
        damaged = b"]K\x01K\x02s."
        assert outcome(entry.loads, damaged) == outcome(originals.c_loads, damaged)
