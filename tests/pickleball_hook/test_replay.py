"""What the shadow pass is shown of a stream."""

from __future__ import annotations

import pickle

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
