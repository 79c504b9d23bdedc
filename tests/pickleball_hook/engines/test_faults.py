"""Errors of the guard's own refuse the load; those of the stream and of libraries stay theirs."""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import originals
from pickleball_hook.doors import checked, entry, patches
from pickleball_hook.engines import gate, keeping, machine, replay
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.judging import names, states
from pickleball_hook.judging.guard import Guard
from pickleball_hook.net import backstop
from policy_cache import policies

FAULTS = [KeyError("x"), ImportError("x"), AttributeError("x"), RecursionError("x"), TypeError("x")]
_check = backstop.check  # before the suite's own fixture takes it away


class Point:
    """An object with state."""

    def __init__(self, x: int = 0) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and other.x == self.x

    __hash__ = None  # type: ignore[assignment]


class Setting(Point):
    """Takes its state itself."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.x = state["x"]


class Positive:
    """Its constructor, and the setter of its state, take no negative number."""

    def __init__(self, number: int) -> None:
        if number < 0:
            raise ValueError("negative")
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return Positive, (abs(self.number) - 1,)

    def __setstate__(self, state: int) -> None:
        raise KeyError(state)


class Lenient(entry.Unpickler):
    """Takes what it does not find for something else."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)
        except Exception:
            return dict


class InPython(pickle._Unpickler):  # type: ignore[misc]
    """One of the program's own."""


def _with_file(data: bytes) -> object:
    return entry.load(io.BytesIO(data))


def _unseekable(data: bytes) -> object:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    return entry.load(Pipe(data))


def _with_class(data: bytes) -> object:
    return entry.Unpickler(io.BytesIO(data)).load()


def _leniently(data: bytes) -> object:
    return Lenient(io.BytesIO(data)).load()


def _in_python(data: bytes) -> object:
    return InPython(io.BytesIO(data)).load()


LOADERS = [entry.loads, _with_file, _unseekable, _with_class, _leniently, _in_python]


@pytest.fixture(autouse=True)
def python_unpickler_patched() -> None:
    patches.complete_python_unpickler()


@pytest.fixture(params=[True, False], ids=["proving", "reading"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(replay.switches, "on", request.param)


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*args: object, **keywords: object) -> Any:
        raise error

    return fail


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("error", FAULTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("module", "name"),
    [(policies, "verdict"), (names, "_is_target"), (states, "check_setter")],
)
def test_a_check_that_fails_is_a_refusal(
    load: Any, error: Exception, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pickle.dumps(Point(1), 4)
    keeping.forget()
    monkeypatch.setattr(module, name, failing(error))
    with pytest.raises(PolicyViolation, match="the check failed") as refused:
        load(data)
    assert refused.value.__cause__ is error
    assert type(error).__name__ in str(refused.value)


@pytest.mark.parametrize("load", LOADERS)
def test_so_is_one_in_the_machine_itself(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(replay.switches, "on", False)
    monkeypatch.setattr(machine.gc, "get_referents", failing(KeyError("x")))
    with pytest.raises(PolicyViolation, match="the check failed: KeyError"):
        load(pickle.dumps(Setting(1), 4))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("load", LOADERS)
def test_errors_of_libraries_are_theirs(load: Any) -> None:
    data = pickle.dumps(Positive(0), 4)
    with pytest.raises(ValueError, match="negative"):
        load(data)
    name = f"{__name__}\nPositive\n".encode()
    with pytest.raises(KeyError, match="7"):
        load(b"\x80\x04c" + name + b")\x81K\x07b.")
    with pytest.raises(TypeError):
        load(b"\x80\x04c" + name + b"]R.")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("load", [entry.loads, _with_file, _with_class])
@pytest.mark.parametrize(
    "stream",
    [b"\x80\x04h\x00.", b"\x80\x04K", b"\x80\x04cno_such_module\nx\n.", b"\x80\x04cuuid\nno\n."],
)
def test_errors_of_the_stream_are_plain_pythons(load: Any, stream: bytes) -> None:
    data = b"\x80\x04c" + f"{__name__}\nPoint\n".encode() + b"0" + stream[2:]
    with pytest.raises(Exception) as plain:  # noqa: PT011
        originals.c_loads(data)
    with pytest.raises(type(plain.value)) as guarded:
        load(data)
    assert str(guarded.value) == str(plain.value)
    assert not isinstance(guarded.value, PolicyViolation)


def test_a_fault_behind_the_gate_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_closed_set", failing(KeyError("x")))
    monkeypatch.setattr(policies, "verdict", failing(KeyError("x")))
    with pytest.raises(PolicyViolation, match="KeyError"):
        entry.loads(b"\x80\x04ccollections\nOrderedDict\n)R.")


def test_without_the_gate_the_checked_load_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_closed_set", failing(KeyError("x")))
    assert entry.loads(b"\x80\x04ccollections\nOrderedDict\n)R.") == {}


def test_a_replay_whose_check_fails_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"\x80\x04coperator\nitemgetter\nK\x01\x85R."
    plain = machine.apply_rule

    def fail(guard: Guard, *args: Any) -> None:
        if type(guard) is Guard:
            raise KeyError("x")
        plain(guard, *args)

    monkeypatch.setattr(machine, "apply_rule", fail)
    monkeypatch.setattr(checked, "_referenced", failing(AssertionError("it was replayed")))
    with pytest.raises(PolicyViolation, match="KeyError"):
        entry.loads(data)


@pytest.mark.parametrize("load", [entry.loads, _with_file, _with_class])
def test_audit_mode_loads_all_the_same(
    load: Any, own_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICKLEBALL_MODE", "audit")
    monkeypatch.setattr(policies, "verdict", failing(KeyError("x")))
    assert load(pickle.dumps(Point(3), 4)) == Point(3)
    (log,) = tmp_path.rglob("refusals.jsonl")
    (refusal,) = json.loads(log.read_text().splitlines()[-1])["refusals"]
    assert "KeyError" in refusal["reason"]


def test_a_library_that_catches_it_gets_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = pickle.dumps(Point(1), 4)
    outer = pickle.dumps(Catching(inner), 4)
    monkeypatch.setattr(states, "check_setter", failing_for(Point))
    with pytest.raises(PolicyViolation, match="KeyError"):
        entry.loads(outer)


class Catching:
    """Loads bytes when it gets its state, and goes on without them where that fails."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.value = "default"
        try:
            self.value = entry.loads(state["data"])
        except Exception:
            return


def failing_for(kind: type) -> Callable[..., Any]:
    plain = states.check_setter

    def fail(guard: Any, cls: type, verdict: Any) -> None:
        if cls is kind:
            raise KeyError("x")
        plain(guard, cls, verdict)

    return fail


def test_a_loader_bound_early_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstop, "reason_against", failing(KeyError("x")))
    with pytest.raises(PolicyViolation, match="KeyError"):
        _check("uuid", "UUID", sys._getframe())


@pytest.fixture
def without_checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(entry, "_modules", {})
    monkeypatch.setitem(sys.modules, checked.__name__, None)
    monkeypatch.delattr(sys.modules["pickleball_hook.doors"], "checked")
    yield


@pytest.mark.usefixtures("without_checks")
@pytest.mark.parametrize("load", LOADERS[:4])
def test_without_what_checks_nothing_loads(load: Any) -> None:
    with pytest.raises(PolicyViolation, match="cannot be imported") as refused:
        load(pickle.dumps(Point(1), 4))
    assert isinstance(refused.value.__cause__, ImportError)
