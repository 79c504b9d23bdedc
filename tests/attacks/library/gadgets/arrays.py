"""Classes that derive from compiled ones, and act when they are called."""

from __future__ import annotations

import numpy as np
from numpy.random import SeedSequence


class Mapped(np.ndarray):  # type: ignore[type-arg]
    """An array that opens a file, as ``numpy.memmap`` does."""

    def __new__(cls, path: str) -> Mapped:
        open(path, "w").close()
        return np.ndarray.__new__(cls, (0,))


class Finalized(np.ndarray):  # type: ignore[type-arg]
    """An array that acts whenever one of its kind comes about, on a name that its file has chosen."""

    def __array_finalize__(self, origin: object) -> None:
        for name in self.dtype.names or ():
            open(name, "w").close()


class Quiet(np.ndarray):  # type: ignore[type-arg]
    """An array without code of its own."""


class Seeds(SeedSequence):
    """Its compiled base reduces to its class; its constructor acts."""

    def __init__(self, path: str) -> None:
        open(path, "w").close()
