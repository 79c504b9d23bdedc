"""What the shadow pass is shown of a stream."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from pickleball_hook import originals, replay


@pytest.mark.parametrize("size", [5, 1_000, replay.LARGE_ITEM])
@pytest.mark.parametrize("offset", [-1_000, -3, 0, 3])
def test_small_items_are_shown_wherever_the_window_ends(size: int, offset: int) -> None:
    padding = b"x" * (replay._WINDOW + offset - size // 2)
    value = [padding, *(bytes([n]) * size for n in range(9))]
    stream = pickle.dumps(value, 4)
    assert originals.CUnpickler(replay.Skimmer(stream)).load()[1:] == value[1:]


def test_no_two_large_items_look_the_same() -> None:
    size = 4 * replay._WINDOW
    keys = [bytes([n]) * size for n in range(3)]
    shown = originals.CUnpickler(replay.Skimmer(pickle.dumps(dict.fromkeys(keys), 4))).load()
    assert len(shown) == len(keys)


def test_what_a_rule_looks_into_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before" + b"stream" + b"after")
    with path.open("r+b") as file:
        source = replay.source_of(file, None, len(b"before"))
        reader = source.whole()
        os.pwrite(file.fileno(), b"STREAM", len(b"before"))
        assert bytes(reader.read(6)) == b"stream"
        replayed = source.replayed()
        assert replayed.read(6) == b"stream"
        source.leave(replayed.position)
        assert file.read() == b"after"
        source.go_back()
        assert file.tell() == len(b"before")
