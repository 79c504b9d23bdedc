"""Bytes that this very process has pickled itself, a bounded number of them.

A program that loads what it has just dumped (to copy an object, to test that it can be sent, to
keep it in a cache in memory) loads nothing that came from anywhere. Such bytes load as plain
Python loads them. They are held and compared whole: a digest could be met by other bytes.

Nothing is remembered, and nothing is recognized, inside a guarded load, where a file may have
brought about both.
"""

from __future__ import annotations

from io import BytesIO

from pickleball_hook import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LONGEST = 1 << 18
_MOST = 1 << 22
_NAMING = (b"\x93", b"c", b"i")
"""STACK_GLOBAL, GLOBAL, INST: a stream without such a byte needs no permission."""

_remembering = True
_streams: dict[bytes, None] = {}
_size = 0


def remember(data: object) -> None:
    """Remember a stream that was just pickled; the oldest make room for it."""
    global _size
    if not _remembering or type(data) is not bytes or len(data) > _LONGEST or data in _streams:
        return
    if not any(opcode in data for opcode in _NAMING) or context.current() is not None:
        return
    _streams[data] = None
    _size += len(data)
    while _size > _MOST:
        try:
            oldest = next(iter(_streams))
            del _streams[oldest]
        except (KeyError, RuntimeError, StopIteration):  # another thread is at it
            return
        _size -= len(oldest)


def holds(data: Any) -> bool:
    """Tell whether a buffer holds a stream that this process has pickled, and nothing else."""
    if not _streams or context.current() is not None:
        return False
    if type(data) is not bytes:
        view = memoryview(data)
        if view.nbytes > _LONGEST:
            return False
        data = view.tobytes()
    return data in _streams


def is_at(file: object, start: int | None) -> bool:
    """Tell whether what is left of a file in memory is such a stream."""
    if type(file) is not BytesIO or start is None:
        return False
    with file.getbuffer() as whole, whole[start:] as rest:
        return holds(rest)


def remembering(dumps: Callable[..., bytes]) -> Callable[..., bytes]:
    """Return a ``dumps`` of some library that remembers what it gives."""
    from functools import wraps

    @wraps(dumps)
    def remembered(*args: Any, **keywords: Any) -> bytes:
        data = dumps(*args, **keywords)
        remember(data)
        return data

    return remembered


def remember_nothing() -> None:
    """Forget all streams, and remember no more of them: for tests and measurements of the guard."""
    global _remembering, _size
    _remembering = False
    _streams.clear()
    _size = 0
