"""Streams that can be read only once: from pipes, compressed files, files of somebody's own."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import originals
from pickleball_hook.doors import entry
from pickleball_hook.engines import recording, replay, shadow
from pickleball_hook.engines.prover import Unsure
from pickleball_hook.errors import PolicyViolation
from tests.pickleball_hook.engines import differential
from tests.pickleball_hook.engines.samples import Plain


class Bare(io.RawIOBase):
    """A file with ``read`` and ``readline`` only, as ``pickle`` asks for, that counts."""

    readinto = None  # type: ignore[assignment]

    def __init__(self, data: bytes, kind: Callable[[bytes], Any] = bytes) -> None:
        self.rest = data
        self.kind = kind
        self.asked: list[int] = []

    def read(self, size: int = -1) -> Any:
        self.asked.append(size)
        size = len(self.rest) if size < 0 else size
        piece, self.rest = self.rest[:size], self.rest[size:]
        return self.kind(piece)

    def readline(self, size: Any = -1) -> bytes:
        end = self.rest.find(b"\n") + 1 or len(self.rest)
        found: bytes = bytes(self.read(end))
        return found


class Minimal:
    """The same with nothing else."""

    def __init__(self, data: bytes, kind: Callable[[bytes], Any] = bytes) -> None:
        inner = Bare(data, kind)
        self.inner, self.read, self.readline = inner, inner.read, inner.readline


class Readable(Minimal):
    """The same with ``readinto``."""

    def readinto(self, target: Any) -> int:
        piece = self.inner.read(len(target))
        target[: len(piece)] = piece
        return len(piece)


class Pipe(io.BufferedReader):
    """A file that shows what comes next, a little at a time."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), 64)  # type: ignore[arg-type]

    def seekable(self) -> bool:
        return False


def objects(count: int = 50) -> list[Plain]:
    return [Plain(x=n, y="y" * n) for n in range(count)]


def proven(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Have it told of each stream whether it is proven."""
    told: list[bool] = []
    known = shadow.prove

    def prove(*args: Any) -> Any:
        proof = known(*args)
        told.append(proof is not None)
        return proof

    monkeypatch.setattr(shadow, "prove", prove)
    return told


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("make", [Pipe, Minimal, Readable])
def test_streams_in_a_row_are_proven_and_read_to_their_ends(
    make: Any, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = proven(monkeypatch)
    stream = differential.c_pickled(objects(), protocol)
    file = make(stream + stream + b"after")
    for _ in range(2):
        assert [vars(item) for item in entry.load(file)] == [vars(item) for item in objects()]  # type: ignore[attr-defined]
    assert file.read(5) == b"after"
    assert told == [True, True]


@pytest.mark.parametrize("opened", [gzip.open, bz2.open])
def test_compressed_files_are_proven(
    opened: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = proven(monkeypatch)
    path = tmp_path / "file"
    stream = differential.c_pickled(objects(), 4)
    with opened(path, "wb") as file:
        file.write(b"before" + stream + b"after")
    with opened(path) as file:
        file.read(6)
        assert len(entry.load(file)) == 50  # type: ignore[arg-type]
        assert file.read() == b"after"
    assert told == [True]


def test_a_pipe_is_asked_for_no_more_than_the_stream_has() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb") as sink:
        sink.write(differential.c_pickled(objects(), 4))
        sink.flush()  # and stays open: who reads on waits
        assert len(entry.load(file)) == 50  # type: ignore[arg-type]


def test_a_file_is_asked_as_plain_python_asks_it() -> None:
    stream = differential.c_pickled(objects(), 4)
    ours, plain = Minimal(stream), Minimal(stream)
    entry.load(ours)
    originals.c_load(plain)
    assert ours.inner.asked == plain.inner.asked


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_buffers_than_bytes(kind: Any) -> None:
    file = Minimal(differential.c_pickled(objects(), 4), kind)
    assert len(entry.load(file)) == 50  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_is_no_buffer_is_the_same_error(protocol: int) -> None:
    def told(load: Callable[[Any], object]) -> str:
        text = Minimal(pickle.dumps(1, protocol), lambda piece: piece.decode("latin-1"))
        with pytest.raises(TypeError) as caught:
            load(text)
        return str(caught.value)

    assert told(entry.load) == told(originals.c_load)


def test_what_reading_raises_is_raised_and_is_not_asked_for_again() -> None:
    class Late(Exception):
        pass

    stream = differential.c_pickled(objects(), 2)
    asked = []

    def read(size: int) -> bytes:
        asked.append(size)
        if len(asked) == 40:
            raise Late
        return file.inner.read(size)  # type: ignore[no-any-return]

    file = Minimal(stream)
    file.read = read
    with pytest.raises(Late):
        entry.load(file)
    assert len(asked) == 40


def test_what_ends_too_early_is_the_same_error() -> None:
    stream = differential.c_pickled(objects(), 4)[:-100]
    file = Pipe(stream)
    with pytest.raises(pickle.UnpicklingError, match="truncated"):
        entry.load(file)


def test_what_is_not_proven_goes_to_the_reference_machine_as_it_is() -> None:
    refused = b"\x80\x04cos\nsystem\n\x8c\x04trueR."
    stream = differential.c_pickled(objects(), 4)[:-1] + refused[2:-1] + b"0."
    file = Pipe(stream + b"after")
    with pytest.raises(PolicyViolation, match="system"):
        entry.load(file)


def test_a_file_that_shows_something_else_than_it_gives_is_not_proven() -> None:
    class Showing(Minimal):
        def peek(self, size: int) -> bytes:
            return self.inner.rest[:size].replace(b"Plain", b"Other")

    reader = recording.Recording(Showing(differential.c_pickled(objects(), 4))).skimmed()
    assert b"Other" in reader.peek(1 << 16)
    with pytest.raises(Unsure):
        reader.read(1 << 16)


def test_a_stream_too_long_to_be_kept_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    told = proven(monkeypatch)
    monkeypatch.setattr(recording, "_MOST_KEPT", 1 << 12)
    file = Pipe(differential.c_pickled(objects(200), 4) + b"after")
    assert [vars(item) for item in entry.load(file)] == [vars(item) for item in objects(200)]  # type: ignore[attr-defined]
    assert file.read() == b"after"
    assert told == [False]


@pytest.mark.parametrize("more", [0, 1, 4, 70, 400, 10_000])
@pytest.mark.parametrize("make", [Pipe, Minimal, Readable])
def test_frames_that_lie_are_read_as_plain_python_reads_them(make: Any, more: int) -> None:
    stream = differential.c_pickled(objects(5), 4)
    lying = (
        stream[:3] + (len(stream) - 11 + more).to_bytes(8, "little") + stream[11:] + b"after" * 100
    )

    def told(load: Callable[[Any], Any]) -> tuple[object, bytes]:
        file = make(lying)
        try:
            return [vars(item) for item in load(file)], file.read(1000)
        except Exception as error:
            return str(error), b""

    assert told(entry.load) == told(originals.c_load)


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_the_reference_machine_reads_what_is_kept_and_goes_on(size: int) -> None:
    data = bytes(range(256)) * 3 + b"\nline\n"
    source = replay.source_of(Pipe(data), None, None)
    first = source.skimmed()
    assert first.peek(1)[:1] + first.read(100)[1:] == data[:100]
    second = source.skimmed()  # by another prover
    assert second.read(50) + second.read(200) == data[:250]
    rest, target = source.rest(), bytearray(300)
    assert rest.readinto(target) == 300
    found = bytes(target)
    while len(found) < 768:
        found += rest.read(min(size, 768 - len(found)))
    assert found == data[:768]
    assert [rest.readline(), rest.readline(), rest.read(1)] == [b"\n", b"line\n", b""]


class Blind(io.BytesIO):
    """Cannot be moved, and says that it shows nothing of what comes next."""

    def peek(self, *size: int) -> bytes:
        raise NotImplementedError

    def seekable(self) -> bool:
        return False

    def seek(self, *place: int) -> int:
        raise io.UnsupportedOperation

    tell = seek  # type: ignore[assignment]


@pytest.mark.parametrize("protocol", range(6))
def test_files_that_have_peek_and_do_not_show_anything(protocol: int) -> None:
    """CPython Lib/test/pickletester.py, ``test_multiple_unpicklings_unseekable``."""
    value = [*((n, str(n)) for n in range(500)), Plain(x=1), len]
    stream = differential.c_pickled(value, protocol)
    unpickler = entry.Unpickler(Blind(stream * 3))
    for _ in range(3):
        loaded: Any = unpickler.load()
        assert loaded[:500] == value[:500]
        assert loaded[-1] is len
    with pytest.raises(EOFError):
        unpickler.load()
