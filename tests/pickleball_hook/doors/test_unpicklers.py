"""Classes derived from the unpicklers, and what else plain Python lets a load do."""

from __future__ import annotations

import copyreg
import gzip
import io
import os
import pickle
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import originals
from pickleball_hook.doors import entry, own, patches
from pickleball_hook.errors import PolicyViolation

HOSTILE = b"cos\nsystem\n(Vtrue\ntR."
VALUE = [uuid.UUID(int=1), {"x": (1, 2)}, ValueError("x")]


class WithoutSetter:
    """Its state cannot be set."""

    __setstate__ = None

    @classmethod
    def made(cls) -> Any:
        made = cls()
        vars(made)["x"] = 1
        return made


class Around:
    """Reduces to itself and a list that leads back to it."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __reduce__(self) -> tuple[Any, ...]:
        return Around, (self.items,), {"name": "around"}

    @classmethod
    def made(cls) -> Around:
        item = Item()
        made = cls([item])
        item.around = made
        return made

    @staticmethod
    def load(data: bytes) -> Any:
        return entry.loads(data)


class OwnBuild(pickle._Unpickler):  # type: ignore[misc]
    """Handles BUILD itself, as joblib's unpickler does."""

    dispatch = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]

    def load_build(self) -> None:
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


class Nesting(pickle._Unpickler):  # type: ignore[misc]
    """Goes on with an unpickler that looks names up by its own ``find_class``, as joblib 1.6 does."""

    dispatch = dict(pickle._Unpickler.dispatch)  # type: ignore[attr-defined]

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.file = file

    def load_build(self) -> None:
        super().load_build()
        inner: Any = pickle._Unpickler(self.file)  # type: ignore[attr-defined]
        inner.find_class = self.find_class
        self.stack[-1] = inner.load()

    dispatch[pickle.BUILD[0]] = load_build


class Once:
    """There is one object of it."""

    def __init__(self) -> None:
        self.names = ["meter"]

    def __reduce__(self) -> tuple[Any, ...]:
        return once, (), vars(self)


def once() -> Once:
    """Return the object that there is."""
    return ONCE


ONCE = Once()


class Item:
    around: Any


class Words(str):
    """Text of a class of the program."""


@pytest.fixture(autouse=True)
def python_unpickler_patched() -> None:
    patches.complete_python_unpickler()


def bases() -> list[type]:
    return [entry.Unpickler, originals.PythonUnpickler]


@pytest.fixture(params=bases(), ids=["C", "Python"])
def base(request: pytest.FixtureRequest) -> Any:
    return request.param


def run(unpickler: Any) -> object:
    if isinstance(unpickler, originals.PythonUnpickler):
        return entry.load_in_python(unpickler)
    return unpickler.load()


class TestNestedUnpickler:
    """Names that may only be called are looked up by another unpickler than the one that calls."""

    @staticmethod
    def load(inner: bytes) -> object:
        item = f"c{Item.__module__}\nItem\n)\x81}}".encode("latin1")
        return entry.load_in_python(Nesting(io.BytesIO(item + b"b\x80\x02" + inner + b".")))

    def test_calls(self) -> None:
        assert self.load(b"c_codecs\nencode\n(V\xe9\nVlatin1\ntR.") == b"\xe9"

    def test_not_handed_out(self) -> None:
        with pytest.raises(PolicyViolation, match="not handed out"):
            self.load(b"c__builtin__\ngetattr\n.")

    def test_judged(self) -> None:
        with pytest.raises(PolicyViolation, match="os.system"):
            self.load(HOSTILE)


class TestSubclasses:
    def test_chain_of_super(self, base: Any) -> None:
        asked = []

        class One(base):
            def find_class(self, module: str, name: str) -> object:
                asked.append("one")
                return super().find_class(module, name)

        class Mixin:
            def find_class(self, module: str, name: str) -> object:
                asked.append("mixin")
                return super().find_class(module, name)  # type: ignore[misc]

        class Two(Mixin, One):
            def find_class(self, module: str, name: str) -> object:
                asked.append("two")
                return super().find_class(module, name)

        assert repr(run(Two(io.BytesIO(pickle.dumps(VALUE))))) == repr(VALUE)
        assert asked[:3] == ["two", "mixin", "one"]
        with pytest.raises(PolicyViolation):
            run(Two(io.BytesIO(HOSTILE)))

    def test_find_class_of_the_instance(self, base: Any) -> None:
        class Mine(base):
            pass

        unpickler = Mine(io.BytesIO(b"cmath\nsqrt\n(Vtrue\ntR."))
        unpickler.find_class = lambda module, name: __import__("os").system
        with pytest.raises(PolicyViolation):
            run(unpickler)

    def test_renaming(self, base: Any) -> None:
        class Mine(base):
            def find_class(self, module: str, name: str) -> object:
                return super().find_class({"old": "uuid"}.get(module, module), name)

        data = pickle.dumps(VALUE[0], 2).replace(b"cuuid\n", b"cold\n")
        assert run(Mine(io.BytesIO(data))) == VALUE[0]

    def test_persistent_load(self, base: Any) -> None:
        class Mine(base):
            def persistent_load(self, pid: object) -> object:
                return {"pid": pid}

        data = b"\x80\x04(K\x05QP6\nt."
        assert run(Mine(io.BytesIO(data))) == ({"pid": 5}, {"pid": "6"})

    def test_persistent_load_that_gives_a_function(self, base: Any) -> None:
        class Mine(base):
            def persistent_load(self, pid: object) -> object:
                return __import__("os").system

        with pytest.raises(PolicyViolation):
            run(Mine(io.BytesIO(b"\x80\x04K\x05QVtrue\n\x85R.")))

    def test_unpickler_without_init(self, base: Any) -> None:
        class Mine(base):
            def __init__(self) -> None:
                pass

        with pytest.raises(pickle.UnpicklingError, match="not called"):
            run(Mine())

    def test_operations_of_ones_own_run_after_the_check(self) -> None:
        seen = []

        class Mine(originals.PythonUnpickler):  # type: ignore[misc]
            dispatch = dict(originals.PythonUnpickler.dispatch)

            def load_reduce(self) -> None:
                args = self.stack.pop()
                seen.append(self.stack[-1])
                self.stack[-1] = self.stack[-1](*args)

            dispatch[pickle.REDUCE[0]] = load_reduce

        assert repr(run(Mine(io.BytesIO(pickle.dumps(VALUE))))) == repr(VALUE)
        assert seen
        with pytest.raises(PolicyViolation):
            run(Mine(io.BytesIO(HOSTILE)))

    def test_objects_that_operations_of_ones_own_make_get_their_state(self) -> None:
        class Mine(originals.PythonUnpickler):  # type: ignore[misc]
            dispatch = dict(originals.PythonUnpickler.dispatch)

            def load_newobj(self) -> None:
                args = self.stack.pop()
                cls = self.stack.pop()
                obj = cls.__new__(cls, *args)
                self.append(obj)

            dispatch[pickle.NEWOBJ[0]] = load_newobj

        found = run(Mine(io.BytesIO(pickle.dumps(uuid.UUID(int=3)))))
        assert found == uuid.UUID(int=3)

    def test_a_method_by_name_is_called_by_operations_of_ones_own(self) -> None:
        """``getattr(ZoneInfo, "_unpickle")`` is called in turn, as in pandas' unpickler."""

        class Mine(originals.PythonUnpickler):  # type: ignore[misc]
            dispatch = dict(originals.PythonUnpickler.dispatch)

            def load_reduce(self) -> None:
                args = self.stack.pop()
                self.stack[-1] = self.stack[-1](*args)

            dispatch[pickle.REDUCE[0]] = load_reduce

        import zoneinfo

        try:
            zone = zoneinfo.ZoneInfo("Europe/Paris")
        except zoneinfo.ZoneInfoNotFoundError:
            pytest.skip("no time zones here")
        assert run(Mine(io.BytesIO(pickle.dumps(zone)))) is zone

    def test_loads_with_reducer_override(self) -> None:
        class Pickler(pickle.Pickler):
            def reducer_override(self, value: object) -> Any:
                return (uuid.UUID, ("0" * 32,)) if value is Ellipsis else NotImplemented

        out = io.BytesIO()
        Pickler(out).dump([..., VALUE])
        assert repr(entry.loads(out.getvalue())) == repr(originals.c_loads(out.getvalue()))

    @pytest.mark.parametrize(
        "data",
        [
            b"N)R.",
            b"K\x01)R.",
            b"Va\n)R.",
            b"(i)o.",
            b"c\nlog\n.",
            b"cmath\n\n.",
            b"(i\nlog\n.",
            b"(imath\n\n.",
            b"]q\x00h\x00)R.",
        ],
    )
    def test_what_cannot_be_called_is_plain_pythons_error(self, data: bytes) -> None:
        data = b"cuuid\nUUID\n0" + data  # a name that leads to the reference machine
        with pytest.raises(Exception) as plain:  # noqa: B017, PT011 (whatever it is)
            originals.c_loads(data)
        with pytest.raises(type(plain.value)) as guarded:
            entry.loads(data)
        assert str(guarded.value) == str(plain.value)

    @pytest.mark.parametrize("fixing", [True, False])
    @pytest.mark.parametrize(
        "data", [None, b"N.", b"\x80\x03N.", b"\x80\x04N.", b"\x80\x04cuuid\nUUID\n."]
    )
    @pytest.mark.parametrize(
        "asked",
        [
            ("__builtin__", "str"),
            ("builtins", "str"),
            ("builtins", "str.upper"),
            ("math", "log"),
            ("math", "nothing"),
            ("math", "log.nothing"),
            ("math", "log.<locals>.nothing"),
            ("", "log"),
            ("math", None),
            (None, "log"),
            ("math", ""),
            ("nothing", "log"),
        ],
    )
    def test_find_class_outside_of_a_load(
        self, fixing: bool, data: bytes | None, asked: tuple[Any, Any]
    ) -> None:
        outcomes: list[object] = []
        for cls in (entry.Unpickler, originals.CUnpickler):
            unpickler = cls(io.BytesIO(data or b""), fix_imports=fixing)
            if data is not None:
                unpickler.load()
            try:
                outcomes.append(unpickler.find_class(*asked))
            except Exception as error:
                outcomes.append((type(error), str(error)))
        assert outcomes[0] == outcomes[1]

    @pytest.mark.parametrize("key", [None, (), ("a",), ("a", "b", "c"), ("a", None), (None, "b")])
    def test_extension_registry_with_other_things_in_it(
        self, key: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(copyreg._inverted_registry, 1, key)  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="registered extension|2-tuple"):
            entry.loads(b"\x82\x01.")

    @pytest.mark.parametrize("name", ["int", "float", "complex", "bool"])
    def test_numbers_are_constructed(self, name: str) -> None:
        data = b"cuuid\nUUID\n0cbuiltins\n" + name.encode() + b"\n(K\x01t\x81."
        assert entry.loads(data) == 1


def test_modules_that_are_taken_out_of_sys_modules() -> None:
    """As ``unittest.mock.patch.dict`` does with what was imported in the meantime."""
    script = """
import pickle, sys, uuid
import pickleball_hook
pickleball_hook.install()
from unittest import mock
from pickleball_hook.doors import own; from pickleball_hook.net import events
own.remember_nothing()
data = pickle.dumps(uuid.UUID(int=1), 0)
with mock.patch.dict(sys.modules):
    pickle.loads(data)
    events.listen()
assert "pickleball_hook.engines.machine" not in sys.modules
assert pickle.loads(data) == uuid.UUID(int=1)
assert pickle._loads(data) == uuid.UUID(int=1)
old = b"cdatetime\\ndate\\n(S'\\\\x07\\xdf\\x0b\\x1b'\\ntR."
assert str(pickle.loads(old, encoding="latin1")) == "2015-11-27"
from pickleball_hook.engines import machine
assert sys.modules["pickleball_hook.engines.machine"] is machine
try:
    pickle.loads(b"cos\\nsystem\\n(Vtrue\\ntR.")
except pickle.UnpicklingError as error:
    print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("PolicyViolation\n", 0), done.stderr


class TestState:
    def test_a_state_setter_that_is_none_is_called(self) -> None:
        data = pickle.dumps(WithoutSetter.made(), 2)
        with pytest.raises(TypeError) as plain:
            originals.c_loads(data)
        with pytest.raises(TypeError) as guarded:
            entry.loads(data)
        assert str(guarded.value) == str(plain.value)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_an_object_within_its_own_arguments(self, protocol: int) -> None:
        """It is met twice by the pickler, and given its state twice."""
        found = Around.load(pickle.dumps(Around.made(), protocol))
        assert found.items[0].around is found
        assert found.name == "around"

    def test_an_object_that_exists_once_keeps_its_state(self) -> None:
        """Its reducer looks it up and gives the state all the same, as astropy's units do."""
        data = pickle.dumps(ONCE, 4)
        other = data.replace(b"meter", b"metre")
        own.remember_nothing()
        names = ONCE.names
        assert OwnBuild(io.BytesIO(data)).load() is ONCE
        assert ONCE.names is names
        with pytest.raises(PolicyViolation, match="existed before this load"):
            OwnBuild(io.BytesIO(other)).load()

    def test_uuid_of_python_3_7(self) -> None:
        data = b"\x80\x02cuuid\nUUID\n)\x81}(Vint\nK\x05Vis_safe\ncuuid\nSafeUUID\nK\x00\x85Rub."
        found: Any = entry.loads(data)
        assert found == uuid.UUID(int=5)
        assert found.is_safe is uuid.SafeUUID.safe

    def test_methods_of_builtin_bases(self) -> None:
        assert entry.loads(pickle.dumps(Words("banana").count, 4))("a") == 3


class TestStreams:
    @pytest.mark.parametrize("opener", [open, gzip.open])
    def test_position_after_each_of_several(self, opener: Any, tmp_path: Path) -> None:
        path = tmp_path / "several"
        with opener(path, "wb") as out:
            for protocol in range(6):
                out.write(pickle.dumps(VALUE, protocol))
            out.write(b"rest")
        with opener(path, "rb") as guarded, opener(path, "rb") as plain:
            for _ in range(6):
                assert repr(entry.load(guarded)) == repr(originals.c_load(plain))
                assert guarded.tell() == plain.tell()
            assert guarded.read() == b"rest"

    def test_extension_codes(self) -> None:
        copyreg.add_extension("uuid", "UUID", 0xF1)
        try:
            data = pickle.dumps(VALUE[0], 2)
            assert b"\x82\xf1" in data
            for _ in range(2):  # the second time from the cache
                assert entry.loads(data) == originals.c_loads(data)
        finally:
            copyreg.remove_extension("uuid", "UUID", 0xF1)
            copyreg.clear_extension_cache()

    def test_extension_code_of_a_sink(self) -> None:
        copyreg.add_extension("os", "system", 0xF2)
        try:
            for _ in range(2):
                with pytest.raises(PolicyViolation):
                    entry.loads(b"\x80\x02\x82\xf2Vtrue\n\x85R.")
        finally:
            copyreg.remove_extension("os", "system", 0xF2)
            copyreg.clear_extension_cache()

    @pytest.mark.parametrize(
        "data",
        [
            b"(icollections\nOrderedDict\n.",
            b"(ccollections\nOrderedDict\no.",
            b"\x80\x02ccollections\nOrderedDict\n)\x81.",
            b"\x80\x04ccollections\nOrderedDict\n)}\x92.",
            b"(lp0\ng0\na.",
            b"\x80\x04]\x94(h\x00h\x00e.",
            b"\x80\x05\x96\x02\x00\x00\x00\x00\x00\x00\x00ab.",
        ],
    )
    def test_opcodes(self, data: bytes) -> None:
        assert repr(entry.loads(data)) == repr(originals.c_loads(data))

    def test_deep_recursion(self) -> None:
        value: list[Any] = [uuid.UUID(int=3)]
        for _ in range(300):
            value = [value]
        data = pickle.dumps(value)
        assert entry.loads(data) == originals.c_loads(data)

    def test_reentrance(self) -> None:
        class File(io.BytesIO):
            inner: object = None

            def read(self, size: int | None = -1) -> bytes:
                self.inner = entry.loads(pickle.dumps(VALUE))
                return super().read(size)

        file = File(pickle.dumps(VALUE))
        assert repr(entry.load(file)) == repr(VALUE)
        assert repr(file.inner) == repr(VALUE)

    def test_threads(self) -> None:
        data = [pickle.dumps([uuid.UUID(int=n), {"n": n}]) for n in range(200)]
        barrier = threading.Barrier(4)

        def load(part: int) -> list[object]:
            barrier.wait(10)
            return [entry.loads(stream) for stream in data[part::4]]

        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(load, range(4)))
        for part in range(4):
            assert parts[part] == [originals.c_loads(stream) for stream in data[part::4]]

    def test_a_refusal_in_one_thread_is_no_other_threads(self) -> None:
        def load(data: bytes) -> str:
            try:
                return repr(entry.loads(data))
            except PolicyViolation:
                return "refused"

        good = pickle.dumps(VALUE)
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(load, [good, HOSTILE] * 20))
        assert results == [repr(VALUE), "refused"] * 20


class TestLaterLoads:
    def test_names_that_may_only_be_called_stay_known(self, base: Any) -> None:
        out = io.BytesIO()
        pickler = pickle.Pickler(out, 4)
        first, second = ["-".join, "x"], ["+".join, "y"]
        for value in (first, second, [first, second]):
            pickler.dump(value)
        data = out.getvalue()
        guarded = base(io.BytesIO(data))
        values: Any = [run(guarded) for _ in range(3)]
        assert [value[0]("ab") for value in (*values[:2], *values[2])] == ["a-b", "a+b"] * 2

    def test_no_stand_in_is_handed_out_later(self, base: Any) -> None:
        """``getattr`` may be called by a file, and no later load gives it out of the memo."""
        data = b"\x80\x04cbuiltins\ngetattr\n\x940K\x01." + b"\x80\x04h\x00."
        unpickler = base(io.BytesIO(data))
        assert run(unpickler) == 1
        with pytest.raises(PolicyViolation):
            run(unpickler)


def test_loads_while_the_interpreter_ends(tmp_path: Path) -> None:
    script = """
import atexit, pickle, uuid
data = pickle.dumps([uuid.UUID(int=1)])
class Late:
    def __del__(self):
        print(pickle.loads(data))
late = Late()
atexit.register(lambda: print(pickle.loads(data)))
import sys
sys.late = late
"""
    path = tmp_path / "late.py"
    path.write_text("import pickleball_hook; pickleball_hook.install()\n" + script)
    env = {**os.environ, "PYTHONPATH": str(Path(entry.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=60, env=env
    )
    path.write_text(script)
    plain = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=60,
        env={**env, "PICKLEBALL_MODE": "off"},
    )  # fmt: skip
    assert "UUID(" in plain.stdout
    assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr)
