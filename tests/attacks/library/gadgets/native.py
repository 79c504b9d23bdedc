"""Objects that keep what native code has given them, and hand it back: any number is a pointer."""

from __future__ import annotations

import ctypes
from typing import Any


def _load() -> Any:
    library = ctypes.cdll.LoadLibrary("")
    library.creat.restype = ctypes.c_int
    return library


_HERE = ctypes.CDLL(None)
_LOADED = _load()


class Handle:
    """Gives its handle to native code when it is dropped."""

    handle: Any = None

    def __del__(self) -> None:
        if self.handle is not None:
            _LOADED.creat(self.handle, 0o600)


class Restored:
    """Gives its handle to native code when it gets its state."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        _HERE.creat(state["handle"], 0o600)


class Freed:
    """Has its handle freed by a method of its own."""

    handle: Any = None

    def _free(self) -> None:
        library = _load()
        library.creat(self.handle, 0o600)

    def __del__(self) -> None:
        self._free()
