"""What this process has pickled itself loads as plain Python loads it; nothing else does."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import context
from pickleball_hook.doors import entry, own, patches
from pickleball_hook.errors import PolicyViolation


class Marker:
    """An object whose reducer the policy refuses."""

    def __reduce__(self) -> Any:
        return eval, ("'made'",)


HOSTILE = b"cbuiltins\neval\n(V'made'\ntR."


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, bytes_from_elsewhere: None) -> Iterator[None]:
    own.remember_nothing()
    monkeypatch.setattr(own, "_remembering", True)
    yield
    own.remember_nothing()


@pytest.mark.parametrize(
    "load",
    [
        entry.loads,
        lambda d: entry.loads(memoryview(d)),
        lambda d: entry.load(io.BytesIO(d)),
        lambda d: entry.Unpickler(io.BytesIO(d)).load(),
        lambda d: entry.load_in_python(pickle._Unpickler(io.BytesIO(d))),  # type: ignore[attr-defined]
    ],
)
def test_own_bytes_load_as_plain(load: Any) -> None:
    data = bytes(bytearray(entry.dumps(Marker())))  # equal, and another object
    assert load(data) == "made"


@pytest.mark.parametrize("data", [HOSTILE, pickle.dumps(Marker()), b""])
def test_other_bytes_do_not(data: bytes) -> None:
    entry.dumps([Marker()])
    with pytest.raises((PolicyViolation, EOFError)):
        entry.loads(data)


def test_one_byte_more_or_less() -> None:
    data = entry.dumps(Marker())
    for changed in (data + b".", data[:-1], data.replace(b"made", b"MADE")):
        with pytest.raises((PolicyViolation, pickle.UnpicklingError, EOFError)):
            entry.loads(changed)


def test_hostile_bytes_within_own_data() -> None:
    """Bytes and texts that a program pickles are not streams that it has pickled."""
    entry.dumps([HOSTILE, HOSTILE.decode()])
    with pytest.raises(PolicyViolation):
        entry.loads(HOSTILE)


def test_neither_kept_nor_known_in_a_guarded_load() -> None:
    known = entry.dumps(Marker())
    with context.entering():
        assert not own.holds(known)
        new = entry.dumps([Marker()])
    assert own.holds(known)
    assert not own.holds(new)


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_MOST", 1000)
    streams = [entry.dumps([Marker(), number]) for number in range(100)]
    assert not own.holds(streams[0])
    assert own.holds(streams[-1])
    assert sum(map(len, own._streams)) <= 1000
    assert not own.holds(entry.dumps([Marker(), "x" * (own._LONGEST + 1)]))


def test_what_is_dumped_and_not_loaded_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_MOST", 1000)
    for number in range(100):
        entry.dumps([Marker(), number])
    assert not own._known
    assert sum(map(len, own._streams)) == own._size <= 1000
    assert sum(map(len, own._fresh.values())) == len(own._streams)


def test_a_stream_is_known_as_long_as_its_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_MOST", 1000)
    data = entry.dumps(Marker())
    for number in range(100):
        entry.dumps([Marker(), number])
        assert entry.dumps(Marker()) == data
        assert own.holds(data)
    assert sum(map(len, own._streams)) == own._size <= 1000
    known = [key for table in own._known.values() for key, n in table.items() for _ in range(n)]
    fresh = [stream for streams in own._fresh.values() for stream in streams]
    assert sorted(known + fresh) == sorted(own._streams)


def test_plain_data_is_not_kept() -> None:
    entry.dumps({"a": [1, 2.5]}, 4)
    assert not own._streams


@pytest.mark.parametrize("library", ["cloudpickle", "dill"])
@pytest.mark.parametrize("first", ["", "import pickle; "])
def test_by_value_round_trip(library: str, first: str, tmp_path: Path) -> None:
    """A function goes through in the process that pickled it, and nowhere else."""
    pytest.importorskip(library)
    lines = f"""
        import os, sys
        import {library} as library
        data = library.dumps(lambda n: n + 1)
        print(library.loads(data)(1))
        open("f.pkl", "wb").write(data)
        try:
            print(library.load(open("f.pkl", "rb")))
        except Exception as error:
            print(type(error).__name__)
    """
    script = first + "\n".join(line.strip() for line in lines.splitlines())
    script = script.replace("\ntry:\nprint", "\ntry:\n print").replace(":\nprint", ":\n print")
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(Path(own.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", "import pickleball_hook; pickleball_hook.install()\n" + script],
        capture_output=True, text=True, cwd=tmp_path, env=env, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["2", "PolicyViolation"], done.stderr


def test_cloudpickle_below_3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its function is defined beside the module that is named as the package is."""
    monkeypatch.setattr(patches, "_undo", [])
    package, beside = types.ModuleType("cloudpickle"), types.ModuleType("cloudpickle_fast")
    plain = package.dumps = beside.dumps = lambda value: pickle.dumps(value)  # type: ignore[attr-defined]
    package.cloudpickle = types.ModuleType("cloudpickle.cloudpickle")  # type: ignore[attr-defined]
    package.cloudpickle_fast = beside  # type: ignore[attr-defined]
    patches._patch_cloudpickle(package)
    assert package.dumps is beside.dumps is not plain
    assert package.dumps.__wrapped__ is plain
