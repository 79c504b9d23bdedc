"""Classes of a package of the program."""

from __future__ import annotations

from typing import Any

from .parts import Base


class Model(Base):
    def __init__(self, size: int) -> None:
        super().__init__("model")
        self.size = size


class Opened:
    """Opens a resource when it is made, not when it is restored."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.restored = True
