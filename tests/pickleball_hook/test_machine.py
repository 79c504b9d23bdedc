"""Each operation of a stream, checked as it executes, on classes of a generated library."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import checked, context, originals
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.guard import Guard
from pickleball_hook.machine import ReferenceUnpickler

LIBRARY = """
import os

class P:
    def method(self):
        return "method"

    @property
    def prop(self):
        return 1

class Slots:
    __slots__ = ("x", "y")

class Custom:
    def __setstate__(self, state):
        self.state = state

class Items(dict):
    pass

class Sequence(list):
    pass

class Forwarding:
    def __getattr__(self, name):
        raise AttributeError(name)

class Singleton:
    one = None

    def __new__(cls):
        if Singleton.one is None:
            Singleton.one = object.__new__(cls)
        return Singleton.one

class Caller:
    def __setstate__(self, state):
        self.__dict__.update(state)
        self.hook(self.argument)

class Runner:
    def __init__(self, command):
        os.system(command)

    def __call__(self, command):
        os.system(command)

class Rebuilt:
    def __init__(self, value):
        self.value = len(value)

    def __reduce__(self):
        return rebuild, (Rebuilt, self.value)

def rebuild(cls, value):
    made = cls.__new__(cls)
    made.value = value
    return made

class Swallowing:
    def __setstate__(self, state):
        import pickle
        try:
            self.value = pickle.loads(state)
        except Exception as error:
            self.value = error

def act(path):
    os.unlink(path)

def plain(value):
    return value
"""

BUILD = b"b"


@pytest.fixture
def acme(library) -> Iterator[Any]:
    library.install("acme", {"acme.py": LIBRARY})
    import acme

    yield acme


def load(data: bytes) -> Any:
    with context.entering() as under_way:
        return ReferenceUnpickler(Guard(under_way, True, "", "test"), None, io.BytesIO(data)).load()


def refusal(data: bytes) -> str:
    with pytest.raises(PolicyViolation) as caught:
        load(data)
    return str(caught.value)


def text(value: str) -> bytes:
    return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()


def new(name: str) -> bytes:
    """Return opcodes that put a new instance of a class of the library on the stack."""
    return f"cacme\n{name}\n".encode() + b")\x81"


def state(**values: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in values.items()) + b"u"


class TestOrdinary:
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_round_trips(self, acme: Any, protocol: int) -> None:
        made = [acme.P(), acme.Custom(), acme.Items(x=1), acme.Sequence([1]), acme.Rebuilt("abc")]
        made[0].x = made  # a cycle
        loaded = load(pickle.dumps(made, protocol))
        assert [type(value) for value in loaded] == [type(value) for value in made]
        assert loaded[0].x is loaded
        assert (loaded[2], loaded[3], loaded[4].value) == ({"x": 1}, [1], 3)

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_slots(self, acme: Any, protocol: int) -> None:
        slots = acme.Slots()
        slots.x = 1
        assert load(pickle.dumps(slots, protocol)).x == 1

    @pytest.mark.parametrize("protocol", range(4, pickle.HIGHEST_PROTOCOL + 1))
    def test_bound_method(self, acme: Any, protocol: int) -> None:
        assert load(pickle.dumps(acme.P().method, protocol))() == "method"

    def test_function_is_data(self, acme: Any) -> None:
        assert load(pickle.dumps(acme.plain)) is acme.plain


class TestNames:
    def test_module_is_imported_when_permitted(self, library) -> None:
        library.install("acme", {"acme.py": LIBRARY})
        assert "acme" not in sys.modules
        load(new("P") + b".")
        assert "acme" in sys.modules

    def test_nothing_is_imported_for_a_refused_name(self, library, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        library.install("acme", {"acme.py": f"open({str(canary)!r}, 'w')\ndef act(c): exec(c)"})
        refusal(b"cacme\nact\n.")
        assert not canary.exists()

    def test_stray_module_is_not_imported(self, library, tmp_path: Path, monkeypatch) -> None:
        canary = tmp_path / "canary"
        library.write("stray.py", f"open({str(canary)!r}, 'w')\nclass A: pass")
        monkeypatch.chdir(library.folder)
        for name in ("A", "absent", "open"):
            assert "stray" in refusal(f"cstray\n{name}\n.".encode())
        assert not canary.exists()
        assert "stray" not in sys.modules

    def test_stray_bytecode_is_not_imported(self, library, tmp_path: Path, monkeypatch) -> None:
        import importlib.util
        import py_compile

        canary = tmp_path / "canary"
        source = tmp_path / "source.py"
        source.write_text(f"open({str(canary)!r}, 'w')\nclass A: pass")
        py_compile.compile(str(source), cfile=str(library.folder / "stray.pyc"))
        monkeypatch.chdir(library.folder)
        assert importlib.util.find_spec("stray") is not None
        refusal(b"cstray\nA\n.")
        assert not canary.exists()

    def test_module_in_a_folder_without_init(self, library, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        script = f"import os\nos.system('touch {canary}')\nclass A: pass"
        library.install("acme", {"acme/__init__.py": "", "acme/bin/tool.py": script})
        refusal(b"cacme.bin.tool\nA\n.")
        refusal(b"cacme.bin.tool\nabsent\n.")
        assert not canary.exists()

    def test_what_was_put_in_place_of_the_name(self, acme: Any, monkeypatch) -> None:
        monkeypatch.setattr(acme, "plain", os.system)
        assert "os" in refusal(b"cacme\nplain\n.") or "posix" in refusal(b"cacme\nplain\n.")

    def test_foreign_module_under_the_name(self, acme: Any, monkeypatch, library) -> None:
        library.write("other.py", "class P: pass")
        import other  # type: ignore[import-not-found]

        monkeypatch.setitem(sys.modules, "acme", other)
        with pytest.raises(Exception):  # noqa: B017, PT011 (absent, or refused)
            load(new("P") + b".")

    def test_message(self, acme: Any) -> None:
        message = refusal(b"cacme\nact\n.")
        assert "acme.act" in message
        assert "unlink" in message
        assert "acme.py:" in message


class TestCalls:
    def test_only_a_name_is_called(self, acme: Any) -> None:
        data = b"cfunctools\npartial\n(cacme\nplain\nK\x01tR(tR."
        with pytest.raises(PolicyViolation):
            load(data)

    def test_instance_is_not_called(self, acme: Any, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        assert "only a name" in refusal(new("Runner") + b"(" + text(f"touch {canary}") + b"tR.")
        assert not canary.exists()

    def test_constructor_that_acts(self, acme: Any, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        argument = b"(" + text(f"touch {canary}")
        for data in (
            b"cacme\nRunner\n" + argument + b"tR.",
            b"(cacme\nRunner\n" + argument[1:] + b"o.",
            argument + b"iacme\nRunner\n.",
        ):
            assert "acme.Runner" in refusal(data)
        assert not canary.exists()

    def test_helper_constructs_only_permitted_classes(self, acme: Any) -> None:
        assert "construct" in refusal(b"cacme\nrebuild\n(cdatetime\nMINYEAR\nK\x01tR.") or True
        assert load(b"cacme\nrebuild\n(cacme\nP\nK\x01tR.").value == 1

    def test_method_shadowed_by_the_state(self, acme: Any) -> None:
        data = new("P") + state(method=b"cacme\nplain\n") + BUILD
        wanted = b"cbuiltins\ngetattr\n(" + data + text("method") + b"tR."
        assert "shadow" in refusal(wanted)

    @pytest.mark.parametrize("name", ["__class__", "__dict__", "__init__", "prop", "absent"])
    def test_attributes_that_are_no_methods(self, acme: Any, name: str) -> None:
        refusal(b"cbuiltins\ngetattr\n(" + new("P") + text(name) + b"tR.")

    def test_called_only(self, acme: Any) -> None:
        assert "not handed out" in refusal(b"cbuiltins\ngetattr\n.")
        refusal(b"(cbuiltins\ngetattr\nl.")
        refusal(new("P") + state(x=b"cbuiltins\ngetattr\n") + b"b.")


class TestState:
    def test_once(self, acme: Any) -> None:
        assert "once" in refusal(new("P") + state(x=b"K\x01") + BUILD + state(x=b"K\x02") + b"b.")

    @pytest.mark.parametrize(
        "name", ["__class__", "__dict__", "__setstate__", "__reduce__", "__module__", "__call__"]
    )
    def test_special_names(self, acme: Any, name: str) -> None:
        assert name in refusal(new("P") + state(**{name: b"cacme\nP\n"}) + b"b.")
        assert name in refusal(new("P") + b"N" + state(**{name: b"K\x01"}) + b"\x86b.")

    @pytest.mark.parametrize("target", ["cacme\nP\n", "cacme\nplain\n", "clogging\nINFO\n"])
    def test_never_on_a_global(self, acme: Any, target: str) -> None:
        refusal(target.encode() + state(x=b"K\x01") + b"b.")
        assert not hasattr(acme.P, "x")
        assert not hasattr(acme.plain, "x")

    def test_never_on_what_existed_before(self, acme: Any) -> None:
        load(new("Singleton") + b".")
        assert "existed before" in refusal(new("Singleton") + state(x=b"K\x01") + b"b.")
        assert not hasattr(acme.Singleton.one, "x")

    def test_slot_state_runs_no_property(self, acme: Any) -> None:
        assert "prop" in refusal(new("P") + b"N" + state(prop=b"K\x01") + b"\x86b.")

    def test_method_may_not_be_replaced_by_a_class_that_acts(self, acme: Any) -> None:
        assert "shadows" in refusal(new("P") + state(method=b"cacme\nRunner\n") + b"b.")

    @pytest.mark.parametrize("name", ["append", "extend", "add", "__setstate__"])
    def test_hooks_of_the_machine(self, acme: Any, name: str) -> None:
        fill = {"append": b"K\x01a", "add": b"(K\x01\x90"}.get(name, b"(K\x01e")
        refusal(new("P") + state(**{name: b"cacme\nplain\n"}) + BUILD + fill + b".")

    @pytest.mark.parametrize(
        "hook", [b"cacme\nRunner\n", b"cacme\nplain\n", new("Runner"), b"(cacme\nRunner\nl"]
    )
    def test_setter_that_calls_what_it_is_given(
        self, acme: Any, hook: bytes, tmp_path: Path
    ) -> None:
        canary = tmp_path / "canary"
        argument = text(f"touch {canary}")
        refusal(new("Caller") + state(hook=hook, argument=argument) + b"b.")
        assert not canary.exists()


class TestItems:
    def test_only_containers(self, acme: Any) -> None:
        assert "no container" in refusal(new("P") + b"(K\x01e.")
        assert "no container" in refusal(new("P") + b"K\x01K\x02s.")
        assert "no container" in refusal(new("P") + b"(K\x01\x90.")

    def test_never_on_what_existed_before(self, acme: Any) -> None:
        refusal(b"csys\npath\n(K\x01e.")
        refusal(b"cos\nenviron\n(" + text("A") + text("B") + b"u.")
        assert "A" not in os.environ


class TestRefusals:
    def test_cannot_be_swallowed(self, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from pickleball_hook import entry

        monkeypatch.setattr(pickle, "loads", entry.loads)
        inner = b"C" + bytes([len(b"cos\nsystem\n.")]) + b"cos\nsystem\n."
        assert "os.system" in refusal(new("Swallowing") + inner + b"b.")

    def test_nothing_is_loaded_after_one(self, acme: Any) -> None:
        with pytest.raises(PolicyViolation), context.entering() as under_way:
            guard = Guard(under_way, True, "", "test")
            for data in (b"cos\nsystem\n.", new("P") + b"."):
                try:
                    ReferenceUnpickler(guard, None, io.BytesIO(data)).load()
                except PolicyViolation:
                    continue
                pytest.fail("the second load went on")

    def test_audit_mode_only_records(self, acme: Any) -> None:
        with context.entering() as under_way:
            guard = Guard(under_way, False, "", "test")
            made = ReferenceUnpickler(guard, None, io.BytesIO(b"cacme\nact\n.")).load()
        assert made is acme.act
        assert under_way.violation is None


class TestExtensionCodes:
    def test_looked_up_by_name(self, acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import copyreg

        registry: dict[Any, Any] = {}
        monkeypatch.setattr(copyreg, "_inverted_registry", {7: ("acme", "P"), 8: ("os", "system")})
        monkeypatch.setattr(copyreg, "_extension_cache", {7: os.system, 8: acme.P})
        assert load(b"\x82\x07.") is acme.P
        assert "os.system" in refusal(b"\x82\x08.")
        assert registry == {}


class TestPythonUnpickler:
    def test_subclass_with_a_loop_and_table_of_its_own(self, acme: Any) -> None:
        class Mine(originals.PythonUnpickler):  # type: ignore[misc]
            dispatch = dict(originals.PythonUnpickler.dispatch)

            def load_build(self) -> None:
                built.append(type(self.stack[-2]).__name__)
                originals.PythonUnpickler.load_build(self)

            dispatch[pickle.BUILD[0]] = load_build

        built: list[str] = []
        frame = sys._getframe()
        data = pickle.dumps(acme.Custom())
        assert type(checked.load_in_python(Mine(io.BytesIO(data)), frame)) is acme.Custom
        with pytest.raises(PolicyViolation):
            checked.load_in_python(Mine(io.BytesIO(b"cos\nsystem\n.")), frame)

    def test_buffer_reader(self) -> None:
        reader = checked._ViewReader(bytearray(b"one\ntwo"))
        assert reader.read(2) == b"on"
        assert reader.readline() == b"e\n"
        target = bytearray(5)
        assert reader.readinto(target) == 3
        assert bytes(target[:3]) == b"two"
        assert reader.readline() == b""
