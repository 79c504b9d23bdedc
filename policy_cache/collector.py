"""The garbage collector at rest while many objects are made that hold no cycles.

Syntax trees and the stand-ins of a stream are of that kind: with the collector on, it would
traverse all objects of the process again and again as they grow. Parsing five megabytes of source
takes four times as long with it.
"""

from __future__ import annotations

import gc
import threading

_MOST_OF_START = 2_000
"""More objects are frozen only by a program: Python 3.12 starts with a few hundred (375 in 3.12.1),
and a bare interpreter that freezes all it has comes to seven thousand."""


class _Rest:
    """Context in which the collector rests; several threads may be in it at once."""

    __slots__ = ("_enabled", "_inside", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._enabled = False

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._enabled = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside = max(0, self._inside - 1)
            if not self._inside and self._enabled:
                gc.enable()

    def forget(self) -> None:
        """After a fork, nobody else is in it: the other threads are not there any more."""
        self._lock = threading.Lock()
        if self._inside and self._enabled:
            gc.enable()
        self._inside = 0


def count_as_old() -> None:
    """Let all objects there are count as old ones, or the collector may look at each at once.

    Freezing and thawing moves them to the oldest generation without a look at them (CPython
    Modules/gcmodule.c, `gc_freeze_impl` and `gc_unfreeze_impl`). For rare occasions: a program that
    did it all the time would never have its garbage collected. One that has frozen objects itself,
    as servers do before they fork, keeps them frozen.
    """
    if hasattr(gc, "freeze") and gc.get_freeze_count() < _MOST_OF_START:
        gc.freeze()
        gc.unfreeze()


resting = _Rest()
