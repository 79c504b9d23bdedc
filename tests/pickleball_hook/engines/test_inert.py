"""What plain Python says of a damaged stream."""

from __future__ import annotations

import copyreg
import io
import pickle

import pytest

from pickleball_hook import originals
from pickleball_hook.engines import inert


class Odd:
    def __reduce__(self) -> tuple[object, ...]:
        return Odd, (), {"x": 1}, iter([1]), iter([(1, 2)])


def said(data: bytes) -> Exception | None:
    return inert.plain_error(io.BytesIO(data), {}, persistent=False)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_real_is_made(protocol: int, tmp_path: object) -> None:
    canary = f"{tmp_path}/canary"
    data = b"cos\nsystem\n(Vtouch " + canary.encode() + b"\ntR."
    assert said(data) is None
    import os

    assert not os.path.exists(canary)
    assert said(pickle.dumps(Odd(), protocol)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"\x80",
        b"\x80\x09.",
        b"garbage",
        b"(",
        b"(.",
        b"}.x"[:1],
        b"K",
        b"]a.",
        b"h\x00.",
        b"cos\n",
    ],
)
def test_same_error(data: bytes) -> None:
    with pytest.raises(Exception) as plain:  # noqa: B017, PT011 (whatever it is)
        originals.c_loads(data)
    own = said(data)
    assert type(own) is type(plain.value)
    assert str(own) == str(plain.value)


def test_extension_cache_is_never_filled() -> None:
    """Whoever calls this checks that no codes are registered; without one there is no cache."""
    assert not copyreg._extension_cache  # type: ignore[attr-defined]
    said(b"\x82\x01.")
    assert not copyreg._extension_cache  # type: ignore[attr-defined]
