"""Bytes that this very process has pickled itself, a bounded number of them.

A program that loads what it has just dumped (to copy an object, to test that it can be sent, to
keep it in a cache in memory) loads nothing that came from anywhere. Such bytes load as plain
Python loads them. They are held and compared whole: a digest could be met by other bytes.

Nothing is remembered, and nothing is recognized, inside a guarded load, where a file may have
brought about both. What is dumped is only put in a queue; it is hashed when a stream of its very
length is loaded, since most programs load nothing of what they dump.
"""

from __future__ import annotations

from collections import deque
from io import BytesIO

from pickleball_hook import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LONGEST = 1 << 18
_MOST = 1 << 22

_remembering = True
_streams: deque[bytes] = deque()
"""All that is remembered, in the order in which it came."""
_fresh: dict[int, deque[bytes]] = {}
"""By length, what has come since a stream of that length was loaded."""
_known: dict[int, dict[bytes, int]] = {}
"""By length, how often each of the others is remembered."""
_size = 0


def remember(data: object) -> None:
    """Remember a stream that was just pickled; the oldest make room for it."""
    global _size
    if not _remembering or type(data) is not bytes:
        return
    length = len(data)
    # STACK_GLOBAL, GLOBAL, INST: a stream without such a byte needs no permission.
    if length > _LONGEST or not (b"c" in data or b"i" in data or b"\x93" in data):
        return
    if context.current() is not None:
        return
    if length in _fresh:
        _fresh[length].append(data)
    else:
        _fresh[length] = deque([data])
    _streams.append(data)
    _size += length
    while _size > _MOST:
        try:
            _forget_oldest()
        except (KeyError, IndexError):  # another thread is at it
            return


def _forget_oldest() -> None:
    global _size
    oldest = _streams.popleft()
    length = len(oldest)
    _size -= length
    table = _known.get(length)
    if table is None:
        _fresh[length].popleft()
        if not _fresh[length]:
            del _fresh[length]
        return
    table[oldest] -= 1  # what is fresh came later
    if not table[oldest]:
        del table[oldest]
    if not table:
        del _known[length]


def _sorted(length: int) -> dict[bytes, int]:
    """Return the streams of a length, with those that have come since the last time."""
    table = _known.setdefault(length, {})
    for data in _fresh.pop(length, ()):
        table[data] = table.get(data, 0) + 1
    return table


def holds(data: Any) -> bool:
    """Tell whether a buffer holds a stream that this process has pickled, and nothing else."""
    if not _streams:
        return False
    length = len(data) if type(data) is bytes else memoryview(data).nbytes
    if not (length in _fresh or length in _known) or context.current() is not None:
        return False
    return (data if type(data) is bytes else memoryview(data).tobytes()) in _sorted(length)


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
    _fresh.clear()
    _known.clear()
    _size = 0
