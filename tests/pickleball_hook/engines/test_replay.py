"""What the shadow pass is shown of a stream."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from pickleball_hook import originals
from pickleball_hook.engines import replay


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
    item = b"stream" * replay.LARGE_ITEM
    path = tmp_path / "file"
    path.write_bytes(b"before" + pickle.dumps([item, item[1:]], 4) + b"after")
    with path.open("r+b") as file:
        source = replay.source_of(file, None, len(b"before"))
        reader = source.skimmed()
        shown, other = originals.CUnpickler(reader).load()
        assert shown != item
        assert reader.content(shown) == item
        assert reader.content(item) is item
        changed = bytes(path.read_bytes()).replace(b"stream", b"STREAM")
        os.pwrite(file.fileno(), changed, 0)
        replayed = source.replayed()
        first, second = originals.CUnpickler(replayed).load()
        assert first == item
        assert second.endswith(b"STREAM")
        source.leave(replayed.position)
        assert file.read() == b"after"
        source.go_back()
        assert file.tell() == len(b"before")


def test_what_a_rule_looks_into_in_memory() -> None:
    item = b"stream" * replay.LARGE_ITEM
    reader = replay.Skimmer(pickle.dumps(item, 4))
    shown = originals.CUnpickler(reader).load()
    assert shown != item
    assert reader.content(shown) == item
    assert reader.content(item) is item
