"""The garbage collector at rest while many objects are made that hold no cycles.

Syntax trees and the stand-ins of a stream are of that kind: with the collector on, it would
traverse all objects of the process again and again as they grow. Parsing five megabytes of source
takes four times as long with it.
"""

from __future__ import annotations

import gc
import threading


class _Rest:
    """Context in which the collector rests; several threads may be in it at once."""

    __slots__ = ("_enabled", "_held", "_inside", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._enabled = False
        self._held = False

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

    def hold(self) -> None:
        """Rest until :meth:`release`: what is made in several steps is all dropped at the end."""
        if not self._held:
            self._held = True
            self.__enter__()

    def release(self) -> None:
        """End what :meth:`hold` began, if it did."""
        if self._held:
            self._held = False
            self.__exit__()

    def forget(self) -> None:
        """After a fork, nobody else is in it: the other threads are not there any more."""
        self._lock = threading.Lock()
        self._held = False
        if self._inside and self._enabled:
            gc.enable()
        self._inside = 0


resting = _Rest()
