"""Streams whose frames do not fit load, and are judged, as by the C unpickler."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import originals
from pickleball_hook.doors import entry
from pickleball_hook.engines.frames import Frames
from tests.attacks.assembler import call, name

FRAME, PROTO = b"\x95", b"\x80\x04"
COUNTER = call(name("collections", "Counter"), {"a": 2})  # not of the closed set: it is judged
BODY = b"(" + COUNTER + b"X\x03\x00\x00\x00abcK\x01l."


def frame(size: int) -> bytes:
    """Return the opcode of a frame that promises so many bytes."""
    return FRAME + struct.pack("<Q", size)


STREAMS = {
    "a frame that ends within an item": PROTO + frame(5) + BODY,
    "a frame that ends within a line": PROTO + frame(9) + BODY,
    "a frame of nothing": PROTO + frame(0) + BODY,
    "a frame within a frame": PROTO + frame(len(BODY) + 9) + frame(len(BODY)) + BODY,
    "a frame that starts before the last one ends": PROTO + frame(12) + frame(len(BODY)) + BODY,
    "a frame that reaches into the next pickle": PROTO + frame(len(BODY) + 2) + BODY + b"N.",
    "no frame": PROTO + BODY,
}
BROKEN = {
    "a frame longer than the file": PROTO + frame(len(BODY) + 1) + BODY,
    "a frame within a frame that is longer than the file": PROTO + frame(9) + frame(999) + BODY,
}


@pytest.mark.parametrize("data", STREAMS.values(), ids=STREAMS)
def test_loads_as_in_c(data: bytes, tmp_path: Path) -> None:
    expected = originals.c_loads(data)
    assert entry.loads(data) == expected
    file = tmp_path / "file"
    file.write_bytes(data)
    with file.open("rb") as stream:
        assert entry.load(stream) == expected


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_fails_as_in_c(data: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError) as expected:
        originals.c_loads(data)
    with pytest.raises(pickle.UnpicklingError) as found:
        entry.loads(data)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("size", range(40))
def test_a_frame_may_end_anywhere(size: int) -> None:
    data = PROTO + frame(size) + BODY
    try:
        expected: Any = originals.c_loads(data)
    except pickle.UnpicklingError as error:
        expected = str(error)
    try:
        found: Any = entry.loads(data)
    except pickle.UnpicklingError as error:
        found = str(error)
    assert found == expected


def test_readinto_crosses_the_end() -> None:
    file = io.BytesIO(b"abcdef")
    frames = Frames(file.read, file.readline)
    frames.load_frame(2)
    target = bytearray(5)
    assert frames.readinto(target) == 5
    assert target == b"abcde"
    assert frames.readinto(target) == 1
