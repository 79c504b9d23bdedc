"""The one line on a terminal that says why a first load takes a moment."""

from __future__ import annotations

import os
import sys
import time

_PATIENCE = 0.5
"""Seconds of analysis before anything is shown."""

_QUIET = "PICKLEBALL_QUIET"
_WIDTH = 72

_started: float | None = None
_shown = False


def tick(name: str) -> None:
    """Say that the source of module `name` is being read, if that has gone on for long enough.

    Writes to a terminal only, and never raises: standard error may be closed, or replaced.
    """
    global _started, _shown
    now = time.monotonic()
    if _started is None:
        _started = now
    if now - _started < _PATIENCE or not _is_wanted():
        return
    _shown = True
    _write(f"pickleball: first load of this library, reading {name}")


def done() -> None:
    """Take the line away: the analysis is over."""
    global _started, _shown
    if _shown:
        _write("")
    _started, _shown = None, False


def _is_wanted() -> bool:
    try:
        return os.environ.get(_QUIET) != "1" and sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _write(text: str) -> None:
    try:
        sys.stderr.write(f"\r{text[:_WIDTH]:{_WIDTH}}\r")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return
