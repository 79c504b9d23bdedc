"""What the package's classes are built on."""

from __future__ import annotations

import threading


class Base:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        state = self.__dict__.copy()
        del state["lock"]
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self.lock = threading.Lock()
