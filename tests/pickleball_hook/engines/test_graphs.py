"""Random graphs of permitted objects: a guarded load gives what plain Python gives."""

from __future__ import annotations

import contextlib
import gzip
import io
import pickle
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pickleball_hook import context
from pickleball_hook.doors import entry, own
from pickleball_hook.originals import c_loads
from tests.pickleball_hook.engines import differential
from tests.pickleball_hook.engines.test_shadow import graphs


class Once(io.RawIOBase):
    """A stream that cannot be moved back, and gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, target: Any) -> int:
        """Give at most a thousand bytes."""
        piece = self._rest.read(min(len(target), 1000))
        target[: len(piece)] = piece
        return len(piece)


@contextlib.contextmanager
def on_disk(data: bytes) -> Iterator[Any]:
    """Give a file that stands at a stream within it."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(differential.BEFORE + data + differential.AFTER)
        file.flush()
        with open(file.name, "rb") as opened:
            opened.seek(len(differential.BEFORE))
            yield opened
            assert opened.read() == differential.AFTER


def from_disk(data: bytes) -> object:
    """Load from a file that holds more than the stream."""
    with on_disk(data) as file:
        return entry.load(file)


def compressed(data: bytes) -> object:
    """Load from a compressed stream."""
    with gzip.open(io.BytesIO(gzip.compress(data, 1))) as file:
        return entry.load(file)


def in_python(data: bytes) -> object:
    """Load by the unpickler in Python."""
    return entry.load_in_python(pickle._Unpickler(io.BytesIO(data)))  # type: ignore[attr-defined]


STREAMS: dict[str, Callable[[bytes], object]] = {
    "bytes": entry.loads,
    "bytearray": lambda data: entry.loads(bytearray(data)),
    "view": lambda data: entry.loads(memoryview(b"-" + data)[1:]),
    "BytesIO": lambda data: entry.load(io.BytesIO(data)),
    "file": from_disk,
    "gzip": compressed,
    "pipe": lambda data: entry.load(io.BufferedReader(Once(data), 64)),
    "Unpickler": lambda data: entry.Unpickler(io.BytesIO(data)).load(),
    "Python": in_python,
}


def structure(value: object) -> bytes:
    """Return a pickle of an object: the same for the same values, shared in the same places."""
    return differential.c_dumps(value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=graphs)
def test_guarded_equals_plain(protocol: int, value: object) -> None:
    own.remember_nothing()
    data = differential.c_pickled(value, protocol)
    if not data:
        return  # slots, below protocol 2
    with context.trusting():
        expected = structure(c_loads(data))
    for kind, load in STREAMS.items():
        assert structure(load(data)) == expected, kind


def test_a_difference_would_show() -> None:
    shared = [1]
    assert structure([shared, shared]) != structure([[1], [1]])
    assert structure([1]) != structure([True])
